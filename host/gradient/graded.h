/* A product R_l … R_1 of k x k upper triangles, with an exponent for each row, and all its singular values.
 *
 * Such products are graded: the rows shrink from one to the next, soon by more than the range of a double. Rounding
 * changes a row only relative to its own size. So every singular value keeps its digits, unless the rows, each scaled
 * to norm 1, are nearly dependent (Demmel et al. 1999). The singular values are found by rotating pairs of rows until
 * they are orthogonal (one-sided Jacobi). */
#ifndef RG_GRADED_H
#define RG_GRADED_H

#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

struct rg_graded {
    size_t k, steps;   /* triangles multiplied so far */
    double *rows;      /* [k][k]; row i is multiplied by 2^exponent[i] */
    int64_t *exponent; /* [k]; RG_SCALED_EMPTY for a row of zeros */
    double *room;      /* [k], working memory */
};

/* Start with the identity. */
rg_status rg_graded_create(size_t k, struct rg_graded *graded);
void rg_graded_release(struct rg_graded *graded); /* zeroed allowed */

/* product = r product; r [k][k] upper triangular. */
void rg_graded_multiply(struct rg_graded *graded, const double *r);

/* out [k] = log10 of the singular values in descending order, -INFINITY for 0. Destroys the product. */
void rg_graded_singular(struct rg_graded *graded, double *out);

#endif
