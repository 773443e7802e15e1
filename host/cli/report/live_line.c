/* The live line of a training: see live_line.h. */
#include "cli/report/live_line.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/report/figures.h"
#include "cli/report/spark.h"

enum { MAX_PARTS = 12, PART_BYTES = 120, HEAT_COLUMNS = 24 };

/* The parts of the line in order. If the line is too long, parts with the highest `rank` are dropped first; those with
 * 0 stay. */
struct part {
    char text[PART_BYTES];
    size_t columns;
    int rank;
};

struct parts {
    struct part items[MAX_PARTS];
    size_t n;
};

__attribute__((format(printf, 3, 4))) static void add(struct parts *parts, int rank, const char *format, ...) {
    struct part *const part = &parts->items[parts->n++];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(part->text, sizeof part->text, format, arguments);
    va_end(arguments);
    part->columns = rg_utf8_count(part->text);
    part->rank = rank;
}

/* Add the norms of the newest profile from lag 0 on, as shades. */
static void add_heat(struct parts *parts, const struct rg_live_facts *f) {
    const struct rg_history *const h = f->history;
    const float *const norms = rg_history_lags(h, h->sample.n - 1, rg_history_main_matrix(h), RG_LAG_LOG10_NORM);
    double values[RG_KEPT_LAGS];
    char heat[3 * HEAT_COLUMNS + 1];
    for (size_t c = 0; c < h->n_columns; c++) {
        values[c] = (double)norms[c];
    }
    const struct rg_spark spark = {.values = values,
                                   .n = h->n_columns,
                                   .columns = HEAT_COLUMNS,
                                   .largest = true,
                                   .unicode = f->unicode,
                                   .heat = true};
    rg_spark_line(&spark, heat);
    add(parts, 6, "  lag 0 %s %zu", heat, h->steps - 1);
}

static void list_parts(const struct rg_live_facts *f, struct parts *parts) {
    const struct rg_history *const h = f->history;
    const bool sampled = h && h->sample.n > 0;
    add(parts, 5, "update ");
    add(parts, 0, "%llu/%llu", (unsigned long long)f->update->update, (unsigned long long)f->total);
    add(parts, 0, "  loss %.4g", f->update->loss);
    if (!isnan(f->live->baseline)) {
        add(parts, 4, " (baseline %.4g)", f->live->baseline);
    }
    if (!isnan(f->live->held_out)) {
        add(parts, 2, "  held out %.4g", f->live->held_out);
        if (f->live->held_baseline > 0.0) {
            add(parts, 4, " (baseline %.4g)", f->live->held_baseline);
        }
    }
    add(parts, 0, "  norm %.3g", fabs(f->update->grad_norm));
    add(parts, 0, "  clip %.0f %%", 100.0 * f->live->clip_rate);
    if (sampled) {
        add(parts, 1, "  long %.3g %%", 100.0 * rg_history_long_share(h, h->sample.n - 1, rg_history_main_matrix(h)));
    }
    add(parts, 3, "  %s seq/s", f->rate);
    if (sampled && f->heat) {
        add_heat(parts, f);
    }
    add(parts, 0, "  %s left", f->left);
}

/* Drop the least important part. Returns false if every part must stay. */
static bool drop_one(struct parts *parts) {
    size_t min = 0;
    for (size_t i = 0; i < parts->n; i++) {
        min = parts->items[i].rank > parts->items[min].rank ? i : min;
    }
    if (parts->n == 0 || parts->items[min].rank == 0) {
        return false;
    }
    memmove(&parts->items[min], &parts->items[min + 1], (parts->n - min - 1) * sizeof *parts->items);
    parts->n--;
    return true;
}

void rg_live_line(const struct rg_live_facts *facts, char line[RG_LIVE_LINE_BYTES]) {
    struct parts parts = {.n = 0};
    size_t columns = 0, at = 0;
    list_parts(facts, &parts);
    do {
        columns = 0;
        for (size_t i = 0; i < parts.n; i++) {
            columns += parts.items[i].columns;
        }
    } while (columns > facts->columns && drop_one(&parts));
    line[0] = '\0';
    for (size_t i = 0; i < parts.n && at < RG_LIVE_LINE_BYTES; i++) {
        at += (size_t)snprintf(line + at, RG_LIVE_LINE_BYTES - at, "%s", parts.items[i].text);
    }
    if (columns > facts->columns) { /* the remaining parts are ASCII */
        line[facts->columns < RG_LIVE_LINE_BYTES ? facts->columns : RG_LIVE_LINE_BYTES - 1] = '\0';
    }
}
