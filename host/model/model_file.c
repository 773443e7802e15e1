/* Models in safetensors files, under PyTorch's names.
 *
 * Sizes come from the tensors, and options in the file must agree with them. So no number that the file merely claims
 * decides how much memory is allocated. */
#define _GNU_SOURCE
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sizes.h"
#include "files/files.h"
#include "model/cells.h"
#include "model/file_config.h"
#include "model/layout.h"
#include "model/state_names.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"

enum { NAME_BYTES = 120, LIST_BYTES = 300, N_NORMALIZATION = 2 };

/* Tensors besides the parameters: mean and deviation of the inputs, [features]. */
static const char *const normalization_names[N_NORMALIZATION] = {"input.mean", "input.deviation"};
static const char fill_name[] = "input.fill"; /* replacements of missing inputs, [features] */
static const char config_name[] = "config";   /* in an npz file: the options, as bytes of text */

/* ---- Writing ---- */

enum { MAX_ITEMS = RG_MAX_PARAMETERS + N_NORMALIZATION + 2 }; /* those above, too */

/* List what a file holds besides the options. Returns the number of tensors. */
static size_t list_items(const struct rg_model *model, struct rg_tensor items[MAX_ITEMS]) {
    size_t n_items = model->n_parameters;
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
    const struct {
        const char *name;
        const double *values; /* one number an input, or NULL */
    } inputs[] = {{normalization_names[0], model->input_mean},
                  {normalization_names[1], model->input_deviation},
                  {fill_name, model->input_fill}};
    const size_t features = rg_shape_features(&model->shape);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        if (inputs[i].values) {
            items[n_items++] = (struct rg_tensor){.name = inputs[i].name,
                                                  .dtype = RG_F64,
                                                  .n_dims = 1,
                                                  .shape = {features},
                                                  .data = inputs[i].values,
                                                  .data_bytes = features * sizeof(double)};
        }
    }
    return n_items;
}

rg_status rg_model_save(const struct rg_model *model, const char *path) {
    struct rg_tensor items[MAX_ITEMS];
    char *config = NULL;
    RG_TRY(rg_file_config_write(model, &config));
    const rg_status status = rg_safetensors_write(path, items, list_items(model, items), config);
    rg_free(config);
    return status;
}

rg_status rg_model_save_npz(const struct rg_model *model, const char *path) {
    struct rg_tensor items[MAX_ITEMS];
    char *config = NULL;
    size_t n = list_items(model, items);
    RG_TRY(rg_file_config_write(model, &config));
    const size_t length = strlen(config);
    items[n++] = (struct rg_tensor){
        .name = config_name, .dtype = RG_U8, .n_dims = 1, .shape = {length}, .data = config, .data_bytes = length};
    const rg_status status = rg_npz_write(path, items, n);
    rg_free(config);
    return status;
}

/* ---- Reading ---- */

/* A file that is being read, and the prefixes of its names. */
struct source {
    const char *path;
    const struct rg_tensors *tensors;
    struct rg_state_names names;
    const struct rg_model_reading *how;
};

/* The file's prefix for a name that begins with rnn., head. or embed. in the table. *rest is the rest of the name. */
static const struct rg_prefix *prefix_of(const struct source *source, const char *name, const char **rest) {
    const struct rg_prefix *const prefix = name[0] == 'r'   ? &source->names.recurrent
                                           : name[0] == 'h' ? &source->names.head
                                                            : &source->names.embed;
    *rest = strchr(name, '.') + 1;
    return prefix;
}

static const struct rg_tensor *find(const struct source *source, const char *name) {
    const char *rest = NULL;
    const struct rg_prefix *const prefix = prefix_of(source, name, &rest);
    return rg_state_tensor(source->tensors, prefix, rest);
}

/* The file's name for the parameter that the table calls `name`. */
static const char *name_in_file(const struct source *source, const char *name, char text[NAME_BYTES]) {
    const char *rest = NULL;
    const struct rg_prefix *const prefix = prefix_of(source, name, &rest);
    if (prefix->text == NULL) {
        return name;
    }
    (void)snprintf(text, NAME_BYTES, "%.*s%s", (int)rg_min(prefix->length, NAME_BYTES), prefix->text, rest);
    return text;
}

static rg_status refuse_missing(const struct source *source, const char *name) {
    char text[NAME_BYTES];
    return rg_fail(RG_BAD_FILE, "%s: tensor '%s' is missing; expected a model with PyTorch's names", source->path,
                   name_in_file(source, name, text));
}

/* Find the matrix of that name, which every model must have. */
static rg_status find_matrix(const struct source *source, const char *name, const struct rg_tensor **out) {
    *out = find(source, name);
    if (*out == NULL) {
        return refuse_missing(source, name);
    }
    if ((*out)->n_dims != 2 || (*out)->shape[0] == 0 || (*out)->shape[1] == 0) {
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' has shape %s; expected two dimensions of at least 1", source->path,
                       (*out)->name, rg_shape_text((*out)->shape, (*out)->n_dims).text);
    }
    return RG_OK;
}

/* The cell whose number of gates fits weight_hh [G*H][H]. */
static rg_status cell_of_matrix(const struct source *source, const struct rg_tensor *recurrent, enum rg_cell *cell) {
    const size_t rows = recurrent->shape[0], hidden = recurrent->shape[1];
    for (unsigned c = 0; c < RG_N_CELLS; c++) {
        if (rows % hidden == 0 && rows / hidden == rg_cell_gates((enum rg_cell)c)) {
            *cell = (enum rg_cell)c;
            return RG_OK;
        }
    }
    return rg_fail(RG_BAD_FILE,
                   "%s: tensor '%s' has shape %s; expected [H, H] for rnn, [4 H, H] for lstm, [3 H, H] "
                   "for gru",
                   source->path, recurrent->name, rg_shape_text(recurrent->shape, 2).text);
}

/* Layers are numbered from 0 without gaps. Tensors after a gap are unknown tensors. */
static size_t count_layers(const struct source *source) {
    size_t layers = 1;
    for (; layers <= RG_MAX_LAYERS; layers++) {
        char name[RG_NAME_BYTES];
        snprintf(name, sizeof name, "rnn.weight_ih_l%zu", layers);
        if (find(source, name) == NULL) {
            break;
        }
    }
    return layers;
}

/* Derive the shape from the tensors, except for activation, loss, target, readout and the steps of a skip. */
static rg_status shape_from_tensors(const struct source *source, struct rg_shape *shape) {
    const struct rg_tensor *input = NULL, *recurrent = NULL, *head = NULL, *table = NULL;
    RG_TRY(find_matrix(source, "rnn.weight_ih_l0", &input));
    RG_TRY(find_matrix(source, "rnn.weight_hh_l0", &recurrent));
    if (find(source, "head.weight") == NULL) {
        return rg_fail(RG_BAD_FILE,
                       "%s: tensor 'head.weight' is missing: the outputs need a torch.nn.Linear of %zu columns after "
                       "the recurrent part",
                       source->path, (find(source, "rnn.weight_ih_l0_reverse") != NULL ? 2 : 1) * recurrent->shape[1]);
    }
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
    if (shape->layers > RG_MAX_LAYERS) {
        return rg_fail(RG_BAD_FILE, "%s: the model has more than %d layers, the maximum", source->path, RG_MAX_LAYERS);
    }
    return RG_OK;
}

/* Check one tensor against its entry in the table. */
static rg_status check_tensor(const struct source *source, const struct rg_tensor *tensor,
                              const struct rg_parameter *p) {
    const size_t shape[2] = {p->rows, p->columns};
    const size_t n_dims = p->columns > 0 ? 2 : 1;
    if (tensor->n_dims != n_dims || memcmp(tensor->shape, shape, n_dims * sizeof *shape) != 0) {
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' has shape %s; expected %s", source->path, tensor->name,
                       rg_shape_text(tensor->shape, tensor->n_dims).text, rg_shape_text(shape, n_dims).text);
    }
    if (tensor->dtype != RG_F16 && tensor->dtype != RG_BF16 && tensor->dtype != RG_F32 && tensor->dtype != RG_F64) {
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' has dtype %s; expected F16, BF16, F32 or F64", source->path,
                       tensor->name, rg_dtype_name(tensor->dtype));
    }
    return RG_OK;
}

/* Is the tensor another part of a plain PyTorch model, which is not read here? In a file of rnn-gpu, and in the
 * recurrent part, every tensor has a meaning. */
static bool is_extra(const struct source *source, const struct rg_tensor *tensor) {
    return source->tensors->config == NULL && !rg_is_recurrent_name(tensor->name);
}

static bool is_normalization(const char *name) {
    return strcmp(name, normalization_names[0]) == 0 || strcmp(name, normalization_names[1]) == 0 ||
           strcmp(name, fill_name) == 0;
}

static bool is_config(const struct rg_tensor *tensor) {
    return tensor->dtype == RG_U8 && tensor->n_dims == 1 && tensor->data && strcmp(tensor->name, config_name) == 0;
}

/* Check all tensors. Each must be a parameter that fits the table, normalise the inputs, or be left out. Only biases
 * may be absent. */
static rg_status check_tensors(const struct source *source, const struct rg_model *table) {
    const struct rg_shape *const s = &table->shape;
    for (size_t i = 0; i < source->tensors->count; i++) {
        const struct rg_tensor *const tensor = &source->tensors->items[i];
        size_t k = 0;
        while (k < table->n_parameters && find(source, table->parameters[k].name) != tensor) {
            k++;
        }
        if (k == table->n_parameters &&
            (is_extra(source, tensor) || is_normalization(tensor->name) || is_config(tensor))) {
            continue;
        }
        if (k == table->n_parameters) {
            return rg_fail(RG_BAD_FILE,
                           "%s: tensor '%.80s' does not belong to a %s%s of %zu layer%s with a linear head",
                           source->path, tensor->name, s->bidirectional ? "bidirectional " : "", rg_cell_names[s->cell],
                           s->layers, s->layers > 1 ? "s" : "");
        }
        RG_TRY(check_tensor(source, tensor, &table->parameters[k]));
    }
    for (size_t k = 0; k < table->n_parameters; k++) {
        if (table->parameters[k].columns > 0 && find(source, table->parameters[k].name) == NULL) {
            return refuse_missing(source, table->parameters[k].name);
        }
    }
    return RG_OK;
}

static rg_status read_weights(const struct source *source, struct rg_model *model) {
    for (size_t k = 0; k < model->n_parameters; k++) {
        const struct rg_parameter *p = &model->parameters[k];
        const struct rg_tensor *tensor = find(source, p->name);
        model->parameters[k].absent = tensor == NULL;
        if (tensor == NULL) {
            continue;
        }
        RG_TRY(model->exact ? rg_tensors_to_double(source->tensors, tensor, model->exact + p->offset)
                            : rg_tensors_to_float(source->tensors, tensor, rg_model_values(model, k)));
        for (size_t i = 0; i < rg_parameter_elements(p); i++) {
            const double value = rg_model_weight(model, p->offset + i);
            if (!isfinite(value)) {
                return rg_fail(RG_BAD_FILE, "%s: tensor '%s': element %zu is %g; expected finite numbers within %s",
                               source->path, tensor->name, i, value, model->exact ? "double" : "float");
            }
        }
    }
    return RG_OK;
}

/* Read one number an input. `positive`: each must be above 0. */
static rg_status read_inputs(const struct source *source, const char *name, size_t features, bool positive,
                             double *values) {
    const struct rg_tensor *const tensor = rg_tensors_find(source->tensors, name);
    if (tensor == NULL || tensor->n_dims != 1 || tensor->shape[0] != features || tensor->dtype != RG_F64) {
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' is missing or is not F64 [%zu], one number an input", source->path,
                       name, features);
    }
    RG_TRY(rg_tensors_to_double(source->tensors, tensor, values));
    for (size_t f = 0; f < features; f++) {
        if (!isfinite(values[f]) || (positive && values[f] <= 0.0)) {
            return rg_fail(RG_BAD_FILE, "%s: tensor '%s': element %zu is %g; expected a finite number%s", source->path,
                           name, f, values[f], positive ? " above 0" : "");
        }
    }
    return RG_OK;
}

/* Read mean and deviation of the inputs, and the replacements of missing ones, if the file has them. */
static rg_status read_preparation(const struct source *source, struct rg_model *model) {
    const size_t features = rg_shape_features(&model->shape);
    const bool normalized = rg_tensors_find(source->tensors, normalization_names[0]) != NULL ||
                            rg_tensors_find(source->tensors, normalization_names[1]) != NULL;
    const bool filled = rg_tensors_find(source->tensors, fill_name) != NULL;
    double *values = NULL;
    rg_status status = RG_OK;
    if (!normalized && !filled) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&values, N_NORMALIZATION * features, sizeof *values, "preparation of the inputs"));
    if (normalized) {
        RG_TRY_GOTO(read_inputs(source, normalization_names[0], features, false, values));
        RG_TRY_GOTO(read_inputs(source, normalization_names[1], features, true, values + features));
        RG_TRY_GOTO(rg_model_set_normalization(model, values, values + features));
    }
    if (filled) {
        RG_TRY_GOTO(read_inputs(source, fill_name, features, false, values));
        RG_TRY_GOTO(rg_model_set_fill(model, values, false));
    }
cleanup:
    rg_free(values);
    return status;
}

/* Refuse a requested activation for a cell with gates. */
static rg_status check_gated(const struct source *source, enum rg_cell cell, enum rg_activation asked) {
    if (rg_cell_is_gated(cell) && (asked != RG_ACT_TANH || source->how->asks_activation)) {
        return rg_fail(RG_BAD_FILE, "%s holds a cell %s, which has its own activations, not %s; leave --activation out",
                       source->path, rg_cell_names[cell], rg_activation_names[asked]);
    }
    return RG_OK;
}

/* Take options that a plain file cannot hold from the defaults. Refuse options that contradict the file. */
static rg_status complete_shape(const struct source *source, const struct rg_shape *defaults, struct rg_shape *shape) {
    const bool has_skip = find(source, "rnn.weight_sh_l0") != NULL;
    const bool has_gate = find(source, "rnn.weight_uh_l0") != NULL;
    char text[NAME_BYTES];
    shape->activation = defaults->activation;
    shape->loss = defaults->loss;
    shape->target = defaults->target;
    RG_TRY(rg_shape_set_readout(shape, defaults->readout));
    shape->skip = has_gate ? 1 : defaults->skip;
    shape->skip_kind = has_gate ? RG_SKIP_LEARNED : defaults->skip_kind;
    RG_TRY(check_gated(source, shape->cell, shape->activation));
    if (has_skip && shape->skip == 0) {
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' needs --skip D, the steps that the connection skips", source->path,
                       name_in_file(source, "rnn.weight_sh_l0", text));
    }
    return RG_OK;
}

/* If a readout was requested, it must be that of a file which says how it was trained. */
static rg_status check_readout(const struct source *source, enum rg_readout asked, const struct rg_shape *shape) {
    if (asked == RG_N_READOUTS || (shape->target == RG_TARGET_LAST && asked == shape->readout)) {
        return RG_OK;
    }
    if (shape->target == RG_TARGET_STEPS) {
        return rg_fail(RG_BAD_FILE, "%s has an output at every step, and no readout; leave --readout out",
                       source->path);
    }
    return rg_fail(RG_BAD_FILE, "%s was made with --readout %s, not %s; leave --readout out", source->path,
                   rg_readout_names[shape->readout], rg_readout_names[asked]);
}

static rg_status check_skip(const struct source *source, const struct rg_shape *asked, const struct rg_shape *shape) {
    const bool asks = source->how->asks_skip || asked->skip != 0;
    const bool asks_kind = source->how->asks_skip_kind || asked->skip != 0;
    if (shape->skip == 0) {
        return asked->skip == 0 ? RG_OK
                                : rg_fail(RG_BAD_FILE, "%s was made without --skip; leave --skip out", source->path);
    }
    if ((asks && asked->skip != shape->skip) || (asks_kind && asked->skip_kind != shape->skip_kind)) {
        return rg_fail(RG_BAD_FILE, "%s was made with --skip %zu --skip-kind %s, not %zu and %s; leave --skip out",
                       source->path, shape->skip, rg_skip_kind_names[shape->skip_kind], asked->skip,
                       rg_skip_kind_names[asked->skip_kind]);
    }
    return RG_OK;
}

/* Options that were requested must agree with a file that says how it was trained. */
static rg_status check_asked(const struct source *source, const struct rg_shape *asked, const struct rg_shape *shape) {
    RG_TRY(check_gated(source, shape->cell, asked->activation));
    if ((source->how->asks_activation || asked->activation != RG_ACT_TANH) && asked->activation != shape->activation) {
        return rg_fail(RG_BAD_FILE, "%s was made with --activation %s, not %s; leave --activation out", source->path,
                       rg_activation_names[shape->activation], rg_activation_names[asked->activation]);
    }
    RG_TRY(check_skip(source, asked, shape));
    if ((source->how->asks_target || asked->target == RG_TARGET_STEPS) && asked->target != shape->target) {
        return rg_fail(RG_BAD_FILE, "%s was made with --target %s, not %s; leave --target out", source->path,
                       rg_target_names[shape->target], rg_target_names[asked->target]);
    }
    return check_readout(source, asked->readout, shape);
}

/* Read what the file says of itself, and take the default for the rest. The caller frees its lists of names. */
static rg_status read_shape(const struct source *source, const struct rg_shape *defaults,
                            struct rg_file_config *config) {
    struct rg_shape shape = {.inputs = 0};
    RG_TRY(shape_from_tensors(source, &shape));
    if (source->tensors->config == NULL) {
        config->shape = shape;
    } else {
        RG_TRY(rg_file_config_read(source->path, source->tensors->config, &shape, config));
        if (config->shape.loss == RG_LOSS_AUTO) {
            config->shape.loss = defaults->loss;
        }
    }
    if (defaults->cell != RG_N_CELLS && defaults->cell != config->shape.cell) {
        return rg_fail(RG_BAD_FILE, "%s holds a cell %s, not %s; leave --cell out", source->path,
                       rg_cell_names[config->shape.cell], rg_cell_names[defaults->cell]);
    }
    return source->tensors->config == NULL ? complete_shape(source, defaults, &config->shape)
                                           : check_asked(source, defaults, &config->shape);
}

static rg_status build(const struct source *source, const struct rg_file_config *config, struct rg_model **out) {
    struct rg_model table = {.shape = config->shape};
    struct rg_model *model = NULL;
    if (rg_model_layout(&table) != RG_OK) {
        return rg_fail(RG_BAD_FILE, "%s: %s", source->path, rg_error_message());
    }
    RG_TRY(check_tensors(source, &table));
    RG_TRY(source->how->exact ? rg_model_create_exact(&config->shape, &model)
                              : rg_model_create(&config->shape, &model));
    rg_status status = read_weights(source, model);
    status = status == RG_OK ? read_preparation(source, model) : status;
    if (status != RG_OK) {
        rg_model_destroy(model);
        return status;
    }
    rg_file_config_give(config, model);
    *out = model;
    return RG_OK;
}

/* ---- Whole files ---- */

/* Is the file a pickle of PyTorch: a zip with members such as archive/data.pkl, or its older form? RG_BAD_FILE if the
 * file cannot be read at all. */
static rg_status find_pickle(const char *path, bool *is_pickle) {
    enum { HEAD_BYTES = 128, NAME_AT = 30 };
    static const char *const members[] = {"/data.pkl", "/.format_version", "/.data/", "/byteorder", "/version"};
    struct rg_source source;
    char head[HEAD_BYTES];
    *is_pickle = false;
    RG_TRY(rg_source_open(&source, path));
    const size_t n = rg_min(source.bytes, HEAD_BYTES);
    const rg_status status = rg_source_read_at(&source, 0, head, n);
    rg_source_close(&source);
    RG_TRY(status);
    for (size_t i = 0; i < sizeof members / sizeof *members && n > NAME_AT; i++) {
        *is_pickle = *is_pickle || (memcmp(head, "PK\3\4", 4) == 0 &&
                                    memmem(head + NAME_AT, n - NAME_AT, members[i], strlen(members[i])) != NULL);
    }
    *is_pickle = *is_pickle || (n > 4 && memcmp(head, "\x80\x02\x8a\x0a", 4) == 0);
    return RG_OK;
}

static rg_status refuse_pickle(const char *path) {
    return rg_fail(
        RG_BAD_FILE,
        "%s is a PyTorch pickle, which may contain code and is not read; save its tensors: python3 -c \"import "
        "torch, safetensors.torch as s; s.save_file({k: v.clone() for k, v in torch.load('%s', "
        "weights_only=True).items()}, 'model.safetensors')\"",
        path, path);
}

/* Log which parts of a plain PyTorch file were read and which were not, where the names leave a choice. */
static void tell(const struct source *source) {
    const struct rg_state_names *const names = &source->names;
    const bool usual = rg_state_tensor(source->tensors, &rg_own_names.head, "weight") != NULL &&
                       (names->embed.text == NULL || find(source, "embed.weight")->name[5] == '.');
    char list[LIST_BYTES] = "";
    size_t at = 0;
    for (size_t i = 0; i < source->tensors->count && at < sizeof list; i++) {
        const struct rg_tensor *const tensor = &source->tensors->items[i];
        const char *const name = tensor->name;
        const struct rg_prefix *const parts[] = {&names->head, &names->embed};
        bool read = rg_is_recurrent_name(name);
        for (size_t k = 0; k < 2; k++) {
            read = read || tensor == rg_state_tensor(source->tensors, parts[k], "weight") ||
                   (k == 0 && tensor == rg_state_tensor(source->tensors, parts[k], "bias"));
        }
        if (!read) {
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at > 0 ? ", " : "", name);
        }
    }
    if (!usual) {
        rg_log("%s: the head is %.*s%s%.*s", source->path, (int)names->head.length - 1, names->head.text,
               names->embed.text != NULL ? ", the embedding " : "",
               names->embed.text != NULL ? (int)names->embed.length - 1 : 0,
               names->embed.text != NULL ? names->embed.text : "");
    }
    if (at > 0) {
        rg_log("%s: not used: %s", source->path, list);
    }
}

static rg_status find_names(struct source *source, const char *head) {
    source->names = rg_own_names;
    if (source->tensors->config == NULL) {
        return rg_state_names_find(source->path, source->tensors, head, &source->names);
    }
    if (head != NULL) {
        return rg_fail(RG_BAD_FILE, "%s was written by rnn-gpu and says what its head is; leave --head out",
                       source->path);
    }
    return RG_OK;
}

/* RG_BAD_FILE for a folder of --out in place of a model, with the model in it that was probably meant. */
static rg_status refuse_folder(const char *path) {
    static const char *const models[] = {"best.safetensors", "model.safetensors"};
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return RG_OK;
    }
    const size_t length = strlen(path);
    const char *const slash = length > 0 && path[length - 1] == '/' ? "" : "/";
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char inside[PATH_MAX];
        if (snprintf(inside, sizeof inside, "%s%s%s", path, slash, models[i]) < PATH_MAX && access(inside, F_OK) == 0) {
            return rg_fail(RG_BAD_FILE, "%s: is a folder; give the model in it, %s", path, inside);
        }
    }
    return RG_OK;
}

/* Take the options of an npz file that rnn-gpu wrote. */
static rg_status take_config(struct rg_tensors *tensors) {
    const struct rg_tensor *const item = rg_tensors_find(tensors, config_name);
    if (tensors->config || !item || !is_config(item)) {
        return RG_OK;
    }
    RG_TRY(rg_tensors_hold(tensors, item->data_bytes + 1, "options of a model", &tensors->config));
    memcpy(tensors->config, item->data, item->data_bytes);
    return RG_OK;
}

rg_status rg_model_read(const char *path, const struct rg_model_reading *how, struct rg_model **out) {
    struct rg_tensors *tensors = NULL;
    struct rg_file_config config = {.shape = {.layers = 1}};
    rg_status status = RG_OK;
    *out = NULL;
    bool is_pickle = false;
    RG_TRY(refuse_folder(path));
    RG_TRY(find_pickle(path, &is_pickle));
    if (is_pickle) {
        return refuse_pickle(path);
    }
    RG_TRY(rg_tensors_open(path, &tensors));
    struct source source = {.path = path, .tensors = tensors, .how = how};
    RG_TRY_GOTO(take_config(tensors));
    RG_TRY_GOTO(find_names(&source, how->head));
    RG_TRY_GOTO(read_shape(&source, how->defaults, &config));
    RG_TRY_GOTO(build(&source, &config, out));
    if (tensors->config == NULL) {
        tell(&source);
    }
    rg_tensors_destroy(tensors);
    return RG_OK;
cleanup:
    rg_file_config_release(&config);
    rg_tensors_destroy(tensors);
    return status;
}

rg_status rg_model_load(const char *path, const struct rg_shape *defaults, struct rg_model **out) {
    return rg_model_read(path, &(struct rg_model_reading){.defaults = defaults}, out);
}

rg_status rg_model_load_exact(const char *path, const struct rg_shape *defaults, struct rg_model **out) {
    return rg_model_read(path, &(struct rg_model_reading){.defaults = defaults, .exact = true}, out);
}
