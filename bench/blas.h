/* A BLAS library, opened at run time where there is one: a peer, not a part of the product. */
#ifndef RG_BENCH_BLAS_H
#define RG_BENCH_BLAS_H

#include "device/product.h"
#include "rnn_gpu/status.h"

struct rg_blas {
    char name[96]; /* with the version, as the library calls itself */
    void (*sgemm)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a, int lda,
                  const float *b, int ldb, float beta, float *c, int ldc);
    void (*sgemv)(int order, int trans, int m, int n, float alpha, const float *a, int lda, const float *x, int incx,
                  float beta, float *y, int incy);
};

/* Find OpenBLAS, else the system's BLAS, and let it use `threads` threads where it can be told. RG_ERROR says what to
 * install. The library stays loaded until the program ends. */
rg_status rg_blas_open(int threads, struct rg_blas *out);

#endif
