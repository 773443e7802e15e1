/* A plot as data, and how it is drawn: see plot.h. */
#include "cli/report/plot.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rnn_gpu/memory.h"

/* Pixels. */
static const double TITLE_SIZE = 15.0, TEXT_SIZE = 12.5, LINE_HEIGHT = 18.0, TICK = 4.0, RUG = 9.0, KEY = 22.0;
static const double LEFT = 62.0, RIGHT = 14.0, BOTTOM = 42.0, BAR = 14.0, BAR_SPACE = 84.0;

/* ---- Data ---- */

rg_status rg_plot_add(struct rg_plot *plot, const char *name, enum rg_style style, int color, size_t n,
                      struct rg_series **out) {
    assert(plot->n_series < RG_PLOT_SERIES);
    struct rg_series *const s = &plot->series[plot->n_series];
    *s = (struct rg_series){.style = style, .color = color % RG_N_SERIES_INKS};
    (void)snprintf(s->name, sizeof s->name, "%s", name);
    RG_TRY(rg_alloc(&s->x, 2 * n, sizeof *s->x, "a plot"));
    s->y = s->x + n;
    s->n = n;
    plot->n_series++;
    *out = s;
    return RG_OK;
}

rg_status rg_plot_add_band(struct rg_plot *plot, const char *name, int color, size_t n, struct rg_series **out) {
    return rg_plot_add(plot, name, RG_STYLE_BAND, color, 2 * n, out);
}

rg_status rg_plot_add_level(struct rg_plot *plot, const char *name, int color, double y) {
    struct rg_series *s = NULL;
    RG_TRY(rg_plot_add(plot, name, RG_STYLE_DASHED, color, 2, &s));
    s->x[0] = -INFINITY;
    s->x[1] = INFINITY;
    s->y[0] = s->y[1] = y;
    return RG_OK;
}

rg_status rg_plot_set_heat(struct rg_plot *plot, size_t rows, size_t columns) {
    RG_TRY(rg_alloc(&plot->heat.values, rows * columns, sizeof *plot->heat.values, "a heat map"));
    plot->heat.rows = rows;
    plot->heat.columns = columns;
    return RG_OK;
}

void rg_plot_clear(struct rg_plot *plot) {
    for (size_t i = 0; i < plot->n_series; i++) {
        rg_free(plot->series[i].x);
    }
    rg_free(plot->heat.values);
    memset(plot, 0, sizeof *plot);
}

bool rg_plot_is_empty(const struct rg_plot *plot) {
    return plot->n_series == 0 && plot->heat.rows == 0;
}

/* ---- Drawing ---- */

/* State while one plot is drawn. */
struct drawing {
    const struct rg_plot *plot;
    struct rg_canvas *canvas;
    struct rg_axis x, y; /* with their final ranges */
    struct rg_box area;  /* between the axes */
};

static void text(const struct drawing *d, double x, double y, enum rg_anchor anchor, const char *what) {
    d->canvas->text(d->canvas, &(struct rg_label){x, y, TEXT_SIZE, anchor, RG_INK_FAINT, false}, what);
}

/* Text in as many lines as the width needs, from the left; returns how many. `label` has the first line's place. */
static size_t wrapped(const struct drawing *d, struct rg_label label, double width, const char *what) {
    size_t lines = 0;
    while (*what) {
        char part[RG_PLOT_TEXT + 16];
        size_t end = 0;
        for (size_t next = 0; what[next]; end = next) { /* as many words as fit, and at least one */
            next = end + strspn(what + end, " ");
            next += strcspn(what + next, " ");
            (void)snprintf(part, sizeof part, "%.*s", (int)next, what);
            if (end > 0 && rg_text_width(part, label.size) > width) {
                break;
            }
        }
        (void)snprintf(part, sizeof part, "%.*s", (int)end, what);
        d->canvas->text(d->canvas, &label, part);
        what += end + strspn(what + end, " ");
        label.y += 1.25 * label.size;
        lines++;
    }
    return lines > 0 ? lines : 1;
}

static void line(const struct drawing *d, int ink, const double points[4]) {
    d->canvas->line(d->canvas, &(struct rg_stroke){ink, 1.0, false}, points, 2);
}

static double x_of(const struct drawing *d, double value) {
    return d->area.x + d->area.width * rg_axis_place(&d->x, value);
}

static double y_of(const struct drawing *d, double value) {
    return d->area.y + d->area.height * (1.0 - rg_axis_place(&d->y, value));
}

/* Determine the ranges from the series. A rug has no height of its own. */
static void settle_axes(struct drawing *d) {
    double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
    for (size_t i = 0; i < d->plot->n_series; i++) {
        const struct rg_series *const s = &d->plot->series[i];
        for (size_t k = 0; k < s->n; k++) {
            if (isfinite(s->x[k])) {
                x0 = fmin(x0, s->x[k]);
                x1 = fmax(x1, s->x[k]);
            }
            if (isfinite(s->y[k]) && s->style != RG_STYLE_RUG) {
                y0 = fmin(y0, s->y[k]);
                y1 = fmax(y1, s->y[k]);
            }
        }
    }
    d->x = d->plot->x;
    d->y = d->plot->y;
    rg_axis_settle(&d->x, x0, x1);
    rg_axis_settle(&d->y, y0, y1);
}

/* What stands for a series in the legend. */
static void draw_key(const struct drawing *d, const struct rg_series *s, double left, double base) {
    const struct rg_stroke stroke = {RG_INK_SERIES + s->color, s->style == RG_STYLE_DOTS ? 4.0 : 2.0,
                                     s->style == RG_STYLE_DASHED};
    const double middle = left + KEY / 2.0, right = left + KEY;
    switch (s->style) {
    case RG_STYLE_BAND:
        d->canvas->tint(d->canvas, stroke.ink,
                        (double[8]){left, base - 9.0, right, base - 9.0, right, base + 1.0, left, base + 1.0}, 4);
        break;
    case RG_STYLE_DOTS:
        d->canvas->line(d->canvas, &stroke, (double[4]){middle - 2.0, base - 4.0, middle + 2.0, base - 4.0}, 2);
        break;
    case RG_STYLE_RUG:
        d->canvas->line(d->canvas, &stroke, (double[4]){middle, base - 9.0, middle, base}, 2);
        break;
    case RG_STYLE_LINE:
    case RG_STYLE_DASHED:
    default:
        d->canvas->line(d->canvas, &stroke, (double[4]){left, base - 4.0, right, base - 4.0}, 2);
        break;
    }
}

/* Names with their strokes, from the left, in as many lines as they need; returns how many. */
static size_t legend(const struct drawing *d, const struct rg_box *box, double y) {
    double x = 0.0;
    size_t lines = 0;
    for (size_t i = 0; i < d->plot->n_series; i++) {
        const struct rg_series *const s = &d->plot->series[i];
        if (!s->name[0]) {
            continue;
        }
        const double width = KEY + 6.0 + rg_text_width(s->name, TEXT_SIZE) + 14.0;
        if (lines == 0 || x + width > box->width) {
            x = 0.0;
            lines++;
        }
        const double left = box->x + x, base = y + LINE_HEIGHT * (double)(lines - 1);
        draw_key(d, s, left, base);
        text(d, left + KEY + 6.0, base, RG_ANCHOR_START, s->name);
        x += width;
    }
    return lines;
}

/* A scale of lags says that it is logarithmic, which its first ticks, 0, 1, 2, hide. */
static void axis_text(const struct rg_axis *axis, char text[RG_PLOT_TEXT + 16]) {
    (void)snprintf(text, RG_PLOT_TEXT + 16, "%s%s", axis->label, axis->scale == RG_LAGS ? ", logarithmic" : "");
}

static void x_axis(const struct drawing *d) {
    struct rg_ticks ticks;
    char label[RG_PLOT_TEXT + 16];
    const struct rg_box *const a = &d->area;
    rg_axis_ticks(&d->x, (size_t)fmax(4.0, fmin(10.0, a->width / 70.0)), &ticks);
    for (size_t i = 0; i < ticks.n; i++) {
        const double x = x_of(d, ticks.at[i]), bottom = a->y + a->height;
        line(d, RG_INK_GRID, (double[4]){x, a->y, x, bottom + TICK});
        text(d, x, bottom + TICK + 13.0, RG_ANCHOR_MIDDLE, ticks.text[i]);
    }
    axis_text(&d->x, label);
    text(d, a->x + a->width, a->y + a->height + TICK + 31.0, RG_ANCHOR_END, label);
}

static void y_axis(const struct drawing *d) {
    struct rg_ticks ticks;
    const struct rg_box *const a = &d->area;
    rg_axis_ticks(&d->y, (size_t)fmax(4.0, fmin(8.0, a->height / 32.0)), &ticks);
    for (size_t i = 0; i < ticks.n; i++) {
        const double y = y_of(d, ticks.at[i]);
        line(d, RG_INK_GRID, (double[4]){a->x - TICK, y, a->x + a->width, y});
        text(d, a->x - TICK - 3.0, y + 4.0, RG_ANCHOR_END, ticks.text[i]);
    }
}

/* Draw the pieces of a line between points that are not finite. A piece of one point becomes a short stroke. */
static rg_status draw_line(const struct drawing *d, const struct rg_series *s) {
    double *points = NULL;
    const struct rg_stroke stroke = {RG_INK_SERIES + s->color, s->n > 600 ? 1.0 : 1.8, s->style == RG_STYLE_DASHED};
    RG_TRY(rg_alloc(&points, 2 * s->n + 2, sizeof *points, "a plot's line"));
    size_t n = 0;
    for (size_t i = 0; i <= s->n; i++) {
        if (i < s->n && !isnan(s->x[i]) && isfinite(s->y[i])) {
            const double x = fmin(fmax(s->x[i], d->x.low), d->x.high);
            points[2 * n] = x_of(d, x);
            points[2 * n++ + 1] = y_of(d, fmin(fmax(s->y[i], d->y.low), d->y.high));
        } else if (n > 0) {
            if (n == 1) {
                points[2] = points[0] + 2.0;
                points[3] = points[1];
                points[0] -= 2.0;
                n = 2;
            }
            d->canvas->line(d->canvas, &stroke, points, n);
            n = 0;
        }
    }
    rg_free(points);
    return RG_OK;
}

/* The pieces of a band between places where an edge is not known; what is infinite lies on the edge of the plot. */
static rg_status draw_band(const struct drawing *d, const struct rg_series *s) {
    const size_t places = s->n / 2;
    double *points = NULL;
    RG_TRY(rg_alloc(&points, 4 * places + 2, sizeof *points, "a plot's band"));
    for (size_t first = 0, end; first < places; first = end + 1) {
        size_t n = 0;
        for (end = first; end < places && !isnan(s->y[end]) && !isnan(s->y[places + end]); end++) {
        }
        for (size_t i = 0; i < 2 * (end - first); i++) { /* there along the lower edge, back along the upper one */
            const size_t at = first + i < end ? first + i : places + 2 * end - first - i - 1;
            points[2 * n] = x_of(d, s->x[at]);
            points[2 * n++ + 1] = y_of(d, fmin(fmax(s->y[at], d->y.low), d->y.high));
        }
        if (end > first + 1) {
            d->canvas->tint(d->canvas, RG_INK_SERIES + s->color, points, n);
        }
    }
    rg_free(points);
    return RG_OK;
}

static rg_status draw_strokes(const struct drawing *d, const struct rg_series *s) {
    double *points = NULL;
    const bool rug = s->style == RG_STYLE_RUG;
    const struct rg_stroke stroke = {RG_INK_SERIES + s->color, rug ? 1.0 : 4.0, false};
    RG_TRY(rg_alloc(&points, 4 * s->n, sizeof *points, "a plot's marks"));
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (!isfinite(s->x[i]) || !isfinite(s->y[i]) || (rug && s->y[i] <= 0.0)) {
            continue;
        }
        double *const p = points + 4 * n++;
        const double x = x_of(d, s->x[i]);
        p[0] = rug ? x : x - 2.0;
        p[2] = rug ? x : x + 2.0;
        p[1] = rug ? d->area.y : y_of(d, s->y[i]);
        p[3] = rug ? p[1] + RUG * fmin(s->y[i], 1.0) : p[1];
    }
    if (n > 0) {
        d->canvas->segments(d->canvas, &stroke, points, n);
    }
    rg_free(points);
    return RG_OK;
}

/* ---- Heat map ---- */

/* Position of a signed value on the scale, -1 … 1. */
static double signed_place(double value, double decades) {
    const double place = fmax(0.0, 1.0 + log10(fabs(value)) / decades);
    return value == 0.0 ? 0.0 : copysign(fmin(place, 1.0), value);
}

static uint8_t level_of(const struct rg_heat *heat, double value) {
    if (isnan(value)) {
        return UINT8_MAX;
    }
    if (heat->is_signed) {
        const long half = RG_SIGNED_LEVELS / 2;
        return (uint8_t)(half + lround((double)half * signed_place(value, heat->decades)));
    }
    const double place = fmin(fmax(rg_axis_place(&heat->scale, value), 0.0), 1.0);
    return (uint8_t)fmin(place * RG_HEAT_LEVELS, RG_HEAT_LEVELS - 1);
}

static void settle_heat(struct rg_heat *heat) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < heat->rows * heat->columns; i++) {
        if (isfinite(heat->values[i])) {
            low = fmin(low, heat->values[i]);
            high = fmax(high, heat->values[i]);
        }
    }
    rg_axis_settle(&heat->scale, low, high);
}

/* Draw the colours beside the map, with their values. */
static void color_bar(const struct drawing *d, const struct rg_heat *heat, struct rg_cells *cells) {
    uint8_t levels[RG_SIGNED_LEVELS];
    struct rg_ticks ticks = {.n = 0};
    for (size_t i = 0; i < cells->n_levels; i++) {
        levels[i] = (uint8_t)(cells->n_levels - 1 - i);
    }
    cells->box = (struct rg_box){d->area.x + d->area.width + 12.0, d->area.y, BAR, d->area.height};
    cells->rows = cells->n_levels;
    cells->columns = 1;
    cells->levels = levels;
    d->canvas->cells(d->canvas, cells);
    if (!heat->is_signed) {
        rg_axis_ticks(&heat->scale, 6, &ticks);
    }
    static const int halves[] = {-2, -1, 0, 1, 2};
    for (size_t i = 0; i < (heat->is_signed ? 5 : ticks.n); i++) {
        const double place = heat->is_signed ? 0.5 + halves[i] / 4.0 : rg_axis_place(&heat->scale, ticks.at[i]);
        if (heat->is_signed) {
            const double size = pow(10.0, -heat->decades * (1.0 - abs(halves[i]) / 2.0));
            (void)snprintf(ticks.text[i], RG_TICK_TEXT, "%g", halves[i] ? copysign(size, halves[i]) : 0.0);
        }
        text(d, cells->box.x + BAR + 5.0, cells->box.y + cells->box.height * (1.0 - place) + 4.0, RG_ANCHOR_START,
             ticks.text[i]);
    }
}

static rg_status draw_heat(const struct drawing *d) {
    struct rg_heat heat = d->plot->heat;
    uint8_t *levels = NULL;
    RG_TRY(rg_alloc(&levels, heat.rows * heat.columns, sizeof *levels, "a heat map"));
    if (!heat.is_signed) {
        settle_heat(&heat);
    }
    for (size_t r = 0; r < heat.rows; r++) {
        for (size_t c = 0; c < heat.columns; c++) {
            levels[r * heat.columns + c] = level_of(&heat, heat.values[(heat.rows - 1 - r) * heat.columns + c]);
        }
    }
    struct rg_cells cells = {.box = d->area,
                             .rows = heat.rows,
                             .columns = heat.columns,
                             .levels = levels,
                             .ink = heat.is_signed ? RG_INK_SIGNED : RG_INK_HEAT,
                             .n_levels = heat.is_signed ? RG_SIGNED_LEVELS : RG_HEAT_LEVELS};
    d->canvas->cells(d->canvas, &cells);
    color_bar(d, &heat, &cells);
    rg_free(levels);
    return RG_OK;
}

static rg_status draw(struct drawing *d, const struct rg_box *box) {
    const struct rg_plot *const plot = d->plot;
    const struct rg_label title = {box->x, box->y + TITLE_SIZE, TITLE_SIZE, RG_ANCHOR_START, RG_INK_TEXT, true};
    const double below = 1.25 * TITLE_SIZE * (double)(wrapped(d, title, box->width, plot->title) - 1);
    const double first = title.y + below + 9.0 + TEXT_SIZE;
    const size_t lines = legend(d, box, first);
    const struct rg_label name = {box->x, first + LINE_HEIGHT * (double)lines, TEXT_SIZE, RG_ANCHOR_START, RG_INK_FAINT,
                                  false};
    char label[RG_PLOT_TEXT + 16];
    axis_text(&plot->y, label);
    const double more = 1.25 * TEXT_SIZE * (double)(wrapped(d, name, box->width, label) - 1);
    const double top = name.y + more; /* base line of the y axis's label */
    d->area = (struct rg_box){box->x + LEFT, top + 12.0, box->width - LEFT - (plot->heat.rows ? BAR_SPACE : RIGHT),
                              box->y + box->height - BOTTOM - top - 12.0};
    settle_axes(d);
    x_axis(d);
    y_axis(d);
    if (plot->heat.rows) {
        RG_TRY(draw_heat(d));
    }
    for (size_t i = 0; i < plot->n_series; i++) {
        const struct rg_series *const s = &plot->series[i];
        const bool across = s->style == RG_STYLE_LINE || s->style == RG_STYLE_DASHED;
        RG_TRY(s->style == RG_STYLE_BAND ? draw_band(d, s) : across ? draw_line(d, s) : draw_strokes(d, s));
    }
    return RG_OK;
}

void rg_plot_draw(const struct rg_plot *plot, struct rg_canvas *canvas, const struct rg_box *box) {
    struct drawing d = {.plot = plot, .canvas = canvas};
    const rg_status status = draw(&d, box);
    canvas->status = canvas->status == RG_OK ? status : canvas->status;
}
