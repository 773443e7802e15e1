/* What a sweep prints: see sweep_tables.h. */
#include "cli/commands/sweep_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "cli/commands/run_command.h"
#include "cli/commands/trainings.h"
#include "cli/report/fold_table.h"
#include "cli/report/screen.h"
#include "cli/report/sweep_figures.h"
#include "cli/settings.h"
#include "rnn_gpu/memory.h"

/* ---- Tables ---- */

enum { MAX_COLUMNS = RG_MAX_AXES + 10, KEY_COLUMNS = 40 };

/* The keys of a table's rows: the axes [0, n_axes) that have several values; where these need more than KEY_COLUMNS,
 * the number of the row. */
struct keys {
    size_t n_axes;
    bool numbered;
};

static struct keys keys_of(const struct rg_grid_of_runs *grid, size_t n_axes) {
    size_t width = 0;
    for (size_t i = 0; i < n_axes; i++) {
        const struct rg_option_list *const axis = &grid->axes[i];
        size_t max = strlen(axis->option->name);
        for (size_t v = 0; axis->n > 1 && v < axis->n; v++) {
            max = rg_max(strlen(axis->values[v]), max);
        }
        width += axis->n > 1 ? max + 1 : 0;
    }
    return (struct keys){n_axes, width > KEY_COLUMNS};
}

static size_t axis_width(const struct rg_option_list *axis) {
    size_t width = 0;
    for (size_t i = 0; i < axis->n; i++) {
        const size_t length = strlen(axis->values[i]);
        width = rg_max(length, width);
    }
    return width;
}

/* Make a table of the keys and the given columns. */
static rg_status make_table(const struct rg_sweep_tables *s, struct keys keys, const struct rg_column *columns,
                            size_t n, bool live, struct rg_columns *table) {
    const struct rg_grid_of_runs *const grid = s->grid;
    struct rg_column all[MAX_COLUMNS];
    size_t k = 0;
    if (keys.numbered) {
        all[k++] = (struct rg_column){.head = "row", .width = 4};
    }
    for (size_t i = 0; i < keys.n_axes; i++) {
        if (grid->axes[i].n > 1) {
            all[k++] = (struct rg_column){.head = grid->axes[i].option->name, .width = axis_width(&grid->axes[i])};
        }
    }
    memcpy(all + k, columns, n * sizeof *columns);
    const struct rg_columns_options options = {.columns = all,
                                               .n = k + n,
                                               .keys = keys.numbered ? 1 : k,
                                               .rows = grid->n_runs,
                                               .width = rg_look_rows(&s->look),
                                               .gap = 1,
                                               .color = s->look.color,
                                               .live = live};
    RG_TRY(rg_columns_create(&options, table));
    rg_columns_begin(table);
    return RG_OK;
}

/* Fill in the keys of the row for run `run`. */
static void add_keys(const struct rg_grid_of_runs *grid, struct keys keys, size_t run, struct rg_columns *table) {
    if (keys.numbered) {
        rg_columns_cell(table, "", "%zu", table->n_cells / table->options.n + 1);
    }
    for (size_t i = 0; i < keys.n_axes; i++) {
        const struct rg_option_list *const axis = &grid->axes[i];
        if (axis->n > 1) {
            rg_columns_cell(table, "", "%s", axis->values[rg_grid_index(grid, run, i)]);
        }
    }
}

/* Show the table if all rows are in it, and release it. */
static rg_status end_table(struct rg_columns *table, rg_status status) {
    status = status == RG_OK ? rg_columns_end(table) : status;
    rg_columns_release(table);
    return status;
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

/* Add the options of the trainings that are no axes: flags and texts, which all runs share. Files are left out. */
static void add_shared(const struct rg_config *config, json_t **settings) {
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        const void *const field = rg_option_field(option, config);
        const bool is_of_run = option->group != RG_GROUP_MACHINE && option->group != RG_GROUP_SCREEN;
        if (!is_of_run || option->file != RG_FILE_NONE || !rg_config_gives(config, option->name)) {
            continue;
        }
        if (option->kind == RG_KIND_FLAG) {
            rg_json_set(settings, option->name, json_boolean(*(const bool *)field));
        } else if (option->kind == RG_KIND_TEXT) {
            rg_json_set(settings, option->name, rg_json_text(*(const char *const *)field));
        }
    }
}

json_t *rg_sweep_values(const struct rg_grid_of_runs *grid, size_t n_axes, size_t run) {
    json_t *settings = json_object();
    for (size_t i = 0; i < n_axes; i++) {
        const struct rg_option_list *const axis = &grid->axes[i];
        rg_json_set(&settings, axis->option->name, json_value(axis->values[rg_grid_index(grid, run, i)]));
    }
    add_shared(grid->config, &settings);
    return settings;
}

/* {"event": …, "settings": {…}}. */
static json_t *json_settings(const char *event, const struct rg_grid_of_runs *grid, size_t n_axes, size_t run) {
    json_t *line = rg_json_pack("{s:s}", "event", event);
    rg_json_set(&line, "settings", rg_sweep_values(grid, n_axes, run));
    return line;
}

/* ---- Runs ---- */

static void print_json(const struct rg_sweep_tables *s, size_t i, const struct rg_summary *r, const char *model) {
    json_t *line = json_settings("run", s->grid, s->grid->n_axes, i);
    rg_json_merge(&line, rg_summary_json(r));
    rg_json_set(&line, "options", rg_settings_json("sweep", s->config, &r->config));
    rg_json_set(&line, "learned", json_boolean(rg_summary_learned(r)));
    rg_trainings_add_models(&line, r, model);
    struct rg_config asked;
    const rg_status status = rg_grid_config(s->grid, i, s->config, &asked);
    asked.machine.device = *s->on_processor ? "cpu" : asked.machine.device;
    rg_json_set(&line, "command", status == RG_OK ? rg_run_command_json(&asked) : NULL);
    rg_json_lines_write(s->lines, line);
}

/* Show the heads of the runs' table. `first` is the first run. */
static rg_status begin_runs(struct rg_sweep_tables *s, const struct rg_summary *first) {
    static const struct rg_column columns[] = {
        {.head = "median", .width = 8, .meaning = "loss over the last tenth of the updates, at least 20"},
        {.head = "low mean", .width = 8, .meaning = "lowest mean of as many updates, at any time of the run"},
        {.head = "best val", .width = 8, .meaning = "the lowest loss of the validation data, at any time of the run"},
        {.head = "test", .width = 8, .meaning = "the loss of the test data"},
        {.head = "factor", .width = 7, .meaning = "of the gradient from a step to the one before it, fitted"},
        {.head = "horizon", .width = 7, .meaning = "lags below it give the gradient of weight_hh within 10 %"},
        {.head = "gradient", .width = 9, .left = true, .meaning = "the verdict: how the gradient comes back in time"},
        {.head = "learned", .width = 7},
        {.head = "seconds", .width = 7},
    };
    enum { N = sizeof columns / sizeof *columns, HELD_OUT = 2, TEST = 3, LEARNED = 7 };
    struct rg_column shown[N];
    size_t n = 0;
    (void)snprintf(s->learned, sizeof s->learned, "whether the %s is below %g of the baseline's loss",
                   s->validates ? "best val" : "median", rg_loss_learned_part(first->loss_kind));
    for (size_t i = 0; i < N; i++) {
        shown[n] = columns[i];
        shown[n].meaning = i == LEARNED                ? s->learned
                           : i == TEST && s->validates ? "the loss of the test data, by the best weights: those of the "
                                                         "lowest loss of the validation data"
                                                       : shown[n].meaning;
        n += (i != HELD_OUT || s->validates) && (i != TEST || s->config->data.test);
    }
    return make_table(s, keys_of(s->grid, s->grid->n_axes), shown, n, true, &s->rows);
}

rg_status rg_sweep_print_run(struct rg_sweep_tables *s, size_t i, const struct rg_summary *r, const char *model) {
    struct rg_columns *const t = &s->rows;
    if (s->config->output.json) {
        print_json(s, i, r, model);
        return RG_OK;
    }
    RG_TRY(t->cells ? RG_OK : begin_runs(s, r));
    add_keys(s->grid, keys_of(s->grid, s->grid->n_axes), i, t);
    rg_columns_cell(t, "", "%.3g", isnan(r->median_loss) ? INFINITY : r->median_loss); /* as over the seeds */
    rg_columns_cell(t, "", "%.3g", r->best_loss);
    if (s->validates) {
        rg_columns_cell(t, "", "%.3g", r->val_best_loss);
    }
    if (s->config->data.test) {
        rg_columns_cell(t, "", "%.3g", r->test_loss);
    }
    if (r->measured) {
        rg_columns_cell(t, "", "%.4f", r->factor);
        rg_columns_cell(t, "", "%zu", r->horizon);
        rg_columns_cell(t, rg_verdict_colors[r->verdict], "%s", rg_verdict_names[r->verdict]);
    } else {
        rg_columns_cell(t, "", "-");
        rg_columns_cell(t, "", "-");
        rg_columns_cell(t, "", "%s", r->reason == RG_REASON_DIVERGED ? "diverged" : "-");
    }
    rg_columns_cell(t, "", "%s", rg_summary_learned(r) ? "yes" : "no");
    rg_columns_cell(t, "", r->seconds < 0.001 ? "%.6f" : r->seconds < 99.95 ? "%.3g" : "%.0f", r->seconds);
    return t->status;
}

rg_status rg_sweep_print_runs_end(struct rg_sweep_tables *s) {
    const bool any = s->rows.cells != NULL;
    return any ? end_table(&s->rows, RG_OK) : RG_OK;
}

/* ---- Over seeds ---- */

static void print_group_json(const struct rg_sweep_tables *s, size_t first, const struct rg_spread_group *group) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const struct rg_spread *const g = &group->spread;
    json_t *line = json_settings("group", grid, grid->n_axes - rg_grid_inner_axes(grid), first);
    json_t *const numbers =
        rg_json_pack("{s:I, s:b, s:s, s:I, s:o, s:o, s:o, s:I}", "rank", (json_int_t)group->rank, "tied", group->tied,
                     "ranked_by", s->validates ? "validation.best_loss" : "median_loss", "runs", (json_int_t)g->runs,
                     "loss_q1", rg_json_real(g->q1), "loss_median", rg_json_real(g->median), "loss_q3",
                     rg_json_real(g->q3), "learned", (json_int_t)g->learned);
    rg_json_merge(&line, numbers);
    rg_json_lines_write(s->lines, line);
}

/* Show the groups [n] in the grid's order, with their ranks. */
static rg_status print_groups(const struct rg_sweep_tables *s, const struct rg_spread_group *groups, size_t n) {
    const char *const spread =
        s->validates ? "of the runs' lowest losses of the validation data" : "of the medians of the runs";
    const struct rg_column columns[] = {{.head = "runs", .width = 5},
                                        {.head = "quarter", .width = 8, .meaning = spread},
                                        {.head = "median", .width = 8, .meaning = spread},
                                        {.head = "3/4", .width = 8, .meaning = spread},
                                        {.head = "learned", .width = 7},
                                        {.head = "rank", .width = 5}};
    const size_t each = rg_grid_members(s->grid);
    const struct keys keys = keys_of(s->grid, s->grid->n_axes - rg_grid_inner_axes(s->grid));
    struct rg_columns t;
    bool tied = false;
    (void)printf("\n%sover the seeds:\n", s->validates ? "best held-out loss, " : "");
    RG_TRY(make_table(s, keys, columns, sizeof columns / sizeof *columns, false, &t));
    for (size_t i = 0; i < n; i++) {
        const struct rg_spread *const g = &groups[i].spread;
        if (groups[i].rank == 0) {
            continue;
        }
        tied = tied || groups[i].tied;
        add_keys(s->grid, keys, i * each, &t);
        rg_columns_cell(&t, "", "%zu", g->runs);
        rg_columns_cell(&t, "", "%.3g", g->q1);
        rg_columns_cell(&t, "", "%.3g", g->median);
        rg_columns_cell(&t, "", "%.3g", g->q3);
        rg_columns_cell(&t, "", "%zu/%zu", g->learned, g->runs);
        rg_columns_cell(&t, "", "%zu%s", groups[i].rank, groups[i].tied ? "=" : " ");
    }
    const rg_status status = rg_columns_end(&t);
    if (status == RG_OK && tied) {
        rg_columns_explain(&t, "=",
                           "tied: with the seeds drawn again, neither median is the lower one in 9 of 10 draws");
    }
    rg_columns_release(&t);
    return status;
}

rg_status rg_sweep_print_groups(const struct rg_sweep_tables *s) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n = grid->n_runs / rg_grid_members(grid);
    struct rg_spread_group *groups = NULL;
    size_t *order = NULL, ranked = 0;
    rg_status status = rg_alloc(&groups, n, sizeof *groups, "groups of a sweep");
    status = status == RG_OK ? rg_alloc(&order, n, sizeof *order, "groups of a sweep") : status;
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        groups[i] = (struct rg_spread_group){.runs = s->runs + i * rg_grid_members(grid), .n = rg_grid_members(grid)};
    }
    status = status == RG_OK ? rg_spread_rank(groups, n, order, &ranked) : status;
    if (status == RG_OK && !s->config->output.json) {
        status = print_groups(s, groups, n);
    }
    for (size_t i = 0; i < n && status == RG_OK && s->config->output.json; i++) {
        if (groups[i].rank > 0) {
            print_group_json(s, i * rg_grid_members(grid), &groups[i]);
        }
    }
    rg_free(groups);
    rg_free(order);
    return status;
}

/* ---- What was held out ---- */

/* The groups of runs, scored; the caller frees them. */
static rg_status make_folds(const struct rg_sweep_tables *s, enum rg_held_out which, struct rg_fold_group **groups,
                            size_t *n) {
    const size_t each = rg_grid_members(s->grid);
    *n = s->grid->n_runs / each;
    RG_TRY(rg_alloc(groups, *n, sizeof **groups, "groups of a sweep"));
    for (size_t i = 0; i < *n; i++) {
        (*groups)[i] = (struct rg_fold_group){.runs = s->runs + i * each, .of = each, .which = which};
    }
    rg_fold_score(*groups, *n);
    return RG_OK;
}

static rg_status print_folds(const struct rg_sweep_tables *s, const struct rg_fold_group *groups, size_t n) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const struct keys keys = keys_of(grid, grid->n_axes - rg_grid_inner_axes(grid));
    struct rg_column columns[RG_FOLD_SHOWN];
    struct rg_columns t;
    (void)printf("\n%s, over the %s:\n", rg_fold_titles[groups[0].which],
                 rg_sweep_member_names[rg_grid_member_kind(grid)]);
    rg_fold_columns(&groups[0], columns);
    RG_TRY(make_table(s, keys, columns, RG_FOLD_SHOWN, false, &t));
    for (size_t i = 0; i < n; i++) {
        if (groups[i].rank > 0) {
            add_keys(grid, keys, i * rg_grid_members(grid), &t);
            rg_fold_cells(&groups[i], &t);
        }
    }
    return end_table(&t, RG_OK);
}

rg_status rg_sweep_print_held_out(const struct rg_sweep_tables *s) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n_axes = grid->n_axes - rg_grid_inner_axes(grid), each = rg_grid_members(grid);
    struct rg_fold_group *groups = NULL;
    size_t n = 0;
    RG_TRY(make_folds(s, RG_HELD_VALIDATION, &groups, &n));
    const rg_status status = s->config->output.json ? RG_OK : print_folds(s, groups, n);
    for (size_t i = 0; i < n && s->config->output.json; i++) {
        if (groups[i].rank > 0) {
            json_t *line = json_settings(grid->n_folds > 1 ? "folds" : "held_out", grid, n_axes, i * each);
            rg_fold_json(&groups[i], &line);
            rg_json_lines_write(s->lines, line);
        }
    }
    rg_free(groups);
    return status;
}

rg_status rg_sweep_print_tests(const struct rg_sweep_tables *s) {
    struct rg_fold_group *groups = NULL;
    size_t n = 0;
    RG_TRY(make_folds(s, RG_HELD_TEST, &groups, &n));
    const rg_status status = print_folds(s, groups, n);
    rg_free(groups);
    return status;
}

/* ---- Largest number of steps learned ---- */

rg_status rg_sweep_print_reach(const struct rg_sweep_tables *s) {
    static const struct rg_column largest = {.head = "largest steps", .left = true};
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n_axes = grid->n_axes - 1 - rg_grid_inner_axes(grid), each = grid->n_steps * rg_grid_members(grid);
    const struct keys keys = keys_of(grid, n_axes);
    struct rg_columns t = {.cells = NULL};
    if (!s->config->output.json) {
        (void)printf("\nthe largest --steps that half of the seeds learned:\n");
        RG_TRY(make_table(s, keys, &largest, 1, false, &t));
    }
    for (size_t first = 0; first < grid->n_runs; first += each) {
        struct rg_reach reach;
        char text[RG_REACH_BYTES];
        const rg_status status =
            rg_reach_of(s->runs + first, grid->axes[n_axes].values, grid->n_steps, rg_grid_members(grid), &reach);
        if (status != RG_OK) {
            return end_table(&t, status);
        }
        if (reach.runs == 0) {
            continue;
        }
        if (s->config->output.json) {
            json_t *line = json_settings("reach", grid, n_axes, first);
            rg_json_set(&line, "steps", reach.largest ? json_value(reach.largest) : json_null());
            rg_json_set(&line, "runs", json_integer((json_int_t)reach.runs));
            rg_json_set(&line, "of", json_integer((json_int_t)reach.of));
            rg_json_lines_write(s->lines, line);
        } else {
            rg_reach_text(&reach, text);
            add_keys(grid, keys, first, &t);
            rg_columns_cell(&t, "", "%s", text);
        }
    }
    return s->config->output.json ? RG_OK : end_table(&t, RG_OK);
}
