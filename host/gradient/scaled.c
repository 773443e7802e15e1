/* Numbers with separate mantissa and exponent: see scaled.h. */
#include "gradient/scaled.h"

#include <math.h>
#include <string.h>

#include "gradient/dense.h"
#include "rnn_gpu/memory.h"

rg_status rg_scaled_create(size_t n, struct rg_scaled *s) {
    s->n = n;
    s->exponent = RG_SCALED_EMPTY;
    return rg_alloc(&s->values, n, sizeof *s->values, "terms of the gradient");
}

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

struct rg_scaled_step rg_scaled_begin(struct rg_scaled *s, int64_t exponent) {
    double less = 1.0;
    if (s->exponent == RG_SCALED_EMPTY) {
        s->exponent = exponent;
    } else if (exponent > s->exponent) {
        less = rg_scaled_value(1.0, s->exponent - exponent);
        s->exponent = exponent;
    }
    return (struct rg_scaled_step){less, rg_scaled_value(1.0, exponent - s->exponent)};
}

void rg_scaled_add_part(struct rg_scaled *s, struct rg_scaled_step step, const double *values, size_t first, size_t n) {
    rg_dense_mix(s->values + first, step.less, values + first, step.factor, n); /* powers of two: rounded only once */
}

void rg_scaled_add(struct rg_scaled *s, const double *values, int64_t exponent) {
    rg_scaled_add_part(s, rg_scaled_begin(s, exponent), values, 0, s->n);
}
