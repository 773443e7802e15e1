/* Pictures in files: see picture.h. */
#include <stdio.h>
#include <string.h>

#include "cli/report/picture.h"
#include "cli/report/svg.h"
#include "rnn_gpu/tensors.h"

rg_status rg_picture_check(const char *path) {
    const enum rg_picture_format format = rg_picture_format(path);
    const bool needs_cairo = format == RG_PICTURE_PNG || format == RG_PICTURE_PDF;
    if (format == RG_PICTURE_SVG || (needs_cairo && rg_cairo_is_built())) {
        return RG_OK;
    }
    if (needs_cairo) {
        return rg_fail(RG_USAGE, "--plot %s: this program was built without cairo (libcairo2-dev); use a name in .svg",
                       path);
    }
    return rg_fail(RG_USAGE, "--plot %s: the name must end in .svg, .png or .pdf", path);
}

/* Refuse an unknown figure; the message lists the available ones, each once. */
static rg_status refuse_figure(const struct rg_picture *p) {
    char names[400] = "";
    for (size_t i = 0; i < p->n_plots; i++) {
        const struct rg_plot *const plot = &p->plots[i];
        const bool again = i > 0 && p->plots[i - 1].figure == plot->figure && names[0];
        if (plot->figure && !rg_plot_is_empty(plot) && !again) {
            const size_t at = strlen(names);
            (void)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", plot->figure);
        }
    }
    return rg_fail(RG_NOT_SAVED, "--figure %s: this run has no such figure; it has: %s", p->figure, names);
}

rg_status rg_picture_write(const struct rg_picture *p, const char *path) {
    double width = 0.0, height = 0.0;
    if (rg_picture_size(p, &width, &height) == 0 && p->figure) {
        return refuse_figure(p);
    }
    if (rg_picture_format(path) != RG_PICTURE_SVG) {
        return rg_cairo_write(p, width, height, path);
    }
    struct rg_markup out = {.status = RG_OK};
    struct rg_svg svg;
    rg_svg_begin_alone(&svg, &out, width, height, p->title, p->theme);
    rg_picture_draw(p, &svg.canvas);
    rg_svg_end(&svg);
    const rg_status status = out.status == RG_OK ? rg_file_write(path, out.text.bytes, out.text.length) : out.status;
    rg_markup_destroy(&out);
    return status;
}
