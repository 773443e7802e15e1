/* The head of a model with many outputs: see wide_head.h. */
#include "engine/wide_head.h"

#include "engine/library.h"
#include "engine/readout.h"

enum { TILE = 64 };

static rg_status product(struct rg_net *net, struct rg_buffer *a, struct rg_buffer *out, struct rg_product_args args) {
    const size_t tiles = rg_divide_up(args.rows, TILE), wanted = RG_GROUPS_A_UNIT * (size_t)net->device->info.units;
    const size_t shares = rg_divide_up(wanted, tiles);
    args.tile = TILE;
    return rg_device_launch(
        net->device, &(struct rg_launch){.kernel = RG_K_rg_product,
                                         .buffers = {a, net->buffers.packed, out},
                                         .args = &args,
                                         .groups = {tiles, shares < args.panels ? shares : (size_t)args.panels}});
}

/* Rows (t, b) of a head, which has whole steps or some rows of one step: how many, and the first one of step `from` in
 * a buffer that begins with step `base`. */
static size_t head_rows(const struct rg_head_args *head) {
    return (head->to - head->from - 1) * head->rows + head->end - head->begin;
}

static size_t first_row(const struct rg_head_args *head, size_t base) {
    return (head->from - base) * head->rows + head->begin;
}

/* z without the bias. */
static rg_status outputs(struct rg_net *net, const struct rg_head_args *head) {
    const struct rg_plan *const p = &net->plan;
    const size_t in = first_row(head, head->base), at = first_row(head, head->target_base);
    if (net->library) {
        const struct rg_wide_product z =
            rg_library_outputs(net, in, at, head->to - head->from, head->end - head->begin);
        return rg_device_product(net->device, &z);
    }
    return product(net, rg_readout_rows(net), net->buffers.z,
                   (struct rg_product_args){.rows = head_rows(head),
                                            .a = in * p->out_stride,
                                            .out = at * p->o_stride,
                                            .w = head->w_forward,
                                            .depth = head->hidden,
                                            .a_stride = (rg_u32)p->out_stride,
                                            .out_stride = (rg_u32)p->o_stride,
                                            .panels = (rg_u32)(p->o_stride / rg_device_panel(net->device))});
}

/* dL/dout of the last layer from dz. */
static rg_status states(struct rg_net *net, const struct rg_head_args *head) {
    const struct rg_plan *const p = &net->plan;
    const size_t at = first_row(head, head->target_base);
    if (net->library) {
        const struct rg_wide_product dh = rg_library_states(net, at, head->to - head->from, head->end - head->begin);
        return rg_device_product(net->device, &dh);
    }
    return product(
        net, net->buffers.dz, net->buffers.dhead,
        (struct rg_product_args){.rows = head_rows(head),
                                 .a = at * p->o_stride,
                                 .out = at * p->out_stride,
                                 .w = head->w_reverse,
                                 .depth = head->outputs,
                                 .a_stride = (rg_u32)p->o_stride,
                                 .out_stride = (rg_u32)p->out_stride,
                                 .panels = (rg_u32)rg_divide_up(head->hidden, rg_device_panel(net->device))});
}

rg_status rg_wide_head(struct rg_net *net, const struct rg_head_args *head) {
    RG_TRY(outputs(net, head));
    RG_TRY(rg_device_launch(
        net->device, &(struct rg_launch){.kernel = RG_K_rg_wide_loss,
                                         .buffers = {net->buffers.packed, net->buffers.y, net->buffers.z,
                                                     rg_net_or_unused(net, net->buffers.dz),
                                                     rg_net_or_unused(net, net->buffers.row_loss)},
                                         .args = head,
                                         .groups = {rg_device_groups(net->device, head->end - head->begin, 1), 1},
                                         .local_bytes = rg_device_items(net->device) * net->plan.real_bytes}));
    return head->loss == RG_LOSS_AUTO ? RG_OK : states(net, head);
}
