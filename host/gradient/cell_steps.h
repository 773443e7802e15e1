/* The cells' reverse steps in double, compiled from the text of kernels/cells/. So the lag profile follows the same
 * equations as the device. */
#ifndef RG_CELL_STEPS_H
#define RG_CELL_STEPS_H

#include "rnn_gpu/config.h"

/* One step of one sequence. */
struct rg_unit_step {
    const double *h;          /* [H] h_t */
    const double *past;       /* [H] h_{t-1} */
    const double *saved;      /* [saved][H] what the cell saved at t */
    const double *past_saved; /* [saved][H] what the cell saved at t-1 */
    const double *dh;         /* [H] dL/dh_t */
    /* [H] what the cell carries back; in: the value of step t+1; out: the value of step t */
    double *carry;
    double *delta; /* [deltas][H] out: gradients of the pre-activations */
    size_t hidden; /* H */
};

/* The reverse step of the cell. `activation` is used by cells without a fixed activation. */
void rg_cell_reverse(enum rg_cell cell, enum rg_activation activation, const struct rg_unit_step *step);

/* The derivative of the activation, from its value h. */
double rg_activation_slope(enum rg_activation activation, double h);
double rg_activation_largest_slope(enum rg_activation activation);

/* Is the slope less than 0.0975 of the largest? So it is where |tanh| is above 0.95, and where a sigmoid is within
 * 0.025 of 0 or 1. */
bool rg_activation_is_saturated(enum rg_activation activation, double h);

#endif
