/* What is kept at the borders of segments: see layer.h. */
#include "engine/layer.h"

/* Copy n numbers in memory of the device. */
static rg_status copy(struct rg_net *net, struct rg_buffer *from, size_t source, struct rg_buffer *to, size_t target,
                      size_t n) {
    const struct rg_copy_args args = {source, target, n};
    return rg_device_launch(net->device, &(struct rg_launch){.kernel = RG_K_rg_copy,
                                                             .buffers = {from, to},
                                                             .args = &args,
                                                             .groups = {rg_device_groups(net->device, n, 16384), 1}});
}

/* Rows of `buffer`, `stride` numbers long, and what is kept of them at each border. */
struct kept {
    struct rg_buffer *buffer, *borders;
    size_t stride;
};

/* Keep the last steps of the segment in the direction of the scan, for the segment that the scan enters next; or bring
 * back the steps before its first. `forward`: the scan goes to higher steps. */
static rg_status copy_border(struct rg_net *net, struct kept of, bool forward, size_t border, bool keep) {
    const size_t halo = net->plan.halo, rows = net->chunk.rows, n = halo * rows * of.stride;
    const size_t place = border * halo * net->plan.chunk * of.stride;
    const struct rg_span w = net->segment;
    const size_t last = forward ? w.end - halo : w.begin, before = forward ? w.begin - halo : w.end;
    const size_t at = ((keep ? last : before) - net->base) * rows * of.stride;
    return keep ? copy(net, of.buffer, at, of.borders, place, n) : copy(net, of.borders, place, of.buffer, at, n);
}

static rg_status states_border(struct rg_net *net, size_t layer, size_t direction, size_t border, bool keep) {
    const struct rg_buffers *const b = &net->buffers;
    const struct kept states = {b->out[layer], b->border_states[layer][direction], net->plan.out_stride};
    const struct kept saved = {b->saved[layer][direction], b->border_saved[layer][direction], net->plan.d_stride};
    RG_TRY(copy_border(net, states, direction == 0, border, keep));
    return saved.borders ? copy_border(net, saved, direction == 0, border, keep) : RG_OK;
}

static rg_status deltas_border(struct rg_net *net, size_t layer, size_t direction, size_t border, bool keep) {
    const struct rg_buffers *const b = &net->buffers;
    const size_t carry = rg_plan_carry(&net->plan), place = border * carry * net->plan.chunk,
                 n = carry * net->chunk.rows;
    const struct kept deltas = {rg_net_deltas(net, layer, direction), b->border_deltas[layer][direction],
                                net->plan.d_stride};
    RG_TRY(copy_border(net, deltas, direction == 1, border, keep));
    return keep ? copy(net, b->carry, 0, b->border_carry[layer][direction], place, n)
                : copy(net, b->border_carry[layer][direction], place, b->carry, 0, n);
}

rg_status rg_layer_keep_states(struct rg_net *net, size_t layer, size_t direction, size_t border) {
    return states_border(net, layer, direction, border, true);
}

rg_status rg_layer_recall_states(struct rg_net *net, size_t layer, size_t direction, size_t border) {
    return states_border(net, layer, direction, border, false);
}

rg_status rg_layer_keep_deltas(struct rg_net *net, size_t layer, size_t direction, size_t border) {
    return deltas_border(net, layer, direction, border, true);
}

rg_status rg_layer_recall_deltas(struct rg_net *net, size_t layer, size_t direction, size_t border) {
    return deltas_border(net, layer, direction, border, false);
}
