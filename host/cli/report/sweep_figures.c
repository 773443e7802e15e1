/* Plots and tables of a sweep: see sweep_figures.h. */
#include "cli/report/sweep_figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/fold_table.h"
#include "rnn_gpu/memory.h"

enum { NO_AXIS = 1000, MAX_HEADS = 32, NAME_BYTES = RG_PLOT_TEXT };

const char *const rg_sweep_member_names[] = {
    [RG_OVER_SEEDS] = "seeds", [RG_OVER_FOLDS] = "folds", [RG_OVER_BOTH] = "folds and seeds"};

/* ---- Groups ---- */

static size_t seeds_of(const struct rg_sweep_view *v) {
    return v->has_seeds ? v->axes[v->n_axes - 1].n : 1;
}

/* Number of axes that distinguish groups. */
static size_t axes_of(const struct rg_sweep_view *v) {
    return v->n_axes - (v->has_seeds ? 1 : 0);
}

static size_t groups_of(const struct rg_sweep_view *v) {
    size_t n = 1;
    for (size_t i = 0; i < axes_of(v); i++) {
        n *= v->axes[i].n;
    }
    return n;
}

/* Distance in groups between neighbours on an axis. */
static size_t stride_of(const struct rg_sweep_view *v, size_t axis) {
    size_t n = 1;
    for (size_t i = axis + 1; i < axes_of(v); i++) {
        n *= v->axes[i].n;
    }
    return n;
}

static const char *value_of(const struct rg_sweep_view *v, size_t group, size_t axis) {
    return v->axes[axis].values[group / stride_of(v, axis) % v->axes[axis].n];
}

static bool is_number(const char *text) {
    char *end = NULL;
    const double value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(value);
}

/* The axis for x. NO_AXIS: no option has several numbers. */
static size_t choose_axis(const struct rg_sweep_view *v) {
    size_t best = NO_AXIS;
    for (size_t i = 0; i < axes_of(v); i++) {
        bool numbers = v->axes[i].n > 1;
        for (size_t k = 0; k < v->axes[i].n; k++) {
            numbers = numbers && is_number(v->axes[i].values[k]);
        }
        if (numbers && strcmp(v->axes[i].name, "steps") == 0) {
            return i;
        }
        best = numbers && (best == NO_AXIS || v->axes[i].n > v->axes[best].n) ? i : best;
    }
    return best;
}

/* The name of a group without axis `left_out`: "lstm, lr 0.01". */
static void name_group(const struct rg_sweep_view *v, size_t group, size_t left_out, char name[NAME_BYTES]) {
    name[0] = '\0';
    for (size_t i = 0; i < axes_of(v); i++) {
        const size_t length = strlen(name);
        const char *const value = value_of(v, group, i);
        if (i != left_out && v->axes[i].n > 1) {
            const bool alone = !is_number(value);
            (void)snprintf(name + length, NAME_BYTES - length, "%s%s%s%s", length ? ", " : "",
                           alone ? "" : v->axes[i].name, alone ? "" : " ", value);
        }
    }
    if (!name[0]) {
        (void)snprintf(name, NAME_BYTES, "%s", "all runs");
    }
}

static const struct rg_summary *const *runs_of(const struct rg_sweep_view *v, size_t group) {
    return v->runs + group * seeds_of(v);
}

/* Any finished run, for values that all runs share; NULL: there is none. */
static const struct rg_summary *any_run(const struct rg_sweep_view *v) {
    for (size_t i = 0; i < groups_of(v) * seeds_of(v); i++) {
        if (v->runs[i]) {
            return v->runs[i];
        }
    }
    return NULL;
}

/* Are the runs ranked by the loss of validation data? */
static bool is_held_out(const struct rg_sweep_view *v) {
    const struct rg_summary *const any = any_run(v);
    return any && any->held_out > 0;
}

/* ---- Along an option ---- */

/* The groups that differ only in axis `x`, and the axes that all plots share. */
struct line {
    const struct rg_sweep_view *view;
    size_t x;
    struct rg_axis x_axis, y_axis;
    double baseline; /* NAN: none, or different between runs */
};

static double x_value(const struct line *l, size_t k) {
    const double value = strtod(l->view->axes[l->x].values[k], NULL);
    return l->x_axis.scale == RG_LOG10 ? log10(value) : value;
}

static double y_value(const struct line *l, double loss) {
    return l->y_axis.scale == RG_LOG10 ? log10(loss) : loss;
}

/* The values that were swept are the ticks, where they are few and their texts have room. */
static void set_ticks(const struct rg_sweep_axis *axis, double min, double max, struct rg_axis *x) {
    enum { MAX_TICKS = 8, MAX_LETTERS = 7 };
    const double closest = 0.09; /* of the axis' length */
    struct rg_ticks ticks = {.n = 0};
    bool fits = axis->n <= MAX_TICKS && max > min;
    for (size_t k = 0; fits && k < axis->n; k++) {
        const double value = strtod(axis->values[k], NULL);
        const double at = x->scale == RG_LOG10 ? log10(value) : value;
        fits = strlen(axis->values[k]) <= MAX_LETTERS;
        for (size_t i = 0; i < k; i++) {
            const double length = x->scale == RG_LOG10 ? log10(max / min) : max - min;
            fits = fits && fabs(at - ticks.at[i]) >= closest * length;
        }
        ticks.at[ticks.n] = at;
        (void)snprintf(ticks.text[ticks.n++], RG_TICK_TEXT, "%.23s", axis->values[k]);
    }
    x->own = fits ? ticks : (struct rg_ticks){.n = 0};
}

/* Both ranges, over all runs; losses beyond ten baselines are cut off, for one that explodes must not flatten the
 * others. */
static void set_axes(struct line *l) {
    const struct rg_sweep_view *const v = l->view;
    double min = INFINITY, max = -INFINITY, low = INFINITY, high = -INFINITY;
    for (size_t k = 0; k < v->axes[l->x].n; k++) {
        const double value = strtod(v->axes[l->x].values[k], NULL);
        min = fmin(min, value);
        max = fmax(max, value);
    }
    for (size_t i = 0; i < groups_of(v) * seeds_of(v); i++) {
        const struct rg_summary *const s = v->runs[i];
        const double loss = !s ? (double)NAN : s->held_out > 0 ? rg_summary_ranked(s) : s->loss;
        if (s && isfinite(loss)) {
            low = fmin(low, loss);
            high = fmax(high, isfinite(rg_summary_baseline(s)) ? fmin(loss, 10.0 * rg_summary_baseline(s)) : loss);
        }
        l->baseline = s && !(fabs(rg_summary_baseline(s) - l->baseline) <= 1e-9 * l->baseline) ? NAN : l->baseline;
    }
    low = fmin(low, l->baseline);
    high = fmax(high, l->baseline);
    l->x_axis = rg_axis_of(v->axes[l->x].name, min > 0.0 && max >= 8.0 * min ? RG_LOG10 : RG_LINEAR);
    set_ticks(&v->axes[l->x], min, max, &l->x_axis);
    l->y_axis = rg_axis_of(is_held_out(v) ? "best held-out loss" : "loss", rg_scale_of(low, high));
    if (isfinite(low) && isfinite(high)) {
        l->y_axis.low = l->y_axis.scale == RG_LOG10 ? log10(low) : fmin(0.0, low);
        l->y_axis.high = y_value(l, high);
    }
}

static void begin(const struct line *l, struct rg_plot *plot, const char *title) {
    (void)snprintf(plot->title, sizeof plot->title, "%.120s", title);
    plot->x = l->x_axis;
    plot->y = l->y_axis;
}

/* How a line is drawn, and its name in the legend. */
struct pen {
    const char *name;
    enum rg_style style;
    int color;
};

/* Median, or share of the runs that learned, of the groups along the option, from group `first` on. */
static rg_status add_line(const struct line *l, size_t first, bool learned, struct pen pen, struct rg_plot *plot) {
    const size_t stride = stride_of(l->view, l->x), n = l->view->axes[l->x].n;
    struct rg_series *series = NULL;
    RG_TRY(rg_plot_add(plot, pen.name, pen.style, pen.color, n, &series));
    for (size_t k = 0; k < n; k++) {
        struct rg_spread s;
        RG_TRY(rg_spread_of(runs_of(l->view, first + k * stride), seeds_of(l->view), &s));
        series->x[k] = x_value(l, k);
        series->y[k] = !learned ? y_value(l, s.median)
                       : s.runs ? 100.0 * (double)s.learned / (double)s.runs
                                : (double)NAN;
    }
    return RG_OK;
}

/* From the lower to the upper quartile of the seeds. */
static rg_status add_quartiles(const struct line *l, size_t first, const char *name, int color, struct rg_plot *plot) {
    const size_t stride = stride_of(l->view, l->x), n = l->view->axes[l->x].n;
    struct rg_series *band = NULL;
    RG_TRY(rg_plot_add_band(plot, name, color, n, &band));
    for (size_t k = 0; k < n; k++) {
        struct rg_spread s;
        RG_TRY(rg_spread_of(runs_of(l->view, first + k * stride), seeds_of(l->view), &s));
        band->x[k] = band->x[n + k] = x_value(l, k);
        band->y[k] = y_value(l, s.q1);
        band->y[n + k] = y_value(l, s.q3);
    }
    return RG_OK;
}

static rg_status add_runs(const struct line *l, size_t first, struct rg_plot *plot) {
    const size_t stride = stride_of(l->view, l->x), n = l->view->axes[l->x].n, seeds = seeds_of(l->view);
    struct rg_series *series = NULL;
    RG_TRY(rg_plot_add(plot, "single runs", RG_STYLE_DOTS, 1, n * seeds, &series));
    for (size_t i = 0; i < n * seeds; i++) {
        const struct rg_summary *const run = runs_of(l->view, first + i / seeds * stride)[i % seeds];
        series->x[i] = x_value(l, i / seeds);
        series->y[i] = run ? y_value(l, rg_summary_ranked(run)) : (double)NAN;
    }
    return RG_OK;
}

/* A small plot: quartiles and single runs of the groups from `first` on. */
static rg_status small_plot(const struct line *l, size_t first, struct rg_plot *plot) {
    char name[NAME_BYTES];
    name_group(l->view, first, l->x, name);
    begin(l, plot, name);
    plot->small = true;
    if (seeds_of(l->view) > 1) {
        RG_TRY(add_quartiles(l, first, "quartiles", 0, plot));
    }
    const struct pen pen = {seeds_of(l->view) > 1 ? "median" : "loss", RG_STYLE_LINE, 0};
    RG_TRY(add_line(l, first, false, pen, plot));
    if (seeds_of(l->view) > 1) {
        RG_TRY(add_runs(l, first, plot));
    }
    return isnan(l->baseline) ? RG_OK : rg_plot_add_level(plot, "baseline", 7, y_value(l, l->baseline));
}

/* One large plot of all lines, as many as have colours, above the quartiles of all. */
static rg_status large_plot(const struct line *l, bool learned, const char *title, struct rg_plot *plot) {
    const struct rg_sweep_view *const v = l->view;
    const bool bands = !learned && seeds_of(v) > 1;
    begin(l, plot, title);
    if (learned) {
        plot->y = rg_axis_of("", RG_LINEAR);
        (void)snprintf(plot->y.label, sizeof plot->y.label, "%s that learned, in %%",
                       rg_sweep_member_names[v->members]);
        plot->y.low = 0.0;
        plot->y.high = 100.0;
    } else if (bands) {
        (void)snprintf(plot->y.label, sizeof plot->y.label, "%s: median, and quartiles as a band",
                       is_held_out(v) ? "best held-out loss" : "loss");
    }
    for (int lines = bands ? 0 : 1; lines < 2; lines++) {
        int color = 0;
        for (size_t g = 0; g < groups_of(v) && color < RG_N_SERIES_INKS; g++) {
            char name[NAME_BYTES];
            if (g / stride_of(v, l->x) % v->axes[l->x].n == 0) {
                name_group(v, g, l->x, name);
                const struct pen pen = {name, color % 2 ? RG_STYLE_DASHED : RG_STYLE_LINE, color};
                RG_TRY(lines ? add_line(l, g, learned, pen, plot) : add_quartiles(l, g, "", color, plot));
                color++;
            }
        }
    }
    return learned || isnan(l->baseline) ? RG_OK : rg_plot_add_level(plot, "baseline", 7, y_value(l, l->baseline));
}

/* The lines along an option. Returns false if no option has several numbers, or no run is done. */
static bool begin_lines(const struct rg_sweep_view *v, struct line *l) {
    const struct rg_summary *const any = any_run(v);
    *l = (struct line){.view = v, .x = choose_axis(v), .baseline = any ? rg_summary_baseline(any) : (double)NAN};
    if (!any || l->x == NO_AXIS) {
        return false;
    }
    set_axes(l);
    return true;
}

rg_status rg_sweep_plot_loss(const struct rg_sweep_view *v, struct rg_plot *plot) {
    struct line l;
    char title[NAME_BYTES];
    const bool held_out = is_held_out(v);
    if (!begin_lines(v, &l)) {
        return RG_OK;
    }
    (void)snprintf(title, sizeof title, "%s%s%s by %s",
                   v->has_seeds && held_out ? "Median best held-out loss"
                   : v->has_seeds           ? "Median loss"
                   : held_out               ? "Best held-out loss"
                                            : "Loss",
                   v->has_seeds ? " over the " : "", v->has_seeds ? rg_sweep_member_names[v->members] : "",
                   v->axes[l.x].name);
    return large_plot(&l, false, title, plot);
}

rg_status rg_sweep_plot_learned(const struct rg_sweep_view *v, struct rg_plot *plot) {
    struct line l;
    char title[NAME_BYTES];
    if (!begin_lines(v, &l) || !v->has_seeds) {
        return RG_OK;
    }
    (void)snprintf(title, sizeof title, "Learned by %s", v->axes[l.x].name);
    return large_plot(&l, true, title, plot);
}

rg_status rg_sweep_plot_quartiles(const struct rg_sweep_view *v, struct rg_plot *plots) {
    struct line l;
    size_t n = 0;
    if (!begin_lines(v, &l)) {
        return RG_OK;
    }
    for (size_t g = 0; g < groups_of(v) && n < RG_SCAN_SMALL; g++) {
        if (g / stride_of(v, l.x) % v->axes[l.x].n == 0) {
            RG_TRY(small_plot(&l, g, &plots[n++]));
        }
    }
    return RG_OK;
}

/* ---- Over the updates ---- */

/* Add the quartiles over the seeds of the mean loss in each part of the updates. */
static rg_status add_parts(const struct rg_sweep_view *v, size_t group, bool logarithmic, struct rg_plot *plot) {
    const struct rg_summary *const *runs = runs_of(v, group);
    const struct rg_summary *first = NULL;
    struct rg_series *median = NULL, *band = NULL;
    double *losses = NULL;
    for (size_t i = seeds_of(v); i-- > 0;) {
        first = runs[i] ? runs[i] : first;
    }
    if (!first || first->n_parts == 0) {
        return RG_OK;
    }
    RG_TRY(v->has_seeds ? rg_plot_add_band(plot, "quartiles", 0, first->n_parts, &band) : RG_OK);
    RG_TRY(rg_plot_add(plot, v->has_seeds ? "median" : "loss", RG_STYLE_LINE, 0, first->n_parts, &median));
    RG_TRY(rg_alloc(&losses, seeds_of(v), sizeof *losses, "losses"));
    for (size_t p = 0; p < first->n_parts; p++) {
        struct rg_spread s;
        double x = 0.0;
        size_t n = 0;
        for (size_t i = 0; i < seeds_of(v); i++) {
            if (runs[i] && p < runs[i]->n_parts) {
                const double loss = rg_summary_part(runs[i], p);
                losses[n++] = isnan(loss) ? INFINITY : loss;
                x = fmax(x, (double)rg_summary_part_end(runs[i], p)); /* a run may have ended before the others */
            }
        }
        rg_spread_quartiles(losses, n, &s);
        median->x[p] = x;
        median->y[p] = logarithmic ? log10(s.median) : s.median;
        if (band) {
            band->x[p] = band->x[first->n_parts + p] = x;
            band->y[p] = logarithmic ? log10(s.q1) : s.q1;
            band->y[first->n_parts + p] = logarithmic ? log10(s.q3) : s.q3;
        }
    }
    rg_free(losses);
    return RG_OK;
}

rg_status rg_sweep_plot_updates(const struct rg_sweep_view *v, struct rg_plot *plots) {
    const struct rg_summary *const any = any_run(v);
    const double baseline = any ? any->baseline : (double)NAN;
    if (!any || groups_of(v) > RG_SCAN_SMALL) {
        return RG_OK;
    }
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < groups_of(v) * seeds_of(v); i++) {
        for (size_t p = 0; v->runs[i] && p < v->runs[i]->n_parts; p++) {
            const double loss = rg_summary_part(v->runs[i], p);
            low = fmin(low, loss);
            high = fmax(high, isnan(baseline) ? loss : fmin(loss, 10.0 * baseline));
        }
    }
    const bool logarithmic = rg_scale_of(low, high) == RG_LOG10;
    for (size_t g = 0; g < groups_of(v); g++) {
        struct rg_plot *const plot = &plots[g];
        name_group(v, g, NO_AXIS, plot->title);
        plot->small = true;
        plot->x = rg_axis_of("update", RG_LINEAR);
        plot->x.whole = true;
        plot->x.low = 0.0;
        plot->y = rg_axis_of("loss", logarithmic ? RG_LOG10 : RG_LINEAR);
        if (isfinite(low) && isfinite(high)) {
            plot->y.low = logarithmic ? log10(low) : fmin(0.0, low);
            plot->y.high = logarithmic ? log10(high) : high;
        }
        RG_TRY(add_parts(v, g, logarithmic, plot));
    }
    return RG_OK;
}

rg_status rg_sweep_figure_check(const struct rg_sweep_view *v, const char *figure) {
    if (figure && strcmp(figure, "updates") == 0) {
        return groups_of(v) <= RG_SCAN_SMALL
                   ? RG_OK
                   : rg_fail(RG_USAGE, "--figure updates has room for %d combinations of options, and these are %zu",
                             RG_SCAN_SMALL, groups_of(v));
    }
    if (figure && choose_axis(v) == NO_AXIS) {
        return rg_fail(RG_USAGE, "--figure %s is drawn along an option with several numbers, such as --steps 10,20",
                       figure);
    }
    if (figure && strcmp(figure, "learned") == 0 && !v->has_seeds) {
        return rg_fail(RG_USAGE, "--figure learned counts seeds; give several, such as --seed 1-5");
    }
    return RG_OK;
}

/* ---- Tables ---- */

/* Write the names of the axes with several values into `heads`. Returns their number. */
static size_t list_axes(const struct rg_sweep_view *v, size_t n_axes, const char *heads[MAX_HEADS]) {
    size_t n = 0;
    for (size_t i = 0; i < n_axes && n < MAX_HEADS; i++) {
        if (v->axes[i].n > 1) {
            heads[n++] = v->axes[i].name;
        }
    }
    return n;
}

/* Write the values of those axes into the first cells of a row. Returns their number. */
static size_t set_values(const struct rg_sweep_view *v, size_t n_axes, size_t group, struct rg_own_table *t,
                         size_t row) {
    size_t n = 0;
    for (size_t i = 0; i < n_axes && n < MAX_HEADS; i++) {
        if (v->axes[i].n > 1) {
            rg_table_set(t, row, n++, "%s", value_of(v, group, i));
        }
    }
    return n;
}

/* Write mean factor per step and horizon over the measured runs; "diverged" if all diverged. */
static void set_gradient(const struct rg_sweep_view *v, size_t group, struct rg_own_table *t, size_t row,
                         size_t column) {
    double n = 0.0, factor = 0.0, horizon = 0.0;
    for (size_t i = 0; i < seeds_of(v); i++) {
        const struct rg_summary *const s = runs_of(v, group)[i];
        if (s && s->measured) {
            n += 1.0;
            factor += s->factor;
            horizon += (double)s->horizon;
        }
    }
    rg_table_number(t, row, column, 4, n > 0.0 ? factor / n : (double)NAN);
    rg_table_number(t, row, column + 1, 3, n > 0.0 ? horizon / n : (double)NAN);
}

rg_status rg_sweep_table(const struct rg_sweep_view *v, struct rg_own_table *table) {
    static const char *const more[] = {"runs",    "lower quartile",     "median loss", "upper quartile",
                                       "learned", "factor a step back", "horizon"};
    enum { MEDIAN = 2 };
    static const char *const titles[] = {[RG_OVER_SEEDS] = "Over the seeds",
                                         [RG_OVER_FOLDS] = "Over the folds",
                                         [RG_OVER_BOTH] = "Over the folds and seeds"};
    enum { N_MORE = sizeof more / sizeof *more };
    const char *heads[MAX_HEADS + N_MORE];
    const size_t n = list_axes(v, axes_of(v), heads);
    memcpy(heads + n, more, sizeof more);
    heads[n + MEDIAN] = is_held_out(v) ? "median held-out loss" : heads[n + MEDIAN];
    RG_TRY(rg_table_create(table, v->has_seeds ? titles[v->members] : "All runs", heads, n + N_MORE, groups_of(v)));
    size_t row = 0;
    for (size_t g = 0; g < groups_of(v); g++) {
        struct rg_spread s;
        RG_TRY(rg_spread_of(runs_of(v, g), seeds_of(v), &s));
        if (s.runs == 0) {
            continue;
        }
        (void)set_values(v, axes_of(v), g, table, row);
        rg_table_set(table, row, n, "%zu", s.runs);
        rg_table_number(table, row, n + 1, 3, s.q1);
        rg_table_number(table, row, n + 2, 3, s.median);
        rg_table_number(table, row, n + 3, 3, s.q3);
        rg_table_set(table, row, n + 4, "%zu of %zu", s.learned, s.runs);
        set_gradient(v, g, table, row, n + 5);
        row++;
    }
    table->table.n_rows = row;
    return RG_OK;
}

/* The first group with a run that is done; there is one. */
static const struct rg_fold_group *first_scored(const struct rg_fold_group *groups, size_t n) {
    size_t i = 0;
    while (i + 1 < n && groups[i].scores.runs == 0) {
        i++;
    }
    return &groups[i];
}

rg_status rg_sweep_held_out(const struct rg_sweep_view *v, enum rg_held_out which, struct rg_own_table *table) {
    const size_t n_groups = groups_of(v);
    const char *heads[MAX_HEADS + RG_FOLD_COLUMNS];
    const size_t n = list_axes(v, axes_of(v), heads);
    struct rg_fold_group *groups = NULL;
    size_t row = 0;
    RG_TRY(rg_alloc(&groups, n_groups, sizeof *groups, "groups of a sweep"));
    for (size_t g = 0; g < n_groups; g++) {
        groups[g] = (struct rg_fold_group){.runs = runs_of(v, g), .of = seeds_of(v), .which = which};
    }
    rg_fold_score(groups, n_groups);
    const size_t n_heads = n + rg_fold_heads(first_scored(groups, n_groups), heads + n);
    const rg_status status = rg_table_create(table, rg_fold_page_titles[which], heads, n_heads, n_groups);
    for (size_t g = 0; g < n_groups && status == RG_OK; g++) {
        if (groups[g].scores.runs > 0) {
            (void)set_values(v, axes_of(v), g, table, row);
            rg_fold_set(table, row++, n, &groups[g]);
        }
    }
    table->table.n_rows = row;
    rg_free(groups);
    return status;
}

rg_status rg_sweep_held_out_runs(const struct rg_sweep_view *v, struct rg_own_table *table) {
    const size_t runs = groups_of(v) * seeds_of(v);
    const char *heads[MAX_HEADS + RG_FOLD_RUN_COLUMNS];
    const size_t n = list_axes(v, axes_of(v), heads);
    size_t row = 0;
    if (runs > RG_HELD_OUT_RUNS || seeds_of(v) == 1) {
        return RG_OK;
    }
    rg_fold_run_heads(any_run(v) && !isnan(any_run(v)->val_accuracy), heads + n);
    RG_TRY(rg_table_create(table, "What was held out, run by run", heads, n + RG_FOLD_RUN_COLUMNS, runs));
    for (size_t i = 0; i < runs; i++) {
        if (v->runs[i]) {
            (void)set_values(v, axes_of(v), i / seeds_of(v), table, row);
            rg_fold_set_run(table, row++, n, v->runs[i]);
        }
    }
    table->table.n_rows = row;
    return RG_OK;
}

rg_status rg_reach_of(const struct rg_summary *const *runs, char *const *steps, size_t n_steps, size_t n_seeds,
                      struct rg_reach *reach) {
    double max = 0.0;
    *reach = (struct rg_reach){.of = n_steps * n_seeds};
    for (size_t k = 0; k < n_steps; k++) {
        struct rg_spread s;
        RG_TRY(rg_spread_of(runs + k * n_seeds, n_seeds, &s));
        const double value = strtod(steps[k], NULL);
        reach->runs += s.runs;
        if (2 * s.learned >= n_seeds && value > max) { /* true whatever the seeds that did not run would give */
            max = value;
            reach->largest = steps[k];
        }
    }
    return RG_OK;
}

void rg_reach_text(const struct rg_reach *reach, char text[RG_REACH_BYTES]) {
    if (reach->runs == reach->of) {
        (void)snprintf(text, RG_REACH_BYTES, "%s", reach->largest ? reach->largest : "none");
    } else {
        (void)snprintf(text, RG_REACH_BYTES, "%s%s (%zu of %zu runs)", reach->largest ? "at least " : "not known",
                       reach->largest ? reach->largest : "", reach->runs, reach->of);
    }
}

rg_status rg_sweep_reach(const struct rg_sweep_view *v, struct rg_own_table *table) {
    static const char *const titles[] = {[RG_OVER_SEEDS] = "What half of the seeds learned",
                                         [RG_OVER_FOLDS] = "What half of the folds learned",
                                         [RG_OVER_BOTH] = "What half of the folds and seeds learned"};
    const char *heads[MAX_HEADS + 1];
    const size_t steps = axes_of(v) > 0 ? axes_of(v) - 1 : 0; /* the last axis except for the seeds */
    if (axes_of(v) == 0 || v->axes[steps].n < 2 || strcmp(v->axes[steps].name, "steps") != 0) {
        return RG_OK;
    }
    const size_t n = list_axes(v, steps, heads), each = v->axes[steps].n, rows = groups_of(v) / each;
    heads[n] = "largest --steps learned";
    RG_TRY(rg_table_create(table, titles[v->members], heads, n + 1, rows));
    for (size_t row = 0; row < rows; row++) {
        struct rg_reach reach;
        char text[RG_REACH_BYTES];
        RG_TRY(rg_reach_of(runs_of(v, row * each), v->axes[steps].values, each, seeds_of(v), &reach));
        rg_reach_text(&reach, text);
        (void)set_values(v, steps, row * each, table, row);
        rg_table_set(table, row, n, "%s", text);
    }
    return RG_OK;
}
