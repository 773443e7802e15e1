/* Missing values of inputs: filled from the step before, by means, and by given values, in memory and in a file. What
 * is padding, or of a type that cannot be missing, stays as it is. */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "data/stored.h"
#include "failing_memory.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "scratch.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { SEQUENCES = 2, STEPS = 4, FEATURES = 2, ALL = SEQUENCES * STEPS * FEATURES };

/* The second sequence has 3 steps. `_` is missing. */
#define _ NAN
static const double given[ALL] = {_, 1, 2, _, _, _, 6, 4 /**/, 8, _, _, 9, 7, _, _, 5};
static const struct {
    const char *name;
    int32_t *lengths;
    bool pad_left;
    double previous[ALL], filled[ALL], means[FEATURES];
    size_t n_filled;
} cases[] = {
    {"whole sequences",
     NULL,
     false,
     {_, 1, 2, 1, 2, 1, 6, 4 /**/, 8, _, 8, 9, 7, 9, 7, 5},
     {20, 1, 2, 30, 20, 30, 6, 4 /**/, 8, 30, 20, 9, 7, 30, 20, 5},
     {23.0 / 4, 19.0 / 4},
     8},
    {"padding at the end",
     (int32_t[]){4, 3},
     false,
     {_, 1, 2, 1, 2, 1, 6, 4 /**/, 8, _, 8, 9, 7, 9, _, 5},
     {20, 1, 2, 30, 20, 30, 6, 4 /**/, 8, 30, 20, 9, 7, 30, _, 5},
     {23.0 / 4, 14.0 / 3},
     7},
    {"padding at the start",
     (int32_t[]){4, 3},
     true,
     {_, 1, 2, 1, 2, 1, 6, 4 /**/, 8, _, _, 9, 7, 9, 7, 5},
     {20, 1, 2, 30, 20, 30, 6, 4 /**/, 8, _, 20, 9, 7, 30, 20, 5},
     {15.0 / 3, 19.0 / 4},
     7},
    {"an empty sequence and one of a step",
     (int32_t[]){0, 1},
     false,
     {_, 1, 2, _, _, _, 6, 4 /**/, 8, _, _, 9, 7, _, _, 5},
     {_, 1, 2, _, _, _, 6, 4 /**/, 8, 30, _, 9, 7, _, _, 5},
     {8, 0}, /* refused */
     1},
};
enum { N_CASES = COUNT(cases), SHORT = N_CASES - 1 };
#undef _

static float floats[ALL];
static double doubles[ALL];

static struct rg_dataset data_of(int i, bool is_double) {
    test_case("%s, %s", cases[i].name, is_double ? "doubles" : "floats");
    for (size_t k = 0; k < ALL; k++) {
        floats[k] = (float)given[k];
        doubles[k] = given[k];
    }
    return (struct rg_dataset){.path = "d.npz",
                               .n_sequences = SEQUENCES,
                               .n_steps = STEPS,
                               .n_features = FEATURES,
                               .kind = RG_INPUT_FLOAT,
                               .x_float = is_double ? NULL : floats,
                               .x_double = is_double ? doubles : NULL,
                               .lengths = cases[i].lengths,
                               .pad_left = cases[i].pad_left};
}

static void expect_numbers(const struct rg_dataset *d, const double *expected) {
    for (size_t k = 0; k < ALL; k++) {
        const double found = d->x_double ? d->x_double[k] : (double)d->x_float[k];
        ck_assert_msg(isnan(expected[k]) ? isnan(found) : found == expected[k], "number %zu is %g, expected %g", k,
                      found, expected[k]);
    }
}

START_TEST(from_the_step_before) {
    struct rg_dataset d = data_of(_i / 2, _i % 2);
    ck_assert_int_eq(rg_dataset_fill_previous(&d), RG_OK);
    expect_numbers(&d, cases[_i / 2].previous);
}
END_TEST

START_TEST(by_given_values) {
    static const double values[FEATURES] = {20, 30};
    struct rg_dataset d = data_of(_i / 2, _i % 2);
    size_t filled = 100; /* they are added */
    ck_assert_int_eq(rg_dataset_fill(&d, values, _i % 2, &filled), RG_OK);
    expect_numbers(&d, cases[_i / 2].filled);
    ck_assert_uint_eq(filled, 100 + cases[_i / 2].n_filled);
    ck_assert(d.fill_previous == (_i % 2 == 1) && d.input_fill[0] == 20 && d.input_fill[1] == 30);
    rg_free(d.input_fill);
}
END_TEST

START_TEST(means) {
    double found[FEATURES] = {-1, -1};
    struct rg_dataset d = data_of(_i / 2, _i % 2);
    if (_i / 2 == SHORT) {
        static char *names[FEATURES] = {"height", "wei`ght"};
        ck_assert_int_eq(rg_dataset_fill_means(&d, found), RG_BAD_FILE);
        ck_assert_str_eq(rg_error_message(), "d.npz: feature 2 has no value in the training data; leave it out");
        d.features = names;
        ck_assert_int_eq(rg_dataset_fill_means(&d, found), RG_BAD_FILE);
        ck_assert_str_eq(rg_error_message(),
                         "d.npz: the column `wei`ght` has no value in the training data; leave it out");
        return;
    }
    ck_assert_int_eq(rg_dataset_fill_means(&d, found), RG_OK);
    ck_assert_double_eq(found[0], cases[_i / 2].means[0]);
    ck_assert_double_eq(found[1], cases[_i / 2].means[1]);
}
END_TEST

/* More steps than are read at a time; sums beyond the range of a double. */
START_TEST(means_of_many_steps) {
    enum { MANY = 9000 };
    static double many[MANY];
    double mean = 0.0;
    struct rg_dataset d = {
        .path = "d", .n_sequences = 1, .n_steps = MANY, .n_features = 1, .kind = RG_INPUT_FLOAT, .x_double = many};
    for (size_t k = 0; k < MANY; k++) {
        many[k] = (double)k;
    }
    ck_assert_int_eq(rg_dataset_fill_means(&d, &mean), RG_OK);
    ck_assert_double_eq(mean, (MANY - 1) / 2.0);
    for (size_t k = 0; k < MANY; k++) {
        many[k] = 1e308;
    }
    ck_assert_int_eq(rg_dataset_fill_means(&d, &mean), RG_OK);
    ck_assert_double_eq(mean, 1e308);
}
END_TEST

START_TEST(bytes_are_never_missing) {
    static uint8_t bytes[ALL] = {3, 5, 7};
    static const double values[FEATURES] = {20, 30};
    double found[FEATURES] = {-1, -1};
    size_t filled = 0;
    struct rg_dataset d = data_of(0, false);
    d.x_float = NULL;
    d.x_byte = bytes;
    d.kind = RG_INPUT_BYTE;
    ck_assert_int_eq(rg_dataset_fill_previous(&d), RG_OK);
    ck_assert_int_eq(rg_dataset_fill_means(&d, found), RG_OK);
    ck_assert(found[0] == 0 && found[1] == 0);
    ck_assert_int_eq(rg_dataset_fill(&d, values, true, &filled), RG_OK);
    ck_assert(filled == 0 && d.input_fill[1] == 30 && bytes[0] == 3 && bytes[2] == 7);
    rg_free(d.input_fill);
}
END_TEST

/* ---- In a file ---- */

static char folder[256], path[300];

static void in_file(struct rg_dataset *d, enum rg_dtype type, const void *numbers, size_t size) {
    struct rg_source source;
    FILE *const file = fopen(path, "wb");
    ck_assert(file && fwrite(numbers, size, ALL, file) == ALL && fclose(file) == 0);
    ck_assert_int_eq(rg_source_open(&source, path), RG_OK);
    d->x_float = NULL;
    ck_assert_int_eq(rg_stored_open(&source, 0, type, ALL, &d->x_file.numbers), RG_OK);
    rg_source_close(&source);
    ck_assert_int_eq(rg_alloc(&d->x_file.place, SEQUENCES, sizeof(size_t), "places"), RG_OK);
    d->x_file.place[1] = STEPS * FEATURES;
}

/* Floats and doubles of a file have means, and a fill of the step before reads them into memory; whole numbers are
 * never missing. */
START_TEST(of_a_file) {
    static const struct {
        const char *name;
        enum rg_dtype type;
        size_t size;
    } types[] = {{"F32", RG_F32, sizeof(float)}, {"F64", RG_F64, sizeof(double)}, {"I32", RG_I32, sizeof(int32_t)}};
    static const int32_t whole[ALL] = {1, 2, 3, 4};
    static const double values[FEATURES] = {20, 30};
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/numbers", folder);
    for (size_t i = 0; i < COUNT(types); i++) {
        double found[FEATURES] = {-1, -1};
        size_t filled = 0;
        struct rg_dataset d = data_of(0, false);
        test_case("%s", types[i].name);
        in_file(&d, types[i].type,
                i == 0   ? (const void *)floats
                : i == 1 ? (const void *)doubles
                         : (const void *)whole,
                types[i].size);
        ck_assert_int_eq(rg_dataset_fill_means(&d, found), RG_OK);
        ck_assert_double_eq(found[0], i < 2 ? cases[0].means[0] : 0.0);
        ck_assert_double_eq(found[1], i < 2 ? cases[0].means[1] : 0.0);
        ck_assert_int_eq(rg_dataset_fill(&d, values, false, &filled), RG_OK);
        ck_assert_uint_eq(filled, 0);
        rg_free(d.input_fill);
        d.input_fill = NULL;
        ck_assert_int_eq(rg_dataset_fill_previous(&d), RG_OK);
        ck_assert_ptr_null(d.x_file.numbers);
        if (i < 2) {
            expect_numbers(&d, cases[0].previous);
        } else {
            ck_assert_mem_eq(d.x_raw, whole, sizeof whole);
        }
        rg_free(d.x_float);
        rg_free(d.x_double);
        rg_free(d.x_raw);
    }
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* ---- Memory ---- */

static rg_status fill_all(void) {
    double values[FEATURES];
    size_t filled = 0;
    struct rg_dataset d = data_of(0, true);
    RG_TRY(rg_dataset_fill_means(&d, values));
    RG_TRY(rg_dataset_fill(&d, values, false, &filled));
    rg_free(d.input_fill);
    return RG_OK;
}

START_TEST(no_memory) {
    each_fails("filling", fill_all, 3);
}
END_TEST

TEST_MAIN("fill") {
    TCase *const tests = add_tests(suite, "fill");
    tcase_add_loop_test(tests, from_the_step_before, 0, 2 * N_CASES);
    tcase_add_loop_test(tests, by_given_values, 0, 2 * N_CASES);
    tcase_add_loop_test(tests, means, 0, 2 * N_CASES);
    tcase_add_test(tests, means_of_many_steps);
    tcase_add_test(tests, bytes_are_never_missing);
    tcase_add_test(tests, of_a_file);
    tcase_add_test(tests, no_memory);
}
