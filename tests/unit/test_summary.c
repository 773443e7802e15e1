/* Summaries of runs: losses over parts of the updates, lag columns, and the rank of a comparison's rows. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "report/comparison.h"

static struct rg_summary summary;

/* `n` updates of `planned`, the loss of update u being loss(u). */
static void make(uint64_t planned, uint64_t n, double (*loss)(uint64_t), enum rg_reason reason) {
    rg_summary_init(&summary, planned);
    for (uint64_t u = 1; u <= n; u++) {
        rg_summary_add(&summary, &(struct rg_update){.update = u, .loss = loss(u)});
    }
    rg_summary_end(&summary, &(struct rg_training){.reason = reason, .updates = n, .clipped = n / 2});
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
    ck_assert_double_eq(summary.best_loss, 5.0);
    make(7, 7, falling, RG_REASON_DONE);
    ck_assert_uint_eq(summary.n_parts, 7);
    ck_assert_double_eq(summary.loss, 9993.0);
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
    ck_assert_double_eq(summary.loss, 2.0);
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
    const struct rg_judgement judgement = {.verdict = RG_VANISHING, .decay = 0.9};
    rg_summary_init(&summary, 1);
    rg_summary_lags(&summary, NULL, NULL);
    ck_assert(!summary.measured);
    rg_summary_lags(&summary, &profile, &judgement);
    ck_assert(summary.measured && summary.horizon == 17 && summary.verdict == RG_VANISHING);
    ck_assert_double_eq(summary.decay, 0.9);
    ck_assert_double_eq_tol(summary.long_share, 0.5, 1e-12);
    ck_assert(summary.n_lags == RG_SUMMARY_LAGS && summary.lag_steps == STEPS);
    ck_assert_double_eq(summary.lag_norm[3], norm[6]);
    ck_assert_double_eq_tol(summary.lag_share[3], 2.0 / STEPS, 1e-12);
}
END_TEST

START_TEST(rank_is_by_loss) {
    static const double losses[] = {0.5, NAN, 0.1, 0.5, INFINITY, NAN, 0.2};
    static const size_t expected[] = {2, 6, 0, 3, 4, 5};
    struct rg_comparison_row rows[7];
    size_t order[7];
    for (size_t i = 0; i < 7; i++) {
        rows[i] = (struct rg_comparison_row){.done = i != 1, .summary = {.loss = losses[i]}};
    }
    const struct rg_comparison comparison = {7, rows};
    ck_assert_uint_eq(rg_comparison_rank(&comparison, order), 6);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_uint_eq(order[i], expected[i]);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("summary");
    TCase *summaries = tcase_create("summary");
    tcase_add_test(summaries, losses_are_means_over_a_tenth);
    tcase_add_test(summaries, runs_that_end_early);
    tcase_add_test(summaries, losses_that_are_not_finite_do_not_count);
    tcase_add_test(summaries, lags_go_into_columns);
    tcase_add_test(summaries, rank_is_by_loss);
    suite_add_tcase(suite, summaries);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
