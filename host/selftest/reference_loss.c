/* The float64 reference's losses of one row of outputs. */
#include "selftest/reference_parts.h"

#include <math.h>

/* The sum over the outputs of squared error or binary cross entropy. */
static double elementwise_loss(enum ref_loss loss, const double *z, const double *y, size_t outputs, double *dz) {
    double sum = 0.0;

    for (size_t o = 0; o < outputs; o++) {
        if (loss == REF_LOSS_MSE) {
            sum += (z[o] - y[o]) * (z[o] - y[o]);
            dz[o] = 2.0 * (z[o] - y[o]);
        } else {
            /* log(1 + e^z) = max(z, 0) + log(1 + e^-|z|) does not overflow. */
            sum += fmax(z[o], 0.0) + log1p(exp(-fabs(z[o]))) - y[o] * z[o];
            dz[o] = 1.0 / (1.0 + exp(-z[o])) - y[o];
        }
    }
    return sum;
}

/* log(sum_o e^z_o) - z_class; *dz [O] = softmax(z) - onehot(class). */
static double class_loss(const double *z, size_t class, size_t outputs, double *dz) {
    double largest = z[0], sum = 0.0;

    for (size_t o = 1; o < outputs; o++)
        largest = fmax(largest, z[o]);
    for (size_t o = 0; o < outputs; o++)
        sum += exp(z[o] - largest);
    for (size_t o = 0; o < outputs; o++)
        dz[o] = exp(z[o] - largest) / sum - (o == class ? 1.0 : 0.0);
    return largest + log(sum) - z[class];
}

double ref_row_loss(enum ref_loss loss, const double *z, const double *y, size_t outputs, double *dz) {
    return loss == REF_LOSS_CE ? class_loss(z, (size_t)*y, outputs, dz) : elementwise_loss(loss, z, y, outputs, dz);
}
