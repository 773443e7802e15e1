/* How much of a lag profile is chance, because its sequences are only a sample. Everything here is computed from the
 * micro-batches' parts of the gradient (gradient/micro.h).
 *
 * Intervals are bootstrap intervals (Efron 1979). 1,000 times, as many micro-batches as exist are drawn with
 * replacement, from a fixed seed. The interval holds the middle 95 % of the results. Because there are so few
 * micro-batches, its percentiles are widened as by Student's t (Hesterberg 2015, "expanded percentiles").
 *
 * Signal to noise of a range of lags is ||G||^2 over the variance of G, where G is the part of the gradient from these
 * lags over all sequences. It is 1 on average where the sequences' parts have no common direction.
 *
 * Chance is the exact probability that micro-batches without a common direction give a sum as long as G, if each is as
 * likely as its opposite. It is the share of all choices of signs whose sum has at least that length (Fisher's
 * randomisation test). A range above RG_CHANCE is called noise. */
#ifndef RG_STATISTICS_H
#define RG_STATISTICS_H

#include <stdbool.h>

#include "gradient/micro.h"

/* The horizon is the smallest k such that lags below k give the gradient up to this relative error. */
#define RG_HORIZON_ERROR 0.1

enum { RG_DRAWS = 1000 };
#define RG_CHANCE 0.05

struct rg_interval {
    double low, high; /* NAN: no interval */
};

/* Statistics of one matrix. */
struct rg_matrix_statistics {
    struct rg_interval share[RG_MAX_RANGES]; /* share of a range of lags in the gradient */
    double snr[RG_MAX_RANGES];               /* signal to noise; INFINITY: no variance; NAN: no gradient */
    double chance[RG_MAX_RANGES];            /* NAN: no gradient there */
    struct rg_interval horizon;
};

/* Statistics of one direction of one layer. */
struct rg_lag_statistics {
    enum rg_statistics_lack lack; /* unless it is RG_STATISTICS_WHOLE, the other fields mean nothing */
    size_t groups;                /* number of micro-batches */
    size_t n_ranges;
    struct rg_lag_range ranges[RG_MAX_RANGES]; /* rg_lag_ranges of the lags measured */
    struct rg_interval decay;
};

/* Is a range of lags noise? False also where it has no gradient. */
bool rg_is_noise(const struct rg_matrix_statistics *matrix, size_t range);

/* Bootstrap draws: weights [RG_DRAWS][RG_MICRO_BATCHES] says how often each of `n` micro-batches is drawn. */
void rg_draw_weights(size_t n, double (*weights)[RG_MICRO_BATCHES]);

/* The interval of the draws' results, values [RG_DRAWS], whose order changes. NAN results, such as those of sequences
 * without a gradient, are left out. If more than a tenth are NAN there is no interval. */
struct rg_interval rg_interval_of(double *values, size_t n_micro);

/* Compute the statistics of one matrix. `horizon` is that of all sequences; the interval always includes it.
 * RG_NO_MEMORY. */
rg_status rg_matrix_statistics_of(const struct rg_micro *micro, const struct rg_micro_products *products,
                                  size_t horizon, struct rg_matrix_statistics *out);

/* The interval of the decay of ||delta|| (gradient/verdict.h) over `lags` lags. delta_log [lags][rows] holds log10 of
 * each sequence's ||delta||, NAN where it has no step. `decay` is that of all sequences; the interval always includes
 * it. RG_NO_MEMORY. */
rg_status rg_decay_interval(const struct rg_micro *micro, const double *delta_log, size_t rows, size_t lags,
                            double decay, struct rg_interval *out);

/* How much log10 of ||delta|| over the batch falls from a lag to a further one because sequences end between them: the
 * ratio, at the first lag, of all sequences to those that go on. `now` and `next` [rows] hold log10 of each sequence's
 * ||delta||, NAN where it has no step. 0 if none ends, or if the others have no gradient. */
double rg_ended_log10(const double *now, const double *next, size_t rows);

/* Least-squares slope of ln of a quantity whose log10 is `y`, over lags 0, stride, 2 stride … below `lags` that have a
 * finite logarithm. NAN with fewer than two of them. */
double rg_slope_of(const double *y, size_t lags, size_t stride);

/* The same of y + more; both are log10. */
double rg_slope_of_sum(const double *y, const double *more, size_t lags, size_t stride);

#endif
