/* Initial matrices (model/matrix_init.c) by their definitions, at their borders: a normal number that is 0, arrays that
 * end there, matrices that are refused, memory that ends. */
#include <math.h>
#include <string.h>

#include "failing_memory.h"
#include "model/matrix_init.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct rg_stream stream = {.seed = 11, .parameter = 3};

/* Room for `gates` matrices, with NaN behind it. */
static struct rg_gate_matrices matrices(size_t gates, size_t rows, size_t columns) {
    struct rg_gate_matrices m = {NULL, gates, rows, columns};
    ck_assert_int_eq(rg_alloc(&m.values, gates * rows * columns, sizeof *m.values, "matrices"), RG_OK);
    return m;
}

static void initialise(const struct rg_gate_matrices *m, enum rg_init_kind kind, double value,
                       const struct rg_stream *from) {
    const struct rg_init init = {kind, value};
    ck_assert_msg(rg_matrices_initialise(m, &init, 0.5, from) == RG_OK, "%s", rg_error_message());
    const float *const behind = m->values + m->gates * m->rows * m->columns;
    const float *const end = behind + BEHIND / sizeof *behind;
    for (const float *at = behind; at < end; at++) {
        ck_assert(isnan(*at));
    }
}

/* Normal number i of a row that begins with a block of the stream. */
static double normal(size_t first_block, size_t i) {
    double z[RG_BLOCK_NUMBERS];
    rg_stream_normal(&stream, first_block + i / RG_BLOCK_NUMBERS, z);
    return z[i % RG_BLOCK_NUMBERS];
}

/* ---- Orthogonal ---- */

enum { MOST = 13 };

/* Q = H_0 H_1 …, times the sign of each column: H_r maps the n - r numbers of row r, from place r on, to a multiple of
 * the axis r, and the sign is that of the multiple. */
static void define(size_t gate, size_t count, size_t n, double q[MOST][MOST]) {
    double sign[MOST], v[MOST][MOST] = {{0.0}};
    const size_t blocks = (n + RG_BLOCK_NUMBERS - 1) / RG_BLOCK_NUMBERS;
    for (size_t r = 0; r < count; r++) {
        double length = 0.0, squares = 0.0;
        for (size_t i = r; i < n; i++) {
            v[r][i] = normal((gate * count + r) * blocks, i - r);
            length += v[r][i] * v[r][i];
        }
        length = sqrt(length);
        sign[r] = v[r][r] < 0.0 ? 1.0 : -1.0;
        v[r][r] -= sign[r] * length;
        for (size_t i = r; i < n; i++) {
            squares += v[r][i] * v[r][i];
        }
        for (size_t i = r; i < n; i++) {
            v[r][i] *= sqrt(2.0 / squares);
        }
    }
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < n; i++) {
            q[k][i] = i == k ? sign[k] : 0.0;
        }
        for (size_t r = count; r-- > 0;) {
            double along = 0.0;
            for (size_t i = 0; i < n; i++) {
                along += v[r][i] * q[k][i];
            }
            for (size_t i = 0; i < n; i++) {
                q[k][i] -= along * v[r][i];
            }
        }
    }
}

/* Four rows, or columns, are computed at a time: fewer, as many, several times as many, and some more. */
START_TEST(orthogonal) {
    static const size_t shapes[][3] = {{1, 1, 1}, {2, 3, 3},  {2, 4, 4},  {1, 5, 5}, {3, 8, 8}, {2, 9, 9}, {2, 4, 9},
                                       {2, 9, 4}, {2, 5, 13}, {2, 13, 5}, {1, 1, 6}, {1, 6, 1}, {2, 8, 9}, {2, 13, 12}};
    for (size_t s = 0; s < COUNT(shapes); s++) {
        struct rg_gate_matrices m = matrices(shapes[s][0], shapes[s][1], shapes[s][2]);
        const bool wide = m.rows <= m.columns;
        initialise(&m, RG_INIT_ORTHOGONAL, 1.5, &stream);
        for (size_t gate = 0; gate < m.gates; gate++) {
            double q[MOST][MOST];
            define(gate, wide ? m.rows : m.columns, wide ? m.columns : m.rows, q);
            for (size_t i = 0; i < m.rows * m.columns; i++) {
                const size_t row = i / m.columns, column = i % m.columns;
                const double wanted = 1.5 * (wide ? q[row][column] : q[column][row]),
                             found = (double)m.values[gate * m.rows * m.columns + i];
                ck_assert_msg(fabs(found - wanted) < 1e-6, "shape %zu, gate %zu, [%zu, %zu] is %g, not %g", s, gate,
                              row, column, found, wanted);
            }
        }
        rg_free(m.values);
    }
}
END_TEST

/* The first normal number of this stream is 0, so nothing is to be reflected. */
START_TEST(a_reflection_of_nothing) {
    const struct rg_stream from = {.seed = 6242515, .parameter = 1};
    double z[RG_BLOCK_NUMBERS];
    struct rg_gate_matrices m = matrices(1, 1, 1);
    rg_stream_normal(&from, 0, z);
    ck_assert_double_eq(z[0], 0.0);
    initialise(&m, RG_INIT_ORTHOGONAL, 1.5, &from);
    ck_assert_float_eq(m.values[0], 1.5F);
    rg_free(m.values);
}
END_TEST

/* ---- Normalised positive definite ---- */

/* R R^T / n + I, over its largest eigenvalue: that of the result is 1. */
START_TEST(positive_definite) {
    static const size_t sizes[] = {1, 2, 3, 8, 13};
    for (size_t s = 0; s < COUNT(sizes); s++) {
        const size_t n = sizes[s], blocks = (n + RG_BLOCK_NUMBERS - 1) / RG_BLOCK_NUMBERS;
        struct rg_gate_matrices m = matrices(2, n, n);
        initialise(&m, RG_INIT_NPRNN, 1.0, &stream);
        for (size_t gate = 0; gate < 2; gate++) {
            const float *const w = m.values + gate * n * n;
            double x[MOST], y[MOST], scale = 0.0, length = 0.0;
            for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j < n; j++) {
                    double sum = i == j ? 1.0 : 0.0;
                    for (size_t k = 0; k < n; k++) {
                        sum += normal((gate * n + i) * blocks, k) * normal((gate * n + j) * blocks, k) / (double)n;
                    }
                    scale = scale == 0.0 ? sum / (double)w[0] : scale;
                    ck_assert_double_eq_tol((double)w[i * n + j] * scale, sum, 1e-6);
                }
                x[i] = 1.0 + 0.1 * (double)i;
            }
            for (int step = 0; step < 2000; step++) {
                length = 0.0;
                for (size_t i = 0; i < n; i++) {
                    y[i] = 0.0;
                    for (size_t j = 0; j < n; j++) {
                        y[i] += (double)w[i * n + j] * x[j];
                    }
                    length += y[i] * y[i];
                }
                for (size_t i = 0; i < n; i++) {
                    x[i] = y[i] / sqrt(length);
                }
            }
            ck_assert_double_eq_tol(sqrt(length), 1.0, 1e-6);
        }
        rg_free(m.values);
    }
}
END_TEST

/* ---- Numbers of a stream ---- */

START_TEST(independent_numbers) {
    struct rg_gate_matrices m = matrices(2, 3, 5);
    const enum rg_init_kind uniform[] = {RG_INIT_PYTORCH, RG_INIT_CHRONO, RG_INIT_XAVIER};
    double u[RG_BLOCK_NUMBERS];
    for (size_t k = 0; k < COUNT(uniform); k++) {
        initialise(&m, uniform[k], 0.0, &stream);
        for (size_t i = 0; i < 30; i++) {
            rg_stream_uniform(&stream, i / RG_BLOCK_NUMBERS, u);
            const double bound = uniform[k] == RG_INIT_XAVIER ? sqrt(6.0 / 8.0) : 0.5;
            ck_assert_float_eq(m.values[i], (float)(bound * (2.0 * u[i % RG_BLOCK_NUMBERS] - 1.0)));
        }
    }
    const double deviations[] = {sqrt(2.0 / 5.0), 0.25};
    for (size_t k = 0; k < COUNT(deviations); k++) {
        initialise(&m, k == 0 ? RG_INIT_HE : RG_INIT_NORMAL, 0.25, &stream);
        for (size_t i = 0; i < 30; i++) {
            ck_assert_float_eq(m.values[i], (float)(deviations[k] * normal(0, i)));
        }
    }
    initialise(&m, RG_INIT_IDENTITY, 0.25, &stream);
    for (size_t i = 0; i < 30; i++) {
        ck_assert_float_eq(m.values[i], i / 5 % 3 == i % 5 ? 0.25F : 0.0F);
    }
    rg_free(m.values);
}
END_TEST

/* ---- What is refused ---- */

START_TEST(refused) {
    struct rg_gate_matrices m = matrices(1, 2, 3);
    const struct rg_init square = {RG_INIT_NPRNN, 1.0}, unknown = {(enum rg_init_kind)77, 1.0};
    ck_assert_int_eq(rg_matrices_initialise(&m, &square, 0.5, &stream), RG_ERROR);
    ck_assert_str_eq(rg_error_message(),
                     "normalised positive definite matrix: [2, 3] is not square; use another initialiser");
    ck_assert_int_eq(rg_matrices_initialise(&m, &unknown, 0.5, &stream), RG_ERROR);
    ck_assert_str_eq(rg_error_message(), "model: unknown initialiser 77");
    rg_free(m.values);
}
END_TEST

static float room[2 * MOST * MOST];

static rg_status fill(enum rg_init_kind kind) {
    const struct rg_gate_matrices m = {room, 2, MOST, MOST};
    return rg_matrices_initialise(&m, &(struct rg_init){kind, 1.0}, 0.5, &stream);
}

static rg_status fill_orthogonal(void) {
    return fill(RG_INIT_ORTHOGONAL);
}

static rg_status fill_positive(void) {
    return fill(RG_INIT_NPRNN);
}

START_TEST(memory_ends) {
    each_fails("orthogonal", fill_orthogonal, 3);
    each_fails("positive definite", fill_positive, 2);
}
END_TEST

TEST_MAIN("matrix_init") {
    TCase *const tests = add_tests(suite, "matrix_init");
    tcase_add_test(tests, orthogonal);
    tcase_add_test(tests, a_reflection_of_nothing);
    tcase_add_test(tests, positive_definite);
    tcase_add_test(tests, independent_numbers);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, memory_ends);
}
