/* The comparison of remedies: see comparison.h. */
#include "report/comparison.h"

#include <math.h>
#include <stdio.h>

/* Whether row a stands before row b; NAN after every number, equal rows as they were asked for. */
static bool is_before(const struct rg_comparison *c, size_t a, size_t b) {
    const double x = c->rows[a].summary.loss, y = c->rows[b].summary.loss;
    if (isnan(x) || isnan(y)) {
        return isnan(y) && (!isnan(x) || a < b);
    }
    return x < y || (x <= y && a < b);
}

size_t rg_comparison_rank(const struct rg_comparison *comparison, size_t *order) {
    size_t n = 0;
    for (size_t i = 0; i < comparison->n_rows; i++) {
        if (!comparison->rows[i].done) {
            continue;
        }
        size_t at = n++;
        for (; at > 0 && is_before(comparison, i, order[at - 1]); at--) {
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return n;
}

/* 12345 as "12.3k", in six columns at most. */
static void short_rate(double rate, char out[16]) {
    const double unit = rate < 1e3 ? 1.0 : rate < 1e6 ? 1e3 : 1e6;
    (void)snprintf(out, 16, "%.*f%s", rate / unit < 100.0 && unit > 1.0 ? 1 : 0, rate / unit,
                   rate < 1e3   ? ""
                   : rate < 1e6 ? "k"
                                : "M");
}

static void print_row(const struct rg_comparison_row *row, size_t rank, bool color) {
    const struct rg_summary *const s = &row->summary;
    char rate[16];
    short_rate(s->sequences_per_s, rate);
    (void)printf("%2zu %-10s %-5s %8.3g %8.3g ", rank, row->remedy, row->with, s->loss, s->best_loss);
    if (!s->measured) {
        (void)printf("%6s %4s %7s %4.0f %s%-9s%s %6s\n", "-", "-", "-", 100.0 * s->clip_rate, color ? "\033[31m" : "",
                     s->reason == RG_REASON_DIVERGED ? "diverged" : "-", color ? "\033[0m" : "", rate);
        return;
    }
    const double share = 100.0 * s->long_share;
    (void)printf("%6.1f %4zu %7.4f %4.0f %-9s %6s\n", fabs(share) < 0.05 ? 0.0 : share, s->horizon, s->decay,
                 100.0 * s->clip_rate, rg_verdict_names[s->verdict], rate);
}

void rg_comparison_print(const struct rg_comparison *comparison, const size_t *order, size_t n, bool color) {
    const struct rg_summary *const first = &comparison->rows[order[0]].summary;
    (void)printf("%s, %zu steps: the baseline's loss is %.6g\n\n", first->task, first->steps, first->baseline);
    (void)printf("%2s %-10s %-5s %8s %8s %6s %4s %7s %4s %-9s %6s\n", "", "remedy", "with", "loss", "best", "long %",
                 "hor.", "decay", "clip", "gradient", "seq/s");
    for (size_t i = 0; i < n; i++) {
        print_row(&comparison->rows[order[i]], i + 1, color);
    }
    (void)puts("\n"
               "loss, best  mean over the last, the lowest tenth of the updates\n"
               "long %      share of the gradient of weight_hh from the older half of the lags\n"
               "hor.        horizon: lags below it give that gradient to 10 %\n"
               "decay       factor of the gradient for a step back in time\n"
               "clip        clipped updates, in %");
}
