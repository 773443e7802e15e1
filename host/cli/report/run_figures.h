/* What pictures and reports show of one run. */
#ifndef RG_REPORT_RUN_FIGURES_H
#define RG_REPORT_RUN_FIGURES_H

#include "gradient/profile.h"
#include "gradient/sample.h"
#include "cli/report/history.h"
#include "cli/report/plot.h"

enum { RG_RUN_FIGURES = 10 };
extern const char *const rg_run_figure_names[RG_RUN_FIGURES + 2]; /* and that of rg_figure_depth; NULL-ended */

/* The plots of a run, in the order they are shown, into `plots` [RG_RUN_FIGURES], which are empty before; those for
 * which the history has nothing stay so. `baseline`: NAN for none; `clip_norm`: 0 for none. RG_NO_MEMORY. */
rg_status rg_run_figures(const struct rg_history *history, double baseline, double clip_norm, struct rg_plot *plots);
void rg_run_figures_clear(struct rg_plot *plots);

/* Add the lag profiles of all layers and directions to the history. One that has no matrices yet takes those of the
 * model, and the rows of each gate of a recurrent one as `NAME.gate_g`; one that has keeps to them. RG_NO_MEMORY. */
rg_status rg_history_add_profiles(struct rg_history *history, const struct rg_model *model, uint64_t update,
                                  const struct rg_lag_profiles *profiles);

/* The same of a sample taken on the way; it has no gates, whose norms are then 0. */
rg_status rg_history_add_sample(struct rg_history *history, const struct rg_model *model, uint64_t update,
                                const struct rg_lag_sampler *sampler);

#endif
