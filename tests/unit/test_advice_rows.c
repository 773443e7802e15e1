/* Which row of the advice a run gets: every row of the table from its situation, what makes a run the recipe, data out
 * of scale, nets that overfit; and that no reason contradicts the numbers beside it. */
#include "advised.h"

/* ---- Every row ---- */

/* What a situation's run came to, so that the row fits: its first verdict and its condition. */
static struct rg_outcome situation_of(const struct rg_advice_row *row, const struct rg_config *config, bool classes) {
    enum rg_verdict_word verdict = RG_NONE;
    while (verdict < RG_STABLE && (row->verdicts >> verdict & 1U) == 0) {
        verdict++;
    }
    struct rg_outcome o = outcome_of(config, verdict);
    o.loss_kind = classes ? RG_LOSS_CE : RG_LOSS_MSE;
    o.baseline = classes ? 2.0 : o.baseline; /* of classes: far above the loss that the recipes reach */
    o.loss = classes ? 1.99 : o.loss;
    o.loss = row->when == RG_WHEN_ANY && strcmp(row->name, "rnn-half-way") == 0 ? 0.6 * o.baseline : o.loss;
    o.dead = row->when == RG_WHEN_DEAD ? 0.9 : 0.1;
    if (row->when == RG_WHEN_OVERFITS) {
        o.training_loss = 0.01 * o.loss;
        o.validation.best_update = 3;
        o.validation.best = o.loss;
        o.validation.last = 2.0 * o.loss;
    }
    o.diverged = row->verdicts == RG_ADVICE_DIVERGED;
    o.applied = 5;
    return o;
}

static bool says(const char *text, const char *words) {
    return strstr(text, words) != NULL;
}

/* What is said of rate and updates follows from the numbers of the run and of the command. Rates of two optimisers, NAN
 * here, are not compared. "No rate" compares nothing. */
static void check_comparisons(const char *why, double from, double to, size_t updates, size_t next_updates) {
    ck_assert_msg(!says(why, "smaller rate") || to < from, "%g to %g: %s", from, to, why);
    ck_assert_msg(!says(why, "larger rate") || to > from, "%g to %g: %s", from, to, why);
    ck_assert_msg(!(says(why, "longer") || says(why, "more updates")) || next_updates > updates, "%zu to %zu: %s",
                  updates, next_updates, why);
    static const char *const others[] = {"fewer updates", "small step", "large step", "smaller step", "larger step",
                                         "slower",        "faster",     "higher",     "lower rate",   "shorter"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert_msg(!says(why, others[i]), "%s", why);
    }
}

static void check_command(const struct rg_advice_row *row, const struct rg_config *before,
                          const struct rg_advice *advice) {
    struct line line;
    ck_assert_msg(strncmp(advice->command, "./rnn-gpu ", 10) == 0, "%s: %s", row->name, advice->command);
    const struct rg_config after = parse(&line, advice->command + 10);
    const struct rg_recipe_length *const at = advice->length;
    ck_assert(after.data.steps == before->data.steps && after.model.hidden == before->model.hidden &&
              after.training.seed == before->training.seed);
    ck_assert(after.model.layers == before->model.layers && after.data.file == NULL &&
              strcmp(after.data.task, before->data.task) == 0);
    ck_assert(after.training.lr == at->lr && after.data.batch == at->batch && after.training.updates >= at->updates);
    ck_assert(after.training.clip_norm == 1.0 && after.training.optimizer == RG_OPT_ADAM && after.model.skip == 0);
    ck_assert_str_eq(after.model.irnn ? "irnn" : rg_cell_names[after.model.cell], advice->recipe->cell);
    ck_assert((after.model.init.kind == RG_INIT_CHRONO) == advice->recipe->chrono);
    const double rate = before->training.lr;
    const bool adam = before->training.optimizer == RG_OPT_ADAM;
    check_comparisons(advice->why, adam ? rate : (double)NAN, after.training.lr, before->training.updates,
                      after.training.updates);
    if (before->model.cell != RG_CELL_RNN) {
        ck_assert_msg(after.model.cell == before->model.cell, "%s: %s", row->name, advice->command);
    }
    const struct rg_outcome learned = {.config = &after,
                                       .ended = true,
                                       .has_verdict = true,
                                       .verdict = RG_VANISHING,
                                       .last = 9,
                                       .loss = 0.00999,
                                       .loss_kind = RG_LOSS_MSE,
                                       .baseline = 1.0 / 6.0,
                                       .updates = 9};
    struct rg_advice none;
    rg_advise(&learned, &none);
    ck_assert(none.row == NULL && none.command[0] == '\0');
}

static void check_words(const struct rg_advice *advice) {
    char text[RG_ADVICE_TEXT], steps[40];
    rg_advice_text(advice, text, sizeof text);
    const size_t length = strlen(text);
    ck_assert_msg(length + 1 < sizeof text && text[length - 1] == '.', "%s", text);
    (void)snprintf(steps, sizeof steps, "over %zu steps", advice->length->steps);
    ck_assert_msg(strncmp(text, advice->why, strlen(advice->why)) == 0 && !strchr(text, '{') && strstr(text, steps),
                  "%s", text);
}

START_TEST(each_row_leads_to_a_command) {
    static const size_t steps[] = {1, 2, 3, 20, 21, 100, 150, 1000};
    const struct rg_advice_row *const row = &rg_advice_rows[_i];
    for (size_t i = 0; i < 2 * sizeof steps / sizeof *steps; i++) {
        const size_t n = steps[i / 2];
        const bool classes = i % 2 == 1;
        struct line line;
        struct rg_advice advice;
        char text[LINE_BYTES];
        (void)snprintf(text, sizeof text, "--task adding --steps %zu --seed 7 --layers 2 %s", n, row->situation);
        struct rg_config config = parse(&line, text);
        struct rg_outcome outcome = situation_of(row, &config, classes);
        if (row->when == RG_WHEN_AT_RECIPE) { /* the advice to a lesser run, followed */
            rg_advise(&outcome, &advice);
            ck_assert_ptr_nonnull(advice.row);
            (void)snprintf(text, sizeof text, "%.*s", RG_ADVICE_BYTES - 11, advice.command + 10);
            config = parse(&line, text);
            outcome = situation_of(row, &config, classes);
        }
        rg_advise(&outcome, &advice);
        ck_assert_msg(advice.row == row, "%s, %zu steps: %s", row->name, n, advice.row ? advice.row->name : "none");
        check_command(row, &config, &advice);
        check_words(&advice);
    }
}
END_TEST

/* No comparison in a reason contradicts the numbers, whatever rate, optimiser and updates the run had. At the rates of
 * the recipes themselves the run may have been the recipe. */
START_TEST(comparisons_follow_from_the_numbers) {
    static const double rates[] = {1e-6, 5e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2, 0.1, 10.0};
    static const char *const others[] = {"",
                                         "--optimizer sgd",
                                         "--updates 100000",
                                         "--batch 32 --updates 2000",
                                         "--batch 32 --updates 1000",
                                         "--batch 32 --updates 1500"};
    const struct rg_advice_row *const row = &rg_advice_rows[_i];
    size_t smaller = 0, larger = 0;
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        for (size_t i = 0; i < 4 * sizeof others / sizeof *others; i++) {
            static const char *const cells[] = {"rnn", "irnn", "gru --init chrono:20", "lstm --init chrono:20"};
            struct line line;
            struct rg_advice advice;
            char text[LINE_BYTES];
            (void)snprintf(text, sizeof text, "--task adding --steps 20 --cell %s --lr %g %s", cells[i % 4], rates[r],
                           others[i / 4]);
            for (int classes = 0; classes < 2; classes++) {
                const struct rg_config config = parse(&line, text);
                const struct rg_outcome outcome = situation_of(row, &config, classes != 0);
                rg_advise(&outcome, &advice);
                if (advice.row == row) {
                    check_command(row, &config, &advice);
                    smaller += says(advice.why, "smaller rate");
                    larger += says(advice.why, "larger rate");
                }
            }
        }
    }
    const bool compares = strstr(row->why, RG_ADVICE_SMALLER) || strstr(row->why, RG_ADVICE_NEXT);
    ck_assert_msg((smaller > 0) == compares && (larger > 0) == (strstr(row->why, RG_ADVICE_NEXT) != NULL), "%s",
                  row->name);
}
END_TEST

/* The run was the recipe only if every option that the command sets had its value, and as many updates were made. A run
 * that ended by itself would end there again; one that ran out of time would not. */
START_TEST(what_makes_a_run_the_recipe) {
    static const char irnn[] = "--task adding --steps 20 --cell irnn --batch 32 --lr 0.002 --updates 1000",
                      lstm[] =
                          "--task adding --steps 20 --cell lstm --init chrono:20 --batch 32 --lr 0.01 --updates 1000";
    static const char *const changes[] = {"--init-input normal:0.001",
                                          "--init orthogonal",
                                          "--activation tanh",
                                          "--skip 3",
                                          "--optimizer adamw",
                                          "--optimizer rmsprop --momentum 0.5",
                                          "--beta1 0.5",
                                          "--beta2 0.9",
                                          "--epsilon 1e-3",
                                          "--weight-decay 0.1",
                                          "--schedule cosine",
                                          "--warmup 10",
                                          "--lr 0.0021",
                                          "--clip-norm 2",
                                          "--clip-value 1",
                                          "--batch 33",
                                          "--accumulate 2",
                                          "--updates 999",
                                          "--freeze head.*"};
    struct line line;
    char text[LINE_BYTES];
    ck_assert_str_eq(advise(irnn, RG_VANISHING).row->name, "irnn-did-not-learn");
    ck_assert_str_eq(advise(lstm, RG_VANISHING).row->name, "gates-did-not-learn");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        (void)snprintf(text, sizeof text, "%s %s", irnn, changes[i]);
        const struct rg_advice advice = advise(text, RG_VANISHING);
        ck_assert_msg(advice.row && strcmp(advice.row->name, "irnn-did-not-learn") != 0, "%s", text);
    }
    static const struct {
        uint64_t made;
        bool timed, is_recipe;
    } ends[] = {{1000, true, true}, {999, true, false}, {10, true, false}, {10, false, true}, {2000, false, true}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct rg_advice advice;
        const struct rg_config config = parse(&line, irnn);
        struct rg_outcome o = outcome_of(&config, RG_VANISHING);
        o.updates = ends[i].made;
        o.timed = ends[i].timed;
        rg_advise(&o, &advice);
        ck_assert_str_eq(advice.row->name, ends[i].is_recipe ? "irnn-did-not-learn" : "irnn");
    }
}
END_TEST

/* ---- Data out of scale, and nets that overfit ---- */

/* Large inputs are scaled first, whatever the run came to; but a run that learned, or --model, needs nothing. */
START_TEST(large_inputs_are_scaled_first) {
    struct line line;
    struct rg_advice advice;
    const struct rg_config config = parse(&line, "--data d.csv --lr 0.003 --cell irnn --out m");
    static const char wanted[] = "./rnn-gpu --data d.csv --lr 0.003 --cell irnn --out m-2 --normalize";
    struct rg_outcome o = outcome_of(&config, RG_VANISHING);
    o.large_inputs = true;
    for (int i = 0; i < 3; i++) {
        o.diverged = i > 0;
        o.applied = i > 1 ? 0 : 5;
        rg_advise(&o, &advice);
        ck_assert_str_eq(advice.row->name, "large-inputs");
        ck_assert_str_eq(advice.command, wanted);
    }
    o = outcome_of(&config, RG_VANISHING);
    o.large_inputs = true;
    o.loss = 0.001;
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row);
    o = outcome_of(&config, RG_VANISHING);
    o.large_targets = true; /* no recipe reaches them */
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row);
}
END_TEST

/* The validation judges. What is advised depends on its lowest loss, its last one and that of the training. */
START_TEST(nets_that_overfit) {
    static const struct {
        const char *line;
        double training, best, last; /* parts of the baseline */
        const char *row;             /* NULL: none */
        const char *words;           /* in the command */
    } cases[] = {{"--cell rnn", 0.01, 0.95, 5.0, "overfits-rnn", " --cell gru --init chrono:"},
                 {"--cell irnn", 0.01, 0.95, 5.0, "overfits-rnn", " --cell gru --init chrono:"},
                 {"--cell rnn", 0.01, 0.4, 0.45, "overfits-rnn", " --cell gru --init chrono:"},
                 {"--cell rnn", 0.4, 0.41, 0.45, NULL, NULL},
                 {"--cell rnn", 0.41, 0.4, 2.0, NULL, NULL}, /* a late rise of both is none of overfitting */
                 {"--cell gru --hidden 128", 0.01, 0.8, 5.0, "overfits-units", " --hidden 32"},
                 {"--cell gru --hidden 63", 0.01, 0.8, 5.0, "overfits", " --patience 10"},
                 {"--cell lstm --hidden 63 --patience 9", 0.01, 0.8, 5.0, "gates-arriving", " --patience 9"},
                 {"--cell gru --hidden 128", 0.01, 0.02, 5.0, "overfits", " --patience 10"},
                 {"--cell rnn", 0.01, 0.02, 5.0, "overfits", " --patience 10"},
                 {"--cell rnn --patience 9", 0.01, 0.02, 5.0, NULL, NULL},
                 {"--cell rnn", 0.001, 0.02, 0.04, NULL, NULL}}; /* learned, also in the end */
    struct line line;
    struct rg_advice advice;
    char text[LINE_BYTES];
    (void)snprintf(text, sizeof text, "--data d.csv --val-frac 0.2 --out m %s", cases[_i].line);
    test_case("%s", text);
    const struct rg_config config = parse(&line, text);
    struct rg_outcome o = outcome_of(&config, RG_STABLE);
    o.training_loss = cases[_i].training * o.baseline;
    o.loss = o.validation.best = cases[_i].best * o.baseline;
    o.validation.last = cases[_i].last * o.baseline;
    o.validation.best_update = 17;
    o.validation.planned = 100;
    o.validation.since_best = 83;
    rg_advise(&o, &advice);
    ck_assert_str_eq(advice.row ? advice.row->name : "none", cases[_i].row ? cases[_i].row : "none");
    if (cases[_i].row) {
        ck_assert_ptr_nonnull(strstr(advice.command, cases[_i].words));
        ck_assert_ptr_nonnull(strstr(advice.command, " --val-frac 0.2 --out m-2 "));
        char why[200];
        (void)snprintf(why, sizeof why,
                       "The net learns its training data by heart: the training loss is %.3g, and the validation loss "
                       "%.3g; its lowest was %.3g, after update 17. ",
                       o.training_loss, o.validation.last, o.validation.best);
        ck_assert_msg(strncmp(advice.why, why, strlen(why)) == 0, "%s", advice.why);
    }
    o.validation.since_best = 1; /* --patience would end nothing sooner */
    rg_advise(&o, &advice);
    ck_assert(!advice.row || strcmp(advice.row->name, "overfits") != 0);
    o.validation.since_best = 5;
    rg_advise(&o, &advice);
    ck_assert(!advice.row || strcmp(advice.row->name, "overfits") != 0 || strstr(advice.command, " --patience 4"));
}
END_TEST

/* Every verdict of every model has an answer, and following the advice ends after a few steps. */
START_TEST(advice_comes_to_an_end) {
    static const char *const starts[] = {"",
                                         "--cell irnn",
                                         "--cell gru",
                                         "--cell lstm",
                                         "--init orthogonal:3",
                                         "--skip 4",
                                         "--skip-kind learned",
                                         "--optimizer rmsprop --momentum 0.5"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        for (int verdict = RG_NONE; verdict <= RG_STABLE; verdict++) {
            char text[LINE_BYTES];
            size_t followed = 0;
            (void)snprintf(text, sizeof text, "--steps 50 %s", starts[i]);
            for (struct rg_advice a = advise(text, (enum rg_verdict_word)verdict); a.row;
                 a = advise(text, (enum rg_verdict_word)verdict)) {
                (void)snprintf(text, sizeof text, "%.*s", RG_ADVICE_BYTES - 11, a.command + 10);
                ck_assert_uint_lt(++followed, 5);
            }
            ck_assert_msg(followed >= 1, "%s, %s: no advice", starts[i], rg_verdict_names[verdict]);
        }
    }
}
END_TEST

TEST_MAIN("advice rows") {
    TCase *const advice = add_tests(suite, "advice");
    tcase_add_loop_test(advice, each_row_leads_to_a_command, 0, (int)rg_n_advice_rows);
    tcase_add_loop_test(advice, comparisons_follow_from_the_numbers, 0, (int)rg_n_advice_rows);
    tcase_add_test(advice, what_makes_a_run_the_recipe);
    tcase_add_test(advice, large_inputs_are_scaled_first);
    tcase_add_loop_test(advice, nets_that_overfit, 0, 12);
    tcase_add_test(advice, advice_comes_to_an_end);
}
