/* A comparison of remedies as plots and as the cells of a table. */
#ifndef RG_REPORT_COMPARISON_FIGURES_H
#define RG_REPORT_COMPARISON_FIGURES_H

#include "cli/report/comparison.h"
#include "cli/report/table.h"

enum { RG_COMPARISON_REMEDIES = 8, RG_COMPARISON_FIGURES = 2 + RG_COMPARISON_REMEDIES };
extern const char *const rg_comparison_figure_names[]; /* what --figure takes; NULL-ended */

/* The best run of each remedy by lag, norms and summed shares; then for each remedy a small plot of the loss of its
 * variants, all on the same axes. `plots` [RG_COMPARISON_FIGURES] are empty before. `order` [n] as rg_comparison_rank
 * gives it. RG_NO_MEMORY. */
rg_status rg_comparison_figures(const struct rg_comparison *comparison, const size_t *order, size_t n,
                                struct rg_plot *plots);

/* The ranked rows as text. RG_NO_MEMORY. */
rg_status rg_comparison_table(const struct rg_comparison *comparison, const size_t *order, size_t n,
                              struct rg_own_table *table);

#endif
