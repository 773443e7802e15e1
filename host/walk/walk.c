/* The walk in numbers: see walk.h. */
#define _GNU_SOURCE
#include "walk/walk.h"

#include <string.h>

#include "reference/reference_of.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

size_t rg_walk_length(const struct rg_walk *w, size_t sequence) {
    return w->data->lengths ? (size_t)w->data->lengths[sequence] : w->data->n_steps;
}

const double *rg_walk_row(const struct rg_walk *w, const double *array, size_t i, size_t sequence, size_t width) {
    return array + (i * w->data->n_sequences + sequence) * width;
}

const struct ref_trace *rg_walk_trace(const struct rg_walk *w, size_t layer, size_t direction) {
    return &w->result->traces[layer * ref_directions(w->net) + direction];
}

size_t rg_walk_first_step(const struct rg_walk *w, size_t sequence) {
    return w->data->pad_left ? w->data->n_steps - rg_walk_length(w, sequence) : 0;
}

const double *rg_walk_cell_gradient(const struct rg_walk *w, const struct ref_trace *trace) {
    const bool learned = w->net->skip > 0 && w->net->skip_kind == REF_SKIP_LEARNED;
    return learned ? trace->d_cell : trace->d_cell_whole;
}

/* ---- The batch ---- */

/* Inputs [F] of a step from the numbers of the file; words become one-hot. */
static rg_status copy_step(const struct rg_walk *w, size_t place, double *x) {
    const struct rg_dataset *const data = w->data;
    int32_t word = 0;
    if (data->kind != RG_INPUT_TOKEN) {
        return rg_dataset_steps(data, place, 1, x);
    }
    RG_TRY(rg_dataset_tokens(data, place, 1, &word));
    if (word >= 0) {
        x[word] = 1.0;
    }
    return RG_OK;
}

static rg_status copy_inputs(struct rg_walk *w) {
    const size_t n = w->data->n_sequences, steps = w->data->n_steps, width = w->net->inputs;
    const bool embedded = w->net->words > 0;
    RG_TRY(embedded ? rg_alloc(&w->words, n * steps, sizeof *w->words, "the walk's inputs")
                    : rg_alloc(&w->x, n * steps, width * sizeof *w->x, "the walk's inputs"));
    for (size_t i = 0; i < n; i++) {
        for (size_t t = 0; t < rg_walk_length(w, i); t++) {
            const size_t place = i * steps + rg_walk_first_step(w, i) + t;
            if (embedded) {
                RG_TRY(rg_dataset_tokens(w->data, place, 1, &w->words[i * steps + t]));
            } else {
                RG_TRY(copy_step(w, place, w->x + (i * steps + t) * width));
            }
        }
    }
    return RG_OK;
}

/* Copy y, with NaN in rows without a loss. */
static rg_status copy_targets(struct rg_walk *w) {
    const struct rg_targets *const targets = &w->problem->targets;
    const size_t n = w->data->n_sequences, rows = w->net->target == REF_TARGET_STEPS ? w->data->n_steps : 1;
    const size_t width = w->batch.loss == REF_LOSS_CE ? 1 : w->net->outputs;
    RG_TRY(rg_alloc(&w->y, n * rows, width * sizeof *w->y, "the walk's targets"));
    for (size_t i = 0; i < n; i++) {
        for (size_t row = 0; row < rg_targets_rows(targets, i); row++) {
            (void)rg_targets_row(targets, i, row, w->y + (i * rows + row) * width);
        }
    }
    return RG_OK;
}

/* ---- The walk ---- */

/* Check first: the system may promise memory that it does not have, and kill the program when it is used. */
rg_status rg_walk_check_memory(const struct rg_model *model, const struct rg_dataset *data) {
    enum { STATES = 14, OF_GATES = 9 };
    const double rows = (double)data->n_sequences * (double)(data->n_steps + 2);
    const double hidden = (double)model->shape.hidden, gates = (double)rg_cell_gates(model->shape.cell) * hidden;
    const double runs = (double)(model->shape.layers * rg_shape_directions(&model->shape));
    const double inputs = (double)model->shape.inputs, terms = (double)data->n_steps * gates * (2 * hidden + inputs);
    const double bytes =
        sizeof(double) * (runs * (rows * (STATES * hidden + OF_GATES * gates) + terms) + rows * inputs);
    const double there = (double)rg_machine_memory();
    if (there > 0.0 && bytes > there) {
        return rg_fail(
            RG_NO_MEMORY,
            "--trace keeps every number: for %zu sequences of %zu steps with %zu units that is %.1f GiB, and "
            "this machine has %.1f GiB; take fewer sequences or steps",
            data->n_sequences, data->n_steps, model->shape.hidden, bytes / 0x1p30, there / 0x1p30);
    }
    return RG_OK;
}

/* A walk with more multiplications than this takes seconds. */
static const double LONG_WALK = 1e10;

/* Print a notice before a pass that takes long. */
static void announce(const struct rg_walk *w) {
    const double rows = (double)ref_gates(w->net) * (double)w->net->hidden;
    const double steps =
        (double)w->data->n_sequences * (double)w->data->n_steps * (double)(w->net->layers * ref_directions(w->net));
    const double products = steps * rows * (double)(w->net->hidden + w->net->inputs) * 4.0;
    if (products > LONG_WALK) {
        rg_log("the walk is computed in double on one processor: %.0f billion products", products / 1e9);
    }
}

static rg_status create_batch(struct rg_walk *w) {
    w->batch = (struct ref_batch){.n_sequences = w->data->n_sequences,
                                  .n_steps = w->data->n_steps,
                                  .lengths = w->data->lengths,
                                  .loss = ref_loss_of(w->problem->loss),
                                  .h_0 = w->data->h_0,
                                  .c_0 = w->data->c_0};
    RG_TRY(copy_inputs(w));
    RG_TRY(copy_targets(w));
    w->batch.x = w->x;
    w->batch.words = w->words;
    w->batch.y = w->y;
    return RG_OK;
}

rg_status rg_walk_create(const struct rg_model *model, const struct rg_dataset *data, const struct rg_problem *problem,
                         double skip_budget, struct rg_walk **out) {
    struct rg_walk *w = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_walk_check_memory(model, data));
    RG_TRY(rg_alloc(&w, 1, sizeof *w, "the walk"));
    w->model = model;
    w->data = data;
    w->problem = problem;
    w->net = ref_model_of(&model->shape, skip_budget);
    if (!w->net) {
        RG_TRY_GOTO(rg_fail(RG_NO_MEMORY, "no memory for the walk's weights; use smaller sizes or free memory"));
    }
    ref_model_take(w->net, model);
    RG_TRY_GOTO(create_batch(w));
    w->result = ref_result_create(w->net, data->n_sequences, data->n_steps);
    if (!w->result) {
        RG_TRY_GOTO(rg_fail(RG_NO_MEMORY, "no memory for the walk; take fewer sequences or steps, or free memory"));
    }
    announce(w);
    ref_gradient(w->net, &w->batch, w->result);
    *out = w;
    return RG_OK;
cleanup:
    rg_walk_destroy(w);
    return status;
}

void rg_walk_destroy(struct rg_walk *w) {
    if (w) {
        ref_model_destroy(w->net);
        ref_result_destroy(w->result);
        rg_free(w->x);
        rg_free(w->y);
        rg_free(w->words);
        rg_free(w);
    }
}
