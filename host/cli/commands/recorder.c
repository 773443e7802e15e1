/* Everything that a training writes besides the model: see recorder.h. */
#define _GNU_SOURCE
#include "cli/commands/recorder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/attempts.h"
#include "base/counted.h"
#include "base/number_text.h"
#include "base/sizes.h"
#include "cli/commands/out_name.h"
#include "cli/commands/outputs.h"
#include "cli/report/advice.h"
#include "cli/report/chance.h"
#include "cli/report/explain.h"
#include "cli/report/figures.h"
#include "cli/report/history_state.h"
#include "cli/report/metrics_text.h"
#include "cli/report/pages.h"
#include "cli/report/run_figures.h"
#include "cli/report/screen.h"
#include "cli/report/step_text.h"
#include "cli/report/tensorboard.h"
#include "files/json.h"
#include "files/json_lines.h"
#include "model/cells.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

struct rg_recorder {
    const struct rg_config *config;
    struct rg_history *history;
    struct rg_json_lines out;             /* with --json */
    struct rg_json_lines log, folder_log; /* for --log, and in the folder of --out */
    char folder_log_path[RG_OUT_PATH];
    struct rg_tensorboard *tensorboard;
    char report[RG_OUT_PATH]; /* path in the folder of --out; "" for none */
};

/* ---- Files ---- */

rg_status rg_recorder_check(const struct rg_config *config) {
    return rg_pages_check(config, RG_FIGURES_TRAIN);
}

/* What a figure is drawn from. */
enum {
    NEEDS_UPDATES = 1,
    NEEDS_CLASSES = 2,
    NEEDS_LAGS = 4,
    NEEDS_GATES = 8,
    NEEDS_DIAGNOSIS = 16,
    NEEDS_SAMPLES = 32
};

static unsigned needs_of(const char *figure) {
    static const struct {
        const char *figure;
        unsigned needs;
    } rows[] = {{"loss", NEEDS_UPDATES},          {"norm", NEEDS_UPDATES},
                {"accuracy", NEEDS_CLASSES},      {"lags", NEEDS_LAGS},
                {"cumulative", NEEDS_LAGS},       {"shares", NEEDS_LAGS},
                {"jacobian", NEEDS_DIAGNOSIS},    {"gates", NEEDS_GATES | NEEDS_DIAGNOSIS},
                {"activations", NEEDS_DIAGNOSIS}, {"norm-map", NEEDS_SAMPLES},
                {"depth", NEEDS_DIAGNOSIS},       {"share-map", NEEDS_SAMPLES}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].figure, figure) == 0) {
            return rows[i].needs;
        }
    }
    return 0;
}

rg_status rg_recorder_check_figure(const struct rg_config *config, const struct rg_run *run) {
    const struct rg_training_options *const t = &run->config.training;
    const bool diagnosis = t->diagnose != RG_DIAGNOSE_NONE;
    const uint64_t samples = t->lag_every ? t->updates / t->lag_every : 0,
                   validations = run->validator ? rg_validator_planned(run->validator, t->updates) : 0;
    const struct {
        unsigned need;
        bool is_there;
        const char *what;
    } sources[] = {
        {NEEDS_UPDATES, t->updates > 0, "updates; give --updates"},
        {NEEDS_CLASSES, run->problem.loss != RG_LOSS_MSE, "classes; a regression has no accuracy"},
        {NEEDS_CLASSES, validations > 1, "two validations; give --val FILE or --val-frac X, and --val-every N"},
        {NEEDS_GATES, rg_cell_is_gated(run->config.model.cell), "the gates of a cell; give --cell lstm or --cell gru"},
        {NEEDS_LAGS, diagnosis || samples > 0, "the diagnosis or --lag-every N; leave --diagnose none out"},
        {NEEDS_DIAGNOSIS, diagnosis, "the diagnosis at the end; leave --diagnose none out"},
        {NEEDS_SAMPLES, samples + diagnosis > 1, "samples during the training; give --lag-every N"},
    };
    const unsigned needs = config->output.figure ? needs_of(config->output.figure) : 0;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if ((needs & sources[i].need) != 0 && !sources[i].is_there) {
            return rg_fail(RG_USAGE, "--figure %s needs %s", config->output.figure, sources[i].what);
        }
    }
    return RG_OK;
}

/* Open a new log, or continue it from the checkpoint. If the log is missing or is another run's, begin a new one. */
static rg_status open_log(struct rg_json_lines *lines, const char *path, const struct rg_sections *from,
                          const char *length) {
    uint64_t bytes = 0;
    if (!from) {
        return rg_json_lines_open(lines, path);
    }
    RG_TRY(rg_sections_number(from, length, INT64_MAX, &bytes));
    if (rg_json_lines_resume(lines, path, bytes) == RG_OK) {
        return RG_OK;
    }
    rg_log("%s; a new one is started", rg_error_message());
    return rg_json_lines_open(lines, path);
}

static rg_status open_tensorboard(struct rg_recorder *r, const struct rg_sections *from) {
    const char *const folder = r->config->output.tensorboard;
    char *name = NULL;
    uint64_t bytes = 0;
    if (!from) {
        return rg_tensorboard_create(folder, &r->tensorboard);
    }
    RG_TRY(rg_sections_get_text(from, "tensorboard", &name));
    RG_TRY(rg_sections_number(from, "tensorboard.bytes", INT64_MAX, &bytes));
    return rg_tensorboard_resume(folder, name, bytes, &r->tensorboard);
}

static rg_status open_files(struct rg_recorder *r, const struct rg_sections *from) {
    const struct rg_config *const c = r->config;
    if (c->output.tensorboard) {
        RG_TRY(open_tensorboard(r, from));
    }
    if (c->output.log) {
        RG_TRY(open_log(&r->log, c->output.log, from, "log.bytes"));
    }
    if (c->output.out) {
        RG_TRY(rg_out_name("out", c->output.out, RG_OUT_REPORT, r->report));
        RG_TRY(rg_out_name("out", c->output.out, RG_OUT_LOG, r->folder_log_path));
        RG_TRY(open_log(&r->folder_log, r->folder_log_path, from, "folder_log.bytes"));
    }
    return RG_OK;
}

rg_status rg_recorder_create(const struct rg_config *config, const struct rg_sections *from, struct rg_recorder **out) {
    struct rg_recorder *r = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    RG_TRY(rg_alloc(&r, 1, sizeof *r, "the recorder"));
    r->config = config;
    r->out = config->output.json ? rg_json_lines_stdout() : (struct rg_json_lines){.stream = NULL};
    RG_TRY_GOTO(rg_history_create(&r->history));
    RG_TRY_GOTO(from ? rg_history_restore(r->history, from) : RG_OK);
    RG_TRY_GOTO(open_files(r, from));
    *out = r;
    return RG_OK;
cleanup:
    rg_recorder_destroy(r);
    return status;
}

static rg_status gather_log(struct rg_json_lines *lines, const char *length, struct rg_sections *s) {
    uint64_t bytes = 0;
    RG_TRY(rg_json_lines_sync(lines, &bytes));
    rg_sections_put(s, length, bytes);
    return RG_OK;
}

rg_status rg_recorder_gather(struct rg_recorder *r, struct rg_sections *s) {
    if (r->config->output.log) {
        RG_TRY(gather_log(&r->log, "log.bytes", s));
    }
    RG_TRY(gather_log(&r->folder_log, "folder_log.bytes", s));
    if (r->tensorboard) {
        const char *name = NULL;
        uint64_t bytes = 0;
        RG_TRY(rg_tensorboard_sync(r->tensorboard, &name, &bytes));
        RG_TRY(rg_sections_add_text(s, "tensorboard", name));
        rg_sections_put(s, "tensorboard.bytes", bytes);
    }
    return rg_history_gather(r->history, s);
}

void rg_recorder_destroy(struct rg_recorder *r) {
    if (r) {
        (void)rg_json_lines_close(&r->log);
        (void)rg_json_lines_close(&r->folder_log);
        (void)rg_tensorboard_close(r->tensorboard);
        rg_history_destroy(r->history);
        rg_free(r);
    }
}

struct rg_history *rg_recorder_history(struct rg_recorder *recorder) {
    return recorder->history;
}

/* ---- During the run ---- */

void rg_recorder_event(struct rg_recorder *r, json_t *event) {
    rg_json_lines_write(&r->log, json_incref(event)); /* NULL stays NULL */
    rg_json_lines_write(&r->folder_log, json_incref(event));
    rg_json_lines_write(&r->out, event);
}

void rg_recorder_print(struct rg_recorder *r, json_t *event) {
    rg_json_lines_write(&r->out, event);
}

rg_status rg_recorder_status(const struct rg_recorder *r) {
    return rg_json_lines_status(&r->out);
}

bool rg_recorder_logs(uint64_t update) {
    uint64_t every = 1;
    for (uint64_t end = 65536; update > end && end <= UINT64_MAX / 2; end *= 2) {
        every *= 2;
    }
    return update % every == 0;
}

void rg_recorder_update(struct rg_recorder *r, const struct rg_update *u, const struct rg_live *live) {
    rg_history_add_update(r->history, u);
    if (r->tensorboard && rg_recorder_logs(u->update)) {
        const struct rg_scalar scalars[] = {{"loss", u->loss},
                                            {"grad_norm", u->grad_norm},
                                            {"clipped", u->clipped},
                                            {"lr", u->lr},
                                            {"sequences_per_s", u->sequences_per_s},
                                            {"clip_rate", live->clip_rate},
                                            {"seconds_left", live->seconds_left},
                                            {"baseline", live->baseline}};
        const size_t n = sizeof scalars / sizeof *scalars;
        rg_tensorboard_add(r->tensorboard, u->update, scalars, isnan(live->baseline) ? n - 1 : n);
    }
}

/* The distribution of a matrix's norms over the lags, scaled to sum 1. */
static void add_histogram(struct rg_recorder *r, const char *tag, uint64_t update, const struct rg_sampled *m,
                          size_t steps) {
    double limits[RG_BUCKETS + 1], weights[RG_BUCKETS] = {0.0}, largest = -INFINITY, sum = 0.0;
    const size_t n = rg_min(steps, RG_BUCKETS);
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
        const bool has_lags = rg_sampled_has_lags(m);
        rg_tensorboard_add(r->tensorboard, update, scalars, has_lags ? 2 : 1);
        if (has_lags) {
            add_histogram(r, lags, update, m, s->steps);
        }
    }
    return rg_history_add_sample(r->history, model, update, s);
}

void rg_recorder_validation(struct rg_recorder *r, const struct rg_validation *v) {
    rg_history_add_validation(r->history, v->update, v->loss, v->accuracy);
    if (r->tensorboard) {
        const struct rg_scalar measure = v->level              ? (struct rg_scalar){"validation/bits", v->bits}
                                         : !isnan(v->accuracy) ? (struct rg_scalar){"validation/accuracy", v->accuracy}
                                                               : (struct rg_scalar){"validation/r2", v->r2};
        const struct rg_scalar scalars[] = {{"validation/loss", v->loss}, measure};
        rg_tensorboard_add(r->tensorboard, v->update, scalars, isnan(measure.value) ? 1 : 2);
    }
}

/* ---- At the end ---- */

static void list_facts(const struct rg_recorder *r, const struct rg_run *run, struct rg_facts *facts) {
    const struct rg_run_result *const result = &run->result;
    const struct rg_training *const t = &result->training;
    const struct rg_history *const h = r->history;
    rg_facts_model(facts, run->model);
    char number[RG_COUNTED_BYTES];
    rg_facts_add(facts, "ended", "%s after %s", rg_reason_names[t->reason], rg_counted(t->updates, "update", number));
    if (t->updates) {
        rg_facts_add(facts, "loss", "%.6g, mean of the last %s (baseline %.6g)", t->loss,
                     rg_counted(t->loss_updates, "update", number), run->problem.baseline);
        rg_facts_add(facts, "loss of the last batch", "%.6g", t->last_loss);
        rg_facts_add(facts, "gradient norm", "%.4g", fabs(t->grad_norm));
    }
    if (result->best_update) {
        const double other = rg_problem_other_baseline(&run->problem);
        char baseline[48] = "";
        if (!isnan(other)) {
            (void)snprintf(baseline, sizeof baseline, " (baseline %.6g)", other);
        }
        rg_facts_add(facts, "best validation loss", "%.6g%s after update %llu, on %s", result->best_loss, baseline,
                     (unsigned long long)result->best_update,
                     rg_counted(result->validation.sequences, "sequence", number));
    }
    char line[160];
    if (result->validated) {
        rg_metrics_line(result->validated, line, sizeof line);
        rg_facts_add(facts, "validation, best weights", "%s", line);
    }
    if (result->test) {
        rg_metrics_line(result->test, line, sizeof line);
        rg_facts_add(facts, "test", "%s, on %s", line, rg_counted(result->test->sequences, "sequence", number));
    }
    if (run->rate_test) {
        rg_facts_add(facts, "learning rate", "%g, found by a test of %zu updates (--lr auto)", run->rate_test->rate,
                     run->rate_test->n);
    }
    rg_facts_add(facts, "clipped, skipped", "%.1f %%, %llu", 100.0 * rg_clip_rate(t), (unsigned long long)t->skipped);
    if (result->diagnosis.profile) {
        rg_facts_verdict(facts, &result->diagnosis.verdict);
    }
    if (result->diagnosis.profile && !result->diagnosis.verdict.overflow) {
        const struct rg_lag_profile *const p = result->diagnosis.profile;
        const size_t matrix = rg_history_matrix_of(h, p->layer, p->direction);
        const struct rg_lag_profiles *const all = result->diagnosis.profiles;
        const bool several = all->layers * all->directions > 1;
        char place[48];
        (void)rg_explain_place(h->matrices[matrix].layer, h->matrices[matrix].direction, place);
        rg_facts_add(facts, "share of the older half", "%.3g %%%s%s",
                     100.0 * rg_history_long_share(h, h->sample.n - 1, matrix), several ? " in " : "",
                     several ? place : "");
    }
    rg_facts_add(facts, "time", "%s, %.0f sequences/s", rg_seconds_text(t->seconds, number), t->sequences_per_s);
    rg_facts_device(facts, &run->device->info);
    rg_facts_add(facts, "weights", "%zu, hash %016llx", rg_model_n_weights(run->model),
                 (unsigned long long)result->weights_hash);
}

rg_status rg_recorder_measured(struct rg_recorder *r, const struct rg_run *run) {
    const struct rg_run_result *const result = &run->result;
    if (result->test && !result->validation.sequences) { /* beside the training's curve */
        const struct rg_validation end = {.update = result->training.updates,
                                          .loss = rg_metrics_loss(result->test),
                                          .accuracy = rg_metrics_accuracy(result->test),
                                          .r2 = (double)NAN};
        rg_recorder_validation(r, &end);
    }
    const struct rg_diagnosis *const d = &result->diagnosis;
    if (d->cause) {
        RG_TRY(rg_history_add_causes(r->history, d->cause));
    }
    return d->profile ? rg_history_add_profiles(r->history, run->model, result->training.updates, d->profiles) : RG_OK;
}

/* The confusion matrix of the test data, else of the validation data with the best weights; rows are true classes.
 * Without classes, or with too many to read, none. */
static rg_status confusion_table(const struct rg_run *run, struct rg_own_table *table) {
    enum { MAX_CLASSES = 20, NUMBER_BYTES = 24 };
    char numbers[MAX_CLASSES][NUMBER_BYTES];
    const struct rg_metrics *const test = run->result.test, *const m = test ? test : run->result.validated;
    const char *heads[MAX_CLASSES + 2] = {"true class, predicted as"};
    char name[RG_CELL_BYTES];
    if (!m || m->n_classes == 0 || m->n_classes > MAX_CLASSES || !m->confusion) {
        return RG_OK;
    }
    const size_t n = m->n_classes;
    for (size_t c = 0; c < n; c++) {
        (void)snprintf(numbers[c], NUMBER_BYTES, "%zu", c);
        heads[c + 1] = run->model->classes ? run->model->classes[c] : numbers[c];
    }
    heads[n + 1] = "recall";
    const char *const title = test ? "Confusion matrix of the test data" : "Confusion matrix of the validation data";
    RG_TRY(rg_table_create(table, title, heads, n + 2, n));
    for (size_t r = 0; r < n; r++) {
        rg_utf8_copy(name, sizeof name, heads[r + 1]);
        rg_table_set(table, r, 0, "%s", name);
        for (size_t c = 0; c < n; c++) {
            rg_table_set(table, r, c + 1, "%llu", (unsigned long long)m->confusion[r * n + c]);
        }
        rg_table_number(table, r, n + 1, 4, rg_metrics_recall(m, r));
    }
    return RG_OK;
}

static rg_status draw_figures(const struct rg_recorder *r, const struct rg_run *run, struct rg_plot *plots) {
    const struct rg_diagnosis *const d = &run->result.diagnosis;
    const struct rg_figure_source from = {.history = r->history,
                                          .baseline = run->problem.baseline,
                                          .score_baseline = rg_problem_other_baseline(&run->problem),
                                          .clip_norm = r->config->training.clip_norm,
                                          .profiles = d->profile ? d->profiles : NULL,
                                          .always = r->config->output.figure != NULL};
    return rg_figures_draw(RG_FIGURES_TRAIN, &from, plots);
}

/* Create the tables: result first, then the reasons for it. */
static rg_status fill_tables(const struct rg_run *run, struct rg_own_table *tables) {
    const struct rg_diagnosis *const d = &run->result.diagnosis;
    RG_TRY(confusion_table(run, &tables[0]));
    if (d->cause) {
        RG_TRY(rg_explain_table(d->profiles, d->causes, &tables[1]));
        RG_TRY(rg_chance_table(d->profile, run->model, &tables[2]));
        RG_TRY(rg_step_table(d, run->model, &tables[3]));
    }
    return RG_OK;
}

static rg_status fill_pages(const struct rg_recorder *r, const struct rg_run *run, struct rg_pages *pages) {
    const struct rg_config *const ran = &run->config;
    char task[64];
    rg_utf8_copy(task, sizeof task, run->problem.name);
    const size_t n_steps = run->problem.steps, hidden = ran->model.hidden;
    (void)snprintf(pages->title, sizeof pages->title, "%s, %zu step%s: %s, %zu hidden unit%s", task, n_steps,
                   n_steps == 1 ? "" : "s", ran->model.irnn ? "irnn" : rg_cell_names[ran->model.cell], hidden,
                   hidden == 1 ? "" : "s");
    if (run->result.diagnosis.profile) {
        rg_verdict_sentence(&run->result.diagnosis, pages->verdict, sizeof pages->verdict);
    }
    list_facts(r, run, &pages->facts);
    rg_facts_data(&pages->facts, ran);
    RG_TRY(draw_figures(r, run, pages->plots));
    RG_TRY(fill_tables(run, pages->tables));
    return rg_settings_create("train", ran, &ran, 1, &pages->settings);
}

static rg_status write_pages(const struct rg_recorder *r, const struct rg_run *run) {
    const struct rg_outcome outcome = rg_outcome_of_run(run);
    struct rg_advice advice;
    char why[RG_ADVICE_TEXT];
    struct rg_pages *pages = NULL;
    RG_TRY(rg_pages_create(r->config, RG_FIGURES_TRAIN, &pages));
    rg_advise(&outcome, &advice);
    rg_advice_text(&advice, why, sizeof why);
    pages->report.config = &run->config;
    pages->report.command = advice.row ? advice.command : NULL;
    pages->report.advice = why;
    pages->copy = r->report[0] ? r->report : NULL;
    return rg_pages_end(pages, fill_pages(r, run, pages));
}

void rg_recorder_leave_folder(struct rg_recorder *r) {
    r->report[0] = '\0';
}

rg_status rg_recorder_finish(struct rg_recorder *r, const struct rg_run *run) {
    struct rg_attempts attempts = {.status = RG_OK};
    if (rg_pages_wanted(r->config) || r->report[0]) {
        rg_attempt(&attempts, write_pages(r, run));
    }
    struct rg_tensorboard *const tensorboard = r->tensorboard;
    r->tensorboard = NULL;
    rg_attempt(&attempts, rg_json_lines_close(&r->log));
    rg_attempt(&attempts, rg_json_lines_close(&r->folder_log));
    rg_attempt(&attempts, rg_tensorboard_close(tensorboard));
    rg_attempt(&attempts, rg_json_lines_status(&r->out));
    return rg_attempts_end(&attempts);
}
