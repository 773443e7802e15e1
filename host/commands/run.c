/* One training as an object: see run.h. */
#include "commands/run.h"

#include <stdio.h>
#include <string.h>

#include "commands/setup.h"
#include "rnn_gpu/memory.h"

enum { FILE_BATCH = 4096, FASHION_BATCH = 256, FASHION_UPDATES = 2000, MAX_SKIPS = 10 };

static bool is_fashion(const struct rg_config *config) {
    return config->task && strcmp(config->task, "fashion-mnist") == 0;
}

rg_status rg_run_data_read(const struct rg_config *config, struct rg_run_data *data) {
    *data = (struct rg_run_data){NULL, NULL};
    rg_status status = RG_OK;
    if (is_fashion(config)) {
        RG_TRY_GOTO(rg_setup_fashion_mnist(false, &data->training));
        RG_TRY_GOTO(rg_setup_fashion_mnist(true, &data->held_out));
    } else if (config->data) {
        RG_TRY_GOTO(rg_setup_data(config, NULL, 0, &data->training));
        if (!data->training->y) {
            RG_TRY_GOTO(rg_fail(RG_BAD_FILE, "%s has no labels to train on", data->training->path));
        }
    }
    if (config->steps_given && data->training) {
        rg_dataset_cut(data->training, config->steps, config->target == RG_TARGET_STEPS);
    }
    if (config->steps_given && data->held_out) {
        rg_dataset_cut(data->held_out, config->steps, false);
    }
    return RG_OK;
fail:
    rg_run_data_release(data);
    return status;
}

void rg_run_data_release(struct rg_run_data *data) {
    rg_dataset_destroy(data->training);
    rg_dataset_destroy(data->held_out);
    *data = (struct rg_run_data){NULL, NULL};
}

static rg_status choose_task(struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    RG_TRY(rg_problem_task(c->task ? c->task : "adding", c->steps, &r->problem));
    if (c->loss != RG_LOSS_AUTO && c->loss != r->problem.loss) {
        return rg_fail(RG_USAGE, "--loss %s does not fit the task %s; its loss is %s", rg_loss_names[c->loss],
                       r->problem.name, rg_loss_names[r->problem.loss]);
    }
    if (c->target != RG_TARGET_LAST && c->target != r->problem.target) {
        return rg_fail(RG_USAGE, "--target steps does not fit the task %s, which has one target a sequence",
                       r->problem.name);
    }
    return RG_OK;
}

/* Settle the problem, and batch, steps and updates where the data decide them. */
static rg_status choose_problem(struct rg_run *r) {
    struct rg_config *const c = &r->config;
    const struct rg_dataset *const data = r->data.training;
    if (!data) {
        return choose_task(r);
    }
    if (c->embed > 0 && data->kind != RG_INPUT_TOKEN) {
        return rg_fail(RG_USAGE, "--embed is for words or whole numbers, and %s has %zu features; leave --embed out",
                       data->path, data->n_features);
    }
    RG_TRY(rg_problem_data(data, c->loss, c->target, &r->problem));
    if (c->task) {
        (void)snprintf(r->problem.name, sizeof r->problem.name, "%s", c->task);
    }
    const size_t n = data->n_sequences, most = is_fashion(c) ? FASHION_BATCH : FILE_BATCH;
    c->batch = c->batch_given ? c->batch : n < most ? n : most;
    c->updates = is_fashion(c) && !c->updates_given ? FASHION_UPDATES : c->updates;
    c->steps = r->problem.steps;
    return RG_OK;
}

static struct rg_plan_options plan_options(const struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    return (struct rg_plan_options){
        .batch = c->batch,
        .steps = r->problem.data_steps,
        .n_targets = r->problem.n_targets,
        .training = true,
        .dropout = c->dropout > 0.0 && c->layers > 1,
        .initial = r->data.training && r->data.training->n_states > 0,
        .memory = c->memory,
        .data_bytes = r->data.training ? rg_data_source_bytes(r->device, r->data.training, c->batch) : 0};
}

static struct rg_shape shape_of(const struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    return (struct rg_shape){.cell = c->cell,
                             .activation = c->activation,
                             .inputs = c->embed > 0 ? c->embed : r->problem.inputs,
                             .words = c->embed > 0 ? r->problem.inputs : 0,
                             .hidden = c->hidden,
                             .outputs = r->problem.outputs,
                             .loss = r->problem.loss,
                             .target = r->problem.target,
                             .layers = c->layers,
                             .bidirectional = c->bidirectional,
                             .skip = c->skip,
                             .skip_kind = c->skip_kind};
}

rg_status rg_run_plan(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                      struct rg_plan *plan) {
    struct rg_run r = {.config = *config, .data = *data, .device = device};
    RG_TRY(choose_problem(&r));
    const struct rg_shape shape = shape_of(&r);
    const struct rg_plan_options options = plan_options(&r);
    return rg_plan_check(device, &shape, &options, plan);
}

static rg_status create_model(struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    const struct rg_shape shape = shape_of(r);
    const struct rg_plan_options options = plan_options(r);
    struct rg_plan plan;
    const struct rg_init_options init = {
        .hidden = c->init, .input = c->init_input, .zero_biases = c->irnn, .forget_bias = c->forget_bias};
    if (r->data.training) {
        RG_TRY(rg_data_check_states(r->data.training, &shape));
    }
    RG_TRY(rg_lag_check(&shape, r->problem.data_steps, c->probe_time));
    RG_TRY(rg_plan_check(r->device, &shape, &options, &plan));
    RG_TRY(rg_model_create(&shape, &r->model));
    if (r->data.training && r->data.training->vocabulary) {
        RG_TRY(rg_model_set_vocabulary(r->model, r->data.training->vocabulary));
    }
    RG_TRY(rg_model_initialise(r->model, &init, c->seed));
    return r->device->info.real_bytes == sizeof *r->model->exact ? rg_model_widen(r->model) : RG_OK;
}

static rg_status create_engine(struct rg_run *r) {
    const struct rg_config *const c = &r->config;
    const struct rg_engine_options options = {
        .plan = plan_options(r),
        .loss = r->problem.loss,
        .skip_budget = c->skip_budget,
        .dropout = c->dropout,
        .seed = c->seed,
        .optimizer = {.kind = c->optimizer,
                      .momentum = c->momentum,
                      .weight_decay = c->weight_decay,
                      .clip_norm = c->clip_norm,
                      .clip_value = c->clip_value,
                      .max_skips = c->nonfinite == RG_NONFINITE_STOP ? 1 : MAX_SKIPS}};
    RG_TRY(rg_engine_create(r->device, r->model, &options, &r->engine));
    if (r->data.training) {
        return rg_data_source_create(r->device, r->data.training, c->batch, c->seed, true, &r->source);
    }
    rg_task_source_init(&r->task, &r->problem, c->seed);
    return RG_OK;
}

static rg_status make(struct rg_run *r) {
    RG_TRY(choose_problem(r));
    if (!r->device) {
        RG_TRY(rg_setup_device(&r->config, &r->opened));
        r->device = r->opened;
    }
    RG_TRY(create_model(r));
    return create_engine(r);
}

rg_status rg_run_create(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                        struct rg_run **out) {
    RG_TRY(rg_alloc(out, 1, sizeof **out, "a training run"));
    struct rg_run *const r = *out;
    r->config = *config;
    r->data = *data;
    r->device = device;
    const rg_status status = make(r);
    if (status != RG_OK) {
        rg_run_destroy(r);
        *out = NULL;
    }
    return status;
}

void rg_run_destroy(struct rg_run *run) {
    if (run) {
        rg_lag_profiles_destroy(run->result.profiles);
        rg_causes_destroy(run->result.causes);
        rg_engine_destroy(run->engine);
        rg_data_source_destroy(run->source);
        rg_model_destroy(run->model);
        rg_device_destroy(run->opened);
        rg_free(run);
    }
}

static struct rg_source *source_of(struct rg_run *r) {
    return r->source ? &r->source->source : &r->task.source;
}

static uint64_t weights_hash(const struct rg_model *model) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < model->n_parameters; i++) {
        const struct rg_parameter *const p = &model->parameters[i];
        const void *const values = model->exact ? (const void *)(model->exact + p->offset) : rg_model_values(model, i);
        const size_t size = model->exact ? sizeof *model->exact : sizeof *model->weights;
        const unsigned char *const bytes = values;
        for (size_t b = 0; b < rg_parameter_elements(p) * size; b++) {
            hash = (hash ^ bytes[b]) * 0x100000001B3u;
        }
    }
    return hash;
}

/* The caller's hooks, and the samples between them and the training. */
struct relay {
    struct rg_run *run;
    const struct rg_trainer_hooks *hooks;
    struct {
        uint64_t update; /* from 1; 0: none */
        size_t matrix, lag;
    } drivers[RG_HISTORY]; /* of the sampled updates that are not reported yet; place: update % RG_HISTORY */
    uint64_t *counts;      /* [matrices][T] clipped updates that a matrix and lag drove */
};

static rg_status sample(void *self, uint64_t update) {
    struct relay *const r = self;
    struct rg_lag_sampler *const sampler = r->run->sampler;
    if (!sampler || update % r->run->config.lag_every != 0) {
        return RG_OK;
    }
    RG_TRY(rg_lag_sampler_measure(sampler, update));
    const size_t at = update % RG_HISTORY;
    r->drivers[at].update = update + 1;
    rg_lag_sampler_driver(sampler, &r->drivers[at].matrix, &r->drivers[at].lag);
    return r->run->on_lags ? r->run->on_lags(r->run->lags_self, update, sampler) : RG_OK;
}

static void pass_on(void *self, const struct rg_update *update) {
    struct relay *const r = self;
    const size_t at = (update->update - 1) % RG_HISTORY;
    if (update->clipped && r->drivers[at].update == update->update) {
        r->counts[r->drivers[at].matrix * r->run->sampler->steps + r->drivers[at].lag]++;
    }
    if (r->hooks->on_update) {
        r->hooks->on_update(r->hooks->self, update);
    }
}

/* The matrix that most often had the largest gradient, and its median lag. */
static void choose_driver(const struct relay *r, struct rg_clip_driver *driver) {
    const struct rg_lag_sampler *const s = r->run->sampler;
    for (size_t i = 0; i < s->n_sampled; i++) {
        const uint64_t *const counts = r->counts + i * s->steps;
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

static rg_status train_with_samples(struct rg_run *run, struct relay *relay) {
    if (run->config.lag_every) {
        RG_TRY(rg_lag_sampler_create(run->engine, source_of(run), run->config.probe_time, &run->sampler));
        RG_TRY(rg_alloc(&relay->counts, run->sampler->n_sampled, run->sampler->steps * sizeof *relay->counts,
                        "lag samples"));
    }
    const struct rg_trainer_hooks hooks = {
        .on_update = pass_on, .self = relay, .stop = relay->hooks->stop, .before = sample};
    RG_TRY(rg_train(run->engine, source_of(run), &run->config, &hooks, &run->result.training));
    if (run->sampler) {
        choose_driver(relay, &run->result.driver);
    }
    RG_TRY(rg_engine_get_weights(run->engine, run->model));
    run->result.weights_hash = weights_hash(run->model);
    return RG_OK;
}

rg_status rg_run_train(struct rg_run *run, const struct rg_trainer_hooks *hooks) {
    struct relay *relay = NULL;
    RG_TRY(rg_alloc(&relay, 1, sizeof *relay, "the training's hooks"));
    relay->run = run;
    relay->hooks = hooks;
    const rg_status status = train_with_samples(run, relay);
    rg_lag_sampler_destroy(run->sampler);
    run->sampler = NULL;
    rg_free(relay->counts);
    rg_free(relay);
    return status;
}

static rg_status measure_causes(struct rg_run *r, const struct rg_lag_options *profiled, enum rg_depth depth) {
    struct rg_run_result *const result = &r->result;
    const struct rg_cause_options options = {.rows = profiled->rows < RG_CAUSE_ROWS ? profiled->rows : RG_CAUSE_ROWS,
                                             .probe = profiled->probe,
                                             .last_only = depth == RG_DEPTH_VERDICT,
                                             .threads = r->config.threads};
    RG_TRY(rg_causes_measure(r->engine, source_of(r), result->training.updates, &options, &result->causes));
    rg_judge_products(rg_causes_of(result->causes, r->model->shape.layers - 1, 0), &result->judgement);
    return RG_OK;
}

static rg_status measure_profile(struct rg_run *r, enum rg_depth depth) {
    struct rg_run_result *const result = &r->result;
    const struct rg_lag_options options = {
        .rows = rg_lag_profile_rows(&r->engine->plan), .probe = r->config.probe_time, .threads = r->config.threads};
    RG_TRY(rg_lag_measure(r->engine, source_of(r), result->training.updates, &options, &result->profiles));
    result->profile = rg_lag_profile_of(result->profiles, r->model->shape.layers - 1, 0);
    rg_lag_judge(result->profile, &result->judgement);
    result->horizon = result->profile->matrices[RG_LAG_HH].horizon;
    return depth == RG_DEPTH_PROFILE ? RG_OK : measure_causes(r, &options, depth);
}

static rg_status score_held_out(struct rg_run *r) {
    const struct rg_dataset *const held_out = r->data.held_out;
    struct rg_validation *const validation = &r->result.validation;
    double *outputs = NULL;
    const size_t n = held_out->n_sequences;
    RG_TRY(rg_alloc(&outputs, n * rg_setup_output_elements(r->model, held_out), sizeof *outputs, "held-out outputs"));
    /* the training's memory is not needed any more */
    rg_engine_destroy(r->engine);
    r->engine = NULL;
    rg_data_source_destroy(r->source);
    r->source = NULL;
    const rg_status status = rg_setup_outputs(r->device, r->model, held_out, &r->problem, r->config.memory, outputs);
    if (status == RG_OK) {
        validation->sequences = n;
        rg_score(outputs, held_out->y, n, r->model->shape.outputs, r->problem.loss, &validation->loss,
                 &validation->accuracy);
    }
    rg_free(outputs);
    return status;
}

rg_status rg_run_measure(struct rg_run *run, enum rg_depth depth) {
    const enum rg_reason reason = run->result.training.reason;
    if (reason != RG_REASON_DIVERGED && reason != RG_REASON_INTERRUPTED) {
        RG_TRY(measure_profile(run, depth));
    }
    if (run->data.held_out && reason != RG_REASON_DIVERGED) {
        RG_TRY(score_held_out(run));
    }
    return RG_OK;
}
