/* Models as PyTorch modules and as files of arrays. The modules, line by line, against
 * tests/expected/torch-modules.txt: every cell, readout, skip, kind of input and activation. tests/cli/torch.sh runs
 * such modules where PyTorch is installed. */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "expected.h"
#include "export/formats.h"
#include "failing_memory.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "started_model.h"

static const struct {
    const char *name;
    struct rg_shape shape;
    const char *weights;
} modules[] = {
    {"rnn, tanh", {.cell = RG_CELL_RNN, .inputs = 2, .hidden = 3, .outputs = 1, .layers = 1}, "model.safetensors"},
    {"rnn, relu, two layers, classes, mean",
     {.cell = RG_CELL_RNN,
      .activation = RG_ACT_RELU,
      .inputs = 2,
      .hidden = 3,
      .outputs = 4,
      .loss = RG_LOSS_CE,
      .readout = RG_READOUT_MEAN,
      .layers = 2},
     "../a \"folder\"/back\\slash.safetensors"},
    {"lstm, both directions, embedding, final states",
     {.cell = RG_CELL_LSTM,
      .inputs = 3,
      .hidden = 2,
      .outputs = 1,
      .loss = RG_LOSS_BCE,
      .readout = RG_READOUT_FINAL,
      .layers = 1,
      .bidirectional = true,
      .words = 7},
     "model.safetensors"},
    {"gru, an output at each step, older states added",
     {.cell = RG_CELL_GRU,
      .inputs = 2,
      .hidden = 3,
      .outputs = 1,
      .target = RG_TARGET_STEPS,
      .layers = 1,
      .skip = 4,
      .skip_kind = RG_SKIP_ADD},
     "model.safetensors"},
    {"lstm, dilated, largest states",
     {.cell = RG_CELL_LSTM,
      .inputs = 2,
      .hidden = 3,
      .outputs = 1,
      .readout = RG_READOUT_MAX,
      .layers = 1,
      .skip = 3,
      .skip_kind = RG_SKIP_DILATED},
     "model.safetensors"},
    {"rnn, both directions, a learned skip",
     {.cell = RG_CELL_RNN,
      .inputs = 2,
      .hidden = 3,
      .outputs = 1,
      .layers = 1,
      .bidirectional = true,
      .skip = 1,
      .skip_kind = RG_SKIP_LEARNED},
     "model.safetensors"},
};

static char folder[200], path[240];

/* The module of a model as text; the caller frees it. */
static char *module_of(const struct rg_shape *shape, const char *weights) {
    struct rg_model *const model = create(shape);
    const struct rg_export what = {.model = model, .path = path, .weights = weights};
    ck_assert_msg(rg_export_torch(&what) == RG_OK, "%s", rg_error_message());
    rg_model_destroy(model);
    return text_of_file(path);
}

static void set_up(void) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/net.py", folder);
}

static void tear_down(void) {
    ck_assert(unlink(path) == 0 && rmdir(folder) == 0);
}

START_TEST(modules_of_shapes) {
    struct text all = {NULL, 0, 0};
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++) {
        char *const module = module_of(&modules[i].shape, modules[i].weights);
        text_add(&all, "======== %s\n%s", modules[i].name, module);
        free(module);
    }
    /* of the other activations, the lines that name them */
    for (int activation = 0; activation < RG_N_ACTIVATIONS; activation++) {
        struct rg_shape shape = modules[0].shape;
        shape.activation = (enum rg_activation)activation;
        char *const module = module_of(&shape, "model.safetensors");
        text_add(&all, "======== %s\n", rg_activation_names[activation]);
        for (char *line = strtok(module, "\n"); line; line = strtok(NULL, "\n")) {
            if (strstr(line, "nn.RNN(") || strstr(line, "a + m")) {
                text_add(&all, "%s\n", line);
            }
        }
        free(module);
    }
    check_expected("torch-modules.txt", all.bytes);
    free(all.bytes);
}
END_TEST

START_TEST(a_module_that_cannot_be_written) {
    struct rg_model *const model = create(&modules[0].shape);
    const struct rg_export what = {.model = model, .path = "/nosuch/net.py", .weights = "model.safetensors"};
    ck_assert_int_eq(rg_export_torch(&what), RG_NOT_SAVED);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "/nosuch/net.py"));
    rg_model_destroy(model);
}
END_TEST

/* Arrays come back as they went. */
START_TEST(arrays) {
    rg_status (*const exports[])(const struct rg_export *) = {rg_export_npz, rg_export_safetensors};
    static const char *const names[] = {"net.npz", "net.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rg_model *const model = initialised(4, RG_INIT_NORMAL, 1.0, 3);
        struct rg_tensors *tensors = NULL;
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        const struct rg_export what = {.model = model, .path = path};
        ck_assert_msg(exports[i](&what) == RG_OK, "%s", rg_error_message());
        ck_assert_msg(rg_tensors_read(path, &tensors) == RG_OK, "%s", rg_error_message());
        for (size_t k = 0; k < model->n_parameters; k++) {
            const struct rg_tensor *const tensor = rg_tensors_find(tensors, model->parameters[k].name);
            ck_assert_ptr_nonnull(tensor);
            ck_assert_mem_eq(tensor->data, rg_model_values(model, k), tensor->data_bytes);
            ck_assert_uint_eq(tensor->data_bytes, rg_parameter_elements(&model->parameters[k]) * sizeof(float));
        }
        rg_tensors_destroy(tensors);
        rg_model_destroy(model);
        if (i == 0) {
            ck_assert_int_eq(unlink(path), 0);
        }
    }
}
END_TEST

static const struct rg_model *exported;

static rg_status export_it(void) {
    return rg_export_torch(&(struct rg_export){.model = exported, .path = path, .weights = "model.safetensors"});
}

START_TEST(no_memory) {
    struct rg_model *const model = create(&modules[0].shape);
    exported = model;
    each_fails("a module", export_it, 4);
    ck_assert_int_eq(access(path, F_OK), 0);
    rg_model_destroy(model);
}
END_TEST

TEST_MAIN("torch_module") {
    TCase *const tests = add_tests(suite, "modules");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, modules_of_shapes);
    tcase_add_test(tests, arrays);
    tcase_add_test(tests, no_memory);
    tcase_add_test(add_tests(suite, "failures"), a_module_that_cannot_be_written);
}
