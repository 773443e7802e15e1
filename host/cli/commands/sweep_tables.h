/* What a sweep prints, as text or as JSON: a row for every run, then tables over seeds, folds and --steps. */
#ifndef RG_SWEEP_TABLES_H
#define RG_SWEEP_TABLES_H

#include <jansson.h>

#include "cli/commands/grid.h"
#include "cli/report/columns.h"
#include "cli/report/look.h"
#include "files/json_lines.h"
#include "train/summary.h"

struct rg_sweep_tables {
    const struct rg_config *config;
    const struct rg_grid_of_runs *grid;
    const struct rg_summary **runs; /* [grid->n_runs]; NULL: not done */
    struct rg_json_lines *lines;    /* with --json */
    const bool *on_processor;       /* whether the native device trains the runs */
    bool validates;                 /* the runs have validation data */
    struct rg_look look;
    struct rg_columns rows; /* of the runs, from the first one on */
    char learned[80];       /* what it means there */
};

/* {"<option>": value, …} of axes [0, n_axes) of a run. */
json_t *rg_sweep_values(const struct rg_grid_of_runs *grid, size_t n_axes, size_t run);

/* The row of run `i`, whose model is in the file `model` ("": it is not kept), and what comes below the last row.
 * RG_NO_MEMORY. */
rg_status rg_sweep_print_run(struct rg_sweep_tables *tables, size_t i, const struct rg_summary *run, const char *model);
rg_status rg_sweep_print_runs_end(struct rg_sweep_tables *tables);

/* The losses over the seeds, ranked: with validation data the lowest of each run's validations, else the training
 * losses. RG_NO_MEMORY. */
rg_status rg_sweep_print_groups(const struct rg_sweep_tables *tables);

/* The validation losses and scores over folds and seeds, ranked by the mean of the runs' lowest losses. RG_NO_MEMORY.
 */
rg_status rg_sweep_print_held_out(const struct rg_sweep_tables *tables);
/* The same of the test data, on the screen; JSON has them in each run. */
rg_status rg_sweep_print_tests(const struct rg_sweep_tables *tables);

/* The largest --steps learned: a line for each combination of the other options that has a finished run. RG_NO_MEMORY.
 */
rg_status rg_sweep_print_reach(const struct rg_sweep_tables *tables);

#endif
