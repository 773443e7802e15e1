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
        ck_assert_str_eq(text_at(advice, "command"), text_at(end, "remedy"));
    }
    const bool longer = on && strcmp(text_at(advice, "row"), "language-longer") == 0;
    json_decref(end);
    return longer;
}

/* A training ends with the advice of that row, whose command ends like this. */
static void expect_row(const char *options, const char *row, const char *last_words) {
    char line[400], message[400];
    (void)snprintf(line, sizeof line, "train --json " CPU "%s", options);
    test_case("%s", options);
    json_t *const end = end_of(line), *const advice = json_object_get(end, "advice");
    const char *const found = json_is_null(advice) ? "none" : text_at(advice, "row");
    (void)snprintf(message, sizeof message, "%s, loss %g", options, json_number_value(json_object_get(end, "loss")));
    ck_assert_msg(strcmp(found, row) == 0, "%s: %s", message, found);
    if (last_words) {
        const char *const made = text_at(advice, "command");
        const size_t length = strlen(made), wanted = strlen(last_words);
        ck_assert_msg(length >= wanted && strcmp(made + length - wanted, last_words) == 0, "%s: %s", message, made);
    }
    json_decref(end);
}

/* Inputs far from unit scale are to be scaled first; then the run needs nothing. Large targets get no advice. */
START_TEST(data_out_of_scale) {
    char text[20000] = "series,a,b,label\n", small[20000] = "series,a,label\n";
    unsigned state = 1;
    for (int i = 0; i < 60; i++) {
        const int label = i * 7 % 3 == 0;
        for (int t = 0; t < 4; t++) {
            state = state * 1103515245U + 12345U;
            const int noise = (int)(state >> 16) % 100;
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%d,%d,%d\n", i,
                           5000 + noise + (t == 3 && label ? 900 : 0), noise, label);
            (void)snprintf(small + strlen(small), sizeof small - strlen(small), "%d,0.%02d,%d\n", i, noise,
                           1000 + 100 * label);
        }
    }
    put_text("large.csv", text);
    put_text("targets.csv", small);
    static const char run[] = "--data large.csv --hidden 16 --lr 0.01 --updates 150 --out made";
    char scaled[200];
    (void)snprintf(scaled, sizeof scaled, "%s-2 --normalize", run);
    expect_row(run, "large-inputs", " --hidden 16 --lr 0.01 --updates 150 --out made-2 --normalize");
    expect_row(scaled, "none", NULL);
    expect_row("--data targets.csv --hidden 16 --updates 60", "none", NULL);
}
END_TEST

/* A net that has learned its training data by heart is judged by its validation: labels that follow from nothing. */
START_TEST(a_net_that_overfits) {
    char text[20000] = "series,a,label\n";
    unsigned state = 5;
    for (int i = 0; i < 40; i++) {
        state = state * 1103515245U + 12345U;
        const unsigned label = state >> 18 & 1U;
        for (int t = 0; t < 5; t++) {
            state = state * 1103515245U + 12345U;
            (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%d,0.%03u,%u\n", i, (state >> 16) % 1000U,
                           label);
        }
    }
    put_text("chance.csv", text);
    expect_row("--data chance.csv --val-frac 0.3 --lr 0.01 --updates 400 --patience 350 --hidden 64 --cell irnn",
               "overfits-rnn",
               " --val-frac 0.3 --patience 350 --hidden 64 --cell gru --init chrono:5 --lr 0.005 --updates 1500");
    expect_row("--data chance.csv --val-frac 0.3 --lr 0.01 --updates 400 --hidden 64 --cell gru", "overfits-units",
               " --lr 0.01 --updates 400 --cell gru --hidden 16");
    expect_row("--data chance.csv --val-frac 0.3 --lr 0.02 --updates 800 --hidden 32 --cell gru", "overfits",
               " --updates 800 --hidden 32 --cell gru --patience 80");
}
END_TEST

/* The validation decides where there are several, else the losses of the training. */
START_TEST(a_language_model_goes_on_while_its_loss_falls) {
    char text[2000] = "";
    for (int i = 0; i < 40; i++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "abcdefghijklmnopqrstuvwxyz and so on. ");
    }
    put_text("t.txt", text);
    expect_row("--data t.txt --steps 5 --batch 4 --hidden 8 --cell gru --updates 60 --lr 3 --schedule linear",
               "language-rate", " --cell gru --updates 60 --schedule linear --lr 0.3");
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
         "./rnn-gpu train --data a.txt --cell gru --init chrono:9 --out m-2 --batch 8 --updates 600"},
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
                               .training_loss = 2.0,
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
        o.diverged = o.rose = true; /* from the first loss on, which no rate changes */
        rg_advise(&o, &advice);
        ck_assert(advice.row == NULL);
        o.diverged = false;
        rg_advise(&o, &advice); /* it rose, and is back at its baseline alone: it still falls, and yet */
        ck_assert(advice.row == NULL);
        o.applied = 1;
        for (int i = 0; i < 2; i++) {
            o.diverged = i > 0;
            rg_advise(&o, &advice);
            ck_assert_str_eq(advice.row->name, "language-rate");
        }
        o.diverged = false;
        o.training_loss = 1.7;
        rg_advise(&o, &advice);
        ck_assert_str_eq(advice.row->name, "language-longer");
        o.rose = false;
        o.reached = true;
        rg_advise(&o, &advice);
        ck_assert(advice.row == NULL);
        o.reached = false;
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
    tcase_add_test(tests, data_out_of_scale);
    tcase_add_test(tests, a_net_that_overfits);
}
