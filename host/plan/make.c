/* Makes a plan: see plan.h. */
#include "base/sizes.h"
#include "kernels/base/args.h"
#include "model/cells.h"
#include "model/layout.h"
#include "plan/chunk.h"
#include "plan/groups.h"
#include "plan/plan.h"
#include "plan/tile.h"
#include "rnn_gpu/memory.h"

enum {
    MIN_GROUPS = 32,       /* work-groups of a weight gradient: with fewer, some of 32 processors would be idle */
    GPU_BLOCKS = 16384,    /* blocks of RG_OUTER_ROWS rows k in all slices together: one for each item row of a GPU */
    GPU_SLICES = 128,      /* most slices on a GPU */
    GPU_HEAD_PARTS = 32,   /* most parts of the batch in the head's gradient on a GPU */
    GPU_SLICE_ROWS = 64,   /* on a GPU what RG_SLICE_ROWS is elsewhere */
    NORM_ELEMENTS = 16384, /* of the gradient in one group of the norm */
    MAX_SHARES = 512,      /* shares of a table of words: into so many a range of tokens is sorted */
    MAX_RANGES = 256       /* ranges of tokens that are sorted */
};
static const uint64_t MAX_PARTIAL_BYTES = (uint64_t)128 << 20;
static size_t take(size_t *at, size_t elements) {
    const size_t offset = *at;
    *at += elements;
    return offset;
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

/* Choose the number of slices, so that a weight gradient has enough work-groups, and lay out the partial sums. On a CPU
 * a group takes whole panels of a slice or parts of them, on a GPU a few blocks. A part of a panel counts as a whole
 * one. */
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
    /* Short sequences get twice as many slices, so that a slice has one step or few. Slices of unequal length would
     * keep a GPU's units waiting for the longest. */
    const size_t blocks = p->steps <= GPU_SLICES ? 2 * GPU_BLOCKS : GPU_BLOCKS;
    const size_t wanted = gpu ? rg_min(GPU_SLICES, rg_divide_up(blocks, panels * rg_divide_up(rows, RG_OUTER_ROWS)))
                              : rg_divide_up(MIN_GROUPS, panels);
    const size_t enough = rg_divide_up(p->shard * p->steps, gpu ? GPU_SLICE_ROWS : RG_SLICE_ROWS);
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

/* Refuse sizes whose products could wrap, before any is formed. */
static rg_status check_sizes(const struct rg_plan *p, const struct rg_plan_options *options) {
    const size_t limit = RG_MAX_WIDTH;
    const size_t wide =
        rg_max(rg_max(p->inputs, p->hidden), rg_max(p->outputs, p->words)); /* words are kept as reals */
    const size_t steps = rg_max(p->steps, p->skip); /* states of so many steps are carried back */
    size_t product = 0;
    char text[RG_BATCH_TEXT];
    if (rg_max(p->inputs, p->words) >= limit) {
        return rg_fail(RG_NO_MEMORY, "%zu different words or features of a step are too many; below %zu are possible",
                       rg_max(p->inputs, p->words), limit);
    }
    if (p->outputs >= limit) {
        return rg_fail(RG_NO_MEMORY, "%zu classes or outputs are too many; below %zu are possible", p->outputs, limit);
    }
    if (wide >= limit || !rg_multiply(p->batch, steps, &product) || !rg_multiply(product, wide, &product) ||
        !rg_multiply(product, (size_t)64 * RG_MAX_LAYERS * p->real_bytes, &product)) {
        return rg_fail(RG_NO_MEMORY,
                       "%s, --%s %zu, --hidden %zu, %zu inputs and %zu outputs are more than a machine can address",
                       rg_plan_batch_text(options, p->batch, text), p->skip > p->steps ? "skip" : "steps", steps,
                       p->hidden, p->inputs, p->outputs);
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
    const size_t panel = rg_device_panel(device), pad = rg_plan_line_pad(&device->info);
    const size_t groups = RG_GROUPS_A_UNIT * (size_t)device->info.units;
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
    RG_TRY(rg_chunk_plan(plan, &device->info, options));
    return rg_tile_plan(plan, device);
}

rg_status rg_plan_check(const struct rg_device *device, const struct rg_shape *shape,
                        const struct rg_plan_options *options, struct rg_plan *plan) {
    struct rg_model sketch = {.shape = *shape};
    RG_TRY(rg_model_layout(&sketch));
    return rg_plan_make(device, &sketch, options, plan);
}
