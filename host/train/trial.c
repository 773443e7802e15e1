/* One training among many: see trial.h. */
#include "train/trial.h"

#include <math.h>
#include <stdio.h>

#include "base/stop.h"

struct watch {
    const struct rg_trainer_hooks *hooks;
    const struct rg_run *run;
    struct rg_summary *summary;
};

static void on_update(void *self, const struct rg_update *update) {
    const struct watch *const w = self;
    rg_summary_add(w->summary, update);
    rg_summary_note_learned(w->summary, update->update, &w->run->state.mean);
    if (w->hooks->on_update) {
        w->hooks->on_update(w->hooks->self, update);
    }
}

/* What is known before the first update. */
static void begin_summary(const struct rg_run *run, struct rg_summary *summary) {
    rg_summary_init(summary, run->config.training.updates);
    summary->config = run->config;
    summary->task = run->problem.name;
    summary->loss_kind = run->problem.loss;
    if (run->problem.targets.data) {
        rg_targets_describe(&run->problem.targets, run->problem.loss, summary->labels, sizeof summary->labels);
    }
    summary->baseline = run->problem.baseline;
    summary->score_baseline = run->problem.score_baseline;
    (void)snprintf(summary->device, sizeof summary->device, "%s", run->device->info.name);
    (void)snprintf(summary->backend, sizeof summary->backend, "%s", run->device->info.backend);
    summary->batch = run->config.data.batch;
    summary->steps = run->problem.steps;
    summary->n_weights = rg_model_n_weights(run->model);
    summary->n_frozen = rg_model_n_weights(run->model) - rg_model_n_trained(run->model);
}

/* What was held out, after the last update. A run that diverged has no such validation. */
static void add_validation(const struct rg_run *run, struct rg_summary *summary) {
    const struct rg_run_result *const result = &run->result;
    summary->held_out = run->data.validation ? run->data.validation->n_sequences : 0;
    if (result->best_update > 0) {
        summary->val_best_loss = result->best_loss;
        summary->val_best_update = result->best_update;
        if (result->validated) {
            summary->val_best_accuracy = rg_metrics_accuracy(result->validated);
            summary->val_best_r2 = rg_metrics_r2(result->validated);
        }
        const bool unnoted = !summary->learned_update && rg_summary_learned(summary);
        summary->learned_update = unnoted ? result->best_update : summary->learned_update;
    }
    if (result->validation.sequences > 0 && result->validation.update == result->training.updates) {
        summary->val_loss = result->validation.loss;
        summary->val_accuracy = result->validation.accuracy;
        summary->val_r2 = result->validation.r2;
    }
}

static void add_test(const struct rg_run *run, struct rg_summary *summary) {
    const struct rg_metrics *const test = run->result.test;
    if (test) {
        summary->tested = test->sequences;
        summary->test_of_best = run->result.test_of_best;
        summary->test_loss = rg_metrics_loss(test);
        summary->test_accuracy = rg_metrics_accuracy(test);
        summary->test_r2 = rg_metrics_r2(test);
        rg_metrics_interval(test, &summary->test_low, &summary->test_high);
    }
}

/* Save the best weights, then the last ones: a file of the last weights says that both are there. */
static rg_status save(const struct rg_trial_options *o, struct rg_run *run) {
    if (o->best && run->result.best_update > 0) {
        rg_validator_exchange(run->validator, run->model);
        const rg_status status = rg_model_save(run->model, o->best);
        rg_validator_exchange(run->validator, run->model);
        RG_TRY(status);
    }
    return o->model ? rg_model_save(run->model, o->model) : RG_OK;
}

rg_status rg_trial(const struct rg_trial_options *o, struct rg_summary *summary) {
    struct rg_run *run = NULL;
    RG_TRY(rg_run_create(o->config, o->data, o->device, &run));
    begin_summary(run, summary);
    struct watch watch = {o->hooks, run, summary};
    const struct rg_trainer_hooks own = {.on_update = on_update, .self = &watch};
    rg_status status = rg_run_train(run, &own);
    status = status == RG_OK ? rg_run_measure(run, RG_FIND_VERDICT, NULL) : status;
    const bool cut_off = rg_stop_is(status);
    status = cut_off ? RG_OK : status;
    if (status == RG_OK) {
        rg_summary_end(summary, &run->result.training);
        const struct rg_diagnosis *const d = &run->result.diagnosis;
        rg_summary_lags(summary, d->profile, &d->verdict);
        summary->used = d->profiles ? rg_lag_used(d->profiles) : (double)NAN;
        summary->weights_hash = run->result.weights_hash;
        add_validation(run, summary);
        add_test(run, summary);
        summary->reason = cut_off ? RG_REASON_INTERRUPTED : summary->reason;
    }
    if (status == RG_OK && summary->reason != RG_REASON_INTERRUPTED) {
        status = save(o, run);
    }
    rg_run_destroy(run);
    return status;
}
