/* The comparison of remedies: its rows, and their table in the terminal. */
#ifndef RG_COMPARISON_H
#define RG_COMPARISON_H

#include "report/summary.h"

struct rg_comparison_row {
    const char *remedy; /* tanh, relu, irnn, orthogonal, skip, lstm, gru */
    const char *with;   /* plain, clip, rate */
    struct rg_config config;
    bool done; /* the summary is filled in */
    struct rg_summary summary;
};

struct rg_comparison {
    size_t n_rows; /* in the order they were asked for */
    struct rg_comparison_row *rows;
};

/* Positions of the done rows in `order` [n_rows], the lowest loss first, diverged runs last; returns how many. */
size_t rg_comparison_rank(const struct rg_comparison *comparison, size_t *order);

/* The ranked table on stdout, 80 columns wide. `order` [n] as rg_comparison_rank gives it, n > 0. */
void rg_comparison_print(const struct rg_comparison *comparison, const size_t *order, size_t n, bool color);

#endif
