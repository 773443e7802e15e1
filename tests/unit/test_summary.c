/* Summaries of runs: losses over parts of the updates, lag columns, and the rank of a comparison's rows. */
#include <math.h>
#include <stdlib.h>

#include "cli/report/comparison.h"
#include "suite.h"
#include "train/loss_mean.h"

static struct rg_summary summary;
static double baseline = NAN;

/* `n` updates of `planned`, the loss of update u being loss(u). */
static void make(uint64_t planned, uint64_t n, double (*loss)(uint64_t), enum rg_reason reason) {
    rg_summary_init(&summary, planned);
    summary.baseline = baseline;
    summary.loss_kind = RG_LOSS_MSE;
    struct rg_loss_mean mean;
    ck_assert_int_eq(rg_loss_mean_create(&mean, planned), RG_OK);
    for (uint64_t u = 1; u <= n; u++) {
        rg_summary_add(&summary, &(struct rg_update){.update = u, .loss = loss(u)});
        rg_loss_mean_add(&mean, loss(u));
        rg_summary_note_learned(&summary, u, &mean);
    }
    rg_summary_end(&summary, &(struct rg_training){.reason = reason,
                                                   .updates = n,
                                                   .clipped = n / 2,
                                                   .loss = rg_loss_mean_value(&mean),
                                                   .median_loss = rg_loss_mean_value(&mean),
                                                   .last_loss = n ? loss(n) : (double)NAN});
    rg_loss_mean_release(&mean);
}

/* The same of a run with a baseline of 1. */
static void make_learning(uint64_t planned, uint64_t n, double (*loss)(uint64_t)) {
    baseline = 1.0;
    make(planned, n, loss, RG_REASON_DONE);
    baseline = NAN;
}

static double falling(uint64_t u) {
    return 10000.0 - (double)u;
}

static double valley(uint64_t u) {
    return fabs((double)u - 150.0);
}

static double broken(uint64_t u) {
    return u % 2 == 0 ? NAN : u > 900 ? INFINITY : 2.0;
}

START_TEST(losses_are_means_over_a_tenth) {
    make(1000, 1000, falling, RG_REASON_DONE);
    ck_assert_uint_eq(summary.n_parts, RG_SUMMARY_PARTS);
    ck_assert_double_eq(rg_summary_part(&summary, 0), 10000.0 - 5.5);
    ck_assert_double_eq(summary.loss, 10000.0 - 950.5);
    ck_assert_double_eq(summary.best_loss, summary.loss);
    ck_assert_double_eq(summary.clip_rate, 0.5);
    make(200, 200, valley, RG_REASON_DONE);
    ck_assert_double_eq(summary.loss, 40.5);
    ck_assert_double_eq(summary.best_loss, 5.0); /* updates 141 to 160 */
    make(7, 7, falling, RG_REASON_DONE);
    ck_assert_uint_eq(summary.n_parts, 7);
    ck_assert_double_eq(summary.loss, 9996.0);
    ck_assert_double_eq(summary.best_loss, 9996.0);
    ck_assert_double_eq(summary.last_loss, 9993.0);
}
END_TEST

/* None is empty, and each has the updates up to its end: a fraction that is rounded would put one in the part before.
 */
START_TEST(parts_share_the_updates_evenly) {
    for (uint64_t planned = 1; planned <= 1000; planned++) {
        uint64_t before = 0;
        make(planned, planned, falling, RG_REASON_DONE);
        for (size_t part = 0; part < summary.n_parts; part++) {
            const uint64_t end = rg_summary_part_end(&summary, part);
            ck_assert_uint_gt(end, before);
            ck_assert_double_eq_tol(rg_summary_part(&summary, part), 10000.0 - (double)(before + 1 + end) / 2.0, 1e-8);
            before = end;
        }
        ck_assert_uint_eq(before, planned);
    }
    make(1000, 505, falling, RG_REASON_TIME);
    ck_assert_uint_eq(rg_summary_part_end(&summary, 50), 505); /* where the run ended */
}
END_TEST

static double step_at_300(uint64_t u) {
    return u <= 300 ? 1.0 : 0.0;
}

static double low(uint64_t u) {
    (void)u;
    return 0.0;
}

START_TEST(when_a_run_has_learned) {
    /* loss mse, baseline 1: the mean over the last tenth, 30 to 33 updates then, falls below 0.06 with 32 zeros of 33
     */
    make_learning(1000, 1000, step_at_300);
    ck_assert_uint_eq(summary.learned_update, 332);
    make_learning(300, 300, step_at_300);
    ck_assert_uint_eq(summary.learned_update, 0);
    make_learning(1000, 50, low);
    ck_assert_uint_eq(summary.learned_update, 20);
    make_learning(7, 7, low);
    ck_assert_uint_eq(summary.learned_update, 7);
}
END_TEST

START_TEST(runs_that_end_early) {
    make(1000, 500, falling, RG_REASON_TIME);
    ck_assert_double_eq(summary.loss, 10000.0 - 475.5);
    make(1000, 0, falling, RG_REASON_INTERRUPTED);
    ck_assert(isnan(summary.loss) && isnan(summary.best_loss));
    make(0, 0, falling, RG_REASON_DONE);
    ck_assert(isnan(summary.loss) && summary.clip_rate == 0.0);
}
END_TEST

START_TEST(losses_that_are_not_finite_do_not_count) {
    make(1000, 1000, broken, RG_REASON_DONE);
    ck_assert(isnan(summary.loss) && summary.best_loss == 2.0); /* none of the last tenth is finite */
    ck_assert(isnan(rg_summary_part(&summary, 95)));
    make(1000, 950, broken, RG_REASON_DIVERGED);
    ck_assert(isnan(summary.loss) && summary.best_loss == 2.0 && !summary.measured);
}
END_TEST

START_TEST(lags_go_into_columns) {
    enum { STEPS = 2 * RG_SUMMARY_LAGS };
    static double norm[STEPS], share[STEPS];
    for (size_t i = 0; i < STEPS; i++) {
        norm[i] = pow(0.9, (double)i);
        share[i] = 1.0 / STEPS;
    }
    const struct rg_lag_profile profile = {.steps = STEPS,
                                           .matrices[RG_LAG_HH] = {.norm = norm, .share = share, .horizon = 17}};
    const struct rg_verdict verdict = {.word = RG_VANISHING, .decay = 0.9};
    rg_summary_init(&summary, 1);
    rg_summary_lags(&summary, NULL, NULL);
    ck_assert(!summary.measured);
    rg_summary_lags(&summary, &profile, &verdict);
    ck_assert(summary.measured && summary.horizon == 17 && summary.verdict == RG_VANISHING);
    ck_assert_double_eq(summary.decay, 0.9);
    ck_assert_double_eq_tol(summary.long_share, 0.5, 1e-12);
    ck_assert(summary.n_lags == RG_SUMMARY_LAGS && summary.lag_steps == STEPS);
    ck_assert_double_eq(summary.lag_norm[3], norm[6]);
    ck_assert_double_eq_tol(summary.lag_share[3], 2.0 / STEPS, 1e-12);
}
END_TEST

/* ---- Ranks ---- */

enum { ROWS = 7, SEEDS = 3 };

/* Rows of `n` runs with these median losses, ranked. */
static size_t rank_rows(double losses[][SEEDS], size_t n, struct rg_comparison_row rows[ROWS], size_t order[ROWS]) {
    static struct rg_summary runs[ROWS][SEEDS];
    size_t ranked = 0;
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = (struct rg_comparison_row){.n_runs = isnan(losses[i][0]) ? 0 : n, .runs = runs[i]};
        for (size_t k = 0; k < SEEDS; k++) {
            runs[i][k] = (struct rg_summary){.median_loss = losses[i][k], .updates = k};
        }
        ck_assert_int_eq(rg_comparison_end_row(&rows[i]), RG_OK);
    }
    struct rg_comparison comparison = {.n_rows = ROWS, .rows = rows};
    ck_assert_int_eq(rg_comparison_rank(&comparison, order, &ranked), RG_OK);
    return ranked;
}

START_TEST(rank_is_by_median) {
    static double losses[ROWS][SEEDS] = {{0.5, 0.6, 0.55}, {NAN},           {0.1, 0.12, 0.11}, {0.52, 0.54, 0.7},
                                         {INFINITY, 1, 2}, {NAN, NAN, NAN}, {0.2, 0.21, 0.22}};
    static const size_t expected[] = {2, 6, 3, 0, 4}, ranks[] = {1, 2, 3, 3, 5};
    losses[4][0] = INFINITY;
    struct rg_comparison_row rows[ROWS];
    size_t order[ROWS];
    ck_assert_uint_eq(rank_rows(losses, SEEDS, rows, order), 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_uint_eq(order[i], expected[i]);
        ck_assert_uint_eq(rows[order[i]].rank, ranks[i]);
        ck_assert(rows[order[i]].tied == (i == 2 || i == 3));
    }
    ck_assert(rows[2].spread.median == 0.11 && rows[2].summary.updates == 2);
    ck_assert(rows[4].spread.median == 2.0 && rows[4].spread.q1 == 1.5 && isinf(rows[4].spread.q3));
    ck_assert(!rows[1].done);
}
END_TEST

/* With validation data the lowest of all validations counts: not the training loss, and not the loss at the end. */
START_TEST(rank_is_by_the_best_held_out_loss) {
    static struct rg_summary runs[2][SEEDS];
    struct rg_comparison_row rows[2];
    size_t order[2], n = 0;
    for (size_t i = 0; i < 2; i++) {
        rows[i] = (struct rg_comparison_row){.n_runs = SEEDS, .runs = runs[i]};
        for (size_t k = 0; k < SEEDS; k++) {
            rg_summary_init(&runs[i][k], 10);
            runs[i][k].held_out = 9;
            runs[i][k].median_loss = i == 0 ? 0.1 : 0.5;
            runs[i][k].val_loss = i == 0 ? 0.2 : 0.9;
            runs[i][k].val_best_loss = (i == 0 ? 0.15 : 0.0625) + 0.01 * (double)((k + 1) % SEEDS);
            runs[i][k].updates = k;
        }
        ck_assert_int_eq(rg_comparison_end_row(&rows[i]), RG_OK);
    }
    struct rg_comparison comparison = {.n_rows = 2, .rows = rows};
    ck_assert_int_eq(rg_comparison_rank(&comparison, order, &n), RG_OK);
    ck_assert(n == 2 && order[0] == 1 && order[1] == 0 && rows[0].rank == 2 && !rows[0].tied);
    ck_assert_double_eq(rows[1].spread.median, 0.0725);
    ck_assert_uint_eq(rows[1].summary.updates, 0);
    ck_assert_str_eq(rg_summary_ranked_by(&runs[0][0]), "validation.best_loss");
    runs[1][0].reason = RG_REASON_DIVERGED; /* though it had a low loss before */
    ck_assert(isinf(rg_summary_ranked(&runs[1][0])));
    rg_summary_init(&summary, 1);
    summary.median_loss = 0.25;
    ck_assert_double_eq(rg_summary_ranked(&summary), 0.25);
    ck_assert_str_eq(rg_summary_ranked_by(&summary), "median_loss");
    summary.held_out = 1; /* without a loss */
    ck_assert(isinf(rg_summary_ranked(&summary)));
}
END_TEST

/* A run has learned by the loss by which it is ranked: with validation data the lowest of these, beside the baseline
 * without class weights. */
START_TEST(learned_by_the_validation) {
    struct rg_summary s;
    rg_summary_init(&s, 10);
    s.loss_kind = RG_LOSS_MSE;
    s.baseline = 1.0;
    s.score_baseline = 0.5;
    s.median_loss = 0.05;
    ck_assert(rg_summary_learned(&s));
    s.held_out = 7;
    ck_assert(!rg_summary_learned(&s)); /* no validation has a loss */
    s.val_best_loss = 0.05;
    ck_assert(!rg_summary_learned(&s));
    s.val_best_loss = 0.029;
    ck_assert(rg_summary_learned(&s));
    s.median_loss = 0.9;
    ck_assert(rg_summary_learned(&s));
    s.reason = RG_REASON_DIVERGED;
    ck_assert(!rg_summary_learned(&s));
}
END_TEST

/* With one run each nothing can be said of chance: only equal rows are tied. */
START_TEST(one_run_each) {
    double losses[ROWS][SEEDS] = {{0.5}, {0.5}, {0.1}, {0.4}, {0.101}, {INFINITY}, {INFINITY}};
    static const size_t expected[] = {2, 4, 3, 0, 1, 5, 6}, ranks[] = {1, 2, 3, 4, 4, 6, 6};
    struct rg_comparison_row rows[ROWS];
    size_t order[ROWS];
    ck_assert_uint_eq(rank_rows(losses, 1, rows, order), ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        ck_assert_uint_eq(order[i], expected[i]);
        ck_assert_uint_eq(rows[order[i]].rank, ranks[i]);
    }
}
END_TEST

static bool tied(const double *a, size_t n, const double *b, size_t m) {
    struct rg_summary runs[2][8];
    const struct rg_summary *lists[2][8];
    struct rg_spread_group groups[2] = {{.runs = lists[0], .n = n + 1}, {.runs = lists[1], .n = m}};
    size_t order[2], ranked = 0;
    for (size_t i = 0; i < 8; i++) {
        runs[0][i] = (struct rg_summary){.median_loss = i < n ? a[i] : (double)NAN};
        runs[1][i] = (struct rg_summary){.median_loss = i < m ? b[i] : (double)NAN};
        lists[0][i] = i < n ? &runs[0][i] : NULL; /* one more, which is not done */
        lists[1][i] = &runs[1][i];
    }
    ck_assert_int_eq(rg_spread_rank(groups, 2, order, &ranked), RG_OK);
    ck_assert(ranked == 2 && groups[0].tied == groups[1].tied && groups[order[0]].rank == 1);
    ck_assert(groups[order[1]].rank == (groups[0].tied ? 1 : 2));
    return groups[0].tied;
}

/* Of three seeds drawn again the median of {1, 2, 9} is 9 in 7 of 27 draws, and that of {5, 6, 7} is never. */
START_TEST(ties) {
    static const double low[] = {1, 2, 3}, high[] = {4, 5, 6}, mixed[] = {1, 2, 9}, middle[] = {5, 6, 7},
                        many[] = {1, 2, 2, 2, 3, 3, 9}, diverged[] = {INFINITY, INFINITY, INFINITY};
    ck_assert(!tied(low, 3, high, 3) && !tied(high, 3, low, 3));
    ck_assert(tied(mixed, 3, middle, 3) && tied(low, 3, low, 3) && tied(low, 3, mixed, 3));
    ck_assert(!tied(many, 7, middle, 3)); /* more seeds tell them apart */
    ck_assert(tied(diverged, 3, diverged, 3) && !tied(diverged, 3, middle, 3));
}
END_TEST

/* One spike moves the mean and not the median. */
START_TEST(a_spike_does_not_move_the_median) {
    struct rg_loss_mean mean;
    double median = 0.0;
    ck_assert_int_eq(rg_loss_mean_create(&mean, 100), RG_OK);
    ck_assert_int_eq(rg_loss_mean_median(&mean, &median), RG_OK);
    ck_assert(isnan(median));
    for (int i = 0; i < 100; i++) {
        rg_loss_mean_add(&mean, i == 95 ? 1e9 : i == 96 ? (double)INFINITY : 100.0 - i);
    }
    ck_assert_int_eq(rg_loss_mean_median(&mean, &median), RG_OK);
    ck_assert_double_eq(median, 12.0); /* of 19 finite losses: 20 to 6, 1e9, 3, 2, 1 */
    ck_assert_double_gt(rg_loss_mean_value(&mean), 1e7);
    rg_loss_mean_release(&mean);
}
END_TEST

TEST_MAIN("summary") {
    TCase *const summaries = add_tests(suite, "summary");
    tcase_add_test(summaries, losses_are_means_over_a_tenth);
    tcase_add_test(summaries, parts_share_the_updates_evenly);
    tcase_add_test(summaries, when_a_run_has_learned);
    tcase_add_test(summaries, runs_that_end_early);
    tcase_add_test(summaries, losses_that_are_not_finite_do_not_count);
    tcase_add_test(summaries, lags_go_into_columns);
    tcase_add_test(summaries, rank_is_by_median);
    tcase_add_test(summaries, rank_is_by_the_best_held_out_loss);
    tcase_add_test(summaries, one_run_each);
    tcase_add_test(summaries, learned_by_the_validation);
    tcase_add_test(summaries, ties);
    tcase_add_test(summaries, a_spike_does_not_move_the_median);
}
