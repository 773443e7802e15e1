/* Tuning kept on disk: what was saved comes back, and nothing else is taken. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cache.h"
#include "cli/environment.h"
#include "plan/tuning.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "suite.h"

static char folder[256], path[RG_CACHE_PATH];

static struct rg_device_info a_device(void) {
    return (struct rg_device_info){.name = "a \"device\"",
                                   .backend = "native",
                                   .version = "1",
                                   .units = 2,
                                   .memory_bytes = 1 << 30,
                                   .chunk_bytes = 1 << 20,
                                   .tile = 24,
                                   .library_wins = 1,
                                   .native_loses = -1};
}

static void setup(void) {
    rg_log_quiet(1);
    make_scratch_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/rnn-gpu", folder);
    ck_assert_int_eq(rg_cache_set_folder(path), RG_OK);
    const struct rg_device_info info = a_device();
    ck_assert_int_eq(rg_tuning_path(&info, path), RG_OK);
    ck_assert_ptr_nonnull(strstr(path, folder));
}

static void teardown(void) {
    char parent[RG_CACHE_PATH];
    remove(path);
    snprintf(parent, sizeof parent, "%s/rnn-gpu", folder);
    remove(parent);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* Load into a device that has none. */
static struct rg_device_info loaded(struct rg_device_info info) {
    info.chunk_bytes = 0;
    info.tile = 0;
    info.library_wins = 0;
    info.native_loses = 0;
    rg_tuning_load(&info);
    return info;
}

START_TEST(comes_back) {
    struct rg_device_info info = a_device();
    ck_assert(loaded(info).tile == 0);
    ck_assert_msg(rg_tuning_save(&info) == RG_OK, "%s", rg_error_message());
    ck_assert(loaded(info).chunk_bytes == 1 << 20 && loaded(info).tile == 24 && loaded(info).library_wins == 1 &&
              loaded(info).native_loses == -1);
    info.units = 3;
    ck_assert(loaded(info).chunk_bytes == 0 && loaded(info).tile == 0);
    info = a_device();
    info.version[0] = '2';
    ck_assert(loaded(info).tile == 0);
    info = a_device();
    info.memory_bytes = 1 << 10; /* what was saved is beyond it */
    ck_assert(loaded(info).tile == 0);
    info = a_device();
    info.chunk_bytes = 0;
    info.tile = 0;
    ck_assert_int_eq(rg_tuning_save(&info), RG_OK);
    ck_assert(loaded(info).chunk_bytes == 0 && loaded(info).tile == 0);
}
END_TEST

#define TUNING(units, chunk, tile)                                                                               \
    "{\"schema\":1,\"device\":\"a \\\"device\\\"\",\"version\":\"1\",\"units\":" units ",\"chunk_bytes\":" chunk \
    ",\"tile\":" tile "}"

static const char *const bad[] = {"",
                                  "{",
                                  "[]",
                                  "{}",
                                  TUNING("3", "1048576", "24"),
                                  TUNING("2", "1024", "24"),
                                  TUNING("2", "-1048576", "24"),
                                  TUNING("2", "1e6", "24"),
                                  TUNING("2", "1048576", "23"),
                                  TUNING("2", "1048576", "72"),
                                  TUNING("2", "1048576", "null"),
                                  TUNING("2", "1048576", "24,\"library_wins\":2"),
                                  TUNING("2", "1048576", "24,\"library_wins\":true"),
                                  TUNING("2", "1048576", "24,\"native_loses\":7"),
                                  "{\"schema\":2,\"device\":\"a \\\"device\\\"\",\"version\":\"1\"}"};

START_TEST(bad_files_are_left_alone) {
    const struct rg_device_info info = a_device();
    ck_assert_int_eq(rg_tuning_save(&info), RG_OK); /* makes the folder */
    FILE *const file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(bad[_i], file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert(loaded(info).chunk_bytes == 0 && loaded(info).tile == 0);
}
END_TEST

static const struct {
    const char *text;
    uint64_t chunk;
    size_t tile;
    int library_wins;
} good[] = {{TUNING("2", "65536", "8"), 65536, 8, 0},
            {TUNING("2", "1073741824", "64"), 1 << 30, 64, 0}, /* all of the memory */
            {TUNING("2", "0", "8"), 0, 8, 0},
            {TUNING("2", "65536", "0"), 65536, 0, 0},
            {TUNING("2", "65536", "16,\"library_wins\":-1"), 65536, 16, -1},
            {TUNING("2", "65536", "16,\"library_wins\":0"), 65536, 16, 0},
            {TUNING("2", "65536", "16,\"library_wins\":1"), 65536, 16, 1}};

START_TEST(border_values_are_taken) {
    const struct rg_device_info info = a_device();
    ck_assert_int_eq(rg_tuning_save(&info), RG_OK);
    FILE *const file = fopen(path, "w");
    ck_assert(file && fputs(good[_i].text, file) >= 0 && fclose(file) == 0);
    const struct rg_device_info got = loaded(info);
    ck_assert(got.chunk_bytes == good[_i].chunk && got.tile == good[_i].tile &&
              got.library_wins == good[_i].library_wins);
}
END_TEST

/* Every device has a file of its own, which it finds again after an update of the program. */
START_TEST(every_device_has_a_file) {
    static const struct {
        const char *name, *backend, *version;
        int units;
    } devices[] = {{"card", "opencl", "1", 2},  {"card", "opencl", "1", 12}, {"card", "opencl", "12", 2},
                   {"card1", "opencl", "", 2},  {"card", "opencl", "", 12},  {"car", "opencl", "d1", 2},
                   {"drac", "opencl", "1", 2},  {"card", "native", "1", 2},  {"", "opencl", "card1", 2},
                   {"card", "opencl", "1|2", 2}};
    enum { N = sizeof devices / sizeof *devices };
    static char paths[N][RG_CACHE_PATH];
    for (size_t i = 0; i < N; i++) {
        struct rg_device_info info = a_device();
        (void)snprintf(info.name, sizeof info.name, "%s", devices[i].name);
        (void)snprintf(info.backend, sizeof info.backend, "%s", devices[i].backend);
        (void)snprintf(info.version, sizeof info.version, "%s", devices[i].version);
        info.units = devices[i].units;
        ck_assert_int_eq(rg_tuning_path(&info, paths[i]), RG_OK);
        for (size_t k = 0; k < i; k++) {
            ck_assert_str_ne(paths[i], paths[k]);
        }
    }
    ck_assert_ptr_nonnull(strstr(paths[0], "/rnn-gpu/tune-opencl-d243d1a455d8e1fa.json"));
}
END_TEST

/* The folder of the program, as the environment names it; none, and one that cannot be written. */
START_TEST(places) {
    const struct rg_device_info info = a_device();
    char other[RG_CACHE_PATH];
    ck_assert_int_eq(setenv("XDG_CACHE_HOME", "/x", 1), 0);
    ck_assert_int_eq(setenv("HOME", "/a", 1), 0);
    rg_environment_cache();
    ck_assert_int_eq(rg_tuning_path(&info, other), RG_OK);
    ck_assert_ptr_eq(strstr(other, "/x/rnn-gpu/tune-native-"), other);
    ck_assert_int_eq(setenv("XDG_CACHE_HOME", "relative", 1), 0);
    rg_environment_cache();
    ck_assert_int_eq(rg_tuning_path(&info, other), RG_OK);
    ck_assert_ptr_eq(strstr(other, "/a/.cache/rnn-gpu/tune-native-"), other);
    ck_assert_int_eq(unsetenv("HOME"), 0);
    rg_environment_cache();
    ck_assert_int_eq(rg_tuning_path(&info, other), RG_NOT_SAVED);
    ck_assert_int_eq(rg_cache_set_folder("/dev/null"), RG_OK);
    ck_assert_int_eq(rg_tuning_save(&info), RG_NOT_SAVED);
    ck_assert_int_eq(rg_cache_set_folder("relative"), RG_USAGE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "relative: the folder of kept files takes an absolute path"));
    ck_assert_int_eq(rg_tuning_save(&info), RG_NOT_SAVED);
}
END_TEST

TEST_MAIN("tuning") {
    TCase *const tests = add_tests(suite, "tuning");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, comes_back);
    tcase_add_loop_test(tests, bad_files_are_left_alone, 0, (int)(sizeof bad / sizeof *bad));
    tcase_add_loop_test(tests, border_values_are_taken, 0, (int)(sizeof good / sizeof *good));
    tcase_add_test(tests, every_device_has_a_file);
    tcase_add_test(tests, places);
}
