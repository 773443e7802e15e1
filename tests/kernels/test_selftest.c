/* The whole self-test on every execution, and sizes beyond the table's. */
#include <math.h>

#include "executions.h"
#include "verify/selftest/cases.h"
#include "verify/selftest/checks.h"

static void expect_passed(void *context, const struct rg_selftest_check *check) {
    const struct execution *const execution = context;
    ck_assert_msg(check->passed, "%s: %s: error %.3g, at most %.3g", execution->name, check->name, check->error,
                  check->tolerance);
}

/* Is case `i` of a table in that part of `parts`? Tables have runs of four cases that differ in one number, so each run
 * begins at another part. */
static bool is_dealt(size_t i, size_t part, size_t parts) {
    return (i + i / parts) % parts == part;
}

static bool takes(const struct rg_device *device, const struct rg_update_case *one) {
    /* see check_updates in selftest.c */
    return !one->quick && !(device->info.tf32 && one->net.readout == RG_READOUT_MAX);
}

/* One part of the checks that a whole self-test has beside those of a quick one. */
static void check_part(struct rg_device *device, struct execution *execution, size_t part, size_t parts) {
    struct rg_checks checks = {.report = expect_passed, .context = execution};
    for (size_t i = 0; i < rg_n_selftest_cases; i++) {
        const struct rg_update_case *const one = &rg_selftest_cases[i];
        if (is_dealt(i, part, parts) && takes(device, one)) {
            expect_ok(rg_check_updates(&checks, device, one, false, 0), execution->name);
        }
    }
    for (size_t i = 0; i < rg_n_selftest_initial_cases; i++) {
        const struct rg_update_case *const one = &rg_selftest_initial_cases[i];
        if (is_dealt(i, part, parts) && takes(device, one)) {
            expect_ok(rg_check_updates(&checks, device, one, true, 0), execution->name);
        }
    }
    for (size_t i = 0; i < rg_n_selftest_embedded_cases; i++) {
        const struct rg_update_case *const one = &rg_selftest_embedded_cases[i];
        if (is_dealt(i, part, parts) && takes(device, one)) {
            expect_ok(rg_check_updates(&checks, device, one, false, one->sizes.steps), execution->name);
        }
    }
    for (size_t i = 0; i < rg_n_selftest_step_terms; i++) {
        if (is_dealt(i, part, parts)) {
            expect_ok(rg_check_step_terms(&checks, device, &rg_selftest_step_terms[i]), execution->name);
        }
    }
    for (enum rg_cell cell = 0; cell < RG_N_CELLS; cell++) {
        if (is_dealt(cell, part, parts)) {
            expect_ok(rg_check_dropout(&checks, device, cell), execution->name);
        }
    }
    ck_assert_uint_gt(checks.count, 100);
}

/* The shapes of GPUs share the checks of a whole self-test, a part each; every shape has those of a quick one. */
enum { FIRST_SHAPE = 5, N_SHAPES = 4 };

START_TEST(every_check_passes) {
    struct execution execution = _i < N_EXECUTIONS               ? executions[_i]
                                 : _i < N_EXECUTIONS + N_DOUBLES ? doubles[_i - N_EXECUTIONS]
                                                                 : in_tf32;
    const bool shares = _i >= FIRST_SHAPE && _i < N_EXECUTIONS;
    /* the first part: all checks on the native device, a few of each kernel on OpenCL and in double precision */
    const bool is_native = execution.spec[0] == 'c', is_double = execution.options.is_double;
    const bool in_first =
        execution.options.shape.vec == 0 && execution.options.threads == 0 && (is_native || !is_double);
    const bool all_in_first = in_first && is_native && !is_double, first = case_runs(true);
    const bool runs = first ? in_first : case_runs(all_in_first);
    struct rg_device *const device = runs ? open_one(&execution) : NULL;
    if (device) {
        const bool slow = is_double && execution.options.shape.vec > 0;
        const struct rg_selftest_scope scope = {
            .full = first ? all_in_first : !slow && !shares, .cell = RG_N_CELLS, .learned = true};
        expect_ok(rg_selftest_run(device, &scope, expect_passed, &execution), execution.name);
        if (shares) {
            ck_assert_int_eq(N_EXECUTIONS - FIRST_SHAPE, N_SHAPES);
            ck_assert_int_gt(execution.options.shape.vec, 0);
            check_part(device, &execution, (size_t)(_i - FIRST_SHAPE), N_SHAPES);
        }
        expect_ok(rg_selftest_quick(device, &(struct rg_selftest_scope){.cell = RG_CELL_RNN, .learned = true}),
                  execution.name);
        rg_device_destroy(device);
    }
}
END_TEST

/* Products of sizes that pass 16 bits, and a long sequence. */
START_TEST(large_sizes_agree) {
    static const struct rg_update_case large[] = {
        {{700, 100, 2, 5, 1, RG_LOSS_MSE, false}, {.cell = RG_CELL_RNN}, RG_OPT_ADAM, 1.0, false},
        {{66000, 1, 1, 1, 1, RG_LOSS_BCE, false}, {.cell = RG_CELL_RNN}, RG_OPT_SGD, 0.0, false},
        {{2, 3000, 2, 8, 1, RG_LOSS_MSE, true}, {.cell = RG_CELL_RNN}, RG_OPT_ADAM, 1.0, false},
        {{1, 66000, 1, 3, 1, RG_LOSS_BCE, false}, {.cell = RG_CELL_RNN}, RG_OPT_SGD, 0.0, false},
        {{2, 3000, 2, 8, 1, RG_LOSS_MSE, true}, {.cell = RG_CELL_LSTM, .skip = 50}, RG_OPT_ADAM, 1.0, false},
        {{300, 100, 2, 5, 1, RG_LOSS_MSE, true},
         {.cell = RG_CELL_GRU, .target = RG_TARGET_STEPS, .layers = 2, .bidirectional = true},
         RG_OPT_ADAM,
         1.0,
         false},
    };
    struct execution execution = executions[kinds[_i]];
    struct rg_device *const device = case_runs(!kind_is_gpu(_i)) ? open_one(&execution) : NULL;
    if (device) {
        struct rg_checks checks = {.report = expect_passed, .context = &execution};
        for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
            expect_ok(rg_check_updates(&checks, device, &large[i], false, 0), execution.name);
        }
        rg_device_destroy(device);
    }
}
END_TEST

/* Checks of a batch as a whole hold where the cache would cut it. */
START_TEST(a_small_cache_passes) {
    static const struct rg_exercise_form form = {
        {33, 35, 3, 19, 2, RG_LOSS_MSE, false}, {.cell = RG_CELL_RNN}, true, 0};
    struct execution execution = executions[kinds[_i]];
    struct rg_device *const device = case_runs(!kind_is_gpu(_i)) ? open_one(&execution) : NULL;
    if (device) {
        struct rg_checks checks = {.report = expect_passed, .context = &execution};
        device->info.cache_bytes = 4096;
        device->info.is_gpu = false;
        expect_ok(rg_check_marks(&checks, device), execution.name);
        expect_ok(rg_check_symbols(&checks, device), execution.name);
        expect_ok(rg_check_step_terms(&checks, device, &form), execution.name);
        ck_assert_uint_eq(checks.count, 5);
        rg_device_destroy(device);
    }
}
END_TEST

static void count(void *context, const struct rg_selftest_check *check) {
    size_t *const counts = context;
    counts[check->passed ? 0 : 1]++;
}

/* A failure is counted, told, and named in the message with the worst of them. */
START_TEST(failures_are_told) {
    size_t counts[2] = {0, 0};
    struct rg_checks checks = {.report = count, .context = counts};
    rg_checks_add(&checks, "one", "fine", 1.0, 1.0);
    rg_checks_add(&checks, "two", "off", 3.0, 1.0);
    rg_checks_add(&checks, "three", "not a number", (double)NAN, 1.0);
    rg_checks_add(&checks, "four", "off", 4.0, 1.0);
    ck_assert_uint_eq(checks.count, 4);
    ck_assert_uint_eq(checks.failed, 3);
    ck_assert_uint_eq(counts[0], 1);
    ck_assert_uint_eq(counts[1], 3);
    ck_assert_str_eq(checks.worst, "three: not a number");
}
END_TEST

TEST_MAIN("selftest") {
    TCase *const table = add_tests(suite, "table");
    tcase_add_test(table, failures_are_told);
    tcase_add_loop_test(table, every_check_passes, 0, N_EXECUTIONS + N_DOUBLES + 1);
    tcase_add_loop_test(table, large_sizes_agree, 0, N_KINDS);
    TCase *const cache = add_tests(suite, "cache");
    tcase_add_loop_test(cache, a_small_cache_passes, 0, N_KINDS);
}
