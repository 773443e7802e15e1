/* Explaining a verdict: its causes in words, as JSON, and in the record of a run. */
#ifndef RG_EXPLAIN_H
#define RG_EXPLAIN_H

#include <jansson.h>

#include "cli/report/history.h"
#include "cli/report/table.h"
#include "gradient/ranges.h"
#include "train/diagnosis.h"

/* 10^log10_value as "2.5e-60", also beyond a double's range. */
const char *rg_explain_power(double log10_value, char out[32]);
/* As rg_explain_power, with `digits` digits including trailing zeros; "0" for -INFINITY, "-" for NAN. */
const char *rg_explain_digits(double log10_value, int digits, char out[32]);

/* "layer 1", "layer 0, reverse". */
const char *rg_explain_place(size_t layer, size_t direction, char out[48]);

/* Some lines on stdout, at most 80 columns wide, of the direction that the diagnosis shows: activations, W_hh and the
 * Jacobian product; with `all` also decay, expectations, Lyapunov exponents, intervals and noise. */
void rg_explain_print(const struct rg_diagnosis *diagnosis, bool all);

/* {"layer", "direction", "decay", "factor", "reach", "slope", "sigma_max", "log10_largest", "lyapunov", "expected", …}
 * of one direction. A number that is NaN becomes null. NULL without memory. */
json_t *rg_explain_json(const struct rg_lag_profile *profile, const struct rg_causes *causes,
                        const struct rg_verdict *verdict);

/* An array of such objects for every layer and direction, with "verdict" and "horizon". */
json_t *rg_explain_layers_json(const struct rg_lag_profiles *profiles, const struct rg_all_causes *all);

/* Columns of lags, from "from" to "to". Up to RG_LAGS_ALONE lags each has its own column; more share ranges that grow
 * (gradient/ranges.h). */
struct rg_lag_columns {
    size_t n;
    struct rg_lag_range *ranges; /* [n] */
};
rg_status rg_lag_columns_create(size_t lags, struct rg_lag_columns *columns);
void rg_lag_columns_release(struct rg_lag_columns *columns);
/* Add the arrays "from", "to", and "log10_norm" and "share" of a matrix to *object; with `all` also "norm" and
 * "cosine". */
void rg_lag_columns_add(json_t **object, const struct rg_lag_columns *columns);
void rg_lag_values_add(json_t **object, const struct rg_lag_columns *columns, const struct rg_lag_values *values,
                       bool all);

/* [{"matrix", "layer", "from", "to", "norm", "log10_norm", "share", "cosine"}] of every matrix. NULL without memory. */
json_t *rg_explain_lags_json(const struct rg_lag_profiles *profiles, const struct rg_model *model);

/* A table of verdicts and causes, one row for every layer and direction. RG_NO_MEMORY. */
rg_status rg_explain_table(const struct rg_lag_profiles *profiles, const struct rg_all_causes *all,
                           struct rg_own_table *table);

rg_status rg_history_add_causes(struct rg_history *history, const struct rg_causes *causes);

#endif
