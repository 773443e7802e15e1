/* A product R_l … R_1 of k x k upper triangles with an exponent for each row, and all its singular values.
 *
 * Such products are graded: each row is smaller than the one before by what a step does to its direction, soon by more
 * than a double holds. Rounding changes a row by its own size alone, so every singular value keeps its digits as far
 * as the rows, each scaled to length 1, are not nearly dependent (Demmel et al. 1999); they are found by rotating pairs
 * of rows until they are orthogonal (one-sided Jacobi). */
#ifndef RG_GRADED_H
#define RG_GRADED_H

#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

struct rg_graded {
    size_t k, steps;   /* triangles so far */
    double *rows;      /* [k][k], row i times 2^exponent[i] */
    int64_t *exponent; /* [k], RG_SCALED_EMPTY of a row of zeros */
    double *room;      /* [k] */
};

/* The identity. */
rg_status rg_graded_create(size_t k, struct rg_graded *graded);
void rg_graded_release(struct rg_graded *graded); /* zeroed allowed */

/* product = r product; r [k][k] upper triangular. */
void rg_graded_multiply(struct rg_graded *graded, const double *r);

/* log10 of the singular values, in descending order, -INFINITY for 0: out [k]. The product is lost. */
void rg_graded_singular(struct rg_graded *graded, double *out);

#endif
