/* CSV files that another program changes while they are read: between the pass that counts and the pass that stores. */
#define _GNU_SOURCE
#include "dataset_files.h"
#include "rnn_gpu/log.h"

static const char *later;           /* what the file holds from the second pass on */
static size_t n_reports, at_report; /* up to now; the one at which the file changes */
static size_t first_of_second;      /* the first of the second pass */

/* A reader reports each part of the file that it has read. The second pass is the last third of the work. */
static void on_report(void *self, const char *name, double part) {
    (void)self, (void)name;
    n_reports++;
    if (part > 0.67 && first_of_second == 0) {
        first_of_second = n_reports;
    }
    if (n_reports == at_report) {
        put("d.csv", later, strlen(later));
    }
}

static rg_status read_file(const char *text, const struct rg_dataset_options *options) {
    struct rg_dataset *d = NULL;
    n_reports = 0;
    put("d.csv", text, strlen(text));
    rg_log_reading_to(on_report, NULL);
    const rg_status status = rg_dataset_read(path, options, &d);
    rg_log_reading_to(NULL, NULL);
    ck_assert((status == RG_OK) == (d != NULL));
    rg_dataset_destroy(d);
    return status;
}

static void expect_changed(void) {
    char wanted[600];
    (void)snprintf(wanted, sizeof wanted, "%s: the file was replaced while it was read", path);
    ck_assert_str_eq(rg_error_message(), wanted);
}

/* Read `first`; after each of the parts that the reader reads, the file holds `second`. The status of a change between
 * the two passes. Earlier changes do no harm, nor do later ones. */
static rg_status read_changed(const char *first, const char *second, const struct rg_dataset_options *options) {
    at_report = first_of_second = 0;
    later = second;
    ck_assert_msg(read_file(first, options) == RG_OK, "%s", rg_error_message());
    const size_t n = n_reports, begin = first_of_second;
    ck_assert_uint_gt(begin, 2);
    for (size_t i = 1; i <= n; i++) {
        at_report = i;
        const rg_status status = read_file(first, options);
        ck_assert(status == RG_OK || status == RG_BAD_FILE);
        ck_assert(i < begin || status == RG_OK);
    }
    at_report = begin - 1;
    return read_file(first, options);
}

static const struct changed {
    const char *what, *first, *second;
    struct rg_dataset_options options;
} cases[] = {
    {"more texts", "text\na b\nc d\n", "text\na\nb\nc\nd\n", {0}},
    {"fewer texts", "text\na\nb\n", "text\na b\n", {0}},
    {"longer texts", "text\n\"a b\"\n\"c d\"\n", "text\na   b\nc   d\n", {0}},
    {"shorter texts", "text\nabc\nd\n", "text\n\"a\"\nd\n", {0}},
    {"more words", "text\nabcde\n", "text\na b c\n", {0}},
    {"a shorter file", "text\na b\nc d\n", "text\na b\n", {0}},
    {"an empty file", "text\na b\n", "", {0}},
    {"empty lines", "text\na b\n", "\n\n\n\n\n\n\n\n\n", {0}},
    {"a column more", "text\na b c\nc d\n", "text,label\na,1\n", {0}},
    {"a column less", "text,label\nab,12\n", "text\nabcdefghijk\n", {0}},
    {"a label more", "label,text\n1,\"a\"\n2,\"b\"\n", "label,text\n1,a\n2,b\n3,c\n", {0}},
    {"longer labels", "text,label\na,\"b\"\nc,\"d\"\n", "text,label\na,bbb\nc,ddd\n", {0}},
    {"more series", "series,a\nx,1\nx,2\n", "series,a\nx,1\ny,2\n", {0}},
    {"fewer series", "series,a\nx,1\ny,2\n", "series,a\nx,1\nx,2\n", {0}},
    {"longer names of series", "series,a\n\"x\",1\n", "series,a\nxyz,1\n", {0}},
    {"longer series", "series,a\nx,1\nx,2\ny,3\n", "series,a\nx,1\nx,2\nx,3\n", {0}},
    {"the same rows, longer series", "series,a\nx,1\nx,2\ny,3\ny,4\n", "series,a\nx,1\nx,2\nx,3\ny,4\n", {0}},
    {"more rows", "series,a\nx,123\nx,456\ny,789\n", "series,a\nx,1\nx,2\ny,5\ny,6\n", {0}},
    {"fewer rows", "series,a\nx,1\nx,2\n", "series,a\nx,10002\n", {0}},
    {"a feature more", "series,abc\nx,123\nx,4\n", "series,a,b\nx,1,2\nx,4\n", {0}},
    {"a feature less", "series,a,b\nx,1,2\n", "series,abc\nx,123\n", {0}},
    {"no lines of numbers", "series,a\nx,1\n", "\n\n\n\n\n\n\n\n\n\n\n\n\n", {0}},
    {"one longer series", "a,b\n123,456\n", "a,b\n1,2\n3,4\n", {.series = true}},
};

START_TEST(between_the_passes) {
    const struct changed *const c = &cases[_i];
    test_case("%s", c->what);
    ck_assert_uint_ge(strlen(c->first), strlen(c->second));
    const rg_status status = read_changed(c->first, c->second, &c->options);
    ck_assert_int_eq(status, RG_BAD_FILE);
    expect_changed();
}
END_TEST

TEST_MAIN("csv_changed") {
    TCase *const tests = add_tests(suite, "csv_changed");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_loop_test(tests, between_the_passes, 0, sizeof cases / sizeof *cases);
}
