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
    MIN_GROUPS = 32,       /* of a weight gradient: work for as many processors */
    SEGMENT_ROWS = 256,    /* of a batch in a segment, so that its partial sums cost little beside the products */
    NORM_ELEMENTS = 16384, /* of the gradient in one group of the norm */
    MAX_TILE = 64,
    MIN_BLOCK = 16
};
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

/* Bytes of one sequence of `steps` steps; the buffers are those of engine.h. */
static uint64_t sequence_bytes(const struct rg_plan *p, const struct rg_plan_options *options, uint64_t steps) {
    const uint64_t targets = p->target_steps == p->steps ? steps : 1;
    const uint64_t states = p->layers * (p->out_stride + p->directions * (p->saved ? p->d_stride : 0));
    uint64_t step = p->layer[0].x_stride + states + (p->words ? 1 : 0);
    step += rg_plan_learned(p) ? p->layers * p->directions * RG_GATE_VALUES : 0;
    uint64_t once = 1 + targets * (p->o_stride + p->n_targets) + (p->state_steps - p->steps) * states;
    if (options->dropout) {
        step += (p->layers - 1) * p->out_stride;
    }
    if (options->training) {
        step += (p->saved ? 0 : p->directions * p->d_stride) + p->dx_stride + (p->layers > 1 ? 2 * p->out_stride : 0);
        once += targets * (p->o_stride + p->out_stride) + most(p->skip, 1) * p->carried * p->h_stride;
    }
    return (step * steps + once) * p->real_bytes;
}

/* Bytes that grow with the chunk, and bytes that do not. */
static void plan_bytes(struct rg_plan *p, const struct rg_model *model, const struct rg_plan_options *options) {
    const uint64_t arenas = options->training ? 4 : 1; /* weights; gradients and up to two states of the optimiser */
    const uint64_t initial = options->initial_gradient ? 2 * p->layers * p->directions * p->batch * p->h_stride : 0;
    const uint64_t fixed =
        arenas * model->arena + p->packed + p->batch + (options->training ? p->partial : 0) + initial;
    p->row_bytes = sequence_bytes(p, options, p->steps);
    p->step_bytes = sequence_bytes(p, options, p->steps + 1) - p->row_bytes;
    p->fixed_bytes = fixed * p->real_bytes + options->data_bytes;
}

/* The widest buffer, for one sequence. */
static uint64_t widest_bytes(const struct rg_plan *p, bool training) {
    const size_t states = most(p->layer[0].x_stride, p->out_stride);
    return (uint64_t)p->state_steps *
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

/* How many steps of one sequence fit beside `fixed` bytes. */
static uint64_t fitting_steps(const struct rg_plan *p, const struct rg_device_info *info, uint64_t memory,
                              uint64_t widest, uint64_t fixed) {
    const uint64_t once = p->row_bytes - p->step_bytes * p->steps;
    const uint64_t by_memory = memory > fixed + once ? (memory - fixed - once) / p->step_bytes : 0;
    const uint64_t by_buffer = info->max_buffer_bytes / (widest / p->steps);
    return by_memory < by_buffer ? by_memory : by_buffer;
}

/* RG_NO_MEMORY for a plan that has no room for one sequence: need, limit, and the largest --batch or --steps that
 * fits. */
static rg_status refuse(const struct rg_plan *p, const struct rg_device_info *info, uint64_t memory, uint64_t widest) {
    char need[32], limit[32];
    const uint64_t per_sequence = p->real_bytes;
    const uint64_t base = p->fixed_bytes - p->batch * per_sequence, whole = p->fixed_bytes + p->row_bytes;
    const uint64_t batch = memory > base + p->row_bytes ? (memory - base - p->row_bytes) / per_sequence : 0;
    if (whole <= memory) {
        return rg_fail(RG_NO_MEMORY,
                       "%zu steps need a buffer of %s, %s allows %s; at most --steps %llu fits with --hidden %zu",
                       p->steps, size_text(widest, need), info->name, size_text(info->max_buffer_bytes, limit),
                       (unsigned long long)fitting_steps(p, info, memory, widest, p->fixed_bytes), p->hidden);
    }
    (void)size_text(memory, limit);
    if (batch > 0 && batch < p->batch) {
        return rg_fail(RG_NO_MEMORY,
                       "a batch of %zu needs at least %s on %s, the limit is %s; at most --batch %llu fits", p->batch,
                       size_text(whole, need), info->name, limit, (unsigned long long)batch);
    }
    const bool beside_batch = fitting_steps(p, info, memory, widest, p->fixed_bytes) > 0;
    const uint64_t fixed = beside_batch ? p->fixed_bytes : base + per_sequence;
    const uint64_t steps = fitting_steps(p, info, memory, widest, fixed);
    if (steps > 0) {
        return rg_fail(RG_NO_MEMORY,
                       "one sequence of %zu steps needs %s on %s, the limit is %s; at most --steps %llu fits%s",
                       p->steps, size_text(fixed + p->row_bytes, need), info->name, limit, (unsigned long long)steps,
                       beside_batch ? "" : " with --batch 1");
    }
    return rg_fail(RG_NO_MEMORY,
                   "%zu hidden units need at least %s on %s for one sequence, the limit is %s; no --batch fits, try a "
                   "smaller --hidden or --steps",
                   p->hidden, size_text(base + per_sequence + p->row_bytes, need), info->name, limit);
}

/* The chunk: as large as the cache, memory and the largest buffer allow, in whole blocks of the batch where possible.
 */
static rg_status plan_chunk(struct rg_plan *p, const struct rg_device *device, const struct rg_plan_options *options) {
    const struct rg_device_info *info = &device->info;
    const uint64_t memory = options->memory ? options->memory : info->memory_bytes / 10 * 9;
    const uint64_t widest = widest_bytes(p, options->training);
    const uint64_t by_memory = memory > p->fixed_bytes ? (memory - p->fixed_bytes) / p->row_bytes : 0;
    const uint64_t by_buffer = info->max_buffer_bytes / widest;
    p->block = cached_block(p, info);
    const uint64_t fitting = by_memory < by_buffer ? by_memory : by_buffer, cached = wanted_rows(p, info);
    const uint64_t rows = fitting < cached ? fitting : cached;
    if (rows == 0) {
        return refuse(p, info, memory, widest);
    }
    if (rows >= p->batch) {
        p->chunk = p->batch;
    } else if (rows >= p->block) {
        /* as even as whole blocks allow */
        const size_t blocks = divide_up(p->batch, p->block), fit = (size_t)(rows / p->block);
        p->chunk = divide_up(blocks, divide_up(blocks, fit)) * p->block;
    } else {
        p->chunk = rows >= BLOCK_ROWS ? (size_t)rows / BLOCK_ROWS * BLOCK_ROWS : (size_t)rows;
    }
    p->total_bytes = p->fixed_bytes + p->row_bytes * p->chunk;
    return RG_OK;
}

/* Sequences of a work-group: enough groups for the device to balance, as many rows as local memory holds. */
static rg_status plan_tile(struct rg_plan *p, const struct rg_device *device) {
    const struct rg_device_info *info = &device->info;
    const size_t sums = rg_plan_learned(p) ? (size_t)info->cols : 0;
    const size_t row = (2 * RG_LOCAL_STRIDE(p->gates * p->h_stride, (size_t)info->vec) + sums) * p->real_bytes;
    const size_t fit = info->max_local_bytes / row;
    if (fit == 0) {
        return rg_fail(
            RG_NO_MEMORY,
            "--hidden %zu needs %zu bytes of local memory for one sequence, %s has %zu; at most --hidden %zu fits",
            p->hidden, row, info->name, info->max_local_bytes,
            info->max_local_bytes / (2 * p->real_bytes) / p->gates - (size_t)info->vec);
    }
    const size_t shared = divide_up(p->chunk, (size_t)info->units);
    const size_t wanted = info->is_gpu || rg_device_items(device) > 1 ? BLOCK_ROWS * (size_t)info->rows
                          : shared < BLOCK_ROWS                       ? (shared > HALF_BLOCK ? BLOCK_ROWS
                                                                         : shared > 2        ? HALF_BLOCK
                                                                                             : shared)
                                                : round_up(divide_up(p->chunk, 8 * (size_t)info->units), BLOCK_ROWS);
    const size_t tuned = info->tile && shared >= BLOCK_ROWS ? least(info->tile, round_up(shared, BLOCK_ROWS)) : wanted;
    p->tile = least(least(tuned, MAX_TILE), fit >= BLOCK_ROWS ? fit / BLOCK_ROWS * BLOCK_ROWS : fit);
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
                             .initial = options->initial,
                             .state_steps = options->steps + (options->initial ? 2 : 0)};
    struct rg_plan *const p = plan;
    p->carried = 1;
    if (rg_plan_learned(p)) {
        const size_t own = shape->cell == RG_CELL_LSTM ? 2 : 1; /* states: h, and c */
        p->saved += own;
        p->carried = own + 1;
    }
    RG_TRY(check_sizes(p));
    p->h_stride = round_up(p->hidden, panel);
    p->o_stride = round_up(p->outputs, panel);
    p->dx_stride = p->words ? round_up(p->inputs, panel) : 0;
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
