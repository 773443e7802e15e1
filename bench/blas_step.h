/* The peer in C: the same update as a careful programmer writes it on a BLAS library. The inputs' products of all steps
 * are one sgemm, each step of the recurrence is one sgemm and one pass over the gates, the weight gradients are one
 * sgemm each; the whole batch goes through each step before the next. Shares no code with the product's kernels. */
#ifndef RG_BENCH_BLAS_STEP_H
#define RG_BENCH_BLAS_STEP_H

#include "bench/bench.h"
#include "bench/blas.h"
#include "rnn_gpu/model.h"

struct rg_blas_step;

/* Take the memory. `model` has one layer in one direction without skip, one output and the squared error on the last
 * step; its weights are copied. `blas` must outlive the step. RG_NO_MEMORY if sizes are beyond BLAS' 32-bit numbers. */
rg_status rg_blas_step_create(const struct rg_blas *blas, int threads, const struct rg_model *model, size_t batch,
                              size_t steps, struct rg_blas_step **out);
void rg_blas_step_destroy(struct rg_blas_step *step); /* NULL allowed */

/* Inputs [T][B][F] and targets [B], to be filled in. */
float *rg_blas_step_x(struct rg_blas_step *step);
float *rg_blas_step_y(struct rg_blas_step *step);

/* Loss; gradients in the model's arena layout, valid until the next call. */
double rg_blas_step_gradient(struct rg_blas_step *step, const float **gradients);
/* Clip by norm 1, and Adam. */
void rg_blas_step_update(struct rg_blas_step *step);

/* Bytes that rg_blas_step_create takes for these sizes. */
uint64_t rg_blas_step_bytes(const struct rg_bench_case *c);

/* Median seconds of a whole update, timed as rg_bench_run does; 0 if it does not fit `memory`. */
rg_status rg_blas_step_time(const struct rg_blas *blas, int threads, const struct rg_bench_case *c, uint64_t memory,
                            double *seconds);

#endif
