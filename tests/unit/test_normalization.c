/* Normalised inputs: mean and deviation over valid steps, the data set that is scaled by them, the model's file, and
 * the first layer that takes them in. */
#include <math.h>
#include <unistd.h>

#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/model.h"
#include "scratch.h"
#include "suite.h"

enum { N = 3, T = 4, F = 2 };

/* Sequences of 4, 2 and 0 steps; what stands in the padding would change every number. */
static struct rg_dataset *make_data(bool pad_left, bool doubles) {
    static const int32_t lengths[N] = {4, 2, 0};
    struct rg_dataset *data = NULL;
    ck_assert_int_eq(rg_alloc(&data, 1, sizeof *data, "a data set"), RG_OK);
    ck_assert_int_eq(rg_copy_string(&data->path, "made"), RG_OK);
    data->n_sequences = N;
    data->n_steps = T;
    data->n_features = F;
    data->pad_left = pad_left;
    ck_assert_int_eq(rg_alloc(&data->lengths, N, sizeof *lengths, "lengths"), RG_OK);
    memcpy(data->lengths, lengths, sizeof lengths);
    ck_assert_int_eq(doubles ? rg_alloc(&data->x_double, N, sizeof(double[T][F]), "x")
                             : rg_alloc(&data->x_float, N, sizeof(float[T][F]), "x"),
                     RG_OK);
    for (size_t i = 0; i < N; i++) {
        for (size_t t = 0; t < T; t++) {
            const size_t length = (size_t)lengths[i], first = pad_left ? T - length : 0;
            const bool valid = t >= first && t < first + length;
            const size_t at = (i * T + t) * F, step = 4 * i + t - first; /* 0 1 2 3, 4 5 */
            const double x[F] = {valid ? 1000.0 + (double)step : 1e6, valid ? 7.0 : -1e6};
            for (size_t f = 0; f < F; f++) {
                if (doubles) {
                    data->x_double[at + f] = x[f];
                } else {
                    data->x_float[at + f] = (float)x[f];
                }
            }
        }
    }
    return data;
}

START_TEST(inputs_get_mean_0_and_deviation_1) {
    const bool pad_left = _i & 1, from_doubles = _i & 2, to_doubles = _i & 4;
    struct rg_dataset *const data = make_data(pad_left, from_doubles);
    double mean[F], deviation[F], sum = 0.0, squares = 0.0;
    ck_assert_int_eq(rg_dataset_moments(data, mean, deviation), RG_OK);
    ck_assert(fabs(mean[0] - 1002.5) < 1e-9 && fabs(deviation[0] - sqrt(35.0 / 12.0)) < 1e-9);
    ck_assert(mean[1] == 7.0 && deviation[1] == 1.0); /* all equal */
    ck_assert_int_eq(rg_dataset_normalize(data, mean, deviation, to_doubles), RG_OK);
    ck_assert((data->x_double != NULL) == to_doubles && (data->x_float != NULL) != to_doubles);
    for (size_t i = 0; i < N; i++) {
        const size_t length = (size_t)data->lengths[i], first = pad_left ? T - length : 0;
        for (size_t t = first; t < first + length; t++) {
            double x[F];
            rg_dataset_numbers(data, (i * T + t) * F, F, x);
            sum += x[0];
            squares += x[0] * x[0];
            ck_assert_double_eq(x[1], 0.0);
        }
    }
    ck_assert_msg(fabs(sum) < 1e-5 && fabs(squares - 6.0) < 1e-5, "sum %g, squares %g", sum, squares);
    rg_dataset_destroy(data);
}
END_TEST

START_TEST(bytes_become_numbers) {
    uint8_t *bytes = NULL;
    struct rg_dataset *const data = make_data(false, false);
    double mean[F], deviation[F], x[F];
    ck_assert_int_eq(rg_alloc(&bytes, N * T * F, 1, "x"), RG_OK);
    bytes[0] = 255;
    rg_free(data->x_float);
    data->x_float = NULL;
    data->x_byte = bytes;
    data->kind = RG_INPUT_BYTE;
    ck_assert_int_eq(rg_dataset_moments(data, mean, deviation), RG_OK);
    ck_assert(fabs(mean[0] - 1.0 / 6.0) < 1e-15);
    ck_assert_int_eq(rg_dataset_normalize(data, mean, deviation, true), RG_OK);
    rg_dataset_numbers(data, 0, F, x);
    ck_assert(fabs(x[0] - (5.0 / 6.0) / deviation[0]) < 1e-12);
    rg_dataset_destroy(data);
}
END_TEST

/* More steps than are read together, of few features and of many. */
START_TEST(long_sequences) {
    static const size_t sizes[][2] = {{1, 4097}, {1, 4098}, {1, 9000}, {4096, 2}, {4096, 3}, {5000, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t features = sizes[i][0], steps = sizes[i][1];
        float *const x = calloc(features * steps, sizeof *x);
        double *const mean = calloc(2 * features, sizeof *mean), *const deviation = mean + features;
        ck_assert(x && mean);
        test_case("%zu steps of %zu features", steps, features);
        for (size_t k = 0; k < features * steps; k++) {
            x[k] = (float)(k / features); /* its step */
        }
        const struct rg_dataset data = {.path = "made",
                                        .n_sequences = 1,
                                        .n_steps = steps,
                                        .n_features = features,
                                        .kind = RG_INPUT_FLOAT,
                                        .x_float = x};
        ck_assert_int_eq(rg_dataset_moments(&data, mean, deviation), RG_OK);
        const double n = (double)steps, wanted = sqrt((n * n - 1.0) / 12.0);
        for (size_t f = 0; f < features; f++) {
            ck_assert(fabs(mean[f] - (n - 1.0) / 2.0) < 1e-8 && fabs(deviation[f] - wanted) < 1e-8);
        }
        free(x);
        free(mean);
    }
}
END_TEST

/* Data without a step have no mean: 0 and 1 change nothing. */
START_TEST(no_steps) {
    int32_t none[2] = {0, 0};
    float x[2] = {5.0F, 6.0F};
    double mean = 7.0, deviation = 7.0;
    const struct rg_dataset data = {.path = "made",
                                    .n_sequences = 2,
                                    .n_steps = 1,
                                    .n_features = 1,
                                    .kind = RG_INPUT_FLOAT,
                                    .x_float = x,
                                    .lengths = none};
    ck_assert_int_eq(rg_dataset_moments(&data, &mean, &deviation), RG_OK);
    ck_assert(mean == 0.0 && deviation == 1.0);
}
END_TEST

static struct rg_model *make_model(bool exact, size_t directions) {
    const struct rg_shape shape = {.cell = RG_CELL_LSTM,
                                   .inputs = F,
                                   .hidden = 3,
                                   .outputs = 1,
                                   .loss = RG_LOSS_MSE,
                                   .layers = 2,
                                   .bidirectional = directions == 2,
                                   .readout = RG_READOUT_FINAL};
    const struct rg_init_options init = {.forget_bias = (double)NAN};
    struct rg_model *model = NULL;
    ck_assert_int_eq(rg_model_create(&shape, &model), RG_OK);
    ck_assert_int_eq(rg_model_initialise(model, &init, 5), RG_OK);
    ck_assert_int_eq(exact ? rg_model_widen(model) : RG_OK, RG_OK);
    return model;
}

START_TEST(the_file_keeps_it) {
    static const double mean[F] = {3.0, -1.0 / 3.0}, deviation[F] = {0.5, 1e-3};
    const struct rg_shape defaults = {.cell = RG_N_CELLS, .readout = RG_N_READOUTS};
    char folder[256], path[300];
    struct rg_model *model = make_model(false, 1), *loaded = NULL;
    ck_assert_int_eq(rg_model_set_normalization(model, mean, deviation), RG_OK);
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/m.safetensors", folder);
    ck_assert_msg(rg_model_save(model, path) == RG_OK, "%s", rg_error_message());
    ck_assert_msg(rg_model_load(path, &defaults, &loaded) == RG_OK, "%s", rg_error_message());
    for (size_t f = 0; f < F; f++) {
        ck_assert_double_eq(loaded->input_mean[f], mean[f]);
        ck_assert_double_eq(loaded->input_deviation[f], deviation[f]);
    }
    rg_model_destroy(loaded);
    model->input_deviation[1] = 0.0; /* a file that was tampered with */
    ck_assert_int_eq(rg_model_save(model, path), RG_OK);
    ck_assert_int_eq(rg_model_load(path, &defaults, &loaded), RG_BAD_FILE);
    ck_assert(strstr(rg_error_message(), "'input.deviation': element 1 is 0") != NULL);
    rg_model_destroy(model);
    (void)remove(path);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

TEST_MAIN("normalization") {
    TCase *const tests = add_tests(suite, "normalization");
    tcase_add_loop_test(tests, inputs_get_mean_0_and_deviation_1, 0, 8);
    tcase_add_test(tests, bytes_become_numbers);
    tcase_add_test(tests, long_sequences);
    tcase_add_test(tests, no_steps);
    tcase_add_test(tests, the_file_keeps_it);
}
