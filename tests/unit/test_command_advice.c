/* The advice at the end of small trainings: when there is none, and what the run decides of it. */
#define _GNU_SOURCE
#include "cli/report/advice.h"
#include "run_command.h"

#define CPU "--device cpu --threads 1 "

/* The last event of a training. */
static json_t *end_of(const char *line) {
    char *const printed = printed_by(line), *const at = strstr(printed, "{\"event\":\"end\"");
    ck_assert_msg(at != NULL, "no end in %s", printed);
    json_t *const end = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
    ck_assert_ptr_nonnull(end);
    free(printed);
    return end;
}

static const char *text_at(json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

/* A run that reached its target needs no advice; the same run without a target does. */
START_TEST(a_reached_target_needs_none) {
    static const char line[] = "train --json " CPU "--hidden 4 --steps 20 --batch 8 --cell irnn --updates 25";
    char with[200];
    (void)snprintf(with, sizeof with, "%s --target-loss 1000", line);
    json_t *const before = end_of(line), *const end = end_of(with);
    ck_assert_str_eq(text_at(before, "reason"), "done");
    ck_assert_str_eq(text_at(json_object_get(before, "advice"), "row"), "irnn");
    ck_assert_str_eq(text_at(json_object_get(before, "advice"), "command"), text_at(before, "remedy"));
    ck_assert_str_eq(text_at(before, "remedy"), "./rnn-gpu train --device cpu --threads 1 --hidden 4 --steps 20 "
                                                "--cell irnn --batch 32 --lr 0.002 --updates 1000");
    ck_assert_str_eq(text_at(end, "reason"), "target");
    ck_assert(json_is_null(json_object_get(end, "remedy")) && json_is_null(json_object_get(end, "advice")));
    json_decref(before);
    json_decref(end);
}
END_TEST

/* Does the training of a language model end with the advice to go on? */
static bool goes_on(const char *options) {
    char line[300];
    (void)snprintf(line, sizeof line, "train --json " CPU "--data t.txt --steps 5 --batch 4 --hidden 8 %s", options);
    test_case("%s", options);
    json_t *const end = end_of(line), *const advice = json_object_get(end, "advice");
    const bool on = !json_is_null(advice);
    if (on) {
        ck_assert_str_eq(text_at(advice, "row"), "language-longer");
        ck_assert_str_eq(text_at(advice, "command"), text_at(end, "remedy"));
    }
    json_decref(end);
    return on;
}

/* The validation decides where there are several, else the losses of the training. */
START_TEST(a_language_model_goes_on_while_its_loss_falls) {
    char text[2000] = "";
    for (int i = 0; i < 40; i++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "abcdefghijklmnopqrstuvwxyz and so on. ");
    }
    put_text("t.txt", text);
    put_text("other.txt", "zyx wvu tsr qpo nml kji hgf edc ba zyx wvu tsr qpo nml kji hgf edc ba");
    ck_assert(goes_on("--updates 60 --lr 0.01"));
    ck_assert(!goes_on("--updates 60 --lr 1e-12"));
    ck_assert(!goes_on("--updates 10 --lr 0.01"));
    ck_assert(goes_on("--updates 60 --lr 0.01 --val t.txt --val-every 20"));
    ck_assert(goes_on("--updates 60 --lr 0.01 --val t.txt --val-every 60"));
    ck_assert(!goes_on("--updates 60 --lr 1e-12 --val t.txt --val-every 60"));
    ck_assert(goes_on("--updates 60 --lr 0.03"));
    ck_assert(!goes_on("--updates 60 --lr 0.03 --val other.txt --val-every 10")); /* it rises there */
    ck_assert(!goes_on("--updates 60 --lr 0.01 --target-loss 100"));
    ck_assert(
        !goes_on("--updates 200 --lr 0.3 --clip-norm 0 --optimizer adam --val t.txt --val-every 20 --patience 1"));
}
END_TEST

/* A language model gets no recipe, whatever its verdict and loss: only more of the same, while its loss still falls. */
START_TEST(a_language_model_trains_longer_or_nothing) {
    static const char why[] = "The loss of this language model still fell at the end: train it for longer.";
    static const struct {
        const char *line;
        bool timed;
        const char *wanted;
    } cases[] = {
        {"--data a.txt --cell gru --lr 0.002", false, "./rnn-gpu --data a.txt --cell gru --lr 0.002 --updates 200"},
        {"train --data a.txt --updates=300 --cell gru --init chrono:9 -q --out m --batch 8", false,
         "./rnn-gpu train --data a.txt --cell gru --init chrono:9 --batch 8 --updates 600"},
        {"--epochs 3 --data a.txt --freeze rnn.* --val b.txt --patience 5", false,
         "./rnn-gpu --data a.txt --freeze 'rnn.*' --val b.txt --patience 5 --epochs 6"},
        {"--data a.txt --max-time 90s --updates 5000", false, "./rnn-gpu --data a.txt --max-time 90s --updates 10000"},
        {"--data a.txt --max-time 90s --updates 5000", true, "./rnn-gpu --data a.txt --updates 5000 --max-time 180"},
    };
    struct rg_advice advice;
    char text[RG_ADVICE_TEXT];
    test_case("%s", cases[_i].line);
    accept(cases[_i].line);
    for (int verdict = RG_NONE; verdict <= RG_STABLE; verdict++) {
        struct rg_outcome o = {.config = &config,
                               .ended = true,
                               .timed = cases[_i].timed,
                               .language = true,
                               .has_verdict = true,
                               .verdict = (enum rg_verdict_word)verdict,
                               .last = 9,
                               .loss_kind = RG_LOSS_CE,
                               .loss = 2.0,
                               .baseline = 2.0,
                               .updates = config.training.updates,
                               .steps = config.data.steps};
        rg_advise(&o, &advice);
        ck_assert(advice.row == NULL && advice.command[0] == '\0');
        o.falling = true;
        rg_advise(&o, &advice);
        ck_assert_str_eq(advice.command, cases[_i].wanted);
        ck_assert_str_eq(advice.row->name, "language-longer");
        rg_advice_text(&advice, text, sizeof text);
        ck_assert_str_eq(text, why);
        json_t *const json = rg_advice_json(&advice);
        ck_assert(json_is_null(json_object_get(json, "measured")));
        ck_assert_str_eq(json_string_value(json_object_get(json, "why")), why);
        json_decref(json);
        bool *const ends[] = {&o.reached, &o.diverged};
        for (size_t i = 0; i < 2; i++) {
            *ends[i] = true;
            rg_advise(&o, &advice);
            ck_assert(advice.row == NULL);
            *ends[i] = false;
        }
        o.ended = false;
        rg_advise(&o, &advice);
        ck_assert(advice.row == NULL);
    }
}
END_TEST

TEST_MAIN("command advice") {
    TCase *const tests = add_tests(suite, "advice");
    tcase_add_checked_fixture(tests, begin_commands, end_commands);
    tcase_add_test(tests, a_language_model_goes_on_while_its_loss_falls);
    tcase_add_loop_test(tests, a_language_model_trains_longer_or_nothing, 0, 5);
    tcase_add_test(tests, a_reached_target_needs_none);
}
