/* The public interface: a training with callbacks, which any thread may cancel. */
#include <math.h>
#include <string.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/stop.h"
#include "gradient/lag_tensors.h"
#include "rnn_gpu/memory.h"
#include "train/metrics.h"
#include "train/run.h"

struct rnn_gpu_trainer {
    struct rg_api_config options;
    struct rg_run_data data;
    struct rg_run *run;
    rnn_gpu_device *device; /* the caller's device, or `opened` */
    rnn_gpu_device *opened;
    atomic_bool cancel;
    atomic_bool running, ended;
    rnn_gpu_update_function *on_update;
    rnn_gpu_validation_function *on_validation;
    void *update_user, *validation_user;
};

/* ---- Creating ---- */

static rg_status make(struct rnn_gpu_trainer *t, const rnn_gpu_options *options, const struct rg_api_inputs *inputs) {
    RG_TRY(rg_api_configure(options, "train", inputs, &t->options));
    const struct rg_config *const c = &t->options.config;
    RG_TRY(rg_run_data_read(c, &t->data));
    if (!t->device) {
        RG_TRY(rg_api_open(c, &t->opened));
        t->device = t->opened;
    }
    RG_TRY(rg_api_hold(t->device));
    const rg_status status = rg_run_create(c, &t->data, t->device->device, &t->run);
    rg_api_release(t->device);
    return status;
}

rnn_gpu_status rnn_gpu_trainer_create(rnn_gpu_device *device, const rnn_gpu_options *options,
                                      const rnn_gpu_model *start, const rnn_gpu_data *training,
                                      const rnn_gpu_data *validation, rnn_gpu_trainer **trainer) {
    const struct rg_api_inputs inputs = {.device = device, .model = start, .data = training, .validation = validation};
    RG_API_NEED(trainer);
    rg_status status = rg_alloc(trainer, 1, sizeof **trainer, "the trainer");
    if (status == RG_OK) {
        (*trainer)->device = device;
        status = make(*trainer, options, &inputs);
    }
    if (status != RG_OK) {
        rnn_gpu_trainer_destroy(*trainer);
        *trainer = NULL;
    }
    return rg_api_end(status);
}

void rnn_gpu_trainer_destroy(rnn_gpu_trainer *trainer) {
    if (!trainer) {
        return;
    }
    if (trainer->device) { /* the trainer's buffers belong to the device */
        const bool held = rg_device_is_own(trainer->device->device) && rg_api_hold(trainer->device) == RG_OK;
        rg_run_destroy(trainer->run);
        if (held) {
            rg_api_release(trainer->device);
        }
    }
    rnn_gpu_device_close(trainer->opened);
    rg_run_data_release(&trainer->data);
    rg_api_config_release(&trainer->options);
    rg_free(trainer);
}

void rnn_gpu_trainer_on_update(rnn_gpu_trainer *trainer, rnn_gpu_update_function *call, void *user) {
    if (trainer) {
        trainer->on_update = call;
        trainer->update_user = user;
    }
}

void rnn_gpu_trainer_on_validation(rnn_gpu_trainer *trainer, rnn_gpu_validation_function *call, void *user) {
    if (trainer) {
        trainer->on_validation = call;
        trainer->validation_user = user;
    }
}

void rnn_gpu_trainer_cancel(rnn_gpu_trainer *trainer) {
    if (trainer) {
        atomic_store(&trainer->cancel, true);
    }
}

/* ---- Running ---- */

static void tell_update(void *self, const struct rg_update *u) {
    struct rnn_gpu_trainer *const t = self;
    const struct rnn_gpu_update update = {.update = u->update,
                                          .loss = u->loss,
                                          .grad_norm = u->grad_norm,
                                          .lr = u->lr,
                                          .sequences_per_s = u->sequences_per_s,
                                          .clipped = u->clipped,
                                          .skipped = u->skipped};
    if (t->on_update && t->on_update(t->update_user, &update) != 0) {
        rnn_gpu_trainer_cancel(t);
    }
}

static struct rnn_gpu_validation validation_of(const struct rg_validation *v) {
    if (v->sequences == 0) {
        return (struct rnn_gpu_validation){.loss = NAN, .accuracy = NAN, .r2 = NAN};
    }
    return (struct rnn_gpu_validation){
        .update = v->update, .epoch = v->epoch, .loss = v->loss, .accuracy = v->accuracy, .r2 = v->r2, .best = v->best};
}

static rg_status tell_validation(void *self, const struct rg_validation *v) {
    struct rnn_gpu_trainer *const t = self;
    const struct rnn_gpu_validation validation = validation_of(v);
    if (t->on_validation && t->on_validation(t->validation_user, &validation) != 0) {
        rnn_gpu_trainer_cancel(t);
    }
    return RG_OK;
}

/* The diagnosis may take a twentieth of the training's time, or some seconds, unless the full one was asked for. */
struct deadline {
    double at; /* in rg_seconds; 0: none */
};

static bool is_in_time(void *self, double part) {
    const struct deadline *const d = self;
    (void)part;
    return d->at <= 0.0 || rg_seconds() < d->at;
}

static rg_status measure(struct rg_run *run) {
    static const double PART = 0.05, SECONDS = 3.0;
    const double max = fmax(SECONDS, PART * run->result.training.seconds);
    struct deadline d = {.at = run->config.training.diagnose == RG_DIAGNOSE_FULL ? 0.0 : rg_seconds() + max};
    const struct rg_watch watch = {.go_on = is_in_time, .self = &d, .span = 1.0};
    return rg_run_measure(run, RG_FIND_ALL, &watch);
}

static rg_status outcome(const struct rnn_gpu_trainer *t) {
    const struct rg_training *const training = &t->run->result.training;
    if (training->reason == RG_REASON_DIVERGED) {
        return rg_fail(RG_DIVERGED,
                       "the training diverged: it stopped at update %llu with loss %g and gradient norm %g",
                       (unsigned long long)training->updates, training->last_loss, training->grad_norm);
    }
    if (training->reason == RG_REASON_INTERRUPTED || rg_stop_requested()) {
        return rg_fail(RG_INTERRUPTED, "the training was cancelled after %llu updates",
                       (unsigned long long)training->updates);
    }
    return RG_OK;
}

static rg_status train(struct rnn_gpu_trainer *t) {
    const struct rg_trainer_hooks hooks = {.on_update = tell_update, .self = t};
    t->run->on_validation = tell_validation;
    t->run->validation_self = t;
    RG_TRY(rg_run_train(t->run, &hooks));
    atomic_store(&t->ended, true);
    const rg_status measured = measure(t->run);
    RG_TRY(rg_stop_is(measured) ? RG_OK : measured); /* keep what was measured before the stop */
    return outcome(t);
}

rnn_gpu_status rnn_gpu_trainer_run(rnn_gpu_trainer *trainer) {
    RG_API_NEED(trainer);
    if (atomic_load(&trainer->ended) || atomic_exchange(&trainer->running, true)) {
        return rg_api_end(rg_fail(RG_USAGE, "a trainer runs only once; create another one to continue from its model"));
    }
    const atomic_bool *const before = rg_stop_watch(&trainer->cancel);
    rg_status status = rg_api_hold(trainer->device);
    if (status == RG_OK) {
        status = train(trainer);
        rg_api_release(trainer->device);
    }
    (void)rg_stop_watch(before);
    atomic_store(&trainer->running, false);
    return rg_api_end(status);
}

/* ---- Result ---- */

struct rnn_gpu_verdict rg_api_verdict(const struct rg_diagnosis *diagnosis) {
    const struct rg_verdict *const j = &diagnosis->verdict;
    if (!diagnosis->profile) {
        return (struct rnn_gpu_verdict){.decay = NAN, .factor = NAN, .log10_reach = NAN};
    }
    return (struct rnn_gpu_verdict){.verdict = rg_verdict_names[j->word],
                                    .decay = j->decay,
                                    .factor = j->factor,
                                    .log10_reach = j->log10_reach,
                                    .horizon = j->horizon};
}

/* RG_USAGE before the training has ended. */
static rg_status check_ended(const rnn_gpu_trainer *t) {
    return atomic_load(&t->ended) && !atomic_load(&t->running)
               ? RG_OK
               : rg_fail(RG_USAGE, "the trainer has no result before rnn_gpu_trainer_run has returned");
}

rnn_gpu_status rnn_gpu_trainer_result(const rnn_gpu_trainer *trainer, struct rnn_gpu_result *result) {
    RG_API_NEED(trainer);
    RG_API_NEED(result);
    const rg_status status = check_ended(trainer);
    if (status != RG_OK) {
        return rg_api_end(status);
    }
    const struct rg_run_result *const r = &trainer->run->result;
    const struct rg_training *const t = &r->training;
    *result = (struct rnn_gpu_result){.reason = rg_reason_names[t->reason],
                                      .updates = t->updates,
                                      .skipped = t->skipped,
                                      .loss = t->loss,
                                      .last_loss = t->last_loss,
                                      .baseline = trainer->run->problem.baseline,
                                      .grad_norm = t->grad_norm,
                                      .clip_rate = rg_clip_rate(t),
                                      .seconds = t->seconds,
                                      .sequences_per_s = t->sequences_per_s,
                                      .validation = validation_of(&r->validation),
                                      .best_update = r->best_update,
                                      .best_loss = r->best_update ? r->best_loss : NAN,
                                      .test_loss = r->test ? rg_metrics_loss(r->test) : NAN,
                                      .test_accuracy = r->test ? rg_metrics_accuracy(r->test) : NAN,
                                      .test_r2 = r->test ? rg_metrics_r2(r->test) : NAN,
                                      .verdict = rg_api_verdict(&r->diagnosis),
                                      .weights_hash = r->weights_hash};
    return rg_api_end(RG_OK);
}

static rg_status copy_model(const rnn_gpu_trainer *t, int best, rnn_gpu_model **model) {
    struct rg_run *const run = t->run;
    struct rg_model *copy = NULL;
    if (atomic_load(&t->running)) {
        return rg_fail(RG_USAGE,
                       "the trainer is running; its model is available after rnn_gpu_trainer_run has returned");
    }
    if (best && (!run->validator || run->validator->best_update == 0)) {
        return rg_fail(RG_USAGE, "there are no best weights, because there was no validation");
    }
    if (best) {
        rg_validator_exchange(run->validator, run->model);
    }
    const rg_status status = rg_model_copy(run->model, run->model->exact != NULL, &copy);
    if (best) {
        rg_validator_exchange(run->validator, run->model);
    }
    RG_TRY(status);
    return rg_api_give_model(copy, model);
}

rnn_gpu_status rnn_gpu_trainer_model(const rnn_gpu_trainer *trainer, int best, rnn_gpu_model **model) {
    RG_API_NEED(trainer);
    RG_API_NEED(model);
    *model = NULL;
    return rg_api_end(copy_model(trainer, best, model));
}

static rg_status give_lags(const rnn_gpu_trainer *t, rnn_gpu_tensors **tensors) {
    struct rg_lag_tensors lags;
    RG_TRY(check_ended(t));
    const struct rg_diagnosis *const d = &t->run->result.diagnosis;
    if (!d->profiles || !d->causes) {
        return rg_fail(RG_USAGE, "the gradient by lag was not measured: the training was cancelled or diverged, or the "
                                 "option `diagnose` is none");
    }
    RG_TRY(rg_lag_tensors_create(d->profiles, d->causes, t->run->model, &lags));
    const rg_status status = rg_api_give_tensors(lags.items, lags.count, tensors);
    rg_lag_tensors_release(&lags);
    return status;
}

rnn_gpu_status rnn_gpu_trainer_lags(const rnn_gpu_trainer *trainer, rnn_gpu_tensors **tensors) {
    RG_API_NEED(trainer);
    RG_API_NEED(tensors);
    *tensors = NULL;
    return rg_api_end(give_lags(trainer, tensors));
}
