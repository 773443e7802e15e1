/* The gradient split by time lag: dL/dW = sum over t of G_tau. G_tau is the term delta_t h_{t-1}^T of step t (for W_ih
 * delta_t x_t^T, for W_sh delta_t h_{t-d}^T), and its lag is tau = T - t.
 *
 * The states are those of the device's forward scan. The reverse scan runs again on the host, in double with separate
 * mantissa and exponent (gradient/adjoint.h), so a norm of 1e-2000 is as exact as one of 1. The terms sum to the
 * gradient that the device computes, up to its rounding. With a loss at every step one step is chosen: the terms then
 * sum to the gradient of that step's part of the loss.
 *
 * With a readout `mean` or `max` the last layer receives a gradient at every step, and delta_t is the sum of all that
 * arrives at step t. Lags count the steps to the last one. The lags of a second direction count the steps to each
 * sequence's first step, where that direction ends, unless the head reads the last step's output. */
#ifndef RG_PROFILE_H
#define RG_PROFILE_H

#include "engine/engine.h"
#include "gradient/statistics.h"
#include "gradient/watch.h"

enum { RG_LAG_HH, RG_LAG_IH, RG_LAG_SH, RG_LAG_MATRICES };
enum { RG_QUANTILE_MIN, RG_P10, RG_MEDIAN, RG_P90, RG_QUANTILE_MAX, RG_N_QUANTILES };
extern const char *const rg_quantile_names[];

/* A weight matrix, or the rows of one gate in it; G is its own gradient. */
struct rg_lag_terms {
    size_t parameter;   /* position of the matrix in the model's table */
    bool frozen;        /* --freeze leaves the matrix as it is: it has a gradient and no step */
    double *norm;       /* [T] ||G_tau||; 0 below 1e-308 */
    double *log10_norm; /* [T] the same without a limit; -INFINITY for 0 */
    double *share;      /* [T] <G_tau, G> / ||G||^2; they sum to 1 (all 0 if G = 0) */
    double *cosine;     /* [T] <G_tau, G> / (||G_tau|| ||G||); 0 where a norm is 0 */
    /* [T] ||G - (G_0 + … + G_tau)|| / ||G||: the relative error of a gradient cut after lag tau */
    double *error;
    /* [T] cosine of G_0 + … + G_tau and G: the direction of the cut gradient; 0 where either is 0 */
    double *cut_cosine;
    /* The lags in the step P G that the optimiser makes from G (gradient/step_rule.h): [T] <P G_tau, P G> / ||P G||^2,
     * which sum to 1, and log10 of ||P G_tau|| / ||P G||. For a matrix that is not frozen if profile.stepped; NULL for
     * a gate. */
    double *step_share, *step_log10;
    double total;   /* ||G|| */
    size_t horizon; /* smallest k such that lags below k give G within 10 %; 0: not known */
};

/* How much of the gradient arrives at the furthest lag, over the sequences that have a loss and a step there: log10 of
 * ||delta|| there, less log10 of ||delta|| at the first lag that has a gradient. That lag is the loss, unless a learned
 * skip copied the state. -INFINITY: nothing arrives. */
struct rg_lag_reach {
    size_t last; /* the furthest lag */
    size_t rows; /* sequences that have a step there */
    size_t dead; /* of these, sequences whose gradient is 0 there */
    double p10, median, p90;
};

/* One direction of one layer. */
struct rg_lag_profile {
    size_t steps;  /* T */
    size_t lags;   /* lags measured, from 0 on: as many as asked for, or fewer if the measurement was ended */
    bool has_past; /* false for the last layer's second direction if the head reads its first step alone */
    struct rg_lag_reach reach;
    /* states or gradients of a sequence are beyond the range of their numbers: norms, shares and errors are then NAN */
    bool overflow;
    size_t rows;            /* sequences measured */
    size_t probe;           /* the step whose loss is measured, from 1; T for a loss at the last step */
    bool one_of_losses;     /* every step has a loss, and this is that of step `probe` alone */
    bool enters_everywhere; /* the head reads all steps of this layer: the loss enters at each of them */
    size_t layer, direction;
    /* lags that a gradient reaches are multiples of it: d where h_{t-d} replaces h_{t-1}, else 1 */
    size_t stride;
    bool stepped;      /* step_share and step_log10 are known */
    size_t n_matrices; /* 2, or 3 with RG_LAG_SH: skip of kind add */
    size_t n_gates;
    struct rg_lag_terms matrices[RG_LAG_MATRICES];
    struct rg_lag_terms gates[RG_LAG_MATRICES][4]; /* where n_gates > 1 */
    double *delta_norm;                            /* [T] Frobenius norm of delta_t over the batch, by lag */
    double *delta_log10;                           /* [T] the same without a limit */
    double *ended_log10; /* [T] what sequences that end nearer to the loss took from it: see rg_ended_log10 */
    double *delta_quantiles[RG_N_QUANTILES]; /* [T] log10, over the sequences, of ||delta_t|| */
    double *term_quantiles[RG_N_QUANTILES];  /* [T] log10, of the rank-one norm ||delta_t|| ||h_{t-1}|| */
    /* variance of the gradient over its square, for these sequences, from micro-batches; NAN with one sequence */
    double noise;
    double noise_hh; /* noise of weight_hh alone */
    double used;     /* share of the steps that a learned skip did not skip; NAN without one */
    /* log10 of the root mean square, over the sequences, of ||dL/dh_T|| ||h_T||. NAN where the loss enters at several
     * steps: below another layer, and under a readout of all steps. */
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
    size_t rows;           /* number of sequences, the first ones of the batch */
    size_t probe;          /* step of the loss, from 1; 0: the last */
    size_t lags;           /* largest number of lags; 0: all, to the first step */
    const double *factors; /* [arena] factors of the optimiser's step (gradient/step_rule.h); NULL: not asked for */
    bool ranges;           /* lags far back may share a slot (gradient/terms.h) */
    size_t kept_bytes;     /* memory for the terms of one direction (gradient/terms.h); 0: as much as usual */
    bool brief;            /* leave the statistics out */
    int threads;           /* 0: all processors; results do not depend on it */
    struct rg_watch watch;
};

/* Can a net be probed at step `probe` of `steps`? RG_USAGE if there is no loss at that step, or if a second direction
 * has steps after the probe, which have no lag. 0 is always possible. */
rg_status rg_lag_check(const struct rg_shape *shape, size_t steps, size_t probe);

/* Measure every layer and direction for update `update` with the engine's present weights. The device runs one more
 * forward scan; the reverse scan and the terms are computed on the host. */
rg_status rg_lag_measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                         const struct rg_lag_options *options, struct rg_lag_profiles **out);
/* Create zeroed profiles of `rows` sequences with the loss at step `probe`, from 1. RG_NO_MEMORY. */
rg_status rg_lag_profiles_create(const struct rg_engine *engine, size_t rows, size_t probe,
                                 struct rg_lag_profiles **out);
void rg_lag_profiles_destroy(struct rg_lag_profiles *profiles); /* NULL allowed */
/* Mean of `used` over all layers and directions. */
double rg_lag_used(const struct rg_lag_profiles *profiles);
/* The simple noise scale (McCandlish et al. 2018): the batch size at which the gradient's variance equals its square,
 * B_simple = tr Cov / ||mean||^2, from `noise`. NAN where the noise is as large as the gradient of these sequences, or
 * not known. */
double rg_lag_noise_scale(const struct rg_lag_profile *profile);
const struct rg_lag_profile *rg_lag_profile_of(const struct rg_lag_profiles *profiles, size_t layer, size_t direction);

#endif
