/* The walk as tensors: see walk.h. */
#include <stdio.h>
#include <string.h>

#include "base/stop.h"
#include "rnn_gpu/memory.h"
#include "walk/walk.h"

enum { OF_STEPS = 7, OF_TERMS = 3 }; /* largest number of tensors of one direction of one layer */

/* A list of tensors that is being filled. `layer` and `direction` say whose tensors are added next. */
struct adding {
    const struct rg_walk *walk;
    struct rg_walk_tensors *list;
    size_t layer, direction;
    double *at; /* the next free number of list->numbers */
};

static struct rg_tensor *add(struct adding *a, const char *prefix, const char *name, size_t rows, size_t columns) {
    char *const whole = a->list->names[a->list->count];
    struct rg_tensor *const tensor = &a->list->items[a->list->count++];
    (void)snprintf(whole, sizeof a->list->names[0], "%s%s", prefix, name);
    *tensor =
        (struct rg_tensor){.name = whole, .dtype = RG_F64, .n_dims = 3, .shape = {0, rows, columns}, .data = a->at};
    return tensor;
}

/* Add an array of a trace, [from + T][N][width], as [N][T][width]. Step t is at index t - 1 + from of the array. */
static void add_steps(struct adding *a, const char *name, const double *array, size_t from, size_t width) {
    const struct rg_walk *const w = a->walk;
    const size_t n = w->data->n_sequences, steps = w->data->n_steps;
    char suffix[32] = "";
    if (a->layer > 0 || a->direction > 0) {
        (void)snprintf(suffix, sizeof suffix, ".l%zu%s", a->layer, a->direction ? "_reverse" : "");
    }
    struct rg_tensor *const tensor = add(a, name, suffix, steps, width);
    tensor->shape[0] = n;
    tensor->data_bytes = n * steps * width * sizeof *a->at;
    for (size_t i = 0; i < n; i++) {
        for (size_t t = 0; t < rg_walk_length(w, i); t++) {
            memcpy(a->at + (i * steps + rg_walk_first_step(w, i) + t) * width,
                   rg_walk_row(w, array, t + from, i, width), width * sizeof *a->at);
        }
    }
    a->at += n * steps * width;
}

static rg_status add_terms(struct adding *a, enum ref_role role) {
    const struct rg_walk *const w = a->walk;
    const size_t parameter = ref_parameter_at(w->net, a->layer, a->direction, role), steps = w->data->n_steps;
    const size_t elements = ref_parameter_elements(w->net, parameter);
    struct rg_tensor *const tensor =
        add(a, "trace.term.", w->model->parameters[parameter].name, ref_parameter_rows(w->net, parameter),
            ref_parameter_columns(w->net, parameter));
    tensor->shape[0] = steps;
    tensor->data_bytes = steps * elements * sizeof *a->at;
    for (size_t tau = 0; tau < steps; tau++) {
        RG_TRY(rg_stop_check());
        ref_lag_term(w->net, &w->batch, w->result, parameter, tau, a->at);
        a->at += elements;
    }
    return RG_OK;
}

static rg_status add_direction(struct adding *a) {
    const struct ref_model *const net = a->walk->net;
    const struct ref_trace *const trace = rg_walk_trace(a->walk, a->layer, a->direction);
    const size_t hidden = net->hidden, gates = ref_gates(net) * hidden;
    const bool has_c = net->cell == REF_CELL_LSTM;
    add_steps(a, "trace.a", trace->a, 0, gates);
    add_steps(a, "trace.h", trace->state, 1, hidden);
    if (has_c) {
        add_steps(a, "trace.c", trace->cell, 1, hidden);
    }
    add_steps(a, "trace.dh", trace->d_state, 1, hidden);
    if (has_c) {
        add_steps(a, "trace.dc", rg_walk_cell_gradient(a->walk, trace), 1, hidden);
    }
    add_steps(a, "trace.delta", trace->delta, 0, gates);
    if (net->cell == REF_CELL_GRU) {
        add_steps(a, "trace.delta_hh", trace->delta_hh, 0, gates);
    }
    RG_TRY(add_terms(a, REF_ROLE_WEIGHT_IH));
    RG_TRY(add_terms(a, REF_ROLE_WEIGHT_HH));
    return ref_has_role(net, REF_ROLE_WEIGHT_SH) ? add_terms(a, REF_ROLE_WEIGHT_SH) : RG_OK;
}

/* Number of doubles in all tensors. */
static size_t numbers_of(const struct rg_walk *w) {
    const size_t hidden = w->net->hidden, gates = ref_gates(w->net) * hidden;
    const size_t rows = w->data->n_sequences * w->data->n_steps;
    size_t total = 0;
    for (size_t layer = 0; layer < w->net->layers; layer++) {
        const size_t in = ref_parameter_columns(w->net, ref_parameter_at(w->net, layer, 0, REF_ROLE_WEIGHT_IH));
        total +=
            ref_directions(w->net) * (rows * (4 * hidden + 3 * gates) + w->data->n_steps * gates * (2 * hidden + in));
    }
    return total;
}

rg_status rg_walk_tensors_create(const struct rg_walk *walk, struct rg_walk_tensors *list) {
    const size_t directions = ref_directions(walk->net), n = walk->net->layers * directions * (OF_STEPS + OF_TERMS);
    rg_status status = RG_OK;
    *list = (struct rg_walk_tensors){0};
    RG_TRY_GOTO(rg_alloc(&list->items, n, sizeof *list->items, "the walk's tensors"));
    RG_TRY_GOTO(rg_alloc(&list->names, n, sizeof *list->names, "the walk's tensors"));
    RG_TRY_GOTO(rg_alloc(&list->numbers, numbers_of(walk), sizeof *list->numbers, "the walk's tensors"));
    struct adding adding = {.walk = walk, .list = list, .at = list->numbers};
    for (adding.layer = 0; adding.layer < walk->net->layers; adding.layer++) {
        for (adding.direction = 0; adding.direction < directions; adding.direction++) {
            RG_TRY_GOTO(add_direction(&adding));
        }
    }
    return RG_OK;
cleanup:
    rg_walk_tensors_release(list);
    return status;
}

void rg_walk_tensors_release(struct rg_walk_tensors *list) {
    rg_free(list->items);
    rg_free(list->names);
    rg_free(list->numbers);
    *list = (struct rg_walk_tensors){0};
}
