/* Tensor files that are right: round trips of every dtype, files of other programs, conversions; and outputs that
 * replace a file whole or not at all. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tensor_files.h"

/* ---- Round trips ---- */

static const float f32[6] = {0.0f, -1.5f, 3.0e38f, 1.0e-40f, INFINITY, 0.1f};
static const double f64[2] = {1.0e-300, -2.5};
static const uint16_t f16[3] = {0x3C00, 0x0001, 0xFC00};
static const uint16_t bf16[2] = {0x3F80, 0xC040};
static const uint8_t u8[3] = {0, 1, 255};
static const int8_t i8[2] = {-128, 127};
static const int16_t i16[2] = {-32768, 300};
static const int32_t i32[1] = {-2147483647};
static const int64_t i64[2] = {INT64_MIN, INT64_MAX};
static const uint8_t truth[3] = {1, 0, 1};
static const struct rg_tensor samples[] = {
    {"rnn.weight_hh_l0", RG_F32, 2, {2, 3}, f32, sizeof f32},
    {"f64", RG_F64, 1, {2}, f64, sizeof f64},
    {"f16", RG_F16, 2, {3, 1}, f16, sizeof f16},
    {"u8", RG_U8, 1, {3}, u8, sizeof u8},
    {"i8", RG_I8, 1, {2}, i8, sizeof i8},
    {"i16", RG_I16, 1, {2}, i16, sizeof i16},
    {"scalar", RG_I32, 0, {0}, i32, sizeof i32},
    {"i64", RG_I64, 1, {2}, i64, sizeof i64},
    {"caf\xc3\xa9 \"\\\n", RG_BOOL, 3, {1, 3, 1}, truth, sizeof truth},
    {"none", RG_F32, 2, {0, 5}, NULL, 0},
    {"bf16", RG_BF16, 1, {2}, bf16, sizeof bf16}}; /* last: npy does not know it */

static void expect_same(const struct rg_tensor *got, const struct rg_tensor *want) {
    ck_assert_ptr_nonnull(got);
    ck_assert_int_eq(got->dtype, want->dtype);
    ck_assert_uint_eq(got->n_dims, want->n_dims);
    for (size_t d = 0; d < want->n_dims; d++) {
        ck_assert_uint_eq(got->shape[d], want->shape[d]);
    }
    ck_assert_uint_eq(got->data_bytes, want->data_bytes);
    if (want->data_bytes > 0) {
        ck_assert_mem_eq(got->data, want->data, want->data_bytes);
    }
}

static void expect_samples(size_t count, const char *config) {
    struct rg_tensors *list = expect_good();
    ck_assert_uint_eq(list->count, count);
    for (size_t i = 0; i < count; i++) {
        expect_same(rg_tensors_find(list, samples[i].name), &samples[i]);
    }
    ck_assert_ptr_null(rg_tensors_find(list, "absent"));
    if (config != NULL) {
        ck_assert_str_eq(list->config, config);
    } else {
        ck_assert_ptr_null(list->config);
    }
    rg_tensors_destroy(list);
}

START_TEST(safetensors_round_trip) {
    const char *config = "{\"cell\":\"lstm\",\"text\":\"\xf0\x9f\x98\x80\\n\"}\t";
    ck_assert_int_eq(rg_safetensors_write(path, samples, COUNT(samples), config), RG_OK);
    expect_samples(COUNT(samples), config);
    load();
    ck_assert_uint_eq((8 + file[0] + 256u * file[1]) % 8, 0);
    ck_assert_int_eq(rg_safetensors_write(path, samples, COUNT(samples), NULL), RG_OK);
    expect_samples(COUNT(samples), NULL);
    ck_assert_int_eq(rg_safetensors_write(path, NULL, 0, NULL), RG_OK);
    expect_samples(0, NULL);
}
END_TEST

START_TEST(npz_round_trip) {
    ck_assert_int_eq(rg_npz_write(path, samples, COUNT(samples) - 1), RG_OK);
    expect_samples(COUNT(samples) - 1, NULL);
    ck_assert_int_eq(rg_npz_write(path, samples, 0), RG_OK);
    expect_samples(0, NULL);
    ck_assert_int_eq(rg_npz_write(path, samples, COUNT(samples)), RG_NOT_SAVED);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "BF16"));
    expect_samples(0, NULL); /* the old file stays */
}
END_TEST

START_TEST(npy_round_trip) {
    for (size_t i = 0; i + 1 < COUNT(samples); i++) {
        struct rg_tensor item = samples[i];
        item.name = NULL;
        ck_assert_int_eq(rg_npy_write(path, &item), RG_OK);
        struct rg_tensors *list = expect_good();
        ck_assert_uint_eq(list->count, 1);
        expect_same(rg_tensors_find(list, "data"), &samples[i]);
        rg_tensors_destroy(list);
    }
}
END_TEST

START_TEST(safetensors_of_others) {
    static const unsigned char data[4] = {1, 2, 3, 4};
    put_safetensors(" {\"a\" : {\"data_offsets\":[4,4],\"dtype\":\"F32\",\"shape\":[3,0]}}", 4);
    expect_bad(path, "byte 8", "white space first");
    put_safetensors(
        "{\"\\u00E9\\u20aC\\ud83d\\ude00\\/\":{\"data_offsets\":[2,4],\"dtype\":\"I16\",\"shape\":[]}, \"e\":\n"
        "{\"dtype\":\"F64\",\"shape\":[3,0],\"data_offsets\":[2,2]},\"b\":{\"dtype\":\"BOOL\","
        "\"shape\":[1,2],\"data_offsets\":[0,2]},\"__metadata__\":{}}\r\n\t ",
        4);
    load();
    memcpy(file + file_bytes - 4, data, 4);
    put(file, file_bytes);
    struct rg_tensors *list = expect_good();
    ck_assert_uint_eq(list->count, 3);
    const struct rg_tensor *item = rg_tensors_find(list, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/");
    ck_assert_ptr_nonnull(item);
    int64_t value = 0;
    ck_assert_int_eq(rg_tensor_to_int64(item, &value), RG_OK);
    ck_assert_int_eq(value, 0x0403);
    ck_assert_uint_eq(rg_tensors_find(list, "e")->n_dims, 2);
    rg_tensors_destroy(list);
}
END_TEST

START_TEST(npy_of_others) {
    static const unsigned char big[12] = {0, 0, 0, 1, 0, 0, 0, 2, 0xFF, 0xFF, 0xFF, 0xFD};
    double got[24];
    put_npy(2, "{\"shape\":(3L,),'descr':'>i4','fortran_order':True}", sizeof big);
    memcpy(file + file_bytes - sizeof big, big, sizeof big);
    put(file, file_bytes);
    struct rg_tensors *list = expect_good();
    rg_tensor_to_double(&list->items[0], got);
    ck_assert_double_eq(got[0], 1);
    ck_assert_double_eq(got[1], 2);
    ck_assert_double_eq(got[2], -3);
    rg_tensors_destroy(list);

    put_npy(3, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }\n", 24);
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < 3; j++) {
            for (unsigned k = 0; k < 4; k++) {
                file[file_bytes - 24 + i + 2 * j + 6 * k] = (unsigned char)(12 * i + 4 * j + k);
            }
        }
    }
    put(file, file_bytes);
    list = expect_good();
    rg_tensor_to_double(&list->items[0], got);
    for (size_t i = 0; i < 24; i++) {
        ck_assert_double_eq(got[i], (double)i);
    }
    rg_tensors_destroy(list);
}
END_TEST

/* ---- Conversions ---- */

/* Tensors of types that are not read are refused, but listed where that is asked for. */
START_TEST(other_types_are_listed) {
    static const struct {
        const char *descr, *type; /* NULL: the file is bad there, too */
        size_t bytes;             /* of two elements */
    } cases[] = {
        {"'<U3'", "<U3", 24},       {"'|S5'", "|S5", 10},
        {"'<c16'", "<c16", 32},     {"'<M8[ns]'", "<M8[ns]", 16},
        {"'|O'", "|O", 7},          {"[('a', '<f4'), ('b', '<i2', (3,))]", "[('a', '<f4'), ('b', '<i2', (3,))]", 20},
        {"'<U3'", NULL, 23},        {"'<c16'", NULL, 31},
        {"[('a', '<f4')", NULL, 8}, {"7", NULL, 8}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rg_tensors *list = NULL;
        char header[200];
        snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': False, 'shape': (2,), }", cases[i].descr);
        put_npy(1, header, cases[i].bytes);
        expect_bad(path, "", cases[i].descr);
        const rg_status status = rg_tensors_list(path, &list);
        ck_assert_msg(status == (cases[i].type ? RG_OK : RG_BAD_FILE), "%s: %d", cases[i].descr, (int)status);
        if (cases[i].type) {
            ck_assert_str_eq(list->types[0], cases[i].type);
            ck_assert_ptr_null(list->items[0].data);
            ck_assert_uint_eq(list->items[0].shape[0], 2);
        }
        rg_tensors_destroy(list);
    }
    struct rg_tensors *list = NULL;
    put_npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 8);
    ck_assert_int_eq(rg_tensors_list(path, &list), RG_OK);
    ck_assert(list->types[0] == NULL && list->items[0].data != NULL);
    rg_tensors_destroy(list);
    put_safetensors("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[3],\"data_offsets\":[0,3]},"
                    "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[3,7]}}",
                    7);
    expect_bad(path, "dtype 'F8_E4M3' is not supported", "safetensors");
    ck_assert_int_eq(rg_tensors_list(path, &list), RG_OK);
    ck_assert_str_eq(list->types[0], "F8_E4M3");
    ck_assert(list->items[0].data == NULL && list->types[1] == NULL && list->items[1].data != NULL);
    rg_tensors_destroy(list);
}
END_TEST

START_TEST(halves_are_exact) {
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        const uint16_t half = (uint16_t)bits;
        const struct rg_tensor item = {"h", RG_F16, 0, {0}, &half, 2};
        const int exponent = (int)(bits >> 10 & 0x1F);
        const double fraction = bits & 0x3FF;
        double want = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
        if (exponent == 0x1F) {
            want = fraction > 0 ? NAN : INFINITY;
        }
        want = copysign(want, bits & 0x8000 ? -1.0 : 1.0);
        double got = 0;
        float single = 0;
        rg_tensor_to_double(&item, &got);
        rg_tensor_to_float(&item, &single);
        ck_assert(isnan(want) ? isnan(got) && isnan(single) : got == want && (double)single == want);
        ck_assert(isnan(want) || !signbit(got) == !(bits & 0x8000));
    }
}
END_TEST

START_TEST(elements_are_converted) {
    float single[6];
    double wide[6];
    int64_t whole[6];
    for (size_t i = 0; i < COUNT(samples); i++) {
        const bool floating = samples[i].dtype <= RG_F64;
        ck_assert_int_eq(rg_tensor_to_int64(&samples[i], whole), floating ? RG_BAD_FILE : RG_OK);
        rg_tensor_to_double(&samples[i], wide);
        rg_tensor_to_float(&samples[i], single);
        for (size_t e = 0; e < rg_tensor_elements(&samples[i]); e++) {
            ck_assert(single[e] == (float)wide[e]);
            ck_assert(floating || wide[e] == (double)whole[e]);
        }
    }
    rg_tensor_to_double(&samples[COUNT(samples) - 1], wide);
    ck_assert_double_eq(wide[0], 1.0);
    ck_assert_double_eq(wide[1], -3.0);
    ck_assert_int_eq(rg_tensor_to_int64(&samples[0], whole), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "rnn.weight_hh_l0"));
    /* 2^60 + 2^36 + 1 lies just above the middle of two floats; by way of a double it would round down. */
    const int64_t tie = ((int64_t)1 << 60) + ((int64_t)1 << 36) + 1;
    const struct rg_tensor item = {"tie", RG_I64, 0, {0}, &tie, sizeof tie};
    rg_tensor_to_float(&item, single);
    ck_assert(single[0] == 0x1.000002p60f);
}
END_TEST

/* ---- Outputs that cannot be written ---- */

static void expect_not_saved(const char *name, const char *fragment) {
    ck_assert_int_eq(rg_file_write(name, "new", 3), RG_NOT_SAVED);
    ck_assert_msg(strstr(rg_error_message(), name) != NULL, "%s", rg_error_message());
    ck_assert_msg(strstr(rg_error_message(), fragment) != NULL, "%s", rg_error_message());
}

static void expect_content(const char *text) {
    load();
    ck_assert_uint_eq(file_bytes, strlen(text));
    ck_assert_mem_eq(file, text, file_bytes);
}

START_TEST(outputs_are_replaced_whole) {
    char link[600];
    struct stat status;
    const mode_t before = umask(027);
    ck_assert_int_eq(rg_file_write(path, "first", 5), RG_OK);
    umask(before);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0640);
    snprintf(link, sizeof link, "%s/link", folder);
    ck_assert_int_eq(symlink(path, link), 0);
    ck_assert_int_eq(rg_file_write(link, "second", 6), RG_OK);
    expect_content("first");
    ck_assert_int_eq(lstat(link, &status), 0);
    ck_assert(S_ISREG(status.st_mode));
    ck_assert_int_eq(rg_file_write(path, "", 0), RG_OK);
    expect_content("");
    ck_assert_int_eq(rg_file_write("/dev/null", "x", 1), RG_OK);
    ck_assert_int_eq(stat("/dev/null", &status), 0);
    ck_assert(S_ISCHR(status.st_mode));
    ck_assert_uint_eq(remove_folder(), 2); /* no temporary file is left */
    make_folder();
}
END_TEST

START_TEST(failed_outputs_change_nothing) {
    char name[600];
    put("old", 3);
    expect_not_saved("/dev/full", "No space left");
    expect_not_saved(folder, "Is a directory");
    snprintf(name, sizeof name, "%s/absent/x", folder);
    expect_not_saved(name, "No such file");
    expect_not_saved("", "No such file");
    expect_not_saved("/proc/rnn-gpu", "check that the folder"); /* a folder in which nobody can write */

    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
    const int writer = ends[1];
    ck_assert_int_eq(rg_file_write(name, "new", 3), RG_OK);
    char got[3];
    ck_assert_int_eq(read(ends[0], got, 3), 3);
    ck_assert_mem_eq(got, "new", 3);
    const int stdout_copy = dup(STDOUT_FILENO);
    close(ends[0]);
    ck_assert_int_eq(dup2(writer, STDOUT_FILENO), STDOUT_FILENO);
    const rg_status broken = rg_file_write("/dev/stdout", "new", 3); /* no SIGPIPE */
    dup2(stdout_copy, STDOUT_FILENO);
    close(stdout_copy);
    close(writer);
    ck_assert_int_eq(broken, RG_NOT_SAVED);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "Broken pipe"));

    struct rlimit before;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit two = {.rlim_cur = 2, .rlim_max = before.rlim_max};
    /* No assertion in between: Check notes each in a file of its own. */
    const int limited = setrlimit(RLIMIT_FSIZE, &two);
    const rg_status large = rg_file_write(path, "new", 3); /* no SIGXFSZ */
    const int unlimited = setrlimit(RLIMIT_FSIZE, &before);
    ck_assert_int_eq(limited, 0);
    ck_assert_int_eq(unlimited, 0);
    ck_assert_int_eq(large, RG_NOT_SAVED);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "too large"));
    expect_content("old");
    ck_assert_uint_eq(remove_folder(), 1);
    make_folder();
}
END_TEST

START_TEST(impossible_tensors_are_not_written) {
    const struct rg_tensor bad[] = {{"x", RG_F32, 1, {2}, f32, 4},
                                    {"", RG_F32, 1, {1}, f32, 4},
                                    {NULL, RG_F32, 1, {1}, f32, 4},
                                    {"\xff", RG_F32, 1, {1}, f32, 4},
                                    {"__metadata__", RG_F32, 1, {1}, f32, 4},
                                    {"x", RG_F32, 9, {1}, f32, 4},
                                    {"x", RG_F32, 2, {(size_t)1 << 62, 4}, f32, 0}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(rg_safetensors_write(path, &bad[i], 1, NULL), RG_NOT_SAVED);
        ck_assert_int_eq(rg_npz_write(path, &bad[i], 1), RG_NOT_SAVED);
    }
    const struct rg_tensor twice[] = {{"x", RG_F32, 1, {1}, f32, 4}, {"x", RG_F32, 1, {1}, f32, 4}};
    ck_assert_int_eq(rg_safetensors_write(path, twice, 2, NULL), RG_NOT_SAVED);
    ck_assert_int_eq(rg_safetensors_write(path, twice, 1, "\xff"), RG_NOT_SAVED);
    ck_assert_uint_eq(remove_folder(), 0);
    make_folder();
}
END_TEST

TEST_MAIN("tensors") {
    TCase *const tests = add_tests(suite, "tensors");
    tcase_add_checked_fixture(tests, make_folder, clean);
    tcase_add_test(tests, safetensors_round_trip);
    tcase_add_test(tests, npz_round_trip);
    tcase_add_test(tests, npy_round_trip);
    tcase_add_test(tests, safetensors_of_others);
    tcase_add_test(tests, npy_of_others);
    tcase_add_test(tests, other_types_are_listed);
    tcase_add_test(tests, halves_are_exact);
    tcase_add_test(tests, elements_are_converted);
    tcase_add_test(tests, outputs_are_replaced_whole);
    tcase_add_test(tests, failed_outputs_change_nothing);
    tcase_add_test(tests, impossible_tensors_are_not_written);
}
