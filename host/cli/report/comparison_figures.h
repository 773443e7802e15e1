/* Plots of a comparison of remedies, and the cells of its table. */
#ifndef RG_REPORT_COMPARISON_FIGURES_H
#define RG_REPORT_COMPARISON_FIGURES_H

#include "cli/report/comparison.h"
#include "cli/report/table.h"

enum { RG_COMPARISON_REMEDIES = 8 };

/* By lag, of the best-ranked row of each remedy the run with the median loss: norms, or with `shares` the cumulative
 * shares. `plot` must be empty. `order` [n] comes from rg_comparison_rank. RG_NO_MEMORY. */
rg_status rg_comparison_plot_lags(const struct rg_comparison *comparison, const size_t *order, size_t n, bool shares,
                                  struct rg_plot *plot);

/* For each remedy a small plot with the losses of its variants; all of these have the same axes. `plots`
 * [RG_COMPARISON_REMEDIES] must be empty. RG_NO_MEMORY. */
rg_status rg_comparison_plot_losses(const struct rg_comparison *comparison, size_t n, struct rg_plot *plots);

/* The ranked rows as text. RG_NO_MEMORY. */
rg_status rg_comparison_table(const struct rg_comparison *comparison, const size_t *order, size_t n,
                              struct rg_own_table *table);

#endif
