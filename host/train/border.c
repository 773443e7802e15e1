/* What is kept at the borders of windows: see layer.h. */
#include "train/layer.h"

/* Copy n numbers in memory of the device. */
static rg_status copy(struct rg_engine *e, struct rg_buffer *from, size_t source, struct rg_buffer *to, size_t target,
                      size_t n) {
    const struct rg_copy_args args = {source, target, n};
    return rg_device_launch(e->device, &(struct rg_launch){.kernel = RG_K_rg_copy,
                                                           .buffers = {from, to},
                                                           .args = &args,
                                                           .groups = {rg_engine_groups(e, n, 16384), 1}});
}

/* The steps beside the window from which the direction's sweep comes in (else: those in it where the sweep goes out),
 * between `buffer`, whose rows are `stride` long, and place `mark` of `kept`. */
static rg_status copy_border(struct rg_engine *e, struct rg_buffer *buffer, struct rg_buffer *kept, size_t mark,
                             size_t stride, size_t rows, bool at_end, bool keep) {
    const size_t lead = e->plan.lead, n = lead * rows * stride, place = mark * lead * e->plan.chunk * stride;
    const struct rg_span w = e->window;
    const size_t step = at_end ? (keep ? w.end - lead : w.end) : (keep ? w.begin : w.begin - lead);
    const size_t at = (step - e->base) * rows * stride;
    return keep ? copy(e, buffer, at, kept, place, n) : copy(e, kept, place, buffer, at, n);
}

static rg_status states_border(struct rg_engine *e, size_t layer, size_t direction, size_t mark, size_t rows,
                               bool keep) {
    const struct rg_marks *const marks = &e->marks[layer][direction];
    const bool at_end = keep == (direction == 0); /* of the window: forward goes out there, backward comes in */
    RG_TRY(copy_border(e, e->out[layer], marks->states, mark, e->plan.out_stride, rows, at_end, keep));
    return marks->saved
               ? copy_border(e, e->saved[layer][direction], marks->saved, mark, e->plan.d_stride, rows, at_end, keep)
               : RG_OK;
}

static rg_status deltas_border(struct rg_engine *e, size_t layer, size_t direction, size_t mark, size_t rows,
                               bool keep) {
    const struct rg_marks *const marks = &e->marks[layer][direction];
    const size_t carry = rg_plan_carry(&e->plan), place = mark * carry * e->plan.chunk;
    RG_TRY(copy_border(e, rg_engine_deltas(e, layer, direction), marks->deltas, mark, e->plan.d_stride, rows,
                       keep != (direction == 0), keep));
    return keep ? copy(e, e->carry, 0, marks->carry, place, carry * rows)
                : copy(e, marks->carry, place, e->carry, 0, carry * rows);
}

rg_status rg_layer_keep_states(struct rg_engine *e, size_t layer, size_t direction, size_t mark, size_t rows) {
    return states_border(e, layer, direction, mark, rows, true);
}

rg_status rg_layer_recall_states(struct rg_engine *e, size_t layer, size_t direction, size_t mark, size_t rows) {
    return states_border(e, layer, direction, mark, rows, false);
}

rg_status rg_layer_keep_deltas(struct rg_engine *e, size_t layer, size_t direction, size_t mark, size_t rows) {
    return deltas_border(e, layer, direction, mark, rows, true);
}

rg_status rg_layer_recall_deltas(struct rg_engine *e, size_t layer, size_t direction, size_t mark, size_t rows) {
    return deltas_border(e, layer, direction, mark, rows, false);
}
