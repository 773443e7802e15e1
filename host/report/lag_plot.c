/* The lag profile drawn in the terminal: see lag_plot.h. */
#include "report/lag_plot.h"

#include <math.h>
#include <stdio.h>

enum { MAX_ROWS = 12, BAR_COLUMNS = 36 };

/* Sums and norms over the lags of one row. */
struct row {
    size_t first, last;
    double share_hh, share_ih;
    double norm; /* largest ||G_tau|| of the recurrent matrix */
};

static size_t make_rows(const struct rg_lag_profile *p, struct row rows[MAX_ROWS]) {
    const size_t n = p->steps < MAX_ROWS ? p->steps : MAX_ROWS;
    for (size_t i = 0; i < n; i++) {
        struct row r = {.first = i * p->steps / n, .last = (i + 1) * p->steps / n - 1};
        for (size_t lag = r.first; lag <= r.last; lag++) {
            r.share_hh += p->matrices[RG_LAG_HH].share[lag];
            r.share_ih += p->matrices[RG_LAG_IH].share[lag];
            r.norm = fmax(r.norm, p->matrices[RG_LAG_HH].norm[lag]);
        }
        rows[i] = r;
    }
    return n;
}

/* A bar of `eighths` eighths of a column. */
static void print_bar(size_t eighths, bool unicode) {
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    for (size_t i = 0; i < eighths / 8; i++) {
        (void)fputs(unicode ? "█" : "#", stdout);
    }
    (void)fputs(unicode ? parts[eighths % 8] : "", stdout);
}

/* In percent; what two decimals show as zero has no sign. */
static double percent(double share) {
    return fabs(share) < 5e-5 ? 0.0 : 100.0 * share;
}

void rg_lag_plot(const struct rg_lag_profile *profile, bool color, bool unicode) {
    struct row rows[MAX_ROWS];
    const size_t n = make_rows(profile, rows);
    double high = 0.0, low = INFINITY;
    for (size_t i = 0; i < n; i++) {
        high = fmax(high, rows[i].norm);
        low = rows[i].norm > 0.0 ? fmin(low, rows[i].norm) : low;
    }
    const double top = high > 0.0 ? ceil(log10(high)) + 0.0 : 0.0; /* + 0.0: not "-0" */
    const double bottom = high > 0.0 ? fmin(floor(log10(low)), top - 1.0) : -1.0;
    (void)printf("where the gradient comes from, by lag (steps back from the end):\n");
    (void)printf("%11s %9s %9s %9s  bar: the norm from 1e%.0f to 1e%.0f\n", "lag", "W_hh", "W_ih", "W_hh norm", bottom,
                 top);
    for (size_t i = 0; i < n; i++) {
        char lags[48];
        if (rows[i].first == rows[i].last) {
            (void)snprintf(lags, sizeof lags, "%zu", rows[i].first);
        } else {
            (void)snprintf(lags, sizeof lags, "%zu-%zu", rows[i].first, rows[i].last);
        }
        (void)printf("%11s %7.2f %% %7.2f %% %9.2e  ", lags, percent(rows[i].share_hh), percent(rows[i].share_ih),
                     rows[i].norm);
        const double height = rows[i].norm > 0.0 ? (log10(rows[i].norm) - bottom) / (top - bottom) : 0.0;
        (void)fputs(color ? "\033[36m" : "", stdout);
        print_bar((size_t)lround(fmax(0.0, fmin(1.0, height)) * 8 * BAR_COLUMNS), unicode);
        (void)fputs(color ? "\033[0m\n" : "\n", stdout);
    }
}
