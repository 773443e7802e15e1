/* The record of a run from which screens, plots and reports are drawn. It stays bounded however long the run: what is
 * older becomes coarser by powers of two, what is newest is always there. */
#ifndef RG_REPORT_HISTORY_H
#define RG_REPORT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/model.h"

enum {
    RG_KEPT_UPDATES = 2048,     /* points of loss and norm */
    RG_KEPT_VALIDATIONS = 1024, /* points of the validation */
    RG_KEPT_SAMPLES = 256,      /* lag profiles; fewer where they are many columns and matrices */
    RG_KEPT_LAGS = 512,         /* columns of a lag profile */
    RG_KEPT_NUMBERS = 1 << 22   /* floats of all lag profiles together */
};

/* One update, or several in a row. */
struct rg_history_point {
    uint64_t update; /* the last of them */
    uint64_t count;  /* how many */
    uint64_t clipped, skipped;
    uint64_t finite;  /* how many had a finite loss */
    double loss;      /* mean of the finite ones; NAN if there is none */
    double grad_norm; /* the largest finite one, before clipping; NAN if there is none */
    double lr;        /* of the last */
};

struct rg_history_validation {
    uint64_t update;
    double loss, accuracy; /* accuracy: NAN where it has no meaning */
};

/* A weight matrix whose gradient is split by lag. */
struct rg_history_matrix {
    char name[RG_NAME_BYTES]; /* as in the model file */
    size_t layer, direction;
};

/* What one lag profile says of one matrix, by lag. */
struct rg_lag_values {
    const double *log10_norm; /* [T] log10 ||G_tau||, -INFINITY for 0: a norm may be smaller than a double can be;
                                 NULL: this profile does not say, and all that is kept of it is NAN */
    const double *share;      /* [T] */
    const double *cosine;     /* [T] */
};

/* One lag profile as kept, in the columns of rg_lag_column. */
struct rg_lag_sample {
    uint64_t update;
    float *numbers; /* [n_matrices][3][n_columns]: log10 norm, share, cosine */
};

/* What explains the newest lag profile, by lag. */
enum rg_cause {
    RG_CAUSE_SIGMA_MAX, /* log10 of the largest singular value of dh_T / dh_{T - tau} */
    RG_CAUSE_SIGMA_MIN, /* log10 of the smallest */
    RG_CAUSE_SATURATED, /* share of units with an activation that hardly moves, at step T - tau */
    RG_CAUSE_SLOPE,     /* mean derivative of the activation, at step T - tau */
    RG_CAUSE_FORGET,    /* mean forget gate, at step T - tau */
    RG_N_CAUSES
};

/* Values by lag, in the columns of rg_lag_column. */
struct rg_history_curve {
    float *values;  /* [n]; NULL: not known */
    size_t n, lags; /* columns, and lags that they are of */
};

/* A list of `n` kept items out of `seen`: every `stride`-th of them, from the first on, and the newest. */
struct rg_thinned {
    size_t n, limit; /* limit: even */
    uint64_t seen, stride;
};

struct rg_history {
    struct rg_history_point *points; /* [RG_KEPT_UPDATES] */
    size_t n_points;
    uint64_t point_updates; /* updates of a full point: a power of two */

    struct rg_history_validation *validations; /* [RG_KEPT_VALIDATIONS] */
    struct rg_thinned validation;              /* how many, and which */

    struct rg_history_matrix *matrices; /* [n_matrices] */
    size_t n_matrices;
    size_t steps;                  /* T */
    size_t n_columns;              /* at most RG_KEPT_LAGS */
    struct rg_lag_sample *samples; /* [sample.limit] */
    struct rg_thinned sample;      /* how many, and which */

    struct rg_history_curve causes[RG_N_CAUSES];
};

/* The first lag of column c of `lags` lags; `lags` for the column behind the last. Up to RG_KEPT_LAGS lags have a
 * column each. More share RG_KEPT_LAGS columns: the near ones have one each, further ones columns that grow with the
 * lag; one begins at the older half, (lags + 1) / 2. */
size_t rg_lag_column(size_t lags, size_t column);
size_t rg_lag_columns(size_t lags);

rg_status rg_history_create(struct rg_history **out);
void rg_history_destroy(struct rg_history *history); /* NULL allowed */

/* Updates come in order. */
void rg_history_add_update(struct rg_history *history, uint64_t update, double loss, double grad_norm, bool clipped,
                           bool skipped, double lr);
void rg_history_add_validation(struct rg_history *history, uint64_t update, double loss, double accuracy);

/* Say once, before the first sample, which matrices a lag profile has and over how many steps. RG_NO_MEMORY. */
rg_status rg_history_set_matrices(struct rg_history *history, size_t steps, const struct rg_history_matrix *matrices,
                                  size_t n_matrices);

/* `values`: one for each matrix, in that order. Of a column's lags the largest norm is kept, the sum of the shares (so
 * that all of them still sum to 1) and the mean cosine. RG_NO_MEMORY. */
rg_status rg_history_add_lags(struct rg_history *history, uint64_t update, const struct rg_lag_values *values);

/* Set or replace a cause: `values` [n], of which columns keep the mean of the finite ones. RG_NO_MEMORY. */
rg_status rg_history_set_cause(struct rg_history *history, enum rg_cause cause, const double *values, size_t n);

/* The columns of one matrix in one sample: [n_columns] each. */
enum rg_lag_quantity { RG_LAG_LOG10_NORM, RG_LAG_SHARE, RG_LAG_COSINE, RG_LAG_QUANTITIES };
const float *rg_history_lags(const struct rg_history *history, size_t sample, size_t matrix,
                             enum rg_lag_quantity quantity);

/* Sum of a matrix's shares over the lags of the older half, T/2 and above, in a sample. */
double rg_history_long_share(const struct rg_history *history, size_t sample, size_t matrix);

#endif
