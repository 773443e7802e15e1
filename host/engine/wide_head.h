/* The head of a model with many outputs: products and the loss between them as kernels of their own. */
#ifndef RG_WIDE_HEAD_H
#define RG_WIDE_HEAD_H

#include "engine/net.h"

/* Queue the head of a chunk as rg_head computes it: z; and unless it is for the outputs alone, dz, dL/dout of the last
 * layer and the losses. */
rg_status rg_wide_head(struct rg_net *net, const struct rg_head_args *head);

#endif
