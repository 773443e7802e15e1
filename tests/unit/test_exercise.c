/* The exercises of the self test: their names, and which steps of a sequence count. */
#include "suite.h"
#include "verify/selftest/exercise.h"

#define SIZES \
    { .batch = 3, .steps = 4, .inputs = 2, .hidden = 5, .outputs = 1, .loss = RG_LOSS_MSE }

static const struct {
    struct rg_exercise_form form;
    const char *name;
} forms[] = {
    {{.sizes = SIZES, .net = {.cell = RG_CELL_RNN, .activation = RG_ACT_TANH}}, "rnn B=3 T=4 F=2 H=5 O=1 mse"},
    {{.sizes = SIZES, .net = {.cell = RG_CELL_RNN, .activation = RG_ACT_RELU, .layers = 1}},
     "rnn relu B=3 T=4 F=2 H=5 O=1 mse"},
    {{.sizes = SIZES, .net = {.cell = RG_CELL_LSTM, .activation = RG_ACT_RELU, .layers = 2, .bidirectional = true}},
     "lstm B=3 T=4 F=2 H=5 O=1 mse L=2 bidirectional"},
    {{.sizes = SIZES, .net = {.cell = RG_CELL_GRU, .skip = 1, .skip_kind = RG_SKIP_LEARNED}},
     "gru B=3 T=4 F=2 H=5 O=1 mse learned skip"},
    {{.sizes = SIZES, .net = {.cell = RG_CELL_GRU, .skip_kind = RG_SKIP_LEARNED}}, "gru B=3 T=4 F=2 H=5 O=1 mse"},
    {{.sizes = SIZES, .net = {.cell = RG_CELL_GRU, .skip = 1, .skip_kind = RG_SKIP_ADD}},
     "gru B=3 T=4 F=2 H=5 O=1 mse skip 1 add"},
    {{.sizes = SIZES, .net = {.cell = RG_CELL_GRU, .skip = 3, .skip_kind = RG_SKIP_DILATED}},
     "gru B=3 T=4 F=2 H=5 O=1 mse skip 3 dilated"},
    {{.sizes = SIZES, .net = {.cell = RG_CELL_GRU, .target = RG_TARGET_STEPS}, .initial = true},
     "gru B=3 T=4 F=2 H=5 O=1 mse steps from h_0"},
    {{.sizes = SIZES, .net = {.cell = RG_CELL_GRU, .readout = RG_READOUT_MAX}, .words = 7},
     "gru B=3 T=4 F=2 H=5 O=1 mse readout max embedded"},
    {{.sizes =
          {.batch = 12, .steps = 34, .inputs = 56, .hidden = 78, .outputs = 90, .loss = RG_LOSS_CE, .ragged = true},
      .net = {.cell = RG_CELL_GRU}},
     "gru B=12 T=34 F=56 H=78 O=90 ce ragged"},
};

START_TEST(a_name_says_what_differs_from_a_plain_net) {
    char name[200];
    test_case("%s", forms[_i].name);
    rg_exercise_name(&forms[_i].form, name, sizeof name);
    ck_assert_str_eq(name, forms[_i].name);
}
END_TEST

/* Outputs end together on the device; the reference's begin together, and zeros follow them. */
START_TEST(outputs_move_to_the_beginning) {
    static const double outputs[2][3][2] = {{{1, 2}, {3, 4}, {5, 6}}, {{-1, -2}, {7, 8}, {9, 10}}};
    static const double wanted[2][3][2] = {{{1, 2}, {3, 4}, {5, 6}}, {{7, 8}, {9, 10}, {0, 0}}};
    static int32_t lengths[] = {3, 2};
    const struct rg_exercise exercise = {
        .sizes = {.batch = 2, .steps = 3, .outputs = 2}, .data = {.lengths = lengths}, .target_steps = 3};
    double out[2][3][2];
    rg_exercise_outputs(&exercise, &outputs[0][0][0], &out[0][0][0]);
    ck_assert_mem_eq(out, wanted, sizeof wanted);
    ck_assert_double_eq(rg_exercise_distance(&outputs[0][0][0], &wanted[0][0][0], 6), 0.0);
    ck_assert_double_eq(rg_exercise_distance((const double[]){1, 2, 4}, (const double[]){1, 5, 8}, 3), 5.0);
}
END_TEST

TEST_MAIN("exercise") {
    TCase *const tests = add_tests(suite, "exercise");
    tcase_add_loop_test(tests, a_name_says_what_differs_from_a_plain_net, 0, sizeof forms / sizeof *forms);
    tcase_add_test(tests, outputs_move_to_the_beginning);
}
