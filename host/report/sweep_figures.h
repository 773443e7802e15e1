/* A sweep as plots and as tables: losses along one option, medians and quartiles over the seeds, what was learned. */
#ifndef RG_REPORT_SWEEP_FIGURES_H
#define RG_REPORT_SWEEP_FIGURES_H

#include "report/summary.h"
#include "report/table.h"

enum { RG_SWEEP_SMALL = 24, RG_SWEEP_FIGURES = 2 + 2 * RG_SWEEP_SMALL };

/* An option and its values, as text. */
struct rg_sweep_axis {
    const char *name;
    size_t n;
    char *const *values; /* [n] */
};

/* A grid of runs: the last axis changes fastest. Runs that differ in the last axis alone, where that is the seed, are a
 * group; without seeds each run is one. */
struct rg_sweep_view {
    const struct rg_sweep_axis *axes; /* [n_axes] */
    size_t n_axes;
    bool has_seeds;
    const struct rg_summary *const *runs; /* [product of the axes' n]; NULL: not done */
};

/* Median and quartiles of a group's losses, by linear interpolation; a run that diverged counts as INFINITY. NAN
 * without a run that is done. */
struct rg_spread {
    size_t runs, learned;
    double q1, median, q3;
};

/* Of runs [n]. RG_NO_MEMORY. */
rg_status rg_spread_of(const struct rg_summary *const *runs, size_t n, struct rg_spread *spread);

/* Along --steps, or the option with the most numbers as values: median losses, shares of the seeds that learned; for
 * each combination of the others a small plot with quartiles and single runs; and for each group one of the losses over
 * the updates. `plots` [RG_SWEEP_FIGURES] are empty before. RG_NO_MEMORY. */
rg_status rg_sweep_figures(const struct rg_sweep_view *view, struct rg_plot *plots);

/* A row for each group that has a run. RG_NO_MEMORY. */
rg_status rg_sweep_table(const struct rg_sweep_view *view, struct rg_own_table *table);

/* The largest --steps that half of the seeds learned, for each combination of the other options; no row without such an
 * axis. RG_NO_MEMORY. */
rg_status rg_sweep_reach(const struct rg_sweep_view *view, struct rg_own_table *table);

#endif
