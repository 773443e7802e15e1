/* The product R_n … R_1 of upper triangular k x k matrices, and all its singular values.
 *
 * Such a product is graded: each row is smaller than the row above it, soon by more than the range of a double. So each
 * row has its own exponent, and rounding changes it only relative to its own size. Every singular value then keeps its
 * digits, unless the rows, each scaled to norm 1, are nearly linearly dependent (Demmel et al. 1999). Rotations of
 * pairs of rows make all rows orthogonal (one-sided Jacobi); their norms are the singular values. */
#ifndef RG_GRADED_H
#define RG_GRADED_H

#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

struct rg_graded {
    size_t k;          /* rows and columns */
    size_t steps;      /* matrices multiplied so far */
    double *rows;      /* [k][k]; row i is multiplied by 2^exponent[i] */
    int64_t *exponent; /* [k]; RG_SCALED_EMPTY for a row of zeros */
    double *room;      /* [k], working memory */
};

/* Start with the identity. */
rg_status rg_graded_create(size_t k, struct rg_graded *graded);
void rg_graded_release(struct rg_graded *graded); /* a zeroed struct is allowed */

/* product = r product; r [k][k] upper triangular. */
void rg_graded_multiply(struct rg_graded *graded, const double *r);

/* out [k] = log10 of the singular values in descending order, -INFINITY for 0. Destroys the product. */
void rg_graded_singular(struct rg_graded *graded, double *out);

#endif
