/* Inputs that stay in a file: every part of them, whatever its first and last number, is that of the same data in
 * memory; padding is 0, and nothing is written behind the part. */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "data/stored.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "scratch.h"

enum { SEQUENCES = 3, STEPS = 4, FEATURES = 2, ALL = SEQUENCES * STEPS * FEATURES };

static int32_t lengths[SEQUENCES] = {2, 4, 1};
static double mean[FEATURES] = {1.0, -2.0}, deviation[FEATURES] = {2.0, 0.1}, fill[FEATURES] = {7.0, 0.3};

static const struct {
    const char *name;
    enum rg_dtype type;
    bool lengths, pad_left, normalised, narrow, bytes, round;
} cases[] = {
    {.name = "floats", .type = RG_F32},
    {.name = "floats, short sequences", .type = RG_F32, .lengths = true},
    {.name = "floats, padding first", .type = RG_F32, .lengths = true, .pad_left = true},
    {.name = "normalised floats", .type = RG_F32, .lengths = true, .normalised = true},
    {.name = "normalised floats, rounded", .type = RG_F32, .lengths = true, .normalised = true, .round = true},
    {.name = "doubles", .type = RG_F64, .lengths = true, .pad_left = true},
    {.name = "normalised doubles", .type = RG_F64, .lengths = true, .pad_left = true, .normalised = true},
    {.name = "doubles as floats", .type = RG_F64, .lengths = true, .narrow = true, .normalised = true},
    {.name = "whole numbers", .type = RG_I32, .lengths = true},
    {.name = "bytes as floats", .type = RG_U8, .lengths = true, .bytes = true},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static char folder[256], path[300];
static double numbers[ALL]; /* of the file */

static bool is_padding(int c, size_t k) {
    const size_t step = k / FEATURES % STEPS, length = (size_t)lengths[k / FEATURES / STEPS];
    return cases[c].lengths && (cases[c].pad_left ? step < STEPS - length : step >= length);
}

/* Number k as a reader should get it. */
static double expected(int c, size_t k) {
    const bool floats = cases[c].type == RG_F32 || cases[c].narrow;
    double value = floats ? (double)(float)numbers[k] : numbers[k];
    if (is_padding(c, k)) {
        return 0.0;
    }
    value = cases[c].bytes ? value / 255.0 : value;
    if (cases[c].normalised && isnan(value)) {
        value = floats ? (double)(float)fill[k % FEATURES] : fill[k % FEATURES];
    }
    value = cases[c].normalised ? (value - mean[k % FEATURES]) / deviation[k % FEATURES] : value;
    return cases[c].round ? (double)(float)value : value;
}

static void store(int c, struct rg_dataset *d) {
    struct rg_source source;
    FILE *const file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    for (size_t k = 0; k < ALL; k++) {
        const bool real = cases[c].type == RG_F32 || cases[c].type == RG_F64;
        numbers[k] = real ? 0.1 * (double)k : (double)(k + 1);
        numbers[k] = cases[c].normalised && k == 9 ? NAN : numbers[k];
        const float narrow = (float)numbers[k];
        const int32_t whole = isnan(numbers[k]) ? 0 : (int32_t)numbers[k];
        const uint8_t byte = (uint8_t)whole;
        const void *const bytes = cases[c].type == RG_F32   ? (const void *)&narrow
                                  : cases[c].type == RG_F64 ? (const void *)&numbers[k]
                                  : cases[c].type == RG_I32 ? (const void *)&whole
                                                            : (const void *)&byte;
        ck_assert_uint_eq(fwrite(bytes, rg_dtype_bytes(cases[c].type), 1, file), 1);
    }
    ck_assert_int_eq(fclose(file), 0);
    *d = (struct rg_dataset){.path = path,
                             .n_sequences = SEQUENCES,
                             .n_steps = STEPS,
                             .n_features = FEATURES,
                             .kind = RG_INPUT_FLOAT,
                             .x_bytes = cases[c].bytes,
                             .x_round = cases[c].round,
                             .lengths = cases[c].lengths ? lengths : NULL,
                             .pad_left = cases[c].pad_left,
                             .input_fill = cases[c].normalised ? fill : NULL,
                             .input_mean = cases[c].normalised ? mean : NULL,
                             .input_deviation = cases[c].normalised ? deviation : NULL,
                             .x_file = {.narrow = cases[c].narrow}};
    ck_assert_int_eq(rg_source_open(&source, path), RG_OK);
    ck_assert_int_eq(rg_stored_open(&source, 0, cases[c].type, ALL, &d->x_file.numbers), RG_OK);
    rg_source_close(&source);
    ck_assert_int_eq(rg_alloc(&d->x_file.place, SEQUENCES, sizeof(size_t), "places"), RG_OK);
    for (size_t i = 0; i < SEQUENCES; i++) {
        d->x_file.place[i] = i * STEPS * FEATURES;
    }
}

static void begin(void) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/numbers", folder);
}

static void end(void) {
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(every_part) {
    struct rg_dataset d;
    test_case("%s", cases[_i].name);
    store(_i, &d);
    for (size_t first = 0; first < ALL; first++) {
        for (size_t n = 0; first + n <= ALL; n++) {
            double out[ALL + 1];
            float floats[ALL + 1];
            for (size_t k = 0; k <= ALL; k++) {
                out[k] = floats[k] = 99.0F;
            }
            ck_assert_int_eq(rg_dataset_numbers(&d, first, n, out), RG_OK);
            ck_assert_int_eq(rg_dataset_floats(&d, first, n, floats), RG_OK);
            for (size_t k = 0; k < n; k++) {
                const double wanted = expected(_i, first + k);
                ck_assert_msg(out[k] == wanted && floats[k] == (float)wanted, "%zu of %zu + %zu: %.17g, expected %.17g",
                              k, first, n, out[k], wanted);
            }
            ck_assert(out[n] == 99.0 && floats[n] == 99.0F);
        }
    }
    rg_stored_release(d.x_file.numbers);
    rg_free(d.x_file.place);
}
END_TEST

/* A file that lost its end is refused, and not read as zeros. */
START_TEST(a_shorter_file) {
    struct rg_dataset d;
    double out[ALL];
    float floats[ALL];
    test_case("%s", cases[_i].name);
    store(_i, &d);
    ck_assert_int_eq(truncate(path, 1), 0);
    ck_assert_int_eq(rg_dataset_numbers(&d, 0, ALL, out), RG_BAD_FILE);
    ck_assert_int_eq(rg_dataset_floats(&d, 0, ALL, floats), RG_BAD_FILE);
    rg_stored_release(d.x_file.numbers);
    rg_free(d.x_file.place);
}
END_TEST

START_TEST(in_memory) {
    static float values[ALL] = {[5] = 5.5F, [6] = 6.5F};
    float floats[3] = {99.0F, 99.0F, 99.0F};
    double out[3] = {99.0, 99.0, 99.0};
    const struct rg_dataset d = {
        .path = "x", .n_sequences = SEQUENCES, .n_steps = STEPS, .n_features = FEATURES, .x_float = values};
    ck_assert_int_eq(rg_dataset_floats(&d, 5, 2, floats), RG_OK);
    ck_assert(floats[0] == 5.5F && floats[1] == 6.5F && floats[2] == 99.0F);
    ck_assert_int_eq(rg_dataset_numbers(&d, 5, 2, out), RG_OK);
    ck_assert(out[0] == 5.5 && out[1] == 6.5 && out[2] == 99.0);
}
END_TEST

TEST_MAIN("stored_inputs") {
    TCase *const tests = add_tests(suite, "stored_inputs");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_loop_test(tests, every_part, 0, N_CASES);
    tcase_add_loop_test(tests, a_shorter_file, 0, N_CASES);
    tcase_add_test(add_tests(suite, "memory"), in_memory);
}
