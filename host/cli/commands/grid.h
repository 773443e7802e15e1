/* The grid of a sweep: options with lists and ranges of values, and the training for each combination. */
#ifndef RG_GRID_H
#define RG_GRID_H

#include <stdbool.h>

#include "cli/report/sweep_figures.h"
#include "options/option_list.h"

enum { RG_MAX_AXES = 24, RG_MAX_RUNS = 10000 };

/* Axes in the order of the command line, except that --steps comes last, --seed after it and --fold after both. So runs
 * that differ only in seed and fold are neighbours. */
struct rg_grid_of_runs {
    const struct rg_config *config; /* of the sweep; borrowed */
    size_t n_axes;
    struct rg_option_list axes[RG_MAX_AXES];
    size_t n_runs;                    /* product of the numbers of values */
    size_t n_folds, n_seeds, n_steps; /* 1 without the axis */
    bool has_folds, has_seeds;
    char **words; /* the words of the command line without the axes; every run has them */
    size_t n_words;
};

/* Read the axes of a parsed command line, which are lists of values (options/option_list.h). RG_USAGE names option and
 * item. */
rg_status rg_grid_create(const struct rg_config *config, struct rg_grid_of_runs **out);
void rg_grid_destroy(struct rg_grid_of_runs *grid); /* NULL allowed */

/* Index of run `run` on an axis. The last axis changes fastest. */
size_t rg_grid_index(const struct rg_grid_of_runs *grid, size_t run, size_t axis);

/* Runs that differ only in seed and fold are the members of a group. Their number, the number of these axes, and what
 * the members differ in. */
size_t rg_grid_members(const struct rg_grid_of_runs *grid);
size_t rg_grid_inner_axes(const struct rg_grid_of_runs *grid);
enum rg_sweep_members rg_grid_member_kind(const struct rg_grid_of_runs *grid);

/* The options of a run: those that `train` would use, with `defaults` for hidden, batch and updates if they are not
 * given. RG_USAGE for a combination that train refuses. */
rg_status rg_grid_config(const struct rg_grid_of_runs *grid, size_t run, const struct rg_config *defaults,
                         struct rg_config *config);

#endif
