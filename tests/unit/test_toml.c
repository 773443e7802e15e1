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
    tcase_add_test(tests, damage);
}
