/* The kernels of one layer: see layer.h. */
#include "engine/layer.h"
#include "model/cells.h"

enum {
    BLOCK_ROWS = 8,
    MIN_LOCAL = 4,
    PART_TOKENS = 16384 /* of a share of the words: a group sums them one after the other */
};

struct scan_kernels {
    enum rg_kernel forward, reverse;
};

#define SCANS(A, name, NAME, ...) [RG_CELL_##NAME] = {RG_K_rg_##name##_forward, RG_K_rg_##name##_reverse},
#define LEARNED(A, name, NAME, ...) \
    [RG_CELL_##NAME] = {RG_K_rg_##name##_learned_forward, RG_K_rg_##name##_learned_reverse},
static const struct scan_kernels scans[RG_N_CELLS] = {RG_CELLS(SCANS, )};
static const struct scan_kernels learned_scans[RG_N_CELLS] = {RG_CELLS(LEARNED, )};

static const struct scan_kernels *kernels_of(const struct rg_net *net) {
    return (rg_plan_learned(&net->plan) ? learned_scans : scans) + net->model->shape.cell;
}

size_t rg_layer_offset(const struct rg_net *net, size_t layer, size_t direction, enum rg_role role) {
    return net->model->parameters[rg_model_parameter(net->model, layer, direction, role)].offset;
}

/* Units of a panel of the forward scan. A panel of the gru and the lstm has one vector for each gate. */
static size_t forward_panel(const struct rg_net *net) {
    const size_t panel = rg_device_panel(net->device);
    return net->plan.gates == 1 ? panel : panel / (size_t)net->device->info.nv;
}

/* A matrix [G*H][columns] for the forward scan. */
static struct rg_pack_job forward_job(const struct rg_net *net, size_t source, size_t target, size_t columns) {
    const struct rg_plan *const p = &net->plan;
    const size_t width = forward_panel(net);
    return (struct rg_pack_job){.source = source,
                                .source2 = RG_NO_SOURCE,
                                .target = target,
                                .stride_k = 1,
                                .stride_g = p->hidden * columns,
                                .stride_u = columns,
                                .depth = (rg_u32)columns,
                                .gates = (rg_u32)p->gates,
                                .all_gates = (rg_u32)p->gates,
                                .units = (rg_u32)p->hidden,
                                .padded = (rg_u32)p->h_stride,
                                .width = (rg_u32)width,
                                .tf32 = 1};
}

/* The same matrix transposed, for what runs backward. `scan`: for a scan, which has H columns. */
static struct rg_pack_job reverse_job(const struct rg_net *net, size_t source, size_t target, size_t columns,
                                      bool scan) {
    const struct rg_plan *const p = &net->plan;
    const size_t width = rg_device_panel(net->device);
    return (struct rg_pack_job){.source = source,
                                .source2 = RG_NO_SOURCE,
                                .target = target,
                                .stride_k = columns,
                                .stride_u = 1,
                                .depth = (rg_u32)(p->gates * p->hidden),
                                .gates = 1,
                                .all_gates = 1,
                                .units = (rg_u32)columns,
                                .padded = (rg_u32)(scan ? p->h_stride : rg_round_up(columns, width)),
                                .width = (rg_u32)width,
                                .tf32 = scan};
}

/* Jobs for `gates` sums of biases, from gate `first` on. A sum has one bias or two. */
static struct rg_pack_job bias_job(const struct rg_net *net, size_t target, size_t first, size_t gates, size_t source,
                                   size_t source2) {
    const size_t width = forward_panel(net);
    return (struct rg_pack_job){.source = source,
                                .source2 = source2,
                                .target = target,
                                .stride_g = net->plan.hidden,
                                .stride_u = 1,
                                .depth = 1,
                                .gates = (rg_u32)gates,
                                .all_gates = (rg_u32)(net->plan.gates == 1 ? 1 : net->plan.deltas),
                                .first_gate = (rg_u32)first,
                                .units = (rg_u32)net->plan.hidden,
                                .padded = (rg_u32)net->plan.h_stride,
                                .width = (rg_u32)width};
}

/* `units` numbers as they stand, and zeros up to `padded`. */
static struct rg_pack_job vector_job(const struct rg_net *net, size_t source, size_t target, size_t units,
                                     size_t padded) {
    return (struct rg_pack_job){.source = source,
                                .source2 = RG_NO_SOURCE,
                                .target = target,
                                .stride_u = 1,
                                .depth = 1,
                                .gates = 1,
                                .all_gates = 1,
                                .units = (rg_u32)units,
                                .padded = (rg_u32)padded,
                                .width = (rg_u32)rg_device_panel(net->device)};
}

size_t rg_layer_pack_jobs(const struct rg_net *net, size_t layer, size_t direction,
                          struct rg_pack_job jobs[RG_MAX_JOBS]) {
    const struct rg_plan *const p = &net->plan;
    const struct rg_plan_direction *const to = &p->layer[layer].directions[direction];
    const size_t ih = rg_layer_offset(net, layer, direction, RG_ROLE_WEIGHT_IH);
    const size_t hh = rg_layer_offset(net, layer, direction, RG_ROLE_WEIGHT_HH);
    const size_t b_ih = rg_layer_offset(net, layer, direction, RG_ROLE_BIAS_IH);
    const size_t b_hh = rg_layer_offset(net, layer, direction, RG_ROLE_BIAS_HH);
    const bool apart = p->deltas > p->gates; /* the last gate's biases are not summed */
    const size_t together = p->gates - (apart ? 1 : 0);
    size_t n = 0;
    jobs[n++] = forward_job(net, ih, to->ih, p->layer[layer].inputs);
    jobs[n++] = forward_job(net, hh, to->hh, p->hidden);
    jobs[n++] = reverse_job(net, hh, to->hh_reverse, p->hidden, true);
    jobs[n++] = bias_job(net, to->bias, 0, together, b_ih, b_hh);
    if (apart) {
        const size_t last = together * p->hidden;
        jobs[n++] = bias_job(net, to->bias, together, 1, b_ih + last, RG_NO_SOURCE);
        jobs[n++] = bias_job(net, to->bias, together + 1, 1, b_hh + last, RG_NO_SOURCE);
    }
    if (rg_plan_has_skip(p, RG_SKIP_ADD)) {
        const size_t sh = rg_layer_offset(net, layer, direction, RG_ROLE_WEIGHT_SH);
        jobs[n++] = forward_job(net, sh, to->sh, p->hidden);
        jobs[n++] = reverse_job(net, sh, to->sh_reverse, p->hidden, true);
    }
    if (rg_plan_learned(p)) {
        const size_t uh = rg_layer_offset(net, layer, direction, RG_ROLE_WEIGHT_UH);
        const size_t b_uh = rg_layer_offset(net, layer, direction, RG_ROLE_BIAS_UH);
        jobs[n++] = vector_job(net, uh, to->gate, p->hidden, p->h_stride);
        jobs[n++] = vector_job(net, b_uh, to->gate + p->h_stride, 1, rg_device_panel(net->device));
    }
    if (layer > 0 || p->words) {
        jobs[n++] = reverse_job(net, ih, to->ih_reverse, p->layer[layer].inputs, false);
    }
    return n;
}

/* Steps [begin, end) as the direction's scan counts them. */
static struct rg_span orders(const struct rg_plan *p, size_t direction, struct rg_span span) {
    return direction == 1 ? (struct rg_span){p->steps - span.end, p->steps - span.begin} : span;
}

/* The budget's part of the slope of a gate whose step is not skipped. A sample of the lag profile scales the loss.
 * Where every step has an output, the sample takes the loss of one step, which has no part of the budget. */
static double budget_of(const struct rg_net *net) {
    const bool part = net->probe != RG_NO_PROBE && net->plan.target_steps > 1;
    return part ? 0.0 : net->loss_scale * net->options.skip_budget / (double)net->plan.batch;
}

static struct rg_scan_args scan_args(const struct rg_net *net, size_t layer, size_t direction, struct rg_span span,
                                     bool reverse) {
    const struct rg_plan *const p = &net->plan;
    const struct rg_plan_direction *const from = &p->layer[layer].directions[direction];
    const double budget = budget_of(net);
    const struct rg_span order = orders(p, direction, span);
    return (struct rg_scan_args){
        .rows = net->chunk.rows,
        .steps = p->steps,
        .from = order.begin,
        .to = order.end,
        .base = net->base,
        .initial_at = p->alloc_steps,
        .w_input = from->ih,
        .w_hidden = reverse ? from->hh_reverse : from->hh,
        .w_skip = reverse ? from->sh_reverse : from->sh,
        .bias = from->bias,
        .skip = p->skip,
        .w_gate = from->gate,
        .inputs = (rg_u32)p->layer[layer].inputs,
        .x_stride = (rg_u32)p->layer[layer].x_stride,
        .hidden = (rg_u32)p->hidden,
        .h_stride = (rg_u32)p->h_stride,
        .out_stride = (rg_u32)p->out_stride,
        .d_stride = (rg_u32)p->d_stride,
        .out_column = (rg_u32)(direction * p->hidden),
        .tile = (rg_u32)p->tile,
        .activation = (rg_u32)net->model->shape.activation,
        .ragged = net->chunk.source->ragged,
        .backward = direction == 1,
        .initial = p->initial,
        .skip_kind = p->skip == 0                      ? RG_SKIP_NONE
                     : p->skip_kind == RG_SKIP_DILATED ? RG_SKIP_IS_DILATED
                     : p->skip_kind == RG_SKIP_LEARNED ? RG_SKIP_IS_LEARNED
                                                       : RG_SKIP_IS_ADD,
        .budget = (float)budget,
        .budget_rest = (float)(budget - (double)(float)budget),
    };
}

/* Of a scan that keeps rows `width` wide, 0 for none. */
static size_t scan_local_bytes(const struct rg_net *net, size_t width) {
    const size_t sums = rg_plan_learned(&net->plan) ? (size_t)net->device->info.cols : 0; /* of each row's items */
    const size_t states =
        width ? RG_TILE_NUMBERS(rg_device_items(net->device), net->plan.tile, width, (size_t)net->device->info.vec) : 0;
    return rg_max(2 * states + sums * net->plan.tile, MIN_LOCAL) * net->plan.real_bytes;
}

void rg_layer_scan(const struct rg_net *net, bool reverse, struct rg_launch *launch) {
    const struct rg_plan *const p = &net->plan;
    const struct rg_plan_group *const shape = reverse ? &p->reverse : &p->forward;
    const size_t items = rg_device_items(net->device);
    const bool local = reverse ? RG_DELTAS_ARE_LOCAL(items, p->gates) : RG_STATES_ARE_LOCAL(items);
    launch->kernel = reverse ? kernels_of(net)->reverse : kernels_of(net)->forward;
    launch->item_rows = shape->item_rows;
    launch->block_rows = shape->block_rows;
    launch->local_bytes = scan_local_bytes(net, local ? p->h_stride : 0);
}

struct scan {
    struct rg_launch launch;
    struct rg_scan_args args;
    bool reverse;
};

/* Launch steps of a scan: at once, or one by one if work-groups share the units of a step. */
static rg_status launch_steps(struct rg_net *net, void *self, struct rg_span steps, struct rg_span rows) {
    const struct scan *const scan = self;
    const size_t each = net->plan.groups_per_tile > 1 ? 1 : steps.end - steps.begin;
    struct rg_scan_args args = scan->args;
    struct rg_launch launch = scan->launch;
    launch.args = &args;
    launch.groups[0] = rg_divide_up(rows.end - rows.begin, net->plan.tile);
    args.first_row = rows.begin;
    for (size_t done = steps.begin; done < steps.end; done += each) {
        args.from = scan->reverse ? scan->args.to - done - each : scan->args.from + done;
        args.to = args.from + each;
        RG_TRY(rg_device_launch(net->device, &launch));
    }
    return RG_OK;
}

static rg_status launch_scan(struct rg_net *net, size_t layer, struct scan *scan) {
    const struct rg_plan *const p = &net->plan;
    rg_layer_scan(net, scan->reverse, &scan->launch);
    scan->launch.groups[1] = p->groups_per_tile;
    const struct rg_area area = {scan->reverse ? RG_WORK_REVERSE : RG_WORK_FORWARD, layer,
                                 (size_t)(scan->args.to - scan->args.from), (size_t)scan->args.rows, p->tile};
    return rg_in_area(net, &area, launch_steps, scan);
}

struct rg_buffer *rg_layer_inputs(const struct rg_net *net, size_t layer) {
    return layer == 0                        ? net->buffers.x
           : net->buffers.dropped[layer - 1] ? net->buffers.dropped[layer - 1]
                                             : net->buffers.out[layer - 1];
}

rg_status rg_layer_forward(struct rg_net *net, size_t layer, size_t direction) {
    struct scan scan = {
        .launch = {.buffers = {rg_layer_inputs(net, layer), net->buffers.packed, net->buffers.out[layer],
                               rg_net_or_unused(net, net->buffers.saved[layer][direction]), net->buffers.begin,
                               net->buffers.gate[layer][direction]}},
        .args = scan_args(net, layer, direction, net->segment, false)};
    return launch_scan(net, layer, &scan);
}

/* Rows (t, b) of the chunk in the segment. */
static size_t segment_rows(const struct rg_net *net) {
    return (net->segment.end - net->segment.begin) * net->chunk.rows;
}

rg_status rg_layer_dropout(struct rg_net *net, size_t layer, struct rg_buffer *from, struct rg_buffer *to) {
    const struct rg_dropout_args args = {.rows = net->chunk.rows,
                                         .first_row = net->chunk.first_row,
                                         .from = net->segment.begin,
                                         .to = net->segment.end,
                                         .base = net->base,
                                         .update = net->chunk.update,
                                         .seed_low = (rg_u32)net->options.seed,
                                         .seed_high = (rg_u32)(net->options.seed >> 32),
                                         .layer = (rg_u32)layer,
                                         .stride = (rg_u32)net->plan.out_stride,
                                         .probability = (float)net->options.dropout};
    return rg_device_launch(net->device,
                            &(struct rg_launch){.kernel = RG_K_rg_dropout,
                                                .buffers = {from, to},
                                                .args = &args,
                                                .groups = {rg_device_groups(net->device, segment_rows(net), 64), 1}});
}

/* One of a direction's two initial states, `buffer` or zeros, to element `target` of rows of `to`. */
static rg_status launch_initial(struct rg_net *net, const struct rg_layer_states *states, struct rg_buffer *buffer,
                                struct rg_buffer *to, struct rg_initial_args args) {
    args.at = net->plan.alloc_steps;
    args.hidden = (rg_u32)net->plan.hidden;
    args.h_stride = (rg_u32)net->plan.h_stride;
    args.source *= states->n * net->plan.hidden;
    args.absent = buffer == NULL;
    return rg_device_launch(
        net->device,
        &(struct rg_launch){.kernel = RG_K_rg_initial,
                            .buffers = {rg_net_or_unused(net, buffer), states->index, net->buffers.begin, to},
                            .args = &args,
                            .groups = {rg_device_groups(net->device, args.rows, 64), 1}});
}

rg_status rg_layer_initial(struct rg_net *net, size_t layer, const struct rg_layer_states *states, size_t first_row,
                           size_t rows) {
    const struct rg_plan *const p = &net->plan;
    for (size_t d = 0; d < p->directions; d++) { /* in this order, as the forward scans */
        struct rg_initial_args args = {.rows = rows,
                                       .first_row = first_row,
                                       .source = (states->part * p->layers + layer) * p->directions + d,
                                       .target = d * p->hidden,
                                       .stride = (rg_u32)p->out_stride,
                                       .backward = d == 1};
        RG_TRY(launch_initial(net, states, states->h_0, net->buffers.out[layer], args));
        if (rg_cell_has_c(net->model->shape.cell)) {
            args.target = rg_cells[net->model->shape.cell].past * p->h_stride;
            args.stride = (rg_u32)p->d_stride;
            RG_TRY(launch_initial(net, states, states->c_0, net->buffers.saved[layer][d], args));
        }
    }
    return RG_OK;
}

static rg_status launch_final(struct rg_net *net, struct rg_buffer *from, struct rg_buffer *states,
                              const struct rg_initial_args *args) {
    return rg_device_launch(net->device,
                            &(struct rg_launch){.kernel = RG_K_rg_final,
                                                .buffers = {from, states},
                                                .args = args,
                                                .groups = {rg_device_groups(net->device, args->rows, 64), 1}});
}

rg_status rg_layer_final(struct rg_net *net, size_t layer, size_t part, size_t first_row, size_t rows) {
    const struct rg_plan *const p = &net->plan;
    for (size_t d = 0; d < p->directions; d++) {
        struct rg_initial_args args = {.rows = rows,
                                       .first_row = first_row,
                                       .at = p->steps - 1 - net->base,
                                       .source =
                                           ((part * p->layers + layer) * p->directions + d) * p->batch * p->hidden,
                                       .target = d * p->hidden,
                                       .stride = (rg_u32)p->out_stride,
                                       .hidden = (rg_u32)p->hidden,
                                       .h_stride = (rg_u32)p->h_stride};
        RG_TRY(launch_final(net, net->buffers.out[layer], net->buffers.carried_h, &args));
        if (net->buffers.carried_c) {
            args.target = rg_cells[net->model->shape.cell].past * p->h_stride;
            args.stride = (rg_u32)p->d_stride;
            RG_TRY(launch_final(net, net->buffers.saved[layer][d], net->buffers.carried_c, &args));
        }
    }
    return RG_OK;
}

static rg_status launch_initial_rows(struct rg_net *net, void *self, struct rg_span steps, struct rg_span rows) {
    struct rg_launch launch = *(const struct rg_launch *)self;
    struct rg_initial_gradient_args args = *(const struct rg_initial_gradient_args *)launch.args;
    (void)steps;
    args.begin = rows.begin;
    args.end = rows.end;
    launch.args = &args;
    launch.groups[0] = rg_device_groups(net->device, rows.end - rows.begin, BLOCK_ROWS);
    launch.groups[1] = 1;
    return rg_device_launch(net->device, &launch);
}

/* Does dL/dout of a layer have every step? Else it has only the last one. */
static bool has_every_step(const struct rg_net *net, size_t layer) {
    return layer + 1 < net->plan.layers || net->buffers.read || net->plan.target_steps > 1;
}

rg_status rg_layer_initial_gradient(struct rg_net *net, size_t layer, size_t direction, struct rg_buffer *dout) {
    const size_t rows = net->chunk.rows;
    const struct rg_plan *const p = &net->plan;
    const struct rg_plan_direction *const from = &p->layer[layer].directions[direction];
    if (!net->buffers.dh_0) {
        return RG_OK;
    }
    const struct rg_initial_gradient_args args = {
        .rows = rows,
        .steps = p->steps,
        .from = net->segment.begin,
        .to = net->segment.end,
        .base = net->base,
        .dh_row = has_every_step(net, layer) ? p->steps - 1 - net->base : 0,
        .target = ((layer * p->directions + direction) * p->batch + net->chunk.first_row) * p->h_stride,
        .w_hidden = from->hh_reverse,
        .w_skip = from->sh_reverse,
        .back = rg_plan_has_skip(p, RG_SKIP_DILATED) ? p->skip : 1,
        .skip = rg_plan_has_skip(p, RG_SKIP_ADD) ? p->skip : 0,
        .gates = (rg_u32)p->gates,
        .deltas = (rg_u32)p->deltas,
        .hidden = (rg_u32)p->hidden,
        .h_stride = (rg_u32)p->h_stride,
        .out_stride = (rg_u32)p->out_stride,
        .column = (rg_u32)(direction * p->hidden),
        .d_stride = (rg_u32)p->d_stride,
        .backward = direction == 1,
        .carries = rg_cells[net->model->shape.cell].carries,
    };
    struct rg_launch launch = {.kernel = RG_K_rg_initial_gradient,
                               .buffers = {rg_net_deltas(net, layer, direction), net->buffers.packed, dout,
                                           net->buffers.carry, net->buffers.begin, net->buffers.dh_0,
                                           net->buffers.dc_0},
                               .args = &args};
    return rg_in_area(net, &(struct rg_area){RG_WORK_INITIAL, layer, 1, rows, BLOCK_ROWS}, launch_initial_rows,
                      &launch);
}

rg_status rg_layer_reverse(struct rg_net *net, size_t layer, size_t direction, struct rg_span span,
                           struct rg_buffer *dout) {
    struct scan scan = {
        .launch = {.buffers = {net->buffers.out[layer], rg_net_or_unused(net, net->buffers.saved[layer][direction]),
                               net->buffers.packed, dout, rg_net_deltas(net, layer, direction), net->buffers.carry,
                               net->buffers.begin, net->buffers.gate[layer][direction]}},
        .args = scan_args(net, layer, direction, span, true),
        .reverse = true};
    scan.args.every_step = has_every_step(net, layer);
    return launch_scan(net, layer, &scan);
}

rg_status rg_layer_input_gradient(struct rg_net *net, size_t layer, struct rg_span rows, struct rg_buffer *dx) {
    const struct rg_plan *const p = &net->plan;
    const struct rg_input_gradient_args args = {
        .first = rows.begin,
        .rows = rows.end - rows.begin,
        .w_reverse = {p->layer[layer].directions[0].ih_reverse, p->layer[layer].directions[1].ih_reverse},
        .directions = (rg_u32)p->directions,
        .gates = (rg_u32)p->gates,
        .hidden = (rg_u32)p->hidden,
        .h_stride = (rg_u32)p->h_stride,
        .d_stride = (rg_u32)p->d_stride,
        .out_stride = (rg_u32)(layer > 0 ? p->out_stride : p->dx_stride),
        .panels = (rg_u32)rg_divide_up(p->layer[layer].inputs, rg_device_panel(net->device)),
        .tile = 64,
    };
    return rg_device_launch(net->device, &(struct rg_launch){.kernel = RG_K_rg_input_gradient,
                                                             .buffers = {rg_net_deltas(net, layer, 0),
                                                                         rg_net_deltas(net, layer, p->directions - 1),
                                                                         net->buffers.packed, dx},
                                                             .args = &args,
                                                             .groups = {rg_divide_up(args.rows, args.tile), 1}});
}

static struct rg_embed_args embed_args(const struct rg_net *net) {
    const struct rg_plan *const p = &net->plan;
    return (struct rg_embed_args){.rows = net->chunk.rows,
                                  .steps = p->steps,
                                  .from = net->segment.begin,
                                  .to = net->segment.end,
                                  .base = net->base,
                                  .slices = p->sum_slices,
                                  .accum_steps = p->accum_steps,
                                  .table = net->model->parameters[rg_model_embed(net->model)].offset,
                                  .words = (rg_u32)p->words,
                                  .width = (rg_u32)p->inputs,
                                  .block = (rg_u32)p->block};
}

rg_status rg_layer_embed(struct rg_net *net) {
    struct rg_embed_args args = embed_args(net);
    args.stride = (rg_u32)net->plan.layer[0].x_stride;
    return rg_device_launch(net->device,
                            &(struct rg_launch){.kernel = RG_K_rg_embed,
                                                .buffers = {net->buffers.words, net->buffers.weights, net->buffers.x},
                                                .args = &args,
                                                .groups = {rg_device_groups(net->device, segment_rows(net), 64), 1}});
}

/* Ranges [done, done + n) of the tokens: count, or put in order. */
static rg_status launch_ranges(struct rg_net *net, enum rg_kernel kernel, const struct rg_embed_args *ranges,
                               size_t done, size_t n) {
    struct rg_embed_args args = *ranges;
    args.first = (rg_u32)done;
    return rg_device_launch(
        net->device, &(struct rg_launch){.kernel = kernel,
                                         .buffers = {net->buffers.words, net->buffers.sorting, net->buffers.order},
                                         .args = &args,
                                         .groups = {n, 1}});
}

static rg_status launch_counts(struct rg_net *net, void *self, size_t done, size_t n) {
    return launch_ranges(net, RG_K_rg_embed_count, self, done, n);
}

static rg_status launch_orders(struct rg_net *net, void *self, size_t done, size_t n) {
    return launch_ranges(net, RG_K_rg_embed_order, self, done, n);
}

/* Unit u is part u / shares of share u % shares of the table. */
static rg_status launch_shares(struct rg_net *net, void *self, size_t done, size_t n) {
    struct rg_embed_args args = *(const struct rg_embed_args *)self;
    args.first = (rg_u32)(done % args.shares);
    args.part = (rg_u32)(done / args.shares);
    args.part_end = args.part + (rg_u32)rg_divide_up(n, args.shares);
    n = rg_min(n, args.shares);
    return rg_device_launch(net->device,
                            &(struct rg_launch){.kernel = RG_K_rg_embed_gradient,
                                                .buffers = {net->buffers.words, net->buffers.dx, net->buffers.sorting,
                                                            net->buffers.order, net->buffers.gradients},
                                                .args = &args,
                                                .groups = {n, 1}});
}

rg_status rg_layer_embed_gradient(struct rg_net *net, bool accumulate) {
    const struct rg_plan *const p = &net->plan;
    struct rg_embed_args args = embed_args(net);
    args.stride = (rg_u32)p->dx_stride;
    args.accumulate = accumulate;
    args.ranges = (rg_u32)p->word_ranges;
    args.shares = (rg_u32)p->word_shares;
    args.parts = (rg_u32)rg_divide_up(segment_rows(net), PART_TOKENS);
    const struct rg_cut counts = {RG_WORK_EMBED_COUNT, 0, p->word_ranges, 1};
    RG_TRY(rg_in_pieces(net, &counts, launch_counts, &args));
    const struct rg_cut orders = {RG_WORK_EMBED_ORDER, 0, p->word_ranges, 1};
    RG_TRY(rg_in_pieces(net, &orders, launch_orders, &args));
    const struct rg_cut sums = {RG_WORK_EMBED_GRADIENT, 0, p->word_shares * args.parts, p->word_shares};
    return rg_in_pieces(net, &sums, launch_shares, &args);
}
