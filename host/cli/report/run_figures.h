/* Lag profiles of a run for its history. */
#ifndef RG_REPORT_RUN_FIGURES_H
#define RG_REPORT_RUN_FIGURES_H

#include "cli/report/history.h"
#include "gradient/profile.h"
#include "gradient/sample.h"

/* Add the lag profiles of all layers and directions to the history. The first call sets the history's matrices: those
 * of the model, and the rows of each gate of a recurrent one as `NAME.gate_g`. RG_NO_MEMORY. */
rg_status rg_history_add_profiles(struct rg_history *history, const struct rg_model *model, uint64_t update,
                                  const struct rg_lag_profiles *profiles);

/* Add a sample taken before update `update`, which counts from 1. It has no gates, so their norms are 0. */
rg_status rg_history_add_sample(struct rg_history *history, const struct rg_model *model, uint64_t update,
                                const struct rg_lag_sampler *sampler);

#endif
