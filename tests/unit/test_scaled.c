/* Sums of numbers with separate exponents, host/gradient/scaled.h. */
#include <math.h>
#include <stddef.h>

#include "gradient/scaled.h"
#include "suite.h"

/* The sum of the terms, whose exponents come in this order. Every result is exact: values of few bits. */
static void check_sum(const double *terms, const int64_t *exponents, size_t n, double value, int64_t exponent) {
    double sum[2] = {0.0, 0.0};
    struct rg_scaled s = {.values = sum, .n = 2};
    rg_scaled_clear(&s);
    for (size_t i = 0; i < n; i++) {
        const double both[2] = {terms[i], -terms[i]};
        rg_scaled_add(&s, both, exponents[i]);
    }
    ck_assert_int_eq(s.exponent, exponent);
    ck_assert_double_eq(sum[0], value);
    ck_assert_double_eq(sum[1], -value);
}

START_TEST(sums) {
    check_sum((const double[]){3.0}, (const int64_t[]){5}, 1, 3.0, 5);
    check_sum((const double[]){3.0, 1.0}, (const int64_t[]){5, 3}, 2, 3.25, 5); /* the later term is smaller */
    check_sum((const double[]){1.0, 3.0}, (const int64_t[]){3, 5}, 2, 3.25, 5); /* and larger */
    check_sum((const double[]){1.0, 3.0, 1.0, 5.0}, (const int64_t[]){-7000, 5000, 5001, 4999}, 4, 3.75, 5001);
    check_sum((const double[]){1.0, 0.5}, (const int64_t[]){-7001, -7000}, 2, 1.0, -7000); /* below a double's range */
}
END_TEST

START_TEST(values_and_logarithms) {
    ck_assert_double_eq(rg_scaled_value(3.0, 4), 48.0);
    ck_assert_double_eq(rg_scaled_value(1.0, -9000), 0.0);
    ck_assert(isinf(rg_scaled_value(1.0, 9000)));
    ck_assert_double_eq_tol(rg_scaled_log10(-1.0, 10000), 10000.0 * log10(2.0), 1e-9);
    ck_assert(isinf(rg_scaled_log10(0.0, 5)) && rg_scaled_log10(0.0, 5) < 0.0);
}
END_TEST

TEST_MAIN("scaled") {
    TCase *const tests = add_tests(suite, "scaled");
    tcase_add_test(tests, sums);
    tcase_add_test(tests, values_and_logarithms);
}
