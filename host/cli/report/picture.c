/* A picture of several plots: see picture.h. picture_write.c puts it into a file. */
#include "cli/report/picture.h"

#include <string.h>

#include "base/ending.h"
#include "cli/report/svg.h"

static const double WIDTH = 560.0, HEIGHT = 340.0, GAP = 24.0, HEADING = 30.0, BARE_GAP = 8.0;

enum rg_picture_format rg_picture_format(const char *path) {
    static const char *const endings[RG_PICTURE_NONE] = {[RG_PICTURE_SVG] = ".svg", ".png", ".pdf"};
    int format = RG_PICTURE_SVG;
    while (format < RG_PICTURE_NONE && !rg_ends_in(path, endings[format])) {
        format++;
    }
    return (enum rg_picture_format)format;
}

/* Is the plot in the picture? */
static bool is_shown(const struct rg_picture *p, const struct rg_plot *plot) {
    const bool is_named = !p->figure || (plot->figure && strcmp(plot->figure, p->figure) == 0);
    return is_named && !rg_plot_is_empty(plot);
}

/* The layout: size of a plot, gaps between plots, and height of the picture's title. */
struct layout {
    double width, height, gap, heading;
};

static struct layout layout_of(const struct rg_picture *p) {
    return (struct layout){.width = p->width > 0.0 ? p->width : WIDTH,
                           .height = p->height > 0.0 ? p->height : HEIGHT,
                           .gap = p->figure ? BARE_GAP : GAP,
                           .heading = p->figure ? 0.0 : HEADING};
}

size_t rg_picture_size(const struct rg_picture *p, double *width, double *height) {
    const struct layout l = layout_of(p);
    size_t n = 0;
    for (size_t i = 0; i < p->n_plots; i++) {
        n += is_shown(p, &p->plots[i]);
    }
    const size_t across = n < p->columns ? (n ? n : 1) : p->columns, down = (n + p->columns - 1) / p->columns;
    *width = l.gap + (double)across * (l.width + l.gap);
    *height = l.gap + l.heading + (double)down * (l.height + l.gap);
    return n;
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

void rg_picture_add_plot(struct rg_markup *out, const struct rg_plot *plot, double width, double height) {
    struct rg_svg svg;
    rg_svg_begin(&svg, out, width, height, plot->title);
    rg_plot_draw(plot, &svg.canvas, &(struct rg_box){4.0, 4.0, width - 8.0, height - 8.0});
    rg_svg_end(&svg);
}
