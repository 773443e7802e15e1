/* Power iteration on a matrix in memory. */
#ifndef RG_POWER_H
#define RG_POWER_H

#include <stddef.h>

#include "rnn_gpu/status.h"

/* Largest singular value of a [rows][columns]; spectral radius of a [n][n], to about 1e-3. Both use power iteration.
 * *status becomes RG_NO_MEMORY on failure and is otherwise unchanged. */
double rg_largest_singular(const double *a, size_t rows, size_t columns, rg_status *status);
double rg_spectral_radius(const double *a, size_t n, rg_status *status);

#endif
