/* The head of a model with many outputs: see wide_head.h. */
#include "train/wide_head.h"

#include "train/layer.h"
#include "train/library.h"

enum { TILE = 64, GROUPS_A_UNIT = 4 };

static size_t divide_up(size_t n, size_t by) {
    return (n + by - 1) / by;
}

static rg_status product(struct rg_engine *e, struct rg_buffer *a, struct rg_buffer *out, struct rg_product_args args) {
    const size_t tiles = divide_up(args.rows, TILE), wanted = GROUPS_A_UNIT * (size_t)e->device->info.units;
    const size_t shares = divide_up(wanted, tiles);
    args.tile = TILE;
    return rg_device_launch(
        e->device, &(struct rg_launch){.kernel = RG_K_rg_product,
                                       .buffers = {a, e->packed, out},
                                       .args = &args,
                                       .groups = {tiles, shares < args.panels ? shares : (size_t)args.panels}});
}

/* z without the bias. */
static rg_status outputs(struct rg_engine *e, const struct rg_head_args *head) {
    const struct rg_plan *const p = &e->plan;
    const size_t in = (head->from - head->base) * head->rows, at = (head->from - head->target_base) * head->rows;
    if (e->library) {
        const struct rg_wide_product z = rg_library_outputs(e, in, at, head->to - head->from, head->rows);
        return rg_device_product(e->device, &z);
    }
    return product(e, e->out[p->layers - 1], e->z,
                   (struct rg_product_args){.rows = (head->to - head->from) * head->rows,
                                            .a = in * p->out_stride,
                                            .out = at * p->o_stride,
                                            .w = head->w_forward,
                                            .depth = head->hidden,
                                            .a_stride = (rg_u32)p->out_stride,
                                            .out_stride = (rg_u32)p->o_stride,
                                            .panels = (rg_u32)(p->o_stride / rg_device_panel(e->device))});
}

/* dL/dout of the last layer from dz. */
static rg_status states(struct rg_engine *e, const struct rg_head_args *head) {
    const struct rg_plan *const p = &e->plan;
    const size_t at = (head->from - head->target_base) * head->rows;
    if (e->library) {
        const struct rg_wide_product dh = rg_library_states(e, at, head->to - head->from, head->rows);
        return rg_device_product(e->device, &dh);
    }
    return product(e, e->dz, e->dhead,
                   (struct rg_product_args){.rows = (head->to - head->from) * head->rows,
                                            .a = at * p->o_stride,
                                            .out = at * p->out_stride,
                                            .w = head->w_reverse,
                                            .depth = head->outputs,
                                            .a_stride = (rg_u32)p->o_stride,
                                            .out_stride = (rg_u32)p->out_stride,
                                            .panels = (rg_u32)divide_up(head->hidden, rg_device_panel(e->device))});
}

rg_status rg_wide_head(struct rg_engine *e, const struct rg_head_args *head) {
    RG_TRY(outputs(e, head));
    RG_TRY(rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_wide_loss,
                                                .buffers = {e->packed, e->y, e->z, e->dz ? e->dz : e->unused,
                                                            e->row_loss ? e->row_loss : e->unused},
                                                .args = head,
                                                .groups = {rg_engine_groups(e, head->rows, 1), 1},
                                                .local_bytes = rg_device_items(e->device) * e->plan.real_bytes}));
    return head->loss == RG_LOSS_AUTO ? RG_OK : states(e, head);
}
