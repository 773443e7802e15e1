/* Models in safetensors files, under PyTorch's names.
 *
 * Sizes come from the tensors; options inside the file must agree with them, so no number that the file merely claims
 * decides how much memory is taken. */
#include <math.h>
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
        items[i] = (struct rg_tensor){.name = p->name,
                                      .dtype = RG_F32,
                                      .n_dims = p->columns > 0 ? 2 : 1,
                                      .shape = {p->rows, p->columns},
                                      .data = rg_model_values(model, i),
                                      .data_bytes = rg_parameter_elements(p) * sizeof(float)};
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

/* The matrix of that name, which a model cannot be without. */
static rg_status find_matrix(const char *path, const struct rg_tensors *tensors, const char *name,
                             const struct rg_tensor **out) {
    char text[SHAPE_BYTES];
    *out = rg_tensors_find(tensors, name);
    if (*out == NULL)
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' is missing; expected a model with PyTorch's names", path, name);
    if ((*out)->n_dims != 2 || (*out)->shape[0] == 0 || (*out)->shape[1] == 0)
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' has shape %s; expected two dimensions of at least 1", path, name,
                       shape_text((*out)->shape, (*out)->n_dims, text));
    return RG_OK;
}

/* Fill the sizes of `shape` from the three matrices. */
static rg_status sizes_from_tensors(const char *path, const struct rg_tensors *tensors, struct rg_shape *shape) {
    const struct rg_tensor *input = NULL, *recurrent = NULL, *head = NULL;
    RG_TRY(find_matrix(path, tensors, "rnn.weight_ih_l0", &input));
    RG_TRY(find_matrix(path, tensors, "rnn.weight_hh_l0", &recurrent));
    RG_TRY(find_matrix(path, tensors, "head.weight", &head));
    shape->inputs = input->shape[1];
    shape->hidden = recurrent->shape[1];
    shape->outputs = head->shape[0];
    return RG_OK;
}

/* One tensor against its entry in the table. */
static rg_status check_tensor(const char *path, const struct rg_tensor *tensor, const struct rg_parameter *p) {
    const size_t shape[2] = {p->rows, p->columns};
    const size_t n_dims = p->columns > 0 ? 2 : 1;
    char found[SHAPE_BYTES], wanted[SHAPE_BYTES];
    if (tensor->n_dims != n_dims || memcmp(tensor->shape, shape, n_dims * sizeof *shape) != 0)
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' has shape %s; expected %s", path, p->name,
                       shape_text(tensor->shape, tensor->n_dims, found), shape_text(shape, n_dims, wanted));
    if (tensor->dtype != RG_F16 && tensor->dtype != RG_BF16 && tensor->dtype != RG_F32 && tensor->dtype != RG_F64)
        return rg_fail(RG_BAD_FILE, "%s: tensor '%s' has dtype %s; expected F16, BF16, F32 or F64", path, p->name,
                       rg_dtype_name(tensor->dtype));
    return RG_OK;
}

/* Every tensor is a parameter of the table, and fits it; only biases may be missing. */
static rg_status check_tensors(const char *path, const struct rg_tensors *tensors, const struct rg_model *table) {
    for (size_t i = 0; i < tensors->count; i++) {
        size_t k = 0;
        while (k < table->n_parameters && strcmp(table->parameters[k].name, tensors->items[i].name) != 0)
            k++;
        if (k == table->n_parameters)
            return rg_fail(RG_BAD_FILE, "%s: tensor '%.80s' does not belong to a one-layer %s with a linear head", path,
                           tensors->items[i].name, rg_cell_names[table->shape.cell]);
        RG_TRY(check_tensor(path, &tensors->items[i], &table->parameters[k]));
    }
    return RG_OK;
}

static rg_status read_weights(const char *path, const struct rg_tensors *tensors, struct rg_model *model) {
    for (size_t k = 0; k < model->n_parameters; k++) {
        const struct rg_parameter *p = &model->parameters[k];
        const struct rg_tensor *tensor = rg_tensors_find(tensors, p->name);
        float *values = rg_model_values(model, k);
        if (tensor == NULL)
            continue;
        rg_tensor_to_float(tensor, values);
        for (size_t i = 0; i < rg_parameter_elements(p); i++)
            if (!isfinite(values[i]))
                return rg_fail(RG_BAD_FILE, "%s: tensor '%s': element %zu is %g; expected finite numbers within float",
                               path, p->name, i, (double)values[i]);
    }
    return RG_OK;
}

/* What the file says of itself; the default for what it does not say. A vocabulary is then the caller's to free. */
static rg_status read_shape(const char *path, const struct rg_tensors *tensors, const struct rg_shape *defaults,
                            struct rg_file_config *config) {
    struct rg_shape sizes = *defaults;
    *config = (struct rg_file_config){.vocabulary = NULL};
    RG_TRY(sizes_from_tensors(path, tensors, &sizes));
    if (tensors->config == NULL) {
        config->shape = sizes;
        return RG_OK;
    }
    RG_TRY(rg_file_config_read(path, tensors->config, sizes.inputs, config));
    if (config->shape.loss == RG_LOSS_AUTO)
        config->shape.loss = defaults->loss;
    return RG_OK;
}

static rg_status build(const char *path, const struct rg_tensors *tensors, const struct rg_file_config *config,
                       struct rg_model **out) {
    struct rg_model table = {.shape = config->shape};
    struct rg_model *model = NULL;
    if (rg_model_layout(&table) != RG_OK)
        return rg_fail(RG_BAD_FILE, "%s: %s", path, rg_error_message());
    RG_TRY(check_tensors(path, tensors, &table));
    RG_TRY(rg_model_create(&config->shape, &model));
    const rg_status status = read_weights(path, tensors, model);
    if (status != RG_OK) {
        rg_model_destroy(model);
        return status;
    }
    model->vocabulary = config->vocabulary;
    *out = model;
    return RG_OK;
}

rg_status rg_model_load(const char *path, const struct rg_shape *defaults, struct rg_model **out) {
    struct rg_tensors *tensors = NULL;
    struct rg_file_config config = {.vocabulary = NULL};
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_tensors_read(path, &tensors));
    RG_TRY_GOTO(read_shape(path, tensors, defaults, &config));
    RG_TRY_GOTO(build(path, tensors, &config, out));
    rg_tensors_destroy(tensors);
    return RG_OK;
fail:
    rg_free(config.vocabulary);
    rg_tensors_destroy(tensors);
    return status;
}
