/* Throughput of whole updates: the core of `rnn-gpu bench`. */
#ifndef RG_BENCH_H
#define RG_BENCH_H

#include "device/device.h"
#include "rnn_gpu/config.h"

struct rg_bench_case {
    enum rg_cell cell;
    size_t batch, steps, hidden, input;
    size_t repeats;  /* timed updates; the figure is their median */
    uint64_t memory; /* bytes the plan may use; 0: what the device has */
};

/* Seconds of one update and its phases; FLOPs as 6 G H (H+F) B T - 2 G H F B T. */
struct rg_bench_result {
    double update, fastest, slowest;
    double forward, reverse, weight_gradient, clip, optimizer, other;
    double gflops;
    size_t memory_bytes;
    size_t chunk;
};

/* Time forward, backward, weight gradient, clipping, Adam with the squared error on the last step, inputs already on
 * the device. The first update, which builds kernels, is not counted. */
rg_status rg_bench_run(struct rg_device *device, const struct rg_bench_case *c, struct rg_bench_result *result);

/* The device's peak of fused multiply-adds in GFLOP/s: the best of several runs, now. */
rg_status rg_bench_peak(struct rg_device *device, double *gflops);

#endif
