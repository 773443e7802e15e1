/* What a sweep prints, as text or as JSON: a row for every run, then tables over seeds, folds and --steps. */
#ifndef RG_SWEEP_TABLES_H
#define RG_SWEEP_TABLES_H

#include <jansson.h>

#include "cli/commands/grid.h"
#include "files/json_lines.h"
#include "train/summary.h"

struct rg_sweep_tables {
    const struct rg_config *config;
    const struct rg_grid_of_runs *grid;
    const struct rg_summary **runs; /* [grid->n_runs]; NULL: not done */
    struct rg_json_lines *lines;    /* with --json */
    bool validates;                 /* the runs have validation data */
};

/* {"<option>": value, …} of axes [0, n_axes) of a run. */
json_t *rg_sweep_values(const struct rg_grid_of_runs *grid, size_t n_axes, size_t run);

/* The heads of the runs' columns, and the row of run `i`. */
void rg_sweep_print_heads(const struct rg_sweep_tables *tables);
void rg_sweep_print_run(const struct rg_sweep_tables *tables, size_t i, const struct rg_summary *run);

/* The training losses over the seeds, ranked. RG_NO_MEMORY. */
rg_status rg_sweep_print_groups(const struct rg_sweep_tables *tables);

/* The validation losses and scores over folds and seeds, ranked by the mean loss. RG_NO_MEMORY. */
rg_status rg_sweep_print_held_out(const struct rg_sweep_tables *tables);

/* The largest --steps learned: a line for each combination of the other options that has a finished run. RG_NO_MEMORY.
 */
rg_status rg_sweep_print_reach(const struct rg_sweep_tables *tables);

#endif
