/* What a model's outputs are worth: see metrics.h. */
#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rnn_gpu/memory.h"
#include "train/score.h"

enum { MAX_CLASSES = RG_CLASSES_UNASKED /* in a table of true by predicted classes */ };

rg_status rg_metrics_create(const struct rg_targets *targets, size_t outputs, enum rg_loss loss,
                            struct rg_metrics **out) {
    struct rg_metrics *m = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_alloc(&m, 1, sizeof *m, "metrics"));
    m->loss_kind = loss;
    m->outputs = outputs;
    m->level = targets->data->level;
    m->word_length =
        targets->data->n_characters > 0 ? (double)targets->data->n_characters / (double)targets->data->n_words : 1.0;
    const size_t n_classes = m->level                                    ? 0
                             : loss == RG_LOSS_CE                        ? outputs
                             : loss == RG_LOSS_BCE && targets->n_classes ? 2
                                                                         : 0;
    if (n_classes > 0 && n_classes <= MAX_CLASSES) {
        m->n_classes = n_classes;
        RG_TRY_GOTO(rg_alloc(&m->confusion, n_classes * n_classes, sizeof *m->confusion, "the table of classes"));
    }
    if (loss == RG_LOSS_MSE) {
        RG_TRY_GOTO(rg_alloc(&m->values, outputs, sizeof *m->values, "metrics"));
    }
    *out = m;
    return RG_OK;
cleanup:
    rg_metrics_destroy(m);
    return status;
}

void rg_metrics_destroy(struct rg_metrics *m) {
    if (m) {
        rg_free(m->confusion);
        rg_free(m->ranks);
        rg_free(m->values);
        rg_free(m);
    }
}

/* Keep how strongly a row of two classes speaks for class 1. */
static rg_status add_rank(struct rg_metrics *m, double score, bool positive) {
    RG_TRY(rg_alloc_more(&m->ranks, (size_t)m->rows, &m->ranks_room, sizeof *m->ranks, "the order of outputs"));
    m->ranks[m->rows] = (struct rg_metrics_rank){score, positive};
    return RG_OK;
}

static rg_status add_classes(struct rg_metrics *m, const double *z, const double *y) {
    const bool one_output = m->loss_kind == RG_LOSS_BCE;
    const size_t true_class = one_output ? y[0] > 0.5 : (size_t)y[0];
    const size_t chosen = one_output ? z[0] > 0.0 : rg_largest(z, m->outputs);
    m->confusion[true_class * m->n_classes + chosen]++;
    if (m->n_classes != 2) {
        return RG_OK;
    }
    return add_rank(m, one_output ? z[0] : z[1] - z[0], true_class == 1);
}

static void add_values(struct rg_metrics *m, const double *z, const double *y) {
    for (size_t o = 0; o < m->outputs; o++) {
        struct rg_metrics_value *const v = &m->values[o];
        const double before = y[o] - v->mean;
        v->mean += before / (double)(m->rows + 1);
        v->squares += before * (y[o] - v->mean);
        v->errors += (z[o] - y[o]) * (z[o] - y[o]);
        v->absolute += fabs(z[o] - y[o]);
        m->absolute_sum += fabs(z[o] - y[o]);
    }
}

static rg_status add_row(struct rg_metrics *m, const double *z, const double *y) {
    size_t right = 0;
    m->loss_sum += rg_score_row(z, y, m->outputs, m->loss_kind, &right);
    m->right += right;
    m->decisions += m->loss_kind == RG_LOSS_CE ? 1 : m->loss_kind == RG_LOSS_BCE ? m->outputs : 0;
    if (m->confusion) {
        RG_TRY(add_classes(m, z, y));
    }
    if (m->values) {
        add_values(m, z, y);
    }
    m->rows++;
    return RG_OK;
}

rg_status rg_metrics_add(struct rg_metrics *m, const struct rg_targets *t, size_t first, size_t n,
                         const double *outputs) {
    const size_t steps = t->target == RG_TARGET_STEPS ? t->data->n_steps : 1;
    double *y = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_alloc(&y, t->numbers, sizeof *y, "a row of targets"));
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        const size_t rows = rg_targets_rows(t, first + i), start = t->target == RG_TARGET_STEPS ? steps - rows : 0;
        for (size_t row = 0; row < rows && status == RG_OK; row++) {
            if (rg_targets_row(t, first + i, row, y)) {
                status = add_row(m, outputs + (i * steps + start + row) * m->outputs, y);
            }
        }
    }
    m->sequences += n;
    rg_free(y);
    return status;
}

/* ---- Results ---- */

double rg_metrics_loss(const struct rg_metrics *m) {
    const double numbers = m->loss_kind == RG_LOSS_CE ? 1.0 : (double)m->outputs;
    return m->rows ? m->loss_sum / ((double)m->rows * numbers) : (double)NAN;
}

double rg_metrics_accuracy(const struct rg_metrics *m) {
    return m->decisions ? (double)m->right / (double)m->decisions : (double)NAN;
}

void rg_metrics_interval(const struct rg_metrics *m, double *low, double *high) {
    static const double Z = 1.959963984540054; /* the normal distribution's 0.975 quantile */
    const double n = (double)m->decisions, p = rg_metrics_accuracy(m), z2 = Z * Z;
    const double middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    const double half = Z * sqrt(p * (1.0 - p) / n + z2 / (4.0 * n * n)) / (1.0 + z2 / n);
    *low = p > 0.0 ? middle - half : p; /* exactly 0 and 1 at the ends */
    *high = p < 1.0 ? middle + half : p;
}

static double ratio(uint64_t part, uint64_t whole) {
    return whole ? (double)part / (double)whole : 0.0;
}

/* How often a class was predicted, or was the true one. */
static uint64_t predicted(const struct rg_metrics *m, size_t class) {
    uint64_t sum = 0;
    for (size_t c = 0; c < m->n_classes; c++) {
        sum += m->confusion[c * m->n_classes + class];
    }
    return sum;
}

static uint64_t present(const struct rg_metrics *m, size_t class) {
    uint64_t sum = 0;
    for (size_t c = 0; c < m->n_classes; c++) {
        sum += m->confusion[class * m->n_classes + c];
    }
    return sum;
}

double rg_metrics_precision(const struct rg_metrics *m, size_t class) {
    return ratio(m->confusion[class * (m->n_classes + 1)], predicted(m, class));
}

double rg_metrics_recall(const struct rg_metrics *m, size_t class) {
    return ratio(m->confusion[class * (m->n_classes + 1)], present(m, class));
}

double rg_metrics_f1(const struct rg_metrics *m, size_t class) {
    return ratio(2 * m->confusion[class * (m->n_classes + 1)], predicted(m, class) + present(m, class));
}

static int compare_ranks(const void *a, const void *b) {
    const double x = ((const struct rg_metrics_rank *)a)->score, y = ((const struct rg_metrics_rank *)b)->score;
    return (x > y) - (x < y);
}

double rg_metrics_auc(struct rg_metrics *m) {
    const size_t n = (size_t)m->rows;
    double positives = 0.0, rank_sum = 0.0;
    if (!m->ranks) {
        return (double)NAN;
    }
    qsort(m->ranks, n, sizeof *m->ranks, compare_ranks);
    for (size_t first = 0, end = 0; first < n; first = end) {
        double here = 0.0; /* positives among the rows of this score */
        for (end = first; end < n && m->ranks[end].score == m->ranks[first].score; end++) {
            here += m->ranks[end].positive;
        }
        end += end == first; /* a score that is not a number equals nothing, itself neither */
        positives += here;
        rank_sum += here * ((double)(first + 1) + (double)end) / 2.0; /* equal scores share the mean of their ranks */
    }
    const double negatives = (double)n - positives;
    return positives > 0.0 && negatives > 0.0
               ? (rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives)
               : (double)NAN;
}

double rg_metrics_mse(const struct rg_metrics *m) {
    double sum = 0.0;
    for (size_t o = 0; m->values && o < m->outputs; o++) {
        sum += m->values[o].errors;
    }
    return m->values && m->rows ? sum / ((double)m->rows * (double)m->outputs) : (double)NAN;
}

double rg_metrics_mae(const struct rg_metrics *m) {
    return m->values && m->rows ? m->absolute_sum / ((double)m->rows * (double)m->outputs) : (double)NAN;
}

double rg_metrics_perplexity(const struct rg_metrics *m) {
    return m->level ? exp(rg_metrics_loss(m)) : (double)NAN;
}

double rg_metrics_bits(const struct rg_metrics *m) {
    static const double LN2 = 0.69314718055994530942;
    return m->level ? rg_metrics_loss(m) / LN2 : (double)NAN;
}

double rg_metrics_mse_of(const struct rg_metrics *m, size_t output) {
    return m->rows ? m->values[output].errors / (double)m->rows : (double)NAN;
}

double rg_metrics_mae_of(const struct rg_metrics *m, size_t output) {
    return m->rows ? m->values[output].absolute / (double)m->rows : (double)NAN;
}

double rg_metrics_r2_of(const struct rg_metrics *m, size_t output) {
    const struct rg_metrics_value *const v = &m->values[output];
    return m->rows == 0 ? (double)NAN : v->squares > 0.0 ? 1.0 - v->errors / v->squares : v->errors > 0.0 ? 0.0 : 1.0;
}

double rg_metrics_r2(const struct rg_metrics *m) {
    double sum = 0.0;
    for (size_t o = 0; m->rows && m->values && o < m->outputs; o++) {
        sum += rg_metrics_r2_of(m, o);
    }
    return m->values && m->rows ? sum / (double)m->outputs : (double)NAN;
}
