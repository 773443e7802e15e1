/* Exercises: see exercise.h. The random numbers come from a generator of their own, not from the product's, which
 * these exercises check. */
#include "verify/selftest/exercise.h"

#include <math.h>
#include <stdio.h>

#include "model/cells.h"
#include "reference/reference_of.h"
#include "rnn_gpu/memory.h"

double rg_exercise_random(uint64_t *state, double scale) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return scale * ((double)(*state >> 11) * 0x1p-52 - 1.0);
}

/* Numbers of y of a row. */
static size_t targets_of(const struct rg_exercise_sizes *sizes) {
    return sizes->loss == RG_LOSS_CE ? 1 : sizes->outputs;
}

static rg_status create_data(struct rg_exercise *e, size_t words) {
    const struct rg_exercise_sizes *s = &e->sizes;
    const size_t values = s->batch * s->steps * s->inputs;
    e->data.n_sequences = s->batch;
    e->data.n_steps = s->steps;
    e->data.n_features = words ? words : s->inputs;
    e->data.kind = words ? RG_INPUT_TOKEN : RG_INPUT_FLOAT;
    e->data.n_targets = e->target_steps * targets_of(s);
    const size_t targets = s->batch * e->data.n_targets;
    RG_TRY(rg_copy_string(&e->data.path, "self-test"));
    if (words) {
        RG_TRY(rg_alloc(&e->data.x_token, s->batch * s->steps, sizeof(int32_t), "the self-test"));
    }
    RG_TRY(rg_alloc(&e->data.x_float, values, sizeof(float), "the self-test"));
    RG_TRY(rg_alloc(&e->data.y, targets, sizeof(float), "the self-test"));
    RG_TRY(rg_alloc(&e->x, values, sizeof(double), "the self-test"));
    RG_TRY(rg_alloc(&e->y, targets, sizeof(double), "the self-test"));
    return s->ragged ? rg_alloc(&e->data.lengths, s->batch, sizeof(int32_t), "the self-test") : RG_OK;
}

/* h_0, and c_0 of lstm, in both forms. */
static rg_status create_states(struct rg_exercise *e, const struct rg_exercise_net *net) {
    struct rg_dataset *const data = &e->data;
    data->n_states = (net->layers ? net->layers : 1) * (net->bidirectional ? 2 : 1);
    data->state_width = e->sizes.hidden;
    const size_t n = data->n_states * e->sizes.batch * e->sizes.hidden;
    RG_TRY(rg_alloc(&data->h_0, n, sizeof(double), "the self-test"));
    RG_TRY(rg_alloc(&e->h_0, n, sizeof(double), "the self-test"));
    if (rg_cell_has_c(net->cell)) {
        RG_TRY(rg_alloc(&data->c_0, n, sizeof(double), "the self-test"));
        RG_TRY(rg_alloc(&e->c_0, n, sizeof(double), "the self-test"));
    }
    return RG_OK;
}

/* Make both models and room for the reference's result. */
static rg_status create_models(struct rg_exercise *e, const struct rg_exercise_net *net, size_t words) {
    const struct rg_exercise_sizes *s = &e->sizes;
    const struct rg_shape shape = {.cell = net->cell,
                                   .activation = net->activation,
                                   .inputs = s->inputs,
                                   .hidden = s->hidden,
                                   .outputs = s->outputs,
                                   .loss = s->loss,
                                   .target = net->target,
                                   .readout = net->readout,
                                   .layers = net->layers ? net->layers : 1,
                                   .bidirectional = net->bidirectional,
                                   .skip = net->skip,
                                   .skip_kind = net->skip_kind,
                                   .words = words};
    RG_TRY(rg_model_create(&shape, &e->model));
    e->reference = ref_model_of(&shape, e->skip_budget);
    e->result = e->reference ? ref_result_create(e->reference, s->batch, s->steps) : NULL;
    return e->result ? RG_OK : rg_fail(RG_NO_MEMORY, "no memory for the self-test's reference");
}

rg_status rg_exercise_create(const struct rg_exercise_form *form, struct rg_exercise **out) {
    *out = NULL;
    struct rg_exercise *e = NULL;
    rg_status status = RG_OK;
    RG_TRY(rg_alloc(&e, 1, sizeof *e, "the self-test"));
    e->sizes = form->sizes;
    e->skip_budget = 0.05;
    e->target_steps = form->net.target == RG_TARGET_STEPS ? e->sizes.steps : 1;
    RG_TRY_GOTO(create_data(e, form->words));
    if (form->initial) {
        RG_TRY_GOTO(create_states(e, &form->net));
    }
    RG_TRY_GOTO(create_models(e, &form->net, form->words));
    e->batch = (struct ref_batch){.n_sequences = e->sizes.batch,
                                  .n_steps = e->sizes.steps,
                                  .x = e->x,
                                  .words = e->data.x_token,
                                  .lengths = e->data.lengths,
                                  .y = e->y,
                                  .h_0 = e->h_0,
                                  .c_0 = e->c_0,
                                  .loss = ref_loss_of(e->sizes.loss)};
    *out = e;
    return RG_OK;
cleanup:
    rg_exercise_destroy(e);
    return status;
}

void rg_exercise_destroy(struct rg_exercise *e) {
    if (e) {
        rg_free(e->data.path);
        rg_free(e->data.x_float);
        rg_free(e->data.x_double);
        rg_free(e->data.x_token);
        rg_free(e->data.y);
        rg_free(e->data.y_double);
        rg_free(e->data.lengths);
        rg_free(e->data.h_0);
        rg_free(e->data.c_0);
        rg_free(e->h_0);
        rg_free(e->c_0);
        rg_free(e->x);
        rg_free(e->y);
        rg_model_destroy(e->model);
        ref_model_destroy(e->reference);
        ref_result_destroy(e->result);
        rg_free(e);
    }
}

void rg_exercise_fill(struct rg_exercise *e, uint64_t seed) {
    const struct rg_exercise_sizes *s = &e->sizes;
    const double bound = 1.0 / sqrt((double)s->hidden);
    for (size_t i = 0; i < s->batch * s->steps * s->inputs; i++) {
        e->data.x_float[i] = (float)rg_exercise_random(&seed, 1.0);
    }
    for (size_t i = 0; e->data.x_token && i < s->batch * s->steps; i++) {
        e->data.x_token[i] =
            (int32_t)floor((rg_exercise_random(&seed, 0.5) + 0.5) * (double)e->data.n_features); /* below V */
    }
    for (size_t i = 0; i < s->batch * e->data.n_targets; i++) {
        const double u = rg_exercise_random(&seed, 0.5);
        switch (s->loss) {
        case RG_LOSS_CE:
            e->data.y[i] = (float)floor((u + 0.5) * (double)s->outputs);
            break;
        case RG_LOSS_BCE:
            e->data.y[i] = u > 0.0 ? 1.0f : 0.0f;
            break;
        default:
            e->data.y[i] = (float)(u + (i % 2 ? 2.5 : -2.5));
        }
    }
    for (size_t i = 0; s->ragged && i < s->batch; i++) {
        const size_t spread = i * 7 % (s->steps + 1);
        e->data.lengths[i] = (int32_t)(i + 1 == s->batch ? s->steps : spread);
    }
    for (size_t p = 0; p < e->model->n_parameters; p++) {
        const size_t n = rg_parameter_elements(&e->model->parameters[p]);
        for (size_t i = 0; i < n; i++) {
            rg_model_values(e->model, p)[i] = (float)rg_exercise_random(&seed, bound);
        }
    }
    for (size_t i = 0; e->h_0 && i < e->data.n_states * s->batch * s->hidden; i++) {
        e->data.h_0[i] = (double)(float)rg_exercise_random(&seed, 1.0);
        if (e->c_0) {
            e->data.c_0[i] = (double)(float)rg_exercise_random(&seed, 1.0);
        }
    }
    rg_exercise_copy_data(e);
    rg_exercise_copy_model(e);
}

void rg_exercise_copy_data(struct rg_exercise *e) {
    const struct rg_exercise_sizes *s = &e->sizes;
    for (size_t i = 0; i < s->batch * s->steps * s->inputs; i++) {
        e->x[i] = (double)e->data.x_float[i];
    }
    for (size_t i = 0; i < s->batch * e->data.n_targets; i++) {
        e->y[i] = (double)e->data.y[i];
    }
    for (size_t i = 0; e->h_0 && i < e->data.n_states * s->batch * s->hidden; i++) {
        e->h_0[i] = e->data.h_0[i];
        if (e->c_0) {
            e->c_0[i] = e->data.c_0[i];
        }
    }
}

void rg_exercise_copy_model(struct rg_exercise *e) {
    ref_model_take(e->reference, e->model);
}

void rg_exercise_copy_weights(struct rg_exercise *e, const double *weights) {
    for (size_t p = 0; p < e->model->n_parameters; p++) {
        rg_exercise_parameter(e, weights, p, e->reference->values[p]);
    }
}

size_t rg_exercise_length(const struct rg_exercise *e, size_t b) {
    return e->data.lengths ? (size_t)e->data.lengths[b] : e->sizes.steps;
}

void rg_exercise_outputs(const struct rg_exercise *e, const double *outputs, double *out) {
    const size_t steps = e->target_steps, n = e->sizes.outputs;
    for (size_t b = 0; b < e->sizes.batch; b++) {
        const size_t before = steps > 1 ? steps - rg_exercise_length(e, b) : 0;
        for (size_t i = 0; i < steps * n; i++) {
            out[b * steps * n + i] = i < (steps - before) * n ? outputs[(b * steps + before) * n + i] : 0.0;
        }
    }
}

void rg_exercise_name(const struct rg_exercise_form *form, char *out, size_t bytes) {
    const struct rg_exercise_sizes *s = &form->sizes;
    const struct rg_exercise_net *net = &form->net;
    char layers[24] = "", skip[40] = "";
    if (net->layers > 1) {
        (void)snprintf(layers, sizeof layers, " L=%zu", net->layers);
    }
    if (net->skip > 0 && net->skip_kind == RG_SKIP_LEARNED) {
        (void)snprintf(skip, sizeof skip, " learned skip");
    } else if (net->skip > 0) {
        (void)snprintf(skip, sizeof skip, " skip %zu %s", net->skip, rg_skip_kind_names[net->skip_kind]);
    }
    const bool plain = rg_cell_is_gated(net->cell) || net->activation == RG_ACT_TANH;
    const bool reads = net->readout != RG_READOUT_LAST;
    (void)snprintf(out, bytes, "%s%s%s B=%zu T=%zu F=%zu H=%zu O=%zu %s%s%s%s%s%s%s%s%s%s", rg_cell_names[net->cell],
                   plain ? "" : " ", plain ? "" : rg_activation_names[net->activation], s->batch, s->steps, s->inputs,
                   s->hidden, s->outputs, rg_loss_names[s->loss], layers, net->bidirectional ? " bidirectional" : "",
                   skip, net->target == RG_TARGET_STEPS ? " steps" : "", reads ? " readout " : "",
                   reads ? rg_readout_names[net->readout] : "", s->ragged ? " ragged" : "",
                   form->initial ? " from h_0" : "", form->words ? " embedded" : "");
}

struct rg_engine_options rg_exercise_options(const struct rg_exercise *e) {
    return (struct rg_engine_options){.plan = {.batch = e->sizes.batch,
                                               .steps = e->sizes.steps,
                                               .n_targets = targets_of(&e->sizes),
                                               .training = true,
                                               .initial = e->h_0 != NULL,
                                               .initial_gradient = e->h_0 != NULL},
                                      .fixed = true,
                                      .skip_budget = e->skip_budget,
                                      .loss = e->sizes.loss,
                                      .optimizer = {.kind = RG_OPT_SGD, .max_skips = 10}};
}

void rg_exercise_parameter(const struct rg_exercise *e, const double *arena, size_t p, double *out) {
    const struct rg_parameter *parameter = &e->model->parameters[p];
    for (size_t i = 0; i < rg_parameter_elements(parameter); i++) {
        out[i] = arena[parameter->offset + i];
    }
}

double rg_exercise_distance(const double *a, const double *b, size_t count) {
    double squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        squares += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sqrt(squares);
}

rg_status rg_whole_engine_create(struct rg_device *device, const struct rg_model *model,
                                 const struct rg_engine_options *options, struct rg_engine **out) {
    const uint64_t chunk_bytes = device->info.chunk_bytes;
    device->info.chunk_bytes = UINT64_MAX;
    const rg_status status = rg_engine_create(device, model, options, out);
    device->info.chunk_bytes = chunk_bytes;
    return status;
}
