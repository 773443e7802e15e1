/* Importing the model of an ONNX file. The metadata of rnn-gpu's own files describe the model, and its constants are
 * found by name. Other files are read by following their nodes (onnx_net.h). */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/sizes.h"
#include "export/formats.h"
#include "export/onnx_layers.h"
#include "export/onnx_net.h"
#include "model/file_config.h"
#include "model/layout.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

/* Reorder a direction's gates from ONNX's into PyTorch's order: each gate has `rows` rows of `columns` numbers, from
 * `first` on. */
static rg_status read_gates(const struct rg_onnx_file *file, const struct rg_onnx_tensor *tensor, size_t first,
                            const struct rg_shape *shape, size_t columns, float *out) {
    const size_t count = shape->hidden * columns;
    for (size_t place = 0; place < rg_cell_gates(shape->cell); place++) {
        RG_TRY(rg_onnx_floats_of(file, tensor, first + place * count, count,
                                 out + rg_onnx_gate(shape->cell, place) * count));
    }
    return RG_OK;
}

/* The parameters of a layer from W, R and B. Without B the biases remain zero. */
static rg_status read_layer(const struct rg_onnx_file *file, struct rg_model *model, size_t layer,
                            const struct rg_onnx_tensor weights[3], bool has_bias) {
    static const enum rg_role roles[] = {RG_ROLE_WEIGHT_IH, RG_ROLE_WEIGHT_HH, RG_ROLE_BIAS_IH, RG_ROLE_BIAS_HH};
    const struct rg_shape *const s = &model->shape;
    for (size_t d = 0; d < rg_shape_directions(s); d++) {
        for (size_t i = 0; i < (has_bias ? 4 : 2); i++) {
            const size_t at = rg_model_parameter(model, layer, d, roles[i]);
            const size_t count = rg_parameter_elements(&model->parameters[at]);
            const size_t first = i < 2 ? d * count : (2 * d + i - 2) * count;
            RG_TRY(read_gates(file, &weights[rg_min(i, 2)], first, s, count / (rg_cell_gates(s->cell) * s->hidden),
                              rg_model_values(model, at)));
        }
    }
    return RG_OK;
}

/* ---- A file of rnn-gpu's own ---- */

static rg_status find_own(struct rg_onnx_file *file, const char *name, size_t n_dims, const size_t *dims,
                          struct rg_onnx_tensor *out) {
    bool found = false;
    RG_TRY(rg_onnx_constant(file, (struct rg_bytes){(const unsigned char *)name, strlen(name)}, out, &found));
    if (!found || out->n_dims != n_dims || memcmp(out->dims, dims, n_dims * sizeof *dims) != 0 ||
        out->type != RG_ONNX_FLOAT) {
        return rg_fail(RG_BAD_FILE, "%s: constant '%s' is missing or has other sizes than the metadata say", file->path,
                       name);
    }
    return RG_OK;
}

/* A parameter that is a constant of its own. If `model` has no weights, only check the size. */
static rg_status read_own_parameter(struct rg_onnx_file *file, struct rg_model *model, size_t parameter) {
    const struct rg_parameter *const p = &model->parameters[parameter];
    struct rg_onnx_tensor tensor;
    RG_TRY(find_own(file, p->name, p->columns > 0 ? 2 : 1, (const size_t[]){p->rows, p->columns}, &tensor));
    return model->weights != NULL ? rg_onnx_floats_of(file, &tensor, 0, tensor.count, rg_model_values(model, parameter))
                                  : RG_OK;
}

/* A layer that is a node RNN, LSTM or GRU. */
static rg_status read_own_layer(struct rg_onnx_file *file, struct rg_model *model, size_t layer) {
    const struct rg_shape *const s = &model->shape;
    const size_t directions = rg_shape_directions(s), rows = rg_cell_gates(s->cell) * s->hidden;
    const size_t inputs = layer == 0 ? s->inputs : directions * s->hidden;
    struct rg_onnx_tensor weights[3];
    RG_TRY(find_own(file, rg_onnx_name_of("W", layer, 0).text, 3, (const size_t[]){directions, rows, inputs},
                    &weights[0]));
    RG_TRY(find_own(file, rg_onnx_name_of("R", layer, 0).text, 3, (const size_t[]){directions, rows, s->hidden},
                    &weights[1]));
    RG_TRY(find_own(file, rg_onnx_name_of("B", layer, 0).text, 2, (const size_t[]){directions, 2 * rows}, &weights[2]));
    return model->weights != NULL ? read_layer(file, model, layer, weights, true) : RG_OK;
}

static rg_status read_own_weights(struct rg_onnx_file *file, struct rg_model *model) {
    const bool scan = rg_onnx_needs_scan(&model->shape);
    for (size_t layer = 0; layer < model->shape.layers && !scan; layer++) {
        RG_TRY(read_own_layer(file, model, layer));
    }
    for (size_t i = scan ? 0 : rg_model_head_weight(model); i < model->n_parameters; i++) {
        RG_TRY(read_own_parameter(file, model, i));
    }
    return RG_OK;
}

/* Number of inputs and outputs from the constants. The metadata must agree. */
static rg_status find_own_sizes(struct rg_onnx_file *file, struct rg_shape *sizes) {
    static const char *const inputs[] = {"W_l0", "rnn.weight_ih_l0"};
    struct rg_onnx_tensor tensor;
    bool found = false;
    for (size_t i = 0; i < 2; i++) {
        RG_TRY(rg_onnx_constant(file, (struct rg_bytes){(const unsigned char *)inputs[i], strlen(inputs[i])}, &tensor,
                                &found));
        if (found && tensor.n_dims >= 2) {
            sizes->inputs = tensor.dims[tensor.n_dims - 1];
        }
    }
    RG_TRY(rg_onnx_constant(file, (struct rg_bytes){(const unsigned char *)"head.bias", 9}, &tensor, &found));
    sizes->outputs = found ? tensor.count : 0;
    RG_TRY(rg_onnx_constant(file, (struct rg_bytes){(const unsigned char *)"embed.weight", 12}, &tensor, &found));
    sizes->words = found && tensor.n_dims == 2 ? tensor.dims[0] : 0;
    return RG_OK;
}

static rg_status build_own(struct rg_onnx_file *file, const struct rg_file_config *config, struct rg_model **out) {
    struct rg_model table = {.shape = config->shape};
    if (rg_model_layout(&table) != RG_OK) {
        return rg_fail(RG_BAD_FILE, "%s: %s", file->path, rg_error_message());
    }
    RG_TRY(read_own_weights(file, &table)); /* allocate nothing before all constants were found */
    RG_TRY(rg_model_create(&config->shape, out));
    return read_own_weights(file, *out);
}

/* Read mean and deviation of the inputs, if the file has them. */
static rg_status read_scaling(struct rg_onnx_file *file, struct rg_model *model) {
    static const char *const names[] = {"input.mean", "input.deviation"};
    const size_t n = model->shape.inputs;
    struct rg_onnx_tensor tensor;
    double *numbers = NULL;
    bool found = false;
    rg_status status = RG_OK;
    RG_TRY(
        rg_onnx_constant(file, (struct rg_bytes){(const unsigned char *)names[0], strlen(names[0])}, &tensor, &found));
    if (!found) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&numbers, 2 * n, sizeof *numbers, "normalisation of the inputs"));
    for (size_t i = 0; i < 2; i++) {
        RG_TRY_GOTO(rg_onnx_constant(file, (struct rg_bytes){(const unsigned char *)names[i], strlen(names[i])},
                                     &tensor, &found));
        bool fits =
            found && model->shape.words == 0 && tensor.count == n && rg_onnx_doubles_of(&tensor, numbers + i * n);
        for (size_t f = 0; fits && f < n; f++) {
            fits = isfinite(numbers[i * n + f]) && (i == 0 || numbers[n + f] > 0.0);
        }
        if (!fits) {
            RG_TRY_GOTO(rg_fail(RG_BAD_FILE, "%s: constant '%s' is not one finite double an input%s", file->path,
                                names[i], i == 1 ? ", above 0" : ""));
        }
    }
    RG_TRY_GOTO(rg_model_set_normalization(model, numbers, numbers + n));
cleanup:
    rg_free(numbers);
    return status;
}

static rg_status import_own(struct rg_onnx_file *file, struct rg_bytes text, struct rg_model **out) {
    struct rg_model *model = NULL;
    struct rg_shape sizes = {.inputs = 0};
    struct rg_file_config config = {.shape = {.layers = 1}};
    char *copy = NULL;
    rg_status status = RG_OK;
    RG_TRY(find_own_sizes(file, &sizes));
    RG_TRY(rg_alloc(&copy, text.length + 1, 1, "options of a model"));
    memcpy(copy, text.at, text.length);
    RG_TRY_GOTO(rg_file_config_read(file->path, copy, &sizes, &config));
    RG_TRY_GOTO(build_own(file, &config, &model));
    assert(model != NULL);
    RG_TRY_GOTO(read_scaling(file, model));
    rg_file_config_give(&config, model);
    *out = model;
    rg_free(copy);
    return RG_OK;
cleanup:
    rg_model_destroy(model);
    rg_file_config_release(&config);
    rg_free(copy);
    return status;
}

/* ---- Another file ---- */

static rg_status check_floats(const struct rg_onnx_file *file, const struct rg_onnx_tensor *tensor) {
    float number = 0.0F;
    return rg_onnx_floats_of(file, tensor, 0, tensor->count > 0 ? 1 : 0, &number);
}

/* Check that all weights exist before memory for them is allocated. */
static rg_status check_net(struct rg_onnx_file *file, const struct rg_onnx_net *net) {
    struct rg_onnx_tensor weights[3];
    bool has_bias = false;
    for (size_t layer = 0; layer < net->shape.layers; layer++) {
        RG_TRY(rg_onnx_layer_weights(file, net, layer, weights, &has_bias));
        for (size_t i = 0; i < (has_bias ? 3 : 2); i++) {
            RG_TRY(check_floats(file, &weights[i]));
        }
    }
    RG_TRY(check_floats(file, &net->head_weight));
    RG_TRY(net->has_bias ? check_floats(file, &net->head_bias) : RG_OK);
    return net->has_embed ? check_floats(file, &net->embed) : RG_OK;
}

static rg_status read_head(const struct rg_onnx_file *file, const struct rg_onnx_net *net, struct rg_model *model) {
    float *const weight = rg_model_values(model, rg_model_head_weight(model));
    const size_t outputs = net->shape.outputs, read = net->head_weight.count / outputs;
    for (size_t i = 0; net->head_transposed && i < read; i++) {
        for (size_t o = 0; o < outputs; o++) {
            RG_TRY(rg_onnx_floats_of(file, &net->head_weight, i * outputs + o, 1, weight + o * read + i));
        }
    }
    if (!net->head_transposed) {
        RG_TRY(rg_onnx_floats_of(file, &net->head_weight, 0, net->head_weight.count, weight));
    }
    return net->has_bias
               ? rg_onnx_floats_of(file, &net->head_bias, 0, outputs, rg_model_values(model, rg_model_head_bias(model)))
               : RG_OK;
}

static rg_status read_net(struct rg_onnx_file *file, const struct rg_onnx_net *net, struct rg_model *model) {
    struct rg_onnx_tensor weights[3];
    bool has_bias = false;
    for (size_t layer = 0; layer < net->shape.layers; layer++) {
        RG_TRY(rg_onnx_layer_weights(file, net, layer, weights, &has_bias));
        RG_TRY(read_layer(file, model, layer, weights, has_bias));
    }
    RG_TRY(read_head(file, net, model));
    return net->has_embed ? rg_onnx_floats_of(file, &net->embed, 0, net->embed.count,
                                              rg_model_values(model, rg_model_embed(model)))
                          : RG_OK;
}

static rg_status import_other(struct rg_onnx_file *file, enum rg_loss loss, struct rg_model **out) {
    struct rg_onnx_net net;
    RG_TRY(rg_onnx_find_net(file, &net));
    net.shape.loss = loss;
    RG_TRY(check_net(file, &net));
    if (net.given_state) {
        rg_log("%s: the state that sequences start from is an input of the graph; the model starts from zeros",
               file->path);
    }
    RG_TRY(rg_model_create(&net.shape, out));
    return read_net(file, &net, *out);
}

rg_status rg_import_onnx(const char *path, enum rg_loss loss, struct rg_model **out) {
    struct rg_onnx_file file;
    *out = NULL;
    RG_TRY(rg_onnx_open(path, &file));
    const struct rg_bytes config = rg_onnx_pair(file.model, RG_MODEL_METADATA, "config");
    struct rg_field producer;
    const bool own = config.length > 0 && rg_wire_find(file.model, RG_MODEL_PRODUCER_NAME, &producer) &&
                     rg_bytes_are(producer.bytes, "rnn-gpu");
    const rg_status status = own ? import_own(&file, config, out) : import_other(&file, loss, out);
    rg_onnx_close(&file);
    if (status != RG_OK) {
        rg_model_destroy(*out);
        *out = NULL;
    }
    return status;
}
