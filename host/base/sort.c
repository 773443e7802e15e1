/* See sort.h. */
#include "base/sort.h"

#include <math.h>
#include <stdlib.h>

static int rising(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int falling(const void *a, const void *b) {
    return rising(b, a);
}

void rg_sort(double *values, size_t n) {
    qsort(values, n, sizeof *values, rising);
}

void rg_sort_falling(double *values, size_t n) {
    qsort(values, n, sizeof *values, falling);
}

double rg_sorted_median(const double *sorted, size_t n) {
    const double low = sorted[(n - 1) / 2], high = sorted[n / 2];
    return low == high ? low : 0.5 * (low + high); /* equal infinities have no mean */
}

double rg_median(double *values, size_t n) {
    rg_sort(values, n);
    return rg_sorted_median(values, n);
}

size_t rg_sorted_rank(double quantile, size_t n) {
    const size_t rank = (size_t)ceil(quantile * (double)n);
    return rank ? rank - 1 : 0;
}
