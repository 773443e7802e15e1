/* Plots in a file of their own: see picture.h. */
#include "report/picture.h"

#include <string.h>
#include <strings.h>

#include "report/svg.h"
#include "rnn_gpu/tensors.h"

static const double WIDTH = 560.0, HEIGHT = 340.0, GAP = 24.0, HEADING = 30.0;

static bool ends_in(const char *path, const char *ending) {
    const size_t length = strlen(path), n = strlen(ending);
    return length > n && strcasecmp(path + length - n, ending) == 0;
}

rg_status rg_picture_check(const char *path) {
    if (ends_in(path, ".svg") || (ends_in(path, ".png") && rg_png_is_built())) {
        return RG_OK;
    }
    if (ends_in(path, ".png")) {
        return rg_fail(RG_USAGE, "--plot %s: this program was built without cairo (libcairo2-dev); use a name in .svg",
                       path);
    }
    return rg_fail(RG_USAGE, "--plot %s: the name must end in .svg or .png", path);
}

static size_t count_plots(const struct rg_picture *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->n_plots; i++) {
        n += !rg_plot_is_empty(&p->plots[i]);
    }
    return n;
}

void rg_picture_draw(const struct rg_picture *p, struct rg_canvas *canvas) {
    size_t n = 0;
    canvas->text(canvas, &(struct rg_label){GAP, GAP + 16.0, 17.0, RG_ANCHOR_START, RG_INK_TEXT, true}, p->title);
    for (size_t i = 0; i < p->n_plots; i++) {
        if (!rg_plot_is_empty(&p->plots[i])) {
            const size_t row = n / p->columns, column = n % p->columns;
            const struct rg_box box = {GAP + (double)column * (WIDTH + GAP),
                                       GAP + HEADING + (double)row * (HEIGHT + GAP), WIDTH, HEIGHT};
            rg_plot_draw(&p->plots[i], canvas, &box);
            n++;
        }
    }
}

rg_status rg_picture_write(const struct rg_picture *p, const char *path) {
    const size_t n = count_plots(p), across = n < p->columns ? (n ? n : 1) : p->columns;
    const size_t down = (n + p->columns - 1) / p->columns;
    const double width = GAP + (double)across * (WIDTH + GAP);
    const double height = GAP + HEADING + (double)down * (HEIGHT + GAP);
    if (ends_in(path, ".png")) {
        return rg_png_write(p, width, height, path);
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

void rg_picture_add_plot(struct rg_markup *out, const struct rg_plot *plot, double width, double height) {
    struct rg_svg svg;
    rg_svg_begin(&svg, out, width, height, plot->title);
    rg_plot_draw(plot, &svg.canvas, &(struct rg_box){4.0, 4.0, width - 8.0, height - 8.0});
    rg_svg_end(&svg);
}
