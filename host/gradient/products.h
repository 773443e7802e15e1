/* The product of the Jacobians of one direction of one layer, d(state at the loss)/d(state at t), followed back in time
 * on some directions, which are made orthonormal again after each step (QR): the product and the inverse of the
 * triangles have the singular values, their diagonals the Lyapunov exponents (Benettin et al. 1980; for driven networks
 * Vogt et al. 2020).
 *
 * The state at the loss is h, of the lstm (h, c). That of an earlier step is all that later steps depend on: with W_sh
 * h_{t-d} or h_{t-d} in place of h_{t-1} it has the last d of them, with a learned skip the gate's u~ too, through
 * which the product passes straight, as the gradient does. A state before the first step counts like any other. */
#ifndef RG_PRODUCTS_H
#define RG_PRODUCTS_H

#include "device/native/pool.h"
#include "gradient/adjoint.h"
#include "gradient/jacobian.h"

struct rg_products {
    struct rg_cell_facts facts;     /* of one step, without what a skip adds; the weights are borrowed */
    size_t sequences, k;            /* k: directions of each */
    size_t h_blocks, c_blocks;      /* of H numbers in a state: the last d h and, of the lstm, c */
    size_t own, skip;               /* of the net's facts */
    size_t width;                   /* numbers of a state */
    double *vectors;                /* [sequences][k][width] */
    double *far;                    /* [sequences*k][H], or NULL without W_sh */
    double *r;                      /* [sequences][k][k] */
    struct rg_adjoint adjoint;      /* a row: one direction of one sequence */
    struct rg_triangles *triangles; /* [sequences] */
    double *largest, *smallest;     /* [sequences] log10 of singular values, for rg_products_step */
};

/* Numbers of the state at the loss. */
size_t rg_products_state(const struct rg_cell_facts *facts);
/* Numbers of the state of an earlier step. */
size_t rg_products_width(const struct rg_cell_facts *facts);

/* `k` at most rg_products_state; the products are identities then. `facts` must outlive them. */
rg_status rg_products_create(const struct rg_cell_facts *facts, size_t sequences, size_t k,
                             struct rg_products *products);
void rg_products_release(struct rg_products *products);

/* A step back. `moves` [sequences]: which of them go from the state of the step in *states, whose order is `order`, to
 * the one before; the others, which begin there or later, stay. `measure`: and work out the singular values. */
void rg_products_step(struct rg_products *products, struct rg_pool *pool, const struct rg_step_states *states,
                      size_t order, const bool *moves, bool measure);

#endif
