/* Sizes of a run: see plan.h. */
#include "train/plan.h"

#include <stdio.h>
#include <string.h>

#include "args.h"
#include "model/layout.h"
#include "rnn_gpu/memory.h"

enum {
    BLOCK_ROWS = 8,        /* kernels/sweep.cl */
    MIN_GROUPS = 32,       /* of a weight gradient: work for as many processors */
    NORM_ELEMENTS = 16384, /* of the gradient in one group of the norm */
    MAX_TILE = 64
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

static void plan_packed(struct rg_plan *p) {
    size_t at = 0;
    const size_t gh = p->gates * p->h_stride;
    p->pack_ih = at, at += p->inputs * gh;
    p->pack_hh = at, at += p->hidden * gh;
    p->pack_hh_reverse = at, at += p->gates * p->hidden * p->h_stride;
    p->pack_bias = at, at += gh;
    p->pack_head = at, at += p->hidden * p->o_stride;
    p->pack_head_reverse = at, at += p->outputs * p->h_stride;
    p->pack_head_bias = at, at += p->o_stride;
    p->packed = at;
}

static void plan_partial(struct rg_plan *p) {
    p->layer_partial = (p->hidden + p->x_stride) * p->d_stride;
    p->head_partial = (p->hidden + 1) * p->o_stride;
    const uint64_t fit = most(1, (size_t)(MAX_PARTIAL_BYTES / (p->layer_partial * sizeof(float))));
    p->segments = least(least(p->steps, MIN_GROUPS), (size_t)fit);
    p->partial = p->segments * p->layer_partial + p->head_partial;
}

/* Bytes that grow with the chunk, and bytes that do not. */
static void plan_bytes(struct rg_plan *p, const struct rg_model *model, const struct rg_plan_options *options) {
    const uint64_t real = sizeof(float);
    uint64_t row = (uint64_t)p->x_stride + p->h_stride;
    uint64_t fixed = (uint64_t)model->arena + p->packed + p->batch * (p->o_stride + p->n_targets + 2);
    if (options->training) {
        row += p->d_stride;
        fixed += (uint64_t)model->arena * 3 + p->partial;
    }
    p->row_bytes = (row * p->steps + p->h_stride + p->o_stride + 1) * real;
    p->fixed_bytes = fixed * real + options->data_bytes;
}

/* Sequences whose states and state gradients stay in a CPU's cache between the sweeps and the weight gradient, but
 * enough to keep all processors busy; a GPU's chunk is bounded by memory alone. */
static uint64_t cached_rows(const struct rg_plan *p, const struct rg_device_info *info) {
    if (info->is_gpu) {
        return p->batch;
    }
    const uint64_t cache = info->cache_bytes ? info->cache_bytes : UNKNOWN_CACHE;
    const uint64_t rows = cache / 2 / p->row_bytes / RG_BATCH_BLOCK * RG_BATCH_BLOCK;
    const uint64_t busy = round_up((size_t)info->units * BLOCK_ROWS, RG_BATCH_BLOCK);
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
    const uint64_t once = (p->h_stride + p->o_stride + 1) * sizeof(float);
    const uint64_t step = (p->row_bytes - once) / p->steps;
    const uint64_t by_memory = memory > fixed + once ? (memory - fixed - once) / step : 0;
    const uint64_t by_buffer = info->max_buffer_bytes / (widest / p->steps);
    return by_memory < by_buffer ? by_memory : by_buffer;
}

/* RG_NO_MEMORY for a plan that has no room for one sequence: need, limit, and the largest --batch or --steps that
 * fits. */
static rg_status refuse(const struct rg_plan *p, const struct rg_device_info *info, uint64_t memory, uint64_t widest) {
    char need[32], limit[32];
    const uint64_t per_sequence = (p->o_stride + p->n_targets + 2) * sizeof(float);
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
    const uint64_t widest =
        (uint64_t)p->steps * most(p->x_stride, options->training ? p->d_stride : p->h_stride) * sizeof(float);
    const uint64_t by_memory = memory > p->fixed_bytes ? (memory - p->fixed_bytes) / p->row_bytes : 0;
    const uint64_t by_buffer = info->max_buffer_bytes / widest;
    const uint64_t fitting = by_memory < by_buffer ? by_memory : by_buffer, cached = cached_rows(p, info);
    const uint64_t rows = fitting < cached ? fitting : cached;
    if (rows == 0) {
        return refuse(p, info, memory, widest);
    }
    if (rows >= p->batch) {
        p->chunk = p->batch;
    } else if (rows >= RG_BATCH_BLOCK) {
        /* as even as whole blocks allow */
        const size_t blocks = divide_up(p->batch, RG_BATCH_BLOCK), fit = (size_t)(rows / RG_BATCH_BLOCK);
        p->chunk = divide_up(blocks, divide_up(blocks, fit)) * RG_BATCH_BLOCK;
    } else {
        p->chunk = rows >= BLOCK_ROWS ? (size_t)rows / BLOCK_ROWS * BLOCK_ROWS : (size_t)rows;
    }
    p->total_bytes = p->fixed_bytes + p->row_bytes * p->chunk;
    return RG_OK;
}

/* Sequences of a work-group: enough groups for the device to balance, as many rows as local memory holds. */
static rg_status plan_tile(struct rg_plan *p, const struct rg_device *device) {
    const struct rg_device_info *info = &device->info;
    const size_t row = 2 * RG_LOCAL_STRIDE(p->d_stride, (size_t)info->vec) * sizeof(float);
    const size_t fit = info->max_local_bytes / row;
    if (fit == 0) {
        return rg_fail(
            RG_NO_MEMORY,
            "--hidden %zu needs %zu bytes of local memory for one sequence, %s has %zu; at most --hidden %zu fits",
            p->hidden, row, info->name, info->max_local_bytes,
            info->max_local_bytes / (2 * sizeof(float)) / p->gates - (size_t)info->vec);
    }
    const size_t wanted = info->is_gpu || rg_device_items(device) > 1
                              ? BLOCK_ROWS * (size_t)info->rows
                              : round_up(divide_up(p->chunk, 8 * (size_t)info->units), BLOCK_ROWS);
    p->tile = least(least(wanted, MAX_TILE), fit >= BLOCK_ROWS ? fit / BLOCK_ROWS * BLOCK_ROWS : fit);
    return RG_OK;
}

rg_status rg_plan_make(const struct rg_device *device, const struct rg_model *model,
                       const struct rg_plan_options *options, struct rg_plan *plan) {
    const size_t panel = rg_device_panel(device);
    memset(plan, 0, sizeof *plan);
    struct rg_plan *const p = plan;
    p->batch = options->batch;
    p->steps = options->steps;
    p->n_targets = most(options->n_targets, 1);
    p->inputs = model->shape.inputs;
    p->hidden = model->shape.hidden;
    p->outputs = model->shape.outputs;
    p->gates = rg_cell_gates(model->shape.cell);
    const size_t limit = (size_t)1 << 31; /* of a stride in the kernels' arguments, and so of every product below */
    size_t product = 0;
    if (p->inputs >= limit / 64 || p->hidden >= limit / 64 || p->outputs >= limit / 64 ||
        !rg_multiply(p->batch, p->steps, &product) ||
        !rg_multiply(product, most(p->hidden, p->inputs) * 64, &product)) {
        return rg_fail(RG_NO_MEMORY,
                       "batch %zu, steps %zu, hidden %zu, inputs %zu, outputs %zu are more than a machine can address",
                       p->batch, p->steps, p->hidden, p->inputs, p->outputs);
    }
    p->x_stride = round_up(p->inputs + 1, RG_INPUT_PAD);
    p->h_stride = round_up(p->hidden, panel);
    p->d_stride = p->gates * p->h_stride;
    p->o_stride = round_up(p->outputs, panel);
    p->norm_groups = least(divide_up(model->arena, NORM_ELEMENTS), 256);
    plan_packed(p);
    plan_partial(p);
    plan_bytes(p, model, options);
    RG_TRY(plan_chunk(p, device, options));
    return plan_tile(p, device);
}

rg_status rg_plan_check(const struct rg_device *device, const struct rg_shape *shape,
                        const struct rg_plan_options *options) {
    struct rg_model sketch = {.shape = *shape};
    struct rg_plan plan;
    RG_TRY(rg_model_layout(&sketch));
    return rg_plan_make(device, &sketch, options, &plan);
}
