/* Plots in a file of their own: see picture.h. */
#include "cli/report/picture.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/report/svg.h"
#include "rnn_gpu/tensors.h"

static const double WIDTH = 560.0, HEIGHT = 340.0, GAP = 24.0, HEADING = 30.0, BARE_GAP = 8.0;

static bool ends_in(const char *path, const char *ending) {
    const size_t length = strlen(path), n = strlen(ending);
    return length > n && strcasecmp(path + length - n, ending) == 0;
}

bool rg_picture_is_pdf(const char *path) {
    return ends_in(path, ".pdf");
}

rg_status rg_picture_check(const char *path) {
    const bool needs_cairo = ends_in(path, ".png") || rg_picture_is_pdf(path);
    if (ends_in(path, ".svg") || (needs_cairo && rg_cairo_is_built())) {
        return RG_OK;
    }
    if (needs_cairo) {
        return rg_fail(RG_USAGE, "--plot %s: this program was built without cairo (libcairo2-dev); use a name in .svg",
                       path);
    }
    return rg_fail(RG_USAGE, "--plot %s: the name must end in .svg, .png or .pdf", path);
}

/* Whether the plot is in the picture. */
static bool is_shown(const struct rg_picture *p, const struct rg_plot *plot) {
    const bool is_named = !p->figure || (plot->figure && strcmp(plot->figure, p->figure) == 0);
    return is_named && !rg_plot_is_empty(plot);
}

static size_t count_plots(const struct rg_picture *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->n_plots; i++) {
        n += is_shown(p, &p->plots[i]);
    }
    return n;
}

/* Where the plots stand: their size, the gaps around them, and the room for the picture's title. */
struct layout {
    double width, height, gap, heading;
};

static struct layout layout_of(const struct rg_picture *p) {
    return (struct layout){.width = p->width > 0.0 ? p->width : WIDTH,
                           .height = p->height > 0.0 ? p->height : HEIGHT,
                           .gap = p->figure ? BARE_GAP : GAP,
                           .heading = p->figure ? 0.0 : HEADING};
}

void rg_picture_draw(const struct rg_picture *p, struct rg_canvas *canvas) {
    const struct layout l = layout_of(p);
    size_t n = 0;
    if (!p->figure) {
        canvas->text(canvas, &(struct rg_label){GAP, GAP + 16.0, 17.0, RG_ANCHOR_START, RG_INK_TEXT, true}, p->title);
    }
    for (size_t i = 0; i < p->n_plots; i++) {
        if (is_shown(p, &p->plots[i])) {
            const size_t row = n / p->columns, column = n % p->columns;
            const struct rg_box box = {l.gap + (double)column * (l.width + l.gap),
                                       l.gap + l.heading + (double)row * (l.height + l.gap), l.width, l.height};
            rg_plot_draw(&p->plots[i], canvas, &box);
            n++;
        }
    }
}

/* The names of the figures that are there, each once. */
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
    return rg_fail(RG_USAGE, "--figure %s: this run has no such figure; it has: %s", p->figure, names);
}

rg_status rg_picture_write(const struct rg_picture *p, const char *path) {
    const struct layout l = layout_of(p);
    const size_t n = count_plots(p), across = n < p->columns ? (n ? n : 1) : p->columns;
    const size_t down = (n + p->columns - 1) / p->columns;
    const double width = l.gap + (double)across * (l.width + l.gap);
    const double height = l.gap + l.heading + (double)down * (l.height + l.gap);
    if (p->figure && n == 0) {
        return refuse_figure(p);
    }
    if (ends_in(path, ".png") || rg_picture_is_pdf(path)) {
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

void rg_picture_add_plot(struct rg_markup *out, const struct rg_plot *plot, double width, double height) {
    struct rg_svg svg;
    rg_svg_begin(&svg, out, width, height, plot->title);
    rg_plot_draw(plot, &svg.canvas, &(struct rg_box){4.0, 4.0, width - 8.0, height - 8.0});
    rg_svg_end(&svg);
}
