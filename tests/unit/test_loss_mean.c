/* The headline loss: the mean over the last updates, against one made by adding up. */
#include <math.h>

#include "suite.h"
#include "train/loss_mean.h"

enum { N = 3000 };

/* The mean over the last max(20, n/10) of n losses, or all of them. */
static double plain_mean(const double *losses, size_t n) {
    const size_t window = n < 20 ? n : n / 10 > 20 ? n / 10 : 20;
    double sum = 0.0, count = 0.0;
    for (size_t i = n - window; i < n; i++) {
        sum += isfinite(losses[i]) ? losses[i] : 0.0;
        count += isfinite(losses[i]) ? 1.0 : 0.0;
    }
    return count > 0.0 ? sum / count : (double)NAN;
}

/* Losses of every kind: falling, now and then huge, and now and then not finite. */
static void fill(double *losses) {
    for (size_t i = 0; i < N; i++) {
        losses[i] = 1.0 + 100.0 / (double)(i + 1) + 0.1 * (double)(i * 7919 % 13);
        losses[i] = i % 331 == 330 ? 1e30 : i % 97 == 96 ? (double)NAN : i % 101 == 100 ? (double)INFINITY : losses[i];
    }
}

START_TEST(it_is_the_mean_of_the_last_tenth) {
    static double losses[N];
    fill(losses);
    struct rg_loss_mean mean;
    ck_assert_int_eq(rg_loss_mean_create(&mean, N), RG_OK);
    ck_assert(isnan(rg_loss_mean_value(&mean)));
    for (size_t i = 0; i < N; i++) {
        rg_loss_mean_add(&mean, losses[i]);
        const double wanted = plain_mean(losses, i + 1), got = rg_loss_mean_value(&mean);
        ck_assert_msg(fabs(got - wanted) <= 1e-13 * wanted, "after %zu updates %.17g, not %.17g", i + 1, got, wanted);
    }
    rg_loss_mean_release(&mean);
}
END_TEST

START_TEST(losses_that_are_not_finite_do_not_count) {
    struct rg_loss_mean mean;
    ck_assert_int_eq(rg_loss_mean_create(&mean, 5), RG_OK);
    rg_loss_mean_add(&mean, (double)NAN);
    ck_assert(isnan(rg_loss_mean_value(&mean)));
    rg_loss_mean_add(&mean, 3.0);
    rg_loss_mean_add(&mean, -(double)INFINITY);
    ck_assert_double_eq(rg_loss_mean_value(&mean), 3.0);
    rg_loss_mean_release(&mean);
}
END_TEST

/* Kept and restored now and then, it goes on with the same bits. */
START_TEST(it_can_be_restored) {
    static double losses[N], kept[N];
    fill(losses);
    struct rg_loss_mean mean, other;
    ck_assert_int_eq(rg_loss_mean_create(&mean, N), RG_OK);
    for (size_t i = 0; i < N; i++) {
        rg_loss_mean_add(&mean, losses[i]);
        if (i % 7 > 0) {
            continue;
        }
        const double before = rg_loss_mean_value(&mean);
        rg_loss_mean_losses(&mean, kept);
        ck_assert_int_eq(rg_loss_mean_create(&other, N), RG_OK);
        ck_assert(!rg_loss_mean_restore(&other, N + 20, 0, kept));
        ck_assert(!rg_loss_mean_restore(&other, i + 1, rg_loss_mean_window(i + 1) + 1, kept));
        ck_assert(rg_loss_mean_restore(&other, i + 1, mean.older, kept));
        const double after = rg_loss_mean_value(&other);
        ck_assert_msg(before == after || (isnan(before) && isnan(after)), "after %zu updates %.17g, not %.17g", i + 1,
                      after, before);
        rg_loss_mean_release(&mean);
        mean = other;
    }
    double wanted = plain_mean(losses, N);
    ck_assert_double_le(fabs(rg_loss_mean_value(&mean) - wanted), 1e-13 * wanted);
    rg_loss_mean_release(&mean);
}
END_TEST

/* A mean rose if it was at any time above the first finite loss by more than a tenth. */
START_TEST(a_rise_stays_known) {
    static const struct {
        double losses[6];
        bool rose;
    } cases[] = {{{4.0, 3.9, 3.5, 3.0, 2.0, 1.0}, false}, {{4.0, 4.5, 4.4, 3.0, 2.0, 1.0}, false},
                 {{4.0, 9.0, 8.0, 3.0, 2.0, 1.0}, true},  {{4.0, 4.0, 4.0, 4.0, 4.0, 9.0}, true},
                 {{NAN, 4.0, 3.0, 3.0, 3.0, 3.0}, false}, {{INFINITY, 1.0, 3.0, 1.0, 1.0, 1.0}, true},
                 {{NAN, NAN, NAN, NAN, NAN, NAN}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_loss_mean mean;
        ck_assert_int_eq(rg_loss_mean_create(&mean, 6), RG_OK);
        ck_assert(!rg_loss_mean_rose(&mean));
        for (size_t k = 0; k < 6; k++) {
            rg_loss_mean_add(&mean, cases[i].losses[k]);
        }
        ck_assert_msg(rg_loss_mean_rose(&mean) == cases[i].rose, "case %zu", i);
        rg_loss_mean_release(&mean);
    }
}
END_TEST

START_TEST(windows) {
    static const uint64_t pairs[][2] = {{0, 0},    {1, 1},      {19, 19},
                                        {20, 20},  {21, 20},    {209, 20},
                                        {210, 21}, {3000, 300}, {1000000000, RG_LOSS_MEAN_MAX}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ck_assert_uint_eq(rg_loss_mean_window(pairs[i][0]), pairs[i][1]);
    }
}
END_TEST

/* Losses 1 + slope i + noise of one sign after the other. */
static bool falls(size_t n, double slope, double noise) {
    struct rg_loss_mean mean;
    ck_assert_int_eq(rg_loss_mean_create(&mean, n), RG_OK);
    for (size_t i = 0; i < n; i++) {
        rg_loss_mean_add(&mean, 1.0 + slope * (double)i + (i % 2 ? noise : -noise));
    }
    const bool is = rg_loss_mean_falls(&mean);
    rg_loss_mean_release(&mean);
    return is;
}

START_TEST(a_fall_is_more_than_noise) {
    ck_assert(falls(20, -1e-6, 0.0));
    ck_assert(!falls(19, -1e-6, 0.0)); /* too few */
    ck_assert(!falls(20, 0.0, 0.1) && !falls(20, 1e-3, 0.0) && !falls(20, 1e-3, 0.1));
    /* 20 losses of deviation s: the halves differ by 10 slope; two standard errors of it are 2 sqrt(2 s^2 / 9) */
    ck_assert(falls(20, -0.0100, 0.1) && !falls(20, -0.0090, 0.1));
    ck_assert(falls(1000, -0.01, 0.1) && !falls(1000, -0.0001, 0.1));
    struct rg_loss_mean mean;
    ck_assert_int_eq(rg_loss_mean_create(&mean, 40), RG_OK);
    ck_assert(!rg_loss_mean_falls(&mean));
    for (size_t i = 0; i < 40; i++) { /* a single finite loss in the older half has no error */
        rg_loss_mean_add(&mean, i < 20 || (i > 20 && i < 30) ? (double)NAN : 2.0 - 0.01 * (double)i);
    }
    ck_assert(!rg_loss_mean_falls(&mean));
    rg_loss_mean_release(&mean);
}
END_TEST

TEST_MAIN("loss_mean") {
    TCase *const means = add_tests(suite, "means");
    tcase_add_test(means, it_is_the_mean_of_the_last_tenth);
    tcase_add_test(means, losses_that_are_not_finite_do_not_count);
    tcase_add_test(means, it_can_be_restored);
    tcase_add_test(means, a_fall_is_more_than_noise);
    tcase_add_test(means, windows);
    tcase_add_test(means, a_rise_stays_known);
}
