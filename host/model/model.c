/* The model: its table of parameters and the one array with their values.
 *
 * Every parameter starts at a multiple of RG_ARENA_ALIGN elements (a cache line of floats), so a kernel may load whole
 * vectors. The gaps hold zeros, so a sum over the arena may include them. */
#include "rnn_gpu/model.h"

#include <stdio.h>
#include <string.h>

#include "model/layout.h"
#include "rnn_gpu/memory.h"

size_t rg_shape_directions(const struct rg_shape *shape) {
    return shape->bidirectional ? 2 : 1;
}

bool rg_shape_has_skip(const struct rg_shape *shape, enum rg_skip_kind kind) {
    return shape->skip > 0 && shape->skip_kind == kind;
}

bool rg_shape_has_role(const struct rg_shape *shape, enum rg_role role) {
    if (role == RG_ROLE_WEIGHT_UH || role == RG_ROLE_BIAS_UH) {
        return rg_shape_has_skip(shape, RG_SKIP_LEARNED);
    }
    return role != RG_ROLE_WEIGHT_SH || rg_shape_has_skip(shape, RG_SKIP_ADD);
}

/* Number of roles below `end` in the shape. Every layer and direction has the same roles, so the table is an array of
 * them. */
static size_t roles_below(const struct rg_shape *shape, enum rg_role end) {
    size_t count = 0;
    for (unsigned role = 0; role < end; role++) {
        count += rg_shape_has_role(shape, (enum rg_role)role);
    }
    return count;
}

size_t rg_model_parameter(const struct rg_model *model, size_t layer, size_t direction, enum rg_role role) {
    const struct rg_shape *const s = &model->shape;
    return (layer * rg_shape_directions(s) + direction) * roles_below(s, RG_N_ROLES) + roles_below(s, role);
}

size_t rg_model_head_weight(const struct rg_model *model) {
    return rg_model_parameter(model, model->shape.layers, 0, RG_ROLE_WEIGHT_IH);
}

size_t rg_model_head_bias(const struct rg_model *model) {
    return rg_model_head_weight(model) + 1;
}

size_t rg_model_embed(const struct rg_model *model) {
    return rg_model_head_weight(model) + 2;
}

rg_status rg_shape_set_readout(struct rg_shape *shape, enum rg_readout asked) {
    const bool steps = shape->target == RG_TARGET_STEPS;
    if (steps && asked != RG_N_READOUTS && asked != RG_READOUT_LAST) {
        return rg_fail(RG_USAGE, "--readout %s requires --target last, but here every step has an output; leave it out",
                       rg_readout_names[asked]);
    }
    const enum rg_readout usual = shape->bidirectional && !steps ? RG_READOUT_FINAL : RG_READOUT_LAST;
    shape->readout = asked == RG_N_READOUTS ? usual : asked;
    return RG_OK;
}

size_t rg_shape_features(const struct rg_shape *shape) {
    return shape->words > 0 ? shape->words : shape->inputs;
}

size_t rg_parameter_elements(const struct rg_parameter *parameter) {
    return parameter->rows * (parameter->columns > 0 ? parameter->columns : 1);
}

size_t rg_model_n_weights(const struct rg_model *model) {
    size_t n = 0;
    for (size_t i = 0; i < model->n_parameters; i++) {
        n += model->parameters[i].absent ? 0 : rg_parameter_elements(&model->parameters[i]);
    }
    return n;
}

size_t rg_model_n_trained(const struct rg_model *model) {
    size_t n = 0;
    for (size_t i = 0; i < model->n_parameters; i++) {
        const struct rg_parameter *const p = &model->parameters[i];
        n += p->frozen || p->absent ? 0 : rg_parameter_elements(p);
    }
    return n;
}

float *rg_model_values(const struct rg_model *model, size_t parameter) {
    return model->weights + model->parameters[parameter].offset;
}

double rg_model_weight(const struct rg_model *model, size_t at) {
    return model->exact ? model->exact[at] : (double)model->weights[at];
}

void rg_model_set_weight(struct rg_model *model, size_t at, double value) {
    if (model->exact) {
        model->exact[at] = value;
    } else {
        model->weights[at] = (float)value;
    }
}

/* Append a parameter; columns = 0 for a bias. */
static rg_status add_parameter(struct rg_model *model, const char *name, size_t rows, size_t columns) {
    struct rg_parameter *p = &model->parameters[model->n_parameters];
    size_t elements = 0, padded = 0, arena = 0;
    if (!rg_multiply(rows, columns > 0 ? columns : 1, &elements) ||
        __builtin_add_overflow(elements, (size_t)RG_ARENA_ALIGN - 1, &padded) ||
        __builtin_add_overflow(model->arena, padded - padded % RG_ARENA_ALIGN, &arena)) {
        return rg_fail(RG_NO_MEMORY, "model: %s [%zu, %zu] has more elements than can be counted; use smaller sizes",
                       name, rows, columns);
    }
    snprintf(p->name, sizeof p->name, "%s", name);
    p->rows = rows;
    p->columns = columns;
    p->offset = model->arena;
    model->arena = arena;
    model->n_weights += elements;
    model->n_parameters++;
    return RG_OK;
}

static rg_status check_shape(const struct rg_shape *s) {
    if (s->cell >= RG_N_CELLS || s->activation >= RG_N_ACTIVATIONS || s->skip_kind > RG_SKIP_LEARNED ||
        s->target > RG_TARGET_STEPS || s->readout >= RG_N_READOUTS) {
        return rg_fail(RG_ERROR, "model: unknown cell %u, activation %u, kind of skip %u, target %u or readout %u",
                       (unsigned)s->cell, (unsigned)s->activation, (unsigned)s->skip_kind, (unsigned)s->target,
                       (unsigned)s->readout);
    }
    if (s->target == RG_TARGET_STEPS && s->readout != RG_READOUT_LAST) {
        return rg_fail(RG_ERROR, "model: a readout %s of outputs at every step; it needs an output after the last",
                       rg_readout_names[s->readout]);
    }
    if (s->skip_kind == RG_SKIP_LEARNED && s->skip > 1) {
        return rg_fail(RG_ERROR, "model: a learned skip over %zu steps; it has no distance, use 1", s->skip);
    }
    if (s->inputs == 0 || s->hidden == 0 || s->outputs == 0) {
        return rg_fail(RG_ERROR, "model: %zu inputs, %zu hidden units, %zu outputs; each must be at least 1", s->inputs,
                       s->hidden, s->outputs);
    }
    if (s->layers == 0 || s->layers > RG_MAX_LAYERS) {
        return rg_fail(RG_ERROR, "model: %zu layers; 1 to %d are possible", s->layers, RG_MAX_LAYERS);
    }
    return RG_OK;
}

/* The parameters of one layer and direction. */
static rg_status add_layer(struct rg_model *model, size_t layer, size_t direction, size_t rows, size_t inputs) {
    static const char *const names[RG_N_ROLES] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh",
                                                  "weight_sh", "weight_uh", "bias_uh"};
    const size_t columns[RG_N_ROLES] = {inputs, model->shape.hidden, 0, 0, model->shape.hidden, model->shape.hidden, 0};
    for (unsigned role = 0; role < RG_N_ROLES; role++) {
        char name[RG_NAME_BYTES];
        if (!rg_shape_has_role(&model->shape, (enum rg_role)role)) {
            continue;
        }
        snprintf(name, sizeof name, "rnn.%s_l%zu%s", names[role], layer, direction > 0 ? "_reverse" : "");
        RG_TRY(add_parameter(model, name, role < RG_ROLE_WEIGHT_UH ? rows : 1, columns[role]));
    }
    return RG_OK;
}

rg_status rg_model_layout(struct rg_model *model) {
    const struct rg_shape *const s = &model->shape;
    const size_t directions = rg_shape_directions(s);
    size_t rows = 0, outward = 0;
    RG_TRY(check_shape(s));
    if (!rg_multiply(rg_cell_gates(s->cell), s->hidden, &rows) || !rg_multiply(directions, s->hidden, &outward)) {
        return rg_fail(RG_NO_MEMORY, "model: %zu hidden units are more than can be counted; use fewer", s->hidden);
    }
    model->n_parameters = model->n_weights = model->arena = 0;
    for (size_t layer = 0; layer < s->layers; layer++) {
        for (size_t direction = 0; direction < directions; direction++) {
            RG_TRY(add_layer(model, layer, direction, rows, layer == 0 ? s->inputs : outward));
        }
    }
    RG_TRY(add_parameter(model, "head.weight", s->outputs, outward));
    RG_TRY(add_parameter(model, "head.bias", s->outputs, 0));
    return s->words > 0 ? add_parameter(model, "embed.weight", s->words, s->inputs) : RG_OK;
}

void rg_shape_options(const struct rg_shape *shape, struct rg_model_options *options) {
    options->cell = shape->cell;
    options->irnn = false;
    options->activation = shape->activation;
    options->skip = shape->skip;
    options->skip_kind = shape->skip_kind;
    options->hidden = shape->hidden;
    options->layers = shape->layers;
    options->bidirectional = shape->bidirectional;
    options->embed = shape->words > 0 ? shape->inputs : 0;
    options->loss = shape->loss;
    options->target = shape->target;
    options->readout = shape->target == RG_TARGET_LAST ? shape->readout : RG_N_READOUTS;
}

static rg_status create(const struct rg_shape *shape, bool exact, struct rg_model **out) {
    struct rg_model *model = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_alloc(&model, 1, sizeof *model, "model"));
    model->shape = *shape;
    RG_TRY_GOTO(rg_model_layout(model));
    RG_TRY_GOTO(exact ? rg_alloc(&model->exact, model->arena, sizeof *model->exact, "weights of the model")
                      : rg_alloc(&model->weights, model->arena, sizeof *model->weights, "weights of the model"));
    *out = model;
    return RG_OK;
cleanup:
    rg_model_destroy(model);
    return status;
}

rg_status rg_model_create(const struct rg_shape *shape, struct rg_model **out) {
    return create(shape, false, out);
}

rg_status rg_model_create_exact(const struct rg_shape *shape, struct rg_model **out) {
    return create(shape, true, out);
}

void rg_model_destroy(struct rg_model *model) {
    if (model == NULL) {
        return;
    }
    rg_free(model->vocabulary);
    rg_free(model->features);
    rg_free(model->classes);
    rg_free(model->targets);
    rg_free(model->input_fill);
    rg_free(model->input_mean);
    rg_free(model->input_deviation);
    rg_free(model->weights);
    rg_free(model->exact);
    rg_free(model);
}

rg_status rg_model_widen(struct rg_model *model) {
    if (model->exact) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&model->exact, model->arena, sizeof *model->exact, "weights of the model"));
    for (size_t i = 0; i < model->arena; i++) {
        model->exact[i] = (double)model->weights[i];
    }
    rg_free(model->weights);
    model->weights = NULL;
    return RG_OK;
}

/* *out = a copy of the names in one block; it replaces the previous one. */
static rg_status copy_names(char *const *names, size_t count, const char *what, char ***out) {
    size_t bytes = 0;
    char **copy = NULL;
    for (size_t i = 0; i < count; i++) {
        bytes += strlen(names[i]) + 1;
    }
    RG_TRY(rg_alloc(&copy, count * sizeof *copy + bytes, 1, what));
    char *text = (char *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(names[i]) + 1;
        copy[i] = memcpy(text, names[i], length);
        text += length;
    }
    rg_free(*out);
    *out = copy;
    return RG_OK;
}

rg_status rg_model_set_vocabulary(struct rg_model *model, char *const *words) {
    return copy_names(words, rg_shape_features(&model->shape), "vocabulary of the model", &model->vocabulary);
}

rg_status rg_model_set_features(struct rg_model *model, char *const *names) {
    return copy_names(names, rg_shape_features(&model->shape), "features of the model", &model->features);
}

rg_status rg_model_set_classes(struct rg_model *model, char *const *names, size_t count) {
    RG_TRY(copy_names(names, count, "classes of the model", &model->classes));
    model->n_classes = count;
    return RG_OK;
}

rg_status rg_model_set_targets(struct rg_model *model, char *const *names, size_t count) {
    RG_TRY(copy_names(names, count, "targets of the model", &model->targets));
    model->n_targets = count;
    return RG_OK;
}

rg_status rg_model_set_normalization(struct rg_model *model, const double *mean, const double *deviation) {
    const size_t n = rg_shape_features(&model->shape);
    double *new_mean = NULL, *new_deviation = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&new_mean, n, sizeof *new_mean, "normalisation of the inputs"));
    RG_TRY_GOTO(rg_alloc(&new_deviation, n, sizeof *new_deviation, "normalisation of the inputs"));
    memcpy(new_mean, mean, n * sizeof *mean);
    memcpy(new_deviation, deviation, n * sizeof *deviation);
    rg_free(model->input_mean);
    rg_free(model->input_deviation);
    model->input_mean = new_mean;
    model->input_deviation = new_deviation;
    return RG_OK;
cleanup:
    rg_free(new_mean);
    return status;
}

rg_status rg_model_set_fill(struct rg_model *model, const double *values, bool previous) {
    const size_t n = rg_shape_features(&model->shape);
    double *copy = NULL;
    RG_TRY(rg_alloc(&copy, n, sizeof *copy, "what missing inputs are"));
    memcpy(copy, values, n * sizeof *values);
    rg_free(model->input_fill);
    model->input_fill = copy;
    model->fill_previous = previous;
    return RG_OK;
}

rg_status rg_model_copy_names(const struct rg_model *from, struct rg_model *to) {
    RG_TRY(from->input_mean ? rg_model_set_normalization(to, from->input_mean, from->input_deviation) : RG_OK);
    RG_TRY(from->vocabulary ? rg_model_set_vocabulary(to, from->vocabulary) : RG_OK);
    RG_TRY(from->features ? rg_model_set_features(to, from->features) : RG_OK);
    RG_TRY(from->classes ? rg_model_set_classes(to, from->classes, from->n_classes) : RG_OK);
    RG_TRY(from->targets ? rg_model_set_targets(to, from->targets, from->n_targets) : RG_OK);
    return RG_OK;
}

rg_status rg_model_copy(const struct rg_model *model, bool exact, struct rg_model **out) {
    rg_status status = RG_OK;
    RG_TRY(create(&model->shape, exact, out));
    struct rg_model *const m = *out;
    for (size_t i = 0; i < m->arena; i++) {
        rg_model_set_weight(m, i, rg_model_weight(model, i));
    }
    for (size_t i = 0; i < m->n_parameters; i++) {
        m->parameters[i].absent = model->parameters[i].absent;
    }
    m->level = model->level;
    m->lowercase = model->lowercase;
    m->windows = model->windows;
    m->pixels = model->pixels;
    RG_TRY_GOTO(model->input_fill ? rg_model_set_fill(m, model->input_fill, model->fill_previous) : RG_OK);
    RG_TRY_GOTO(rg_model_copy_names(model, m));
    return RG_OK;
cleanup:
    rg_model_destroy(m);
    *out = NULL;
    return status;
}
