/* Models in safetensors files, under PyTorch's names.
 *
 * Sizes come from the tensors; options inside the file must agree with them, so no number that the file merely claims
 * decides how much memory is taken. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "file_config.h"
#include "layout.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"

enum { SHAPE_BYTES = 200 };

/* ---- Writing ---- */

rg_status rg_model_save(const struct rg_model *model, const char *path) {
    struct rg_tensor items[RG_MAX_PARAMETERS];
    char *config = NULL;
    for (size_t i = 0; i < model->n_parameters; i++) {
        const struct rg_parameter *p = &model->parameters[i];
        const enum rg_dtype dtype = model->exact ? RG_F64 : RG_F32;
        items[i] = (struct rg_tensor){.name = p->name,
                                      .dtype = dtype,
                                      .n_dims = p->columns > 0 ? 2 : 1,
                                      .shape = {p->rows, p->columns},
                                      .data = model->exact ? (const void *)(model->exact + p->offset)
                                                           : rg_model_values(model, i),
                                      .data_bytes = rg_parameter_elements(p) * rg_dtype_bytes(dtype)};
    }
    RG_TRY(rg_file_config_write(model, &config));
    const rg_status status = rg_safetensors_write(path, items, model->n_parameters, config);
    rg_free(config);
    return status;
}

/* ---- Reading ---- */

/* A shape as [2, 3]. */
static const char *shape_text(const size_t *shape, size_t n_dims, char text[SHAPE_BYTES]) {
    int at = snprintf(text, SHAPE_BYTES, "[");
    for (size_t d = 0; d < n_dims; d++)
        at += snprintf(text + at, (size_t)(SHAPE_BYTES - at), d > 0 ? ", %zu" : "%zu", shape[d]);
    (void)snprintf(text + at, (size_t)(SHAPE_BYTES - at), "]");
    return text;
}

/* A file being read. In that of a model PyTorch's recurrent tensors begin with `rnn.`; in the state of a torch.nn.RNN,
 * LSTM or GRU by itself they do not. */
struct source {
    const char *path;
    const struct rg_tensors *tensors;
    bool prefixed;
    bool exact; /* the weights are wanted as doubles */
};

/* What the file calls the parameter that the table calls `name`. */
static const char *name_in_file(const struct source *source, const char *name) {
    static const char prefix[] = "rnn.";
    const size_t length = sizeof prefix - 1;
    return !source->prefixed && strncmp(name, prefix, length) == 0 ? name + length : name;
}

static const struct rg_tensor *find(const struct source *source, const char *name) {
    return rg_tensors_find(source->tensors, name_in_file(source, name));
}

static rg_status refuse_missing(const struct source *source, const char *name) {
    return rg_fail(RG_BAD_FILE, "%s: tensor '%s' is missing; expected a model with PyTorch's names", source->path,
                   name_in_file(source, name));
}

/* The matrix of that name, which a model cannot be without. */
static rg_status find_matrix(const struct source *source, const char *name, const struct rg_tensor **out) {
    char text[SHAPE_BYTES];
    *out = find(source, name);
    if (*out == NULL)
        return refuse_missing(source, name);
    if ((*out)->n_dims != 2 || (*out)->shape[0] == 0 || (*out)->shape[1] == 0)
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' has shape %s; expected two dimensions of at least 1", source->path,
                       (*out)->name, shape_text((*out)->shape, (*out)->n_dims, text));
    return RG_OK;
}

/* The cell whose gates a weight_hh [G*H][H] has. */
static rg_status cell_of_matrix(const struct source *source, const struct rg_tensor *recurrent, enum rg_cell *cell) {
    char text[SHAPE_BYTES];
    const size_t rows = recurrent->shape[0], hidden = recurrent->shape[1];
    for (unsigned c = 0; c < RG_N_CELLS; c++)
        if (rows % hidden == 0 && rows / hidden == rg_cell_gates((enum rg_cell)c)) {
            *cell = (enum rg_cell)c;
            return RG_OK;
        }
    return rg_fail(RG_BAD_FILE,
                   "%s: tensor '%s' has shape %s; expected [H, H] for rnn, [4 H, H] for lstm, [3 H, H] "
                   "for gru",
                   source->path, recurrent->name, shape_text(recurrent->shape, 2, text));
}

/* Layers follow each other from 0; a gap makes the tensors behind it unknown ones. */
static size_t count_layers(const struct source *source) {
    size_t layers = 1;
    for (; layers <= RG_MAX_LAYERS; layers++) {
        char name[RG_NAME_BYTES];
        snprintf(name, sizeof name, "rnn.weight_ih_l%zu", layers);
        if (find(source, name) == NULL)
            break;
    }
    return layers;
}

/* Fill from the tensors what they tell: all of the shape but activation, loss, target and the steps of a skip. */
static rg_status shape_from_tensors(const struct source *source, struct rg_shape *shape) {
    const struct rg_tensor *input = NULL, *recurrent = NULL, *head = NULL, *table = NULL;
    RG_TRY(find_matrix(source, "rnn.weight_ih_l0", &input));
    RG_TRY(find_matrix(source, "rnn.weight_hh_l0", &recurrent));
    if (find(source, "head.weight") == NULL)
        return rg_fail(RG_BAD_FILE,
                       "%s: tensor 'head.weight' is missing: the outputs need a torch.nn.Linear called "
                       "head behind the recurrent part",
                       source->path);
    RG_TRY(find_matrix(source, "head.weight", &head));
    RG_TRY(cell_of_matrix(source, recurrent, &shape->cell));
    if (find(source, "embed.weight") != NULL) {
        RG_TRY(find_matrix(source, "embed.weight", &table));
        shape->words = table->shape[0];
    }
    shape->inputs = input->shape[1];
    shape->hidden = recurrent->shape[1];
    shape->outputs = head->shape[0];
    shape->layers = count_layers(source);
    shape->bidirectional = find(source, "rnn.weight_ih_l0_reverse") != NULL;
    if (shape->layers > RG_MAX_LAYERS)
        return rg_fail(RG_BAD_FILE, "%s: the model has more than %d layers, the most possible", source->path,
                       RG_MAX_LAYERS);
    return RG_OK;
}

/* One tensor against its entry in the table. */
static rg_status check_tensor(const struct source *source, const struct rg_tensor *tensor,
                              const struct rg_parameter *p) {
    const size_t shape[2] = {p->rows, p->columns};
    const size_t n_dims = p->columns > 0 ? 2 : 1;
    char found[SHAPE_BYTES], wanted[SHAPE_BYTES];
    if (tensor->n_dims != n_dims || memcmp(tensor->shape, shape, n_dims * sizeof *shape) != 0)
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' has shape %s; expected %s", source->path, tensor->name,
                       shape_text(tensor->shape, tensor->n_dims, found), shape_text(shape, n_dims, wanted));
    if (tensor->dtype != RG_F16 && tensor->dtype != RG_BF16 && tensor->dtype != RG_F32 && tensor->dtype != RG_F64)
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' has dtype %s; expected F16, BF16, F32 or F64", source->path,
                       tensor->name, rg_dtype_name(tensor->dtype));
    return RG_OK;
}

/* Every tensor is a parameter of the table, and fits it; only biases may be missing. */
static rg_status check_tensors(const struct source *source, const struct rg_model *table) {
    const struct rg_shape *const s = &table->shape;
    for (size_t i = 0; i < source->tensors->count; i++) {
        const struct rg_tensor *const tensor = &source->tensors->items[i];
        size_t k = 0;
        while (k < table->n_parameters && strcmp(name_in_file(source, table->parameters[k].name), tensor->name) != 0)
            k++;
        if (k == table->n_parameters)
            return rg_fail(RG_BAD_FILE,
                           "%s: tensor '%.80s' does not belong to a %s%s of %zu layer%s with a linear head",
                           source->path, tensor->name, s->bidirectional ? "bidirectional " : "", rg_cell_names[s->cell],
                           s->layers, s->layers > 1 ? "s" : "");
        RG_TRY(check_tensor(source, tensor, &table->parameters[k]));
    }
    for (size_t k = 0; k < table->n_parameters; k++)
        if (table->parameters[k].columns > 0 && find(source, table->parameters[k].name) == NULL)
            return refuse_missing(source, table->parameters[k].name);
    return RG_OK;
}

static rg_status read_weights(const struct source *source, struct rg_model *model) {
    for (size_t k = 0; k < model->n_parameters; k++) {
        const struct rg_parameter *p = &model->parameters[k];
        const struct rg_tensor *tensor = find(source, p->name);
        model->parameters[k].absent = tensor == NULL;
        if (tensor == NULL)
            continue;
        RG_TRY(model->exact ? rg_tensors_to_double(source->tensors, tensor, model->exact + p->offset)
                            : rg_tensors_to_float(source->tensors, tensor, rg_model_values(model, k)));
        for (size_t i = 0; i < rg_parameter_elements(p); i++) {
            const double value = model->exact ? model->exact[p->offset + i] : (double)rg_model_values(model, k)[i];
            if (!isfinite(value))
                return rg_fail(RG_BAD_FILE, "%s: tensor '%s': element %zu is %g; expected finite numbers within %s",
                               source->path, tensor->name, i, value, model->exact ? "double" : "float");
        }
    }
    return RG_OK;
}

/* Options that a plain file cannot hold, from the defaults; those that the file contradicts are refused. */
static rg_status complete_shape(const struct source *source, const struct rg_shape *defaults, struct rg_shape *shape) {
    const bool has_skip = find(source, "rnn.weight_sh_l0") != NULL;
    const bool has_gate = find(source, "rnn.weight_uh_l0") != NULL;
    shape->activation = defaults->activation;
    shape->loss = defaults->loss;
    shape->target = defaults->target;
    shape->skip = has_gate ? 1 : defaults->skip;
    shape->skip_kind = has_gate ? RG_SKIP_LEARNED : defaults->skip_kind;
    if (shape->cell != RG_CELL_RNN && shape->activation != RG_ACT_TANH)
        return rg_fail(RG_BAD_FILE, "%s holds a cell %s, which has its own activations, not %s; leave --activation out",
                       source->path, rg_cell_names[shape->cell], rg_activation_names[shape->activation]);
    if (has_skip && shape->skip == 0)
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' needs --skip D, the steps that the connection skips", source->path,
                       name_in_file(source, "rnn.weight_sh_l0"));
    return RG_OK;
}

/* What the file says of itself; the default for what it does not say. A vocabulary is then the caller's to free. */
static rg_status read_shape(const struct source *source, const struct rg_shape *defaults,
                            struct rg_file_config *config) {
    struct rg_shape shape = {.inputs = 0};
    RG_TRY(shape_from_tensors(source, &shape));
    if (source->tensors->config == NULL) {
        config->shape = shape;
    } else {
        RG_TRY(rg_file_config_read(source->path, source->tensors->config, rg_shape_features(&shape), config));
        if (config->shape.loss == RG_LOSS_AUTO)
            config->shape.loss = defaults->loss;
    }
    if (defaults->cell != RG_N_CELLS && defaults->cell != config->shape.cell)
        return rg_fail(RG_BAD_FILE, "%s holds a cell %s, not %s; leave --cell out", source->path,
                       rg_cell_names[config->shape.cell], rg_cell_names[defaults->cell]);
    return source->tensors->config == NULL ? complete_shape(source, defaults, &config->shape) : RG_OK;
}

static rg_status build(const struct source *source, const struct rg_file_config *config, struct rg_model **out) {
    struct rg_model table = {.shape = config->shape};
    struct rg_model *model = NULL;
    if (rg_model_layout(&table) != RG_OK)
        return rg_fail(RG_BAD_FILE, "%s: %s", source->path, rg_error_message());
    RG_TRY(check_tensors(source, &table));
    RG_TRY(source->exact ? rg_model_create_exact(&config->shape, &model) : rg_model_create(&config->shape, &model));
    const rg_status status = read_weights(source, model);
    if (status != RG_OK) {
        rg_model_destroy(model);
        return status;
    }
    model->vocabulary = config->vocabulary;
    *out = model;
    return RG_OK;
}

static rg_status load(const char *path, const struct rg_shape *defaults, bool exact, struct rg_model **out) {
    struct rg_tensors *tensors = NULL;
    struct rg_file_config config = {.vocabulary = NULL};
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_tensors_open(path, &tensors));
    struct source source = {path, tensors, true, exact};
    source.prefixed = find(&source, "rnn.weight_ih_l0") != NULL || rg_tensors_find(tensors, "weight_ih_l0") == NULL;
    RG_TRY_GOTO(read_shape(&source, defaults, &config));
    RG_TRY_GOTO(build(&source, &config, out));
    rg_tensors_destroy(tensors);
    return RG_OK;
fail:
    rg_free(config.vocabulary);
    rg_tensors_destroy(tensors);
    return status;
}

rg_status rg_model_load(const char *path, const struct rg_shape *defaults, struct rg_model **out) {
    return load(path, defaults, false, out);
}

rg_status rg_model_load_exact(const char *path, const struct rg_shape *defaults, struct rg_model **out) {
    return load(path, defaults, true, out);
}
