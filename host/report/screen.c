/* What a person sees of a training run: see screen.h. */
#define _GNU_SOURCE
#include "report/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "report/figures.h"
#include "report/explain.h"
#include "report/lag_plot.h"
#include "report/remedy.h"
#include "report/spark.h"

static const double LIVE_SECONDS = 0.1, PLAIN_SECONDS = 10.0;

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool rg_screen_is_unicode(void) {
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void rg_screen_init(struct rg_screen *screen, const struct rg_config *config) {
    *screen = (struct rg_screen){.config = config};
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    const bool dumb = !term || strcmp(term, "dumb") == 0;
    screen->live = !config->quiet && !config->json && isatty(STDERR_FILENO) && !dumb;
    screen->color =
        config->color == 1 || (config->color < 0 && isatty(STDOUT_FILENO) && !dumb && !(no_color && no_color[0]));
    const locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0); /* setlocale would change more than the screen */
    screen->unicode = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    if (locale) {
        freelocale(locale);
    }
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

/* The version, which `devices` shows too, only where the line stays within 80 columns. */
static void print_device(const struct rg_device_info *info) {
    char line[80], version[80];
    const int used = snprintf(line, sizeof line, "device   %s: %s, %d %s%s%s", info->backend, info->name, info->units,
                              info->backend[0] == 'n' ? "threads" : "units",
                              info->real_bytes == sizeof(double) ? ", double precision" : "", rg_device_math(info));
    const int more = snprintf(version, sizeof version, ", %s", info->version);
    (void)fprintf(stderr, "%s%s\n", line, used + more <= (int)sizeof line ? version : "");
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

static void print_model(const struct rg_model *model) {
    const struct rg_shape *const shape = &model->shape;
    char weights[32];
    (void)fprintf(stderr, "model    %s", rg_cell_names[shape->cell]);
    if (shape->cell == RG_CELL_RNN) {
        (void)fprintf(stderr, " %s", rg_activation_names[shape->activation]);
    }
    if (shape->layers > 1) {
        (void)fprintf(stderr, ", %zu layers", shape->layers);
    }
    if (shape->bidirectional) {
        (void)fprintf(stderr, ", bidirectional");
    }
    if (shape->skip && shape->skip_kind == RG_SKIP_LEARNED) {
        (void)fprintf(stderr, ", learned skip");
    } else if (shape->skip) {
        (void)fprintf(stderr, ", skip %zu %s", shape->skip, rg_skip_kind_names[shape->skip_kind]);
    }
    if (shape->words) {
        (void)fprintf(stderr, "; %zu words", shape->words);
    }
    (void)fprintf(stderr, "%s%zu -> %zu -> %zu, %s weights\n", shape->words ? " -> " : "; ", shape->inputs,
                  shape->hidden, shape->outputs, grouped(model->n_weights, weights));
}

void rg_screen_opening(const struct rg_screen *screen, const struct rg_run_facts *f) {
    if (screen->config->quiet || screen->config->json) {
        return;
    }
    char a[64], b[64];
    const struct rg_config *c = f->config;
    FILE *out = stderr;
    print_model(f->model);
    (void)fprintf(out, "task     %s, %s", f->problem->name, counted(f->problem->steps, "step", a));
    if (f->problem->n_sequences) {
        (void)fprintf(out, ", %s", counted(f->problem->n_sequences, "sequence", b));
    }
    (void)fprintf(out, "; loss %s, baseline %.6g\n", rg_loss_names[f->problem->loss], f->problem->baseline);
    (void)fprintf(out, "training %s of %s, %s, lr %g, ", counted(c->updates, "update", a),
                  counted(c->batch, "sequence", b), rg_optimizer_names[c->optimizer], c->lr);
    if (c->clip_norm > 0.0) {
        (void)fprintf(out, "clip norm %g, ", c->clip_norm);
    }
    (void)fprintf(out, "seed %llu\n", (unsigned long long)c->seed);
    print_device(&f->device->info);
    (void)fprintf(out, "memory   %.1f MiB, ", (double)f->plan->total_bytes / 1048576.0);
    if (f->plan->chunk >= f->plan->batch) {
        (void)fprintf(out, "the whole batch at once");
    } else {
        (void)fprintf(out, "the batch in chunks of %s", counted(f->plan->chunk, "sequence", a));
    }
    if (f->plan->windows > 1) {
        (void)fprintf(out, ", checkpoints every %s", counted(f->plan->window, "step", a));
    }
    (void)fprintf(out, "\n");
}

static int terminal_width(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void rg_screen_update(struct rg_screen *screen, const struct rg_update *update) {
    screen->seen++;
    screen->clipped += update->clipped;
    const double t = now();
    if (screen->config->quiet || screen->config->json ||
        t - screen->last < (screen->live ? LIVE_SECONDS : PLAIN_SECONDS)) {
        return;
    }
    screen->last = t;
    char rate[32], time_left[32];
    const uint64_t total = screen->config->updates;
    const double left = (t - screen->begin) / (double)update->update * (double)(total - update->update);
    char line[200], share[32] = "";
    const struct rg_history *const h = screen->history;
    if (h && h->sample.n) {
        const double lags = rg_history_long_share(h, h->sample.n - 1, rg_history_main_matrix(h));
        (void)snprintf(share, sizeof share, "  long %.3g %%", 100.0 * lags);
    }
    int length = snprintf(line, sizeof line, "%s%llu/%llu  loss %.4g  norm %.3g  clip %.0f %%%s  %s seq/s  %s left",
                          share[0] ? "" : "update ", (unsigned long long)update->update, (unsigned long long)total,
                          update->loss, fabs(update->grad_norm), 100.0 * (double)screen->clipped / (double)screen->seen,
                          share, short_rate(update->sequences_per_s, rate), short_time(left, time_left));
    /* a line that wraps could not be rewritten */
    const int width = screen->live ? terminal_width() - 1 : length;
    length = length < width ? length : width;
    (void)fprintf(stderr, "%s%.*s%s", screen->live ? "\r\033[K" : "", length, line, screen->live ? "" : "\n");
    (void)fflush(stderr);
}

void rg_screen_progress_end(struct rg_screen *screen) {
    if (screen->live) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
    }
}

void rg_verdict_sentence(const struct rg_lag_profile *profile, const struct rg_judgement *j, char *out, size_t bytes) {
    static const char *const reasons[] = {
        [RG_STABLE] = "",
        [RG_VANISHING] = "",
        [RG_EXPLODING] = "",
        [RG_MIXED] = " Some sequences or directions keep the gradient, others lose or blow it up.",
        [RG_SENSITIVE] = " The state passes it on, and yet the weights' gradient grows with the steps.",
    };
    const struct rg_lag_terms *const hh = &profile->matrices[RG_LAG_HH];
    if (profile->probe < 2) {
        (void)snprintf(out, bytes, "%s: one step has no past; the gradient is that of lag 0.",
                       rg_verdict_names[j->verdict]);
        return;
    }
    if (isnan(j->decay)) {
        (void)snprintf(out, bytes, "%s: at most one step of each sequence has a gradient.",
                       rg_verdict_names[j->verdict]);
        return;
    }
    char reach[32];
    (void)snprintf(out, bytes,
                   "%s: going back in time the gradient changes by a factor %.4g a step, %s over %zu steps; "
                   "lags below %zu give the gradient of %s to 10 %%.%s",
                   rg_verdict_names[j->verdict], j->decay, rg_explain_power(j->log10_reach, reach), j->last,
                   hh->horizon, "weight_hh", reasons[j->verdict]);
}

/* `text` on stdout in lines of at most `width` columns. */
static void print_wrapped(const char *text, size_t width) {
    while (*text) {
        size_t end = strlen(text);
        if (end > width) {
            end = width;
            while (end > 0 && text[end] != ' ') {
                end--;
            }
            end = end ? end : width;
        }
        (void)printf("%.*s\n", (int)end, text);
        text += end;
        text += *text == ' ';
    }
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

void rg_screen_finding(const struct rg_finding *f, const struct rg_config *config, bool color, bool unicode) {
    char sentence[500], remedy[RG_REMEDY_BYTES];
    const struct rg_lag_profile *const last = rg_lag_profile_of(f->profiles, f->profiles->layers - 1, 0);
    (void)putchar('\n');
    rg_lag_plot(last, color, unicode);
    (void)putchar('\n');
    rg_explain_print(f->profiles, f->causes, f->judgement);
    (void)putchar('\n');
    rg_verdict_sentence(last, f->judgement, sentence, sizeof sentence);
    print_wrapped(sentence, 80);
    rg_remedy_command(f->judgement->verdict, config, remedy, sizeof remedy);
    if (remedy[0]) {
        print_command(remedy, 76);
    }
}

void rg_screen_result(const struct rg_screen *screen, const struct rg_run_facts *f, const struct rg_training *training,
                      const struct rg_validation *validation, const struct rg_finding *finding) {
    static const char *const reasons[] = {"done", "target loss reached", "time is up", "interrupted", "diverged"};
    char a[64], b[32];
    const char *const bold = screen->color ? "\033[1m" : "", *const plain = screen->color ? "\033[0m" : "";
    (void)printf("%s%s after %s%s", bold, reasons[training->reason], counted(training->updates, "update", a), plain);
    if (training->updates) {
        (void)printf(": loss %.6g (baseline %.6g)", training->loss, f->problem->baseline);
    }
    (void)putchar('\n');
    if (validation) {
        (void)printf("held out: loss %.6g", validation->loss);
        if (!isnan(validation->accuracy)) {
            (void)printf(", accuracy %.4f", validation->accuracy);
        }
        (void)printf(" on %s\n", counted(validation->sequences, "sequence", a));
    }
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
        rg_spark_print(screen->history, screen->color, screen->unicode);
    }
    if (finding) {
        rg_screen_finding(finding, f->config, screen->color, screen->unicode);
    }
}
