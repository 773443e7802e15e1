/* The figures of `grad`: see grad_figures.h. */
#include "cli/report/grad_figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/report/figures.h"
#include "cli/report/input_text.h"
#include "cli/report/probe_text.h"
#include "model/cells.h"

const char *const rg_grad_figure_names[RG_GRAD_FIGURES + 1] = {
    "loss",        "norm",     "lags",      "cumulative", "shares",   "gates",  "jacobian",
    "activations", "norm-map", "share-map", "depth",      "spectrum", "inputs", "probes"};

const char *const rg_grad_own_figures[] = {"lags",  "cumulative", "shares", "gates",  "jacobian", "activations",
                                           "depth", "spectrum",   "inputs", "probes", NULL};

rg_status rg_grad_figure_check(const struct rg_config *config, const struct rg_shape *shape) {
    const char *const figure = config->output.figure;
    if (figure && strcmp(figure, "gates") == 0 && !rg_cell_is_gated(shape->cell)) {
        return rg_fail(RG_USAGE, "--figure gates needs the gates of a cell, and an rnn has none");
    }
    if (figure && strcmp(figure, "probes") == 0 && !config->training.probe_times) {
        return rg_fail(RG_USAGE, "--figure probes needs --probe-times LIST");
    }
    return RG_OK;
}

/* Plot the singular values by rank. */
static rg_status figure_spectrum(const struct rg_spectrum *spectrum, struct rg_plot *plot) {
    struct rg_series *s = NULL;
    if (spectrum->n == 0) {
        return RG_OK;
    }
    (void)snprintf(plot->title, sizeof plot->title, "All singular values of the Jacobian product over %zu steps",
                   spectrum->steps);
    plot->x = rg_axis_of("rank", RG_LINEAR);
    plot->y = rg_axis_of("singular value", RG_LOG10);
    plot->x.whole = true;
    RG_TRY(rg_plot_add(plot, "", spectrum->n > 1 ? RG_STYLE_LINE : RG_STYLE_DOTS, 0, spectrum->n, &s));
    for (size_t i = 0; i < spectrum->n; i++) {
        s->x[i] = (double)(i + 1);
        s->y[i] = spectrum->log10_singular[i];
    }
    return rg_plot_add_level(plot, "", 7, 0.0);
}

rg_status rg_pass_figures(const struct rg_pass *pass, bool always, struct rg_plot *plots) {
    const struct rg_diagnosis *const d = &pass->diagnosis;
    RG_TRY(rg_figure_depth(d->profiles, always, &plots[0]));
    RG_TRY(d->cause ? figure_spectrum(&d->cause->spectrum, &plots[1]) : RG_OK);
    RG_TRY(rg_figure_inputs(&pass->inputs, &plots[2]));
    RG_TRY(rg_figure_probes(&pass->map, &plots[3]));
    for (size_t i = 0; i < RG_PASS_FIGURES; i++) {
        plots[i].figure = rg_grad_figure_names[RG_RUN_FIGURES + i];
    }
    return RG_OK;
}
