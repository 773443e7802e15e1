/* The Jacobians of one sequence's steps, as factors of its units, so that J = d(state at the loss)/d(state at the
 * earliest step) and its transpose can each be multiplied by a vector without J itself; and the largest singular value
 * of J by power iteration on J^T J. The states are those of gradient/products.h; a learned skip has no such chain.
 *
 * A cell's reverse step is linear in what comes to h and to what it carries (c, of an lstm), unit by unit: delta_q =
 * A_q dh + B_q dc, carried = C dh + D dc. The transposed step has the same factors. */
#ifndef RG_CHAIN_H
#define RG_CHAIN_H

#include "gradient/states.h"

struct rg_chain {
    const struct rg_cell_facts *facts; /* borrowed */
    size_t most, steps;                /* room for so many steps; those that there are, from the loss back */
    double *factors;                   /* [most][2][deltas + 1][H]: A_q, then C; B_q, then D */
    double *dh;                        /* [H], scratch */
    size_t h_blocks, c_blocks;         /* of the state at the earliest step, one of each at the loss */
};

/* Bytes that one of so many steps takes. */
double rg_chain_bytes(const struct rg_cell_facts *facts, size_t steps);

rg_status rg_chain_create(const struct rg_cell_facts *facts, size_t most, struct rg_chain *chain);
void rg_chain_release(struct rg_chain *chain); /* zeroed allowed */

/* One step further back, whose states are in row `row`. */
void rg_chain_add(struct rg_chain *chain, const struct rg_step_states *states, size_t row);

struct rg_chain_result {
    double log10_largest; /* -INFINITY: J is 0 */
    size_t iterations;
    bool converged; /* the last one changed it by less than 1e-9 of itself; else it is at least that large */
};

/* At most `work` multiplications, and two iterations in any case. RG_NO_MEMORY. */
rg_status rg_chain_largest(const struct rg_chain *chain, double work, struct rg_chain_result *result);

#endif
