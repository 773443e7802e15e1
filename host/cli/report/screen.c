/* The screen of a training run: see screen.h. */
#define _GNU_SOURCE
#include "cli/report/screen.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/number_text.h"
#include "cli/live.h"
#include "cli/report/advice.h"
#include "cli/report/explain.h"
#include "cli/report/lag_plot.h"
#include "cli/report/lines.h"
#include "cli/report/metrics_text.h"
#include "cli/report/rate_chart.h"
#include "cli/report/spark.h"
#include "files/listed_name.h"
#include "model/cells.h"
#include "ranks/ranks.h"
#include "train/class_weights.h"

enum { SHOWN_VALIDATIONS = 20 };
static const double LIVE_SECONDS = 0.1, PLAIN_SECONDS = 10.0;

void rg_screen_init(struct rg_screen *screen, const struct rg_config *config) {
    *screen = (struct rg_screen){
        .config = config, .baseline = NAN, .held_out = NAN, .held_baseline = NAN, .look = rg_look_of(config)};
    screen->live = rg_live_is_on(config);
    screen->begin = screen->last = rg_seconds();
}

/* 1234567 as "1,234,567". */
static const char *grouped(uint64_t n, char out[32]) {
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    int at = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) {
            out[at++] = ',';
        }
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

/* 0 as "0", small and large rates with three digits. */
static const char *short_rate(double rate, char out[32]) {
    if (rate >= 1e6) {
        (void)snprintf(out, 32, "%.2fM", rate / 1e6);
    } else if (rate >= 1e4) {
        (void)snprintf(out, 32, "%.1fk", rate / 1e3);
    } else {
        (void)snprintf(out, 32, "%.0f", rate);
    }
    return out;
}

/* "1 update", "1,234 updates". */
static const char *counted(uint64_t n, const char *what, char out[64]) {
    char digits[32];
    (void)snprintf(out, 64, "%s %s%s", grouped(n, digits), what, n == 1 ? "" : "s");
    return out;
}

void rg_screen_model_text(const struct rg_model *model, char *out, size_t bytes) {
    const struct rg_shape *const shape = &model->shape;
    char layers[32] = "", readout[32] = "", skip[48] = "", words[48] = "", weights[32];
    if (shape->layers > 1) {
        (void)snprintf(layers, sizeof layers, ", %zu layers", shape->layers);
    }
    if (shape->target == RG_TARGET_LAST && (shape->bidirectional || shape->readout != RG_READOUT_LAST)) {
        (void)snprintf(readout, sizeof readout, ", readout %s", rg_readout_names[shape->readout]);
    }
    if (shape->skip && shape->skip_kind == RG_SKIP_LEARNED) {
        (void)snprintf(skip, sizeof skip, ", learned skip");
    } else if (shape->skip) {
        (void)snprintf(skip, sizeof skip, ", skip %zu %s", shape->skip, rg_skip_kind_names[shape->skip_kind]);
    }
    if (shape->words) {
        (void)snprintf(words, sizeof words, "; %zu words ->", shape->words);
    }
    const bool plain = !rg_cell_is_gated(shape->cell);
    (void)snprintf(out, bytes, "%s%s%s%s%s%s%s%s %zu -> %zu -> %zu, %s weights", rg_cell_names[shape->cell],
                   plain ? " " : "", plain ? rg_activation_names[shape->activation] : "", layers,
                   shape->bidirectional ? ", bidirectional" : "", readout, skip, shape->words ? words : ";",
                   shape->inputs, shape->hidden, shape->outputs, grouped(rg_model_n_weights(model), weights));
}

/* ---- The opening: lines with a name, on stderr ---- */

enum { OPENING = 9 /* columns before the text of a line */ };

__attribute__((format(printf, 3, 4))) static void say(const struct rg_screen *screen, const char *name,
                                                      const char *format, ...) {
    struct rg_line line = {.length = 0};
    char text[RG_LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rg_line_add(&line, "%-*s %s", OPENING - 1, name, text);
    rg_lines_print(&(struct rg_paragraph){.out = stderr, .width = rg_look_text(&screen->look), .hang = OPENING},
                   line.text);
}

static void print_model(const struct rg_screen *screen, const struct rg_model *model) {
    char text[160];
    rg_screen_model_text(model, text, sizeof text);
    say(screen, "model", "%s", text);
}

/* Print the version, which `devices` also shows, only if the line stays within 80 columns. */
static void print_device(const struct rg_screen *screen, const struct rg_device_info *info) {
    struct rg_line line = {.length = 0};
    rg_line_add(&line, "%s: %s, %d %s%s%s%s", info->backend, info->name, info->units,
                info->backend[0] == 'n' ? "thread" : "unit", info->units == 1 ? "" : "s",
                info->real_bytes == sizeof(double) ? ", double precision" : "", rg_device_math(info));
    const bool fits = line.length + 2 + strlen(info->version) <= RG_MIN_COLUMNS - OPENING;
    say(screen, "device", "%s%s%s", line.text, fits ? ", " : "", fits ? info->version : "");
    if (info->choice[0]) {
        say(screen, "", "auto: %s", info->choice);
    }
}

static void print_frozen(const struct rg_screen *screen, const struct rg_config *config, const struct rg_model *model) {
    char a[32], b[32];
    const size_t trained = rg_model_n_trained(model);
    if (config->training.freeze) {
        say(screen, "frozen", "%s: %s weights; %s are trained", config->training.freeze,
            grouped(rg_model_n_weights(model) - trained, a), grouped(trained, b));
    }
}

/* Do other opening lines contain the option, or does it not concern the training? */
static bool is_said(const struct rg_option *option) {
    return option->in_opening || option->group == RG_GROUP_MACHINE || option->group == RG_GROUP_SCREEN;
}

/* Print the options that differ from their defaults and that no other line contains. */
static void print_besides(const struct rg_screen *screen, const struct rg_settings *settings) {
    struct rg_line line = {.length = 0};
    for (size_t i = 0; i < settings->n; i++) {
        const struct rg_setting *const setting = &settings->items[i];
        if (!setting->is_usual && !is_said(setting->option)) {
            const bool flag = setting->option->kind == RG_KIND_FLAG;
            rg_line_add(&line, "%s%s%s%s", line.length ? ", " : "", setting->option->name, flag ? "" : " ",
                        flag ? "" : setting->text);
        }
    }
    if (line.length > 0) {
        say(screen, "with", "%s", line.text);
    }
}

/* Print how many sequences are held out, and for which purpose. */
static void print_held_out_sizes(const struct rg_screen *screen, const struct rg_run_data *data) {
    char a[64], b[64];
    if (!data || (!data->validation && !data->test)) {
        return;
    }
    say(screen, "held out", "%s%s%s%s%s", data->validation ? counted(data->validation->n_sequences, "sequence", a) : "",
        data->validation ? " for validation" : "", data->validation && data->test ? ", " : "",
        data->test ? counted(data->test->n_sequences, "sequence", b) : "", data->test ? " for the test" : "");
}

void rg_screen_labels(const struct rg_config *config, const char *labels) {
    if (labels[0] && !config->output.quiet && !config->output.json) {
        const struct rg_screen screen = {.look = rg_look_of(config)};
        say(&screen, "labels", "%s", labels);
    }
}

/* Print the names of columns: all of a few, else the first ones and the last. */
static void print_columns(const struct rg_screen *screen, const char *what, char *const *names, size_t n) {
    enum { SHOWN = 8, NAME_SHOWN = 24 };
    char name[RG_LISTED_BYTES];
    struct rg_line line = {.length = 0};
    for (size_t i = 0; i < n; i++) {
        const bool skips = n > SHOWN && i == SHOWN - 1;
        i = skips ? n - 1 : i;
        rg_line_add(&line, "%s%s%s", i > 0 ? ", " : "", skips ? "... " : "",
                    rg_listed_name(names[i], NAME_SHOWN, name));
    }
    if (n > SHOWN) {
        rg_line_add(&line, " (%zu columns)", n);
    }
    say(screen, what, "%s", line.text);
}

/* Print which columns of a CSV file are read and which are learned. */
static void print_all_columns(const struct rg_screen *screen, const struct rg_dataset *data) {
    if (data && data->features) {
        print_columns(screen, "inputs", data->features, data->n_features);
    }
    if (data && data->targets) {
        print_columns(screen, "targets", data->targets, data->n_target_names);
    } else if (data && data->features && rg_dataset_is_labelled(data) && !data->windows.forecast) {
        say(screen, "targets", "label");
    }
}

/* Print the ranks that share the batch. */
static void print_ranks(const struct rg_screen *screen, const struct rg_run_facts *f) {
    const struct rg_ranks *const ranks = f->config->machine.ranks;
    char a[64], b[64], c[64];
    if (!ranks && f->plan->shards > 1) {
        say(screen, "shards", "%zu of a batch, summed along a fixed tree", f->plan->shards);
    }
    if (ranks) {
        say(screen, "mpirun", "%s on %s, the batch in %s; device and memory are those of rank 0",
            counted(ranks->n, "rank", a), counted(ranks->n_hosts, "host", b), counted(f->plan->shards, "shard", c));
    }
    if (f->config->machine.mixed) {
        say(screen, "mixed", "%s",
            ranks ? "the ranks' devices may differ; all take loss, norm and weights of rank 0"
                  : "no effect: there is one process, without mpirun");
    }
}

static void print_task(const struct rg_screen *screen, const struct rg_run_facts *f) {
    const struct rg_dataset *const data = f->problem->data;
    struct rg_line line = {.length = 0};
    char a[64], b[64];
    rg_line_add(&line, "%s, %s", f->problem->name, counted(f->problem->steps, "step", a));
    if (!data && f->problem->data_steps != f->problem->steps) {
        rg_line_add(&line, " (sequences of %zu)", f->problem->data_steps);
    }
    if (f->problem->n_sequences) {
        rg_line_add(&line, ", %s", counted(f->problem->n_sequences, "sequence", b));
    }
    say(screen, "task", "%s; loss %s, baseline %.6g", line.text, rg_loss_names[f->problem->loss], f->problem->baseline);
    print_all_columns(screen, data);
    if (f->problem->targets.data) {
        char labels[RG_LABELS_BYTES];
        rg_targets_describe(&f->problem->targets, f->problem->loss, labels, sizeof labels);
        rg_screen_labels(screen->config, labels);
    }
    if (data && data->streams > 0) {
        say(screen, "streams", "%s in windows of %s, between which the state goes on and the gradient stops",
            counted(data->streams, "stream", a), counted(data->n_steps, "step", b));
    }
    if (f->problem->targets.weights) {
        char weights[RG_WEIGHTS_BYTES];
        rg_class_weights_describe(&f->problem->targets, weights, sizeof weights);
        say(screen, "weights", "of the classes in the training loss: %s; scores have none, their baseline is %.6g",
            weights, f->problem->score_baseline);
    }
}

static void print_training(const struct rg_screen *screen, const struct rg_config *c) {
    struct rg_line line = {.length = 0};
    char a[64], b[64];
    rg_line_add(&line, "%s of %s", counted(c->training.updates, "update", a),
                counted(rg_update_sequences(c), "sequence", b));
    if (c->training.accumulate > 1) {
        rg_line_add(&line, " (%zu batches of %zu)", c->training.accumulate, c->data.batch);
    }
    rg_line_add(&line, ", %s, lr ", rg_optimizer_names[c->training.optimizer]);
    if (isnan(c->training.lr)) {
        rg_line_add(&line, "auto, ");
    } else {
        rg_line_add(&line, "%g, ", c->training.lr);
    }
    if (c->training.clip_norm > 0.0) {
        rg_line_add(&line, "clip norm %g, ", c->training.clip_norm);
    }
    say(screen, "training", "%sseed %llu", line.text, (unsigned long long)c->training.seed);
}

static void print_memory(const struct rg_screen *screen, const struct rg_plan *plan) {
    struct rg_line line = {.length = 0};
    char a[64];
    rg_line_add(&line, "%s, ", rg_size_text(plan->total_bytes, a));
    if (plan->chunk >= plan->batch) {
        rg_line_add(&line, "the whole batch at once");
    } else {
        rg_line_add(&line, "the batch in chunks of %s", counted(plan->chunk, "sequence", a));
    }
    if (plan->n_segments > 1) {
        rg_line_add(&line, ", checkpoints every %s", counted(plan->segment_steps, "step", a));
    }
    say(screen, "memory", "%s", line.text);
}

void rg_screen_device(const struct rg_config *config, const struct rg_device_info *info) {
    if (!config->output.quiet && !config->output.json) {
        const struct rg_screen screen = {.look = rg_look_of(config)};
        print_device(&screen, info);
    }
}

void rg_screen_opening(const struct rg_screen *screen, const struct rg_run_facts *f) {
    const struct rg_config *const c = f->config;
    if (screen->config->output.quiet || screen->config->output.json) {
        return;
    }
    print_model(screen, f->model);
    if (c->data.model_file) {
        say(screen, "start", "the weights of %s", c->data.model_file);
    }
    print_task(screen, f);
    print_held_out_sizes(screen, f->data);
    print_training(screen, c);
    print_frozen(screen, c, f->model);
    if (f->rate_test) {
        rg_rate_chart(f->rate_test, screen->look.unicode);
    }
    print_besides(screen, f->settings);
    print_device(screen, &f->device->info);
    print_ranks(screen, f);
    print_memory(screen, f->plan);
}

void rg_screen_plan(const struct rg_screen *screen, double update_seconds, size_t updates, bool validates) {
    char a[64], all[32];
    const double seconds = update_seconds * (double)updates;
    (void)(seconds < 1.0 ? rg_seconds_text(seconds, all) : rg_duration_text(seconds, all));
    rg_lines_format(stdout, rg_look_text(&screen->look), 2,
                    "dry run: an update takes %.3g ms, %s about %s%s; nothing was written", 1e3 * update_seconds,
                    counted(updates, "update", a), all, validates ? " and the validations" : "");
}

struct rg_live rg_screen_count(struct rg_screen *screen, const struct rg_update *update) {
    const double spent = rg_seconds() - screen->begin, max = screen->config->training.max_time;
    screen->seen++;
    screen->clipped += update->clipped;
    const double seen = (double)screen->seen;
    const double left = spent / seen * (double)(screen->config->training.updates - update->update);
    return (struct rg_live){.baseline = screen->baseline,
                            .held_out = screen->held_out,
                            .held_baseline = screen->held_baseline,
                            .clip_rate = (double)screen->clipped / seen,
                            .seconds_left = max > 0.0 ? fmax(fmin(left, max - screen->before - spent), 0.0) : left};
}

void rg_screen_update(struct rg_screen *screen, const struct rg_update *update, const struct rg_live *live) {
    const double t = rg_seconds();
    if (screen->config->output.quiet || screen->config->output.json ||
        t - screen->last < (screen->live ? LIVE_SECONDS : PLAIN_SECONDS)) {
        return;
    }
    screen->last = t;
    char rate[32], time_left[32], line[RG_LIVE_LINE_BYTES];
    const struct rg_live_facts facts = {.update = update,
                                        .live = live,
                                        .total = screen->config->training.updates,
                                        .rate = short_rate(update->sequences_per_s, rate),
                                        .left = rg_duration_text(live->seconds_left, time_left),
                                        .history = screen->history,
                                        .heat = screen->live,
                                        .unicode = screen->look.unicode,
                                        .columns = screen->live ? rg_live_columns() : SIZE_MAX};
    rg_live_line(&facts, line);
    if (screen->live) {
        rg_live_show(line);
    } else {
        (void)fprintf(stderr, "%s\n", line);
    }
}

void rg_screen_validation(struct rg_screen *screen, const struct rg_validation *v) {
    char number[32], measure[48] = "";
    const uint64_t apart = screen->planned / SHOWN_VALIDATIONS;
    const bool first = screen->validations++ == 0;
    screen->held_out = v->loss;
    if (screen->config->output.quiet || screen->config->output.json ||
        !(first || apart <= 1 || screen->validations % apart == 0)) {
        return;
    }
    if (v->level) {
        (void)snprintf(measure, sizeof measure, "  %.4f bits per %s", v->bits,
                       v->level == RG_LEVEL_CHAR ? "character" : "word");
    } else if (!isnan(v->accuracy)) {
        (void)snprintf(measure, sizeof measure, "  accuracy %.4f", v->accuracy);
    } else {
        (void)snprintf(measure, sizeof measure, "  R^2 %.4f", v->r2);
    }
    rg_live_clear();
    if (first && apart > 1) {
        const bool has_log = screen->config->output.log || screen->config->output.out;
        (void)fprintf(stderr, "one validation in %llu is shown; %s has all\n", (unsigned long long)apart,
                      has_log ? "the log" : "--log F.jsonl");
    }
    (void)fprintf(stderr, "epoch %llu, update %s  validation loss %.6g%s%s\n", (unsigned long long)v->epoch,
                  grouped(v->update, number), v->loss, measure, v->best ? "  best" : "");
}

/* A sentence on stdout, its first `head` bytes in a colour. */
static void print_sentence(const struct rg_look *look, const char *text, size_t head, const char *color) {
    rg_lines_print(&(struct rg_paragraph){.out = stdout, .width = rg_look_text(look), .head = head, .color = color},
                   text);
}

/* A command on stdout, broken before an option where the line would be wider than `width`. */
static void print_command(const char *command, size_t width) {
    size_t column = (size_t)printf("Try  ");
    while (*command) {
        const char *const next = strstr(command + 1, " --");
        const size_t length = next ? (size_t)(next - command) : strlen(command);
        if (column > 5 && column + length > width) {
            column = (size_t)printf(" \\\n    ") - 3;
        }
        column += (size_t)printf("%.*s", (int)length, command);
        command += length;
    }
    (void)putchar('\n');
}

/* Print which lags were left out. `sampled`: with the limits of a sample. */
static void print_partial(const struct rg_lag_profile *p, bool sampled) {
    if (p->lags < p->probe) {
        (void)printf("partial: lags 0 to %zu of %zu were measured, and the shares are of those%s\n", p->lags - 1,
                     p->probe - 1, sampled ? ";\n  --diagnose full measures all" : "");
    }
}

void rg_screen_diagnosis(const struct rg_diagnosis *d, const struct rg_config *config, const struct rg_look *look) {
    char sentence[900], place[48], where[64] = "";
    if (!d->profile) {
        return;
    }
    if (d->profiles->layers * d->profiles->directions > 1) {
        (void)snprintf(where, sizeof where, " of %s",
                       rg_explain_place(d->profile->layer, d->profile->direction, place));
    }
    (void)putchar('\n');
    if (!d->verdict.overflow) {
        rg_lag_plot(d->profile, where, look);
        print_partial(d->profile, !config->data.model_file && config->training.diagnose == RG_DIAGNOSE_SAMPLE);
        (void)putchar('\n');
    }
    rg_verdict_sentence(d, sentence, sizeof sentence);
    print_sentence(look, sentence, strcspn(sentence, ":"), look->color ? rg_verdict_colors[d->verdict.word] : "");
    if (!d->verdict.overflow) {
        (void)putchar('\n');
        rg_explain_print(d, look->verbose);
    }
}

void rg_screen_advice(const struct rg_outcome *outcome, const struct rg_look *look) {
    struct rg_advice advice;
    char text[RG_ADVICE_TEXT];
    rg_advise(outcome, &advice);
    if (advice.row) {
        (void)putchar('\n');
        print_command(advice.command, rg_look_text(look) - 4);
        rg_advice_text(&advice, text, sizeof text);
        print_sentence(look, text, 0, "");
    }
}

/* Print the results on validation and test data on stdout. */
static void print_held_out(const struct rg_look *look, const struct rg_run_facts *f,
                           const struct rg_run_result *result) {
    char line[160], a[64], b[32], when[80] = "the last update";
    const size_t width = rg_look_text(look);
    if (result->validation.update != result->training.updates) { /* the run was interrupted, or diverged */
        (void)snprintf(when, sizeof when, "update %s, the last that was validated",
                       grouped(result->validation.update, b));
    }
    if (result->best_update) {
        const double other = rg_problem_other_baseline(f->problem);
        char baseline[80] = "";
        if (!isnan(other)) {
            (void)snprintf(baseline, sizeof baseline, "; without class weights the baseline is %.6g", other);
        }
        rg_lines_format(stdout, width, 2, "validation loss %.6g after %s; the lowest was %.6g, after update %s%s",
                        result->validation.loss, when, result->best_loss, grouped(result->best_update, b), baseline);
    }
    if (result->test) {
        rg_metrics_line(result->test, line, sizeof line);
        rg_lines_format(stdout, width, 2, "test%s: %s, on %s", result->test_of_best ? " with the best weights" : "",
                        line, counted(result->test->sequences, "sequence", a));
        const struct rg_metrics_names names = rg_metrics_names(f->model);
        rg_metrics_print(result->test, &names);
        (void)fputs(result->test->n_classes ? "\n" : "", stdout);
    }
}

void rg_screen_result(const struct rg_screen *screen, const struct rg_run_facts *f,
                      const struct rg_run_result *result) {
    static const char *const reasons[] = {
        [RG_REASON_DONE] = "done",         [RG_REASON_TARGET] = "target loss reached",
        [RG_REASON_TIME] = "time is up",   [RG_REASON_INTERRUPTED] = "interrupted",
        [RG_REASON_DIVERGED] = "diverged", [RG_REASON_PATIENCE] = "validation loss no longer falls: stopped",
    };
    const struct rg_training *const training = &result->training;
    const struct rg_diagnosis *const diagnosis = &result->diagnosis;
    char a[64], b[32];
    const char *const bold = screen->look.color ? "\033[1m" : "", *const plain = screen->look.color ? "\033[0m" : "";
    (void)printf("%s%s after %s%s", bold, reasons[training->reason], counted(training->updates, "update", a), plain);
    const bool finite = isfinite(training->loss);
    if (training->updates) {
        (void)printf(": %s %.6g (baseline %.6g)", finite ? "loss" : "last loss",
                     finite ? training->loss : training->last_loss, f->problem->baseline);
    }
    (void)putchar('\n');
    if (finite && training->loss_updates > 1) {
        rg_lines_format(stdout, rg_look_text(&screen->look), 2,
                        "the loss is the mean of the last %s; that of the last batch is %.6g",
                        counted(training->loss_updates, "update", a), training->last_loss);
    }
    print_held_out(&screen->look, f, result);
    if (training->updates) {
        rg_lines_format(stdout, rg_look_text(&screen->look), 2,
                        "gradient norm %.4g, clipped %.1f %%, skipped %llu; %s, %s sequences/s", training->grad_norm,
                        100.0 * (double)training->clipped / (double)training->updates,
                        (unsigned long long)training->skipped, rg_seconds_text(training->seconds, a),
                        short_rate(training->sequences_per_s, b));
    }
    if (!isnan(f->updates_used)) {
        (void)printf("updates used %.0f %%: steps at which the state was not copied\n", 100.0 * f->updates_used);
    }
    if (screen->history) {
        rg_spark_print(screen->history, diagnosis->profile, &screen->look);
    }
    rg_screen_diagnosis(diagnosis, f->config, &screen->look);
}
