/* A table of a report that owns the texts of its heads and cells. */
#ifndef RG_REPORT_TABLE_H
#define RG_REPORT_TABLE_H

#include "cli/report/html.h"

enum { RG_CELL_BYTES = 40 };

struct rg_own_table {
    struct rg_table table;
    const char **pointers;        /* [n_rows * n_columns] */
    char (*cells)[RG_CELL_BYTES]; /* storage of these texts */
    const char **heads;           /* [n_columns] */
    char *head_texts;             /* storage of these texts */
};

/* Create empty cells under copies of `heads` [n_columns]. `title` must outlive the table. RG_NO_MEMORY. */
rg_status rg_table_create(struct rg_own_table *table, const char *title, const char *const *heads, size_t n_columns,
                          size_t n_rows);
void rg_table_release(struct rg_own_table *table); /* zeroed allowed */

/* Set a cell; `format` is that of printf. Text that does not fit is cut. */
void rg_table_set(struct rg_own_table *table, size_t row, size_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Set a cell to a number with `digits` digits, or to a dash if it is not finite. */
void rg_table_number(struct rg_own_table *table, size_t row, size_t column, int digits, double value);

#endif
