/* Images whose pixels are steps: every pixel once, the same order in all images, another one for another seed. */
#include <unistd.h>

#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/model.h"
#include "scratch.h"
#include "suite.h"

enum { N = 3, ROWS = 7, COLUMNS = 5, PIXELS = ROWS * COLUMNS };

/* Pixel i of image n is 40 n + i. */
static struct rg_dataset *make_images(void) {
    struct rg_dataset *data = NULL;
    ck_assert_int_eq(rg_alloc(&data, 1, sizeof *data, "a data set"), RG_OK);
    ck_assert_int_eq(rg_copy_string(&data->path, "made"), RG_OK);
    ck_assert_int_eq(rg_alloc(&data->x_byte, N * PIXELS, 1, "x"), RG_OK);
    data->kind = RG_INPUT_BYTE;
    data->n_sequences = N;
    data->n_steps = ROWS;
    data->n_features = COLUMNS;
    for (size_t i = 0; i < N * PIXELS; i++) {
        data->x_byte[i] = (uint8_t)(40 * (i / PIXELS) + i % PIXELS);
    }
    return data;
}

START_TEST(every_pixel_is_a_step) {
    const size_t seed = (size_t)_i;
    struct rg_dataset *const data = make_images();
    bool seen[PIXELS] = {false};
    size_t moved = 0;
    test_case("seed %zu", seed);
    ck_assert_int_eq(rg_dataset_pixels(data, (struct rg_pixels){true, seed}), RG_OK);
    ck_assert_uint_eq(data->n_steps, PIXELS);
    ck_assert_uint_eq(data->n_features, 1);
    ck_assert(data->pixels.single && data->pixels.permute == seed);
    for (size_t t = 0; t < PIXELS; t++) {
        const size_t pixel = data->x_byte[t];
        ck_assert_uint_lt(pixel, PIXELS);
        ck_assert(!seen[pixel]);
        seen[pixel] = true;
        moved += pixel != t;
        for (size_t n = 1; n < N; n++) {
            ck_assert_uint_eq(data->x_byte[n * PIXELS + t], 40 * n + pixel);
        }
    }
    ck_assert(seed == 0 ? moved == 0 : moved > PIXELS / 2);
    rg_dataset_destroy(data);
}
END_TEST

START_TEST(seeds_have_different_orders) {
    struct rg_dataset *const one = make_images(), *const two = make_images();
    ck_assert_int_eq(rg_dataset_pixels(one, (struct rg_pixels){true, 1}), RG_OK);
    ck_assert_int_eq(rg_dataset_pixels(two, (struct rg_pixels){true, 2}), RG_OK);
    ck_assert_mem_ne(one->x_byte, two->x_byte, N * PIXELS);
    rg_dataset_destroy(one);
    rg_dataset_destroy(two);
}
END_TEST

START_TEST(other_data_are_refused) {
    struct rg_dataset *const data = make_images();
    data->kind = RG_INPUT_FLOAT;
    ck_assert_int_eq(rg_dataset_pixels(data, (struct rg_pixels){true, 0}), RG_USAGE);
    ck_assert(strstr(rg_error_message(), "made has none") != NULL);
    rg_dataset_destroy(data);
}
END_TEST

/* The file and the copy of a model keep how its data are read. */
START_TEST(models_keep_it) {
    const struct rg_shape shape = {.inputs = 1, .hidden = 2, .outputs = 3, .layers = 1, .loss = RG_LOSS_CE};
    const struct rg_shape defaults = {.cell = RG_N_CELLS};
    const double fill[] = {0.5};
    struct rg_model *model = NULL, *copy = NULL, *loaded = NULL;
    char folder[256], path[300];
    ck_assert_int_eq(rg_model_create(&shape, &model), RG_OK);
    model->pixels = (struct rg_pixels){true, 92};
    model->windows = (struct rg_windows){.steps = 4, .horizon = 1, .forecast = true};
    ck_assert_int_eq(rg_model_set_fill(model, fill, true), RG_OK);
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/m.safetensors", folder);
    ck_assert_msg(rg_model_save(model, path) == RG_OK, "%s", rg_error_message());
    ck_assert_msg(rg_model_load(path, &defaults, &loaded) == RG_OK, "%s", rg_error_message());
    ck_assert_int_eq(rg_model_copy(model, false, &copy), RG_OK);
    const struct rg_model *const kept[] = {loaded, copy};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        test_case(i == 0 ? "the file" : "the copy");
        ck_assert(kept[i]->pixels.single && kept[i]->pixels.permute == 92);
        ck_assert(kept[i]->windows.steps == 4 && kept[i]->windows.horizon == 1 && kept[i]->windows.forecast);
        ck_assert(kept[i]->input_fill && kept[i]->input_fill[0] == 0.5 && kept[i]->fill_previous);
    }
    rg_model_destroy(model);
    rg_model_destroy(copy);
    rg_model_destroy(loaded);
    (void)remove(path);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

TEST_MAIN("pixels") {
    TCase *const tests = add_tests(suite, "pixels");
    tcase_add_loop_test(tests, every_pixel_is_a_step, 0, 4);
    tcase_add_test(tests, seeds_have_different_orders);
    tcase_add_test(tests, other_data_are_refused);
    tcase_add_test(tests, models_keep_it);
}
