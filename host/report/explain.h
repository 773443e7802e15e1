/* Why a verdict is what it is: the causes in words, as JSON, and into the record of a run. */
#ifndef RG_EXPLAIN_H
#define RG_EXPLAIN_H

#include <jansson.h>

#include "gradient/verdict.h"
#include "report/history.h"
#include "report/table.h"

/* 10^log10_value as "2.5e-60", also beyond a double's range. */
const char *rg_explain_power(double log10_value, char out[32]);

/* Some lines on stdout, at most 80 columns wide: of the direction whose Jacobian product goes furthest from 1, which is
 * named if there are several. `last`: the judgement of the last layer. */
void rg_explain_print(const struct rg_lag_profiles *profiles, const struct rg_all_causes *all,
                      const struct rg_judgement *last);

/* {"slope", "saturated", "sigma_max", "spectral_radius", "log10_largest", "log10_smallest", "directions",
 * "lyapunov", "decay_log", "expected", "half_life", "gradient_noise", …}; not-a-number is null. NULL without memory. */
json_t *rg_explain_json(const struct rg_lag_profile *profile, const struct rg_causes *causes,
                        const struct rg_judgement *judgement);

/* An array of the same of every layer and direction, with "layer", "direction", "verdict", "decay" and "horizon". */
json_t *rg_explain_layers_json(const struct rg_lag_profiles *profiles, const struct rg_all_causes *all);

/* The same as a table with a row for every layer and direction. RG_NO_MEMORY. */
rg_status rg_explain_table(const struct rg_lag_profiles *profiles, const struct rg_all_causes *all,
                           struct rg_own_table *table);

rg_status rg_history_add_causes(struct rg_history *history, const struct rg_causes *causes);

#endif
