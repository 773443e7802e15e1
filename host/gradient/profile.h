/* The gradient split by time lag: dL/dW = sum over t of G_tau, the term delta_t h_{t-1}^T of step t (for W_ih: delta_t
 * x_t^T, for W_sh: delta_t h_{t-d}^T), whose lag is tau = T - t.
 *
 * The states are those of the device's forward scan; the reverse scan runs again on the host in double with mantissa
 * and exponent apart (gradient/adjoint.h), so that a norm of 1e-2000 is as exact as one of 1, and the terms sum to the
 * gradient that the device computes, up to its rounding. A loss at every step is taken at one chosen time: the terms
 * then sum to the gradient of that step's part of the loss.
 *
 * With a readout `mean` or `max` the last layer gets a gradient at every step, and delta_t is the sum of all that comes
 * to step t. Lags count the steps to the last one; those of a second direction, unless the head reads the last step's
 * output, the steps to each sequence's first one, where that direction ends. */
#ifndef RG_PROFILE_H
#define RG_PROFILE_H

#include "engine/engine.h"
#include "gradient/statistics.h"
#include "gradient/watch.h"

enum { RG_LAG_HH, RG_LAG_IH, RG_LAG_SH, RG_LAG_MATRICES };
enum { RG_MIN, RG_P10, RG_MEDIAN, RG_P90, RG_MAX, RG_N_QUANTILES };
extern const char *const rg_quantile_names[];

/* A weight matrix, or the rows of one gate in it; G is its own gradient. */
struct rg_lag_terms {
    size_t parameter;   /* position of the matrix in the model's table */
    double *norm;       /* [T] ||G_tau||; 0 below 1e-308 */
    double *log10_norm; /* [T] the same without a limit; -INFINITY for 0 */
    double *share;      /* [T] <G_tau, G> / ||G||^2; they sum to 1 (all 0 if G = 0) */
    double *cosine;     /* [T] <G_tau, G> / (||G_tau|| ||G||); 0 where a norm is 0 */
    double *error;      /* [T] ||G - (G_0 + … + G_tau)|| / ||G||: what a gradient cut after lag tau lacks */
    double *cut_cosine; /* [T] of G_0 + … + G_tau to G: the direction of that gradient; 0 where either is 0 */
    double total;       /* ||G|| */
    size_t horizon;     /* smallest k such that lags below k give G to 10 % */
};

/* How much of the gradient comes to the furthest lag, over the sequences that have a loss and a step there: log10 of
 * ||delta|| there over that at the first lag that has any (at the loss, unless a learned skip copied the state);
 * -INFINITY: it is 0. */
struct rg_lag_reach {
    size_t last; /* the furthest lag */
    size_t rows; /* sequences that have a step there */
    size_t dead; /* of them those whose gradient is 0 there */
    double p10, median, p90;
};

/* One direction of one layer. */
struct rg_lag_profile {
    size_t steps;  /* T */
    size_t lags;   /* how many were measured, from 0 on: `probe` unless it was to end before; then it is of this part */
    bool has_past; /* not the last layer's second direction where the head reads its first step alone */
    struct rg_lag_reach reach;
    size_t rows;  /* sequences that it was measured over */
    size_t probe; /* the step whose loss it is of, from 1; T for a loss at the last step */
    size_t layer, direction;
    size_t stride;     /* a gradient reaches every so many lags: d with h_{t-d} in place of h_{t-1}, else 1 */
    size_t n_matrices; /* 2, or 3 with RG_LAG_SH: skip of kind add */
    size_t n_gates;
    struct rg_lag_terms matrices[RG_LAG_MATRICES];
    struct rg_lag_terms gates[RG_LAG_MATRICES][4]; /* where n_gates > 1 */
    double *delta_norm;                            /* [T] Frobenius norm of delta_t over the batch, by lag */
    double *delta_log10;                           /* [T] the same without a limit */
    double *delta_quantiles[RG_N_QUANTILES];       /* [T] log10, over the sequences, of ||delta_t|| */
    double *term_quantiles[RG_N_QUANTILES];        /* [T] log10, of the rank-one norm ||delta_t|| ||h_{t-1}|| */
    double noise;    /* variance of the gradient of these sequences over its square, from micro-batches; NAN: one */
    double noise_hh; /* the same of weight_hh alone */
    double used;     /* share of the steps that a learned skip did not skip; NAN without one */
    /* log10 of the root of the mean square, over the sequences, of ||dL/dh_T|| ||h_T||; NAN where the loss comes in at
     * several steps: below another layer, under a readout of all steps */
    double end_log;
    struct rg_lag_statistics statistics;
    struct rg_matrix_statistics matrix_statistics[RG_LAG_MATRICES];
    double *storage;
};

struct rg_lag_profiles {
    size_t layers, directions;
    struct rg_lag_profile *items; /* [layers * directions] */
};

struct rg_lag_options {
    size_t rows;  /* the first so many sequences of the batch */
    size_t probe; /* step of the loss, from 1; 0: the last */
    size_t lags;  /* how far back at most; 0: to the first step */
    bool ranges;  /* lags that are far back share what they are made of (gradient/terms.h) */
    int threads;  /* 0: all processors; the numbers do not depend on it */
    struct rg_watch watch;
};

/* Can a net be probed at step `probe` of `steps`? RG_USAGE: it has no loss there, or a second direction, whose steps
 * behind the probe have no lag. 0 always can. */
rg_status rg_lag_check(const struct rg_shape *shape, size_t steps, size_t probe);

/* Measure update `update` with the engine's present weights: every layer and direction. One more forward scan on the
 * device, the reverse scan and the terms on the host. */
rg_status rg_lag_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update,
                         const struct rg_lag_options *options, struct rg_lag_profiles **out);
/* Zeros, to be filled: of `rows` sequences, with the loss at step `probe`, from 1. RG_NO_MEMORY. */
rg_status rg_lag_profiles_create(const struct rg_engine *engine, size_t rows, size_t probe,
                                 struct rg_lag_profiles **out);
void rg_lag_profiles_destroy(struct rg_lag_profiles *profiles); /* NULL allowed */
/* `used` of all layers and directions together. */
double rg_lag_used(const struct rg_lag_profiles *profiles);
/* The batch whose gradient has as much variance as it has square, B_simple = tr Cov / ||mean||^2 (McCandlish et al.
 * 2018), from `noise`; NAN where the noise is as large as the gradient of these sequences, or not known. */
double rg_lag_noise_scale(const struct rg_lag_profile *profile);
const struct rg_lag_profile *rg_lag_profile_of(const struct rg_lag_profiles *profiles, size_t layer, size_t direction);

#endif
