/* The gradient of a range of rows of the batch, chunk by chunk. */
#ifndef RG_ROWS_H
#define RG_ROWS_H

#include "engine/net.h"

/* Queue loss and gradient of rows [begin, end) of the batch alone, the weights being packed. */
rg_status rg_rows_gradient(struct rg_net *net, struct rg_batch_source *source, uint64_t update, struct rg_span rows);

#endif
