/* Ranges of lags: lags near the loss are alone, further ones share ranges that grow with the lag. So a table of a long
 * sequence shows both the short and the long lags. */
#ifndef RG_RANGES_H
#define RG_RANGES_H

#include <stddef.h>

/* Lags `first` to `last`, both included. */
struct rg_lag_range {
    size_t first, last;
};

enum { RG_MAX_RANGES = 80 };

/* Fill `ranges` with 0, 1, 2, 3, 4-7, 8-15 … up to lag `lags` - 1 and return their number. A dozen lags or fewer are
 * all alone. A remainder shorter than half of its range joins the range before it. */
size_t rg_lag_ranges(size_t lags, struct rg_lag_range ranges[RG_MAX_RANGES]);

/* Summary of a matrix's terms over a range. */
struct rg_range_terms {
    double log10_norm;    /* largest of its lags; -INFINITY: all terms are 0 */
    double share, cosine; /* the sum of the shares, the mean of the cosines */
};
struct rg_range_terms rg_range_of(const double *log10_norm, const double *share, const double *cosine,
                                  struct rg_lag_range range);

#endif
