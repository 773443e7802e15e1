/* OpenBLAS, opened at run time where it is installed: products of the native device. */
#ifndef RG_NATIVE_OPENBLAS_H
#define RG_NATIVE_OPENBLAS_H

#include <stdbool.h>

#include "base/pool.h"
#include "device/product.h"

struct rg_openblas;

/* The library, loaded once and kept; NULL where there is none. `name` (may be NULL) gets what it calls itself. */
const struct rg_openblas *rg_openblas_load(const char **name);

/* The matrices of a product c = a b, in memory. All three hold doubles or all three floats. */
struct rg_openblas_operands {
    const void *a, *b;
    void *c;
    bool is_double;
};

/* Multiply. The pool's threads share the blocks of rows, and each calls the library with one thread of its own. */
void rg_openblas_product(const struct rg_openblas *library, struct rg_pool *pool, const struct rg_wide_product *product,
                         const struct rg_openblas_operands *operands);

#endif
