/* Scaled numbers: see scaled.h. */
#include "gradient/scaled.h"

#include <math.h>
#include <string.h>

void rg_scaled_clear(struct rg_scaled *s) {
    memset(s->values, 0, s->n * sizeof *s->values);
    s->exponent = RG_SCALED_EMPTY;
}

double rg_scaled_value(double value, int64_t exponent) {
    return ldexp(value, exponent > 4000 ? 4000 : exponent < -4000 ? -4000 : (int)exponent);
}

double rg_scaled_log10(double value, int64_t exponent) {
    return value == 0.0 ? -INFINITY : log10(fabs(value)) + (double)exponent * log10(2.0);
}

void rg_scaled_add(struct rg_scaled *s, const double *values, int64_t exponent) {
    if (s->exponent == RG_SCALED_EMPTY) {
        s->exponent = exponent;
    } else if (exponent > s->exponent) {
        const double less = rg_scaled_value(1.0, s->exponent - exponent);
        for (size_t i = 0; i < s->n; i++) {
            s->values[i] *= less;
        }
        s->exponent = exponent;
    }
    const double factor = rg_scaled_value(1.0, exponent - s->exponent);
    for (size_t i = 0; i < s->n; i++) {
        s->values[i] += values[i] * factor;
    }
}
