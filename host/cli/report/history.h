/* The record of a run, from which screens, plots and reports are drawn. Its size is bounded however long the run is:
 * older parts become coarser by powers of two, and the newest part is always complete. */
#ifndef RG_REPORT_HISTORY_H
#define RG_REPORT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/model.h"
#include "train/trainer.h"

enum {
    RG_KEPT_UPDATES = 2048,     /* points of loss and norm */
    RG_KEPT_VALIDATIONS = 1024, /* validations */
    RG_KEPT_SAMPLES = 256,      /* lag profiles; fewer if they have many columns and matrices */
    RG_KEPT_LAGS = 512,         /* columns of a lag profile */
    RG_KEPT_NUMBERS = 1 << 22   /* floats in all lag profiles together */
};

/* One update, or several in a row. */
struct rg_history_point {
    uint64_t update; /* the last update */
    uint64_t count;  /* number of updates */
    uint64_t clipped, skipped;
    uint64_t finite;  /* number of updates with a finite loss */
    double loss;      /* mean of the finite losses; NAN if there is none */
    double grad_norm; /* largest finite norm, before clipping; NAN if there is none */
    double lr;        /* learning rate of the last update */
};

struct rg_history_validation {
    uint64_t update;
    double loss, accuracy; /* accuracy: NAN where it does not apply */
};

/* A weight matrix whose gradient is split by lag. */
struct rg_history_matrix {
    char name[RG_NAME_BYTES]; /* as in the model file */
    size_t layer, direction;
};

/* The values of one matrix in one lag profile, by lag. */
struct rg_lag_values {
    /* [T] log10 ||G_tau||, -INFINITY for 0; a norm may be below the range of a double. NULL: the profile has no values,
     * and NAN is stored. */
    const double *log10_norm;
    const double *share;  /* [T] */
    const double *cosine; /* [T] */
};

/* A lag profile as stored, in the columns of rg_lag_column. */
struct rg_lag_sample {
    uint64_t update;
    float *numbers; /* [n_matrices][3][n_columns]: log10 norm, share, cosine */
};

/* The causes of the newest lag profile, by lag. */
enum rg_cause {
    RG_CAUSE_SIGMA_MAX, /* log10 of the largest singular value of dh_T / dh_{T - tau} */
    RG_CAUSE_SIGMA_MIN, /* log10 of the smallest */
    RG_CAUSE_SATURATED, /* share of units whose activation hardly changes, at step T - tau */
    RG_CAUSE_SLOPE,     /* mean derivative of the activation, at step T - tau */
    RG_CAUSE_FORGET,    /* mean forget gate, at step T - tau */
    RG_N_CAUSES
};

/* Values by lag, in the columns of rg_lag_column. */
struct rg_history_curve {
    float *values;  /* [n]; NULL: not known */
    size_t n, lags; /* columns, and the lags that they cover */
};

/* A list that keeps `n` of `seen` items: every `stride`-th from the first on, and the newest. */
struct rg_thinned {
    size_t n, limit; /* limit: even */
    uint64_t seen, stride;
};

struct rg_history {
    struct rg_history_point *points; /* [RG_KEPT_UPDATES] */
    size_t n_points;
    uint64_t point_updates; /* updates of a full point: a power of two */

    struct rg_history_validation *validations; /* [RG_KEPT_VALIDATIONS] */
    struct rg_thinned validation;              /* state of the list of validations */

    struct rg_history_matrix *matrices; /* [n_matrices] */
    size_t n_matrices;
    size_t steps;                  /* T */
    size_t n_columns;              /* at most RG_KEPT_LAGS */
    struct rg_lag_sample *samples; /* [sample.limit] */
    struct rg_thinned sample;      /* state of the list of samples */

    struct rg_history_curve causes[RG_N_CAUSES];
};

/* First lag of column `column` for `lags` lags; `lags` for the column after the last. Up to RG_KEPT_LAGS lags have a
 * column each. More lags share RG_KEPT_LAGS columns: small lags have one each, larger ones share columns that grow with
 * the lag. One column begins at the older half, (lags + 1) / 2. */
size_t rg_lag_column(size_t lags, size_t column);
size_t rg_lag_columns(size_t lags);

rg_status rg_history_create(struct rg_history **out);
void rg_history_destroy(struct rg_history *history); /* NULL allowed */

/* Add an update. Updates must come in order. */
void rg_history_add_update(struct rg_history *history, const struct rg_update *update);
void rg_history_add_validation(struct rg_history *history, uint64_t update, double loss, double accuracy);

/* Call it once, before the first sample: the matrices of a lag profile, and the number of steps. RG_NO_MEMORY. */
rg_status rg_history_set_matrices(struct rg_history *history, size_t steps, const struct rg_history_matrix *matrices,
                                  size_t n_matrices);

/* Add a lag profile: `values` has one entry for each matrix, in that order. A column keeps the largest norm of its
 * lags, the sum of their shares (so all shares still sum to 1), and the mean cosine. RG_NO_MEMORY. */
rg_status rg_history_add_lags(struct rg_history *history, uint64_t update, const struct rg_lag_values *values);

/* Set or replace a cause: `values` [n]. A column keeps the mean of its finite values. RG_NO_MEMORY. */
rg_status rg_history_set_cause(struct rg_history *history, enum rg_cause cause, const double *values, size_t n);

/* The columns of one matrix in one sample: [n_columns] each. */
enum rg_lag_quantity { RG_LAG_LOG10_NORM, RG_LAG_SHARE, RG_LAG_COSINE, RG_LAG_QUANTITIES };
const float *rg_history_lags(const struct rg_history *history, size_t sample, size_t matrix,
                             enum rg_lag_quantity quantity);

/* Sum of a matrix's shares over the older half of the lags, T/2 and above, in a sample. */
double rg_history_long_share(const struct rg_history *history, size_t sample, size_t matrix);

#endif
