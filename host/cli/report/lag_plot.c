/* The lag profile drawn in the terminal: see lag_plot.h. */
#include "cli/report/lag_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/report/chance.h"
#include "cli/report/explain.h"
#include "cli/report/lines.h"
#include "gradient/ranges.h"

enum {
    INDENT = 2,
    NUMBERS = 34 /* columns of the numbers and their spaces */,
    INTERVAL = 16,
    MIN_BAR = 6,
    LEGEND = 14
};

/* What all rows share: the profile, the scales and the widths of the columns. */
struct sheet {
    const struct rg_lag_profile *profile;
    const struct rg_look *look;
    double bottom, top;      /* log10 of the ends of the norms' bars */
    double largest;          /* the largest |share|, whose bar is full */
    int lags, shares, norms; /* columns of the screen for the lags, and for the two bars */
};

/* Print a bar over the part `place`, 0 … 1, of `columns`: in eighths of a column, or in whole columns for a negative
 * number (`below`) and without Unicode. `fill`: add blanks up to `columns`. */
static void print_bar(const struct sheet *s, double place, int columns, bool below, bool fill) {
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const bool unicode = s->look->unicode;
    const size_t eighths = (size_t)lround(fmax(0.0, fmin(1.0, place)) * 8 * columns);
    const size_t whole = unicode && !below ? eighths / 8 : (eighths + 4) / 8;
    const size_t rest = unicode && !below ? eighths % 8 : 0;
    (void)fputs(s->look->color ? "\033[36m" : "", stdout);
    for (size_t i = 0; i < whole; i++) {
        (void)fputs(unicode ? below ? "░" : "█" : below ? "-" : "#", stdout);
    }
    (void)printf("%s%s", parts[rest], s->look->color ? "\033[0m" : "");
    for (size_t i = whole + (rest > 0); fill && i < (size_t)columns; i++) {
        (void)putchar(' ');
    }
}

/* A share in percent. A value that two decimals show as zero loses its sign. */
static double percent(double share) {
    return fabs(share) < 5e-5 ? 0.0 : 100.0 * share;
}

/* Whole powers of ten around all norms that are not 0, and the largest share. */
static void set_scales(struct sheet *s, const struct rg_range_terms *rows, size_t n) {
    double high = -INFINITY, low = INFINITY;
    s->largest = 0.0;
    for (size_t i = 0; i < n; i++) {
        high = fmax(high, rows[i].log10_norm);
        low = isfinite(rows[i].log10_norm) ? fmin(low, rows[i].log10_norm) : low;
        s->largest = fmax(s->largest, fabs(rows[i].share));
    }
    s->top = isfinite(high) ? ceil(high) + 0.0 : 0.0; /* + 0.0: not "-0" */
    s->bottom = isfinite(high) ? fmin(floor(low), s->top - 1.0) : -1.0;
}

/* Format a range of lags as "7" or "8-15". Returns its length. */
static int format_lags(struct rg_lag_range range, char text[48]) {
    return range.first == range.last ? snprintf(text, 48, "%zu", range.first)
                                     : snprintf(text, 48, "%zu-%zu", range.first, range.last);
}

/* Divide the width of the table. The bars get what the numbers leave: the shares' bar a third, the norms' the rest. */
static void set_columns(struct sheet *s, const struct rg_lag_range *ranges, size_t n) {
    char text[48];
    s->lags = 5 + INDENT;
    for (size_t i = 0; i < n; i++) {
        const int length = INDENT + format_lags(ranges[i], text);
        s->lags = length > s->lags ? length : s->lags;
    }
    const int numbers = s->lags + NUMBERS + (rg_chance_known(s->profile) ? INTERVAL + 3 : 0);
    const int left = (int)rg_look_bars(s->look) - numbers;
    s->shares = left / 3 < MIN_BAR ? MIN_BAR : left / 3;
    s->norms = left - s->shares < MIN_BAR ? MIN_BAR : left - s->shares;
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
    (void)printf(" %*s %c", INTERVAL, interval, rg_is_noise(m, range) ? '~' : ' ');
}

static void print_row(const struct sheet *s, struct rg_lag_range range, size_t at) {
    const struct rg_lag_terms *const of_hh = &s->profile->matrices[RG_LAG_HH];
    const struct rg_lag_terms *const of_ih = &s->profile->matrices[RG_LAG_IH];
    const struct rg_range_terms hh = rg_range_of(of_hh->log10_norm, of_hh->share, of_hh->cosine, range);
    const struct rg_range_terms ih = rg_range_of(of_ih->log10_norm, of_ih->share, of_ih->cosine, range);
    const double share_part = s->largest > 0.0 && isfinite(hh.share) ? fabs(hh.share) / s->largest : 0.0;
    const double norm_part = isfinite(hh.log10_norm) ? (hh.log10_norm - s->bottom) / (s->top - s->bottom) : 0.0;
    char lags[48], norm[32];
    (void)format_lags(range, lags);
    (void)printf("%*s %7.2f %%  ", s->lags, lags, percent(hh.share));
    print_bar(s, share_part, s->shares, hh.share < 0.0, true);
    print_interval(s->profile, at);
    (void)printf(" %7.2f %% %9s  ", percent(ih.share), rg_explain_digits(hh.log10_norm, 3, norm));
    print_bar(s, norm_part, s->norms, false, false);
    (void)putchar('\n');
}

static void print_legend(const struct sheet *s) {
    char norm[RG_LINE_BYTES];
    (void)snprintf(norm, sizeof norm, "largest norm of weight_hh's terms there, bar from 1e%.0f to 1e%.0f", s->bottom,
                   s->top);
    const char *const meanings[][2] = {
        {"W_hh share", "of weight_hh's gradient that comes from these lags, and its bar"},
        {"W_ih", "share of weight_ih's gradient from there"},
        {"W_hh norm", norm}};
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        rg_lines_format(stdout, rg_look_table(s->look), LEGEND, "%-*s%s", LEGEND, meanings[i][0], meanings[i][1]);
    }
}

void rg_lag_plot(const struct rg_lag_profile *p, const char *where, const struct rg_look *look) {
    struct rg_lag_range ranges[RG_MAX_RANGES];
    struct rg_range_terms hh[RG_MAX_RANGES];
    struct sheet sheet = {.profile = p, .look = look};
    const size_t n = rg_lag_ranges(p->lags, ranges);
    const struct rg_lag_terms *const of_hh = &p->matrices[RG_LAG_HH];
    bool any_noise = false;
    for (size_t i = 0; i < n; i++) {
        hh[i] = rg_range_of(of_hh->log10_norm, of_hh->share, of_hh->cosine, ranges[i]);
        any_noise = any_noise || (rg_chance_known(p) && rg_is_noise(&p->matrix_statistics[RG_LAG_HH], i));
    }
    set_scales(&sheet, hh, n);
    set_columns(&sheet, ranges, n);
    (void)printf("where the gradient%s comes from, by lag (steps back%s", where, where[0] ? "" : " from the loss");
    if (p->one_of_losses) {
        (void)printf(" %s step %zu", where[0] ? "from" : "of", p->probe);
    }
    (void)puts("):");
    (void)printf("%*s %9s  %-*s", sheet.lags, "lag", "W_hh", sheet.shares, "share");
    if (rg_chance_known(p)) {
        (void)printf(" %*s  ", INTERVAL, "95 % interval");
    }
    static const char scale[] = "log scale"; /* of the norms' bars, if they are as wide */
    (void)printf(" %9s %9s  %s\n", "W_ih", "W_hh norm", sheet.norms < (int)strlen(scale) ? "log" : scale);
    for (size_t i = 0; i < n; i++) {
        print_row(&sheet, ranges[i], i);
    }
    if (any_noise) {
        (void)puts("~ cannot be told from noise: groups of sequences do not agree on a direction");
    }
    print_legend(&sheet);
}
