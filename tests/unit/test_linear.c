/* The probes' matrices: singular values, spectral radius, orthonormal rows. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/stop.h"
#include "failing_memory.h"
#include "model/philox.h"
#include "rnn_gpu/memory.h"
#include "suite.h"
#include "verify/experiments/linear.h"

enum { N = 33 };

/* n numbers with NaN behind them: one that is read or written there is seen by its effect, or by expect_behind. */
static double *numbers(size_t n) {
    double *x = NULL;
    ck_assert_int_eq(rg_alloc(&x, n, sizeof *x, "numbers"), RG_OK);
    return x;
}

static void expect_behind(const double *x, size_t n) {
    const double *const end = x + n + BEHIND / sizeof *x;
    for (const double *at = x + n; at < end; at++) {
        ck_assert_msg(isnan(*at), "number %td behind", at - x - (ptrdiff_t)n);
    }
}

START_TEST(products) {
    double *const a = numbers(4), *const b = numbers(4), *const c = numbers(4);
    memcpy(a, (double[]){1.0, 2.0, 3.0, 4.0}, 4 * sizeof *a);
    memcpy(b, (double[]){5.0, 6.0, 7.0, -8.0}, 4 * sizeof *b);
    memcpy(c, (double[]){9.0, 9.0, 9.0, 9.0}, 4 * sizeof *c);
    rg_linear_multiply(c, a, b, 2);
    ck_assert(c[0] == 19.0 && c[1] == -10.0 && c[2] == 43.0 && c[3] == -14.0);
    expect_behind(c, 4);
    free(a);
    free(b);
    free(c);
}
END_TEST

START_TEST(singular_values_of_known_matrices) {
    static const double two[4] = {0.9, 3.0, 0.0, 0.9}, zero[4] = {0.0};
    double sigma[3];
    ck_assert(rg_linear_singular_values(two, 2, sigma) == RG_OK);
    /* sigma^2 are the roots of x^2 - ||W||^2 x + det^2 */
    const double trace = 0.81 + 9.0 + 0.81, root = sqrt(trace * trace / 4.0 - 0.81 * 0.81);
    ck_assert_double_eq_tol(sigma[0], sqrt(trace / 2.0 + root), 1e-14);
    ck_assert_double_eq_tol(sigma[1], sqrt(trace / 2.0 - root), 1e-14);
    ck_assert(rg_linear_singular_values(zero, 2, sigma) == RG_OK && sigma[0] == 0.0 && sigma[1] == 0.0);
    static const double tiny[9] = {3e-150, 0, 0, 0, -2e-150, 0, 0, 0, 1e-150};
    ck_assert(rg_linear_singular_values(tiny, 3, sigma) == RG_OK);
    ck_assert_double_eq_tol(sigma[0] * 1e150, 3.0, 1e-12);
    ck_assert_double_eq_tol(sigma[2] * 1e150, 1.0, 1e-12);
}
END_TEST

/* A = U diag(1 … N) V with orthogonal U and V, and very small multiples of it. */
START_TEST(singular_values_of_a_product) {
    double *const u = numbers((size_t)N * N), *const v = numbers((size_t)N * N), *const a = numbers((size_t)N * N),
                  *const sigma = numbers(N);
    ck_assert(rg_linear_orthogonal(u, N, 1.0, 5, 0) == RG_OK && rg_linear_orthogonal(v, N, 1.0, 5, 1) == RG_OK);
    for (size_t i = 0; i < N * N; i++) {
        u[i] *= (double)(i % N + 1);
    }
    rg_linear_multiply(a, u, v, N);
    ck_assert(rg_linear_singular_values(a, N, sigma) == RG_OK);
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq_tol(sigma[i], (double)(N - i), 1e-11);
    }
    expect_behind(sigma, N);
    for (size_t i = 0; i < (size_t)N * N; i++) {
        a[i] *= 1e-50;
    }
    ck_assert(rg_linear_singular_values(a, N, sigma) == RG_OK);
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq_tol(sigma[i] * 1e50, (double)(N - i), 1e-11);
    }
    free(u);
    free(v);
    free(a);
    free(sigma);
}
END_TEST

START_TEST(spectral_radii) {
    static const double nilpotent[4] = {8.0, 8.0, -8.0, -8.0}, rotation[4] = {0.0, -2.0, 2.0, 0.0},
                        jordan[4] = {0.9, 3.0, 0.0, 0.9};
    double radius = -1.0;
    ck_assert(rg_linear_spectral_radius(nilpotent, 2, &radius) == RG_OK && radius == 0.0);
    ck_assert(rg_linear_spectral_radius(rotation, 2, &radius) == RG_OK);
    ck_assert_double_eq_tol(radius, 2.0, 1e-10);
    ck_assert(rg_linear_spectral_radius(jordan, 2, &radius) == RG_OK);
    /* ||a^k|| is about 0.9^k k 3 / 0.9, so its k-th root is above 0.9 by so much */
    ck_assert_double_eq_tol(radius - 0.9, 0.9 * log(ldexp(3.0 / 0.9, 40)) * 0x1p-40, 1e-14);
}
END_TEST

START_TEST(orthogonal_rows) {
    double *const q = numbers((size_t)N * N + 1), *const other = numbers((size_t)N * N);
    double lengths[N];
    q[N * N] = 1.0;
    ck_assert(rg_linear_orthogonal(q, N, 3.0, 9, 2) == RG_OK && rg_linear_orthogonal(other, N, 3.0, 9, 3) == RG_OK);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j <= i; j++) {
            double product = 0.0;
            for (size_t k = 0; k < N; k++) {
                product += q[i * N + k] * q[j * N + k];
            }
            ck_assert_double_eq_tol(product, i == j ? 9.0 : 0.0, 1e-13);
        }
    }
    ck_assert_double_ne(q[0], other[0]);
    rg_linear_gaussian(other, N, 1.0, 9, 2);
    rg_linear_orthonormalise(other, N, lengths);
    for (size_t i = 0; i < (size_t)N * N; i++) {
        ck_assert_double_eq(q[i], 3.0 * other[i]);
    }
    ck_assert_double_eq(q[N * N], 1.0);
    free(q);
    free(other);
}
END_TEST

/* One row after the other: its length without its part along those before it, and its direction. */
START_TEST(rows_made_orthonormal) {
    double *const q = numbers(9), *const r = numbers(3);
    memcpy(q, (double[]){3.0, 0.0, 0.0, 1.0, 0.0, -2.0, 5.0, 4.0, 7.0}, 9 * sizeof *q);
    rg_linear_orthonormalise(q, 3, r);
    ck_assert(r[0] == 3.0 && r[1] == 2.0 && r[2] == 4.0);
    ck_assert(q[0] == 1.0 && q[3] == 0.0 && q[5] == -1.0 && q[6] == 0.0 && q[7] == 1.0 && q[8] == 0.0);
    expect_behind(q, 9);
    expect_behind(r, 3);
    free(q);
    free(r);
}
END_TEST

/* Two rows that are nearly the same are orthogonal too: what rounding leaves of the first is taken out again. */
START_TEST(rows_that_are_nearly_the_same) {
    double q[9] = {1.0, 1.0, 1.0, 1.0, 1.0, 1.0 + 1e-14, 1.0, 1.0 - 1e-14, 1.0}, r[3];
    rg_linear_orthonormalise(q, 3, r);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < i; j++) {
            const double product = q[3 * i] * q[3 * j] + q[3 * i + 1] * q[3 * j + 1] + q[3 * i + 2] * q[3 * j + 2];
            ck_assert_double_eq_tol(product, 0.0, 1e-15);
        }
    }
}
END_TEST

/* The numbers of a stream, one block after the other, times the deviation. */
START_TEST(gaussian_numbers) {
    enum { ROWS = 3 };
    const struct rg_stream stream = {.seed = 5, .parameter = 7};
    double *const a = numbers((size_t)ROWS * ROWS), z[RG_BLOCK_NUMBERS];
    rg_linear_gaussian(a, ROWS, 2.5, 5, 7);
    for (size_t i = 0; i < (size_t)ROWS * ROWS; i++) {
        rg_stream_normal(&stream, i / RG_BLOCK_NUMBERS, z);
        ck_assert_msg(a[i] == 2.5 * z[i % RG_BLOCK_NUMBERS], "number %zu", i);
    }
    expect_behind(a, (size_t)ROWS * ROWS);
    free(a);
}
END_TEST

static double given[4] = {1.0, 2.0, 3.0, 4.0}, result[4];

static rg_status find_values(void) {
    return rg_linear_singular_values(given, 2, result);
}

static rg_status find_radius(void) {
    return rg_linear_spectral_radius(given, 2, result);
}

static rg_status draw_orthogonal(void) {
    return rg_linear_orthogonal(result, 2, 1.0, 1, 0);
}

START_TEST(memory_ends) {
    each_fails("singular values", find_values, 1);
    each_fails("a radius", find_radius, 1);
    each_fails("an orthogonal matrix", draw_orthogonal, 1);
}
END_TEST

/* A matrix that is larger than any memory. */
START_TEST(too_large) {
    const size_t n = (size_t)1 << 30, many = n * n;
    const char *const wanted[] = {"a matrix: 1152921504606846976 items of 8 bytes are more than any memory",
                                  "a matrix: 2305843009213693952 items of 8 bytes are more than any memory",
                                  "lengths: 1152921504606846976 items of 8 bytes are more than any memory"};
    for (size_t i = 0; i < 3; i++) {
        const rg_status status = i == 0   ? rg_linear_singular_values(given, n, result)
                                 : i == 1 ? rg_linear_spectral_radius(given, n, result)
                                          : rg_linear_orthogonal(result, many, 1.0, 1, 0);
        ck_assert_int_eq(status, RG_NO_MEMORY);
        ck_assert_msg(strncmp(rg_error_message(), wanted[i], strlen(wanted[i])) == 0, "%s", rg_error_message());
    }
}
END_TEST

/* Nothing is computed where the work is to stop, and those that return a status say so. */
START_TEST(stopped) {
    const atomic_bool stop = true;
    double unit[4] = {3.0, 0.0, 0.0, 2.0}, lengths[2] = {7.0, 7.0};
    const atomic_bool *const before = rg_stop_watch(&stop);
    ck_assert_int_eq(find_values(), RG_INTERRUPTED);
    ck_assert_int_eq(find_radius(), RG_INTERRUPTED);
    ck_assert(result[0] == 1.0); /* e^0: no power was taken */
    ck_assert_int_eq(draw_orthogonal(), RG_INTERRUPTED);
    rg_linear_multiply(result, unit, unit, 2);
    ck_assert(result[0] == 0.0 && result[3] == 0.0);
    rg_linear_orthonormalise(unit, 2, lengths);
    ck_assert(unit[0] == 3.0 && unit[3] == 2.0 && lengths[0] == 7.0);
    (void)rg_stop_watch(before);
}
END_TEST

TEST_MAIN("linear") {
    TCase *const tests = add_tests(suite, "linear");
    tcase_add_test(tests, products);
    tcase_add_test(tests, singular_values_of_known_matrices);
    tcase_add_test(tests, singular_values_of_a_product);
    tcase_add_test(tests, spectral_radii);
    tcase_add_test(tests, orthogonal_rows);
    tcase_add_test(tests, rows_made_orthonormal);
    tcase_add_test(tests, rows_that_are_nearly_the_same);
    tcase_add_test(tests, gaussian_numbers);
    tcase_add_test(tests, memory_ends);
    tcase_add_test(tests, too_large);
    tcase_add_test(tests, stopped);
}
