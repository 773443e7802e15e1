/* Figures of `grad`, for pictures and reports, beside the figures of a run. */
#ifndef RG_REPORT_GRAD_FIGURES_H
#define RG_REPORT_GRAD_FIGURES_H

#include "cli/report/run_figures.h"
#include "train/pass.h"

enum { RG_PASS_FIGURES = 4, RG_GRAD_FIGURES = RG_RUN_FIGURES + RG_PASS_FIGURES };
extern const char *const rg_grad_figure_names[RG_GRAD_FIGURES + 1]; /* all of them; NULL-ended */
extern const char *const rg_grad_own_figures[];                     /* those that a pass can have; NULL-ended */

/* Before any work: RG_USAGE for a --figure that such a pass will not have. */
rg_status rg_grad_figure_check(const struct rg_config *config, const struct rg_shape *shape);

/* Fill `plots` [RG_PASS_FIGURES], which must be empty: depth by lag; singular values of the Jacobian product; what the
 * net keeps of each input; losses by step. A plot without data stays empty. `always`: as rg_figure_depth.
 * RG_NO_MEMORY. */
rg_status rg_pass_figures(const struct rg_pass *pass, bool always, struct rg_plot *plots);

#endif
