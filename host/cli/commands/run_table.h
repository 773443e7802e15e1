/* The runs of compare and sweep as a table for other programs: one row a run, by the ending of --out.
 *
 * F.jsonl has an object a run, with its curves as arrays. F.csv has the columns alone; the curves are beside it in long
 * form, in F-curves.csv (run, update, loss) and F-lags.csv (run, lag, norm, share). Rows are written as runs end. */
#ifndef RG_RUN_TABLE_H
#define RG_RUN_TABLE_H

#include <jansson.h>

#include "files/growing.h"
#include "files/json_lines.h"
#include "rnn_gpu/config.h"
#include "train/summary.h"

enum { RG_TABLE_PATH = 4096 + 64 };

struct rg_run_table {
    bool is_open, is_csv;
    bool has_header;
    int digits;                           /* of a number */
    struct rg_json_lines lines;           /* of .jsonl */
    struct rg_growing rows, curves, lags; /* of .csv */
    char beside[2][RG_TABLE_PATH];        /* names of the last two */
    rg_status status;                     /* of the first failure of .csv */
    char message[RG_JSON_LINES_MESSAGE];
};

/* Whether the name is that of such a table: it ends in .csv or .jsonl. NULL is none. */
bool rg_run_table_is(const char *path);

/* Begin the table of --out, if that names one. RG_NOT_SAVED; RG_USAGE if a file beside it is one of the inputs. */
rg_status rg_run_table_open(const struct rg_config *config, struct rg_run_table *table);

/* A row. `settings`: what sets the run apart, an object whose reference is taken, with the same keys for every run;
 * `model`: the file of its model, or NULL. A failure is told by rg_run_table_close. */
void rg_run_table_add(struct rg_run_table *table, size_t run, json_t *settings, const struct rg_summary *summary,
                      const char *model);

/* RG_NOT_SAVED if a row could not be written. Nothing to do for a table that is not open. */
rg_status rg_run_table_close(struct rg_run_table *table);

#endif
