/* Power iteration on a matrix in memory. */
#ifndef RG_POWER_H
#define RG_POWER_H

#include <stddef.h>

#include "rnn_gpu/status.h"

/* Compute the largest singular value of a [rows][columns], or the spectral radius of a [n][n] to about 1e-3. */
rg_status rg_largest_singular(const double *a, size_t rows, size_t columns, double *sigma);
rg_status rg_spectral_radius(const double *a, size_t n, double *radius);

#endif
