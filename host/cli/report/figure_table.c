/* The figures of every command: see figure_table.h. */
#include "cli/report/figure_table.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/report/figures.h"
#include "cli/report/grad_figures.h"
#include "cli/report/input_text.h"
#include "cli/report/probe_text.h"

enum { MAX_NAMES = 32 };

/* ---- One run ---- */

static rg_status loss(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_loss(from->history, from->baseline, from->score_baseline, plot);
}

static rg_status norm(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_norm(from->history, from->clip_norm, plot);
}

static rg_status accuracy(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_accuracy(from->history, plot);
}

static rg_status lags(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_norms(from->history, plot);
}

static rg_status cumulative(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_cumulative(from->history, plot);
}

static rg_status shares(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_shares(from->history, plot);
}

static rg_status gates(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_gates(from->history, plot);
}

static rg_status jacobian(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_jacobian(from->history, plot);
}

static rg_status activations(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_activations(from->history, plot);
}

static rg_status norm_map(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_norm_map(from->history, plot);
}

static rg_status share_map(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_share_map(from->history, plot);
}

static rg_status depth(const struct rg_figure_source *from, struct rg_plot *plot) {
    return from->profiles ? rg_figure_depth(from->profiles, from->always, plot) : RG_OK;
}

/* ---- One pass ---- */

static rg_status spectrum(const struct rg_figure_source *from, struct rg_plot *plot) {
    const struct rg_causes *const cause = from->pass->diagnosis.cause;
    return cause ? rg_figure_spectrum(&cause->spectrum, plot) : RG_OK;
}

static rg_status inputs(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_inputs(&from->pass->inputs, plot);
}

static rg_status probes(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_figure_probes(&from->pass->map, plot);
}

/* ---- Many runs ---- */

static rg_status sweep_loss(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_sweep_plot_loss(from->sweep, plot);
}

static rg_status sweep_learned(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_sweep_plot_learned(from->sweep, plot);
}

static rg_status sweep_quartiles(const struct rg_figure_source *from, struct rg_plot *plots) {
    return rg_sweep_plot_quartiles(from->sweep, plots);
}

static rg_status sweep_updates(const struct rg_figure_source *from, struct rg_plot *plots) {
    return rg_sweep_plot_updates(from->sweep, plots);
}

static rg_status compare_lags(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_comparison_plot_lags(from->comparison, from->order, from->n, false, plot);
}

static rg_status compare_cumulative(const struct rg_figure_source *from, struct rg_plot *plot) {
    return rg_comparison_plot_lags(from->comparison, from->order, from->n, true, plot);
}

static rg_status compare_losses(const struct rg_figure_source *from, struct rg_plot *plots) {
    return rg_comparison_plot_losses(from->comparison, from->n, plots);
}

/* ---- The table ---- */

enum { TRAIN = 1 << RG_FIGURES_TRAIN, GRAD = 1 << RG_FIGURES_GRAD };

static const struct {
    const char *name;  /* value of --figure */
    unsigned commands; /* a bit for each command that has the figure */
    size_t n_plots;
    rg_status (*draw)(const struct rg_figure_source *from, struct rg_plot *plots); /* n_plots of them */
} rows[] = {
    {"loss", TRAIN, 1, loss},
    {"norm", TRAIN, 1, norm},
    {"accuracy", TRAIN, 1, accuracy},
    {"lags", TRAIN | GRAD, 1, lags},
    {"cumulative", TRAIN | GRAD, 1, cumulative},
    {"shares", TRAIN | GRAD, 1, shares},
    {"gates", TRAIN | GRAD, 1, gates},
    {"jacobian", TRAIN | GRAD, 1, jacobian},
    {"activations", TRAIN | GRAD, 1, activations},
    {"norm-map", TRAIN, 1, norm_map},
    {"share-map", TRAIN, 1, share_map},
    {"depth", TRAIN | GRAD, 1, depth},
    {"spectrum", GRAD, 1, spectrum},
    {"inputs", GRAD, 1, inputs},
    {"probes", GRAD, 1, probes},
    {"loss", 1 << RG_FIGURES_SWEEP, 1, sweep_loss},
    {"learned", 1 << RG_FIGURES_SWEEP, 1, sweep_learned},
    {"quartiles", 1 << RG_FIGURES_SWEEP, RG_SCAN_SMALL, sweep_quartiles},
    {"updates", 1 << RG_FIGURES_SWEEP, RG_SCAN_SMALL, sweep_updates},
    {"lags", 1 << RG_FIGURES_COMPARE, 1, compare_lags},
    {"cumulative", 1 << RG_FIGURES_COMPARE, 1, compare_cumulative},
    {"loss", 1 << RG_FIGURES_COMPARE, RG_COMPARISON_REMEDIES, compare_losses},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static bool has(enum rg_figure_command command, size_t row) {
    return (rows[row].commands >> command & 1) != 0;
}

rg_status rg_figures_check(enum rg_figure_command command, const char *name) {
    const char *names[MAX_NAMES] = {NULL};
    char list[400] = "", hint[RG_HINT_BYTES];
    for (size_t i = 0, n = 0; i < N_ROWS; i++) {
        const size_t at = strlen(list);
        if (has(command, i) && strcmp(name, rows[i].name) == 0) {
            return RG_OK;
        }
        if (has(command, i)) {
            names[n++] = rows[i].name;
            (void)snprintf(list + at, sizeof list - at, "%s%s", at ? ", " : "", rows[i].name);
        }
    }
    return rg_fail(RG_USAGE, "--figure: there is no figure '%.80s' here; the figures are %s%s", name, list,
                   rg_name_hint(name, names, hint));
}

size_t rg_figures_count(enum rg_figure_command command) {
    size_t n = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        n += has(command, i) ? rows[i].n_plots : 0;
    }
    return n;
}

rg_status rg_figures_draw(enum rg_figure_command command, const struct rg_figure_source *from, struct rg_plot *plots) {
    for (size_t i = 0; i < N_ROWS; i++) {
        if (has(command, i)) {
            for (size_t k = 0; k < rows[i].n_plots; k++) {
                plots[k].figure = rows[i].name;
            }
            RG_TRY(rows[i].draw(from, plots));
            plots += rows[i].n_plots;
        }
    }
    return RG_OK;
}

void rg_figures_clear(struct rg_plot *plots, size_t n) {
    for (size_t i = 0; i < n; i++) {
        rg_plot_clear(&plots[i]);
    }
}
