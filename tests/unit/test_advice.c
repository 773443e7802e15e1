/* Advice: what is said of it, when there is none, what stays of the user's command, and what a shell must be told. */
#include "advised.h"

/* The memory of gates and the recipe's length follow the sequences, which `copy` makes longer than --steps. */
START_TEST(steps_are_those_of_the_sequences) {
    struct line line;
    struct rg_advice advice;
    const struct rg_config config = parse(&line, "--task copy --steps 10 --cell gru");
    struct rg_outcome outcome = outcome_of(&config, RG_VANISHING);
    outcome.steps = 30;
    rg_advise(&outcome, &advice);
    ck_assert_ptr_nonnull(strstr(advice.command, " --steps 10 "));
    ck_assert_ptr_nonnull(strstr(advice.command, " --init chrono:30 "));
    ck_assert_uint_eq(advice.length->steps, 40);
}
END_TEST

/* Gates that explode at their recipe get no smaller rate: it would not shrink the product of the Jacobians. */
START_TEST(a_smaller_rate_is_no_remedy_for_an_explosion) {
    static const char *const recipes[] = {"--cell gru --init chrono:100 --batch 32 --lr 0.01 --updates 1000",
                                          "--cell lstm --init chrono:100 --batch 32 --lr 0.01 --updates 1000"};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_ptr_null(advise(recipes[i], RG_EXPLODING).row);
        ck_assert_str_eq(advise(recipes[i], RG_VANISHING).row->name, "gates-did-not-learn");
    }
    ck_assert_str_eq(advise("--cell gru", RG_EXPLODING).row->name, "gates-exploding");
}
END_TEST

/* Colours are those of the earlier run's screen. `--color` alone is complete: what follows is another option. */
START_TEST(colours_are_not_repeated) {
    static const char recipe[] = "./rnn-gpu --steps 100 --cell irnn --batch 32 --lr 0.001 --updates 2000";
    expect("--color never --steps 100", RG_VANISHING, recipe);
    expect("--color --steps 100", RG_VANISHING, recipe);
    expect("--steps 100 --color=always", RG_VANISHING, recipe);
    expect("--steps 100 --color", RG_VANISHING, recipe);
}
END_TEST

/* A run with frozen weights was not the recipe, which trains them all. */
START_TEST(a_frozen_run_was_not_the_recipe) {
    static const char recipe[] = "--steps 100 --cell irnn --batch 32 --lr 0.001 --updates 2000";
    char frozen[LINE_BYTES], text[RG_ADVICE_TEXT], wanted[LINE_BYTES];
    (void)snprintf(frozen, sizeof frozen, "%s --freeze rnn.*", recipe);
    (void)snprintf(wanted, sizeof wanted, "./rnn-gpu %s", recipe);
    ck_assert_str_eq(advise(recipe, RG_STABLE).row->name, "irnn-did-not-learn");
    const struct rg_advice advice = advise(frozen, RG_STABLE);
    ck_assert_str_eq(advice.row->name, "irnn");
    ck_assert_str_eq(advice.command, wanted);
    rg_advice_text(&advice, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, " It trains all weights: --freeze is left out."));
}
END_TEST

/* ---- What was not measured ---- */

static void expect_limit(const char *text, enum rg_loss loss, enum rg_target target, const char *wanted) {
    struct line line;
    struct rg_advice advice;
    char said[RG_ADVICE_TEXT];
    struct rg_config config = parse(&line, text);
    config.model.target = target;
    struct rg_outcome outcome = outcome_of(&config, RG_VANISHING);
    outcome.loss_kind = loss;
    rg_advise(&outcome, &advice);
    rg_advice_text(&advice, said, sizeof said);
    const char *const end = strstr(said, "on 2 processors.");
    ck_assert_msg(end != NULL && strcmp(end + strlen("on 2 processors."), wanted) == 0, "%s: %s", text, said);
}

START_TEST(another_task_than_the_measured_one_is_said) {
    expect_limit("--task adding", RG_LOSS_MSE, RG_TARGET_LAST, "");
    expect_limit("--task temporal-order", RG_LOSS_CE, RG_TARGET_LAST, "");
    expect_limit("--task adding", RG_LOSS_MSE, RG_TARGET_STEPS, " This recipe was not measured with --target steps.");
    expect_limit("--task copy", RG_LOSS_CE, RG_TARGET_STEPS, " This recipe was not measured on copy.");
    expect_limit("--data d.csv", RG_LOSS_CE, RG_TARGET_LAST, " This recipe was not measured on your data.");
    expect_limit("--task fashion-mnist", RG_LOSS_CE, RG_TARGET_LAST, " This recipe was not measured on fashion-mnist.");
    /* the longer recipes were measured on numbers alone */
    expect_limit("--task temporal-order --cell gru --init chrono:100 --batch 32 --lr 0.005 --updates 1500", RG_LOSS_CE,
                 RG_TARGET_LAST, " This recipe was not measured on temporal-order.");
}
END_TEST

static void expect_stretch(const char *text, size_t steps, double speed, const char *wanted) {
    struct line line;
    struct rg_advice advice;
    char said[RG_ADVICE_TEXT];
    const struct rg_config config = parse(&line, text);
    struct rg_outcome outcome = outcome_of(&config, RG_VANISHING);
    outcome.steps = steps;
    outcome.sequences_per_s = speed;
    rg_advise(&outcome, &advice);
    rg_advice_text(&advice, said, sizeof said);
    const char *const found = strstr(said, " It was not measured over");
    ck_assert_msg(wanted ? found && strcmp(found, wanted) == 0 : !found, "%s: %s", text, said);
}

/* Updates that grow with the steps were not measured. Their time is that of this run for as many sequences. */
START_TEST(a_stretched_recipe_is_said) {
    static const char no_time[] = " It was not measured over 10000 steps, for which its updates are stretched";
    char wanted[LINE_BYTES];
    expect_stretch("--steps 200", 200, 100.0, NULL);
    (void)snprintf(wanted, sizeof wanted, "%s.", no_time);
    expect_stretch("--steps 10000", 10000, 0.0, wanted);
    /* 3000 updates of 32 sequences over 200 steps */
    (void)snprintf(wanted, sizeof wanted, "%s: at the speed of this run 150000 of them take about 13 h.", no_time);
    expect_stretch("--steps 10000", 10000, 100.0, wanted);
    (void)snprintf(wanted, sizeof wanted, "%s: at the speed of this run 150000 of them take about 80 min.", no_time);
    expect_stretch("--steps 10000", 10000, 1000.0, wanted);
    (void)snprintf(wanted, sizeof wanted, "%s: at the speed of this run 150000 of them take about 48 s.", no_time);
    expect_stretch("--steps 10000", 10000, 100000.0, wanted);
    /* a file keeps its batch, and its updates where they are more */
    (void)snprintf(wanted, sizeof wanted, "%s: at the speed of this run 200000 of them take about 80 min.", no_time);
    expect_stretch("--data d.csv --batch 12 --accumulate 2 --updates 200000", 10000, 1000.0, wanted);
}
END_TEST

/* ---- No advice ---- */

START_TEST(none_where_none_is_needed) {
    struct line line;
    struct rg_advice advice;
    const struct rg_config config = parse(&line, "--steps 100");
    const struct rg_outcome base = outcome_of(&config, RG_VANISHING);
    struct rg_outcome o = base;
    rg_advise(&o, &advice);
    ck_assert_ptr_nonnull(advice.row);
    o.loss = 0.0099;
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row); /* learned */
    o = base;
    o.ended = false;
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row); /* interrupted */
    o = base;
    o.reached = true;
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row); /* at its own target */
    o = base;
    o.last = 0;
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row); /* sequences of one step */
    o = base;
    o.baseline = 0.0;
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row); /* equal targets */
    o = base;
    o.updates = 0;
    o.loss = NAN;
    rg_advise(&o, &advice);
    ck_assert_ptr_nonnull(advice.row); /* untrained, and vanishing */
    o.verdict = RG_STABLE;
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row); /* untrained, and arriving: it wants training */
    o.has_verdict = false;
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row); /* --diagnose none */
    o.diverged = true;
    o.applied = 5;
    rg_advise(&o, &advice);
    ck_assert_str_eq(advice.row->name, "diverged");
    o.applied = 0; /* the first loss was not finite: no recipe changes that */
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row);
    char text[RG_ADVICE_TEXT] = "x";
    advice.row = NULL;
    rg_advice_text(&advice, text, sizeof text);
    ck_assert_str_eq(text, "");
}
END_TEST

/* The reason names the loss that the run had to reach. A run below the loss that the recipe reached where it was
 * measured has no use for the recipe, unless that loss is the baseline of its own data. */
START_TEST(what_the_run_had_to_reach) {
    static const struct {
        const char *line;
        enum rg_loss kind;
        double baseline, loss;
        const char *why; /* NULL: no advice */
    } cases[] = {
        {"--task multiplication --steps 20 --cell irnn --batch 32 --lr 0.002 --updates 1000", RG_LOSS_MSE, 0.05, 0.0055,
         NULL},
        {"--task multiplication --steps 20 --cell irnn --batch 32 --lr 0.002 --updates 1000", RG_LOSS_MSE, 0.05, 0.0099,
         NULL},
        {"--task multiplication --steps 20 --cell irnn --batch 32 --lr 0.002 --updates 1000", RG_LOSS_MSE, 0.05, 0.0101,
         "This run was the measured recipe of an irnn, and its loss is not below 0.003; gates are the next remedy."},
        {"--task multiplication --steps 20 --cell irnn", RG_LOSS_MSE, 0.05, 0.0055, NULL},
        {"--steps 20 --cell gru --init chrono:20 --batch 32 --lr 0.01 --updates 1000", RG_LOSS_MSE, 1.0 / 6.0, 0.02,
         "This run was the measured recipe of these gates, and its loss is not below 0.01; a smaller rate for longer "
         "is steadier."},
        {"--task temporal-order --steps 20 --cell irnn --batch 32 --lr 0.001 --updates 2000", RG_LOSS_CE, 2.0, 1.5,
         "This run was the measured recipe of an irnn, and its loss is not below 1; gates are the next remedy."},
        {"--data d.csv", RG_LOSS_MSE, 0.008, 0.0079,
         "The identity matrix with ReLU passes the gradient of an active unit on as it is."},
        {"--data d.csv", RG_LOSS_MSE, 0.008, 0.007, NULL},
    };
    struct line line;
    struct rg_advice advice;
    test_case("%s, loss %g", cases[_i].line, cases[_i].loss);
    const struct rg_config config = parse(&line, cases[_i].line);
    struct rg_outcome o = outcome_of(&config, RG_VANISHING);
    o.loss_kind = cases[_i].kind;
    o.baseline = cases[_i].baseline;
    o.loss = cases[_i].loss;
    rg_advise(&o, &advice);
    ck_assert_str_eq(advice.row ? advice.why : "none", cases[_i].why ? cases[_i].why : "none");
}
END_TEST

START_TEST(a_file_keeps_its_batch_and_its_progress) {
    struct line line;
    struct rg_advice advice;
    const struct rg_config config = parse(&line, "--data d.csv --batch 70 --updates 9000 --cell gru");
    struct rg_outcome o = outcome_of(&config, RG_VANISHING);
    o.loss_kind = RG_LOSS_CE;
    rg_advise(&o, &advice);
    const struct rg_config after = parse(&line, advice.command + 10);
    ck_assert(after.data.batch == 70 && after.training.updates == 9000 && strcmp(after.data.file, "d.csv") == 0);
    o.loss = 0.8 * o.baseline;
    rg_advise(&o, &advice);
    ck_assert_ptr_nonnull(advice.row); /* the gradient does not arrive */
    o.verdict = RG_STABLE;
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row); /* it arrives, and the loss falls */
    o.loss = o.baseline;
    rg_advise(&o, &advice);
    ck_assert_str_eq(advice.row->name, "gates-arriving");
}
END_TEST

/* Which part of the baseline a file's loss may be, by the verdict and the loss, before a run needs advice. A task's
 * loss has to be learned. */
START_TEST(progress_that_needs_no_advice) {
    static const enum rg_verdict_word arriving[] = {RG_STABLE, RG_SENSITIVE, RG_FADING, RG_MIXED},
                                      lost[] = {RG_VANISHING, RG_EXPLODING};
    static const struct {
        double part;
        bool arriving, lost, task; /* is there advice? */
    } cases[] = {{0.30, false, false, true}, {0.49, false, false, true}, {0.50, false, true, true},
                 {0.51, false, true, true},  {0.89, false, true, true},  {0.90, true, true, true},
                 {0.91, true, true, true},   {1.00, true, true, true}};
    struct line line;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t v = 0; v < 6; v++) {
            const enum rg_verdict_word verdict = v < 4 ? arriving[v] : lost[v - 4];
            for (int is_file = 0; is_file < 2; is_file++) {
                struct rg_advice advice;
                const struct rg_config config = parse(&line, is_file ? "--data d.csv" : "--task adding");
                struct rg_outcome o = outcome_of(&config, verdict);
                o.baseline = 2.0; /* a binary fraction of it is exact */
                o.loss = cases[i].part * o.baseline;
                rg_advise(&o, &advice);
                const bool wanted = !is_file ? cases[i].task : v < 4 ? cases[i].arriving : cases[i].lost;
                ck_assert_msg((advice.row != NULL) == wanted, "%s, %s, %g of the baseline: %s",
                              is_file ? "a file" : "a task", rg_verdict_names[verdict], cases[i].part,
                              advice.row ? advice.row->name : "no advice");
            }
        }
    }
}
END_TEST

/* ---- The page ---- */

static char *read_page(const char *path) {
    FILE *const file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    char *const text = calloc(100000, 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_lt(fread(text, 1, 99999, file), 99999);
    (void)fclose(file);
    return text;
}

static void expect_on_page(const char *page, const struct rg_recipe *r, const struct rg_recipe_length *m) {
    char line[400], chrono[40] = "";
    if (r->chrono) {
        (void)snprintf(chrono, sizeof chrono, " --init chrono:%zu", m->steps);
    }
    (void)snprintf(
        line, sizeof line,
        "\n| %s | %s | %zu | %g | `--cell %s%s --batch %zu --lr %g --updates %zu` | %u of %d | %zu | %g s |\n", r->name,
        r->task, m->steps, r->target, r->cell, chrono, m->batch, m->lr, m->updates, m->learned, RG_RECIPE_SEEDS,
        m->reached, m->seconds);
    ck_assert_msg(strstr(page, line) != NULL, "not in docs/remedies.md: %s", line);
}

/* docs/remedies.md has the table's rows and numbers, and at least two of three seeds learned. */
START_TEST(the_page_has_the_table) {
    char *const page = read_page(RG_SOURCE_DIR "/docs/remedies.md");
    for (size_t i = 0; i < rg_n_advice_rows + RG_N_ADVICE_SAME; i++) {
        const char *const name =
            i < rg_n_advice_rows ? rg_advice_rows[i].name : rg_advice_same[i - rg_n_advice_rows].name;
        char cell[64];
        (void)snprintf(cell, sizeof cell, "\n| %s | ", name);
        ck_assert_msg(strstr(page, cell) != NULL, "%s is not in docs/remedies.md", name);
    }
    for (int choice = RG_RECIPE_IRNN; choice <= RG_RECIPE_LONGER; choice++) {
        for (int i = 0; i < RG_N_ADVICE_MODELS * RG_N_ADVICE_KINDS; i++) {
            const struct rg_recipe *const r =
                rg_recipe_of((enum rg_recipe_choice)choice, (enum rg_advice_model)(i / RG_N_ADVICE_KINDS),
                             (enum rg_advice_kind)(i % RG_N_ADVICE_KINDS));
            for (size_t k = 0; k < RG_RECIPE_LENGTHS; k++) {
                expect_on_page(page, r, &r->at[k]);
                ck_assert_msg(r->at[k].learned >= 2, "%s at %zu steps", r->name, r->at[k].steps);
            }
        }
    }
    free(page);
}
END_TEST

/* ---- The command's words ---- */

START_TEST(words_of_the_command) {
    static const char irnn[] = " --cell irnn --batch 32 --lr 0.001 --updates 2000";
    char wanted[LINE_BYTES];
    (void)snprintf(wanted, sizeof wanted, "./rnn-gpu --steps 100 --hidden=3%s", irnn);
    expect("--steps 100 --cell=rnn --activation tanh --hidden=3", RG_VANISHING, wanted);
    (void)snprintf(wanted, sizeof wanted, "./rnn-gpu --threads 2%s", irnn);
    expect("--overwrite -q --updates 0 --json -q --quiet --threads 2", RG_VANISHING, wanted);
    expect("--freeze rnn.* --threads 2", RG_VANISHING, wanted);
    expect("--skip-kind learned --skip-budget=1e-4 --threads 2", RG_VANISHING, wanted);
    expect("--batch 4096 --optimizer sgd --lr 0.5 --clip-value 0.1 --schedule cosine --warmup 4 --threads 2",
           RG_EXPLODING, wanted);
}
END_TEST

/* Options that do not contradict the recipe stay, files that the run wrote with the next number. A limit of time that
 * ended the run does not stay. */
START_TEST(what_the_user_asked_for_stays) {
    static const char *const kept[] = {"--data d.csv --val-frac 0.2 --patience 5 --val-every 10 --normalize",
                                       "--data d.csv --val v.csv --test t.csv --class-weights balanced --fill zero",
                                       "--task adding --target-loss 0.001 --max-time 5m --nonfinite stop --lag-every 7",
                                       "--layers 2 --bidirectional --dropout 0.1 --precision double --verbose"};
    static const char *const names[][2] = {{"--out m --save-every 5", "--out m-2 --save-every 5"},
                                           {"--out m-2/", "--out m-3/"},
                                           {"--out=runs/m-99 --report=r.html", "--out=runs/m-100 --report=r-2.html"},
                                           {"--plot a.b/p --log -2.jsonl", "--plot a.b/p-2 --log -2-2.jsonl"},
                                           {"--tensorboard b.c --log .l", "--tensorboard b.c-2 --log .l-2"},
                                           {"--out m-2026 --log l-0.jsonl", "--out m-2026-2 --log l-1.jsonl"}};
    static const char recipe[] = "--cell irnn --batch 32 --lr 0.001 --updates 2000",
                      of_file[] = "--cell irnn --lr 0.001 --updates 2000";
    char wanted[LINE_BYTES];
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        (void)snprintf(wanted, sizeof wanted, "./rnn-gpu %s %s", kept[i], i < 2 ? of_file : recipe);
        expect(kept[i], RG_VANISHING, wanted);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(wanted, sizeof wanted, "./rnn-gpu %s %s", names[i][1], recipe);
        expect(names[i][0], RG_VANISHING, wanted);
    }
    struct line line;
    struct rg_advice advice;
    const struct rg_config config = parse(&line, "--max-time 5s --threads 2");
    struct rg_outcome o = outcome_of(&config, RG_VANISHING);
    o.timed = true;
    rg_advise(&o, &advice);
    (void)snprintf(wanted, sizeof wanted, "./rnn-gpu --threads 2 %s", recipe);
    ck_assert_str_eq(advice.command, wanted);
}
END_TEST

START_TEST(words_for_a_shell) {
    struct rg_config config = rg_config_default();
    char *words[] = {"rnn-gpu", "train", "--data", "a b's.csv"};
    struct rg_advice advice;
    config.arguments = words;
    config.n_arguments = 4;
    config.data.file = words[3];
    const struct rg_outcome o = outcome_of(&config, RG_VANISHING);
    rg_advise(&o, &advice);
    ck_assert_str_eq(advice.command, "./rnn-gpu train --data 'a b'\\''s.csv' --cell irnn --lr 0.001 --updates 2000");
    char longest[2 * RG_ADVICE_BYTES];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    words[3] = longest;
    rg_advise(&o, &advice);
    ck_assert(advice.row == NULL && advice.command[0] == '\0');
    words[3] = "'''''";
    config.n_arguments = 1;
    config.data.file = NULL;
    rg_advise(&o, &advice);
    ck_assert_str_eq(advice.command, "./rnn-gpu --cell irnn --batch 32 --lr 0.001 --updates 2000");
    config.n_arguments = 0;
    rg_advise(&o, &advice);
    ck_assert_ptr_null(advice.row);
}
END_TEST
TEST_MAIN("advice") {
    TCase *const advice = add_tests(suite, "advice");
    tcase_add_test(advice, what_the_user_asked_for_stays);
    tcase_add_test(advice, steps_are_those_of_the_sequences);
    tcase_add_test(advice, a_smaller_rate_is_no_remedy_for_an_explosion);
    tcase_add_test(advice, a_stretched_recipe_is_said);
    tcase_add_test(advice, colours_are_not_repeated);
    tcase_add_test(advice, a_frozen_run_was_not_the_recipe);
    tcase_add_test(advice, another_task_than_the_measured_one_is_said);
    tcase_add_test(advice, none_where_none_is_needed);
    tcase_add_loop_test(advice, what_the_run_had_to_reach, 0, 8);
    tcase_add_test(advice, a_file_keeps_its_batch_and_its_progress);
    tcase_add_test(advice, progress_that_needs_no_advice);
    tcase_add_test(advice, the_page_has_the_table);
    tcase_add_test(advice, words_of_the_command);
    tcase_add_test(advice, words_for_a_shell);
}
