/* Samples of the lag profile: see lags.h. */
#include "engine/lags.h"

#include <math.h>

#include "base/sizes.h"
#include "engine/chunk.h"
#include "engine/layer.h"

rg_status rg_engine_sample(struct rg_engine *e, const struct rg_engine_sampling *s,
                           const struct rg_engine_visit *visit) {
    RG_TRY(rg_engine_pack(e));
    e->net.loss_scale = ldexp(1.0, s->exponent);
    e->net.probe = s->probe;
    const struct rg_chunk chunk = {
        .source = s->source, .update = s->update, .rows = s->rows, .loss = e->net.options.loss};
    rg_status status = rg_chunk_forward(&e->net, &chunk, NULL);
    if (status == RG_OK) {
        status = rg_chunk_sample(&e->net, visit);
    }
    e->net.loss_scale = 1.0;
    e->net.probe = RG_NO_PROBE;
    return status;
}

static struct rg_lag_args lag_args(const struct rg_engine *e, size_t layer, size_t direction) {
    const struct rg_plan *const p = &e->net.plan;
    const bool adds = rg_plan_has_skip(p, RG_SKIP_ADD);
    const rg_u32 hidden = (rg_u32)p->hidden, inputs = (rg_u32)p->layer[layer].inputs;
    return (struct rg_lag_args){.terms = p->layer[layer].directions[direction].partial,
                                .stride = rg_plan_term(p, layer),
                                .n_terms = (rg_u32)p->sum_slices,
                                .n_parts = adds ? 3 : 2,
                                .hidden = hidden,
                                .h_stride = (rg_u32)p->h_stride,
                                .deltas = (rg_u32)p->deltas,
                                .first = {0, hidden, hidden + inputs + 1},
                                .depth = {hidden, inputs, hidden}};
}

rg_status rg_engine_lag_total(struct rg_engine *e, const struct rg_engine_lags *l) {
    const struct rg_lag_args args = lag_args(e, l->layer, l->direction);
    return rg_device_launch(e->net.device,
                            &(struct rg_launch){.kernel = RG_K_rg_lag_total,
                                                .buffers = {e->net.buffers.partial, l->total},
                                                .args = &args,
                                                .groups = {rg_device_groups(e->net.device, args.stride, 2048), 1}});
}

rg_status rg_engine_lag_parts(struct rg_engine *e, const struct rg_engine_lags *l) {
    const struct rg_plan *const p = &e->net.plan;
    struct rg_lag_args args = lag_args(e, l->layer, l->direction);
    for (size_t t = e->net.segment.begin; t < e->net.segment.end; t += p->slices) {
        const size_t left = e->net.segment.end - t, n = rg_min(left, p->slices);
        const struct rg_layer_parts terms = {.span = {t, t + n}, .n = n};
        args.n_terms = (rg_u32)n;
        args.out = l->out + t * args.n_parts;
        RG_TRY(rg_layer_gradient(&e->net, l->layer, l->direction, &terms));
        RG_TRY(rg_device_launch(
            e->net.device,
            &(struct rg_launch){.kernel = RG_K_rg_lag,
                                .buffers = {e->net.buffers.partial, l->total, l->parts},
                                .args = &args,
                                .groups = {args.n_terms, args.n_parts},
                                .local_bytes = rg_device_items(e->net.device) * sizeof(struct rg_lag_part)}));
    }
    return RG_OK;
}
