/* The embedding of words: see layer.h. */
#include "engine/layer.h"

enum { PART_TOKENS = 16384 /* of a share of the words: a group sums them one after the other */ };

static struct rg_embed_args embed_args(const struct rg_net *net) {
    const struct rg_plan *const p = &net->plan;
    return (struct rg_embed_args){.rows = net->chunk.rows,
                                  .steps = p->steps,
                                  .from = net->segment.begin,
                                  .to = net->segment.end,
                                  .base = net->base,
                                  .slices = p->sum_slices,
                                  .accum_steps = p->accum_steps,
                                  .table = net->model->parameters[rg_model_embed(net->model)].offset,
                                  .words = (rg_u32)p->words,
                                  .width = (rg_u32)p->inputs,
                                  .block = (rg_u32)p->block};
}

rg_status rg_layer_embed(struct rg_net *net) {
    struct rg_embed_args args = embed_args(net);
    args.stride = (rg_u32)net->plan.layer[0].x_stride;
    return rg_device_launch(
        net->device, &(struct rg_launch){.kernel = RG_K_rg_embed,
                                         .buffers = {net->buffers.words, net->buffers.weights, net->buffers.x},
                                         .args = &args,
                                         .groups = {rg_device_groups(net->device, rg_net_segment_rows(net), 64), 1}});
}

/* Ranges [done, done + n) of the tokens: count, or put in order. */
static rg_status launch_ranges(struct rg_net *net, enum rg_kernel kernel, const struct rg_embed_args *ranges,
                               size_t done, size_t n) {
    struct rg_embed_args args = *ranges;
    args.first = (rg_u32)done;
    return rg_device_launch(
        net->device, &(struct rg_launch){.kernel = kernel,
                                         .buffers = {net->buffers.words, net->buffers.sorting, net->buffers.order},
                                         .args = &args,
                                         .groups = {n, 1}});
}

static rg_status launch_counts(struct rg_net *net, void *self, size_t done, size_t n) {
    return launch_ranges(net, RG_K_rg_embed_count, self, done, n);
}

static rg_status launch_orders(struct rg_net *net, void *self, size_t done, size_t n) {
    return launch_ranges(net, RG_K_rg_embed_order, self, done, n);
}

/* Unit u is part u / shares of share u % shares of the table. */
static rg_status launch_shares(struct rg_net *net, void *self, size_t done, size_t n) {
    struct rg_embed_args args = *(const struct rg_embed_args *)self;
    args.first = (rg_u32)(done % args.shares);
    args.part = (rg_u32)(done / args.shares);
    args.part_end = args.part + (rg_u32)rg_divide_up(n, args.shares);
    n = rg_min(n, args.shares);
    return rg_device_launch(net->device,
                            &(struct rg_launch){.kernel = RG_K_rg_embed_gradient,
                                                .buffers = {net->buffers.words, net->buffers.dx, net->buffers.sorting,
                                                            net->buffers.order, net->buffers.gradients},
                                                .args = &args,
                                                .groups = {n, 1}});
}

rg_status rg_layer_embed_gradient(struct rg_net *net, bool accumulate) {
    const struct rg_plan *const p = &net->plan;
    struct rg_embed_args args = embed_args(net);
    args.stride = (rg_u32)p->dx_stride;
    args.accumulate = accumulate;
    args.ranges = (rg_u32)p->word_ranges;
    args.shares = (rg_u32)p->word_shares;
    args.parts = (rg_u32)rg_divide_up(rg_net_segment_rows(net), PART_TOKENS);
    const struct rg_cut counts = {RG_WORK_EMBED_COUNT, 0, p->word_ranges, 1};
    RG_TRY(rg_in_pieces(net, &counts, launch_counts, &args));
    const struct rg_cut orders = {RG_WORK_EMBED_ORDER, 0, p->word_ranges, 1};
    RG_TRY(rg_in_pieces(net, &orders, launch_orders, &args));
    const struct rg_cut sums = {RG_WORK_EMBED_GRADIENT, 0, p->word_shares * args.parts, p->word_shares};
    return rg_in_pieces(net, &sums, launch_shares, &args);
}
