/* What the rows of a comparison held out: mean and spread over the seeds, on the terminal and in its page. */
#ifndef RG_COMPARISON_HELD_OUT_H
#define RG_COMPARISON_HELD_OUT_H

#include "cli/report/comparison.h"
#include "cli/report/fold_table.h"

/* *groups [n] = the runs of rows order[0 … n - 1], scored. `order` comes from rg_comparison_rank. RG_NO_MEMORY. */
rg_status rg_comparison_groups(const struct rg_comparison *comparison, const size_t *order, size_t n,
                               enum rg_held_out which, struct rg_fold_group **groups);
void rg_comparison_free_groups(struct rg_fold_group *groups, size_t n); /* NULL allowed */

/* The table on stdout; n > 0. RG_NO_MEMORY. */
rg_status rg_comparison_print_held_out(const struct rg_comparison *comparison, const size_t *order, size_t n,
                                       const struct rg_fold_group *groups, const struct rg_look *look);

/* The table of a page. RG_NO_MEMORY. */
rg_status rg_comparison_held_out(const struct rg_comparison *comparison, const size_t *order, size_t n,
                                 const struct rg_fold_group *groups, struct rg_own_table *table);

#endif
