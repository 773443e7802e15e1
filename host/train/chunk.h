/* A chunk of the batch on its way through the engine: forward sweeps, head, reverse sweeps, weight gradient.
 *
 * Where memory does not hold all steps of a chunk, it goes through them window by window (checkpointing through time:
 * Chen, Xu, Zhang, Guestrin 2016). The forward pass keeps the states at the borders of windows; the reverse pass makes
 * each window's inputs, states and gradient at the head once more, from the last window to the first:
 *
 *   forward   [ window 0 ] -> states -> [ window 1 ] -> states -> … [ last ]
 *   reverse   [ again, reverse, weight gradient ] <- deltas <- [ again, … ] <- … [ last: still there ]
 *
 * The second direction of a layer goes the other way, and the layer above needs both at every step: with two directions
 * every sweep goes through all windows by itself, and each time what stands below it (in the reverse pass also above
 * it) is made from what was kept at the window's borders. */
#ifndef RG_CHUNK_H
#define RG_CHUNK_H

#include "train/engine.h"

/* Fill, forward sweeps and head of sequences [first_row, first_row + rows); loss AUTO for the outputs alone. `outputs`,
 * if not NULL, gets them, [rows][T'][O]. The last window (with two directions, too) is then in memory, forward. */
rg_status rg_chunk_forward(struct rg_engine *engine, struct rg_source *source, uint64_t update, size_t first_row,
                           size_t rows, enum rg_loss loss, double *outputs);
/* Partial sums of all weight gradients of that chunk. */
rg_status rg_chunk_gradient(struct rg_engine *engine);
/* Reverse sweeps of that chunk from the last layer down to `until`; for a chunk whose steps are all in memory. */
rg_status rg_chunk_reverse(struct rg_engine *engine, size_t until);
/* Reverse sweeps with visits, see engine.h. */
rg_status rg_chunk_sample(struct rg_engine *engine, const struct rg_engine_visit *visit);

/* Bring the states, and dL/dout of the last layer, of step t of that chunk into memory, forward; with them those of the
 * steps that it looks back to. */
rg_status rg_chunk_hold(struct rg_engine *engine, size_t t);

#endif
