/* `rnn-gpu train`: train a model on a task or a file. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/outputs.h"
#include "commands/recorder.h"
#include "commands/run.h"
#include "commands/setup.h"
#include "commands/stop.h"
#include "report/explain.h"
#include "report/json_lines.h"
#include "report/remedy.h"
#include "report/run_figures.h"
#include "report/screen.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/tensors.h"
#include "selftest/selftest.h"

enum { PATH_BYTES = 4096 };

/* A training, and what the person at the terminal has of it. */
struct job {
    const struct rg_config *config;
    struct rg_run_data data;
    struct rg_run *run;
    struct rg_recorder *recorder;
    struct rg_screen screen;
    char model_path[PATH_BYTES];
    bool made_folder;
};

/* Make the output folder and see that it can be written to, before any work is done. */
static rg_status prepare_folder(struct job *j) {
    const char *const out = j->config->out;
    if (!out) {
        return RG_OK;
    }
    if ((size_t)snprintf(j->model_path, sizeof j->model_path, "%s/" RG_OUT_MODEL, out) >= sizeof j->model_path) {
        return rg_fail(RG_USAGE, "--out: the path is longer than %d bytes", PATH_BYTES);
    }
    j->made_folder = mkdir(out, 0777) == 0;
    if (!j->made_folder && errno != EEXIST) {
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

static void report_start(struct job *j) {
    const struct rg_run *const r = j->run;
    rg_recorder_event(j->recorder,
                      json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:s, s:I, s:I, s:I, s:I}", "event",
                                "start", "schema", 1, "version", RG_VERSION, "device", r->device->info.name, "backend",
                                r->device->info.backend, "precision", rg_precision_names[r->config.precision], "math",
                                rg_math_names[r->config.math], "seed", rg_json_seed(r->config.seed), "parameters",
                                (json_int_t)r->model->n_weights, "baseline", rg_json_real(r->problem.baseline), "task",
                                r->problem.name, "batch", (json_int_t)r->config.batch, "steps",
                                (json_int_t)r->problem.steps, "hidden", (json_int_t)r->config.hidden, "memory_bytes",
                                (json_int_t)r->engine->plan.total_bytes));
}

static void on_update(void *self, const struct rg_update *u) {
    struct job *const j = self;
    rg_recorder_update(j->recorder, u);
    rg_recorder_event(j->recorder, json_pack("{s:s, s:I, s:o, s:o, s:b, s:b, s:f, s:o}", "event", "update", "update",
                                             (json_int_t)u->update, "loss", rg_json_real(u->loss), "grad_norm",
                                             rg_json_real(u->grad_norm), "clipped", u->clipped, "skipped", u->skipped,
                                             "lr", u->lr, "sequences_per_s", rg_json_real(u->sequences_per_s)));
    rg_screen_update(&j->screen, u);
    if (ferror(stdout)) {
        rg_stop_no_reader(); /* the run ends, main.c says why */
    }
}

/* A sample of the lag profile, as --lag-every asks for; update n is the one that begins with these weights. */
static rg_status on_lags(void *self, uint64_t update, const struct rg_lag_sampler *s) {
    struct job *const j = self;
    json_t *const matrices = json_array();
    for (size_t i = 0; i < s->n_sampled; i++) {
        const struct rg_sampled *const m = &s->sampled[i];
        (void)json_array_append_new(matrices,
                                    json_pack("{s:s, s:o, s:o}", "name", j->run->model->parameters[m->parameter].name,
                                              "norm", rg_json_real(m->total), "long_share",
                                              rg_json_real(rg_sampled_long_share(m, s->steps))));
    }
    rg_recorder_event(j->recorder, json_pack("{s:s, s:I, s:I, s:o}", "event", "lags", "update", (json_int_t)update + 1,
                                             "sequences", (json_int_t)s->rows, "matrices", matrices));
    return rg_recorder_sample(j->recorder, j->run->model, update + 1, s);
}

static const struct rg_causes *last_causes(const struct rg_run_result *result) {
    return rg_causes_of(result->causes, result->causes->layers - 1, 0);
}

static void report_end(struct job *j) {
    const struct rg_run_result *const result = &j->run->result;
    const struct rg_training *const t = &result->training;
    const struct rg_validation *const v = &result->validation;
    if (v->sequences) {
        rg_recorder_event(j->recorder, json_pack("{s:s, s:I, s:o, s:o, s:I}", "event", "validation", "update",
                                                 (json_int_t)t->updates, "loss", rg_json_real(v->loss), "accuracy",
                                                 rg_json_real(v->accuracy), "sequences", (json_int_t)v->sequences));
    }
    char hash[24];
    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)result->weights_hash);
    json_t *const end = json_pack(
        "{s:s, s:s, s:I, s:o, s:o, s:o, s:I, s:s, s:o, s:o}", "event", "end", "reason", rg_reason_names[t->reason],
        "updates", (json_int_t)t->updates, "loss", rg_json_real(t->loss), "grad_norm", rg_json_real(t->grad_norm),
        "clip_rate", rg_json_real(rg_clip_rate(t)), "skipped", (json_int_t)t->skipped, "weights_hash", hash, "seconds",
        rg_json_real(t->seconds), "sequences_per_s", rg_json_real(t->sequences_per_s));
    if (end) { /* null: not measured, as the run did not come to its end */
        const bool known = result->profile != NULL;
        (void)json_object_set_new(end, "verdict",
                                  known ? json_string(rg_verdict_names[result->judgement.verdict]) : json_null());
        (void)json_object_set_new(end, "horizon", known ? json_integer((json_int_t)result->horizon) : json_null());
        if (known) {
            char remedy[RG_REMEDY_BYTES];
            rg_remedy_command(result->judgement.verdict, &j->run->config, remedy, sizeof remedy);
            (void)json_object_set_new(end, "remedy", remedy[0] ? json_string(remedy) : json_null());
            (void)json_object_set_new(end, "causes",
                                      rg_explain_json(result->profile, last_causes(result), &result->judgement));
            (void)json_object_set_new(end, "layers", rg_explain_layers_json(result->profiles, result->causes));
        }
        if (result->driver.updates) {
            (void)json_object_set_new(
                end, "clip_driver",
                json_pack("{s:s, s:I, s:I, s:I}", "parameter", j->run->model->parameters[result->driver.parameter].name,
                          "lag", (json_int_t)result->driver.lag, "count", (json_int_t)result->driver.count, "of",
                          (json_int_t)result->driver.updates));
        }
        if (known && j->run->model->shape.skip && j->run->model->shape.skip_kind == RG_SKIP_LEARNED) {
            (void)json_object_set_new(end, "updates_used", rg_json_real(rg_lag_used(result->profiles)));
        }
        (void)json_object_set_new(end, "decay", known ? rg_json_real(result->judgement.decay) : json_null());
    }
    rg_recorder_event(j->recorder, end);
}

static rg_status finish(struct job *j) {
    struct rg_run *const r = j->run;
    const struct rg_run_result *const result = &r->result;
    if (j->config->out && result->training.reason != RG_REASON_DIVERGED) {
        RG_TRY(rg_model_save(r->model, j->model_path));
        rg_recorder_event(j->recorder,
                          json_pack("{s:s, s:o}", "event", "checkpoint", "file", rg_json_text(j->model_path)));
    }
    RG_TRY(rg_run_measure(r, RG_DEPTH_CAUSES));
    RG_TRY(rg_recorder_measured(j->recorder, r));
    report_end(j);
    if (!j->config->json) {
        const double used = result->profiles ? rg_lag_used(result->profiles) : (double)NAN;
        const struct rg_run_facts facts = {&r->config, r->model, &r->problem, r->device, NULL, used};
        const struct rg_finding finding = {result->profiles, result->causes, &result->judgement};
        rg_screen_result(&j->screen, &facts, &result->training,
                         result->validation.sequences ? &result->validation : NULL, result->profile ? &finding : NULL);
    }
    return rg_recorder_finish(j->recorder, r);
}

/* The status a run ends with, once everything is written. */
static rg_status verdict_status(const struct job *j) {
    const struct rg_training *const t = &j->run->result.training;
    if (t->reason == RG_REASON_DIVERGED) {
        return rg_fail(RG_DIVERGED,
                       "diverged: stopped at update %llu with loss %g and gradient norm %g, updates skipped: %llu; "
                       "try a smaller --lr%s",
                       (unsigned long long)t->updates, isnan(t->loss) ? fabs(t->loss) : t->loss, fabs(t->grad_norm),
                       (unsigned long long)t->skipped, j->config->clip_norm > 0.0 ? "" : " or --clip-norm 1");
    }
    if (t->reason == RG_REASON_INTERRUPTED) {
        rg_log("interrupted after %llu updates%s%s", (unsigned long long)t->updates,
               j->config->out ? "; saved " : "; nothing is saved without --out", j->config->out ? j->model_path : "");
        return rg_stop_status();
    }
    return RG_OK;
}

/* The kernels that this run launches. */
static rg_status self_test(const struct job *j) {
    const struct rg_run *const r = j->run;
    const bool symbols = r->problem.outputs > 1;
    return rg_selftest_quick(r->device, &(struct rg_selftest_scope){.cell = r->config.cell,
                                                                    .learned = rg_plan_learned(&r->engine->plan),
                                                                    .stacked = r->engine->plan.layers > 1,
                                                                    .embedded = r->engine->plan.words > 0,
                                                                    .wide = r->engine->plan.wide_head,
                                                                    .marks = !r->data.training && !symbols,
                                                                    .symbols = !r->data.training && symbols,
                                                                    .initial = r->engine->plan.initial,
                                                                    .optimizer = r->config.optimizer});
}

static rg_status train(struct job *j) {
    RG_TRY(rg_recorder_check(j->config));
    RG_TRY(rg_outputs_check(j->config, true));
    RG_TRY(prepare_folder(j));
    RG_TRY(rg_run_data_read(j->config, &j->data));
    RG_TRY(rg_run_create(j->config, &j->data, NULL, &j->run));
    j->run->on_lags = on_lags;
    j->run->lags_self = j;
    struct rg_run *const r = j->run;
    RG_TRY(self_test(j));
    RG_TRY(rg_recorder_create(j->config, &j->recorder));
    const struct rg_run_facts facts = {&r->config, r->model, &r->problem, r->device, &r->engine->plan, (double)NAN};
    rg_screen_init(&j->screen, &r->config);
    j->screen.history = rg_recorder_history(j->recorder);
    rg_screen_opening(&j->screen, &facts);
    report_start(j);
    const struct rg_trainer_hooks hooks = {.on_update = on_update, .self = j, .stop = rg_stop_catch()};
    RG_TRY(rg_run_train(r, &hooks));
    rg_screen_progress_end(&j->screen);
    RG_TRY(finish(j));
    return verdict_status(j);
}

rg_status rg_command_train(const struct rg_config *config) {
    struct job j = {.config = config};
    rg_log_quiet(config->quiet);
    const rg_status status = train(&j);
    if (status != RG_OK && j.made_folder) {
        (void)rmdir(config->out); /* stays where something was saved */
    }
    rg_recorder_destroy(j.recorder);
    rg_run_destroy(j.run);
    rg_run_data_release(&j.data);
    return status;
}
