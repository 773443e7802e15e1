/* `rnn-gpu sweep`: a grid of trainings, many at once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/grid.h"
#include "commands/replicas.h"
#include "commands/stop.h"
#include "report/json_lines.h"
#include "report/progress.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

/* A run has learned if its loss is below this share of the baseline's: for adding a mean squared error of 0.01. */
static const double LEARNED_MSE = 0.06, LEARNED_ENTROPY = 0.5;

struct sweep {
    const struct rg_config *config;
    struct rg_grid_of_runs *grid;
    struct rg_replicas replicas;
    struct rg_progress progress;
};

static bool has_learned(const struct rg_replica *run) {
    const struct rg_summary *const s = &run->summary;
    const double share = s->loss_kind == RG_LOSS_MSE ? LEARNED_MSE : LEARNED_ENTROPY;
    return run->done && s->loss < share * s->baseline;
}

/* ---- What a run is, in words: axes [0, n_axes) that have more than one value ---- */

static size_t axis_width(const struct rg_axis *axis) {
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
        const struct rg_axis *const axis = &grid->axes[i];
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
        const struct rg_axis *const axis = &grid->axes[i];
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
        (void)json_object_set_new(line, "learned", json_boolean(has_learned(run)));
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
        (void)printf(" %7s %7.1f\n", has_learned(run) ? "yes" : "no", r->seconds);
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

static int compare_losses(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* By linear interpolation between sorted values [n], as numpy's default. */
static double quantile(const double *sorted, size_t n, double q) {
    const double at = q * (double)(n - 1);
    const size_t below = (size_t)at, above = below + 1 < n ? below + 1 : below;
    const double part = at - (double)below;
    return part > 0.0 && sorted[above] > sorted[below] ? sorted[below] + part * (sorted[above] - sorted[below])
                                                       : sorted[below];
}

struct group {
    size_t runs, learned;
    double q1, median, q3; /* of the losses; a diverged run counts as INFINITY */
};

/* Runs [first, first + n) that are done. */
static rg_status summarise(const struct sweep *s, size_t first, size_t n, struct group *g) {
    double *losses = NULL;
    *g = (struct group){.runs = 0};
    RG_TRY(rg_alloc(&losses, n, sizeof *losses, "losses"));
    for (size_t i = first; i < first + n; i++) {
        const struct rg_replica *const run = &s->replicas.items[i];
        if (run->done) {
            losses[g->runs++] = isnan(run->summary.loss) ? INFINITY : run->summary.loss;
            g->learned += has_learned(run);
        }
    }
    if (g->runs > 0) {
        qsort(losses, g->runs, sizeof *losses, compare_losses);
        g->q1 = quantile(losses, g->runs, 0.25);
        g->median = quantile(losses, g->runs, 0.5);
        g->q3 = quantile(losses, g->runs, 0.75);
    }
    rg_free(losses);
    return RG_OK;
}

static rg_status print_groups(const struct sweep *s) {
    const struct rg_grid_of_runs *const grid = s->grid;
    const size_t n_axes = grid->n_axes - 1;
    if (!s->config->json) {
        (void)printf("\nover the seeds:\n");
        print_names(grid, n_axes);
        (void)printf("%5s %8s %8s %8s %9s\n", "runs", "quarter", "median", "3/4", "learned");
    }
    for (size_t first = 0; first < grid->n_runs; first += grid->n_seeds) {
        struct group g;
        RG_TRY(summarise(s, first, grid->n_seeds, &g));
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
    const struct rg_axis *const steps = &grid->axes[grid->n_axes - 1 - (grid->has_seeds ? 1 : 0)];
    double most = 0.0;
    *largest = NULL;
    for (size_t k = 0; k < grid->n_steps; k++) {
        struct group g;
        RG_TRY(summarise(s, first + k * grid->n_seeds, grid->n_seeds, &g));
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
    for (size_t i = 0; i < r->n; i++) {
        RG_TRY(rg_grid_config(s->grid, i, s->config, &r->items[i].config));
    }
    return RG_OK;
}

static rg_status show_rest(const struct sweep *s) {
    size_t done = 0;
    for (size_t i = 0; i < s->replicas.n; i++) {
        done += s->replicas.items[i].done;
    }
    if (s->grid->n_seeds > 1) {
        RG_TRY(print_groups(s));
    }
    if (s->grid->n_steps > 1) {
        RG_TRY(print_reach(s));
    }
    if (*s->replicas.stop) {
        rg_log("interrupted; %zu of %zu runs are done", done, s->replicas.n);
        return rg_stop_status();
    }
    return RG_OK;
}

static rg_status sweep(struct sweep *s) {
    RG_TRY(make_runs(s));
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
    rg_grid_destroy(s.grid);
    return status;
}
