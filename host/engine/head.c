/* The output layer and the loss: see head.h. */
#include "engine/head.h"

#include "base/sizes.h"
#include "engine/jobs.h"
#include "engine/layer.h"
#include "engine/readout.h"
#include "engine/wide_head.h"
#include "rnn_gpu/memory.h"

static size_t head_offset(const struct rg_net *net, bool bias) {
    return net->model->parameters[bias ? rg_model_head_bias(net->model) : rg_model_head_weight(net->model)].offset;
}

size_t rg_head_pack_jobs(const struct rg_net *net, struct rg_pack_job jobs[RG_MAX_JOBS]) {
    const struct rg_plan *const p = &net->plan;
    const size_t states = p->directions * p->hidden;
    const struct rg_pack_matrix forward = {.source = head_offset(net, false),
                                           .target = p->pack_head,
                                           .rows = p->outputs,
                                           .columns = states,
                                           .padded = p->o_stride};
    const struct rg_pack_matrix bias = {.source = head_offset(net, true),
                                        .target = p->pack_head_bias,
                                        .rows = p->outputs,
                                        .columns = 1,
                                        .padded = p->o_stride};
    struct rg_pack_matrix reverse = forward;
    reverse.target = p->pack_head_reverse;
    reverse.padded = rg_round_up(states, rg_device_panel(net->device));
    reverse.transposed = true;
    jobs[0] = rg_pack_matrix_job(net, &forward);
    jobs[1] = rg_pack_matrix_job(net, &reverse);
    jobs[2] = rg_pack_matrix_job(net, &bias);
    return 3;
}

/* Steps of the segment that have an output. */
static struct rg_span target_span(const struct rg_net *net) {
    const size_t first = net->plan.steps - net->plan.target_steps;
    return (struct rg_span){rg_max(net->segment.begin, first), net->segment.end};
}

/* Set dL/dout of the last layer to 0 at every step but net->probe. */
static rg_status isolate_step(struct rg_net *net) {
    const size_t n = net->chunk.rows * net->plan.out_stride, at = (net->probe - net->base) * n;
    const bool in_segment = net->probe >= net->segment.begin && net->probe < net->segment.end;
    double *step = NULL;
    RG_TRY(rg_alloc(&step, n, sizeof *step, "the gradients below the head"));
    rg_status status = in_segment ? rg_reals_read(net->device, step, net->buffers.dhead, at, n) : RG_OK;
    RG_TRY_GOTO(status);
    RG_TRY_GOTO(rg_buffer_zero(net->device, net->buffers.dhead));
    RG_TRY_GOTO(in_segment ? rg_reals_write(net->device, net->buffers.dhead, at, step, n) : RG_OK);
cleanup:
    rg_free(step);
    return status;
}

/* Launch the head for these steps and rows. `self` has the arguments for the whole segment, from which steps count. */
static rg_status launch_steps(struct rg_net *net, void *self, struct rg_span steps, struct rg_span rows) {
    const struct rg_plan *const p = &net->plan;
    struct rg_head_args args = *(const struct rg_head_args *)self;
    args.to = args.from + steps.end;
    args.from += steps.begin;
    args.begin = rows.begin;
    args.end = rows.end;
    const struct rg_launch launch = {.kernel = RG_K_rg_head,
                                     .buffers = {rg_readout_rows(net), net->buffers.packed, net->buffers.y,
                                                 net->buffers.z, rg_net_or_unused(net, net->buffers.dz),
                                                 rg_net_or_unused(net, net->buffers.dhead),
                                                 rg_net_or_unused(net, net->buffers.row_loss)},
                                     .args = &args,
                                     .groups = {rg_divide_up(rows.end - rows.begin, p->tile), 1}};
    return p->wide_head ? rg_wide_head(net, &args) : rg_device_launch(net->device, &launch);
}

rg_status rg_head_forward(struct rg_net *net, enum rg_loss loss, bool again) {
    const struct rg_plan *const p = &net->plan;
    const struct rg_span span = target_span(net);
    const size_t rows = net->chunk.rows, terms = net->chunk.source->terms;
    if (span.begin >= span.end) {
        return RG_OK;
    }
    const double mean_over =
        (double)(terms ? terms : p->batch * p->target_steps) * (loss == RG_LOSS_CE ? 1.0 : (double)p->outputs);
    const double weight = net->chunk.source->weighted ? net->chunk.source->weight : 0.0; /* 0: no row has one */
    const double scale = net->loss_scale / (weight > 0.0 ? weight : mean_over);
    struct rg_head_args args = {
        .rows = rows,
        .first_row = net->chunk.first_row,
        .first_step = p->steps - p->target_steps,
        .from = span.begin,
        .to = span.end,
        .base = rg_readout_base(net),
        .target_base = p->target_steps > 1 ? net->base : span.begin,
        .terms = (rg_u64)mean_over,
        .w_forward = p->pack_head,
        .w_reverse = p->pack_head_reverse,
        .bias = p->pack_head_bias,
        .hidden = (rg_u32)(p->directions * p->hidden),
        .h_stride = (rg_u32)p->out_stride,
        .outputs = (rg_u32)p->outputs,
        .o_stride = (rg_u32)p->o_stride,
        .n_targets = (rg_u32)p->n_targets,
        .loss = (rg_u32)loss,
        .tile = (rg_u32)p->tile,
        .scale = (float)scale,
        .scale_rest = (float)(scale - (float)scale),
        .loss_scale = (float)net->loss_scale,
        .recomputed = again,
        .weighted = net->chunk.source->weighted && loss != RG_LOSS_AUTO,
    };
    const struct rg_area area = {RG_WORK_HEAD, 0, span.end - span.begin, rows, p->wide_head ? p->block : p->tile};
    RG_TRY(rg_in_area(net, &area, launch_steps, &args));
    return net->probe != RG_NO_PROBE && p->target_steps > 1 ? isolate_step(net) : RG_OK;
}

/* Slices of the head's weight gradient. */
static size_t head_slices(const struct rg_plan *p) {
    return rg_min(p->sum_slices, p->target_steps);
}

static rg_status launch_gradient(struct rg_net *net, const struct rg_layer_parts *parts) {
    const struct rg_plan *const p = &net->plan;
    const size_t rows = net->chunk.rows;
    const bool every_step = p->target_steps > 1;
    const struct rg_weight_gradient_args args = {
        .rows = rows,
        .steps = p->target_steps,
        .begin = every_step ? parts->span.begin : 0,
        .end = every_step ? parts->span.end : 1,
        .base = every_step ? net->base : 0,
        .accum_steps = p->accum_steps,
        .slice_stride = p->head_partial,
        .partial = p->head_partial_at + parts->first * p->head_parts * p->head_partial,
        .n_slices = (rg_u32)parts->n,
        .n = (rg_u32)p->o_stride,
        .d_stride = (rg_u32)p->o_stride,
        .gate_width = (rg_u32)p->o_stride,
        .accumulate = parts->accumulate,
        .block = (rg_u32)p->block,
        .n_sources = 1,
        .parts = (rg_u32)p->head_parts,
        .first_block = (rg_u32)((net->chunk.first_row - net->chunk.sum_row) / p->block),
        .sources = {{.offset = every_step ? 0 : (p->steps - 1 - rg_readout_base(net)) * rows * p->out_stride,
                     .buffer = RG_FROM_STATES,
                     .depth = (rg_u32)(p->directions * p->hidden),
                     .stride = (rg_u32)p->out_stride,
                     .skip_gate = RG_NO_GATE,
                     .sums = 1}},
    };
    const struct rg_launch launch = {
        .kernel = RG_K_rg_weight_gradient,
        .buffers = {rg_readout_rows(net), net->buffers.x, net->buffers.dz, net->buffers.partial},
        .args = &args,
        .groups = {args.n_slices, p->o_stride / rg_device_panel(net->device)}};
    return rg_layer_launch_gradient(net, RG_WORK_HEAD_GRADIENT, 0, &launch);
}

rg_status rg_head_gradient(struct rg_net *net) {
    const struct rg_plan *const p = &net->plan;
    const struct rg_span span = target_span(net);
    const bool adds = net->chunk.first_row > net->chunk.sum_row; /* to the sums of the chunks before */
    if (p->target_steps == 1 || !p->accum_in_turns) {
        const struct rg_layer_parts whole = {.span = span, .n = head_slices(p), .accumulate = adds};
        return span.begin < span.end ? launch_gradient(net, &whole) : RG_OK;
    }
    for (struct rg_span run = {span.end, span.end}; run.begin > span.begin;) {
        run = rg_plan_accum_before(p, run.begin);
        const size_t slice = rg_plan_slice(p, run.begin);
        const bool more = adds || run.end != rg_plan_slice_span(p, slice).end;
        const struct rg_layer_parts part = {.span = run, .first = slice, .n = 1, .accumulate = more};
        RG_TRY(launch_gradient(net, &part));
    }
    return RG_OK;
}

size_t rg_head_reduce_jobs(const struct rg_net *net, struct rg_reduce_job jobs[RG_MAX_JOBS]) {
    const struct rg_plan *const p = &net->plan;
    const size_t states = p->directions * p->hidden;
    const struct rg_reduce_job job = {.target = head_offset(net, false),
                                      .source = p->head_partial_at,
                                      .slice_stride = p->head_partial,
                                      .n_slices = (rg_u32)(head_slices(p) * p->head_parts),
                                      .gates = 1,
                                      .units = (rg_u32)p->outputs,
                                      .n = (rg_u32)p->o_stride,
                                      .columns = (rg_u32)states};
    jobs[0] = jobs[1] = job;
    jobs[1].target = head_offset(net, true);
    jobs[1].columns = 1;
    jobs[1].k0 = (rg_u32)states;
    return 2;
}
