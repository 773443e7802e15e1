/* The lag profile from the norms, terms and counts that the walk left. See lag_walk.h. */
#include <math.h>

#include "base/sort.h"
#include "gradient/lag_walk.h"
#include "rnn_gpu/memory.h"

/* Quantiles, by nearest rank, of the numbers that are not NAN; NAN if there are none. `scratch` is [n]. */
static void quantiles(const double *values, size_t n, double *scratch, double *const out[RG_N_QUANTILES], size_t lag) {
    static const double ranks[RG_N_QUANTILES] = {
        [RG_QUANTILE_MIN] = 0.0, [RG_P10] = 0.1, [RG_MEDIAN] = 0.5, [RG_P90] = 0.9, [RG_QUANTILE_MAX] = 1.0};
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            scratch[count++] = values[i];
        }
    }
    rg_sort(scratch, count);
    for (size_t q = 0; q < RG_N_QUANTILES; q++) {
        out[q][lag] = count ? scratch[rg_sorted_rank(ranks[q], count)] : NAN;
    }
}

/* Decades by which a sequence's gradient changes from the first lag that has a gradient to lag `last`. */
static double change_of(const struct rg_lag_walk *w, size_t row, size_t last) {
    const double there = w->record.delta_log[last * w->rows + row];
    size_t first = 0;
    while (first < last && !(w->record.delta_log[first * w->rows + row] > -INFINITY)) {
        first++;
    }
    const double change = there == -INFINITY ? there : there - w->record.delta_log[first * w->rows + row];
    return isnan(change) ? INFINITY : change; /* both norms are beyond the range of a double */
}

static bool has_step(const struct rg_lag_walk *w, size_t row, size_t lag) {
    return w->record.has_loss[row] && !isnan(w->record.delta_log[lag * w->rows + row]);
}

/* The furthest lag that a gradient can reach and at which some sequence has a step. */
static size_t furthest_lag(const struct rg_lag_walk *w) {
    const size_t stride = w->direction.profile->stride, lags = w->direction.profile->lags;
    for (size_t last = lags > 0 ? (lags - 1) / stride * stride : 0; last > 0; last -= stride) {
        for (size_t row = 0; row < w->rows; row++) {
            if (has_step(w, row, last)) {
                return last;
            }
        }
    }
    return 0;
}

/* Record the reach over the sequences. `scratch` is [rows]. */
static void note_reach(const struct rg_lag_walk *w, double *scratch) {
    struct rg_lag_reach *const reach = &w->direction.profile->reach;
    size_t n = 0;
    *reach = (struct rg_lag_reach){.last = furthest_lag(w), .p10 = -INFINITY, .median = -INFINITY, .p90 = -INFINITY};
    for (size_t row = 0; row < w->rows && w->direction.profile->lags > 0; row++) {
        if (has_step(w, row, reach->last)) {
            scratch[n] = change_of(w, row, reach->last);
            reach->dead += scratch[n++] == -INFINITY;
        }
    }
    reach->rows = n;
    if (n > 0) {
        rg_sort(scratch, n);
        reach->median = rg_sorted_median(scratch, n);
        reach->p10 = scratch[rg_sorted_rank(0.1, n)];
        reach->p90 = scratch[rg_sorted_rank(0.9, n)];
    }
}

/* Is the gradient of a sequence not finite at a lag? */
static bool overflows(const struct rg_lag_walk *w) {
    for (size_t i = 0; i < w->direction.profile->lags * w->rows; i++) {
        if (w->record.delta_log[i] == INFINITY && w->record.has_loss[i % w->rows]) {
            return true;
        }
    }
    return false;
}

static void forget(struct rg_lag_terms *terms, size_t lags) {
    double *const arrays[] = {terms->norm,  terms->log10_norm, terms->share,      terms->cosine,
                              terms->error, terms->cut_cosine, terms->step_share, terms->step_log10};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        for (size_t lag = 0; arrays[i] && lag < lags; lag++) {
            arrays[i][lag] = NAN;
        }
    }
    terms->total = NAN;
    terms->horizon = 0;
}

/* Sums over sequences that are not finite say nothing. */
static void forget_terms(struct rg_lag_profile *p) {
    for (size_t m = 0; m < p->n_matrices; m++) {
        forget(&p->matrices[m], p->lags);
        for (size_t g = 0; p->n_gates > 1 && g < p->n_gates; g++) {
            forget(&p->gates[m][g], p->lags);
        }
    }
}

/* end_log of profile.h. */
static double mean_end(const struct rg_lag_walk *w) {
    const struct rg_plan *const p = &w->engine->net.plan;
    double largest = -INFINITY, sum = 0.0;
    size_t n = 0;
    for (size_t row = 0; row < w->rows; row++) {
        largest = fmax(largest, w->record.end_log[row]);
    }
    for (size_t row = 0; row < w->rows; row++) {
        if (!isnan(w->record.end_log[row])) {
            sum += pow(10.0, 2.0 * (w->record.end_log[row] - largest));
            n++;
        }
    }
    const bool one_step = p->readout == RG_READOUT_LAST || p->readout == RG_READOUT_FINAL;
    return isfinite(largest) && one_step && w->direction.profile->layer + 1 == p->layers
               ? largest + 0.5 * log10(sum / (double)n)
               : NAN;
}

/* Measure how much of the profile is chance. */
static rg_status measure_statistics(struct rg_lag_walk *w) {
    struct rg_lag_profile *const p = w->direction.profile;
    RG_TRY(rg_terms_statistics(&w->direction.terms));
    return p->statistics.lack == RG_STATISTICS_WHOLE
               ? rg_decay_interval(&w->direction.terms.micro, w->record.delta_log, w->rows, p->lags,
                                   rg_slope_of_sum(p->delta_log10, p->ended_log10, p->lags, 1), &p->statistics.decay)
               : RG_OK;
}

rg_status rg_lag_summarise(struct rg_lag_walk *w) {
    const struct rg_lag_record *const record = &w->record;
    struct rg_lag_profile *const p = w->direction.profile;
    double *scratch = NULL;
    RG_TRY(rg_alloc(&scratch, w->rows, sizeof *scratch, "the lag profile"));
    for (size_t lag = 0; lag < p->lags; lag++) {
        const double *const deltas = record->delta_log + lag * w->rows, *const terms = record->term_log + lag * w->rows;
        const struct rg_scaled *const s = &record->squares[lag];
        const bool some = s->exponent != RG_SCALED_EMPTY;
        /* the exponent of a square is even */
        p->delta_norm[lag] = some ? rg_scaled_value(sqrt(s->values[0]), s->exponent / 2) : 0.0;
        p->delta_log10[lag] = some ? rg_scaled_log10(sqrt(s->values[0]), s->exponent / 2) : -INFINITY;
        p->ended_log10[lag] =
            lag == 0 ? 0.0 : p->ended_log10[lag - 1] + rg_ended_log10(deltas - w->rows, deltas, w->rows);
        quantiles(deltas, w->rows, scratch, p->delta_quantiles, lag);
        quantiles(terms, w->rows, scratch, p->term_quantiles, lag);
    }
    note_reach(w, scratch);
    rg_free(scratch);
    rg_terms_finish(&w->direction.terms);
    p->overflow = overflows(w);
    if (p->overflow) {
        forget_terms(p);
    }
    RG_TRY(w->options->brief ? RG_OK : measure_statistics(w));
    p->used = w->direction.facts.learned && record->n_live ? (double)record->n_used / (double)record->n_live : NAN;
    p->end_log = mean_end(w);
    return RG_OK;
}
