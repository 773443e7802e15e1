/* How many sequences and steps are in memory at once: see chunk.h. */
#include "plan/chunk.h"

#include "base/number_text.h"
#include "base/sizes.h"
#include "kernels/base/args.h"
#include "plan/buffers.h"

enum {
    MAX_OPTIMIZER_STATES = 2, /* numbers that an optimiser keeps of each weight, at most */
    SAMPLE_ROWS = 256,        /* of a lag profile (train/diagnosis.c) */
    MIN_BLOCK = 16,           /* fewest sequences of a block */
    MIN_GPU_RUN = 32          /* fewest steps of a run on a GPU */
};
static const uint64_t RUN_BYTES = (uint64_t)4 << 20; /* of a run of one block's steps: more leaves a core's caches */
static const uint64_t UNKNOWN_CACHE = (uint64_t)16 << 20;
/* Most that cached_run relies on. A virtual machine is told the cache of its whole host. */
static const uint64_t MOST_CACHE = (uint64_t)32 << 20;
/* The number of segments. A sequence may have a billion steps, so segments of equal length are counted together: those
 * inside a slice that do not reach into its first run. */
static size_t count_segments(const struct rg_plan *p) {
    const size_t a = p->accum_steps, length = p->segment_steps / a * a;
    size_t n = 0;
    for (size_t end = p->steps; end > 0; end = rg_plan_segment_before(p, end).begin, n++) {
        const size_t left = end - rg_plan_slice_span(p, rg_plan_slice(p, end - 1)).begin;
        const size_t alike = a < p->steps && left > length + a ? (left - length - a - 1) / length + 1 : 0;
        end -= alike * length;
        n += alike;
    }
    return n;
}

/* Time steps of the buffers of a chunk. */
static void set_alloc_steps(struct rg_plan *p, size_t steps) {
    p->alloc_steps = steps;
    p->target_alloc_steps = p->target_steps > 1 ? steps : 1;
    p->state_steps = steps + (p->initial ? 2 : 0);
}

/* Bytes that a chunk of `rows` sequences adds to those of an empty chunk. */
static uint64_t chunk_bytes(const struct rg_plan *p, uint64_t rows) {
    struct rg_plan with = *p, without = *p;
    with.chunk = rows;
    without.chunk = 0;
    return rg_buffers_bytes(&with) - rg_buffers_bytes(&without);
}

/* Bytes of one sequence whose `steps` steps are all in memory. */
static uint64_t sequence_bytes(const struct rg_plan *p, size_t steps) {
    struct rg_plan whole = *p;
    whole.halo = 0;
    set_alloc_steps(&whole, steps);
    return chunk_bytes(&whole, 1);
}

static void plan_row(struct rg_plan *p) {
    p->row_bytes = sequence_bytes(p, p->steps);
    p->step_bytes = sequence_bytes(p, p->steps + 1) - p->row_bytes;
}

/* Bytes that grow with the chunk, and bytes that do not. */
static void plan_bytes(struct rg_plan *p, const struct rg_plan_options *options) {
    const uint64_t states = options->training ? MAX_OPTIMIZER_STATES * p->arena * p->real_bytes : 0;
    struct rg_plan without = *p;
    without.chunk = 0;
    plan_row(p);
    p->fixed_bytes = rg_buffers_bytes(&without) + states + options->data_bytes;
}

static uint64_t cache_bytes(const struct rg_device_info *info) {
    return info->cache_bytes ? info->cache_bytes : UNKNOWN_CACHE;
}

/* Bytes of a sequence (`row`) and of one step, if units were padded to whole panels. Choices that decide the order of
 * sums use these sizes, so the order does not depend on how far the device really pads. */
struct sizes {
    uint64_t row, step;
};
static struct sizes whole_panels(const struct rg_plan *plan, const struct rg_device_info *info) {
    struct rg_plan p = *plan;
    const size_t pad = rg_plan_line_pad(info);
    p.h_stride = rg_round_up(p.hidden, (size_t)info->nv * (size_t)info->cols * (size_t)info->vec);
    p.out_stride = p.directions * p.h_stride + pad;
    p.d_stride = rg_max(p.saved, p.deltas) * p.h_stride + pad;
    plan_row(&p);
    return (struct sizes){p.row_bytes, p.step_bytes};
}
/* The largest block whose states and state gradients stay in a CPU's cache between the scans and the weight gradient;
 * a function of the sizes and the device alone, as it decides the order of sums. */
static size_t cached_block(const struct rg_plan *p, const struct rg_device_info *info) {
    const struct sizes bytes = whole_panels(p, info);
    size_t block = RG_BATCH_BLOCK;
    while (!info->is_gpu && block > MIN_BLOCK && block * bytes.row > cache_bytes(info) / 2) {
        block /= 2;
    }
    return block;
}

/* Sequences that can be of use at once: those of a shard, which are computed together, or of a sample of the lag
 * profile. */
static size_t useful_rows(const struct rg_plan *p) {
    return p->shards == 1 ? p->batch : rg_min(p->batch, rg_max(p->shard, SAMPLE_ROWS));
}

/* Sequences of a chunk if memory does not matter: as many whole blocks as fit half the cache, but enough to keep all
 * processors busy. */
static uint64_t wanted_rows(const struct rg_plan *p, const struct rg_device_info *info) {
    if (info->is_gpu && info->chunk_bytes == 0) {
        return useful_rows(p);
    }
    const uint64_t room = info->chunk_bytes ? info->chunk_bytes : cache_bytes(info) / 2;
    const uint64_t rows = room / p->row_bytes / p->block * p->block;
    const uint64_t busy = rg_round_up((size_t)info->units * RG_CPU_BLOCK_ROWS, p->block);
    return rows > busy ? rows : busy;
}

/* Steps of a run. The results of a run stay in a core's cache from the reverse scan to the weight gradient. A run also
 * has so many steps times sequences that its sums cost little. If a block of whole sequences fits half the cache, the
 * run is the whole sequence, T. The length depends on the sizes and the device alone, because it decides the order of
 * sums. */
static size_t cached_run(const struct rg_plan *p, const struct rg_device_info *info) {
    const struct sizes bytes = whole_panels(p, info);
    const size_t rows = rg_min(p->block, p->shard), few = rg_divide_up(RG_SLICE_ROWS, rows);
    const size_t run = rg_max((size_t)(RUN_BYTES / (rows * bytes.step)), info->is_gpu ? rg_max(few, MIN_GPU_RUN) : few);
    return rows * bytes.row <= rg_min(cache_bytes(info), MOST_CACHE) / 2 ? p->steps : rg_min(run, p->steps);
}

static void set_segment(struct rg_plan *p, size_t segment) {
    const bool cut = segment < p->steps;
    p->segment_steps = cut ? segment : p->steps;
    p->halo = cut ? rg_min(rg_plan_learned(p) ? 1 : rg_max(p->skip, 1), p->steps) : 0;
    p->n_segments = count_segments(p);
    p->delta_borders = p->directions > 1 ? p->n_segments : 1;
    set_alloc_steps(p, p->segment_steps + 2 * p->halo);
}

static bool fits(const struct rg_plan *p, const struct rg_device_info *info, uint64_t memory, uint64_t rows) {
    return p->fixed_bytes + chunk_bytes(p, rows) <= memory && rows * rg_buffers_widest_row(p) <= info->max_buffer_bytes;
}

/* The shortest segments that fit: they leave the most room in the caches and cost the same work as longer ones. */
static bool plan_segments(struct rg_plan *p, const struct rg_device_info *info, uint64_t memory, size_t rows) {
    for (size_t segment = p->accum_steps; segment < p->steps; segment *= 2) {
        set_segment(p, segment);
        if (fits(p, info, memory, rows)) {
            p->chunk = rows;
            return true;
        }
    }
    return false;
}

/* The plan with sequences of so many steps, in runs as the device would have them. */
static struct rg_plan with_steps(const struct rg_plan *plan, const struct rg_device_info *info, size_t steps) {
    struct rg_plan p = *plan;
    p.steps = steps;
    p.target_steps = plan->target_steps > 1 ? steps : 1;
    p.sum_slices = rg_min(p.sum_slices, steps);
    plan_row(&p);
    p.block = cached_block(&p, info);
    p.accum_steps = cached_run(&p, info);
    return p;
}

/* Would one sequence of so many steps fit, whole or in segments? */
static bool steps_fit(const struct rg_plan *plan, const struct rg_device_info *info, uint64_t memory, size_t steps) {
    struct rg_plan p = with_steps(plan, info, steps);
    bool fit = false;
    for (size_t segment = p.accum_steps; !fit && segment / 2 < steps; segment *= 2) {
        set_segment(&p, segment);
        fit = fits(&p, info, memory, 1);
    }
    return fit;
}

/* Memory in bytes that the plan needs at least: with one sequence at a time, cut into segments of the best length. */
static uint64_t least_bytes(const struct rg_plan *plan, const struct rg_device_info *info) {
    struct rg_plan p = with_steps(plan, info, plan->steps);
    uint64_t least = UINT64_MAX;
    for (size_t segment = p.accum_steps; segment / 2 < p.steps; segment *= 2) {
        set_segment(&p, segment);
        const uint64_t bytes = p.fixed_bytes + chunk_bytes(&p, 1);
        least = bytes < least ? bytes : least;
    }
    return least;
}

/* The most steps of one sequence that fit. */
static size_t fitting_steps(const struct rg_plan *p, const struct rg_device_info *info, uint64_t memory) {
    size_t low = 0, high = p->steps; /* low fits, high does not */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (steps_fit(p, info, memory, middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Bytes of a plan that has one sequence in memory at a time. */
struct need {
    uint64_t base;     /* without batch and sequence */
    uint64_t each;     /* what stays of each sequence of the batch, in memory or not: its loss, its states */
    uint64_t sequence; /* the one in memory, in the segments that take the least */
};

/* Bytes that each sequence of the batch adds to those of an empty chunk. */
static uint64_t bytes_of_each(const struct rg_plan *p) {
    struct rg_plan one = *p, none = *p;
    one.chunk = none.chunk = 0;
    one.batch = 1;
    none.batch = 0;
    return rg_buffers_bytes(&one) - rg_buffers_bytes(&none);
}

static struct need least_need(const struct rg_plan *p, const struct rg_device_info *info) {
    const uint64_t each = bytes_of_each(p);
    return (struct need){p->fixed_bytes - p->batch * each, each, least_bytes(p, info) - p->fixed_bytes};
}

static uint64_t need_of_batch(const struct need *need, uint64_t batch) {
    return need->base + batch * need->each + need->sequence;
}

/* The largest batch that fits; 0: none does, or memory does not limit it. */
static uint64_t fitting_batch(const struct need *need, uint64_t memory) {
    const uint64_t none = need_of_batch(need, 0);
    return need->each > 0 && memory > none ? (memory - none) / need->each : 0;
}

/* RG_NO_MEMORY for a plan that fits with no smaller batch. It names the largest --steps that fits, else what to make
 * smaller. */
static rg_status refuse_sequence(const struct rg_plan *p, const struct rg_device_info *info, uint64_t memory,
                                 const struct need *need) {
    char single[RG_NUMBER_BYTES], limit[RG_NUMBER_BYTES];
    struct rg_plan one = *p;
    one.batch = 1;
    one.fixed_bytes = need->base + need->each;
    const size_t steps = fitting_steps(p, info, memory);
    const size_t steps_of_one = steps > 0 ? steps : fitting_steps(&one, info, memory);
    (void)rg_size_over_text(need_of_batch(need, 1), memory, single);
    (void)rg_size_text(memory, limit);
    if (steps_of_one > 0) {
        return rg_fail(RG_NO_MEMORY,
                       "one sequence of %zu steps needs %s on %s, the limit is %s; at most --steps %zu fits%s",
                       p->steps, single, info->name, limit, steps_of_one, steps > 0 ? "" : " with --batch 1");
    }
    if (p->skip > p->steps) {
        return rg_fail(
            RG_NO_MEMORY,
            "--skip %zu needs at least %s on %s for one sequence, the limit is %s; the sequences have %zu steps, "
            "and a skip that long connects nothing",
            p->skip, single, info->name, limit, p->steps);
    }
    return rg_fail(RG_NO_MEMORY,
                   "--hidden %zu needs at least %s on %s for one sequence, the limit is %s; no --batch fits, try a "
                   "smaller --hidden or --steps",
                   p->hidden, single, info->name, limit);
}

/* RG_NO_MEMORY for a plan that has no room for one sequence: need, limit, and the largest --batch or --steps that
 * fits. */
static rg_status refuse(const struct rg_plan *p, const struct rg_device_info *info,
                        const struct rg_plan_options *options, uint64_t memory) {
    const struct need need = least_need(p, info);
    const uint64_t whole = need_of_batch(&need, p->batch), batch = fitting_batch(&need, memory);
    char bytes[RG_NUMBER_BYTES], limit[RG_NUMBER_BYTES];
    if (options->data_bytes >= memory) {
        return rg_fail(
            RG_NO_MEMORY,
            "the data set alone needs %s on %s, but the limit is %s; give a larger --memory, a smaller --batch, "
            "or a smaller --data file",
            rg_size_over_text(options->data_bytes, memory, bytes), info->name, rg_size_text(memory, limit));
    }
    if (whole <= memory) {
        return rg_fail(RG_NO_MEMORY,
                       "%zu steps need a buffer larger than the %s that %s allows; at most --steps %zu "
                       "fits with --hidden %zu",
                       p->steps, rg_size_text(info->max_buffer_bytes, limit), info->name,
                       fitting_steps(p, info, memory), p->hidden);
    }
    if (batch > 0 && batch < p->batch) {
        char all[RG_BATCH_TEXT];
        return rg_fail(RG_NO_MEMORY, "%s needs at least %s on %s, and the limit is %s; at most %s%llu %s",
                       rg_plan_batch_text(options, p->batch, all), rg_size_over_text(whole, memory, bytes), info->name,
                       rg_size_text(memory, limit), options->max_rows ? "" : "--batch ", (unsigned long long)batch,
                       options->max_rows ? "sequences fit" : "fits");
    }
    return refuse_sequence(p, info, memory, &need);
}

/* Sequences that are in memory at once with all T steps: as many as the cache, memory and the largest buffer allow, in
 * whole blocks where possible. */
static size_t whole_rows(const struct rg_plan *p, const struct rg_device_info *info, uint64_t fitting) {
    const uint64_t cached = wanted_rows(p, info), rows = fitting < cached ? fitting : cached;
    const size_t max_rows = useful_rows(p);
    if (rows >= max_rows) {
        return max_rows;
    }
    if (rows >= p->block) { /* as even as whole blocks allow */
        const size_t blocks = rg_divide_up(max_rows, p->block), fit = (size_t)(rows / p->block);
        return rg_divide_up(blocks, rg_divide_up(blocks, fit)) * p->block;
    }
    return rows >= RG_CPU_BLOCK_ROWS ? (size_t)rows / RG_CPU_BLOCK_ROWS * RG_CPU_BLOCK_ROWS : (size_t)rows;
}

/* Limit `rows` to `max_rows`, rounded down to whole blocks if it holds one. max_rows 0: no limit. */
static size_t limited_rows(const struct rg_plan *p, size_t rows, size_t max_rows) {
    const size_t limit = max_rows > p->block ? max_rows / p->block * p->block : max_rows;
    return limit ? rg_min(rows, limit) : rows;
}

/* Keep whole sequences in memory, if one fits: as many as are of use, and as options->max_rows allows. */
static void keep_whole(struct rg_plan *p, const struct rg_device_info *info, const struct rg_plan_options *options,
                       uint64_t memory) {
    set_segment(p, p->steps);
    const uint64_t by_memory = memory > p->fixed_bytes ? (memory - p->fixed_bytes) / p->row_bytes : 0;
    const uint64_t by_buffer = info->max_buffer_bytes / rg_buffers_widest_row(p);
    const size_t rows = whole_rows(p, info, by_memory < by_buffer ? by_memory : by_buffer);
    p->chunk = limited_rows(p, rows, options->max_rows);
}

/* Cut the sequences into segments of time if that brings more of them into memory than whole ones: a block of them,
 * else half a block, and so on. */
static void cut_to_fit(struct rg_plan *p, const struct rg_device_info *info, uint64_t memory, size_t block) {
    const size_t whole = p->chunk;
    for (size_t rows = block; rows > whole; rows /= 2) {
        if (plan_segments(p, info, memory, rows)) {
            return;
        }
    }
    set_segment(p, p->steps);
}

rg_status rg_chunk_plan(struct rg_plan *p, const struct rg_device_info *info, const struct rg_plan_options *options) {
    const uint64_t memory = options->memory ? options->memory : rg_device_budget(info);
    plan_bytes(p, options);
    p->block = cached_block(p, info);
    p->accum_steps = options->accum_steps ? rg_min(options->accum_steps, p->steps) : cached_run(p, info);
    keep_whole(p, info, options, memory);
    const size_t block = limited_rows(p, rg_min(p->block, p->shard), options->max_rows);
    if (options->segment_steps > 0 && options->segment_steps < p->steps) {
        set_segment(p, rg_max(options->segment_steps, p->accum_steps));
        p->chunk = block;
    } else {
        cut_to_fit(p, info, memory, block);
    }
    if (p->chunk == 0) {
        return refuse(p, info, options, memory);
    }
    p->accum_in_turns = p->accum_steps < p->steps && (p->halo > 0 || (!info->is_gpu && p->chunk <= p->block));
    p->total_bytes = p->fixed_bytes + chunk_bytes(p, p->chunk);
    return RG_OK;
}
