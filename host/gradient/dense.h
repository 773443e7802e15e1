/* Products of matrices in double precision on the host, for the measurements of the gradient. Each element has one
 * accumulator, to which its terms are added in order of depth. So the bits do not depend on the instruction set. */
#ifndef RG_DENSE_H
#define RG_DENSE_H

#include <stddef.h>

/* c[i*c_row + j] += sum over k < depth of a[i*a_row + k*a_depth] * b[k*b_row + j], for i < rows, j < columns. */
struct rg_product {
    double *c;
    const double *a, *b;
    size_t rows, columns, depth;
    size_t c_row, a_row, a_depth, b_row;
};
void rg_dense_add(const struct rg_product *product);

/* sum a_i b_i. */
double rg_dense_dot(const double *a, const double *b, size_t n);
/* to_i = to_i * own + from_i * factor. */
void rg_dense_mix(double *to, double own, const double *from, double factor, size_t n);
/* Largest |a_i|; NAN if any a_i is NAN. */
double rg_dense_largest(const double *a, size_t n);
/* sqrt(sum a_i^2) without intermediate overflow or underflow. */
double rg_dense_norm(const double *a, size_t n);

#endif
