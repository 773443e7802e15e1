/* A wide matrix product as a library computes it: the counterpart of the rg_product kernel. */
#ifndef RG_PRODUCT_H
#define RG_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/status.h"

/* c [m][n] = a [m][k] b, added to what is there if `add`, b being [k][n], or [n][k] if `turned`; all row-major, in
 * elements of the device's numbers. The rows of a and c come in steps of `step` rows. A library for processors is
 * called for at most `block` rows of one step at a time, so that a row's bits do not depend on how many rows a chunk
 * has, nor on threads. */
struct rg_buffer;
struct rg_wide_product {
    struct rg_buffer *a, *b, *c;
    size_t a_at, b_at, c_at; /* first element */
    size_t a_stride, b_stride, c_stride;
    size_t m, n, k;
    size_t step, block;
    bool turned, add;
};

#endif
