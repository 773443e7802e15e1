/* The pictures of one run, for files and reports. */
#ifndef RG_REPORT_RUN_FIGURES_H
#define RG_REPORT_RUN_FIGURES_H

#include "gradient/profile.h"
#include "gradient/sample.h"
#include "cli/report/history.h"
#include "cli/report/plot.h"

enum { RG_RUN_FIGURES = 11 };
extern const char *const rg_run_figure_names[RG_RUN_FIGURES + 2]; /* and that of rg_figure_depth; NULL-ended */

/* Fill `plots` [RG_RUN_FIGURES], which must be empty, with the plots of a run in display order. A plot stays empty if
 * the history has no data for it. `baseline`: NAN for none; `clip_norm`: 0 for none. RG_NO_MEMORY. */
rg_status rg_run_figures(const struct rg_history *history, double baseline, double clip_norm, struct rg_plot *plots);
void rg_run_figures_clear(struct rg_plot *plots);

/* Add the lag profiles of all layers and directions to the history. The first call sets the history's matrices: those
 * of the model, and the rows of each gate of a recurrent one as `NAME.gate_g`. RG_NO_MEMORY. */
rg_status rg_history_add_profiles(struct rg_history *history, const struct rg_model *model, uint64_t update,
                                  const struct rg_lag_profiles *profiles);

/* Add a sample taken during the training. It has no gates, so their norms are 0. */
rg_status rg_history_add_sample(struct rg_history *history, const struct rg_model *model, uint64_t update,
                                const struct rg_lag_sampler *sampler);

#endif
