/* One training among many: see trial.h. */
#include "commands/trial.h"

#include <math.h>
#include <stdio.h>

struct watch {
    const struct rg_trainer_hooks *hooks;
    struct rg_summary *summary;
};

static void on_update(void *self, const struct rg_update *update) {
    const struct watch *const w = self;
    rg_summary_add(w->summary, update);
    if (w->hooks->on_update) {
        w->hooks->on_update(w->hooks->self, update);
    }
}

rg_status rg_trial(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                   const struct rg_trainer_hooks *hooks, struct rg_summary *summary) {
    struct rg_run *run = NULL;
    RG_TRY(rg_run_create(config, data, device, &run));
    rg_summary_init(summary, run->config.updates);
    (void)snprintf(summary->task, sizeof summary->task, "%s", run->problem.name);
    summary->loss_kind = run->problem.loss;
    summary->baseline = run->problem.baseline;
    summary->batch = run->config.batch;
    summary->steps = run->problem.steps;
    summary->n_weights = run->model->n_weights;
    struct watch watch = {hooks, summary};
    const struct rg_trainer_hooks own = {.on_update = on_update, .self = &watch, .stop = hooks->stop};
    rg_status status = rg_run_train(run, &own);
    status = status == RG_OK ? rg_run_measure(run, RG_DEPTH_VERDICT) : status;
    if (status == RG_OK) {
        rg_summary_end(summary, &run->result.training);
        rg_summary_lags(summary, run->result.profile, &run->result.judgement);
        summary->used = run->result.profiles ? rg_lag_used(run->result.profiles) : (double)NAN;
        summary->weights_hash = run->result.weights_hash;
    }
    rg_run_destroy(run);
    return status;
}
