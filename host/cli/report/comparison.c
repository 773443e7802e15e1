/* The comparison of remedies: see comparison.h. */
#include "cli/report/comparison.h"

#include <math.h>
#include <stdio.h>

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
fail:
    for (size_t i = 0; i < rows; i++) {
        rg_free(groups[i].runs);
    }
    rg_free(groups);
    return status;
}

size_t rg_comparison_whole(const struct rg_comparison *comparison) {
    size_t n = 0;
    for (size_t i = 0; i < comparison->n_rows; i++) {
        n += comparison->rows[i].n_runs == comparison->rows[i].config.compare.seeds;
    }
    return n;
}

void rg_comparison_release(struct rg_comparison *comparison) {
    for (size_t i = 0; i < comparison->n_rows; i++) {
        rg_free(comparison->rows[i].runs);
    }
    rg_free(comparison->rows);
    *comparison = (struct rg_comparison){.n_rows = 0};
}

/* ---- The table ---- */

enum { WIDE = 120 /* columns from which there are more numbers */ };

static const char *number(double value, int decimals, char out[16]) {
    (void)snprintf(out, 16, "-");
    if (isfinite(value)) {
        (void)snprintf(out, 16, "%.*f", decimals, value);
    }
    return out;
}

static void print_row(const struct rg_comparison_row *row, const struct rg_look *look) {
    const struct rg_summary *const s = &row->summary;
    const double share = 100.0 * s->long_share;
    const char *const verdict = s->measured                       ? rg_verdict_names[s->verdict]
                                : s->reason == RG_REASON_DIVERGED ? "diverged"
                                                                  : "-";
    const char *const color = !look->color ? "" : s->measured ? rg_verdict_colors[s->verdict] : "\033[31m";
    char learned[24], lags[16] = "-";
    (void)snprintf(learned, sizeof learned, "%zu/%zu", row->spread.learned, row->spread.runs);
    if (s->measured) {
        (void)snprintf(lags, sizeof lags, "%.1f", fabs(share) < 0.05 ? 0.0 : share);
    }
    (void)printf("%2zu%s %-10s %-5s %6.3g %8.3g %8.3g %8.3g %7s %6s %s%-*s%s", row->rank, row->tied ? "=" : " ",
                 row->remedy, row->with, row->config.training.lr, row->spread.median, row->spread.q1, row->spread.q3,
                 learned, lags, color, look->columns >= WIDE ? 9 : 0, verdict, look->color ? "\033[0m" : "");
    if (look->columns >= WIDE) {
        char horizon[16], factor[16], clipped[16];
        (void)printf(" %7s %7s %6s %7llu %9.0f", number(s->measured ? (double)s->horizon : (double)NAN, 0, horizon),
                     number(s->measured ? s->factor : (double)NAN, 4, factor), number(100.0 * s->clip_rate, 1, clipped),
                     (unsigned long long)s->updates, s->sequences_per_s);
    }
    (void)putchar('\n');
}

void rg_comparison_print(const struct rg_comparison *comparison, const size_t *order, size_t n,
                         const struct rg_look *look) {
    const struct rg_summary *const first = &comparison->rows[order[0]].summary;
    const bool wide = look->columns >= WIDE;
    bool tied = false, several = false;
    (void)printf("%s, %zu steps: the baseline's loss is %.6g\n\n", first->task, first->steps, first->baseline);
    (void)printf("%3s %-10s %-5s %6s %8s %8s %8s %7s %6s %-*s", "", "remedy", "with", "lr", "median", "quarter", "3/4",
                 "learned", "long %", wide ? 9 : 0, "gradient");
    if (wide) {
        (void)printf(" %7s %7s %6s %7s %9s", "horizon", "factor", "clip %", "updates", "seq/s");
    }
    (void)putchar('\n');
    for (size_t i = 0; i < n; i++) {
        const struct rg_comparison_row *const row = &comparison->rows[order[i]];
        print_row(row, look);
        tied = tied || row->tied;
        several = several || row->n_runs > 1;
    }
    (void)printf("\n"
                 "median, quarter, 3/4  of the losses of the seeds; the loss of a run is the\n"
                 "                      median over its last tenth of the updates, at least 20\n"
                 "learned               seeds whose loss is below %g of the baseline\n"
                 "long %%, gradient      of the run with the median loss: the share of weight_hh's\n"
                 "                      gradient from the older half of the lags; the verdict\n",
                 rg_loss_learned_part(first->loss_kind));
    if (wide) {
        (void)puts(
            "horizon, factor ...   of the same run: lags that give the gradient to 10 %, factor of the gradient a "
            "step back,\n                      updates that were clipped, updates made, sequences a second");
    }
    if (tied) {
        (void)puts("=                     tied with the row above or below: with the seeds drawn again,\n"
                   "                      neither median is the lower one in 9 of 10 draws");
    }
    if (!several) {
        (void)puts("One seed: differences may be chance. --seeds 3 tells more.");
    }
}
