/* Numbers with mantissa and exponent apart, for sums whose terms may be smaller or larger than a double can be. */
#ifndef RG_SCALED_H
#define RG_SCALED_H

#include <stddef.h>
#include <stdint.h>

/* values [n] * 2^exponent; all zero while `exponent` is RG_SCALED_EMPTY. */
#define RG_SCALED_EMPTY INT64_MIN
struct rg_scaled {
    double *values;
    size_t n;
    int64_t exponent;
};
void rg_scaled_clear(struct rg_scaled *s);
/* s += values [n] * 2^exponent; the larger exponent of the two stays. */
void rg_scaled_add(struct rg_scaled *s, const double *values, int64_t exponent);

/* The same in two steps, the second by parts: s gets the exponent; then values first … first + n - 1 of s become
 * themselves times `less` plus those of `values` times `factor`. */
struct rg_scaled_step {
    double less, factor;
};
struct rg_scaled_step rg_scaled_begin(struct rg_scaled *s, int64_t exponent);
void rg_scaled_add_part(struct rg_scaled *s, struct rg_scaled_step step, const double *values, size_t first, size_t n);

/* value * 2^exponent as a double, 0 or INFINITY beyond its range; and its log10, -INFINITY for 0. */
double rg_scaled_value(double value, int64_t exponent);
double rg_scaled_log10(double value, int64_t exponent);

#endif
