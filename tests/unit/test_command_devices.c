/* What devices says of a list of devices, which are made up: the functions of device/open.c are here. */
#define _GNU_SOURCE
#include "run_command.h"
/* after it, which has to be first */
#include "base/cache.h"
#include "device/device.h"
#include "plan/tuning.h"
#include "rnn_gpu/memory.h"

enum { GIB = 1 << 30, MAX_ENTRIES = 4 };

static struct rg_device_entry listed[MAX_ENTRIES];
static size_t n_listed;

rg_status rg_device_list(const struct rg_device_options *options, struct rg_device_entry **out, size_t *count) {
    ck_assert_int_eq(options->threads, config.machine.threads);
    *count = n_listed;
    const rg_status status = rg_alloc(out, n_listed, sizeof **out, "a list");
    memcpy(*out, listed, n_listed * sizeof **out);
    return status;
}

rg_status rg_device_open(const char *spec, const struct rg_device_options *options, struct rg_device **out) {
    (void)options;
    *out = NULL;
    return rg_fail(RG_NO_DEVICE, "%s: no device is opened here", spec);
}

static struct rg_device_entry gpu(const char *id, const char *name) {
    struct rg_device_entry entry = {.info = {.backend = "opencl",
                                             .version = "driver 7",
                                             .platform = "Maker",
                                             .is_gpu = true,
                                             .has_double = true,
                                             .units = 20,
                                             .memory_bytes = 8ULL * GIB,
                                             .max_buffer_bytes = 2ULL * GIB,
                                             .max_local_bytes = 65536,
                                             .launch_seconds = 0.5,
                                             .vec = 4}};
    (void)snprintf(entry.id, sizeof entry.id, "%s", id);
    (void)snprintf(entry.info.name, sizeof entry.info.name, "%s", name);
    return entry;
}

static struct rg_device_entry native(void) {
    struct rg_device_entry entry = gpu("cpu", "Processor");
    (void)snprintf(entry.info.backend, sizeof entry.info.backend, "native");
    (void)snprintf(entry.info.platform, sizeof entry.info.platform, "%s", "");
    entry.info.is_gpu = false;
    entry.info.launch_seconds = 0.0;
    entry.info.units = 3;
    return entry;
}

/* The list without what OpenCL's loader says, which depends on the machine. */
static void tell_list(const char *line) {
    struct text all = told;
    char *rest = NULL;
    told = (struct text){NULL, 0, 0};
    run_ok(line);
    struct text now = told;
    told = all;
    for (char *at = strtok_r(now.bytes, "\n", &rest); at; at = strtok_r(NULL, "\n", &rest)) {
        text_add(&told, strncmp(at, "note: ", 6) == 0 ? "%.0s" : "%s\n", at);
    }
    free(now.bytes);
}

static void tell_both(const char *what) {
    text_add(&told, "======== %s\n", what);
    tell_list("devices --color never");
    tell_list("devices --json");
}

START_TEST(lists) {
    n_listed = 1;
    listed[0] = native();
    tell_both("the native device alone");

    n_listed = 4;
    listed[0] = gpu("0:0", "Slow");
    listed[0].info.is_unified = true;
    listed[0].info.units = 2;
    listed[0].info.has_double = false;
    listed[1] = gpu("0:1", "Large");
    listed[1].info.units = 100;
    listed[1].info.budget_bytes = GIB;
    listed[2] = gpu("1:0", "Broken");
    (void)snprintf(listed[2].problem, sizeof listed[2].problem, "its kernels cannot be built");
    listed[3] = native();
    tell_both("one of several GPUs");

    (void)snprintf(listed[0].problem, sizeof listed[0].problem, "it has no memory");
    (void)snprintf(listed[1].problem, sizeof listed[1].problem, "it has no driver");
    tell_both("none that works");

    n_listed = 2;
    listed[0] = gpu("0:0", "Unified");
    listed[0].info.is_unified = true;
    listed[1] = native();
    tell_both("a GPU that has not been timed");
    for (int loses = -1; loses <= 1; loses += 2) {
        listed[0].info.native_loses = loses;
        ck_assert_int_eq(rg_tuning_save(&listed[0].info), RG_OK);
        listed[0].info.native_loses = 0;
        tell_both(loses > 0 ? "a GPU that has won" : "a GPU that has lost");
    }
    check_expected("devices.txt", told.bytes);
    free(told.bytes);
    told = (struct text){NULL, 0, 0};
}
END_TEST

static void begin(void) {
    char path[RG_CACHE_PATH];
    begin_commands();
    (void)snprintf(path, sizeof path, "%s/cache", command_folder);
    ck_assert_int_eq(rg_cache_set_folder(path), RG_OK);
}

TEST_MAIN("command_devices") {
    TCase *const tests = add_tests(suite, "command_devices");
    tcase_add_checked_fixture(tests, begin, end_commands);
    tcase_add_test(tests, lists);
}
