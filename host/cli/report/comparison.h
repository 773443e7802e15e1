/* The comparison of remedies: its rows, and their table on the terminal. */
#ifndef RG_COMPARISON_H
#define RG_COMPARISON_H

#include "cli/report/look.h"
#include "train/spread.h"

/* A remedy with its variant and rate, trained with several seeds. */
struct rg_comparison_row {
    const char *remedy;      /* tanh, relu, irnn, orthogonal, skip, learned, lstm, gru */
    const char *with;        /* plain, clip, rate */
    struct rg_config config; /* config of the first seed */
    size_t n_runs;           /* runs that are done */
    struct rg_summary *runs; /* [n_runs], in the order of the seeds */
    bool done;               /* some run is done, and spread and summary are set */
    struct rg_spread spread;
    struct rg_summary summary; /* summary of the run with the middle loss (rg_spread_middle) */
    size_t rank;               /* from 1 */
    bool tied;                 /* tied with the row above or below */
};

struct rg_comparison {
    size_t n_rows; /* in the order of the command line */
    struct rg_comparison_row *rows;
    size_t steps; /* steps of the longest sequence */
};

/* Set the results of a row from its runs. RG_NO_MEMORY. */
rg_status rg_comparison_end_row(struct rg_comparison_row *row);

/* Sort the finished rows: `order` [n_rows] = their indexes, the lowest median first, diverged rows last; *n = their
 * number. Also sets each row's rank (rg_spread_rank). RG_NO_MEMORY. */
rg_status rg_comparison_rank(struct rg_comparison *comparison, size_t *order, size_t *n);

/* Number of runs that are done, of all rows. */
size_t rg_comparison_runs(const struct rg_comparison *comparison);

/* Lowest and highest baseline's loss of all runs that are done, both NAN without any; `ranked`: those beside the losses
 * by which the rows are ranked, else those of the training. They differ where the seed decides which sequences are held
 * out. */
void rg_comparison_baselines(const struct rg_comparison *comparison, bool ranked, double *low, double *high);

/* "0.25", or "0.25 to 0.26, by the seed". */
enum { RG_BASELINE_TEXT = 80 };
void rg_comparison_baseline_text(const struct rg_comparison *comparison, char text[RG_BASELINE_TEXT]);

/* The ranked table on stdout; on a wide terminal with more columns. `order` [n] as rg_comparison_rank gives it, n > 0.
 * RG_NO_MEMORY. */
rg_status rg_comparison_print(const struct rg_comparison *comparison, const size_t *order, size_t n,
                              const struct rg_look *look);

void rg_comparison_release(struct rg_comparison *comparison);

#endif
