/* The main function of a test program, and names of the cases of a loop test.
 *
 *     START_TEST(gradients_agree) {
 *         test_case("%s on %s", nets[_i / N_DEVICES].name, devices[_i % N_DEVICES].name);
 *         ...
 *     }
 *     END_TEST
 *
 *     TEST_MAIN("gradients") {
 *         TCase *tests = add_tests(suite, "gradients");
 *         tcase_add_loop_test(tests, gradients_agree, 0, N_NETS * N_DEVICES);
 *     }
 *
 * Under Check's account of the failures stands "the case that failed at tests/…/test_gradients.c:12: lstm on opencl".
 * Tests run in the program's own process, one after the other. */
#ifndef RG_TEST_SUITE_H
#define RG_TEST_SUITE_H

#include <check.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Check writes the place of every assertion into a file, to tell where a test crashed. These tests run in the program's
 * own process, of which a crash leaves no report, and a test of a million numbers would spend most of its time there.
 */
#define _mark_point(file, line) ((void)0) /* NOLINT */

enum { MAX_TESTS = 4096, TEST_CASE_BYTES = 240 };

/* Names of the tests that have run, in order; "" where a test is no loop or gave its case no name. */
static char test_cases[MAX_TESTS][TEST_CASE_BYTES];
static int n_test_cases;

static inline void begin_test(void) {
    n_test_cases += n_test_cases < MAX_TESTS ? 1 : 0;
    test_cases[n_test_cases - 1][0] = 0;
}

/* Name the running case of a loop test, before its first check. A second call in the same case appends to it: "opencl:
 * lstm …". */
static inline void __attribute__((format(printf, 1, 2))) test_case(const char *format, ...) {
    char *const name = test_cases[n_test_cases > 0 ? n_test_cases - 1 : 0];
    size_t used = strlen(name);
    if (used > 0) {
        (void)snprintf(name + used, TEST_CASE_BYTES - used, ": ");
        used = strlen(name);
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(name + used, TEST_CASE_BYTES - used, format, arguments);
    va_end(arguments);
}

/* A test of many cases has two parts. The program runs the sampled cases, and with RG_REST=1 all others: that part is
 * the test NAME_rest. Does this case run now?
 *
 * A long second part is dealt to several tests, of which RG_REST=K/N is the K-th of N: it takes every N-th case. */
static inline bool case_runs(bool sampled) {
    static int cases;
    int part = 1, parts = 1;
    const char *const rest = getenv("RG_REST");
    if (!rest || sscanf(rest, "%d/%d", &part, &parts) < 1 || part == 0) { /* NOLINT(cert-err34-c) */
        return sampled;
    }
    return !sampled && cases++ % parts == part - 1;
}

/* A group of tests of `suite`. Other fixtures are added to it after this. */
static inline TCase *add_tests(Suite *suite, const char *name) {
    TCase *const tests = tcase_create(name);
    tcase_add_checked_fixture(tests, begin_test, NULL);
    suite_add_tcase(suite, tests);
    return tests;
}

/* Run the suite; after Check's account of the failures, the case of each that has one. The program's exit status. */
static inline int run_suite(Suite *suite) {
    SRunner *const runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner), run = srunner_ntests_run(runner);
    TestResult **const results = srunner_results(runner);
    for (int i = 0; i < run && i < n_test_cases; i++) {
        if (tr_rtype(results[i]) != CK_PASS && test_cases[i][0]) {
            (void)printf("the case that failed at %s:%d: %s\n", tr_lfile(results[i]), tr_lno(results[i]),
                         test_cases[i]);
        }
    }
    free(results);
    srunner_free(runner);
    return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* main(): the block that follows adds the tests to `suite`. */
#define TEST_MAIN(name)                          \
    static void add_all_tests(Suite *suite);     \
    int main(void) {                             \
        Suite *const suite = suite_create(name); \
        add_all_tests(suite);                    \
        return run_suite(suite);                 \
    }                                            \
    static void add_all_tests(Suite *suite)

#endif
