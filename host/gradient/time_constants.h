/* The time constant of each unit of a cell with a gate that multiplies its previous state: lstm f; gru z, in PyTorch's
 * convention h_t = (1 - z) n + z h_{t-1} (`forget` in kernels/cells/cells.h). tau = -d / mean ln gate, where d is the
 * number of steps back to that state. The mean is over sequences and steps, without steps that a learned skip skipped.
 * Without input a state decays to 1/e in tau steps. A gate that is always 1 gives tau = INFINITY, a gate that is 0 at
 * some step gives 0. */
#ifndef RG_TIME_CONSTANTS_H
#define RG_TIME_CONSTANTS_H

#include "gradient/states.h"

enum { RG_TAU_MIN, RG_TAU_P10, RG_TAU_MEDIAN, RG_TAU_P90, RG_TAU_MAX, RG_TAU_QUANTILES };

struct rg_time_constants {
    size_t n;                           /* H; 0: there is no such gate or no step, or a gate is not a number */
    size_t endless;                     /* units with tau INFINITY */
    char gate;                          /* its letter */
    double *values;                     /* [n] in steps */
    double quantiles[RG_TAU_QUANTILES]; /* over the units, by nearest rank */
};

/* Sums while steps are added: `values` holds sums of ln, `steps` counts. */
struct rg_time_sums {
    size_t gate, steps, back;
    struct rg_time_constants *to;
};

/* Begin the sums. Without such a gate `sums->to` becomes NULL, and the next two functions do nothing. Release with
 * rg_time_constants_release. */
rg_status rg_time_constants_begin(const struct rg_cell_facts *facts, struct rg_time_constants *constants,
                                  struct rg_time_sums *sums);
/* Add a step of a sequence: `saved` is [facts.saved][H]. */
void rg_time_constants_add(struct rg_time_sums *sums, const double *saved, size_t hidden);
rg_status rg_time_constants_end(struct rg_time_sums *sums, size_t hidden);
void rg_time_constants_release(struct rg_time_constants *constants); /* zeroed allowed */

#endif
