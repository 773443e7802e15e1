/* Sizes of a run: see plan.h. */
#include "train/plan.h"

#include <stdio.h>
#include <string.h>

#include "args.h"
#include "model/layout.h"
#include "rnn_gpu/memory.h"

enum {
    BLOCK_ROWS = 8, /* kernels/sweep.cl */
    HALF_BLOCK = 4,
    GPU_BLOCK_ROWS = 4,
    WARP_ROWS = 16, /* of a block by tensor cores, kernels/common.cl */
    GPU_TILE = 32,
    MIN_GROUPS = 32,       /* of a weight gradient: work for as many processors */
    SEGMENT_ROWS = 256,    /* of a batch in a segment, so that its partial sums cost little beside the products */
    NORM_ELEMENTS = 16384, /* of the gradient in one group of the norm */
    MAX_TILE = 64,
    MIN_BLOCK = 16,
    MIN_GPU_RUN = 32
};
static const uint64_t RUN_BYTES = (uint64_t)4 << 20; /* of a block's run: larger ones leave the caches near a core */
static const uint64_t MAX_PARTIAL_BYTES = (uint64_t)128 << 20, UNKNOWN_CACHE = (uint64_t)16 << 20;

static size_t round_up(size_t n, size_t to) {
    return (n + to - 1) / to * to;
}
static size_t divide_up(size_t n, size_t by) {
    return (n + by - 1) / by;
}
static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}
static size_t most(size_t a, size_t b) {
    return a > b ? a : b;
}

/* What a cell keeps, as in kernels/cells/. */
static const struct {
    size_t saved, deltas;
} cells[RG_N_CELLS] = {
    [RG_CELL_RNN] = {0, 1},
    [RG_CELL_LSTM] = {5, 4},
    [RG_CELL_GRU] = {4, 4},
};

static size_t take(size_t *at, size_t elements) {
    const size_t offset = *at;
    *at += elements;
    return offset;
}

static bool adds_skip(const struct rg_plan *p) {
    return p->skip > 0 && p->skip_kind == RG_SKIP_ADD;
}

bool rg_plan_learned(const struct rg_plan *p) {
    return p->skip > 0 && p->skip_kind == RG_SKIP_LEARNED;
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
            pack->sh = take(&at, adds_skip(p) ? p->hidden * gh : 0);
            pack->bias = take(&at, most(p->gates, p->deltas) * p->h_stride);
            pack->hh_reverse = take(&at, p->hidden * gh);
            pack->sh_reverse = take(&at, adds_skip(p) ? p->hidden * gh : 0);
            pack->gate = take(&at, rg_plan_learned(p) ? p->h_stride + panel : 0);
            pack->ih_reverse = take(&at, p->gates * p->hidden * (l > 0 ? round_up(states, panel) : p->dx_stride));
        }
    }
    p->pack_head = take(&at, states * p->o_stride);
    p->pack_head_reverse = take(&at, p->outputs * round_up(states, panel));
    p->pack_head_bias = take(&at, p->o_stride);
    p->packed = at;
}

size_t rg_plan_term(const struct rg_plan *plan, size_t layer) {
    return plan->layer[layer].partial_rows * plan->d_width;
}

/* A CPU has work for enough groups in the panels of a wide layer; a GPU wants both. */
static void plan_partial(struct rg_plan *p, const struct rg_device *device) {
    const size_t panels = p->d_width / rg_device_panel(device);
    size_t all = 0, at = 0;
    for (size_t l = 0; l < p->layers; l++) {
        p->layer[l].partial_rows = p->hidden + p->layer[l].inputs + 1 + (adds_skip(p) ? p->hidden : 0);
        all += rg_plan_term(p, l) * p->directions;
    }
    const uint64_t fit = most(1, (size_t)(MAX_PARTIAL_BYTES / (all * p->real_bytes)));
    p->segments = least(least(p->steps, MIN_GROUPS), (size_t)fit);
    p->sum_segments = least(p->segments, device->info.is_gpu ? MIN_GROUPS : divide_up(MIN_GROUPS, panels));
    p->sum_segments = least(p->sum_segments, divide_up(p->batch * p->steps, SEGMENT_ROWS));
    for (size_t l = 0; l < p->layers; l++) {
        for (size_t d = 0; d < p->directions; d++) {
            struct rg_plan_direction *const to = &p->layer[l].directions[d];
            to->partial = take(&at, p->segments * rg_plan_term(p, l));
            to->gate_partial = take(&at, rg_plan_learned(p) ? p->sum_segments * (p->h_stride + 1) : 0);
        }
    }
    p->head_partial = (p->directions * p->hidden + 1) * p->o_stride;
    p->head_partial_at = take(&at, least(p->sum_segments, p->target_steps) * p->head_partial);
    p->partial = at;
}

struct rg_span rg_plan_segment_span(const struct rg_plan *p, size_t segment) {
    const size_t each = p->steps / p->sum_segments, more = p->steps % p->sum_segments; /* rg_share of the kernels */
    return (struct rg_span){each * segment + least(more, segment), each * (segment + 1) + least(more, segment + 1)};
}

size_t rg_plan_segment(const struct rg_plan *p, size_t t) {
    const size_t each = p->steps / p->sum_segments, longer = p->steps % p->sum_segments * (each + 1);
    return t < longer ? t / (each + 1) : (t - longer) / each + p->steps % p->sum_segments;
}

struct rg_span rg_plan_run_before(const struct rg_plan *p, size_t end) {
    if (p->run >= p->steps) {
        return (struct rg_span){0, p->steps};
    }
    const size_t first = rg_plan_segment_span(p, rg_plan_segment(p, end - 1)).begin;
    return (struct rg_span){end - first > p->run ? end - p->run : first, end};
}

struct rg_span rg_plan_run_after(const struct rg_plan *p, size_t begin) {
    if (p->run >= p->steps) {
        return (struct rg_span){0, p->steps};
    }
    const size_t end = rg_plan_segment_span(p, rg_plan_segment(p, begin)).end;
    return (struct rg_span){begin, end - (end - begin - 1) / p->run * p->run};
}

struct rg_span rg_plan_window_before(const struct rg_plan *p, size_t end) {
    struct rg_span window = {end, end};
    while (window.begin > 0 && end - rg_plan_run_before(p, window.begin).begin <= p->window) {
        window.begin = rg_plan_run_before(p, window.begin).begin;
    }
    return window;
}

/* Bytes of one sequence in buffers of `steps` steps; they are those of engine.h. */
static uint64_t sequence_bytes(const struct rg_plan *p, const struct rg_plan_options *options, uint64_t steps) {
    const uint64_t targets = p->target_steps > 1 ? steps : 1;
    const uint64_t states = p->layers * (p->out_stride + p->directions * (p->saved ? p->d_stride : 0));
    uint64_t step = p->layer[0].x_stride + states + (p->words ? 1 : 0);
    uint64_t once = 1 + targets * (p->o_stride + p->n_targets) + (p->initial ? 2 * states : 0);
    once += rg_plan_learned(p) ? p->steps * p->layers * p->directions * RG_GATE_VALUES : 0;
    if (options->dropout) {
        step += (p->layers - 1) * p->out_stride;
    }
    if (options->training) {
        step += (p->saved ? 0 : p->directions * p->d_stride) + p->dx_stride + (p->layers > 1 ? 2 * p->out_stride : 0);
        once += targets * (p->o_stride + p->out_stride) + rg_plan_carry(p);
    }
    return (step * steps + once) * p->real_bytes;
}

size_t rg_plan_carry(const struct rg_plan *p) {
    return most(p->skip, 1) * p->carried * p->h_stride;
}

/* What a sequence leaves at the borders of windows. */
static uint64_t mark_bytes(const struct rg_plan *p, bool training) {
    const uint64_t states = p->lead * (p->out_stride + (p->keeps_saved ? p->d_stride : 0));
    const uint64_t deltas = training ? p->lead * p->d_stride + rg_plan_carry(p) : 0;
    return p->lead ? (states * p->windows + deltas * p->delta_marks) * p->layers * p->directions * p->real_bytes : 0;
}

static void plan_row(struct rg_plan *p, const struct rg_plan_options *options) {
    p->row_bytes = sequence_bytes(p, options, p->steps);
    p->step_bytes = sequence_bytes(p, options, p->steps + 1) - p->row_bytes;
}

/* Bytes that grow with the chunk, and bytes that do not. */
static void plan_bytes(struct rg_plan *p, const struct rg_model *model, const struct rg_plan_options *options) {
    const uint64_t arenas = options->training ? 4 : 1; /* weights; gradients and up to two states of the optimiser */
    const uint64_t initial = options->initial_gradient ? 2 * p->layers * p->directions * p->batch * p->h_stride : 0;
    const uint64_t fixed =
        arenas * model->arena + p->packed + p->batch + (options->training ? p->partial : 0) + initial;
    plan_row(p, options);
    p->fixed_bytes = fixed * p->real_bytes + options->data_bytes;
}

/* The widest buffer, for one sequence. */
static uint64_t widest_bytes(const struct rg_plan *p, bool training) {
    const size_t states = most(p->layer[0].x_stride, p->out_stride);
    return (uint64_t)p->state_steps * /* as planned by now */
           most(most(states, training ? p->dx_stride : 0), training || p->saved ? p->d_stride : 0) * p->real_bytes;
}

static uint64_t cache_bytes(const struct rg_device_info *info) {
    return info->cache_bytes ? info->cache_bytes : UNKNOWN_CACHE;
}

/* The largest block whose states and state gradients stay in a CPU's cache between the sweeps and the weight gradient;
 * a function of the sizes and the device alone, as it decides the order of sums. */
static size_t cached_block(const struct rg_plan *p, const struct rg_device_info *info) {
    size_t block = RG_BATCH_BLOCK;
    while (!info->is_gpu && block > MIN_BLOCK && block * p->row_bytes > cache_bytes(info) / 2) {
        block /= 2;
    }
    return block;
}

/* Sequences of a chunk if memory is no matter: whole blocks that fit the cache together, but enough of them to keep all
 * processors busy. */
static uint64_t wanted_rows(const struct rg_plan *p, const struct rg_device_info *info) {
    if (info->is_gpu && info->chunk_bytes == 0) {
        return p->batch;
    }
    const uint64_t room = info->chunk_bytes ? info->chunk_bytes : cache_bytes(info) / 2;
    const uint64_t rows = room / p->row_bytes / p->block * p->block;
    const uint64_t busy = round_up((size_t)info->units * BLOCK_ROWS, p->block);
    return rows > busy ? rows : busy;
}

/* 3145728 as "3.0 MiB". */
static const char *size_text(uint64_t bytes, char out[32]) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024.0) {
        size /= 1024.0;
        unit++;
    }
    (void)snprintf(out, 32, "%.*f %s", unit > 0, size, units[unit]);
    return out;
}

/* Runs whose results stay near a core between sweep and weight gradient, where a block of whole sequences does not stay
 * in a cache at all; of enough rows that their sums cost little. Of the sizes and the device alone, as it decides the
 * order of sums. */
static size_t cached_run(const struct rg_plan *p, const struct rg_device_info *info) {
    const size_t rows = least(p->block, p->batch), few = divide_up(SEGMENT_ROWS, rows);
    const size_t run = most((size_t)(RUN_BYTES / (rows * p->step_bytes)), info->is_gpu ? most(few, MIN_GPU_RUN) : few);
    return rows * p->row_bytes <= cache_bytes(info) / 2 ? p->steps : least(run, p->steps);
}

static void set_window(struct rg_plan *p, size_t window) {
    const bool cut = window < p->steps;
    p->window = cut ? window : p->steps;
    p->lead = cut ? least(rg_plan_learned(p) ? 1 : most(p->skip, 1), p->steps) : 0;
    p->windows = 0;
    for (size_t end = p->steps; end > 0; end = rg_plan_window_before(p, end).begin) {
        p->windows++;
    }
    p->delta_marks = p->directions > 1 ? p->windows : 1;
    p->room = p->window + 2 * p->lead;
    p->target_room = p->target_steps > 1 ? p->room : 1;
    p->state_steps = p->room + (p->initial ? 2 : 0);
}

/* Of `rows` sequences in windows as they are set. */
static uint64_t chunk_bytes(const struct rg_plan *p, const struct rg_plan_options *options, uint64_t rows) {
    return rows * (sequence_bytes(p, options, p->room) + mark_bytes(p, options->training));
}

static bool fits(const struct rg_plan *p, const struct rg_device_info *info, const struct rg_plan_options *options,
                 uint64_t memory, uint64_t rows) {
    const uint64_t marks = p->windows * p->lead * most(p->out_stride, p->d_stride) * p->real_bytes;
    const uint64_t widest = widest_bytes(p, options->training);
    return p->fixed_bytes + chunk_bytes(p, options, rows) <= memory &&
           rows * (widest > marks ? widest : marks) <= info->max_buffer_bytes;
}

/* The shortest windows that fit: they leave the most to the caches, and cost the same work as longer ones. */
static bool plan_windows(struct rg_plan *p, const struct rg_device_info *info, const struct rg_plan_options *options,
                         uint64_t memory, size_t rows) {
    for (size_t window = p->run; window < p->steps; window *= 2) {
        set_window(p, window);
        if (fits(p, info, options, memory, rows)) {
            p->chunk = rows;
            return true;
        }
    }
    return false;
}

/* Would one sequence of so many steps fit, whole or in windows? *need, if not NULL: the least bytes for it. */
static bool steps_fit(const struct rg_plan *plan, const struct rg_device_info *info,
                      const struct rg_plan_options *options, uint64_t memory, size_t steps, uint64_t *need) {
    struct rg_plan p = *plan;
    p.steps = steps;
    p.target_steps = plan->target_steps > 1 ? steps : 1;
    p.sum_segments = least(p.sum_segments, steps);
    plan_row(&p, options);
    p.block = cached_block(&p, info);
    p.run = cached_run(&p, info);
    uint64_t bytes = UINT64_MAX;
    bool fit = false;
    for (size_t window = p.run; window / 2 < steps; window *= 2) {
        set_window(&p, window);
        const uint64_t all = p.fixed_bytes + chunk_bytes(&p, options, 1);
        bytes = all < bytes ? all : bytes;
        fit = fit || fits(&p, info, options, memory, 1);
    }
    if (need) {
        *need = bytes;
    }
    return fit;
}

/* The most steps of one sequence that fit. */
static size_t fitting_steps(const struct rg_plan *p, const struct rg_device_info *info,
                            const struct rg_plan_options *options, uint64_t memory) {
    size_t low = 0, high = p->steps; /* low fits, high does not */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (steps_fit(p, info, options, memory, middle, NULL)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* RG_NO_MEMORY for a plan that has no room for one sequence: need, limit, and the largest --batch or --steps that
 * fits. */
static rg_status refuse(const struct rg_plan *p, const struct rg_device_info *info,
                        const struct rg_plan_options *options, uint64_t memory) {
    char need[32], limit[32];
    struct rg_plan one = *p;
    uint64_t whole = 0;
    (void)steps_fit(p, info, options, memory, p->steps, &whole);
    const uint64_t per_sequence = p->real_bytes, base = p->fixed_bytes - p->batch * per_sequence;
    const uint64_t row = whole - p->fixed_bytes, batch = memory > base + row ? (memory - base - row) / per_sequence : 0;
    const size_t steps = fitting_steps(p, info, options, memory);
    if (whole <= memory) {
        return rg_fail(RG_NO_MEMORY,
                       "%zu steps need a buffer larger than the %s that %s allows; at most --steps %zu "
                       "fits with --hidden %zu",
                       p->steps, size_text(info->max_buffer_bytes, limit), info->name, steps, p->hidden);
    }
    (void)size_text(memory, limit);
    if (batch > 0 && batch < p->batch) {
        return rg_fail(RG_NO_MEMORY,
                       "a batch of %zu needs at least %s on %s, the limit is %s; at most --batch %llu fits", p->batch,
                       size_text(whole, need), info->name, limit, (unsigned long long)batch);
    }
    one.batch = 1;
    one.fixed_bytes = base + per_sequence;
    const size_t alone = steps > 0 ? steps : fitting_steps(&one, info, options, memory);
    if (alone > 0) {
        return rg_fail(RG_NO_MEMORY,
                       "one sequence of %zu steps needs %s on %s, the limit is %s; at most --steps %zu fits%s",
                       p->steps, size_text(whole, need), info->name, limit, alone, steps > 0 ? "" : " with --batch 1");
    }
    return rg_fail(RG_NO_MEMORY,
                   "%zu hidden units need at least %s on %s for one sequence, the limit is %s; no --batch fits, try a "
                   "smaller --hidden or --steps",
                   p->hidden, size_text(base + per_sequence + row, need), info->name, limit);
}

/* Sequences at once, of all T steps: as many as the cache, memory and the largest buffer allow, in whole blocks of the
 * batch where possible. */
static size_t whole_rows(const struct rg_plan *p, const struct rg_device_info *info, uint64_t fitting) {
    const uint64_t cached = wanted_rows(p, info), rows = fitting < cached ? fitting : cached;
    if (rows >= p->batch) {
        return p->batch;
    }
    if (rows >= p->block) { /* as even as whole blocks allow */
        const size_t blocks = divide_up(p->batch, p->block), fit = (size_t)(rows / p->block);
        return divide_up(blocks, divide_up(blocks, fit)) * p->block;
    }
    return rows >= BLOCK_ROWS ? (size_t)rows / BLOCK_ROWS * BLOCK_ROWS : (size_t)rows;
}

/* The chunk: of whole sequences if a block of them fits, else a block of them in windows of time, else less than a
 * block. */
static rg_status plan_chunk(struct rg_plan *p, const struct rg_device *device, const struct rg_plan_options *options) {
    const struct rg_device_info *info = &device->info;
    const uint64_t memory = options->memory ? options->memory : info->memory_bytes / 10 * 9;
    p->block = cached_block(p, info);
    p->run = options->run ? least(options->run, p->steps) : cached_run(p, info);
    set_window(p, p->steps);
    const uint64_t by_memory = memory > p->fixed_bytes ? (memory - p->fixed_bytes) / p->row_bytes : 0;
    const uint64_t by_buffer = info->max_buffer_bytes / widest_bytes(p, options->training);
    p->chunk = whole_rows(p, info, by_memory < by_buffer ? by_memory : by_buffer);
    const size_t block = least(p->block, p->batch), fitting = p->chunk;
    bool cut = options->window > 0 && options->window < p->steps;
    if (cut) {
        set_window(p, most(options->window, p->run));
        p->chunk = block;
    }
    for (size_t rows = block; !cut && fitting < block && rows > fitting; rows /= 2) {
        cut = plan_windows(p, info, options, memory, rows);
    }
    if (!cut) {
        set_window(p, p->steps);
    }
    if (p->chunk == 0) {
        return refuse(p, info, options, memory);
    }
    p->by_runs = p->run < p->steps && (p->lead > 0 || (!info->is_gpu && p->chunk <= p->block));
    p->total_bytes = p->fixed_bytes + chunk_bytes(p, options, p->chunk);
    return RG_OK;
}

/* Fewer tiles than processors leave some of them idle, and each reads all of W_hh in every step: where that is much, a
 * step becomes a launch, and groups share the units of a tile, which is at most `fit` rows. */
static void plan_sharers(struct rg_plan *p, const struct rg_device_info *info, size_t fit) {
    const uint64_t bytes = (uint64_t)p->gates * p->hidden * p->h_stride * p->real_bytes;
    const size_t units = (size_t)info->units,
                 tile = least(least(p->chunk, info->rows > 1 ? GPU_TILE : BLOCK_ROWS), fit);
    const size_t tiles = divide_up(p->chunk, tile), single_rows = (size_t)HALF_BLOCK * units / p->chunk;
    /* a weight that is read serves up to four rows: with more than two a processor, there is less to win */
    const uint64_t enough = info->shared_step_bytes * (info->is_gpu || p->chunk <= 2 * units ? 1U : 2U);
    p->sharers = 1;
    if (!rg_plan_learned(p) && 2 * tiles <= units && bytes >= enough) {
        p->tile = tile;
        p->sharers =
            info->is_gpu ? units / tiles : most(units / tiles, single_rows); /* a late one then has less to do */
    }
}

/* The largest tile of a GPU that leaves work for three quarters of its units: a larger one reads the weights less
 * often. */
static size_t gpu_tile(const struct rg_plan *p, const struct rg_device_info *info) {
    size_t tile = info->tile ? info->tile : GPU_TILE;
    while (tile > GPU_BLOCK_ROWS && 4 * divide_up(p->chunk, tile) < 3 * (size_t)info->units) {
        tile = round_up(tile / 2, GPU_BLOCK_ROWS);
    }
    return tile;
}

static size_t cpu_tile(const struct rg_plan *p, const struct rg_device_info *info) {
    const size_t shared = divide_up(p->chunk, (size_t)info->units);
    const size_t wanted = shared < BLOCK_ROWS ? (shared > HALF_BLOCK ? BLOCK_ROWS
                                                 : shared > 1        ? (size_t)HALF_BLOCK
                                                                     : 1)
                                              : round_up(divide_up(p->chunk, 8 * (size_t)info->units), BLOCK_ROWS);
    return info->tile && shared >= BLOCK_ROWS ? least(info->tile, round_up(shared, BLOCK_ROWS)) : wanted;
}

/* Sequences of a work-group: enough groups for the device to balance, as many rows as local memory holds. */
static rg_status plan_tile(struct rg_plan *p, const struct rg_device *device) {
    const struct rg_device_info *info = &device->info;
    const size_t items = rg_device_items(device), vec = (size_t)info->vec;
    const size_t width = (RG_DELTAS_ARE_LOCAL(items, p->gates) ? p->gates : 1) * p->h_stride;
    const size_t sums = rg_plan_learned(p) ? (size_t)info->cols : 0;
    const size_t one = 2 * RG_TILE_NUMBERS(items, (size_t)1, width, vec) + sums;
    const size_t more = 2 * RG_TILE_NUMBERS(items, (size_t)2, width, vec) + 2 * sums - one;
    const size_t room = info->max_local_bytes / p->real_bytes;
    if (room < one) {
        const size_t numbers = room / 2 / (items == 1 ? 1 : 2) / (width / p->h_stride);
        const size_t panel = rg_device_panel(device),
                     most_hidden = (items == 1 ? numbers - vec : numbers) / panel * panel;
        return rg_fail(
            RG_NO_MEMORY,
            "--hidden %zu needs %zu bytes of local memory for one sequence, %s has %zu; at most --hidden %zu fits",
            p->hidden, one * p->real_bytes, info->name, info->max_local_bytes, most_hidden);
    }
    const size_t fit = 1 + (room - one) / more, step = info->tf32 ? WARP_ROWS : items > 1 ? GPU_BLOCK_ROWS : BLOCK_ROWS;
    const size_t wanted = least(items > 1 ? gpu_tile(p, info) : cpu_tile(p, info), MAX_TILE);
    p->tile = least(wanted, fit >= step ? fit / step * step : fit);
    plan_sharers(p, info, fit);
    return RG_OK;
}

/* Refuse sizes whose products could wrap, before any is formed. */
static rg_status check_sizes(const struct rg_plan *p) {
    const size_t limit = (size_t)1 << 24; /* of a row; strides are 32-bit numbers in the kernels' arguments */
    const size_t wide = most(most(p->inputs, p->hidden), most(p->outputs, p->words)); /* words are kept as reals */
    size_t product = 0;
    if (wide >= limit || !rg_multiply(p->batch, p->steps, &product) || !rg_multiply(product, wide, &product) ||
        !rg_multiply(product, (size_t)64 * RG_MAX_LAYERS * p->real_bytes, &product)) {
        return rg_fail(RG_NO_MEMORY,
                       "batch %zu, steps %zu, hidden %zu, inputs %zu, outputs %zu are more than a machine can address",
                       p->batch, p->steps, p->hidden, p->inputs, p->outputs);
    }
    return RG_OK;
}

rg_status rg_plan_make(const struct rg_device *device, const struct rg_model *model,
                       const struct rg_plan_options *options, struct rg_plan *plan) {
    const size_t panel = rg_device_panel(device);
    const struct rg_shape *const shape = &model->shape;
    *plan = (struct rg_plan){.batch = options->batch,
                             .steps = options->steps,
                             .target_steps = shape->target == RG_TARGET_STEPS ? options->steps : 1,
                             .real_bytes = device->info.real_bytes,
                             .inputs = shape->inputs,
                             .words = shape->words,
                             .hidden = shape->hidden,
                             .outputs = shape->outputs,
                             .n_targets = most(options->n_targets, 1),
                             .layers = shape->layers,
                             .directions = rg_shape_directions(shape),
                             .gates = rg_cell_gates(shape->cell),
                             .saved = cells[shape->cell].saved,
                             .deltas = cells[shape->cell].deltas,
                             .skip = shape->skip,
                             .skip_kind = shape->skip_kind,
                             .initial = options->initial};
    struct rg_plan *const p = plan;
    p->carried = 1;
    p->keeps_saved = shape->cell == RG_CELL_LSTM;
    if (rg_plan_learned(p)) {
        const size_t own = shape->cell == RG_CELL_LSTM ? 2 : 1; /* states: h, and c */
        p->saved += own;
        p->carried = own + 1;
    }
    RG_TRY(check_sizes(p));
    p->h_stride = round_up(p->hidden, panel);
    p->o_stride = round_up(p->outputs, panel);
    p->dx_stride = p->words ? round_up(p->inputs, panel) : 0;
    p->wide_head = p->outputs >= RG_WIDE_OUTPUTS;
    p->d_width = p->deltas * p->h_stride;
    const size_t pad = most((size_t)device->info.vec, RG_INPUT_PAD); /* dropout takes four units at a time */
    p->out_stride = p->directions * p->h_stride + pad;
    p->d_stride = most(p->saved, p->deltas) * p->h_stride + pad;
    for (size_t l = 0; l < p->layers; l++) {
        p->layer[l].inputs = l ? p->directions * p->hidden : p->inputs;
        p->layer[l].x_stride = l ? p->out_stride : round_up(p->inputs, RG_INPUT_PAD);
    }
    p->norm_groups = least(divide_up(model->arena, NORM_ELEMENTS), 256);
    plan_packed(p, panel);
    plan_partial(p, device);
    plan_bytes(p, model, options);
    RG_TRY(plan_chunk(p, device, options));
    return plan_tile(p, device);
}

rg_status rg_plan_check(const struct rg_device *device, const struct rg_shape *shape,
                        const struct rg_plan_options *options, struct rg_plan *plan) {
    struct rg_model sketch = {.shape = *shape};
    RG_TRY(rg_model_layout(&sketch));
    return rg_plan_make(device, &sketch, options, plan);
}
