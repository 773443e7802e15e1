/* Products of Jacobians that are followed back in time by QR; see causes.h. */
#ifndef RG_JACOBIAN_H
#define RG_JACOBIAN_H

#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

/* The product R_l … R_1 of one sequence's k x k triangular factors, and its inverse, each with its own exponent. */
struct rg_triangles {
    size_t k;
    double *product, *inverse; /* [k][k] row-major, times 2^exponent */
    int64_t product_exponent, inverse_exponent;
    double *scratch; /* [k + RG_SINGULAR_ROWS][k] */
    double *sums;    /* [k] of ln |r_ii| */
    size_t steps;    /* triangles multiplied so far */
    int singular;    /* 1 if some r_ii was 0 */
};

rg_status rg_triangles_create(size_t k, struct rg_triangles *t);
void rg_triangles_release(struct rg_triangles *t);

/* Make `k` vectors of `n` numbers orthonormal by Gram-Schmidt, applied twice. vectors is [k][n]; r [k][k] becomes upper
 * triangular with v_j = sum over i <= j of q_i r_ij. A vector that depends on those before it becomes 0, and so does
 * r_jj. */
void rg_orthonormalise(double *vectors, size_t k, size_t n, double *r);

/* product = r product, inverse = inverse r^-1. */
void rg_triangles_multiply(struct rg_triangles *t, const double *r);

/* log10 of the largest and smallest singular value; -INFINITY for 0. */
void rg_triangles_singular(struct rg_triangles *t, double *largest, double *smallest);

/* The largest singular value of a [k][k], to about k rounding errors: the root of the largest eigenvalue of a a^T.
 * `scratch` is [k + RG_SINGULAR_ROWS][k]. */
enum { RG_SINGULAR_ROWS = 4 };
double rg_singular_largest(const double *a, size_t k, double *scratch);

#endif
