/* OpenBLAS, opened at run time where it is installed: products of the native device. */
#ifndef RG_NATIVE_OPENBLAS_H
#define RG_NATIVE_OPENBLAS_H

#include <stdbool.h>

#include "base/pool.h"
#include "device/product.h"

/* Its functions. Tests make up others. */
struct rg_openblas {
    void (*sgemm)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a, int lda,
                  const float *b, int ldb, float beta, float *c, int ldc);
    void (*dgemm)(int order, int trans_a, int trans_b, int m, int n, int k, double alpha, const double *a, int lda,
                  const double *b, int ldb, double beta, double *c, int ldc);
    int (*get_threads)(void);
    void (*set_threads)(int threads);
};

/* The library, loaded once and kept; NULL where there is none. `name` (may be NULL) gets what it calls itself. */
const struct rg_openblas *rg_openblas_load(const char **name);

/* The matrices of a product c = a b, in memory. All three hold doubles or all three floats. */
struct rg_openblas_operands {
    const void *a, *b;
    void *c;
    bool is_double;
};

/* Multiply. The pool's threads share the blocks of rows, and each calls the library with one thread of its own. Several
 * threads may multiply at the same time. */
void rg_openblas_product(const struct rg_openblas *library, struct rg_pool *pool, const struct rg_wide_product *product,
                         const struct rg_openblas_operands *operands);

#endif
