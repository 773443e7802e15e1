/* A canvas whose picture is SVG: see svg.h. Coordinates are written in tenths of a pixel, without a point. */
#include "cli/report/svg.h"

#include <math.h>

static struct rg_markup *out_of(struct rg_canvas *canvas) {
    return ((struct rg_svg *)canvas)->out;
}

/* Inks fill text and cells (class f), or draw lines (class s). */
static void style_rules(struct rg_markup *out, bool dark) {
    for (int ink = 0; ink < RG_N_INKS; ink++) {
        rg_markup_add(out, ".f%d{fill:#%06x}", ink, (unsigned)rg_ink_color(ink, dark));
        if (ink < RG_INK_HEAT) {
            rg_markup_add(out, ".s%d{stroke:#%06x}", ink, (unsigned)rg_ink_color(ink, dark));
        }
    }
}

void rg_svg_style(struct rg_markup *out, enum rg_theme theme) {
    rg_markup_add(out, "svg text{font-family:system-ui,\"DejaVu Sans\",sans-serif}.b{font-weight:600}"
                       "svg path{fill:none;stroke-linejoin:round}svg .c path{shape-rendering:crispEdges}");
    style_rules(out, theme == RG_THEME_DARK);
    if (theme == RG_THEME_AUTO) {
        rg_markup_add(out, "@media(prefers-color-scheme:dark){");
        style_rules(out, true);
        rg_markup_add(out, "}");
    }
}

static long tenths(double pixels) {
    return lround(10.0 * pixels);
}

static void begin_path(struct rg_markup *out, const struct rg_stroke *stroke) {
    rg_markup_add(out, "<path class=\"s%d\" transform=\"scale(.1)\" stroke-width=\"%ld\"%s d=\"", stroke->ink,
                  tenths(stroke->width), stroke->dashed ? " stroke-dasharray=\"50 35\"" : "");
}

static void draw_line(struct rg_canvas *canvas, const struct rg_stroke *stroke, const double *points, size_t n) {
    struct rg_markup *const out = out_of(canvas);
    begin_path(out, stroke);
    long x = tenths(points[0]), y = tenths(points[1]);
    rg_markup_add(out, "M%ld %ldl", x, y);
    for (size_t i = 1; i < n; i++) {
        const long to_x = tenths(points[2 * i]), to_y = tenths(points[2 * i + 1]);
        /* a minus sign separates like a space */
        rg_markup_add(out, "%s%ld%s%ld", i > 1 && to_x >= x ? " " : "", to_x - x, to_y >= y ? " " : "", to_y - y);
        x = to_x;
        y = to_y;
    }
    rg_markup_add(out, "\"/>\n");
}

static void draw_segments(struct rg_canvas *canvas, const struct rg_stroke *stroke, const double *points, size_t n) {
    struct rg_markup *const out = out_of(canvas);
    begin_path(out, stroke);
    for (size_t i = 0; i < n; i++) {
        const double *const p = points + 4 * i;
        rg_markup_add(out, "M%ld %ldl%ld %ld", tenths(p[0]), tenths(p[1]), tenths(p[2]) - tenths(p[0]),
                      tenths(p[3]) - tenths(p[1]));
    }
    rg_markup_add(out, "\"/>\n");
}

static void draw_tint(struct rg_canvas *canvas, int ink, const double *points, size_t n) {
    struct rg_markup *const out = out_of(canvas);
    rg_markup_add(out, "<path class=\"f%d\" transform=\"scale(.1)\" fill-opacity=\"%g\" d=\"", ink, RG_TINT);
    for (size_t i = 0; i < n; i++) {
        rg_markup_add(out, "%s%ld %ld", i ? "L" : "M", tenths(points[2 * i]), tenths(points[2 * i + 1]));
    }
    rg_markup_add(out, "z\"/>\n");
}

static void draw_box(struct rg_canvas *canvas, const struct rg_box *b, int ink) {
    rg_markup_add(out_of(canvas), "<rect class=\"f%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", ink,
                  b->x, b->y, b->width, b->height);
}

static void draw_text(struct rg_canvas *canvas, const struct rg_label *label, const char *text) {
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    struct rg_markup *const out = out_of(canvas);
    rg_markup_add(out, "<text class=\"f%d%s\" x=\"%.1f\" y=\"%.1f\" font-size=\"%g\"%s>", label->ink,
                  label->bold ? " b" : "", label->x, label->y, label->size, anchors[label->anchor]);
    rg_markup_escaped(out, text, RG_LABEL_LIMIT);
    rg_markup_add(out, "</text>\n");
}

/* Draw the cells of one level; neighbouring cells of a row form one piece. */
static void draw_level(struct rg_markup *out, const struct rg_cells *cells, uint8_t level) {
    bool begun = false;
    for (size_t r = 0; r < cells->rows; r++) {
        const uint8_t *const row = cells->levels + r * cells->columns;
        for (size_t c = 0, end; c < cells->columns; c = end) {
            for (end = c + 1; end < cells->columns && row[end] == row[c]; end++) {
            }
            if (row[c] == level) {
                if (!begun) {
                    rg_markup_add(out, "<path class=\"f%d\" d=\"", cells->ink + level);
                    begun = true;
                }
                rg_markup_add(out, "M%zu %zuh%zuv1h-%zuz", c, r, end - c, end - c);
            }
        }
    }
    rg_markup_add(out, "%s", begun ? "\"/>\n" : "");
}

static void draw_cells(struct rg_canvas *canvas, const struct rg_cells *cells) {
    struct rg_markup *const out = out_of(canvas);
    rg_markup_add(out, "<g class=\"c\" transform=\"translate(%.1f %.1f) scale(%.5f %.5f)\">\n", cells->box.x,
                  cells->box.y, cells->box.width / (double)cells->columns, cells->box.height / (double)cells->rows);
    for (size_t level = 0; level < cells->n_levels; level++) {
        draw_level(out, cells, (uint8_t)level);
    }
    rg_markup_add(out, "</g>\n");
}

void rg_svg_begin(struct rg_svg *svg, struct rg_markup *out, double width, double height, const char *title) {
    *svg = (struct rg_svg){.canvas = {.line = draw_line,
                                      .segments = draw_segments,
                                      .tint = draw_tint,
                                      .box = draw_box,
                                      .text = draw_text,
                                      .cells = draw_cells},
                           .out = out};
    rg_markup_add(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
                  "height=\"%.0f\" role=\"img\" aria-label=\"",
                  width, height, width, height);
    rg_markup_escaped(out, title, RG_LABEL_LIMIT);
    rg_markup_add(out, "\">\n");
}

void rg_svg_begin_alone(struct rg_svg *svg, struct rg_markup *out, double width, double height, const char *title,
                        enum rg_theme theme) {
    rg_svg_begin(svg, out, width, height, title);
    rg_markup_add(out, "<style>");
    rg_svg_style(out, theme);
    rg_markup_add(out, "</style>\n");
    draw_box(&svg->canvas, &(struct rg_box){0.0, 0.0, width, height}, RG_INK_PAPER);
}

void rg_svg_end(struct rg_svg *svg) {
    rg_markup_add(svg->out, "</svg>\n");
    if (svg->out->status == RG_OK) {
        svg->out->status = svg->canvas.status;
    }
}
