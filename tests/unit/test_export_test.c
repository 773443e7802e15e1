/* The sequences with which an exported program checks itself: how many steps they have, what is drawn, and what is
 * computed for them. */
#include <math.h>

#include "cli/commands/export_test.h"
#include "failing_memory.h"
#include "model/philox.h"
#include "started_model.h"

static struct rg_model *model;
static struct rg_export_test test;

static rg_status make_of_model(void) {
    rg_export_test_release(&test);
    return rg_export_test_create(model, &test);
}

static void make_test(const struct rg_shape *shape) {
    model = create(shape);
    ck_assert_msg(make_of_model() == RG_OK, "%s", rg_error_message());
}

static void end_test(void) {
    rg_export_test_release(&test);
    ck_assert(test.n_sequences == 0 && !test.lengths && !test.x && !test.words && !test.outputs);
    rg_model_destroy(model);
}

/* ---- Steps ---- */

/* A skip reaches back twice within 40 steps, else once; a file that would have too many numbers leaves that out. */
START_TEST(steps_of_the_longest) {
    static const struct {
        size_t inputs, skip, words, steps;
        bool every_step;
    } cases[] = {
        {2, 0, 0, 9, false},         {2, 3, 0, 9, false},      {2, 4, 0, 11, false},    {2, 18, 0, 39, false},
        {2, 19, 0, 40, false},       {2, 37, 0, 40, false},    {2, 38, 0, 41, false},   {2, 50, 0, 53, false},
        {1598, 38, 0, 41, false},    {1599, 38, 0, 40, false}, {1597, 38, 0, 41, true}, {1598, 38, 0, 40, true},
        {2000, 38, 2000, 41, false}, {8000, 0, 0, 9, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_test(&(struct rg_shape){.cell = RG_CELL_RNN,
                                     .inputs = cases[i].words ? 2 : cases[i].inputs,
                                     .hidden = 1,
                                     .outputs = 1,
                                     .layers = 1,
                                     .words = cases[i].words,
                                     .target = cases[i].every_step ? RG_TARGET_STEPS : RG_TARGET_LAST,
                                     .skip = cases[i].skip,
                                     .skip_kind = RG_SKIP_ADD});
        ck_assert_msg(test.n_sequences == 3 && test.n_steps == cases[i].steps, "case %zu: %zu steps", i, test.n_steps);
        ck_assert(test.lengths[0] == (int)cases[i].steps && test.lengths[1] == 4 && test.lengths[2] == 1);
        end_test();
    }
}
END_TEST

/* ---- Numbers ---- */

enum { STEPS = 9, SEED = 7 };

/* A net of one unit that gives each step's number again. */
static void make_echo(enum rg_target target) {
    static const double mean[] = {100.0}, deviation[] = {4.0};
    const struct rg_shape shape = {.cell = RG_CELL_RNN,
                                   .activation = RG_ACT_LINEAR,
                                   .inputs = 1,
                                   .hidden = 1,
                                   .outputs = 1,
                                   .layers = 1,
                                   .target = target};
    model = create(&shape);
    model->weights[model->parameters[rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_IH)].offset] = 1.0F;
    model->weights[model->parameters[rg_model_head_weight(model)].offset] = 1.0F;
    ck_assert_int_eq(rg_model_set_normalization(model, mean, deviation), RG_OK);
    ck_assert_int_eq(make_of_model(), RG_OK);
}

/* The number that block `k` of the stream gives, as the data would have it. */
static float drawn(uint64_t k) {
    const struct rg_stream stream = {.seed = SEED};
    double numbers[RG_BLOCK_NUMBERS];
    rg_stream_normal(&stream, k, numbers);
    return (float)(100.0 + 4.0 * numbers[0]);
}

START_TEST(what_numbers) {
    const enum rg_target targets[] = {RG_TARGET_STEPS, RG_TARGET_LAST};
    for (size_t i = 0; i < 2; i++) {
        const bool every_step = targets[i] == RG_TARGET_STEPS;
        uint64_t k = 0;
        make_echo(targets[i]);
        ck_assert(test.n_steps == STEPS && !test.words);
        for (size_t s = 0; s < 3; s++) {
            double last = 0.0;
            for (size_t t = 0; t < STEPS; t++) {
                const bool is_there = t < (size_t)test.lengths[s];
                const float x = is_there ? drawn(k++) : 0.0F;
                const double scaled = is_there ? (double)(float)(((double)x - 100.0) / 4.0) : 0.0;
                ck_assert(test.x[s * STEPS + t] == x);
                ck_assert(!every_step || fabs(test.outputs[s * STEPS + t] - scaled) < 1e-6);
                last = is_there ? scaled : last;
            }
            ck_assert(every_step || fabs(test.outputs[s] - last) < 1e-6);
        }
        end_test();
    }
}
END_TEST

START_TEST(what_words) {
    enum { WORDS = 1000 };
    const struct rg_stream stream = {.seed = SEED};
    uint64_t k = 0;
    make_test(
        &(struct rg_shape){.cell = RG_CELL_RNN, .inputs = 2, .hidden = 1, .outputs = 1, .layers = 1, .words = WORDS});
    ck_assert(test.n_steps == STEPS && !test.x);
    for (size_t s = 0; s < 3; s++) {
        for (size_t t = 0; t < STEPS; t++) {
            double numbers[RG_BLOCK_NUMBERS] = {0.0};
            if (t < (size_t)test.lengths[s]) {
                rg_stream_uniform(&stream, k++, numbers);
            }
            ck_assert_int_eq(test.words[s * STEPS + t], (int)(numbers[0] * WORDS));
        }
    }
    end_test();
}
END_TEST

START_TEST(memory_that_ends) {
    make_echo(RG_TARGET_LAST);
    each_fails("the test", make_of_model, 8);
    end_test();
}
END_TEST

TEST_MAIN("export_test") {
    TCase *const tests = add_tests(suite, "export_test");
    tcase_add_test(tests, steps_of_the_longest);
    tcase_add_test(tests, what_numbers);
    tcase_add_test(tests, what_words);
    tcase_add_test(tests, memory_that_ends);
}
