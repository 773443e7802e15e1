/* The lag profile as a training goes on: a sample on the device, cheap enough for every update.
 *
 * The first sequences of an update, at most 128, go through one more forward and reverse scan; a step's term of the
 * weight gradient comes from the kernel that makes the whole, and is compared with the sum on the device
 * (kernels/diagnose/lag.cl). All in float: the loss is scaled by a power of two that brings the terms high into its
 * range, so that norms are right down to about 1e-65 of the largest; below they are 0 (gradient/profile.h has no such
 * limit).
 *
 * A step's term is of all sequences at once. A second direction that ends at each sequence's first step, as with the
 * readouts `final`, `mean` and `max`, has no norms or shares where sequences differ in length: they are NAN. */
#ifndef RG_SAMPLE_H
#define RG_SAMPLE_H

#include "engine/engine.h"

/* A weight matrix in a sample. */
struct rg_sampled {
    size_t parameter; /* in the model's table */
    size_t layer, direction;
    bool to_first;      /* its lags count from the first step, see struct rg_cell_facts */
    double *log10_norm; /* [T] log10 ||G_tau||; -INFINITY: 0 or beyond the range */
    double *share;      /* [T] they sum to 1, or are all 0 */
    double *cosine;     /* [T] */
    double total;       /* ||G|| of the sampled sequences */
};

struct rg_lag_sampler {
    struct rg_engine *engine; /* borrowed */
    struct rg_source *source; /* borrowed */
    size_t rows, probe;       /* sequences; step of the loss, from 0 */
    size_t steps, each;       /* T; matrices of a direction */
    size_t n_sampled;
    struct rg_sampled *sampled; /* [n_sampled] of the last sample; recurrent, input, skip matrix of each direction */
    int exponent;               /* of the loss scale */
    struct rg_buffer *total[RG_MAX_LAYERS * 2], *parts;
    struct rg_lag_part *read; /* [L*D][T][each] */
    double *numbers;
};

/* `probe`: as --probe-time. */
rg_status rg_lag_sampler_create(struct rg_engine *engine, struct rg_source *source, size_t probe,
                                struct rg_lag_sampler **out);
void rg_lag_sampler_destroy(struct rg_lag_sampler *sampler); /* NULL allowed */

/* Whether there are norms, shares and cosines; and the share of lags T/2 and above in a matrix's gradient. */
bool rg_sampled_has_lags(const struct rg_sampled *sampled);
double rg_sampled_long_share(const struct rg_sampled *sampled, size_t steps);

/* The matrix whose gradient is the largest in the last sample, and the lag that has the largest share of it. */
void rg_lag_sampler_driver(const struct rg_lag_sampler *sampler, size_t *matrix, size_t *lag);

/* Sample update `update`, which is yet to be queued, with the weights as they are. */
rg_status rg_lag_sampler_measure(struct rg_lag_sampler *sampler, uint64_t update);

#endif
