/* Creating and destroying lag profiles, and checking what can be measured: see profile.h. */
#include <math.h>

#include "gradient/profile.h"
#include "rnn_gpu/memory.h"

const char *const rg_quantile_names[] = {"min", "p10", "median", "p90", "max", NULL};

rg_status rg_lag_check(const struct rg_shape *shape, size_t steps, size_t probe) {
    if (probe > steps) {
        return rg_fail(RG_USAGE, "--probe-time %zu is after the last step, %zu", probe, steps);
    }
    if (probe > 0 && probe < steps && shape->target == RG_TARGET_LAST) {
        return rg_fail(RG_USAGE,
                       "--probe-time %zu: the loss is at the last step, %zu; other steps have one with "
                       "--target steps",
                       probe, steps);
    }
    if (probe > 0 && probe < steps && shape->bidirectional) {
        return rg_fail(RG_USAGE, "--probe-time %zu: a bidirectional net can only be probed at its last step, %zu",
                       probe, steps);
    }
    return RG_OK;
}

double rg_lag_used(const struct rg_lag_profiles *profiles) {
    const size_t n = profiles->layers * profiles->directions; /* all directions have the same steps */
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += profiles->items[i].used;
    }
    return sum / (double)n;
}

/* Take the next T numbers of the storage. */
static double *take(double **at, size_t steps) {
    double *const here = *at;
    *at += steps;
    return here;
}

enum { ARRAYS_OF_TERMS = 6, ARRAYS_OF_STEP = 2, ARRAYS_OF_DELTAS = 3 + 2 * RG_N_QUANTILES };

static void take_terms(struct rg_lag_terms *terms, size_t parameter, double **at, size_t steps) {
    *terms = (struct rg_lag_terms){.parameter = parameter};
    terms->norm = take(at, steps);
    terms->log10_norm = take(at, steps);
    terms->share = take(at, steps);
    terms->cosine = take(at, steps);
    terms->error = take(at, steps);
    terms->cut_cosine = take(at, steps);
    for (size_t lag = 0; lag < steps; lag++) {
        terms->log10_norm[lag] = -INFINITY;
    }
}

static rg_status create_profile(const struct rg_engine *engine, struct rg_lag_profile *p) {
    static const enum rg_role roles[RG_LAG_MATRICES] = {RG_ROLE_WEIGHT_HH, RG_ROLE_WEIGHT_IH, RG_ROLE_WEIGHT_SH};
    const struct rg_plan *const plan = &engine->net.plan;
    const size_t steps = plan->steps;
    p->steps = steps;
    p->statistics.lack = RG_STATISTICS_INTERRUPTED; /* until it is measured */
    p->has_past = p->direction == 0 || p->layer + 1 < plan->layers || plan->readout != RG_READOUT_LAST;
    p->stride = rg_plan_has_skip(plan, RG_SKIP_DILATED) ? plan->skip : 1;
    p->n_gates = plan->gates;
    p->n_matrices = rg_plan_has_skip(plan, RG_SKIP_ADD) ? RG_LAG_MATRICES : RG_LAG_SH;
    const size_t arrays = p->n_matrices * ((1 + p->n_gates) * ARRAYS_OF_TERMS + ARRAYS_OF_STEP) + ARRAYS_OF_DELTAS;
    RG_TRY(rg_alloc(&p->storage, steps, arrays * sizeof(double), "the lag profile"));
    double *at = p->storage;
    for (size_t m = 0; m < RG_LAG_MATRICES && m < p->n_matrices; m++) {
        const size_t parameter = rg_model_parameter(engine->net.model, p->layer, p->direction, roles[m]);
        take_terms(&p->matrices[m], parameter, &at, steps);
        p->matrices[m].frozen = engine->net.model->parameters[parameter].frozen;
        p->matrices[m].step_share = take(&at, steps);
        p->matrices[m].step_log10 = take(&at, steps);
        for (size_t g = 0; g < p->n_gates && g < 4; g++) {
            take_terms(&p->gates[m][g], parameter, &at, steps);
        }
    }
    p->delta_norm = take(&at, steps);
    p->delta_log10 = take(&at, steps);
    p->ended_log10 = take(&at, steps);
    for (size_t q = 0; q < RG_N_QUANTILES; q++) {
        p->delta_quantiles[q] = take(&at, steps);
        p->term_quantiles[q] = take(&at, steps);
    }
    for (size_t lag = 0; lag < steps; lag++) { /* zero until it is measured */
        p->delta_log10[lag] = -INFINITY;
        for (size_t q = 0; q < RG_N_QUANTILES; q++) {
            p->delta_quantiles[q][lag] = p->term_quantiles[q][lag] = NAN;
        }
    }
    return RG_OK;
}

rg_status rg_lag_profiles_create(const struct rg_engine *engine, size_t rows, size_t probe,
                                 struct rg_lag_profiles **out) {
    const struct rg_plan *const plan = &engine->net.plan;
    const size_t n = plan->layers * plan->directions;
    struct rg_lag_profiles *profiles = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_alloc(&profiles, 1, sizeof *profiles, "the lag profile"));
    profiles->layers = plan->layers;
    profiles->directions = plan->directions;
    RG_TRY_GOTO(rg_alloc(&profiles->items, n, sizeof *profiles->items, "the lag profile"));
    for (size_t i = 0; i < n; i++) {
        struct rg_lag_profile *const p = &profiles->items[i];
        p->rows = rows;
        p->probe = probe;
        p->one_of_losses = plan->target_steps > 1;
        p->enters_everywhere = i / plan->directions + 1 == plan->layers &&
                               (plan->readout == RG_READOUT_MEAN || plan->readout == RG_READOUT_MAX);
        p->layer = i / plan->directions;
        p->direction = i % plan->directions;
        RG_TRY_GOTO(create_profile(engine, p));
    }
    *out = profiles;
    return RG_OK;
cleanup:
    rg_lag_profiles_destroy(profiles);
    return status;
}

void rg_lag_profiles_destroy(struct rg_lag_profiles *profiles) {
    if (profiles) {
        for (size_t i = 0; profiles->items && i < profiles->layers * profiles->directions; i++) {
            rg_free(profiles->items[i].storage);
        }
        rg_free(profiles->items);
        rg_free(profiles);
    }
}

const struct rg_lag_profile *rg_lag_profile_of(const struct rg_lag_profiles *profiles, size_t layer, size_t direction) {
    return &profiles->items[layer * profiles->directions + direction];
}

double rg_lag_noise_scale(const struct rg_lag_profile *p) {
    return p->noise < 1.0 ? (double)p->rows * p->noise / (1.0 - p->noise) : (double)NAN;
}
