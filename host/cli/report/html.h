/* A run, or a comparison of runs, as one HTML file: no script, nothing loaded from elsewhere, light and dark. */
#ifndef RG_REPORT_HTML_H
#define RG_REPORT_HTML_H

#include "cli/report/plot.h"
#include "cli/settings.h"
#include "rnn_gpu/config.h"

enum { RG_REPORT_BYTES = 500000 };

struct rg_walk;

struct rg_fact {
    char name[32];
    char value[160];
};

/* Where a table stands: what a result is before the figures, why it is so after them, details folded away. */
enum rg_table_place { RG_TABLE_RESULT, RG_TABLE_REASON, RG_TABLE_DETAIL };

struct rg_table {
    const char *title;
    size_t n_rows, n_columns;
    const char *const *heads; /* [n_columns] */
    const char *const *cells; /* [n_rows][n_columns]; the first of a row names it */
    enum rg_table_place place;
    size_t verdict_column; /* its cells are names of verdicts, which are shown in colour; 0: there is none */
};

struct rg_report {
    const char *title;
    const char *verdict; /* a sentence that begins with its name and a colon; NULL: there is none */
    const char *command; /* the command to try next, and the reason; NULL: none */
    const char *advice;
    const char *made; /* when and where; NULL: not shown */
    const struct rg_config *config;
    const struct rg_settings *settings;
    const struct rg_fact *facts;
    size_t n_facts;
    const struct rg_table *tables; /* [n_tables] */
    size_t n_tables;
    const struct rg_plot *plots; /* empty plots are left out */
    size_t n_plots;
    const struct rg_walk *walk; /* shown step by step; or NULL */
    size_t sequence;            /* show only this sequence, from 1; 0: all */
};

/* Write the file, with less than RG_REPORT_BYTES. Figures, the last rows of a table and a walk that would make it
 * larger are left out, and the page says so. RG_NO_MEMORY. RG_NOT_SAVED if the file cannot be written, or if what is
 * never left out is too large. The file is written whole or not at all. */
rg_status rg_report_write(const struct rg_report *report, const char *path);

#endif
