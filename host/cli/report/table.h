/* A table of a report that owns the text of its cells. */
#ifndef RG_REPORT_TABLE_H
#define RG_REPORT_TABLE_H

#include "cli/report/html.h"

enum { RG_CELL_BYTES = 40 };

struct rg_own_table {
    struct rg_table table;
    const char **pointers;        /* [n_rows * n_columns] */
    char (*cells)[RG_CELL_BYTES]; /* the same */
    const char **heads;           /* [n_columns] */
};

/* Empty cells; `title` and the texts of `heads` [n_columns] must outlive the table. RG_NO_MEMORY. */
rg_status rg_table_create(struct rg_own_table *table, const char *title, const char *const *heads, size_t n_columns,
                          size_t n_rows);
void rg_table_release(struct rg_own_table *table); /* zeroed allowed */

/* Set a cell; `format` as printf's. What has no room is cut off. */
void rg_table_set(struct rg_own_table *table, size_t row, size_t column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A number with so many digits, or a dash for one that is not. */
void rg_table_number(struct rg_own_table *table, size_t row, size_t column, int digits, double value);

#endif
