/* The plots of a run's history: see figures.h. */
#include "cli/report/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "gradient/profile.h"

enum { MAX_CURVES = 6, MAP_ROWS = 64, MAP_COLUMNS = 80, LAGS_LINEAR = 200 };

static const double SHARE_DECADES = 4.0;

static void begin(struct rg_plot *plot, const char *title, struct rg_axis x, struct rg_axis y) {
    (void)snprintf(plot->title, sizeof plot->title, "%s", title);
    plot->x = x;
    plot->y = y;
}

/* ---- Over updates ---- */

static struct rg_axis update_axis(const struct rg_history *h) {
    struct rg_axis axis = rg_axis_of("update", RG_LINEAR);
    axis.whole = true;
    axis.low = h->n_points ? (double)h->points[0].update : 0.0;
    axis.high = h->n_points ? (double)h->points[h->n_points - 1].update : 1.0;
    return axis;
}

static double scaled(enum rg_scale scale, double value) {
    return scale == RG_LOG10 ? log10(value) : value;
}

/* Add a level, unless it is none or the scale has no place for it. */
static rg_status add_baseline(struct rg_plot *plot, const char *what, int color, enum rg_scale scale, double baseline) {
    char name[RG_PLOT_TEXT];
    if (isnan(baseline) || (scale == RG_LOG10 && baseline <= 0.0)) {
        return RG_OK;
    }
    (void)snprintf(name, sizeof name, "%s %.4g", what, baseline);
    return rg_plot_add_level(plot, name, color, scaled(scale, baseline));
}

rg_status rg_figure_loss(const struct rg_history *h, double baseline, double scores, struct rg_plot *plot) {
    struct rg_series *loss = NULL, *validation = NULL;
    double min = INFINITY, max = -INFINITY;
    for (size_t i = 0; i < h->n_points; i++) {
        min = fmin(min, h->points[i].loss);
        max = fmax(max, h->points[i].loss);
    }
    if (!isfinite(min)) {
        return RG_OK;
    }
    const enum rg_scale scale = rg_scale_of(min, max);
    char name[RG_PLOT_TEXT];
    begin(plot, "Loss over updates", update_axis(h), rg_axis_of("loss", scale));
    (void)snprintf(name, sizeof name, h->point_updates > 1 ? "loss, mean of %llu updates" : "loss",
                   (unsigned long long)h->point_updates);
    RG_TRY(rg_plot_add(plot, name, RG_STYLE_LINE, 0, h->n_points, &loss));
    for (size_t i = 0; i < h->n_points; i++) {
        loss->x[i] = (double)h->points[i].update;
        loss->y[i] = scaled(scale, h->points[i].loss);
    }
    if (h->validation.n) {
        RG_TRY(rg_plot_add(plot, "validation", h->validation.n > 1 ? RG_STYLE_LINE : RG_STYLE_DOTS, 1, h->validation.n,
                           &validation));
        for (size_t i = 0; i < h->validation.n; i++) {
            validation->x[i] = (double)h->validations[i].update;
            validation->y[i] = scaled(scale, h->validations[i].loss);
        }
    }
    const bool several = h->validation.n > 0 && scores > 0.0;
    RG_TRY(add_baseline(plot, several ? "baseline of the training" : "baseline", 7, scale, baseline));
    return several ? add_baseline(plot, "baseline of the validation", 1, scale, scores) : RG_OK;
}

/* Add a rug: at each point, the share of its updates that were clipped or skipped. */
static rg_status add_rug(const struct rg_history *h, struct rg_plot *plot, bool skipped) {
    struct rg_series *rug = NULL;
    uint64_t sum = 0, all = 0;
    for (size_t i = 0; i < h->n_points; i++) {
        sum += skipped ? h->points[i].skipped : h->points[i].clipped;
        all += h->points[i].count;
    }
    if (sum == 0) {
        return RG_OK;
    }
    char name[RG_PLOT_TEXT];
    (void)snprintf(name, sizeof name, "%s: %.3g %% of updates", skipped ? "skipped" : "clipped",
                   100.0 * (double)sum / (double)all);
    RG_TRY(rg_plot_add(plot, name, RG_STYLE_RUG, skipped ? 3 : 1, h->n_points, &rug));
    for (size_t i = 0; i < h->n_points; i++) {
        const struct rg_history_point *const p = &h->points[i];
        rug->x[i] = (double)p->update;
        rug->y[i] = (double)(skipped ? p->skipped : p->clipped) / (double)p->count;
    }
    return RG_OK;
}

rg_status rg_figure_norm(const struct rg_history *h, double clip_norm, struct rg_plot *plot) {
    struct rg_series *norm = NULL;
    char name[RG_PLOT_TEXT];
    if (h->n_points == 0) {
        return RG_OK;
    }
    begin(plot, "Gradient norm over updates", update_axis(h), rg_axis_of("gradient norm before clipping", RG_LOG10));
    (void)snprintf(name, sizeof name, h->point_updates > 1 ? "norm, largest of %llu updates" : "norm",
                   (unsigned long long)h->point_updates);
    RG_TRY(rg_plot_add(plot, name, RG_STYLE_LINE, 0, h->n_points, &norm));
    for (size_t i = 0; i < h->n_points; i++) {
        norm->x[i] = (double)h->points[i].update;
        norm->y[i] = log10(h->points[i].grad_norm);
    }
    if (clip_norm > 0.0) {
        (void)snprintf(name, sizeof name, "clip norm %g", clip_norm);
        RG_TRY(rg_plot_add_level(plot, name, 7, log10(clip_norm)));
    }
    RG_TRY(add_rug(h, plot, false));
    return add_rug(h, plot, true);
}

rg_status rg_figure_accuracy(const struct rg_history *h, struct rg_plot *plot) {
    struct rg_series *accuracy = NULL;
    if (h->validation.n < 2 || isnan(h->validations[0].accuracy)) {
        return RG_OK;
    }
    begin(plot, "Accuracy on held-out data over updates", update_axis(h),
          rg_axis_of("share of right answers", RG_LINEAR));
    plot->y.low = 0.0;
    plot->y.high = 1.0;
    RG_TRY(rg_plot_add(plot, "validation", RG_STYLE_LINE, 1, h->validation.n, &accuracy));
    for (size_t i = 0; i < h->validation.n; i++) {
        accuracy->x[i] = (double)h->validations[i].update;
        accuracy->y[i] = h->validations[i].accuracy;
    }
    return RG_OK;
}

/* ---- By lag ---- */

/* Is it a whole weight_hh, not that of a gate? */
static bool is_recurrent(const struct rg_history_matrix *x) {
    const char *const name = strstr(x->name, "weight_hh");
    return name && !strchr(name, '.');
}

size_t rg_history_main_matrix(const struct rg_history *h) {
    size_t best = 0;
    bool found = false;
    for (size_t m = 0; m < h->n_matrices; m++) {
        const struct rg_history_matrix *const x = &h->matrices[m];
        if (is_recurrent(x) && x->direction == 0 && (!found || x->layer > h->matrices[best].layer)) {
            best = m;
            found = true;
        }
    }
    return best;
}

size_t rg_history_matrix_of(const struct rg_history *h, size_t layer, size_t direction) {
    for (size_t m = 0; m < h->n_matrices; m++) {
        const struct rg_history_matrix *const x = &h->matrices[m];
        if (is_recurrent(x) && x->layer == layer && x->direction == direction) {
            return m;
        }
    }
    return rg_history_main_matrix(h);
}

/* Choose up to MAX_CURVES whole matrices, those of the main matrix's layer and direction first; or the gates of that
 * layer. */
static size_t choose_matrices(const struct rg_history *h, bool gates, size_t chosen[MAX_CURVES]) {
    const struct rg_history_matrix *const main = &h->matrices[rg_history_main_matrix(h)];
    size_t n = 0;
    for (int near = 1; near >= (gates ? 1 : 0); near--) {
        for (size_t m = 0; m < h->n_matrices && n < MAX_CURVES; m++) {
            const struct rg_history_matrix *const x = &h->matrices[m];
            const bool is_gate = strstr(x->name, ".gate_") != NULL;
            if (is_gate == gates && (x->layer == main->layer && x->direction == main->direction) == (near == 1)) {
                chosen[n++] = m;
            }
        }
    }
    return n;
}

static const char *short_name(const struct rg_history_matrix *matrix) {
    return strncmp(matrix->name, "rnn.", 4) == 0 ? matrix->name + 4 : matrix->name;
}

static struct rg_axis lag_axis(const struct rg_history *h, bool logarithmic) {
    struct rg_axis axis = rg_axis_of("lag: steps back from the loss", logarithmic ? RG_LAGS : RG_LINEAR);
    axis.whole = true;
    axis.low = 0.0;
    axis.high = h->steps > 1 ? (double)(h->steps - 1) : 1.0;
    return axis;
}

void rg_history_fit_decay(const struct rg_history *h, size_t matrix, double *slope, double *start) {
    const float *const norm = rg_history_lags(h, h->sample.n - 1, matrix, RG_LAG_LOG10_NORM);
    double n = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
    for (size_t c = 0; c < h->n_columns; c++) {
        if (isfinite(norm[c])) {
            const double lag = (double)rg_lag_column(h->steps, c);
            n += 1.0;
            x += lag;
            y += (double)norm[c];
            xx += lag * lag;
            xy += lag * (double)norm[c];
        }
    }
    *slope = n < 3.0 ? NAN : (n * xy - x * y) / (n * xx - x * x);
    *start = (y - *slope * x) / n;
}

/* Add curves over lag from the newest sample. */
static rg_status add_curves(const struct rg_history *h, enum rg_lag_quantity quantity, bool summed, bool gates,
                            struct rg_plot *plot) {
    size_t chosen[MAX_CURVES];
    const size_t n = choose_matrices(h, gates, chosen);
    for (size_t i = 0; i < n; i++) {
        struct rg_series *s = NULL;
        const float *const values = rg_history_lags(h, h->sample.n - 1, chosen[i], quantity);
        RG_TRY(rg_plot_add(plot, short_name(&h->matrices[chosen[i]]), RG_STYLE_LINE, (int)i, h->n_columns, &s));
        double sum = 0.0;
        for (size_t c = 0; c < h->n_columns; c++) {
            sum += (double)values[c];
            s->x[c] = (double)rg_lag_column(h->steps, c);
            s->y[c] = summed ? sum : (double)values[c];
        }
    }
    return RG_OK;
}

rg_status rg_figure_norms(const struct rg_history *h, struct rg_plot *plot) {
    if (h->sample.n == 0) {
        return RG_OK;
    }
    double slope, start;
    struct rg_series *fit = NULL;
    begin(plot, "Norm of the gradient's terms by lag", lag_axis(h, false), rg_axis_of("norm of the term", RG_LOG10));
    RG_TRY(add_curves(h, RG_LAG_LOG10_NORM, false, false, plot));
    const size_t main = rg_history_main_matrix(h);
    rg_history_fit_decay(h, main, &slope, &start);
    if (!isfinite(slope)) {
        return RG_OK;
    }
    char name[RG_PLOT_TEXT];
    (void)snprintf(name, sizeof name, "times %.4g a lag: line through %.60s", pow(10.0, slope),
                   short_name(&h->matrices[main]));
    RG_TRY(rg_plot_add(plot, name, RG_STYLE_DASHED, 7, 2, &fit));
    fit->x[1] = (double)(h->steps - 1);
    fit->y[0] = start;
    fit->y[1] = start + slope * fit->x[1];
    return RG_OK;
}

rg_status rg_figure_gates(const struct rg_history *h, struct rg_plot *plot) {
    size_t chosen[MAX_CURVES];
    if (h->sample.n == 0 || choose_matrices(h, true, chosen) == 0) {
        return RG_OK;
    }
    begin(plot, "Norm of the terms of each gate by lag", lag_axis(h, false), rg_axis_of("norm of the term", RG_LOG10));
    return add_curves(h, RG_LAG_LOG10_NORM, false, true, plot);
}

rg_status rg_figure_shares(const struct rg_history *h, struct rg_plot *plot) {
    if (h->sample.n == 0) {
        return RG_OK;
    }
    char label[RG_PLOT_TEXT];
    (void)snprintf(label, sizeof label, "share of the gradient%s",
                   h->steps > h->n_columns ? ", in ranges of lags that grow" : "");
    begin(plot, "Share of the gradient by lag", lag_axis(h, h->steps > 30), rg_axis_of(label, RG_LINEAR));
    RG_TRY(add_curves(h, RG_LAG_SHARE, false, false, plot));
    return rg_plot_add_level(plot, "", 7, 0.0);
}

rg_status rg_figure_cumulative(const struct rg_history *h, struct rg_plot *plot) {
    if (h->sample.n == 0) {
        return RG_OK;
    }
    begin(plot, "Share of the gradient from the nearest lags", lag_axis(h, h->steps > 30),
          rg_axis_of("share of the gradient from this lag and nearer ones", RG_LINEAR));
    RG_TRY(add_curves(h, RG_LAG_SHARE, true, false, plot));
    return rg_plot_add_level(plot, "", 7, 1.0);
}

/* ---- Causes ---- */

static rg_status add_cause(const struct rg_history *h, enum rg_cause cause, const char *name, struct rg_plot *plot) {
    const struct rg_history_curve *const curve = &h->causes[cause];
    struct rg_series *s = NULL;
    bool any = false;
    for (size_t c = 0; curve->values && c < curve->n; c++) {
        any = any || isfinite(curve->values[c]);
    }
    if (!any) {
        return RG_OK;
    }
    RG_TRY(rg_plot_add(plot, name, RG_STYLE_LINE, (int)plot->n_series, curve->n, &s));
    for (size_t c = 0; c < curve->n; c++) {
        s->x[c] = (double)rg_lag_column(curve->lags, c);
        s->y[c] = (double)curve->values[c];
    }
    return RG_OK;
}

static struct rg_axis cause_axis(void) {
    struct rg_axis axis = rg_axis_of("lag: steps back from the loss", RG_LINEAR);
    axis.whole = true;
    return axis;
}

rg_status rg_figure_jacobian(const struct rg_history *h, struct rg_plot *plot) {
    begin(plot, "Singular values of Jacobian products by lag", cause_axis(),
          rg_axis_of("of d(state at the loss) / d(state at this lag)", RG_LOG10));
    RG_TRY(add_cause(h, RG_CAUSE_SIGMA_MAX, "largest", plot));
    RG_TRY(add_cause(h, RG_CAUSE_SIGMA_MIN, "smallest", plot));
    return rg_plot_is_empty(plot) ? RG_OK : rg_plot_add_level(plot, "", 7, 0.0);
}

rg_status rg_figure_activations(const struct rg_history *h, struct rg_plot *plot) {
    begin(plot, "Activations by lag", cause_axis(), rg_axis_of("share of units, or mean", RG_LINEAR));
    RG_TRY(add_cause(h, RG_CAUSE_SATURATED, "saturated units", plot));
    RG_TRY(add_cause(h, RG_CAUSE_SLOPE, "mean slope", plot));
    return add_cause(h, RG_CAUSE_FORGET, "mean forget gate", plot);
}

/* ---- Lag by update ---- */

/* The sample nearest to an update. */
static size_t nearest_sample(const struct rg_history *h, double update) {
    size_t best = 0;
    for (size_t s = 1; s < h->sample.n; s++) {
        if (fabs((double)h->samples[s].update - update) < fabs((double)h->samples[best].update - update)) {
            best = s;
        }
    }
    return best;
}

/* Largest norm, or sum of shares, in the columns first … end - 1 of a sample. */
static double gather(const float *values, size_t first, size_t end, bool share) {
    double result = share ? 0.0 : -INFINITY;
    for (size_t c = first; c < end; c++) {
        result = share ? result + (double)values[c] : fmax(result, (double)values[c]);
    }
    return result;
}

/* The column of the lag at position `place`, 0 … 1, of the axis. */
static size_t column_at(const struct rg_history *h, const struct rg_axis *axis, double place) {
    const double end = axis->high, lag = axis->scale == RG_LAGS ? expm1(place * log1p(end)) : place * end;
    size_t low = 0, high = h->n_columns; /* the lag is in columns low … high - 1, or after all columns */
    if (lag + 1e-9 >= (double)h->steps) {
        return h->n_columns;
    }
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        *((double)rg_lag_column(h->steps, middle) <= lag + 1e-9 ? &low : &high) = middle;
    }
    return low;
}

static rg_status fill_map(const struct rg_history *h, bool share, struct rg_plot *plot) {
    const size_t matrix = rg_history_main_matrix(h);
    const enum rg_lag_quantity quantity = share ? RG_LAG_SHARE : RG_LAG_LOG10_NORM;
    const size_t columns = rg_min(h->sample.n, MAP_COLUMNS);
    const size_t rows = rg_min(h->n_columns, MAP_ROWS);
    RG_TRY(rg_plot_set_heat(plot, rows, columns));
    const double first = plot->x.low, span = plot->x.high - plot->x.low;
    for (size_t c = 0; c < columns; c++) {
        const size_t sample = nearest_sample(h, first + span * ((double)c + 0.5) / (double)columns);
        const float *const values = rg_history_lags(h, sample, matrix, quantity);
        for (size_t r = 0; r < rows; r++) {
            const size_t from = column_at(h, &plot->y, (double)r / (double)rows);
            size_t to = column_at(h, &plot->y, (double)(r + 1) / (double)rows);
            to = to > from ? to : from + 1;
            plot->heat.values[r * columns + c] =
                from < h->n_columns ? gather(values, from, rg_min(to, h->n_columns), share) : NAN;
        }
    }
    return RG_OK;
}

static rg_status make_map(const struct rg_history *h, bool share, struct rg_plot *plot) {
    if (h->sample.n < 2) {
        return RG_OK;
    }
    char title[RG_PLOT_TEXT];
    (void)snprintf(title, sizeof title, "%s by lag and update, %.60s", share ? "Share of the gradient" : "Norm",
                   short_name(&h->matrices[rg_history_main_matrix(h)]));
    struct rg_axis x = rg_axis_of("update", RG_LINEAR), y = lag_axis(h, h->steps > LAGS_LINEAR);
    y.high = (double)h->steps; /* a cell is one lag high */
    x.whole = true;
    x.low = (double)h->samples[0].update;
    x.high = (double)h->samples[h->sample.n - 1].update;
    begin(plot, title, x, y);
    plot->heat.is_signed = share;
    plot->heat.decades = SHARE_DECADES;
    plot->heat.scale = rg_axis_of("", RG_LOG10);
    return fill_map(h, share, plot);
}

rg_status rg_figure_norm_map(const struct rg_history *h, struct rg_plot *plot) {
    return make_map(h, false, plot);
}

rg_status rg_figure_share_map(const struct rg_history *h, struct rg_plot *plot) {
    return make_map(h, true, plot);
}

/* ---- Depth by time ---- */

rg_status rg_figure_depth(const struct rg_lag_profiles *profiles, bool always, struct rg_plot *plot) {
    const size_t rows = profiles->layers * profiles->directions, lags = profiles->items[0].probe;
    const size_t columns = rg_min(lags, MAP_COLUMNS);
    struct rg_axis x = rg_axis_of("lag: steps back from the loss", RG_LINEAR), y = rg_axis_of("layer", RG_LINEAR);
    if (profiles->directions > 1) {
        y = rg_axis_of("layers upwards, each forward, then reverse", RG_LINEAR);
    }
    x.whole = y.whole = true;
    x.low = y.low = 0.0;
    x.high = (double)lags;
    y.high = (double)rows;
    for (size_t layer = 0; layer < profiles->layers && profiles->layers <= RG_MAX_TICKS; layer++) {
        char text[RG_TICK_TEXT];
        (void)snprintf(text, sizeof text, "%zu", layer);
        rg_axis_add_tick(&y, ((double)layer + 0.5) * (double)profiles->directions,
                         text); /* in the middle of its rows */
    }
    if (rows < 2 && !always) { /* it says no more than the norms by lag */
        return RG_OK;
    }
    begin(plot, "Norm of delta by depth and lag", x, y);
    plot->heat.scale = rg_axis_of("", RG_LOG10);
    RG_TRY(rg_plot_set_heat(plot, rows, columns));
    for (size_t i = 0; i < rows * columns; i++) {
        const struct rg_lag_profile *const p = &profiles->items[i / columns];
        const size_t column = i % columns, end = (column + 1) * lags / columns;
        double largest = -INFINITY;
        for (size_t lag = column * lags / columns; lag < end && lag < p->lags; lag++) {
            largest = fmax(largest, p->delta_log10[lag]);
        }
        plot->heat.values[i] = isfinite(largest) ? largest : NAN; /* a cell without a gradient stays empty */
    }
    return RG_OK;
}
