/* The output layer and the loss: see head.h. */
#include "train/head.h"

#include "rnn_gpu/memory.h"
#include "train/layer.h"
#include "train/wide_head.h"

static size_t divide_up(size_t n, size_t by) {
    return (n + by - 1) / by;
}

static size_t head_offset(const struct rg_engine *e, bool bias) {
    return e->model->parameters[bias ? rg_model_head_bias(e->model) : rg_model_head_weight(e->model)].offset;
}

size_t rg_head_pack_jobs(const struct rg_engine *e, struct rg_pack_job jobs[RG_MAX_JOBS]) {
    const struct rg_plan *const p = &e->plan;
    const size_t panel = rg_device_panel(e->device), states = p->directions * p->hidden;
    const size_t weight = head_offset(e, false);
    const rg_u32 width = (rg_u32)panel, o_panels = (rg_u32)(p->o_stride / panel);
    jobs[0] = (struct rg_pack_job){.source = weight,
                                   .source2 = RG_NO_SOURCE,
                                   .target = p->pack_head,
                                   .stride_k = 1,
                                   .stride_u = states,
                                   .depth = (rg_u32)states,
                                   .gates = 1,
                                   .all_gates = 1,
                                   .units = (rg_u32)p->outputs,
                                   .panels = o_panels,
                                   .width = width};
    jobs[1] = (struct rg_pack_job){.source = weight,
                                   .source2 = RG_NO_SOURCE,
                                   .target = p->pack_head_reverse,
                                   .stride_k = states,
                                   .stride_u = 1,
                                   .depth = (rg_u32)p->outputs,
                                   .gates = 1,
                                   .all_gates = 1,
                                   .units = (rg_u32)states,
                                   .panels = (rg_u32)divide_up(states, panel),
                                   .width = width};
    jobs[2] = (struct rg_pack_job){.source = head_offset(e, true),
                                   .source2 = RG_NO_SOURCE,
                                   .target = p->pack_head_bias,
                                   .stride_u = 1,
                                   .depth = 1,
                                   .gates = 1,
                                   .all_gates = 1,
                                   .units = (rg_u32)p->outputs,
                                   .panels = o_panels,
                                   .width = width};
    return 3;
}

/* Steps of the window that have an output. */
static struct rg_span target_span(const struct rg_engine *e) {
    const size_t first = e->plan.steps - e->plan.target_steps;
    return (struct rg_span){e->window.begin > first ? e->window.begin : first, e->window.end};
}

/* Of dL/dout of the last layer, keep step e->probe alone. */
static rg_status isolate_step(struct rg_engine *e) {
    const size_t n = e->chunk.rows * e->plan.out_stride, at = (e->probe - e->base) * n;
    const bool here = e->probe >= e->window.begin && e->probe < e->window.end;
    double *step = NULL;
    RG_TRY(rg_alloc(&step, n, sizeof *step, "the gradients below the head"));
    rg_status status = here ? rg_reals_read(e->device, step, e->dhead, at, n) : RG_OK;
    RG_TRY_GOTO(status);
    RG_TRY_GOTO(rg_buffer_zero(e->device, e->dhead));
    RG_TRY_GOTO(here ? rg_reals_write(e->device, e->dhead, at, step, n) : RG_OK);
fail:
    rg_free(step);
    return status;
}

rg_status rg_head_forward(struct rg_engine *e, enum rg_loss loss, bool again) {
    const struct rg_plan *const p = &e->plan;
    const struct rg_span span = target_span(e);
    const size_t rows = e->chunk.rows, terms = e->chunk.source->terms;
    if (span.begin >= span.end) {
        return RG_OK;
    }
    const double mean_over =
        (double)(terms ? terms : p->batch * p->target_steps) * (loss == RG_LOSS_CE ? 1.0 : (double)p->outputs);
    const struct rg_head_args args = {
        .rows = rows,
        .first_row = e->chunk.first_row,
        .first_step = p->steps - p->target_steps,
        .from = span.begin,
        .to = span.end,
        .base = e->base,
        .target_base = p->target_steps > 1 ? e->base : span.begin,
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
        .scale = (float)(e->loss_scale / mean_over),
        .loss_scale = (float)e->loss_scale,
        .again = again,
    };
    struct rg_buffer *const top = e->out[p->layers - 1];
    const struct rg_launch launch = {.kernel = RG_K_rg_head,
                                     .buffers = {top, e->packed, e->y, e->z, e->dz ? e->dz : e->unused,
                                                 e->dhead ? e->dhead : e->unused,
                                                 e->row_loss ? e->row_loss : e->unused},
                                     .args = &args,
                                     .groups = {divide_up(rows, p->tile), 1}};
    RG_TRY(p->wide_head ? rg_wide_head(e, &args) : rg_device_launch(e->device, &launch));
    return e->probe != RG_NO_PROBE && p->target_steps > 1 ? isolate_step(e) : RG_OK;
}

/* Segments of the head's weight gradient. */
static size_t head_segments(const struct rg_plan *p) {
    return p->sum_segments < p->target_steps ? p->sum_segments : p->target_steps;
}

static rg_status launch_gradient(struct rg_engine *e, const struct rg_layer_parts *parts) {
    const struct rg_plan *const p = &e->plan;
    const size_t rows = e->chunk.rows;
    const bool every_step = p->target_steps > 1;
    const struct rg_weight_gradient_args args = {
        .rows = rows,
        .steps = p->target_steps,
        .begin = every_step ? parts->span.begin : 0,
        .end = every_step ? parts->span.end : 1,
        .base = every_step ? e->base : 0,
        .run = p->run,
        .segment_stride = p->head_partial,
        .partial = p->head_partial_at + parts->first * p->head_partial,
        .n_segments = (rg_u32)parts->n,
        .n = (rg_u32)p->o_stride,
        .d_stride = (rg_u32)p->o_stride,
        .gate_width = (rg_u32)p->o_stride,
        .accumulate = parts->accumulate,
        .block = (rg_u32)p->block,
        .n_sources = 1,
        .parts = 1,
        .sources = {{.offset = every_step ? 0 : (p->steps - 1 - e->base) * rows * p->out_stride,
                     .buffer = RG_FROM_STATES,
                     .depth = (rg_u32)(p->directions * p->hidden),
                     .stride = (rg_u32)p->out_stride,
                     .skip_gate = RG_NO_GATE,
                     .sums = 1}},
    };
    return rg_device_launch(e->device,
                            &(struct rg_launch){.kernel = RG_K_rg_weight_gradient,
                                                .buffers = {e->out[p->layers - 1], e->x, e->dz, e->partial},
                                                .args = &args,
                                                .groups = {args.n_segments, p->o_stride / rg_device_panel(e->device)}});
}

rg_status rg_head_gradient(struct rg_engine *e) {
    const struct rg_plan *const p = &e->plan;
    const struct rg_span span = target_span(e);
    const bool later = e->chunk.first_row > 0;
    if (p->target_steps == 1 || !p->by_runs) {
        const struct rg_layer_parts whole = {span, 0, head_segments(p), later};
        return span.begin < span.end ? launch_gradient(e, &whole) : RG_OK;
    }
    for (struct rg_span run = {span.end, span.end}; run.begin > span.begin;) {
        run = rg_plan_run_before(p, run.begin);
        const size_t segment = rg_plan_segment(p, run.begin);
        const bool more = later || run.end != rg_plan_segment_span(p, segment).end;
        RG_TRY(launch_gradient(e, &(struct rg_layer_parts){run, segment, 1, more}));
    }
    return RG_OK;
}

size_t rg_head_reduce_jobs(const struct rg_engine *e, struct rg_reduce_job jobs[RG_MAX_JOBS]) {
    const struct rg_plan *const p = &e->plan;
    const size_t states = p->directions * p->hidden;
    const struct rg_reduce_job job = {.target = head_offset(e, false),
                                      .source = p->head_partial_at,
                                      .segment_stride = p->head_partial,
                                      .n_segments = (rg_u32)head_segments(p),
                                      .gates = 1,
                                      .units = (rg_u32)p->outputs,
                                      .n = (rg_u32)p->o_stride,
                                      .columns = (rg_u32)states};
    jobs[0] = jobs[1] = job;
    jobs[1].target = head_offset(e, true);
    jobs[1].columns = 1;
    jobs[1].k0 = (rg_u32)states;
    return 2;
}
