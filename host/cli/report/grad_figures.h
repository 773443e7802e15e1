/* Figures of `grad` beside those of a run. figure_table.h has the names. */
#ifndef RG_REPORT_GRAD_FIGURES_H
#define RG_REPORT_GRAD_FIGURES_H

#include "cli/report/plot.h"
#include "train/pass.h"

/* Before any work: RG_USAGE for a --figure that such a pass will not have. */
rg_status rg_grad_figure_check(const struct rg_config *config, const struct rg_shape *shape);

/* Fill an empty plot with the singular values of a Jacobian product by rank. It stays empty without any.
 * RG_NO_MEMORY. */
rg_status rg_figure_spectrum(const struct rg_spectrum *spectrum, struct rg_plot *plot);

#endif
