/* The reverse scan of one direction of one layer on the host, in double precision. Mantissa and exponent are stored
 * separately: a row's values are multiplied by 2^exponent[row], and rescaling by exact powers of two keeps them near 1.
 * So neither 0.25^999 nor 4^999 is lost.
 *
 * A step has three calls: begin (dL/dh_t = W_hh^T delta_{t+1} + W_sh^T delta_{t+d}), inject (add the gradient from
 * above), finish (the cell's reverse step). */
#ifndef RG_ADJOINT_H
#define RG_ADJOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "gradient/states.h"

struct rg_adjoint {
    const struct rg_cell_facts *facts; /* borrowed */
    size_t rows;
    size_t ring; /* steps whose deltas are kept: max(1, d) */
    double *d;   /* [ring][rows][deltas*H]; step `order` is at order % ring */
    /* [back][rows][H], values carried from step to step beside the deltas; step `order` is at order % back */
    double *carry;
    double *dh;        /* [rows][H], dL/dh_t */
    double *copied;    /* [rows][H], the part of dL/dh_{t+1} that a learned skip copies; NULL without one */
    double *d_gate;    /* [rows], dL/du~_{t+1} of a learned skip, or NULL */
    int64_t *exponent; /* [rows] */
};

rg_status rg_adjoint_create(const struct rg_cell_facts *facts, size_t rows, struct rg_adjoint *adjoint);
void rg_adjoint_release(struct rg_adjoint *adjoint);

/* Rows [first, first + n) at a step. `order` counts steps in the direction's processing order. */
struct rg_adjoint_rows {
    size_t order, first, n;
};

/* Begin a step for some rows. `order` goes from T-1 down to 0. */
void rg_adjoint_begin(struct rg_adjoint *adjoint, struct rg_adjoint_rows rows);

/* out [n][H] += delta_t W_hh of the rows; with `far` += delta_t W_sh. */
void rg_adjoint_pass(const struct rg_adjoint *adjoint, struct rg_adjoint_rows rows, bool far, double *out);

/* out [n][inputs] += delta_t W_ih of the rows: the gradient at the layer's inputs. */
void rg_adjoint_pass_down(const struct rg_adjoint *adjoint, struct rg_adjoint_rows rows, double *out);

/* dL/dh_t of a row += values [H] * 2^exponent. */
void rg_adjoint_inject(struct rg_adjoint *adjoint, size_t row, const double *values, int64_t exponent);

/* The cell's reverse step for row `row`. Its states are in row `at` of *states. A row that is not `live` becomes 0. */
void rg_adjoint_finish(struct rg_adjoint *adjoint, size_t order, size_t row, const struct rg_step_states *states,
                       size_t at, bool live);

/* The deltas [deltas*H] of a row at step `order`. */
const double *rg_adjoint_delta(const struct rg_adjoint *adjoint, size_t order, size_t row);

#endif
