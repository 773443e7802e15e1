/* The dense products of the diagnostics, held bit for bit to the sums that gradient/dense.h states, for every number of
 * rows and columns up to those of two blocks. */
#include <string.h>

#include "gradient/dense.h"
#include "suite.h"
#include "verify/selftest/exercise.h"

enum { MAX_ROWS = 9, MAX_COLUMNS = 35, DEPTH = 11, MAX = 40 };

static void fill(double *numbers, size_t n, uint64_t seed) {
    for (size_t i = 0; i < n; i++) {
        numbers[i] = rg_exercise_random(&seed, 1.0);
    }
}

START_TEST(a_product_is_one_sum_in_order_of_depth) {
    double a[MAX_ROWS * DEPTH], b[DEPTH * MAX_COLUMNS], c[MAX_ROWS * MAX_COLUMNS], wanted[MAX_ROWS * MAX_COLUMNS];
    fill(a, sizeof a / sizeof *a, 1);
    fill(b, sizeof b / sizeof *b, 2);
    for (size_t rows = 1; rows <= MAX_ROWS; rows++) {
        for (size_t columns = 1; columns <= MAX_COLUMNS; columns++) {
            test_case("%zu rows, %zu columns", rows, columns);
            fill(c, sizeof c / sizeof *c, 3);
            memcpy(wanted, c, sizeof c);
            for (size_t i = 0; i < rows; i++) {
                for (size_t j = 0; j < columns; j++) {
                    for (size_t k = 0; k < DEPTH; k++) {
                        wanted[i * MAX_COLUMNS + j] += a[i * DEPTH + k] * b[k * MAX_COLUMNS + j];
                    }
                }
            }
            rg_dense_add(&(struct rg_product){.c = c,
                                              .a = a,
                                              .b = b,
                                              .rows = rows,
                                              .columns = columns,
                                              .depth = DEPTH,
                                              .c_row = MAX_COLUMNS,
                                              .a_row = DEPTH,
                                              .a_depth = 1,
                                              .b_row = MAX_COLUMNS});
            ck_assert_mem_eq(c, wanted, sizeof c);
        }
    }
}
END_TEST

START_TEST(vectors_are_added_number_by_number) {
    double to[MAX], from[MAX], wanted[MAX];
    for (size_t n = 0; n <= MAX; n++) {
        test_case("%zu numbers", n);
        fill(to, MAX, 4);
        fill(from, MAX, 5);
        memcpy(wanted, to, sizeof to);
        for (size_t i = 0; i < n; i++) {
            wanted[i] = wanted[i] * 0.3 + from[i] * 1.7;
        }
        rg_dense_mix(to, 0.3, from, 1.7, n);
        ck_assert_mem_eq(to, wanted, sizeof to);
    }
}
END_TEST

START_TEST(a_dot_product_has_eight_partial_sums) {
    double a[MAX], b[MAX];
    fill(a, MAX, 6);
    fill(b, MAX, 7);
    for (size_t n = 0; n <= MAX; n++) {
        double sums[8] = {0.0}, wanted = 0.0;
        for (size_t i = 0; i < n; i++) {
            sums[i % 8] += a[i] * b[i];
        }
        for (size_t i = 0; i < 8; i++) {
            wanted += sums[i];
        }
        ck_assert_msg(rg_dense_dot(a, b, n) == wanted, "%zu numbers", n);
    }
}
END_TEST

TEST_MAIN("dense") {
    TCase *const dense = add_tests(suite, "dense");
    tcase_add_test(dense, a_product_is_one_sum_in_order_of_depth);
    tcase_add_test(dense, vectors_are_added_number_by_number);
    tcase_add_test(dense, a_dot_product_has_eight_partial_sums);
}
