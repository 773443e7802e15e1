/* What the head reads: see readout.h. */
#include "engine/readout.h"

_Static_assert(RG_READOUT_FINAL == 1 && RG_READOUT_MEAN == 2 && RG_READOUT_MAX == 3,
               "the numbers of kernels/head/readout.cl");

struct rg_buffer *rg_readout_rows(const struct rg_net *net) {
    return net->buffers.read ? net->buffers.read : net->buffers.out[net->plan.layers - 1];
}

size_t rg_readout_base(const struct rg_net *net) {
    return net->buffers.read ? net->plan.steps - 1 : net->base;
}

static struct rg_readout_args segment_args(const struct rg_net *net) {
    const struct rg_plan *const p = &net->plan;
    return (struct rg_readout_args){.rows = net->chunk.rows,
                                    .steps = p->steps,
                                    .from = net->segment.begin,
                                    .to = net->segment.end,
                                    .base = net->base,
                                    .hidden = (rg_u32)p->hidden,
                                    .width = (rg_u32)(p->directions * p->hidden),
                                    .stride = (rg_u32)p->out_stride,
                                    .kind = (rg_u32)p->readout,
                                    .ragged = net->chunk.source->ragged};
}

rg_status rg_readout_forward(struct rg_net *net) {
    const struct rg_readout_args args = segment_args(net);
    if (!net->buffers.read) {
        return RG_OK;
    }
    return rg_device_launch(net->device,
                            &(struct rg_launch){.kernel = RG_K_rg_readout,
                                                .buffers = {net->buffers.out[net->plan.layers - 1], net->buffers.begin,
                                                            net->buffers.read, net->buffers.notes},
                                                .args = &args,
                                                .groups = {rg_device_groups(net->device, (size_t)args.rows, 8), 1}});
}

rg_status rg_readout_reverse(struct rg_net *net, struct rg_buffer **dout) {
    const struct rg_readout_args args = segment_args(net);
    const size_t lines = (size_t)((args.to - args.from) * args.rows);
    *dout = net->buffers.dhead;
    if (!net->buffers.read) {
        return RG_OK;
    }
    *dout = net->buffers.dout[net->plan.layers % 2]; /* free until the last layer has been swept */
    return rg_device_launch(
        net->device, &(struct rg_launch){.kernel = RG_K_rg_readout_gradient,
                                         .buffers = {net->buffers.dhead, net->buffers.begin, net->buffers.notes, *dout},
                                         .args = &args,
                                         .groups = {rg_device_groups(net->device, lines, 64), 1}});
}
