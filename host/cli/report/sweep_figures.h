/* A sweep as plots and as tables: losses along one option, medians and quartiles over the seeds, what was learned. */
#ifndef RG_REPORT_SWEEP_FIGURES_H
#define RG_REPORT_SWEEP_FIGURES_H

#include "train/spread.h"
#include "cli/report/table.h"

enum { RG_SCAN_SMALL = 24, RG_SCAN_FIGURES = 2 + 2 * RG_SCAN_SMALL };

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

/* What --figure takes, NULL-ended: the first two of the plots below, all small ones along the option, and all small
 * ones over the updates. */
extern const char *const rg_sweep_figure_names[];

/* Along --steps, or the option with the most numbers as values: median losses, shares of the seeds that learned; for
 * each combination of the others a small plot with quartiles and single runs; and for each group one of the losses over
 * the updates. `plots` [RG_SCAN_FIGURES] are empty before. RG_NO_MEMORY. */
rg_status rg_sweep_figures(const struct rg_sweep_view *view, struct rg_plot *plots);

/* A row for each group that has a run. RG_NO_MEMORY. */
rg_status rg_sweep_table(const struct rg_sweep_view *view, struct rg_own_table *table);

/* What is known of the largest number of steps that at least half of the seeds learned. */
struct rg_reach {
    size_t runs, of;     /* done, and all of them; with fewer than all, more steps may be learned */
    const char *largest; /* NULL: none */
};

/* Of runs [n_steps][n_seeds], whose --steps are `steps`. RG_NO_MEMORY. */
rg_status rg_reach_of(const struct rg_summary *const *runs, char *const *steps, size_t n_steps, size_t n_seeds,
                      struct rg_reach *reach);

/* "100", "none", or of an interrupted sweep "at least 30 (5 of 9 runs)", "not known (5 of 9 runs)". */
enum { RG_REACH_BYTES = 80 };
void rg_reach_text(const struct rg_reach *reach, char text[RG_REACH_BYTES]);

/* The reach of each combination of the other options; no row without the axis --steps. RG_NO_MEMORY. */
rg_status rg_sweep_reach(const struct rg_sweep_view *view, struct rg_own_table *table);

#endif
