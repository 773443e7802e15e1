/* Sizes of a run: see plan.h. */
#include "train/plan.h"

#include <string.h>

#include "args.h"
#include "rnn_gpu/memory.h"

enum {
    BLOCK_ROWS = 8,        /* kernels/sweep.cl */
    MIN_GROUPS = 32,       /* of a weight gradient: work for as many processors */
    NORM_ELEMENTS = 16384, /* of the gradient in one group of the norm */
    MAX_TILE = 64
};
static const uint64_t MAX_PARTIAL_BYTES = (uint64_t)128 << 20, UNKNOWN_CACHE = (uint64_t)16 << 20;

static size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }
static size_t divide_up(size_t n, size_t by) { return (n + by - 1) / by; }
static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static size_t most(size_t a, size_t b) { return a > b ? a : b; }

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

/* The chunk: as large as the cache, memory and the largest buffer allow, in whole blocks of the batch where possible. */
static rg_status plan_chunk(struct rg_plan *p, const struct rg_device *device, const struct rg_plan_options *options) {
    const struct rg_device_info *info = &device->info;
    const uint64_t memory = options->memory ? options->memory : info->memory_bytes / 10 * 9;
    const uint64_t widest = (uint64_t)p->steps * most(p->x_stride, options->training ? p->d_stride : p->h_stride) * sizeof(float);
    const uint64_t by_memory = memory > p->fixed_bytes ? (memory - p->fixed_bytes) / p->row_bytes : 0;
    const uint64_t by_buffer = info->max_buffer_bytes / widest;
    const uint64_t fitting = by_memory < by_buffer ? by_memory : by_buffer, cached = cached_rows(p, info);
    const uint64_t rows = fitting < cached ? fitting : cached;
    if (rows == 0) {
        const bool buffer = by_buffer == 0;
        const uint64_t need = buffer ? widest : p->fixed_bytes + p->row_bytes;
        const uint64_t limit = buffer ? info->max_buffer_bytes : memory;
        const uint64_t room = buffer ? limit : limit > p->fixed_bytes ? limit - p->fixed_bytes : 0;
        const uint64_t per_step = most((size_t)((buffer ? widest : p->row_bytes) / p->steps), 1);
        return rg_fail(RG_NO_MEMORY,
                       "one sequence of %zu steps needs %.1f MiB on %s, %s is %.1f MiB; at most --steps %llu fits with "
                       "--hidden %zu",
                       p->steps, (double)need / 1048576.0, info->name, buffer ? "its largest buffer" : "the limit",
                       (double)limit / 1048576.0, (unsigned long long)(room / per_step), p->hidden);
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
        return rg_fail(RG_NO_MEMORY, "--hidden %zu needs %zu bytes of local memory for one sequence, %s has %zu; at most --hidden %zu fits",
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
        !rg_multiply(p->batch, p->steps, &product) || !rg_multiply(product, most(p->hidden, p->inputs) * 64, &product)) {
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
