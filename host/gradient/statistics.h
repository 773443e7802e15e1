/* How much of a lag profile is chance, given that its sequences are a sample. All of it is worked out from the
 * micro-batches' parts of the gradient (gradient/micro.h).
 *
 * An interval is a bootstrap one (Efron 1979): 1,000 times as many micro-batches as there are are drawn with
 * replacement, from a fixed seed, and what they give in the middle 95 % of the draws is the interval. Its percentiles
 * are widened for so few micro-batches as by Student's t (Hesterberg 2015, "expanded percentiles").
 *
 * Signal to noise of a range of lags: ||G||^2 over the variance of G, which is the gradient's part from these lags over
 * all sequences. It is 1 on average where the sequences' parts have no common direction.
 *
 * Chance is the exact probability that micro-batches of no common direction give a sum as long as G, where each is as
 * likely as its opposite: the share of all choices of signs that make a sum of that length or more (Fisher's
 * randomisation test). Above RG_CHANCE the range is called noise. */
#ifndef RG_STATISTICS_H
#define RG_STATISTICS_H

#include <stdbool.h>

#include "gradient/micro.h"

enum { RG_DRAWS = 1000 };
#define RG_CHANCE 0.05

struct rg_interval {
    double low, high; /* NAN: there is none */
};

/* Of one matrix. */
struct rg_matrix_statistics {
    struct rg_interval share[RG_MOST_RANGES]; /* of a range of lags in the gradient */
    double snr[RG_MOST_RANGES];               /* signal to noise; INFINITY without variance; NAN: no gradient */
    double chance[RG_MOST_RANGES];            /* NAN: no gradient there */
    struct rg_interval horizon;
};

/* Of one direction of one layer. */
struct rg_lag_statistics {
    enum rg_statistics_lack lack; /* unless it is RG_STATISTICS_WHOLE, the rest says nothing */
    size_t groups;                /* micro-batches */
    size_t n_ranges;
    struct rg_lag_range ranges[RG_MOST_RANGES]; /* as rg_lag_ranges has them for the lags measured */
    struct rg_interval decay;
};

/* Is a range of lags noise? False too where it has no gradient. */
bool rg_is_noise(const struct rg_matrix_statistics *matrix, size_t range);

/* How often each of `n` micro-batches is drawn, for every draw: weights [RG_DRAWS][RG_MICRO_BATCHES]. */
void rg_draw_weights(size_t n, double (*weights)[RG_MICRO_BATCHES]);

/* The interval of what the draws gave: values [RG_DRAWS], which are moved about. Draws that gave no number, as of
 * sequences without a gradient, are left out; without nine tenths of them there is none. */
struct rg_interval rg_interval_of(double *values, size_t n_micro);

/* `horizon`: that of all sequences, which the interval holds in any case. RG_NO_MEMORY. */
rg_status rg_matrix_statistics_of(const struct rg_micro *micro, const struct rg_micro_products *products,
                                  size_t horizon, struct rg_matrix_statistics *out);

/* That of the decay of ||delta|| (gradient/verdict.h) over `lags` lags: delta_log [lags][rows] is log10 of a
 * sequence's, NAN where it has no step; `decay` is that of all sequences, which the interval holds in any case.
 * RG_NO_MEMORY. */
rg_status rg_decay_interval(const struct rg_micro *micro, const double *delta_log, size_t rows, size_t lags,
                            double decay, struct rg_interval *out);

/* Slope of the line through ln of what has log10 `y`, by least squares over the lags 0, stride, 2 stride … below `lags`
 * that have a finite logarithm; NAN with fewer than two of them. */
double rg_slope_of(const double *y, size_t lags, size_t stride);

#endif
