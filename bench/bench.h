/* Throughput of whole updates: the core of `rnn-gpu bench`. */
#ifndef RG_BENCH_H
#define RG_BENCH_H

#include "bench/case.h"
#include "device/device.h"
#include "engine/engine.h"

/* Seconds of one update and its phases; FLOPs as 6 G H (H+F) B T - 2 G H F B T, and 6 H O B T' of a head with
 * classes. */
struct rg_bench_result {
    double update, fastest, slowest;
    double phases[RG_N_PHASES];
    size_t updates; /* timed */
    double gflops;
    size_t memory_bytes;
    size_t launches; /* of an update */
    struct rg_plan plan;
    bool library; /* wide products were the device's library's */
};

/* Time whole updates: forward, backward, weight gradient, clipping and Adam. The loss is the squared error with one
 * output and cross-entropy with several, at the last step or at every step as the case says. The inputs are on the
 * device. The first update, which builds kernels, is not counted. */
rg_status rg_bench_run(struct rg_device *device, const struct rg_bench_case *c, struct rg_bench_result *result);

/* Queue one such update of weights that are zero, and forget it: for a device that counts launches (planned.h). */
rg_status rg_bench_queue(struct rg_device *device, const struct rg_bench_case *c, struct rg_plan *plan);

/* FLOPs of an update of these sizes. */
double rg_bench_flops(const struct rg_bench_case *c);

/* Those of them that are counted and not computed: the products with h_0 = 0. */
double rg_bench_unused_flops(const struct rg_bench_case *c);

/* Bytes that the update takes with the whole batch in memory at once. */
rg_status rg_bench_whole_bytes(const struct rg_device *device, const struct rg_bench_case *c, uint64_t *bytes);

/* The one-layer model that the bench trains on that case. */
struct rg_shape rg_bench_shape(const struct rg_bench_case *c);

/* The device's peak of fused multiply-adds in GFLOP/s: the best of several runs, now. */
rg_status rg_bench_peak(struct rg_device *device, double *gflops);

/* An update that is faster than the peak, *gflops, shows that other work held up the peak's measurement. Repeat it
 * then, and keep the higher result. Not with TF32: tensor cores exceed the peak of multiply-adds. */
rg_status rg_bench_raise_peak(struct rg_device *device, const struct rg_bench_case *c,
                              const struct rg_bench_result *result, double *gflops);

/* Updates that are queued together for one timing, if one of them takes so many seconds: as in training, the host does
 * not wait for each of many short updates. */
size_t rg_bench_together(double seconds);
/* Are `n` timings, `spent` seconds in all, enough? */
bool rg_bench_enough(const struct rg_bench_case *c, size_t n, double spent);
/* n numbers in [-1, 1), the same every time. */
void rg_bench_noise(float *values, size_t n);

#endif
