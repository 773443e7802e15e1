/* The probes' matrices: singular values, spectral radius, orthonormal rows. */
#include <math.h>
#include <stdlib.h>

#include "suite.h"
#include "verify/experiments/linear.h"

enum { N = 33 };

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

/* A = U diag(1 … N) V with orthogonal U and V. */
START_TEST(singular_values_of_a_product) {
    static double u[N * N], v[N * N], a[N * N], sigma[N];
    ck_assert(rg_linear_orthogonal(u, N, 1.0, 5, 0) == RG_OK && rg_linear_orthogonal(v, N, 1.0, 5, 1) == RG_OK);
    for (size_t i = 0; i < N * N; i++) {
        u[i] *= (double)(i % N + 1);
    }
    rg_linear_multiply(a, u, v, N);
    ck_assert(rg_linear_singular_values(a, N, sigma) == RG_OK);
    for (size_t i = 0; i < N; i++) {
        ck_assert_double_eq_tol(sigma[i], (double)(N - i), 1e-11);
    }
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
    ck_assert_double_eq_tol(radius, 0.9, 1e-9);
}
END_TEST

START_TEST(orthogonal_rows) {
    static double q[N * N], other[N * N];
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
}
END_TEST

TEST_MAIN("linear") {
    TCase *const tests = add_tests(suite, "linear");
    tcase_add_test(tests, singular_values_of_known_matrices);
    tcase_add_test(tests, singular_values_of_a_product);
    tcase_add_test(tests, spectral_radii);
    tcase_add_test(tests, orthogonal_rows);
}
