/* Models in files: they come back as they went, PyTorch's are read as they are, and files that are refused are refused
 * with a message that names the tensor. */
#define _GNU_SOURCE
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "suite.h"

enum { MAX_ITEMS = RG_MAX_PARAMETERS };

static char folder[256], path[300];

static void make_folder(void) {
    make_scratch_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
}

static void remove_folder(void) {
    remove(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static struct rg_model *create(const struct rg_shape *shape) {
    struct rg_model *model = NULL;
    ck_assert_msg(rg_model_create(shape, &model) == RG_OK, "%s", rg_error_message());
    return model;
}

/* What a caller knows who was told nothing but the loss. */
static const struct rg_shape defaults = {.cell = RG_N_CELLS, .loss = RG_LOSS_BCE, .readout = RG_N_READOUTS};

/* ---- Ours ---- */

START_TEST(round_trip) {
    static char *const words[] = {"cat", "m\"a\\t\n", "\xc3\xa9", "\xf0\x9f\x90\x80", "e", "f", "g"};
    static const struct rg_shape shapes[] = {
        {RG_CELL_RNN, RG_ACT_TANH, 7, 5, 2, RG_LOSS_MSE, RG_TARGET_LAST, RG_READOUT_MEAN, 1, false, 0, RG_SKIP_ADD, 0},
        {RG_CELL_RNN, RG_ACT_LINEAR, 7, 5, 2, RG_LOSS_MSE, RG_TARGET_STEPS, RG_READOUT_LAST, 2, false, 9,
         RG_SKIP_DILATED, 0},
        {RG_CELL_LSTM, RG_ACT_TANH, 7, 5, 2, RG_LOSS_MSE, RG_TARGET_LAST, RG_READOUT_FINAL, 3, true, 1000000000,
         RG_SKIP_ADD, 0},
        {RG_CELL_GRU, RG_ACT_TANH, 7, 1, 2, RG_LOSS_MSE, RG_TARGET_LAST, RG_READOUT_LAST, 16, true, 1, RG_SKIP_ADD, 7},
        {RG_CELL_LSTM, RG_ACT_TANH, 7, 3, 2, RG_LOSS_MSE, RG_TARGET_LAST, RG_READOUT_MAX, 2, true, 1, RG_SKIP_LEARNED,
         0}};
    static const struct rg_init_options init = {.hidden = {RG_INIT_ORTHOGONAL, 1.0}, .forget_bias = 1.0};
    const bool token = _i % 2 == 1;
    test_case("shape %d, %s", _i / 2, token ? "words" : "numbers");
    struct rg_model *const model = create(&shapes[_i / 2]);
    struct rg_model *back = NULL;
    ck_assert_int_eq(rg_model_initialise(model, &init, 9), RG_OK);
    if (token) {
        ck_assert_int_eq(rg_model_set_vocabulary(model, words), RG_OK);
    }
    ck_assert_msg(rg_model_save(model, path) == RG_OK, "%s", rg_error_message());
    ck_assert_msg(rg_model_load(path, &defaults, &back) == RG_OK, "%s", rg_error_message());
    ck_assert(back->shape.cell == model->shape.cell && back->shape.activation == model->shape.activation);
    ck_assert(back->shape.inputs == 7 && back->shape.hidden == model->shape.hidden && back->shape.outputs == 2);
    ck_assert(back->shape.loss == RG_LOSS_MSE && back->shape.target == model->shape.target);
    ck_assert(back->shape.target == model->shape.target && back->shape.readout == model->shape.readout);
    ck_assert(back->shape.layers == model->shape.layers && back->shape.bidirectional == model->shape.bidirectional);
    ck_assert(back->shape.skip == model->shape.skip && back->shape.skip_kind == model->shape.skip_kind);
    ck_assert_uint_eq(back->shape.words, model->shape.words);
    ck_assert_uint_eq(back->arena, model->arena);
    ck_assert_mem_eq(back->weights, model->weights, model->arena * sizeof *model->weights);
    ck_assert((back->vocabulary != NULL) == token);
    for (size_t i = 0; i < 7 && token; i++) {
        ck_assert_str_eq(back->vocabulary[i], words[i]);
    }
    rg_model_destroy(model);
    rg_model_destroy(back);
}
END_TEST

START_TEST(saving_fails) {
    const struct rg_shape shape = {.inputs = 1, .hidden = 1, .outputs = 1, .layers = 1};
    struct rg_model *const model = create(&shape);
    snprintf(path, sizeof path, "%s/no such folder/m.safetensors", folder);
    ck_assert_int_eq(rg_model_save(model, path), RG_NOT_SAVED);
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    rg_model_destroy(model);
}
END_TEST

/* ---- PyTorch's ---- */

static const float numbers[128] = {0.5F, -1.0F, 2.0F, 0.25F, 4.0F, 8.0F, -0.125F, 1.0F};
static const float infinite[32] = {0.5F, INFINITY};
static const double doubles[32] = {0.1, 1e-3};
static const double too_large[32] = {0.1, 1e300};
static const uint16_t halves[32] = {0x3800 /* 0.5 */, 0xBC00 /* -1 */};
static const uint16_t brains[32] = {0x3F00 /* 0.5 */, 0xBF80 /* -1 */};

static struct rg_tensor tensor(const char *name, enum rg_dtype dtype, size_t rows, size_t columns, const void *data) {
    const size_t elements = rows * (columns > 0 ? columns : 1);
    return (struct rg_tensor){.name = name,
                              .dtype = dtype,
                              .n_dims = columns > 0 ? 2 : 1,
                              .shape = {rows, columns},
                              .data = data,
                              .data_bytes = elements * rg_dtype_bytes(dtype)};
}

/* The six tensors of a model with F = 3, H = 2, O = 1. */
static void six(struct rg_tensor items[MAX_ITEMS]) {
    items[0] = tensor("rnn.weight_ih_l0", RG_F32, 2, 3, numbers);
    items[1] = tensor("rnn.weight_hh_l0", RG_F32, 2, 2, numbers);
    items[2] = tensor("head.weight", RG_F32, 1, 2, numbers);
    items[3] = tensor("rnn.bias_ih_l0", RG_F32, 2, 0, numbers);
    items[4] = tensor("rnn.bias_hh_l0", RG_F32, 2, 0, numbers);
    items[5] = tensor("head.bias", RG_F32, 1, 0, numbers);
}

static rg_status load_as(const struct rg_tensor *items, size_t count, const char *config, const struct rg_shape *shape,
                         struct rg_model **model) {
    ck_assert_msg(rg_safetensors_write(path, items, count, config) == RG_OK, "%s", rg_error_message());
    return rg_model_load(path, shape, model);
}

static rg_status load(const struct rg_tensor *items, size_t count, const char *config, struct rg_model **model) {
    return load_as(items, count, config, &defaults, model);
}

static void refuse_as(const struct rg_tensor *items, size_t count, const char *config, const struct rg_shape *shape,
                      const char *fragment) {
    struct rg_model *model = (struct rg_model *)(void *)path;
    ck_assert_msg(load_as(items, count, config, shape, &model) == RG_BAD_FILE, "accepted, expected `%s`", fragment);
    ck_assert_ptr_null(model);
    ck_assert_msg(strstr(rg_error_message(), fragment) != NULL, "`%s` has no `%s`", rg_error_message(), fragment);
    ck_assert_msg(strstr(rg_error_message(), path) != NULL, "`%s` names no file", rg_error_message());
    ck_assert_ptr_null(strchr(rg_error_message(), '\n'));
}

static void refuse(const struct rg_tensor *items, size_t count, const char *config, const char *fragment) {
    refuse_as(items, count, config, &defaults, fragment);
}

START_TEST(plain_pytorch) {
    struct rg_tensor items[MAX_ITEMS];
    struct rg_model *model = NULL;
    six(items);
    items[0] = tensor("rnn.weight_ih_l0", RG_F16, 2, 3, halves);
    items[1] = tensor("rnn.weight_hh_l0", RG_BF16, 2, 2, brains);
    items[2] = tensor("head.weight", RG_F64, 1, 2, doubles);
    for (size_t count = 3; count <= 6; count++) {
        ck_assert_msg(load(items, count, NULL, &model) == RG_OK, "%s", rg_error_message());
        ck_assert(model->shape.inputs == 3 && model->shape.hidden == 2 && model->shape.outputs == 1);
        ck_assert(model->shape.loss == RG_LOSS_BCE && model->shape.cell == RG_CELL_RNN && model->vocabulary == NULL);
        ck_assert(rg_model_values(model, rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_IH))[1] == -1.0F);
        ck_assert(rg_model_values(model, rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_HH))[0] == 0.5F);
        ck_assert(rg_model_values(model, rg_model_head_weight(model))[0] == 0.1F);
        ck_assert(rg_model_values(model, rg_model_parameter(model, 0, 0, RG_ROLE_BIAS_IH))[1] ==
                  (count > 3 ? -1.0F : 0.0F));
        ck_assert(rg_model_values(model, rg_model_head_bias(model))[0] == (count > 5 ? 0.5F : 0.0F));
        rg_model_destroy(model);
    }
}
END_TEST

/* The tensors of a model with F = 3, H = 2, O = 1 of that cell, layers and directions, with W_sh if asked, and without
 * biases, which may lack; gives their number. */
static size_t stacked(struct rg_tensor items[MAX_ITEMS], enum rg_cell cell, size_t layers, size_t directions, bool skip,
                      const char *prefix) {
    static char names[MAX_ITEMS][RG_NAME_BYTES];
    const size_t rows = 2 * rg_cell_gates(cell);
    size_t count = 0;
    for (size_t l = 0; l < layers; l++) {
        for (size_t d = 0; d < directions; d++) {
            for (unsigned k = 0; k < (skip ? 3U : 2U); k++) {
                snprintf(names[count], RG_NAME_BYTES, "%sweight_%ch_l%zu%s", prefix, "ihs"[k], l,
                         d > 0 ? "_reverse" : "");
                items[count] = tensor(names[count], RG_F32, rows, k > 0 ? 2 : l == 0 ? 3 : 2 * directions, numbers);
                count++;
            }
        }
    }
    items[count++] = tensor("head.weight", RG_F32, 1, 2 * directions, numbers);
    return count;
}

static void check_stacked(enum rg_cell cell, size_t layers, size_t directions, bool skip, bool told) {
    struct rg_tensor items[MAX_ITEMS];
    struct rg_model *model = NULL;
    const struct rg_shape shape = {
        .cell = told ? cell : RG_N_CELLS, .target = RG_TARGET_STEPS, .skip = skip ? 7 : 0, .loss = RG_LOSS_CE};
    const size_t count = stacked(items, cell, layers, directions, skip, told ? "rnn." : "");
    ck_assert_msg(load_as(items, count, NULL, &shape, &model) == RG_OK, "%s", rg_error_message());
    ck_assert(model->shape.cell == cell && model->shape.layers == layers);
    ck_assert(model->shape.bidirectional == (directions == 2) && model->shape.hidden == 2);
    ck_assert(model->shape.inputs == 3 && model->shape.outputs == 1 && model->shape.skip == shape.skip);
    ck_assert(model->shape.target == RG_TARGET_STEPS && model->shape.activation == RG_ACT_TANH);
    for (size_t k = 0; k < model->n_parameters; k++) {
        ck_assert(rg_model_values(model, k)[0] == (model->parameters[k].columns == 0 ? 0.0F : 0.5F));
    }
    rg_model_destroy(model);
}

/* Cell, layers and directions come from the names and shapes, with and without `rnn.`. */
START_TEST(cells_of_tensors) {
    for (unsigned cell = 0; cell < RG_N_CELLS; cell++) {
        for (size_t layers = 1; layers <= RG_MAX_LAYERS; layers += 5) {
            for (size_t directions = 1; directions <= 2; directions++) {
                for (unsigned way = 0; way < 4; way++) {
                    check_stacked((enum rg_cell)cell, layers, directions, way / 2 == 1, way % 2 == 1);
                }
            }
        }
    }
}
END_TEST

START_TEST(dilated) {
    struct rg_tensor items[MAX_ITEMS];
    struct rg_model *model = NULL;
    const struct rg_shape shape = {
        .cell = RG_CELL_RNN, .activation = RG_ACT_RELU, .skip = 3, .skip_kind = RG_SKIP_DILATED};
    six(items);
    ck_assert_msg(load_as(items, 6, NULL, &shape, &model) == RG_OK, "%s", rg_error_message());
    ck_assert(model->shape.skip == 3 && model->shape.skip_kind == RG_SKIP_DILATED && model->n_parameters == 6);
    ck_assert(model->shape.activation == RG_ACT_RELU);
    rg_model_destroy(model);
}
END_TEST

/* The update gate's matrix tells the kind of skip. */
START_TEST(learned) {
    struct rg_tensor items[MAX_ITEMS];
    struct rg_model *model = NULL;
    static const float gate[2] = {0.25F, -0.5F}, bias = 0.75F;
    const struct rg_shape shape = {.cell = RG_N_CELLS};
    six(items);
    items[6] = (struct rg_tensor){.name = "rnn.weight_uh_l0",
                                  .dtype = RG_F32,
                                  .n_dims = 2,
                                  .shape = {1, 2},
                                  .data = gate,
                                  .data_bytes = sizeof gate};
    items[7] = (struct rg_tensor){
        .name = "rnn.bias_uh_l0", .dtype = RG_F32, .n_dims = 1, .shape = {1}, .data = &bias, .data_bytes = sizeof bias};
    ck_assert_msg(load_as(items, 8, NULL, &shape, &model) == RG_OK, "%s", rg_error_message());
    ck_assert(model->shape.skip == 1 && model->shape.skip_kind == RG_SKIP_LEARNED && model->n_parameters == 8);
    ck_assert_float_eq(rg_model_values(model, rg_model_parameter(model, 0, 0, RG_ROLE_WEIGHT_UH))[1], -0.5F);
    ck_assert_float_eq(rg_model_values(model, rg_model_parameter(model, 0, 0, RG_ROLE_BIAS_UH))[0], 0.75F);
    rg_model_destroy(model);
}
END_TEST

/* What is told must not contradict the file. */
START_TEST(contradictions) {
    static const struct {
        enum rg_cell cell; /* of the file */
        bool has_skip;
        struct rg_shape told;
        const char *fragment;
    } cases[] = {
        {RG_CELL_LSTM, false, {.cell = RG_CELL_GRU}, "holds a cell lstm, not gru; leave --cell out"},
        {RG_CELL_RNN, false, {.cell = RG_CELL_LSTM}, "holds a cell rnn, not lstm"},
        {RG_CELL_GRU, false, {.cell = RG_CELL_RNN}, "holds a cell gru, not rnn"},
        {RG_CELL_GRU, false, {.cell = RG_N_CELLS, .activation = RG_ACT_RELU}, "has its own activations, not relu"},
        {RG_CELL_GRU, true, {.cell = RG_N_CELLS}, "'weight_sh_l0' needs --skip D"},
        {RG_CELL_GRU, false, {.cell = RG_N_CELLS, .skip = 2}, "'weight_sh_l0' is missing"},
        {RG_CELL_GRU,
         true,
         {.cell = RG_N_CELLS, .skip = 2, .skip_kind = RG_SKIP_DILATED},
         "'weight_sh_l0' does not belong to a gru of 1 layer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_tensor items[MAX_ITEMS];
        const size_t count = stacked(items, cases[i].cell, 1, 1, cases[i].has_skip, "");
        refuse_as(items, count, NULL, &cases[i].told, cases[i].fragment);
    }
}
END_TEST

START_TEST(bad_layers) {
    static const struct {
        size_t at; /* which tensor of two layers and directions, two matrices each, is replaced; 9: one is added */
        const char *name;
        size_t rows, columns;
        const char *fragment;
    } cases[] = {
        {4, "rnn.weight_ih_l1", 8, 2, "'rnn.weight_ih_l1' has shape [8, 2]; expected [8, 4]"},
        {5, "rnn.weight_hh_l1", 6, 2, "'rnn.weight_hh_l1' has shape [6, 2]; expected [8, 2]"},
        {3, "rnn.weight_hh_l0_reverse", 8, 3, "'rnn.weight_hh_l0_reverse' has shape [8, 3]; expected [8, 2]"},
        {2, "rnn.weight_ih_l0_reverse", 8, 4, "'rnn.weight_ih_l0_reverse' has shape [8, 4]; expected [8, 3]"},
        {8, "head.weight", 1, 2, "'head.weight' has shape [1, 2]; expected [1, 4]"},
        {7, "rnn.bias_ih_l0", 8, 0, "'rnn.weight_hh_l1_reverse' is missing"},
        {4, "rnn.weight_ih_l3", 8, 4, "'rnn.weight_ih_l3' does not belong to a bidirectional lstm of 1 layer with"},
        {9, "weight_ih_l0", 8, 3, "has two recurrent parts, 'rnn.' and ''"},
        {9, "rnn.weight_hr_l0", 8, 3, "'rnn.weight_hr_l0' does not belong to a bidirectional lstm of 2 layers"},
        {1, "rnn.weight_hh_l0", 4, 2, "[4, 2]; expected [H, H] for rnn, [4 H, H] for lstm, [3 H, H] for gru"},
        {1, "rnn.weight_hh_l0", 7, 2, "'rnn.weight_hh_l0' has shape [7, 2]; expected [H, H]"},
        {8, "fc.weight", 1, 3, "'head.weight' is missing: the outputs need a torch.nn.Linear of 4 columns"},
    };
    struct rg_tensor items[MAX_ITEMS];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_uint_eq(stacked(items, RG_CELL_LSTM, 2, 2, false, "rnn."), 9);
        items[cases[i].at] = tensor(cases[i].name, RG_F32, cases[i].rows, cases[i].columns, numbers);
        refuse(items, cases[i].at == 9 ? 10 : 9, NULL, cases[i].fragment);
    }
    size_t count = stacked(items, RG_CELL_RNN, RG_MAX_LAYERS, 1, false, "rnn.");
    items[count++] = tensor("rnn.weight_ih_l16", RG_F32, 2, 2, numbers);
    refuse(items, count, NULL, "more than 16 layers");
}
END_TEST

/* Models of PyTorch in double, with the files' own numbers. */
START_TEST(fixtures) {
    static const struct {
        const char *name;
        struct rg_shape shape;
    } cases[] = {
        {"rnn_mse_7x5x3x4x2", {.inputs = 3, .hidden = 4, .outputs = 2, .layers = 1}},
        {"gru_bce_3x5x2x3x4_layers3_bidirectional_steps",
         {.cell = RG_CELL_GRU, .inputs = 2, .hidden = 3, .outputs = 4, .layers = 3, .bidirectional = true}},
        {"lstm_ce_4x9x2x3x3_layers2_bidirectional_skip2-add_lengths",
         {.cell = RG_CELL_LSTM, .inputs = 2, .hidden = 3, .outputs = 3, .layers = 2, .bidirectional = true, .skip = 2}},
    };
    const struct rg_shape *const wanted = &cases[_i].shape;
    test_case("%s", cases[_i].name);
    const struct rg_shape told = {.cell = RG_N_CELLS, .loss = RG_LOSS_BCE, .skip = wanted->skip};
    struct rg_tensors *tensors = NULL;
    struct rg_model *model = NULL;
    struct rg_tensor items[MAX_ITEMS];
    char name[300];
    size_t count = 0;
    snprintf(name, sizeof name, "%s/tests/fixtures/pytorch/%s.safetensors", RG_SOURCE_DIR, cases[_i].name);
    ck_assert_msg(rg_tensors_read(name, &tensors) == RG_OK, "%s", rg_error_message());
    for (size_t i = 0; i < tensors->count; i++) {
        if (strncmp(tensors->items[i].name, "rnn.", 4) == 0 || strncmp(tensors->items[i].name, "head.", 5) == 0) {
            items[count++] = tensors->items[i];
        }
    }
    ck_assert_msg(load_as(items, count, NULL, &told, &model) == RG_OK, "%s", rg_error_message());
    ck_assert(model->shape.cell == wanted->cell && model->shape.layers == wanted->layers);
    ck_assert(model->shape.inputs == wanted->inputs && model->shape.hidden == wanted->hidden);
    ck_assert(model->shape.outputs == wanted->outputs && model->shape.bidirectional == wanted->bidirectional);
    ck_assert_uint_eq(model->n_parameters, count);
    for (size_t k = 0; k < count; k++) {
        const struct rg_tensor *const source = rg_tensors_find(tensors, model->parameters[k].name);
        double first = 0.0;
        ck_assert_ptr_nonnull(source);
        memcpy(&first, source->data, sizeof first);
        ck_assert(rg_model_values(model, k)[0] == (float)first);
    }
    rg_model_destroy(model);
    rg_tensors_destroy(tensors);
}
END_TEST

START_TEST(bad_tensors) {
    static const struct {
        size_t at; /* which of the six is replaced; 6 adds one, more leaves out the one at - 7 */
        const char *name;
        enum rg_dtype dtype;
        size_t rows, columns;
        const void *data;
        const char *fragment;
    } cases[] = {
        {0, "rnn.weight_ih_l0", RG_F32, 3, 3, numbers, "'rnn.weight_ih_l0' has shape [3, 3]; expected [2, 3]"},
        {0, "rnn.weight_ih_l0", RG_F32, 6, 0, numbers, "'rnn.weight_ih_l0' has shape [6]; expected two dimensions"},
        {0, "rnn.weight_ih_l0", RG_F32, 0, 3, numbers, "'rnn.weight_ih_l0' has shape [0, 3]"},
        {1, "rnn.weight_hh_l0", RG_F32, 4, 2, numbers, "'rnn.weight_hh_l0' has shape [4, 2]; expected [H, H]"},
        {1, "rnn.weight_hh_l0", RG_F32, 6, 2, numbers, "'rnn.weight_ih_l0' has shape [2, 3]; expected [6, 3]"},
        {1, "rnn.weight_hh_l0", RG_F32, 2, 2, infinite, "'rnn.weight_hh_l0': element 1 is inf"},
        {2, "head.weight", RG_F32, 1, 3, numbers, "'head.weight' has shape [1, 3]; expected [1, 2]"},
        {2, "head.weight", RG_F64, 1, 2, too_large, "'head.weight': element 1 is inf; expected finite"},
        {3, "rnn.bias_ih_l0", RG_F32, 3, 0, numbers, "'rnn.bias_ih_l0' has shape [3]; expected [2]"},
        {4, "rnn.bias_hh_l0", RG_F32, 2, 1, numbers, "'rnn.bias_hh_l0' has shape [2, 1]; expected [2]"},
        {5, "head.bias", RG_I32, 1, 0, numbers, "'head.bias' has dtype I32; expected F16, BF16, F32 or F64"},
        {6, "rnn.weight_ih_l1", RG_F32, 2, 2, numbers, "'rnn.weight_hh_l1' is missing"},
        {6, "rnn.weight_ih_l2", RG_F32, 2, 2, numbers, "'rnn.weight_ih_l2' does not belong to a rnn of 1 layer with"},
        {7, NULL, RG_F32, 0, 0, NULL, "'rnn.weight_ih_l0' is missing"},
        {8, NULL, RG_F32, 0, 0, NULL, "'rnn.weight_hh_l0' is missing"},
        {9, NULL, RG_F32, 0, 0, NULL, "'head.weight' is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_tensor items[MAX_ITEMS];
        size_t count = cases[i].at == 6 ? 7 : 6;
        six(items);
        if (cases[i].at <= 6) {
            items[cases[i].at] = tensor(cases[i].name, cases[i].dtype, cases[i].rows, cases[i].columns, cases[i].data);
        } else {
            items[cases[i].at - 7] = items[--count];
        }
        refuse(items, count, NULL, cases[i].fragment);
    }
}
END_TEST

#define HEAD "{\"format\":1,\"cell\":\"rnn\",\"activation\":\"tanh\","
#define SIZES "\"inputs\":3,\"hidden\":2,\"outputs\":1"

/* What the head reads: written with an output after the last step alone; a file without it means that step's output,
 * but a plain one what is asked for, or the default of its directions. */
START_TEST(readouts) {
    static const struct {
        const char *config;
        size_t directions;
        enum rg_readout asked, wanted;
    } cases[] = {{NULL, 1, RG_N_READOUTS, RG_READOUT_LAST},
                 {NULL, 2, RG_N_READOUTS, RG_READOUT_FINAL},
                 {NULL, 2, RG_READOUT_LAST, RG_READOUT_LAST},
                 {NULL, 1, RG_READOUT_MAX, RG_READOUT_MAX},
                 {HEAD SIZES "}", 1, RG_N_READOUTS, RG_READOUT_LAST},
                 {HEAD SIZES ",\"directions\":2}", 2, RG_N_READOUTS, RG_READOUT_LAST},
                 {HEAD SIZES ",\"directions\":2,\"readout\":\"final\"}", 2, RG_N_READOUTS, RG_READOUT_FINAL},
                 {HEAD SIZES ",\"target\":\"last\",\"readout\":\"mean\"}", 1, RG_READOUT_MEAN, RG_READOUT_MEAN},
                 {HEAD SIZES ",\"target\":\"steps\"}", 1, RG_N_READOUTS, RG_READOUT_LAST}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_tensor items[MAX_ITEMS];
        struct rg_model *model = NULL;
        const size_t n = stacked(items, RG_CELL_RNN, 1, cases[i].directions, false, "rnn.");
        struct rg_shape shape = defaults;
        shape.readout = cases[i].asked;
        ck_assert_msg(load_as(items, n, cases[i].config, &shape, &model) == RG_OK, "%zu: %s", i, rg_error_message());
        ck_assert_msg(model->shape.readout == cases[i].wanted, "%zu: readout %d", i, (int)model->shape.readout);
        rg_model_destroy(model);
    }
}
END_TEST

START_TEST(told_readout) {
    struct rg_tensor items[MAX_ITEMS];
    struct rg_shape shape = defaults;
    six(items);
    shape.readout = RG_READOUT_MEAN;
    refuse_as(items, 6, HEAD SIZES "}", &shape, "was made with --readout last, not mean; leave --readout out");
    refuse_as(items, 6, HEAD SIZES ",\"target\":\"steps\"}", &shape, "has an output at every step");
}
END_TEST

START_TEST(good_configs) {
    static const struct {
        const char *config;
        enum rg_loss loss;
        const char *word;
        enum rg_target target;
        size_t skip;
    } cases[] = {{HEAD SIZES "}", RG_LOSS_BCE, NULL, RG_TARGET_LAST, 0},
                 {HEAD SIZES ",\"target\":\"steps\",\"layers\":1,\"directions\":1,\"skip\":4,"
                             "\"skip_kind\":\"dilated\"}",
                  RG_LOSS_BCE, NULL, RG_TARGET_STEPS, 4},
                 {HEAD SIZES ",\"loss\":\"auto\"}", RG_LOSS_BCE, NULL, RG_TARGET_LAST, 0},
                 {HEAD SIZES ",\"loss\":\"ce\",\"program\":\"x\"}\n ", RG_LOSS_CE, NULL, RG_TARGET_LAST, 0},
                 {" { \"outputs\" : 1 , \"vocabulary\" : [ \"a\" , \"\\u00e9\",\"c\"],\"inputs\":3,\"hidden\":2,"
                  "\"activation\":\"tanh\",\"cell\":\"rnn\",\"format\":1}",
                  RG_LOSS_BCE, "\xc3\xa9", RG_TARGET_LAST, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_tensor items[MAX_ITEMS];
        struct rg_model *model = NULL;
        six(items);
        ck_assert_msg(load(items, 6, cases[i].config, &model) == RG_OK, "%s", rg_error_message());
        ck_assert_int_eq(model->shape.loss, cases[i].loss);
        ck_assert(model->shape.layers == 1 && !model->shape.bidirectional && model->shape.target == cases[i].target);
        ck_assert(model->shape.skip == cases[i].skip);
        ck_assert((model->shape.skip_kind == RG_SKIP_DILATED) == (cases[i].skip > 0));
        if (cases[i].word != NULL) {
            ck_assert_str_eq(model->vocabulary[1], cases[i].word);
        }
        rg_model_destroy(model);
    }
}
END_TEST

enum { N_BAD_CONFIGS = 47 };

START_TEST(bad_configs) {
    static const char *const cases[][2] = {
        {"", "expected"},
        {"[]", "expected { before the options"},
        {"{}", "the name of an option in quotes"},
        {"nonsense", "expected {"},
        {"{\"format\":1}", "'cell' is missing"},
        {"{\"format\":2}", "format 2; this version of rnn-gpu reads format 1"},
        {"{\"format\":1,\"format\":1}", "'format' occurs twice"},
        {"{\"format\":1.5}", "a whole number"},
        {"{\"format\":-1}", "a whole number"},
        {"{\"format\":null}", "a whole number"},
        {"{\"format\":99999999999999999999999}", "a whole number"},
        {"{\"cell\":1}", "a name in quotes"},
        {"{\"cell\":\"irnn\"}", "cell 'irnn' is not known"},
        {"{\"cell\":\"\"}", "cell '' is not known"},
        {"{\"loss\":\"x\"}", "loss 'x' is not known"},
        {"{\"peephole\":3}", "'peephole' is not known"},
        {"{\"target\":\"first\"}", "target 'first' is not known"},
        {"{\"readout\":\"sum\"}", "readout 'sum' is not known"},
        {HEAD SIZES ",\"target\":\"steps\",\"readout\":\"last\"}", "readout was given with target steps"},
        {"{\"skip_kind\":\"leaped\"}", "skip_kind 'leaped' is not known"},
        {HEAD SIZES ",\"skip\":2,\"skip_kind\":\"learned\"}", "skip is 2; expected 1 for skip_kind learned"},
        {HEAD SIZES ",\"skip\":1,\"skip_kind\":\"learned\"}", "'rnn.weight_uh_l0' is missing"},
        {"{\"skip\":1000000001}", "skip is 1000000001; expected at most 1000000000"},
        {"{\"layers\":0}", "layers is 0; expected at least 1"},
        {"{\"layers\":17}", "layers is 17; expected at most 16"},
        {"{\"directions\":3}", "directions is 3; expected at most 2"},
        {HEAD SIZES ",\"layers\":2}", "'rnn.weight_ih_l1' is missing"},
        {HEAD SIZES ",\"directions\":2}", "'head.weight' has shape [1, 2]; expected [1, 4]"},
        {HEAD SIZES ",\"skip\":1}", "'rnn.weight_sh_l0' is missing"},
        {"{\"format\":1,\"cell\":\"lstm\",\"activation\":\"tanh\"," SIZES "}", "has shape [2, 3]; expected [8, 3]"},
        {"{\"cell\" \"rnn\"}", "expected : after"},
        {"{\"cell\":\"rnn\"", "ends where"},
        {"{\"cell\":\"rn", "ends where"},
        {HEAD SIZES "}x", "nothing after the options"},
        {HEAD SIZES ",}", "the name of an option in quotes"},
        {HEAD "\"inputs\":0,\"hidden\":2,\"outputs\":1}", "inputs is 0"},
        {HEAD "\"inputs\":4,\"hidden\":2,\"outputs\":1}", "has shape [2, 3]; expected [2, 4]"},
        {HEAD "\"inputs\":3,\"hidden\":3,\"outputs\":1}", "has shape [2, 3]; expected [3, 3]"},
        {HEAD "\"inputs\":3,\"hidden\":2,\"outputs\":2}", "'head.weight' has shape [1, 2]; expected [2, 2]"},
        {HEAD "\"inputs\":3,\"hidden\":18446744073709551615,\"outputs\":1}", "more elements than can be counted"},
        {HEAD SIZES ",\"vocabulary\":[]}", "a name in quotes"},
        {HEAD SIZES ",\"vocabulary\":[\"a\",\"b\"]}", "2 entries in vocabulary, 3 inputs"},
        {HEAD SIZES ",\"vocabulary\":[\"a\",\"b\",\"c\",\"d\"]}",
         "vocabulary has more entries than the model takes, 3"},
        {HEAD SIZES ",\"vocabulary\":[\"a\",\"\",\"c\"]}", "entry 1 of vocabulary is empty"},
        {HEAD SIZES ",\"vocabulary\":[\"a\",[[[[", "a name in quotes"},
        {HEAD SIZES ",\"vocabulary\":[\"a\" \"b\"]}", ", or ] after a name"},
        {HEAD SIZES ",\"vocabulary\":[\"a\"],\"vocabulary\":[\"a\"]}", "'vocabulary' occurs twice"},
    };
    _Static_assert(sizeof cases / sizeof *cases == N_BAD_CONFIGS, "the loop goes over every case");
    struct rg_tensor items[MAX_ITEMS];
    six(items);
    test_case("%s", cases[_i][1]);
    refuse(items, 6, cases[_i][0], cases[_i][1]);
}
END_TEST

/* Every beginning of a good configuration, and every byte of it changed, is read or refused, never more. */
START_TEST(damaged_configs) {
    static const char good[] = HEAD SIZES ",\"vocabulary\":[\"a\",\"\\u00e9\",\"c\"],\"loss\":\"ce\"}";
    struct rg_tensor items[MAX_ITEMS];
    char text[sizeof good];
    six(items);
    for (size_t i = 0; i < 2 * (sizeof good - 1); i++) {
        struct rg_model *model = NULL;
        memcpy(text, good, sizeof good);
        text[i / 2] = i % 2 == 0 ? '\0' : "\"\\[{,:9x"[i / 2 % 8];
        const rg_status status = load(items, 6, text, &model);
        ck_assert((status == RG_OK && model != NULL) || (status == RG_BAD_FILE && model == NULL));
        rg_model_destroy(model);
    }
}
END_TEST

START_TEST(no_file) {
    struct rg_model *model = (struct rg_model *)(void *)path;
    ck_assert_int_eq(rg_model_load(path, &defaults, &model), RG_BAD_FILE);
    ck_assert_ptr_null(model);
}
END_TEST

/* What the file says of its cell stands; a caller who says otherwise is told. */
START_TEST(told_cell) {
    struct rg_tensor items[MAX_ITEMS];
    struct rg_shape told = defaults;
    six(items);
    told.cell = RG_CELL_GRU;
    refuse_as(items, 6, HEAD SIZES ",\"vocabulary\":[\"a\",\"b\",\"c\"]}", &told, "holds a cell rnn, not gru");
}
END_TEST

TEST_MAIN("model_file") {
    TCase *const files = add_tests(suite, "files");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_loop_test(files, round_trip, 0, 10);
    tcase_add_test(files, saving_fails);
    tcase_add_test(files, plain_pytorch);
    tcase_add_test(files, cells_of_tensors);
    tcase_add_test(files, dilated);
    tcase_add_test(files, learned);
    tcase_add_test(files, contradictions);
    tcase_add_test(files, bad_layers);
    tcase_add_loop_test(files, fixtures, 0, 3);
    tcase_add_test(files, bad_tensors);
    tcase_add_test(files, good_configs);
    tcase_add_loop_test(files, bad_configs, 0, N_BAD_CONFIGS);
    tcase_add_test(files, told_cell);
    tcase_add_test(files, readouts);
    tcase_add_test(files, told_readout);
    tcase_add_test(files, damaged_configs);
    tcase_add_test(files, no_file);
}
