/* `rnn-gpu compare`: the remedies side by side on one task, with the same seed and data. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/outputs.h"
#include "commands/setup.h"
#include "commands/stop.h"
#include "commands/trial.h"
#include "options.h"
#include "report/comparison.h"
#include "report/comparison_figures.h"
#include "report/json_lines.h"
#include "report/pages.h"
#include "report/progress.h"
#include "report/screen.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "selftest/selftest.h"

enum { N_REMEDIES = 8, N_WITH = 3, MAX_ROWS = N_REMEDIES * N_WITH, NAME_BYTES = 32 };
enum { WITH_PLAIN, WITH_CLIP, WITH_RATE };

static const char *const remedies[N_REMEDIES + 1] = {"tanh",    "relu", "irnn", "orthogonal", "skip",
                                                     "learned", "lstm", "gru",  NULL};
static const char *const withs[N_WITH + 1] = {"plain", "clip", "rate", NULL};

/* Time of an update over that of tanh, for the time left. */
static const double work_of[N_REMEDIES] = {1.0, 1.0, 1.0, 1.0, 1.6, 2.0, 4.5, 4.0};

/* ---- The rows ---- */

/* What a remedy is; everything else stays as the options say. */
static void apply_remedy(size_t remedy, struct rg_config *c) {
    const size_t skip = c->skip;
    c->skip = 0;
    switch (remedy) {
    case 1: /* relu */
        c->activation = RG_ACT_RELU;
        break;
    case 2: /* irnn: Le, Jaitly, Hinton 2015 */
        c->irnn = true;
        c->activation = RG_ACT_RELU;
        c->init = (struct rg_init){RG_INIT_IDENTITY, 1.0};
        c->init_input = (struct rg_init){RG_INIT_NORMAL, 0.001};
        break;
    case 3: /* orthogonal: Saxe, McClelland, Ganguli 2014 */
        c->init = (struct rg_init){RG_INIT_ORTHOGONAL, 1.0};
        break;
    case 4: /* skip */
        c->skip = skip > 0 ? skip : c->steps >= 20 ? c->steps / 10 : 2;
        break;
    case 5: /* learned: Campos et al. 2018 */
        c->skip_kind = RG_SKIP_LEARNED;
        c->skip = 1;
        break;
    case 6: /* lstm: Hochreiter, Schmidhuber 1997; Jozefowicz, Zaremba, Sutskever 2015 for the bias */
        c->cell = RG_CELL_LSTM;
        c->forget_bias = isnan(c->forget_bias) ? 1.0 : c->forget_bias;
        break;
    case 7: /* gru */
        c->cell = RG_CELL_GRU;
        break;
    default: /* tanh: nothing is done */
        break;
    }
}

/* Clipping, or a controlled learning rate, or neither. Without --schedule and --warmup the rate rises over the first
 * tenth of the updates and falls to 0 by a half cosine. */
static void apply_with(size_t with, struct rg_config *c) {
    if (with == WITH_CLIP) {
        c->clip_norm = c->clip_norm > 0.0 || c->clip_value > 0.0 ? c->clip_norm : 1.0;
    } else {
        c->clip_norm = c->clip_value = 0.0;
    }
    if (with == WITH_RATE) {
        c->schedule.kind = c->schedule.kind == RG_SCHEDULE_CONSTANT ? RG_SCHEDULE_COSINE : c->schedule.kind;
        c->warmup = c->warmup > 0 ? c->warmup : c->updates / 10;
    } else {
        c->schedule = (struct rg_schedule_options){RG_SCHEDULE_CONSTANT, 0, 1.0};
        c->warmup = 0;
    }
}

static size_t find(const char *const *names, const char *name, size_t length) {
    size_t i = 0;
    while (names[i] != NULL && (strlen(names[i]) != length || strncmp(names[i], name, length) != 0)) {
        i++;
    }
    return i;
}

static rg_status refuse(const char *what, const char *const *names, const char *name, size_t length) {
    char text[NAME_BYTES];
    (void)snprintf(text, sizeof text, "%.*s", (int)length, name);
    const char *const nearest = rg_name_nearest(text, names);
    return rg_fail(RG_USAGE, "--remedies: unknown %s '%s'; help compare lists them%s%s", what, text,
                   nearest ? "; did you mean " : "", nearest ? nearest : "");
}

static rg_status add_row(struct rg_comparison *comparison, const struct rg_config *config, size_t remedy, size_t with) {
    for (size_t i = 0; i < comparison->n_rows; i++) {
        const struct rg_comparison_row *const row = &comparison->rows[i];
        if (row->remedy == remedies[remedy] && row->with == withs[with]) {
            return rg_fail(RG_USAGE, "--remedies: %s+%s is there twice; name it once", row->remedy, row->with);
        }
    }
    struct rg_comparison_row *const row = &comparison->rows[comparison->n_rows++];
    *row = (struct rg_comparison_row){.remedy = remedies[remedy], .with = withs[with], .config = *config};
    apply_remedy(remedy, &row->config);
    apply_with(with, &row->config);
    return RG_OK;
}

/* The rows of one word, `lstm` or `lstm+clip`. */
static rg_status add_word(struct rg_comparison *comparison, const struct rg_config *config, const char *word,
                          size_t length) {
    const char *const plus = memchr(word, '+', length);
    const size_t name = plus ? (size_t)(plus - word) : length;
    const size_t remedy = find(remedies, word, name);
    if (remedy == N_REMEDIES) {
        return refuse("remedy", remedies, word, name);
    }
    const size_t with = plus ? find(withs, plus + 1, length - name - 1) : 0;
    if (plus && with == N_WITH) {
        return refuse("variant", withs, plus + 1, length - name - 1);
    }
    for (size_t i = plus ? with : 0; i < (plus ? with + 1 : N_WITH); i++) {
        RG_TRY(add_row(comparison, config, remedy, i));
    }
    return RG_OK;
}

static rg_status choose_rows(struct rg_comparison *comparison, const struct rg_config *config) {
    RG_TRY(rg_alloc(&comparison->rows, MAX_ROWS, sizeof *comparison->rows, "rows of the comparison"));
    for (const char *at = config->remedies;; at++) {
        const size_t length = strcspn(at, ",");
        RG_TRY(add_word(comparison, config, at, length));
        at += length;
        if (*at == '\0') {
            return RG_OK;
        }
    }
}

/* ---- The runs ---- */

struct job {
    struct rg_comparison comparison;
    struct rg_run_data data;
    struct rg_device *device;
    struct rg_progress progress;
    const volatile sig_atomic_t *stop;
    const struct rg_comparison_row *row; /* that is being trained */
    char name[NAME_BYTES + 32];          /* of it */
};

static double row_work(const struct rg_comparison_row *row) {
    return work_of[find(remedies, row->remedy, strlen(row->remedy))];
}

static void on_update(void *self, const struct rg_update *update) {
    struct job *const j = self;
    rg_progress_update(&j->progress, j->name, row_work(j->row), update, j->row->config.updates);
}

static void print_json(const struct rg_comparison_row *row) {
    const struct rg_config *const c = &row->config;
    json_t *const line = json_pack("{s:s, s:s, s:I, s:f, s:f, s:s, s:o}", "remedy", row->remedy, "with", row->with,
                                   "hidden", (json_int_t)c->hidden, "lr", c->lr, "clip_norm", c->clip_norm, "schedule",
                                   rg_schedule_names[c->schedule.kind], "seed", rg_json_seed(c->seed));
    json_t *const summary = rg_summary_json(&row->summary);
    (void)json_object_update(line, summary);
    json_decref(summary);
    rg_json_print(line);
    if (ferror(stdout)) {
        rg_stop_no_reader();
    }
}

static rg_status run_row(struct job *j, size_t i) {
    struct rg_comparison *const c = &j->comparison;
    struct rg_comparison_row *const row = &c->rows[i];
    const struct rg_trainer_hooks hooks = {.on_update = on_update, .self = j, .stop = j->stop};
    char result[80];
    j->row = row;
    (void)snprintf(j->name, sizeof j->name, "%zu/%zu %s %s", i + 1, c->n_rows, row->remedy, row->with);
    RG_TRY(rg_trial(&row->config, &j->data, j->device, &hooks, &row->summary));
    if (row->summary.reason == RG_REASON_INTERRUPTED) {
        return RG_OK;
    }
    row->done = true;
    if (row->summary.reason == RG_REASON_DIVERGED) {
        (void)snprintf(result, sizeof result, "diverged at update %llu", (unsigned long long)row->summary.updates);
    } else {
        (void)snprintf(result, sizeof result, "loss %.4g, %.1f s", row->summary.loss, row->summary.seconds);
    }
    rg_progress_run(&j->progress, j->name, row_work(row), result);
    if (row->config.json) {
        print_json(row);
    }
    return RG_OK;
}

/* The pictures of what is done. */
static rg_status write_pages(const struct job *j, const struct rg_config *config, const size_t *order, size_t n) {
    struct rg_plot plots[RG_COMPARISON_FIGURES] = {{.n_series = 0}};
    struct rg_facts facts = {.n = 0};
    struct rg_own_table table = {.pointers = NULL};
    char title[RG_PLOT_TEXT];
    rg_status status = RG_OK;
    const struct rg_summary *const first = &j->comparison.rows[n ? order[0] : 0].summary;
    (void)snprintf(title, sizeof title, "Remedies for %s, %zu steps", first->task, first->steps);
    rg_facts_add(&facts, "baseline's loss", "%.6g", first->baseline);
    rg_facts_add(&facts, "runs", "%zu of %zu", n, j->comparison.n_rows);
    rg_facts_add(&facts, "device", "%.120s%s", j->device->info.name, rg_device_math(&j->device->info));
    RG_TRY_GOTO(rg_comparison_figures(&j->comparison, order, n, plots));
    RG_TRY_GOTO(rg_comparison_table(&j->comparison, order, n, &table));
    const struct rg_report report = {.title = title,
                                     .config = config,
                                     .command = "compare",
                                     .facts = facts.items,
                                     .n_facts = facts.n,
                                     .tables = &table.table,
                                     .n_tables = 1,
                                     .plots = plots,
                                     .n_plots = RG_COMPARISON_FIGURES};
    RG_TRY_GOTO(rg_pages_write(config, &report));
fail:
    for (size_t i = 0; i < RG_COMPARISON_FIGURES; i++) {
        rg_plot_clear(&plots[i]);
    }
    rg_table_release(&table);
    return status;
}

/* The table of what is done. */
static rg_status show(const struct job *j, const struct rg_config *config) {
    const struct rg_comparison *const c = &j->comparison;
    struct rg_screen screen;
    size_t order[MAX_ROWS];
    const size_t n = rg_comparison_rank(c, order);
    rg_screen_init(&screen, config);
    if (n > 0 && !config->json) {
        rg_comparison_print(c, order, n, screen.color);
    }
    RG_TRY(rg_pages_wanted(config) && n > 0 ? write_pages(j, config, order, n) : RG_OK);
    if (*j->stop) {
        rg_log("interrupted; %zu of %zu rows are done", n, c->n_rows);
        return rg_stop_status();
    }
    return RG_OK;
}

static bool has_learned_skip(const struct rg_comparison *c) {
    bool any = false;
    for (size_t i = 0; i < c->n_rows; i++) {
        any = any || (c->rows[i].config.skip && c->rows[i].config.skip_kind == RG_SKIP_LEARNED);
    }
    return any;
}

static rg_status compare(struct job *j, const struct rg_config *config) {
    struct rg_comparison *const c = &j->comparison;
    double work = 0.0;
    RG_TRY(rg_pages_check(config));
    RG_TRY(rg_outputs_check(config, false));
    RG_TRY(choose_rows(c, config));
    RG_TRY(rg_run_data_read(config, &j->data));
    RG_TRY(rg_setup_device(config, &j->device));
    RG_TRY(
        rg_selftest_quick(j->device, &(struct rg_selftest_scope){.cell = RG_N_CELLS, .learned = has_learned_skip(c)}));
    RG_TRY(rg_pages_try(config));
    for (size_t i = 0; i < c->n_rows; i++) {
        work += row_work(&c->rows[i]);
    }
    rg_progress_init(&j->progress, config, work);
    j->stop = rg_stop_catch();
    for (size_t i = 0; i < c->n_rows && !*j->stop; i++) {
        RG_TRY(run_row(j, i));
    }
    rg_progress_end(&j->progress);
    return show(j, config);
}

rg_status rg_command_compare(const struct rg_config *config) {
    struct job j = {.stop = NULL};
    const rg_status status = compare(&j, config);
    rg_free(j.comparison.rows);
    rg_device_destroy(j.device);
    rg_run_data_release(&j.data);
    return status;
}
