/* The comparison of remedies: see comparison.h. */
#include "cli/report/comparison.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/counted.h"
#include "cli/report/columns.h"
#include "cli/report/lines.h"
#include "cli/report/screen.h"
#include "rnn_gpu/memory.h"

/* ---- Ranks ---- */

static rg_status list_runs(const struct rg_comparison_row *row, const struct rg_summary ***list) {
    RG_TRY(rg_alloc(list, row->n_runs, sizeof **list, "runs of the comparison"));
    for (size_t i = 0; i < row->n_runs; i++) {
        (*list)[i] = &row->runs[i];
    }
    return RG_OK;
}

rg_status rg_comparison_end_row(struct rg_comparison_row *row) {
    const struct rg_summary **runs = NULL;
    row->done = row->n_runs > 0;
    if (!row->done) {
        return RG_OK;
    }
    RG_TRY(list_runs(row, &runs));
    const rg_status status = rg_spread_of(runs, row->n_runs, &row->spread);
    row->summary = row->runs[rg_spread_middle(runs, row->n_runs)];
    rg_free(runs);
    return status;
}

rg_status rg_comparison_rank(struct rg_comparison *comparison, size_t *order, size_t *n) {
    const size_t rows = comparison->n_rows;
    struct rg_spread_group *groups = NULL;
    const struct rg_summary **runs = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_alloc(&groups, rows, sizeof *groups, "runs of the comparison"));
    for (size_t i = 0; i < rows; i++) {
        RG_TRY_GOTO(list_runs(&comparison->rows[i], &runs));
        groups[i] = (struct rg_spread_group){.runs = runs, .n = comparison->rows[i].n_runs};
    }
    RG_TRY_GOTO(rg_spread_rank(groups, rows, order, n));
    for (size_t i = 0; i < rows; i++) {
        comparison->rows[i].rank = groups[i].rank;
        comparison->rows[i].tied = groups[i].tied;
    }
cleanup:
    for (size_t i = 0; i < rows; i++) {
        rg_free(groups[i].runs);
    }
    rg_free(groups);
    return status;
}

size_t rg_comparison_runs(const struct rg_comparison *comparison) {
    size_t n = 0;
    for (size_t i = 0; i < comparison->n_rows; i++) {
        n += comparison->rows[i].n_runs;
    }
    return n;
}

void rg_comparison_baselines(const struct rg_comparison *comparison, bool ranked, double *low, double *high) {
    *low = *high = NAN;
    for (size_t i = 0; i < comparison->n_rows; i++) {
        for (size_t k = 0; k < comparison->rows[i].n_runs; k++) {
            const struct rg_summary *const run = &comparison->rows[i].runs[k];
            const double baseline = ranked ? rg_summary_baseline(run) : run->baseline;
            *low = fmin(*low, baseline); /* of a number and NAN the number */
            *high = fmax(*high, baseline);
        }
    }
}

void rg_comparison_baseline_text(const struct rg_comparison *comparison, char text[RG_BASELINE_TEXT]) {
    char from[32], to[32];
    double low, high;
    rg_comparison_baselines(comparison, true, &low, &high);
    (void)snprintf(from, sizeof from, "%.6g", low);
    (void)snprintf(to, sizeof to, "%.6g", high);
    const bool same = strcmp(from, to) == 0;
    (void)snprintf(text, RG_BASELINE_TEXT, "%s%s%s%s", from, same ? "" : " to ", same ? "" : to,
                   same ? "" : ", by the seed");
}

void rg_comparison_release(struct rg_comparison *comparison) {
    for (size_t i = 0; i < comparison->n_rows; i++) {
        rg_free(comparison->rows[i].runs);
    }
    rg_free(comparison->rows);
    *comparison = (struct rg_comparison){.n_rows = 0};
}

/* ---- The table ---- */

enum { WIDE = 120 /* columns from which there are more numbers */, NARROW_COLUMNS = 10, COLUMNS = 15, LEARNED = 7 };

/* A number with so many decimals, or a dash. */
static void add_number(struct rg_columns *t, double value, int decimals) {
    if (isfinite(value)) {
        rg_columns_cell(t, "", "%.*f", decimals, value);
    } else {
        rg_columns_cell(t, "", "-");
    }
}

static void add_row(const struct rg_comparison_row *row, struct rg_columns *t) {
    const struct rg_summary *const s = &row->summary;
    const double share = 100.0 * s->long_share;
    const char *const verdict = s->measured                       ? rg_verdict_names[s->verdict]
                                : s->reason == RG_REASON_DIVERGED ? "diverged"
                                                                  : "-";
    rg_columns_cell(t, "", "%zu%s", row->rank, row->tied ? "=" : " ");
    rg_columns_cell(t, "", "%s", row->remedy);
    rg_columns_cell(t, "", "%s", row->with);
    rg_columns_cell(t, "", "%.3g", row->config.training.lr);
    rg_columns_cell(t, "", "%.3g", row->spread.median);
    rg_columns_cell(t, "", "%.3g", row->spread.q1);
    rg_columns_cell(t, "", "%.3g", row->spread.q3);
    rg_columns_cell(t, "", "%zu/%zu", row->spread.learned, row->spread.runs);
    add_number(t, !s->measured ? (double)NAN : fabs(share) < 0.05 ? 0.0 : share, 1);
    rg_columns_cell(t, s->measured ? rg_verdict_colors[s->verdict] : "\033[31m", "%s", verdict);
    if (t->options.n == COLUMNS) {
        add_number(t, s->measured ? (double)s->horizon : (double)NAN, 0);
        add_number(t, s->measured ? s->factor : (double)NAN, 4);
        add_number(t, 100.0 * s->clip_rate, 1);
        rg_columns_cell(t, "", "%llu", (unsigned long long)s->updates);
        rg_columns_cell(t, "", "%.0f", s->sequences_per_s);
    }
}

static rg_status add_rows(const struct rg_comparison *comparison, const size_t *order, size_t n, struct rg_columns *t) {
    bool tied = false;
    for (size_t i = 0; i < n; i++) {
        const struct rg_comparison_row *const row = &comparison->rows[order[i]];
        add_row(row, t);
        tied = tied || row->tied;
    }
    RG_TRY(rg_columns_end(t));
    if (tied) {
        rg_columns_explain(t, "=",
                           "tied with the row above or below: with the seeds drawn again, neither median is the lower "
                           "one in 9 of 10 draws");
    }
    return RG_OK;
}

/* Has a shown row more than one seed? */
static bool has_several(const struct rg_comparison *comparison, const size_t *order, size_t n) {
    bool several = false;
    for (size_t i = 0; i < n; i++) {
        several = several || comparison->rows[order[i]].n_runs > 1;
    }
    return several;
}

rg_status rg_comparison_print(const struct rg_comparison *comparison, const size_t *order, size_t n,
                              const struct rg_look *look) {
    static const char medians[] = "of the losses of the seeds; the loss of a run is the median over its last tenth of "
                                  "the updates, at least 20",
                      held_out[] = "of the best held-out losses of the seeds; that of a run is the lowest loss of the "
                                   "validation data at any time",
                      middle[] = "of the run with the median loss: the share of weight_hh's gradient from the older "
                                 "half of the lags; the verdict",
                      others[] =
                          "of the same run: lags below it give the gradient within 10 %, factor of the gradient a "
                          "step back, updates that were clipped, updates made, sequences a second";
    const struct rg_summary *const first = &comparison->rows[order[0]].summary;
    const char *const losses = first->held_out > 0 ? held_out : medians;
    struct rg_column columns[COLUMNS] = {
        {.head = "", .width = 3},
        {.head = "remedy", .width = 10, .left = true},
        {.head = "with", .width = 5, .left = true},
        {.head = "lr", .width = 6},
        {.head = "median", .width = 8, .meaning = losses},
        {.head = "quarter", .width = 8, .meaning = losses},
        {.head = "3/4", .width = 8, .meaning = losses},
        {.head = "learned", .width = 7},
        {.head = "long %", .width = 6, .meaning = middle},
        {.head = "gradient", .width = 9, .left = true, .meaning = middle},
        {.head = "horizon", .width = 7, .meaning = others},
        {.head = "factor", .width = 7, .meaning = others},
        {.head = "clip %", .width = 6, .meaning = others},
        {.head = "updates", .width = 7, .meaning = others},
        {.head = "seq/s", .width = 9, .meaning = others},
    };
    char learned[120];
    struct rg_columns t;
    (void)snprintf(learned, sizeof learned,
                   "of the seeds that are done, those whose %sloss is below %g of the baseline's",
                   first->held_out > 0 ? "best held-out " : "", rg_loss_learned_part(first->loss_kind));
    columns[LEARNED].meaning = learned;
    const struct rg_columns_options options = {.columns = columns,
                                               .n = look->columns >= WIDE ? COLUMNS : NARROW_COLUMNS,
                                               .keys = 3,
                                               .rows = n,
                                               .width = rg_look_rows(look),
                                               .gap = 1,
                                               .color = look->color};
    RG_TRY(rg_columns_create(&options, &t));
    char steps[RG_COUNTED_BYTES];
    char baseline[RG_BASELINE_TEXT];
    rg_comparison_baseline_text(comparison, baseline);
    rg_lines_format(stdout, rg_look_text(look), 0, "%s, %s: the baseline's loss is %s", first->task,
                    rg_counted(first->steps, "step", steps), baseline);
    (void)putchar('\n');
    const rg_status status = add_rows(comparison, order, n, &t);
    rg_columns_release(&t);
    const size_t seeds = comparison->rows[order[0]].config.compare.seeds;
    if (!has_several(comparison, order, n) && seeds == 1) {
        (void)puts("One seed: differences may be chance. --seeds 3 tells more.");
    } else if (!has_several(comparison, order, n)) {
        (void)printf("One seed is done, of %zu: differences may be chance.\n", seeds);
    }
    return status;
}
