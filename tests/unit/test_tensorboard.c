/* TensorBoard's event file: checksums against the standard's examples, and records that can be read back. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/report/tensorboard.h"
#include "rnn_gpu/log.h"
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
    const double before = (double)time(NULL);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(rg_tensorboard_create(folder, &t), RG_OK);
    const struct rg_scalar scalars[] = {{"loss", 0.5}, {"norm", 1e300}};
    rg_tensorboard_add(t, 300, scalars, 2);
    rg_tensorboard_add(t, 128, scalars, 1);
    ck_assert_int_eq(rg_tensorboard_close(t), RG_OK);
    const double after = (double)time(NULL) + 2.0; /* it may be a coarser clock */
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
        double seconds = 0.0;
        memcpy(&seconds, bytes + at + 13, sizeof seconds);
        ck_assert(before <= seconds && seconds <= after);
        static const char *const steps[] = {"\x10\x00\x1A", "\x10\xAC\x02\x2A", "\x10\x80\x01\x2A"};
        ck_assert_int_eq(memcmp(bytes + at + 12 + 9, steps[n], n ? 4 : 3), 0);
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
    const double limits[] = {-0.5, 0.5, 2.5, 4.5}, weights[] = {0.5, 0.375, 0.125};
    const double sums[] = {-0.5, 4.5, 1.0, 1.0, 2.375}; /* min, max, num, sum, sum_squares; middles 0, 1.5 and 3.5 */
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(rg_tensorboard_create(folder, &t), RG_OK);
    rg_tensorboard_add_histogram(t, 7, "lags", limits, weights, 3);
    ck_assert_int_eq(rg_tensorboard_close(t), RG_OK);
    const size_t length = take_file(folder, bytes, sizeof bytes);
    const unsigned char *const at = memmem(bytes, length, "\x0A\x04lags\x2A\x61\x09", 9);
    ck_assert_ptr_nonnull(at);
    const unsigned char *const numbers = at + 9;
    for (size_t i = 0; i < 3; i++) {
        double found[2];
        memcpy(&found[0], numbers + 44 + 2 + 8 * i, sizeof *found);          /* bucket_limit */
        memcpy(&found[1], numbers + 44 + 2 + 24 + 2 + 8 * i, sizeof *found); /* bucket */
        ck_assert(found[0] == limits[i + 1] && found[1] == weights[i]);
    }
    for (size_t i = 0; i < 5; i++) {
        double found = 0.0;
        memcpy(&found, numbers + 9 * i, sizeof found);
        ck_assert(numbers[9 * i - 1] == ((i + 1) << 3 | 1) && found == sums[i]);
    }
    ck_assert(memcmp(numbers + 44, "\x32\x18", 2) == 0 && memcmp(numbers + 44 + 2 + 24, "\x3A\x18", 2) == 0);
    ck_assert_ptr_eq(numbers + 44 + 2 + 24 + 2 + 24 + 4, bytes + length); /* and the checksum */
}
END_TEST

/* The tag's text stands in the file. */
static bool has_tag(const unsigned char *bytes, size_t length, const char *tag) {
    return memmem(bytes, length, tag, strlen(tag)) != NULL;
}

START_TEST(an_event_has_sixteen_scalars) {
    char folder[] = "test_tensorboard.XXXXXX", tags[20][8];
    unsigned char bytes[4096];
    struct rg_tensorboard *t = NULL;
    struct rg_scalar scalars[20];
    for (size_t i = 0; i < 20; i++) {
        (void)snprintf(tags[i], sizeof tags[i], "tag-%02zu", i);
        scalars[i] = (struct rg_scalar){tags[i], 1.0};
    }
    char longest[66]; /* of a tag no more than 64 bytes are written */
    (void)memset(longest, 'x', 65);
    longest[65] = '\0';
    scalars[1].tag = longest;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(rg_tensorboard_create(folder, &t), RG_OK);
    rg_tensorboard_add(t, 1, scalars, 20);
    ck_assert_int_eq(rg_tensorboard_close(t), RG_OK);
    const size_t length = take_file(folder, bytes, sizeof bytes);
    ck_assert(has_tag(bytes, length, "tag-00") && has_tag(bytes, length, "tag-15"));
    ck_assert(!has_tag(bytes, length, "tag-16") && !has_tag(bytes, length, longest));
    ck_assert(has_tag(bytes, length, "\x0A\x40") && has_tag(bytes, length, longest + 1));
}
END_TEST

static char told[1000];

static void tell(void *self, const char *line) {
    (void)self;
    (void)snprintf(told, sizeof told, "%s", line);
}

/* Resume in file `name`; the file that the events then go to is left in `now`. */
static void resume(const char *folder, const char *name, uint64_t bytes, char now[100]) {
    struct rg_tensorboard *t = NULL;
    const char *at = NULL;
    told[0] = '\0';
    ck_assert_msg(rg_tensorboard_resume(folder, name, bytes, &t) == RG_OK, "%s", rg_error_message());
    rg_tensorboard_add(t, 3, &(struct rg_scalar){"third", 3.0}, 1);
    ck_assert_int_eq(rg_tensorboard_sync(t, &at, &bytes), RG_OK);
    (void)snprintf(now, 100, "%s", at);
    ck_assert_int_eq(rg_tensorboard_close(t), RG_OK);
}

/* A resumed run goes on in its file: what came after the checkpoint is gone. A file that is not there, that is another
 * run's, or in another folder is left as it is. */
START_TEST(events_go_on_from_the_checkpoint) {
    char folder[] = "test_tensorboard.XXXXXX", name[100], now[100], path[300], other[300], message[300];
    unsigned char bytes[4096];
    struct rg_tensorboard *t = NULL;
    const char *at = NULL;
    uint64_t saved = 0;
    rg_log_to(tell, NULL);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(rg_tensorboard_create(folder, &t), RG_OK);
    rg_tensorboard_add(t, 1, &(struct rg_scalar){"first", 1.0}, 1);
    ck_assert_int_eq(rg_tensorboard_sync(t, &at, &saved), RG_OK);
    (void)snprintf(name, sizeof name, "%s", at);
    rg_tensorboard_add(t, 2, &(struct rg_scalar){"second", 2.0}, 1);
    ck_assert_int_eq(rg_tensorboard_close(t), RG_OK);
    resume(folder, name, saved, now);
    ck_assert_str_eq(now, name);
    ck_assert_str_eq(told, "");

    static const char *const names[] = {"missing", "sub/file"};
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(other, sizeof other, "%s/sub", folder);
    ck_assert_int_eq(mkdir(other, 0777), 0);
    (void)snprintf(other, sizeof other, "%s/sub/file", folder);
    ck_assert_int_eq(rename(path, other), 0);
    for (size_t i = 0; i < 2; i++) {
        resume(folder, names[i], saved, now);
        ck_assert_int_eq(strncmp(now, "events.out.tfevents.", 20), 0);
        (void)snprintf(message, sizeof message,
                       "%s: the event file %s differs from what the run wrote; a new one is started", folder, names[i]);
        ck_assert_str_eq(told, message);
        (void)snprintf(path, sizeof path, "%s/%s", folder, now);
        ck_assert_int_eq(unlink(path), 0);
    }
    rg_log_to(NULL, NULL);

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_int_eq(rename(other, path), 0);
    (void)snprintf(other, sizeof other, "%s/sub", folder);
    ck_assert_int_eq(rmdir(other), 0);
    const size_t length = take_file(folder, bytes, sizeof bytes);
    ck_assert(has_tag(bytes, length, "first") && !has_tag(bytes, length, "second") && has_tag(bytes, length, "third"));
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
    tcase_add_test(tests, an_event_has_sixteen_scalars);
    tcase_add_test(tests, events_go_on_from_the_checkpoint);
    tcase_add_test(tests, a_folder_that_cannot_be_is_refused);
}
