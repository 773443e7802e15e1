/* A plot as data: axes, lines, marks, a heat map. It can be drawn on any canvas, in any box. */
#ifndef RG_REPORT_PLOT_H
#define RG_REPORT_PLOT_H

#include "cli/report/canvas.h"

enum { RG_PLOT_SERIES = 20, RG_PLOT_TEXT = 128 };

enum rg_scale {
    RG_LINEAR,
    RG_LOG10, /* values are log10 of the ticks, which may be below the range of a double */
    RG_LAGS   /* values 0, 1, 2 … at log(1 + value) */
};

enum { RG_MAX_TICKS = 12, RG_TICK_TEXT = 24 };

struct rg_ticks {
    size_t n;
    double at[RG_MAX_TICKS]; /* values of the axis */
    char text[RG_MAX_TICKS][RG_TICK_TEXT];
};

struct rg_axis {
    char label[RG_PLOT_TEXT]; /* includes the unit */
    enum rg_scale scale;
    double low, high;    /* NAN: from the data */
    bool whole;          /* its values are whole numbers, and so are the ticks */
    struct rg_ticks own; /* the ticks, where there are any; else round values */
};

enum rg_style {
    RG_STYLE_LINE,
    RG_STYLE_DASHED,
    RG_STYLE_DOTS,
    RG_STYLE_RUG, /* strokes at the top edge, of height y in 0 … 1 */
    RG_STYLE_BAND /* from the first half of its points, the lower edge, to the second, the upper one */
};

struct rg_series {
    char name[RG_PLOT_TEXT]; /* for the legend; "": not in the legend */
    enum rg_style style;
    int color;     /* 0 … RG_N_SERIES_INKS - 1 */
    double *x, *y; /* [n]; points that are not finite are left out and interrupt a line */
    size_t n;
};

/* Values over the whole plot area, in equal cells. */
struct rg_heat {
    size_t rows, columns;
    double *values;       /* [rows][columns], row 0 at the bottom; NAN: empty */
    struct rg_axis scale; /* scale of the values; unused if is_signed */
    bool is_signed;       /* blue below 0, orange above: from -1 to 1, logarithmic on both sides */
    double decades;       /* signed: values below 10^-decades count as 0 */
};

struct rg_plot {
    char title[RG_PLOT_TEXT];
    struct rg_axis x, y;
    struct rg_series series[RG_PLOT_SERIES];
    size_t n_series;
    struct rg_heat heat; /* rows 0: none */
    bool small;          /* one of many on a page */
    const char *figure;  /* its name for --figure; small plots of one kind share a name */
};

/* An axis whose range is determined by the data. */
struct rg_axis rg_axis_of(const char *label, enum rg_scale scale);
/* RG_LOG10 for positive values over a range of more than 20, else RG_LINEAR. */
enum rg_scale rg_scale_of(double low, double high);

/* *out = a new series whose x and y the caller fills; at most RG_PLOT_SERIES (more is a programming error).
 * RG_NO_MEMORY. */
rg_status rg_plot_add(struct rg_plot *plot, const char *name, enum rg_style style, int color, size_t n,
                      struct rg_series **out);

/* *out = a band of n places; x and y are [2 n]: the lower edge, then the upper one over the same x. */
rg_status rg_plot_add_band(struct rg_plot *plot, const char *name, int color, size_t n, struct rg_series **out);

/* A dashed line across the plot. */
rg_status rg_plot_add_level(struct rg_plot *plot, const char *name, int color, double y);

rg_status rg_plot_set_heat(struct rg_plot *plot, size_t rows, size_t columns);

/* Free its contents and make it empty. */
void rg_plot_clear(struct rg_plot *plot);

/* Is there nothing to draw? */
bool rg_plot_is_empty(const struct rg_plot *plot);

void rg_plot_draw(const struct rg_plot *plot, struct rg_canvas *canvas, const struct rg_box *box);

/* ---- Axes, for plot.c ---- */

/* Where on the axis a value is: 0 at `low`, 1 at `high`. */
double rg_axis_place(const struct rg_axis *axis, double value);

/* If the range comes from the data, widen it to round numbers. Afterwards low < high in any case. */
void rg_axis_settle(struct rg_axis *axis, double min, double max);

/* Add one of the axis' own ticks. Beyond RG_MAX_TICKS it has no effect. */
void rg_axis_add_tick(struct rg_axis *axis, double at, const char *text);

/* The axis' own ticks, else at most `wanted` (2 … RG_MAX_TICKS) round values within the range. */
void rg_axis_ticks(const struct rg_axis *axis, size_t wanted, struct rg_ticks *ticks);

#endif
