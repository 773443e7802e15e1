/* The screen of a training run, word by word, against tests/expected/screen.txt: what is printed before, during and
 * after it, from made-up runs. What it says of the gradient is in test_gradient_text.c. */
#define _GNU_SOURCE
#include <math.h>

#include "base/clock.h"
#include "cli/report/measuring.h"
#include "cli/report/progress.h"
#include "cli/report/rate_chart.h"
#include "cli/report/screen.h"
#include "cli/report/spark.h"
#include "ranks/ranks.h"
#include "shown.h"
#include "started_model.h"
#include "train/diagnosis.h"
#include "train/rate_test.h"

static struct text seen; /* of all cases, in order */

/* ---- The model in a line ---- */

START_TEST(models) {
    static const struct rg_shape shapes[] = {
        {.cell = RG_CELL_RNN, .activation = RG_ACT_RELU},
        {.cell = RG_CELL_LSTM, .layers = 2, .bidirectional = true},
        {.cell = RG_CELL_GRU, .readout = RG_READOUT_MEAN, .skip = 3, .skip_kind = RG_SKIP_ADD},
        {.cell = RG_CELL_RNN, .skip = 1, .skip_kind = RG_SKIP_LEARNED, .words = 50},
        {.cell = RG_CELL_RNN, .skip = 2, .skip_kind = RG_SKIP_DILATED, .hidden = 40},
        {.cell = RG_CELL_LSTM, .bidirectional = true, .target = RG_TARGET_STEPS, .hidden = 700},
    };
    text_add(&seen, "======== models\n");
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct rg_shape shape = shapes[i];
        shape.layers = shape.layers ? shape.layers : 1;
        shape.hidden = shape.hidden ? shape.hidden : 5;
        shape.inputs = 2;
        shape.outputs = 3;
        shape.loss = RG_LOSS_MSE;
        struct rg_model *const model = create(&shape);
        char text[200], cut[12];
        rg_screen_model_text(model, text, sizeof text);
        rg_screen_model_text(model, cut, sizeof cut);
        text_add(&seen, "%s (%s)\n", text, cut);
        rg_model_destroy(model);
    }
}
END_TEST

/* ---- The opening ---- */

struct opening {
    struct rg_screen screen;
    struct rg_config config;
    struct rg_device device;
    struct rg_plan plan;
    struct rg_problem problem;
    struct rg_dataset training, validation, test;
    struct rg_run_data data;
    struct rg_rate_test rate;
    struct rg_run_facts facts;
};

static void print_opening(const void *with) {
    const struct opening *const o = with;
    struct rg_run_facts facts = o->facts;
    const struct rg_config *const ran = &o->config;
    struct rg_settings settings;
    ck_assert_int_eq(rg_settings_create("train", ran, &ran, 1, &settings), RG_OK);
    facts.settings = &settings;
    rg_screen_opening(&o->screen, &facts);
    rg_settings_release(&settings);
}

static void begin(struct opening *o, const struct rg_model *model) {
    *o = (struct opening){
        .config = rg_config_default(),
        .plan = {.shards = 1, .batch = 64, .chunk = 64, .n_segments = 1, .total_bytes = 1572864},
        .problem = {.name = "adding",
                    .steps = 50,
                    .data_steps = 50,
                    .outputs = 1,
                    .n_targets = 1,
                    .loss = RG_LOSS_MSE,
                    .baseline = 1.0 / 6.0},
        .device.info = {
            .name = "A processor", .backend = "native", .version = "AVX2", .units = 1, .real_bytes = sizeof(float)}};
    o->screen = (struct rg_screen){.config = &o->config, .baseline = NAN, .held_out = NAN, .look = {.columns = 80}};
    o->facts = (struct rg_run_facts){.config = &o->config,
                                     .model = model,
                                     .problem = &o->problem,
                                     .device = &o->device,
                                     .plan = &o->plan,
                                     .updates_used = NAN};
    o->config.training.updates = 1234567;
    rg_config_set_given(&o->config, "updates", true);
}

START_TEST(openings) {
    static struct opening o;
    static char *columns[] = {"a", "b", "a name of more than twenty-five", "d", "e", "f", "g", "h", "i", "last"};
    static char *targets[] = {"height", "weight"}, *classes[] = {"no", "yes"};
    static float labels[] = {0.0F, 1.0F, 1.0F};
    static double weights[] = {1.5, 0.75};
    struct rg_shape shape = shape_of(RG_CELL_RNN, 2, 4, 1);
    struct rg_model *const model = create(&shape);

    begin(&o, model);
    text_add_printed(&seen, "a task", print_opening, &o);

    o.config.training.lr = NAN;
    o.config.training.clip_norm = 0.0;
    o.config.training.accumulate = 3;
    o.config.training.optimizer = RG_OPT_SGD;
    o.config.training.weight_decay = 0.01;
    o.config.training.val_every = 7;
    o.config.data.batch = 1;
    o.config.data.model_file = "m.safetensors";
    o.config.training.freeze = "head.*";
    o.config.model.hidden = 99;
    o.config.output.verbose = true;
    o.problem.data_steps = 60;
    o.plan.shards = 3;
    o.plan.chunk = 1;
    o.plan.n_segments = 2;
    o.plan.segment_steps = 1;
    o.device.info.units = 2;
    o.device.info.real_bytes = sizeof(double);
    (void)snprintf(o.device.info.version, sizeof o.device.info.version, "a driver of 2026");
    (void)snprintf(o.device.info.choice, sizeof o.device.info.choice, "it took 3 ms, the other 4");
    o.config.machine.mixed = true;
    o.rate = (struct rg_rate_test){.n = 4,
                                   .rates = {1e-7, 1e-4, 1e-2, 1.0},
                                   .smoothed = {0.5, 0.25, 0.125, 2.0},
                                   .lowest = 2,
                                   .steepest = 1,
                                   .rate = 1e-4};
    o.facts.rate_test = &o.rate;
    model->parameters[0].frozen = true;
    text_add_printed(&seen, "everything else of a task", print_opening, &o);
    model->parameters[0].frozen = false;

    begin(&o, model);
    (void)snprintf(o.device.info.backend, sizeof o.device.info.backend, "opencl");
    (void)snprintf(o.device.info.version, sizeof o.device.info.version,
                   "a version so long that the line would not fit into 80 columns");
    struct rg_ranks ranks = {.n = 4, .n_hosts = 2};
    o.config.machine.ranks = &ranks;
    o.config.machine.mixed = true;
    o.plan.shards = 8;
    o.training = (struct rg_dataset){.path = "folder/data.csv",
                                     .n_sequences = 3,
                                     .n_steps = 1,
                                     .n_features = 10,
                                     .features = columns,
                                     .classes = classes,
                                     .n_classes = 2,
                                     .label_kind = RG_LABELS_CLASSES,
                                     .streams = 1,
                                     .y = labels,
                                     .n_targets = 1};
    const struct rg_target_options asked = {.ignored = NAN};
    ck_assert_int_eq(rg_problem_data(&o.training, &asked, &o.problem), RG_OK);
    o.problem.targets.weights = weights;
    o.validation.n_sequences = 1;
    o.test.n_sequences = 1200;
    o.data = (struct rg_run_data){.training = &o.training, .validation = &o.validation};
    o.facts.data = &o.data;
    text_add_printed(&seen, "data with many columns, on ranks", print_opening, &o);

    o.training.n_features = 8;
    o.training.targets = targets;
    o.training.n_target_names = 2;
    o.training.streams = 0;
    o.data.test = &o.test;
    o.config.machine.ranks = NULL;
    o.config.machine.mixed = false;
    text_add_printed(&seen, "data with eight columns, held-out data", print_opening, &o);
    o.training.targets = NULL;
    o.training.windows.forecast = 1;
    o.data.validation = NULL;
    text_add_printed(&seen, "a forecast, test data", print_opening, &o);
    o.training.features = NULL;
    o.data.test = NULL;
    text_add_printed(&seen, "data without names", print_opening, &o);

    o.config.output.quiet = true;
    text_add_printed(&seen, "quiet", print_opening, &o);
    o.config.output.quiet = false;
    o.config.output.json = true;
    text_add_printed(&seen, "JSON", print_opening, &o);
    rg_model_destroy(model);
}
END_TEST

static void print_labels(const void *with) {
    const char *const text = "0 is no, 1 is yes";
    struct rg_config config = *(const struct rg_config *)with;
    rg_screen_labels(&config, text);
    rg_screen_labels(&config, "");
    config.output.quiet = true;
    rg_screen_labels(&config, text);
    config.output.quiet = false;
    config.output.json = true;
    rg_screen_labels(&config, text);
}

static void print_plans(const void *with) {
    const struct rg_screen screen = {.config = with, .look = {.columns = 100}};
    rg_screen_plan(&screen, 0.001, 999, false);
    rg_screen_plan(&screen, 0.001, 1000, true);
    rg_screen_plan(&screen, 0.5, 1, false);
    rg_screen_plan(&screen, 1.0, 119, false);
    rg_screen_plan(&screen, 1.0, 120, false);
    rg_screen_plan(&screen, 1.0, 7199, false);
    rg_screen_plan(&screen, 1.0, 7200, false);
}

START_TEST(lines) {
    const struct rg_config config = rg_config_default();
    text_add_printed(&seen, "labels", print_labels, &config);
    text_add_printed(&seen, "dry runs", print_plans, &config);
}
END_TEST

/* ---- During the run ---- */

static void add_update(struct rg_history *h, uint64_t u, double loss) {
    rg_history_add_update(
        h, &(struct rg_update){.update = u, .loss = loss, .grad_norm = 3.0 * loss, .clipped = u % 3 == 0, .lr = 0.1});
}

static struct rg_history *history_of(size_t samples, double fall) {
    static double lags[5] = {0.0, -1.0, -INFINITY, -3.5, -4.0}, shares[5] = {0.7, 0.2, 0.0, 0.07, 0.03};
    const struct rg_history_matrix matrices[2] = {{"rnn.weight_ih_l0", 0, 0}, {"rnn.weight_hh_l0", 0, 0}};
    const struct rg_lag_values v = {lags, shares, shares};
    struct rg_history *h = NULL;
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    ck_assert_int_eq(rg_history_set_matrices(h, 5, matrices, 2), RG_OK);
    for (uint64_t u = 1; u <= 30; u++) {
        add_update(h, u, u == 11 ? (double)INFINITY : pow(fall, (double)(u - 1) / 29.0));
    }
    for (size_t s = 0; s < samples; s++) {
        shares[4] = 0.03 + 0.1 * (double)s;
        ck_assert_int_eq(rg_history_add_lags(h, 1 + s, (const struct rg_lag_values[]){v, v}), RG_OK);
    }
    return h;
}

/* Progress lines, the last of them too soon. */
static void print_updates(const void *with) {
    struct rg_screen screen = *(const struct rg_screen *)with;
    const struct rg_live live = {.baseline = 0.25, .held_out = 0.5, .clip_rate = 0.125, .seconds_left = 5400.0};
    static const double rates[] = {999.4, 9999.0, 10000.0, 999949.0, 1e6, 12345678.0};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        const struct rg_update update = {.update = i + 1, .loss = 0.5, .grad_norm = -2.0, .sequences_per_s = rates[i]};
        screen.last = rg_seconds() - (screen.live ? 0.2 : 20.0);
        rg_screen_update(&screen, &update, &live);
        rg_screen_update(&screen, &update, &live);
    }
}

static void print_validations(const void *with) {
    struct rg_screen screen = *(const struct rg_screen *)with;
    for (uint64_t i = 1; i <= 6; i++) {
        struct rg_validation v = {
            .epoch = i, .update = 1000 * i, .loss = 0.5, .accuracy = NAN, .r2 = 0.75, .bits = 1.5};
        v.best = i == 2;
        v.accuracy = i == 3 ? 0.875 : (double)NAN;
        v.level = i == 4 ? RG_LEVEL_CHAR : i == 5 ? RG_LEVEL_WORD : RG_LEVEL_NONE;
        rg_screen_validation(&screen, &v);
        ck_assert(screen.held_out == 0.5);
    }
}

START_TEST(progress) {
    struct rg_config config = rg_config_default();
    config.training.updates = 400;
    struct rg_history *const h = history_of(2, 0.01);
    struct rg_screen screen = {.config = &config, .history = h};
    text_add_printed(&seen, "progress", print_updates, &screen);
    screen.live = true;
    text_add_printed(&seen, "progress on a terminal", print_updates, &screen);
    screen.live = false;
    config.output.json = true;
    text_add_printed(&seen, "progress beside JSON", print_updates, &screen);
    text_add_printed(&seen, "validations beside JSON", print_validations, &screen);
    config.output.json = false;
    config.output.quiet = true;
    text_add_printed(&seen, "quiet progress", print_updates, &screen);
    config.output.quiet = false;
    screen.planned = 39;
    text_add_printed(&seen, "39 validations", print_validations, &screen);
    screen.planned = 40;
    text_add_printed(&seen, "40 validations", print_validations, &screen);
    screen.planned = 100;
    text_add_printed(&seen, "100 validations", print_validations, &screen);
    rg_history_destroy(h);
}
END_TEST

/* The time left is estimated from the updates done so far. It is at most the time that --max-time still allows. */
START_TEST(time_left) {
    struct rg_config config = rg_config_default();
    config.training.updates = 100;
    struct rg_screen screen = {.config = &config, .baseline = 0.25, .held_out = 0.5, .begin = rg_seconds() - 40.0};
    struct rg_update update = {.update = 20, .clipped = true};
    screen.seen = 9;
    struct rg_live live = rg_screen_count(&screen, &update);
    ck_assert(screen.seen == 10 && screen.clipped == 1);
    ck_assert(live.baseline == 0.25 && live.held_out == 0.5 && live.clip_rate == 0.1);
    ck_assert_double_eq_tol(live.seconds_left, 320.0, 5.0);
    update.clipped = false;
    screen.before = 30.0;
    config.training.max_time = 100.0; /* 70 of them are over */
    live = rg_screen_count(&screen, &update);
    ck_assert(screen.seen == 11 && screen.clipped == 1);
    ck_assert_double_eq_tol(live.seconds_left, 30.0, 5.0);
    config.training.max_time = 1000.0;
    ck_assert_double_eq_tol(rg_screen_count(&screen, &update).seconds_left, 40.0 / 12.0 * 80.0, 5.0);
    config.training.max_time = 60.0;
    ck_assert(rg_screen_count(&screen, &update).seconds_left == 0.0);
}
END_TEST

/* ---- After the run ---- */

struct ending {
    struct rg_screen screen;
    struct rg_config config;
    struct rg_problem problem;
    struct rg_run_facts facts;
    struct rg_run_result result;
};

static void print_result(const void *with) {
    const struct ending *const e = with;
    rg_screen_result(&e->screen, &e->facts, &e->result);
}

START_TEST(results) {
    static struct ending e;
    struct rg_shape shape = shape_of(RG_CELL_RNN, 2, 4, 1);
    struct rg_model *const model = create(&shape);
    e = (struct ending){.config = rg_config_default(), .problem = {.baseline = 0.25}};
    e.screen = (struct rg_screen){.config = &e.config, .look = {.columns = 80}};
    e.facts = (struct rg_run_facts){.config = &e.config, .model = model, .problem = &e.problem, .updates_used = NAN};
    e.result.training = (struct rg_training){.updates = 1000,
                                             .clipped = 125,
                                             .skipped = 3,
                                             .loss = 0.125,
                                             .loss_updates = 100,
                                             .last_loss = 0.0625,
                                             .grad_norm = 2.5,
                                             .seconds = 1.25,
                                             .sequences_per_s = 12345.0};
    for (e.result.training.reason = RG_REASON_DONE; (int)e.result.training.reason < 6; e.result.training.reason++) {
        text_add_printed(&seen, "a reason", print_result, &e);
    }
    e.result.training.reason = RG_REASON_DIVERGED;
    e.result.training.loss = NAN;
    e.result.training.last_loss = INFINITY;
    text_add_printed(&seen, "a loss that is not finite", print_result, &e);
    e.result.training.loss = 0.5;
    e.result.training.loss_updates = e.result.training.updates = 1;
    e.screen.look.color = true;
    e.facts.updates_used = 0.375;
    text_add_printed(&seen, "one update", print_result, &e);
    e.result.training.updates = 0;
    e.screen.look.color = false;
    text_add_printed(&seen, "no update", print_result, &e);
    e.result.training.updates = 1000;
    e.result.best_update = 900;
    e.result.best_loss = 0.25;
    e.result.validation.loss = 0.375;
    e.result.validation.update = 1000;
    uint64_t confusion[] = {3, 1, 2, 4};
    struct rg_metrics metrics = {.loss_kind = RG_LOSS_CE,
                                 .outputs = 3,
                                 .sequences = 1,
                                 .rows = 10,
                                 .decisions = 10,
                                 .right = 7,
                                 .loss_sum = 5.0,
                                 .n_classes = 0,
                                 .confusion = confusion};
    e.result.test = &metrics;
    text_add_printed(&seen, "held-out data", print_result, &e);
    struct rg_history *const h = history_of(2, 0.01);
    e.screen.history = h;
    e.result.test_of_best = true;
    e.result.validation.update = 950; /* an interrupted run did not validate its last weights */
    metrics.n_classes = 3;
    uint64_t three[9] = {3, 1, 0, 2, 4, 0, 0, 0, 0};
    metrics.confusion = three;
    text_add_printed(&seen, "the best weights, a history", print_result, &e);
    rg_history_destroy(h);
    rg_model_destroy(model);
}
END_TEST

static void print_spark(const void *with) {
    static const struct rg_look looks[] = {{.columns = 60}, {.color = true, .unicode = true, .columns = 200}};
    for (size_t i = 0; i < 2; i++) {
        rg_spark_print(with, NULL, &looks[i]);
    }
}

/* The lines of the lags are of the matrix whose table follows; if the samples do not have it, of the last layer's. */
START_TEST(the_lags_are_those_of_the_table) {
    static const struct rg_history_matrix matrices[] = {
        {"rnn.weight_hh_l0", 0, 0}, {"rnn.weight_hh_l0_reverse", 0, 1}, {"rnn.weight_hh_l1", 1, 0}};
    static const double logs[4] = {0.0, -1.0, -2.0, -3.0}, shares[3][4] = {{0.5, 0.25, 0.125, 0.125},
                                                                           {0.25, 0.25, 0.25, 0.25},
                                                                           {0.0625, 0.0625, 0.375, 0.5}};
    static const struct {
        size_t n, layer, direction; /* matrices that are sampled; the table's place, or layer 9: no table */
        const char *share, *place;
    } cases[] = {
        {3, 0, 0, "25 to 25 %", "long and by lag: of weight_hh in layer 0\n"},
        {3, 0, 1, "50 to 50 %", "long and by lag: of weight_hh in layer 0, reverse\n"},
        {3, 1, 0, "87.5 to 87.5 %", "long and by lag: of weight_hh in layer 1\n"},
        {3, 1, 1, "87.5 to 87.5 %", "long and by lag: of weight_hh in layer 1\n"},
        {3, 9, 0, "87.5 to 87.5 %", "long and by lag: of weight_hh in layer 1\n"},
        {1, 0, 0, "25 to 25 %", NULL},
        {1, 0, 1, "25 to 25 %", "long and by lag: of weight_hh in layer 0\n"},
    };
    const struct rg_look look = {.columns = 80};
    const struct rg_lag_profile shown = {.layer = cases[_i].layer, .direction = cases[_i].direction};
    struct rg_lag_values values[3];
    struct rg_history *h = NULL;
    struct text text = {NULL, 0, 0};
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    ck_assert_int_eq(rg_history_set_matrices(h, 4, matrices, cases[_i].n), RG_OK);
    for (size_t m = 0; m < 3; m++) {
        values[m] = (struct rg_lag_values){logs, shares[m], shares[m]};
    }
    for (uint64_t u = 1; u <= 2; u++) {
        add_update(h, u, 0.5);
        ck_assert_int_eq(rg_history_add_lags(h, u, values), RG_OK);
    }
    struct captured out = capture_begin(stdout);
    rg_spark_print(h, shown.layer == 9 ? NULL : &shown, &look);
    capture_end(&out, &text);
    test_case("%s", text.bytes);
    ck_assert_ptr_nonnull(strstr(text.bytes, cases[_i].share));
    const char *const place = strstr(text.bytes, "of weight_hh in");
    ck_assert(!place == !cases[_i].place && (!place || strstr(text.bytes, cases[_i].place) != NULL));
    rg_history_destroy(h);
    free(text.bytes);
}
END_TEST

START_TEST(sparks) {
    struct rg_history *h = history_of(0, 0.06);
    text_add_printed(&seen, "sparks without lags", print_spark, h);
    rg_history_destroy(h);
    h = NULL;
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    for (uint64_t u = 1; u <= 5; u++) {
        add_update(h, u, INFINITY);
    }
    text_add_printed(&seen, "sparks of a loss that is never finite", print_spark, h);
    rg_history_destroy(h);
    h = history_of(1, 0.04);
    text_add_printed(&seen, "one sample of lags", print_spark, h);
    rg_history_destroy(h);
    h = history_of(3, 1.0);
    text_add_printed(&seen, "three samples of lags", print_spark, h);
    rg_history_destroy(h);
    ck_assert_int_eq(rg_history_create(&h), RG_OK);
    add_update(h, 1, 0.5);
    text_add_printed(&seen, "one update has no curve", print_spark, h);
    add_update(h, 2, 0.25);
    text_add_printed(&seen, "two updates", print_spark, h);
    add_update(h, 3, 4.9);
    add_update(h, 4, 0.25);
    text_add_printed(&seen, "a peak that the curve shows", print_spark, h);
    add_update(h, 5, 7e13);
    add_update(h, 6, 0.25);
    text_add_printed(&seen, "a spike", print_spark, h);
    rg_history_destroy(h);
    check_expected("screen.txt", seen.bytes);
    free(seen.bytes);
}
END_TEST

TEST_MAIN("screen") {
    TCase *const tests = add_tests(suite, "screen");
    tcase_add_test(tests, models);
    tcase_add_test(tests, openings);
    tcase_add_test(tests, lines);
    tcase_add_test(tests, progress);
    tcase_add_test(tests, time_left);
    tcase_add_test(tests, results);
    tcase_add_loop_test(tests, the_lags_are_those_of_the_table, 0, 7);
    tcase_add_test(tests, sparks);
}
