/* `rnn-gpu train`: train a model on a task or a file. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/setup.h"
#include "report/json_lines.h"
#include "report/screen.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "selftest/selftest.h"
#include "train/score.h"
#include "train/tasks.h"

enum { FILE_BATCH = 4096, FASHION_BATCH = 256, FASHION_UPDATES = 2000, MAX_SKIPS = 10, PATH_BYTES = 4096 };

static volatile sig_atomic_t stop_signal;

/* First signal: finish the update. Second: leave at once; files are only ever replaced whole. */
static void on_signal(int number) {
    if (stop_signal) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
    stop_signal = number;
}

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* Everything a training run owns. */
struct run {
    struct rg_config config; /* with what the data decide filled in */
    struct rg_problem problem;
    struct rg_dataset *data, *held_out;
    struct rg_device *device;
    struct rg_model *model;
    struct rg_task_source task;
    struct rg_data_source *source; /* of data; NULL for a task */
    struct rg_engine *engine;
    struct rg_lag_profile *profile;
    struct rg_screen screen;
    char model_path[PATH_BYTES];
    bool made_folder;
};

static void run_destroy(struct run *r) {
    rg_lag_profile_destroy(r->profile);
    rg_engine_destroy(r->engine);
    rg_data_source_destroy(r->source);
    rg_model_destroy(r->model);
    rg_device_destroy(r->device);
    rg_dataset_destroy(r->data);
    rg_dataset_destroy(r->held_out);
}

/* Make the output folder and see that it can be written to, before any work is done. */
static rg_status prepare_folder(struct run *r) {
    const char *const out = r->config.out;
    if (!out) {
        return RG_OK;
    }
    if ((size_t)snprintf(r->model_path, sizeof r->model_path, "%s/model.safetensors", out) >= sizeof r->model_path) {
        return rg_fail(RG_USAGE, "--out: the path is longer than %d bytes", PATH_BYTES);
    }
    r->made_folder = mkdir(out, 0777) == 0;
    if (!r->made_folder && errno != EEXIST) {
        return rg_fail(RG_NOT_SAVED, "%s: cannot make the folder of --out: %s", out, strerror(errno));
    }
    struct stat info;
    if (stat(out, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return rg_fail(RG_NOT_SAVED, "%s: --out is not a folder", out);
    }
    char probe[PATH_BYTES + 8];
    (void)snprintf(probe, sizeof probe, "%s/.probe", out);
    RG_TRY(rg_file_write(probe, "rnn-gpu\n", 8));
    (void)unlink(probe);
    return RG_OK;
}

/* Read the data, or take the task; settle batch and updates. */
static rg_status choose_problem(struct run *r) {
    struct rg_config *const c = &r->config;
    const bool fashion = c->task && strcmp(c->task, "fashion-mnist") == 0;
    if (!c->data && !fashion) {
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
    if (fashion) {
        RG_TRY(rg_setup_fashion_mnist(false, &r->data));
        RG_TRY(rg_setup_fashion_mnist(true, &r->held_out));
        c->updates = c->updates_given ? c->updates : FASHION_UPDATES;
    } else {
        RG_TRY(rg_dataset_read(c->data, NULL, &r->data));
    }
    if (!r->data->y) {
        return rg_fail(RG_BAD_FILE, "%s has no labels to train on", r->data->path);
    }
    RG_TRY(rg_problem_data(r->data, c->loss, c->target, &r->problem));
    if (c->task) {
        (void)snprintf(r->problem.name, sizeof r->problem.name, "%s", c->task);
    }
    const size_t n = r->data->n_sequences, most = fashion ? FASHION_BATCH : FILE_BATCH;
    c->batch = c->batch_given ? c->batch : n < most ? n : most;
    c->steps = r->problem.steps;
    return RG_OK;
}

static struct rg_plan_options plan_options(const struct run *r) {
    const struct rg_config *const c = &r->config;
    return (struct rg_plan_options){.batch = c->batch,
                                    .steps = r->problem.data_steps,
                                    .n_targets = r->problem.n_targets,
                                    .training = true,
                                    .dropout = c->dropout > 0.0 && c->layers > 1,
                                    .memory = c->memory,
                                    .data_bytes = r->data ? rg_data_source_bytes(r->data, c->batch) : 0};
}

static rg_status create_model(struct run *r) {
    const struct rg_config *const c = &r->config;
    const struct rg_plan_options plan = plan_options(r);
    const struct rg_shape shape = {.cell = c->cell,
                                   .activation = c->activation,
                                   .inputs = r->problem.inputs,
                                   .hidden = c->hidden,
                                   .outputs = r->problem.outputs,
                                   .loss = r->problem.loss,
                                   .target = r->problem.target,
                                   .layers = c->layers,
                                   .bidirectional = c->bidirectional,
                                   .skip = c->skip,
                                   .skip_kind = c->skip_kind};
    const struct rg_init_options init = {
        .hidden = c->init, .input = c->init_input, .zero_biases = c->irnn, .forget_bias = c->forget_bias};
    RG_TRY(rg_plan_check(r->device, &shape, &plan));
    RG_TRY(rg_model_create(&shape, &r->model));
    if (r->data && r->data->vocabulary) {
        RG_TRY(rg_model_set_vocabulary(r->model, r->data->vocabulary));
    }
    return rg_model_initialise(r->model, &init, c->seed);
}

static rg_status create_engine(struct run *r) {
    const struct rg_config *const c = &r->config;
    const struct rg_engine_options options = {
        .plan = plan_options(r),
        .loss = r->problem.loss,
        .dropout = c->dropout,
        .seed = c->seed,
        .optimizer = {.kind = c->optimizer,
                      .momentum = c->momentum,
                      .weight_decay = c->weight_decay,
                      .clip_norm = c->clip_norm,
                      .clip_value = c->clip_value,
                      .max_skips = c->nonfinite == RG_NONFINITE_STOP ? 1 : MAX_SKIPS}};
    RG_TRY(rg_engine_create(r->device, r->model, &options, &r->engine));
    if (r->data) {
        return rg_data_source_create(r->device, r->data, c->batch, c->seed, true, &r->source);
    }
    rg_task_source_init(&r->task, &r->problem, c->seed);
    return RG_OK;
}

static struct rg_source *source_of(struct run *r) {
    return r->source ? &r->source->source : &r->task.source;
}

/* A seed beyond JSON's 63 bits is a string. */
static json_t *json_seed(uint64_t seed) {
    char text[24];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    return seed <= INT64_MAX ? json_integer((json_int_t)seed) : json_string(text);
}

static void print_start(const struct run *r) {
    if (r->config.json) {
        rg_json_print(json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:I, s:o, s:s, s:I, s:I, s:I, s:I}", "event", "start",
                                "schema", 1, "version", RG_VERSION, "device", r->device->info.name, "backend",
                                r->device->info.backend, "seed", json_seed(r->config.seed), "parameters",
                                (json_int_t)r->model->n_weights, "baseline", rg_json_real(r->problem.baseline), "task",
                                r->problem.name, "batch", (json_int_t)r->config.batch, "steps",
                                (json_int_t)r->problem.steps, "hidden", (json_int_t)r->config.hidden, "memory_bytes",
                                (json_int_t)r->engine->plan.total_bytes));
    }
}

static void on_update(void *self, const struct rg_update *u) {
    struct run *const r = self;
    if (r->config.json) {
        rg_json_print(json_pack("{s:s, s:I, s:o, s:o, s:b, s:b, s:f, s:o}", "event", "update", "update",
                                (json_int_t)u->update, "loss", rg_json_real(u->loss), "grad_norm",
                                rg_json_real(u->grad_norm), "clipped", u->clipped, "skipped", u->skipped, "lr", u->lr,
                                "sequences_per_s", rg_json_real(u->sequences_per_s)));
    }
    rg_screen_update(&r->screen, u);
    if (ferror(stdout)) {
        stop_signal = SIGPIPE; /* nobody reads on: the run ends, main.c says why */
    }
}

/* FNV-1a over the tensors' bytes: equal for equal weights. */
static uint64_t weights_hash(const struct rg_model *model) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < model->n_parameters; i++) {
        const unsigned char *const bytes = (const unsigned char *)rg_model_values(model, i);
        for (size_t b = 0; b < rg_parameter_elements(&model->parameters[i]) * sizeof(float); b++) {
            hash = (hash ^ bytes[b]) * 0x100000001B3u;
        }
    }
    return hash;
}

static void print_end(const struct run *r, const struct rg_training *t, const struct rg_validation *validation) {
    struct rg_judgement judgement = {0};
    size_t horizon = 0;
    if (r->profile) {
        rg_lag_judge(r->profile, &judgement);
        horizon = r->profile->matrices[RG_LAG_HH].horizon;
    }
    if (!r->config.json) {
        const struct rg_run_facts facts = {&r->config, r->model, &r->problem, r->device, NULL};
        rg_screen_result(&r->screen, &facts, t, validation, r->profile);
        return;
    }
    if (validation) {
        rg_json_print(json_pack("{s:s, s:I, s:o, s:o, s:I}", "event", "validation", "update", (json_int_t)t->updates,
                                "loss", rg_json_real(validation->loss), "accuracy", rg_json_real(validation->accuracy),
                                "sequences", (json_int_t)validation->sequences));
    }
    char hash[24];
    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)weights_hash(r->model));
    json_t *const end = json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:I, s:s, s:o, s:o}", "event", "end", "reason",
                                  rg_reason_names[t->reason], "updates", (json_int_t)t->updates, "loss",
                                  rg_json_real(t->loss), "grad_norm", rg_json_real(t->grad_norm), "clip_rate",
                                  rg_json_real(t->updates ? (double)t->clipped / (double)t->updates : 0.0), "skipped",
                                  (json_int_t)t->skipped, "weights_hash", hash, "seconds", rg_json_real(t->seconds),
                                  "sequences_per_s", rg_json_real(t->sequences_per_s));
    if (end) { /* null: not measured, as the run did not come to its end */
        const bool known = r->profile != NULL;
        (void)json_object_set_new(end, "verdict",
                                  known ? json_string(rg_verdict_names[judgement.verdict]) : json_null());
        (void)json_object_set_new(end, "horizon", known ? json_integer((json_int_t)horizon) : json_null());
        (void)json_object_set_new(end, "decay", known ? rg_json_real(judgement.decay) : json_null());
    }
    rg_json_print(end);
}

/* The lag profile of one more batch, with the trained weights. */
static rg_status measure_profile(struct run *r, uint64_t update) {
    const size_t rows = rg_lag_profile_rows(&r->engine->plan);
    return rg_lag_profile_measure(r->engine, source_of(r), update, rows, r->model->shape.layers - 1, 0, &r->profile);
}

static rg_status score_held_out(struct run *r, struct rg_validation *validation) {
    float *outputs = NULL;
    const size_t n = r->held_out->n_sequences;
    RG_TRY(
        rg_alloc(&outputs, n * rg_setup_output_elements(r->model, r->held_out), sizeof *outputs, "held-out outputs"));
    /* the training's memory is not needed any more */
    rg_engine_destroy(r->engine);
    r->engine = NULL;
    rg_data_source_destroy(r->source);
    r->source = NULL;
    const rg_status status = rg_setup_outputs(r->device, r->model, r->held_out, &r->problem, r->config.memory, outputs);
    if (status == RG_OK) {
        validation->sequences = n;
        rg_score(outputs, r->held_out->y, n, r->model->shape.outputs, r->problem.loss, &validation->loss,
                 &validation->accuracy);
    }
    rg_free(outputs);
    return status;
}

static rg_status finish(struct run *r, const struct rg_training *training) {
    RG_TRY(rg_engine_get_weights(r->engine, r->model->weights));
    if (r->config.out && training->reason != RG_REASON_DIVERGED) {
        RG_TRY(rg_model_save(r->model, r->model_path));
        if (r->config.json) {
            rg_json_print(json_pack("{s:s, s:s}", "event", "checkpoint", "file", r->model_path));
        }
    }
    if (training->reason != RG_REASON_DIVERGED && training->reason != RG_REASON_INTERRUPTED) {
        RG_TRY(measure_profile(r, training->updates));
    }
    struct rg_validation validation = {0};
    const bool score = r->held_out && training->reason != RG_REASON_DIVERGED;
    if (score) {
        RG_TRY(score_held_out(r, &validation));
    }
    print_end(r, training, score ? &validation : NULL);
    return RG_OK;
}

/* The status a run ends with, once everything is written. */
static rg_status verdict_status(const struct run *r, const struct rg_training *t) {
    if (t->reason == RG_REASON_DIVERGED) {
        return rg_fail(RG_DIVERGED,
                       "diverged: stopped at update %llu with loss %g and gradient norm %g, updates skipped: %llu; "
                       "try a smaller --lr%s",
                       (unsigned long long)t->updates, t->loss, fabs(t->grad_norm), (unsigned long long)t->skipped,
                       r->config.clip_norm > 0.0 ? "" : " or --clip-norm 1");
    }
    if (t->reason == RG_REASON_INTERRUPTED) {
        rg_log("interrupted after %llu updates%s%s", (unsigned long long)t->updates,
               r->config.out ? "; saved " : "; nothing is saved without --out", r->config.out ? r->model_path : "");
        if (stop_signal == SIGPIPE) {
            return RG_OK;
        }
        return stop_signal == SIGTERM ? RG_TERMINATED : RG_INTERRUPTED;
    }
    return RG_OK;
}

static rg_status train(struct run *r) {
    struct rg_training training;
    RG_TRY(prepare_folder(r));
    RG_TRY(choose_problem(r));
    RG_TRY(rg_setup_device(&r->config, &r->device));
    RG_TRY(create_model(r));
    RG_TRY(create_engine(r));
    RG_TRY(rg_selftest_quick(r->device));
    const struct rg_run_facts facts = {&r->config, r->model, &r->problem, r->device, &r->engine->plan};
    rg_screen_init(&r->screen, &r->config);
    rg_screen_opening(&r->screen, &facts);
    print_start(r);
    catch_signals();
    const struct rg_trainer_hooks hooks = {.on_update = on_update, .self = r, .stop = &stop_signal};
    RG_TRY(rg_train(r->engine, source_of(r), &r->config, &hooks, &training));
    rg_screen_progress_end(&r->screen);
    RG_TRY(finish(r, &training));
    return verdict_status(r, &training);
}

rg_status rg_command_train(const struct rg_config *config) {
    struct run r = {.config = *config};
    rg_log_quiet(config->quiet);
    const rg_status status = train(&r);
    if (status != RG_OK && r.made_folder) {
        (void)rmdir(config->out); /* stays where something was saved */
    }
    run_destroy(&r);
    return status;
}
