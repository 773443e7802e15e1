/* What a device can do at most, measured now, and which of these ceilings binds an update. */
#ifndef RG_BENCH_CEILINGS_H
#define RG_BENCH_CEILINGS_H

#include "bench/bench.h"
#include "bench/blas.h"

struct rg_ceilings {
    double fma_gflops;     /* multiply-adds in registers */
    double product_gflops; /* our own matrix product: the weight gradient of 512 units, 2,048 rows */
    double sgemm_gflops;   /* BLAS' product of 1024 x 1024 x 1024 on the processor; 0: no BLAS, or a GPU */
    double bandwidth;      /* a = b + s c over arrays beyond every cache: bytes a second, 12 an element */
    double tanh_rate;      /* tanh evaluations a second */
    double launch;         /* seconds of a launch that does nothing, in a queue of many */
};

/* Measure them; some 2 s. `blas` may be NULL. */
rg_status rg_ceilings_measure(struct rg_device *device, double fma_gflops, const struct rg_blas *blas,
                              struct rg_ceilings *out);

enum rg_bound { RG_BOUND_COMPUTE, RG_BOUND_MEMORY, RG_BOUND_TANH, RG_BOUND_LAUNCH, RG_N_BOUNDS };
extern const char *const rg_bound_names[RG_N_BOUNDS];

/* The least seconds of an update by each ceiling alone (Williams, Waterman, Patterson 2009); the largest binds.
 *   compute: FLOPs over the FMA peak
 *   memory:  every tensor between the kernels written once and read as often as kernels take it; the inputs alone
 *            where a chunk's tensors stay in the processor's last cache
 *   tanh:    logistic functions and hyperbolic tangents
 *   launch:  launches */
struct rg_bounds {
    double seconds[RG_N_BOUNDS];
    enum rg_bound binding;
};
struct rg_bounds rg_bounds_of(const struct rg_ceilings *ceilings, const struct rg_device_info *info,
                              const struct rg_bench_case *c, const struct rg_bench_result *result);

#endif
