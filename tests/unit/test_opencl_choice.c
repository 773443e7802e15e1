/* Which device a run gets of made-up ones (made_up_opencl.h), what the command `devices` says of them, and how each is
 * tried, against tests/expected/choices.txt; and that a child process makes no call. */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#include "run_command.h"

#ifdef RG_OPENCL

#include <sys/wait.h>

#include "device/device.h"
#include "made_up_opencl.h"
#include "plan/tuning.h"
#include "rnn_gpu/memory.h"

enum kind { NONE, PROCESSOR, CARD, SMALL_CARD, UNIFIED, ACCELERATOR, BROKEN };

static struct made_up_device device_of(enum kind kind) {
    struct made_up_device d = processor;
    d.type = kind == PROCESSOR     ? CL_DEVICE_TYPE_CPU
             : kind == ACCELERATOR ? CL_DEVICE_TYPE_ACCELERATOR
                                   : CL_DEVICE_TYPE_GPU;
    d.unified = kind == UNIFIED || kind == PROCESSOR ? CL_TRUE : CL_FALSE;
    d.memory = kind == SMALL_CARD ? 2 * GIB : 8 * GIB;
    d.compiler = kind == BROKEN ? CL_FALSE : CL_TRUE;
    d.name = kind == PROCESSOR     ? "A processor"
             : kind == UNIFIED     ? "A unified card"
             : kind == ACCELERATOR ? "An accelerator"
             : kind == BROKEN      ? "A broken card"
             : kind == SMALL_CARD  ? "A small card"
                                   : "A card";
    return d;
}

static void make_up(const enum kind kinds[MADE_UP_DEVICES]) {
    made_up = (struct made_up){.platform = "a vendor's", .max_items = 1024, .build_log = "", .kernels_of_program = 7};
    while (made_up.n_devices < MADE_UP_DEVICES && kinds[made_up.n_devices] != NONE) {
        made_up.devices[made_up.n_devices] = device_of(kinds[made_up.n_devices]);
        made_up.n_devices++;
    }
}

static const struct {
    const char *name;
    enum kind kinds[MADE_UP_DEVICES];
} machines[] = {
    {"nothing", {NONE}},
    {"a processor", {PROCESSOR}},
    {"two cards", {SMALL_CARD, CARD}},
    {"a processor and two cards", {PROCESSOR, UNIFIED, CARD}},
    {"a broken card", {BROKEN, ACCELERATOR, PROCESSOR}},
    {"only what cannot be used", {BROKEN, ACCELERATOR}},
    {"a card of the processor's memory", {UNIFIED}},
};
enum { N_MACHINES = sizeof machines / sizeof *machines };

/* Open a spec, and say what was opened. The native device's name is the machine's. */
static void open_spec(const char *spec, const struct rg_device_options *options) {
    struct rg_device *device = NULL;
    const rg_status status = rg_device_open(spec, options, &device);
    if (status != RG_OK) {
        const char *const cpu = strstr(rg_error_message(), "cpu "), *const one = strstr(rg_error_message(), "device; ");
        const char *const end = cpu ? cpu : one; /* the native one's name follows */
        const int length = end ? (int)(end - rg_error_message()) : 1000;
        text_add(&told, " %s: status %d: %.*s\n", spec, (int)status, length, rg_error_message());
        return;
    }
    const struct rg_device_info *const i = &device->info;
    text_add(&told, " %s: %s, launches of %g s; %s\n", spec, i->backend[0] == 'n' ? "native" : i->name,
             i->launch_seconds, i->choice);
    rg_device_destroy(device);
}

START_TEST(choices) {
    static const char *const specs[] = {"auto", "AUTO", "gpu",     "opencl", "0:0",    "0:1",
                                        "card", "CARD", "A small", "cpu",    "Native", "no such"};
    for (size_t m = 0; m < N_MACHINES; m++) {
        text_add(&told, "======== %s\n", machines[m].name);
        make_up(machines[m].kinds);
        for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
            open_spec(specs[i], &(struct rg_device_options){.threads = 1});
        }
        ck_assert_int_eq(made_up.alive, 0);
    }
    make_up(machines[2].kinds);
    open_spec("gpu", &(struct rg_device_options){.threads = 1, .launch_seconds = 0.25});
    open_spec("gpu", &(struct rg_device_options){.threads = 1, .launch_seconds = INFINITY});
    open_spec("cpu", &(struct rg_device_options){.threads = 1, .launch_seconds = 0.25});
    open_spec("gpu", &(struct rg_device_options){.threads = 1, .is_double = true});
    open_spec("auto", &(struct rg_device_options){.threads = 1, .tf32 = RG_TF32_TENSOR_CORES});
    open_spec("cpu", &(struct rg_device_options){.threads = 1, .tf32 = RG_TF32_TENSOR_CORES});
    open_spec("cpu", &(struct rg_device_options){.threads = 1, .shape = {1, 4, 1, 1}});
    made_up.failing = 12;
    open_spec("auto", &(struct rg_device_options){.threads = 1});
}
END_TEST

/* Of the native device only whether `auto` takes it. */
static void run_devices(bool json) {
    struct text before = told;
    const char *const line = json ? "devices --json" : "devices";
    for (size_t m = 0; m < N_MACHINES; m++) {
        char *text = NULL;
        make_up(machines[m].kinds);
        told = (struct text){NULL, 0, 0};
        (void)run_command(line);
        text = told.bytes;
        told = before;
        text_add(&told, "======== %s\n", machines[m].name);
        for (char *at = strtok(text, "\n"); at && strncmp(at, "cpu ", 4) != 0; at = strtok(NULL, "\n")) {
            text_add(&told, "%s\n", at);
        }
        before = told;
        free(text);
    }
}

START_TEST(listed) {
    run_devices(false);
}
END_TEST

/* `auto` takes a GPU in the processor's memory, unless the stored tuning says that native C is faster. */
START_TEST(slow_cards) {
    char cache[300];
    (void)snprintf(cache, sizeof cache, "%s/cache", command_folder);
    ck_assert_int_eq(rg_cache_set_folder(cache), RG_OK);
    make_up((const enum kind[MADE_UP_DEVICES]){UNIFIED});
    for (int loses = -1; loses <= 1; loses++) {
        struct rg_device_entry *entries = NULL;
        size_t n = 0;
        ck_assert_int_eq(rg_device_list(&(struct rg_device_options){.threads = 1}, &entries, &n), RG_OK);
        ck_assert_uint_eq(n, 2);
        entries[0].info.native_loses = loses;
        ck_assert_int_eq(rg_tuning_save(&entries[0].info), RG_OK);
        rg_free(entries);
        text_add(&told, "native loses: %d\n", loses);
        char *text = NULL;
        struct text before = told;
        told = (struct text){NULL, 0, 0};
        (void)run_command("devices");
        text = told.bytes;
        told = before;
        for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n")) {
            const char *const choice = strstr(at, "auto takes it");
            if (choice) {
                text_add(&told, "%s\n", choice);
            } else if (strncmp(at, "cpu ", 4) == 0) { /* the machine's name follows */
                text_add(&told, "%.12s\n", at);
            }
        }
        free(text);
    }
    ck_assert_int_eq(rg_cache_set_folder(NULL), RG_OK);
}
END_TEST

/* What the child of trial.c does: all devices but those that are left out, each call in order. */
static void try_without(const char *without) {
    struct text printed = {NULL, 0, 0}, calls = {NULL, 0, 0};
    text_add(&printed, "%s", "");
    text_add(&calls, "%s", "");
    made_up.calls = &calls;
    struct captured out = capture_begin(stdout);
    ck_assert_int_eq(rg_opencl_trial(without), RG_OK);
    capture_end(&out, &printed);
    made_up.calls = NULL;
    text_add(&told, "======== without '%s'\n%s%s", without, printed.bytes, calls.bytes);
    ck_assert_int_eq(made_up.alive, 0);
    free(printed.bytes);
    free(calls.bytes);
}

START_TEST(tried) {
    static const char *const without[] = {"0", "1", "0:0", "1,0:1", "0:11", "0:0,0:1,0:2", "10,0"};
    make_up((const enum kind[MADE_UP_DEVICES]){CARD});
    try_without("");
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        make_up((const enum kind[MADE_UP_DEVICES]){CARD, BROKEN, PROCESSOR});
        try_without(without[i]);
    }
    for (size_t failing = 1; failing < 14; failing++) { /* each call may fail; what was made is released */
        make_up((const enum kind[MADE_UP_DEVICES]){CARD});
        made_up.failure = CL_OUT_OF_RESOURCES;
        made_up.failing = failing;
        try_without("");
    }
    check_expected("choices.txt", told.bytes);
    free(told.bytes);
}
END_TEST

/* In a child process the parent's device is freed without a call of the driver, which would wait for threads that only
 * the parent has. */
START_TEST(a_child_calls_no_driver) {
    struct rg_device *device = NULL;
    struct rg_buffer *buffer = NULL;
    make_up((const enum kind[MADE_UP_DEVICES]){CARD});
    ck_assert_int_eq(rg_device_open("opencl", &(struct rg_device_options){.threads = 1}, &device), RG_OK);
    ck_assert_int_eq(rg_buffer_create(device, 64, "numbers", &buffer), RG_OK);
    const size_t calls = made_up.n_calls;
    const long alive = made_up.alive;
    const pid_t child = fork();
    if (child == 0) {
        const bool refused = rg_buffer_zero(device, buffer) == RG_ERROR;
        rg_buffer_destroy(device, buffer);
        rg_device_destroy(device);
        _exit(refused && made_up.n_calls == calls && made_up.alive == alive ? 0 : 1);
    }
    int how = 1;
    ck_assert_int_eq(waitpid(child, &how, 0), child);
    ck_assert_int_eq(how, 0);
    rg_buffer_destroy(device, buffer);
    rg_device_destroy(device);
    ck_assert_int_eq(made_up.alive, 0);
}
END_TEST

TEST_MAIN("opencl_choice") {
    TCase *const tests = add_tests(suite, "opencl_choice");
    tcase_add_checked_fixture(tests, begin_commands, end_commands);
    tcase_add_test(tests, choices);
    tcase_add_test(tests, listed);
    tcase_add_test(tests, slow_cards);
    tcase_add_test(tests, tried);
    tcase_add_test(tests, a_child_calls_no_driver);
}

#else

START_TEST(no_devices) {
    ck_assert_int_eq(run_command("devices --device gpu"), RG_USAGE);
}
END_TEST

TEST_MAIN("opencl_choice") {
    tcase_add_test(add_tests(suite, "opencl_choice"), no_devices);
}

#endif
