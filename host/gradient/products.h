/* The product of the Jacobians of one direction of one layer, d(state at the loss)/d(state at t), restricted to some
 * directions that are followed back in time. QR makes the directions orthonormal again after each step. The product of
 * the triangles R and its inverse give the singular values. The triangles' diagonals give the Lyapunov exponents
 * (Benettin et al. 1980; for driven networks Vogt et al. 2020).
 *
 * The state at the loss is h; for an lstm it is (h, c). The state at an earlier step is everything that later steps
 * depend on. With a skip of kind add or dilated these are the last d values of h. With a learned skip the gate's u~
 * belongs to it, and the product passes straight through the gate, as the gradient does. A state before the first step
 * counts like any other. */
#ifndef RG_PRODUCTS_H
#define RG_PRODUCTS_H

#include "base/pool.h"
#include "gradient/adjoint.h"
#include "gradient/graded.h"
#include "gradient/jacobian.h"

struct rg_products {
    struct rg_cell_facts facts;     /* facts of one step without the skip; the weights are borrowed */
    size_t sequences, k;            /* k: directions followed for each sequence */
    size_t h_blocks, c_blocks;      /* blocks of H numbers in a state: the last d values of h and, for an lstm, c */
    size_t back, skip;              /* as in the net's facts */
    size_t width;                   /* length of a state */
    double *vectors;                /* [sequences][k][width] */
    double *far;                    /* [sequences*k][H], or NULL without W_sh */
    double *r;                      /* [sequences][k][k] */
    struct rg_adjoint adjoint;      /* each row is one direction of one sequence */
    struct rg_triangles *triangles; /* [sequences]; NULL with `whole` */
    struct rg_graded *graded;       /* [sequences], of all directions; NULL with fewer */
    double *largest, *smallest;     /* [sequences] log10 of singular values, results of rg_products_step */
};

/* Length of the state at the loss. */
size_t rg_products_state(const struct rg_cell_facts *facts);
/* Length of the state at an earlier step. */
size_t rg_products_width(const struct rg_cell_facts *facts);

/* `k` is at most rg_products_state. The products start as identities. `facts` must outlive them. With `whole`
 * all directions are followed, and singular values exist only at the end. */
rg_status rg_products_create(const struct rg_cell_facts *facts, size_t sequences, size_t k, bool whole,
                             struct rg_products *products);
void rg_products_release(struct rg_products *products); /* zeroed allowed */

/* The movement of one sequence in a step. */
struct rg_product_move {
    size_t row; /* row of its states in *states */
    /* it goes from this step's state to the one before; false: it begins at this step or later, so it stays */
    bool moves;
    bool measured; /* compute its singular values */
};

/* Go back from step `order`, which counts in processing order. `moves` is [sequences]. */
void rg_products_step(struct rg_products *products, struct rg_pool *pool, const struct rg_step_states *states,
                      size_t order, const struct rg_product_move *moves);

#endif
