/* What a comparison held out: see comparison_held_out.h. */
#include "cli/report/comparison_held_out.h"

#include <stdio.h>

#include "rnn_gpu/memory.h"

enum { N_NAMES = 3 };
static const char *const names[N_NAMES] = {"remedy", "with", "rate"};

rg_status rg_comparison_groups(const struct rg_comparison *comparison, const size_t *order, size_t n,
                               enum rg_held_out which, struct rg_fold_group **groups) {
    RG_TRY(rg_alloc(groups, n, sizeof **groups, "runs of the comparison"));
    for (size_t i = 0; i < n; i++) {
        const struct rg_comparison_row *const row = &comparison->rows[order[i]];
        const struct rg_summary **runs = NULL;
        const rg_status status = rg_alloc(&runs, row->n_runs, sizeof *runs, "runs of the comparison");
        if (status != RG_OK) {
            rg_comparison_free_groups(*groups, i);
            *groups = NULL;
            return status;
        }
        for (size_t k = 0; k < row->n_runs; k++) {
            runs[k] = &row->runs[k];
        }
        (*groups)[i] = (struct rg_fold_group){.runs = runs, .of = row->n_runs, .which = which};
    }
    rg_fold_score(*groups, n);
    return RG_OK;
}

void rg_comparison_free_groups(struct rg_fold_group *groups, size_t n) {
    for (size_t i = 0; groups && i < n; i++) {
        rg_free((void *)groups[i].runs);
    }
    rg_free(groups);
}

rg_status rg_comparison_print_held_out(const struct rg_comparison *comparison, const size_t *order, size_t n,
                                       const struct rg_fold_group *groups, const struct rg_look *look) {
    struct rg_column columns[N_NAMES + RG_FOLD_SHOWN] = {
        {.head = "remedy", .left = true}, {.head = "with", .left = true}, {.head = "lr"}};
    struct rg_columns t;
    rg_fold_columns(&groups[0], columns + N_NAMES);
    const struct rg_columns_options options = {.columns = columns,
                                               .n = N_NAMES + RG_FOLD_SHOWN,
                                               .keys = N_NAMES,
                                               .rows = n,
                                               .width = rg_look_rows(look),
                                               .gap = 1};
    RG_TRY(rg_columns_create(&options, &t));
    (void)printf("\n%s, over the seeds:\n", rg_fold_titles[groups[0].which]);
    for (size_t i = 0; i < n; i++) {
        const struct rg_comparison_row *const row = &comparison->rows[order[i]];
        rg_columns_cell(&t, "", "%s", row->remedy);
        rg_columns_cell(&t, "", "%s", row->with);
        rg_columns_cell(&t, "", "%.3g", row->config.training.lr);
        rg_fold_cells(&groups[i], &t);
    }
    const rg_status status = rg_columns_end(&t);
    rg_columns_release(&t);
    return status;
}

rg_status rg_comparison_held_out(const struct rg_comparison *comparison, const size_t *order, size_t n,
                                 const struct rg_fold_group *groups, struct rg_own_table *table) {
    const char *heads[N_NAMES + RG_FOLD_COLUMNS] = {names[0], names[1], names[2]};
    const size_t n_heads = N_NAMES + rg_fold_heads(&groups[0], heads + N_NAMES);
    RG_TRY(rg_table_create(table, rg_fold_page_titles[groups[0].which], heads, n_heads, n));
    for (size_t i = 0; i < n; i++) {
        const struct rg_comparison_row *const row = &comparison->rows[order[i]];
        rg_table_set(table, i, 0, "%s", row->remedy);
        rg_table_set(table, i, 1, "%s", row->with);
        rg_table_set(table, i, 2, "%.4g", row->config.training.lr);
        rg_fold_set(table, i, N_NAMES, &groups[i]);
    }
    return RG_OK;
}
