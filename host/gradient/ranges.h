/* Lags in ranges: those near the loss by themselves, further ones in ranges that grow with the lag, so that neither the
 * short nor the long end of a long sequence is hidden in one row. */
#ifndef RG_RANGES_H
#define RG_RANGES_H

#include <stddef.h>

/* Lags first … last, both of them in it. */
struct rg_lag_range {
    size_t first, last;
};

enum { RG_MOST_RANGES = 80 };

/* 0, 1, 2, 3, 4-7, 8-15 … up to lag `lags` - 1; a dozen lags or fewer each by itself. A remainder shorter than half of
 * its range joins the range before it. Returns how many there are. */
size_t rg_lag_ranges(size_t lags, struct rg_lag_range ranges[RG_MOST_RANGES]);

/* What a matrix's terms come to over a range. */
struct rg_range_terms {
    double log10_norm;    /* the largest of its lags; -INFINITY: all are 0 */
    double share, cosine; /* the sum of the shares, the mean of the cosines */
};
struct rg_range_terms rg_range_of(const double *log10_norm, const double *share, const double *cosine,
                                  struct rg_lag_range range);

#endif
