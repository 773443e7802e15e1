/* The kernels of the output layer, for the segment of the chunk in memory. */
#ifndef RG_HEAD_H
#define RG_HEAD_H

#include "engine/net.h"

/* The jobs that make panels of the layer's weights, and those that sum the slices of their gradient into the arena;
 * their number. */
size_t rg_head_pack_jobs(const struct rg_net *net, struct rg_pack_job jobs[RG_MAX_JOBS]);
size_t rg_head_reduce_jobs(const struct rg_net *net, struct rg_reduce_job jobs[RG_MAX_JOBS]);

/* Queue: outputs, loss (AUTO: none) and dL/dout of the last layer, for the steps of the segment that have an output,
 * with `again` not adding to row_loss; the partial sums of the weight gradient. */
rg_status rg_head_forward(struct rg_net *net, enum rg_loss loss, bool again);
rg_status rg_head_gradient(struct rg_net *net);

#endif
