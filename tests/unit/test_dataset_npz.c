/* Data sets from .npz files: shapes, types, padding and states, and bad arrays by their message. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>

#include "data/readers.h"
#include "dataset_files.h"
#include "made_tensor.h"

static void put_npz(const struct rg_tensor *items, size_t count) {
    snprintf(path, sizeof(path), "%s/d.npz", folder);
    ck_assert_msg(rg_npz_write(path, items, count) == RG_OK, "%s", rg_error_message());
}

static struct rg_dataset *read_npz(const struct rg_tensor *items, size_t count) {
    struct rg_dataset *d = NULL;

    put_npz(items, count);
    ck_assert_msg(rg_dataset_read(path, NULL, &d) == RG_OK, "%s", rg_error_message());
    return d;
}

START_TEST(npz_forms) {
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, NAN, 9, 10, 11, 12};
    static const float expected[] = {1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0};
    static const double xd[] = {1, 2, 3, 4, 5, 6};
    static const int64_t tokens[] = {3, 1, 0, 2, 0, -1};
    static const int32_t lengths[] = {3, 2};
    static const int32_t full[] = {3, 3};
    static const uint8_t labels[] = {7, 0};
    static const double targets[] = {.5, 1, 2, 3};
    static const int64_t short_lengths[] = {6, 1};
    struct rg_dataset *d;

    d = read_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 6, 1), x), tensor("y", RG_U8, SHAPE(2), labels),
                                      tensor("lengths", RG_I64, SHAPE(2), short_lengths)},
                 3);
    ck_assert_uint_eq(d->n_steps, 6);
    ck_assert_uint_eq(d->n_features, 1);
    ck_assert_mem_eq(d->x_float, expected, sizeof(expected));
    ck_assert_int_eq(d->lengths[1], 1);
    rg_dataset_destroy(d);
    d = read_npz((struct rg_tensor[]){tensor("x", RG_F64, SHAPE(2, 3), xd), tensor("y", RG_F64, SHAPE(2, 2), targets),
                                      tensor("lengths", RG_I32, SHAPE(2), full)},
                 3);
    ck_assert_int_eq(d->kind, RG_INPUT_FLOAT);
    ck_assert_uint_eq(d->n_features, 1);
    ck_assert_ptr_null(d->lengths);
    ck_assert(d->x_float[5] == 6.0f && d->y[0] == .5f && d->y[3] == 3.0f);
    ck_assert_uint_eq(d->n_targets, 2);
    rg_dataset_destroy(d);
    d = read_npz(
        (struct rg_tensor[]){tensor("lengths", RG_I32, SHAPE(2), lengths), tensor("x", RG_I64, SHAPE(2, 3), tokens)},
        2);
    ck_assert_int_eq(d->kind, RG_INPUT_TOKEN);
    ck_assert_uint_eq(d->n_features, 4);
    ck_assert_int_eq(rg_dataset_token(d, 0), 3);
    ck_assert_int_eq(rg_dataset_token(d, 5), 0);
    ck_assert_ptr_null(d->y);
    rg_dataset_destroy(d);
    snprintf(path, sizeof(path), "%s/d.npy", folder);
    ck_assert_int_eq(
        rg_npy_write(
            path,
            &(struct rg_tensor){
                .name = "x", .dtype = RG_F64, .n_dims = 2, .shape = {2, 3}, .data = xd, .data_bytes = sizeof(xd)}),
        RG_OK);
    ck_assert_msg(rg_dataset_read(path, NULL, &d) == RG_OK, "%s", rg_error_message());
    ck_assert_uint_eq(d->n_steps, 3);
    rg_dataset_destroy(d);
}
END_TEST

/* Padding, NaN or no token, on either side of x and of targets of every step. */
START_TEST(npz_left_padding) {
    static const float x[] = {1, 2, 3, NAN, 5, 6}, zeros[] = {1, 2, 3, 0, 5, 6};
    static const float y[] = {1, 0, 2, NAN, 1, 0};
    static const int64_t tokens[] = {3, 1, 0, -7, 0, 2}, lengths[] = {3, 2};
    const struct rg_tensor counts = tensor("lengths", RG_I64, SHAPE(2), lengths);
    const struct rg_dataset_options left = {.pad_left = true};
    struct rg_dataset *d;

    put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 3), x), tensor("y", RG_F32, SHAPE(2, 3), y), counts}, 3);
    ck_assert_msg(rg_dataset_read(path, &left, &d) == RG_OK, "%s", rg_error_message());
    ck_assert(d->pad_left && d->lengths[1] == 2);
    ck_assert_mem_eq(d->x_float, zeros, sizeof(zeros));
    rg_dataset_destroy(d);
    refuse("element [1,0] is not finite", NULL);
    put_npz((struct rg_tensor[]){tensor("x", RG_I64, SHAPE(2, 3), tokens), counts}, 2);
    ck_assert_msg(rg_dataset_read(path, &left, &d) == RG_OK, "%s", rg_error_message());
    ck_assert(rg_dataset_token(d, 3) == 0 && rg_dataset_token(d, 5) == 2 && d->n_features == 4);
    rg_dataset_destroy(d);
    refuse("token [1,0] is -7", NULL);
}
END_TEST

/* The last steps stay, on either side of the padding, with the targets of every step. */
START_TEST(cut_to_the_last_steps) {
    static const float right[] = {1, 2, 3, 4, 5, 0, 0, 0, 6, 7, 8, 0}, left[] = {1, 2, 3, 4, 0, 0, 0, 5, 0, 6, 7, 8};
    static const float right_cut[] = {3, 4, 5, 0, 7, 8}, left_cut[] = {3, 4, 0, 5, 7, 8};
    static const int64_t lengths[] = {4, 1, 3};

    for (int side = 0; side < 2; side++) {
        const float *const x = side ? left : right, *const cut = side ? left_cut : right_cut;
        const struct rg_dataset_options options = {.pad_left = side == 1};
        struct rg_dataset *d;

        put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(3, 4, 1), x), tensor("y", RG_F32, SHAPE(3, 4), x),
                                     tensor("lengths", RG_I64, SHAPE(3), lengths)},
                3);
        ck_assert_msg(rg_dataset_read(path, &options, &d) == RG_OK, "%s", rg_error_message());
        rg_dataset_cut(d, 4, true);
        ck_assert_uint_eq(d->n_steps, 4);
        rg_dataset_cut(d, 2, true);
        ck_assert(d->n_steps == 2 && d->n_targets == 2);
        ck_assert_mem_eq(d->x_float, cut, sizeof(right_cut));
        ck_assert_mem_eq(d->y, cut, sizeof(right_cut));
        ck_assert(d->lengths[0] == 2 && d->lengths[1] == 1 && d->lengths[2] == 2);
        rg_dataset_cut(d, 1, false);
        ck_assert(d->lengths == NULL && d->n_targets == 2 && d->x_float[0] == 4 && d->x_float[2] == 8);
        rg_dataset_destroy(d);
    }
}
END_TEST

/* h_0 and c_0 with and without the dimension of layers and directions; both have the same shape. */
START_TEST(npz_states) {
    static const float x[] = {1, 2, 3, 4};
    static const double h[] = {1, 2, 3, 4, 5, 6, 7, 8}, c[] = {8, 7, 6, 5, 4, 3, 2, 1};
    const struct rg_tensor good = tensor("x", RG_F32, SHAPE(2, 2), x);
    struct rg_dataset *d = read_npz(
        (struct rg_tensor[]){good, tensor("h_0", RG_F64, SHAPE(4, 2, 1), h), tensor("c_0", RG_F64, SHAPE(4, 2, 1), c)},
        3);

    ck_assert(d->n_states == 4 && d->state_width == 1 && !d->flat_states);
    ck_assert(d->h_0[7] == 8.0 && d->c_0[7] == 1.0);
    rg_dataset_destroy(d);
    d = read_npz((struct rg_tensor[]){good, tensor("c_0", RG_F64, SHAPE(2, 4), c)}, 2);
    ck_assert(d->n_states == 1 && d->state_width == 4 && d->flat_states && d->h_0 == NULL);
    rg_dataset_destroy(d);
    put_npz(
        (struct rg_tensor[]){good, tensor("h_0", RG_F64, SHAPE(4, 2, 1), h), tensor("c_0", RG_F64, SHAPE(2, 2, 2), c)},
        3);
    refuse("`c_0` is [2,2,2]; the shape of `h_0` was expected", NULL);
}
END_TEST

/* More elements than the reader converts at a time. */
START_TEST(npz_many_tokens) {
    enum { N = 5, T = 2003 };
    int16_t *values = calloc(N * T, sizeof(*values));
    struct rg_dataset *d;

    for (int i = 0; i < N * T; i++) {
        values[i] = (int16_t)i;
    }
    d = read_npz((struct rg_tensor[]){tensor("x", RG_I16, SHAPE(N, T), values)}, 1);
    ck_assert_uint_eq(d->n_features, N * T);
    for (int i = 0; i < N * T; i++) {
        ck_assert_int_eq(rg_dataset_token(d, (size_t)i), i);
    }
    rg_dataset_destroy(d);
    free(values);
}
END_TEST

static void check_equal(const void *a, const void *b, size_t bytes, const char *what) {
    ck_assert_msg((a == NULL) == (b == NULL), "%s: %s", what, a == NULL ? "is missing" : "should not be there");
    ck_assert_msg(a == NULL || memcmp(a, b, bytes) == 0, "%s differ", what);
}

/* Numbers that stayed in the file and are read after all are those that would have been read at once. */
START_TEST(numbers_of_a_file_in_memory_after_all) {
    static const float x[] = {1, -2, .5, 4, 5, 6, 7, 8, 9, 10, 11, 12}, y[] = {1, .25, -3, 0, 2, 9};
    static const double x_double[] = {.1, .2, .3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, y_double[] = {.1, 2, 3, 4, 5, .7};
    static const int16_t x_half[] = {0x3C00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    static const int32_t tokens[] = {3, 1, 0, 2, 0, 1}, classes[] = {1, 0, 2, 1, 1, 0};
    static const uint8_t y_byte[] = {0, 1, 2, 2, 1, 0};
    static const int64_t lengths[] = {2, 1, 2};
    const struct rg_tensor inputs[] = {
        tensor("x", RG_F32, SHAPE(3, 2, 2), x), tensor("x", RG_F64, SHAPE(3, 2, 2), x_double),
        tensor("x", RG_F16, SHAPE(3, 2, 2), x_half), tensor("x", RG_I32, SHAPE(3, 2), tokens)};
    const struct rg_tensor targets[] = {tensor("y", RG_F32, SHAPE(3, 2), y), tensor("y", RG_F64, SHAPE(3, 2), y_double),
                                        tensor("y", RG_I32, SHAPE(3, 2), classes),
                                        tensor("y", RG_U8, SHAPE(3, 2), y_byte)};
    for (int i = 0; i < 4 * 4 * 2; i++) {
        struct rg_dataset *whole = NULL, *late = NULL;
        const struct rg_dataset_options options = {.doubles = i % 2 == 1},
                                        in_file = {.doubles = i % 2 == 1, .memory = 1};
        put_npz((struct rg_tensor[]){inputs[i / 8], targets[i / 2 % 4], tensor("lengths", RG_I64, SHAPE(3), lengths)},
                3);
        ck_assert_msg(rg_dataset_read(path, &options, &whole) == RG_OK, "%s", rg_error_message());
        ck_assert_msg(rg_dataset_read(path, &in_file, &late) == RG_OK, "%s", rg_error_message());
        ck_assert(late->x_file.numbers != NULL && late->y_file.numbers != NULL);
        ck_assert_msg(rg_dataset_load(late) == RG_OK, "%s", rg_error_message());
        ck_assert(late->x_file.numbers == NULL && late->y_file.numbers == NULL && late->x_file.place == NULL);
        const size_t n = late->kind == RG_INPUT_TOKEN ? 6 : 12;
        check_equal(late->x_float, whole->x_float, n * sizeof(float), "floats of x");
        check_equal(late->x_double, whole->x_double, n * sizeof(double), "doubles of x");
        if (late->kind == RG_INPUT_FLOAT) {
            check_equal(late->x_raw, whole->x_raw, n * rg_dtype_bytes(whole->x_type), "numbers of x");
        }
        for (size_t k = 0; late->kind == RG_INPUT_TOKEN && k < n; k++) {
            ck_assert_int_eq(rg_dataset_token(late, k), rg_dataset_token(whole, k));
        }
        check_equal(late->y, whole->y, 6 * sizeof(float), "floats of y");
        check_equal(late->y_double, whole->y_double, 6 * sizeof(double), "doubles of y");
        check_equal(late->y_raw, whole->y_raw, 6 * rg_dtype_bytes(whole->y_type), "numbers of y");
        for (size_t k = 0; k < 6; k++) {
            ck_assert_double_eq(rg_dataset_target(late, k), rg_dataset_target(whole, k));
        }
        ck_assert(late->n_targets == whole->n_targets && late->label_kind == whole->label_kind);
        rg_dataset_destroy(whole);
        rg_dataset_destroy(late);
    }
}
END_TEST

START_TEST(bad_npz_files) {
    static const float x[] = {1, 2, 3, INFINITY};
    static const double big[] = {1, 2, 1e39, 4};
    static const float fine[] = {1, 2, 3, 4};
    static const int32_t tokens[] = {1, 2, -3, 4};
    static const int64_t huge[] = {1, 2, 3, INT64_C(1) << 31};
    static const int32_t lengths[] = {1, 3, 0};
    static const int32_t negative[] = {1, -1};
    const struct rg_tensor good = tensor("x", RG_F32, SHAPE(2, 2), fine);
    const struct {
        struct rg_tensor items[2];
        const char *fragment;
    } cases[] = {
        {{tensor("a", RG_F32, SHAPE(2, 2), fine), tensor("data", RG_F32, SHAPE(2), fine)}, "no tensor `x` among the 2"},
        {{tensor("x", RG_F32, SHAPE(4), fine), good}, "tensor `x` is F32 [4]; numbers [sequences,steps,features]"},
        {{tensor("x", RG_F32, SHAPE(2, 0, 3), fine), good}, "`x` [2,0,3] is empty"},
        {{tensor("x", RG_F32, SHAPE(2, 2), x), good}, "tensor `x`: element [1,1] is not finite"},
        {{tensor("x", RG_F64, SHAPE(2, 2, 1), big), good}, "tensor `x`: element [1,0,0] is not finite"},
        {{tensor("x", RG_I32, SHAPE(2, 2), tokens), good}, "tensor `x`: token [1,0] is -3"},
        {{tensor("x", RG_I64, SHAPE(2, 2), huge), good}, "tensor `x`: token [1,1] is 2147483648"},
        {{good, tensor("y", RG_F32, SHAPE(3), fine)},
         "tensor `y` is [3]; with `x` [2,2], [2], [2,outputs], [2,2] or [2,2,outputs]"},
        {{good, tensor("y", RG_F32, SHAPE(2, 1, 1), fine)}, "tensor `y` is [2,1,1]"},
        {{good, tensor("y", RG_F32, SHAPE(2, 0), fine)}, "tensor `y` is [2,0]"},
        {{good, tensor("y", RG_F32, SHAPE(2, 2), x)}, "tensor `y`: element [1,1] is not finite"},
        {{good, tensor("lengths", RG_I32, SHAPE(3), lengths)}, "`lengths` is I32 [3]; with `x` [2,2], integer [2]"},
        {{good, tensor("lengths", RG_F32, SHAPE(2), fine)}, "tensor `lengths` is F32 [2]"},
        {{good, tensor("lengths", RG_I32, SHAPE(2), lengths)}, "`lengths`: element [1] is 3; with `x` [2,2], 0 to 2"},
        {{good, tensor("lengths", RG_I32, SHAPE(2), negative)}, "tensor `lengths`: element [1] is -1"},
        {{good, tensor("h_0", RG_F32, SHAPE(1, 1, 4), fine)},
         "`h_0` is F32 [1,1,4]; with `x` [2,2], float [layers*directions,2,hidden]"},
        {{good, tensor("h_0", RG_F32, SHAPE(4), fine)}, "`h_0` is F32 [4]"},
        {{good, tensor("c_0", RG_I32, SHAPE(2, 2), tokens)}, "`c_0` is I32 [2,2]"},
        {{good, tensor("c_0", RG_F32, SHAPE(1, 2, 0), fine)}, "`c_0` is F32 [1,2,0]"},
        {{good, tensor("h_0", RG_F32, SHAPE(2, 2), x)}, "tensor `h_0`: element [1,1] is not finite"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        /* where the first tensor is the bad x, the second has the same name and is left out */
        put_npz(cases[i].items, strcmp(cases[i].items[1].name, "x") == 0 ? 1 : 2);
        refuse(cases[i].fragment, NULL);
    }
}
END_TEST

TEST_MAIN("dataset_npz") {
    TCase *const files = add_tests(suite, "files");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, npz_forms);
    tcase_add_test(files, npz_many_tokens);
    tcase_add_test(files, npz_states);
    tcase_add_test(files, cut_to_the_last_steps);
    tcase_add_test(files, npz_left_padding);
    tcase_add_test(files, numbers_of_a_file_in_memory_after_all);
    tcase_add_test(files, bad_npz_files);
}
