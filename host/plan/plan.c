/* What a plan says of its slices, segments and buffers: see plan.h. */
#include "plan/plan.h"

#include <stdio.h>

#include "base/sizes.h"
#include "kernels/base/args.h"

size_t rg_plan_line_pad(const struct rg_device_info *info) {
    return rg_max((size_t)info->vec, RG_INPUT_PAD);
}

const char *rg_plan_batch_text(const struct rg_plan_options *options, uint64_t batch, char text[RG_BATCH_TEXT]) {
    const unsigned long long n = batch;
    (void)snprintf(text, RG_BATCH_TEXT,
                   options->max_rows ? "an update of %llu sequences (--batch times --accumulate)" : "--batch %llu", n);
    return text;
}

size_t rg_plan_term(const struct rg_plan *plan, size_t layer) {
    return plan->layer[layer].partial_rows * plan->d_width;
}

size_t rg_plan_carry(const struct rg_plan *p) {
    return rg_max(p->skip, 1) * p->carried * p->h_stride;
}

struct rg_span rg_plan_shard(const struct rg_plan *p, size_t shard) {
    return rg_span_share((struct rg_span){0, p->batch}, p->shards, shard, 1);
}

struct rg_span rg_plan_slice_span(const struct rg_plan *p, size_t slice) {
    return rg_span_share((struct rg_span){0, p->steps}, p->sum_slices, slice, 1);
}

size_t rg_plan_slice(const struct rg_plan *p, size_t t) {
    return rg_part_of(p->steps, p->sum_slices, t);
}

struct rg_span rg_plan_accum_before(const struct rg_plan *p, size_t end) {
    if (p->accum_steps >= p->steps) {
        return (struct rg_span){0, p->steps};
    }
    const size_t first = rg_plan_slice_span(p, rg_plan_slice(p, end - 1)).begin;
    return (struct rg_span){end - first > p->accum_steps ? end - p->accum_steps : first, end};
}

struct rg_span rg_plan_accum_after(const struct rg_plan *p, size_t begin) {
    if (p->accum_steps >= p->steps) {
        return (struct rg_span){0, p->steps};
    }
    const size_t end = rg_plan_slice_span(p, rg_plan_slice(p, begin)).end;
    return (struct rg_span){begin, end - (end - begin - 1) / p->accum_steps * p->accum_steps};
}

/* Move *begin back over whole runs of accum_steps steps. It stays in the slice that holds the step before *begin, and
 * moves over at most `room` steps. The run at the slice's first step may be shorter. Returns true if *begin has come to
 * the slice's first step, false if the next run has no room. */
static bool extend_in_slice(const struct rg_plan *p, size_t *begin, size_t room) {
    const size_t a = p->accum_steps, left = *begin - rg_plan_slice_span(p, rg_plan_slice(p, *begin - 1)).begin;
    const size_t full = rg_min((left - 1) / a, room / a), rest = left - full * a;
    const bool ends_slice = rest <= rg_min(a, room - full * a);
    *begin -= full * a + (ends_slice ? rest : 0);
    return ends_slice;
}

struct rg_span rg_plan_segment_before(const struct rg_plan *p, size_t end) {
    struct rg_span segment = {end, end};
    if (p->accum_steps >= p->steps) {
        return (struct rg_span){end <= p->segment_steps ? 0 : end, end};
    }
    while (segment.begin > 0 && extend_in_slice(p, &segment.begin, p->segment_steps - (end - segment.begin))) {
    }
    return segment;
}
