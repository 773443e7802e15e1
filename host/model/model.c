/* The model: its table of parameters and the one array that holds their values.
 *
 * Every parameter starts at a multiple of RG_ARENA_ALIGN elements (a cache line of floats), so that a kernel may load
 * whole vectors and a sum over the arena may run over the gaps, which hold zeros. */
#include "rnn_gpu/model.h"

#include <stdio.h>
#include <string.h>

#include "layout.h"
#include "rnn_gpu/memory.h"

size_t rg_cell_gates(enum rg_cell cell) {
    switch (cell) {
    case RG_CELL_RNN:
    case RG_N_CELLS:
        break;
    }
    return 1;
}

size_t rg_parameter_elements(const struct rg_parameter *parameter) {
    return parameter->rows * (parameter->columns > 0 ? parameter->columns : 1);
}

float *rg_model_values(const struct rg_model *model, size_t parameter) {
    return model->weights + model->parameters[parameter].offset;
}

/* Append a parameter; columns = 0 for a bias. */
static rg_status add_parameter(struct rg_model *model, const char *name, size_t rows, size_t columns) {
    struct rg_parameter *p = &model->parameters[model->n_parameters];
    size_t elements = 0, padded = 0, arena = 0;
    if (!rg_multiply(rows, columns > 0 ? columns : 1, &elements) ||
        __builtin_add_overflow(elements, (size_t)RG_ARENA_ALIGN - 1, &padded) ||
        __builtin_add_overflow(model->arena, padded - padded % RG_ARENA_ALIGN, &arena))
        return rg_fail(RG_NO_MEMORY, "model: %s [%zu, %zu] has more elements than can be counted; use smaller sizes",
                       name, rows, columns);
    snprintf(p->name, sizeof p->name, "%s", name);
    p->rows = rows;
    p->columns = columns;
    p->offset = model->arena;
    model->arena = arena;
    model->n_weights += elements;
    model->n_parameters++;
    return RG_OK;
}

rg_status rg_model_layout(struct rg_model *model) {
    const struct rg_shape *s = &model->shape;
    size_t rows = 0;
    if (s->cell >= RG_N_CELLS || s->activation >= RG_N_ACTIVATIONS)
        return rg_fail(RG_ERROR, "model: unknown cell %u or activation %u", (unsigned)s->cell, (unsigned)s->activation);
    if (s->inputs == 0 || s->hidden == 0 || s->outputs == 0)
        return rg_fail(RG_ERROR, "model: %zu inputs, %zu hidden units, %zu outputs; each must be at least 1", s->inputs,
                       s->hidden, s->outputs);
    if (!rg_multiply(rg_cell_gates(s->cell), s->hidden, &rows))
        return rg_fail(RG_NO_MEMORY, "model: %zu hidden units are more than can be counted; use fewer", s->hidden);
    model->n_parameters = model->n_weights = model->arena = 0;
    RG_TRY(add_parameter(model, "rnn.weight_ih_l0", rows, s->inputs));
    RG_TRY(add_parameter(model, "rnn.weight_hh_l0", rows, s->hidden));
    RG_TRY(add_parameter(model, "rnn.bias_ih_l0", rows, 0));
    RG_TRY(add_parameter(model, "rnn.bias_hh_l0", rows, 0));
    RG_TRY(add_parameter(model, "head.weight", s->outputs, s->hidden));
    return add_parameter(model, "head.bias", s->outputs, 0);
}

rg_status rg_model_create(const struct rg_shape *shape, struct rg_model **out) {
    struct rg_model *model = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_alloc(&model, 1, sizeof *model, "model"));
    model->shape = *shape;
    RG_TRY_GOTO(rg_model_layout(model));
    RG_TRY_GOTO(rg_alloc(&model->weights, model->arena, sizeof *model->weights, "weights of the model"));
    *out = model;
    return RG_OK;
fail:
    rg_model_destroy(model);
    return status;
}

void rg_model_destroy(struct rg_model *model) {
    if (model == NULL)
        return;
    rg_free(model->vocabulary);
    rg_free(model->weights);
    rg_free(model);
}

rg_status rg_model_set_vocabulary(struct rg_model *model, char *const *words) {
    const size_t count = model->shape.inputs;
    size_t bytes = 0;
    char **vocabulary = NULL;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(words[i]) + 1;
    RG_TRY(rg_alloc(&vocabulary, count * sizeof *vocabulary + bytes, 1, "vocabulary of the model"));
    char *text = (char *)(vocabulary + count);
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(words[i]) + 1;
        vocabulary[i] = memcpy(text, words[i], length);
        text += length;
    }
    rg_free(model->vocabulary);
    model->vocabulary = vocabulary;
    return RG_OK;
}
