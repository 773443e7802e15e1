/* What --precision double rests on: buffers of either precision with doubles on the host, models and data sets that
 * keep every digit of a file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "device/device.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "suite.h"

static char folder[256], path[512];

static void make_folder(void) {
    make_scratch_folder(folder, sizeof folder);
}

static void remove_folder(void) {
    remove(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static const char *file_called(const char *name) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void expect_ok(rg_status status) {
    ck_assert_msg(status == RG_OK, "%s", rg_error_message());
}

static void expect_numbers(const double *got, const double *wanted, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(got[i] == wanted[i], "number %zu is %.17g, expected %.17g", i, got[i], wanted[i]);
    }
}

static const double third = 1.0 / 3.0; /* no float */

START_TEST(reals_of_a_device) {
    const bool is_double = _i == 1;
    static const double numbers[] = {1.0 / 3.0, -0.0, 1e-300, 5.0, INFINITY};
    static const float floats[] = {0.1F, 2.0F, -3.5F};
    enum { N = sizeof numbers / sizeof *numbers };
    double back[N] = {0.0};
    struct rg_device *device = NULL;
    struct rg_buffer *buffer = NULL;
    expect_ok(rg_device_open("cpu", &(struct rg_device_options){.threads = 1, .is_double = is_double}, &device));
    ck_assert_uint_eq(device->info.real_bytes, is_double ? 8 : 4);
    expect_ok(rg_reals_create(device, N + 1, "the test", &buffer));
    expect_ok(rg_reals_write(device, buffer, 1, numbers, N));
    expect_ok(rg_reals_read(device, back, buffer, 1, N));
    for (size_t i = 0; i < N; i++) {
        const double wanted = is_double ? numbers[i] : (double)(float)numbers[i];
        ck_assert_mem_eq(&back[i], &wanted, sizeof wanted);
    }
    expect_ok(rg_reals_write_floats(device, buffer, 2, floats, 3));
    expect_ok(rg_reals_read(device, back, buffer, 2, 3));
    for (size_t i = 0; i < 3; i++) {
        ck_assert(back[i] == (double)floats[i]);
    }
    ck_assert_int_eq(rg_reals_read(device, back, buffer, 3, N), RG_ERROR);
    rg_buffer_destroy(device, buffer);
    rg_device_destroy(device);
}
END_TEST

static struct rg_model *model_of(double value) {
    const struct rg_shape shape = {
        .cell = RG_CELL_GRU, .inputs = 3, .hidden = 2, .outputs = 1, .loss = RG_LOSS_MSE, .layers = 1};
    struct rg_model *model = NULL;
    expect_ok(rg_model_create(&shape, &model));
    expect_ok(rg_model_widen(model));
    for (size_t p = 0; p < model->n_parameters; p++) {
        for (size_t i = 0; i < rg_parameter_elements(&model->parameters[p]); i++) {
            model->exact[model->parameters[p].offset + i] = value + (double)i;
        }
    }
    return model;
}

START_TEST(models_keep_every_digit) {
    static const struct rg_shape defaults = {.cell = RG_N_CELLS};
    struct rg_model *const model = model_of(third);
    struct rg_model *back = NULL, *rounded = NULL, *wide = NULL;
    expect_ok(rg_model_save(model, file_called("m.safetensors")));
    expect_ok(rg_model_load_exact(path, &defaults, &back));
    ck_assert_mem_eq(back->exact, model->exact, model->arena * sizeof *model->exact);
    ck_assert_ptr_null(back->weights);
    expect_ok(rg_model_load(path, &defaults, &rounded));
    ck_assert_ptr_null(rounded->exact);
    for (size_t i = 0; i < back->arena; i++) {
        ck_assert(rounded->weights[i] == (float)back->exact[i]);
    }
    /* a file of floats, widened */
    expect_ok(rg_model_save(rounded, path));
    expect_ok(rg_model_load_exact(path, &defaults, &wide));
    for (size_t i = 0; i < wide->arena; i++) {
        ck_assert(wide->exact[i] == (double)rounded->weights[i]);
    }
    rg_model_destroy(model);
    rg_model_destroy(back);
    rg_model_destroy(rounded);
    rg_model_destroy(wide);
}
END_TEST

/* A file of floats widened: the doubles are twice the file, and nothing of it is held beside them. */
START_TEST(reading_takes_twice_the_file) {
    static const struct rg_shape defaults = {.cell = RG_N_CELLS};
    enum { H = 2048 };
    const size_t wide = (size_t)H * H * sizeof(float);
    struct rusage before, after;
    struct rg_model *model = NULL;
    char text[1024];
    const int length = snprintf(text, sizeof text,
                                "{\"weight_ih_l0\":{\"dtype\":\"F32\",\"shape\":[%d,%d],\"data_offsets\":[0,%zu]},"
                                "\"weight_hh_l0\":{\"dtype\":\"F32\",\"shape\":[%d,%d],\"data_offsets\":[%zu,%zu]},"
                                "\"head.weight\":{\"dtype\":\"F32\",\"shape\":[1,%d],\"data_offsets\":[%zu,%zu]}}",
                                H, H, wide, H, H, wide, 2 * wide, H, 2 * wide, 2 * wide + H * sizeof(float));
    const uint64_t header = (uint64_t)length;
    const size_t bytes = sizeof header + header + 2 * wide + H * sizeof(float);
    FILE *const file = fopen(file_called("wide.safetensors"), "w");
    ck_assert(file && fwrite(&header, sizeof header, 1, file) == 1 && fputs(text, file) >= 0 && fclose(file) == 0);
    ck_assert_int_eq(truncate(path, (off_t)bytes), 0);
    (void)getrusage(RUSAGE_SELF, &before);
    expect_ok(rg_model_load_exact(path, &defaults, &model));
    (void)getrusage(RUSAGE_SELF, &after);
    const size_t taken = (size_t)(after.ru_maxrss - before.ru_maxrss) * 1024;
    ck_assert_msg(taken <= 2 * bytes + bytes / 4, "%zu bytes for a file of %zu", taken, bytes);
    rg_model_destroy(model);
}
END_TEST

START_TEST(weights_beyond_float) {
    static const struct rg_shape defaults = {.cell = RG_N_CELLS};
    struct rg_model *const model = model_of(1e100), *back = NULL;
    expect_ok(rg_model_save(model, file_called("m.safetensors")));
    expect_ok(rg_model_load_exact(path, &defaults, &back));
    rg_model_destroy(back);
    ck_assert_int_eq(rg_model_load(path, &defaults, &back), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "finite numbers within float"));
    model->exact[1] = (double)NAN;
    expect_ok(rg_model_save(model, path));
    ck_assert_int_eq(rg_model_load_exact(path, &defaults, &back), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "finite numbers within double"));
    rg_model_destroy(model);
}
END_TEST

static const struct rg_dataset_options doubles = {.doubles = true};

static struct rg_dataset *read_text(const char *text) {
    struct rg_dataset *data = NULL;
    expect_ok(rg_file_write(file_called("d.csv"), text, strlen(text)));
    expect_ok(rg_dataset_read(path, &doubles, &data));
    return data;
}

START_TEST(csv_numbers) {
    struct rg_dataset *data = read_text("series,u,label\na,0.1,0.7\na,0.3,0.7\nb,-1e-9,1.5\n");
    ck_assert_ptr_null(data->x_float);
    ck_assert(data->x_double[0] == 0.1 && data->x_double[1] == 0.3 && data->x_double[2] == -1e-9);
    ck_assert(data->y_double[0] == 0.7 && data->y_double[1] == 1.5 && data->y == NULL);
    rg_dataset_destroy(data);
    data = read_text("text,label\ncat mat,0.1\nrat,2\n");
    ck_assert(data->kind == RG_INPUT_TOKEN && data->y_double[0] == 0.1);
    rg_dataset_destroy(data);
}
END_TEST

/* Padding on either side, and the last steps alone. */
START_TEST(npz_numbers) {
    const bool left = _i == 1;
    static const double x[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, y[] = {1.1, 1.2, 1.3, 1.4, 1.5, 1.6},
                        h_0[] = {0.7, 1e-40};
    static const int64_t lengths[] = {3, 2};
    const struct rg_tensor items[] = {
        {.name = "x", .dtype = RG_F64, .n_dims = 2, .shape = {2, 3}, .data = x, .data_bytes = sizeof x},
        {.name = "y", .dtype = RG_F64, .n_dims = 2, .shape = {2, 3}, .data = y, .data_bytes = sizeof y},
        {.name = "h_0", .dtype = RG_F64, .n_dims = 2, .shape = {2, 1}, .data = h_0, .data_bytes = sizeof h_0},
        {.name = "lengths", .dtype = RG_I64, .n_dims = 1, .shape = {2}, .data = lengths, .data_bytes = sizeof lengths}};
    struct rg_dataset *data = NULL;
    const struct rg_dataset_options options = {.doubles = true, .pad_left = left};
    expect_ok(rg_npz_write(file_called("d.npz"), items, 4));
    expect_ok(rg_dataset_read(path, &options, &data));
    const double padded[] = {0.1, 0.2, 0.3, left ? 0.0 : 0.4, 0.5, left ? 0.6 : 0.0};
    expect_numbers(data->x_double, padded, 6);
    expect_numbers(data->y_double, y, 6);
    expect_numbers(data->h_0, h_0, 2);
    rg_dataset_cut(data, 2, true);
    const double last[] = {0.2, 0.3, left ? 0.5 : 0.4, left ? 0.6 : 0.5};
    const double targets[] = {1.2, 1.3, left ? 1.5 : 1.4, left ? 1.6 : 1.5};
    expect_numbers(data->x_double, last, 4);
    expect_numbers(data->y_double, targets, 4);
    rg_dataset_destroy(data);
    expect_ok(rg_dataset_read(path, NULL, &data));
    ck_assert(data->x_double == NULL && data->y_double == NULL);
    ck_assert(data->x_float[0] == 0.1F && data->h_0[0] == (double)0.7F);
    rg_dataset_destroy(data);
}
END_TEST

START_TEST(numbers_that_are_not_finite) {
    static const double fine[] = {1e200}, bad[] = {(double)INFINITY};
    struct rg_tensor x = {.name = "x", .dtype = RG_F64, .n_dims = 2, .shape = {1, 1}, .data = fine, .data_bytes = 8};
    struct rg_dataset *data = NULL;
    expect_ok(rg_npz_write(file_called("d.npz"), &x, 1));
    ck_assert_int_eq(rg_dataset_read(path, NULL, &data), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "not finite as a float"));
    expect_ok(rg_dataset_read(path, &doubles, &data));
    rg_dataset_destroy(data);
    x.data = bad;
    expect_ok(rg_npz_write(path, &x, 1));
    ck_assert_int_eq(rg_dataset_read(path, &doubles, &data), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "element [0,0] is not finite"));
}
END_TEST

TEST_MAIN("doubles") {
    TCase *const device = add_tests(suite, "device"), *const files = add_tests(suite, "files");
    tcase_add_loop_test(device, reals_of_a_device, 0, 2);
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, models_keep_every_digit);
    tcase_add_test(files, reading_takes_twice_the_file);
    tcase_add_test(files, weights_beyond_float);
    tcase_add_test(files, csv_numbers);
    tcase_add_loop_test(files, npz_numbers, 0, 2);
    tcase_add_test(files, numbers_that_are_not_finite);
}
