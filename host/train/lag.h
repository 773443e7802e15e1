/* The gradient split by time lag: dL/dW = sum over t of the term of step t, whose lag is tau = T - t. */
#ifndef RG_LAG_H
#define RG_LAG_H

#include "train/engine.h"

enum { RG_LAG_HH, RG_LAG_IH, RG_LAG_SH, RG_LAG_MATRICES };

struct rg_lag_terms {
    size_t parameter; /* position of the matrix in the model's table */
    double *norm;     /* [T] ||G_tau|| */
    double *share;    /* [T] <G_tau, G> / ||G||^2; they sum to 1 (all 0 if G = 0) */
    double *cosine;   /* [T] <G_tau, G> / (||G_tau|| ||G||); 0 where a norm is 0 */
    double total;     /* ||G|| */
    size_t horizon;   /* smallest k such that lags below k give G to 10 % */
};

/* One direction of one layer. */
struct rg_lag_profile {
    size_t steps; /* T */
    size_t rows;  /* sequences that it was measured over */
    size_t layer, direction;
    size_t n_matrices; /* 2, or 3 with RG_LAG_SH: skip of kind add */
    struct rg_lag_terms matrices[RG_LAG_MATRICES];
    double *delta_norm; /* [T] Frobenius norm of delta_t over the batch, by lag */
    double *storage;
};

/* Measure the first `rows` sequences of update `update` with the engine's present weights. Takes one more forward and
 * reverse sweep and a weight gradient a step. */
rg_status rg_lag_profile_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update, size_t rows,
                                 size_t layer, size_t direction, struct rg_lag_profile **out);
/* Sequences that a profile at the end of a run takes: enough for steady figures, in a time like that of some updates.
 */
size_t rg_lag_profile_rows(const struct rg_plan *plan);
void rg_lag_profile_destroy(struct rg_lag_profile *profile); /* NULL allowed */

enum rg_verdict { RG_STABLE, RG_VANISHING, RG_EXPLODING };
extern const char *const rg_verdict_names[];

/* What the profile says, from the measured norms of delta_t: `decay` is the factor per step back in time (NAN for one
 * step), `reach` the norm at the largest lag over the norm at lag 0. */
struct rg_judgement {
    enum rg_verdict verdict;
    double decay;
    double reach;
};
void rg_lag_judge(const struct rg_lag_profile *profile, struct rg_judgement *judgement);

#endif
