/* The kernels of one layer: see layer.h. */
#include "engine/layer.h"

#include "model/cells.h"

enum { MIN_LOCAL = 4 };

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
    return rg_device_launch(
        net->device, &(struct rg_launch){.kernel = RG_K_rg_dropout,
                                         .buffers = {from, to},
                                         .args = &args,
                                         .groups = {rg_device_groups(net->device, rg_net_segment_rows(net), 64), 1}});
}

bool rg_layer_has_every_step(const struct rg_net *net, size_t layer) {
    return layer + 1 < net->plan.layers || net->buffers.read || net->plan.target_steps > 1;
}

rg_status rg_layer_reverse(struct rg_net *net, size_t layer, size_t direction, struct rg_span span,
                           struct rg_buffer *dout) {
    struct scan scan = {
        .launch = {.buffers = {net->buffers.out[layer], rg_net_or_unused(net, net->buffers.saved[layer][direction]),
                               net->buffers.packed, dout, rg_net_deltas(net, layer, direction), net->buffers.carry,
                               net->buffers.begin, net->buffers.gate[layer][direction]}},
        .args = scan_args(net, layer, direction, span, true),
        .reverse = true};
    scan.args.every_step = rg_layer_has_every_step(net, layer);
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
