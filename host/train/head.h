/* The kernels of the output layer, for the window of the chunk in memory. */
#ifndef RG_HEAD_H
#define RG_HEAD_H

#include "train/engine.h"

/* Queue: panels of the layer's weights; outputs, loss (AUTO: none) and dL/dout of the last layer, for the steps of the
 * window that have an output, with `again` not adding to row_loss; the partial sums of the weight gradient; their sum
 * into the gradient arena. */
rg_status rg_head_pack(struct rg_engine *engine);
rg_status rg_head_forward(struct rg_engine *engine, enum rg_loss loss, bool again);
rg_status rg_head_gradient(struct rg_engine *engine);
rg_status rg_head_reduce(struct rg_engine *engine);

#endif
