/* The grid of a sweep: options with lists and ranges of values, and the training that each combination is. */
#ifndef RG_GRID_H
#define RG_GRID_H

#include <stdbool.h>

#include "options/options.h"

enum { RG_MAX_AXES = 24, RG_MAX_VALUES = 1000, RG_MAX_RUNS = 10000 };

/* An option and its values, as text. */
struct rg_grid_axis {
    const struct rg_option *option;
    size_t n;
    char **values; /* [n] */
};

/* Axes in the order of the command line, but --steps last and --seed behind it: runs that differ in the seed alone
 * stand next to each other. */
struct rg_grid_of_runs {
    size_t n_axes;
    struct rg_grid_axis axes[RG_MAX_AXES];
    size_t n_runs;           /* product of the axes' n */
    size_t n_seeds, n_steps; /* 1 without the axis */
    bool has_seeds;
    char **words; /* the command line but for the axes, which every run has */
    size_t n_words;
};

/* Read the axes of a parsed command line. A list has commas between its items; an item is a value, a range of whole
 * numbers A-B, or A..B*N, which is N values from A to B with equal ratios, of four digits. RG_USAGE names option and
 * item. */
rg_status rg_grid_create(const struct rg_config *config, struct rg_grid_of_runs **out);
void rg_grid_destroy(struct rg_grid_of_runs *grid); /* NULL allowed */

/* Position of run `run` on an axis; the last axis changes fastest. */
size_t rg_grid_index(const struct rg_grid_of_runs *grid, size_t run, size_t axis);

/* The options of a run: what `train` makes of them, with `defaults` for hidden, batch and updates where they are not
 * given. RG_USAGE for a combination that train would refuse. */
rg_status rg_grid_config(const struct rg_grid_of_runs *grid, size_t run, const struct rg_config *defaults,
                         struct rg_config *config);

#endif
