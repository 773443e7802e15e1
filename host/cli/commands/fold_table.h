/* The folds of a sweep: mean and spread of what was held out. */
#ifndef RG_FOLD_TABLE_H
#define RG_FOLD_TABLE_H

#include "train/folds.h"

/* Runs that differ in fold and seed alone. */
struct rg_fold_group {
    struct rg_fold_scores scores;
    size_t of;   /* all of them, done or not */
    size_t rank; /* by the mean loss, from 1, equal ones alike; 0: no run is done */
};

/* Fill in the ranks of groups [n]. */
void rg_fold_rank(struct rg_fold_group *groups, size_t n);

/* The heads of the columns, and a group's row of them, on stdout. */
void rg_fold_print_heads(bool classes);
void rg_fold_print(const struct rg_fold_group *group);

/* Add the group's numbers to a line of JSON. */
void rg_fold_json(const struct rg_fold_group *group, json_t **line);

#endif
