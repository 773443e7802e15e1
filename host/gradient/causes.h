/* Why the gradient vanishes or explodes: slopes and saturation, the recurrent matrix, measured Jacobian products
 * (gradient/products.h), and what each of them lets one expect, of every layer and direction over a few sequences. */
#ifndef RG_CAUSES_H
#define RG_CAUSES_H

#include "train/engine.h"

enum { RG_EXPONENTS = 8, RG_DIRECTIONS = 32, RG_CAUSE_SEQUENCES = 4, RG_CAUSE_ROWS = 64 };

/* One direction of one layer. By lag is by distance to the step of the loss, as in a lag profile; the products of a
 * layer's second direction are of its own steps, from the sequence's beginning, where it ends, on. */
struct rg_causes {
    size_t layer, direction;
    size_t steps, rows; /* T, 0 if not measured; sequences of the slopes, of which the first few for the products */
    double *slope;      /* [T] by lag: mean derivative of the activations, over units, gates and sequences */
    double *saturated;  /* [T] share of them that is saturated, or dead (relu and the like) */
    double *forget;     /* [T] lstm: mean forget gate; 0 for other cells */
    double mean_slope, mean_saturated;
    double mean_log_forget; /* lstm: mean ln f over units, steps and sequences; NAN for other cells */

    double sigma_hh; /* largest singular value of W_hh [G*H][H] */
    double radius;   /* spectral radius of W_hh; NAN for cells with gates, whose W_hh is not square */

    size_t state, directions; /* dimension of the state at the loss; how many directions were followed */
    size_t last;              /* the largest lag of the products */
    double *log10_largest;    /* [T] by lag: mean over sequences of log10 of the product's largest singular value */
    double *log10_smallest;   /* [T] the smallest; of those directions, where they are fewer than the state has */
    size_t n_exponents;       /* 0 where every sequence is one step */
    double exponents[RG_EXPONENTS]; /* leading Lyapunov exponents, ln a step, falling */

    /* expected ln of ||delta||'s factor a step; NAN where it does not apply: gates, W_sh, a learned skip */
    double bound;      /* ln(max phi' sigma_hh): it cannot be more (rnn) */
    double mean_field; /* 0.5 ln(||W_hh||^2/H mean phi'^2) (rnn) */
    double normal;     /* ln radius + mean ln phi': of a normal W_hh (rnn) */
    double *storage;
};

struct rg_all_causes {
    size_t layers, directions;
    struct rg_causes *items; /* [layers * directions] */
};

struct rg_cause_options {
    size_t rows;    /* the first so many sequences of the batch */
    size_t probe;   /* as in rg_lag_options */
    bool last_only; /* the last layer, forward, on which a verdict rests */
    int threads;    /* 0: all processors; the numbers do not depend on it */
};

/* Of update `update`, with the engine's present weights. */
rg_status rg_causes_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update,
                            const struct rg_cause_options *options, struct rg_all_causes **out);
void rg_causes_destroy(struct rg_all_causes *causes); /* NULL allowed */
const struct rg_causes *rg_causes_of(const struct rg_all_causes *causes, size_t layer, size_t direction);

/* Largest singular value of a [rows][columns], and the spectral radius of a [n][n]; both by power iteration, the second
 * to about 1e-3. *status is RG_NO_MEMORY or unchanged. */
double rg_largest_singular(const double *a, size_t rows, size_t columns, rg_status *status);
double rg_spectral_radius(const double *a, size_t n, rg_status *status);

#endif
