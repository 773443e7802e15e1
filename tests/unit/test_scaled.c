/* Sums of numbers with separate exponents, host/gradient/scaled.h, and products of triangles whose rows have them,
 * graded.h. */
#include <math.h>
#include <stddef.h>

#include "gradient/graded.h"
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

/* The singular values of `n` times the same triangle, as log10. */
static void singular_of(const double *triangle, size_t k, size_t n, double *out) {
    struct rg_graded g;
    ck_assert_int_eq(rg_graded_create(k, &g), RG_OK);
    for (size_t i = 0; i < n; i++) {
        rg_graded_multiply(&g, triangle);
    }
    ck_assert_uint_eq(g.steps, n);
    rg_graded_singular(&g, out);
    rg_graded_release(&g);
}

/* Far beyond the range of a double, upwards and downwards. */
START_TEST(products_of_diagonals) {
    static const double factors[] = {1e-200, 3.0, 0.0, 1e150, -0.5}; /* out: in descending order */
    static const double logs[] = {150.0, 0.47712125471966244, -0.3010299956639812, -200.0, -INFINITY};
    double triangle[25] = {0.0}, out[5];
    for (size_t i = 0; i < 5; i++) {
        triangle[5 * i + i] = factors[i];
    }
    for (size_t n = 0; n <= 3000; n = 3 * n + 1) { /* up to 1093: 0.5^1093 is below a double's range */
        singular_of(triangle, 5, n, out);
        for (size_t i = 0; i < 5; i++) {
            if (n > 0 && isinf(logs[i])) {
                ck_assert(isinf(out[i]) && out[i] < 0.0);
            } else {
                ck_assert_double_eq_tol(out[i], n ? (double)n * logs[i] : 0.0, 1e-12 * (1.0 + 200.0 * (double)n));
            }
        }
    }
}
END_TEST

/* R = [[a, b], [0, c]] has R^n = [[a^n, b (a^n - c^n) / (a - c)], [0, c^n]]. The squares of its singular values have
 * the sum of the squares of these numbers, and their product is (a c)^n. */
START_TEST(products_of_triangles) {
    static const double triangles[][3] = {{2.0, 1.0, 0.5}, {0.5, 3.0, 2.0}, {0.75, -2.0, 0.25}, {-1.5, 0.125, 1.25}};
    for (size_t i = 0; i < sizeof triangles / sizeof *triangles; i++) {
        const double a = triangles[i][0], b = triangles[i][1], c = triangles[i][2];
        for (size_t n = 1; n <= 40; n += 3) {
            double out[2];
            const double an = pow(a, (double)n), cn = pow(c, (double)n), bn = b * (an - cn) / (a - c);
            const double sum = an * an + bn * bn + cn * cn, product = an * cn * an * cn;
            const double first = 0.5 * (sum + sqrt(sum * sum - 4.0 * product));
            singular_of((const double[]){a, b, 0.0, c}, 2, n, out);
            ck_assert_double_eq_tol(out[0], 0.5 * log10(first), 1e-12);
            ck_assert_double_eq_tol(out[0] + out[1], 0.5 * log10(product), 1e-11);
        }
    }
}
END_TEST

/* A number that is not finite harms no row above it, and comes out as what it is. */
START_TEST(a_product_that_is_not_finite) {
    double out[2];
    singular_of((const double[]){2.0, 0.0, 0.0, INFINITY}, 2, 1, out);
    ck_assert(!isfinite(out[0]) || !isfinite(out[1]));
}
END_TEST

TEST_MAIN("scaled") {
    TCase *const tests = add_tests(suite, "scaled");
    tcase_add_test(tests, sums);
    tcase_add_test(tests, values_and_logarithms);
    tcase_add_test(tests, products_of_diagonals);
    tcase_add_test(tests, products_of_triangles);
    tcase_add_test(tests, a_product_that_is_not_finite);
}
