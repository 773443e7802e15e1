/* Option files: what is read, and that no truncation and no flipped bit does harm. */
#include <stdio.h>
#include <string.h>

#include "cli/toml.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

static char seen[4096];

static void add(const char *format, const char *text, size_t length) {
    const size_t at = strlen(seen);
    (void)snprintf(seen + at, sizeof seen - at, format, (int)length, text);
}

static rg_status see_table(void *self, const char *name, size_t line) {
    (void)self, (void)line;
    add("[%.*s]", name, strlen(name));
    return RG_OK;
}

static rg_status see_entry(void *self, const struct rg_toml_entry *e) {
    static const char *const forms[] = {"'%.*s'", "%.*s", "<%.*s>"};
    (void)self;
    add("%.*s=", e->key, strlen(e->key));
    add(e->is_array ? "(" : "", "", 0);
    for (size_t i = 0; i < e->n; i++) {
        add(forms[e->values[i].kind], e->values[i].text, e->values[i].length);
    }
    add(e->is_array ? ") " : " ", "", 0);
    return RG_OK;
}

/* The text is copied to its exact size, so that a sanitizer sees a byte too many. */
static rg_status read_text(const char *text, size_t length) {
    static const struct rg_toml_visitor visitor = {see_table, see_entry, NULL};
    char *copy = NULL;
    seen[0] = '\0';
    ck_assert_int_eq(rg_alloc(&copy, length, 1, "a copy"), RG_OK);
    memcpy(copy, text, length);
    const rg_status status = rg_toml_read("F", copy, length, &visitor);
    rg_free(copy);
    return status;
}

static rg_status read_whole(const char *text) {
    return read_text(text, strlen(text));
}

static const char sample[] = "# options\n"
                             "hidden = 1_000  # units\r\n"
                             "lr=+1e-3\n\n"
                             "\"task\" = \"a\\t\\\"\\u00e9\\\\\"\n"
                             "data = 'C:\\x.csv'\n"
                             "quiet = true\njson = false\n"
                             "[ sweep ] # lists\n"
                             "seed = [ 1, -2.5, # two\n 'x' ,]\n"
                             "cell = []";

START_TEST(forms) {
    const rg_status status = read_text(sample, sizeof sample - 1);
    ck_assert_msg(status == RG_OK, "%s", rg_error_message());
    ck_assert_str_eq(seen, "hidden=1000 lr=1e-3 task='a\t\"\xc3\xa9\\' data='C:\\x.csv' quiet=<true> json=<false> "
                           "[sweep]seed=(1-2.5'x') cell=() ");
    ck_assert_int_eq(read_text("\xef\xbb\xbf"
                               "a=1",
                               6),
                     RG_OK);
    ck_assert_str_eq(seen, "a=1 ");
}
END_TEST

START_TEST(refused) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"a = 0x10", "F:1: '0x10' is not a decimal number"},
        {"\n\na = \"b", "F:3: the string has no closing \""},
        {"a = 1 2", "F:1: '2' follows the value"},
        {"a.b = 1", "F:1: dotted keys are not supported"},
        {"a = {b = 1}", "F:1: inline tables are not supported"},
        {"[[a]]", "F:1: arrays of tables, [[...]], are not supported"},
        {"a = '''b'''", "F:1: strings of several lines are not supported"},
        {"a = \"\\q\"", "F:1: unknown escape"},
        {"a = \"\\ud800\"", "F:1: U+D800 is not allowed"},
        {"a = \"\\u0000\"", "F:1: U+0000 is not allowed"},
        {"a = \"\\u00g0\"", "F:1: the escape \\u needs 4 hexadecimal digits"},
        {"a = \"\x01\"", "F:1: a string holds the control character U+0001"},
        {"a", "F:1: `a` is not followed by ="},
        {"a =", "F:1: a value is missing"},
        {"a = 01", "F:1: '01' is not a decimal number"},
        {"a = 1__0", "F:1: '1__0' is not a decimal number"},
        {"a = 1.", "F:1: '1.' is not a decimal number"},
        {"a = nan", "F:1: 'nan' is not a decimal number"},
        {"a = [1,\n2,", "F:2: the list of `a` has no closing ]"},
        {"a = [1 2]", "F:1: the list of `a` has no , or ] after its value 1"},
        {"a = [[1]]", "F:1: a list within the list"},
        {"= 1", "F:1: expected a key"},
        {"[a", "F:1: the table's name has no closing ]"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789 = 1",
         "F:1: expected a key of 1 to 63"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(read_text(cases[i].text, strlen(cases[i].text)), RG_BAD_FILE);
        ck_assert_msg(strncmp(rg_error_message(), cases[i].message, strlen(cases[i].message)) == 0, "%s: %s",
                      cases[i].text, rg_error_message());
    }
    ck_assert_int_eq(read_text("a\0b", 3), RG_BAD_FILE);
}
END_TEST

/* A value at the end of a text without a line's end, where what follows is not to be looked at: here it is the rest of
 * a number. */
static void expect_number(const char *number, const char *wanted) {
    static const struct rg_toml_visitor visitor = {see_table, see_entry, NULL};
    static const char *const behind[] = {"", "5", "0_9", "e7", ".25", "_1"};
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
        char text[100], told[100];
        const int length = snprintf(text, sizeof text, "a = %s", number);
        (void)snprintf(text + length, sizeof text - (size_t)length, "%s", behind[i]);
        seen[0] = '\0';
        const rg_status status = rg_toml_read("F", text, (size_t)length, &visitor);
        (void)snprintf(told, sizeof told, "a=%s ", wanted ? wanted : "");
        ck_assert_msg(status == (wanted ? RG_OK : RG_BAD_FILE), "%s before %s: status %d", number, behind[i],
                      (int)status);
        ck_assert_msg(!wanted || strcmp(seen, told) == 0, "%s before %s: %s", number, behind[i], seen);
    }
}

START_TEST(numbers) {
    static const struct {
        const char *number, *wanted; /* NULL: it is refused */
    } cases[] = {
        {"0", "0"},       {"7", "7"},     {"-0", "-0"},      {"+7", "7"},        {"12", "12"},        {"1_0", "10"},
        {"1_0_0", "100"}, {"0.5", "0.5"}, {"0.0_5", "0.05"}, {"1.5e3", "1.5e3"}, {"2E+1_0", "2E+10"}, {"2e-3", "2e-3"},
        {"-1.5", "-1.5"}, {"0e0", "0e0"}, {"10", "10"},      {"_1", NULL},       {"1_", NULL},        {"1._5", NULL},
        {"1e_5", NULL},   {"1e", NULL},   {"1e+", NULL},     {"+", NULL},        {"-", NULL},         {"00", NULL},
        {"-01", NULL},    {"+01", NULL},  {".5", NULL},      {"1.e3", NULL},     {"1.5.2", NULL},     {"--1", NULL},
        {"+-1", NULL},    {"1-", NULL},   {"1e5.2", NULL},   {"1_x", NULL},      {"1_.5", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_number(cases[i].number, cases[i].wanted);
    }
}
END_TEST

/* Each length of a character in UTF-8, at both of its borders. */
START_TEST(characters_by_number) {
    static const struct {
        const char *escape, *wanted; /* NULL: it is refused */
    } cases[] = {
        {"\\u0001", "\x01"},
        {"\\u007f", "\x7f"},
        {"\\u0080", "\xc2\x80"},
        {"\\u07FF", "\xdf\xbf"},
        {"\\u0800", "\xe0\xa0\x80"},
        {"\\ud7ff", "\xed\x9f\xbf"},
        {"\\ue000", "\xee\x80\x80"},
        {"\\uffff", "\xef\xbf\xbf"},
        {"\\U00010000", "\xf0\x90\x80\x80"},
        {"\\U0010FFFF", "\xf4\x8f\xbf\xbf"},
        {"\\b\\t\\n\\f\\r\\e\\\"\\\\", "\b\t\n\f\r\033\"\\"},
        {"\\U00110000", NULL},
        {"\\udfff", NULL},
        {"\\U00000000", NULL},
        {"\\u00:0", NULL},
        {"\\u00/0", NULL},
        {"\\u00@0", NULL},
        {"\\u00`0", NULL},
        {"\\u00G0", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[100], told[100];
        (void)snprintf(text, sizeof text, "a = \"%s\"", cases[i].escape);
        (void)snprintf(told, sizeof told, "a='%s' ", cases[i].wanted ? cases[i].wanted : "");
        const rg_status status = read_whole(text);
        ck_assert_msg(status == (cases[i].wanted ? RG_OK : RG_BAD_FILE), "%s: status %d", text, (int)status);
        ck_assert_msg(!cases[i].wanted || strcmp(seen, told) == 0, "%s: %s", text, seen);
    }
}
END_TEST

/* Strings, names and lists at their borders, and where the line of a message is. */
START_TEST(borders) {
    static const char name[] = "012345678901234567890123456789012345678901234567890123456789012"; /* 63 characters */
    char text[4100];
    (void)snprintf(text, sizeof text, "%s = 1", name);
    ck_assert_int_eq(read_whole(text), RG_OK);
    ck_assert_int_eq(strncmp(seen, name, strlen(name)), 0);
    (void)snprintf(text, sizeof text, "%s3 = 1", name);
    ck_assert_int_eq(read_whole(text), RG_BAD_FILE);
    ck_assert_str_eq(rg_error_message(), "F:1: expected a key of 1 to 63 characters");
    for (int n = RG_TOML_MAX_VALUES; n <= RG_TOML_MAX_VALUES + 1; n++) {
        (void)snprintf(text, sizeof text, "x = [");
        for (int i = 0; i < n; i++) {
            (void)strcat(text, i ? ",1" : "1");
        }
        (void)strcat(text, "]");
        ck_assert_int_eq(read_whole(text), n > RG_TOML_MAX_VALUES ? RG_BAD_FILE : RG_OK);
    }
    ck_assert_str_eq(rg_error_message(), "F:1: the list of `x` has more than 1000 values");
    ck_assert_int_eq(read_whole("a = 1\r\n"), RG_OK);
    ck_assert_int_eq(read_whole("a = '''"), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "F:1: strings of several lines are not supported"));
    ck_assert_int_eq(read_whole("a = ''"), RG_OK);
    ck_assert_str_eq(seen, "a='' ");
    ck_assert_int_eq(read_whole("a = 'x\ty'\r\n'' = 1"), RG_BAD_FILE);
    ck_assert_str_eq(rg_error_message(), "F:2: expected a key of 1 to 63 characters");
    ck_assert_int_eq(read_whole("a = 'x\ty' \r\nb = 1 \r"), RG_BAD_FILE);
    ck_assert_str_eq(rg_error_message(), "F:2: ' ' follows the value; expected the end of the line");
    ck_assert_str_eq(seen, "a='x\ty' b=1 ");
    ck_assert_int_eq(read_whole("[t] x"), RG_BAD_FILE);
    ck_assert_str_eq(rg_error_message(), "F:1: 'x' follows the name of a table; expected the end of the line");
    ck_assert_int_eq(read_whole("a = [1,\n2\n]\n\nb = \"x\r"), RG_BAD_FILE);
    ck_assert_str_eq(rg_error_message(), "F:5: the string has no closing \"");
}
END_TEST

START_TEST(damage) {
    char text[sizeof sample];
    for (size_t length = 0; length < sizeof sample; length++) {
        const rg_status status = read_text(sample, length);
        ck_assert(status == RG_OK || status == RG_BAD_FILE);
    }
    for (size_t bit = 0; bit < 8 * (sizeof sample - 1); bit++) {
        memcpy(text, sample, sizeof sample);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        const rg_status status = read_text(text, sizeof sample - 1);
        ck_assert(status == RG_OK || status == RG_BAD_FILE);
    }
}
END_TEST

TEST_MAIN("toml") {
    TCase *const tests = add_tests(suite, "toml");
    tcase_add_test(tests, forms);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, characters_by_number);
    tcase_add_test(tests, borders);
    tcase_add_test(tests, damage);
}
