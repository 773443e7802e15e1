/* The lag profile during a training, on the device: a few sequences go through all layers, and each step's term of the
 * weight gradient is compared with their sum (kernels/diagnose/lag.cl). */
#ifndef RG_ENGINE_LAGS_H
#define RG_ENGINE_LAGS_H

#include "engine/engine.h"

/* What a sample of the lag profile measures: the first `rows` sequences of update `update`. */
struct rg_engine_sampling {
    struct rg_batch_source *source;
    uint64_t update;
    size_t rows;  /* number of sequences, at most a chunk */
    size_t probe; /* where every step has a loss, the step (from 0) whose loss counts alone */
    int exponent; /* the loss is multiplied by 2^exponent */
};

/* Sample through all layers. For each layer `total` is called when the partial sums of its weight gradient are in
 * memory. Then, segment by segment, `layer` is called when the deltas of the steps in engine->net.segment are in
 * memory. The update itself must be queued afterwards. */
rg_status rg_engine_sample(struct rg_engine *engine, const struct rg_engine_sampling *sampling,
                           const struct rg_engine_visit *visit);

/* One direction of a layer in a sample. */
struct rg_engine_lags {
    size_t layer, direction;
    struct rg_buffer *total; /* [term], the weight gradient of the direction */
    struct rg_buffer *parts; /* from element `out` on: [T][n_matrices], a struct rg_lag_part each */
    size_t out;
};

/* Queue `total`, from the partial sums. Then queue `parts` for every step of the segment and every matrix. */
rg_status rg_engine_lag_total(struct rg_engine *engine, const struct rg_engine_lags *lags);
rg_status rg_engine_lag_parts(struct rg_engine *engine, const struct rg_engine_lags *lags);

#endif
