/* The verdict on a lag profile: see verdict.h. */
#include "gradient/verdict.h"

#include <math.h>

/* A change by a factor of 1,000 over all steps is a verdict. So is a spread of six decades between sequences. */
static const double DECADES = 3.0, SPREAD_DECADES = 6.0;
/* The sensitivity of h_t = lambda h_{t-1} + x_t is sqrt(1 + lambda^2) / (1 - lambda^2) (Zucchet, Orvieto 2024; `probe
 * curse`): 7 for lambda = 0.9 and 71 for 0.99. The measured value varies by a third. */
static const double CURSE = 50.0;
/* A half-life this many times as long as the measured steps is a rounding error. */
static const double LONGEST_HALF_LIFE = 100.0;

const char *const rg_verdict_names[] = {"NONE",   "VANISHING", "EXPLODING", "MIXED",
                                        "FADING", "SENSITIVE", "STABLE",    NULL};

/* See rg_verdict. The gradient G is the sum of G_b over B sequences. sum ||G_b||^2 follows from ||G||^2 and the noise
 * n, the variance of G over its square: the mean of G_b contributes (1 - n) ||G||^2 / B and their variance n ||G||^2.
 */
static double sensitivity_of(const struct rg_lag_profile *p, const struct rg_causes *causes) {
    const double total = p->matrices[RG_LAG_HH].total, rows = (double)p->rows;
    const double n = isnan(p->noise_hh) ? 0.0 : p->noise_hh;
    const double squares = fmax(1.0 - n, 0.0) / rows + n; /* relative to ||G||^2 */
    if (isnan(p->end_log) || !(total > 0.0)) {
        return NAN;
    }
    const double one = log10(total) + 0.5 * log10(squares / rows); /* log10 of the root mean square of ||G_b|| */
    return pow(10.0, one - p->end_log) * (causes && causes->sigma_hh > 0.0 ? causes->sigma_hh : 1.0);
}

/* Sequences that are far apart disagree, unless all of them explode or all of them vanish. */
static enum rg_verdict_word by_reach(const struct rg_lag_reach *r) {
    const bool agree = r->p10 >= DECADES || r->p90 <= -DECADES;
    if (r->last == 0 || 2 * r->dead > r->rows) {
        return RG_NONE;
    }
    if (!agree && r->p90 - r->p10 >= SPREAD_DECADES) {
        return RG_MIXED;
    }
    return r->median >= DECADES ? RG_EXPLODING : r->median <= -DECADES ? RG_VANISHING : RG_STABLE;
}

/* Does the product have singular values far above and far below 1? With fewer directions than dimensions the true
 * values are even further apart. */
static bool directions_differ(const struct rg_causes *c) {
    return c && c->last > 0 && c->log10_largest[c->last] >= DECADES && c->log10_smallest[c->last] <= -DECADES;
}

bool rg_verdict_asks_causes(const struct rg_lag_profile *p) {
    return !p->overflow && by_reach(&p->reach) == RG_STABLE;
}

void rg_verdict_on(const struct rg_lag_profile *p, const struct rg_causes *causes, struct rg_verdict *v) {
    const struct rg_lag_reach *const r = &p->reach;
    *v = (struct rg_verdict){.word = p->overflow ? RG_EXPLODING : by_reach(r),
                             .overflow = p->overflow,
                             .layer = p->layer,
                             .direction = p->direction,
                             .part = 1.0,
                             .decay = rg_slope_of_sum(p->delta_log10, p->ended_log10, p->lags, 1),
                             .log10_reach = r->median,
                             .reach = pow(10.0, r->median),
                             .spread = r->dead == r->rows ? 0.0 : r->p90 - r->p10,
                             .last = r->last,
                             .sequences = r->rows,
                             .dead = r->dead,
                             .half_life = INFINITY,
                             .sensitivity = sensitivity_of(p, causes),
                             .horizon = p->matrices[RG_LAG_HH].horizon,
                             .lags = p->lags};
    v->factor = exp(v->decay);
    if (v->decay < 0.0 && -log(2.0) / v->decay <= LONGEST_HALF_LIFE * (double)p->lags) {
        v->half_life = -log(2.0) / v->decay;
    }
    v->mixture = v->word == RG_MIXED ? RG_MIXED_SEQUENCES : RG_NOT_MIXED;
    if (v->word != RG_STABLE) {
        return;
    }
    if (directions_differ(causes)) {
        v->word = RG_MIXED;
        v->mixture = RG_MIXED_DIRECTIONS;
    } else if (v->sensitivity >= CURSE) {
        v->word = RG_SENSITIVE;
    } else if (2 * v->horizon < p->lags && p->matrices[RG_LAG_HH].total > 0.0) {
        v->word = RG_FADING;
    }
}

/* ---- The whole net ---- */

/* Norm of the gradient of a direction's matrices. */
static double norm_of(const struct rg_lag_profile *p) {
    double square = 0.0;
    for (size_t m = 0; m < p->n_matrices; m++) {
        square = hypot(square, p->matrices[m].total);
    }
    return square;
}

static bool counts(const struct rg_lag_profiles *profiles, size_t i) {
    return profiles->items[i].lags > 0 && profiles->items[i].has_past;
}

/* Each direction's share of the squared gradient. If no direction has a gradient, the last layer stands for all. */
struct parts {
    const struct rg_lag_profiles *profiles;
    const struct rg_all_causes *causes;
    double largest, sum; /* largest norm; sum of squares relative to its square */
};

static double part_of(const struct parts *parts, size_t i) {
    const double norm = norm_of(&parts->profiles->items[i]);
    if (isinf(norm)) {
        return 1.0;
    }
    return parts->largest > 0.0 && isfinite(parts->largest) ? norm / parts->largest * (norm / parts->largest) : 0.0;
}

static void verdict_on_part(const struct parts *parts, size_t i, struct rg_verdict *v) {
    rg_verdict_on(&parts->profiles->items[i], parts->causes ? &parts->causes->items[i] : NULL, v);
    v->part = parts->sum > 0.0 ? part_of(parts, i) / parts->sum : NAN;
}

/* Find the verdict with the largest part among those with this word. Returns false if there is none. *sum becomes
 * the sum of their parts. */
static bool largest_part(const struct parts *parts, enum rg_verdict_word word, struct rg_verdict *found, double *sum) {
    bool any = false;
    *sum = 0.0;
    for (size_t i = parts->profiles->layers * parts->profiles->directions; i-- > 0;) {
        struct rg_verdict v;
        if (!counts(parts->profiles, i)) {
            continue;
        }
        verdict_on_part(parts, i, &v);
        if (v.word == word && !isnan(v.part)) {
            *sum += v.part;
            if (!any || v.part > found->part) {
                *found = v;
            }
            any = true;
        }
    }
    return any;
}

void rg_verdict_on_net(const struct rg_lag_profiles *profiles, const struct rg_all_causes *causes,
                       struct rg_verdict *v) {
    const size_t n = profiles->layers * profiles->directions;
    struct parts parts = {profiles, causes, 0.0, 0.0};
    struct rg_verdict exploding = {.part = 0.0}, vanishing = {.part = 0.0}, one;
    double max = 0.0, sum = 0.0;
    for (size_t i = n; i-- > 0;) {
        if (counts(profiles, i) && profiles->items[i].overflow) {
            rg_verdict_on(&profiles->items[i], NULL, v);
            return;
        }
    }
    for (size_t i = 0; i < n; i++) {
        parts.largest = counts(profiles, i) ? fmax(parts.largest, norm_of(&profiles->items[i])) : parts.largest;
    }
    for (size_t i = 0; i < n; i++) {
        parts.sum += counts(profiles, i) ? part_of(&parts, i) : 0.0;
    }
    verdict_on_part(&parts, n - profiles->directions, v);
    v->word = parts.sum > 0.0 ? v->word : RG_NONE;
    const bool explodes = largest_part(&parts, RG_EXPLODING, &exploding, &sum);
    if (largest_part(&parts, RG_VANISHING, &vanishing, &sum) && explodes) {
        const bool first = exploding.part >= vanishing.part;
        const struct rg_verdict *const other = first ? &vanishing : &exploding;
        *v = first ? exploding : vanishing;
        v->word = RG_MIXED;
        v->mixture = RG_MIXED_LAYERS;
        v->other_layer = other->layer;
        v->other_direction = other->direction;
        v->other_log10_reach = other->log10_reach;
        return;
    }
    for (int verdict = RG_NONE; verdict <= RG_STABLE; verdict++) {
        if (largest_part(&parts, (enum rg_verdict_word)verdict, &one, &sum) && sum > max) {
            max = sum;
            *v = one;
        }
    }
}
