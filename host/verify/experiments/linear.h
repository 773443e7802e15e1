/* Square matrices [n][n] in double for the experiments, row-major. */
#ifndef RG_LINEAR_H
#define RG_LINEAR_H

#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

/* Where the work is to stop (base/stop.h), each of these ends early, with numbers of no use; those that return a status
 * say so. */

/* c = a b; c is neither of them. */
void rg_linear_multiply(double *c, const double *a, const double *b, size_t n);

/* Singular values [n] of a, the largest first, by one-sided Jacobi rotations (Hestenes 1958), to about 1e-15 of the
 * largest. */
rg_status rg_linear_singular_values(const double *a, size_t n, double *sigma);

/* The largest absolute eigenvalue: ||a^k||^(1/k) for k = 2^40 (Gelfand 1941), by squaring. */
rg_status rg_linear_spectral_radius(const double *a, size_t n, double *radius);

/* Make the rows of q orthonormal by modified Gram-Schmidt, done twice; r [n] gets the lengths that were left of them.
 */
void rg_linear_orthonormalise(double *q, size_t n, double *r);

/* Independent N(0, deviation^2), or `deviation` times a random orthogonal matrix. Another `number`, another matrix. */
void rg_linear_gaussian(double *a, size_t n, double deviation, uint64_t seed, uint32_t number);
rg_status rg_linear_orthogonal(double *a, size_t n, double scale, uint64_t seed, uint32_t number);

#endif
