/* The kernels of one layer, with their arguments from the plan; used by the engine and by what fills its chunks. */
#ifndef RG_LAYER_H
#define RG_LAYER_H

#include "train/engine.h"

/* The jobs that make panels of a direction's weights, and those that sum the segments of its weight gradient into the
 * arena; their number. */
size_t rg_layer_pack_jobs(const struct rg_engine *engine, size_t layer, size_t direction,
                          struct rg_pack_job jobs[RG_MAX_JOBS]);
size_t rg_layer_reduce_jobs(const struct rg_engine *engine, size_t layer, size_t direction,
                            struct rg_reduce_job jobs[RG_MAX_JOBS]);

/* Queue, for the steps of engine->window: a direction's forward sweep (the first direction's before the second's,
 * whose columns it overwrites); dropout of the states; a direction's reverse sweep of the steps of `span` from dL/dout
 * (`every_step`: of all steps, else of the last); the gradient at the layer's inputs. `rows` sequences, from
 * `first_row` of the batch on. */
rg_status rg_layer_forward(struct rg_engine *engine, size_t layer, size_t direction, size_t rows, bool ragged);
rg_status rg_layer_dropout(struct rg_engine *engine, size_t layer, struct rg_buffer *from, struct rg_buffer *to,
                           uint64_t update, size_t first_row, size_t rows);
rg_status rg_layer_reverse(struct rg_engine *engine, size_t layer, size_t direction, struct rg_span span,
                           struct rg_buffer *dout, bool every_step, size_t rows, bool ragged);
rg_status rg_layer_input_gradient(struct rg_engine *engine, size_t layer, size_t rows, struct rg_buffer *dx);

/* Queue dh_0 and dc_0, with plan.initial_gradient, of the sequences that begin in the window, after its reverse sweep.
 */
rg_status rg_layer_initial_gradient(struct rg_engine *engine, size_t layer, size_t direction, struct rg_buffer *dout,
                                    bool every_step, size_t first_row, size_t rows);

/* Queue x of the chunk from its words; the gradient of the embedding table, when the first layer's deltas are there. */
rg_status rg_layer_embed(struct rg_engine *engine, size_t rows);
rg_status rg_layer_embed_gradient(struct rg_engine *engine, size_t rows, bool accumulate);

/* The steps `span` in n parts as equal as can be, each of which adds to (or overwrites) a partial sum, from number
 * `first` on. */
struct rg_layer_parts {
    struct rg_span span;
    size_t first, n;
    bool accumulate;
};
/* Queue the weight gradient of one direction; with it, for sums of an update, that of the update gate of a learned
 * skip. */
rg_status rg_layer_gradient(struct rg_engine *engine, size_t layer, size_t direction, size_t rows,
                            const struct rg_layer_parts *parts);
rg_status rg_layer_gate_gradient(struct rg_engine *engine, size_t layer, size_t direction, size_t rows,
                                 const struct rg_layer_parts *parts);

/* Queue the states that a layer starts from: h_0 and c_0 [L*D][n][H] on the device, NULL for zeros, of the sequences
 * index[first_row …]; `begin` of the chunk is there. */
struct rg_layer_states {
    struct rg_buffer *h_0, *c_0, *index;
    size_t n;
};
rg_status rg_layer_initial(struct rg_engine *engine, size_t layer, const struct rg_layer_states *states,
                           size_t first_row, size_t rows);

/* At border `mark` of windows (plan.windows of them, see chunk.c): keep, or bring back, what a sweep that goes on at
 * the window's side finds there: states and, where the cell needs them, saved values; deltas and what is carried. */
rg_status rg_layer_keep_states(struct rg_engine *engine, size_t layer, size_t direction, size_t mark, size_t rows);
rg_status rg_layer_recall_states(struct rg_engine *engine, size_t layer, size_t direction, size_t mark, size_t rows);
rg_status rg_layer_keep_deltas(struct rg_engine *engine, size_t layer, size_t direction, size_t mark, size_t rows);
rg_status rg_layer_recall_deltas(struct rg_engine *engine, size_t layer, size_t direction, size_t mark, size_t rows);

/* Groups for an elementwise kernel over n items of work. */
size_t rg_engine_groups(const struct rg_engine *engine, size_t n, size_t per_group);

#endif
