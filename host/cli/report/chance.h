/* Reporting how much of a lag profile is chance: in words, as JSON and as a table (gradient/statistics.h). */
#ifndef RG_CHANCE_REPORT_H
#define RG_CHANCE_REPORT_H

#include <jansson.h>

#include "cli/report/table.h"
#include "gradient/profile.h"
#include "rnn_gpu/model.h"

/* Does a profile have statistics? */
bool rg_chance_known(const struct rg_lag_profile *profile);

/* The lag from which on all of weight_hh's gradient is noise. SIZE_MAX: the furthest lags are not noise. */
size_t rg_chance_noise_from(const struct rg_lag_profile *profile);

/* The lags from which weight_hh's gradient is noise, in order; neighbours are one range, and lags without a gradient do
 * not part them. Returns how many ranges there are. */
size_t rg_chance_noise(const struct rg_lag_profile *profile, struct rg_lag_range noise[RG_MAX_RANGES]);

/* Print a line or two on stdout: the intervals of decay and horizon, or the reason why there are none. */
void rg_chance_print(const struct rg_lag_profile *profile);

/* "8 groups of 16 sequences". */
const char *rg_chance_groups(const struct rg_lag_profile *profile, char out[64]);

/* Add "groups", "decay_low", "decay_high", "horizon_low", "horizon_high", "noise_from" to *object. Without statistics
 * their values are null. */
void rg_chance_add(json_t **object, const struct rg_lag_profile *profile);

/* {"from", "to", "share_low", "share_high", "signal_to_noise", "chance", "noise"} of a matrix, each an array with a
 * value for each range of lags. JSON null without statistics; NULL without memory. */
json_t *rg_chance_json(const struct rg_lag_profile *profile, size_t matrix);

/* A row for each matrix of the profile and each range of lags. Without statistics a single row gives the reason.
 * RG_NO_MEMORY. */
rg_status rg_chance_table(const struct rg_lag_profile *profile, const struct rg_model *model,
                          struct rg_own_table *table);

#endif
