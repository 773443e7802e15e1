/* Lags in ranges: see ranges.h. */
#include "gradient/ranges.h"

#include <math.h>

enum { SINGLE = 4, ALL_SINGLE = 12 };

size_t rg_lag_ranges(size_t lags, struct rg_lag_range ranges[RG_MAX_RANGES]) {
    const size_t single = lags <= ALL_SINGLE ? ALL_SINGLE : SINGLE;
    size_t n = 0;
    for (size_t first = 0; first < lags && n < RG_MAX_RANGES;) {
        const size_t width = first < single ? 1 : first, left = lags - first;
        if (first > single && 2 * left < width) {
            ranges[n - 1].last = lags - 1;
            break;
        }
        ranges[n++] = (struct rg_lag_range){first, left < width ? lags - 1 : first + width - 1};
        first += width;
    }
    return n;
}

struct rg_range_terms rg_range_of(const double *log10_norm, const double *share, const double *cosine,
                                  struct rg_lag_range range) {
    struct rg_range_terms terms = {-INFINITY, 0.0, 0.0};
    for (size_t lag = range.first; lag <= range.last; lag++) {
        terms.log10_norm = fmax(terms.log10_norm, log10_norm[lag]);
        terms.share += share[lag];
        terms.cosine += cosine[lag] / (double)(range.last - range.first + 1);
    }
    return terms;
}
