/* The self-test's checks of batches, of dropout, of the terms of a lag profile and of the peak's kernels see a fault of
 * a device: a native device in double precision of which one number that is read back is another one. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "device/device.h"
#include "failing_memory.h"
#include "suite.h"
#include "verify/selftest/checks.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { MAX_CHECKS = 8, MAX_READS = 64 };

static struct rg_device *device;
static const struct rg_device_ops *native;
static struct rg_device_ops ops;

/* What is changed: in that read, the number at that place. */
struct fault {
    size_t read, at;
    double to;
    uint32_t to_whole; /* where these are not doubles */
};

static struct fault faults[2]; /* to come */
static size_t n_faults, n_reads, read_bytes[MAX_READS];
static size_t failing_read;       /* from 1; 0: none */
static uint32_t begins[3 * 5][7]; /* what reads of whole numbers have read */
static double was;                /* the number in the place of the first fault */
static struct rg_selftest_check checks_made[MAX_CHECKS];
static char names[MAX_CHECKS][160];
static size_t n_checks, n_failed;

static rg_status changed_read(struct rg_device *d, void *to, struct rg_buffer *from, size_t offset, size_t bytes) {
    RG_TRY(native->read(d, to, from, offset, bytes));
    for (size_t i = 0; i < n_faults; i++) {
        if (faults[i].read == n_reads && faults[i].to_whole) {
            memcpy((char *)to + faults[i].at * sizeof(uint32_t), &faults[i].to_whole, sizeof(uint32_t));
        } else if (faults[i].read == n_reads) {
            ck_assert_uint_lt(faults[i].at * sizeof(double), bytes);
            was = i == 0 ? ((double *)to)[faults[i].at] : was;
            ((double *)to)[faults[i].at] = faults[i].to;
        }
    }
    if (bytes == sizeof begins[0] && n_reads / 3 < COUNT(begins)) {
        memcpy(begins[n_reads / 3], to, bytes);
    }
    ck_assert_uint_lt(n_reads, MAX_READS);
    read_bytes[n_reads++] = bytes;
    return n_reads == failing_read ? rg_fail(RG_NO_DEVICE, "the device fails") : RG_OK;
}

static void begin(void) {
    ck_assert_int_eq(rg_device_open("cpu", &(struct rg_device_options){.threads = 1, .is_double = true}, &device),
                     RG_OK);
    native = device->ops;
    ops = *native;
    ops.read = changed_read;
    device->ops = &ops;
}

static void end(void) {
    device->ops = native;
    rg_device_destroy(device);
}

static void note(void *context, const struct rg_selftest_check *check) {
    (void)context;
    ck_assert_uint_lt(n_checks, MAX_CHECKS);
    n_failed += check->passed ? 0 : 1;
    (void)snprintf(names[n_checks], sizeof names[0], "%s", check->name);
    checks_made[n_checks++] = *check;
}

typedef rg_status check_function(struct rg_checks *checks, struct rg_device *device);

static rg_status check_dropout(struct rg_checks *checks, struct rg_device *d) {
    return rg_check_dropout(checks, d, RG_CELL_RNN);
}

static rg_status check_steps(struct rg_checks *checks, struct rg_device *d) {
    const struct rg_exercise_form form = {.sizes = {3, 5, 2, 4, 1, RG_LOSS_MSE, false},
                                          .net = {.cell = RG_CELL_GRU, .layers = 2, .bidirectional = true, .skip = 2}};
    return rg_check_step_terms(checks, d, &form);
}

/* Run a check; the faults are over then. */
static rg_status run(check_function *check) {
    struct rg_checks checks = {.report = note};
    n_checks = n_failed = n_reads = 0;
    const rg_status status = check(&checks, device);
    ck_assert_uint_eq(checks.failed, n_failed);
    n_faults = 0;
    return status;
}

static void run_ok(check_function *check) {
    ck_assert_msg(run(check) == RG_OK, "%s", rg_error_message());
}

/* The number at a place of a read. */
static double number_at(check_function *check, size_t read, size_t at) {
    faults[0] = (struct fault){read, at, 0.0, 0};
    n_faults = 1;
    run_ok(check);
    return was;
}

/* Check number `which` alone fails, with that error, when a number that is read becomes `to`. */
static void expect_error(check_function *check, struct fault fault, size_t which, double error) {
    faults[0] = fault;
    n_faults = 1;
    run_ok(check);
    const double found = checks_made[which].error;
    ck_assert_msg(n_failed == 1 && !checks_made[which].passed, "read %zu, number %zu is %g: %zu checks fail",
                  fault.read, fault.at, fault.to, n_failed);
    ck_assert_msg(found == error || (isnan(found) && isnan(error)), "read %zu, number %zu is %g: error %g, expected %g",
                  fault.read, fault.at, fault.to, found, error);
}

/* Do not take every number: some, from the first to the last, in all columns. */
static size_t next_of(size_t at, size_t n) {
    enum { SAMPLE = 12 };
    const size_t step = n / SAMPLE | 1;
    return at + 1 < n && at + step >= n ? n - 1 : at + step;
}

/* ---- The account ---- */

START_TEST(the_larger_error) {
    static const struct {
        double worst, error, larger;
        bool changed;
    } cases[] = {{0.0, 0.0, 0.0, false},      {1.0, 1.0, 1.0, false},         {1.0, 2.0, 2.0, true},
                 {2.0, 1.0, 2.0, false},      {1.0, NAN, NAN, true},          {NAN, 1.0, NAN, false},
                 {NAN, INFINITY, NAN, false}, {NAN, NAN, NAN, false},         {0.0, -1.0, 0.0, false},
                 {INFINITY, NAN, NAN, true},  {3.0, INFINITY, INFINITY, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        double worst = cases[i].worst;
        ck_assert_int_eq(rg_keep_larger(&worst, cases[i].error), cases[i].changed);
        ck_assert_msg(worst == cases[i].larger || (isnan(worst) && isnan(cases[i].larger)), "case %zu: %g", i, worst);
    }
}
END_TEST

/* The worst check is the one with the largest error over its tolerance, of several the first. */
START_TEST(the_worst_check) {
    static const struct {
        const char *subject;
        double error, tolerance;
        const char *worst;
        size_t failed;
    } steps[] = {{"a", 0.5, 0.5, "", 0},         {"b", 3.0, 2.0, "b: size", 1}, {"c", 9.0, 1.0, "c: size", 2},
                 {"d", 27.0, 3.0, "c: size", 3}, {"e", 0.1, 0.5, "c: size", 3}, {"f", 10.0, 2.0, "c: size", 4},
                 {"g", 1e-9, 0.0, "g: size", 5}, {"h", NAN, 1.0, "g: size", 6}};
    struct rg_checks checks = {.report = note};
    n_checks = n_failed = 0;
    for (size_t i = 0; i < COUNT(steps); i++) {
        rg_checks_add(&checks, steps[i].subject, "size", steps[i].error, steps[i].tolerance);
        ck_assert_str_eq(checks.worst, steps[i].worst);
        ck_assert_uint_eq(checks.failed, steps[i].failed);
        ck_assert_uint_eq(checks.count, i + 1);
        ck_assert(checks_made[i].passed == (i == 0 || i == 4) && checks_made[i].tolerance == steps[i].tolerance);
    }
    ck_assert(checks.worst_error == 1e-9 && checks.worst_tolerance == 0.0);
    struct rg_checks silent = {.report = NULL};
    rg_checks_add(&silent, "a", "size", NAN, 1.0);
    ck_assert(isinf(silent.worst_ratio) && isnan(silent.worst_error) && silent.worst_tolerance == 1.0);
}
END_TEST

/* ---- Tasks: all numbers are exact, and those that differ are counted ---- */

static void expect_counted(check_function *check, size_t read, size_t which) {
    const size_t n = read_bytes[read] / sizeof(double);
    for (size_t at = 0; at < n; at = next_of(at, n)) {
        const double right = number_at(check, read, at);
        const double wrong[] = {NAN, nextafter(right, 9.0), right == 0.0 ? -0.0 : -right};
        for (size_t k = 0; k < COUNT(wrong); k++) {
            expect_error(check, (struct fault){read, at, wrong[k], 0}, which, 1.0);
        }
    }
}

START_TEST(tasks) {
    run_ok(rg_check_marks);
    ck_assert_uint_eq(n_checks, 3);
    ck_assert_uint_eq(n_reads, 18); /* three lengths, two parts of the batch: x, y and begins */
    ck_assert_uint_eq(n_failed, 0);
    static const size_t steps[] = {1, 2, 31};
    for (size_t i = 0; i < 6; i++) { /* 70 sequences in two parts, of rows of four numbers */
        ck_assert_uint_eq(read_bytes[3 * i], steps[i / 2] * (i % 2 ? 37 : 33) * 4 * sizeof(double));
        ck_assert_uint_eq(read_bytes[3 * i + 1], (i % 2 ? 37 : 33) * sizeof(double));
    }
    ck_assert_str_eq(names[0], "task adding T=1: numbers that differ");
    ck_assert_str_eq(names[2], "task adding T=31: numbers that differ");
    for (size_t read = 0; read < 18; read++) {
        if (read % 3 < 2) {
            expect_counted(rg_check_marks, read, read / 6);
            run_ok(rg_check_marks);
        }
    }
    run_ok(rg_check_symbols);
    ck_assert(n_checks == 1 && n_reads == 6 && n_failed == 0);
    ck_assert_uint_eq(read_bytes[1], (size_t)37 * 33 * sizeof(double));
    ck_assert_str_eq(names[0], "task copy T=17: numbers that differ");
    for (size_t read = 0; read < 6; read++) {
        if (read % 3 < 2) {
            expect_counted(rg_check_symbols, read, 0);
        }
    }
}
END_TEST

/* ---- Data sets ---- */

enum { STEPS = 5, BATCH = 7, N_SETS = 5, FLOATS = 0, RAGGED, EVERY_STEP, WORDS, BYTES_ };

/* The largest relative error of the inputs. Where 0 is right, any other number is infinitely wrong. */
static void expect_inputs(size_t set, size_t update) {
    const size_t read = 9 * set + 3 * update, n = read_bytes[read] / sizeof(double);
    ck_assert_uint_eq(n, STEPS * BATCH * 8); /* six features */
    for (size_t at = 0; at < n; at = next_of(at, n)) {
        const double right = number_at(rg_check_gather, read, at);
        expect_error(rg_check_gather, (struct fault){read, at, NAN, 0}, set, NAN);
        expect_error(rg_check_gather, (struct fault){read, at, right == 0.0 ? 1e-300 : 2.0 * right, 0}, set,
                     right == 0.0 ? INFINITY : 1.0);
    }
}

START_TEST(inputs) {
    run_ok(rg_check_gather);
    ck_assert_uint_eq(n_checks, N_SETS);
    ck_assert_uint_eq(n_reads, 9 * N_SETS); /* three updates: x, y and begins */
    ck_assert_uint_eq(n_failed, 0);
    ck_assert_str_eq(names[EVERY_STEP], "ragged data with targets for every step: a batch");
    expect_inputs((size_t)_i / 3, (size_t)_i % 3);
}
END_TEST

#define IN(r, a) \
    { .read = (r), .at = (a) }

/* The larger of two errors stands, wherever it is: in one sequence, in two, or in two batches. */
START_TEST(the_worst_input) {
    const struct fault pairs[][2] = {{IN(0, 0), IN(0, 1)}, {IN(0, 0), IN(0, 8)}, {IN(0, 0), IN(3, 1)}};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        for (size_t larger = 0; larger < 2; larger++) {
            struct fault both[2];
            for (size_t k = 0; k < 2; k++) {
                both[k] = pairs[i][k];
                both[k].to = number_at(rg_check_gather, both[k].read, both[k].at) * (k == larger ? 3.0 : 2.0);
                ck_assert_double_ne(both[k].to, 0.0);
            }
            memcpy(faults, both, sizeof faults);
            n_faults = 2;
            run_ok(rg_check_gather);
            ck_assert_uint_eq(n_failed, 1);
            ck_assert_double_eq(checks_made[0].error, 2.0);
        }
    }
}
END_TEST

/* A quotient may be off by two and a half units in the last place, in the data of bytes alone. */
START_TEST(rounded_inputs) {
    run_ok(rg_check_gather);
    for (size_t set = 0; set < N_SETS; set++) {
        size_t at = 0;
        while (number_at(rg_check_gather, 9 * set, at) == 0.0) {
            at++;
        }
        double close = was, wrong = was;
        for (size_t k = 0; k < 6; k++) {
            close = k == 0 ? nextafter(was, INFINITY) : close;
            wrong = nextafter(wrong, INFINITY);
        }
        faults[0] = (struct fault){9 * set, at, close, 0};
        n_faults = 1;
        run_ok(rg_check_gather);
        ck_assert_uint_eq(n_failed, set == BYTES_ ? 0 : 1);
        faults[0] = (struct fault){9 * set, at, wrong, 0};
        n_faults = 1;
        run_ok(rg_check_gather);
        ck_assert_uint_eq(n_failed, 1);
        ck_assert_double_eq(checks_made[set].tolerance, set == BYTES_ ? 2.5 * 0x1p-52 : 0.0);
    }
}
END_TEST

/* Targets are exact, and NaN where a sequence has no step. */
START_TEST(targets) {
    run_ok(rg_check_gather);
    for (size_t set = 0; set < N_SETS; set++) {
        for (size_t update = 0; update < 3; update++) {
            const size_t read = 9 * set + 3 * update + 1, n = (set == EVERY_STEP ? STEPS : 1) * BATCH * 2;
            ck_assert_uint_eq(read_bytes[read], n * sizeof(double));
            size_t masked = 0;
            for (size_t at = 0; at < n; at++) {
                const double right = number_at(rg_check_gather, read, at);
                masked += isnan(right) ? 1 : 0;
                const double wrong = isnan(right) ? 0.0 : nextafter(right, INFINITY);
                expect_error(rg_check_gather, (struct fault){read, at, wrong, 0}, set, INFINITY);
                if (!isnan(right)) {
                    expect_error(rg_check_gather, (struct fault){read, at, NAN, 0}, set, INFINITY);
                }
            }
            ck_assert((masked > 0) == (set == EVERY_STEP));
        }
    }
}
END_TEST

/* Of the data sets with sequences of different lengths, the batches have every length, from none to all steps. */
START_TEST(lengths) {
    run_ok(rg_check_gather);
    for (size_t set = RAGGED; set <= WORDS; set++) {
        bool found[STEPS + 1] = {false};
        for (size_t i = 0; i < 3 * BATCH; i++) {
            found[begins[3 * set + i / BATCH][i % BATCH]] = true;
        }
        for (size_t i = 0; i <= STEPS; i++) {
            ck_assert_msg(found[i], "set %zu: no sequence begins at step %zu", set, i);
        }
    }
}
END_TEST

/* The step at which a sequence begins counts where sequences differ in length. */
START_TEST(beginnings) {
    run_ok(rg_check_gather);
    for (size_t set = 0; set < N_SETS; set++) {
        for (size_t b = 0; b < BATCH; b++) {
            faults[0] = (struct fault){9 * set + 5, b, 0.0, 17};
            n_faults = 1;
            run_ok(rg_check_gather);
            const bool is_ragged = set != FLOATS && set != BYTES_;
            ck_assert_uint_eq(n_failed, is_ragged ? 1 : 0);
            ck_assert(!is_ragged || isinf(checks_made[set].error));
        }
    }
}
END_TEST

/* ---- The other checks ---- */

/* NaN at any place of what a check reads fails it, and so does twice the number. */
static void expect_seen(check_function *check, size_t n_expected, bool has_free) {
    run_ok(check);
    ck_assert_uint_eq(n_checks, n_expected);
    ck_assert_uint_eq(n_failed, 0);
    const size_t reads = n_reads;
    size_t seen = 0, free_numbers = 0;
    for (size_t read = 0; read < reads; read++) {
        const size_t n = read_bytes[read] / sizeof(double);
        for (size_t at = 0; at < n; at = next_of(at, n)) {
            faults[0] = (struct fault){read, at, NAN, 0};
            n_faults = 1;
            run_ok(check);
            seen += n_failed > 0;
            free_numbers += n_failed == 0;
            for (size_t i = 0; i < n_checks; i++) {
                ck_assert(checks_made[i].passed || isnan(checks_made[i].error));
            }
            if (n_failed > 0) {
                faults[0] = (struct fault){read, at, 2.0 * was + 1.0, 0};
                n_faults = 1;
                run_ok(check);
                ck_assert_msg(n_failed > 0 || has_free, "read %zu, number %zu", read, at);
                seen += n_failed > 0;
            }
        }
        run_ok(check);
    }
    ck_assert_uint_gt(seen, n_expected);
    ck_assert_msg(has_free || free_numbers == 0, "NaN is not seen at %zu places", free_numbers);
}

START_TEST(peaks) {
    expect_seen(rg_check_peak, 3, false);
}
END_TEST

/* Rows end with numbers that nothing uses. */
START_TEST(dropout) {
    expect_seen(check_dropout, 3, true);
}
END_TEST

START_TEST(step_terms) {
    expect_seen(check_steps, 1, true);
}
END_TEST

/* A device that fails is told from one that computes wrong numbers. */
START_TEST(failures) {
    check_function *const all[] = {rg_check_marks, rg_check_symbols, rg_check_gather,
                                   rg_check_peak,  check_dropout,    check_steps};
    for (size_t i = 0; i < COUNT(all); i++) {
        failing_read = 0;
        run_ok(all[i]);
        const size_t n = n_reads;
        for (failing_read = 1; failing_read <= n; failing_read++) {
            ck_assert_int_eq(run(all[i]), RG_NO_DEVICE);
            ck_assert_uint_eq(n_reads, failing_read);
        }
        failing_read = 0;
    }
}
END_TEST

static check_function *checked;

static rg_status run_checked(void) {
    return run(checked);
}

START_TEST(memory_ends) {
    checked = rg_check_marks;
    each_fails("marks", run_checked, 1);
    checked = rg_check_gather;
    each_fails("data", run_checked, 1);
    checked = rg_check_peak;
    each_fails("peaks", run_checked, 1);
}
END_TEST

TEST_MAIN("check_sources") {
    TCase *const tests = add_tests(suite, "check_sources");
    tcase_add_unchecked_fixture(tests, begin, end);
    tcase_add_test(tests, the_larger_error);
    tcase_add_test(tests, the_worst_check);
    tcase_add_test(tests, tasks);
    tcase_add_loop_test(tests, inputs, 0, N_SETS * 3);
    tcase_add_test(tests, the_worst_input);
    tcase_add_test(tests, rounded_inputs);
    tcase_add_test(tests, targets);
    tcase_add_test(tests, lengths);
    tcase_add_test(tests, beginnings);
    tcase_add_test(tests, peaks);
    tcase_add_test(tests, dropout);
    tcase_add_test(tests, step_terms);
    tcase_add_test(tests, failures);
    tcase_add_test(tests, memory_ends);
}
