/* A case of the benchmark: its sizes and how long it may take. */
#ifndef RG_BENCH_CASE_H
#define RG_BENCH_CASE_H

#include "rnn_gpu/config.h"

struct rg_bench_case {
    enum rg_cell cell;
    enum rg_activation activation; /* of the rnn cell */
    size_t batch, steps, hidden, input;
    size_t outputs; /* above 1: classes, with cross-entropy; else one number and its squared error */
    enum rg_target target;
    size_t repeats;  /* timed updates, at least; the figure is their median */
    double patience; /* seconds after which fewer are enough; 0: no limit */
    uint64_t memory; /* bytes the plan may use; 0: what the device has */
};

#endif
