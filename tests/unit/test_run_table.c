/* The table of runs (cli/commands/run_table.c): a cell of every kind, the runs' curves, and memory that is given back.
 */
#include <math.h>
#include <unistd.h>

#include "cli/commands/run_table.h"
#include "files/json.h"
#include "held_json.h"
#include "scratch.h"
#include "suite.h"

static char folder[256], path[300], curves[320], lags[320], lines[300];

static void begin(void) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/runs.csv", folder);
    (void)snprintf(curves, sizeof curves, "%s/runs-curves.csv", folder);
    (void)snprintf(lags, sizeof lags, "%s/runs-lags.csv", folder);
    (void)snprintf(lines, sizeof lines, "%s/runs.jsonl", folder);
    count_held_json();
}

static void end(void) {
    ck_assert_int_eq(rmdir(folder), 0);
}

/* Read a file, and delete it. */
static void take(const char *file, char *text, size_t bytes) {
    FILE *const in = fopen(file, "r");
    ck_assert_msg(in != NULL, "%s is not there", file);
    text[fread(text, 1, bytes - 1, in)] = '\0';
    ck_assert_int_eq(fclose(in), 0);
    ck_assert_int_eq(remove(file), 0);
}

static struct rg_summary summary_of(size_t lag_steps) {
    struct rg_summary s;
    rg_summary_init(&s, 6);
    s.task = "adding";
    s.updates = 6;
    s.n_parts = 3;
    for (size_t i = 0; i < 3; i++) {
        s.part_sum[i] = 1.0 + (double)i;
        s.part_count[i] = i == 1 ? 0 : 2;
    }
    s.measured = lag_steps > 0;
    s.lag_steps = lag_steps;
    s.n_lags = 2;
    s.lag_norm[0] = 0.5;
    s.lag_norm[1] = 0.25;
    s.lag_share[0] = 0.75;
    s.lag_share[1] = 0.125;
    return s;
}

static json_t *settings_of(void) {
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:f, s:b, s:b, s:n}", "plain", "lstm", "quoted", "a \"b\", c", "broken",
                     "d\ne", "whole", (json_int_t)-7, "steps", (json_int_t)55, "real", 0.1, "yes", 1, "no", 0, "none");
}

/* Write a table of two runs to `out`. */
static void write_two(const char *out) {
    const struct rg_config config = {.output = {.out = out}};
    struct rg_run_table table, *const t = &table;
    ck_assert_int_eq(rg_run_table_open(&config, t), RG_OK);
    const struct rg_summary first = summary_of(0), second = summary_of(5);
    struct rg_summary validated = summary_of(0);
    validated.held_out = 4;
    rg_run_table_add(t, 1, settings_of(), &first, NULL, NULL);
    rg_run_table_add(t, 2, settings_of(), &second, "m.safetensors", "m-best.safetensors");
    rg_run_table_add(t, 3, settings_of(), &validated, "n.safetensors", "n-best.safetensors");
    ck_assert_int_eq(rg_run_table_close(t), RG_OK);
    ck_assert_int_eq(n_held_json, 0);
}

static void expect_in(const char *text, const char *wanted) {
    ck_assert_msg(strstr(text, wanted) != NULL, "`%s` is not in: %s", wanted, text);
}

START_TEST(columns) {
    static const char names[] = "run,plain,quoted,broken,whole,steps,real,yes,no,none,task,batch,seed,parameters,";
    static const char row[] = ",lstm,\"a \"\"b\"\", c\",\"d\ne\",-7,55,0.1,true,false,,adding,";
    char text[8192];
    write_two(path);
    take(path, text, sizeof text);
    ck_assert_int_eq(strncmp(text, names, sizeof names - 1), 0);
    const char *const second = strstr(text, "\n2,");
    ck_assert_ptr_nonnull(second);
    ck_assert_msg(strncmp(second + 2, row, sizeof row - 1) == 0, "got: %s", second);
    expect_in(second, ",m.safetensors,\n"); /* no validation data, so no best weights */
    expect_in(second, ",n.safetensors,n-best.safetensors\n");
    expect_in(text, ",,\n2,"); /* no model */
    take(curves, text, sizeof text);
    ck_assert_str_eq(text, "run,update,loss\n1,2,0.5\n1,6,1.5\n2,2,0.5\n2,6,1.5\n3,2,0.5\n3,6,1.5\n");
    take(lags, text, sizeof text);
    ck_assert_str_eq(text, "run,lag,norm,share\n2,0,0.5,0.75\n2,3,0.25,0.125\n");
}
END_TEST

START_TEST(an_object_a_line) {
    char text[8192];
    write_two(lines);
    take(lines, text, sizeof text);
    expect_in(text, "\"quoted\"");
    expect_in(text, "\n");
}
END_TEST

/* Without --out the settings are given back, and there is nothing to close. */
START_TEST(no_table) {
    write_two(NULL);
}
END_TEST

static void put(const char *file, const char *text) {
    FILE *const out = fopen(file, "w");
    ck_assert(out != NULL && fputs(text, out) >= 0 && fclose(out) == 0);
}

/* The names that a table takes: none that is too long, none with an earlier result. */
START_TEST(names_that_are_refused) {
    static char long_name[5000];
    struct rg_config config = rg_config_default();
    struct rg_run_table t;
    memset(long_name, 'x', sizeof long_name - 5);
    memcpy(long_name + sizeof long_name - 5, ".csv", 5);
    config.output.out = long_name;
    ck_assert_int_eq(rg_run_table_open(&config, &t), RG_USAGE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "--out: F-curves.csv is longer than 4159 bytes"));
    (void)rg_run_table_close(&t);
    const char *const earlier[] = {path, curves, lags, lines};
    for (size_t i = 0; i < 4; i++) {
        config.output.out = i < 3 ? path : lines;
        put(earlier[i], "");
        ck_assert_msg(rg_run_table_refuse_earlier(&config) == RG_OK, "%s", rg_error_message());
        put(earlier[i], "x");
        ck_assert_int_eq(rg_run_table_refuse_earlier(&config), RG_USAGE);
        ck_assert_ptr_nonnull(strstr(rg_error_message(), earlier[i]));
        ck_assert_ptr_nonnull(strstr(rg_error_message(), "holds an earlier result"));
        ck_assert_int_eq(remove(earlier[i]), 0);
    }
    config.output.out = folder; /* no table */
    ck_assert_int_eq(rg_run_table_refuse_earlier(&config), RG_OK);
}
END_TEST

TEST_MAIN("run_table") {
    TCase *const tests = add_tests(suite, "run_table");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, columns);
    tcase_add_test(tests, an_object_a_line);
    tcase_add_test(tests, no_table);
    tcase_add_test(tests, names_that_are_refused);
}
