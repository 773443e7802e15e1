/* The record of a run stays bounded, keeps its sums, and always has the newest. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/history.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

static struct rg_history *created(void) {
    struct rg_history *history = NULL;
    ck_assert_int_eq(rg_history_create(&history), RG_OK);
    return history;
}

START_TEST(few_updates_are_kept_as_they_are) {
    struct rg_history *h = created();
    for (uint64_t u = 1; u <= RG_KEPT_UPDATES; u++) {
        rg_history_add_update(h, &(struct rg_update){.update = u,
                                                     .loss = (double)u,
                                                     .grad_norm = 2.0 * (double)u,
                                                     .clipped = u % 2 == 0,
                                                     .skipped = u % 3 == 0,
                                                     .lr = 0.5});
    }
    ck_assert_uint_eq(h->n_points, RG_KEPT_UPDATES);
    for (size_t i = 0; i < h->n_points; i++) {
        const struct rg_history_point *p = &h->points[i];
        ck_assert_uint_eq(p->update, i + 1);
        ck_assert_uint_eq(p->count, 1);
        ck_assert_uint_eq(p->clipped, (i + 1) % 2 == 0);
        ck_assert_uint_eq(p->skipped, (i + 1) % 3 == 0);
        ck_assert_double_eq(p->loss, (double)p->update);
        ck_assert_double_eq(p->grad_norm, 2.0 * (double)p->update);
    }
    rg_history_destroy(h);
}
END_TEST

START_TEST(many_updates_are_merged_and_none_is_lost) {
    enum { N = 100003 };
    struct rg_history *h = created();
    for (uint64_t u = 1; u <= N; u++) {
        const bool bad = u % 1000 == 0;
        rg_history_add_update(h, &(struct rg_update){.update = u,
                                                     .loss = bad ? NAN : (double)u,
                                                     .grad_norm = bad ? INFINITY : (double)(u % 777),
                                                     .clipped = u % 5 == 0,
                                                     .skipped = bad,
                                                     .lr = 1.0 / (double)u});
        ck_assert_uint_le(h->n_points, RG_KEPT_UPDATES);
        ck_assert_uint_eq(h->points[h->n_points - 1].update, u);
    }
    uint64_t count = 0, clipped = 0, skipped = 0, finite = 0, last = 0;
    double sum = 0.0, largest = 0.0;
    for (size_t i = 0; i < h->n_points; i++) {
        const struct rg_history_point *p = &h->points[i];
        count += p->count;
        ck_assert_uint_eq(p->update, last + p->count);
        last = p->update;
        ck_assert(p->count == h->point_updates || i + 1 == h->n_points);
        clipped += p->clipped;
        skipped += p->skipped;
        finite += p->finite;
        sum += p->loss * (double)p->finite;
        largest = fmax(largest, p->grad_norm);
    }
    ck_assert_uint_eq(count, N);
    ck_assert_uint_eq(clipped, N / 5);
    ck_assert_uint_eq(skipped, N / 1000);
    ck_assert_uint_eq(finite, N - N / 1000);
    const double expected = 0.5 * N * (N + 1.0) - 1000.0 * 0.5 * 100 * 101;
    ck_assert_double_eq_tol(sum / expected, 1.0, 1e-12);
    ck_assert_double_eq(largest, 776.0);
    ck_assert_double_eq(h->points[h->n_points - 1].lr, 1.0 / N);
    ck_assert_uint_eq(h->point_updates, 64);
    rg_history_destroy(h);
}
END_TEST

START_TEST(losses_that_are_not_finite_are_no_points) {
    struct rg_history *h = created();
    rg_history_add_update(
        h, &(struct rg_update){
               .update = 1, .loss = INFINITY, .grad_norm = NAN, .clipped = false, .skipped = true, .lr = 1.0});
    ck_assert(isnan(h->points[0].loss) && isnan(h->points[0].grad_norm));
    ck_assert_uint_eq(h->points[0].finite, 0);
    rg_history_destroy(h);
}
END_TEST

START_TEST(validations_are_thinned) {
    struct rg_history *h = created();
    for (uint64_t u = 0; u < 10 * RG_KEPT_VALIDATIONS; u++) {
        rg_history_add_validation(h, u, (double)u, NAN);
        const struct rg_history_validation *v = h->validations;
        const size_t n = h->validation.n;
        ck_assert_uint_le(n, RG_KEPT_VALIDATIONS);
        ck_assert_uint_eq(v[0].update, 0);
        ck_assert_uint_eq(v[n - 1].update, u);
        ck_assert(n < 2 || v[n - 2].update < u);
    }
    for (size_t i = 0; i + 1 < h->validation.n; i++) {
        ck_assert_uint_eq(h->validations[i].update, i * h->validation.stride);
    }
    ck_assert_uint_ge(h->validation.n, RG_KEPT_VALIDATIONS / 2);
    rg_history_destroy(h);
}
END_TEST

/* A profile of `steps` lags: norm 10^-lag, shares that sum to 1, cosine alternating. */
static void add_profile(struct rg_history *h, uint64_t update, size_t steps) {
    double *numbers = NULL;
    ck_assert_int_eq(rg_alloc(&numbers, 3 * steps, sizeof *numbers, "lags"), RG_OK);
    for (size_t i = 0; i < steps; i++) {
        numbers[i] = -(double)i - (double)update;
        numbers[steps + i] = 1.0 / (double)steps;
        numbers[2 * steps + i] = i % 2 ? -1.0 : 1.0;
    }
    struct rg_lag_values values[8];
    for (size_t m = 0; m < 8; m++) {
        values[m] = (struct rg_lag_values){numbers, numbers + steps, numbers + 2 * steps};
    }
    ck_assert_int_eq(rg_history_add_lags(h, update, values), RG_OK);
    rg_free(numbers);
}

START_TEST(lags_are_binned) {
    static const size_t lengths[] = {1, 2, 100, 511, 512, 513, 514, 600, 1000, 1025, 10007, 1000000};
    const struct rg_history_matrix matrices[2] = {{"rnn.weight_hh_l0", 0, 0}, {"rnn.weight_ih_l0", 0, 0}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct rg_history *h = created();
        ck_assert_int_eq(rg_history_set_matrices(h, lengths[i], matrices, 2), RG_OK);
        add_profile(h, 3, lengths[i]);
        ck_assert_uint_le(h->n_columns, RG_KEPT_LAGS);
        ck_assert_uint_eq(rg_lag_column(lengths[i], 0), 0);
        ck_assert_uint_eq(rg_lag_column(lengths[i], h->n_columns), lengths[i]);
        for (size_t c = 0; c < h->n_columns; c++) {
            ck_assert_uint_lt(rg_lag_column(lengths[i], c), rg_lag_column(lengths[i], c + 1));
        }
        for (size_t m = 0; m < 2; m++) {
            const float *const norm = rg_history_lags(h, 0, m, RG_LAG_LOG10_NORM);
            const float *const share = rg_history_lags(h, 0, m, RG_LAG_SHARE);
            double sum = 0.0;
            for (size_t c = 0; c < h->n_columns; c++) {
                ck_assert_float_eq(norm[c], (float)(-3.0 - (double)rg_lag_column(lengths[i], c)));
                sum += (double)share[c];
            }
            ck_assert_double_eq_tol(sum, 1.0, 1e-5);
            ck_assert_float_eq(rg_history_lags(h, 0, m, RG_LAG_COSINE)[0], 1.0F);
        }
        const double older = (double)(lengths[i] / 2) / (double)lengths[i];
        ck_assert_double_eq_tol(rg_history_long_share(h, 0, 1), older, 1e-5);
        rg_history_destroy(h);
    }
}
END_TEST

START_TEST(what_a_profile_does_not_say_is_nan) {
    const struct rg_history_matrix matrices[2] = {{"a", 0, 0}, {"b", 0, 0}};
    const double zero[1] = {0.0}, one[1] = {1.0};
    struct rg_history *h = created();
    ck_assert_int_eq(rg_history_set_matrices(h, 1, matrices, 2), RG_OK);
    ck_assert_int_eq(rg_history_add_lags(h, 1, (const struct rg_lag_values[]){{NULL, NULL, NULL}, {zero, one, one}}),
                     RG_OK);
    for (int q = 0; q < RG_LAG_QUANTITIES; q++) {
        ck_assert(isnan(rg_history_lags(h, 0, 0, (enum rg_lag_quantity)q)[0]));
    }
    ck_assert_float_eq(rg_history_lags(h, 0, 1, RG_LAG_SHARE)[0], 1.0F);
    rg_history_destroy(h);
}
END_TEST

START_TEST(causes_are_binned) {
    static double values[1300];
    struct rg_history *h = created();
    for (size_t i = 0; i < 1300; i++) {
        values[i] = i % 3 == 2 ? NAN : (double)i;
    }
    ck_assert_int_eq(rg_history_set_cause(h, RG_CAUSE_SLOPE, values, 0), RG_OK);
    ck_assert_ptr_null(h->causes[RG_CAUSE_SLOPE].values);
    ck_assert_int_eq(rg_history_set_cause(h, RG_CAUSE_SLOPE, values, 2), RG_OK);
    ck_assert_int_eq(rg_history_set_cause(h, RG_CAUSE_SLOPE, values, 1300), RG_OK);
    const struct rg_history_curve *const curve = &h->causes[RG_CAUSE_SLOPE];
    ck_assert_uint_eq(curve->lags, 1300);
    ck_assert_uint_eq(curve->n, RG_KEPT_LAGS);
    for (size_t c = 0; c < curve->n; c++) { /* the mean of those that are numbers */
        double sum = 0.0, count = 0.0;
        for (size_t lag = rg_lag_column(1300, c); lag < rg_lag_column(1300, c + 1); lag++) {
            sum += lag % 3 == 2 ? 0.0 : (double)lag;
            count += lag % 3 == 2 ? 0.0 : 1.0;
        }
        ck_assert(count > 0.0 ? fabsf(curve->values[c] - (float)(sum / count)) < 1e-3F : isnan(curve->values[c]));
    }
    rg_history_destroy(h);
}
END_TEST

START_TEST(samples_are_thinned) {
    struct rg_history_matrix matrices[8] = {{"m", 0, 0}};
    struct rg_history *h = created();
    ck_assert_int_eq(rg_history_set_matrices(h, 5, matrices, 8), RG_OK);
    ck_assert_uint_eq(h->sample.limit, RG_KEPT_SAMPLES);
    for (uint64_t u = 0; u < 3 * RG_KEPT_SAMPLES + 1; u++) {
        add_profile(h, u, 5);
        const size_t n = h->sample.n;
        ck_assert_uint_eq(h->samples[0].update, 0);
        ck_assert_uint_eq(h->samples[n - 1].update, u);
        for (size_t s = 0; s < n; s++) { /* numbers went along with their updates */
            ck_assert(s == 0 || h->samples[s].update > h->samples[s - 1].update);
            ck_assert_float_eq(rg_history_lags(h, s, 7, RG_LAG_LOG10_NORM)[4],
                               (float)(-4.0 - (double)h->samples[s].update));
        }
    }
    ck_assert_uint_eq(h->sample.stride, 4);
    rg_history_destroy(h);
}
END_TEST

START_TEST(many_matrices_have_fewer_samples) {
    static struct rg_history_matrix matrices[600];
    struct rg_history *h = created();
    ck_assert_int_eq(rg_history_set_matrices(h, 100000, matrices, 600), RG_OK);
    ck_assert_uint_ge(h->sample.limit, 4);
    ck_assert_uint_eq(h->sample.limit % 2, 0);
    ck_assert_uint_le(h->sample.limit * 600 * 3 * h->n_columns, RG_KEPT_NUMBERS);
    rg_history_destroy(h);
    rg_history_destroy(NULL);
}
END_TEST

TEST_MAIN("history") {
    TCase *const tests = add_tests(suite, "history");
    tcase_add_test(tests, few_updates_are_kept_as_they_are);
    tcase_add_test(tests, many_updates_are_merged_and_none_is_lost);
    tcase_add_test(tests, losses_that_are_not_finite_are_no_points);
    tcase_add_test(tests, validations_are_thinned);
    tcase_add_test(tests, lags_are_binned);
    tcase_add_test(tests, what_a_profile_does_not_say_is_nan);
    tcase_add_test(tests, causes_are_binned);
    tcase_add_test(tests, samples_are_thinned);
    tcase_add_test(tests, many_matrices_have_fewer_samples);
}
