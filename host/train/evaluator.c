/* Scoring a data set: see evaluator.h. */
#include "train/evaluator.h"

#include "base/sizes.h"
#include "rnn_gpu/memory.h"

static rg_status create(struct rg_device *device, const struct rg_model *model, const struct rg_evaluator_options *o,
                        struct rg_evaluator *e) {
    const struct rg_dataset *const data = o->problem->data;
    e->problem = *o->problem;
    e->ranks = rg_ranks_several(o->ranks) && !data->streams ? o->ranks : NULL; /* streams go on from batch to batch */
    const size_t share = e->ranks ? (data->n_sequences - 1) / e->ranks->n + 1 : data->n_sequences;
    const size_t max = rg_data_source_batch(device, data, o->batch, o->memory);
    e->batch = data->streams ? data->streams : rg_min(share, max);
    e->target = model->shape.target;
    e->model_outputs = model->shape.outputs;
    const size_t rows = e->batch * (e->target == RG_TARGET_STEPS ? data->n_steps : 1);
    RG_TRY(rg_alloc(&e->outputs, rows, e->model_outputs * sizeof *e->outputs, "outputs to be scored"));
    RG_TRY(e->ranks ? rg_alloc(&e->others, rows, e->model_outputs * sizeof *e->others, "outputs to be scored") : RG_OK);
    const struct rg_source_options batches = {.batch = e->batch, .memory = o->memory};
    RG_TRY(rg_data_source_of(device, &e->problem, &batches, &e->source));
    const struct rg_engine_options options = {
        .plan = {.batch = e->batch,
                 .steps = data->n_steps,
                 .n_targets = e->problem.n_targets,
                 .initial = data->n_states > 0 || data->streams > 0,
                 .stateful = data->streams > 0,
                 .memory = o->memory,
                 .data_bytes = rg_data_source_bytes(device, data, e->batch, o->memory)}};
    RG_TRY(rg_engine_create(device, model, &options, &e->engine));
    e->engine->net.uncut = e->ranks != NULL;
    return RG_OK;
}

rg_status rg_evaluator_create(struct rg_device *device, const struct rg_model *model,
                              const struct rg_evaluator_options *options, struct rg_evaluator **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the evaluation"));
    const rg_status status = create(device, model, options, *out);
    if (status != RG_OK) {
        rg_evaluator_destroy(*out);
        *out = NULL;
    }
    return status;
}

void rg_evaluator_destroy(struct rg_evaluator *e) {
    if (e) {
        rg_engine_destroy(e->engine);
        rg_data_source_destroy(e->source);
        rg_free(e->outputs);
        rg_free(e->others);
        rg_free(e);
    }
}

uint64_t rg_evaluator_bytes(const struct rg_evaluator *e) {
    return e->engine->net.plan.total_bytes;
}

/* Sequences of the batch that begins with `first`. */
static size_t rows_of(const struct rg_evaluator *e, size_t first) {
    const size_t left = e->problem.n_sequences - first;
    return rg_min(left, e->batch);
}

/* Score a batch whose outputs rank `from` has computed. Every rank scores all of them, in the file's order. */
static rg_status add_batch(struct rg_evaluator *e, size_t from, size_t first, struct rg_metrics *metrics) {
    const size_t rows = rows_of(e, first), each = e->engine->net.plan.target_steps * e->model_outputs;
    double *const outputs = e->ranks && from != e->ranks->rank ? e->others : e->outputs;
    if (e->ranks) {
        RG_TRY(rg_ranks_broadcast(e->ranks, from, outputs, rows * each * sizeof *outputs));
    }
    return rg_metrics_add(metrics, &e->problem.targets, first, rows, outputs);
}

rg_status rg_evaluator_run(struct rg_evaluator *e, const struct rg_model *model, struct rg_metrics **out) {
    const size_t n = e->problem.n_sequences;
    const size_t n_ranks = e->ranks ? e->ranks->n : 1, rank = e->ranks ? e->ranks->rank : 0;
    struct rg_metrics *metrics = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_engine_set_weights(e->engine, model));
    RG_TRY(rg_metrics_create(&e->problem.targets, e->model_outputs, e->problem.loss, &metrics));
    for (size_t first = 0; first < n; first += e->batch * n_ranks) {
        const size_t own = first + e->batch * rank;
        if (own < n) {
            RG_TRY_GOTO(rg_engine_forward(e->engine, &e->source->source, own / e->batch, rows_of(e, own), e->outputs));
        }
        for (size_t r = 0; r < n_ranks && first + e->batch * r < n; r++) {
            RG_TRY_GOTO(add_batch(e, r, first + e->batch * r, metrics));
        }
    }
    *out = metrics;
    return RG_OK;
cleanup:
    rg_metrics_destroy(metrics);
    return status;
}
