/* All singular values of a Jacobian product J, d(state at the loss)/d(state at the furthest lag), and its condition
 * number. If the state has more dimensions than the causes follow, there are two ways: either one sequence is followed
 * in all directions, or only the largest singular value is computed, by power iteration on J^T J. The limits decide
 * between them. */
#ifndef RG_SPECTRUM_H
#define RG_SPECTRUM_H

#include "gradient/chain.h"
#include "gradient/products.h"

struct rg_spectrum {
    size_t n;               /* dimension of the state; 0: not measured, or no sequence has a step before the loss */
    double *log10_singular; /* [n] in descending order, -INFINITY for 0: medians over the sequences */
    /* Largest over smallest singular value. INFINITY if some are 0. NAN if all are 0, or if there is no spectrum. */
    double log10_condition;
    size_t zeros;                 /* number of singular values that are 0 */
    size_t steps;                 /* factors of the product */
    size_t sequences;             /* sequences that reach so far; `n` or `power` covers these */
    struct rg_chain_result power; /* iterations 0: not measured */
};

/* Limits of the computation: multiplications and bytes. */
struct rg_spectrum_limits {
    double whole_work, power_work, bytes;
};

/* State of the computation while the walk goes back in time. */
struct rg_spectrum_walk {
    struct rg_products whole; /* all directions of one sequence */
    struct rg_chain chain;
    size_t row; /* row of that sequence in the states */
};

/* `furthest` is the number of steps that the sequence in row `row` can go back, and `directions` those that the causes
 * follow. */
rg_status rg_spectrum_begin(const struct rg_cell_facts *facts, const struct rg_spectrum_limits *limits, size_t row,
                            size_t furthest, size_t directions, struct rg_spectrum_walk *walk);
/* Go back from step `order`. `moves`: the sequence has a step before it. */
void rg_spectrum_step(struct rg_spectrum_walk *walk, struct rg_pool *pool, const struct rg_step_states *states,
                      size_t order, bool moves);
/* `followed` are the products that the causes followed in `directions`. They are destroyed. */
rg_status rg_spectrum_end(struct rg_spectrum_walk *walk, const struct rg_spectrum_limits *limits,
                          struct rg_products *followed, struct rg_spectrum *out);
void rg_spectrum_walk_release(struct rg_spectrum_walk *walk); /* zeroed allowed, as next */
void rg_spectrum_release(struct rg_spectrum *spectrum);

#endif
