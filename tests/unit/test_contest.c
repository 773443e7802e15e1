/* A GPU that shares the processor's memory against the native device: who wins, what is said of it, and what is kept.
 * The GPU is a native device under another name, and the times of an update are made up. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cache.h"
#include "plan/tuning.h"
#include "ranks/ranks.h"
#include "rnn_gpu/log.h"
#include "scratch.h"
#include "train/contest.h"
#include "train/estimate.h"

static char folder[256], path[RG_CACHE_PATH], told[1000];
static double of_gpu, of_native;
static rg_status fails; /* how the timing of the GPU ends */
static int timed;

/* In place of the library's. */
rg_status rg_run_estimate(struct rg_run *run, double *seconds) {
    const bool is_gpu = strcmp(run->device->info.name, "made-up") == 0;
    const struct rg_config *const c = &run->config;
    ck_assert(c->model.cell == RG_CELL_LSTM && c->model.hidden == 128 && c->data.batch == 256 && c->data.steps == 32);
    ck_assert(c->machine.memory == 0 && c->machine.ranks == NULL);
    ck_assert_int_eq(is_gpu, timed); /* the native device first */
    timed++;
    if (is_gpu && fails != RG_OK) {
        return rg_fail(fails, "the GPU stopped");
    }
    *seconds = is_gpu ? of_gpu : of_native;
    return RG_OK;
}

static void note(void *self, const char *line) {
    (void)self;
    const size_t used = strlen(told);
    (void)snprintf(told + used, sizeof told - used, "%s\n", line);
}

static struct rg_device *made_up(void) {
    struct rg_device *device = NULL;
    ck_assert_int_eq(rg_device_open("cpu", &(struct rg_device_options){.threads = 1}, &device), RG_OK);
    (void)snprintf(device->info.name, sizeof device->info.name, "made-up");
    (void)snprintf(device->info.choice, sizeof device->info.choice, "the only GPU");
    device->info.is_gpu = device->info.is_unified = true;
    device->info.native_loses = 0;
    return device;
}

static rg_status contest(const char *spec, const struct rg_device_options *options, struct rg_device **device) {
    struct rg_config config = rg_config_default();
    struct rg_ranks ranks = {.n = 2}; /* not of the contest */
    config.machine.threads = 1;
    config.machine.memory = 1 << 30;
    config.machine.ranks = &ranks;
    timed = 0;
    told[0] = '\0';
    return rg_contest(&config, spec, options, device);
}

static const struct rg_device_options plain = {.threads = 1};

START_TEST(who_wins) {
    static const struct {
        double of_gpu, of_native;
        rg_status fails;
        bool gpu_wins;
        const char *told;
    } cases[] = {
        {0.002, 0.004, RG_OK, true,
         "an update takes 2.0 ms on made-up, which shares the processor's memory, and 4.0 ms on the native device\n"},
        {0.004, 0.002, RG_OK, false,
         "an update takes 4.0 ms on made-up, which shares the processor's memory, and 2.0 ms on the native device\n"},
        {0.004, 0.004, RG_OK, false,
         "an update takes 4.0 ms on made-up, which shares the processor's memory, and 4.0 ms on the native device\n"},
        {0.0, 0.004, RG_NO_DEVICE, false, "made-up: the GPU stopped\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_device *device = made_up(), *const gpu = device;
        struct rg_device_info of_file = device->info;
        ck_assert_int_eq(rg_tuning_path(&of_file, path), RG_OK);
        of_gpu = cases[i].of_gpu;
        of_native = cases[i].of_native;
        fails = cases[i].fails;
        ck_assert_msg(contest("auto", &plain, &device) == RG_OK, "%s", rg_error_message());
        ck_assert_int_eq(timed, 2);
        ck_assert_str_eq(told, cases[i].told);
        ck_assert((device == gpu) == cases[i].gpu_wins);
        ck_assert_str_eq(device->info.choice,
                         cases[i].gpu_wins ? "faster than the native device; the only GPU" : "faster than made-up");
        /* what was measured is kept, but not that of a GPU that failed */
        of_file.native_loses = 0;
        rg_tuning_load(&of_file);
        ck_assert_int_eq(of_file.native_loses, cases[i].fails != RG_OK ? 0 : cases[i].gpu_wins ? 1 : -1);
        (void)unlink(path);
        rg_device_destroy(device);
    }
}
END_TEST

/* What is known is not timed again. */
START_TEST(a_known_winner) {
    for (int loses = -1; loses <= 1; loses += 2) {
        struct rg_device *device = made_up(), *const gpu = device;
        device->info.native_loses = loses;
        device->info.choice[0] = '\0';
        ck_assert_int_eq(contest("AUTO", &plain, &device), RG_OK);
        ck_assert_int_eq(timed, 0);
        ck_assert((device == gpu) == (loses > 0));
        ck_assert_str_eq(device->info.choice, loses > 0 ? "faster than the native device" : "faster than made-up");
        rg_device_destroy(device);
    }
}
END_TEST

START_TEST(no_contest) {
    static const struct {
        const char *spec;
        bool is_gpu, is_unified, tf32;
        int vec;
    } cases[] = {{"gpu", true, true, false, 0},
                 {"auto", false, true, false, 0},
                 {"auto", true, false, false, 0},
                 {"auto", true, true, true, 0},
                 {"auto", true, true, false, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_device *device = made_up(), *const gpu = device;
        struct rg_device_options options = plain;
        device->info.is_gpu = cases[i].is_gpu;
        device->info.is_unified = cases[i].is_unified;
        options.tf32 = cases[i].tf32;
        options.shape.vec = cases[i].vec;
        ck_assert_int_eq(contest(cases[i].spec, &options, &device), RG_OK);
        ck_assert(device == gpu && timed == 0);
        ck_assert_str_eq(device->info.choice, "the only GPU");
        rg_device_destroy(device);
    }
}
END_TEST

/* A signal ends the program, and the GPU is still the caller's. */
START_TEST(a_signal_while_timing) {
    struct rg_device *device = made_up(), *const gpu = device;
    fails = RG_INTERRUPTED;
    ck_assert_int_eq(contest("auto", &plain, &device), RG_INTERRUPTED);
    ck_assert(device == gpu);
    ck_assert_str_eq(device->info.choice, "the only GPU");
    rg_device_destroy(device);
    fails = RG_OK;
}
END_TEST

static void set_up(void) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/rnn-gpu", folder);
    ck_assert_int_eq(rg_cache_set_folder(path), RG_OK);
    rg_log_to(note, NULL);
}

static void tear_down(void) {
    rg_log_to(NULL, NULL);
    (void)snprintf(path, sizeof path, "%s/rnn-gpu", folder);
    (void)rmdir(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

TEST_MAIN("contest") {
    TCase *const tests = add_tests(suite, "contest");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, who_wins);
    tcase_add_test(tests, a_known_winner);
    tcase_add_test(tests, no_contest);
    tcase_add_test(tests, a_signal_while_timing);
}
