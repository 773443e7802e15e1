/* The public interface where nothing is computed: versions, messages, pointers that are missing, tensors that are
 * saved. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api_problem.h"
#include "rnn_gpu/tensors.h"

static struct problem problem;

static void set_up(void) {
    make_problem(&problem);
}

/* ---- Errors ---- */

START_TEST(versions_and_errors) {
    char expected[40];
    rnn_gpu_options *options = NULL;
    snprintf(expected, sizeof expected, "%d.%d.%d", RNN_GPU_VERSION_MAJOR, RNN_GPU_VERSION_MINOR,
             RNN_GPU_VERSION_PATCH);
    ck_assert_str_eq(rnn_gpu_version(), expected);
    static const struct {
        int status;
        const char *name;
    } names[] = {{RNN_GPU_OK, "done"},
                 {RNN_GPU_ERROR, "error"},
                 {RNN_GPU_USAGE, "wrong usage"},
                 {RNN_GPU_NO_DEVICE, "no device"},
                 {RNN_GPU_BAD_DATA, "bad data"},
                 {RNN_GPU_DIVERGED, "diverged"},
                 {RNN_GPU_NO_MEMORY, "no memory"},
                 {RNN_GPU_NOT_SAVED, "not saved"},
                 {RNN_GPU_INTERRUPTED, "interrupted"},
                 {99, "error"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ck_assert_str_eq(rnn_gpu_status_name((rnn_gpu_status)names[i].status), names[i].name);
    }
    FAILS(rnn_gpu_options_create("bench", &options), RNN_GPU_USAGE, "train, predict or grad was expected");
    ck_assert_ptr_null(options);
    FAILS(rnn_gpu_options_create(NULL, &options), RNN_GPU_USAGE, "rnn_gpu_options_create: command is NULL");
    GOOD(rnn_gpu_options_create("train", &options));
    ck_assert_int_eq(rnn_gpu_last_status(), RNN_GPU_OK);
    rnn_gpu_options_destroy(options);
    rnn_gpu_options_destroy(NULL);
    rnn_gpu_model_destroy(NULL);
    rnn_gpu_data_destroy(NULL);
    rnn_gpu_trainer_destroy(NULL);
    rnn_gpu_trainer_cancel(NULL);
    rnn_gpu_trainer_on_update(NULL, NULL, NULL);
    rnn_gpu_trainer_on_validation(NULL, NULL, NULL);
    rnn_gpu_tensors_destroy(NULL);
    rnn_gpu_device_close(NULL);
}
END_TEST

/* A function checks every pointer that it needs before it uses any of its arguments. */
START_TEST(null_arguments) {
    static char other[64];
    void *const any = other;
    char text[8];
    double values[1] = {0.0};
    size_t count = 0, shape[2] = {0, 0};
    FAILS(rnn_gpu_options_create(NULL, any), RNN_GPU_USAGE, "rnn_gpu_options_create: command is NULL");
    FAILS(rnn_gpu_options_create("train", NULL), RNN_GPU_USAGE, "rnn_gpu_options_create: options is NULL");
    FAILS(rnn_gpu_options_set(NULL, "lr", "1"), RNN_GPU_USAGE, "rnn_gpu_options_set: options is NULL");
    FAILS(rnn_gpu_options_set(any, NULL, "1"), RNN_GPU_USAGE, "rnn_gpu_options_set: name is NULL");
    FAILS(rnn_gpu_options_set(any, "lr", NULL), RNN_GPU_USAGE, "rnn_gpu_options_set: value is NULL");
    FAILS(rnn_gpu_options_get(NULL, "lr", text, sizeof text), RNN_GPU_USAGE, "rnn_gpu_options_get: options is NULL");
    FAILS(rnn_gpu_options_get(any, NULL, text, sizeof text), RNN_GPU_USAGE, "rnn_gpu_options_get: name is NULL");
    FAILS(rnn_gpu_options_get(any, "lr", NULL, sizeof text), RNN_GPU_USAGE, "rnn_gpu_options_get: text is NULL");
    FAILS(rnn_gpu_devices(NULL, 1, &count), RNN_GPU_USAGE, "rnn_gpu_devices: devices is NULL");
    FAILS(rnn_gpu_devices(NULL, 0, NULL), RNN_GPU_USAGE, "rnn_gpu_devices: count is NULL");
    FAILS(rnn_gpu_device_open(NULL, NULL), RNN_GPU_USAGE, "rnn_gpu_device_open: device is NULL");
    FAILS(rnn_gpu_device_describe(NULL, any), RNN_GPU_USAGE, "rnn_gpu_device_describe: device is NULL");
    FAILS(rnn_gpu_device_describe(any, NULL), RNN_GPU_USAGE, "rnn_gpu_device_describe: info is NULL");
    FAILS(rnn_gpu_data_create(NULL, any), RNN_GPU_USAGE, "rnn_gpu_data_create: arrays is NULL");
    FAILS(rnn_gpu_data_create(any, NULL), RNN_GPU_USAGE, "rnn_gpu_data_create: data is NULL");
    FAILS(rnn_gpu_data_open(NULL, any), RNN_GPU_USAGE, "rnn_gpu_data_open: path is NULL");
    FAILS(rnn_gpu_data_open("x.csv", NULL), RNN_GPU_USAGE, "rnn_gpu_data_open: data is NULL");
    FAILS(rnn_gpu_tensors_get(NULL, "y", any), RNN_GPU_USAGE, "rnn_gpu_tensors_get: tensors is NULL");
    FAILS(rnn_gpu_tensors_get(any, NULL, any), RNN_GPU_USAGE, "rnn_gpu_tensors_get: name is NULL");
    FAILS(rnn_gpu_tensors_get(any, "y", NULL), RNN_GPU_USAGE, "rnn_gpu_tensors_get: array is NULL");
    FAILS(rnn_gpu_tensors_save(NULL, "y.npz"), RNN_GPU_USAGE, "rnn_gpu_tensors_save: tensors is NULL");
    FAILS(rnn_gpu_tensors_save(any, NULL), RNN_GPU_USAGE, "rnn_gpu_tensors_save: path is NULL");
    FAILS(rnn_gpu_model_create(NULL, 1, 1, NULL), RNN_GPU_USAGE, "rnn_gpu_model_create: model is NULL");
    FAILS(rnn_gpu_model_load(NULL, NULL, any), RNN_GPU_USAGE, "rnn_gpu_model_load: path is NULL");
    FAILS(rnn_gpu_model_load("m.safetensors", NULL, NULL), RNN_GPU_USAGE, "rnn_gpu_model_load: model is NULL");
    FAILS(rnn_gpu_model_save(NULL, "m.safetensors"), RNN_GPU_USAGE, "rnn_gpu_model_save: model is NULL");
    FAILS(rnn_gpu_model_save(any, NULL), RNN_GPU_USAGE, "rnn_gpu_model_save: path is NULL");
    FAILS(rnn_gpu_model_describe(NULL, any), RNN_GPU_USAGE, "rnn_gpu_model_describe: model is NULL");
    FAILS(rnn_gpu_model_describe(any, NULL), RNN_GPU_USAGE, "rnn_gpu_model_describe: info is NULL");
    FAILS(rnn_gpu_model_shape(NULL, "w", shape), RNN_GPU_USAGE, "rnn_gpu_model_shape: model is NULL");
    FAILS(rnn_gpu_model_shape(any, NULL, shape), RNN_GPU_USAGE, "rnn_gpu_model_shape: name is NULL");
    FAILS(rnn_gpu_model_shape(any, "w", NULL), RNN_GPU_USAGE, "rnn_gpu_model_shape: shape is NULL");
    FAILS(rnn_gpu_model_get(NULL, "w", values, 1), RNN_GPU_USAGE, "rnn_gpu_model_get: model is NULL");
    FAILS(rnn_gpu_model_get(any, NULL, values, 1), RNN_GPU_USAGE, "rnn_gpu_model_get: name is NULL");
    FAILS(rnn_gpu_model_get(any, "w", NULL, 1), RNN_GPU_USAGE, "rnn_gpu_model_get: values is NULL");
    FAILS(rnn_gpu_model_set(NULL, "w", values, 1), RNN_GPU_USAGE, "rnn_gpu_model_set: model is NULL");
    FAILS(rnn_gpu_model_set(any, NULL, values, 1), RNN_GPU_USAGE, "rnn_gpu_model_set: name is NULL");
    FAILS(rnn_gpu_model_set(any, "w", NULL, 1), RNN_GPU_USAGE, "rnn_gpu_model_set: values is NULL");
    FAILS(rnn_gpu_predict(NULL, NULL, any, NULL, any), RNN_GPU_USAGE, "rnn_gpu_predict: model is NULL");
    FAILS(rnn_gpu_predict(NULL, any, NULL, NULL, any), RNN_GPU_USAGE, "rnn_gpu_predict: data is NULL");
    FAILS(rnn_gpu_predict(NULL, any, any, NULL, NULL), RNN_GPU_USAGE, "rnn_gpu_predict: outputs is NULL");
    FAILS(rnn_gpu_gradient(NULL, NULL, any, NULL, any, NULL), RNN_GPU_USAGE, "rnn_gpu_gradient: model is NULL");
    FAILS(rnn_gpu_gradient(NULL, any, NULL, NULL, any, NULL), RNN_GPU_USAGE, "rnn_gpu_gradient: data is NULL");
    FAILS(rnn_gpu_gradient(NULL, any, any, NULL, NULL, NULL), RNN_GPU_USAGE, "rnn_gpu_gradient: tensors is NULL");
    FAILS(rnn_gpu_trainer_create(NULL, NULL, NULL, NULL, NULL, NULL), RNN_GPU_USAGE,
          "rnn_gpu_trainer_create: trainer is NULL");
    FAILS(rnn_gpu_trainer_run(NULL), RNN_GPU_USAGE, "rnn_gpu_trainer_run: trainer is NULL");
    FAILS(rnn_gpu_trainer_result(NULL, any), RNN_GPU_USAGE, "rnn_gpu_trainer_result: trainer is NULL");
    FAILS(rnn_gpu_trainer_result(any, NULL), RNN_GPU_USAGE, "rnn_gpu_trainer_result: result is NULL");
    FAILS(rnn_gpu_trainer_model(NULL, 0, any), RNN_GPU_USAGE, "rnn_gpu_trainer_model: trainer is NULL");
    FAILS(rnn_gpu_trainer_model(any, 0, NULL), RNN_GPU_USAGE, "rnn_gpu_trainer_model: model is NULL");
    FAILS(rnn_gpu_trainer_lags(NULL, any), RNN_GPU_USAGE, "rnn_gpu_trainer_lags: trainer is NULL");
    FAILS(rnn_gpu_trainer_lags(any, NULL), RNN_GPU_USAGE, "rnn_gpu_trainer_lags: tensors is NULL");
}
END_TEST

/* Where a call fails, its handle becomes NULL, whatever it was before; what has no status answers NULL or 0. */
START_TEST(no_handle_after_a_failure) {
    static char garbage;
    rnn_gpu_options *const other = options_with("grad", NULL), *options = (void *)&garbage;
    rnn_gpu_device *device = (void *)&garbage;
    rnn_gpu_data *empty = (void *)&garbage, *missing = (void *)&garbage, *data = NULL;
    rnn_gpu_model *created = (void *)&garbage, *loaded = (void *)&garbage, *nameless = (void *)&garbage, *model = NULL;
    rnn_gpu_trainer *trainer = (void *)&garbage;
    rnn_gpu_tensors *outputs = (void *)&garbage, *gradient = (void *)&garbage;
    const struct rnn_gpu_arrays none = {.x = {.values = NULL}};
    FAILS(rnn_gpu_options_create("tran", &options), RNN_GPU_USAGE, "there are no options of 'tran'");
    GOOD(rnn_gpu_options_set(other, "device", "nosuch"));
    FAILS(rnn_gpu_device_open(other, &device), RNN_GPU_NO_DEVICE, "nosuch");
    FAILS(rnn_gpu_data_create(&none, &empty), RNN_GPU_USAGE, "there is no tensor `x`");
    FAILS(rnn_gpu_data_open("nosuch.csv", &missing), RNN_GPU_BAD_DATA, "nosuch.csv");
    FAILS(rnn_gpu_model_create(other, 1, 1, &created), RNN_GPU_USAGE, "these are options for grad");
    FAILS(rnn_gpu_model_load("x.safetensors", other, &loaded), RNN_GPU_USAGE, "these are options for grad");
    FAILS(rnn_gpu_model_load("", NULL, &nameless), RNN_GPU_BAD_DATA, "the name of the model's file is empty");
    GOOD(rnn_gpu_data_create(&problem.arrays, &data));
    GOOD(rnn_gpu_model_create(NULL, FEATURES, 1, &model));
    FAILS(rnn_gpu_trainer_create(NULL, other, NULL, data, NULL, &trainer), RNN_GPU_USAGE, "these are options for grad");
    FAILS(rnn_gpu_predict(NULL, model, data, other, &outputs), RNN_GPU_USAGE, "these are options for grad");
    FAILS(rnn_gpu_gradient(NULL, model, data, other, &gradient, NULL), RNN_GPU_NO_DEVICE, "nosuch");
    ck_assert(!options && !device && !empty && !missing && !created && !loaded && !nameless && !trainer);
    ck_assert(!outputs && !gradient);
    ck_assert(!rnn_gpu_model_parameter(NULL, 0) && !rnn_gpu_model_class(NULL, 0) && !rnn_gpu_model_class(model, 0));
    ck_assert(rnn_gpu_tensors_count(NULL) == 0 && !rnn_gpu_tensors_name(NULL, 0));
    ck_assert(!rnn_gpu_option_name(NULL, 0) && !rnn_gpu_option_help(NULL));
    rnn_gpu_model_destroy(model);
    rnn_gpu_data_destroy(data);
    rnn_gpu_options_destroy(other);
}
END_TEST

/* ---- Tensors ---- */

/* A saved gradient is the one in memory; a name that is near is proposed. */
START_TEST(tensors) {
    rnn_gpu_options *const o = options_with("grad", NULL);
    rnn_gpu_model *model = NULL;
    rnn_gpu_data *data = NULL;
    rnn_gpu_tensors *gradient = NULL;
    struct rnn_gpu_array array;
    size_t shape[2];
    char path[] = "/tmp/rnn-gpu-test-XXXXXX";
    const int file = mkstemp(path);
    ck_assert(file >= 0 && close(file) == 0);
    problem.arrays.y = vector_of(problem.values, RNN_GPU_F32);
    GOOD(rnn_gpu_data_create(&problem.arrays, &data));
    GOOD(rnn_gpu_model_create(NULL, FEATURES, 1, &model));
    GOOD(rnn_gpu_gradient(NULL, model, data, o, &gradient, NULL));
    const size_t count = rnn_gpu_tensors_count(gradient);
    ck_assert_uint_gt(count, 10);
    ck_assert_ptr_null(rnn_gpu_tensors_name(gradient, count));
    for (size_t i = 0; i < count; i++) {
        GOOD(rnn_gpu_tensors_get(gradient, rnn_gpu_tensors_name(gradient, i), &array));
    }
    FAILS(rnn_gpu_tensors_get(gradient, "grad.head.bia", &array), RNN_GPU_USAGE, "did you mean grad.head.bias?");
    FAILS(rnn_gpu_tensors_get(gradient, "something else", &array), RNN_GPU_USAGE,
          "there is no tensor 'something else'");
    ck_assert_ptr_null(strstr(rnn_gpu_error_message(), "mean"));
    FAILS(rnn_gpu_model_shape(model, "head.bia", shape), RNN_GPU_USAGE, "did you mean head.bias?");
    GOOD(rnn_gpu_tensors_save(gradient, path));
    FAILS(rnn_gpu_tensors_save(gradient, "/nosuch/g.safetensors"), RNN_GPU_NOT_SAVED, "/nosuch/g.safetensors");
    struct rg_tensors *saved = NULL;
    ck_assert_int_eq(rg_tensors_read(path, &saved), RG_OK);
    ck_assert_uint_eq(saved->count, count);
    for (size_t i = 0; i < count; i++) {
        const struct rg_tensor *const t = rg_tensors_find(saved, rnn_gpu_tensors_name(gradient, i));
        GOOD(rnn_gpu_tensors_get(gradient, rnn_gpu_tensors_name(gradient, i), &array));
        ck_assert(t && t->n_dims == array.n_dims && memcmp(t->shape, array.shape, t->n_dims * sizeof *t->shape) == 0);
        ck_assert_mem_eq(t->data, array.values, t->data_bytes);
    }
    rg_tensors_destroy(saved);
    ck_assert_int_eq(unlink(path), 0);
    rnn_gpu_tensors_destroy(gradient);
    rnn_gpu_data_destroy(data);
    rnn_gpu_model_destroy(model);
    rnn_gpu_options_destroy(o);
}
END_TEST

START_TEST(a_precision_that_contradicts) {
    rnn_gpu_options *const o =
        options_with("predict", (const char *const[]){"math", "tf32", "precision", "double", NULL});
    rnn_gpu_device *device = NULL;
    FAILS(rnn_gpu_device_open(o, &device), RNN_GPU_USAGE, "--math tf32 requires --precision float");
    rnn_gpu_options_destroy(o);
}
END_TEST

TEST_MAIN("api_calls") {
    TCase *const tests = add_tests(suite, "api_calls");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, versions_and_errors);
    tcase_add_test(tests, null_arguments);
    tcase_add_test(tests, no_handle_after_a_failure);
    tcase_add_test(tests, tensors);
    tcase_add_test(tests, a_precision_that_contradicts);
}
