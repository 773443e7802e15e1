/* The time constant of each unit of a cell with a gate that multiplies its previous state (lstm f; gru z, in PyTorch's
 * convention h_t = (1 - z) n + z h_{t-1}; `forget` in kernels/cells/cells.h): tau = -d / mean ln gate, d the steps to
 * that state. The mean is over sequences and steps, those left out that a learned skip skipped. Left to itself, a
 * state falls to 1/e in tau steps. A gate that is 1 throughout has tau = INFINITY, one that is 0 at a step has 0. */
#ifndef RG_TIME_CONSTANTS_H
#define RG_TIME_CONSTANTS_H

#include "gradient/states.h"

enum { RG_TAU_MIN, RG_TAU_P10, RG_TAU_MEDIAN, RG_TAU_P90, RG_TAU_MAX, RG_TAU_QUANTILES };

struct rg_time_constants {
    size_t n;                           /* H; 0: there is no such gate, no step, or a gate is not a number */
    size_t endless;                     /* units whose tau is INFINITY */
    char gate;                          /* its letter */
    double *values;                     /* [n] in steps */
    double quantiles[RG_TAU_QUANTILES]; /* over the units, by nearest rank */
};

/* While steps are added: `values` are sums of ln, `steps` counts. */
struct rg_time_sums {
    size_t gate, steps, back;
    struct rg_time_constants *to;
};

/* Without such a gate `sums->to` becomes NULL, and the next two do nothing. Released with rg_time_constants_release. */
rg_status rg_time_constants_begin(const struct rg_cell_facts *facts, struct rg_time_constants *constants,
                                  struct rg_time_sums *sums);
/* `saved` [facts.saved][H] of a step of a sequence. */
void rg_time_constants_add(struct rg_time_sums *sums, const double *saved, size_t hidden);
rg_status rg_time_constants_end(struct rg_time_sums *sums, size_t hidden);
void rg_time_constants_release(struct rg_time_constants *constants); /* zeroed allowed */

#endif
