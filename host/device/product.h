/* A wide matrix product for a BLAS library: the counterpart of the rg_product kernel. */
#ifndef RG_PRODUCT_H
#define RG_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/status.h"

struct rg_buffer;

/* c [m][n] = a [m][k] b, or c += a b with `add`. b is [k][n], or [n][k] with `transposed`. All are row-major; offsets
 * and strides count the device's numbers. The rows of a and c are time steps of `step` rows each. A CPU library is
 * called for at most `block` rows of one time step, so a row's bits depend neither on the rows of a chunk nor on
 * threads. */
struct rg_wide_product {
    struct rg_buffer *a, *b, *c;
    size_t a_at, b_at, c_at; /* first element */
    size_t a_stride, b_stride, c_stride;
    size_t m, n, k;
    size_t step, block;
    bool transposed, add;
};

/* The numbers of cblas, which CLBlast has too: rows one after the other, and a matrix as it is or transposed. */
enum { RG_CBLAS_ROW_MAJOR = 101, RG_CBLAS_NO_TRANS = 111, RG_CBLAS_TRANS = 112 };

#endif
