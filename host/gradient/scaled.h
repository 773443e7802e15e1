/* Numbers with separate mantissa and exponent, for sums whose terms exceed the range of a double on either side. */
#ifndef RG_SCALED_H
#define RG_SCALED_H

#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

/* The number is values [n] * 2^exponent. It is zero while `exponent` is RG_SCALED_EMPTY. */
#define RG_SCALED_EMPTY INT64_MIN
struct rg_scaled {
    double *values;
    size_t n;
    int64_t exponent;
};
/* Create n zeros; the caller frees s->values. RG_NO_MEMORY. */
rg_status rg_scaled_create(size_t n, struct rg_scaled *s);
void rg_scaled_clear(struct rg_scaled *s);
/* s += values [n] * 2^exponent. s keeps the larger of the two exponents. */
void rg_scaled_add(struct rg_scaled *s, const double *values, int64_t exponent);

/* rg_scaled_add in two steps, so that threads can share the second. First s gets its new exponent. Then, for values
 * first … first + n - 1: s = s * `less` + values * `factor`. */
struct rg_scaled_step {
    double less, factor;
};
struct rg_scaled_step rg_scaled_begin(struct rg_scaled *s, int64_t exponent);
void rg_scaled_add_part(struct rg_scaled *s, struct rg_scaled_step step, const double *values, size_t first, size_t n);

/* value * 2^exponent as a double, 0 or INFINITY outside its range; and log10 of it, -INFINITY for 0. */
double rg_scaled_value(double value, int64_t exponent);
double rg_scaled_log10(double value, int64_t exponent);

#endif
