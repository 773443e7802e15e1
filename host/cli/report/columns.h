/* A table that is never wider than the screen.
 *
 * The first `keys` columns name a row. Where the others do not fit beside them, the table goes on below, in further
 * parts that begin with the same keys. Below it each column that its head does not explain has a line of legend. */
#ifndef RG_REPORT_COLUMNS_H
#define RG_REPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/status.h"

struct rg_column {
    const char *head;
    /* what the column holds, for the legend; NULL: the head says it. Neighbours with the same text share a line */
    const char *meaning;
    size_t width; /* at least of a cell; 0: of the widest one, which needs all rows before the first is shown */
    bool left;    /* cells are aligned to the left */
};

struct rg_columns_options {
    const struct rg_column *columns; /* [n] with different heads; copied, but for their texts */
    size_t n, keys, rows;            /* at most so many rows */
    size_t width; /* of a row, see rg_look_rows; the legend keeps to RG_MIN_COLUMNS if rows have no end */
    size_t gap;   /* blanks between two columns */
    bool color;   /* colours of cells are shown */
    bool live;    /* a row is shown as soon as it is complete, the further parts at the end */
};

struct rg_columns {
    struct rg_columns_options options;
    struct rg_column *columns; /* [n] */
    char **cells;              /* [rows][n] */
    const char **colors;       /* [rows][n] */
    size_t n_cells;            /* so far */
    size_t first_end;          /* the columns of the first part */
    rg_status status;
};

/* RG_NO_MEMORY. Release also a zeroed one. */
rg_status rg_columns_create(const struct rg_columns_options *options, struct rg_columns *table);
void rg_columns_release(struct rg_columns *table);

/* With `live`: show the heads. */
void rg_columns_begin(struct rg_columns *table);

/* The next cell of a row, in a printf format; with n of them the row is complete. `color`: of a terminal, "" for none;
 * it must outlive the table. rg_columns_end reports missing memory. */
void rg_columns_cell(struct rg_columns *table, const char *color, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Show what has not been shown, and the legend. RG_NO_MEMORY. */
rg_status rg_columns_end(struct rg_columns *table);

/* After rg_columns_end: add a line to the legend. */
void rg_columns_explain(const struct rg_columns *table, const char *name, const char *meaning);

#endif
