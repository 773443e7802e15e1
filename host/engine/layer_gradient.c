/* Weight gradients: see layer.h. */
#include "engine/layer.h"
#include "model/cells.h"
#include "plan/groups.h"

/* Blocks of the list for all partial sums of a launch. */
static size_t list_blocks(const struct rg_weight_gradient_args *args) {
    return (size_t)args->blocks * args->n_slices * args->parts;
}

/* Unit u is slice u % slices of block u / slices. */
static rg_status launch_units(struct rg_net *net, void *self, size_t done, size_t n) {
    struct rg_launch launch = *(const struct rg_launch *)self;
    struct rg_weight_gradient_args args = *(const struct rg_weight_gradient_args *)launch.args;
    const size_t slices = args.n_slices, block = done / slices, first = done % slices, here = rg_min(n, slices);
    const struct rg_span steps = rg_span_share((struct rg_span){args.begin, args.end}, slices, first, here);
    args.first_row = block * args.block;
    args.end_row = rg_min(args.rows, (block + rg_divide_up(n, slices)) * args.block);
    args.begin = steps.begin;
    args.end = steps.end;
    args.partial += first * args.slice_stride;
    args.n_slices = (rg_u32)here;
    args.accumulate = args.accumulate || block > 0;
    launch.args = &args;
    launch.groups[0] = here;
    if (rg_groups_list(&net->device->info)) {
        const size_t item_rows = rg_launch_items(net->device, &launch) / (size_t)net->device->info.cols;
        launch.groups[0] = rg_divide_up(list_blocks(&args), item_rows);
    }
    return rg_device_launch(net->device, &launch);
}

/* Where item rows take blocks out of a list, as many of them as fit its length; elsewhere the launch stays. */
static void shape_launch(const struct rg_net *net, struct rg_launch *launch) {
    const struct rg_device_info *const info = &net->device->info;
    if (!rg_groups_list(info)) {
        return;
    }
    const int item_rows = rg_groups_list_rows(info, list_blocks(launch->args));
    launch->groups[1] = 1;
    launch->item_rows = item_rows == info->rows ? 0 : item_rows;
    launch->block_rows = item_rows == info->rows ? 0 : RG_OUTER_ROWS;
}

rg_status rg_layer_launch_gradient(struct rg_net *net, enum rg_work work, size_t layer,
                                   const struct rg_launch *launch) {
    struct rg_weight_gradient_args args = *(const struct rg_weight_gradient_args *)launch->args;
    struct rg_launch shaped = *launch;
    const struct rg_cut cut = {work, layer, args.n_slices * rg_divide_up(args.rows, args.block), args.n_slices};
    args.blocks = (rg_u32)rg_groups_blocks(&args, rg_device_panel(net->device));
    shaped.args = &args;
    shape_launch(net, &shaped);
    return rg_in_pieces(net, &cut, launch_units, &shaped);
}

/* Fill in the sources of a direction's weight gradient: what W_hh, W_ih and, with an added skip, W_sh multiply. Returns
 * their number. */
static rg_u32 fill_sources(const struct rg_plan *p, size_t layer, size_t direction,
                           struct rg_gradient_source sources[RG_MAX_SOURCES]) {
    /* W_ih has no part in the last delta, and W_hh none in the one before it */
    const bool apart = p->deltas > p->gates;
    const rg_u32 input_gap = apart ? (rg_u32)p->deltas - 1 : RG_NO_GATE;
    const rg_u32 hidden_gap = apart ? (rg_u32)p->deltas - 2 : RG_NO_GATE;
    const struct rg_gradient_source states = {.offset = direction * p->hidden,
                                              .shift = rg_plan_has_skip(p, RG_SKIP_DILATED) ? p->skip : 1,
                                              .later = direction == 1,
                                              .buffer = RG_FROM_STATES,
                                              .depth = (rg_u32)p->hidden,
                                              .stride = (rg_u32)p->out_stride,
                                              .skip_gate = hidden_gap,
                                              .initial = p->initial};
    sources[0] = states;
    sources[1] = (struct rg_gradient_source){.buffer = RG_FROM_INPUTS,
                                             .depth = (rg_u32)p->layer[layer].inputs,
                                             .stride = (rg_u32)p->layer[layer].x_stride,
                                             .skip_gate = input_gap,
                                             .sums = 1};
    if (!rg_plan_has_skip(p, RG_SKIP_ADD)) {
        return 2;
    }
    sources[2] = states;
    sources[2].shift = p->skip;
    sources[2].skip_gate = input_gap;
    return 3;
}

rg_status rg_layer_gradient(struct rg_net *net, size_t layer, size_t direction, const struct rg_layer_parts *parts) {
    const struct rg_plan *const p = &net->plan;
    const size_t panels = p->deltas * (p->h_stride / rg_device_panel(net->device)),
                 across = rg_divide_up(RG_GROUPS_A_UNIT * (size_t)net->device->info.units, parts->n);
    const size_t panel_parts = rg_max(1, rg_min(rg_divide_up(across, panels), p->hidden / RG_CPU_BLOCK_ROWS));
    struct rg_weight_gradient_args args = {
        .rows = net->chunk.rows,
        .steps = p->steps,
        .begin = parts->span.begin,
        .end = parts->span.end,
        .base = net->base,
        .initial_at = p->alloc_steps,
        .accum_steps = p->accum_steps,
        .rising = direction == 1,
        .slice_stride = rg_plan_term(p, layer),
        .partial = p->layer[layer].directions[direction].partial + parts->first * rg_plan_term(p, layer),
        .n_slices = (rg_u32)parts->n,
        .n = (rg_u32)p->d_width,
        .d_stride = (rg_u32)p->d_stride,
        .gate_width = (rg_u32)p->h_stride,
        .accumulate = parts->accumulate,
        .block = (rg_u32)p->block,
        .parts = rg_groups_list(&net->device->info) ? 1 : (rg_u32)panel_parts,
    };
    args.n_sources = fill_sources(p, layer, direction, args.sources);
    const struct rg_launch launch = {.kernel = RG_K_rg_weight_gradient,
                                     .buffers = {net->buffers.out[layer], rg_layer_inputs(net, layer),
                                                 rg_net_deltas(net, layer, direction), net->buffers.partial},
                                     .args = &args,
                                     .groups = {parts->n, rg_min(across, panels * args.parts)}};
    return rg_layer_launch_gradient(net, RG_WORK_GRADIENT, layer, &launch);
}

/* Slices [done, done + n) of an update gate's. */
static rg_status launch_gate_slices(struct rg_net *net, void *self, size_t done, size_t n) {
    struct rg_launch launch = *(const struct rg_launch *)self;
    struct rg_gate_gradient_args args = *(const struct rg_gate_gradient_args *)launch.args;
    const struct rg_span steps = rg_span_share((struct rg_span){args.begin, args.end}, launch.groups[0], done, n);
    args.begin = steps.begin;
    args.end = steps.end;
    args.partial += done * (args.width + 1);
    launch.args = &args;
    launch.groups[0] = n;
    return rg_device_launch(net->device, &launch);
}

rg_status rg_layer_gate_gradient(struct rg_net *net, size_t layer, size_t direction,
                                 const struct rg_layer_parts *parts) {
    const struct rg_plan *const p = &net->plan;
    if (!rg_plan_learned(p)) {
        return RG_OK;
    }
    const struct rg_cell_row *const cell = &rg_cells[net->model->shape.cell];
    const bool reads_c = cell->states > 1;
    const struct rg_gate_gradient_args args = {
        .rows = net->chunk.rows,
        .begin = parts->span.begin,
        .end = parts->span.end,
        .base = net->base,
        .accum_steps = p->accum_steps,
        .rising = direction == 1,
        .offset = reads_c ? cell->past * p->h_stride : direction * p->hidden,
        .stride = reads_c ? p->d_stride : p->out_stride,
        .partial = p->layer[layer].directions[direction].gate_partial + parts->first * (p->h_stride + 1),
        .width = (rg_u32)p->h_stride,
        .block = (rg_u32)p->block,
        .accumulate = parts->accumulate,
    };
    struct rg_buffer *const states = reads_c ? net->buffers.saved[layer][direction] : net->buffers.out[layer];
    struct rg_launch launch = {.kernel = RG_K_rg_gate_gradient,
                               .buffers = {states, net->buffers.gate[layer][direction], net->buffers.partial},
                               .args = &args,
                               .groups = {parts->n, 1}};
    const struct rg_cut cut = {RG_WORK_GATE_GRADIENT, layer, parts->n, 1};
    return rg_in_pieces(net, &cut, launch_gate_slices, &launch);
}

size_t rg_layer_reduce_jobs(const struct rg_net *net, size_t layer, size_t direction,
                            struct rg_reduce_job jobs[RG_MAX_JOBS]) {
    const struct rg_plan *const p = &net->plan;
    const size_t inputs = p->layer[layer].inputs, last = (p->gates - 1) * p->h_stride;
    const size_t last_hidden = (p->deltas - 1) * p->h_stride; /* where W_hh finds the delta of its last gate */
    const struct rg_reduce_job job = {.source = p->layer[layer].directions[direction].partial,
                                      .slice_stride = rg_plan_term(p, layer),
                                      .n_slices = (rg_u32)p->sum_slices,
                                      .gates = (rg_u32)p->gates,
                                      .units = (rg_u32)p->hidden,
                                      .stride = (rg_u32)p->h_stride,
                                      .n = (rg_u32)p->d_width};
    const struct {
        size_t columns, k0, last;
    } where[] = {
        [RG_ROLE_WEIGHT_IH] = {inputs, p->hidden, last},
        [RG_ROLE_WEIGHT_HH] = {p->hidden, 0, last_hidden},
        [RG_ROLE_BIAS_IH] = {1, p->hidden + inputs, last},
        [RG_ROLE_BIAS_HH] = {1, p->hidden + inputs, last_hidden},
        [RG_ROLE_WEIGHT_SH] = {p->hidden, p->hidden + inputs + 1, last},
    };
    size_t n = rg_plan_has_skip(p, RG_SKIP_ADD) ? RG_ROLE_WEIGHT_SH + 1 : RG_ROLE_WEIGHT_SH;
    for (size_t role = 0; role < n; role++) {
        jobs[role] = job;
        jobs[role].target = rg_layer_offset(net, layer, direction, (enum rg_role)role);
        jobs[role].columns = (rg_u32)where[role].columns;
        jobs[role].k0 = (rg_u32)where[role].k0;
        jobs[role].last_place = (rg_u32)where[role].last;
    }
    for (size_t role = RG_ROLE_WEIGHT_UH; rg_plan_learned(p) && role <= RG_ROLE_BIAS_UH; role++) {
        const bool bias = role == RG_ROLE_BIAS_UH;
        jobs[n++] = (struct rg_reduce_job){.target = rg_layer_offset(net, layer, direction, (enum rg_role)role),
                                           .source = p->layer[layer].directions[direction].gate_partial,
                                           .slice_stride = p->h_stride + 1,
                                           .n_slices = (rg_u32)p->sum_slices,
                                           .gates = 1,
                                           .units = 1,
                                           .n = 1,
                                           .columns = bias ? 1 : (rg_u32)p->hidden,
                                           .k0 = bias ? (rg_u32)p->h_stride : 0};
    }
    return n;
}
