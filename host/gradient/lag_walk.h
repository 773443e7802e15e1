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

/* The walk over layers, directions and steps. */
struct rg_lag_walk {
    struct rg_engine *engine;
    struct rg_batch_source *source;
    uint64_t update;
    size_t rows, probe;    /* probe: the step of the loss, from 0 */
    size_t lags;           /* lags to measure; lowered when the watch ends the measurement */
    bool ranges;           /* lags far back share their terms */
    bool brief;            /* without statistics */
    const double *factors; /* factors of the optimiser's step, or NULL */
    struct rg_watch watch;
    double before, part; /* progress of the whole measurement before this direction; share of this direction in it */
    size_t asked;        /* number of calls of must_end */
    bool ended;          /* the watch ended the measurement */
    struct rg_lag_profiles *profiles;
    double *weights;
    size_t loaded;      /* first row of the chunk whose states are on the device; SIZE_MAX: none */
    uint32_t *begin;    /* [chunk] first live step of each of its sequences */
    size_t wide;        /* length of a scratch row */
    double *from_above; /* [chunk][D*H], dL/dout of one step */
    double *kept_share; /* [chunk][D*H], dropout's factor for each of a layer's states; NULL without dropout */
    double *raw;        /* [chunk][wide] */
    double *row_norm;   /* [chunk] norms of the deltas of one step */
    bool *has_loss;     /* [rows] the sequence receives a gradient from the loss; a step may have no target */
    struct rg_arrival arrival;
    struct rg_pool *pool;
    struct rg_sent sent[2];  /* [lags][rows] rows of D*H, of each direction, from the layer above */
    struct rg_sent below[2]; /* the same for the layer below */
    /* fields below: one direction of one layer */
    struct rg_lag_profile *profile;
    struct rg_cell_facts facts;
    struct rg_adjoint adjoint;
    struct rg_step_states states;
    struct rg_terms terms;
    /* sequences have different lengths, and the walk is at the same distance from the first step in each */
    bool aligned;
    size_t n_live, n_used;        /* steps of all sequences; of these, steps that a learned skip did not skip */
    double *delta_log, *term_log; /* [lags][rows] log10; NAN: the sequence has no step there */
    double *end_log;              /* [rows] log10 of ||dL/dh|| ||h|| at lag 0; NAN: it has no step there */
    struct rg_scaled *squares;    /* [lags] sum of ||delta||^2 over the sequences, one number each */
    double *square;               /* [lags] the numbers of `squares` */
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

/* Reduce the norms of the deltas by lag, the terms and the counts to w->profile. */
rg_status rg_lag_summarise(struct rg_lag_walk *w);

#endif
