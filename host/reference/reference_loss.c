/* The float64 reference's losses of one row of outputs. */
#include <math.h>

#include "reference/reference_parts.h"

/* The sum over the outputs of squared error or binary cross entropy. */
static double elementwise_loss(enum ref_loss loss, const double *z, const double *y, size_t outputs, double *dz) {
    double sum = 0.0;

    for (size_t o = 0; o < outputs; o++) {
        if (loss == REF_LOSS_MSE) {
            sum += (z[o] - y[o]) * (z[o] - y[o]);
            dz[o] = 2.0 * (z[o] - y[o]);
        } else {
            /* log(1 + e^z) = max(z, 0) + log(1 + e^-|z|) does not overflow. */
            const double decay = exp(-fabs(z[o]));
            sum += (z[o] > 0.0 ? z[o] * (1.0 - y[o]) : -z[o] * y[o]) + log1p(decay);
            dz[o] = (z[o] < 0.0 ? decay : 1.0) / (1.0 + decay) - y[o];
        }
    }
    return sum;
}

/* log(sum_o e^z_o) - z_class; *dz [O] = softmax(z) - onehot(class). */
static double class_loss(const double *z, size_t class, size_t outputs, double *dz) {
    double sum = 0.0, others = 0.0; /* others: sum without one of the largest */
    size_t top = 0;

    for (size_t o = 1; o < outputs; o++) {
        top = z[o] > z[top] ? o : top;
    }
    const double largest = z[top];
    for (size_t o = 0; o < outputs; o++) {
        sum += exp(z[o] - largest);
        others += o == top ? 0.0 : exp(z[o] - largest);
    }
    for (size_t o = 0; o < outputs; o++) {
        dz[o] = exp(z[o] - largest) / sum - (o == class ? 1.0 : 0.0);
    }
    return log1p(others) + (largest - z[class]);
}

double ref_row_loss(enum ref_loss loss, const double *z, const double *y, size_t outputs, double *dz) {
    return loss == REF_LOSS_CE ? class_loss(z, (size_t)*y, outputs, dz) : elementwise_loss(loss, z, y, outputs, dz);
}
