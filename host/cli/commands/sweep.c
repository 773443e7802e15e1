/* `rnn-gpu sweep`: a grid of trainings, many at once. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/attempts.h"
#include "base/clock.h"
#include "base/counted.h"
#include "base/guard.h"
#include "base/stop.h"
#include "cli/commands/alike.h"
#include "cli/commands/commands.h"
#include "cli/commands/deal.h"
#include "cli/commands/grid.h"
#include "cli/commands/outputs.h"
#include "cli/commands/run_command.h"
#include "cli/commands/run_table.h"
#include "cli/commands/sweep_tables.h"
#include "cli/commands/trainings.h"
#include "cli/live.h"
#include "cli/report/pages.h"
#include "cli/report/progress.h"
#include "cli/report/screen.h"
#include "cli/report/sweep_figures.h"
#include "files/json.h"
#include "files/json_lines.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "train/replicas.h"
#include "verify/selftest/selftest.h"

enum { NAME_BYTES = 48 /* bytes of a task's name in a title */ };

struct sweep {
    const struct rg_config *config;
    struct rg_grid_of_runs *grid;
    struct rg_replicas replicas;
    struct rg_progress progress;
    struct rg_json_lines lines; /* with --json */
    struct rg_sweep_tables tables;
    struct rg_trainings trainings;
    struct rg_run_table table;        /* with --out F.csv or F.jsonl */
    char (*models)[RG_TRAINING_PATH]; /* [2 n] with --keep: files of each run's last and best weights; else NULL */
    struct rg_sweep_axis axes[RG_MAX_AXES];
    const struct rg_summary **runs; /* [n]; NULL: not done yet */
    struct rg_sweep_view view;      /* view of the grid and the runs */
    char labels[RG_LABELS_BYTES];   /* labels as last printed */
    rg_status shown;                /* whether the rows of the runs could be shown */
    struct rg_device_info device;
    bool told_device;
};

/* ---- Runs ---- */

static void on_run(void *self, size_t i, size_t finished) {
    struct sweep *const s = self;
    rg_guard_forbid_restart(RG_GUARD_RESULTS);
    rg_live_clear();
    if (!s->told_device) {
        rg_screen_device(s->config, &s->device);
        s->told_device = true;
    }
    if (strcmp(s->labels, s->replicas.items[i].summary.labels) != 0) {
        (void)snprintf(s->labels, sizeof s->labels, "%s", s->replicas.items[i].summary.labels);
        rg_screen_labels(s->config, s->labels);
    }
    const struct rg_replica *const run = &s->replicas.items[i];
    const char *const model = run->model ? run->model : "";
    s->shown = s->shown == RG_OK ? rg_sweep_print_run(&s->tables, i, &run->summary, model) : s->shown;
    rg_run_table_add(&s->table, i + 1, rg_sweep_values(s->grid, s->grid->n_axes, i), &run->summary, run->model,
                     run->best);
    rg_progress_count(&s->progress, finished);
    if (s->lines.status != RG_OK || ferror(stdout)) {
        rg_stop_no_reader();
    }
}

static void on_device(void *self, const struct rg_device_info *info) {
    struct sweep *const s = self;
    s->device = *info;
}

/* ---- Results ---- */

static rg_status make_runs(struct sweep *s) {
    struct rg_replicas *const r = &s->replicas;
    RG_TRY(rg_grid_create(s->config, &s->grid));
    r->n = s->grid->n_runs;
    RG_TRY(rg_alloc(&r->items, r->n, sizeof *r->items, "runs of a sweep"));
    RG_TRY(rg_alloc(&s->runs, r->n, sizeof *s->runs, "runs of a sweep"));
    for (size_t i = 0; i < r->n; i++) {
        RG_TRY(rg_grid_config(s->grid, i, s->config, &r->items[i].config));
        r->items[i].config.machine.ranks = NULL; /* each training belongs to one rank */
    }
    s->tables = (struct rg_sweep_tables){.config = s->config,
                                         .grid = s->grid,
                                         .runs = s->runs,
                                         .lines = &s->lines,
                                         .on_processor = &s->replicas.on_processor,
                                         .look = rg_look_of(s->config),
                                         .validates = rg_run_validates(&r->items[0].config)};
    return RG_OK;
}

/* Set the view of the finished runs for tables and figures. */
static size_t set_view(struct sweep *s) {
    static const char *const names[] = {
        [RG_OVER_SEEDS] = "seed", [RG_OVER_FOLDS] = "fold", [RG_OVER_BOTH] = "seed, fold"};
    const struct rg_grid_of_runs *const grid = s->grid;
    size_t done = 0;
    for (size_t i = 0; i < s->replicas.n; i++) {
        const struct rg_replica *const item = &s->replicas.items[i];
        s->runs[i] = item->done ? &item->summary : NULL;
        done += item->done;
    }
    for (size_t i = 0; i < grid->n_axes; i++) {
        s->axes[i] = (struct rg_sweep_axis){grid->axes[i].option->name, grid->axes[i].n, grid->axes[i].values};
    }
    const size_t inner = rg_grid_inner_axes(grid);
    const enum rg_sweep_members members = rg_grid_member_kind(grid);
    if (inner > 0) { /* seed and fold are one axis there, whose values are not shown */
        s->axes[grid->n_axes - inner] = (struct rg_sweep_axis){names[members], rg_grid_members(grid), NULL};
    }
    s->view = (struct rg_sweep_view){s->axes, grid->n_axes - (inner > 0 ? inner - 1 : 0), inner > 0, s->runs, members};
    return done;
}

/* "Sweep on adding: cell, steps, seed". */
static void name_sweep(const struct sweep *s, const struct rg_summary *run, char title[RG_PLOT_TEXT]) {
    char task[NAME_BYTES];
    rg_utf8_copy(task, sizeof task, run->task);
    int length = snprintf(title, RG_PLOT_TEXT, "Sweep on %s", task);
    for (size_t i = 0, n = 0; i < s->view.n_axes && length < RG_PLOT_TEXT; i++) {
        if (s->axes[i].n > 1) {
            length +=
                snprintf(title + length, RG_PLOT_TEXT - (size_t)length, "%s %s", n++ ? "," : ":", s->axes[i].name);
        }
    }
}

/* The first run that is done; NULL: none is. */
static const struct rg_summary *first_done(const struct sweep *s) {
    size_t i = 0;
    while (i < s->replicas.n && !s->runs[i]) {
        i++;
    }
    return i < s->replicas.n ? s->runs[i] : NULL;
}

/* Add the baseline's loss, or its range over the runs that are done: each fold, and with
 * --val-frac each seed, trains on other sequences and has its own baseline. */
static void list_baselines(const struct sweep *s, struct rg_facts *facts) {
    char low[32], high[32];
    double min = INFINITY, max = -INFINITY;
    for (size_t i = 0; i < s->replicas.n; i++) {
        if (s->runs[i]) {
            min = fmin(min, rg_summary_baseline(s->runs[i]));
            max = fmax(max, rg_summary_baseline(s->runs[i]));
        }
    }
    (void)snprintf(low, sizeof low, "%.6g", min);
    (void)snprintf(high, sizeof high, "%.6g", max);
    rg_facts_add(facts, "baseline's loss", "%s%s%s", low, strcmp(low, high) == 0 ? "" : " to ",
                 strcmp(low, high) == 0 ? "" : high);
}

static void list_facts(const struct sweep *s, size_t done, struct rg_facts *facts) {
    const struct rg_summary *const run = first_done(s);
    rg_facts_add(facts, "task", "%s", run->task);
    rg_facts_add(facts, "runs", "%zu of %zu", done, s->replicas.n);
    if (s->grid->n_steps < 2) {
        list_baselines(s, facts);
    }
    rg_facts_data(facts, s->config);
    rg_trainings_facts(&s->trainings, s->replicas.n, rg_seconds() - s->progress.begin, facts);
    rg_facts_device(facts, &s->device);
}

/* List the options of the runs that are done: which ones differ between runs, and which ones all runs share. */
static rg_status list_settings(const struct sweep *s, size_t done, struct rg_settings *settings) {
    const struct rg_config **ran = NULL;
    RG_TRY(rg_alloc(&ran, done, sizeof *ran, "the record of the runs"));
    for (size_t i = 0, n = 0; i < s->replicas.n; i++) {
        if (s->runs[i]) {
            ran[n++] = &s->runs[i]->config;
        }
    }
    const rg_status status = rg_settings_create("sweep", s->config, ran, done, settings);
    rg_free(ran);
    return status;
}

static rg_status fill_pages(const struct sweep *s, size_t done, struct rg_pages *pages) {
    name_sweep(s, first_done(s), pages->title);
    list_facts(s, done, &pages->facts);
    RG_TRY(list_settings(s, done, &pages->settings));
    RG_TRY(rg_figures_draw(RG_FIGURES_SWEEP, &(struct rg_figure_source){.sweep = &s->view}, pages->plots));
    RG_TRY(rg_sweep_reach(&s->view, &pages->tables[0]));
    RG_TRY(rg_sweep_table(&s->view, &pages->tables[1]));
    if (s->tables.validates) {
        RG_TRY(rg_sweep_held_out(&s->view, RG_HELD_VALIDATION, &pages->tables[2]));
        RG_TRY(rg_sweep_held_out_runs(&s->view, &pages->tables[3]));
    }
    return s->config->data.test ? rg_sweep_held_out(&s->view, RG_HELD_TEST, &pages->tables[4]) : RG_OK;
}

static rg_status write_pages(const struct sweep *s, size_t done) {
    struct rg_pages *pages = NULL;
    RG_TRY(rg_pages_create(s->config, RG_FIGURES_SWEEP, &pages));
    return rg_pages_end(pages, fill_pages(s, done, pages));
}

/* Print how the best run is trained alone. */
static rg_status show_command(const struct sweep *s) {
    size_t best = s->replicas.n;
    double lowest = INFINITY;
    for (size_t i = 0; i < s->replicas.n; i++) {
        if (s->runs[i] && rg_summary_ranked(s->runs[i]) < lowest) {
            lowest = rg_summary_ranked(s->runs[i]);
            best = i;
        }
    }
    if (best == s->replicas.n) {
        return RG_OK;
    }
    struct rg_config asked = s->replicas.items[best].config;
    asked.machine.device = s->replicas.on_processor ? "cpu" : asked.machine.device;
    return rg_run_command_print(
        &asked, s->tables.validates ? "the run with the lowest validation loss" : "the run with the lowest median",
        rg_look_text(&s->tables.look));
}

static rg_status show_rest(struct sweep *s) {
    const size_t done = set_view(s);
    RG_TRY(s->shown);
    RG_TRY(rg_sweep_print_runs_end(&s->tables));
    if (s->grid->n_folds == 1 && s->grid->n_seeds > 1) {
        RG_TRY(rg_sweep_print_groups(&s->tables));
    }
    if (s->tables.validates && rg_grid_members(s->grid) > 1) {
        RG_TRY(rg_sweep_print_held_out(&s->tables));
    }
    if (s->config->data.test && rg_grid_members(s->grid) > 1 && !s->config->output.json) {
        RG_TRY(rg_sweep_print_tests(&s->tables));
    }
    if (s->grid->n_steps > 1) {
        RG_TRY(rg_sweep_print_reach(&s->tables));
    }
    RG_TRY(s->config->output.json || s->grid->n_folds > 1 ? RG_OK : show_command(s));
    struct rg_attempts attempts = {.status = RG_OK};
    rg_attempt(&attempts, rg_pages_wanted(s->config) && done > 0 ? write_pages(s, done) : RG_OK);
    rg_attempt(&attempts, rg_run_table_close(&s->table));
    rg_attempt(&attempts, rg_json_lines_status(&s->lines));
    RG_TRY(rg_attempts_end(&attempts));
    if (!s->config->output.json) {
        rg_outputs_print(s->config, RG_OUT_RUNS, rg_look_text(&s->tables.look));
        rg_trainings_tell_models(&s->trainings, rg_look_text(&s->tables.look));
    }
    if (rg_stop_requested()) {
        rg_trainings_tell_rest(&s->trainings, done, s->replicas.n, "run");
        return rg_stop_status();
    }
    return RG_OK;
}

static rg_status test_device(struct rg_device *device, bool learned) {
    return rg_selftest_quick(device, &(struct rg_selftest_scope){.cell = RG_N_CELLS, .learned = learned});
}

static rg_status on_trained(void *self, size_t i) {
    struct sweep *const s = self;
    const struct rg_replica *const run = &s->replicas.items[i];
    return rg_trainings_keep(&s->trainings, &run->config, &run->summary);
}

/* Name the file of each run's model. */
static rg_status name_models(struct sweep *s) {
    RG_TRY(rg_alloc(&s->models, 2 * s->replicas.n, sizeof *s->models, "names of models"));
    for (size_t i = 0; i < s->replicas.n; i++) {
        struct rg_replica *const run = &s->replicas.items[i];
        RG_TRY(rg_trainings_model(&s->trainings, &run->config, i + 1, s->models[2 * i]));
        rg_trainings_best(s->models[2 * i], s->models[2 * i + 1]);
        run->model = s->models[2 * i];
        run->best = s->models[2 * i + 1];
    }
    return RG_OK;
}

/* ---- With several ranks ---- */

/* This rank's runs, with their indexes in the grid. */
struct share {
    struct sweep *sweep;
    struct rg_replicas replicas;
    const size_t *places; /* [replicas.n] */
};

static const struct rg_config *dealt_config(const void *self, size_t i) {
    const struct sweep *const s = self;
    return &s->replicas.items[i].config;
}

static const struct rg_summary *dealt_summary(const void *self, size_t i) {
    const struct sweep *const s = self;
    return s->replicas.items[i].done ? &s->replicas.items[i].summary : NULL;
}

static void on_dealt_device(void *self, const struct rg_device_info *info) {
    const struct share *const share = self;
    on_device(share->sweep, info);
}

static rg_status on_dealt_trained(void *self, size_t i) {
    struct share *const share = self;
    const struct rg_replica *const run = &share->replicas.items[i];
    return rg_trainings_keep(&share->sweep->trainings, &run->config, &run->summary);
}

static void on_dealt_run(void *self, size_t i, size_t finished) {
    struct share *const share = self;
    (void)i;
    rg_progress_count(&share->sweep->progress, finished);
}

static rg_status train_dealt(void *self, const size_t *mine, size_t n_mine) {
    struct sweep *const s = self;
    struct share share = {.sweep = s, .places = mine, .replicas = s->replicas};
    RG_TRY(rg_alloc(&share.replicas.items, n_mine, sizeof *share.replicas.items, "runs of a sweep"));
    share.replicas.n = n_mine;
    share.replicas.on_run = on_dealt_run;
    share.replicas.on_trained = on_dealt_trained;
    share.replicas.on_device = on_dealt_device;
    share.replicas.self = &share;
    for (size_t i = 0; i < n_mine; i++) {
        share.replicas.items[i] = s->replicas.items[mine[i]];
    }
    rg_progress_init(&s->progress, s->config, (double)n_mine);
    const rg_status status = rg_replicas_run(&share.replicas);
    rg_live_clear();
    for (size_t i = 0; i < n_mine; i++) {
        s->replicas.items[mine[i]] = share.replicas.items[i];
    }
    rg_free(share.replicas.items);
    return status;
}

/* Train this rank's runs. Afterwards rank 0 has all results. */
static rg_status deal(struct sweep *s) {
    const struct rg_deal all = {.ranks = s->config->machine.ranks,
                                .trainings = &s->trainings,
                                .n = s->replicas.n,
                                .config = dealt_config,
                                .train = train_dealt,
                                .summary = dealt_summary,
                                .self = s};
    RG_TRY(rg_deal(&all));
    for (size_t i = 0; i < s->replicas.n; i++) {
        s->replicas.items[i].done = false; /* until they are found, in the grid's order */
    }
    return RG_OK;
}

/* Find the runs that an earlier sweep with this --out has done. */
static rg_status find_done(struct sweep *s) {
    for (size_t i = 0; i < s->replicas.n; i++) {
        struct rg_replica *const run = &s->replicas.items[i];
        RG_TRY(rg_trainings_find(&s->trainings, &run->config, &run->summary, &run->done));
    }
    if (s->trainings.n_found > 0) {
        char number[RG_COUNTED_BYTES];
        rg_log("%zu of %s %s done before; %s in %s", s->trainings.n_found, rg_counted(s->replicas.n, "run", number),
               s->trainings.n_found == 1 ? "was" : "were",
               s->trainings.n_found == 1 ? "its result is" : "their results are", s->trainings.folder);
    }
    return RG_OK;
}

/* Do everything that can fail before the first training. */
static rg_status prepare(struct sweep *s) {
    RG_TRY(make_runs(s));
    RG_TRY(rg_pages_check(s->config, RG_FIGURES_SWEEP));
    RG_TRY(rg_outputs_check(s->config, RG_OUT_RUNS));
    (void)set_view(s);
    RG_TRY(rg_sweep_figure_check(&s->view, s->config->output.figure));
    RG_TRY(rg_run_data_check_again(&s->replicas.items[0].config, rg_grid_members(s->grid) > 1));
    RG_TRY(rg_trainings_open(s->config, &s->trainings));
    return s->config->output.keep ? name_models(s) : RG_OK;
}

static rg_status sweep(struct sweep *s) {
    struct rg_ranks *const ranks = s->config->machine.ranks;
    RG_TRY(rg_ranks_agree(ranks, prepare(s)));
    s->replicas.on_trained = on_trained;
    s->replicas.config = s->config;
    s->replicas.on_run = on_run;
    s->replicas.self = s;
    s->replicas.on_device = on_device;
    s->replicas.test_device = test_device;
    rg_stop_answer("leaving out the runs that are being trained, then showing those that are done");
    if (rg_ranks_several(ranks)) {
        RG_TRY(rg_alike_check_data(s->config));
        RG_TRY(deal(s));
        if (ranks->rank > 0) {
            return RG_OK;
        }
    }
    RG_TRY(find_done(s));
    RG_TRY(rg_run_table_open(s->config, &s->table));
    rg_progress_init(&s->progress, s->config, (double)s->replicas.n);
    RG_TRY(rg_replicas_run(&s->replicas));
    rg_live_clear();
    return show_rest(s);
}

rg_status rg_command_sweep(const struct rg_config *config) {
    struct rg_config own = *config;
    rg_alike_hush_pages(&own);
    struct rg_attempts attempts = {.status = RG_OK};
    struct sweep s = {.config = &own, .lines = rg_json_lines_stdout(), .trainings = {.lock = RG_LOCK_NONE}};
    rg_attempt(&attempts, sweep(&s));
    rg_attempt(&attempts, rg_run_table_close(&s.table));
    rg_attempt(&attempts, rg_trainings_close(&s.trainings));
    rg_columns_release(&s.tables.rows);
    rg_free(s.models);
    rg_free(s.replicas.items);
    rg_free(s.runs);
    rg_grid_destroy(s.grid);
    return rg_attempts_end(&attempts);
}
