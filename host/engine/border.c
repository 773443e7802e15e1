/* What is kept at the borders of segments: see layer.h. */
#include "engine/layer.h"

/* Copy n numbers in memory of the device. */
static rg_status copy(struct rg_net *net, struct rg_buffer *from, size_t source, struct rg_buffer *to, size_t target,
                      size_t n) {
    const struct rg_copy_args args = {source, target, n};
    return rg_device_launch(net->device, &(struct rg_launch){.kernel = RG_K_rg_copy,
                                                             .buffers = {from, to},
                                                             .args = &args,
                                                             .groups = {rg_net_groups(net, n, 16384), 1}});
}

/* The steps beside the segment from which the direction's scan comes in (else: those in it where the scan goes out),
 * between `buffer`, whose rows are `stride` long, and place `border` of `kept`. */
static rg_status copy_border(struct rg_net *net, struct rg_buffer *buffer, struct rg_buffer *kept, size_t border,
                             size_t stride, size_t rows, bool at_end, bool keep) {
    const size_t halo = net->plan.halo, n = halo * rows * stride, place = border * halo * net->plan.chunk * stride;
    const struct rg_span w = net->segment;
    const size_t step = at_end ? (keep ? w.end - halo : w.end) : (keep ? w.begin : w.begin - halo);
    const size_t at = (step - net->base) * rows * stride;
    return keep ? copy(net, buffer, at, kept, place, n) : copy(net, kept, place, buffer, at, n);
}

static rg_status states_border(struct rg_net *net, size_t layer, size_t direction, size_t border, size_t rows,
                               bool keep) {
    const struct rg_buffers *const b = &net->buffers;
    const bool at_end = keep == (direction == 0); /* of the segment: forward goes out there, backward comes in */
    RG_TRY(copy_border(net, b->out[layer], b->border_states[layer][direction], border, net->plan.out_stride, rows,
                       at_end, keep));
    return b->border_saved[layer][direction]
               ? copy_border(net, b->saved[layer][direction], b->border_saved[layer][direction], border,
                             net->plan.d_stride, rows, at_end, keep)
               : RG_OK;
}

static rg_status deltas_border(struct rg_net *net, size_t layer, size_t direction, size_t border, size_t rows,
                               bool keep) {
    const struct rg_buffers *const b = &net->buffers;
    const size_t carry = rg_plan_carry(&net->plan), place = border * carry * net->plan.chunk;
    RG_TRY(copy_border(net, rg_net_deltas(net, layer, direction), b->border_deltas[layer][direction], border,
                       net->plan.d_stride, rows, keep != (direction == 0), keep));
    return keep ? copy(net, b->carry, 0, b->border_carry[layer][direction], place, carry * rows)
                : copy(net, b->border_carry[layer][direction], place, b->carry, 0, carry * rows);
}

rg_status rg_layer_keep_states(struct rg_net *net, size_t layer, size_t direction, size_t border, size_t rows) {
    return states_border(net, layer, direction, border, rows, true);
}

rg_status rg_layer_recall_states(struct rg_net *net, size_t layer, size_t direction, size_t border, size_t rows) {
    return states_border(net, layer, direction, border, rows, false);
}

rg_status rg_layer_keep_deltas(struct rg_net *net, size_t layer, size_t direction, size_t border, size_t rows) {
    return deltas_border(net, layer, direction, border, rows, true);
}

rg_status rg_layer_recall_deltas(struct rg_net *net, size_t layer, size_t direction, size_t border, size_t rows) {
    return deltas_border(net, layer, direction, border, rows, false);
}
