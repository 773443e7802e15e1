/* ONNX files: what is exported comes back as it went, and its graph is a stored one; what ONNX Runtime computed with
 * files of rnn-gpu and of PyTorch, the imported models compute too (fixtures/onnx_models); graphs that are no recurrent
 * net are refused by the node, and a damaged file is never more than refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expected.h"
#include "export/formats.h"
#include "export/onnx_file.h"
#include "export/onnx_graph.h"
#include "export/wire.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "suite.h"
#include "train/setup.h"

#define FIXTURES RG_SOURCE_DIR "/tests/fixtures/onnx_models/"
#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[256], path[300];

static void begin(void) {
    make_scratch_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/m.onnx", folder);
    rg_log_quiet(1);
}

static void end(void) {
    rg_log_quiet(0);
    remove(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static struct rg_model *import(const char *file) {
    struct rg_model *model = NULL;
    ck_assert_msg(rg_import_onnx(file, RG_LOSS_MSE, &model) == RG_OK, "%s", rg_error_message());
    return model;
}

/* ---- There and back ---- */

static const struct rg_shape shapes[] = {
    {RG_CELL_RNN, RG_ACT_RELU, 3, 4, 2, RG_LOSS_CE, RG_TARGET_LAST, RG_READOUT_LAST, 1, false, 0, RG_SKIP_ADD, 0},
    {RG_CELL_RNN, RG_ACT_HARDTANH, 3, 4, 1, RG_LOSS_BCE, RG_TARGET_STEPS, RG_READOUT_LAST, 2, true, 0, RG_SKIP_ADD, 0},
    {RG_CELL_LSTM, RG_ACT_TANH, 3, 5, 2, RG_LOSS_MSE, RG_TARGET_LAST, RG_READOUT_MEAN, 3, true, 0, RG_SKIP_ADD, 0},
    {RG_CELL_LSTM, RG_ACT_TANH, 4, 3, 2, RG_LOSS_MSE, RG_TARGET_LAST, RG_READOUT_MAX, 1, false, 0, RG_SKIP_ADD, 3},
    {RG_CELL_GRU, RG_ACT_TANH, 3, 1, 7, RG_LOSS_CE, RG_TARGET_LAST, RG_READOUT_FINAL, 16, true, 0, RG_SKIP_ADD, 0},
    {RG_CELL_GRU, RG_ACT_TANH, 3, 4, 2, RG_LOSS_MSE, RG_TARGET_LAST, RG_READOUT_MAX, 2, false, 5, RG_SKIP_ADD, 0},
    {RG_CELL_LSTM, RG_ACT_TANH, 3, 4, 2, RG_LOSS_MSE, RG_TARGET_LAST, RG_READOUT_LAST, 1, true, 2, RG_SKIP_DILATED, 0},
    {RG_CELL_RNN, RG_ACT_TANH, 3, 4, 2, RG_LOSS_MSE, RG_TARGET_LAST, RG_READOUT_LAST, 2, false, 1, RG_SKIP_LEARNED, 0},
    {RG_CELL_LSTM, RG_ACT_TANH, 3, 4, 3, RG_LOSS_CE, RG_TARGET_STEPS, RG_READOUT_LAST, 1, false, 0, RG_SKIP_ADD, 0}};

/* A model of a shape with weights, and with words and classes where they fit. */
static struct rg_model *model_of(const struct rg_shape *shape, bool has_words) {
    static char *const words[] = {"cat", "m\"a\\t", "\xc3\xa9"}, *const classes[] = {"a", "b"};
    static const struct rg_init_options init = {.hidden = {RG_INIT_XAVIER, 0.0}, .forget_bias = NAN};
    struct rg_model *model = NULL;
    ck_assert_int_eq(rg_model_create(shape, &model), RG_OK);
    ck_assert_int_eq(rg_model_initialise(model, &init, 5), RG_OK);
    if (has_words && rg_shape_features(&model->shape) == 3) {
        ck_assert_int_eq(rg_model_set_vocabulary(model, words), RG_OK);
    }
    if (model->shape.outputs == 2) {
        ck_assert_int_eq(rg_model_set_classes(model, classes, 2), RG_OK);
    }
    if (model->shape.outputs == 3) { /* a language model */
        model->level = RG_LEVEL_CHAR;
        model->lowercase = true;
    }
    return model;
}

static void check_shape(const struct rg_shape *got, const struct rg_shape *wanted) {
    ck_assert(got->cell == wanted->cell && got->activation == wanted->activation && got->loss == wanted->loss);
    ck_assert(got->target == wanted->target && got->readout == wanted->readout);
    ck_assert(got->bidirectional == wanted->bidirectional && got->skip_kind == wanted->skip_kind);
    ck_assert_uint_eq(got->inputs, wanted->inputs);
    ck_assert_uint_eq(got->hidden, wanted->hidden);
    ck_assert_uint_eq(got->outputs, wanted->outputs);
    ck_assert_uint_eq(got->layers, wanted->layers);
    ck_assert_uint_eq(got->skip, wanted->skip);
    ck_assert_uint_eq(got->words, wanted->words);
}

START_TEST(what_is_exported_comes_back) {
    test_case("shape %d", _i);
    struct rg_model *const model = model_of(&shapes[_i], true);
    ck_assert_msg(rg_export_onnx(&(struct rg_export){.model = model, .path = path}) == RG_OK, "%s", rg_error_message());
    struct rg_model *const back = import(path);
    check_shape(&back->shape, &model->shape);
    ck_assert_uint_eq(back->arena, model->arena);
    ck_assert_mem_eq(back->weights, model->weights, model->arena * sizeof *model->weights);
    ck_assert(back->level == model->level && back->lowercase == model->lowercase);
    ck_assert(!model->vocabulary == !back->vocabulary && back->n_classes == model->n_classes);
    for (size_t i = 0; model->vocabulary && i < 3; i++) {
        ck_assert_str_eq(back->vocabulary[i], model->vocabulary[i]);
    }
    for (size_t i = 0; i < model->n_classes; i++) {
        ck_assert_str_eq(back->classes[i], model->classes[i]);
    }
    rg_model_destroy(model);
    rg_model_destroy(back);
}
END_TEST

/* Sizes of one, with every kind of parameter. */
START_TEST(the_smallest_comes_back) {
    struct rg_shape shape = {RG_CELL_GRU, RG_ACT_TANH, 1, 1,           1, RG_LOSS_MSE, RG_TARGET_LAST, RG_READOUT_LAST,
                             1,           false,       2, RG_SKIP_ADD, 0};
    for (int kind = RG_SKIP_ADD; kind <= RG_SKIP_LEARNED; kind++) {
        shape.skip_kind = (enum rg_skip_kind)kind;
        shape.skip = kind == RG_SKIP_LEARNED ? 1 : 2;
        struct rg_model *const model = model_of(&shape, false);
        ck_assert_msg(rg_export_onnx(&(struct rg_export){.model = model, .path = path}) == RG_OK, "%s",
                      rg_error_message());
        struct rg_model *const back = import(path);
        check_shape(&back->shape, &model->shape);
        ck_assert_mem_eq(back->weights, model->weights, model->arena * sizeof *model->weights);
        rg_model_destroy(model);
        rg_model_destroy(back);
    }
}
END_TEST

/* ---- The graphs ---- */

static void add_bytes(struct text *text, struct rg_bytes bytes) {
    text_add(text, "%.*s", (int)bytes.length, (const char *)bytes.at);
}

/* A name, type and sizes: "x float [batch, time, 3]". */
static void add_value(struct text *text, struct rg_bytes value) {
    struct rg_field name, type, tensor, element, shape, dim, size;
    ck_assert(rg_wire_find(value, 1, &name) && rg_wire_find(value, 2, &type) && rg_wire_find(type.bytes, 1, &tensor));
    ck_assert(rg_wire_find(tensor.bytes, 1, &element));
    add_bytes(text, name.bytes);
    text_add(text, " type %llu [", (unsigned long long)element.value);
    bool has_shape = rg_wire_find(tensor.bytes, 2, &shape);
    for (int n = 0; has_shape && rg_wire_next(&shape.bytes, &dim); n++) {
        text_add(text, "%s", n ? ", " : "");
        if (rg_wire_find(dim.bytes, 2, &size)) {
            add_bytes(text, size.bytes);
        } else if (rg_wire_find(dim.bytes, 1, &size)) {
            text_add(text, "%llu", (unsigned long long)size.value);
        }
    }
    text_add(text, "]%s", has_shape ? "" : " of any shape");
}

/* A constant; the numbers of weights are compared above. */
static void add_constant(struct text *text, struct rg_bytes tensor) {
    struct rg_field field, type, data;
    size_t count = 1;
    ck_assert(rg_wire_find(tensor, RG_TENSOR_NAME, &field) && rg_wire_find(tensor, RG_TENSOR_DATA_TYPE, &type));
    ck_assert(rg_wire_find(tensor, RG_TENSOR_RAW_DATA, &data));
    add_bytes(text, field.bytes);
    text_add(text, " type %llu [", (unsigned long long)type.value);
    for (int n = 0; rg_wire_next(&tensor, &field);) {
        if (field.number == RG_TENSOR_DIMS) {
            text_add(text, "%s%llu", n++ ? ", " : "", (unsigned long long)field.value);
            count *= field.value;
        }
    }
    text_add(text, "]");
    for (size_t i = 0; i < count && (type.value == RG_ONNX_INT64 || count <= 3); i++) {
        int64_t whole = 0;
        float number = 0.0F;
        double wide = 0.0;
        if (type.value == RG_ONNX_INT64) {
            memcpy(&whole, data.bytes.at + i * sizeof whole, sizeof whole);
            text_add(text, " %lld", (long long)whole);
        } else if (type.value == RG_ONNX_FLOAT) {
            memcpy(&number, data.bytes.at + i * sizeof number, sizeof number);
            text_add(text, " %.6g", (double)number);
        } else {
            ck_assert_uint_eq(type.value, RG_ONNX_DOUBLE);
            memcpy(&wide, data.bytes.at + i * sizeof wide, sizeof wide);
            text_add(text, " %.6g", wide);
        }
    }
    text_add(text, "\n");
}

static void add_graph(struct text *text, struct rg_bytes graph, int depth);

static void add_attribute(struct text *text, struct rg_bytes attribute, int depth) {
    struct rg_field field, type;
    ck_assert(rg_wire_find(attribute, RG_ATTRIBUTE_NAME, &field) && rg_wire_find(attribute, RG_ATTRIBUTE_TYPE, &type));
    text_add(text, " ");
    add_bytes(text, field.bytes);
    text_add(text, ":%llu", (unsigned long long)type.value);
    while (rg_wire_next(&attribute, &field)) {
        float number = 0.0F;
        uint64_t value = field.value;
        switch (field.number) {
        case RG_ATTRIBUTE_F:
        case RG_ATTRIBUTE_FLOATS:
            memcpy(&number, &value, sizeof number);
            text_add(text, " %.6g", (double)number);
            break;
        case RG_ATTRIBUTE_I:
        case RG_ATTRIBUTE_INTS:
            text_add(text, " %lld", (long long)value);
            break;
        case RG_ATTRIBUTE_S:
        case RG_ATTRIBUTE_STRINGS:
            text_add(text, " ");
            add_bytes(text, field.bytes);
            break;
        case RG_ATTRIBUTE_G:
            text_add(text, " {\n");
            add_graph(text, field.bytes, depth + 1);
            text_add(text, "%*s}", 2 * depth, "");
            break;
        default:
            ck_assert_msg(field.number == RG_ATTRIBUTE_NAME || field.number == RG_ATTRIBUTE_TYPE,
                          "an attribute has the field %u", field.number);
        }
    }
}

/* "out = Operator(in, in) attribute: value" */
static void add_node(struct text *text, struct rg_bytes node, int depth) {
    for (unsigned part = RG_NODE_OUTPUT;; part = part == RG_NODE_OUTPUT ? RG_NODE_INPUT : RG_NODE_ATTRIBUTE) {
        struct rg_bytes rest = node;
        struct rg_field field;
        for (int n = 0; rg_wire_next(&rest, &field);) {
            if (field.number == part && part == RG_NODE_ATTRIBUTE) {
                add_attribute(text, field.bytes, depth);
            } else if (field.number == part) {
                text_add(text, "%s", n++ ? ", " : "");
                add_bytes(text, field.bytes);
            }
        }
        if (part == RG_NODE_ATTRIBUTE) {
            break;
        }
        if (part == RG_NODE_OUTPUT) {
            ck_assert(rg_wire_find(node, RG_NODE_OP_TYPE, &field));
            text_add(text, " = ");
            add_bytes(text, field.bytes);
        }
        text_add(text, part == RG_NODE_OUTPUT ? "(" : ")");
    }
    text_add(text, "\n");
}

static void add_graph(struct text *text, struct rg_bytes graph, int depth) {
    struct rg_field field;
    while (rg_wire_next(&graph, &field)) {
        text_add(text, "%*s", 2 * depth, "");
        if (field.number == RG_GRAPH_NODE) {
            add_node(text, field.bytes, depth);
        } else if (field.number == RG_GRAPH_INITIALIZER) {
            add_constant(text, field.bytes);
        } else if (field.number == RG_GRAPH_INPUT || field.number == RG_GRAPH_OUTPUT) {
            text_add(text, "%s ", field.number == RG_GRAPH_INPUT ? "input" : "output");
            add_value(text, field.bytes);
            text_add(text, "\n");
        } else {
            ck_assert_uint_eq(field.number, RG_GRAPH_NAME);
            text_add(text, "graph ");
            add_bytes(text, field.bytes);
            text_add(text, "\n");
        }
    }
}

/* tests/cli/onnx.sh runs such graphs where ONNX Runtime is installed. */
START_TEST(graphs_are_the_stored_ones) {
    static const double mean[] = {0.5, -1.0, 2.0}, deviation[] = {1.0, 2.0, 4.0};
    struct text text = {NULL, 0, 0};
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct rg_shape shape = shapes[i];
        struct rg_field field;
        shape.layers = shape.layers > 2 ? 2 : shape.layers; /* the others are alike */
        struct rg_model *const model = model_of(&shape, i != 2);
        if (i == 2) {
            ck_assert_int_eq(rg_model_set_normalization(model, mean, deviation), RG_OK);
        }
        ck_assert_msg(rg_export_onnx(&(struct rg_export){.model = model, .path = path}) == RG_OK, "%s",
                      rg_error_message());
        if (i == 2) {
            struct rg_model *back = NULL;
            ck_assert_msg(rg_import_onnx(path, shape.loss, &back) == RG_OK, "%s", rg_error_message());
            ck_assert_mem_eq(back->input_mean, mean, sizeof mean);
            ck_assert_mem_eq(back->input_deviation, deviation, sizeof deviation);
            rg_model_destroy(back);
        }
        char *const bytes = calloc(1 << 20, 1);
        ck_assert_ptr_nonnull(bytes);
        FILE *const file = fopen(path, "rb");
        ck_assert_ptr_nonnull(file);
        struct rg_bytes rest = {(const unsigned char *)bytes, fread(bytes, 1, 1 << 20, file)};
        ck_assert_int_eq(fclose(file), 0);
        text_add(&text, "======== shape %zu\n", i);
        while (rg_wire_next(&rest, &field)) {
            if (field.number == RG_MODEL_GRAPH) {
                add_graph(&text, field.bytes, 0);
            } else if (field.number == RG_MODEL_IR_VERSION) {
                text_add(&text, "IR %llu\n", (unsigned long long)field.value);
            } else if (field.number == RG_MODEL_OPSET_IMPORT) {
                struct rg_field version;
                ck_assert(rg_wire_find(field.bytes, RG_OPSET_VERSION, &version));
                text_add(&text, "opset %llu\n", (unsigned long long)version.value);
            }
        }
        ck_assert_uint_eq(rest.length, 0);
        free(bytes);
        rg_model_destroy(model);
    }
    check_expected("onnx-graphs.txt", text.bytes);
    free(text.bytes);
}
END_TEST

/* ---- What ONNX Runtime computed ---- */

static const char *const fixtures[] = {
    "own_lstm",        "own_gru_skip",    "own_rnn_steps",  "own_lstm_learned",       "torch_lstm_last",
    "torch_gru_final", "torch_rnn_steps", "torch_lstm_max", "torch_gru_words_dynamo", "torch_lstm_mean_dynamo"};

/* Outputs of the model for x, and for the lengths if there are any. */
static double *outputs_of(const struct rg_model *model, const struct rg_tensors *fixture) {
    const struct rg_tensor *const x = rg_tensors_find(fixture, "x"), *const given = rg_tensors_find(fixture, "lengths");
    const size_t n = x->shape[0], steps = x->shape[1], count = rg_tensor_elements(x);
    static float numbers[256];
    static int32_t words[64], lengths[16];
    int64_t wide[64];
    ck_assert(count <= COUNT(numbers) && n <= COUNT(lengths));
    struct rg_dataset data = {.path = "x", .n_sequences = n, .n_steps = steps, .kind = RG_INPUT_FLOAT};
    data.n_features = rg_shape_features(&model->shape);
    if (x->n_dims == 2) {
        ck_assert_int_eq(rg_tensor_to_int64(x, wide), RG_OK);
        for (size_t i = 0; i < count; i++) {
            words[i] = (int32_t)wide[i];
        }
        data.kind = RG_INPUT_TOKEN;
        data.x_token = words;
    } else {
        rg_tensor_to_float(x, numbers);
        data.x_float = numbers;
    }
    if (given) {
        ck_assert_int_eq(rg_tensor_to_int64(given, wide), RG_OK);
        for (size_t i = 0; i < n; i++) {
            lengths[i] = (int32_t)wide[i];
        }
        data.lengths = lengths;
    }
    const struct rg_target_options targets = {.loss = RG_LOSS_MSE, .target = model->shape.target, .lenient = true};
    const struct rg_device_options options = {.threads = 1};
    struct rg_problem problem;
    struct rg_device *device = NULL;
    double *outputs = NULL;
    ck_assert_int_eq(rg_problem_data(&data, &targets, &problem), RG_OK);
    ck_assert_int_eq(rg_device_open("cpu", &options, &device), RG_OK);
    ck_assert_int_eq(rg_alloc(&outputs, n * rg_setup_output_elements(model, &data), sizeof *outputs, "outputs"), RG_OK);
    ck_assert_msg(rg_setup_outputs(device, model, &data, &problem, 0, outputs) == RG_OK, "%s", rg_error_message());
    rg_device_destroy(device);
    return outputs;
}

START_TEST(an_imported_model_computes_the_same) {
    char file[400];
    struct rg_tensors *fixture = NULL;
    double wanted[128];
    test_case("%s", fixtures[_i]);
    snprintf(file, sizeof file, FIXTURES "%s.safetensors", fixtures[_i]);
    ck_assert_msg(rg_tensors_read(file, &fixture) == RG_OK, "%s", rg_error_message());
    snprintf(file, sizeof file, FIXTURES "%s.onnx", fixtures[_i]);
    struct rg_model *const model = import(file);
    for (size_t i = 0; i < model->n_parameters; i++) {
        const struct rg_tensor *const weights = rg_tensors_find(fixture, model->parameters[i].name);
        if (weights) {
            ck_assert_mem_eq(rg_model_values(model, i), weights->data, weights->data_bytes);
        }
        ck_assert(weights || strncmp(fixtures[_i], "own", 3) == 0);
    }
    const struct rg_tensor *const output = rg_tensors_find(fixture, "output");
    const size_t n = rg_tensor_elements(output);
    ck_assert(n <= COUNT(wanted));
    rg_tensor_to_double(output, wanted);
    ck_assert((output->n_dims == 3) == (model->shape.target == RG_TARGET_STEPS));
    double *const outputs = outputs_of(model, fixture);
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(fabs(outputs[i] - wanted[i]) <= 2e-6, "output %zu: %.9g, expected %.9g", i, outputs[i],
                      wanted[i]);
    }
    rg_free(outputs);
    rg_model_destroy(model);
    rg_tensors_destroy(fixture);
}
END_TEST

/* ---- Graphs that are no such net ---- */

enum fault {
    NO_FAULT,
    RELU_BETWEEN,
    RESET_BEFORE,
    CLIP,
    FIRST_STEP,
    WRONG_AXIS,
    START_AT_ONE,
    NOT_FINITE,
    HALF_HEAD,
    LOOP,
    BACKWARD_ALONE,
    N_FAULTS
};
static const char *const fragments[N_FAULTS] = {[RELU_BETWEEN] = "node 'a' (Relu) is between",
                                                [RESET_BEFORE] = "(GRU) resets before the product",
                                                [CLIP] = "(GRU) clips its sums",
                                                [FIRST_STEP] = "(Gather) selects a step other than the last",
                                                [WRONG_AXIS] = "is read over another axis",
                                                [START_AT_ONE] = "starts from a state that is not zero",
                                                [NOT_FINITE] = "constant 'R' holds a number that is not finite",
                                                [HALF_HEAD] = "the head has sizes that do not fit the 2 states",
                                                [LOOP] = "too tangled",
                                                [BACKWARD_ALONE] = "has only the reverse direction"};

static void constant(struct rg_onnx_graph *g, const char *name, size_t n_dims, size_t a, size_t b, size_t c,
                     float value) {
    float numbers[64];
    for (size_t i = 0; i < a * b * c; i++) {
        numbers[i] = value;
    }
    rg_onnx_floats(g, name, n_dims, (const size_t[]){a, b, c}, numbers);
}

/* x [time, batch, 3] -> GRU of 2 units -> the last step -> a linear head of 1 output, with one thing wrong. */
static void write_graph(enum fault fault) {
    struct rg_onnx_graph g = {.proto = {.status = RG_OK}};
    struct rg_proto file = {.status = RG_OK};
    const int64_t last = fault == FIRST_STEP ? 0 : -1;
    struct rg_onnx_attribute gru[4] = {RG_INT_OF("hidden_size", 2)},
                             gather[] = {RG_INT_OF("axis", fault == WRONG_AXIS), RG_END_OF_ATTRIBUTES};
    size_t n = 1;
    if (fault != RESET_BEFORE) {
        gru[n++] = (struct rg_onnx_attribute)RG_INT_OF("linear_before_reset", 1);
    }
    if (fault == CLIP) {
        gru[n++] = (struct rg_onnx_attribute){.name = "clip", .kind = RG_IS_FLOAT, .f = 1.0F};
    }
    if (fault == BACKWARD_ALONE) {
        gru[n++] = (struct rg_onnx_attribute){.name = "direction", .kind = RG_IS_STRING, .s = "reverse"};
    }
    rg_onnx_value(&g, RG_GRAPH_INPUT, "x", RG_ONNX_FLOAT, 3, RG_NAMES("time", "batch", "3"));
    constant(&g, "W", 3, 1, 6, 3, 0.5F);
    constant(&g, "R", 3, 1, 6, 2, fault == NOT_FINITE ? NAN : 0.25F);
    constant(&g, "h", 3, 1, 1, 2, fault == START_AT_ONE ? 1.0F : 0.0F);
    constant(&g, "head", 2, 1, fault == HALF_HEAD ? 1 : 2, 1, 2.0F);
    rg_onnx_ints(&g, "last", 0, &last);
    rg_onnx_node(&g, "GRU", RG_NAMES("x", "W", "R", "", "", "h"), RG_NAMES("y"), gru);
    rg_onnx_unary(&g, "Squeeze", fault == LOOP ? "b" : "y", "b");
    rg_onnx_node(&g, "Gather", RG_NAMES("b", "last"), RG_NAMES("c"), gather);
    rg_onnx_unary(&g, fault == RELU_BETWEEN ? "Relu" : "Identity", "c", "a");
    rg_onnx_node(&g, "Gemm", RG_NAMES("a", "head"), RG_NAMES("z"),
                 (const struct rg_onnx_attribute[]){RG_INT_OF("transB", 1), RG_END_OF_ATTRIBUTES});
    rg_onnx_value(&g, RG_GRAPH_OUTPUT, "z", RG_ONNX_FLOAT, 2, RG_NAMES("batch", "1"));
    rg_proto_message(&file, RG_MODEL_GRAPH, &g.proto);
    ck_assert_int_eq(file.status, RG_OK);
    ck_assert_int_eq(rg_file_write(path, file.text.bytes, file.text.length), RG_OK);
    rg_text_destroy(&file.text);
}

START_TEST(other_graphs_are_refused_by_the_node) {
    struct rg_model *model = NULL;
    test_case("%s", _i == NO_FAULT ? "without a fault" : fragments[_i]);
    write_graph((enum fault)_i);
    const rg_status status = rg_import_onnx(path, RG_LOSS_MSE, &model);
    ck_assert_msg(status == (_i == NO_FAULT ? RG_OK : RG_BAD_FILE), "status %d: %s", (int)status, rg_error_message());
    if (_i == NO_FAULT) {
        ck_assert(model->shape.readout == RG_READOUT_LAST && model->shape.inputs == 3 && model->shape.hidden == 2);
        ck_assert(rg_model_values(model, rg_model_head_weight(model))[0] == 2.0F);
    } else {
        ck_assert_msg(strstr(rg_error_message(), fragments[_i]) != NULL, "got: %s", rg_error_message());
        ck_assert_msg(strstr(rg_error_message(), path) != NULL, "no file in: %s", rg_error_message());
    }
    rg_model_destroy(model);
}
END_TEST

/* ---- Damaged files ---- */

static size_t load(const char *name, unsigned char *bytes, size_t max) {
    char file[400];
    snprintf(file, sizeof file, FIXTURES "%s.onnx", name);
    FILE *const in = fopen(file, "rb");
    ck_assert_ptr_nonnull(in);
    const size_t n = fread(bytes, 1, max, in);
    ck_assert_int_eq(fclose(in), 0);
    ck_assert_uint_lt(n, max);
    return n;
}

static void try(const unsigned char *bytes, size_t n) {
    struct rg_model *model = NULL;
    (void)remove(path); /* a file that is cut to nothing and written again is flushed, which takes milliseconds */
    FILE *const out = fopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
    ck_assert_int_eq(fclose(out), 0);
    const rg_status status = rg_import_onnx(path, RG_LOSS_MSE, &model);
    ck_assert_msg(status == RG_OK || status == RG_BAD_FILE, "%zu bytes: status %d: %s", n, (int)status,
                  rg_error_message());
    ck_assert((status == RG_OK) == (model != NULL));
    rg_model_destroy(model);
}

/* Each byte changed in one bit of eight by turns, and every seventh beginning of the file. */
START_TEST(damaged_files_are_no_more_than_refused) {
    static unsigned char bytes[1 << 14];
    const size_t n = load(fixtures[_i], bytes, sizeof bytes);
    test_case("%s", fixtures[_i]);
    for (size_t i = 0; i < n; i++) {
        const unsigned char kept = bytes[i];
        bytes[i] ^= (unsigned char)(1U << i % 8);
        try(bytes, n);
        bytes[i] = kept;
    }
    for (size_t length = 1; length < n; length += 7) {
        try(bytes, length);
    }
}
END_TEST

/* Every level of messages is looked into: model, graph, node, attribute, tensor. The byte that is said is the first
 * that is part of no field. */
static const struct {
    const char *name;
    unsigned char bytes[10];
    size_t n, at;
} malformed[] = {{"model", {0x3A, 0x05, 0x00}, 3, 0},
                 {"graph", {0x3A, 0x02, 0x0A, 0x05}, 4, 2},
                 {"node", {0x3A, 0x04, 0x0A, 0x02, 0x0A, 0x05}, 6, 4},
                 {"constant", {0x3A, 0x04, 0x2A, 0x02, 0x0A, 0x05}, 6, 4},
                 {"attribute", {0x3A, 0x06, 0x0A, 0x04, 0x2A, 0x02, 0x0A, 0x05}, 8, 6},
                 {"tensor", {0x3A, 0x08, 0x0A, 0x06, 0x2A, 0x04, 0x2A, 0x02, 0x0A, 0x05}, 10, 8}};

START_TEST(a_damaged_message_is_refused_by_its_byte) {
    char wanted[64];
    test_case("%s", malformed[_i].name);
    try(malformed[_i].bytes, malformed[_i].n);
    (void)snprintf(wanted, sizeof wanted, ": byte %zu is not well formed", malformed[_i].at);
    ck_assert_msg(strstr(rg_error_message(), wanted) != NULL, "got: %s", rg_error_message());
}
END_TEST

TEST_MAIN("onnx") {
    TCase *const tests = add_tests(suite, "onnx");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_set_timeout(tests, 100);
    tcase_add_loop_test(tests, what_is_exported_comes_back, 0, COUNT(shapes));
    tcase_add_test(tests, the_smallest_comes_back);
    tcase_add_test(tests, graphs_are_the_stored_ones);
    tcase_add_loop_test(tests, an_imported_model_computes_the_same, 0, COUNT(fixtures));
    tcase_add_loop_test(tests, other_graphs_are_refused_by_the_node, 0, N_FAULTS);
    tcase_add_loop_test(tests, damaged_files_are_no_more_than_refused, 0, COUNT(fixtures) - 1);
    tcase_add_loop_test(tests, a_damaged_message_is_refused_by_its_byte, 0, COUNT(malformed));
}
