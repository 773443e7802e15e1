/* The comparison of remedies: its rows, and their table in the terminal. */
#ifndef RG_COMPARISON_H
#define RG_COMPARISON_H

#include "train/spread.h"

/* A remedy with its variant and rate, trained with several seeds. */
struct rg_comparison_row {
    const char *remedy;      /* tanh, relu, irnn, orthogonal, skip, learned, lstm, gru */
    const char *with;        /* plain, clip, rate */
    struct rg_config config; /* of the first seed */
    size_t n_runs;           /* done */
    struct rg_summary *runs; /* [n_runs], in the order of the seeds */
    bool done;               /* a run is done, and the next two are filled in */
    struct rg_spread spread;
    struct rg_summary summary; /* of the run with the median loss; of two middle ones the lower */
    size_t rank;               /* from 1 */
    bool tied;                 /* with the row above or below */
};

struct rg_comparison {
    size_t n_rows; /* in the order they were asked for */
    struct rg_comparison_row *rows;
    size_t steps; /* of the longest sequence */
};

/* Fill in what a row's runs amount to. RG_NO_MEMORY. */
rg_status rg_comparison_end_row(struct rg_comparison_row *row);

/* Positions of the done rows in `order` [n_rows], the lowest median first, diverged rows last; *n is how many. Each row
 * gets its rank, as rg_spread_rank ranks them.
 * RG_NO_MEMORY. */
rg_status rg_comparison_rank(struct rg_comparison *comparison, size_t *order, size_t *n);

/* Rows of which every run is done. */
size_t rg_comparison_whole(const struct rg_comparison *comparison);

/* The ranked table on stdout, 80 columns wide. `order` [n] as rg_comparison_rank gives it, n > 0. */
void rg_comparison_print(const struct rg_comparison *comparison, const size_t *order, size_t n, bool color);

void rg_comparison_release(struct rg_comparison *comparison);

#endif
