/* The screen of a training run: see screen.h. */
#define _GNU_SOURCE
#include "cli/report/screen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/report/figures.h"
#include "cli/report/explain.h"
#include "cli/report/lag_plot.h"
#include "cli/report/advice.h"
#include "cli/report/metrics_text.h"
#include "cli/report/rate_chart.h"
#include "cli/report/spark.h"
#include "files/json.h"
#include "train/class_weights.h"
#include "model/cells.h"
#include "ranks/ranks.h"

enum { SHOWN_VALIDATIONS = 20 };
static const double LIVE_SECONDS = 0.1, PLAIN_SECONDS = 10.0;

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void rg_screen_init(struct rg_screen *screen, const struct rg_config *config) {
    *screen = (struct rg_screen){.config = config, .baseline = NAN, .held_out = NAN, .look = rg_look_of(config)};
    const char *const term = getenv("TERM");
    const bool dumb = !term || strcmp(term, "dumb") == 0;
    screen->live = !config->output.quiet && !config->output.json && isatty(STDERR_FILENO) && !dumb;
    screen->begin = screen->last = now();
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

/* Print the version, which `devices` also shows, only if the line stays within 80 columns. */
static void print_device(const struct rg_device_info *info) {
    char line[80], version[80];
    const int used = snprintf(line, sizeof line, "device   %s: %s, %d %s%s%s%s", info->backend, info->name, info->units,
                              info->backend[0] == 'n' ? "thread" : "unit", info->units == 1 ? "" : "s",
                              info->real_bytes == sizeof(double) ? ", double precision" : "", rg_device_math(info));
    const int more = snprintf(version, sizeof version, ", %s", info->version);
    (void)fprintf(stderr, "%s%s\n", line, used + more <= (int)sizeof line ? version : "");
    if (info->choice[0]) {
        (void)fprintf(stderr, "         auto: %s\n", info->choice);
    }
}

/* "1 update", "1,234 updates". */
static const char *counted(uint64_t n, const char *what, char out[64]) {
    char digits[32];
    (void)snprintf(out, 64, "%s %s%s", grouped(n, digits), what, n == 1 ? "" : "s");
    return out;
}

/* 5400 as "90 min". */
static const char *short_time(double seconds, char out[32]) {
    const double unit = seconds < 120.0 ? 1.0 : seconds < 7200.0 ? 60.0 : 3600.0;
    (void)snprintf(out, 32, "%.0f %s", seconds / unit, seconds < 120.0 ? "s" : seconds < 7200.0 ? "min" : "h");
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
                   shape->inputs, shape->hidden, shape->outputs, grouped(model->n_weights, weights));
}

static void print_model(const struct rg_model *model) {
    char text[160];
    rg_screen_model_text(model, text, sizeof text);
    (void)fprintf(stderr, "model    %s\n", text);
}

static void print_frozen(const struct rg_config *config, const struct rg_model *model) {
    char a[32], b[32];
    const size_t trained = rg_model_n_trained(model);
    if (config->training.freeze) {
        (void)fprintf(stderr, "frozen   %s: %s weights; %s are trained\n", config->training.freeze,
                      grouped(model->n_weights - trained, a), grouped(trained, b));
    }
}

/* Do other opening lines contain the option, or does it not concern the training? */
static bool is_said(const struct rg_option *option) {
    static const char *const said[] = {"readout",   "cell",       "activation",    "skip",    "skip-kind",
                                       "hidden",    "layers",     "bidirectional", "task",    "data",
                                       "batch",     "accumulate", "steps",         "updates", "lr",
                                       "optimizer", "loss",       "clip-norm",     "seed",    "freeze"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (strcmp(option->name, said[i]) == 0) {
            return true;
        }
    }
    return option->group == RG_GROUP_MACHINE || option->group == RG_GROUP_SCREEN;
}

/* Print the options that differ from their defaults and that no other line contains, at most 80 columns wide. */
static void print_besides(const struct rg_settings *settings) {
    size_t column = 0;
    for (size_t i = 0; i < settings->n; i++) {
        const struct rg_setting *const setting = &settings->items[i];
        if (setting->is_usual || is_said(setting->option)) {
            continue;
        }
        const bool flag = setting->option->kind == RG_KIND_FLAG;
        const size_t length = strlen(setting->option->name) + (flag ? 0 : strlen(setting->text) + 1);
        const bool fresh = column == 0 || column + 2 + length > 80;
        (void)fprintf(stderr, "%s%s%s%s",
                      column == 0 ? "with     "
                      : fresh     ? ",\n         "
                                  : ", ",
                      setting->option->name, flag ? "" : " ", flag ? "" : setting->text);
        column = fresh ? 9 + length : column + 2 + length;
    }
    if (column > 0) {
        (void)fputc('\n', stderr);
    }
}

/* Print how many sequences are held out, and for which purpose. */
static void print_held_out_sizes(const struct rg_run_data *data) {
    char a[64], b[64];
    if (!data || (!data->validation && !data->test)) {
        return;
    }
    (void)fprintf(stderr, "held out %s%s%s%s%s\n",
                  data->validation ? counted(data->validation->n_sequences, "sequence", a) : "",
                  data->validation ? " for validation" : "", data->validation && data->test ? ", " : "",
                  data->test ? counted(data->test->n_sequences, "sequence", b) : "", data->test ? " for the test" : "");
}

void rg_screen_labels(const struct rg_config *config, const char *labels) {
    if (labels[0] && !config->output.quiet && !config->output.json) {
        (void)fprintf(stderr, "labels   %s\n", labels);
    }
}

/* Print the names of columns: all of a few, else the first ones and the last. */
static void print_columns(const char *what, char *const *names, size_t n) {
    enum { SHOWN = 8, NAME_BYTES = 25 };
    char name[NAME_BYTES];
    (void)fprintf(stderr, "%-8s ", what);
    for (size_t i = 0; i < n; i++) {
        const bool skips = n > SHOWN && i == SHOWN - 1;
        i = skips ? n - 1 : i;
        rg_utf8_copy(name, sizeof name, names[i]);
        (void)fprintf(stderr, "%s%s%s", i > 0 ? ", " : "", skips ? "... " : "", name);
    }
    (void)fprintf(stderr, n > SHOWN ? " (%zu columns)\n" : "\n", n);
}

/* Print which columns of a CSV file are read and which are learned. */
static void print_all_columns(const struct rg_dataset *data) {
    if (data && data->features) {
        print_columns("inputs", data->features, data->n_features);
    }
    if (data && data->targets) {
        print_columns("targets", data->targets, data->n_target_names);
    } else if (data && data->features && rg_dataset_is_labelled(data) && !data->windows.forecast) {
        (void)fprintf(stderr, "targets  label\n");
    }
}

/* Print the ranks that share the batch. */
static void print_ranks(const struct rg_run_facts *f) {
    const struct rg_ranks *const ranks = f->config->machine.ranks;
    char a[64], b[64], c[64];
    if (!ranks && f->plan->shards > 1) {
        (void)fprintf(stderr, "shards   %zu of a batch, summed along a fixed tree\n", f->plan->shards);
    }
    if (ranks) {
        (void)fprintf(stderr, "mpirun   %s on %s, the batch in %s; device and memory are those of rank 0\n",
                      counted(ranks->n, "rank", a), counted(ranks->n_hosts, "host", b),
                      counted(f->plan->shards, "shard", c));
    }
    if (f->config->machine.mixed) {
        (void)fprintf(stderr, "mixed    %s\n",
                      ranks ? "the ranks' devices may differ; all take loss, norm and weights of rank 0"
                            : "no effect: there is one process, without mpirun");
    }
}

void rg_screen_opening(const struct rg_screen *screen, const struct rg_run_facts *f) {
    if (screen->config->output.quiet || screen->config->output.json) {
        return;
    }
    char a[64], b[64];
    const struct rg_config *c = f->config;
    FILE *out = stderr;
    print_model(f->model);
    if (c->data.model_file) {
        (void)fprintf(out, "start    the weights of %s\n", c->data.model_file);
    }
    (void)fprintf(out, "task     %s, %s", f->problem->name, counted(f->problem->steps, "step", a));
    if (!f->problem->data && f->problem->data_steps != f->problem->steps) {
        (void)fprintf(out, " (sequences of %zu)", f->problem->data_steps);
    }
    if (f->problem->n_sequences) {
        (void)fprintf(out, ", %s", counted(f->problem->n_sequences, "sequence", b));
    }
    (void)fprintf(out, "; loss %s, baseline %.6g\n", rg_loss_names[f->problem->loss], f->problem->baseline);
    print_all_columns(f->problem->data);
    if (f->problem->targets.data) {
        char labels[RG_LABELS_BYTES];
        rg_targets_describe(&f->problem->targets, f->problem->loss, labels, sizeof labels);
        rg_screen_labels(c, labels);
    }
    const struct rg_dataset *const data = f->problem->data;
    if (data && data->streams > 0) {
        (void)fprintf(out, "streams  %s in windows of %s, between which the state goes on and the gradient stops\n",
                      counted(data->streams, "stream", a), counted(data->n_steps, "step", b));
    }
    if (f->problem->targets.weights) {
        char weights[RG_WEIGHTS_BYTES];
        rg_class_weights_describe(&f->problem->targets, weights, sizeof weights);
        (void)fprintf(out, "weights  of the classes in the training loss: %s; scores have none\n", weights);
    }
    print_held_out_sizes(f->data);
    (void)fprintf(out, "training %s of %s", counted(c->training.updates, "update", a),
                  counted(rg_update_sequences(c), "sequence", b));
    if (c->training.accumulate > 1) {
        (void)fprintf(out, " (%zu batches of %zu)", c->training.accumulate, c->data.batch);
    }
    (void)fprintf(out, ", %s, lr ", rg_optimizer_names[c->training.optimizer]);
    (void)(isnan(c->training.lr) ? fprintf(out, "auto, ") : fprintf(out, "%g, ", c->training.lr));
    if (c->training.clip_norm > 0.0) {
        (void)fprintf(out, "clip norm %g, ", c->training.clip_norm);
    }
    (void)fprintf(out, "seed %llu\n", (unsigned long long)c->training.seed);
    print_frozen(c, f->model);
    if (f->rate_test) {
        rg_rate_chart(f->rate_test, screen->look.unicode);
    }
    print_besides(f->settings);
    print_device(&f->device->info);
    print_ranks(f);
    (void)fprintf(out, "memory   %.1f MiB, ", (double)f->plan->total_bytes / 1048576.0);
    if (f->plan->chunk >= f->plan->batch) {
        (void)fprintf(out, "the whole batch at once");
    } else {
        (void)fprintf(out, "the batch in chunks of %s", counted(f->plan->chunk, "sequence", a));
    }
    if (f->plan->n_segments > 1) {
        (void)fprintf(out, ", checkpoints every %s", counted(f->plan->segment_steps, "step", a));
    }
    (void)fprintf(out, "\n");
}

void rg_screen_plan(double update_seconds, size_t updates, bool validates) {
    char a[64], all[32];
    const double seconds = update_seconds * (double)updates;
    (void)short_time(seconds, all);
    if (seconds < 1.0) {
        (void)snprintf(all, sizeof all, "%.3g ms", 1e3 * seconds);
    }
    (void)printf("dry run: an update takes %.3g ms, %s about %s%s; nothing was written\n", 1e3 * update_seconds,
                 counted(updates, "update", a), all, validates ? " and the validations" : "");
}

static int terminal_width(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

struct rg_live rg_screen_count(struct rg_screen *screen, const struct rg_update *update) {
    const double spent = now() - screen->begin, max = screen->config->training.max_time;
    screen->seen++;
    screen->clipped += update->clipped;
    const double seen = (double)screen->seen;
    const double left = spent / seen * (double)(screen->config->training.updates - update->update);
    return (struct rg_live){.baseline = screen->baseline,
                            .held_out = screen->held_out,
                            .clip_rate = (double)screen->clipped / seen,
                            .seconds_left = max > 0.0 ? fmax(fmin(left, max - screen->before - spent), 0.0) : left};
}

void rg_screen_update(struct rg_screen *screen, const struct rg_update *update, const struct rg_live *live) {
    const double t = now();
    if (screen->config->output.quiet || screen->config->output.json ||
        t - screen->last < (screen->live ? LIVE_SECONDS : PLAIN_SECONDS)) {
        return;
    }
    screen->last = t;
    char rate[32], time_left[32], line[RG_LIVE_LINE_BYTES];
    const int width = terminal_width();
    const struct rg_live_facts facts = {.update = update,
                                        .live = live,
                                        .total = screen->config->training.updates,
                                        .rate = short_rate(update->sequences_per_s, rate),
                                        .left = short_time(live->seconds_left, time_left),
                                        .history = screen->history,
                                        .heat = screen->live,
                                        .unicode = screen->look.unicode,
                                        /* a line that wraps could not be rewritten */
                                        .columns = !screen->live ? SIZE_MAX
                                                   : width > 1   ? (size_t)(width - 1)
                                                                 : 1};
    rg_live_line(&facts, line);
    (void)fprintf(stderr, "%s%s%s", screen->live ? "\r\033[K" : "", line, screen->live ? "" : "\n");
    (void)fflush(stderr);
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
    rg_screen_progress_end(screen);
    (void)fprintf(stderr, "epoch %llu, update %s  validation loss %.6g%s%s\n", (unsigned long long)v->epoch,
                  grouped(v->update, number), v->loss, measure, v->best ? "  best" : "");
}

void rg_screen_progress_end(struct rg_screen *screen) {
    if (screen->live) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
}

/* `text` on stdout in lines of at most `width` columns, its first `head` bytes in a colour. */
static void print_colored(const char *text, size_t width, size_t head, const char *color) {
    while (*text) {
        size_t end = strlen(text);
        if (end > width) {
            end = width;
            while (end > 0 && text[end] != ' ') {
                end--;
            }
            end = end ? end : width;
        }
        head = head < end ? head : end;
        (void)printf("%s%.*s%s%.*s\n", head ? color : "", (int)head, text, head && color[0] ? "\033[0m" : "",
                     (int)(end - head), text + head);
        text += end;
        text += *text == ' ';
        head = 0;
    }
}

static void print_wrapped(const char *text, size_t width) {
    print_colored(text, width, 0, "");
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
    rg_lag_plot(d->profile, where, look);
    print_partial(d->profile, !config->data.model_file && config->training.diagnose == RG_DIAGNOSE_SAMPLE);
    (void)putchar('\n');
    rg_verdict_sentence(d, sentence, sizeof sentence);
    print_colored(sentence, rg_look_text(look), strcspn(sentence, ":"),
                  look->color ? rg_verdict_colors[d->verdict.word] : "");
    (void)putchar('\n');
    rg_explain_print(d, look->verbose);
}

void rg_screen_advice(const struct rg_outcome *outcome, const struct rg_look *look) {
    struct rg_advice advice;
    char text[RG_ADVICE_TEXT];
    rg_advise(outcome, &advice);
    if (advice.row) {
        (void)putchar('\n');
        print_command(advice.command, rg_look_text(look) - 4);
        rg_advice_text(&advice, text, sizeof text);
        print_wrapped(text, rg_look_text(look));
    }
}

/* Print the results on validation and test data on stdout. */
static void print_held_out(const struct rg_run_facts *f, const struct rg_run_result *result) {
    char line[160], a[64], b[32];
    if (result->best_update) {
        (void)printf("validation loss %.6g after the last update; the lowest was %.6g, after update %s\n",
                     result->validation.loss, result->best_loss, grouped(result->best_update, b));
    }
    if (result->test) {
        rg_metrics_line(result->test, line, sizeof line);
        (void)printf("test%s: %s, on %s\n", result->test_of_best ? " with the best weights" : "", line,
                     counted(result->test->sequences, "sequence", a));
        const struct rg_metrics_names names = rg_metrics_names(f->model);
        rg_metrics_print(result->test, &names);
        (void)fputs(result->test->n_classes ? "\n" : "", stdout);
    }
}

void rg_screen_result(const struct rg_screen *screen, const struct rg_run_facts *f,
                      const struct rg_run_result *result) {
    static const char *const reasons[] = {"done",       "target loss reached",
                                          "time is up", "interrupted",
                                          "diverged",   "validation loss no longer falls: stopped"};
    const struct rg_training *const training = &result->training;
    const struct rg_diagnosis *const diagnosis = &result->diagnosis;
    char a[64], b[32];
    const char *const bold = screen->look.color ? "\033[1m" : "", *const plain = screen->look.color ? "\033[0m" : "";
    (void)printf("%s%s after %s%s", bold, reasons[training->reason], counted(training->updates, "update", a), plain);
    const bool finite = isfinite(training->loss);
    if (training->updates) {
        (void)printf(": %s %.6g (baseline %.6g)", finite ? "loss" : "last loss",
                     finite ? training->loss : fabs(training->last_loss), f->problem->baseline);
    }
    (void)putchar('\n');
    if (finite && training->loss_updates > 1) {
        (void)printf("the loss is the mean of the last %s; that of the last batch is %.6g\n",
                     counted(training->loss_updates, "update", a), training->last_loss);
    }
    print_held_out(f, result);
    if (training->updates) {
        (void)printf("gradient norm %.4g, clipped %.1f %%, skipped %llu; %.2f s, %s sequences/s\n",
                     fabs(training->grad_norm), 100.0 * (double)training->clipped / (double)training->updates,
                     (unsigned long long)training->skipped, training->seconds,
                     short_rate(training->sequences_per_s, b));
    }
    if (!isnan(f->updates_used)) {
        (void)printf("updates used %.0f %%: steps at which the state was not copied\n", 100.0 * f->updates_used);
    }
    if (screen->history) {
        rg_spark_print(screen->history, &screen->look);
    }
    rg_screen_diagnosis(diagnosis, f->config, &screen->look);
}
