/* The record of a run: see history.h. */
#include "cli/report/history.h"

#include <math.h>
#include <string.h>

#include "base/sizes.h"
#include "rnn_gpu/memory.h"

rg_status rg_history_create(struct rg_history **out) {
    struct rg_history *h = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_alloc(&h, 1, sizeof *h, "the history"));
    h->point_updates = 1;
    h->validation = (struct rg_thinned){.limit = RG_KEPT_VALIDATIONS, .stride = 1};
    RG_TRY_GOTO(rg_alloc(&h->points, RG_KEPT_UPDATES, sizeof *h->points, "the history of updates"));
    RG_TRY_GOTO(rg_alloc(&h->validations, RG_KEPT_VALIDATIONS, sizeof *h->validations, "the history of validations"));
    *out = h;
    return RG_OK;
cleanup:
    rg_history_destroy(h);
    return status;
}

void rg_history_destroy(struct rg_history *h) {
    if (!h) {
        return;
    }
    for (size_t i = 0; h->samples && i < h->sample.limit; i++) {
        rg_free(h->samples[i].numbers);
    }
    for (size_t i = 0; i < RG_N_CAUSES; i++) {
        rg_free(h->causes[i].values);
    }
    rg_free(h->samples);
    rg_free(h->matrices);
    rg_free(h->validations);
    rg_free(h->points);
    rg_free(h);
}

/* ---- Updates ---- */

/* Merge `next`, which follows `point`, into it. */
static void merge(struct rg_history_point *point, const struct rg_history_point *next) {
    const uint64_t finite = point->finite + next->finite;
    if (point->finite && next->finite) {
        point->loss += (next->loss - point->loss) * ((double)next->finite / (double)finite);
    } else if (next->finite) {
        point->loss = next->loss;
    }
    point->grad_norm = fmax(point->grad_norm, next->grad_norm);
    point->finite = finite;
    point->update = next->update;
    point->count += next->count;
    point->clipped += next->clipped;
    point->skipped += next->skipped;
    point->lr = next->lr;
}

void rg_history_add_update(struct rg_history *h, const struct rg_update *u) {
    const struct rg_history_point one = {.update = u->update,
                                         .count = 1,
                                         .clipped = u->clipped,
                                         .skipped = u->skipped,
                                         .finite = isfinite(u->loss) ? 1 : 0,
                                         .loss = isfinite(u->loss) ? u->loss : NAN,
                                         .grad_norm = isfinite(u->grad_norm) ? u->grad_norm : NAN,
                                         .lr = u->lr};
    if (h->n_points && h->points[h->n_points - 1].count < h->point_updates) {
        merge(&h->points[h->n_points - 1], &one);
        return;
    }
    if (h->n_points == RG_KEPT_UPDATES) {
        for (size_t i = 0; i < RG_KEPT_UPDATES / 2; i++) {
            h->points[i] = h->points[2 * i];
            merge(&h->points[i], &h->points[2 * i + 1]);
        }
        h->n_points = RG_KEPT_UPDATES / 2;
        h->point_updates *= 2;
    }
    h->points[h->n_points++] = one;
}

/* ---- Thinning ---- */

static void exchange(char *a, char *b, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        const char kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* Index of the next item. The newest item is replaced unless it is one of every stride-th. A full list drops every
 * second item: dropped items move behind the others, because items own memory. */
static size_t next_place(struct rg_thinned *t, void *items, size_t bytes) {
    char *const at = items;
    if (t->n && (t->seen - 1) % t->stride != 0) {
        t->n--;
    }
    if (t->n == t->limit) {
        t->stride *= 2;
        t->n /= 2;
        for (size_t i = 1; i < t->n; i++) {
            exchange(at + i * bytes, at + 2 * i * bytes, bytes);
        }
    }
    t->seen++;
    return t->n++;
}

void rg_history_add_validation(struct rg_history *h, uint64_t update, double loss, double accuracy) {
    const size_t at = next_place(&h->validation, h->validations, sizeof *h->validations);
    h->validations[at] = (struct rg_history_validation){update, loss, accuracy};
}

/* ---- Lags ---- */

size_t rg_lag_columns(size_t lags) {
    return rg_min(lags, RG_KEPT_LAGS);
}

/* First lag of a column. The columns grow with the lag, and each has at least one lag. */
static size_t growing(size_t lags, size_t column) {
    const double bend = log((double)lags / 16.0), place = (double)column / RG_KEPT_LAGS;
    const size_t first = (size_t)((double)lags * expm1(bend * place) / expm1(bend));
    return column >= RG_KEPT_LAGS ? lags : rg_max(first, column);
}

size_t rg_lag_column(size_t lags, size_t column) {
    const size_t half = (lags + 1) / 2;
    if (lags <= RG_KEPT_LAGS) {
        return column;
    }
    const size_t first = growing(lags, column);
    return first > half && growing(lags, column - 1) < half ? half : first;
}

rg_status rg_history_set_matrices(struct rg_history *h, size_t steps, const struct rg_history_matrix *matrices,
                                  size_t n_matrices) {
    h->steps = steps;
    h->n_columns = rg_lag_columns(steps);
    const size_t numbers = n_matrices * RG_LAG_QUANTITIES * h->n_columns;
    const size_t fitting = RG_KEPT_NUMBERS / numbers;
    const size_t limit = fitting > RG_KEPT_SAMPLES ? RG_KEPT_SAMPLES : fitting < 4 ? 4 : fitting & ~(size_t)1;
    RG_TRY(rg_alloc(&h->matrices, n_matrices, sizeof *h->matrices, "the history's matrices"));
    memcpy(h->matrices, matrices, n_matrices * sizeof *matrices);
    h->n_matrices = n_matrices;
    RG_TRY(rg_alloc(&h->samples, limit, sizeof *h->samples, "the history of lags"));
    h->sample = (struct rg_thinned){.limit = limit, .stride = 1};
    return RG_OK;
}

/* Compute one matrix's columns from its lags. */
static void bin(const struct rg_history *h, const struct rg_lag_values *v, float *norm, float *share, float *cosine) {
    for (size_t c = 0; c < h->n_columns && !v->log10_norm; c++) {
        norm[c] = share[c] = cosine[c] = NAN;
    }
    for (size_t c = 0; c < h->n_columns && v->log10_norm; c++) {
        const size_t first = rg_lag_column(h->steps, c), end = rg_lag_column(h->steps, c + 1);
        double largest = -INFINITY, shares = 0.0, cosines = 0.0;
        for (size_t lag = first; lag < end; lag++) {
            largest = fmax(largest, v->log10_norm[lag]);
            shares += v->share[lag];
            cosines += v->cosine[lag];
        }
        norm[c] = (float)largest;
        share[c] = (float)shares;
        cosine[c] = (float)(cosines / (double)(end - first));
    }
}

rg_status rg_history_add_lags(struct rg_history *h, uint64_t update, const struct rg_lag_values *values) {
    const size_t each = RG_LAG_QUANTITIES * h->n_columns;
    float *numbers = NULL;
    RG_TRY(rg_alloc(&numbers, h->n_matrices * each, sizeof *numbers, "a lag profile"));
    struct rg_lag_sample *const sample = &h->samples[next_place(&h->sample, h->samples, sizeof *h->samples)];
    rg_free(sample->numbers);
    *sample = (struct rg_lag_sample){update, numbers};
    for (size_t m = 0; m < h->n_matrices; m++) {
        float *const to = sample->numbers + m * each;
        bin(h, &values[m], to, to + h->n_columns, to + 2 * h->n_columns);
    }
    return RG_OK;
}

rg_status rg_history_set_cause(struct rg_history *h, enum rg_cause cause, const double *values, size_t n) {
    struct rg_history_curve *const curve = &h->causes[cause];
    float *columns = NULL;
    if (n == 0) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&columns, RG_KEPT_LAGS, sizeof *columns, "a cause by lag"));
    rg_free(curve->values);
    *curve = (struct rg_history_curve){columns, rg_lag_columns(n), n};
    for (size_t c = 0; c < curve->n; c++) {
        double sum = 0.0, finite = 0.0;
        for (size_t i = rg_lag_column(n, c), end = rg_lag_column(n, c + 1); i < end; i++) {
            sum += isfinite(values[i]) ? values[i] : 0.0;
            finite += isfinite(values[i]) ? 1.0 : 0.0;
        }
        columns[c] = finite > 0.0 ? (float)(sum / finite) : NAN;
    }
    return RG_OK;
}

const float *rg_history_lags(const struct rg_history *h, size_t sample, size_t matrix, enum rg_lag_quantity quantity) {
    return h->samples[sample].numbers + (matrix * RG_LAG_QUANTITIES + (size_t)quantity) * h->n_columns;
}

double rg_history_long_share(const struct rg_history *h, size_t sample, size_t matrix) {
    const float *const share = rg_history_lags(h, sample, matrix, RG_LAG_SHARE);
    double sum = 0.0;
    for (size_t c = 0; c < h->n_columns; c++) {
        sum += rg_lag_column(h->steps, c) >= (h->steps + 1) / 2 ? (double)share[c] : 0.0;
    }
    return sum;
}
