/* Losses and scores on held-out data over several runs: their mean and spread, for the terminal, JSON and a page. */
#ifndef RG_REPORT_FOLD_TABLE_H
#define RG_REPORT_FOLD_TABLE_H

#include "cli/report/columns.h"
#include "cli/report/table.h"
#include "train/folds.h"

/* Runs that differ in fold and seed alone. */
struct rg_fold_group {
    const struct rg_summary *const *runs; /* [of], NULL: not done */
    size_t of;
    enum rg_held_out which;
    struct rg_fold_scores scores;
    size_t
        rank; /* by the mean of the best losses, or of the test losses, from 1, equal ones alike; 0: no run is done */
};

/* Fill in scores and ranks of groups [n], whose `runs` and `of` are set. */
void rg_fold_score(struct rg_fold_group *groups, size_t n);

/* The line above a table on the screen, after which the words "the seeds" or the like belong; its columns, for groups
 * such as this one, and a group's cells of them. */
enum { RG_FOLD_SHOWN = 8 };
extern const char *const rg_fold_titles[RG_HELD_TEST + 1];
void rg_fold_columns(const struct rg_fold_group *group, struct rg_column columns[RG_FOLD_SHOWN]);
void rg_fold_cells(const struct rg_fold_group *group, struct rg_columns *table);

/* Add the group's numbers to an object, with those of each run that is done. */
void rg_fold_json(const struct rg_fold_group *group, json_t **object);

/* The tables of a page: their titles, the heads of a table of groups such as this one, and those of a table of single
 * runs. rg_fold_heads returns the number of heads. */
enum { RG_FOLD_COLUMNS = 10, RG_FOLD_RUN_COLUMNS = 6 };
extern const char *const rg_fold_page_titles[RG_HELD_TEST + 1];
size_t rg_fold_heads(const struct rg_fold_group *group, const char *heads[RG_FOLD_COLUMNS]);
void rg_fold_run_heads(bool classes, const char *heads[RG_FOLD_RUN_COLUMNS]);

/* Set the cells of a row from column `first` on. */
void rg_fold_set(struct rg_own_table *table, size_t row, size_t first, const struct rg_fold_group *group);
void rg_fold_set_run(struct rg_own_table *table, size_t row, size_t first, const struct rg_summary *run);

#endif
