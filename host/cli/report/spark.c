/* A run in a few lines of text: see spark.h. */
#include "cli/report/spark.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/report/explain.h"
#include "cli/report/figures.h"

enum { LEVELS = 8, SHADES = 4, SPIKE = 10 /* times the first and the last loss */ };

/* The value of a column: mean or largest of its finite values; NAN if there are none. */
static double column_value(const struct rg_spark *s, size_t column) {
    const size_t first = column * s->n / s->columns;
    size_t end = (column + 1) * s->n / s->columns, seen = 0;
    double sum = 0.0, largest = -INFINITY;
    for (end = end > first ? end : first + 1; end > first; end--) {
        if (isfinite(s->values[end - 1])) {
            sum += s->values[end - 1];
            largest = fmax(largest, s->values[end - 1]);
            seen++;
        }
    }
    return seen == 0 ? NAN : s->largest ? largest : sum / (double)seen;
}

void rg_spark_line(const struct rg_spark *s, char *out) {
    static const char *const heights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const shades[] = {"░", "▒", "▓", "█"};
    double columns[RG_SPARK_COLUMNS], low = INFINITY, high = -INFINITY;
    for (size_t c = 0; c < s->columns; c++) {
        columns[c] = column_value(s, c);
        low = fmin(low, columns[c]);
        high = fmax(high, columns[c]);
    }
    const int levels = s->unicode && s->heat ? SHADES : LEVELS;
    out[0] = '\0';
    for (size_t c = 0; c < s->columns; c++) {
        const double place = high > low ? (columns[c] - low) / (high - low) : s->heat ? 1.0 : 0.0;
        const bool blank = isnan(columns[c]) || (s->blank_zero && columns[c] == 0.0);
        const int level = blank ? -1 : (int)fmin(place * levels, levels - 1);
        const char ascii[2] = {level < 0 ? ' ' : ".:-=+*#@"[level], '\0'};
        strcat(out, level < 0 || !s->unicode ? ascii : s->heat ? shades[level] : heights[level]);
    }
}

enum { BESIDE = 36 }; /* columns of a line's name and of the text behind it */

struct lines {
    bool color, unicode;
    size_t columns;
};

static void print_line(const struct lines *lines, const char *name, struct rg_spark spark, const char *text) {
    char line[3 * RG_SPARK_COLUMNS + 1];
    spark.columns = lines->columns;
    spark.unicode = lines->unicode;
    rg_spark_line(&spark, line);
    (void)printf("%8s  %s%s%s  %s\n", name, lines->color ? "\033[36m" : "", line, lines->color ? "\033[0m" : "", text);
}

/* Print a quantity over the updates from its first to its last finite value, on a logarithmic scale if its range is
 * wide. */
static void print_updates(const struct lines *lines, const struct rg_history *h, const char *name, bool norm) {
    double values[RG_KEPT_UPDATES] = {0.0};
    double first = NAN, last = NAN, low = INFINITY, high = 0.0;
    for (size_t i = 0; i < h->n_points; i++) {
        values[i] = norm ? h->points[i].grad_norm : h->points[i].loss;
        first = isnan(first) ? values[i] : first;
        last = isfinite(values[i]) ? values[i] : last;
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    const bool logarithmic = rg_scale_of(low, high) == RG_LOG10;
    for (size_t i = 0; i < h->n_points; i++) {
        values[i] = logarithmic ? log10(values[i]) : values[i];
    }
    char text[64];
    if (isnan(last)) {
        (void)snprintf(text, sizeof text, "never finite");
    } else {
        (void)snprintf(text, sizeof text, "%.3g to %.3g", first, last);
    }
    print_line(lines, name, (struct rg_spark){.values = values, .n = h->n_points, .largest = norm}, text);
}

/* A spike is lost among the updates of its column, or in a scale that it widens: say how high it was. */
static void print_highest(const struct rg_history *h) {
    const struct rg_history_point *const points = h->points;
    double ends = -INFINITY;
    size_t at = 0;
    for (size_t i = 0; i < h->n_points; i++) {
        const bool end = i == 0 || i + 1 == h->n_points;
        ends = end && isfinite(points[i].loss) ? fmax(ends, points[i].loss) : ends;
        at = points[i].loss > points[at].loss || isnan(points[at].loss) ? i : at;
    }
    if (points[at].loss > SPIKE * ends) {
        (void)printf("%8s  loss %.3g, norm %.3g, by update %llu\n", "highest", points[at].loss, points[at].grad_norm,
                     (unsigned long long)points[at].update);
    }
}

static void print_clipped(const struct lines *lines, const struct rg_history *h) {
    double values[RG_KEPT_UPDATES] = {0.0};
    uint64_t clipped = 0, all = 0;
    for (size_t i = 0; i < h->n_points; i++) {
        values[i] = (double)h->points[i].clipped / (double)h->points[i].count;
        clipped += h->points[i].clipped;
        all += h->points[i].count;
    }
    char text[64];
    (void)snprintf(text, sizeof text, "%.1f %% of updates", 100.0 * (double)clipped / (double)all);
    if (clipped) {
        print_line(lines, "clipped",
                   (struct rg_spark){.values = values, .n = h->n_points, .heat = true, .blank_zero = true}, text);
    }
}

/* Name the matrix of the lines before if the net has several places that it could be in. */
static void print_place(const struct rg_history *h, size_t matrix, const struct rg_lag_profile *shown, bool is_long) {
    const struct rg_history_matrix *const of = &h->matrices[matrix];
    bool several = shown && (shown->layer != of->layer || shown->direction != of->direction);
    char place[48];
    for (size_t m = 0; m < h->n_matrices; m++) {
        several = several || h->matrices[m].layer != of->layer || h->matrices[m].direction != of->direction;
    }
    if (several) {
        (void)printf("%10s%s of weight_hh in %s\n", "",
                     is_long ? "long and by lag:" : "by lag:", rg_explain_place(of->layer, of->direction, place));
    }
}

/* Print the share of the long lags over the samples, and the norms of the newest sample by lag. */
static void print_lags(const struct lines *lines, const struct rg_history *h, const struct rg_lag_profile *shown) {
    const size_t matrix = shown ? rg_history_matrix_of(h, shown->layer, shown->direction) : rg_history_main_matrix(h);
    const size_t n = h->sample.n;
    double values[RG_KEPT_LAGS > RG_KEPT_SAMPLES ? RG_KEPT_LAGS : RG_KEPT_SAMPLES] = {0.0};
    char text[64];
    for (size_t s = 0; s < n; s++) {
        values[s] = rg_history_long_share(h, s, matrix);
    }
    (void)snprintf(text, sizeof text, "%.3g to %.3g %%", 100.0 * values[0], 100.0 * values[n - 1]);
    if (n > 1) {
        print_line(lines, "long", (struct rg_spark){.values = values, .n = n}, text);
    }
    const float *const norm = rg_history_lags(h, n - 1, matrix, RG_LAG_LOG10_NORM);
    for (size_t c = 0; c < h->n_columns; c++) {
        values[c] = (double)norm[c];
    }
    (void)snprintf(text, sizeof text, "norm, lag 0 to %zu", h->steps - 1);
    print_line(lines, "by lag", (struct rg_spark){.values = values, .n = h->n_columns, .largest = true, .heat = true},
               text);
    print_place(h, matrix, shown, n > 1);
}

void rg_spark_print(const struct rg_history *h, const struct rg_lag_profile *shown, const struct rg_look *look) {
    const struct lines lines = {look->color, look->unicode, rg_look_bars(look) - BESIDE};
    if (h->n_points < 2) {
        return;
    }
    (void)printf("\nover the updates, first to last: loss, norm%s\n",
                 h->sample.n > 1 ? ", share of the older half of the lags" : " of the gradient");
    print_updates(&lines, h, "loss", false);
    print_updates(&lines, h, "norm", true);
    print_clipped(&lines, h);
    print_highest(h);
    if (h->sample.n) {
        print_lags(&lines, h, shown);
    }
}
