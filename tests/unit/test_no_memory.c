/* Memory that ends: every allocation of the library fails once, and what asked for it says RG_NO_MEMORY, in a message,
 * and gives back what it had. The program's own answer to it is tested in tests/cli/no_memory.sh. */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "cli/report/comparison_figures.h"
#include "cli/report/figure_table.h"
#include "cli/report/figures.h"
#include "cli/report/picture.h"
#include "cli/report/sweep_figures.h"
#include "device/device.h"
#include "device/team.h"
#include "expected.h"
#include "failing_memory.h"
#include "gradient/causes.h"
#include "gradient/sample.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "train/pass.h"
#include "train/run.h"
#include "train/trial.h"

/* ---- Pictures and pages ---- */

static rg_status fill_history(struct rg_history *h) {
    static const double lags[4] = {0.0, -1.0, -2.0, -3.5}, shares[4] = {0.7, 0.2, 0.1, 0.0};
    const struct rg_history_matrix matrices[3] = {
        {"rnn.weight_ih_l0", 0, 0}, {"rnn.weight_hh_l0", 0, 0}, {"rnn.weight_hh_l0.gate_i", 0, 0}};
    const struct rg_lag_values v = {lags, shares, shares};
    RG_TRY(rg_history_set_matrices(h, 4, matrices, 3));
    for (uint64_t u = 1; u <= 6; u++) {
        rg_history_add_update(h, &(struct rg_update){.update = u,
                                                     .loss = 1.0 / (double)u,
                                                     .grad_norm = 1.0,
                                                     .clipped = u % 2 == 0,
                                                     .skipped = u % 3 == 0,
                                                     .lr = 0.1});
    }
    rg_history_add_validation(h, 6, 0.5, 0.5);
    for (uint64_t s = 0; s < 3; s++) {
        RG_TRY(rg_history_add_lags(h, 1 + s, (const struct rg_lag_values[]){v, v, v}));
    }
    for (int cause = 0; cause < RG_N_CAUSES; cause++) {
        RG_TRY(rg_history_set_cause(h, (enum rg_cause)cause, shares, 4));
    }
    return RG_OK;
}

static rg_status draw_run(void) {
    struct rg_plot plots[RG_TRAIN_FIGURES] = {{.n_series = 0}};
    struct rg_history *h = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_history_create(&h));
    RG_TRY_GOTO(fill_history(h));
    RG_TRY_GOTO(rg_figures_draw(RG_FIGURES_TRAIN,
                                &(struct rg_figure_source){.history = h, .baseline = 0.3, .clip_norm = 1.0}, plots));
    const struct rg_picture picture = {
        .title = "title", .plots = plots, .n_plots = RG_TRAIN_FIGURES, .columns = 2, .theme = RG_THEME_AUTO};
    RG_TRY_GOTO(rg_picture_write(&picture, "test_no_memory.svg"));
    struct rg_config config = rg_config_default();
    const struct rg_settings settings = {.n = 0};
    const struct rg_report report = {
        .title = "title", .config = &config, .settings = &settings, .plots = plots, .n_plots = RG_TRAIN_FIGURES};
    RG_TRY_GOTO(rg_report_write(&report, "test_no_memory.html"));
cleanup:
    rg_figures_clear(plots, RG_TRAIN_FIGURES);
    rg_history_destroy(h);
    return status;
}

static struct rg_summary a_summary(double loss) {
    struct rg_summary s;
    rg_summary_init(&s, 3);
    s.task = "adding";
    s.loss_kind = RG_LOSS_MSE;
    s.baseline = 0.2;
    s.steps = s.lag_steps = s.n_lags = 3;
    s.measured = true;
    s.loss = s.median_loss = loss;
    for (size_t i = 0; i < 3; i++) {
        rg_summary_add(&s, &(struct rg_update){.update = i + 1, .loss = loss});
        s.lag_norm[i] = s.lag_share[i] = 0.3;
    }
    return s;
}

static rg_status draw_comparison(void) {
    struct rg_plot plots[RG_COMPARISON_FIGURES] = {{.n_series = 0}};
    struct rg_summary runs[2] = {a_summary(0.1), a_summary(0.05)};
    struct rg_comparison_row rows[2] = {{.remedy = "tanh", .with = "clip", .n_runs = 1, .runs = &runs[0]},
                                        {.remedy = "lstm", .with = "plain", .n_runs = 1, .runs = &runs[1]}};
    struct rg_comparison comparison = {.n_rows = 2, .rows = rows};
    struct rg_own_table table = {.pointers = NULL};
    size_t order[2], n = 0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_comparison_end_row(&rows[0]));
    RG_TRY_GOTO(rg_comparison_end_row(&rows[1]));
    RG_TRY_GOTO(rg_comparison_rank(&comparison, order, &n));
    RG_TRY_GOTO(rg_comparison_table(&comparison, order, n, &table));
    RG_TRY_GOTO(rg_figures_draw(RG_FIGURES_COMPARE,
                                &(struct rg_figure_source){.comparison = &comparison, .order = order, .n = n}, plots));
cleanup:
    for (size_t i = 0; i < RG_COMPARISON_FIGURES; i++) {
        rg_plot_clear(&plots[i]);
    }
    rg_table_release(&table);
    return status;
}

static rg_status draw_sweep(void) {
    static char *cells[] = {"rnn", "gru"}, *steps[] = {"5", "20"}, *seeds[] = {"1", "2"};
    static const struct rg_sweep_axis axes[] = {{"cell", 2, cells}, {"steps", 2, steps}, {"seed", 2, seeds}};
    static struct rg_plot plots[RG_SCAN_FIGURES];
    static struct rg_summary summaries[8];
    const struct rg_summary *runs[8];
    struct rg_own_table table = {.pointers = NULL}, reach = {.pointers = NULL};
    rg_status status = RG_OK;
    for (size_t i = 0; i < 8; i++) {
        summaries[i] = a_summary(0.001 * (double)(i + 1));
        runs[i] = &summaries[i];
    }
    const struct rg_sweep_view view = {axes, 3, true, runs, RG_OVER_SEEDS};
    RG_TRY_GOTO(rg_sweep_table(&view, &table));
    RG_TRY_GOTO(rg_sweep_reach(&view, &reach));
    RG_TRY_GOTO(rg_figures_draw(RG_FIGURES_SWEEP, &(struct rg_figure_source){.sweep = &view}, plots));
cleanup:
    for (size_t i = 0; i < RG_SCAN_FIGURES; i++) {
        rg_plot_clear(&plots[i]);
    }
    rg_table_release(&table);
    rg_table_release(&reach);
    return status;
}

START_TEST(figures) {
    each_fails("the figures of a run", draw_run, 40);
    each_fails("a comparison", draw_comparison, 8);
    each_fails("a sweep", draw_sweep, 40);
    (void)unlink("test_no_memory.svg");
    (void)unlink("test_no_memory.html");
}
END_TEST

/* ---- Files ---- */

static char folder[256], path[300];

static void put(const char *text) {
    FILE *const file = fopen(path, "w");
    ck_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static rg_status read_data(void) {
    struct rg_dataset *data = NULL;
    const rg_status status = rg_dataset_read(path, &(struct rg_dataset_options){.pad_left = false}, &data);
    rg_dataset_destroy(data);
    return status;
}

static rg_status save_and_load(void) {
    const struct rg_shape shape = {.cell = RG_CELL_GRU,
                                   .inputs = 2,
                                   .words = 3,
                                   .hidden = 5,
                                   .outputs = 2,
                                   .layers = 2,
                                   .bidirectional = true,
                                   .loss = RG_LOSS_CE};
    static char *words[] = {"<unk>", "cat", "rat"};
    struct rg_model *model = NULL, *again = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_model_create(&shape, &model));
    RG_TRY_GOTO(rg_model_set_vocabulary(model, words));
    RG_TRY_GOTO(rg_model_initialise(
        model,
        &(struct rg_init_options){.hidden = {RG_INIT_ORTHOGONAL, 1}, .input = {RG_INIT_XAVIER, 1}, .forget_bias = NAN},
        1));
    RG_TRY_GOTO(rg_model_save(model, path));
    RG_TRY_GOTO(rg_model_load(path, &shape, &again));
cleanup:
    rg_model_destroy(model);
    rg_model_destroy(again);
    return status;
}

static rg_status write_npz(void) {
    static const float x[2 * 3 * 2] = {1, 2, 3};
    static const int64_t y[2] = {0, 1};
    const struct rg_tensor tensors[2] = {
        {.name = "x", .dtype = RG_F32, .n_dims = 3, .shape = {2, 3, 2}, .data = x, .data_bytes = sizeof x},
        {.name = "y", .dtype = RG_I64, .n_dims = 1, .shape = {2}, .data = y, .data_bytes = sizeof y}};
    return rg_npz_write(path, tensors, 2);
}

START_TEST(files) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/words.csv", folder);
    put("text,label\ncat mat rat,1\nmat cat,0\nrat,1\n");
    each_fails("a text file", read_data, 5);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/numbers.csv", folder);
    put("series,a,b,label\n1,1,2,0\n1,3,4,0\n2,5,6,1\n");
    each_fails("a file of numbers", read_data, 5);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/data.npz", folder);
    each_fails("writing an npz file", write_npz, 1);
    each_fails("reading it", read_data, 5);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/model.safetensors", folder);
    each_fails("a model, saved and loaded", save_and_load, 10);
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* ---- Training ---- */

static struct rg_config small(enum rg_cell cell) {
    struct rg_config c = rg_config_default();
    c.model.cell = cell;
    c.data.task = "adding";
    c.data.batch = 3;
    c.data.steps = 4;
    c.model.hidden = 3;
    c.model.layers = 2;
    c.training.updates = 2;
    c.machine.threads = 1;
    c.machine.device = "cpu";
    c.model.init = (struct rg_init){RG_INIT_ORTHOGONAL, 1};
    return c;
}

static rg_status train_cell(enum rg_cell cell) {
    const struct rg_config config = small(cell);
    struct rg_run_data data = {.training = NULL};
    struct rg_device *device = NULL;
    struct rg_summary summary;
    rg_status status = RG_OK;
    rg_summary_init(&summary, config.training.updates);
    RG_TRY_GOTO(rg_native_open(&(struct rg_device_options){.threads = 1}, &device));
    RG_TRY_GOTO(rg_run_data_read(&config, &data));
    const struct rg_trainer_hooks hooks = {.on_update = NULL};
    const struct rg_trial_options options = {.config = &config, .data = &data, .device = device, .hooks = &hooks};
    RG_TRY_GOTO(rg_trial(&options, &summary));
cleanup:
    rg_run_data_release(&data);
    rg_device_destroy(device);
    return status;
}

static rg_status train_rnn(void) {
    return train_cell(RG_CELL_RNN);
}
static rg_status train_lstm(void) {
    return train_cell(RG_CELL_LSTM);
}

/* How a training with weights of classes would begin. */
static rg_status begin_training(void) {
    struct rg_config config = small(RG_CELL_RNN);
    struct rg_run_data data = {.training = NULL};
    struct rg_device *device = NULL;
    struct rg_run_start start = {.model = NULL};
    rg_status status = RG_OK;
    config.data.task = NULL;
    config.data.file = path;
    config.data.class_weights = "balanced";
    RG_TRY_GOTO(rg_native_open(&(struct rg_device_options){.threads = 1}, &device));
    RG_TRY_GOTO(rg_run_data_read(&config, &data));
    RG_TRY_GOTO(rg_run_begin(&config, &data, device, &start));
cleanup:
    rg_free(start.class_weights);
    rg_model_destroy(start.model);
    rg_run_data_release(&data);
    rg_device_destroy(device);
    return status;
}

START_TEST(trainings) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/numbers.csv", folder);
    put("series,a,b,label\n1,1,2,0\n1,3,4,0\n2,5,6,1\n");
    each_fails("the begin of a training with weights of classes", begin_training, 10);
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
    each_fails("a training of an rnn, with its profile", train_rnn, 100);
    each_fails("a training of an lstm, with its profile", train_lstm, 100);
}
END_TEST

/* ---- A pass with the gradient by lag ---- */

/* What the pass borrows; made with all memory there. */
static struct {
    struct rg_config config;
    struct rg_model *model;
    struct rg_dataset data;
    struct rg_problem problem;
} given;

static rg_status pass_over_data(void) {
    static const struct rg_watch watch = {.go_on = NULL, .span = 1.0};
    struct rg_device *device = NULL;
    struct rg_pass *pass = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_native_open(&(struct rg_device_options){.threads = 1}, &device));
    RG_TRY_GOTO(rg_pass_create(&given.config, device, given.model, &given.data, &given.problem, &pass));
    RG_TRY_GOTO(rg_pass_diagnose(pass, 1, &watch));
cleanup:
    rg_pass_destroy(pass);
    rg_device_destroy(device);
    return status;
}

/* An rnn with an output at every step, for losses of several steps; an lstm with first states. */
START_TEST(passes) {
    static float x[3][5][2] = {{{0.5F}}}, y[3][5];
    static double states[6] = {0.25, -0.5, 0.125, 0.5, 1.0, -1.0};
    static int32_t lengths[3] = {5, 3, 4};
    for (int lstm = 0; lstm < 2; lstm++) {
        const struct rg_shape shape = {.cell = lstm ? RG_CELL_LSTM : RG_CELL_RNN,
                                       .inputs = 2,
                                       .hidden = 2,
                                       .outputs = 1,
                                       .layers = 1,
                                       .target = lstm ? RG_TARGET_LAST : RG_TARGET_STEPS};
        const struct rg_init_options init = {.hidden = {RG_INIT_ORTHOGONAL, 1.0}, .forget_bias = NAN};
        const struct rg_target_options targets = {.loss = RG_LOSS_MSE, .target = shape.target, .ignored = NAN};
        for (size_t i = 0; i < sizeof x / sizeof(float); i++) {
            ((float *)x)[i] = sinf((float)i);
        }
        given.config = rg_config_default();
        given.config.training.probe_times = lstm ? NULL : "2,3";
        given.data = (struct rg_dataset){.path = "x",
                                         .n_sequences = 3,
                                         .n_steps = 5,
                                         .n_features = 2,
                                         .kind = RG_INPUT_FLOAT,
                                         .x_float = (float *)x,
                                         .y = (float *)y,
                                         .n_targets = lstm ? 1 : 5};
        if (lstm) {
            given.data.lengths = lengths;
            given.data.h_0 = given.data.c_0 = states;
            given.data.n_states = 1;
            given.data.state_width = 2;
        }
        ck_assert_int_eq(rg_model_create(&shape, &given.model), RG_OK);
        ck_assert_int_eq(rg_model_initialise(given.model, &init, 3), RG_OK);
        ck_assert_msg(rg_problem_data(&given.data, &targets, &given.problem) == RG_OK, "%s", rg_error_message());
        each_fails(lstm ? "a pass of an lstm with first states" : "a pass of an rnn with losses of two steps",
                   pass_over_data, 60);
        rg_model_destroy(given.model);
    }
}
END_TEST

/* ---- A team ---- */

/* What a member asks of the device: buffers, which are shared and its own, and one command of each kind. */
static rg_status use_member(struct rg_device *member) {
    static const struct rg_fill_args args = {.at = 0, .bytes = 8};
    const unsigned char bytes[8] = {1, 2, 3};
    unsigned char back[8];
    struct rg_buffer *b = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_device_finish(member)); /* from here on it does not wait for a driver */
    RG_TRY(rg_buffer_create(member, 8, "a buffer", &b));
    const struct rg_launch launch = {.kernel = RG_K_rg_fill, .buffers = {b}, .args = &args, .groups = {1, 1}};
    RG_TRY_GOTO(rg_buffer_write(member, b, 0, bytes, sizeof bytes));
    RG_TRY_GOTO(rg_device_launch(member, &launch));
    RG_TRY_GOTO(rg_buffer_zero(member, b));
    RG_TRY_GOTO(rg_buffer_read(member, back, b, 0, sizeof back));
    ck_assert(back[0] == 0 && back[2] == 0);
cleanup:
    rg_buffer_destroy(member, b);
    return status;
}

static rg_status use_team(void) {
    struct rg_device *device = NULL;
    struct rg_team *team = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_native_open(&(struct rg_device_options){.threads = 1}, &device));
    RG_TRY_GOTO(rg_team_create(device, 2, &team));
    RG_TRY_GOTO(use_member(rg_team_member(team, 0)));
    RG_TRY_GOTO(use_member(rg_team_member(team, 1)));
cleanup:
    rg_team_destroy(team);
    ck_assert(!device || device->used_bytes == 0);
    rg_device_destroy(device);
    return status;
}

START_TEST(teams) {
    each_fails("a team", use_team, 12);
}
END_TEST

TEST_MAIN("no_memory") {
    TCase *const tests = add_tests(suite, "no_memory");
    tcase_add_test(tests, figures);
    tcase_add_test(tests, files);
    tcase_add_test(tests, trainings);
    tcase_add_test(tests, passes);
    tcase_add_test(tests, teams);
}
