/* The table of all figures. A row has the name of a figure, the commands that draw it, the number of its plots, and the
 * function that draws them. */
#ifndef RG_REPORT_FIGURE_TABLE_H
#define RG_REPORT_FIGURE_TABLE_H

#include "cli/report/comparison_figures.h"
#include "cli/report/history.h"
#include "cli/report/plot.h"
#include "cli/report/sweep_figures.h"
#include "train/pass.h"

enum rg_figure_command { RG_FIGURES_TRAIN, RG_FIGURES_GRAD, RG_FIGURES_SWEEP, RG_FIGURES_COMPARE };

/* Plots of each command. */
enum {
    RG_TRAIN_FIGURES = 12,
    RG_GRAD_FIGURES = 10,
    RG_SCAN_FIGURES = 2 + 2 * RG_SCAN_SMALL,
    RG_COMPARISON_FIGURES = 2 + RG_COMPARISON_REMEDIES
};

/* What the figures of a command are drawn from. Other commands leave it empty. */
struct rg_figure_source {
    const struct rg_history *history;       /* train, grad */
    double baseline;                        /* train; NAN: none */
    double score_baseline;                  /* train: of validations where it is another one; 0 or NAN: it is not */
    double clip_norm;                       /* train; 0: none */
    const struct rg_lag_profiles *profiles; /* train, grad; NULL: none */
    bool always;                            /* train, grad: as rg_figure_depth */
    const struct rg_pass *pass;             /* grad */
    const struct rg_sweep_view *sweep;      /* sweep */
    const struct rg_comparison *comparison; /* compare */
    const size_t *order;                    /* compare: [n], of rg_comparison_rank */
    size_t n;
};

/* RG_USAGE, with the names of the command's figures, if `name` is none of them. */
rg_status rg_figures_check(enum rg_figure_command command, const char *name);

/* The number of plots of a command, which is its constant above. */
size_t rg_figures_count(enum rg_figure_command command);

/* Fill `plots` [rg_figures_count], which must be empty, in display order. A plot without data stays empty.
 * RG_NO_MEMORY.
 */
rg_status rg_figures_draw(enum rg_figure_command command, const struct rg_figure_source *from, struct rg_plot *plots);

void rg_figures_clear(struct rg_plot *plots, size_t n);

#endif
