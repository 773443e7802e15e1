/* Sorting numbers, and quantiles of sorted ones. No number may be NAN. */
#ifndef RG_SORT_H
#define RG_SORT_H

#include <stddef.h>

void rg_sort(double *values, size_t n);         /* from the smallest on */
void rg_sort_falling(double *values, size_t n); /* from the largest on */

/* Median of n > 0 sorted numbers: the mean of the middle two if n is even. */
double rg_sorted_median(const double *sorted, size_t n);

/* Median of n > 0 numbers, which are sorted. */
double rg_median(double *values, size_t n);

/* Index of a quantile, 0 to 1, among n > 0 numbers that rg_sort sorted, by nearest rank. */
size_t rg_sorted_rank(double quantile, size_t n);

#endif
