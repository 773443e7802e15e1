/* `rnn-gpu train`: train a model on a task or a file. */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attempts.h"
#include "base/called.h"
#include "base/clock.h"
#include "base/counted.h"
#include "base/guard.h"
#include "base/stop.h"
#include "cli/commands/alike.h"
#include "cli/commands/checkpoints.h"
#include "cli/commands/commands.h"
#include "cli/commands/out_name.h"
#include "cli/commands/outputs.h"
#include "cli/commands/recorder.h"
#include "cli/commands/train_events.h"
#include "cli/live.h"
#include "cli/report/advice.h"
#include "cli/report/measuring.h"
#include "cli/report/screen.h"
#include "cli/settings.h"
#include "files/json_lines.h"
#include "files/lock.h"
#include "files/shell_text.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/tensors.h"
#include "train/checkpoint.h"
#include "train/estimate.h"
#include "train/run.h"
#include "train/run_open.h"
#include "train/setup.h"
#include "verify/selftest/selftest.h"

/* A training and its output for the person at the terminal. */
struct job {
    const struct rg_config *config;
    struct rg_config silent; /* config of a rank that does not print */
    struct rg_run_data data;
    struct rg_run *run;
    struct rg_recorder *recorder;
    struct rg_checkpoints checkpoints; /* with --out */
    struct rg_resumed from;            /* with --resume; else without sections */
    struct rg_screen screen;
    char model_path[RG_OUT_PATH], best_path[RG_OUT_PATH];
    double best_saved;   /* time, in rg_seconds */
    bool best_waits;     /* the best weights are not saved yet */
    bool best_fails;     /* they could not be saved when this was last tried, which was reported */
    struct rg_lock lock; /* lock of the folder */
    bool made_folder;
    bool begun; /* the first update has begun */
    bool saved; /* the last weights, as a model */
};

/* Set the names of the models in the folder. */
static rg_status name_files(struct job *j, const char *option, const char *folder) {
    RG_TRY(rg_out_name(option, folder, RG_OUT_MODEL, j->model_path));
    return rg_out_name(option, folder, RG_OUT_BEST, j->best_path);
}

/* Create the output folder, lock it, and check before any work that it is writable and that nothing in it would be
 * lost. */
static rg_status prepare_folder(struct job *j) {
    const char *const out = j->config->output.out;
    if (!out) {
        return RG_OK;
    }
    RG_TRY(name_files(j, "out", out));
    j->made_folder = mkdir(out, 0777) == 0;
    if (!j->made_folder && errno != EEXIST) {
        return rg_fail(RG_NOT_SAVED, "%s: cannot make the folder of --out: %s", out, strerror(errno));
    }
    struct stat info;
    if (stat(out, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return rg_fail(RG_NOT_SAVED, "%s: --out is not a folder", out);
    }
    RG_TRY(rg_lock_take(&j->lock, out));
    RG_TRY(j->config->output.overwrite ? RG_OK : rg_outputs_refuse_earlier(out));
    return rg_file_try(j->model_path);
}

/* Does this process print and write files? It does if it is the only one, or the first of mpirun's. */
static bool speaks(const struct job *j) {
    const struct rg_ranks *const ranks = j->config->machine.ranks;
    return !ranks || ranks->rank == 0;
}

/* Open the folder of --resume and the run in it. */
static rg_status open_run(struct job *j) {
    const char *const folder = j->config->output.resume;
    struct stat info;
    RG_TRY(name_files(j, "resume", folder));
    const bool there = stat(folder, &info) == 0;
    if (!there || !S_ISDIR(info.st_mode)) {
        return rg_fail(RG_BAD_FILE, "%s: --resume takes the folder that --out of the run named; %s", folder,
                       there ? "this is a file" : strerror(errno));
    }
    RG_TRY(speaks(j) ? rg_lock_take(&j->lock, folder) : RG_OK);
    RG_TRY(rg_resumed_open(j->config, &j->from));
    j->config = &j->from.config;
    return speaks(j) ? rg_file_try(j->model_path) : RG_OK;
}

static void report_start(struct job *j) {
    const struct rg_config *const ran = &j->run->config;
    json_t *start = rg_event_start(j->run);
    if (j->from.sections) {
        rg_recorder_print(j->recorder, start);
        start = rg_json_pack("{s:s, s:o, s:I, s:o}", "event", "resume", "file", rg_json_text(j->from.path), "update",
                             (json_int_t)j->from.update, "options", rg_settings_json("train", ran, ran));
    }
    rg_recorder_event(j->recorder, start);
}

static void on_update(void *self, const struct rg_update *u) {
    struct job *const j = self;
    const struct rg_live live = rg_screen_count(&j->screen, u);
    rg_recorder_update(j->recorder, u, &live);
    if (rg_recorder_logs(u->update)) {
        rg_recorder_event(j->recorder, rg_event_update(u));
    }
    rg_screen_update(&j->screen, u, &live);
    if (rg_recorder_status(j->recorder) != RG_OK || ferror(stdout)) {
        rg_stop_no_reader(); /* the run ends; rg_recorder_finish or main.c reports why */
    }
}

/* A sample of the lag profile for --lag-every, taken with the weights before update `update`, which counts from 1. */
static rg_status on_lags(void *self, uint64_t update, const struct rg_lag_sampler *s) {
    struct job *const j = self;
    json_t *event = NULL;
    RG_TRY(rg_event_lags(j->run->model, update, s, &event));
    rg_recorder_event(j->recorder, event);
    return rg_recorder_sample(j->recorder, j->run->model, update, s);
}

/* Save the model's present weights as the best ones. */
static rg_status save_best(struct job *j) {
    RG_TRY(rg_lock_check(&j->lock));
    RG_TRY(rg_model_save(j->run->model, j->best_path));
    j->best_saved = rg_seconds();
    j->best_waits = false;
    rg_recorder_event(j->recorder,
                      rg_json_pack("{s:s, s:o, s:I}", "event", "checkpoint", "file", rg_json_text(j->best_path),
                                   "update", (json_int_t)j->run->validator->best_update));
    return RG_OK;
}

/* Save the best weights during the training. If they cannot be saved, say so once; the run goes on, and tries again
 * after a later validation and at its end. */
static rg_status try_best(struct job *j) {
    const rg_status status = save_best(j);
    if (status != RG_NOT_SAVED) {
        j->best_fails = false;
        return status;
    }
    if (!j->best_fails) {
        rg_log("%s; the run goes on and tries again", rg_error_message());
    }
    j->best_fails = true;
    j->best_saved = rg_seconds();
    return RG_OK;
}

/* A validation of the model's present weights. If they improve often within a short time, the best weights are saved
 * once a second and at the end. */
static rg_status on_validation(void *self, const struct rg_validation *v) {
    static const double SAVE_SECONDS = 1.0;
    struct job *const j = self;
    rg_recorder_event(j->recorder, rg_event_validation(v));
    rg_recorder_validation(j->recorder, v);
    rg_screen_validation(&j->screen, v);
    j->best_waits = j->best_waits || v->best;
    const bool due = v->best && rg_seconds() - j->best_saved >= SAVE_SECONDS;
    return j->config->output.out && due ? try_best(j) : RG_OK;
}

/* Save the best weights if they are not saved yet. */
static rg_status save_waiting_best(struct job *j) {
    struct rg_run *const r = j->run;
    if (!j->config->output.out || !j->best_waits) {
        return RG_OK;
    }
    rg_validator_exchange(r->validator, r->model);
    const rg_status status = save_best(j);
    rg_validator_exchange(r->validator, r->model);
    return status;
}

/* Report the test data. For a task without validation data they are reported as a validation. */
static void report_test(struct job *j) {
    const struct rg_run_result *const result = &j->run->result;
    if (!result->test || result->validation.sequences || j->config->data.test) {
        return;
    }
    rg_recorder_event(j->recorder, rg_event_test(j->run));
}

static void report_end(struct job *j) {
    report_test(j);
    rg_recorder_event(j->recorder, rg_event_end(j->run, j->saved ? j->model_path : NULL));
}

/* Measure the gradient at the end. It may take 5 % of the training's time or 3 s, whichever is longer, unless the full
 * measurement is requested. A signal ends it with the results so far. */
static rg_status diagnose(const struct job *j) {
    static const double PART = 0.05, SECONDS = 3.0;
    struct rg_run *const r = j->run;
    struct rg_measuring measuring;
    const double max =
        r->config.training.diagnose == RG_DIAGNOSE_FULL ? 0.0 : fmax(SECONDS, PART * r->result.training.seconds);
    rg_stop_answer(j->saved ? "ending the diagnosis; the model is saved" : "ending the diagnosis");
    const struct rg_watch watch = rg_measuring_begin(&measuring, &r->config, max);
    const rg_status status = rg_run_measure(r, RG_FIND_ALL, &watch);
    rg_measuring_end();
    const bool stopped = rg_stop_requested();
    if (r->result.diagnosis.profiles && (stopped || measuring.late)) {
        rg_log("the diagnosis of the gradient %s%s", stopped ? "was interrupted" : "had used its time",
               r->result.diagnosis.profile ? "; the following covers what it had measured"
                                           : " before it had measured anything");
    }
    return status;
}

/* Save the model as it is after the last update. */
static rg_status save_model(struct job *j) {
    RG_TRY(rg_lock_check(&j->lock));
    RG_TRY(rg_model_save(j->run->model, j->model_path));
    rg_recorder_event(j->recorder,
                      rg_json_pack("{s:s, s:o, s:I}", "event", "checkpoint", "file", rg_json_text(j->model_path),
                                   "update", (json_int_t)j->run->result.weights_update));
    return RG_OK;
}

/* Save, measure, show and record the result. A file that cannot be written does not hinder the rest. */
static rg_status finish(struct job *j) {
    struct rg_run *const r = j->run;
    const struct rg_run_result *const result = &r->result;
    struct rg_attempts attempts = {.status = RG_OK};
    if (j->config->output.out) {
        const rg_status saved = save_model(j);
        rg_attempt(&attempts, saved);
        j->saved = saved == RG_OK;
        rg_attempt(&attempts, rg_checkpoints_end(&j->checkpoints));
    }
    rg_attempt(&attempts, save_waiting_best(j));
    const rg_status measured = diagnose(j);
    /* show what was measured before the stop */
    const rg_status recorded =
        measured == RG_OK || rg_stop_is(measured) ? rg_recorder_measured(j->recorder, r) : measured;
    if (recorded != RG_OK) { /* the device or the memory is gone */
        rg_attempt(&attempts, recorded);
        return rg_attempts_end(&attempts);
    }
    report_end(j);
    if (!j->config->output.json) {
        const struct rg_diagnosis *const d = &result->diagnosis;
        const double used = d->profiles ? rg_lag_used(d->profiles) : (double)NAN;
        const struct rg_run_facts facts = {
            .config = &r->config, .model = r->model, .problem = &r->problem, .device = r->device, .updates_used = used};
        rg_screen_result(&j->screen, &facts, result);
        const struct rg_outcome outcome = rg_outcome_of_run(r);
        rg_screen_advice(&outcome, &j->screen.look);
    }
    if (rg_lock_check(&j->lock) != RG_OK) {
        rg_recorder_leave_folder(j->recorder);
    }
    rg_attempt(&attempts, rg_recorder_finish(j->recorder, r));
    if (attempts.status == RG_OK && !j->config->output.json) {
        rg_outputs_print(j->config, RG_OUT_TRAINING, rg_look_text(&j->screen.look));
    }
    return rg_attempts_end(&attempts);
}

/* What helps a run in which no update was possible. */
static const char *help_from_start(const struct job *j) {
    const struct rg_diagnosis *const d = &j->run->result.diagnosis;
    const bool explodes = d->profile && d->verdict.word == RG_EXPLODING;
    return explodes && d->verdict.overflow
               ? "the states grow too large: scale the inputs down, or begin with other weights "
                 "(--init)"
           : explodes ? "the gradient explodes on its way back in time: begin with other weights (--init)"
                      : "scale the inputs and targets of the data down";
}

static rg_status diverged(const struct job *j) {
    const struct rg_training *const t = &j->run->result.training;
    const unsigned long long kept = (unsigned long long)j->run->result.weights_update;
    char saved[RG_OUT_PATH + 80] = "";
    if (j->saved) {
        (void)snprintf(saved, sizeof saved, "; saved %s, those after update %llu, in %.500s",
                       kept < t->applied ? "finite weights that were copied before" : "the last finite weights", kept,
                       j->model_path);
    }
    if (t->applied == 0) {
        return rg_fail(
            RG_DIVERGED,
            "diverged: loss %g and gradient norm %g from the first update on, all %llu updates were skipped; %s%s",
            t->last_loss, t->grad_norm, (unsigned long long)t->updates, help_from_start(j), saved);
    }
    return rg_fail(
        RG_DIVERGED, "diverged: stopped at update %llu with loss %g and gradient norm %g%s, updates skipped: %llu%s",
        (unsigned long long)t->updates, t->last_loss, t->grad_norm,
        kept < t->applied ? ", and with weights that are not finite" : "", (unsigned long long)t->skipped, saved);
}

/* The run's status at the end, once everything is written. */
static rg_status end_status(const struct job *j) {
    const struct rg_training *const t = &j->run->result.training;
    if (t->reason == RG_REASON_DIVERGED) {
        return diverged(j);
    }
    if (t->reason == RG_REASON_INTERRUPTED || rg_stop_requested()) {
        rg_log("interrupted after %llu update%s%s%s", (unsigned long long)t->updates, t->updates == 1 ? "" : "s",
               j->config->output.out ? "; saved " : "; nothing is saved without --out",
               j->config->output.out ? j->model_path : "");
        if (j->checkpoints.newest) {
            char word[RG_SHELL_WORD];
            rg_log("resume with: " RG_CALLED " --resume %s", rg_shell_word(j->config->output.out, word));
        }
        return rg_stop_status();
    }
    return RG_OK;
}

/* Test the kernels that this run uses. */
static rg_status self_test(const struct job *j) {
    const struct rg_run *const r = j->run;
    const bool symbols = r->problem.outputs > 1;
    return rg_selftest_quick(r->device, &(struct rg_selftest_scope){.cell = r->config.model.cell,
                                                                    .learned = rg_plan_learned(&r->engine->net.plan),
                                                                    .stacked = r->engine->net.plan.layers > 1,
                                                                    .readout = r->engine->net.plan.readout,
                                                                    .embedded = r->engine->net.plan.words > 0,
                                                                    .wide = r->engine->net.plan.wide_head,
                                                                    .marks = !r->data.training && !symbols,
                                                                    .symbols = !r->data.training && symbols,
                                                                    .initial = r->engine->net.plan.initial,
                                                                    .optimizer = r->config.training.optimizer});
}

/* Log where targets are so far from 0 that the head's bias or weights need many updates to reach them. */
static void tell_far_targets(const struct rg_run *r) {
    const double size = rg_problem_target_size(&r->problem);
    if (size > RG_LARGE_NUMBER && !r->data.start) {
        rg_log("%s: the targets are large (mean or deviation about %.3g), and a net takes many updates to reach them; "
               "write them in another unit, so that they are near 1",
               r->data.training->path, size);
    }
}

static rg_status open_screen(struct job *j) {
    const struct rg_run *const r = j->run;
    const struct rg_config *const ran = &r->config;
    struct rg_settings settings;
    RG_TRY(rg_settings_create("train", ran, &ran, 1, &settings));
    const struct rg_run_facts facts = {.config = ran,
                                       .model = r->model,
                                       .problem = &r->problem,
                                       .device = r->device,
                                       .plan = &r->engine->net.plan,
                                       .rate_test = r->rate_test,
                                       .data = &r->data,
                                       .settings = &settings};
    rg_screen_opening(&j->screen, &facts);
    rg_settings_release(&settings);
    tell_far_targets(r);
    return RG_OK;
}

/* Print what would run and how long it would take. Nothing is written. */
static rg_status dry_run(struct job *j) {
    double update = 0.0;
    if (rg_ranks_several(j->config->machine.ranks)) {
        return rg_fail(RG_USAGE, "--dry-run is for one process; leave mpirun out");
    }
    if (j->config->output.resume) {
        return rg_fail(RG_USAGE, "--dry-run is for a new run; leave it or --resume out");
    }
    RG_TRY(rg_recorder_check(j->config));
    RG_TRY(rg_outputs_check(j->config, RG_OUT_TRAINING));
    RG_TRY(rg_run_data_read(j->config, &j->data));
    RG_TRY(rg_run_open(j->config, &j->data, &j->run));
    struct rg_run *const r = j->run;
    RG_TRY(rg_recorder_check_figure(j->config, r));
    rg_screen_init(&j->screen, &r->config);
    rg_guard_forbid_restart(RG_GUARD_RESULTS);
    RG_TRY(open_screen(j));
    RG_TRY(rg_run_estimate(r, &update));
    const size_t updates = r->config.training.updates;
    if (!j->config->output.json) {
        rg_screen_plan(&j->screen, update, updates, r->validator != NULL);
        return RG_OK;
    }
    json_t *plan =
        rg_json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:f, s:f, s:I}", "event", "plan", "device",
                     r->device->info.name, "parameters", (json_int_t)rg_model_n_weights(r->model), "sequences",
                     (json_int_t)r->problem.n_sequences, "batch", (json_int_t)r->config.data.batch, "steps",
                     (json_int_t)r->problem.steps, "updates", (json_int_t)updates, "update_s", update, "seconds",
                     update * (double)updates, "memory_bytes", (json_int_t)r->engine->net.plan.total_bytes);
    rg_event_add_trained(&plan, r->model);
    rg_json_set(&plan, "options", rg_settings_json("train", &r->config, &r->config));
    return rg_json_print(plan);
}

/* Do everything that can fail before the first update, except for checks that the ranks make together. */
static rg_status prepare(struct job *j) {
    rg_stop_answer("leaving before the first update");
    RG_TRY(j->config->output.resume ? open_run(j) : RG_OK);
    if (!speaks(j)) {
        j->silent = *j->config;
        rg_alike_hush(&j->silent);
        j->config = &j->silent;
    }
    if (rg_ranks_several(j->config->machine.ranks) && j->config->data.file && strcmp(j->config->data.file, "-") == 0) {
        return rg_fail(RG_USAGE, "--data -: mpirun gives stdin to rank 0 alone; give a file that every host has");
    }
    RG_TRY(rg_recorder_check(j->config));
    RG_TRY(rg_outputs_check(j->config, RG_OUT_TRAINING));
    RG_TRY(j->from.sections ? RG_OK : prepare_folder(j));
    RG_TRY(rg_run_data_read(j->config, &j->data));
    RG_TRY(rg_run_open(j->config, &j->data, &j->run));
    j->run->on_lags = on_lags;
    j->run->lags_self = j;
    j->run->on_validation = on_validation;
    j->run->validation_self = j;
    struct rg_run *const r = j->run;
    RG_TRY(rg_recorder_check_figure(j->config, r));
    RG_TRY(self_test(j));
    return j->from.sections ? rg_checkpoint_restore(r, j->from.sections) : RG_OK;
}

/* Say that a skip is too long to connect two steps. */
static void warn_of_skip(const struct rg_run *r) {
    const struct rg_shape *const s = &r->model->shape;
    const size_t steps = r->problem.data_steps;
    if (s->skip_kind != RG_SKIP_LEARNED && s->skip > 0 && s->skip >= steps) {
        rg_log("--skip %zu connects nothing: no sequence is longer than %zu step%s", s->skip, steps,
               steps == 1 ? "" : "s");
    }
}

/* Open the files and the screen, and write the start event. */
static rg_status open_outputs(struct job *j) {
    struct rg_run *const r = j->run;
    if (!j->from.sections && j->config->output.out) {
        RG_TRY(rg_checkpoints_clear(j->config->output.out));
    }
    RG_TRY(rg_recorder_create(j->config, j->from.sections, &j->recorder));
    RG_TRY(j->config->output.out
               ? rg_checkpoints_begin(&j->checkpoints, j->config, r, j->recorder, &j->lock, j->from.update)
               : RG_OK);
    rg_guard_forbid_restart(RG_GUARD_RESULTS);
    rg_screen_init(&j->screen, &r->config);
    j->screen.planned = r->validator ? rg_validator_planned(r->validator, r->config.training.updates) : 0;
    j->screen.before = r->state.training.seconds;
    j->screen.baseline = r->problem.baseline;
    j->screen.held_baseline = rg_problem_other_baseline(&r->problem);
    j->best_waits = r->validator && r->validator->best_update > 0; /* of a resumed run */
    j->screen.history = rg_recorder_history(j->recorder);
    RG_TRY(open_screen(j));
    warn_of_skip(r);
    report_start(j);
    return RG_OK;
}

/* Before the first update, with --lr auto. */
static rg_status find_rate(const struct job *j) {
    if (isnan(j->run->config.training.lr)) {
        rg_log("--lr auto: trying rates from %g to %g in at most %d updates", RG_RATE_TEST_MIN, RG_RATE_TEST_MAX,
               RG_RATE_TEST_UPDATES);
    }
    return rg_run_find_rate(j->run);
}

/* A resumed run that had nothing left to do: say why. */
static void tell_no_update(const struct job *j) {
    const struct rg_training *const t = &j->run->result.training;
    const struct rg_training_options *const c = &j->run->config.training;
    char a[RG_COUNTED_BYTES];
    if (!j->from.sections || t->updates != j->from.update) {
        return;
    }
    switch (t->reason) {
    case RG_REASON_PATIENCE:
        rg_log("nothing was left to train: --patience %zu had ended the run, as so many validations had no lower loss; "
               "a new run can have another --patience",
               c->patience);
        break;
    case RG_REASON_TARGET:
        rg_log("nothing was left to train: the loss had reached --target-loss %g", c->target_loss);
        break;
    case RG_REASON_TIME:
        rg_log("nothing was left to train: the time of --max-time is over; give a larger --max-time");
        break;
    case RG_REASON_DONE:
        rg_log("nothing was left to train: the run has made its %s; give more with --updates or --epochs",
               rg_counted(t->updates, "update", a));
        break;
    default:
        break;
    }
}

static rg_status train(struct job *j) {
    struct rg_ranks *const ranks = j->config->machine.ranks;
    RG_TRY(rg_ranks_agree(ranks, prepare(j)));
    struct rg_run *const r = j->run;
    assert(r); /* prepare has made it */
    RG_TRY(rg_alike_check(j->config, r));
    RG_TRY(find_rate(j));
    RG_TRY(rg_ranks_agree(ranks, open_outputs(j)));
    const struct rg_trainer_hooks hooks = {.on_update = on_update, .self = j};
    rg_stop_answer(
        rg_ranks_several(ranks) ? "mpirun ends the job; what all ranks finish before it kills them is saved with --out"
        : j->config->output.out ? "finishing the update (a long one is cut off), then saving"
                                : "finishing the update (a long one is cut off); nothing is saved without --out");
    j->begun = true;
    RG_TRY(rg_run_train(r, &hooks));
    rg_live_clear();
    tell_no_update(j);
    RG_TRY(rg_alike_check_end(r));
    if (!speaks(j)) {
        return rg_stop_status();
    }
    const rg_status finished = finish(j);
    RG_TRY(finished == RG_NO_READER ? RG_OK : finished);
    RG_TRY(end_status(j));
    return finished;
}

rg_status rg_command_train(const struct rg_config *config) {
    struct job j = {.config = config, .lock = RG_LOCK_NONE};
    rg_log_quiet(config->output.quiet);
    rg_status status = config->output.dry_run ? dry_run(&j) : train(&j);
    /* After the begin RG_BAD_FILE can only mean data that stay on the disk: their file was in order then, and has
     * changed since. The weights are good, so they are saved. */
    if ((status == RG_NO_DEVICE || status == RG_NO_MEMORY || status == RG_BAD_FILE) && j.begun) {
        status = rg_checkpoints_rescue(&j.checkpoints, status, j.model_path);
    }
    if (rg_stop_is(status) && !j.begun) {
        rg_log("interrupted before the first update; nothing is saved");
    }
    rg_recorder_destroy(j.recorder);
    rg_checkpoints_release(&j.checkpoints);
    rg_lock_release(&j.lock);
    if (status != RG_OK && j.made_folder) {
        (void)rmdir(config->output.out); /* fails if something was saved in it */
    }
    rg_run_destroy(j.run);
    rg_run_data_release(&j.data);
    rg_resumed_release(&j.from);
    return status;
}
