/* What the head reads with one output a sequence: the states of the last step as they stand, or a row a sequence that
 * kernels/head/readout.cl makes of the states of all steps, segment by segment. */
#ifndef RG_READOUT_H
#define RG_READOUT_H

#include "engine/net.h"

/* The rows that the head reads, and the step that they begin with, as net->base. */
struct rg_buffer *rg_readout_rows(const struct rg_net *net);
size_t rg_readout_base(const struct rg_net *net);

/* Queue, after the forward scans of the segment, its part of the rows; the segments come in order. */
rg_status rg_readout_forward(struct rg_net *net);

/* *dout = dL/dout of the last layer in the segment: what the head left, or, queued, its share of the rows' gradient. */
rg_status rg_readout_reverse(struct rg_net *net, struct rg_buffer **dout);

#endif
