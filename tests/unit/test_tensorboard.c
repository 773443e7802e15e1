/* TensorBoard's event file: checksums against the standard's examples, and records that can be read back. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/report/tensorboard.h"
#include "suite.h"

START_TEST(checksums_are_castagnolis) { /* RFC 3720, B.4 */
    unsigned char bytes[32] = {0};
    ck_assert_uint_eq(rg_crc32c("", 0), 0);
    ck_assert_uint_eq(rg_crc32c("123456789", 9), 0xE3069283u);
    ck_assert_uint_eq(rg_crc32c(bytes, 32), 0x8A9136AAu);
    memset(bytes, 0xFF, sizeof bytes);
    ck_assert_uint_eq(rg_crc32c(bytes, 32), 0x62A8AB43u);
    for (unsigned char i = 0; i < 32; i++) {
        bytes[i] = i;
    }
    ck_assert_uint_eq(rg_crc32c(bytes, 32), 0x46DD794Eu);
    ck_assert_uint_eq(rg_crc32c_masked("123456789", 9), ((0xE3069283u >> 15) | (0xE3069283u << 17)) + 0xA282EAD8u);
}
END_TEST

static uint64_t little(const unsigned char *bytes, size_t n) {
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

/* The only file of a folder, which is removed with it. */
static size_t take_file(const char *folder, unsigned char *bytes, size_t max) {
    DIR *dir = opendir(folder);
    char path[512] = "";
    ck_assert_ptr_nonnull(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] != '.') {
            ck_assert_int_eq(strncmp(entry->d_name, "events.out.tfevents.", 20), 0);
            ck_assert_str_eq(path, "");
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        }
    }
    closedir(dir);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t length = fread(bytes, 1, max, file);
    fclose(file);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    return length;
}

START_TEST(records_can_be_read_back) {
    char folder[] = "test_tensorboard.XXXXXX";
    unsigned char bytes[4096];
    struct rg_tensorboard *t = NULL;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(rg_tensorboard_create(folder, &t), RG_OK);
    const struct rg_scalar scalars[] = {{"loss", 0.5}, {"norm", 1e300}};
    rg_tensorboard_add(t, 300, scalars, 2);
    rg_tensorboard_add(t, 301, scalars, 1);
    ck_assert_int_eq(rg_tensorboard_close(t), RG_OK);
    const size_t length = take_file(folder, bytes, sizeof bytes);
    /* step 300, summary of 2 values: loss 0.5, norm inf */
    static const unsigned char expected[] = "\x10\xAC\x02\x2A\x1A\x0A\x0B\x0A\x04loss\x15\0\0\0\x3F"
                                            "\x0A\x0B\x0A\x04norm\x15\0\0\x80\x7F";
    size_t n = 0;
    for (size_t at = 0; at < length; n++) {
        const size_t data = (size_t)little(bytes + at, 8);
        ck_assert_uint_eq(little(bytes + at + 8, 4), rg_crc32c_masked(bytes + at, 8));
        ck_assert_uint_eq(little(bytes + at + 12 + data, 4), rg_crc32c_masked(bytes + at + 12, data));
        ck_assert_uint_eq(bytes[at + 12], 1 << 3 | 1); /* wall_time */
        if (n == 0) {
            ck_assert_ptr_nonnull(memmem(bytes, data + 12, "\x1A\rbrain.Event:2", 15));
        }
        if (n == 1) {
            ck_assert_uint_eq(data, 9 + sizeof expected - 1);
            ck_assert_int_eq(memcmp(bytes + at + 12 + 9, expected, sizeof expected - 1), 0);
        }
        at += 16 + data;
    }
    ck_assert_uint_eq(n, 3);
}
END_TEST

/* Summary.Value { tag = 1, histo = 5 } with 3 buckets, the limits' last ones and the weights packed. */
START_TEST(histograms_have_their_buckets) {
    char folder[] = "test_tensorboard.XXXXXX";
    unsigned char bytes[4096];
    struct rg_tensorboard *t = NULL;
    const double limits[] = {-0.5, 0.5, 2.5, 4.5}, weights[] = {0.5, 0.375, 0.125}, all[] = {-0.5, 4.5, 1.0};
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(rg_tensorboard_create(folder, &t), RG_OK);
    rg_tensorboard_add_histogram(t, 7, "lags", limits, weights, 3);
    ck_assert_int_eq(rg_tensorboard_close(t), RG_OK);
    const size_t length = take_file(folder, bytes, sizeof bytes);
    const unsigned char *const at = memmem(bytes, length, "\x0A\x04lags\x2A\x61\x09", 9);
    ck_assert_ptr_nonnull(at);
    const unsigned char *const numbers = at + 9;
    for (size_t i = 0; i < 3; i++) {
        double found[3];
        memcpy(&found[0], numbers + 9 * i, sizeof *found);                   /* min, max, num */
        memcpy(&found[1], numbers + 44 + 2 + 8 * i, sizeof *found);          /* bucket_limit */
        memcpy(&found[2], numbers + 44 + 2 + 24 + 2 + 8 * i, sizeof *found); /* bucket */
        ck_assert(found[0] == all[i] && found[1] == limits[i + 1] && found[2] == weights[i]);
    }
}
END_TEST

START_TEST(a_folder_that_cannot_be_is_refused) {
    struct rg_tensorboard *t = NULL;
    ck_assert_int_eq(rg_tensorboard_create("/dev/null/x", &t), RG_NOT_SAVED);
    ck_assert_ptr_null(t);
    ck_assert_int_eq(rg_tensorboard_close(NULL), RG_OK);
}
END_TEST

TEST_MAIN("tensorboard") {
    TCase *const tests = add_tests(suite, "tensorboard");
    tcase_add_test(tests, checksums_are_castagnolis);
    tcase_add_test(tests, records_can_be_read_back);
    tcase_add_test(tests, histograms_have_their_buckets);
    tcase_add_test(tests, a_folder_that_cannot_be_is_refused);
}
