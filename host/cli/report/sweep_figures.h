/* Plots and tables of a sweep: losses along one option, medians and quartiles over the seeds, what was learned. */
#ifndef RG_REPORT_SWEEP_FIGURES_H
#define RG_REPORT_SWEEP_FIGURES_H

#include "cli/report/table.h"
#include "train/folds.h"
#include "train/spread.h"

enum { RG_SCAN_SMALL = 24 };

/* What the runs of a group differ in, and how that is called. */
enum rg_sweep_members { RG_OVER_SEEDS, RG_OVER_FOLDS, RG_OVER_BOTH };
extern const char *const rg_sweep_member_names[];

/* An option and its values as text. */
struct rg_sweep_axis {
    const char *name;
    size_t n;
    char *const *values; /* [n] */
};

/* A grid of runs. The last axis changes fastest. If it is the seed, or seed and fold in one, runs that differ only in
 * it form a group; otherwise each run is a group. */
struct rg_sweep_view {
    const struct rg_sweep_axis *axes; /* [n_axes] */
    size_t n_axes;
    bool has_seeds;
    const struct rg_summary *const *runs; /* [product of the axes' n]; NULL: not done yet */
    enum rg_sweep_members members;        /* of a group */
};

/* Plots along --steps, or along the option with the most numbers: median losses; shares of the seeds that learned; for
 * each combination of the other options a small plot with quartiles and single runs, `plots` [RG_SCAN_SMALL]. Then for
 * each group a small plot of the losses over the updates, `plots` [RG_SCAN_SMALL]. The plots must be empty; those
 * without data stay so. RG_NO_MEMORY. */
rg_status rg_sweep_plot_loss(const struct rg_sweep_view *view, struct rg_plot *plot);
rg_status rg_sweep_plot_learned(const struct rg_sweep_view *view, struct rg_plot *plot);
rg_status rg_sweep_plot_quartiles(const struct rg_sweep_view *view, struct rg_plot *plots);
rg_status rg_sweep_plot_updates(const struct rg_sweep_view *view, struct rg_plot *plots);

/* Before any run: RG_USAGE for a figure that such a sweep will not have. NULL: all of them. */
rg_status rg_sweep_figure_check(const struct rg_sweep_view *view, const char *figure);

/* A row for each group that has a run. RG_NO_MEMORY. */
rg_status rg_sweep_table(const struct rg_sweep_view *view, struct rg_own_table *table);

/* Of runs with validation or test data: a row for each group that has a run. RG_NO_MEMORY. */
rg_status rg_sweep_held_out(const struct rg_sweep_view *view, enum rg_held_out which, struct rg_own_table *table);

/* Of runs with validation data: a row for each run; no rows where there are more than RG_HELD_OUT_RUNS runs.
 * RG_NO_MEMORY. */
enum { RG_HELD_OUT_RUNS = 500 };
rg_status rg_sweep_held_out_runs(const struct rg_sweep_view *view, struct rg_own_table *table);

/* The result for the largest number of steps that at least half of the seeds learned. */
struct rg_reach {
    size_t runs, of;     /* finished runs, and all runs; if some are unfinished, more steps may be learned */
    const char *largest; /* NULL: none */
};

/* The reach of runs [n_steps][n_seeds], whose --steps are `steps`. RG_NO_MEMORY. */
rg_status rg_reach_of(const struct rg_summary *const *runs, char *const *steps, size_t n_steps, size_t n_seeds,
                      struct rg_reach *reach);

/* "100", "none"; for an interrupted sweep "at least 30 (5 of 9 runs)", "not known (5 of 9 runs)". */
enum { RG_REACH_BYTES = 80 };
void rg_reach_text(const struct rg_reach *reach, char text[RG_REACH_BYTES]);

/* The reach of each combination of the other options; no row without the axis --steps. RG_NO_MEMORY. */
rg_status rg_sweep_reach(const struct rg_sweep_view *view, struct rg_own_table *table);

#endif
