/* Loss and accuracy of outputs: see score.h. */
#include "train/score.h"

#include <math.h>

#include "rnn_gpu/memory.h"

double rg_sigmoid(double z) {
    return z >= 0.0 ? 1.0 / (1.0 + exp(-z)) : exp(z) / (1.0 + exp(z));
}

size_t rg_largest(const double *z, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        best = z[i] > z[best] ? i : best;
    }
    return best;
}

/* Sum of exp(z - z[top]) over all i but `top`. */
static double others(const double *z, size_t n, size_t top) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += i == top ? 0.0 : exp(z[i] - z[top]);
    }
    return sum;
}

void rg_softmax(const double *z, size_t n, double *probabilities) {
    const size_t top = rg_largest(z, n);
    const double whole = 1.0 + others(z, n, top);
    for (size_t i = 0; i < n; i++) {
        probabilities[i] = exp(z[i] - z[top]) / whole;
    }
}

bool rg_score_fits(const struct rg_targets *t, size_t n_outputs, enum rg_loss loss) {
    const size_t numbers = loss == RG_LOSS_CE ? 1 : n_outputs;
    if (!t->data || t->numbers != numbers || t->n_rows == t->n_left_out) {
        return false;
    }
    switch (loss) {
    case RG_LOSS_CE:
        return t->numbers < t->width ? t->width <= n_outputs : t->whole && t->min >= 0.0 && t->max < (double)n_outputs;
    case RG_LOSS_BCE:
        return t->min >= 0.0 && t->max <= 1.0;
    default:
        return true;
    }
}

double rg_score_row(const double *z, const double *y, size_t n_outputs, enum rg_loss loss, size_t *right) {
    double sum = 0.0;
    if (loss == RG_LOSS_CE) {
        const size_t label = (size_t)y[0];
        const size_t top = rg_largest(z, n_outputs);
        *right += top == label;
        return log1p(others(z, n_outputs, top)) + (z[top] - z[label]);
    }
    for (size_t o = 0; o < n_outputs; o++) {
        if (loss == RG_LOSS_MSE) {
            sum += (z[o] - y[o]) * (z[o] - y[o]);
        } else {
            sum += (z[o] > 0.0 ? z[o] * (1.0 - y[o]) : -z[o] * y[o]) + log1p(exp(-fabs(z[o])));
            *right += (z[o] > 0.0) == (y[o] > 0.5);
        }
    }
    return sum;
}

rg_status rg_score(const double *outputs, const struct rg_targets *t, size_t n_outputs, enum rg_loss loss,
                   double *mean_loss, double *accuracy) {
    const struct rg_dataset *const data = t->data;
    const bool steps = t->target == RG_TARGET_STEPS;
    const size_t each = n_outputs * (steps ? data->n_steps : 1);
    double *y = NULL, sum = 0.0;
    size_t right = 0;
    RG_TRY(rg_alloc(&y, t->numbers, sizeof *y, "a row of targets"));
    for (size_t i = 0; i < data->n_sequences; i++) {
        const size_t rows = rg_targets_rows(t, i), padding = steps && data->pad_left ? data->n_steps - rows : 0;
        for (size_t row = 0; row < rows; row++) {
            const double *const z = outputs + i * each + (padding + row) * n_outputs;
            sum += rg_targets_row(t, i, row, y) ? rg_score_row(z, y, n_outputs, loss, &right) : 0.0;
        }
    }
    rg_free(y);
    const double terms = (double)(t->n_rows - t->n_left_out) * (loss == RG_LOSS_CE ? 1.0 : (double)n_outputs);
    *mean_loss = sum / terms;
    *accuracy = loss == RG_LOSS_MSE ? (double)NAN : (double)right / terms;
    return RG_OK;
}
