/* The product J = d(state at the loss)/d(state at the earliest step) of one sequence, without forming J. Each step's
 * Jacobian is stored as factors of the units, so that J and its transpose can be multiplied by a vector. Power
 * iteration on J^T J then gives the largest singular value. The states are those of gradient/products.h. A learned skip
 * has no such factors.
 *
 * A cell's reverse step is linear in dh and in the carried value (for an lstm dL/dc), unit by unit: delta_q = A_q dh +
 * B_q dc, carried = C dh + D dc. The transposed step has the same factors. */
#ifndef RG_CHAIN_H
#define RG_CHAIN_H

#include "gradient/states.h"

struct rg_chain {
    const struct rg_cell_facts *facts; /* borrowed */
    /* `max`: steps that fit; `steps`: steps that were added, from the loss back */
    size_t max, steps;
    double *factors; /* [max][2][deltas + 1][H]: A_q, then C; B_q, then D */
    double *dh;      /* [H], scratch */
    /* blocks of the state at the earliest step; the state at the loss has one of each */
    size_t h_blocks, c_blocks;
};

/* Bytes of a chain of `steps` steps. */
double rg_chain_bytes(const struct rg_cell_facts *facts, size_t steps);

rg_status rg_chain_create(const struct rg_cell_facts *facts, size_t max, struct rg_chain *chain);
void rg_chain_release(struct rg_chain *chain); /* zeroed allowed */

/* Add the step before the last added one. Its states are in row `row`. */
void rg_chain_add(struct rg_chain *chain, const struct rg_step_states *states, size_t row);

struct rg_chain_result {
    double log10_largest; /* -INFINITY: J is 0 */
    size_t iterations;
    /* the last iteration changed it by less than 1e-9 of itself; otherwise log10_largest is a lower bound */
    bool converged;
};

/* Compute the largest singular value with at most `work` multiplications, but at least two iterations. RG_NO_MEMORY. */
rg_status rg_chain_largest(const struct rg_chain *chain, double work, struct rg_chain_result *result);

#endif
