/* The peer that users know: PyTorch on the processor, in a process of its own (peers/pytorch_step.py). */
#ifndef RG_BENCH_PYTORCH_H
#define RG_BENCH_PYTORCH_H

#include "bench/bench.h"

struct rg_pytorch;

struct rg_pytorch_times {
    double whole, best; /* seconds of an update: the batch at once, and cut into its best chunks; 0: not measured */
    size_t best_chunk;
};

/* Start python3, or the program that RNN_GPU_PYTHON names, with `threads` threads and `memory` bytes for a step.
 * RG_ERROR says why it is not to be had. */
rg_status rg_pytorch_start(int threads, uint64_t memory, struct rg_pytorch **out);
void rg_pytorch_stop(struct rg_pytorch *pytorch); /* NULL allowed */

const char *rg_pytorch_version(const struct rg_pytorch *pytorch);

/* Time a case. RG_ERROR if the process has ended; it must then only be stopped. */
rg_status rg_pytorch_time(struct rg_pytorch *pytorch, const struct rg_bench_case *c, struct rg_pytorch_times *times);

#endif
