/* The walk of back-propagation through time, in numbers: every pre-activation, state, gradient and term of one pass
 * over a data set. The float64 reference (reference/reference.h) computes it from a model's weights.
 *
 * The gradient is that of the full loss, whatever --probe-time says, so that the terms of all lags sum to it. */
#ifndef RG_WALK_H
#define RG_WALK_H

#include "reference/reference.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"
#include "train/source.h"

struct rg_walk {
    const struct rg_model *model;     /* model, data and problem are borrowed */
    const struct rg_dataset *data;    /* all sequences form one batch */
    const struct rg_problem *problem; /* the meaning of y */
    struct ref_model *net;
    struct ref_batch batch;
    struct ref_result *result;
    double *x, *y; /* layouts of struct ref_batch */
    int32_t *words;
};

/* Check before any work. RG_NO_MEMORY, with the memory needed, if this machine cannot hold the walk. */
rg_status rg_walk_check_memory(const struct rg_model *model, const struct rg_dataset *data);

/* Run one forward and one backward pass. `skip_budget` is lambda of a learned skip. RG_NO_MEMORY. */
rg_status rg_walk_create(const struct rg_model *model, const struct rg_dataset *data, const struct rg_problem *problem,
                         double skip_budget, struct rg_walk **out);
void rg_walk_destroy(struct rg_walk *walk); /* NULL allowed */

/* Valid steps of a sequence. */
size_t rg_walk_length(const struct rg_walk *walk, size_t sequence);

/* The first valid step in the file: 0, or later if the file pads at the start. */
size_t rg_walk_first_step(const struct rg_walk *walk, size_t sequence);

/* Row `sequence` of an array [...][N][width] of a trace, at index i. */
const double *rg_walk_row(const struct rg_walk *walk, const double *array, size_t i, size_t sequence, size_t width);

/* The trace of one direction of one layer. */
const struct ref_trace *rg_walk_trace(const struct rg_walk *walk, size_t layer, size_t direction);

/* [T+2][N][H], the whole dL/dc_t of lstm, at the state; a learned skip copies that state or takes it from the cell. */
const double *rg_walk_cell_gradient(const struct rg_walk *walk, const struct ref_trace *trace);

/* The walk as tensors of doubles. A suffix names layer and direction: "" for layer 0, forward; then ".l0_reverse",
 * ".l1", ….
 *
 *   trace.a [N][T][G*H]      arguments of the gates: W_ih x_t + b_ih + W_hh h_{t-1} + b_hh (+ W_sh h_{t-d}); in
 *                            the n of gru the recurrent part is multiplied by r
 *   trace.h [N][T][H]        the state; trace.c that of lstm
 *   trace.dh [N][T][H]       the whole dL/dh_t; trace.dc the whole dL/dc_t of lstm
 *   trace.delta [N][T][G*H]  dL/da_t; gru also has trace.delta_hh, the gradient at W_hh h: in the n it is r times
 *                            trace.delta
 *   trace.term.P [T][rows][columns]
 *                            entry tau is the term of lag tau of matrix P, summed over the sequences
 *
 * Steps have the place that they have in the file. The padding holds zeros. */
struct rg_walk_tensors {
    struct rg_tensor *items; /* [count] */
    size_t count;
    char (*names)[RG_NAME_BYTES + 32];
    double *numbers;
};

/* RG_NO_MEMORY; the status of rg_stop_check if the user stops it. */
rg_status rg_walk_tensors_create(const struct rg_walk *walk, struct rg_walk_tensors *list);
void rg_walk_tensors_release(struct rg_walk_tensors *list);

#endif
