/* Tables, lines and objects of many runs, of scores and of inputs, word by word, against tests/expected/tables.txt;
 * from made-up numbers. */
#define _GNU_SOURCE
#include <math.h>

#include "base/clock.h"
#include "cli/report/columns.h"
#include "cli/report/comparison_held_out.h"
#include "cli/report/input_text.h"
#include "cli/report/lines.h"
#include "cli/report/live_line.h"
#include "cli/report/measuring.h"
#include "cli/report/metrics_text.h"
#include "cli/report/probe_text.h"
#include "cli/report/progress.h"
#include "cli/report/rate_chart.h"
#include "failing_memory.h"
#include "shown.h"
#include "suite.h"
#include "train/diagnosis.h"

static struct text seen; /* of all cases, in order */

/* ---- Columns ---- */

static void print_columns(const void *with) {
    const struct rg_columns_options *const options = with;
    struct rg_columns t;
    ck_assert_int_eq(rg_columns_create(options, &t), RG_OK);
    rg_columns_begin(&t);
    for (size_t row = 0; row < options->rows; row++) {
        for (size_t i = 0; i < options->n; i++) {
            rg_columns_cell(&t, i == 1 ? "\033[31m" : "", i == 1 ? "größe %zu" : "%zu", row * 1000 + i);
        }
    }
    rg_columns_cell(&t, "", "one too many");
    ck_assert_int_eq(rg_columns_end(&t), RG_OK);
    rg_columns_explain(&t, "=", "tied");
    rg_columns_release(&t);
}

START_TEST(columns) {
    static const char same[] = "two of them share this line, which is long enough to be broken at the end of it";
    static const struct rg_column heads[] = {{.head = "a", .left = true},
                                             {.head = "bé", .left = true, .width = 12},
                                             {.head = "c", .width = 7, .meaning = same},
                                             {.head = "d is wide", .width = 3, .meaning = same},
                                             {.head = "e", .width = 5, .meaning = "something else"},
                                             {.head = "f", .left = true}};
    struct rg_columns_options options = {.columns = heads, .n = 6, .keys = 1, .rows = 2, .width = 80, .gap = 2};
    text_add_printed(&seen, "columns", print_columns, &options);
    for (options.width = 34; options.width <= 37; options.width++) {
        text_add_printed(&seen, "narrow columns", print_columns, &options);
    }
    options.width = 10;
    options.color = true;
    text_add_printed(&seen, "one column at a time", print_columns, &options);
    options.live = true;
    options.width = 40;
    options.keys = 2;
    text_add_printed(&seen, "live columns", print_columns, &options);
    options.n = 2;
    options.keys = 0;
    text_add_printed(&seen, "live, all in one part", print_columns, &options);
}
END_TEST

/* ---- A comparison ---- */

enum { ROWS = 5, SEEDS = 3 };
static struct rg_summary runs[ROWS][SEEDS];
static struct rg_comparison_row rows[ROWS];
static struct rg_comparison comparison;
static size_t order[ROWS], n_ranked;

static void make_comparison(size_t seeds) {
    static const char *const remedies[] = {"tanh", "lstm", "a long remedy", "gru", "relu"};
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = (struct rg_comparison_row){
            .remedy = remedies[i], .with = i % 2 ? "clip" : "plain", .n_runs = seeds, .runs = runs[i]};
        rows[i].config.training.lr = 0.001 * (double)(i + 1);
        rows[i].config.compare.seeds = i == 1 ? 2 : SEEDS;
        for (size_t k = 0; k < SEEDS; k++) {
            struct rg_summary *const s = &runs[i][k];
            rg_summary_init(s, 10);
            s->task = "adding";
            s->loss_kind = i == 9 ? RG_LOSS_CE : RG_LOSS_MSE;
            s->baseline = s->score_baseline = 1.0 / 6.0;
            s->steps = 50;
            s->updates = 100 * (i + 1);
            s->sequences_per_s = 1234.5;
            s->clip_rate = 0.125;
            s->median_loss = s->loss =
                i == 4 ? (double)INFINITY : (i == 3 ? 0.0021 : 0.002 * (double)(i + 1)) + 0.0001 * (double)k;
            s->reason = i == 4 ? RG_REASON_DIVERGED : i == 2 ? RG_REASON_TIME : RG_REASON_DONE;
            s->measured = i != 4 && i != 2;
            s->verdict = i == 0 ? RG_STABLE : RG_VANISHING;
            s->long_share = i == 0 ? -0.0004 : i == 1 ? -0.0005 : 0.25;
            s->horizon = 17;
            s->factor = 0.875;
            s->held_out = seeds > 1 ? 8 : 0;
            s->val_loss = 0.5 * (double)(i + k);
            s->val_accuracy = i == 2 ? (double)NAN : 0.25 * (double)k;
            s->val_r2 = 0.9;
            s->test_loss = 0.25 + 0.5 * (double)(i * k);
            s->test_r2 = 0.125 * (double)k;
            s->val_best_loss = 0.25 * (double)(k + 4 - i);
            s->val_best_accuracy = i == 2 ? (double)NAN : 0.5 - 0.125 * (double)k;
            s->val_best_r2 = 0.75;
            s->val_best_update = 7 * k;
            s->config.training.seed = k + 1;
            s->config.data.fold = i == 1 ? k + 1 : 0;
        }
        ck_assert_int_eq(rg_comparison_end_row(&rows[i]), RG_OK);
    }
    comparison = (struct rg_comparison){.n_rows = ROWS, .rows = rows, .steps = 50};
    ck_assert_int_eq(rg_comparison_rank(&comparison, order, &n_ranked), RG_OK);
}

static void print_comparison(const void *with) {
    ck_assert_int_eq(rg_comparison_print(&comparison, order, n_ranked, with), RG_OK);
}

static void print_held_out(const void *with) {
    struct rg_fold_group *groups = NULL;
    ck_assert_int_eq(rg_comparison_groups(&comparison, order, n_ranked, RG_HELD_VALIDATION, &groups), RG_OK);
    ck_assert_int_eq(rg_comparison_print_held_out(&comparison, order, n_ranked, groups, with), RG_OK);
    rg_comparison_free_groups(groups, n_ranked);
}

START_TEST(a_comparison) {
    struct rg_look look = {.columns = 119};
    make_comparison(SEEDS);
    ck_assert_uint_eq(rg_comparison_runs(&comparison), 15);
    text_add_printed(&seen, "a comparison", print_comparison, &look);
    text_add_printed(&seen, "held out", print_held_out, &look);
    look.columns = 120;
    look.color = true;
    text_add_printed(&seen, "a wide comparison", print_comparison, &look);
    look.columns = 44;
    text_add_printed(&seen, "held out, narrow", print_held_out, &look);
    struct rg_own_table table = {.pointers = NULL};
    struct rg_fold_group *groups = NULL;
    ck_assert_int_eq(rg_comparison_groups(&comparison, order, n_ranked, RG_HELD_VALIDATION, &groups), RG_OK);
    text_add_table(&seen, "held out", rg_comparison_held_out(&comparison, order, n_ranked, groups, &table), &table);
    for (size_t i = 0; i < 3; i++) {
        json_t *object = json_object();
        rg_fold_json(&groups[i], &object);
        text_add_json(&seen, rows[order[i]].remedy, object);
    }
    const char *heads[RG_FOLD_RUN_COLUMNS + RG_FOLD_COLUMNS];
    for (int classes = 0; classes < 2; classes++) {
        rg_fold_run_heads(classes, heads);
        groups[0].scores.classes = classes;
        ck_assert_uint_eq(rg_fold_heads(&groups[0], heads + RG_FOLD_RUN_COLUMNS), RG_FOLD_COLUMNS);
        ck_assert_int_eq(rg_table_create(&table, "runs", heads, RG_FOLD_RUN_COLUMNS + RG_FOLD_COLUMNS, 2), RG_OK);
        for (size_t i = 0; i < 2; i++) {
            rg_fold_set_run(&table, i, 0, &runs[1 + i][2]);
            rg_fold_set(&table, i, RG_FOLD_RUN_COLUMNS, &groups[i]);
        }
        text_add_table(&seen, "runs and groups", RG_OK, &table);
    }
    rg_comparison_free_groups(groups, n_ranked);
    ck_assert_int_eq(rg_comparison_groups(&comparison, order, n_ranked, RG_HELD_TEST, &groups), RG_OK);
    char name[] = "class 1";
    ck_assert_int_eq(rg_table_create(&table, "copied heads", (const char *[]){name}, 1, 1), RG_OK);
    memset(name, 'x', sizeof name - 1);
    ck_assert_str_eq(table.table.heads[0], "class 1");
    rg_table_release(&table);
    text_add_table(&seen, "test data", rg_comparison_held_out(&comparison, order, n_ranked, groups, &table), &table);
    rg_comparison_free_groups(groups, n_ranked);
    make_comparison(1);
    text_add_printed(&seen, "one seed", print_comparison, &look);
}
END_TEST

static rg_status write_comparison(void) {
    struct rg_own_table table = {.pointers = NULL};
    struct rg_fold_group *groups = NULL;
    static const struct rg_look look = {.columns = 80};
    rg_status status = RG_OK;
    struct captured out = capture_begin(stdout);
    struct text text = {NULL, 0, 0};
    n_allocations = 0; /* the C library may have used some for the file */
    RG_TRY_GOTO(rg_comparison_print(&comparison, order, n_ranked, &look));
    RG_TRY_GOTO(rg_comparison_groups(&comparison, order, n_ranked, RG_HELD_VALIDATION, &groups));
    RG_TRY_GOTO(rg_comparison_print_held_out(&comparison, order, n_ranked, groups, &look));
    RG_TRY_GOTO(rg_comparison_held_out(&comparison, order, n_ranked, groups, &table));
cleanup:
    rg_comparison_free_groups(groups, n_ranked);
    rg_table_release(&table);
    capture_end(&out, &text);
    free(text.bytes);
    return status;
}

START_TEST(no_memory) {
    make_comparison(SEEDS);
    each_fails("a comparison", write_comparison, 20);
}
END_TEST

/* ---- Scores ---- */

struct scores {
    struct rg_metrics metrics;
    struct rg_metrics_names names;
};

static void print_scores(const void *with) {
    struct scores s = *(const struct scores *)with;
    char line[160], cut[10];
    rg_metrics_line(&s.metrics, line, sizeof line);
    rg_metrics_line(&s.metrics, cut, sizeof cut);
    (void)printf("%s (%s)\n", line, cut);
    rg_metrics_print(&s.metrics, &s.names);
}

static void all_scores(const char *name, struct scores *s) {
    text_add_printed(&seen, name, print_scores, s);
    text_add_json(&seen, name, rg_metrics_json(&s->metrics, &s->names));
}

START_TEST(scores) {
    enum { MANY = 21 };
    static char *names[MANY];
    static uint64_t confusion[MANY * MANY];
    static struct rg_metrics_value values[MANY];
    static struct rg_metrics_rank ranks[4] = {{0.1, false}, {0.4, false}, {0.35, true}, {0.8, true}};
    static char texts[MANY][40];
    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(texts[i], sizeof texts[i], i % 2 ? "name %zu" : "a much longer name %zu", i);
        names[i] = texts[i];
        values[i] = (struct rg_metrics_value){
            .mean = 0.5, .squares = 10.0 + (double)i, .errors = 1.0 + (double)i, .absolute = 2.0 + (double)i};
    }
    for (size_t i = 0; i < MANY * MANY; i++) {
        confusion[i] = i * 7 % 11;
    }
    struct scores s = {.metrics = {.loss_kind = RG_LOSS_BCE,
                                   .outputs = 1,
                                   .word_length = 1.0,
                                   .sequences = 4,
                                   .rows = 4,
                                   .decisions = 4,
                                   .right = 3,
                                   .loss_sum = 2.0,
                                   .n_classes = 2,
                                   .confusion = confusion,
                                   .ranks = ranks},
                       .names = {.classes = names}};
    all_scores("two classes", &s);
    s.metrics.ranks = NULL;
    s.metrics.loss_kind = RG_LOSS_CE;
    s.metrics.outputs = s.metrics.n_classes = 6;
    all_scores("six classes", &s);
    s.names.classes = NULL;
    s.metrics.outputs = s.metrics.n_classes = 7;
    all_scores("seven classes without names", &s);
    s.metrics.outputs = s.metrics.n_classes = 20;
    text_add_printed(&seen, "twenty classes", print_scores, &s);
    s.metrics.outputs = s.metrics.n_classes = MANY;
    text_add_printed(&seen, "21 classes", print_scores, &s);
    s.metrics.n_classes = 0;
    s.metrics.level = RG_LEVEL_CHAR;
    all_scores("characters", &s);
    s.metrics.level = RG_LEVEL_WORD;
    s.metrics.word_length = 5.0;
    all_scores("words", &s);
    s.metrics = (struct rg_metrics){.loss_kind = RG_LOSS_MSE,
                                    .outputs = 1,
                                    .sequences = 4,
                                    .rows = 4,
                                    .loss_sum = 2.0,
                                    .absolute_sum = 3.0,
                                    .values = values};
    s.names.outputs = names;
    all_scores("values", &s);
    s.metrics.outputs = 2;
    all_scores("two values", &s);
    s.metrics.outputs = 20;
    text_add_printed(&seen, "twenty values", print_scores, &s);
    s.metrics.outputs = MANY;
    text_add_printed(&seen, "21 values", print_scores, &s);
    s.names.outputs = NULL;
    all_scores("values without names", &s);
}
END_TEST

START_TEST(names_of_scores) {
    static char *classes[] = {"a", "b"}, *targets[] = {"c", "d"}, *features[] = {"e", "f"};
    struct rg_model model = {.classes = classes, .targets = targets, .features = features, .n_targets = 2};
    ck_assert(rg_metrics_names(&model).classes == classes && rg_metrics_names(&model).outputs == targets);
    model.n_targets = 1;
    ck_assert_ptr_null(rg_metrics_names(&model).outputs);
    model.windows.forecast = 1;
    ck_assert(rg_metrics_names(&model).outputs == features);
}
END_TEST

/* ---- Inputs and probes ---- */

static void print_inputs(const void *with) {
    rg_input_text_print(with);
}

static void print_probes(const void *with) {
    rg_probe_text_print(with);
}

START_TEST(inputs) {
    enum { LAGS = 300 };
    static double sequences[LAGS], norms[4][LAGS];
    struct rg_input_lags lags = {.steps = LAGS, .lags = LAGS, .rows = 2, .sequences = sequences};
    for (size_t lag = 0; lag < LAGS; lag++) {
        sequences[lag] = lag < 290 ? 2.0 : 0.0;
        for (size_t i = 0; i < 4; i++) {
            norms[i][lag] = i == 3 && lag > 0 ? -INFINITY : 1.0 - 0.125 * (double)(i + 1) * (double)lag;
        }
    }
    for (int kind = 0; kind < RG_INPUT_KINDS; kind++) {
        lags.of[kind] = (struct rg_input_norms){
            .vectors = 4, .exact = kind == 0, .log10_rms = norms[2 * kind], .log10_median = norms[2 * kind + 1]};
    }
    lags.lack = RG_INPUT_WHOLE;
    text_add_printed(&seen, "inputs", print_inputs, &lags);
    text_add_json(&seen, "inputs", rg_input_text_json(&lags));
    lags.rows = 1;
    lags.lags = lags.steps = 1;
    text_add_printed(&seen, "one step of one sequence", print_inputs, &lags);
    text_add_json(&seen, "one step of one sequence", rg_input_text_json(&lags));
    lags.lags = 3;
    sequences[1] = sequences[2] = 0.0;
    text_add_printed(&seen, "two lags that no sequence has", print_inputs, &lags);
    lags.lack = RG_INPUT_LARGE;
    text_add_printed(&seen, "too large", print_inputs, &lags);
    text_add_json(&seen, "too large", rg_input_text_json(&lags));
    lags.lack = RG_INPUT_INTERRUPTED;
    text_add_printed(&seen, "interrupted", print_inputs, &lags);
}
END_TEST

static void add_heat(const char *name, const struct rg_probe_map *map) {
    struct rg_plot plot = {.n_series = 0};
    ck_assert_int_eq(rg_figure_probes(map, &plot), RG_OK);
    text_add(&seen, "======== %s: %s; %s %g to %g%s; %s %g to %g%s; %zu x %zu\n", name, plot.title, plot.x.label,
             plot.x.low, plot.x.high, plot.x.whole ? ", whole" : "", plot.y.label, plot.y.low, plot.y.high,
             plot.y.whole ? ", whole" : "", plot.heat.rows, plot.heat.columns);
    for (size_t i = 0; i < plot.y.own.n; i++) {
        text_add(&seen, "row at %g: step %s\n", plot.y.own.at[i], plot.y.own.text[i]);
    }
    for (size_t i = 0; i < plot.heat.rows * plot.heat.columns; i++) {
        text_add(&seen, "%g%s", plot.heat.values[i], (i + 1) % plot.heat.columns ? " " : "\n");
    }
    rg_plot_clear(&plot);
}

START_TEST(probes) {
    enum { STEPS = 100, PROBES = 70 };
    static double norms[4 * PROBES * STEPS];
    static struct rg_probe_map map;
    for (size_t i = 0; i < sizeof norms / sizeof *norms; i++) {
        norms[i] = i % 17 == 0 ? -INFINITY : -0.01 * (double)(i * 7 % 1009);
    }
    map = (struct rg_probe_map){.steps = STEPS, .rows = 8, .layers = 1, .directions = 1, .log10_norm = norms};
    text_add_printed(&seen, "no probes", print_probes, &map);
    text_add_json(&seen, "no probes", rg_probe_text_json(&map));
    add_heat("no probes", &map);
    map.probes = (struct rg_probe_list){.n = 1, .steps = {1}};
    map.rows = 1;
    text_add_printed(&seen, "one probe", print_probes, &map);
    map.probes = (struct rg_probe_list){.n = 3, .steps = {2, 5, 7}};
    map.steps = 7;
    map.layers = map.directions = 2;
    text_add_printed(&seen, "three probes", print_probes, &map);
    text_add_json(&seen, "three probes", rg_probe_text_json(&map));
    add_heat("three probes", &map);
    map.layers = map.directions = 1;
    for (map.probes.n = 0; map.probes.n < 16; map.probes.n++) {
        map.probes.steps[map.probes.n] = map.probes.n + 3;
    }
    map.steps = 20;
    text_add_printed(&seen, "16 probes", print_probes, &map);
    map.steps = STEPS;
    for (map.probes.n = 0; map.probes.n < PROBES; map.probes.n++) {
        map.probes.steps[map.probes.n] = map.probes.n + 31;
    }
    text_add_printed(&seen, "many probes", print_probes, &map);
    add_heat("many probes", &map);
}
END_TEST

START_TEST(rates) {
    static const struct rg_rate_test rate = {.n = 3,
                                             .rates = {1e-7, 1e-3, 10.0},
                                             .losses = {1.0, 0.5, NAN},
                                             .smoothed = {1.0, 0.75, 2.0},
                                             .lowest = 1,
                                             .rate = 1e-3};
    text_add_json(&seen, "a test of rates", rg_rate_test_json(&rate));
}
END_TEST

/* ---- Lines ---- */

START_TEST(live_lines) {
    static double norms[4] = {0.0, -1.0, -2.0, -INFINITY}, shares[4] = {0.5, 0.25, 0.15, 0.1};
    const struct rg_history_matrix matrix = {"rnn.weight_hh_l0", 0, 0};
    const struct rg_lag_values values = {norms, shares, shares};
    struct rg_history *h = NULL;
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    ck_assert_int_eq(rg_history_set_matrices(h, 4, &matrix, 1), RG_OK);
    ck_assert_int_eq(rg_history_add_lags(h, 1, &values), RG_OK);
    const struct rg_update update = {.update = 12, .loss = 0.125, .grad_norm = -2.5};
    const struct rg_live live = {.baseline = 0.25, .held_out = 0.5, .clip_rate = 0.5};
    struct rg_live_facts facts = {.update = &update,
                                  .live = &live,
                                  .total = 100,
                                  .rate = "999",
                                  .left = "3 s",
                                  .history = h,
                                  .heat = true,
                                  .unicode = true};
    char line[RG_LIVE_LINE_BYTES];
    text_add(&seen, "======== live lines\n");
    for (facts.columns = 150; facts.columns <= 150; facts.columns -= facts.columns > 40 ? 3 : 1) {
        rg_live_line(&facts, line);
        text_add(&seen, "%zu: %s\n", facts.columns, line);
    }
    const struct rg_live none = {.baseline = NAN, .held_out = NAN};
    facts = (struct rg_live_facts){
        .update = &update, .live = &none, .total = 100, .rate = "999", .left = "3 s", .columns = 200, .heat = true};
    rg_live_line(&facts, line);
    text_add(&seen, "%s\n", line);
    rg_history_destroy(h);
}
END_TEST

static void print_lines(const void *with) {
    const char *const text = with;
    for (size_t width = 1; width <= 24; width += 4) {
        rg_lines_format(stdout, width, 3, "%s", text);
    }
    rg_lines_print(&(struct rg_paragraph){.out = stdout, .width = 9, .hang = 2, .head = 12, .color = "\033[1m"}, text);
    rg_lines_print(&(struct rg_paragraph){.out = stdout, .width = 9, .hang = 2, .head = 0, .color = "\033[1m"}, text);
    rg_lines_print(&(struct rg_paragraph){.out = stdout, .width = 9, .head = 5, .color = ""}, text);
}

START_TEST(lines) {
    text_add_printed(&seen, "words", print_lines, "größte Länge  of a line,\nthen another-very-long-word end ");
    text_add_printed(&seen, "a number and its unit", print_lines, "within 10 % or 5 %, 3 %");
    text_add_printed(&seen, "nothing", print_lines, "");
}
END_TEST

/* ---- Progress of many runs ---- */

/* Time that has passed is made up by when it began. */
static void print_progress(const void *with) {
    struct rg_config config = *(const struct rg_config *)with;
    struct rg_progress p;
    rg_progress_init(&p, &config, 4.0);
    ck_assert(p.total == 4.0 && p.done == 0.0 && p.begin > 0.0 && p.run_begin == p.begin && !p.live);
    p.begin -= 10.0;
    rg_progress_run(&p, "1/4 lstm", 1.0, "loss 0.5");
    ck_assert(p.run_begin > p.begin + 9.0);
    p.begin -= 90.0;
    rg_progress_part(&p, 1.0);
    rg_progress_run(&p, "3/4 gru", 1.0, "loss 0.25");
    p.begin -= 1000.0;
    p.done = 2.0;
    rg_progress_run(&p, "3/4 again", 1.0, "loss 0.25");
    rg_progress_run(&p, "4/4 rnn", 1.0, "loss 0.125");
    rg_progress_count(&p, 2); /* only on a terminal */
    rg_progress_update(&p, "rnn", 1.0, &(struct rg_update){.update = 3, .loss = 0.5}, 10);
    p.live = true;
    rg_progress_count(&p, 2);
    p.begin = rg_seconds() - 99.2;
    rg_progress_count(&p, 2);
    rg_progress_count(&p, 4); /* no run is left */
    p.done = 0.0;
    p.begin = rg_seconds() - 30.0;
    rg_progress_update(&p, "rnn", 1.0, &(struct rg_update){.update = 3, .loss = 0.5}, 6);
    rg_progress_update(&p, "too soon", 1.0, &(struct rg_update){.update = 3, .loss = 0.5}, 6);
    p.last = 0.0;
    p.max_time = 10.0;
    p.run_begin = rg_seconds() - 7.5;
    rg_progress_update(&p, "by time", 2.0, &(struct rg_update){.update = 3, .loss = 0.5}, 6);
    p.last = 0.0;
    p.run_begin = rg_seconds() - 75.0;
    rg_progress_update(&p, "time is over", 2.0, &(struct rg_update){.update = 3, .loss = 0.5}, 6);
    p.last = 0.0;
    p.max_time = 0.0;
    rg_progress_update(&p, "none", 1.0, &(struct rg_update){.update = 0, .loss = 0.5}, 6);
}

static void print_measuring(const void *with) {
    const struct rg_config *const config = with;
    struct rg_measuring m;
    struct rg_watch watch = rg_measuring_begin(&m, config, 0.0);
    ck_assert(m.silent == (config->output.quiet || config->output.json) && !m.live && !m.late);
    ck_assert(watch.before == 0.0 && watch.span == 1.0);
    ck_assert(watch.go_on(watch.self, 0.5)); /* too soon for a line */
    m.last = 0.0;
    m.begin = rg_seconds() - 1.9;
    ck_assert(watch.go_on(watch.self, 0.5));
    m.begin = rg_seconds() - 30.0;
    ck_assert(watch.go_on(watch.self, 0.05));
    ck_assert(watch.go_on(watch.self, 0.5)); /* ten seconds after the line before */
    m.last = rg_seconds() - 10.5;
    ck_assert(watch.go_on(watch.self, 0.75));
    m.live = true;
    m.last = rg_seconds() - 0.2;
    ck_assert(watch.go_on(watch.self, 0.6));
    rg_measuring_end();
}

START_TEST(progress) {
    struct rg_config config = rg_config_default();
    text_add_printed(&seen, "many runs", print_progress, &config);
    text_add_printed(&seen, "the last measurement", print_measuring, &config);
    config.output.quiet = true;
    text_add_printed(&seen, "many runs, quiet", print_progress, &config);
    config.output.quiet = false;
    config.output.json = true;
    text_add_printed(&seen, "the last measurement beside JSON", print_measuring, &config);
    check_expected("tables.txt", seen.bytes);
    free(seen.bytes);
}
END_TEST

/* The measurement ends when its time is up: six tenths of it for the profile, all of it for the causes, and at least
 * half of that since the first call. */
START_TEST(time_is_up) {
    struct rg_config config = rg_config_default();
    static const struct {
        double since_begin, since_first, part;
        bool goes_on;
    } cases[] = {{59.0, 59.0, 0.1, true},  {61.0, 61.0, 0.1, false},  {61.0, 29.0, 0.1, true},
                 {61.0, 31.0, 0.1, false}, {99.0, 99.0, 0.7, true},   {101.0, 99.0, 0.7, false},
                 {101.0, 49.0, 0.7, true}, {101.0, 51.0, 0.6, false}, {99.0, 99.0, 0.59, false}};
    config.output.quiet = true;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_measuring m;
        struct rg_watch watch = rg_measuring_begin(&m, &config, 100.0);
        test_case("case %zu", i);
        m.begin = rg_seconds() - cases[i].since_begin;
        m.first = rg_seconds() - cases[i].since_first;
        ck_assert(watch.go_on(watch.self, cases[i].part) == cases[i].goes_on);
        ck_assert(m.late == !cases[i].goes_on);
        m.max = 0.0;
        ck_assert(watch.go_on(watch.self, cases[i].part));
    }
}
END_TEST

TEST_MAIN("tables") {
    TCase *const tests = add_tests(suite, "tables");
    tcase_add_test(tests, columns);
    tcase_add_test(tests, a_comparison);
    tcase_add_test(tests, no_memory);
    tcase_add_test(tests, scores);
    tcase_add_test(tests, names_of_scores);
    tcase_add_test(tests, inputs);
    tcase_add_test(tests, probes);
    tcase_add_test(tests, rates);
    tcase_add_test(tests, live_lines);
    tcase_add_test(tests, lines);
    tcase_add_test(tests, progress);
    tcase_add_test(tests, time_is_up);
}
