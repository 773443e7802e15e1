/* The float64 reference's norm, clipping and optimisers. */
#include <math.h>

#include "reference/reference.h"

double ref_norm(const double *values, size_t count) {
    double norm = 0.0;

    for (size_t i = 0; i < count; i++) {
        norm = hypot(norm, values[i]);
    }
    return norm;
}

double ref_clip_coefficient(double norm, double clip_norm) {
    return fmin(1.0, clip_norm / (norm + 1e-6));
}

void ref_sgd(double *weights, const double *gradient, size_t count, double lr) {
    for (size_t i = 0; i < count; i++) {
        weights[i] -= lr * gradient[i];
    }
}

void ref_adam(double *weights, const double *gradient, size_t count, double lr, const struct ref_moments *moments) {
    const double mean_weight = 1.0 - pow(0.9, (double)moments->update);
    const double square_weight = 1.0 - pow(0.999, (double)moments->update);

    for (size_t i = 0; i < count; i++) {
        const double g = gradient[i];

        moments->mean[i] = 0.9 * moments->mean[i] + (1.0 - 0.9) * g;
        moments->square[i] = 0.999 * moments->square[i] + (1.0 - 0.999) * g * g;
        weights[i] -= lr * (moments->mean[i] / mean_weight) / (sqrt(moments->square[i] / square_weight) + 1e-8);
    }
}
