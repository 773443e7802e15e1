/* The states in which sequences start and end, and the gradient at them: see layer.h. */
#include "engine/layer.h"
#include "model/cells.h"

enum { GROUP_ROWS = 8 }; /* most sequences of a work-group of rg_initial_gradient */

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
    launch.groups[0] = rg_device_groups(net->device, rows.end - rows.begin, GROUP_ROWS);
    launch.groups[1] = 1;
    return rg_device_launch(net->device, &launch);
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
        .dh_row = rg_layer_has_every_step(net, layer) ? p->steps - 1 - net->base : 0,
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
    return rg_in_area(net, &(struct rg_area){RG_WORK_INITIAL, layer, 1, rows, GROUP_ROWS}, launch_initial_rows,
                      &launch);
}
