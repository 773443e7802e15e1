/* Plots and table of a comparison of remedies: see comparison_figures.h. */
#include "cli/report/comparison_figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Table ---- */

enum column {
    RANK,
    REMEDY,
    WITH,
    RATE,
    MEDIAN,
    FIRST_QUARTILE,
    THIRD_QUARTILE,
    LEARNED,
    LONG_SHARE,
    HORIZON,
    FACTOR,
    CLIPPED,
    VERDICT,
    UPDATES,
    SPEED,
    N_COLUMNS
};

static const char *const all_heads[] = {[RANK] = "rank",
                                        [REMEDY] = "remedy",
                                        [WITH] = "with",
                                        [RATE] = "rate",
                                        [MEDIAN] = "median loss",
                                        [FIRST_QUARTILE] = "first quartile",
                                        [THIRD_QUARTILE] = "third quartile",
                                        [LEARNED] = "learned",
                                        [LONG_SHARE] = "long-term share",
                                        [HORIZON] = "horizon",
                                        [FACTOR] = "factor a step back",
                                        [CLIPPED] = "clipped",
                                        [VERDICT] = "gradient",
                                        [UPDATES] = "updates",
                                        [SPEED] = "sequences/s"};

static void fill_row(struct rg_own_table *t, size_t i, const struct rg_comparison_row *row) {
    const struct rg_summary *const s = &row->summary;
    rg_table_set(t, i, RANK, "%zu%s", row->rank, row->tied ? " (tied)" : "");
    rg_table_set(t, i, REMEDY, "%s", row->remedy);
    rg_table_set(t, i, WITH, "%s", row->with);
    rg_table_set(t, i, RATE, "%.4g", row->config.training.lr);
    rg_table_set(t, i, MEDIAN, "%.4g", row->spread.median);
    rg_table_set(t, i, FIRST_QUARTILE, "%.4g", row->spread.q1);
    rg_table_set(t, i, THIRD_QUARTILE, "%.4g", row->spread.q3);
    rg_table_set(t, i, LEARNED, "%zu of %zu", row->spread.learned, row->spread.runs);
    rg_table_set(t, i, CLIPPED, "%.1f %%", 100.0 * s->clip_rate);
    rg_table_set(t, i, UPDATES, "%llu", (unsigned long long)s->updates);
    rg_table_set(t, i, SPEED, "%.0f", s->sequences_per_s);
    if (s->measured) {
        const double share = 100.0 * s->long_share;
        rg_table_set(t, i, LONG_SHARE, "%.2f %%", fabs(share) < 0.005 ? 0.0 : share);
        rg_table_set(t, i, HORIZON, "%zu", s->horizon);
        rg_table_number(t, i, FACTOR, 4, s->factor);
        rg_table_set(t, i, VERDICT, "%s", rg_verdict_names[s->verdict]);
    } else {
        rg_table_set(t, i, LONG_SHARE, "–");
        rg_table_set(t, i, HORIZON, "–");
        rg_table_set(t, i, FACTOR, "–");
        rg_table_set(t, i, VERDICT, "%s", s->reason == RG_REASON_DIVERGED ? "diverged" : "–");
    }
}

rg_status rg_comparison_table(const struct rg_comparison *comparison, const size_t *order, size_t n,
                              struct rg_own_table *table) {
    const bool held_out = n > 0 && comparison->rows[order[0]].summary.held_out > 0;
    const char *heads[N_COLUMNS];
    memcpy(heads, all_heads, sizeof heads);
    heads[MEDIAN] = held_out ? "median held-out loss" : heads[MEDIAN];
    RG_TRY(rg_table_create(table,
                           held_out ? "Ranked by the median of the seeds' best held-out losses"
                                    : "Ranked by the median loss of the seeds",
                           heads, N_COLUMNS, n));
    table->table.verdict_column = VERDICT;
    for (size_t i = 0; i < n; i++) {
        fill_row(table, i, &comparison->rows[order[i]]);
    }
    return RG_OK;
}

/* ---- Plots ---- */

/* List the remedies in the order of the command line, each once. */
static size_t list_remedies(const struct rg_comparison *c, const char *names[RG_COMPARISON_REMEDIES]) {
    size_t n = 0;
    for (size_t i = 0; i < c->n_rows; i++) {
        size_t at = 0;
        while (at < n && strcmp(names[at], c->rows[i].remedy) != 0) {
            at++;
        }
        if (at == n && n < RG_COMPARISON_REMEDIES) {
            names[n++] = c->rows[i].remedy;
        }
    }
    return n;
}

/* The best-ranked measured row of a remedy; NULL if there is none. Its summary is the run with the median loss. */
static const struct rg_comparison_row *best_of(const struct rg_comparison *c, const size_t *order, size_t n,
                                               const char *remedy) {
    for (size_t i = 0; i < n; i++) {
        const struct rg_comparison_row *const row = &c->rows[order[i]];
        if (row->summary.measured && strcmp(row->remedy, remedy) == 0) {
            return row;
        }
    }
    return NULL;
}

static rg_status add_by_lag(struct rg_plot *plot, const struct rg_comparison_row *row, int color, bool shares) {
    const struct rg_summary *const s = &row->summary;
    struct rg_series *series = NULL;
    char name[RG_PLOT_TEXT];
    (void)snprintf(name, sizeof name, "%s, %s, %g", row->remedy, row->with, row->config.training.lr);
    RG_TRY(rg_plot_add(plot, name, color % 2 ? RG_STYLE_DASHED : RG_STYLE_LINE, color, s->n_lags, &series));
    double sum = 0.0;
    for (size_t i = 0; i < s->n_lags; i++) {
        sum += s->lag_share[i];
        const size_t lag = i * s->lag_steps / s->n_lags;
        series->x[i] = (double)lag;
        series->y[i] = shares ? sum : log10(s->lag_norm[i]);
    }
    return RG_OK;
}

static rg_status add_losses(struct rg_plot *plot, const struct rg_comparison *c, const char *remedy, bool logarithmic) {
    int color = 0;
    for (size_t i = 0; i < c->n_rows; i++) {
        const struct rg_summary *const s = &c->rows[i].summary;
        struct rg_series *series = NULL;
        if (!c->rows[i].done || strcmp(c->rows[i].remedy, remedy) != 0 || plot->n_series == RG_PLOT_SERIES - 1) {
            continue;
        }
        char name[RG_PLOT_TEXT];
        (void)snprintf(name, sizeof name, "%s, %g", c->rows[i].with, c->rows[i].config.training.lr);
        RG_TRY(rg_plot_add(plot, name, RG_STYLE_LINE, color++, s->n_parts, &series));
        for (size_t p = 0; p < s->n_parts; p++) {
            const double loss = rg_summary_part(s, p);
            series->x[p] = (double)rg_summary_part_end(s, p);
            series->y[p] = logarithmic ? log10(loss) : loss;
        }
    }
    return RG_OK;
}

/* The range of all losses and the largest baseline, for comparable axes. Losses above ten times the baseline are cut
 * off, so that an exploding run does not flatten the others. */
static void loss_range(const struct rg_comparison *c, double baseline, double *low, double *high) {
    *low = *high = baseline;
    for (size_t i = 0; i < c->n_rows; i++) {
        for (size_t p = 0; c->rows[i].done && p < c->rows[i].summary.n_parts; p++) {
            const double loss = rg_summary_part(&c->rows[i].summary, p);
            *low = fmin(*low, loss);
            *high = fmax(*high, isnan(baseline) ? loss : fmin(loss, 10.0 * baseline));
        }
    }
}

/* Are the rows ranked by the loss of validation data? */
static bool is_held_out(const struct rg_comparison *c) {
    bool any = false;
    for (size_t i = 0; i < c->n_rows; i++) {
        any = any || (c->rows[i].done && c->rows[i].summary.held_out > 0);
    }
    return any;
}

static rg_status loss_plot(const struct rg_comparison *c, const char *remedy, struct rg_plot *plot) {
    double low, high, lowest, baseline;
    rg_comparison_baselines(c, false, &lowest, &baseline);
    /* Where the seeds hold out other sequences, baselines differ, and no line stands for all of them. */
    const bool same = !(baseline - lowest > 1e-9 * baseline);
    loss_range(c, baseline, &low, &high);
    if (isnan(low)) {
        return RG_OK;
    }
    const bool logarithmic = rg_scale_of(low, high) == RG_LOG10;
    (void)snprintf(plot->title, sizeof plot->title, "%.100s: loss", remedy);
    plot->small = true;
    plot->x = rg_axis_of("update", RG_LINEAR);
    const bool several = c->rows[0].config.compare.seeds > 1;
    plot->y = rg_axis_of(!several         ? "loss"
                         : is_held_out(c) ? "training loss of the run with the median held-out loss"
                                          : "loss of the run with the median loss",
                         logarithmic ? RG_LOG10 : RG_LINEAR);
    plot->x.whole = true;
    plot->x.low = 0.0;
    plot->x.high = (double)c->rows[0].summary.planned;
    plot->y.low = logarithmic ? log10(low) : fmin(0.0, low);
    plot->y.high = logarithmic ? log10(high) : high;
    RG_TRY(add_losses(plot, c, remedy, logarithmic));
    return isnan(baseline) || !same ? RG_OK
                                    : rg_plot_add_level(plot, "baseline", 7, logarithmic ? log10(baseline) : baseline);
}

rg_status rg_comparison_plot_lags(const struct rg_comparison *c, const size_t *order, size_t n, bool shares,
                                  struct rg_plot *plot) {
    const char *names[RG_COMPARISON_REMEDIES];
    const size_t n_remedies = list_remedies(c, names);
    if (n == 0) {
        return RG_OK;
    }
    const size_t steps = c->rows[order[0]].summary.steps;
    (void)snprintf(plot->title, sizeof plot->title, "%s",
                   shares ? "Share of the gradient from the nearest lags" : "Norm of the gradient's terms by lag");
    plot->x = rg_axis_of("lag: steps back from the loss", shares && steps > 30 ? RG_LAGS : RG_LINEAR);
    plot->x.whole = true;
    plot->x.low = 0.0;
    plot->x.high = steps > 1 ? (double)(steps - 1) : 1.0;
    const bool several = c->rows[order[0]].config.compare.seeds > 1;
    plot->y = rg_axis_of(shares    ? "share of weight_hh's gradient from this lag and nearer ones"
                         : several ? "norm of the term of weight_hh, run with the median loss"
                                   : "norm of the term of weight_hh",
                         shares ? RG_LINEAR : RG_LOG10);
    for (size_t i = 0; i < n_remedies; i++) {
        const struct rg_comparison_row *const best = best_of(c, order, n, names[i]);
        RG_TRY(best ? add_by_lag(plot, best, (int)i, shares) : RG_OK);
    }
    return RG_OK;
}

rg_status rg_comparison_plot_losses(const struct rg_comparison *c, size_t n, struct rg_plot *plots) {
    const char *names[RG_COMPARISON_REMEDIES];
    const size_t n_remedies = list_remedies(c, names);
    for (size_t i = 0; n > 0 && i < n_remedies; i++) {
        RG_TRY(loss_plot(c, names[i], &plots[i]));
    }
    return RG_OK;
}
