/* Why the gradient vanishes or explodes: slopes and saturation, the recurrent matrix, measured Jacobian products, and
 * what each of them lets one expect, for one direction of one layer over a few sequences.
 *
 * The product of the Jacobians d(state_T)/d(state_t) is followed back in time on some directions, made orthonormal
 * again after each step (QR); the triangles' product and its inverse have the singular values, the triangles' diagonals
 * the Lyapunov exponents (Benettin et al. 1980; for driven networks Vogt et al. 2020). The state is h, of the lstm (h,
 * c). */
#ifndef RG_CAUSES_H
#define RG_CAUSES_H

#include "train/engine.h"

enum { RG_EXPONENTS = 8, RG_DIRECTIONS = 32, RG_CAUSE_SEQUENCES = 4 };

struct rg_causes {
    size_t steps, rows; /* T; sequences of the slopes, of which at most RG_CAUSE_SEQUENCES for the products */
    double *slope;      /* [T] by lag: mean derivative of the activations, over units, gates and sequences */
    double *saturated;  /* [T] share of them that is saturated, or dead (relu and the like) */
    double *forget;     /* [T] lstm: mean forget gate; 0 for other cells */
    double mean_slope, mean_saturated;
    double mean_log_forget; /* lstm: mean ln f over units, steps and sequences; NAN for other cells */

    double sigma_hh; /* largest singular value of W_hh [G*H][H] */
    double radius;   /* spectral radius of W_hh; NAN for cells with gates, whose W_hh is not square */

    size_t state, directions; /* dimension of the state; how many directions were followed; 0: a skip, not measured */
    double *log10_largest;    /* [T] by lag: mean over sequences of log10 of the product's largest singular value */
    double *log10_smallest;   /* [T] the smallest; of those directions, where they are fewer than the state has */
    size_t n_exponents;
    double exponents[RG_EXPONENTS]; /* leading Lyapunov exponents, ln a step, falling */

    /* expected ln of ||delta||'s factor a step; NAN where it does not apply */
    double bound;      /* ln(max phi' sigma_hh): it cannot be more (rnn) */
    double mean_field; /* 0.5 ln(||W_hh||^2/H mean phi'^2) (rnn) */
    double normal;     /* ln radius + mean ln phi': of a normal W_hh (rnn) */
    double *storage;
};

/* The first `rows` sequences of update `update`; `probe` as in rg_lag_options. */
rg_status rg_causes_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update, size_t rows,
                            size_t probe, size_t layer, size_t direction, struct rg_causes **out);
void rg_causes_destroy(struct rg_causes *causes); /* NULL allowed */

/* Largest singular value of a [rows][columns], and the spectral radius of a [n][n]; both by power iteration, the second
 * to about 1e-3. *status is RG_NO_MEMORY or unchanged. */
double rg_largest_singular(const double *a, size_t rows, size_t columns, rg_status *status);
double rg_spectral_radius(const double *a, size_t n, rg_status *status);

#endif
