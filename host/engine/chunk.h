/* A chunk of the batch goes through the engine: forward scans, head, reverse scans, weight gradient.
 *
 * If memory does not hold all steps of a chunk, it is processed segment by segment (checkpointing through time: Chen,
 * Xu, Zhang, Guestrin 2016). The forward pass keeps the states at the borders of the segments. The reverse pass goes
 * from the last segment to the first and recomputes each segment's inputs, states and gradient at the head:
 *
 *   forward   [ segment 0 ] -> states -> [ segment 1 ] -> states -> … [ last ]
 *   reverse   [ recompute, reverse, weight gradient ] <- deltas <- [ recompute, … ] <- … [ last: still in memory ]
 *
 * The second direction of a layer goes the other way, and the layer above needs both directions at every step. With two
 * directions, therefore, each scan goes through all segments by itself. What lies below it (in the reverse pass also
 * what lies above it) is recomputed each time from the states kept at the borders. */
#ifndef RG_ENGINE_CHUNK_H
#define RG_ENGINE_CHUNK_H

#include "engine/net.h"

/* Fill, forward scans and head of a chunk, which becomes net->chunk. With loss AUTO only outputs are computed.
 * `outputs`, if not NULL, receives them: [rows][T'][O]. Afterwards the last segment's forward pass is in memory. */
rg_status rg_chunk_forward(struct rg_net *net, const struct rg_chunk *chunk, double *outputs);
/* Add that chunk to the partial sums of all weight gradients. */
rg_status rg_chunk_gradient(struct rg_net *net);
/* Reverse scans of that chunk from the last layer down to `until`. All steps of the chunk must be in memory. */
rg_status rg_chunk_reverse(struct rg_net *net, size_t until);
/* Reverse scans with the calls of rg_engine_sample, see lags.h. */
rg_status rg_chunk_sample(struct rg_net *net, const struct rg_engine_visit *visit);

/* Bring step t of that chunk into memory: its states, dL/dout of the last layer, and the steps it looks back to. */
rg_status rg_chunk_hold(struct rg_net *net, size_t t);

#endif
