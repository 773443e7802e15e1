/* A model as an ONNX file: input, layers, readout, head.
 *
 *   x -> words to vectors -> [time, batch, F] -> layers -> [time, batch, D*H] or [batch, D*H] -> head -> output */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "export/formats.h"
#include "export/onnx_layers.h"
#include "files/files.h"
#include "model/file_config.h"
#include "rnn_gpu/memory.h"

/* Does the head read the final states of the directions? */
static bool reads_final(const struct rg_shape *s) {
    return s->target == RG_TARGET_LAST &&
           (s->readout == RG_READOUT_FINAL || (s->readout == RG_READOUT_LAST && !s->bidirectional));
}

/* ---- Input ---- */

/* x [batch, time] -> vectors [batch, time, F]: rows of embed.weight, or one-hot vectors. A negative number is not a
 * word and gives zeros, as predict treats an unknown word. After a sequence's end any number is allowed. */
static void add_words(struct rg_onnx_graph *g, const struct rg_model *model) {
    const int64_t last = (int64_t)rg_shape_features(&model->shape) - 1, none = -1;
    rg_onnx_ints(g, "no_word", 0, &none);
    if (model->shape.words == 0) { /* OneHot takes -1 for the last word and F for none */
        const int64_t depth = last + 1;
        const float values[] = {0.0F, 1.0F};
        rg_onnx_ints(g, "words", 0, &depth);
        rg_onnx_floats(g, "off_on", 1, (const size_t[]){2}, values);
        rg_onnx_binary(g, "Greater", "x", "no_word", "is_word");
        rg_onnx_node(g, "Where", RG_NAMES("is_word", "x", "words"), RG_NAMES("word"), NULL);
        rg_onnx_node(g, "OneHot", RG_NAMES("word", "words", "off_on"), RG_NAMES("vectors"), NULL);
        return;
    }
    const int64_t zero = 0, axis = 2;
    rg_onnx_ints(g, "first_word", 0, &zero);
    rg_onnx_ints(g, "last_word", 0, &last);
    rg_onnx_ints(g, "word_axis", 1, &axis);
    rg_onnx_number(g, "nothing", 0.0F);
    rg_onnx_parameter(g, model, rg_model_embed(model));
    rg_onnx_node(g, "Clip", RG_NAMES("x", "first_word", "last_word"), RG_NAMES("word"), NULL);
    rg_onnx_binary(g, "Gather", "embed.weight", "word", "rows");
    rg_onnx_binary(g, "Greater", "x", "no_word", "is_word");
    rg_onnx_binary(g, "Unsqueeze", "is_word", "word_axis", "has_row");
    rg_onnx_node(g, "Where", RG_NAMES("has_row", "rows", "nothing"), RG_NAMES("vectors"), NULL);
}

/* x -> scaled = (x - mean) / deviation, in double precision, as predict computes it. */
static void add_scaling(struct rg_onnx_graph *g, const struct rg_model *model) {
    const struct rg_onnx_attribute as_double[] = {RG_INT_OF("to", RG_ONNX_DOUBLE), RG_END_OF_ATTRIBUTES};
    const struct rg_onnx_attribute as_float[] = {RG_INT_OF("to", RG_ONNX_FLOAT), RG_END_OF_ATTRIBUTES};
    rg_onnx_doubles(g, "input.mean", model->shape.inputs, model->input_mean);
    rg_onnx_doubles(g, "input.deviation", model->shape.inputs, model->input_deviation);
    rg_onnx_node(g, "Cast", RG_NAMES("x"), RG_NAMES("exact_x"), as_double);
    rg_onnx_binary(g, "Sub", "exact_x", "input.mean", "shifted");
    rg_onnx_binary(g, "Div", "shifted", "input.deviation", "exact_scaled");
    rg_onnx_node(g, "Cast", RG_NAMES("exact_scaled"), RG_NAMES("scaled"), as_float);
}

static void add_inputs(struct rg_onnx_graph *g, const struct rg_model *model) {
    char features[24];
    (void)snprintf(features, sizeof features, "%zu", model->shape.inputs);
    if (rg_export_reads_words(model)) {
        rg_onnx_value(g, RG_GRAPH_INPUT, "x", RG_ONNX_INT64, 2, RG_NAMES("batch", "time"));
        add_words(g, model);
    } else {
        rg_onnx_value(g, RG_GRAPH_INPUT, "x", RG_ONNX_FLOAT, 3, RG_NAMES("batch", "time", features));
    }
    if (model->input_mean != NULL) {
        add_scaling(g, model);
    }
    rg_onnx_value(g, RG_GRAPH_INPUT, "lengths", RG_ONNX_INT32, 1, RG_NAMES("batch"));
    rg_onnx_transpose(g,
                      rg_export_reads_words(model) ? "vectors"
                      : model->input_mean != NULL  ? "scaled"
                                                   : "x",
                      "by_time", 3, (const int64_t[]){1, 0, 2});
}

/* batch [1]; step [time, 1], from 0; length [batch]; mask [time, batch, 1], true at valid steps of a sequence. */
static void add_mask(struct rg_onnx_graph *g) {
    const int64_t zero = 0, one = 1, last = 2;
    const struct rg_onnx_attribute as_int64[] = {RG_INT_OF("to", RG_ONNX_INT64), RG_END_OF_ATTRIBUTES};
    rg_onnx_ints(g, "zero", 0, &zero);
    rg_onnx_ints(g, "one", 0, &one);
    rg_onnx_ints(g, "axis_0", 1, &zero);
    rg_onnx_ints(g, "axis_1", 1, &one);
    rg_onnx_ints(g, "axis_2", 1, &last);
    rg_onnx_unary(g, "Shape", "x", "sizes");
    rg_onnx_binary(g, "Gather", "sizes", "axis_0", "batch");
    rg_onnx_binary(g, "Gather", "sizes", "one", "time");
    rg_onnx_node(g, "Range", RG_NAMES("zero", "time", "one"), RG_NAMES("steps"), NULL);
    rg_onnx_binary(g, "Unsqueeze", "steps", "axis_1", "step");
    rg_onnx_node(g, "Cast", RG_NAMES("lengths"), RG_NAMES("length"), as_int64);
    rg_onnx_binary(g, "Less", "step", "length", "is_step");
    rg_onnx_binary(g, "Unsqueeze", "is_step", "axis_2", "mask");
}

/* ---- Readout: top [time, batch, D*H] -> read [batch, D*H] ---- */

static void cast_to_float(struct rg_onnx_graph *g, const char *input, const char *output) {
    const struct rg_onnx_attribute as_float[] = {RG_INT_OF("to", RG_ONNX_FLOAT), RG_END_OF_ATTRIBUTES};
    rg_onnx_node(g, "Cast", RG_NAMES(input), RG_NAMES(output), as_float);
}

/* Sum over time of `top` where `which` is true. */
static void add_sum(struct rg_onnx_graph *g, const char *which, const char *output) {
    const struct rg_onnx_attribute flat[] = {RG_INT_OF("keepdims", 0), RG_END_OF_ATTRIBUTES};
    cast_to_float(g, which, "weights");
    rg_onnx_binary(g, "Mul", "top", "weights", "weighed");
    rg_onnx_node(g, "ReduceSum", RG_NAMES("weighed", "axis_0"), RG_NAMES(output), flat);
}

static void add_readout(struct rg_onnx_graph *g, const struct rg_shape *s) {
    const int64_t axis = 0;
    const struct rg_onnx_attribute over_time[] = {RG_INTS_OF("axes", 1, &axis), RG_INT_OF("keepdims", 0),
                                                  RG_END_OF_ATTRIBUTES};
    switch (s->readout) {
    case RG_READOUT_LAST: /* for both directions the outputs at a sequence's last step */
        rg_onnx_binary(g, "Add", "step", "one", "number");
        rg_onnx_binary(g, "Equal", "number", "length", "is_last");
        rg_onnx_binary(g, "Unsqueeze", "is_last", "axis_2", "last");
        add_sum(g, "last", "read");
        break;
    case RG_READOUT_MEAN:
        rg_onnx_binary(g, "Max", "length", "one", "divisor");
        rg_onnx_binary(g, "Unsqueeze", "divisor", "axis_1", "divisors");
        cast_to_float(g, "divisors", "counts");
        add_sum(g, "mask", "sum");
        rg_onnx_binary(g, "Div", "sum", "counts", "read");
        break;
    default: /* the largest over the steps; 0 for an empty sequence */
        rg_onnx_number(g, "lowest", -INFINITY);
        rg_onnx_number(g, "none", 0.0F);
        rg_onnx_node(g, "Where", RG_NAMES("mask", "top", "lowest"), RG_NAMES("valid"), NULL);
        rg_onnx_node(g, "ReduceMax", RG_NAMES("valid"), RG_NAMES("largest"), over_time);
        rg_onnx_binary(g, "Less", "zero", "length", "has_step");
        rg_onnx_binary(g, "Unsqueeze", "has_step", "axis_1", "has_steps");
        rg_onnx_node(g, "Where", RG_NAMES("has_steps", "largest", "none"), RG_NAMES("read"), NULL);
    }
}

/* ---- Head ---- */

/* Head at every step: a product over [batch, time], with zeros after a sequence's end. */
static void add_head_of_steps(struct rg_onnx_graph *g) {
    rg_onnx_transpose(g, "head.weight", "head_columns", 2, (const int64_t[]){1, 0});
    rg_onnx_transpose(g, "top", "states", 3, (const int64_t[]){1, 0, 2});
    rg_onnx_transpose(g, "mask", "mask_of_batch", 3, (const int64_t[]){1, 0, 2});
    rg_onnx_number(g, "padding", 0.0F);
    rg_onnx_binary(g, "MatMul", "states", "head_columns", "products");
    rg_onnx_binary(g, "Add", "products", "head.bias", "sums");
    rg_onnx_node(g, "Where", RG_NAMES("mask_of_batch", "sums", "padding"), RG_NAMES("output"), NULL);
}

static void add_head(struct rg_onnx_graph *g, const struct rg_model *model) {
    const struct rg_onnx_attribute transposed[] = {RG_INT_OF("transB", 1), RG_END_OF_ATTRIBUTES};
    const bool steps = model->shape.target == RG_TARGET_STEPS;
    char outputs[24];
    (void)snprintf(outputs, sizeof outputs, "%zu", model->shape.outputs);
    rg_onnx_parameter(g, model, rg_model_head_weight(model));
    rg_onnx_parameter(g, model, rg_model_head_bias(model));
    if (steps) {
        add_head_of_steps(g);
        rg_onnx_value(g, RG_GRAPH_OUTPUT, "output", RG_ONNX_FLOAT, 3, RG_NAMES("batch", "time", outputs));
    } else {
        rg_onnx_node(g, "Gemm", RG_NAMES("read", "head.weight", "head.bias"), RG_NAMES("output"), transposed);
        rg_onnx_value(g, RG_GRAPH_OUTPUT, "output", RG_ONNX_FLOAT, 2, RG_NAMES("batch", outputs));
    }
}

/* ---- Whole file ---- */

static void add_layers(struct rg_onnx_graph *g, const struct rg_model *model) {
    const struct rg_shape *const s = &model->shape;
    struct rg_onnx_name input = {"by_time"};
    for (size_t layer = 0; layer < s->layers; layer++) {
        const bool top = layer + 1 == s->layers;
        const struct rg_onnx_name outputs = top ? (struct rg_onnx_name){"top"} : rg_onnx_name_of("y", layer, 0);
        const struct rg_onnx_flow flow = {.layer = layer,
                                          .input = input.text,
                                          .outputs = top && reads_final(s) ? NULL : outputs.text,
                                          .final = top && reads_final(s) ? "read" : NULL};
        if (rg_onnx_needs_scan(s)) {
            rg_onnx_scan_layer(g, model, &flow);
        } else {
            rg_onnx_cell_layer(g, model, &flow);
        }
        input = outputs;
    }
}

static void add_graph(struct rg_onnx_graph *g, const struct rg_model *model) {
    const struct rg_shape *const s = &model->shape;
    rg_proto_string(&g->proto, RG_GRAPH_NAME, "rnn-gpu");
    add_inputs(g, model);
    if (rg_onnx_needs_scan(s) || !reads_final(s)) {
        add_mask(g);
    }
    add_layers(g, model);
    if (s->target == RG_TARGET_LAST && !reads_final(s)) {
        add_readout(g, s);
    }
    add_head(g, model);
}

static void add_metadata(struct rg_proto *file, const char *key, const char *value) {
    struct rg_proto pair = {.status = RG_OK};
    rg_proto_string(&pair, 1, key);
    rg_proto_string(&pair, 2, value);
    rg_proto_message(file, RG_MODEL_METADATA, &pair);
}

/* Everything before the graph. */
static void add_head_of_file(struct rg_proto *file, const char *config) {
    struct rg_proto opset = {.status = RG_OK};
    rg_proto_int(file, RG_MODEL_IR_VERSION, RG_ONNX_IR_VERSION);
    rg_proto_string(file, RG_MODEL_PRODUCER_NAME, "rnn-gpu");
    rg_proto_string(file, RG_MODEL_PRODUCER_VERSION, RG_VERSION);
    rg_proto_string(&opset, RG_OPSET_DOMAIN, "");
    rg_proto_int(&opset, RG_OPSET_VERSION, RG_ONNX_OPSET);
    rg_proto_message(file, RG_MODEL_OPSET_IMPORT, &opset);
    add_metadata(file, "config", config);
}

/* Limit the skip: a Scan carries the states of the last d steps from step to step. */
static rg_status check_skip(const char *path, const struct rg_shape *s) {
    enum { MAX_SKIP = 4096 };
    if (s->skip > MAX_SKIP && s->skip_kind != RG_SKIP_LEARNED) {
        return rg_fail(
            RG_USAGE,
            "%s: the model has --skip %zu, and ONNX would have to carry too many states; at most %d are possible", path,
            s->skip, MAX_SKIP);
    }
    return RG_OK;
}

/* Limit the size: readers of Protocol Buffers count bytes in an int. */
static rg_status check_size(const char *path, size_t bytes) {
    if (bytes > (size_t)INT32_MAX) {
        return rg_fail(RG_USAGE, "%s: the model takes %zu bytes, and an ONNX file holds at most 2 GiB; export .npz",
                       path, bytes);
    }
    return RG_OK;
}

static rg_status save(const char *path, const struct rg_proto *file, const struct rg_proto *graph) {
    struct rg_writer writer;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_writer_open(&writer, path));
    RG_TRY_GOTO(rg_writer_append(&writer, file->text.bytes, file->text.length));
    RG_TRY_GOTO(rg_writer_append(&writer, graph->text.bytes, graph->text.length));
    RG_TRY_GOTO(rg_writer_commit(&writer));
    return RG_OK;
cleanup:
    rg_writer_abandon(&writer);
    return status;
}

rg_status rg_export_onnx(const struct rg_export *what) {
    const struct rg_model *const model = what->model;
    const char *const path = what->path;
    struct rg_onnx_graph graph = {.proto = {.status = RG_OK}};
    struct rg_proto file = {.status = RG_OK};
    char *config = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(check_skip(path, &model->shape));
    RG_TRY_GOTO(check_size(path, model->n_weights * sizeof *model->weights));
    RG_TRY_GOTO(rg_file_config_write(model, &config));
    add_graph(&graph, model);
    add_head_of_file(&file, config);
    rg_proto_head(&file, RG_MODEL_GRAPH, graph.proto.text.length);
    RG_TRY_GOTO(graph.proto.status);
    RG_TRY_GOTO(file.status);
    RG_TRY_GOTO(check_size(path, file.text.length + graph.proto.text.length));
    RG_TRY_GOTO(save(path, &file, &graph.proto));
cleanup:
    rg_text_destroy(&graph.proto.text);
    rg_text_destroy(&file.text);
    rg_free(config);
    return status;
}
