/* The line while a large file is read (cli/reading.c), with this test's own time and its own live line. */
#include "base/clock.h"
#include "cli/live.h"
#include "cli/reading.h"
#include "rnn_gpu/log.h"
#include "suite.h"

static double now;
static bool is_on;
static char shown[512]; /* the live line; "" where there is none */
static int n_shown;

double rg_seconds(void) {
    return now;
}

bool rg_live_is_on(const struct rg_config *config) {
    (void)config;
    return is_on;
}

void rg_live_show(const char *line) {
    (void)snprintf(shown, sizeof shown, "%s", line);
    n_shown++;
}

void rg_live_clear(void) {
    shown[0] = '\0';
}

/* At a time of the clock, a part of a file is read: the line that is shown afterwards, and the lines shown so far. */
struct moment {
    double time;
    const char *path;
    double part;
    const char *line;
    int n_shown;
};

#define FIFTY "ten-bytes/ten-bytes/ten-bytes/ten-bytes/ten-bytes/" /* as much of a path as is shown */

static const struct moment moments[] = {
    {10.00, "a.csv", 0, "", 0}, /* of a file that is read in half a second there is no line */
    {10.49, "a.csv", 40, "", 0},
    {10.50, "a.csv", 41, "reading a.csv: 41 %", 1},
    {10.59, "a.csv", 42, "reading a.csv: 41 %", 1}, /* ten lines a second */
    {10.61, "a.csv", 99, "reading a.csv: 99 %", 2},
    {10.62, "b.csv", 10, "reading a.csv: 99 %", 2}, /* another file has half a second of its own */
    {11.00, "b.csv", 20, "reading a.csv: 99 %", 2},
    {11.13, "b.csv", 30, "reading b.csv: 30 %", 3},
    {11.14, "b.csv", 100, "", 3},
    {11.70, "b.csv", 50, "", 3}, /* the same file once more */
    {12.21, "b.csv", 60, "reading b.csv: 60 %", 4},
    {13.00, "x" FIFTY, 0, "reading b.csv: 60 %", 4},
    {13.50, "x" FIFTY, 50, "reading ..." FIFTY ": 50 %", 5},
    {14.00, FIFTY, 0, "reading ..." FIFTY ": 50 %", 5},
    {14.50, FIFTY, 50, "reading " FIFTY ": 50 %", 6},
};

START_TEST(a_line_while_a_file_is_read) {
    static const struct rg_config config;
    struct rg_reading reading;
    now = 10.0;
    is_on = true;
    rg_reading_begin(&reading, &config);
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        const struct moment *const m = &moments[i];
        now = m->time;
        rg_log_reading(m->path, m->part, 100.0);
        ck_assert_msg(strcmp(shown, m->line) == 0 && n_shown == m->n_shown, "at %g s: `%s`, %d lines", m->time, shown,
                      n_shown);
    }
    rg_reading_end();
    ck_assert_str_eq(shown, "");
    now = 20.0;
    rg_log_reading("a.csv", 1.0, 100.0);
    now = 21.0;
    rg_log_reading("a.csv", 2.0, 100.0);
    ck_assert_str_eq(shown, "");
    ck_assert_int_eq(n_shown, 6);
}
END_TEST

START_TEST(no_line_where_there_is_no_terminal) {
    static const struct rg_config config;
    struct rg_reading reading;
    is_on = false;
    n_shown = 0;
    rg_reading_begin(&reading, &config);
    rg_log_reading("a.csv", 1.0, 100.0);
    now += 1.0;
    rg_log_reading("a.csv", 2.0, 100.0);
    ck_assert_int_eq(n_shown, 0);
    rg_reading_end();
}
END_TEST

TEST_MAIN("reading") {
    TCase *const tests = add_tests(suite, "reading");
    tcase_add_test(tests, a_line_while_a_file_is_read);
    tcase_add_test(tests, no_line_where_there_is_no_terminal);
}
