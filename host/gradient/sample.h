/* The lag profile during training: a sample on the device, cheap enough for every update.
 *
 * The first sequences of an update, at most 128, run through one more forward and reverse scan. The kernel of the
 * weight gradient computes each step's term, and the device compares the term with the sum (kernels/diagnose/lag.cl).
 * Everything is in float. The loss is scaled by a power of two that moves the terms to the upper part of float's range.
 * So norms are right down to about 1e-65 of the largest, and smaller ones are 0. gradient/profile.h has no such limit.
 *
 * A step's term is the sum over all sequences. A second direction that ends at each sequence's first step (readouts
 * `final`, `mean` and `max`) has no norms or shares if sequences differ in length: they are NAN. */
#ifndef RG_SAMPLE_H
#define RG_SAMPLE_H

#include "engine/engine.h"

/* A weight matrix in a sample. */
struct rg_sampled {
    size_t parameter; /* index in the model's table */
    size_t layer, direction;
    bool to_first;      /* its lags count from the first step: see struct rg_cell_facts */
    double *log10_norm; /* [T] log10 ||G_tau||; -INFINITY: 0 or below float's range */
    double *share;      /* [T] they sum to 1, or are all 0 */
    double *cosine;     /* [T] */
    double total;       /* ||G|| of the sampled sequences */
};

struct rg_lag_sampler {
    struct rg_engine *engine;       /* borrowed */
    struct rg_batch_source *source; /* borrowed */
    size_t rows, probe;             /* sequences; step of the loss, from 0 */
    size_t steps, each;             /* T; matrices of a direction */
    size_t n_sampled;
    /* [n_sampled] results of the last sample: recurrent, input and skip matrix of each direction */
    struct rg_sampled *sampled;
    int exponent; /* exponent of the loss scale */
    struct rg_buffer *total[RG_MAX_LAYERS * 2], *parts;
    struct rg_lag_part *read; /* [L*D][T][each] */
    double *numbers;
};

/* `probe`: as --probe-time. */
rg_status rg_lag_sampler_create(struct rg_engine *engine, struct rg_batch_source *source, size_t probe,
                                struct rg_lag_sampler **out);
void rg_lag_sampler_destroy(struct rg_lag_sampler *sampler); /* NULL allowed */

/* Does the matrix have norms, shares and cosines? */
bool rg_sampled_has_lags(const struct rg_sampled *sampled);
/* The share of lags T/2 and above in the matrix's gradient; T is `steps`. */
double rg_sampled_long_share(const struct rg_sampled *sampled, size_t steps);

/* The matrix with the largest gradient in the last sample, without the frozen ones, and the lag with the largest share
 * of it. false: all are frozen. */
bool rg_lag_sampler_driver(const struct rg_lag_sampler *sampler, size_t *matrix, size_t *lag);

/* Sample the update that follows `updates_done` others, with the present weights. Call it before that update is queued.
 */
rg_status rg_lag_sampler_measure(struct rg_lag_sampler *sampler, uint64_t updates_done);

#endif
