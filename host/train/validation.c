/* Validation during a training: see validation.h. */
#include "train/validation.h"

#include <math.h>
#include <string.h>

#include "rnn_gpu/memory.h"

uint64_t rg_epochs_complete(uint64_t updates, size_t batch, size_t sequences) {
    return updates * batch / sequences;
}

uint64_t rg_epochs_updates(uint64_t epochs, size_t batch, size_t sequences) {
    const uint64_t seen = epochs * sequences;
    return seen / batch + (seen % batch != 0);
}

/* ---- Does held-out data fit? ---- */

static rg_status check_inputs(const struct rg_dataset *training, struct rg_dataset *held_out) {
    const bool tokens = training->kind == RG_INPUT_TOKEN;
    if (tokens && held_out->kind == RG_INPUT_TOKEN && held_out->n_features < training->n_features) {
        held_out->n_features = training->n_features; /* words that do not occur in it */
    }
    if (tokens != (held_out->kind == RG_INPUT_TOKEN) || held_out->n_features != training->n_features) {
        return rg_fail(RG_BAD_FILE, "%s has %zu %s; the training data, %s, have %zu %s", held_out->path,
                       held_out->n_features, held_out->kind == RG_INPUT_TOKEN ? "words" : "features", training->path,
                       training->n_features, tokens ? "words" : "features");
    }
    if ((training->n_states > 0) != (held_out->n_states > 0)) {
        return rg_fail(RG_BAD_FILE, "%s has %sstates to start from (h_0, c_0), and the training data, %s, have %s",
                       held_out->path, held_out->n_states ? "" : "no ", training->path,
                       training->n_states ? "some" : "none");
    }
    return RG_OK;
}

/* Name the first sequence whose class the training data do not have. */
static rg_status refuse_class(const struct rg_problem *training, const struct rg_targets *targets) {
    double y = 0.0;
    for (size_t i = 0; i < targets->data->n_sequences; i++) {
        for (size_t row = 0; row < rg_targets_rows(targets, i); row++) {
            if (rg_targets_row(targets, i, row, &y) && y >= (double)training->outputs) {
                return rg_fail(RG_BAD_FILE, "%s: sequence %zu has the class %.0f; the training data, %s, have 0 to %zu",
                               targets->data->path, i + 1, y, training->data->path, training->outputs - 1);
            }
        }
    }
    return RG_OK;
}

rg_status rg_held_out_problem(const struct rg_problem *training, struct rg_dataset *held_out, double ignored,
                              struct rg_problem *problem) {
    const struct rg_target_options options = {.loss = training->loss, .target = training->target, .ignored = ignored};
    RG_TRY(check_inputs(training->data, held_out));
    if (held_out->classes && !training->data->classes) {
        return rg_fail(RG_BAD_FILE,
                       "%s has words as labels, `%s` and others; those of the training data, %s, are numbers",
                       held_out->path, held_out->classes[0], training->data->path);
    }
    if (!rg_dataset_is_labelled(held_out)) {
        return rg_fail(RG_BAD_FILE, "%s has no labels to compare the outputs with", held_out->path);
    }
    RG_TRY(rg_problem_data(held_out, &options, problem));
    if (problem->loss == RG_LOSS_CE && problem->outputs > training->outputs) {
        RG_TRY(refuse_class(training, &problem->targets));
    }
    if (problem->loss != RG_LOSS_CE && problem->outputs != training->outputs) {
        return rg_fail(RG_BAD_FILE, "%s has %zu targets a %s; the training data, %s, have %zu", held_out->path,
                       problem->outputs, training->target == RG_TARGET_STEPS ? "step" : "sequence",
                       training->data->path, training->outputs);
    }
    return RG_OK;
}

/* ---- Validations ---- */

static rg_status create(struct rg_device *device, const struct rg_model *model,
                        const struct rg_evaluator_options *options, struct rg_validator *v) {
    v->arena = model->arena;
    v->best_loss = NAN;
    RG_TRY(model->exact ? rg_alloc(&v->best_exact, v->arena, sizeof *v->best_exact, "the best weights")
                        : rg_alloc(&v->best, v->arena, sizeof *v->best, "the best weights"));
    return rg_evaluator_create(device, model, options, &v->evaluator);
}

rg_status rg_validator_create(struct rg_device *device, const struct rg_model *model,
                              const struct rg_evaluator_options *options, struct rg_validator **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the validation"));
    const rg_status status = create(device, model, options, *out);
    if (status != RG_OK) {
        rg_validator_destroy(*out);
        *out = NULL;
    }
    return status;
}

void rg_validator_destroy(struct rg_validator *v) {
    if (v) {
        rg_evaluator_destroy(v->evaluator);
        rg_metrics_destroy(v->best_metrics);
        rg_free(v->best);
        rg_free(v->best_exact);
        rg_free(v);
    }
}

uint64_t rg_validator_planned(const struct rg_validator *v, uint64_t updates) {
    return v->every > 0 ? updates / v->every : rg_epochs_complete(updates, v->batch, v->sequences);
}

bool rg_validator_due(const struct rg_validator *v, uint64_t update) {
    if (v->every > 0) {
        return update % v->every == 0;
    }
    return update > 0 &&
           rg_epochs_complete(update, v->batch, v->sequences) > rg_epochs_complete(update - 1, v->batch, v->sequences);
}

static void keep_best(struct rg_validator *v, const struct rg_model *model) {
    if (v->best_exact) {
        memcpy(v->best_exact, model->exact, v->arena * sizeof *v->best_exact);
    } else {
        memcpy(v->best, model->weights, v->arena * sizeof *v->best);
    }
    v->best_update = v->last.update;
    v->best_loss = v->last.loss;
    v->waited = 0;
}

rg_status rg_validator_run(struct rg_validator *v, const struct rg_model *model, uint64_t update, bool *stop) {
    struct rg_metrics *metrics = NULL;
    RG_TRY(rg_evaluator_run(v->evaluator, model, &metrics));
    v->last = (struct rg_validation){.sequences = metrics->sequences,
                                     .update = update,
                                     .epoch = rg_epochs_complete(update, v->batch, v->sequences),
                                     .loss = rg_metrics_loss(metrics),
                                     .accuracy = rg_metrics_accuracy(metrics),
                                     .r2 = rg_metrics_r2(metrics),
                                     .level = metrics->level,
                                     .word_length = metrics->word_length,
                                     .perplexity = rg_metrics_perplexity(metrics),
                                     .bits = rg_metrics_bits(metrics)};
    v->waited++;
    v->last.best = isfinite(v->last.loss) && !(v->last.loss >= v->best_loss); /* the first one too */
    if (v->last.best) {
        keep_best(v, model);
    }
    struct rg_metrics *const outdone = v->last.best ? v->best_metrics : metrics;
    v->best_metrics = v->last.best ? metrics : v->best_metrics;
    rg_metrics_destroy(outdone);
    *stop = v->patience > 0 && v->waited >= v->patience;
    return RG_OK;
}

rg_status rg_validator_score_best(struct rg_validator *v, struct rg_model *model) {
    if (v->best_update == 0 || v->best_metrics) {
        return RG_OK;
    }
    rg_validator_exchange(v, model);
    const rg_status status = rg_evaluator_run(v->evaluator, model, &v->best_metrics);
    rg_validator_exchange(v, model);
    return status;
}

void rg_validator_exchange(struct rg_validator *v, struct rg_model *model) {
    if (v->best_update == 0) {
        return;
    }
    float *const weights = model->weights;
    double *const exact = model->exact;
    model->weights = v->best;
    model->exact = v->best_exact;
    v->best = weights;
    v->best_exact = exact;
}
