/* Queue the kernels of one layer, with their arguments from the plan. */
#ifndef RG_LAYER_H
#define RG_LAYER_H

#include "engine/net.h"

/* What a layer reads: x, or the states below it. */
struct rg_buffer *rg_layer_inputs(const struct rg_net *net, size_t layer);
/* Does dL/dout of a layer have every step? Else it has only the last one. */
bool rg_layer_has_every_step(const struct rg_net *net, size_t layer);
/* The first element of a parameter in the arena. */
size_t rg_layer_offset(const struct rg_net *net, size_t layer, size_t direction, enum rg_role role);

/* Fill in the jobs that pack a direction's weights into panels, or those that sum the slices of its weight gradient
 * into the arena. Return the number of jobs. */
size_t rg_layer_pack_jobs(const struct rg_net *net, size_t layer, size_t direction,
                          struct rg_pack_job jobs[RG_MAX_JOBS]);
size_t rg_layer_reduce_jobs(const struct rg_net *net, size_t layer, size_t direction,
                            struct rg_reduce_job jobs[RG_MAX_JOBS]);

/* The kernel of a scan, its shape and its local memory. */
void rg_layer_scan(const struct rg_net *net, bool reverse, struct rg_launch *launch);

/* Queue, for the sequences of net->chunk and the steps of net->segment:
 *   forward         a direction's forward scan. Direction 0 goes first: its padding overwrites columns of direction 1.
 *   dropout         of the states
 *   reverse         a direction's reverse scan of the steps of `span`. dout is dL/dout of all steps, or of the last one
 *                   where no other step of the layer's output has a gradient
 *   input_gradient  dx, the gradient at the layer's inputs, for rows (t, b) of the buffers */
rg_status rg_layer_forward(struct rg_net *net, size_t layer, size_t direction);
rg_status rg_layer_dropout(struct rg_net *net, size_t layer, struct rg_buffer *from, struct rg_buffer *to);
rg_status rg_layer_reverse(struct rg_net *net, size_t layer, size_t direction, struct rg_span span,
                           struct rg_buffer *dout);
rg_status rg_layer_input_gradient(struct rg_net *net, size_t layer, struct rg_span rows, struct rg_buffer *dx);

/* With plan.initial_gradient, queue dh_0 and dc_0 of the sequences that begin in the segment, after its reverse scan.
 */
rg_status rg_layer_initial_gradient(struct rg_net *net, size_t layer, size_t direction, struct rg_buffer *dout);

/* Queue x of the segment from its words. Queue the embedding table's gradient from dx; with `accumulate` it is added to
 * the one that is there. */
rg_status rg_layer_embed(struct rg_net *net);
rg_status rg_layer_embed_gradient(struct rg_net *net, bool accumulate);

/* The steps `span` in n nearly equal parts. Part i adds to, or overwrites, partial sum first + i. */
struct rg_layer_parts {
    struct rg_span span;
    size_t first, n;
    bool accumulate;
};
/* Queue the weight gradient of one direction, and for a learned skip that of its update gate. */
rg_status rg_layer_gradient(struct rg_net *net, size_t layer, size_t direction, const struct rg_layer_parts *parts);
rg_status rg_layer_gate_gradient(struct rg_net *net, size_t layer, size_t direction,
                                 const struct rg_layer_parts *parts);

/* Queue a launch of rg_weight_gradient for all rows of its chunk: shaped where its item rows take blocks out of a list,
 * and in pieces. */
rg_status rg_layer_launch_gradient(struct rg_net *net, enum rg_work work, size_t layer, const struct rg_launch *launch);

/* Queue the initial states of a layer for the sequences index[first_row …]: h_0 and c_0 are [L*D][n][H] on the device,
 * or NULL for zeros. The chunk's `begin` must be filled. */
struct rg_layer_states {
    struct rg_buffer *h_0, *c_0, *index;
    size_t n;
    size_t part; /* of buffers with several such arrays, one after the other */
};
rg_status rg_layer_initial(struct rg_net *net, size_t layer, const struct rg_layer_states *states, size_t first_row,
                           size_t rows);
/* Queue the other way: the states after the last step, of the rows first_row … of the batch, into part `part` of the
 * carried states. The segment with the last step must be in memory, before its reverse scan. */
rg_status rg_layer_final(struct rg_net *net, size_t layer, size_t part, size_t first_row, size_t rows);

/* Save or restore what a scan needs to continue beyond border `border`, 0 … plan.n_segments-1 (see chunk.c): states
 * and, where the cell needs them, saved values; or deltas and what the reverse scan carries. */
rg_status rg_layer_keep_states(struct rg_net *net, size_t layer, size_t direction, size_t border);
rg_status rg_layer_recall_states(struct rg_net *net, size_t layer, size_t direction, size_t border);
rg_status rg_layer_keep_deltas(struct rg_net *net, size_t layer, size_t direction, size_t border);
rg_status rg_layer_recall_deltas(struct rg_net *net, size_t layer, size_t direction, size_t border);

#endif
