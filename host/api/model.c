/* The public interface: models. */
#include <math.h>
#include <string.h>

#include "api/api.h"
#include "base/nearest.h"
#include "options/options.h"
#include "rnn_gpu/memory.h"
#include "train/setup.h"

rg_status rg_api_give_model(struct rg_model *model, rnn_gpu_model **out) {
    const rg_status status = rg_alloc(out, 1, sizeof **out, "the model");
    if (status != RG_OK) {
        rg_model_destroy(model);
        return status;
    }
    (*out)->model = model;
    return RG_OK;
}

/* ---- Creating, loading, saving ---- */

static rg_status new_model(const struct rg_config *c, size_t inputs, size_t outputs, struct rg_model **out) {
    struct rg_shape shape = {.cell = c->model.cell,
                             .activation = c->model.activation,
                             .inputs = c->model.embed > 0 ? c->model.embed : inputs,
                             .words = c->model.embed > 0 ? inputs : 0,
                             .hidden = c->model.hidden,
                             .outputs = outputs,
                             .loss = c->model.loss == RG_LOSS_AUTO ? RG_LOSS_MSE : c->model.loss,
                             .target = c->model.target,
                             .layers = c->model.layers,
                             .bidirectional = c->model.bidirectional,
                             .skip = c->model.skip,
                             .skip_kind = c->model.skip_kind};
    const struct rg_init_options init = {.hidden = c->model.init,
                                         .input = c->model.init_input,
                                         .zero_biases = c->model.irnn,
                                         .forget_bias = c->model.forget_bias};
    if (inputs == 0 || outputs == 0) {
        return rg_fail(RG_USAGE, "a model of %zu inputs and %zu outputs; each must be at least 1", inputs, outputs);
    }
    RG_TRY(rg_shape_set_readout(&shape, c->model.readout));
    RG_TRY(rg_model_create(&shape, out));
    rg_status status = rg_model_initialise(*out, &init, c->training.seed);
    if (status == RG_OK && rg_config_is_double(c)) {
        status = rg_model_widen(*out);
    }
    if (status != RG_OK) {
        rg_model_destroy(*out);
        *out = NULL;
    }
    return status;
}

rnn_gpu_status rnn_gpu_model_create(const rnn_gpu_options *options, size_t inputs, size_t outputs,
                                    rnn_gpu_model **model) {
    static const rnn_gpu_data any_data = {.path = NULL};
    struct rg_api_config c;
    struct rg_model *made = NULL;
    RG_API_NEED(model);
    *model = NULL;
    /* Some options require data or validation data, which only the training will have. So the options are checked as if
     * both were there: data unless there is a task, and validation data unless they are cut from the data. */
    const size_t n = options ? options->n : 0;
    char *const *const words = options ? options->arguments : NULL;
    const bool has_data = !rg_words_give(n, words, "task"), cuts_data = rg_words_give(n, words, "val-frac");
    const struct rg_api_inputs in = {.data = has_data ? &any_data : NULL,
                                     .validation = has_data && !cuts_data ? &any_data : NULL};
    rg_status status = rg_api_configure(options, "train", &in, &c);
    if (status == RG_OK) {
        status = new_model(&c.config, inputs, outputs, &made);
        status = status == RG_OK ? rg_api_give_model(made, model) : status;
        rg_api_config_release(&c);
    }
    return rg_api_end(status);
}

rnn_gpu_status rnn_gpu_model_load(const char *path, const rnn_gpu_options *options, rnn_gpu_model **model) {
    static const rnn_gpu_data any_data = {.path = NULL};
    struct rg_api_config c;
    struct rg_model *made = NULL;
    RG_API_NEED(path);
    RG_API_NEED(model);
    *model = NULL;
    if (!path[0]) {
        return rg_api_end(rg_fail(RG_BAD_FILE, "the name of the model's file is empty"));
    }
    const struct rg_api_inputs in = {.model_path = path, .data = &any_data};
    rg_status status = rg_api_configure(options, "predict", &in, &c);
    if (status == RG_OK) {
        status = rg_setup_model(&c.config, rg_config_is_double(&c.config), &made);
        status = status == RG_OK ? rg_api_give_model(made, model) : status;
        rg_api_config_release(&c);
    }
    return rg_api_end(status);
}

rnn_gpu_status rnn_gpu_model_save(const rnn_gpu_model *model, const char *path) {
    RG_API_NEED(model);
    RG_API_NEED(path);
    rg_api_lock();
    const rg_status status = rg_model_save(model->model, path);
    rg_api_unlock();
    return rg_api_end(status);
}

void rnn_gpu_model_destroy(rnn_gpu_model *model) {
    if (model) {
        rg_model_destroy(model->model);
        rg_free(model);
    }
}

/* ---- Description ---- */

rnn_gpu_status rnn_gpu_model_describe(const rnn_gpu_model *model, struct rnn_gpu_model_info *info) {
    RG_API_NEED(model);
    RG_API_NEED(info);
    const struct rg_model *const m = model->model;
    *info = (struct rnn_gpu_model_info){.cell = rg_cell_names[m->shape.cell],
                                        .loss = rg_loss_names[m->shape.loss],
                                        .target = rg_target_names[m->shape.target],
                                        .inputs = rg_shape_features(&m->shape),
                                        .hidden = m->shape.hidden,
                                        .outputs = m->shape.outputs,
                                        .layers = m->shape.layers,
                                        .directions = rg_shape_directions(&m->shape),
                                        .n_parameters = m->n_parameters,
                                        .n_weights = rg_model_n_weights(m),
                                        .n_classes = m->n_classes,
                                        .is_double = m->exact != NULL,
                                        .takes_words = m->shape.words > 0,
                                        .has_normalization = m->input_mean != NULL};
    return rg_api_end(RG_OK);
}

const char *rnn_gpu_model_parameter(const rnn_gpu_model *model, size_t index) {
    return model && index < model->model->n_parameters ? model->model->parameters[index].name : NULL;
}

const char *rnn_gpu_model_class(const rnn_gpu_model *model, size_t index) {
    return model && index < model->model->n_classes ? model->model->classes[index] : NULL;
}

/* ---- Weights ---- */

/* The parameter of that name; NULL, with a message, if there is none. */
static struct rg_parameter *find(const rnn_gpu_model *model, const char *name) {
    struct rg_model *const m = model->model;
    const char *names[RG_MAX_PARAMETERS + 1] = {NULL};
    char hint[RG_HINT_BYTES];
    for (size_t i = 0; i < m->n_parameters; i++) {
        names[i] = m->parameters[i].name;
        if (strcmp(names[i], name) == 0) {
            return &m->parameters[i];
        }
    }
    (void)rg_fail(RG_USAGE, "the model has no parameter '%.80s'%s", name, rg_name_hint(name, names, hint));
    return NULL;
}

/* The parameter of that name and number of elements; NULL, with a message, if there is none. */
static struct rg_parameter *find_of_size(const rnn_gpu_model *model, const char *name, size_t count) {
    struct rg_parameter *const p = find(model, name);
    if (p && count != rg_parameter_elements(p)) {
        (void)rg_fail(RG_USAGE, "parameter %s has %zu numbers, not %zu", name, rg_parameter_elements(p), count);
        return NULL;
    }
    return p;
}

rnn_gpu_status rnn_gpu_model_shape(const rnn_gpu_model *model, const char *name, size_t shape[2]) {
    RG_API_NEED(model);
    RG_API_NEED(name);
    RG_API_NEED(shape);
    const struct rg_parameter *const p = find(model, name);
    if (!p) {
        return rg_api_end(RG_USAGE);
    }
    shape[0] = p->rows;
    shape[1] = p->columns;
    return rg_api_end(RG_OK);
}

rnn_gpu_status rnn_gpu_model_get(const rnn_gpu_model *model, const char *name, double *values, size_t count) {
    RG_API_NEED(model);
    RG_API_NEED(name);
    RG_API_NEED(values);
    const struct rg_parameter *const p = find_of_size(model, name, count);
    const struct rg_model *const m = model->model;
    if (!p) {
        return rg_api_end(RG_USAGE);
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = rg_model_weight(m, p->offset + i);
    }
    return rg_api_end(RG_OK);
}

static rg_status set_values(struct rg_model *m, struct rg_parameter *p, const double *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (m->exact ? !isfinite(values[i]) : !isfinite((float)values[i])) {
            return rg_fail(RG_USAGE, "parameter %s: number %zu, %g, is not finite%s", p->name, i, values[i],
                           isfinite(values[i]) ? " as a float" : "");
        }
    }
    for (size_t i = 0; i < count; i++) {
        rg_model_set_weight(m, p->offset + i, values[i]);
    }
    p->absent = false;
    return RG_OK;
}

rnn_gpu_status rnn_gpu_model_set(rnn_gpu_model *model, const char *name, const double *values, size_t count) {
    RG_API_NEED(model);
    RG_API_NEED(name);
    RG_API_NEED(values);
    struct rg_parameter *const p = find_of_size(model, name, count);
    return rg_api_end(p ? set_values(model->model, p, values, count) : RG_USAGE);
}
