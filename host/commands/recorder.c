/* What a training leaves behind besides the model: see recorder.h. */
#define _GNU_SOURCE
#include "commands/recorder.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands/outputs.h"
#include "report/explain.h"
#include "report/figures.h"
#include "report/json_lines.h"
#include "report/pages.h"
#include "report/remedy.h"
#include "report/run_figures.h"
#include "report/screen.h"
#include "report/tensorboard.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"

enum { PATH_BYTES = 4096, N_LOGS = 2 };

struct log_file {
    FILE *stream; /* NULL: not asked for */
    char path[PATH_BYTES];
    int error; /* the first errno */
};

struct rg_recorder {
    const struct rg_config *config;
    struct rg_history *history;
    struct log_file logs[N_LOGS]; /* of --log, and in the folder of --out */
    struct rg_tensorboard *tensorboard;
    char report[PATH_BYTES]; /* in the folder of --out; "" for none */
};

/* ---- Files ---- */

rg_status rg_recorder_check(const struct rg_config *config) {
    return rg_pages_check(config);
}

static rg_status log_failed(const struct log_file *log) {
    return rg_fail(RG_NOT_SAVED, "%s: the log cannot be written: %s; check the folder and the space left", log->path,
                   strerror(log->error));
}

static rg_status open_log(struct log_file *log, const char *path) {
    (void)snprintf(log->path, sizeof log->path, "%s", path);
    log->stream = fopen(path, "we");
    if (!log->stream) {
        log->error = errno;
        return log_failed(log);
    }
    return RG_OK;
}

static rg_status close_log(struct log_file *log) {
    if (!log->stream) {
        return RG_OK;
    }
    errno = 0;
    if (fclose(log->stream) != 0 && !log->error) {
        log->error = errno ? errno : EIO;
    }
    log->stream = NULL;
    return log->error ? log_failed(log) : RG_OK;
}

static rg_status open_files(struct rg_recorder *r) {
    const struct rg_config *const c = r->config;
    char path[PATH_BYTES];
    RG_TRY(rg_pages_try(c));
    if (c->tensorboard) {
        RG_TRY(rg_tensorboard_create(c->tensorboard, &r->tensorboard));
    }
    if (c->log) {
        RG_TRY(open_log(&r->logs[0], c->log));
    }
    if (c->out) {
        if ((size_t)snprintf(r->report, PATH_BYTES, "%s/" RG_OUT_REPORT, c->out) >= PATH_BYTES) {
            return rg_fail(RG_USAGE, "--out: the path is longer than %d bytes", PATH_BYTES);
        }
        (void)snprintf(path, sizeof path, "%s/" RG_OUT_LOG, c->out);
        RG_TRY(open_log(&r->logs[1], path));
    }
    return RG_OK;
}

rg_status rg_recorder_create(const struct rg_config *config, struct rg_recorder **out) {
    struct rg_recorder *r = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_alloc(&r, 1, sizeof *r, "the recorder"));
    r->config = config;
    RG_TRY_GOTO(rg_history_create(&r->history));
    RG_TRY_GOTO(open_files(r));
    *out = r;
    return RG_OK;
fail:
    rg_recorder_destroy(r);
    return status;
}

void rg_recorder_destroy(struct rg_recorder *r) {
    if (r) {
        for (size_t i = 0; i < N_LOGS; i++) {
            (void)close_log(&r->logs[i]);
        }
        (void)rg_tensorboard_close(r->tensorboard);
        rg_history_destroy(r->history);
        rg_free(r);
    }
}

struct rg_history *rg_recorder_history(struct rg_recorder *recorder) {
    return recorder->history;
}

/* ---- As the run goes ---- */

void rg_recorder_event(struct rg_recorder *r, json_t *event) {
    for (size_t i = 0; event && i < N_LOGS; i++) {
        struct log_file *const log = &r->logs[i];
        if (log->stream && !log->error) {
            errno = 0;
            rg_json_write(event, log->stream);
            log->error = !ferror(log->stream) ? 0 : errno ? errno : EIO;
        }
    }
    if (r->config->json) {
        rg_json_print(event);
    } else {
        json_decref(event);
    }
}

void rg_recorder_update(struct rg_recorder *r, const struct rg_update *u) {
    rg_history_add_update(r->history, u->update, u->loss, u->grad_norm, u->clipped, u->skipped, u->lr);
    if (r->tensorboard) {
        const struct rg_scalar scalars[] = {{"loss", u->loss},
                                            {"grad_norm", u->grad_norm},
                                            {"clipped", u->clipped},
                                            {"lr", u->lr},
                                            {"sequences_per_s", u->sequences_per_s}};
        rg_tensorboard_add(r->tensorboard, u->update, scalars, sizeof scalars / sizeof *scalars);
    }
}

/* How a matrix's norms are spread over the lags; they sum to 1. */
static void add_histogram(struct rg_recorder *r, const char *tag, uint64_t update, const struct rg_sampled *m,
                          size_t steps) {
    double limits[RG_BUCKETS + 1], weights[RG_BUCKETS] = {0.0}, largest = -INFINITY, sum = 0.0;
    const size_t n = steps < RG_BUCKETS ? steps : RG_BUCKETS;
    for (size_t lag = 0; lag < steps; lag++) {
        largest = fmax(largest, m->log10_norm[lag]);
    }
    for (size_t i = 0; i < n; i++) {
        const size_t begin = i * steps / n;
        limits[i] = (double)begin - 0.5;
        for (size_t lag = begin; lag < (i + 1) * steps / n; lag++) {
            weights[i] += isfinite(largest) ? pow(10.0, m->log10_norm[lag] - largest) : 0.0;
        }
        sum += weights[i];
    }
    limits[n] = (double)steps - 0.5;
    for (size_t i = 0; i < n && sum > 0.0; i++) {
        weights[i] /= sum;
    }
    rg_tensorboard_add_histogram(r->tensorboard, update, tag, limits, weights, n);
}

rg_status rg_recorder_sample(struct rg_recorder *r, const struct rg_model *model, uint64_t update,
                             const struct rg_lag_sampler *s) {
    for (size_t i = 0; r->tensorboard && i < s->n_sampled; i++) {
        const struct rg_sampled *const m = &s->sampled[i];
        char norm[80], share[80], lags[80];
        const char *const name = model->parameters[m->parameter].name;
        (void)snprintf(norm, sizeof norm, "norm/%.48s", name);
        (void)snprintf(share, sizeof share, "long_share/%.48s", name);
        (void)snprintf(lags, sizeof lags, "lags/%.48s", name);
        const struct rg_scalar scalars[] = {{norm, m->total}, {share, rg_sampled_long_share(m, s->steps)}};
        rg_tensorboard_add(r->tensorboard, update, scalars, 2);
        add_histogram(r, lags, update, m, s->steps);
    }
    return rg_history_add_sample(r->history, model, update, s);
}

static void add_validation(struct rg_recorder *r, uint64_t update, const struct rg_validation *v) {
    rg_history_add_validation(r->history, update, v->loss, v->accuracy);
    if (r->tensorboard) {
        const struct rg_scalar scalars[] = {{"validation/loss", v->loss}, {"validation/accuracy", v->accuracy}};
        rg_tensorboard_add(r->tensorboard, update, scalars, isnan(v->accuracy) ? 1 : 2);
    }
}

/* ---- At the end ---- */

static void list_facts(const struct rg_recorder *r, const struct rg_run *run, struct rg_facts *facts) {
    const struct rg_run_result *const result = &run->result;
    const struct rg_training *const t = &result->training;
    const struct rg_history *const h = r->history;
    rg_facts_add(facts, "ended", "%s after %llu updates", rg_reason_names[t->reason], (unsigned long long)t->updates);
    if (t->updates) {
        rg_facts_add(facts, "loss", "%.6g (baseline %.6g)", t->loss, run->problem.baseline);
        rg_facts_add(facts, "gradient norm", "%.4g", fabs(t->grad_norm));
    }
    if (result->validation.sequences) {
        rg_facts_add(facts, "held-out loss", "%.6g", result->validation.loss);
    }
    if (result->validation.sequences && !isnan(result->validation.accuracy)) {
        rg_facts_add(facts, "held-out accuracy", "%.4f of %zu", result->validation.accuracy,
                     result->validation.sequences);
    }
    rg_facts_add(facts, "clipped, skipped", "%.1f %%, %llu", 100.0 * rg_clip_rate(t), (unsigned long long)t->skipped);
    if (result->profile) {
        rg_facts_add(facts, "verdict", "%s", rg_verdict_names[result->judgement.verdict]);
        rg_facts_number(facts, "factor a step back", result->judgement.decay);
        rg_facts_add(facts, "horizon in steps", "%zu", result->horizon);
        rg_facts_add(facts, "share of the older half", "%.3g %%",
                     100.0 * rg_history_long_share(h, h->sample.n - 1, rg_history_main_matrix(h)));
    }
    rg_facts_add(facts, "time", "%.2f s, %.0f sequences/s", t->seconds, t->sequences_per_s);
    rg_facts_add(facts, "device", "%.120s%s", run->device->info.name, rg_device_math(&run->device->info));
    rg_facts_add(facts, "weights", "%zu, hash %016llx", run->model->n_weights,
                 (unsigned long long)result->weights_hash);
}

rg_status rg_recorder_measured(struct rg_recorder *r, const struct rg_run *run) {
    const struct rg_run_result *const result = &run->result;
    if (result->validation.sequences) {
        add_validation(r, result->training.updates, &result->validation);
    }
    if (result->causes) {
        RG_TRY(rg_history_add_causes(r->history, rg_causes_of(result->causes, result->causes->layers - 1, 0)));
    }
    return result->profiles
               ? rg_history_add_profiles(r->history, run->model, result->training.updates, result->profiles)
               : RG_OK;
}

static rg_status write_pictures(struct rg_recorder *r, const struct rg_run *run, const struct rg_plot *plots) {
    struct rg_facts facts = {.n = 0};
    struct rg_own_table causes = {.pointers = NULL};
    char title[RG_PLOT_TEXT], verdict[1600] = "";
    (void)snprintf(title, sizeof title, "%s, %zu steps: %s, %zu hidden units", run->problem.name, run->problem.steps,
                   run->config.irnn ? "irnn" : rg_cell_names[run->config.cell], run->config.hidden);
    if (run->result.profile) {
        char remedy[RG_REMEDY_BYTES];
        rg_verdict_sentence(run->result.profile, &run->result.judgement, verdict, sizeof verdict);
        rg_remedy_command(run->result.judgement.verdict, &run->config, remedy, sizeof remedy);
        const size_t length = strlen(verdict);
        (void)snprintf(verdict + length, sizeof verdict - length, "%s%s", remedy[0] ? " Try " : "", remedy);
    }
    list_facts(r, run, &facts);
    if (run->result.causes) {
        RG_TRY(rg_explain_table(run->result.profiles, run->result.causes, &causes));
    }
    const struct rg_report report = {.title = title,
                                     .verdict = verdict[0] ? verdict : NULL,
                                     .config = &run->config,
                                     .command = "train",
                                     .facts = facts.items,
                                     .n_facts = facts.n,
                                     .tables = &causes.table,
                                     .n_tables = causes.pointers ? 1 : 0,
                                     .plots = plots,
                                     .n_plots = RG_RUN_FIGURES};
    rg_status status = rg_pages_write(r->config, &report);
    status = status == RG_OK && r->report[0] ? rg_report_write(&report, r->report) : status;
    rg_table_release(&causes);
    return status;
}

rg_status rg_recorder_finish(struct rg_recorder *r, const struct rg_run *run) {
    rg_status status = RG_OK;
    if (rg_pages_wanted(r->config) || r->report[0]) {
        struct rg_plot plots[RG_RUN_FIGURES] = {{.n_series = 0}};
        status = rg_run_figures(r->history, run->problem.baseline, r->config->clip_norm, plots);
        status = status == RG_OK ? write_pictures(r, run, plots) : status;
        rg_run_figures_clear(plots);
    }
    struct rg_tensorboard *const tensorboard = r->tensorboard;
    r->tensorboard = NULL;
    const rg_status ends[] = {close_log(&r->logs[0]), close_log(&r->logs[1]), rg_tensorboard_close(tensorboard)};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        status = status == RG_OK ? ends[i] : status;
    }
    return status;
}
