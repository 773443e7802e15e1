/* The walk behind rg_lag_measure, for host/gradient alone: over layers, directions and steps, from the loss back.
 * lag_step.c takes one step of a chunk of sequences, profile.c visits all steps, and lag_summary.c reduces what the
 * visit left to the profile. */
#ifndef RG_LAG_WALK_H
#define RG_LAG_WALK_H

#include "base/pool.h"
#include "gradient/adjoint.h"
#include "gradient/arrival.h"
#include "gradient/profile.h"
#include "gradient/sent.h"
#include "gradient/terms.h"

enum { RG_LAG_ROW_PARTS = 8 /* parts of a chunk's rows, for the threads */ };

/* How far the measurement is, and whether the watch ended it. */
struct rg_lag_progress {
    double before; /* share of the whole measurement before the present direction */
    double part;   /* share of one direction in it */
    size_t asked;  /* number of calls of must_end */
    bool ended;
};

/* The chunk of sequences whose states are on the device. */
struct rg_lag_chunk {
    size_t loaded;   /* its first row; SIZE_MAX: none */
    uint32_t *begin; /* [chunk] first live step of each of its sequences */
    struct rg_arrival arrival;
};

/* Scratch rows of one step of the chunk. */
struct rg_lag_rows {
    size_t wide;        /* length of a row of `raw` */
    double *from_above; /* last layer: [chunk][H], dL/dout; others: [chunk][D*H], states before dropout */
    double *kept_share; /* [chunk][D*H], dropout's factors; of a layer with dropout */
    double *raw;        /* [chunk][wide] */
    double *norm;       /* [chunk] norms of the deltas */
};

/* The gradients that layers send each other: of each direction [lags][rows] rows of D*H. */
struct rg_lag_sent {
    struct rg_sent above[2]; /* from the layer above to this one */
    struct rg_sent below[2]; /* from this one to the layer below */
};

/* The direction of a layer that is walked. */
struct rg_lag_direction {
    struct rg_lag_profile *profile; /* its result */
    struct rg_cell_facts facts;
    struct rg_adjoint adjoint;
    struct rg_step_states states;
    struct rg_terms terms;
    /* sequences have different lengths, and the walk is at the same distance from the first step in each */
    bool aligned;
};

/* What the visits to a direction's steps leave for rg_lag_summarise. */
struct rg_lag_record {
    size_t n_live, n_used;     /* steps of all sequences; of these, steps that a learned skip did not skip */
    double *delta_log;         /* [lags][rows] log10 of the delta's norm; NAN: the sequence has no step there */
    double *term_log;          /* the same of the term */
    double *end_log;           /* [rows] log10 of ||dL/dh|| ||h|| at lag 0; NAN: it has no step there */
    struct rg_scaled *squares; /* [lags] sum of ||delta||^2 over the sequences, one number each */
    double *square;            /* [lags] the numbers of `squares` */
    /* [rows] the sequence receives a gradient from the loss, as a step may have no target. The last layer's visits
     * set it, and the other layers keep it */
    bool *has_loss;
};

/* The walk over layers, directions and steps. */
struct rg_lag_walk {
    struct rg_engine *engine;
    struct rg_batch_source *source;
    const struct rg_lag_options *options;
    uint64_t update;
    size_t rows, probe; /* probe: the step of the loss, from 0 */
    size_t lags;        /* lags to measure */
    struct rg_lag_profiles *profiles;
    double *weights; /* [arena] */
    struct rg_pool *pool;
    struct rg_lag_progress progress;
    struct rg_lag_chunk chunk;
    struct rg_lag_rows step;
    struct rg_lag_sent sent;
    struct rg_lag_direction direction;
    struct rg_lag_record record;
};

/* Size of a layer's state: D*H. */
size_t rg_lag_n_states(const struct rg_lag_walk *w);

/* Does the walk go from the largest lag to lag 0? It does for a direction that ends at the first step while its lags
 * count from the last one. */
bool rg_lag_falls(const struct rg_lag_walk *w);

/* The walk visits orders [first_order, first_order + lags): the first ones if rg_lag_falls, else the last ones up to
 * the probe. */
size_t rg_lag_first_order(const struct rg_lag_walk *w);

/* Lag of an order: the distance of its step to the probe, or with facts.to_first to the first step. A second
 * direction is measured only with the probe at the end. */
size_t rg_lag_of_order(const struct rg_lag_walk *w, size_t order);

/* Run the forward scan of the chunk that begins at `first`, unless it is loaded. */
rg_status rg_lag_load_chunk(struct rg_lag_walk *w, size_t first, size_t rows);

/* A visit to one step of the chunk in memory. */
struct rg_lag_visit {
    size_t order;       /* the step, in the direction's processing order */
    size_t first, rows; /* the chunk's sequences */
    size_t slot;        /* that takes its terms */
    bool note;          /* first visit: record norms, send the gradient down; false: the step is recomputed */
};
rg_status rg_lag_chunk_step(struct rg_lag_walk *w, const struct rg_lag_visit *visit);

/* Reduce the norms of the deltas by lag, the terms and the counts to the direction's profile. */
rg_status rg_lag_summarise(struct rg_lag_walk *w);

#endif
