/* What the self-test computes, case by case, against tests/expected/selftest-cases.txt: a case that loses its layers,
 * or a size that lies beside the width of a tile, would pass unnoticed. */
#include "expected.h"
#include "suite.h"
#include "verify/selftest/cases.h"

enum { SUBJECT = 200 };

static struct text told;

static void tell_updates(const char *title, const struct rg_update_case *cases, size_t n, bool initial, bool embedded) {
    text_add(&told, "%s\n", title);
    for (size_t i = 0; i < n; i++) {
        const struct rg_update_case *const one = &cases[i];
        const struct rg_exercise_form form = {one->sizes, one->net, initial, embedded ? one->sizes.steps : 0};
        char name[128];
        rg_exercise_name(&form, name, sizeof name);
        text_add(&told, "%s %s clip %g%s\n", name, rg_optimizer_names[one->optimizer], one->clip_norm,
                 one->quick ? " quick" : "");
    }
}

START_TEST(cases) {
    tell_updates("Updates", rg_selftest_cases, rg_n_selftest_cases, false, false);
    tell_updates("Updates from given states", rg_selftest_initial_cases, rg_n_selftest_initial_cases, true, false);
    tell_updates("Updates with words", rg_selftest_embedded_cases, rg_n_selftest_embedded_cases, false, true);
    text_add(&told, "Gradients step by step\n");
    for (size_t i = 0; i < rg_n_selftest_step_terms; i++) {
        char name[128];
        rg_exercise_name(&rg_selftest_step_terms[i], name, sizeof name);
        text_add(&told, "%s\n", name);
    }
    check_expected("selftest-cases.txt", told.bytes);
    free(told.bytes);
    told = (struct text){NULL, 0, 0};
}
END_TEST

/* The subject of a check, once for all of its quantities. */
static void tell_subject(void *last, const struct rg_selftest_check *check) {
    char *const subject = last;
    if (strcmp(subject, check->subject) != 0) {
        (void)snprintf(subject, SUBJECT, "%s", check->subject);
        text_add(&told, "%s\n", subject);
    }
}

START_TEST(quick_ones) {
    static const struct {
        const char *name;
        struct rg_selftest_scope scope;
    } runs[] = {
        {"rnn", {.cell = RG_CELL_RNN}},
        {"lstm of several layers", {.cell = RG_CELL_LSTM, .stacked = true}},
        {"gru with a learned skip", {.cell = RG_CELL_GRU, .learned = true}},
        {"rnn with a learned skip, of several layers", {.cell = RG_CELL_RNN, .learned = true, .stacked = true}},
        {"gru of words", {.cell = RG_CELL_GRU, .embedded = true}},
        {"rnn with many outputs", {.cell = RG_CELL_RNN, .wide = true}},
        {"lstm of numbers with marks", {.cell = RG_CELL_LSTM, .marks = true}},
        {"lstm of symbols", {.cell = RG_CELL_LSTM, .symbols = true}},
        {"gru from given states", {.cell = RG_CELL_GRU, .initial = true}},
        {"rnn that reads the mean", {.cell = RG_CELL_RNN, .readout = RG_READOUT_MEAN}},
        {"lstm with momentum", {.cell = RG_CELL_LSTM, .optimizer = RG_OPT_MOMENTUM}},
        {"any", {.cell = RG_N_CELLS}},
    };
    struct rg_device *device = NULL;
    ck_assert_int_eq(rg_device_open("cpu", &(struct rg_device_options){.threads = 1}, &device), RG_OK);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        struct rg_selftest_scope scope = runs[i].scope;
        char last[SUBJECT] = "";
        scope.updates = 1;
        text_add(&told, "======== %s\n", runs[i].name);
        ck_assert_msg(rg_selftest_run(device, &scope, tell_subject, last) == RG_OK, "%s", rg_error_message());
    }
    rg_device_destroy(device);
    check_expected("selftest-quick.txt", told.bytes);
    free(told.bytes);
}
END_TEST

TEST_MAIN("selftest_cases") {
    TCase *const tests = add_tests(suite, "selftest_cases");
    tcase_add_test(tests, cases);
    tcase_add_test(tests, quick_ones);
}
