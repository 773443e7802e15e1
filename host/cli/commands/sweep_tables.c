/* What a sweep prints: see sweep_tables.h. */
#include "cli/commands/sweep_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/fold_table.h"
#include "cli/report/sweep_figures.h"
#include "cli/settings.h"
#include "files/json.h"
#include "rnn_gpu/memory.h"

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

json_t *rg_sweep_values(const struct rg_grid_of_runs *grid, size_t n_axes, size_t run) {
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
    rg_json_set(&line, "settings", rg_sweep_values(grid, n_axes, run));
    return line;
}

/* ---- Runs ---- */

void rg_sweep_print_run(const struct rg_sweep_tables *s, size_t i, const struct rg_summary *r) {
    if (s->config->output.json) {
        json_t *line = json_settings("run", s->grid, s->grid->n_axes, i);
        rg_json_merge(&line, rg_summary_json(r));
        rg_json_set(&line, "options", rg_settings_json("sweep", s->config, &r->config));
        rg_json_set(&line, "learned", json_boolean(rg_summary_learned(r)));
        rg_json_lines_write(s->lines, line);
    } else {
        print_values(s->grid, s->grid->n_axes, i);
        (void)printf("%8.3g %8.3g ", r->median_loss, r->best_loss);
        if (s->validates) {
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

void rg_sweep_print_heads(const struct rg_sweep_tables *s) {
    print_names(s->grid, s->grid->n_axes);
    (void)printf("%8s %8s %s%7s %7s %-9s %7s %7s\n", "median", "low mean", s->validates ? "held out " : "", "factor",
                 "horizon", "gradient", "learned", "seconds");
}

/* ---- Over seeds ---- */

/* Print a group, in the grid's order, with its rank. */
static void print_group(const struct rg_sweep_tables *s, size_t first, const struct rg_spread_group *group) {
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
        rg_json_lines_write(s->lines, line);
    } else {
        print_values(grid, n_axes, first);
        (void)printf("%5zu %8.3g %8.3g %8.3g %5zu/%zu %5zu%s\n", g->runs, g->q1, g->median, g->q3, g->learned, g->runs,
                     group->rank, group->tied ? "=" : "");
    }
}

rg_status rg_sweep_print_groups(const struct rg_sweep_tables *s) {
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

/* ---- What was held out ---- */

/* The groups of runs, scored; the caller frees them. */
static rg_status make_folds(const struct rg_sweep_tables *s, struct rg_fold_group **groups, size_t *n) {
    const size_t each = rg_grid_members(s->grid);
    *n = s->grid->n_runs / each;
    RG_TRY(rg_alloc(groups, *n, sizeof **groups, "groups of a sweep"));
    for (size_t i = 0; i < *n; i++) {
        (*groups)[i] = (struct rg_fold_group){.runs = s->runs + i * each, .of = each};
    }
    rg_fold_score(*groups, *n);
    return RG_OK;
}

rg_status rg_sweep_print_held_out(const struct rg_sweep_tables *s) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n_axes = grid->n_axes - rg_grid_inner_axes(grid), each = rg_grid_members(grid);
    struct rg_fold_group *groups = NULL;
    size_t n = 0;
    RG_TRY(make_folds(s, &groups, &n));
    if (!s->config->output.json) {
        (void)printf("\nof what was held out, over the %s:\n", rg_sweep_member_names[rg_grid_member_kind(grid)]);
        print_names(grid, n_axes);
        rg_fold_print_heads(groups[0].scores.classes);
    }
    for (size_t i = 0; i < n; i++) {
        if (groups[i].rank == 0) {
            continue;
        }
        if (s->config->output.json) {
            json_t *line = json_settings(grid->n_folds > 1 ? "folds" : "held_out", grid, n_axes, i * each);
            rg_fold_json(&groups[i], &line);
            rg_json_lines_write(s->lines, line);
        } else {
            print_values(grid, n_axes, i * each);
            rg_fold_print(&groups[i]);
        }
    }
    rg_free(groups);
    return RG_OK;
}

/* ---- Largest number of steps learned ---- */

rg_status rg_sweep_print_reach(const struct rg_sweep_tables *s) {
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
            rg_json_lines_write(s->lines, line);
        } else {
            char text[RG_REACH_BYTES];
            rg_reach_text(&reach, text);
            print_values(grid, n_axes, first);
            (void)printf("%s\n", text);
        }
    }
    return RG_OK;
}
