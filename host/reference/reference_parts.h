/* Declarations that the files of the float64 reference share. */
#ifndef RG_REFERENCE_PARTS_H
#define RG_REFERENCE_PARTS_H

#include "reference/reference.h"

/* One step of one sequence in one direction, between its matrix products; see struct ref_trace for the shapes. */
struct ref_step {
    enum ref_activation activation;
    size_t hidden;
    const double *a_ih, *a_hh;         /* [G H] */
    const double *h_before, *c_before; /* [H], states before the step */
    /* [G H], a_ih + a_hh; forward changes it where the argument of a gate is another value */
    double *a;
    double *gate;                  /* [G H], set by forward: the gates' values */
    double *h, *c;                 /* [H], set by forward; c by lstm alone */
    const double *dh, *dc;         /* [H], the whole dL/dh_t, and the part of dL/dc_t through later steps */
    double *dc_whole;              /* [H], set by backward of a cell with c: the whole dL/dc_t */
    double *delta, *delta_hh;      /* [G H], set by backward */
    double *dh_before, *dc_before; /* [H], backward adds the part that does not pass through a_hh */
};

/* A cell is its number of gates and two functions of a step. All other code is independent of the cell. */
struct ref_cell_functions {
    size_t gates;
    void (*forward)(const struct ref_step *step);
    void (*backward)(const struct ref_step *step);
};

extern const struct ref_cell_functions ref_cells[REF_N_CELLS];

/* One sequence in one direction of one layer. */
struct ref_run {
    const struct ref_model *model;
    const struct ref_batch *batch;
    const struct ref_result *result;
    size_t layer, direction, sequence;
};

/* Valid steps of sequence n. */
size_t ref_length(const struct ref_batch *batch, size_t n);

/* The word at step t; below 0: an unknown one. */
int32_t ref_word(const struct ref_run *run, size_t t);

/* The [width] numbers of the run's sequence at index i of an array [...][N][width]. */
double *ref_row(const struct ref_run *run, double *array, size_t i, size_t width);

const struct ref_trace *ref_trace_of(const struct ref_run *run);

/* Index of the state k steps before t in the run's direction: t - k or t + k, 0 for h_0, T + 1 if there is none. */
size_t ref_earlier(const struct ref_run *run, size_t t, size_t k);

/* The vector that a role's matrix of the run's layer multiplies at step t, and its columns. For WEIGHT_IH it is the
 * layer's input, for the others the state in W_hh h or W_sh h. */
const double *ref_factor(const struct ref_run *run, enum ref_role role, size_t t);

/* Index of the state before step t: that of t-1, or of t-d for a dilated skip. */
size_t ref_before(const struct ref_run *run, size_t t);

/* Is the model's skip of kind learned? */
bool ref_learned(const struct ref_model *model);

/* For a learned skip, after the cell computed its states of step t: compute u~_t and the states after the gate. */
void ref_gate_forward(const struct ref_run *run, struct ref_result *result, size_t t);

/* The reverse of ref_gate_forward, before the cell's backward: the gradients at the cell's result, at the state before,
 * and at the gate. */
void ref_gate_backward(const struct ref_run *run, size_t t);

/* Gradient of a role's product at step t [G H]. */
const double *ref_delta(const struct ref_run *run, enum ref_role role, size_t t);

/* Columns of a weight matrix of a layer. */
size_t ref_columns(const struct ref_model *model, size_t layer, enum ref_role role);

/* Loss of one row of outputs z [O] against its targets, before the division by the mean's count. *dz [O] is its
 * derivative. */
double ref_row_loss(enum ref_loss loss, const double *z, const double *y, size_t outputs, double *dz);

/* With the loss on the last step: compute the head's input of the run's sequence from the last layer's states
 * (ref_read); send the gradient there back to those states (ref_spread). */
void ref_read(const struct ref_run *run);
void ref_spread(const struct ref_run *run);

/* matrix [rows][columns] += column row^T */
void ref_add_outer(double *matrix, const double *column, size_t rows, const double *row, size_t columns);

/* Compute the lag profile of a result that has its gradients. */
void ref_fill_lags(const struct ref_model *model, const struct ref_batch *batch, const struct ref_result *result);

#endif
