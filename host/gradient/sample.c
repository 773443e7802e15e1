/* Samples of the lag profile: see sample.h. */
#include "gradient/sample.h"

#include <math.h>

#include "base/sizes.h"
#include "engine/lags.h"
#include "rnn_gpu/memory.h"

enum {
    MAX_ROWS = 128,
    WANTED = 96,   /* log2 of the largest element after scaling: elements of 2^-200 of it are still represented */
    FAR_OFF = 16,  /* change the scale for the next sample when log2 of the largest element is this far from WANTED */
    LARGEST = 120, /* largest exponent of the scale */
    TRIES = 4
};
static const double FLOOR = 1e-36; /* smaller elements may have been rounded to 0 */

static rg_status create_sampled(struct rg_lag_sampler *s) {
    static const enum rg_role roles[RG_LAG_PARTS] = {RG_ROLE_WEIGHT_HH, RG_ROLE_WEIGHT_IH, RG_ROLE_WEIGHT_SH};
    const struct rg_plan *const p = &s->engine->net.plan;
    s->n_sampled = p->layers * p->directions * s->each;
    RG_TRY(rg_alloc(&s->sampled, s->n_sampled, sizeof *s->sampled, "lag samples"));
    RG_TRY(rg_alloc(&s->numbers, s->n_sampled * 3, s->steps * sizeof(double), "lag samples"));
    RG_TRY(rg_alloc(&s->read, s->n_sampled, s->steps * sizeof *s->read, "lag samples"));
    for (size_t i = 0; i < s->n_sampled; i++) {
        double *const at = s->numbers + i * 3 * s->steps;
        struct rg_sampled *const to = &s->sampled[i];
        to->layer = i / s->each / p->directions;
        to->direction = i / s->each % p->directions;
        to->to_first = to->direction == 1 && p->readout != RG_READOUT_LAST;
        to->parameter = rg_model_parameter(s->engine->net.model, to->layer, to->direction, roles[i % s->each]);
        to->log10_norm = at;
        to->share = at + s->steps;
        to->cosine = at + 2 * s->steps;
    }
    return RG_OK;
}

static rg_status create_buffers(struct rg_lag_sampler *s) {
    const struct rg_plan *const p = &s->engine->net.plan;
    for (size_t i = 0; i < p->layers * p->directions; i++) {
        RG_TRY(rg_reals_create(s->engine->net.device, rg_plan_term(p, i / p->directions), "the sampled gradient",
                               &s->total[i]));
    }
    return rg_buffer_create(s->engine->net.device, s->n_sampled * s->steps * sizeof(struct rg_lag_part), "lag samples",
                            &s->parts);
}

rg_status rg_lag_sampler_create(struct rg_engine *engine, struct rg_batch_source *source, size_t probe,
                                struct rg_lag_sampler **out) {
    const struct rg_plan *const p = &engine->net.plan;
    const size_t rows = rg_min(p->chunk, p->batch);
    RG_TRY(rg_alloc(out, 1, sizeof **out, "lag samples"));
    struct rg_lag_sampler *const s = *out;
    *s = (struct rg_lag_sampler){.engine = engine,
                                 .source = source,
                                 .rows = rg_min(rows, MAX_ROWS),
                                 .probe = (probe ? probe : p->steps) - 1,
                                 .steps = p->steps,
                                 .each = rg_plan_has_skip(p, RG_SKIP_ADD) ? 3 : 2};
    rg_status status = RG_OK;
    RG_TRY_GOTO(create_sampled(s));
    RG_TRY_GOTO(create_buffers(s));
    return RG_OK;
cleanup:
    rg_lag_sampler_destroy(s);
    *out = NULL;
    return status;
}

void rg_lag_sampler_destroy(struct rg_lag_sampler *s) {
    if (s) {
        for (size_t i = 0; i < sizeof s->total / sizeof *s->total; i++) {
            rg_buffer_destroy(s->engine->net.device, s->total[i]);
        }
        rg_buffer_destroy(s->engine->net.device, s->parts);
        rg_free(s->sampled);
        rg_free(s->numbers);
        rg_free(s->read);
        rg_free(s);
    }
}

static struct rg_engine_lags lags_of(const struct rg_lag_sampler *s, size_t layer, size_t direction) {
    const size_t i = layer * s->engine->net.plan.directions + direction;
    return (struct rg_engine_lags){
        .layer = layer, .direction = direction, .total = s->total[i], .parts = s->parts, .out = i * s->steps * s->each};
}

static rg_status visit_total(void *self, size_t layer) {
    struct rg_lag_sampler *const s = self;
    for (size_t d = 0; d < s->engine->net.plan.directions; d++) {
        const struct rg_engine_lags lags = lags_of(s, layer, d);
        RG_TRY(rg_engine_lag_total(s->engine, &lags));
    }
    return RG_OK;
}

static rg_status visit_layer(void *self, size_t layer) {
    struct rg_lag_sampler *const s = self;
    for (size_t d = 0; d < s->engine->net.plan.directions; d++) {
        const struct rg_engine_lags lags = lags_of(s, layer, d);
        RG_TRY(rg_engine_lag_parts(s->engine, &lags));
    }
    return RG_OK;
}

/* The device's result for matrix i and step t. */
static const struct rg_lag_part *part_of(const struct rg_lag_sampler *s, size_t i, size_t t) {
    return &s->read[(i / s->each * s->steps + t) * s->each + i % s->each];
}

/* Check the scale of the loss and adapt it if necessary. Returns whether the sample must be taken again. */
static bool rescale(struct rg_lag_sampler *s) {
    double high = 0.0, low = INFINITY;
    for (size_t i = 0; i < s->n_sampled; i++) {
        for (size_t t = 0; t <= s->probe; t++) {
            const struct rg_lag_part *const part = part_of(s, i, t);
            const double largest = (double)part->largest;
            if (!isfinite(largest) || !isfinite((double)part->squares) || !isfinite((double)part->product)) {
                s->exponent -= 2 * WANTED;
                return s->exponent >= -3 * LARGEST;
            }
            high = fmax(high, largest);
            low = fmin(low, largest);
        }
    }
    const int off = high > FLOOR ? WANTED - ilogb(high) : 0, before = s->exponent;
    if ((low < FLOOR && off > FAR_OFF) || off < -FAR_OFF) {
        s->exponent += off;
        s->exponent = s->exponent > LARGEST ? LARGEST : s->exponent;
    }
    return low < FLOOR && s->exponent != before;
}

/* Compute norms, shares and cosines of a matrix; ||G||^2 is the sum over t of <G_t, G>. */
static void summarise(struct rg_lag_sampler *s, size_t i, int exponent) {
    struct rg_sampled *const to = &s->sampled[i];
    double square = 0.0;
    /* sequences differ in length, so a step belongs to several lags */
    const bool mixed = to->to_first && s->source->ragged;
    for (size_t lag = 0; lag < s->steps; lag++) {
        to->log10_norm[lag] = mixed ? NAN : -INFINITY;
        to->share[lag] = to->cosine[lag] = mixed ? NAN : 0.0;
    }
    for (size_t t = 0; t <= s->probe; t++) {
        square += (double)part_of(s, i, t)->largest * (double)part_of(s, i, t)->product;
    }
    to->total = square > 0.0 ? ldexp(sqrt(square), -exponent) : 0.0;
    if (mixed) {
        return;
    }
    for (size_t t = 0; t <= s->probe; t++) {
        const struct rg_lag_part *const part = part_of(s, i, t);
        const double norm = (double)part->largest * sqrt((double)part->squares),
                     lag_product = (double)part->largest * (double)part->product;
        const size_t lag = to->to_first ? t : s->probe - t;
        to->log10_norm[lag] = norm > 0.0 ? log10(norm) - exponent * log10(2.0) : -INFINITY;
        to->share[lag] = square > 0.0 ? lag_product / square : 0.0;
        to->cosine[lag] = square > 0.0 && norm > 0.0 ? fmax(-1.0, fmin(1.0, lag_product / norm / sqrt(square))) : 0.0;
    }
}

rg_status rg_lag_sampler_measure(struct rg_lag_sampler *s, uint64_t updates_done) {
    const struct rg_engine_visit visit = {visit_total, visit_layer, s};
    int exponent = s->exponent;
    for (int i = 0; i < TRIES; i++) {
        exponent = s->exponent;
        const struct rg_engine_sampling sampling = {s->source, updates_done, s->rows, s->probe, exponent};
        RG_TRY(rg_engine_sample(s->engine, &sampling, &visit));
        RG_TRY(rg_buffer_read(s->engine->net.device, s->read, s->parts, 0, s->n_sampled * s->steps * sizeof *s->read));
        if (!rescale(s)) {
            break;
        }
    }
    for (size_t i = 0; i < s->n_sampled; i++) {
        summarise(s, i, exponent);
    }
    return RG_OK;
}

bool rg_sampled_has_lags(const struct rg_sampled *sampled) {
    return !isnan(sampled->share[0]);
}

double rg_sampled_long_share(const struct rg_sampled *sampled, size_t steps) {
    double sum = 0.0;
    for (size_t lag = (steps + 1) / 2; lag < steps; lag++) {
        sum += sampled->share[lag];
    }
    return sum;
}

bool rg_lag_sampler_driver(const struct rg_lag_sampler *s, size_t *matrix, size_t *lag) {
    const struct rg_parameter *const parameters = s->engine->net.model->parameters;
    size_t first = 0; /* that is trained */
    while (first < s->n_sampled && parameters[s->sampled[first].parameter].frozen) {
        first++;
    }
    *lag = 0;
    *matrix = first < s->n_sampled ? first : 0;
    for (size_t i = first + 1; i < s->n_sampled; i++) {
        const bool more = rg_sampled_has_lags(&s->sampled[i]) && s->sampled[i].total > s->sampled[*matrix].total;
        *matrix = more && !parameters[s->sampled[i].parameter].frozen ? i : *matrix;
    }
    const double *const share = s->sampled[*matrix].share;
    for (size_t i = 1; i < s->steps; i++) {
        *lag = share[i] > share[*lag] ? i : *lag;
    }
    return first < s->n_sampled;
}
