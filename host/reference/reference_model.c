/* The float64 reference's models and results: the table of parameters, and memory for all values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/reference_parts.h"

size_t ref_directions(const struct ref_model *model) {
    return model->bidirectional ? 2 : 1;
}

size_t ref_gates(const struct ref_model *model) {
    return ref_cells[model->cell].gates;
}

bool ref_has_role(const struct ref_model *model, enum ref_role role) {
    if (role == REF_ROLE_WEIGHT_UH || role == REF_ROLE_BIAS_UH) {
        return ref_learned(model);
    }
    return role != REF_ROLE_WEIGHT_SH || (model->skip > 0 && model->skip_kind == REF_SKIP_ADD);
}

bool ref_learned(const struct ref_model *model) {
    return model->skip > 0 && model->skip_kind == REF_SKIP_LEARNED;
}

/* Roles before `end` that the model has. */
static size_t roles_before(const struct ref_model *model, enum ref_role end) {
    size_t count = 0;

    for (enum ref_role role = 0; role < end; role++) {
        count += ref_has_role(model, role);
    }
    return count;
}

static size_t roles_of(const struct ref_model *model) {
    return roles_before(model, REF_N_ROLES);
}

/* The role of entry `parameter` of the table. The head's entries have none. */
static enum ref_role role_at(const struct ref_model *model, size_t parameter) {
    enum ref_role role = 0;

    while (!ref_has_role(model, role) || roles_before(model, role) < parameter % roles_of(model)) {
        role++;
    }
    return role;
}

size_t ref_parameter_at(const struct ref_model *model, size_t layer, size_t direction, enum ref_role role) {
    return (layer * ref_directions(model) + direction) * roles_of(model) + roles_before(model, role);
}

size_t ref_head_weight(const struct ref_model *model) {
    return ref_parameter_at(model, model->layers, 0, REF_ROLE_WEIGHT_IH);
}

size_t ref_head_bias(const struct ref_model *model) {
    return ref_head_weight(model) + 1;
}

size_t ref_embed(const struct ref_model *model) {
    return ref_head_weight(model) + 2;
}

const char *ref_parameter_name(const struct ref_model *model, size_t parameter) {
    return model->names[parameter];
}

size_t ref_columns(const struct ref_model *model, size_t layer, enum ref_role role) {
    switch (role) {
    case REF_ROLE_WEIGHT_IH:
        return layer == 0 ? model->inputs : ref_directions(model) * model->hidden;
    case REF_ROLE_WEIGHT_HH:
    case REF_ROLE_WEIGHT_SH:
    case REF_ROLE_WEIGHT_UH:
        return model->hidden;
    default:
        return 0;
    }
}

size_t ref_parameter_rows(const struct ref_model *model, size_t parameter) {
    if (parameter == ref_embed(model)) {
        return model->words;
    }
    if (parameter >= ref_head_weight(model)) {
        return model->outputs;
    }
    return role_at(model, parameter) < REF_ROLE_WEIGHT_UH ? ref_gates(model) * model->hidden : 1;
}

size_t ref_parameter_columns(const struct ref_model *model, size_t parameter) {
    const size_t n_roles = roles_of(model), layer = parameter / (n_roles * ref_directions(model));

    if (parameter < ref_head_weight(model)) {
        return ref_columns(model, layer, role_at(model, parameter));
    }
    if (parameter == ref_embed(model)) {
        return model->inputs;
    }
    return parameter == ref_head_weight(model) ? ref_directions(model) * model->hidden : 0;
}

size_t ref_parameter_elements(const struct ref_model *model, size_t parameter) {
    const size_t columns = ref_parameter_columns(model, parameter);

    return ref_parameter_rows(model, parameter) * (columns > 0 ? columns : 1);
}

static void name_parameters(struct ref_model *model) {
    static const char *const roles[REF_N_ROLES] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh",
                                                   "weight_sh", "weight_uh", "bias_uh"};
    const size_t n_roles = roles_of(model), head = ref_head_weight(model);

    for (size_t p = 0; p < head; p++) {
        const size_t direction = p / n_roles % ref_directions(model), layer = p / n_roles / ref_directions(model);

        snprintf(model->names[p], REF_NAME_BYTES, "rnn.%s_l%zu%s", roles[role_at(model, p)], layer,
                 direction == 1 ? "_reverse" : "");
    }
    strcpy(model->names[head], "head.weight");
    strcpy(model->names[head + 1], "head.bias");
    strcpy(model->names[head + 2], "embed.weight");
}

static double *zeros(size_t count) {
    return calloc(count > 0 ? count : 1, sizeof(double));
}

struct ref_model *ref_model_create_like(const struct ref_model *form) {
    struct ref_model *model = form->layers <= REF_MAX_LAYERS ? calloc(1, sizeof(*model)) : NULL;

    if (!model) {
        return NULL;
    }
    model->cell = form->cell;
    model->activation = form->activation;
    model->inputs = form->inputs;
    model->hidden = form->hidden;
    model->outputs = form->outputs;
    model->layers = form->layers > 0 ? form->layers : 1;
    model->bidirectional = form->bidirectional;
    model->skip = form->skip;
    model->skip_kind = form->skip_kind;
    model->skip_budget = form->skip_budget;
    model->target = form->target;
    model->readout = form->readout;
    model->words = form->words;
    model->n_parameters = ref_embed(model) + (model->words > 0 ? 1 : 0);
    name_parameters(model);
    for (size_t p = 0; p < model->n_parameters; p++) {
        model->values[p] = zeros(ref_parameter_elements(model, p));
        if (!model->values[p]) {
            ref_model_destroy(model);
            return NULL;
        }
    }
    return model;
}

struct ref_model *ref_model_create(size_t inputs, size_t hidden, size_t outputs) {
    const struct ref_model form = {.inputs = inputs, .hidden = hidden, .outputs = outputs};

    return ref_model_create_like(&form);
}

void ref_model_destroy(struct ref_model *model) {
    if (!model) {
        return;
    }
    for (size_t p = 0; p < model->n_parameters; p++) {
        free(model->values[p]);
    }
    free(model);
}

static bool lags_create(struct ref_lags *lags, size_t n_steps) {
    lags->norm = zeros(n_steps);
    lags->share = zeros(n_steps);
    lags->cosine = zeros(n_steps);
    return lags->norm && lags->share && lags->cosine;
}

static bool trace_create(const struct ref_model *model, size_t n_sequences, size_t n_steps, struct ref_trace *trace) {
    const size_t states = (n_steps + 2) * n_sequences * model->hidden;
    const size_t gates = n_steps * n_sequences * model->hidden * ref_gates(model);
    double **const of_states[] = {&trace->state,  &trace->cell,        &trace->d_state,
                                  &trace->d_cell, &trace->made,        &trace->made_cell,
                                  &trace->d_made, &trace->d_made_cell, &trace->d_cell_whole};
    double **const of_gates[] = {&trace->a_ih, &trace->a_hh, &trace->a, &trace->gates, &trace->delta, &trace->delta_hh};
    double **const of_steps[] = {&trace->gate, &trace->chance, &trace->rounding, &trace->d_gate};
    bool whole = true;

    for (size_t i = 0; i < sizeof(of_states) / sizeof(*of_states); i++) {
        *of_states[i] = zeros(states);
        whole = *of_states[i] && whole;
    }
    for (size_t i = 0; i < sizeof(of_gates) / sizeof(*of_gates); i++) {
        *of_gates[i] = zeros(gates);
        whole = *of_gates[i] && whole;
    }
    for (size_t i = 0; i < sizeof(of_steps) / sizeof(*of_steps); i++) {
        *of_steps[i] = zeros((n_steps + 2) * n_sequences);
        whole = *of_steps[i] && whole;
    }
    for (enum ref_role role = 0; role < REF_ROLE_WEIGHT_UH; role++) {
        if (ref_columns(model, 0, role) > 0 && ref_has_role(model, role)) {
            whole = lags_create(&trace->lags[role], n_steps) && whole;
        }
    }
    trace->delta_norm = zeros(n_steps);
    return trace->delta_norm && whole;
}

static void trace_destroy(struct ref_trace *trace) {
    double *const arrays[] = {trace->state,       trace->cell, trace->d_state,   trace->d_cell,
                              trace->a_ih,        trace->a_hh, trace->delta,     trace->delta_hh,
                              trace->delta_norm,  trace->made, trace->made_cell, trace->d_made,
                              trace->d_made_cell, trace->gate, trace->chance,    trace->rounding,
                              trace->d_gate,      trace->a,    trace->gates,     trace->d_cell_whole};

    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++) {
        free(arrays[i]);
    }
    for (size_t role = 0; role < REF_N_ROLES; role++) {
        free(trace->lags[role].norm);
        free(trace->lags[role].share);
        free(trace->lags[role].cosine);
    }
}

/* Elements of working memory: the largest matrix, for a lag term, or a row of dL/dz. */
static size_t scratch_elements(const struct ref_model *model) {
    size_t largest = model->outputs;

    for (size_t p = 0; p < model->n_parameters; p++) {
        if (ref_parameter_elements(model, p) > largest) {
            largest = ref_parameter_elements(model, p);
        }
    }
    return largest;
}

struct ref_result *ref_result_create(const struct ref_model *model, size_t n_sequences, size_t n_steps) {
    const size_t directions = ref_directions(model), rows = model->target == REF_TARGET_STEPS ? n_steps : 1;
    struct ref_result *result = calloc(1, sizeof(*result));

    if (!result) {
        return NULL;
    }
    result->traces = calloc(model->layers * directions, sizeof(*result->traces));
    result->n_traces = result->traces ? model->layers * directions : 0;
    result->output = zeros(n_sequences * rows * model->outputs);
    result->read = zeros(n_sequences * directions * model->hidden);
    result->d_read = zeros(n_sequences * directions * model->hidden);
    result->blank = zeros(model->inputs);
    result->scratch = zeros(scratch_elements(model));
    bool whole = result->traces && result->output && result->read && result->d_read && result->blank && result->scratch;

    for (size_t i = 0; i < result->n_traces; i++) {
        whole = trace_create(model, n_sequences, n_steps, &result->traces[i]) && whole;
    }
    for (size_t layer = 0; layer < model->layers; layer++) {
        result->joined[layer] = zeros((n_steps + 1) * n_sequences * directions * model->hidden);
        result->d_joined[layer] = zeros((n_steps + 1) * n_sequences * directions * model->hidden);
        whole = result->joined[layer] && result->d_joined[layer] && whole;
    }
    for (size_t p = 0; p < model->n_parameters; p++) {
        result->gradient[p] = zeros(ref_parameter_elements(model, p));
        whole = result->gradient[p] && whole;
    }
    if (!whole) {
        ref_result_destroy(result);
        return NULL;
    }
    result->state = result->traces->state;
    result->delta = result->traces->delta;
    result->delta_norm = result->traces->delta_norm;
    result->lags_ih = result->traces->lags[REF_ROLE_WEIGHT_IH];
    result->lags_hh = result->traces->lags[REF_ROLE_WEIGHT_HH];
    return result;
}

void ref_result_destroy(struct ref_result *result) {
    if (!result) {
        return;
    }
    for (size_t i = 0; i < result->n_traces; i++) {
        trace_destroy(&result->traces[i]);
    }
    for (size_t p = 0; p < REF_MAX_PARAMETERS; p++) {
        free(result->gradient[p]);
    }
    for (size_t layer = 0; layer < REF_MAX_LAYERS; layer++) {
        free(result->joined[layer]);
        free(result->d_joined[layer]);
    }
    free(result->traces);
    free(result->output);
    free(result->read);
    free(result->d_read);
    free(result->blank);
    free(result->scratch);
    free(result);
}
