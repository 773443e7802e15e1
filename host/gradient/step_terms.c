/* Lags in the optimiser's step: see step_terms.h. */
#include "gradient/step_terms.h"

#include <math.h>

#include "gradient/dense.h"
#include "rnn_gpu/memory.h"

rg_status rg_step_terms_create(struct rg_terms *t, const struct rg_model *model, const double *factors) {
    const size_t n = t->offset[RG_LAG_MATRICES];
    RG_TRY(rg_alloc(&t->factors, n, sizeof *t->factors, "the optimiser's factors"));
    RG_TRY(rg_alloc(&t->lifted, n, sizeof *t->lifted, "the optimiser's factors"));
    for (size_t m = 0; m < t->profile->n_matrices; m++) {
        const double *const from = factors + model->parameters[t->profile->matrices[m].parameter].offset;
        double largest = 0.0;
        for (size_t i = t->offset[m]; i < t->offset[m + 1]; i++) {
            largest = fmax(largest, from[i - t->offset[m]]);
        }
        for (size_t i = t->offset[m]; i < t->offset[m + 1]; i++) { /* scaled so that no square overflows */
            t->factors[i] = from[i - t->offset[m]] / largest;
        }
    }
    t->profile->stepped = true;
    return RG_OK;
}

/* ||P v|| for the numbers of matrix m. */
static double norm_of(const struct rg_terms *t, size_t m, const double *v) {
    double largest = 0.0, sum = 0.0;
    for (size_t i = t->offset[m]; i < t->offset[m + 1]; i++) {
        largest = fmax(largest, fabs(t->factors[i] * v[i]));
    }
    for (size_t i = t->offset[m]; largest > 0.0 && i < t->offset[m + 1]; i++) {
        const double x = t->factors[i] * v[i] / largest;
        sum += x * x;
    }
    return largest * sqrt(sum);
}

void rg_step_terms_note(struct rg_terms *t, size_t slot, size_t lag) {
    const struct rg_scaled *const term = &t->kept[slot];
    for (size_t m = 0; t->factors && m < t->profile->n_matrices; m++) {
        const double norm = term->exponent == RG_SCALED_EMPTY ? 0.0 : norm_of(t, m, term->values);
        t->profile->matrices[m].step_log10[lag] = rg_scaled_log10(norm, norm == 0.0 ? 0 : term->exponent);
    }
}

void rg_step_terms_total(struct rg_terms *t) {
    for (size_t m = 0; t->factors && m < t->profile->n_matrices; m++) {
        t->step_norm[m] = norm_of(t, m, t->total.values);
        /* in two halves: the square could overflow or underflow */
        for (size_t i = t->offset[m]; i < t->offset[m + 1]; i++) {
            const double lifted = t->factors[i] * t->total.values[i] / t->step_norm[m];
            t->lifted[i] = t->step_norm[m] > 0.0 ? t->factors[i] * (lifted / t->step_norm[m]) : 0.0;
        }
    }
}

void rg_step_terms_compare(struct rg_terms *t, size_t slot, size_t lag) {
    const struct rg_scaled *const term = &t->kept[slot];
    for (size_t m = 0; t->factors && m < t->profile->n_matrices; m++) {
        const size_t first = t->offset[m], n = t->offset[m + 1] - first;
        const bool some = t->step_norm[m] > 0.0 && term->exponent != RG_SCALED_EMPTY;
        t->profile->matrices[m].step_share[lag] =
            some ? rg_scaled_value(rg_dense_dot(t->lifted + first, term->values + first, n),
                                   term->exponent - t->total.exponent)
                 : 0.0;
    }
}

void rg_step_terms_finish(struct rg_terms *t) {
    for (size_t m = 0; t->factors && m < t->profile->n_matrices; m++) {
        const double whole = rg_scaled_log10(t->step_norm[m], t->total.exponent);
        for (size_t lag = 0; lag < t->profile->lags && isfinite(whole); lag++) {
            t->profile->matrices[m].step_log10[lag] -= whole;
        }
    }
}
