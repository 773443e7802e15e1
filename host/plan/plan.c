/* Sizes of a run: see plan.h. */
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/number_text.h"
#include "base/sizes.h"
#include "kernels/base/args.h"
#include "model/layout.h"
#include "plan/buffers.h"
#include "plan/groups.h"
#include "plan/tile.h"
#include "rnn_gpu/memory.h"
#include "model/cells.h"

enum {
    BLOCK_ROWS = 8, /* RG_BLOCK_ROWS of a CPU, kernels/base/common.cl */
    GPU_BLOCK_ROWS = 4,
    MIN_GROUPS = 32,     /* of a weight gradient: work for as many processors */
    GPU_BLOCKS = 16384,  /* of four rows k in all slices: work for as many item rows of a GPU */
    GPU_SLICES = 128,    /* most slices on a GPU */
    GPU_HEAD_PARTS = 32, /* most parts of the batch in the head's gradient on a GPU */
    GPU_SLICE_ROWS = 64, /* as SLICE_ROWS, on a GPU */
    LOSS_NUMBERS = 2,    /* of a sequence: the loss and its rest */
    MAX_OPTIMIZER_STATES = 2,
    SLICE_ROWS = 256,      /* rows (t, b) of a slice, at least: then its partial sums cost little beside the products */
    NORM_ELEMENTS = 16384, /* of the gradient in one group of the norm */
    SAMPLE_ROWS = 256,     /* of a lag profile (train/diagnosis.c) */
    MIN_BLOCK = 16,        /* fewest sequences of a block */
    GROUPS_A_UNIT = 4,     /* work-groups for each compute unit */
    MAX_SHARES = 512,      /* of a table of words, which a range of words is sorted into */
    MAX_RANGES = 256,
    MIN_GPU_RUN = 32
};
static const uint64_t RUN_BYTES = (uint64_t)4 << 20; /* of a block's run: larger ones leave the caches near a core */
static const uint64_t MAX_PARTIAL_BYTES = (uint64_t)128 << 20, UNKNOWN_CACHE = (uint64_t)16 << 20;
static const uint64_t MOST_CACHE = (uint64_t)32
                                   << 20; /* of runs: a virtual machine is told the cache of its whole host */

static size_t take(size_t *at, size_t elements) {
    const size_t offset = *at;
    *at += elements;
    return offset;
}

/* Numbers that rows of states end with, at least. Dropout takes four units at a time. */
static size_t line_pad(const struct rg_device_info *info) {
    return rg_max((size_t)info->vec, RG_INPUT_PAD);
}

/* Offsets of the packed weights. A bias has up to four sums a unit. */
static void plan_packed(struct rg_plan *p, size_t panel) {
    size_t at = 0;
    const size_t gh = p->gates * p->h_stride, states = p->directions * p->hidden;
    for (size_t l = 0; l < p->layers; l++) {
        for (size_t d = 0; d < p->directions; d++) {
            struct rg_plan_direction *const pack = &p->layer[l].directions[d];
            pack->ih = take(&at, p->layer[l].inputs * gh);
            pack->hh = take(&at, p->hidden * gh);
            pack->sh = take(&at, rg_plan_has_skip(p, RG_SKIP_ADD) ? p->hidden * gh : 0);
            pack->bias = take(&at, rg_max(p->gates, p->deltas) * p->h_stride);
            pack->hh_reverse = take(&at, p->hidden * gh);
            pack->sh_reverse = take(&at, rg_plan_has_skip(p, RG_SKIP_ADD) ? p->hidden * gh : 0);
            pack->gate = take(&at, rg_plan_learned(p) ? p->h_stride + panel : 0);
            pack->ih_reverse = take(&at, p->gates * p->hidden * (l > 0 ? rg_round_up(states, panel) : p->dx_stride));
        }
    }
    p->pack_head = take(&at, states * p->o_stride);
    p->pack_head_reverse = take(&at, p->outputs * rg_round_up(states, panel));
    p->pack_head_bias = take(&at, p->o_stride);
    p->packed = at;
}

size_t rg_plan_term(const struct rg_plan *plan, size_t layer) {
    return plan->layer[layer].partial_rows * plan->d_width;
}

/* Choose the number of slices, so that a weight gradient has enough work-groups, and lay out the partial sums. On a CPU
 * a group takes one panel of a slice, on a GPU a few blocks of it. A part of a panel counts as a whole one. */
static void plan_partial(struct rg_plan *p, const struct rg_device *device) {
    const size_t panels = p->deltas * rg_divide_up(p->hidden, rg_device_panel(device));
    size_t all = 0, at = 0;
    size_t rows = SIZE_MAX; /* partial_rows of the layer that has the fewest */
    for (size_t l = 0; l < p->layers; l++) {
        p->layer[l].partial_rows =
            p->hidden + p->layer[l].inputs + 1 + (rg_plan_has_skip(p, RG_SKIP_ADD) ? p->hidden : 0);
        rows = rg_min(rows, p->layer[l].partial_rows);
        all += rg_plan_term(p, l) * p->directions;
    }
    const uint64_t fit = rg_max(1, (size_t)(MAX_PARTIAL_BYTES / (all * p->real_bytes)));
    const bool gpu = device->info.is_gpu;
    /* of unequal slices the longest would keep a GPU's units waiting; those of few steps have one step each, or few */
    const size_t blocks = p->steps <= GPU_SLICES ? 2 * GPU_BLOCKS : GPU_BLOCKS;
    const size_t wanted = gpu ? rg_min(GPU_SLICES, rg_divide_up(blocks, panels * rg_divide_up(rows, GPU_BLOCK_ROWS)))
                              : rg_divide_up(MIN_GROUPS, panels);
    const size_t enough = rg_divide_up(p->shard * p->steps, gpu ? GPU_SLICE_ROWS : SLICE_ROWS);
    p->sum_slices = rg_min(rg_min(p->steps, rg_min(wanted, enough)), (size_t)fit);
    p->head_parts = rg_groups_vary(&device->info) && p->target_steps == 1
                        ? rg_min(GPU_HEAD_PARTS, rg_divide_up(p->shard, RG_BATCH_BLOCK))
                        : 1;
    p->slices = rg_max(p->sum_slices, rg_min(rg_min(p->steps, MIN_GROUPS), (size_t)fit));
    for (size_t l = 0; l < p->layers; l++) {
        for (size_t d = 0; d < p->directions; d++) {
            struct rg_plan_direction *const to = &p->layer[l].directions[d];
            to->partial = take(&at, p->slices * rg_plan_term(p, l));
            to->gate_partial = take(&at, rg_plan_learned(p) ? p->sum_slices * (p->h_stride + 1) : 0);
        }
    }
    p->head_partial = (p->directions * p->hidden + 1) * p->o_stride;
    p->head_partial_at = take(&at, rg_min(p->sum_slices, p->target_steps) * p->head_parts * p->head_partial);
    p->partial = at;
}

struct rg_span rg_plan_shard(const struct rg_plan *p, size_t shard) {
    const size_t each = p->batch / p->shards, more = p->batch % p->shards;
    return (struct rg_span){each * shard + rg_min(more, shard), each * (shard + 1) + rg_min(more, shard + 1)};
}

struct rg_span rg_plan_slice_span(const struct rg_plan *p, size_t slice) {
    const size_t each = p->steps / p->sum_slices, more = p->steps % p->sum_slices; /* rg_share of the kernels */
    return (struct rg_span){each * slice + rg_min(more, slice), each * (slice + 1) + rg_min(more, slice + 1)};
}

size_t rg_plan_slice(const struct rg_plan *p, size_t t) {
    const size_t each = p->steps / p->sum_slices, longer = p->steps % p->sum_slices * (each + 1);
    return t < longer ? t / (each + 1) : (t - longer) / each + p->steps % p->sum_slices;
}

struct rg_span rg_plan_accum_before(const struct rg_plan *p, size_t end) {
    if (p->accum_steps >= p->steps) {
        return (struct rg_span){0, p->steps};
    }
    const size_t first = rg_plan_slice_span(p, rg_plan_slice(p, end - 1)).begin;
    return (struct rg_span){end - first > p->accum_steps ? end - p->accum_steps : first, end};
}

struct rg_span rg_plan_accum_after(const struct rg_plan *p, size_t begin) {
    if (p->accum_steps >= p->steps) {
        return (struct rg_span){0, p->steps};
    }
    const size_t end = rg_plan_slice_span(p, rg_plan_slice(p, begin)).end;
    return (struct rg_span){begin, end - (end - begin - 1) / p->accum_steps * p->accum_steps};
}

/* Move *begin back over whole blocks of accum_steps, at most `room` steps, inside the slice of the step before it. The
 * block at the slice's first step may be shorter. Returns false if the next block has no room. */
static bool extend_in_slice(const struct rg_plan *p, size_t *begin, size_t room) {
    const size_t a = p->accum_steps, left = *begin - rg_plan_slice_span(p, rg_plan_slice(p, *begin - 1)).begin;
    const size_t full = rg_min((left - 1) / a, room / a), rest = left - full * a;
    const bool ends_slice = rest <= rg_min(a, room - full * a);
    *begin -= full * a + (ends_slice ? rest : 0);
    return ends_slice;
}

struct rg_span rg_plan_segment_before(const struct rg_plan *p, size_t end) {
    struct rg_span segment = {end, end};
    if (p->accum_steps >= p->steps) {
        return (struct rg_span){end <= p->segment_steps ? 0 : end, end};
    }
    while (segment.begin > 0 && extend_in_slice(p, &segment.begin, p->segment_steps - (end - segment.begin))) {
    }
    return segment;
}

/* The number of segments. Those that lie inside a slice and before its last block have the same length, so they are
 * counted together: a sequence may have a billion steps. */
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

size_t rg_plan_carry(const struct rg_plan *p) {
    return rg_max(p->skip, 1) * p->carried * p->h_stride;
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

/* Bytes of a sequence, and of a step, if every row were padded to whole panels. Choices that decide the order of sums
 * use these sizes, so the order is the same whether a row ends with part of a panel or not. */
struct sizes {
    uint64_t row, step;
};
static struct sizes whole_panels(const struct rg_plan *plan, const struct rg_device_info *info) {
    struct rg_plan p = *plan;
    const size_t pad = line_pad(info);
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

/* Sequences of a chunk if memory does not matter: as many whole blocks as fit the cache together, but enough to keep
 * all processors busy. */
static uint64_t wanted_rows(const struct rg_plan *p, const struct rg_device_info *info) {
    if (info->is_gpu && info->chunk_bytes == 0) {
        return useful_rows(p);
    }
    const uint64_t room = info->chunk_bytes ? info->chunk_bytes : cache_bytes(info) / 2;
    const uint64_t rows = room / p->row_bytes / p->block * p->block;
    const uint64_t busy = rg_round_up((size_t)info->units * BLOCK_ROWS, p->block);
    return rows > busy ? rows : busy;
}

/* Length of a run of steps whose results stay in a core's cache between scan and weight gradient. It is used where a
 * block of whole sequences does not fit a cache. A run has enough rows that its sums cost little. It depends on the
 * sizes and the device alone, because it decides the order of sums. */
static size_t cached_run(const struct rg_plan *p, const struct rg_device_info *info) {
    const struct sizes bytes = whole_panels(p, info);
    const size_t rows = rg_min(p->block, p->shard), few = rg_divide_up(SLICE_ROWS, rows);
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

/* Would one sequence of so many steps fit, whole or in segments? *need, if not NULL: the least bytes for it. */
static bool steps_fit(const struct rg_plan *plan, const struct rg_device_info *info, uint64_t memory, size_t steps,
                      uint64_t *need) {
    struct rg_plan p = *plan;
    p.steps = steps;
    p.target_steps = plan->target_steps > 1 ? steps : 1;
    p.sum_slices = rg_min(p.sum_slices, steps);
    plan_row(&p);
    p.block = cached_block(&p, info);
    p.accum_steps = cached_run(&p, info);
    uint64_t bytes = UINT64_MAX;
    bool fit = false;
    for (size_t segment = p.accum_steps; segment / 2 < steps; segment *= 2) {
        set_segment(&p, segment);
        const uint64_t all = p.fixed_bytes + chunk_bytes(&p, 1);
        bytes = all < bytes ? all : bytes;
        fit = fit || fits(&p, info, memory, 1);
    }
    if (need) {
        *need = bytes;
    }
    return fit;
}

/* The most steps of one sequence that fit. */
static size_t fitting_steps(const struct rg_plan *p, const struct rg_device_info *info, uint64_t memory) {
    size_t low = 0, high = p->steps; /* low fits, high does not */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (steps_fit(p, info, memory, middle, NULL)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The options that give the number of sequences of an update, for messages. */
static const char *batch_text(const struct rg_plan_options *options) {
    return options->max_rows ? "--batch x --accumulate =" : "--batch";
}

/* Bytes of a plan that has one sequence in memory at a time. */
struct need {
    uint64_t base;     /* without batch and sequence */
    uint64_t per_loss; /* the losses of each sequence of the batch */
    uint64_t sequence; /* the one in memory, in the segments that take the least */
};

static struct need least_need(const struct rg_plan *p, const struct rg_device_info *info) {
    uint64_t all = 0;
    (void)steps_fit(p, info, 0, p->steps, &all);
    const uint64_t per_loss = p->training ? LOSS_NUMBERS * p->real_bytes : 0;
    return (struct need){p->fixed_bytes - p->batch * per_loss, per_loss, all - p->fixed_bytes};
}

static uint64_t need_of_batch(const struct need *need, uint64_t batch) {
    return need->base + batch * need->per_loss + need->sequence;
}

/* The largest batch that fits; 0: none does, or memory does not limit it. */
static uint64_t fitting_batch(const struct need *need, uint64_t memory) {
    const uint64_t none = need_of_batch(need, 0);
    return need->per_loss > 0 && memory > none ? (memory - none) / need->per_loss : 0;
}

/* RG_NO_MEMORY for a plan that no smaller batch makes fit: the largest --steps that does, else what to make smaller. */
static rg_status refuse_sequence(const struct rg_plan *p, const struct rg_device_info *info, uint64_t memory,
                                 const struct need *need) {
    char whole[RG_NUMBER_BYTES], single[RG_NUMBER_BYTES], limit[RG_NUMBER_BYTES];
    struct rg_plan one = *p;
    one.batch = 1;
    one.fixed_bytes = need->base + need->per_loss;
    const size_t steps = fitting_steps(p, info, memory);
    const size_t steps_of_one = steps > 0 ? steps : fitting_steps(&one, info, memory);
    (void)rg_size_text(need_of_batch(need, p->batch), whole);
    (void)rg_size_text(need_of_batch(need, 1), single);
    (void)rg_size_text(memory, limit);
    if (steps_of_one > 0) {
        return rg_fail(RG_NO_MEMORY,
                       "one sequence of %zu steps needs %s on %s, the limit is %s; at most --steps %zu fits%s",
                       p->steps, whole, info->name, limit, steps_of_one, steps > 0 ? "" : " with --batch 1");
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
            rg_size_text(options->data_bytes, bytes), info->name, rg_size_text(memory, limit));
    }
    if (whole <= memory) {
        return rg_fail(RG_NO_MEMORY,
                       "%zu steps need a buffer larger than the %s that %s allows; at most --steps %zu "
                       "fits with --hidden %zu",
                       p->steps, rg_size_text(info->max_buffer_bytes, limit), info->name,
                       fitting_steps(p, info, memory), p->hidden);
    }
    if (batch > 0 && batch < p->batch) {
        return rg_fail(RG_NO_MEMORY, "%s %zu needs at least %s on %s, the limit is %s; at most %s %llu fits",
                       batch_text(options), p->batch, rg_size_text(whole, bytes), info->name,
                       rg_size_text(memory, limit), batch_text(options), (unsigned long long)batch);
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
    return rows >= BLOCK_ROWS ? (size_t)rows / BLOCK_ROWS * BLOCK_ROWS : (size_t)rows;
}

/* Limit `rows` to `max_rows`, rounded down to whole blocks if it holds one. max_rows 0: no limit. */
static size_t limited_rows(const struct rg_plan *p, size_t rows, size_t max_rows) {
    const size_t limit = max_rows > p->block ? max_rows / p->block * p->block : max_rows;
    return limit ? rg_min(rows, limit) : rows;
}

/* Choose the chunk: whole sequences if a block of them fits, else a block in segments of time, else half a block in
 * segments, and so on; and whole sequences again, if no more of them fit in segments. */
static rg_status plan_chunk(struct rg_plan *p, const struct rg_device *device, const struct rg_plan_options *options) {
    const struct rg_device_info *info = &device->info;
    const uint64_t memory = options->memory ? options->memory : rg_device_budget(info);
    p->block = cached_block(p, info);
    p->accum_steps = options->accum_steps ? rg_min(options->accum_steps, p->steps) : cached_run(p, info);
    set_segment(p, p->steps);
    const uint64_t by_memory = memory > p->fixed_bytes ? (memory - p->fixed_bytes) / p->row_bytes : 0;
    const uint64_t by_buffer = info->max_buffer_bytes / rg_buffers_widest_row(p);
    p->chunk = whole_rows(p, info, by_memory < by_buffer ? by_memory : by_buffer);
    p->chunk = limited_rows(p, p->chunk, options->max_rows);
    const size_t block = limited_rows(p, rg_min(p->block, p->shard), options->max_rows), fitting = p->chunk;
    bool cut = options->segment_steps > 0 && options->segment_steps < p->steps;
    if (cut) {
        set_segment(p, rg_max(options->segment_steps, p->accum_steps));
        p->chunk = block;
    }
    for (size_t rows = block; !cut && rows > fitting; rows /= 2) {
        cut = plan_segments(p, info, memory, rows);
    }
    if (!cut) {
        set_segment(p, p->steps);
    }
    if (p->chunk == 0) {
        return refuse(p, info, options, memory);
    }
    p->accum_in_turns = p->accum_steps < p->steps && (p->halo > 0 || (!info->is_gpu && p->chunk <= p->block));
    p->total_bytes = p->fixed_bytes + chunk_bytes(p, p->chunk);
    return RG_OK;
}

/* Refuse sizes whose products could wrap, before any is formed. */
static rg_status check_sizes(const struct rg_plan *p, const struct rg_plan_options *options) {
    const size_t limit = RG_MAX_WIDTH;
    const size_t wide =
        rg_max(rg_max(p->inputs, p->hidden), rg_max(p->outputs, p->words)); /* words are kept as reals */
    size_t product = 0;
    if (rg_max(p->inputs, p->words) >= limit) {
        return rg_fail(RG_NO_MEMORY, "%zu different words or features of a step are too many; below %zu are possible",
                       rg_max(p->inputs, p->words), limit);
    }
    if (p->outputs >= limit) {
        return rg_fail(RG_NO_MEMORY, "%zu classes or outputs are too many; below %zu are possible", p->outputs, limit);
    }
    if (wide >= limit || !rg_multiply(p->batch, p->steps, &product) || !rg_multiply(product, wide, &product) ||
        !rg_multiply(product, (size_t)64 * RG_MAX_LAYERS * p->real_bytes, &product)) {
        return rg_fail(
            RG_NO_MEMORY,
            "%s %zu, --steps %zu, --hidden %zu, %zu inputs and %zu outputs are more than a machine can address",
            batch_text(options), p->batch, p->steps, p->hidden, p->inputs, p->outputs);
    }
    return RG_OK;
}

/* Copy the sizes that model, options and device give. */
static struct rg_plan given_sizes(const struct rg_device *device, const struct rg_model *model,
                                  const struct rg_plan_options *options) {
    const struct rg_shape *const shape = &model->shape;
    return (struct rg_plan){.batch = options->batch,
                            .steps = options->steps,
                            .target_steps = shape->target == RG_TARGET_STEPS ? options->steps : 1,
                            .real_bytes = device->info.real_bytes,
                            .inputs = shape->inputs,
                            .words = shape->words,
                            .hidden = shape->hidden,
                            .outputs = shape->outputs,
                            .n_targets = rg_max(options->n_targets, 1),
                            .layers = shape->layers,
                            .directions = rg_shape_directions(shape),
                            .readout = shape->readout == RG_READOUT_FINAL && !shape->bidirectional ? RG_READOUT_LAST
                                                                                                   : shape->readout,
                            .gates = rg_cell_gates(shape->cell),
                            .saved = rg_cells[shape->cell].saved,
                            .deltas = rg_cells[shape->cell].deltas,
                            .keeps_saved = rg_cell_has_c(shape->cell),
                            .carried = 1,
                            .skip = shape->skip,
                            .skip_kind = shape->skip_kind,
                            .initial = options->initial,
                            .stateful = options->stateful,
                            .arena = model->arena,
                            .training = options->training,
                            .dropout = options->dropout,
                            .initial_gradient = options->initial_gradient,
                            .shards = rg_max(options->shards, 1)};
}

/* Choose the strides of rows, and into how many groups a launch over words or over the gradient is cut. */
static void plan_strides(struct rg_plan *p, const struct rg_device *device) {
    const size_t panel = rg_device_panel(device), pad = line_pad(&device->info);
    const size_t groups = GROUPS_A_UNIT * (size_t)device->info.units;
    p->h_stride = rg_device_units(device, p->hidden);
    p->o_stride = rg_round_up(p->outputs, panel);
    p->dx_stride = p->words ? rg_round_up(p->inputs, panel) : 0;
    p->d_width = p->deltas * p->h_stride;
    p->out_stride = RG_ODD_LINE(p->directions * p->h_stride, pad);
    p->d_stride = RG_ODD_LINE(rg_max(p->saved, p->deltas) * p->h_stride, pad);
    p->wide_head = p->outputs >= RG_WIDE_OUTPUTS;
    p->word_shares = rg_min(rg_min(groups, MAX_SHARES), p->words);
    p->word_ranges = rg_min(groups, MAX_RANGES);
    p->norm_groups = rg_min(rg_divide_up(p->arena, NORM_ELEMENTS), 256);
    for (size_t l = 0; l < p->layers; l++) {
        p->layer[l].inputs = l ? p->directions * p->hidden : p->inputs;
        p->layer[l].x_stride = l ? p->out_stride : rg_round_up(p->inputs, RG_INPUT_PAD);
    }
}

rg_status rg_plan_make(const struct rg_device *device, const struct rg_model *model,
                       const struct rg_plan_options *options, struct rg_plan *plan) {
    *plan = given_sizes(device, model, options);
    plan->shard = rg_divide_up(plan->batch, plan->shards);
    if (rg_plan_learned(plan)) { /* it also saves the state that the cell would give if its update gate were open */
        const size_t own = rg_cells[model->shape.cell].states;
        plan->saved += own;
        plan->carried += own;
    }
    RG_TRY(check_sizes(plan, options));
    plan_strides(plan, device);
    plan_packed(plan, rg_device_panel(device));
    plan_partial(plan, device);
    plan_bytes(plan, options);
    RG_TRY(plan_chunk(plan, device, options));
    return rg_tile_plan(plan, device);
}

rg_status rg_plan_check(const struct rg_device *device, const struct rg_shape *shape,
                        const struct rg_plan_options *options, struct rg_plan *plan) {
    struct rg_model sketch = {.shape = *shape};
    RG_TRY(rg_model_layout(&sketch));
    return rg_plan_make(device, &sketch, options, plan);
}
