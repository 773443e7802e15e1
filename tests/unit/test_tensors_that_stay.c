/* Tensors whose data stay in their file: which ones do, where they are, and what they are as numbers; and whether the
 * floats of an archive are known to be finite. */
#define _GNU_SOURCE
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "tensor_files.h"

static const struct rg_tensor two[] = {{"a", RG_U8, 1, {3}, "abc", 3}, {"bc", RG_I16, 2, {2, 1}, "\1\2\3\4", 4}};
enum { A_DATA = 183, BC_DATA = 370 }; /* where an archive of the two has their data */

/* The message is the file's path, `: ` and this. */
static void expect_message(const char *text) {
    char wanted[1200];
    (void)snprintf(wanted, sizeof wanted, "%s: %s", path, text);
    ck_assert_str_eq(rg_error_message(), wanted);
}

static struct rg_tensors *read_as(const char *const *names, size_t stay) {
    const struct rg_tensors_reading how = {.names = names, .stay = stay};
    struct rg_tensors *list = NULL;
    ck_assert_msg(rg_tensors_read_as(path, &how, &list) == RG_OK, "%s", rg_error_message());
    return list;
}

/* The item's numbers, from its data or from the file, and whether they are in the file. */
static void expect_item(const struct rg_tensors *list, const char *name, size_t offset, const double *numbers,
                        size_t n) {
    const struct rg_tensor *const item = rg_tensors_find(list, name);
    double wide[16];
    float single[16];
    ck_assert_ptr_nonnull(item);
    ck_assert_uint_eq(rg_tensor_elements(item), n);
    ck_assert_uint_eq(list->offsets[item - list->items], offset);
    ck_assert_int_eq(item->data == NULL, offset > 0);
    ck_assert_int_eq(rg_tensors_to_double(list, item, wide), RG_OK);
    ck_assert_int_eq(rg_tensors_to_float(list, item, single), RG_OK);
    for (size_t i = 0; i < n; i++) {
        ck_assert_double_eq(wide[i], numbers[i]);
        ck_assert_float_eq(single[i], (float)numbers[i]);
    }
}

/* Of an npy file, data of more bytes than asked for stay, if they are as memory would have them. */
START_TEST(npy_that_stays) {
    static const struct {
        const char *descr, *order, *shape;
        bool stays;
        double numbers[4];
    } cases[] = {{"<i2", "False", "(4,)", true, {1, 2, 3, 4}},
                 {"<i2", "False", "(2, 2)", true, {1, 2, 3, 4}},
                 {"<i2", "True", "(4,)", true, {1, 2, 3, 4}},
                 {"<i2", "True", "(2, 2)", false, {1, 3, 2, 4}},
                 {">i2", "False", "(4,)", false, {256, 512, 768, 1024}},
                 {">i2", "True", "(2, 2)", false, {256, 768, 512, 1024}}};
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        const bool few = i % 2 == 1; /* as many as may be read */
        char header[100];
        test_case("%s, Fortran %s, %s", cases[i / 2].descr, cases[i / 2].order, cases[i / 2].shape);
        (void)snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s}", cases[i / 2].descr,
                       cases[i / 2].order, cases[i / 2].shape);
        put_npy(1, header, 8);
        memcpy(file + file_bytes - 8, "\1\0\2\0\3\0\4\0", 8);
        put(file, file_bytes);
        struct rg_tensors *const list = read_as(NULL, few ? 8 : 7);
        expect_item(list, "data", cases[i / 2].stays && !few ? file_bytes - 8 : 0, cases[i / 2].numbers, 4);
        rg_tensors_destroy(list);
    }
}
END_TEST

static const double abc[] = {'a', 'b', 'c'}, pairs[] = {0x201, 0x403};

START_TEST(npz_that_stays) {
    static const char *const only_a[] = {"x", "a", NULL}, *const none[] = {"ab", "", NULL};
    struct rg_tensors *list;
    ck_assert_int_eq(rg_npz_write(path, two, 2), RG_OK);
    load();
    list = read_as(NULL, 2);
    expect_item(list, "a", A_DATA, abc, 3);
    expect_item(list, "bc", BC_DATA, pairs, 2);
    rg_tensors_destroy(list);
    list = read_as(NULL, 3);
    expect_item(list, "a", 0, abc, 3);
    expect_item(list, "bc", BC_DATA, pairs, 2);
    rg_tensors_destroy(list);
    list = read_as(only_a, 0);
    expect_item(list, "a", A_DATA, abc, 3);
    ck_assert(list->count == 2 && list->items[1].data == NULL && list->offsets[1] == 0);
    ck_assert_str_eq(list->items[1].name, "bc");
    rg_tensors_destroy(list);
    list = read_as(none, SIZE_MAX);
    ck_assert(list->count == 2 && list->items[0].data == NULL && list->offsets[0] == 0);
    rg_tensors_destroy(list);
    file[A_DATA + 1] ^= 1; /* what stays has its checksum compared */
    put(file, file_bytes);
    const struct rg_tensors_reading how = {.names = NULL, .stay = 0};
    ck_assert_int_eq(rg_tensors_read_as(path, &how, &list), RG_BAD_FILE);
    ck_assert_ptr_null(list);
    char wanted[600];
    (void)snprintf(wanted, sizeof wanted, "%s(a.npy): CRC error; the archive is damaged", path);
    ck_assert_str_eq(rg_error_message(), wanted);
}
END_TEST

START_TEST(safetensors_that_stay) {
    struct rg_tensors *list = NULL;
    double numbers[4];
    put_safetensors("{\"bc\":{\"dtype\":\"I16\",\"shape\":[2],\"data_offsets\":[3,7]},\"a\":{\"dtype\":\"U8\","
                    "\"shape\":[3],\"data_offsets\":[0,3]},\"e\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[3,"
                    "3]}}",
                    7);
    memcpy(file + file_bytes - 7, "abc\1\2\3\4", 7);
    put(file, file_bytes);
    ck_assert_int_eq(rg_tensors_open(path, &list), RG_OK);
    expect_item(list, "bc", file_bytes - 4, pairs, 2);
    expect_item(list, "a", file_bytes - 7, abc, 3);
    ck_assert(list->items[2].data == NULL && list->offsets[2] == file_bytes - 4);
    ck_assert_int_eq(truncate(path, (off_t)file_bytes - 1), 0);
    ck_assert_int_eq(rg_tensors_to_double(list, rg_tensors_find(list, "a"), numbers), RG_OK);
    ck_assert_int_eq(rg_tensors_to_double(list, rg_tensors_find(list, "bc"), numbers), RG_BAD_FILE);
    char wanted[100];
    (void)snprintf(wanted, sizeof wanted, "byte %zu: cannot be read: the file became shorter while it was read",
                   file_bytes - 1);
    expect_message(wanted);
    rg_tensors_destroy(list);
    ck_assert_int_eq(rg_safetensors_write(path, two, 2, NULL), RG_OK);
    list = read_as(NULL, 0); /* of safetensors all are read */
    ck_assert(list->offsets == NULL && list->items[0].data != NULL);
    ck_assert_mem_eq(list->items[1].data, "\1\2\3\4", 4);
    rg_tensors_destroy(list);
}
END_TEST

/* More elements than are converted together. */
START_TEST(pieces_of_a_file) {
    enum { N = 5000 };
    int16_t *const numbers = calloc(N, sizeof *numbers);
    double *const wide = calloc(N + 1, sizeof *wide);
    float *const single = calloc(N + 1, sizeof *single);
    ck_assert(numbers && wide && single);
    for (size_t n = 2047; n <= N; n = n == 2049 ? 4096 : n == 4096 ? N : n + 1) {
        struct rg_tensors *list = NULL;
        test_case("%zu numbers", n);
        for (size_t i = 0; i < n; i++) {
            numbers[i] = (int16_t)(i * 7 % 30011);
        }
        const struct rg_tensor item = {"x", RG_I16, 1, {n}, numbers, n * sizeof *numbers};
        ck_assert_int_eq(rg_safetensors_write(path, &item, 1, NULL), RG_OK);
        ck_assert_int_eq(rg_tensors_open(path, &list), RG_OK);
        wide[n] = single[n] = 0.5F;
        ck_assert_int_eq(rg_tensors_to_double(list, list->items, wide), RG_OK);
        ck_assert_int_eq(rg_tensors_to_float(list, list->items, single), RG_OK);
        for (size_t i = 0; i < n; i++) {
            ck_assert(wide[i] == numbers[i] && single[i] == (float)numbers[i]);
        }
        ck_assert(wide[n] == 0.5 && single[n] == 0.5F);
        rg_tensors_destroy(list);
    }
    free(numbers);
    free(wide);
    free(single);
}
END_TEST

/* One float of an archive's member is not finite, wherever it is. */
START_TEST(finite_numbers) {
    enum { N = 70000 }; /* more than a block of bytes */
    static const size_t spots[] = {0, 65535, 65536, N - 1};
    static const float wrong[] = {NAN, INFINITY, -INFINITY};
    float *const numbers = calloc(N, sizeof *numbers);
    ck_assert_ptr_nonnull(numbers);
    for (size_t i = 0; i < N; i++) {
        numbers[i] = i % 2 ? 3.4e38F : -1e-40F;
    }
    const struct rg_tensor items[] = {{"x", RG_F32, 1, {N}, numbers, N * sizeof *numbers},
                                      {"y", RG_F64, 1, {1}, "\0\0\0\0\0\0\0\0", 8}};
    for (size_t i = 0; i < 2 * (COUNT(spots) + 1); i++) {
        const bool good = i / 2 == COUNT(spots);
        const size_t place = good ? 0 : spots[i / 2];
        const float before = numbers[place];
        test_case("%zu", place);
        numbers[place] = good ? before : wrong[i % 3];
        ck_assert_int_eq(rg_npz_write(path, items, 2), RG_OK);
        struct rg_tensors *const list = read_as(NULL, i % 2 ? SIZE_MAX : 0);
        ck_assert_int_eq(list->finite[0], good);
        ck_assert(!list->finite[1]); /* nobody looked at doubles */
        rg_tensors_destroy(list);
        for (size_t n = 0; n < 20; n++) { /* of those around it alone, from an odd address on */
            char some[21 * sizeof(float) + 1];
            const size_t first = place >= n ? place - n : 0, count = first + 20 < N ? 20 : N - first;
            memcpy(some + 1, numbers + first, count * sizeof(float));
            ck_assert_int_eq(rg_floats_are_finite(some + 1, count), good);
            ck_assert(rg_floats_are_finite(some + 1, place - first));
        }
        numbers[place] = before;
    }
    free(numbers);
}
END_TEST

TEST_MAIN("tensors_that_stay") {
    TCase *const tests = add_tests(suite, "tensors_that_stay");
    tcase_add_checked_fixture(tests, make_folder, clean);
    tcase_add_test(tests, npy_that_stays);
    tcase_add_test(tests, npz_that_stays);
    tcase_add_test(tests, safetensors_that_stay);
    tcase_add_test(tests, pieces_of_a_file);
    tcase_add_test(tests, finite_numbers);
}
