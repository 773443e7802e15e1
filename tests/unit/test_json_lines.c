/* JSON lines: values that JSON has not, what becomes of an object where something fails, and the files of lines. */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "files/json_lines.h"
#include "held_json.h"
#include "rnn_gpu/memory.h"
#include "scratch.h"
#include "shown.h"

/* The value as text, released. */
static void expect(json_t *value, const char *wanted) {
    struct text text = {NULL, 0, 0};
    text_add_json(&text, "v", value);
    ck_assert_msg(strncmp(text.bytes, "======== v\n", 11) == 0 && strlen(text.bytes) == strlen(wanted) + 12 &&
                      strncmp(text.bytes + 11, wanted, strlen(wanted)) == 0,
                  "%s, not %s", text.bytes + 11, wanted);
    free(text.bytes);
}

START_TEST(values) {
    count_held_json();
    expect(rg_json_real(0.5), "0.5");
    expect(rg_json_real(NAN), "\"nan\"");
    expect(rg_json_real(INFINITY), "\"inf\"");
    expect(rg_json_real(-INFINITY), "\"-inf\"");
    expect(rg_json_measured(NAN), "null");
    expect(rg_json_measured(-INFINITY), "\"-inf\"");
    expect(rg_json_measured(2.0), "2.0");
    expect(rg_json_seed(0), "0");
    expect(rg_json_seed(INT64_MAX), "9223372036854775807");
    expect(rg_json_seed((uint64_t)INT64_MAX + 1), "\"9223372036854775808\"");
    expect(rg_json_text("caf\xc3\xa9"), "\"caf\xc3\xa9\"");
    expect(rg_json_text("a\xff\xfe z\xc3"), "\"a\xef\xbf\xbd\xef\xbf\xbd z\xef\xbf\xbd\"");
    expect(
        rg_json_pack("{s:s, s:i, s:I, s:f, s:b, s:b, s:o, s:{s:f, s:{}}}", "a", "x", "b", -3, "c",
                     (json_int_t)INT64_MIN, "d", NAN, "e", 0, "f", 7, "g", json_array(), "h", "i", 1.5, "j"),
        "{\"a\": \"x\", \"b\": -3, \"c\": -9223372036854775808, \"d\": \"nan\", \"e\": false, \"f\": true, \"g\": [], "
        "\"h\": {\"i\": 1.5, \"j\": {}}}");
    ck_assert_int_eq(n_held_json, 0);
}
END_TEST

/* Where one part is missing, the whole is, and nothing of it is held. */
START_TEST(what_misses_a_part_is_released) {
    count_held_json();
    for (int i = 0; i < 8; i++) {
        json_t *object = json_pack("{s:i}", "a", 1), *array = json_pack("[i]", 1);
        json_t **const spoiled = i == 0 || i == 4 ? &array : &object;
        switch (i) {
        case 0:
            rg_json_append(&array, NULL);
            break;
        case 1:
            rg_json_set(&object, "b", NULL);
            break;
        case 2:
            rg_json_merge(&object, NULL);
            break;
        case 3: /* no object to merge */
            rg_json_merge(&object, json_array());
            break;
        case 4:
            json_decref(array);
            array = NULL;
            rg_json_append(&array, json_integer(3));
            break;
        case 5:
            json_decref(object);
            object = NULL;
            rg_json_set(&object, "b", json_integer(3));
            break;
        case 6:
            json_decref(object);
            object = NULL;
            rg_json_merge(&object, json_pack("{s:i}", "b", 2));
            break;
        default:
            json_decref(object);
            object = rg_json_pack("{s:i, s:o, s:{s:o, s:s}, s:i}", "a", 1, "b", json_array(), "c", "d", NULL, "e", "x",
                                  "f", 2);
        }
        ck_assert_msg(*spoiled == NULL, "case %d", i);
        json_decref(object);
        json_decref(array);
        ck_assert_msg(n_held_json == 0, "case %d holds %ld blocks", i, n_held_json);
    }
    json_t *object = json_pack("{s:i}", "a", 1);
    rg_json_merge(&object, json_pack("{s:i, s:i}", "b", 2, "c", 3));
    expect(object, "{\"a\": 1, \"b\": 2, \"c\": 3}");
    ck_assert_int_eq(n_held_json, 0);
}
END_TEST

static char folder[200], path[300];

static void expect_file(const char *wanted) {
    char *const text = text_of_file(path);
    ck_assert_str_eq(text, wanted);
    free(text);
}

/* A line that cannot be made is left out, as are all after it; what fails first is told. */
START_TEST(lines_of_a_file) {
    struct rg_json_lines lines;
    uint64_t bytes = 0;
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/l.jsonl", folder);
    count_held_json();
    ck_assert_int_eq(rg_json_lines_open(&lines, path), RG_OK);
    rg_json_lines_write(&lines, rg_json_pack("{s:s, s:f}", "event", "a", "x", 0.1));
    ck_assert_int_eq(rg_json_lines_sync(&lines, &bytes), RG_OK);
    ck_assert_uint_eq(bytes, strlen("{\"event\":\"a\",\"x\":0.1}\n"));
    lines.digits = 17;
    rg_json_lines_write(&lines, rg_json_pack("{s:s, s:f}", "event", "b", "x", 0.1));
    rg_json_lines_write(&lines, NULL);
    rg_json_lines_write(&lines, rg_json_pack("{s:s}", "event", "c"));
    (void)rg_fail(RG_ERROR, "another failure");
    ck_assert_int_eq(rg_json_lines_status(&lines), RG_NOT_SAVED);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "l.jsonl: a line of JSON cannot be made: no memory"));
    ck_assert_int_eq(rg_json_lines_sync(&lines, &bytes), RG_NOT_SAVED);
    ck_assert_int_eq(rg_json_lines_close(&lines), RG_NOT_SAVED);
    expect_file("{\"event\":\"a\",\"x\":0.1}\n{\"event\":\"b\",\"x\":0.10000000000000001}\n");
    ck_assert_int_eq(rg_json_lines_resume(&lines, path, bytes), RG_OK);
    rg_json_lines_write(&lines, rg_json_pack("{s:s}", "event", "d"));
    ck_assert_int_eq(rg_json_lines_close(&lines), RG_OK);
    expect_file("{\"event\":\"a\",\"x\":0.1}\n{\"event\":\"d\"}\n");
    ck_assert_int_eq(rg_json_lines_resume(&lines, path, 1000), RG_NOT_SAVED);
    ck_assert_int_eq(rg_json_save(path, rg_json_pack("{s:f}", "x", 0.1)), RG_OK);
    expect_file("{\"x\":0.1}\n");
    ck_assert_int_eq(rg_json_lines_resume(&lines, path, 5), RG_NOT_SAVED); /* it does not begin with an event */
    ck_assert_int_eq(rg_json_save(path, NULL), RG_NOT_SAVED);
    ck_assert_int_eq(rg_json_save("/nosuch/x.json", rg_json_pack("{s:i}", "x", 1)), RG_NOT_SAVED);
    expect_file("{\"x\":0.1}\n");
    ck_assert_int_eq(n_held_json, 0);
    ck_assert(unlink(path) == 0 && rmdir(folder) == 0);
    lines = (struct rg_json_lines){.stream = NULL}; /* lines that nobody asked for */
    rg_json_lines_write(&lines, NULL);
    rg_json_lines_write(&lines, rg_json_pack("{s:i}", "x", 1));
    ck_assert_int_eq(rg_json_lines_status(&lines), RG_OK);
    ck_assert_int_eq(n_held_json, 0);
}
END_TEST

TEST_MAIN("json_lines") {
    TCase *const tests = add_tests(suite, "json_lines");
    tcase_add_test(tests, values);
    tcase_add_test(tests, what_misses_a_part_is_released);
    tcase_add_test(tests, lines_of_a_file);
}
