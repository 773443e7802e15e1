/* The runs of compare and sweep as a table for other programs, one row a run. The ending of --out selects the format.
 *
 * F.jsonl has one object for each run, with its curves as arrays. F.csv has only the columns; the curves are in long
 * form in F-curves.csv (run, update, loss) and F-lags.csv (run, lag, norm, share). A row is written when its run ends.
 */
#ifndef RG_RUN_TABLE_H
#define RG_RUN_TABLE_H

#include <jansson.h>

#include "files/growing.h"
#include "files/json_lines.h"
#include "rnn_gpu/config.h"
#include "train/summary.h"

enum { RG_TABLE_PATH = 4096 + 64, RG_TABLE_BESIDE = 2 };

struct rg_run_table {
    bool is_open, is_csv;
    bool has_header;
    int digits;                                  /* digits of a number */
    struct rg_json_lines lines;                  /* for .jsonl */
    struct rg_growing rows, curves, lags;        /* for .csv */
    char beside[RG_TABLE_BESIDE][RG_TABLE_PATH]; /* names of the files of `curves` and `lags` */
    rg_status status;                            /* status of the first failure with .csv */
    char message[RG_JSON_LINES_MESSAGE];
};

/* Is it the name of such a table? It is if it ends in .csv or .jsonl. False for NULL. */
bool rg_run_table_is(const char *path);

/* The name F-curves.csv (`which` = 0) or F-lags.csv (1) beside the table F.csv of --out. RG_USAGE: it is too long. */
rg_status rg_run_table_beside(const struct rg_config *config, size_t which, char out[RG_TABLE_PATH]);

/* Before any work: RG_USAGE if --out names a table, of whose files one holds something already. */
rg_status rg_run_table_refuse_earlier(const struct rg_config *config);

/* Create the table if --out names one. RG_NOT_SAVED. */
rg_status rg_run_table_open(const struct rg_config *config, struct rg_run_table *table);

/* Add a row. `settings` distinguishes the run: an object, whose reference is taken, with the same keys for every run.
 * `model` and `best` are the files of its last and, with validation data, of its best weights, or NULL.
 * rg_run_table_close reports a failure. */
void rg_run_table_add(struct rg_run_table *table, size_t run, json_t *settings, const struct rg_summary *summary,
                      const char *model, const char *best);

/* RG_NOT_SAVED if a row could not be written. No effect if the table is not open. */
rg_status rg_run_table_close(struct rg_run_table *table);

#endif
