/* Why the gradient vanishes or explodes, for every layer and direction, from a few sequences: slopes and saturation of
 * the activations, the recurrent matrix, measured Jacobian products (gradient/products.h), and the decay that each of
 * them predicts. */
#ifndef RG_CAUSES_H
#define RG_CAUSES_H

#include "engine/engine.h"
#include "gradient/spectrum.h"
#include "gradient/time_constants.h"
#include "gradient/watch.h"

enum {
    RG_EXPONENTS = 8,       /* most Lyapunov exponents that are kept */
    RG_DIRECTIONS = 32,     /* most directions of the state that the Jacobian products follow */
    RG_CAUSE_SEQUENCES = 4, /* most sequences whose Jacobian products are followed */
    RG_CAUSE_ROWS = 64      /* most sequences of a diagnosis that causes are measured on */
};

/* One direction of one layer. The lag is the distance to the step of the loss, as in a lag profile; gradient/profile.h
 * defines the lags of a second direction. The backward direction ends at t = 0, so its products start there. */
struct rg_causes {
    size_t layer, direction;
    /* `steps` is T. The slopes use `rows` sequences, the products the longest of these. If this direction was not
     * measured, `directions` below is 0 and sigma_hh is NAN. */
    size_t steps, rows;
    /* NAN at a lag where no sequence has a step: */
    double *slope;     /* [T] by lag: mean derivative of the activations, over units, gates and sequences */
    double *saturated; /* [T] by lag: share of activations that are saturated: rg_activation_is_saturated */
    double *forget;    /* [T] lstm: mean forget gate; 0 for other cells */
    double mean_slope, mean_saturated;
    double mean_log_forget;         /* lstm: mean of ln f over units, steps and sequences; NAN for other cells */
    struct rg_time_constants times; /* of the units of lstm and gru */

    double sigma_hh;            /* largest singular value of W_hh [G*H][H] */
    double radius;              /* spectral radius of W_hh; NAN for cells with gates, whose W_hh is not square */
    double sigma_sh, radius_sh; /* the same of W_sh [G*H][H], which a skip of kind add has; NAN without it */

    /* Products of Jacobians over a few sequences, the longest ones. A value by lag is the median over the sequences
     * that reach it; -INFINITY stands for 0, and NAN for a lag that no sequence reaches. */
    /* Dimension of the state at the loss, and number of directions followed. With fewer directions than dimensions the
     * largest value is a lower bound and the smallest an upper bound. */
    size_t state, directions;
    size_t last;                 /* the largest lag of the products */
    size_t sequences, dead;      /* sequences that reach `last`; of these, sequences whose product is 0 there */
    double *reached;             /* [T] by lag: sequences that reach it */
    double *log10_largest;       /* [T] by lag: log10 of the product's largest singular value */
    double *log10_smallest;      /* [T] by lag: log10 of the product's smallest singular value */
    struct rg_spectrum spectrum; /* all singular values of the product over the steps reached */
    size_t n_exponents;          /* 0 if every sequence has only one step */
    /* Finite-time Lyapunov exponents over `last` steps, transient included, in descending order: ln of the growth per
     * step, medians as above. */
    double exponents[RG_EXPONENTS];

    /* Predicted ln of the factor by which ||delta|| changes per step. NAN where the prediction does not apply: cells
     * with gates, W_sh, learned skips, and layers that receive a gradient from above at every step. */
    double bound;      /* ln(max phi' sigma_hh), an upper bound (rnn) */
    double mean_field; /* 0.5 ln(||W_hh||^2/H mean phi'^2), for a W_hh with independent entries (rnn) */
    double normal;     /* ln radius + mean ln phi', for a normal W_hh without slopes of 0 (rnn) */
    double *storage;
};

struct rg_all_causes {
    size_t layers, directions;
    struct rg_causes *items; /* [layers * directions] */
};

struct rg_cause_options {
    size_t rows;                      /* number of sequences, the first ones of the batch */
    size_t probe;                     /* as in rg_lag_options */
    size_t lags;                      /* largest distance from the loss; 0: to the first step */
    struct rg_spectrum_limits limits; /* for the singular values of states larger than RG_DIRECTIONS */
    /* a profile of the same rows was just measured, so their states are in memory: skip the forward scan */
    bool loaded;
    /* [layers * directions], or NULL. Where it is true, measure only what a verdict asks for: sigma_hh, and the
     * products' singular values at the largest lag; where it is false, nothing. */
    const bool *brief;
    int threads; /* 0: all processors; results do not depend on it */
    struct rg_watch watch;
};

/* Measure the sequences of update `update` with the engine's present weights. */
rg_status rg_causes_measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                            const struct rg_cause_options *options, struct rg_all_causes **out);
void rg_causes_destroy(struct rg_all_causes *causes); /* NULL allowed */
const struct rg_causes *rg_causes_of(const struct rg_all_causes *causes, size_t layer, size_t direction);

#endif
