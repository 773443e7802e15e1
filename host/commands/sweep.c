/* `rnn-gpu sweep`: a grid of trainings, many at once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/grid.h"
#include "commands/outputs.h"
#include "commands/replicas.h"
#include "commands/stop.h"
#include "report/json_lines.h"
#include "report/pages.h"
#include "report/progress.h"
#include "report/sweep_figures.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

struct sweep {
    const struct rg_config *config;
    struct rg_grid_of_runs *grid;
    struct rg_replicas replicas;
    struct rg_progress progress;
    struct rg_sweep_axis axes[RG_MAX_AXES];
    const struct rg_summary **runs; /* [n]; NULL: not done */
    struct rg_sweep_view view;      /* of both */
};

/* ---- What a run is, in words: axes [0, n_axes) that have more than one value ---- */

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

/* A number where the text is one. */
static json_t *json_value(const char *text) {
    char *end = NULL;
    const size_t length = strlen(text);
    if (strspn(text, "0123456789") == length) {
        return rg_json_seed(strtoull(text, NULL, 10));
    }
    const double real = strtod(text, &end);
    return *end == '\0' ? rg_json_real(real) : json_string(text);
}

/* {"event": …, "settings": {"<option>": value, …}} of axes [0, n_axes). */
static json_t *json_settings(const char *event, const struct rg_grid_of_runs *grid, size_t n_axes, size_t run) {
    json_t *const settings = json_object(), *line = json_pack("{s:s}", "event", event);
    for (size_t i = 0; i < n_axes; i++) {
        const struct rg_grid_axis *const axis = &grid->axes[i];
        (void)json_object_set_new(settings, axis->option->name, json_value(axis->values[rg_grid_index(grid, run, i)]));
    }
    (void)json_object_set_new(line, "settings", settings);
    return line;
}

/* ---- Runs ---- */

static void print_run(const struct sweep *s, size_t i) {
    const struct rg_replica *const run = &s->replicas.items[i];
    const struct rg_summary *const r = &run->summary;
    if (s->config->json) {
        json_t *const line = json_settings("run", s->grid, s->grid->n_axes, i), *const summary = rg_summary_json(r);
        (void)json_object_update(line, summary);
        (void)json_object_set_new(line, "learned", json_boolean(rg_summary_learned(r)));
        json_decref(summary);
        rg_json_print(line);
    } else {
        print_values(s->grid, s->grid->n_axes, i);
        (void)printf("%8.3g %8.3g ", r->loss, r->best_loss);
        if (r->measured) {
            (void)printf("%7.4f %7zu %-9s", r->decay, r->horizon, rg_verdict_names[r->verdict]);
        } else {
            (void)printf("%7s %7s %-9s", "-", "-", r->reason == RG_REASON_DIVERGED ? "diverged" : "-");
        }
        (void)printf(" %7s %7.1f\n", rg_summary_learned(r) ? "yes" : "no", r->seconds);
        (void)fflush(stdout);
    }
}

static void print_header(const struct sweep *s) {
    print_names(s->grid, s->grid->n_axes);
    (void)printf("%8s %8s %7s %7s %-9s %7s %7s\n", "loss", "best", "decay", "horizon", "gradient", "learned",
                 "seconds");
}

static void on_run(void *self, size_t i, size_t finished) {
    struct sweep *const s = self;
    rg_progress_clear(&s->progress);
    if (i == 0 && !s->config->json) {
        print_header(s);
    }
    print_run(s, i);
    rg_progress_count(&s->progress, finished);
    if (ferror(stdout)) {
        rg_stop_no_reader();
    }
}

/* ---- Over seeds ---- */

static rg_status print_groups(const struct sweep *s) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n_axes = grid->n_axes - 1;
    if (!s->config->json) {
        (void)printf("\nover the seeds:\n");
        print_names(grid, n_axes);
        (void)printf("%5s %8s %8s %8s %9s\n", "runs", "quarter", "median", "3/4", "learned");
    }
    for (size_t first = 0; first < grid->n_runs; first += grid->n_seeds) {
        struct rg_spread g;
        RG_TRY(rg_spread_of(s->runs + first, grid->n_seeds, &g));
        if (g.runs == 0) {
            continue;
        }
        if (s->config->json) {
            json_t *const line = json_settings("group", grid, n_axes, first);
            json_t *const numbers = json_pack("{s:I, s:o, s:o, s:o, s:I}", "runs", (json_int_t)g.runs, "loss_q1",
                                              rg_json_real(g.q1), "loss_median", rg_json_real(g.median), "loss_q3",
                                              rg_json_real(g.q3), "learned", (json_int_t)g.learned);
            (void)json_object_update(line, numbers);
            json_decref(numbers);
            rg_json_print(line);
        } else {
            print_values(grid, n_axes, first);
            (void)printf("%5zu %8.3g %8.3g %8.3g %5zu/%zu\n", g.runs, g.q1, g.median, g.q3, g.learned, g.runs);
        }
    }
    return RG_OK;
}

/* ---- The largest number of steps learned ---- */

/* Of runs [first, first + n_steps n_seeds): the largest --steps that at least half of the seeds have learned, or NULL.
 */
static rg_status largest_steps(const struct sweep *s, size_t first, const char **largest) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const struct rg_grid_axis *const steps = &grid->axes[grid->n_axes - 1 - (grid->has_seeds ? 1 : 0)];
    double most = 0.0;
    *largest = NULL;
    for (size_t k = 0; k < grid->n_steps; k++) {
        struct rg_spread g;
        RG_TRY(rg_spread_of(s->runs + first + k * grid->n_seeds, grid->n_seeds, &g));
        const double value = strtod(steps->values[k], NULL);
        if (g.runs > 0 && 2 * g.learned >= g.runs && value > most) {
            most = value;
            *largest = steps->values[k];
        }
    }
    return RG_OK;
}

static rg_status print_reach(const struct sweep *s) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n_axes = grid->n_axes - 1 - (grid->has_seeds ? 1 : 0), each = grid->n_steps * grid->n_seeds;
    if (!s->config->json) {
        (void)printf("\nthe largest --steps that half of the seeds learned:\n");
    }
    for (size_t first = 0; first < grid->n_runs; first += each) {
        const char *largest = NULL;
        RG_TRY(largest_steps(s, first, &largest));
        if (s->config->json) {
            json_t *const line = json_settings("reach", grid, n_axes, first);
            (void)json_object_set_new(line, "steps", largest ? json_value(largest) : json_null());
            rg_json_print(line);
        } else {
            print_values(grid, n_axes, first);
            (void)printf("%s\n", largest ? largest : "none");
        }
    }
    return RG_OK;
}

/* ---- All of it ---- */

static rg_status make_runs(struct sweep *s) {
    struct rg_replicas *const r = &s->replicas;
    RG_TRY(rg_grid_create(s->config, &s->grid));
    r->n = s->grid->n_runs;
    RG_TRY(rg_alloc(&r->items, r->n, sizeof *r->items, "runs of a sweep"));
    RG_TRY(rg_alloc(&s->runs, r->n, sizeof *s->runs, "runs of a sweep"));
    for (size_t i = 0; i < r->n; i++) {
        RG_TRY(rg_grid_config(s->grid, i, s->config, &r->items[i].config));
    }
    return RG_OK;
}

/* What is done, as tables and figures see it. */
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
    s->view = (struct rg_sweep_view){s->axes, grid->n_axes, grid->has_seeds, s->runs};
    return done;
}

/* "Sweep on adding: cell, steps, seed". */
static void name_sweep(const struct sweep *s, const struct rg_summary *run, char title[RG_PLOT_TEXT]) {
    int length = snprintf(title, RG_PLOT_TEXT, "Sweep on %.40s", run->task);
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
    struct rg_own_table tables[2] = {{.pointers = NULL}, {.pointers = NULL}};
    rg_status status = RG_OK;
    char title[RG_PLOT_TEXT];
    const struct rg_summary *first = NULL;
    for (size_t i = s->replicas.n; i-- > 0;) {
        first = s->runs[i] ? s->runs[i] : first;
    }
    if (!first) {
        return RG_OK;
    }
    name_sweep(s, first, title);
    rg_facts_add(&facts, "task", "%.60s", first->task);
    rg_facts_add(&facts, "runs", "%zu of %zu", done, s->replicas.n);
    if (s->grid->n_steps < 2) {
        rg_facts_add(&facts, "baseline's loss", "%.6g", first->baseline);
    }
    RG_TRY_GOTO(rg_alloc(&plots, RG_SWEEP_FIGURES, sizeof *plots, "figures"));
    RG_TRY_GOTO(rg_sweep_figures(&s->view, plots));
    RG_TRY_GOTO(rg_sweep_reach(&s->view, &tables[0]));
    RG_TRY_GOTO(rg_sweep_table(&s->view, &tables[1]));
    const bool has_reach = tables[0].pointers != NULL;
    const struct rg_table both[] = {tables[0].table, tables[1].table};
    const struct rg_report report = {.title = title,
                                     .config = s->config,
                                     .command = "sweep",
                                     .facts = facts.items,
                                     .n_facts = facts.n,
                                     .tables = has_reach ? both : both + 1,
                                     .n_tables = has_reach ? 2 : 1,
                                     .plots = plots,
                                     .n_plots = RG_SWEEP_FIGURES};
    RG_TRY_GOTO(rg_pages_write(s->config, &report));
fail:
    for (size_t i = 0; plots && i < RG_SWEEP_FIGURES; i++) {
        rg_plot_clear(&plots[i]);
    }
    rg_free(plots);
    rg_table_release(&tables[0]);
    rg_table_release(&tables[1]);
    return status;
}

static rg_status show_rest(struct sweep *s) {
    const size_t done = set_view(s);
    if (s->grid->n_seeds > 1) {
        RG_TRY(print_groups(s));
    }
    if (s->grid->n_steps > 1) {
        RG_TRY(print_reach(s));
    }
    RG_TRY(rg_pages_wanted(s->config) ? write_pages(s, done) : RG_OK);
    if (*s->replicas.stop) {
        rg_log("interrupted; %zu of %zu runs are done", done, s->replicas.n);
        return rg_stop_status();
    }
    return RG_OK;
}

static rg_status sweep(struct sweep *s) {
    RG_TRY(rg_pages_check(s->config));
    RG_TRY(rg_outputs_check(s->config, false));
    RG_TRY(make_runs(s));
    RG_TRY(rg_pages_try(s->config));
    s->replicas.config = s->config;
    s->replicas.on_run = on_run;
    s->replicas.self = s;
    s->replicas.stop = rg_stop_catch();
    rg_progress_init(&s->progress, s->config, (double)s->replicas.n);
    RG_TRY(rg_replicas_run(&s->replicas));
    rg_progress_end(&s->progress);
    return show_rest(s);
}

rg_status rg_command_sweep(const struct rg_config *config) {
    struct sweep s = {.config = config};
    const rg_status status = sweep(&s);
    rg_free(s.replicas.items);
    rg_free(s.runs);
    rg_grid_destroy(s.grid);
    return status;
}
