/* The reverse sweep of one direction of one layer on the host, in double, with mantissa and exponent apart: what a row
 * holds stands for itself times 2^exponent[row], and is brought back near 1 by exact powers of two, so neither 0.25^999
 * nor 4^999 is lost.
 *
 * A step: begin (dL/dh_t = W_hh^T delta_{t+1} + W_sh^T delta_{t+d}), inject what comes from above, finish (the cell).
 */
#ifndef RG_ADJOINT_H
#define RG_ADJOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "gradient/states.h"

struct rg_adjoint {
    const struct rg_cell_facts *facts; /* borrowed */
    size_t rows;
    size_t ring;       /* steps whose deltas are kept: max(1, d) */
    double *d;         /* [ring][rows][deltas*H]; a step's place is its order % ring */
    double *carry;     /* [own][rows][H], what passes from step to step beside the deltas; place: order % own */
    double *dh;        /* [rows][H], dL/dh_t in all */
    double *copied;    /* [rows][H], of dL/dh_{t+1}, where a learned skip copied the state; NULL without one */
    double *d_gate;    /* [rows], dL/du~_{t+1} of a learned skip, or NULL */
    int64_t *exponent; /* [rows] */
};

rg_status rg_adjoint_create(const struct rg_cell_facts *facts, size_t rows, struct rg_adjoint *adjoint);
void rg_adjoint_release(struct rg_adjoint *adjoint);

/* Steps are counted in the direction's own order: `order` goes from T-1 down to 0. Rows [first, first + n). */
void rg_adjoint_begin(struct rg_adjoint *adjoint, size_t order, size_t first, size_t n);

/* out [n][H] += delta_t W_hh, or W_sh if `far`, of those rows at step `order`. */
void rg_adjoint_pass(const struct rg_adjoint *adjoint, size_t order, size_t first, size_t n, bool far, double *out);

/* dL/dh_t of a row += values [H] * 2^exponent. */
void rg_adjoint_inject(struct rg_adjoint *adjoint, size_t row, const double *values, int64_t exponent);

/* The step of the cell for row `row`, whose states stand in row `at` of *states; a row that is not `live` is 0. */
void rg_adjoint_finish(struct rg_adjoint *adjoint, size_t order, size_t row, const struct rg_step_states *states,
                       size_t at, bool live);

/* The deltas [deltas*H] of a row at the step that was finished last. */
const double *rg_adjoint_delta(const struct rg_adjoint *adjoint, size_t order, size_t row);

/* phi'(a) of the rnn cell from h = phi(a), as the kernels have it. */
double rg_activation_slope(enum rg_activation activation, double h);

#endif
