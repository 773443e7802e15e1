/* `rnn-gpu sweep`: a grid of trainings, many at once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands/commands.h"
#include "cli/commands/alike.h"
#include "cli/commands/deal.h"
#include "cli/commands/fold_table.h"
#include "cli/commands/grid.h"
#include "cli/commands/outputs.h"
#include "cli/commands/run_table.h"
#include "cli/commands/trainings.h"
#include "train/replicas.h"
#include "verify/selftest/selftest.h"
#include "base/clock.h"
#include "base/guard.h"
#include "base/stop.h"
#include "files/json.h"
#include "files/json_lines.h"
#include "cli/settings.h"
#include "cli/report/pages.h"
#include "cli/report/progress.h"
#include "cli/report/screen.h"
#include "cli/report/sweep_figures.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

enum { NAME_BYTES = 48 }; /* bytes of a task's name in a title */

struct sweep {
    const struct rg_config *config;
    struct rg_grid_of_runs *grid;
    struct rg_replicas replicas;
    struct rg_progress progress;
    struct rg_json_lines lines; /* with --json */
    struct rg_trainings trainings;
    struct rg_run_table table;        /* with --out F.csv or F.jsonl */
    char (*models)[RG_TRAINING_PATH]; /* [n] with --keep: the files of the models; else NULL */
    struct rg_sweep_axis axes[RG_MAX_AXES];
    const struct rg_summary **runs; /* [n]; NULL: not done yet */
    struct rg_sweep_view view;      /* view of the grid and the runs */
    char labels[RG_LABELS_BYTES];   /* labels as last printed */
};

/* ---- A run in words: axes [0, n_axes) that have several values ---- */

static size_t axis_width(const struct rg_grid_axis *axis) {
    size_t width = strlen(axis->option->name);
    for (size_t i = 0; i < axis->n; i++) {
        const size_t length = strlen(axis->values[i]);
        width = length > width ? length : width;
    }
    return width;
}

static void print_names(const struct rg_grid_of_runs *grid, size_t n_axes) {
    for (size_t i = 0; i < n_axes; i++) {
        if (grid->axes[i].n > 1) {
            (void)printf("%*s ", (int)axis_width(&grid->axes[i]), grid->axes[i].option->name);
        }
    }
}

static void print_values(const struct rg_grid_of_runs *grid, size_t n_axes, size_t run) {
    for (size_t i = 0; i < n_axes; i++) {
        const struct rg_grid_axis *const axis = &grid->axes[i];
        if (axis->n > 1) {
            (void)printf("%*s ", (int)axis_width(axis), axis->values[rg_grid_index(grid, run, i)]);
        }
    }
}

/* A JSON number if the text is a number, else a string. */
static json_t *json_value(const char *text) {
    char *end = NULL;
    const size_t length = strlen(text);
    if (strspn(text, "0123456789") == length) {
        return rg_json_seed(strtoull(text, NULL, 10));
    }
    const double real = strtod(text, &end);
    return *end == '\0' ? rg_json_real(real) : rg_json_text(text);
}

/* {"<option>": value, …} of axes [0, n_axes). */
static json_t *json_values(const struct rg_grid_of_runs *grid, size_t n_axes, size_t run) {
    json_t *settings = json_object();
    for (size_t i = 0; i < n_axes; i++) {
        const struct rg_grid_axis *const axis = &grid->axes[i];
        rg_json_set(&settings, axis->option->name, json_value(axis->values[rg_grid_index(grid, run, i)]));
    }
    return settings;
}

/* {"event": …, "settings": {…}}. */
static json_t *json_settings(const char *event, const struct rg_grid_of_runs *grid, size_t n_axes, size_t run) {
    json_t *line = rg_json_pack("{s:s}", "event", event);
    rg_json_set(&line, "settings", json_values(grid, n_axes, run));
    return line;
}

/* ---- Runs ---- */

static void print_run(struct sweep *s, size_t i) {
    const struct rg_replica *const run = &s->replicas.items[i];
    const struct rg_summary *const r = &run->summary;
    if (s->config->output.json) {
        json_t *line = json_settings("run", s->grid, s->grid->n_axes, i);
        rg_json_merge(&line, rg_summary_json(r));
        rg_json_set(&line, "options", rg_settings_json("sweep", s->config, &r->config));
        rg_json_set(&line, "learned", json_boolean(rg_summary_learned(r)));
        rg_json_lines_write(&s->lines, line);
    } else {
        print_values(s->grid, s->grid->n_axes, i);
        (void)printf("%8.3g %8.3g ", r->median_loss, r->best_loss);
        if (s->grid->has_folds) {
            (void)printf("%8.3g ", r->val_loss);
        }
        if (r->measured) {
            (void)printf("%7.4f %7zu %-9s", r->factor, r->horizon, rg_verdict_names[r->verdict]);
        } else {
            (void)printf("%7s %7s %-9s", "-", "-", r->reason == RG_REASON_DIVERGED ? "diverged" : "-");
        }
        (void)printf(" %7s %7.1f\n", rg_summary_learned(r) ? "yes" : "no", r->seconds);
        (void)fflush(stdout);
    }
}

static void print_header(const struct sweep *s) {
    print_names(s->grid, s->grid->n_axes);
    (void)printf("%8s %8s %s%7s %7s %-9s %7s %7s\n", "median", "best", s->grid->has_folds ? "held out " : "", "factor",
                 "horizon", "gradient", "learned", "seconds");
}

static void on_run(void *self, size_t i, size_t finished) {
    struct sweep *const s = self;
    rg_guard_results();
    rg_progress_clear(&s->progress);
    if (strcmp(s->labels, s->replicas.items[i].summary.labels) != 0) {
        (void)snprintf(s->labels, sizeof s->labels, "%s", s->replicas.items[i].summary.labels);
        rg_screen_labels(s->config, s->labels);
    }
    if (i == 0 && !s->config->output.json) {
        print_header(s);
    }
    print_run(s, i);
    rg_run_table_add(&s->table, i + 1, json_values(s->grid, s->grid->n_axes, i), &s->replicas.items[i].summary,
                     s->replicas.items[i].model);
    rg_progress_count(&s->progress, finished);
    if (s->lines.status != RG_OK || ferror(stdout)) {
        rg_stop_no_reader();
    }
}

/* ---- Over seeds ---- */

/* Print a group, in the grid's order, with its rank. */
static void print_group(struct sweep *s, size_t first, const struct rg_spread_group *group) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n_axes = grid->n_axes - rg_grid_inner_axes(grid);
    const struct rg_spread *const g = &group->spread;
    if (s->config->output.json) {
        json_t *line = json_settings("group", grid, n_axes, first);
        json_t *const numbers =
            rg_json_pack("{s:I, s:b, s:I, s:o, s:o, s:o, s:I}", "rank", (json_int_t)group->rank, "tied", group->tied,
                         "runs", (json_int_t)g->runs, "loss_q1", rg_json_real(g->q1), "loss_median",
                         rg_json_real(g->median), "loss_q3", rg_json_real(g->q3), "learned", (json_int_t)g->learned);
        rg_json_merge(&line, numbers);
        rg_json_lines_write(&s->lines, line);
    } else {
        print_values(grid, n_axes, first);
        (void)printf("%5zu %8.3g %8.3g %8.3g %5zu/%zu %5zu%s\n", g->runs, g->q1, g->median, g->q3, g->learned, g->runs,
                     group->rank, group->tied ? "=" : "");
    }
}

static rg_status print_groups(struct sweep *s) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n = grid->n_runs / rg_grid_members(grid);
    struct rg_spread_group *groups = NULL;
    size_t *order = NULL, ranked = 0;
    bool tied = false;
    rg_status status = rg_alloc(&groups, n, sizeof *groups, "groups of a sweep");
    status = status == RG_OK ? rg_alloc(&order, n, sizeof *order, "groups of a sweep") : status;
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        groups[i] = (struct rg_spread_group){.runs = s->runs + i * rg_grid_members(grid), .n = rg_grid_members(grid)};
    }
    status = status == RG_OK ? rg_spread_rank(groups, n, order, &ranked) : status;
    if (status == RG_OK && !s->config->output.json) {
        (void)printf("\nover the seeds:\n");
        print_names(grid, grid->n_axes - rg_grid_inner_axes(grid));
        (void)printf("%5s %8s %8s %8s %7s %5s\n", "runs", "quarter", "median", "3/4", "learned", "rank");
    }
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        if (groups[i].rank > 0) {
            print_group(s, i * rg_grid_members(grid), &groups[i]);
        }
        tied = tied || groups[i].tied;
    }
    if (status == RG_OK && tied && !s->config->output.json) {
        (void)puts("= tied: with the seeds drawn again, neither median is the lower one in 9 of 10 draws");
    }
    rg_free(groups);
    rg_free(order);
    return status;
}

/* ---- Over folds ---- */

static void print_fold_groups(struct sweep *s, const struct rg_fold_group *groups, size_t n) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n_axes = grid->n_axes - rg_grid_inner_axes(grid), each = rg_grid_members(grid);
    if (!s->config->output.json) {
        (void)printf("\nof what was held out, over the folds%s:\n", grid->n_seeds > 1 ? " and seeds" : "");
        print_names(grid, n_axes);
        rg_fold_print_heads(groups[0].scores.classes);
    }
    for (size_t i = 0; i < n; i++) {
        if (groups[i].rank == 0) {
            continue;
        }
        if (s->config->output.json) {
            json_t *line = json_settings("folds", grid, n_axes, i * each);
            rg_fold_json(&groups[i], &line);
            rg_json_lines_write(&s->lines, line);
        } else {
            print_values(grid, n_axes, i * each);
            rg_fold_print(&groups[i]);
        }
    }
}

static rg_status print_folds(struct sweep *s) {
    const size_t each = rg_grid_members(s->grid), n = s->grid->n_runs / each;
    struct rg_fold_group *groups = NULL;
    RG_TRY(rg_alloc(&groups, n, sizeof *groups, "groups of a sweep"));
    for (size_t i = 0; i < n; i++) {
        groups[i] = (struct rg_fold_group){.scores = rg_fold_scores(s->runs + i * each, each), .of = each};
    }
    rg_fold_rank(groups, n);
    print_fold_groups(s, groups, n);
    rg_free(groups);
    return RG_OK;
}

/* ---- Largest number of steps learned ---- */

/* Print a line for each combination of the other options that has a finished run. */
static rg_status print_reach(struct sweep *s) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n_axes = grid->n_axes - 1 - rg_grid_inner_axes(grid), each = grid->n_steps * rg_grid_members(grid);
    if (!s->config->output.json) {
        (void)printf("\nthe largest --steps that half of the seeds learned:\n");
    }
    for (size_t first = 0; first < grid->n_runs; first += each) {
        struct rg_reach reach;
        RG_TRY(rg_reach_of(s->runs + first, grid->axes[n_axes].values, grid->n_steps, rg_grid_members(grid), &reach));
        if (reach.runs == 0) {
            continue;
        }
        if (s->config->output.json) {
            json_t *line = json_settings("reach", grid, n_axes, first);
            rg_json_set(&line, "steps", reach.largest ? json_value(reach.largest) : json_null());
            rg_json_set(&line, "runs", json_integer((json_int_t)reach.runs));
            rg_json_set(&line, "of", json_integer((json_int_t)reach.of));
            rg_json_lines_write(&s->lines, line);
        } else {
            char text[RG_REACH_BYTES];
            rg_reach_text(&reach, text);
            print_values(grid, n_axes, first);
            (void)printf("%s\n", text);
        }
    }
    return RG_OK;
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
    return RG_OK;
}

/* Set the view of the finished runs for tables and figures. */
static size_t set_view(struct sweep *s) {
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
    if (inner > 0) { /* seed and fold are one axis there, whose values are not shown */
        s->axes[grid->n_axes - inner] = (struct rg_sweep_axis){"seed", rg_grid_members(grid), NULL};
    }
    s->view = (struct rg_sweep_view){s->axes, grid->n_axes - (inner > 0 ? inner - 1 : 0), inner > 0, s->runs};
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

static rg_status write_pages(const struct sweep *s, size_t done) {
    struct rg_plot *plots = NULL;
    struct rg_facts facts = {.n = 0};
    struct rg_settings settings = {.n = 0};
    const struct rg_config **ran = NULL;
    struct rg_own_table tables[2] = {{.pointers = NULL}, {.pointers = NULL}};
    rg_status status = RG_OK;
    char title[RG_PLOT_TEXT], made[RG_MADE_BYTES];
    const struct rg_summary *first = NULL;
    for (size_t i = s->replicas.n; i-- > 0;) {
        first = s->runs[i] ? s->runs[i] : first;
    }
    if (!first) {
        return RG_OK;
    }
    name_sweep(s, first, title);
    rg_facts_add(&facts, "task", "%s", first->task);
    rg_facts_add(&facts, "runs", "%zu of %zu", done, s->replicas.n);
    if (s->grid->n_steps < 2) {
        rg_facts_add(&facts, "baseline's loss", "%.6g", first->baseline);
    }
    rg_facts_data(&facts, s->config);
    rg_facts_time(&facts, rg_seconds() - s->progress.begin);
    RG_TRY_GOTO(rg_alloc(&ran, done, sizeof *ran, "the record of the runs"));
    for (size_t i = 0, n = 0; i < s->replicas.n; i++) {
        if (s->runs[i]) {
            ran[n++] = &s->runs[i]->config;
        }
    }
    RG_TRY_GOTO(rg_settings_create("sweep", s->config, ran, done, &settings));
    RG_TRY_GOTO(rg_alloc(&plots, RG_SCAN_FIGURES, sizeof *plots, "figures"));
    RG_TRY_GOTO(rg_sweep_figures(&s->view, plots));
    RG_TRY_GOTO(rg_sweep_reach(&s->view, &tables[0]));
    RG_TRY_GOTO(rg_sweep_table(&s->view, &tables[1]));
    const bool has_reach = tables[0].pointers != NULL;
    const struct rg_table both[] = {tables[0].table, tables[1].table};
    rg_pages_made(made);
    const struct rg_report report = {.title = title,
                                     .made = made,
                                     .config = s->config,
                                     .settings = &settings,
                                     .facts = facts.items,
                                     .n_facts = facts.n,
                                     .tables = has_reach ? both : both + 1,
                                     .n_tables = has_reach ? 2 : 1,
                                     .plots = plots,
                                     .n_plots = RG_SCAN_FIGURES};
    RG_TRY_GOTO(rg_pages_write(s->config, &report));
fail:
    for (size_t i = 0; plots && i < RG_SCAN_FIGURES; i++) {
        rg_plot_clear(&plots[i]);
    }
    rg_free(plots);
    rg_table_release(&tables[0]);
    rg_table_release(&tables[1]);
    rg_settings_release(&settings);
    rg_free(ran);
    return status;
}

static rg_status show_rest(struct sweep *s) {
    const size_t done = set_view(s);
    if (s->grid->n_folds > 1) {
        RG_TRY(print_folds(s));
    } else if (s->grid->n_seeds > 1) {
        RG_TRY(print_groups(s));
    }
    if (s->grid->n_steps > 1) {
        RG_TRY(print_reach(s));
    }
    RG_TRY(rg_pages_wanted(s->config) ? write_pages(s, done) : RG_OK);
    RG_TRY(rg_json_lines_status(&s->lines));
    if (rg_stop_requested()) {
        rg_log("interrupted; %zu of %zu runs are done", done, s->replicas.n);
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
    RG_TRY(rg_alloc(&s->models, s->replicas.n, sizeof *s->models, "names of models"));
    for (size_t i = 0; i < s->replicas.n; i++) {
        struct rg_replica *const run = &s->replicas.items[i];
        RG_TRY(rg_trainings_model(&s->trainings, &run->config, i + 1, s->models[i]));
        run->model = s->models[i];
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
    share.replicas.self = &share;
    for (size_t i = 0; i < n_mine; i++) {
        share.replicas.items[i] = s->replicas.items[mine[i]];
    }
    rg_progress_init(&s->progress, s->config, (double)n_mine);
    const rg_status status = rg_replicas_run(&share.replicas);
    rg_progress_end(&s->progress);
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
        rg_log("%zu of %zu runs were done before; their results are in %s", s->trainings.n_found, s->replicas.n,
               s->trainings.folder);
    }
    return RG_OK;
}

/* Do everything that can fail before the first training. */
static rg_status prepare(struct sweep *s) {
    RG_TRY(rg_pages_check(s->config, rg_sweep_figure_names));
    RG_TRY(rg_outputs_check(s->config, false));
    RG_TRY(make_runs(s));
    RG_TRY(rg_pages_try(s->config));
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
    rg_progress_end(&s->progress);
    return show_rest(s);
}

rg_status rg_command_sweep(const struct rg_config *config) {
    struct rg_config own = *config;
    rg_alike_hush_pages(&own);
    struct sweep s = {.config = &own, .lines = rg_json_lines_stdout(), .trainings = {.lock = {.file = -1}}};
    const rg_status status = sweep(&s), written = rg_run_table_close(&s.table);
    rg_trainings_close(&s.trainings);
    rg_free(s.models);
    rg_free(s.replicas.items);
    rg_free(s.runs);
    rg_grid_destroy(s.grid);
    return status == RG_OK ? written : status;
}
