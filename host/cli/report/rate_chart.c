/* The learning-rate range test on the screen and as JSON: see rate_chart.h. */
#include "cli/report/rate_chart.h"

#include <math.h>
#include <stdio.h>

#include "files/json_lines.h"

enum { COLUMNS = 50, ROWS = 4, EIGHTHS = 8 };

/* The last smoothed loss of each column. */
static void fill(const struct rg_rate_test *t, double columns[COLUMNS]) {
    for (size_t c = 0; c < COLUMNS; c++) {
        const size_t end = ((c + 1) * t->n + COLUMNS - 1) / COLUMNS;
        columns[c] = t->smoothed[end > 0 ? end - 1 : 0];
    }
}

/* A cell of the chart: how much of it is full. */
static void print_cell(double eighths, bool unicode) {
    static const char *const parts[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const size_t full = (size_t)fmax(0.0, fmin(EIGHTHS, eighths));
    (void)fputs(unicode ? parts[full] : full >= EIGHTHS / 2 ? "#" : " ", stderr);
}

void rg_rate_chart(const struct rg_rate_test *t, bool unicode) {
    double columns[COLUMNS];
    const double low = t->smoothed[t->lowest], high = fmax(t->smoothed[0], low * 1.01); /* above it is cut off */
    const size_t mark = t->steepest * COLUMNS / t->n;
    (void)fprintf(stderr, "rate     %g, at which the loss falls most steeply; smoothed loss of %zu updates by rate:\n",
                  t->rate, t->n);
    fill(t, columns);
    for (size_t row = ROWS; row-- > 0;) {
        if (row == ROWS - 1) {
            (void)fprintf(stderr, "%8.3g ", high);
        } else if (row == 0) {
            (void)fprintf(stderr, "%8.3g ", low);
        } else {
            (void)fprintf(stderr, "%8s ", "");
        }
        for (size_t c = 0; c < COLUMNS; c++) {
            const double height = 1.0 + (columns[c] - low) / (high - low) * (ROWS * EIGHTHS - 1);
            print_cell(height - (double)(row * EIGHTHS), unicode);
        }
        (void)fputc('\n', stderr);
    }
    (void)fprintf(stderr, "%8s %-*.0e%s%*.2g\n", "", (int)mark, t->rates[0], "^", (int)(COLUMNS - mark - 1),
                  t->rates[t->n - 1]);
}

static json_t *list_reals(const double *values, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        rg_json_append(&list, rg_json_real(values[i]));
    }
    return list;
}

json_t *rg_rate_test_json(const struct rg_rate_test *t) {
    return rg_json_pack("{s:f, s:f, s:I, s:o, s:o, s:o}", "lr", t->rate, "lowest", t->rates[t->lowest], "updates",
                        (json_int_t)t->n, "rates", list_reals(t->rates, t->n), "losses", list_reals(t->losses, t->n),
                        "smoothed", list_reals(t->smoothed, t->n));
}
