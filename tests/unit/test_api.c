/* The public interface in one thread: options, data in memory, models, trainings, outputs and gradients. What it
 * computes is compared with itself in another way; with the program in tests/cli/library.sh. */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_problem.h"

static struct problem problem;

static void set_up(void) {
    make_problem(&problem);
}

/* ---- Options ---- */

START_TEST(options) {
    char text[40];
    rnn_gpu_options *const o = options_with("train", NULL);
    GOOD(rnn_gpu_options_get(o, "hidden", text, sizeof text));
    ck_assert_str_eq(text, "128");
    GOOD(rnn_gpu_options_set(o, "hidden", "12"));
    GOOD(rnn_gpu_options_set(o, "hidden", "13"));
    GOOD(rnn_gpu_options_get(o, "hidden", text, sizeof text));
    ck_assert_str_eq(text, "13");
    GOOD(rnn_gpu_options_get(o, "schedule", text, 4));
    ck_assert_str_eq(text, "con");
    GOOD(rnn_gpu_options_set(o, "bidirectional", "true"));
    GOOD(rnn_gpu_options_get(o, "bidirectional", text, sizeof text));
    ck_assert_str_eq(text, "true");
    GOOD(rnn_gpu_options_set(o, "bidirectional", "0"));
    GOOD(rnn_gpu_options_get(o, "bidirectional", text, sizeof text));
    ck_assert_str_eq(text, "false");
    FAILS(rnn_gpu_options_set(o, "hidden", "0"), RNN_GPU_USAGE, "--hidden: 0 is out of range; 1 to 65536");
    FAILS(rnn_gpu_options_set(o, "hiden", "1"), RNN_GPU_USAGE, "train has no option 'hiden'; did you mean hidden?");
    FAILS(rnn_gpu_options_set(o, "bidirectional", "maybe"), RNN_GPU_USAGE, "'maybe' is neither true nor false");
    FAILS(rnn_gpu_options_set(o, "out", "folder"), RNN_GPU_USAGE, "train has no option 'out'");
    FAILS(rnn_gpu_options_set(o, "data", "x.csv"), RNN_GPU_USAGE, "train has no option 'data'");
    ck_assert_ptr_null(strstr(rnn_gpu_error_message(), "did you mean")); /* math is not near */
    FAILS(rnn_gpu_options_set(o, "report", "x.html"), RNN_GPU_USAGE, "train has no option 'report'");
    ck_assert_ptr_null(strstr(rnn_gpu_error_message(), "did you mean")); /* nor is dropout */
    FAILS(rnn_gpu_options_set(o, "peers", "1"), RNN_GPU_USAGE, "train has no option 'peers'");
    rnn_gpu_options_destroy(o);
}
END_TEST

START_TEST(names_of_options) {
    static const char *const commands[] = {"train", "predict", "grad"};
    for (size_t c = 0; c < 3; c++) {
        size_t n = 0;
        for (; rnn_gpu_option_name(commands[c], n); n++) {
            const char *const name = rnn_gpu_option_name(commands[c], n);
            ck_assert_ptr_nonnull(rnn_gpu_option_help(name));
            ck_assert_str_ne(name, "out");
            ck_assert_str_ne(name, "model");
            ck_assert_str_ne(name, "json");
        }
        ck_assert_uint_gt(n, 5);
    }
    ck_assert_ptr_null(rnn_gpu_option_name("bench", 0));
    ck_assert_ptr_null(rnn_gpu_option_help("nosuch"));
}
END_TEST

/* Options that contradict each other, or the call that takes them. */
START_TEST(contradictions) {
    rnn_gpu_data *data = NULL;
    rnn_gpu_trainer *trainer = NULL;
    rnn_gpu_model *model = NULL;
    rnn_gpu_options *o = options_with("train", (const char *const[]){"forget-bias", "1", NULL});
    GOOD(rnn_gpu_data_create(&problem.arrays, &data));
    FAILS(rnn_gpu_trainer_create(NULL, o, NULL, data, NULL, &trainer), RNN_GPU_USAGE,
          "--forget-bias requires the cell lstm");
    ck_assert_ptr_null(trainer);
    rnn_gpu_options_destroy(o);
    o = options_with("train", (const char *const[]){"task", "adding", NULL});
    FAILS(rnn_gpu_trainer_create(NULL, o, NULL, data, NULL, &trainer), RNN_GPU_USAGE,
          "--task adding and --data the data are both given");
    rnn_gpu_options_destroy(o);
    o = options_with("predict", NULL);
    FAILS(rnn_gpu_trainer_create(NULL, o, NULL, data, NULL, &trainer), RNN_GPU_USAGE, "these are options for predict");
    rnn_gpu_options_destroy(o);
    o = options_with("train", (const char *const[]){"hidden", "5", NULL});
    GOOD(rnn_gpu_model_create(o, FEATURES, 1, &model));
    FAILS(rnn_gpu_trainer_create(NULL, o, model, data, NULL, &trainer), RNN_GPU_USAGE,
          "--hidden is determined by the model");
    rnn_gpu_model_destroy(model);
    rnn_gpu_options_destroy(o);
    rnn_gpu_data_destroy(data);
}
END_TEST

/* ---- Data ---- */

static rnn_gpu_status train_on(const struct rnn_gpu_arrays *arrays) {
    rnn_gpu_options *const o = options_with("train", (const char *const[]){"hidden", "3", "updates", "1", NULL});
    rnn_gpu_data *data = NULL;
    rnn_gpu_trainer *trainer = NULL;
    rnn_gpu_status status = rnn_gpu_data_create(arrays, &data);
    status = status == RNN_GPU_OK ? rnn_gpu_trainer_create(NULL, o, NULL, data, NULL, &trainer) : status;
    status = status == RNN_GPU_OK ? rnn_gpu_trainer_run(trainer) : status;
    rnn_gpu_trainer_destroy(trainer);
    rnn_gpu_data_destroy(data);
    rnn_gpu_options_destroy(o);
    return status;
}

START_TEST(bad_data) {
    struct rnn_gpu_arrays a = problem.arrays;
    rnn_gpu_data *data = NULL;
    GOOD(train_on(&a));
    a.x.values = NULL;
    FAILS(train_on(&a), RNN_GPU_USAGE, "there is no tensor `x`");
    a = problem.arrays;
    a.y.shape[0] = SEQUENCES - 1;
    FAILS(train_on(&a), RNN_GPU_BAD_DATA, "tensor `y` has 23 rows, and `x` has 24 sequences");
    a = problem.arrays;
    a.x.type = (rnn_gpu_type)77;
    FAILS(train_on(&a), RNN_GPU_USAGE, "tensor `x` has type 77");
    a = problem.arrays;
    a.x.n_dims = 1;
    FAILS(train_on(&a), RNN_GPU_BAD_DATA, "tensor `x` has one dimension");
    a = problem.arrays;
    a.x.shape[1] = 0;
    FAILS(train_on(&a), RNN_GPU_BAD_DATA, "tensor `x` is empty");
    a = problem.arrays;
    a.x.shape[1] = SIZE_MAX / 2;
    FAILS(train_on(&a), RNN_GPU_BAD_DATA, "more elements than can be counted");
    a = problem.arrays;
    problem.lengths[3] = STEPS + 1;
    a.lengths = vector_of(problem.lengths, RNN_GPU_I64);
    FAILS(train_on(&a), RNN_GPU_BAD_DATA, "the data: tensor `lengths`: element [3] is 10");
    a = problem.arrays;
    a.y.values = NULL;
    FAILS(train_on(&a), RNN_GPU_BAD_DATA, "the data has no labels to train on");
    a = problem.arrays;
    problem.x[2][1][0] = NAN;
    FAILS(train_on(&a), RNN_GPU_BAD_DATA, "tensor `x`: element [2,1,0] is not finite");
    FAILS(rnn_gpu_data_open("nosuch.csv", &data), RNN_GPU_BAD_DATA, "nosuch.csv: cannot be opened: No such file");
    ck_assert_ptr_null(data);
}
END_TEST

/* ---- Models ---- */

START_TEST(models) {
    rnn_gpu_options *const o =
        options_with("train", (const char *const[]){"cell", "gru", "hidden", "5", "layers", "2", "loss", "ce", NULL});
    rnn_gpu_model *model = NULL, *again = NULL;
    struct rnn_gpu_model_info info;
    size_t shape[2], n = 0;
    double values[15 * 5], other[15 * 5];
    char path[] = "/tmp/rnn-gpu-test-XXXXXX";
    ck_assert_int_ge(mkstemp(path), 0);
    GOOD(rnn_gpu_model_create(o, 4, 3, &model));
    GOOD(rnn_gpu_model_describe(model, &info));
    ck_assert_str_eq(info.cell, "gru");
    ck_assert_str_eq(info.loss, "ce");
    ck_assert_str_eq(info.target, "last");
    ck_assert(info.inputs == 4 && info.hidden == 5 && info.outputs == 3 && info.layers == 2 && info.directions == 1);
    ck_assert(info.n_parameters == 10 && info.n_weights == 15 * (4 + 5 + 2) + 15 * (5 + 5 + 2) + 3 * (5 + 1));
    ck_assert(info.n_classes == 0 && !info.is_double && !info.takes_words && !info.has_normalization);
    while (rnn_gpu_model_parameter(model, n)) {
        n++;
    }
    ck_assert_uint_eq(n, info.n_parameters);
    ck_assert_str_eq(rnn_gpu_model_parameter(model, 1), "rnn.weight_hh_l0");
    GOOD(rnn_gpu_model_shape(model, "rnn.weight_hh_l1", shape));
    ck_assert(shape[0] == 15 && shape[1] == 5);
    GOOD(rnn_gpu_model_get(model, "rnn.weight_hh_l1", values, 75));
    values[7] = 0.25;
    GOOD(rnn_gpu_model_set(model, "rnn.weight_hh_l1", values, 75));
    FAILS(rnn_gpu_model_set(model, "rnn.weight_hh_l1", values, 74), RNN_GPU_USAGE, "has 75 numbers, not 74");
    FAILS(rnn_gpu_model_get(model, "rnn.weight_hh_l2", values, 75), RNN_GPU_USAGE, "did you mean rnn.weight_hh_l");
    values[8] = INFINITY;
    FAILS(rnn_gpu_model_set(model, "rnn.weight_hh_l1", values, 75), RNN_GPU_USAGE, "number 8, inf, is not finite");
    GOOD(rnn_gpu_model_save(model, path));
    GOOD(rnn_gpu_model_load(path, NULL, &again));
    GOOD(rnn_gpu_model_get(model, "rnn.weight_hh_l1", values, 75));
    GOOD(rnn_gpu_model_get(again, "rnn.weight_hh_l1", other, 75));
    ck_assert_mem_eq(values, other, sizeof values);
    ck_assert_double_eq(other[7], 0.25);
    FAILS(rnn_gpu_model_save(model, "/nosuch/model"), RNN_GPU_NOT_SAVED, "/nosuch/model");
    rnn_gpu_model_destroy(again);
    unlink(path);
    FAILS(rnn_gpu_model_load(path, NULL, &again), RNN_GPU_BAD_DATA, path);
    ck_assert_ptr_null(again);
    FAILS(rnn_gpu_model_create(o, 0, 3, &again), RNN_GPU_USAGE, "0 inputs and 3 outputs");
    rnn_gpu_model_destroy(model);
    rnn_gpu_options_destroy(o);
}
END_TEST

/* ---- Trainings ---- */

struct watcher {
    rnn_gpu_trainer *trainer;
    uint64_t updates, last, cancel_at; /* 0: never */
    int validations, best;
    bool by_return;
};

static int count(void *user, const struct rnn_gpu_update *update) {
    struct watcher *const w = user;
    w->updates++;
    w->last = update->update;
    if (w->cancel_at && update->update == w->cancel_at) {
        if (w->by_return) {
            return 1;
        }
        rnn_gpu_trainer_cancel(w->trainer);
    }
    return 0;
}

static int count_validation(void *user, const struct rnn_gpu_validation *validation) {
    struct watcher *const w = user;
    w->validations++;
    w->best += validation->best;
    return 0;
}

START_TEST(a_training) {
    static const char *const settings[] = {"hidden",    "6",  "cell", "lstm", "updates", "40",
                                           "val-every", "10", "lr",   "0.02", NULL};
    rnn_gpu_options *const o = options_with("train", settings);
    rnn_gpu_data *data = NULL;
    rnn_gpu_trainer *trainer = NULL;
    rnn_gpu_model *model = NULL, *best = NULL;
    rnn_gpu_tensors *lags = NULL;
    struct rnn_gpu_array share;
    struct rnn_gpu_result result;
    struct watcher w = {.trainer = NULL};
    double sum = 0.0;
    GOOD(rnn_gpu_data_create(&problem.arrays, &data));
    GOOD(rnn_gpu_trainer_create(NULL, o, NULL, data, data, &trainer));
    rnn_gpu_trainer_on_update(trainer, count, &w);
    rnn_gpu_trainer_on_validation(trainer, count_validation, &w);
    FAILS(rnn_gpu_trainer_result(trainer, &result), RNN_GPU_USAGE, "no result before rnn_gpu_trainer_run");
    GOOD(rnn_gpu_trainer_run(trainer));
    FAILS(rnn_gpu_trainer_run(trainer), RNN_GPU_USAGE, "a trainer runs only once");
    GOOD(rnn_gpu_trainer_result(trainer, &result));
    ck_assert_str_eq(result.reason, "done");
    ck_assert_uint_eq(result.updates, 40);
    ck_assert_uint_eq(w.updates, 40);
    ck_assert_uint_eq(w.last, 40);
    ck_assert_int_eq(w.validations, 4);
    ck_assert_int_ge(w.best, 1);
    ck_assert_double_eq(result.validation.accuracy, 1.0);
    ck_assert(isnan(result.validation.r2) && isnan(result.test_loss));
    ck_assert_double_eq_tol(result.baseline, log(2.0), 1e-6);
    ck_assert_double_lt(result.loss, result.baseline);
    ck_assert_ptr_nonnull(result.verdict.verdict);
    GOOD(rnn_gpu_trainer_model(trainer, 0, &model));
    GOOD(rnn_gpu_trainer_model(trainer, 1, &best));
    GOOD(rnn_gpu_trainer_lags(trainer, &lags));
    GOOD(rnn_gpu_tensors_get(lags, "lag.share.rnn.weight_hh_l0", &share));
    ck_assert(share.n_dims == 1 && share.shape[0] == STEPS && share.type == RNN_GPU_F64);
    for (size_t i = 0; i < share.shape[0]; i++) {
        sum += ((const double *)share.values)[i];
    }
    ck_assert_double_eq_tol(sum, 1.0, 1e-9);
    FAILS(rnn_gpu_tensors_get(lags, "lag.share.rnn.weight_hh_l9", &share), RNN_GPU_USAGE, "did you mean lag.share.rnn");
    rnn_gpu_tensors_destroy(lags);
    rnn_gpu_model_destroy(model);
    rnn_gpu_model_destroy(best);
    rnn_gpu_trainer_destroy(trainer);
    rnn_gpu_data_destroy(data);
    rnn_gpu_options_destroy(o);
}
END_TEST

/* A training goes on from a model as if it had never stopped, but for the optimiser's state: with sgd there is none. */
START_TEST(goes_on_from_a_model) {
    static const char *const long_run[] = {"hidden", "4", "optimizer", "sgd", "updates", "6", "batch", "24", NULL};
    static const char *const first[] = {"hidden", "4", "optimizer", "sgd", "updates", "3", "batch", "24", NULL};
    static const char *const second[] = {"optimizer", "sgd", "updates", "3", "batch", "24", NULL};
    const char *const *const runs[] = {long_run, first, second};
    struct rnn_gpu_result results[3];
    rnn_gpu_model *model = NULL;
    rnn_gpu_data *data = NULL;
    double weights[2][16];
    GOOD(rnn_gpu_data_create(&problem.arrays, &data));
    for (int i = 0; i < 3; i++) {
        rnn_gpu_options *const o = options_with("train", runs[i]);
        rnn_gpu_trainer *trainer = NULL;
        GOOD(rnn_gpu_trainer_create(NULL, o, i == 2 ? model : NULL, data, NULL, &trainer));
        GOOD(rnn_gpu_trainer_run(trainer));
        GOOD(rnn_gpu_trainer_result(trainer, &results[i]));
        rnn_gpu_model_destroy(model);
        GOOD(rnn_gpu_trainer_model(trainer, 0, &model));
        if (i != 1) {
            GOOD(rnn_gpu_model_get(model, "rnn.weight_hh_l0", weights[i / 2], 16));
        }
        rnn_gpu_trainer_destroy(trainer);
        rnn_gpu_options_destroy(o);
    }
    for (int i = 0; i < 16; i++) { /* the batches have other orders, whose sums round otherwise */
        ck_assert_double_eq_tol(weights[0][i], weights[1][i], 1e-6);
    }
    rnn_gpu_model_destroy(model);
    rnn_gpu_data_destroy(data);
}
END_TEST

START_TEST(cancelled) {
    rnn_gpu_options *const o = options_with(
        "train", (const char *const[]){"hidden", "4", "updates", "100000000", "steps", "5", "batch", "4", NULL});
    rnn_gpu_trainer *trainer = NULL;
    rnn_gpu_model *model = NULL;
    rnn_gpu_tensors *lags = NULL;
    struct rnn_gpu_result result;
    GOOD(rnn_gpu_trainer_create(NULL, o, NULL, NULL, NULL, &trainer)); /* the task adding */
    struct watcher w = {.trainer = trainer, .cancel_at = 5, .by_return = _i == 1};
    rnn_gpu_trainer_on_update(trainer, count, &w);
    if (_i == 2) {
        rnn_gpu_trainer_cancel(trainer); /* before it runs */
    }
    FAILS(rnn_gpu_trainer_run(trainer), RNN_GPU_INTERRUPTED, "the training was cancelled after ");
    GOOD(rnn_gpu_trainer_result(trainer, &result));
    ck_assert_str_eq(result.reason, "interrupted");
    ck_assert_uint_eq(result.updates, w.updates);
    ck_assert_uint_lt(result.updates, 1000000);
    ck_assert_ptr_null(result.verdict.verdict);
    GOOD(rnn_gpu_trainer_model(trainer, 0, &model));
    FAILS(rnn_gpu_trainer_lags(trainer, &lags), RNN_GPU_USAGE, "was not measured");
    rnn_gpu_model_destroy(model);
    FAILS(rnn_gpu_trainer_model(trainer, 1, &model), RNN_GPU_USAGE, "there was no validation");
    rnn_gpu_trainer_destroy(trainer);
    /* a cancelled trainer cancels no other */
    GOOD(rnn_gpu_options_set(o, "updates", "3"));
    GOOD(rnn_gpu_trainer_create(NULL, o, NULL, NULL, NULL, &trainer));
    GOOD(rnn_gpu_trainer_run(trainer));
    rnn_gpu_trainer_destroy(trainer);
    rnn_gpu_options_destroy(o);
}
END_TEST

START_TEST(diverged) {
    rnn_gpu_options *const o = options_with(
        "train", (const char *const[]){"hidden", "8", "activation", "linear", "init", "normal:1000", "steps", "100",
                                       "batch", "4", "updates", "50", "nonfinite", "stop", NULL});
    rnn_gpu_trainer *trainer = NULL;
    struct rnn_gpu_result result;
    GOOD(rnn_gpu_trainer_create(NULL, o, NULL, NULL, NULL, &trainer));
    FAILS(rnn_gpu_trainer_run(trainer), RNN_GPU_DIVERGED, "the training diverged");
    ck_assert_ptr_nonnull(strstr(rnn_gpu_error_message(), "and gradient norm nan")); /* a NaN has no sign here */
    GOOD(rnn_gpu_trainer_result(trainer, &result));
    ck_assert_str_eq(result.reason, "diverged");
    rnn_gpu_trainer_destroy(trainer);
    rnn_gpu_options_destroy(o);
}
END_TEST

/* ---- Outputs and gradients ---- */

static double loss_of(rnn_gpu_device *device, const rnn_gpu_model *model, const rnn_gpu_data *data,
                      rnn_gpu_tensors **tensors) {
    struct rnn_gpu_array loss;
    rnn_gpu_tensors *own = NULL;
    GOOD(rnn_gpu_gradient(device, model, data, NULL, tensors ? tensors : &own, NULL));
    GOOD(rnn_gpu_tensors_get(tensors ? *tensors : own, "loss", &loss));
    const double value = *(const double *)loss.values;
    rnn_gpu_tensors_destroy(own);
    return value;
}

/* The gradient of a weight is the slope of the loss, with sequences of all lengths; the device decides the precision.
 */
START_TEST(gradients) {
    static const double STEP = 1e-5;
    rnn_gpu_options *const o =
        options_with("train", (const char *const[]){"hidden", "4", "cell", "lstm", "precision", "double", NULL});
    rnn_gpu_device *device = NULL;
    rnn_gpu_model *model = NULL;
    rnn_gpu_data *data = NULL;
    rnn_gpu_tensors *tensors = NULL, *outputs = NULL;
    struct rnn_gpu_array gradient, predicted, output;
    struct rnn_gpu_device_info info;
    double weights[64];
    struct rnn_gpu_arrays arrays = problem.arrays;
    arrays.y = vector_of(problem.values, RNN_GPU_F32);
    arrays.lengths = vector_of(problem.lengths, RNN_GPU_I64);
    GOOD(rnn_gpu_device_open(o, &device));
    GOOD(rnn_gpu_device_describe(device, &info));
    ck_assert_str_eq(info.backend, "native");
    GOOD(rnn_gpu_model_create(o, FEATURES, 1, &model));
    GOOD(rnn_gpu_data_create(&arrays, &data));
    (void)loss_of(device, model, data, &tensors);
    GOOD(rnn_gpu_tensors_get(tensors, "grad.rnn.weight_hh_l0", &gradient));
    ck_assert(gradient.type == RNN_GPU_F64 && gradient.n_dims == 2 && gradient.shape[0] == 16 &&
              gradient.shape[1] == 4);
    GOOD(rnn_gpu_model_get(model, "rnn.weight_hh_l0", weights, 64));
    for (int i = 0; i < 64; i += 13) {
        const double w = weights[i];
        weights[i] = w + STEP;
        GOOD(rnn_gpu_model_set(model, "rnn.weight_hh_l0", weights, 64));
        const double up = loss_of(device, model, data, NULL);
        weights[i] = w - STEP;
        GOOD(rnn_gpu_model_set(model, "rnn.weight_hh_l0", weights, 64));
        const double down = loss_of(device, model, data, NULL);
        weights[i] = w;
        ck_assert_double_eq_tol((up - down) / (2.0 * STEP), ((const double *)gradient.values)[i], 1e-8);
    }
    GOOD(rnn_gpu_model_set(model, "rnn.weight_hh_l0", weights, 64));
    GOOD(rnn_gpu_predict(device, model, data, NULL, &outputs));
    GOOD(rnn_gpu_tensors_get(outputs, "output", &predicted));
    GOOD(rnn_gpu_tensors_get(tensors, "output", &output));
    ck_assert(predicted.n_dims == 2 && predicted.shape[0] == SEQUENCES && predicted.shape[1] == 1);
    ck_assert_mem_eq(predicted.values, output.values, SEQUENCES * sizeof(double));
    rnn_gpu_tensors_destroy(outputs);
    rnn_gpu_tensors_destroy(tensors);
    rnn_gpu_data_destroy(data);
    rnn_gpu_model_destroy(model);
    rnn_gpu_device_close(device);
    rnn_gpu_options_destroy(o);
}
END_TEST

START_TEST(data_that_do_not_fit) {
    rnn_gpu_options *const o = options_with("train", (const char *const[]){"hidden", "4", NULL});
    rnn_gpu_options *const p = options_with("predict", NULL);
    rnn_gpu_model *model = NULL;
    rnn_gpu_data *data = NULL;
    rnn_gpu_tensors *outputs = NULL;
    GOOD(rnn_gpu_data_create(&problem.arrays, &data));
    GOOD(rnn_gpu_model_create(o, 3, 1, &model));
    FAILS(rnn_gpu_predict(NULL, model, data, p, &outputs), RNN_GPU_BAD_DATA,
          "the data has 2 features, but rnn.weight_ih_l0 of the model is [4, 3]");
    ck_assert_ptr_null(outputs);
    FAILS(rnn_gpu_predict(NULL, NULL, data, p, &outputs), RNN_GPU_USAGE, "rnn_gpu_predict: model is NULL");
    rnn_gpu_model_destroy(model);
    rnn_gpu_data_destroy(data);
    rnn_gpu_options_destroy(o);
    rnn_gpu_options_destroy(p);
}
END_TEST

START_TEST(devices) {
    struct rnn_gpu_device_info info[8];
    size_t n = 0, all = 0;
    rnn_gpu_device *device = NULL;
    rnn_gpu_options *const o = options_with("predict", NULL);
    GOOD(rnn_gpu_devices(info, 8, &n));
    ck_assert_uint_ge(n, 1);
    ck_assert_str_eq(info[n - 1].id, "cpu");
    ck_assert_str_eq(info[n - 1].problem, "");
    GOOD(rnn_gpu_devices(NULL, 0, &all));
    ck_assert_uint_eq(all, n);
    GOOD(rnn_gpu_options_set(o, "device", "nosuch"));
    FAILS(rnn_gpu_device_open(o, &device), RNN_GPU_NO_DEVICE, "--device nosuch matches no device");
    ck_assert_ptr_null(device);
    rnn_gpu_options_destroy(o);
}
END_TEST

/* ---- A child process ---- */

struct parent {
    rnn_gpu_device *device;
    rnn_gpu_data *data;
    rnn_gpu_options *options;
    rnn_gpu_trainer *trainer;
    int how; /* the child ended */
};

/* In the child: every use of the device is refused, although the parent's training holds it, and all can be freed. */
static int use_of_child(struct parent *p) {
    rnn_gpu_trainer *other = NULL;
    const rnn_gpu_status status = rnn_gpu_trainer_create(p->device, p->options, NULL, p->data, NULL, &other);
    const int refused = status == RNN_GPU_ERROR && !other &&
                        strstr(rnn_gpu_error_message(), "was opened before fork(), and this is the child") != NULL;
    rnn_gpu_trainer_destroy(p->trainer);
    rnn_gpu_device_close(p->device);
    return refused ? 0 : 1;
}

static int fork_once(void *user, const struct rnn_gpu_update *update) {
    enum { PATIENCE_SECONDS = 60 };
    struct parent *const p = user;
    const pid_t child = update->update == 2 ? fork() : 1;
    if (child == 0) {
        (void)signal(SIGALRM, SIG_DFL); /* Check's handler kills the whole process group */
        (void)alarm(PATIENCE_SECONDS);
        _exit(use_of_child(p));
    }
    if (update->update == 2) {
        ck_assert_int_eq(waitpid(child, &p->how, 0), child);
    }
    return 0;
}

START_TEST(a_child_process_cannot_use_the_device) {
    static const char *const settings[] = {"hidden", "4", "updates", "3", "threads", "2", NULL};
    struct parent p = {.options = options_with("train", settings), .how = -1};
    GOOD(rnn_gpu_data_create(&problem.arrays, &p.data));
    GOOD(rnn_gpu_device_open(p.options, &p.device));
    GOOD(rnn_gpu_trainer_create(p.device, p.options, NULL, p.data, NULL, &p.trainer));
    rnn_gpu_trainer_on_update(p.trainer, fork_once, &p);
    GOOD(rnn_gpu_trainer_run(p.trainer));
    ck_assert_int_eq(p.how, 0);
    rnn_gpu_trainer_destroy(p.trainer);
    rnn_gpu_device_close(p.device);
    rnn_gpu_data_destroy(p.data);
    rnn_gpu_options_destroy(p.options);
}
END_TEST

TEST_MAIN("api") {
    TCase *const tests = add_tests(suite, "api");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, options);
    tcase_add_test(tests, names_of_options);
    tcase_add_test(tests, contradictions);
    tcase_add_test(tests, bad_data);
    tcase_add_test(tests, models);
    tcase_add_test(tests, a_training);
    tcase_add_test(tests, goes_on_from_a_model);
    tcase_add_loop_test(tests, cancelled, 0, 3);
    tcase_add_test(tests, diverged);
    tcase_add_test(tests, gradients);
    tcase_add_test(tests, data_that_do_not_fit);
    tcase_add_test(tests, devices);
    tcase_add_test(tests, a_child_process_cannot_use_the_device);
}
