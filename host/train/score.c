/* Loss and accuracy of outputs: see score.h. */
#include "train/score.h"

#include <math.h>

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

/* ln sum exp z */
static double log_sum_exp(const double *z, size_t n) {
    const double top = z[rg_largest(z, n)];
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += exp(z[i] - top);
    }
    return log(sum) + top;
}

void rg_softmax(const double *z, size_t n, double *probabilities) {
    const double whole = log_sum_exp(z, n);
    for (size_t i = 0; i < n; i++) {
        probabilities[i] = exp(z[i] - whole);
    }
}

void rg_score(const double *outputs, const float *targets, size_t n, size_t n_outputs, enum rg_loss loss,
              double *mean_loss, double *accuracy) {
    double sum = 0.0;
    size_t right = 0;
    for (size_t i = 0; i < n; i++) {
        const double *const z = outputs + i * n_outputs;
        if (loss == RG_LOSS_CE) {
            const size_t label = (size_t)targets[i];
            sum += log_sum_exp(z, n_outputs) - z[label];
            right += rg_largest(z, n_outputs) == label;
            continue;
        }
        for (size_t o = 0; o < n_outputs; o++) {
            const double value = z[o], y = (double)targets[i * n_outputs + o];
            if (loss == RG_LOSS_MSE) {
                sum += (value - y) * (value - y);
            } else {
                sum += fmax(value, 0.0) - value * y + log1p(exp(-fabs(value)));
                right += (value > 0.0) == (y > 0.5);
            }
        }
    }
    const double terms = (double)n * (loss == RG_LOSS_CE ? 1.0 : (double)n_outputs);
    *mean_loss = sum / terms;
    *accuracy = loss == RG_LOSS_MSE ? NAN : (double)right / terms;
}
