/* The lag profile drawn in the terminal: see lag_plot.h. */
#include "cli/report/lag_plot.h"

#include <math.h>
#include <stdio.h>

#include "cli/report/chance.h"
#include "cli/report/explain.h"
#include "gradient/ranges.h"

enum { BAR_COLUMNS = 34, INTERVAL_COLUMNS = 19 /* INTERVAL_COLUMNS: bars are this much shorter beside intervals */ };

/* Print a bar of `eighths` eighths of a column. */
static void print_bar(size_t eighths, bool unicode) {
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    for (size_t i = 0; i < eighths / 8; i++) {
        (void)fputs(unicode ? "█" : "#", stdout);
    }
    (void)fputs(unicode ? parts[eighths % 8] : "", stdout);
}

/* A share in percent. A value that two decimals show as zero loses its sign. */
static double percent(double share) {
    return fabs(share) < 5e-5 ? 0.0 : 100.0 * share;
}

/* The decades of the bars: whole powers of ten around all norms other than 0. */
struct span {
    double bottom, top;
};

static struct span span_of(const struct rg_range_terms *rows, size_t n) {
    double high = -INFINITY, low = INFINITY;
    for (size_t i = 0; i < n; i++) {
        high = fmax(high, rows[i].log10_norm);
        low = isfinite(rows[i].log10_norm) ? fmin(low, rows[i].log10_norm) : low;
    }
    if (!isfinite(high)) {
        return (struct span){-1.0, 0.0};
    }
    const double top = ceil(high) + 0.0; /* + 0.0 avoids "-0" */
    return (struct span){fmin(floor(low), top - 1.0), top};
}

/* Print the interval of weight_hh's share if it is known. */
static void print_interval(const struct rg_lag_profile *p, size_t range) {
    const struct rg_matrix_statistics *const m = &p->matrix_statistics[RG_LAG_HH];
    char interval[48] = "-";
    if (!rg_chance_known(p)) {
        return;
    }
    if (!isnan(m->share[range].low)) {
        (void)snprintf(interval, sizeof interval, "%.2f to %.2f", percent(m->share[range].low),
                       percent(m->share[range].high));
    }
    (void)printf(" %*s %c", INTERVAL_COLUMNS - 3, interval, rg_is_noise(m, range) ? '~' : ' ');
}

/* How a row is printed. */
struct look {
    struct span span;
    bool color, unicode;
};

static void print_row(const struct rg_lag_profile *p, const struct rg_lag_range *ranges, size_t at,
                      const struct look *look) {
    const struct rg_lag_terms *const of_hh = &p->matrices[RG_LAG_HH], *const of_ih = &p->matrices[RG_LAG_IH];
    const struct rg_lag_range range = ranges[at];
    const struct rg_range_terms hh = rg_range_of(of_hh->log10_norm, of_hh->share, of_hh->cosine, range);
    const struct rg_range_terms ih = rg_range_of(of_ih->log10_norm, of_ih->share, of_ih->cosine, range);
    const struct span *const span = &look->span;
    const int columns = rg_chance_known(p) ? BAR_COLUMNS - INTERVAL_COLUMNS : BAR_COLUMNS;
    char lags[48], norm[32];
    if (range.first == range.last) {
        (void)snprintf(lags, sizeof lags, "%zu", range.first);
    } else {
        (void)snprintf(lags, sizeof lags, "%zu-%zu", range.first, range.last);
    }
    (void)printf("%13s %7.2f %%", lags, percent(hh.share));
    print_interval(p, at);
    (void)printf(" %7.2f %% %9s  ", percent(ih.share), rg_explain_digits(hh.log10_norm, 3, norm));
    const double height = isfinite(hh.log10_norm) ? (hh.log10_norm - span->bottom) / (span->top - span->bottom) : 0.0;
    (void)fputs(look->color ? "\033[36m" : "", stdout);
    print_bar((size_t)lround(fmax(0.0, fmin(1.0, height)) * 8 * columns), look->unicode);
    (void)fputs(look->color ? "\033[0m\n" : "\n", stdout);
}

void rg_lag_plot(const struct rg_lag_profile *p, const char *where, bool color, bool unicode) {
    struct rg_lag_range ranges[RG_MOST_RANGES];
    struct rg_range_terms hh[RG_MOST_RANGES];
    const size_t n = rg_lag_ranges(p->lags, ranges);
    const struct rg_lag_terms *const of_hh = &p->matrices[RG_LAG_HH];
    bool any_noise = false;
    for (size_t i = 0; i < n; i++) {
        hh[i] = rg_range_of(of_hh->log10_norm, of_hh->share, of_hh->cosine, ranges[i]);
        any_noise = any_noise || (rg_chance_known(p) && rg_is_noise(&p->matrix_statistics[RG_LAG_HH], i));
    }
    const struct look look = {span_of(hh, n), color, unicode};
    (void)printf("where the gradient%s comes from, by lag (steps back%s):\n", where, where[0] ? "" : " from the loss");
    (void)printf("%13s %9s", "lag", "W_hh");
    if (rg_chance_known(p)) {
        (void)printf(" %*s  ", INTERVAL_COLUMNS - 3, "95 % interval");
    }
    (void)printf(rg_chance_known(p) ? " %9s %9s  (1e%.0f to 1e%.0f)\n"
                                    : " %9s %9s  bar: the norm from 1e%.0f to 1e%.0f\n",
                 "W_ih", "W_hh norm", look.span.bottom, look.span.top);
    for (size_t i = 0; i < n; i++) {
        print_row(p, ranges, i, &look);
    }
    if (any_noise) {
        (void)puts("~ cannot be told from noise: groups of sequences do not agree on a direction");
    }
}
