/* One training as an object: see run.h. */
#include "train/run.h"

#include <math.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/sizes.h"
#include "base/stop.h"
#include "rnn_gpu/memory.h"
#include "train/run_begin.h"
#include "train/setup.h"

enum { OUTPUT_BATCH = 4096, MAX_SKIPS = 10 };
enum { VALIDATION_PART = 4 /* with --memory the validation may use a quarter of it */ };

/* Fill in the problem and the options of an evaluator that scores `data` with the run's model. */
static rg_status evaluator_options(const struct rg_run *r, struct rg_dataset *data, struct rg_problem *problem,
                                   struct rg_evaluator_options *options) {
    RG_TRY(rg_held_out_problem(&r->problem, data, r->config.data.ignore_label, problem));
    RG_TRY(rg_data_check_states(data, &r->model->shape));
    *options =
        (struct rg_evaluator_options){.problem = problem, .batch = OUTPUT_BATCH, .memory = r->config.machine.memory};
    return RG_OK;
}

/* Make the evaluator that validates beside the training. Its batches are no larger than the training's. With --memory
 * it may use a quarter, and the training gets what it leaves. */
static rg_status create_validator(struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    struct rg_problem problem;
    struct rg_evaluator_options options;
    if (r->data.test) { /* refuse an unsuitable test file before the training */
        RG_TRY(evaluator_options(r, r->data.test, &problem, &options));
    }
    if (!r->data.validation) {
        return RG_OK;
    }
    RG_TRY(evaluator_options(r, r->data.validation, &problem, &options));
    options.batch = rg_min(c->data.batch, options.batch);
    options.memory /= VALIDATION_PART;
    options.ranks = c->machine.ranks;
    RG_TRY(rg_validator_create(r->device, r->model, &options, &r->validator));
    r->validator->batch = rg_update_sequences(c);
    r->validator->sequences = r->problem.n_sequences;
    r->validator->every = c->training.val_every;
    r->validator->patience = c->training.patience;
    return RG_OK;
}

static rg_status create_engine(struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    const struct rg_engine_options options = {
        .plan = rg_run_plan_options(r),
        .loss = r->problem.loss,
        .skip_budget = c->model.skip_budget,
        .dropout = c->model.dropout,
        .seed = c->training.seed,
        .ranks = c->machine.ranks,
        .mixed = c->machine.mixed && rg_ranks_several(c->machine.ranks),
        .optimizer = {.kind = c->training.optimizer,
                      .momentum = c->training.momentum,
                      .has_constants = true,
                      .beta1 = c->training.beta1,
                      .beta2 = c->training.optimizer == RG_OPT_RMSPROP ? c->training.rmsprop_alpha : c->training.beta2,
                      .epsilon = c->training.epsilon,
                      .weight_decay = c->training.weight_decay,
                      .clip_norm = c->training.clip_norm,
                      .clip_value = c->training.clip_value,
                      .max_skips = c->training.nonfinite == RG_NONFINITE_STOP ? 1 : MAX_SKIPS}};
    if (r->data.training) { /* before the engine, which can do with less memory */
        const struct rg_source_options batches = {
            .batch = rg_update_sequences(c), .seed = c->training.seed, .memory = c->machine.memory, .shuffle = true};
        RG_TRY(rg_data_source_of(r->device, &r->problem, &batches, &r->source));
    } else {
        rg_task_source_init(&r->task, &r->problem, c->training.seed);
    }
    return rg_engine_create(r->device, r->model, &options, &r->engine);
}

/* What the training needs besides the engine. */
static rg_status create_training(struct rg_run *run) {
    RG_TRY(rg_trainer_state_create(&run->config, &run->state));
    if (run->config.training.lag_every) {
        RG_TRY(rg_lag_sampler_create(run->engine, rg_run_source(run), run->config.training.probe_time, &run->sampler));
        RG_TRY(
            rg_alloc(&run->driven, run->sampler->n_sampled, run->sampler->steps * sizeof *run->driven, "lag samples"));
    }
    return RG_OK;
}

rg_status rg_run_prepare(const struct rg_config *config, const struct rg_run_data *data, struct rg_run **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "a training run"));
    (*out)->config = *config;
    (*out)->data = *data;
    RG_TRY(rg_run_choose_problem(*out));
    return rg_setup_shards(&(*out)->config);
}

rg_status rg_run_complete(struct rg_run *run) {
    RG_TRY(create_validator(run));
    RG_TRY(create_engine(run));
    return create_training(run);
}

rg_status rg_run_create(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                        struct rg_run **out) {
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_run_prepare(config, data, out));
    (*out)->device = device;
    RG_TRY_GOTO(rg_run_create_model(*out));
    RG_TRY_GOTO(rg_run_complete(*out));
    return RG_OK;
cleanup:
    rg_run_destroy(*out);
    *out = NULL;
    return status;
}

void rg_run_destroy(struct rg_run *run) {
    if (run) {
        rg_diagnosis_release(&run->result.diagnosis);
        rg_trainer_state_release(&run->state);
        rg_lag_sampler_destroy(run->sampler);
        rg_free(run->driven);
        rg_free(run->rate_test);
        rg_metrics_destroy(run->result.test);
        rg_validator_destroy(run->validator);
        rg_engine_destroy(run->engine);
        rg_data_source_destroy(run->source);
        rg_free(run->class_weights);
        rg_model_destroy(run->model);
        rg_device_destroy(run->opened);
        rg_free(run);
    }
}

uint64_t rg_run_weights_hash(const struct rg_model *model) {
    uint64_t hash = RG_HASH_START;
    for (size_t i = 0; i < model->n_parameters; i++) {
        const struct rg_parameter *const p = &model->parameters[i];
        const void *const values = model->exact ? (const void *)(model->exact + p->offset) : rg_model_values(model, i);
        const size_t size = model->exact ? sizeof *model->exact : sizeof *model->weights;
        hash = rg_hash_bytes(hash, values, rg_parameter_elements(p) * size);
    }
    return hash;
}

/* Takes the lag samples, and passes updates on to the caller's hooks. */
struct relay {
    struct rg_run *run;
    const struct rg_trainer_hooks *hooks;
    double next_copy; /* of the weights, by rg_seconds */
    struct {
        uint64_t update; /* from 1; 0: none */
        size_t matrix, lag;
    } drivers[RG_HISTORY]; /* of sampled updates not reported yet; update u, from 1, is at (u - 1) % RG_HISTORY */
};

static rg_status sample(void *self, uint64_t updates_done) {
    struct relay *const r = self;
    struct rg_lag_sampler *const sampler = r->run->sampler;
    const uint64_t next = updates_done + 1; /* the update that follows, from 1 */
    if (!sampler || updates_done % r->run->config.training.lag_every != 0) {
        return RG_OK;
    }
    RG_TRY(rg_lag_sampler_measure(sampler, updates_done));
    const size_t at = updates_done % RG_HISTORY;
    const bool drives = rg_lag_sampler_driver(sampler, &r->drivers[at].matrix, &r->drivers[at].lag);
    r->drivers[at].update = drives ? next : 0;
    if (next <= r->run->sampled) {
        return RG_OK;
    }
    r->run->sampled = next;
    return r->run->on_lags ? r->run->on_lags(r->run->lags_self, next, sampler) : RG_OK;
}

static void pass_on(void *self, const struct rg_update *update) {
    struct relay *const r = self;
    const size_t at = (update->update - 1) % RG_HISTORY;
    if (update->clipped && r->drivers[at].update == update->update) {
        r->run->driven[r->drivers[at].matrix * r->run->sampler->steps + r->drivers[at].lag]++;
    }
    if (r->hooks->on_update) {
        r->hooks->on_update(r->hooks->self, update);
    }
}

/* Of the sampled updates that were clipped: the matrix that most often had the largest gradient, and its median lag. */
static void choose_driver(const struct rg_run *run, struct rg_clip_driver *driver) {
    const struct rg_lag_sampler *const s = run->sampler;
    for (size_t i = 0; i < s->n_sampled; i++) {
        const uint64_t *const counts = run->driven + i * s->steps;
        uint64_t sum = 0, below = 0;
        for (size_t lag = 0; lag < s->steps; lag++) {
            sum += counts[lag];
        }
        driver->updates += sum;
        if (sum <= driver->count) {
            continue;
        }
        driver->count = sum;
        driver->parameter = s->sampled[i].parameter;
        driver->lag = 0;
        for (below = counts[0]; 2 * below < sum; below += counts[driver->lag]) {
            driver->lag++;
        }
    }
}

/* Copy the weights into the model if they are finite: at most every COPY_SECONDS, and for 1 % of the time. */
static rg_status copy_weights(struct relay *r, uint64_t applied) {
    static const double COPY_SECONDS = 0.1, COST = 100.0;
    const double begin = rg_seconds();
    bool finite = true;
    if (begin < r->next_copy) {
        return RG_OK;
    }
    RG_TRY(rg_engine_get_finite_weights(r->run->engine, r->run->model, &finite));
    const double end = rg_seconds();
    r->next_copy = end + fmax(COPY_SECONDS, COST * (end - begin));
    r->run->result.weights_update = finite ? applied : r->run->result.weights_update;
    return RG_OK;
}

/* Updates between two rests of the training: the greatest common divisor of the run's own number (checkpoints) and of
 * --lag-every; 0 without either. A report comes at each rest, so the event of a sample stands just before that of its
 * update, however fast the updates are. */
static uint64_t rest_every_of(const struct rg_run *run) {
    uint64_t divisor = run->rest_every, other = run->sampler ? run->config.training.lag_every : 0;
    while (other > 0) {
        const uint64_t rest = divisor % other;
        divisor = other;
        other = rest;
    }
    return divisor;
}

static rg_status at_rest(void *self, const struct rg_trainer_state *state) {
    struct relay *const r = self;
    struct rg_run *const run = r->run;
    RG_TRY(copy_weights(r, state->training.applied));
    return run->on_rest ? run->on_rest(run->rest_self, run) : RG_OK;
}

static rg_status read_weights(struct rg_run *run) {
    struct rg_run_result *const result = &run->result;
    bool finite = true;
    RG_TRY(rg_engine_get_finite_weights(run->engine, run->model, &finite));
    if (finite) {
        result->weights_update = result->training.applied;
    } else {
        result->training.reason = RG_REASON_DIVERGED;
    }
    result->weights_hash = rg_run_weights_hash(run->model);
    return RG_OK;
}

/* Validate with the weights that the model has. */
static rg_status validate_model(struct rg_run *run, uint64_t update, bool *stop) {
    struct rg_validator *const v = run->validator;
    RG_TRY(rg_validator_run(v, run->model, update, stop));
    return run->on_validation ? run->on_validation(run->validation_self, &v->last) : RG_OK;
}

static bool validation_is_due(const void *self, uint64_t update) {
    const struct relay *const r = self;
    return rg_validator_due(r->run->validator, update);
}

static bool validations_are_enough(const void *self) {
    const struct relay *const r = self;
    const struct rg_validator *const v = r->run->validator;
    return v->patience > 0 && v->waited >= v->patience;
}

/* Validate with the weights that are on the device; where they are not finite, there is nothing to validate. */
static rg_status validate(void *self, uint64_t update, double *loss, bool *stop) {
    struct relay *const r = self;
    bool finite = true;
    RG_TRY(rg_engine_get_finite_weights(r->run->engine, r->run->model, &finite));
    if (!finite) {
        return RG_OK;
    }
    r->run->result.weights_update = update;
    RG_TRY(validate_model(r->run, update, stop));
    *loss = r->run->validator->last.loss;
    return RG_OK;
}

/* Validate after the last update, unless that has been done. */
static rg_status validate_end(struct rg_run *run) {
    const struct rg_training *const t = &run->result.training;
    bool stop = false;
    const bool ended = t->reason != RG_REASON_DIVERGED && t->reason != RG_REASON_INTERRUPTED;
    struct rg_validator *const v = run->validator;
    if (!v) {
        return RG_OK;
    }
    if (ended && t->updates > 0 && v->last.update != t->updates) {
        const rg_status status = validate_model(run, t->updates, &stop);
        RG_TRY(rg_stop_is(status) ? RG_OK : status); /* after a stop the weights are saved */
    }
    if (ended) {
        const rg_status status = rg_validator_score_best(v, run->model);
        RG_TRY(rg_stop_is(status) ? RG_OK : status);
    }
    run->result.validated = v->best_metrics;
    run->result.validation = v->last;
    run->result.best_update = v->best_update;
    run->result.best_loss = v->best_loss;
    return RG_OK;
}

/* Other ranks wait for this one, in every update. */
static void set_in_step(const struct rg_run *run, bool in_step) {
    if (run->config.machine.ranks) {
        run->config.machine.ranks->in_step = in_step;
    }
}

static rg_status train(struct rg_run *run, struct relay *relay) {
    const struct rg_validation_hooks validation = {
        .due = validation_is_due, .run = validate, .enough = validations_are_enough, .self = relay};
    const struct rg_trainer_hooks hooks = {.on_update = pass_on,
                                           .self = relay,
                                           .before = sample,
                                           .at_rest = at_rest,
                                           .rest_every = rest_every_of(run),
                                           .validation = run->validator ? &validation : NULL};
    set_in_step(run, true);
    RG_TRY(rg_train(run->engine, rg_run_source(run), &run->config, &hooks, &run->state));
    run->result.training = run->state.training;
    if (run->sampler) {
        choose_driver(run, &run->result.driver);
    }
    RG_TRY(read_weights(run));
    RG_TRY(run->on_end ? run->on_end(run->rest_self, run) : RG_OK);
    RG_TRY(validate_end(run));
    set_in_step(run, false);
    return RG_OK;
}

rg_status rg_run_train(struct rg_run *run, const struct rg_trainer_hooks *hooks) {
    struct relay *relay = NULL;
    RG_TRY(rg_run_find_rate(run));
    RG_TRY(rg_alloc(&relay, 1, sizeof *relay, "the training's hooks"));
    relay->run = run;
    relay->hooks = hooks;
    const rg_status status = train(run, relay);
    rg_free(relay);
    return status;
}

/* Score the test data with the best weights, or those after the last update where there was no validation. */
static rg_status score_test(struct rg_run *r) {
    struct rg_evaluator *evaluator = NULL;
    struct rg_problem problem;
    struct rg_evaluator_options options;
    rg_status status = RG_OK;
    /* the training's memory is not needed any more */
    rg_engine_destroy(r->engine);
    r->engine = NULL;
    rg_data_source_destroy(r->source);
    r->source = NULL;
    r->result.test_of_best = r->validator && r->validator->best_update > 0;
    if (r->validator) {
        rg_evaluator_destroy(r->validator->evaluator);
        r->validator->evaluator = NULL;
        rg_validator_exchange(r->validator, r->model);
    }
    RG_TRY_GOTO(evaluator_options(r, r->data.test, &problem, &options));
    RG_TRY_GOTO(rg_evaluator_create(r->device, r->model, &options, &evaluator));
    RG_TRY_GOTO(rg_evaluator_run(evaluator, r->model, &r->result.test));
cleanup:
    if (r->validator) {
        rg_validator_exchange(r->validator, r->model);
    }
    rg_evaluator_destroy(evaluator);
    return status;
}

static rg_status diagnose(struct rg_run *r, enum rg_run_findings findings, const struct rg_watch *watch) {
    const struct rg_config *const c = &r->config;
    const struct rg_diagnosis_options options = {.how = c->training.diagnose,
                                                 .rows = r->engine->net.plan.batch,
                                                 .probe = c->training.probe_time,
                                                 .causes = findings != RG_FIND_LAGS,
                                                 .step = findings == RG_FIND_ALL,
                                                 .brief = findings != RG_FIND_ALL,
                                                 .threads = c->machine.threads,
                                                 .watch = watch ? *watch : (struct rg_watch){.go_on = NULL}};
    RG_TRY(
        rg_diagnosis_measure(r->engine, rg_run_source(r), r->result.training.updates, &options, &r->result.diagnosis));
    r->result.diagnosis.cut = c->training.tbptt;
    return RG_OK;
}

rg_status rg_run_measure(struct rg_run *run, enum rg_run_findings findings, const struct rg_watch *watch) {
    const enum rg_reason reason = run->result.training.reason;
    /* with its first weights, which are finite, a run without an update can be measured */
    const bool diverged = reason == RG_REASON_DIVERGED, lost = diverged && run->result.training.applied > 0;
    rg_lag_sampler_destroy(run->sampler);
    run->sampler = NULL;
    if (lost || reason == RG_REASON_INTERRUPTED) {
        return RG_OK;
    }
    if (run->config.training.diagnose != RG_DIAGNOSE_NONE) {
        RG_TRY(diagnose(run, findings, watch));
    }
    RG_TRY(rg_stop_check());
    return run->data.test && !diverged ? score_test(run) : RG_OK;
}
