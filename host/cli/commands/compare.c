/* `rnn-gpu compare`: the remedies side by side on one task, with the same seeds and data. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/attempts.h"
#include "base/clock.h"
#include "base/counted.h"
#include "base/guard.h"
#include "base/number_text.h"
#include "base/stop.h"
#include "cli/commands/alike.h"
#include "cli/commands/commands.h"
#include "cli/commands/deal.h"
#include "cli/commands/outputs.h"
#include "cli/commands/remedies.h"
#include "cli/commands/run_command.h"
#include "cli/commands/run_table.h"
#include "cli/commands/trainings.h"
#include "cli/live.h"
#include "cli/report/comparison_figures.h"
#include "cli/report/comparison_held_out.h"
#include "cli/report/pages.h"
#include "cli/report/progress.h"
#include "cli/report/screen.h"
#include "cli/settings.h"
#include "files/json.h"
#include "files/json_lines.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"
#include "train/device_setup.h"
#include "train/trial.h"
#include "verify/selftest/selftest.h"

enum { NAME_BYTES = 32 };

/* ---- The runs ---- */

struct job {
    const struct rg_config *config;
    struct rg_comparison comparison;
    struct rg_run_data data;
    struct rg_device *device;
    struct rg_trainings trainings;
    struct rg_run_table table; /* with --out F.csv or F.jsonl */
    size_t n_runs;             /* runs that are done */
    struct rg_progress progress;
    struct rg_json_lines lines;          /* with --json */
    const struct rg_comparison_row *row; /* the row that is being trained */
    struct rg_config *dealt;             /* with several ranks: [n_rows * seeds], the trainings, row by row */
    struct rg_summary *results;          /* [n_rows * seeds], results of the trainings of this rank */
    bool *trained;                       /* [n_rows * seeds], those of them that this rank has trained */
    char name[NAME_BYTES + 64];          /* name of the row and of its run */
    bool told_labels;
};

static void on_update(void *self, const struct rg_update *update) {
    struct job *const j = self;
    rg_progress_update(&j->progress, j->name, rg_remedies_work(j->row), update, j->row->config.training.updates);
}

static json_t *run_json(const struct rg_summary *run, const char *model) {
    json_t *const whole = rg_summary_json(run);
    json_t *object = rg_json_pack("{s:o, s:o, s:b}", "seed", rg_json_seed(run->config.training.seed), "median_loss",
                                  rg_json_real(run->median_loss), "learned", rg_summary_learned(run));
    static const char *const names[] = {"weights_hash", "baseline", "updates", "validation", "test"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *const value = json_object_get(whole, names[i]);
        if (value) {
            rg_json_set(&object, names[i], json_incref(value));
        }
    }
    rg_trainings_add_models(&object, run, model);
    if (!whole) { /* no memory: no object */
        rg_json_set(&object, names[0], NULL);
    }
    json_decref(whole);
    return object;
}

/* Run `k` of row `i`, with the names of its files; NULL without memory. */
static json_t *named_run_json(struct job *j, size_t i, size_t k) {
    const struct rg_comparison_row *const row = &j->comparison.rows[i];
    struct rg_config config = row->config;
    char model[RG_TRAINING_PATH];
    config.training.seed += k;
    return rg_trainings_model(&j->trainings, &config, i * config.compare.seeds + k + 1, model) == RG_OK
               ? run_json(&row->runs[k], model)
               : NULL;
}

/* The options of `compare`, and those of `train` that make the row's first run, such as the cell of the remedy. */
static json_t *options_json(const struct rg_comparison_row *row) {
    const struct rg_config *const ran = &row->runs[0].config;
    json_t *options = rg_settings_json("train", &row->config, ran);
    rg_json_merge(&options, rg_settings_json("compare", &row->config, ran));
    return options;
}

/* What the row's middle run was asked for. */
static struct rg_config middle_config(const struct rg_comparison_row *row) {
    struct rg_config config = row->config;
    config.training.seed = row->summary.config.training.seed;
    return config;
}

/* A row with its place in the ranking: the middle run, the median and the quartiles over the seeds, and each run.
 * `group` has the scores of its validation data; NULL without such data. */
static json_t *row_json(struct job *j, size_t i, const struct rg_fold_group *group) {
    const struct rg_comparison_row *const row = &j->comparison.rows[i];
    const struct rg_config *const c = &row->summary.config;
    const struct rg_spread *const s = &row->spread;
    json_t *line = rg_json_pack("{s:I, s:b, s:s, s:s, s:s, s:I, s:f, s:f, s:s, s:o}", "rank", (json_int_t)row->rank,
                                "tied", row->tied, "ranked_by", rg_summary_ranked_by(&row->summary), "remedy",
                                row->remedy, "with", row->with, "hidden", (json_int_t)c->model.hidden, "lr",
                                c->training.lr, "clip_norm", c->training.clip_norm, "schedule",
                                rg_schedule_names[c->training.schedule.kind], "seed", rg_json_seed(c->training.seed));
    rg_json_merge(&line, rg_summary_json(&row->summary));
    rg_json_merge(&line, rg_json_pack("{s:I, s:I, s:o, s:o, s:o}", "seeds", (json_int_t)s->runs, "learned",
                                      (json_int_t)s->learned, "loss_q1", rg_json_real(s->q1), "loss_median",
                                      rg_json_real(s->median), "loss_q3", rg_json_real(s->q3)));
    json_t *runs = json_array();
    for (size_t k = 0; k < row->n_runs; k++) {
        rg_json_append(&runs, named_run_json(j, i, k));
    }
    rg_json_set(&line, "runs", runs);
    if (rg_run_validates(&row->config)) {
        json_t *held_out = json_object();
        rg_fold_json(group, &held_out);
        rg_json_set(&line, "held_out", held_out);
    }
    rg_json_set(&line, "options", options_json(row));
    const struct rg_config middle = middle_config(row);
    rg_json_set(&line, "command", rg_run_command_json(&middle));
    return line;
}

/* The result of a row for its line of progress. */
static void describe(const struct rg_comparison_row *row, double seconds, char *out, size_t bytes) {
    char time[RG_NUMBER_BYTES];
    if (isfinite(row->spread.median)) {
        (void)snprintf(out, bytes, "%s %.4g, %zu of %zu learned, %s",
                       row->summary.held_out > 0 ? "best held-out loss" : "loss", row->spread.median,
                       row->spread.learned, row->spread.runs, rg_seconds_text(seconds, time));
    } else {
        (void)snprintf(out, bytes, "diverged, %s", rg_seconds_text(seconds, time));
    }
}

/* Print the device, and what is learned, which the first run knows. */
static void tell_labels(struct job *j, const struct rg_summary *run) {
    if (!j->told_labels) {
        rg_live_clear();
        rg_screen_device(j->config, &j->device->info);
        rg_screen_labels(&run->config, run->labels);
        j->told_labels = true;
    }
}

/* Add the training to the table. */
static void add_to_table(struct job *j, const struct rg_summary *run, const char *model) {
    json_t *const settings =
        rg_json_pack("{s:s, s:s, s:f}", "remedy", j->row->remedy, "with", j->row->with, "lr", run->config.training.lr);
    char best[RG_TRAINING_PATH];
    rg_trainings_best(model, best);
    rg_run_table_add(&j->table, ++j->n_runs, settings, run, model[0] ? model : NULL, best[0] ? best : NULL);
}

/* Train once. Where the seed decides what is held out, its data are read. */
static rg_status train_once(struct job *j, const struct rg_config *config, const struct rg_trainer_hooks *hooks,
                            const char *model, struct rg_summary *run) {
    char best[RG_TRAINING_PATH];
    struct rg_run_data own = {.training = NULL};
    const bool is_shared = !rg_run_data_is_drawn(config) || config->training.seed == j->config->training.seed;
    RG_TRY(is_shared ? RG_OK : rg_run_data_read(config, &own));
    rg_trainings_best(model, best);
    const struct rg_trial_options options = {.config = config,
                                             .data = is_shared ? &j->data : &own,
                                             .device = j->device,
                                             .hooks = hooks,
                                             .model = model[0] ? model : NULL,
                                             .best = best[0] ? best : NULL};
    const rg_status status = rg_trial(&options, run);
    rg_run_data_release(&own);
    return status;
}

/* Train once, unless an earlier comparison with this --out has done this training. */
static rg_status train_or_find(struct job *j, const struct rg_config *config, const struct rg_trainer_hooks *hooks,
                               struct rg_summary *run) {
    bool found = false;
    char model[RG_TRAINING_PATH];
    RG_TRY(rg_trainings_model(&j->trainings, config, j->n_runs + 1, model));
    RG_TRY(rg_trainings_find(&j->trainings, config, run, &found));
    if (!found) {
        RG_TRY(train_once(j, config, hooks, model, run));
        RG_TRY(run->reason == RG_REASON_INTERRUPTED ? RG_OK : rg_trainings_keep(&j->trainings, config, run));
    }
    if (run->reason != RG_REASON_INTERRUPTED) {
        add_to_table(j, run, model);
    }
    return RG_OK;
}

/* Train a row with each seed. If a signal interrupts it, the row has the runs that are done. */
static rg_status run_row(struct job *j, size_t i) {
    struct rg_comparison *const c = &j->comparison;
    struct rg_comparison_row *const row = &c->rows[i];
    const struct rg_trainer_hooks hooks = {.on_update = on_update, .self = j};
    const size_t n = row->config.compare.seeds;
    double seconds = 0.0;
    char result[80];
    j->row = row;
    while (row->n_runs < n && (!rg_stop_requested() || j->dealt)) {
        struct rg_config config = row->config;
        struct rg_summary *const run = &row->runs[row->n_runs];
        config.training.seed += row->n_runs;
        (void)snprintf(j->name, sizeof j->name, "%zu/%zu %s %s, %zu of %zu", i + 1, c->n_rows, row->remedy, row->with,
                       row->n_runs + 1, n);
        RG_TRY(train_or_find(j, &config, &hooks, run));
        if (run->reason == RG_REASON_INTERRUPTED) {
            break;
        }
        tell_labels(j, run);
        seconds += run->seconds;
        row->n_runs++;
        rg_progress_part(&j->progress, rg_remedies_work(row));
    }
    RG_TRY(rg_comparison_end_row(row));
    if (row->n_runs == n) {
        describe(row, seconds, result, sizeof result);
        (void)snprintf(j->name, sizeof j->name, "%zu/%zu %s %s", i + 1, c->n_rows, row->remedy, row->with);
        rg_progress_run(&j->progress, j->name, 0.0, result);
    }
    return RG_OK;
}

/* ---- With several ranks ---- */

static const struct rg_config *dealt_config(const void *self, size_t i) {
    const struct job *const j = self;
    return &j->dealt[i];
}

static const struct rg_summary *dealt_summary(const void *self, size_t i) {
    const struct job *const j = self;
    return j->trained[i] ? &j->results[i] : NULL;
}

static rg_status train_dealt(void *self, const size_t *mine, size_t n_mine) {
    struct job *const j = self;
    const struct rg_trainer_hooks hooks = {.on_update = NULL};
    char model[RG_TRAINING_PATH];
    for (size_t i = 0; i < n_mine && !rg_stop_requested(); i++) {
        const struct rg_config *const config = &j->dealt[mine[i]];
        struct rg_summary *const result = &j->results[mine[i]];
        RG_TRY(rg_trainings_model(&j->trainings, config, mine[i] + 1, model));
        RG_TRY(train_once(j, config, &hooks, model, result));
        j->trained[mine[i]] = result->reason != RG_REASON_INTERRUPTED;
        RG_TRY(j->trained[mine[i]] ? rg_trainings_keep(&j->trainings, config, result) : RG_OK);
    }
    return RG_OK;
}

/* Train this rank's runs. Afterwards rank 0 has all results. */
static rg_status deal(struct job *j) {
    const struct rg_config *const config = j->config;
    const struct rg_comparison *const c = &j->comparison;
    const size_t seeds = config->compare.seeds, n = c->n_rows * seeds;
    rg_status status = rg_alloc(&j->dealt, n, sizeof *j->dealt, "trainings of the ranks");
    status = status == RG_OK ? rg_alloc(&j->results, n, sizeof *j->results, "trainings of the ranks") : status;
    status = status == RG_OK ? rg_alloc(&j->trained, n, sizeof *j->trained, "trainings of the ranks") : status;
    for (size_t i = 0; status == RG_OK && i < n; i++) {
        j->dealt[i] = c->rows[i / seeds].config;
        j->dealt[i].training.seed += i % seeds;
    }
    RG_TRY(rg_ranks_agree(config->machine.ranks, status));
    const struct rg_deal all = {.ranks = config->machine.ranks,
                                .trainings = &j->trainings,
                                .n = n,
                                .config = dealt_config,
                                .train = train_dealt,
                                .summary = dealt_summary,
                                .self = j};
    return rg_deal(&all);
}

static void list_facts(const struct job *j, size_t n, struct rg_facts *facts) {
    char baseline[RG_BASELINE_TEXT];
    rg_comparison_baseline_text(&j->comparison, baseline);
    rg_facts_add(facts, "baseline's loss", "%s", baseline);
    rg_facts_add(facts, "rows", "%zu of %zu", n, j->comparison.n_rows);
    rg_facts_add(facts, "seeds", "%zu", j->config->compare.seeds);
    rg_facts_data(facts, j->config);
    rg_trainings_facts(&j->trainings, j->comparison.n_rows * j->config->compare.seeds, rg_seconds() - j->progress.begin,
                       facts);
    rg_facts_device(facts, &j->device->info);
}

/* The rows from best to worst: the best one is comparison.rows[order[0]]. */
struct ranking {
    size_t order[RG_MAX_ROWS], n;
    struct rg_fold_group *groups, *tests; /* [n] scores of the validation and the test data; NULL without such data */
};

static rg_status fill_pages(const struct job *j, const struct ranking *r, struct rg_pages *pages) {
    const struct rg_comparison *const c = &j->comparison;
    const struct rg_summary *const first = &c->rows[r->order[0]].summary;
    const struct rg_config *ran[RG_MAX_ROWS];
    char task[NAME_BYTES + 32], steps[RG_COUNTED_BYTES];
    rg_utf8_copy(task, sizeof task, first->task);
    (void)snprintf(pages->title, sizeof pages->title, "Remedies for %s, %s", task,
                   rg_counted(first->steps, "step", steps));
    list_facts(j, r->n, &pages->facts);
    for (size_t i = 0; i < r->n; i++) {
        ran[i] = &c->rows[r->order[i]].runs[0].config; /* the first seed's options, for all seeds */
    }
    RG_TRY(rg_settings_create("compare", j->config, ran, r->n, &pages->settings));
    const struct rg_figure_source from = {.comparison = c, .order = r->order, .n = r->n};
    RG_TRY(rg_figures_draw(RG_FIGURES_COMPARE, &from, pages->plots));
    RG_TRY(rg_comparison_table(c, r->order, r->n, &pages->tables[0]));
    const struct rg_fold_group *const held_out[] = {r->groups, r->tests};
    for (size_t i = 0; i < 2; i++) {
        RG_TRY(held_out[i] ? rg_comparison_held_out(c, r->order, r->n, held_out[i], &pages->tables[1 + i]) : RG_OK);
    }
    return RG_OK;
}

static rg_status write_pages(const struct job *j, const struct ranking *r) {
    struct rg_pages *pages = NULL;
    RG_TRY(rg_pages_create(j->config, RG_FIGURES_COMPARE, &pages));
    return rg_pages_end(pages, fill_pages(j, r, pages));
}

/* Print the ranked rows as text or as JSON. */
static rg_status show_rows(struct job *j, const struct ranking *r) {
    const struct rg_comparison *const c = &j->comparison;
    const struct rg_look look = rg_look_of(j->config);
    if (j->config->output.json) {
        for (size_t i = 0; i < r->n; i++) {
            rg_json_lines_write(&j->lines, row_json(j, r->order[i], r->groups ? &r->groups[i] : NULL));
        }
        return RG_OK;
    }
    if (r->n > 0) {
        RG_TRY(rg_comparison_print(c, r->order, r->n, &look));
    }
    const struct rg_fold_group *const held_out[] = {r->groups, r->tests};
    for (size_t i = 0; i < 2 && r->n > 0; i++) {
        RG_TRY(held_out[i] ? rg_comparison_print_held_out(c, r->order, r->n, held_out[i], &look) : RG_OK);
    }
    if (r->n == 0) {
        return RG_OK;
    }
    const struct rg_config first = middle_config(&c->rows[r->order[0]]);
    return rg_run_command_print(&first, "the first row", rg_look_text(&look));
}

/* Show the runs that are done. */
static rg_status show(struct job *j) {
    struct rg_comparison *const c = &j->comparison;
    struct ranking ranking = {.n = 0};
    struct rg_attempts attempts = {.status = RG_OK};
    RG_TRY(rg_comparison_rank(c, ranking.order, &ranking.n));
    if (rg_run_validates(j->config)) {
        rg_attempt(&attempts, rg_comparison_groups(c, ranking.order, ranking.n, RG_HELD_VALIDATION, &ranking.groups));
    }
    if (j->config->data.test) {
        rg_attempt(&attempts, rg_comparison_groups(c, ranking.order, ranking.n, RG_HELD_TEST, &ranking.tests));
    }
    rg_attempt(&attempts, show_rows(j, &ranking));
    rg_attempt(&attempts, rg_pages_wanted(j->config) && ranking.n > 0 ? write_pages(j, &ranking) : RG_OK);
    rg_attempt(&attempts, rg_run_table_close(&j->table));
    rg_attempt(&attempts, rg_json_lines_status(&j->lines));
    rg_comparison_free_groups(ranking.groups, ranking.n);
    rg_comparison_free_groups(ranking.tests, ranking.n);
    RG_TRY(rg_attempts_end(&attempts));
    if (!j->config->output.json) {
        const struct rg_look look = rg_look_of(j->config);
        rg_outputs_print(j->config, RG_OUT_RUNS, rg_look_text(&look));
        rg_trainings_tell_models(&j->trainings, rg_look_text(&look));
    }
    if (rg_stop_requested()) {
        rg_trainings_tell_rest(&j->trainings, rg_comparison_runs(c), c->n_rows * j->config->compare.seeds, "training");
        return rg_stop_status();
    }
    return RG_OK;
}

static bool has_learned_skip(const struct rg_comparison *c) {
    bool any = false;
    for (size_t i = 0; i < c->n_rows; i++) {
        any = any || (c->rows[i].config.model.skip && c->rows[i].config.model.skip_kind == RG_SKIP_LEARNED);
    }
    return any;
}

/* Do everything that can fail before the first training. */
static rg_status prepare(struct job *j) {
    const struct rg_config *const config = j->config;
    struct rg_comparison *const c = &j->comparison;
    RG_TRY(rg_pages_check(config, RG_FIGURES_COMPARE));
    RG_TRY(rg_outputs_check(config, RG_OUT_RUNS));
    RG_TRY(rg_run_data_check_again(config, config->compare.seeds > 1));
    RG_TRY(rg_run_data_read(config, &j->data));
    struct rg_config used = *config;
    if (j->data.training) {
        rg_run_data_length(j->data.training, &used);
        used.data.batch = config->data.batch;
    }
    c->steps = j->data.training ? j->data.training->n_steps : config->data.steps;
    RG_TRY(rg_remedies_choose(c, &used));
    for (size_t i = 0; i < c->n_rows; i++) {
        c->rows[i].config.machine.ranks = NULL; /* each training belongs to one rank */
    }
    RG_TRY(rg_setup_device(config, &j->device));
    RG_TRY(
        rg_selftest_quick(j->device, &(struct rg_selftest_scope){.cell = RG_N_CELLS, .learned = has_learned_skip(c)}));
    return rg_trainings_open(config, &j->trainings);
}

static rg_status compare(struct job *j) {
    const struct rg_config *const config = j->config;
    struct rg_comparison *const c = &j->comparison;
    struct rg_ranks *const ranks = config->machine.ranks;
    double work = 0.0;
    RG_TRY(rg_ranks_agree(ranks, prepare(j)));
    if (rg_ranks_several(ranks)) {
        RG_TRY(rg_alike_check_data(config));
        RG_TRY(deal(j));
        if (ranks->rank > 0) {
            return RG_OK;
        }
    }
    RG_TRY(rg_run_table_open(config, &j->table));
    rg_guard_forbid_restart(RG_GUARD_RESULTS);
    for (size_t i = 0; i < c->n_rows; i++) {
        work += rg_remedies_work(&c->rows[i]) * (double)config->compare.seeds;
    }
    rg_progress_init(&j->progress, config, work);
    rg_stop_answer("leaving out the run that is being trained, then showing those that are done");
    for (size_t i = 0; i < c->n_rows && (!rg_stop_requested() || j->dealt); i++) { /* dealt runs are only shown */
        RG_TRY(run_row(j, i));
    }
    rg_live_clear();
    if (j->trainings.n_found > 0) {
        char number[RG_COUNTED_BYTES];
        const bool one = j->trainings.n_found == 1;
        rg_log("%s %s done before; %s from %s", rg_counted(j->trainings.n_found, "training", number),
               one ? "was" : "were", one ? "its result is" : "their results are", j->trainings.folder);
    }
    return show(j);
}

rg_status rg_command_compare(const struct rg_config *config) {
    struct rg_config own = *config;
    struct rg_attempts attempts = {.status = RG_OK};
    struct job j = {.config = &own, .lines = rg_json_lines_stdout(), .trainings = {.lock = RG_LOCK_NONE}};
    rg_alike_hush_pages(&own);
    rg_attempt(&attempts, compare(&j));
    rg_attempt(&attempts, rg_run_table_close(&j.table));
    rg_attempt(&attempts, rg_trainings_close(&j.trainings));
    rg_free(j.dealt);
    rg_free(j.results);
    rg_free(j.trained);
    rg_comparison_release(&j.comparison);
    rg_device_destroy(j.device);
    rg_run_data_release(&j.data);
    return rg_attempts_end(&attempts);
}
