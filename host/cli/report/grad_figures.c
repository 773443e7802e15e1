/* The figures of `grad`: see grad_figures.h. */
#include "cli/report/grad_figures.h"

#include <stdio.h>
#include <string.h>

#include "base/counted.h"
#include "model/cells.h"

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

rg_status rg_figure_spectrum(const struct rg_spectrum *spectrum, struct rg_plot *plot) {
    struct rg_series *s = NULL;
    char steps[RG_COUNTED_BYTES];
    if (spectrum->n == 0) {
        return RG_OK;
    }
    (void)snprintf(plot->title, sizeof plot->title, "All singular values of the Jacobian product over %s",
                   rg_counted(spectrum->steps, "step", steps));
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
