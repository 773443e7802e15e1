/* Reporting the gradients of losses at several steps: see probe_text.h. */
#include "cli/report/probe_text.h"

#include <math.h>
#include <stdio.h>

#include "base/sizes.h"
#include "cli/report/explain.h"
#include "files/json_lines.h"
#include "gradient/statistics.h"

enum { SHOWN = 16, MAP_ROWS = 64, MAP_COLUMNS = 80, MAX_LABELS = 8 };

/* The norms [T] of a probe in the last layer. */
static const double *row_of(const struct rg_probe_map *map, size_t probe) {
    return map->log10_norm + ((map->layers - 1) * map->directions * map->probes.n + probe) * map->steps;
}

/* ln of the factor per step back, by least squares over the steps up to `step`. */
static double decay_of(const double *row, size_t step) {
    return -rg_slope_of(row, step, 1);
}

void rg_probe_text_print(const struct rg_probe_map *map) {
    const size_t n = map->probes.n, shown = rg_min(n, SHOWN);
    char a[32], b[32], factor[32];
    if (n == 0) {
        return;
    }
    (void)printf("where each loss sends its gradient, over %zu sequence%s (norms of delta%s):\n", map->rows,
                 map->rows == 1 ? "" : "s", map->layers > 1 ? ", last layer" : "");
    (void)printf("%13s %12s %12s %13s\n", "loss of step", "at its step", "at step 1", "a step back");
    for (size_t i = 0; i < shown; i++) {
        const size_t probe = shown < 2 ? 0 : i * (n - 1) / (shown - 1), step = map->probes.steps[probe];
        const double *const row = row_of(map, probe), decay = decay_of(row, step);
        (void)snprintf(factor, sizeof factor, isfinite(decay) ? "times %.4g" : "-", exp(decay));
        (void)printf("%13zu %12s %12s %13s\n", step, rg_explain_digits(row[step - 1], 3, a),
                     rg_explain_digits(row[0], 3, b), factor);
    }
    if (shown < n) {
        (void)printf("%13s %zu of %zu losses are shown\n", "", shown, n);
    }
}

json_t *rg_probe_text_json(const struct rg_probe_map *map) {
    const size_t n = map->probes.n;
    json_t *steps = json_array(), *layers = json_array();
    if (n == 0) {
        json_decref(steps);
        json_decref(layers);
        return json_null();
    }
    for (size_t i = 0; i < n; i++) {
        rg_json_append(&steps, json_integer((json_int_t)map->probes.steps[i]));
    }
    for (size_t place = 0; place < map->layers * map->directions; place++) {
        json_t *rows = json_array();
        for (size_t i = 0; i < n; i++) {
            json_t *row = json_array();
            for (size_t t = 0; t < map->steps; t++) {
                rg_json_append(&row, rg_json_real(map->log10_norm[(place * n + i) * map->steps + t]));
            }
            rg_json_append(&rows, row);
        }
        rg_json_append(&layers,
                       rg_json_pack("{s:I, s:s, s:o}", "layer", (json_int_t)(place / map->directions), "direction",
                                    place % map->directions ? "reverse" : "forward", "log10_norm", rows));
    }
    return rg_json_pack("{s:o, s:I, s:o}", "steps", steps, "sequences", (json_int_t)map->rows, "layers", layers);
}

/* The ticks of the rows [rows], in the middle of each: the steps of up to MAX_LABELS of them. */
static void label_rows(const struct rg_probe_map *map, size_t rows, struct rg_axis *y) {
    const size_t n = map->probes.n, shown = rg_min(rows, MAX_LABELS);
    for (size_t i = 0; i < shown; i++) {
        const size_t row = shown < 2 ? 0 : i * (rows - 1) / (shown - 1);
        char text[RG_TICK_TEXT];
        (void)snprintf(text, sizeof text, "%zu", map->probes.steps[row * n / rows]);
        rg_axis_add_tick(y, (double)row + 0.5, text);
    }
}

rg_status rg_figure_probes(const struct rg_probe_map *map, struct rg_plot *plot) {
    const size_t n = map->probes.n, columns = rg_min(map->steps, MAP_COLUMNS);
    if (n == 0) {
        return RG_OK;
    }
    const size_t rows = rg_min(n, MAP_ROWS); /* a row for each step that was measured, or for the first of several */
    (void)snprintf(plot->title, sizeof plot->title, "Where each loss sends its gradient: norm of delta");
    plot->x = rg_axis_of("step of the state", RG_LINEAR);
    plot->y = rg_axis_of("step of the loss, a row each", RG_LINEAR);
    plot->x.whole = plot->y.whole = true;
    plot->x.low = 1.0;
    plot->x.high = (double)(map->steps + 1); /* a cell is one step wide */
    plot->y.low = 0.0;
    plot->y.high = (double)rows;
    label_rows(map, rows, &plot->y);
    plot->heat.scale = rg_axis_of("", RG_LOG10);
    RG_TRY(rg_plot_set_heat(plot, rows, columns));
    for (size_t i = 0; i < rows * columns; i++) {
        const size_t r = i / columns, c = i % columns;
        const double *const row = row_of(map, r * n / rows);
        double largest = -INFINITY;
        for (size_t t = c * map->steps / columns; t < (c + 1) * map->steps / columns; t++) {
            largest = fmax(largest, row[t]);
        }
        plot->heat.values[i] = isfinite(largest) ? largest : NAN; /* a cell without a gradient stays empty */
    }
    return RG_OK;
}
