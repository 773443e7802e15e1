/* Predictions as a CSV file: the columns and rows of each kind of data and model, and memory that ends. */
#define _GNU_SOURCE
#include <math.h>
#include <string.h>

#include "cli/commands/predict_csv.h"
#include "expected.h"
#include "failing_memory.h"
#include "scratch.h"
#include "suite.h"

static struct rg_model model;
static struct rg_dataset data;
static struct rg_problem problem;

static char *colors[] = {"red", "a,b", "say \"x\""}, *columns[] = {"up", "down;"}, *series[] = {"one", "t\r2"},
            *texts[] = {"a cat", "two\nlines"};
static float label[] = {1.0F, NAN}, numbers[] = {0.5F, 1.5F, 2.5F, 3.5F, 4.5F, 5.5F, 6.5F, 7.5F};
static int32_t lengths[] = {2, 3};
static uint32_t rows[] = {7, 9};
static const double outputs[] = {0.0, 1.0, -1.0, 2.0, 0.25, -0.5, 3.0, -3.0, 0.125};

/* Two sequences of one step, without labels, for a model of `n` outputs. */
static void begin(enum rg_loss loss, size_t n) {
    model = (struct rg_model){.shape = {.outputs = n, .target = RG_TARGET_LAST}};
    data = (struct rg_dataset){.n_sequences = 2, .n_steps = 1};
    problem = (struct rg_problem){.loss = loss};
}

static rg_status write_to(const char *path, bool exact) {
    const struct rg_predictions predictions = {
        .model = &model, .data = &data, .problem = &problem, .outputs = outputs, .exact = exact};
    return rg_predictions_write_csv(&predictions, path);
}

static void expect(bool exact, const char *wanted) {
    char folder[200], path[300];
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/p.csv", folder);
    ck_assert_msg(write_to(path, exact) == RG_OK, "%s", rg_error_message());
    char *const text = text_of_file(path);
    ck_assert_str_eq(text, wanted);
    free(text);
    ck_assert(remove(path) == 0 && remove(folder) == 0);
}

static void add_labels(float *y, size_t n) {
    data.y = y;
    data.n_targets = n;
}

/* ---- Classes ---- */

START_TEST(classes_by_name) {
    begin(RG_LOSS_CE, 3);
    add_labels(label, 1);
    model.classes = data.classes = colors;
    model.n_classes = data.n_classes = 3;
    data.names = series;
    data.texts = texts;
    expect(false,
           "sequence,series,text,label,predicted,probability_red,\"probability_a,b\",\"probability_say \"\"x\"\"\"\n"
           "1,one,a cat,\"a,b\",\"a,b\",0.244728471,0.665240956,0.0900305732\n"
           "2,\"t\r2\",\"two\nlines\",,red,0.796267771,0.138370591,0.0653616389\n");
}
END_TEST

START_TEST(classes_by_number) {
    begin(RG_LOSS_CE, 2);
    add_labels(label, 1);
    expect(false, "sequence,label,predicted,probability_0,probability_1\n"
                  "1,1,1,0.268941421,0.731058579\n"
                  "2,,1,0.0474258732,0.952574127\n");
}
END_TEST

/* The logit 0 is no reason for class 1; the logit of the second sequence, 1, is. */
START_TEST(two_classes_of_one_output) {
    begin(RG_LOSS_BCE, 1);
    expect(true, "sequence,predicted,probability_0,probability_1\n"
                 "1,0,0.5,0.5\n"
                 "2,1,0.2689414213699951,0.7310585786300049\n");
    model.level = RG_LEVEL_WORD; /* its classes are the words of its vocabulary */
    model.vocabulary = texts;
    model.classes = colors;
    data.classes = colors;
    add_labels(label, 1);
    expect(false, "sequence,label,predicted,probability_a cat,\"probability_two\nlines\"\n"
                  "1,\"two\nlines\",a cat,0.5,0.5\n"
                  "2,,\"two\nlines\",0.268941421,0.731058579\n");
}
END_TEST

/* ---- Values ---- */

START_TEST(values) {
    begin(RG_LOSS_MSE, 1);
    add_labels(numbers, 1);
    expect(false, "sequence,label,predicted\n1,0.5,0\n2,1.5,1\n");
    add_labels(numbers, 4); /* not one for each row: none is shown */
    expect(false, "sequence,predicted\n1,0\n2,1\n");
    data.y = NULL;
    data.n_targets = 1;
    expect(false, "sequence,predicted\n1,0\n2,1\n");
    begin(RG_LOSS_CE, 1); /* one class */
    expect(false, "sequence,predicted,probability_0\n1,0,1\n2,0,1\n");
    begin(RG_LOSS_MSE, 2);
    expect(false, "sequence,predicted_1,predicted_2\n1,0,1\n2,-1,2\n");
    begin(RG_LOSS_BCE, 2); /* each output a yes or no of its own */
    expect(false, "sequence,predicted_1,predicted_2\n1,0.5,0.731058579\n2,0.268941421,0.880797078\n");
}
END_TEST

START_TEST(columns_that_have_names) {
    begin(RG_LOSS_MSE, 2);
    add_labels(numbers, 2);
    model.targets = data.targets = columns;
    model.n_targets = data.n_target_names = 2;
    expect(false, "sequence,up,\"down;\",predicted_up,\"predicted_down;\"\n1,0.5,1.5,0,1\n2,2.5,3.5,-1,2\n");
    model.n_targets = 1; /* the name of one target is no name of several outputs */
    expect(false, "sequence,up,\"down;\",predicted_1,predicted_2\n1,0.5,1.5,0,1\n2,2.5,3.5,-1,2\n");
    model.windows.forecast = true;
    model.features = series;
    data.rows = rows;
    expect(false, "sequence,row,up,\"down;\",predicted_one,\"predicted_t\r2\"\n1,7,0.5,1.5,0,1\n2,9,2.5,3.5,-1,2\n");
}
END_TEST

/* ---- Every step ---- */

/* The steps of the padding have no row; `row` counts back from that of the last step. */
START_TEST(rows_of_every_step) {
    begin(RG_LOSS_MSE, 1);
    model.shape.target = RG_TARGET_STEPS;
    data.n_steps = 3;
    add_labels(numbers, 3);
    expect(false, "sequence,step,label,predicted\n1,1,0.5,0\n1,2,1.5,1\n1,3,2.5,-1\n2,1,3.5,2\n2,2,4.5,0.25\n"
                  "2,3,5.5,-0.5\n");
    data.lengths = lengths;
    data.rows = rows;
    expect(false, "sequence,step,row,label,predicted\n1,1,5,0.5,0\n1,2,6,1.5,1\n2,1,7,3.5,2\n2,2,8,4.5,0.25\n"
                  "2,3,9,5.5,-0.5\n");
    data.pad_left = true;
    expect(false, "sequence,step,row,label,predicted\n1,2,6,1.5,1\n1,3,7,2.5,-1\n2,1,7,3.5,2\n2,2,8,4.5,0.25\n"
                  "2,3,9,5.5,-0.5\n");
}
END_TEST

START_TEST(several_columns_of_every_step) {
    begin(RG_LOSS_MSE, 2);
    model.shape.target = RG_TARGET_STEPS;
    data.n_steps = 2;
    data.targets = columns;
    data.n_target_names = 2;
    add_labels(numbers, 4);
    expect(false, "sequence,step,up,\"down;\",predicted_1,predicted_2\n1,1,0.5,1.5,0,1\n1,2,2.5,3.5,-1,2\n"
                  "2,1,4.5,5.5,0.25,-0.5\n2,2,6.5,7.5,3,-3\n");
}
END_TEST

/* ---- What fails ---- */

/* Names of every length, so that the text needs more memory at each of its places. */
START_TEST(memory_that_ends) {
    enum { LONGEST = 270 };
    char name[LONGEST + 1], *named[] = {name, name};
    for (size_t length = 0; length < LONGEST; length++) {
        (void)memset(name, 'x', length);
        name[length] = '\0';
        name[0] = length % 3 == 1 ? ',' : length % 3 == 2 ? '"' : name[0];
        for (size_t kind = 0; kind < 4; kind++) { /* classes; values; one value with all columns; of every step */
            begin(kind == 0 ? RG_LOSS_CE : RG_LOSS_MSE, kind >= 2 ? 1 : 2);
            add_labels(numbers, kind == 2 ? 1 : 2);
            model.shape.target = kind == 3 ? RG_TARGET_STEPS : RG_TARGET_LAST;
            data.n_steps = kind == 3 ? 2 : 1;
            model.targets = data.targets = named;
            model.n_targets = data.n_target_names = 2;
            model.classes = named;
            data.names = kind >= 2 ? named : NULL;
            data.texts = kind == 2 ? named : NULL;
            data.rows = kind % 2 ? rows : NULL;
            failing = n_allocations = 0;
            ck_assert_msg(write_to("/dev/null", true) == RG_OK, "%s", rg_error_message());
            const size_t all = n_allocations;
            for (size_t i = 1; i <= all; i++) {
                n_allocations = 0;
                failing = i;
                const rg_status status = write_to("/dev/null", true);
                ck_assert_msg(status == RG_NO_MEMORY, "length %zu, kind %zu, allocation %zu of %zu: status %d", length,
                              kind, i, all, (int)status);
            }
        }
    }
    failing = 0;
}
END_TEST

START_TEST(a_file_that_cannot_be_written) {
    begin(RG_LOSS_MSE, 1);
    ck_assert_int_eq(write_to("/dev/null/p.csv", false), RG_NOT_SAVED);
}
END_TEST

TEST_MAIN("predict_csv") {
    TCase *const tests = add_tests(suite, "predict_csv");
    tcase_add_test(tests, classes_by_name);
    tcase_add_test(tests, classes_by_number);
    tcase_add_test(tests, two_classes_of_one_output);
    tcase_add_test(tests, values);
    tcase_add_test(tests, columns_that_have_names);
    tcase_add_test(tests, rows_of_every_step);
    tcase_add_test(tests, several_columns_of_every_step);
    tcase_add_test(tests, memory_that_ends);
    tcase_add_test(tests, a_file_that_cannot_be_written);
}
