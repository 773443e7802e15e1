/* Gradients of losses at several steps: see probe_map.h. */
#include "gradient/probe_map.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "gradient/sweeps.h"
#include "rnn_gpu/memory.h"

static const double MAX_WORK = 4e9, MAX_BYTES = 256e6;

/* ---- The list ---- */

static rg_status bad_list(const char *text) {
    return rg_fail(RG_USAGE, "--probe-times: '%.80s' is no list of steps; write 10,20,30 or 1-20", text);
}

/* Read a whole number above 0 at *at and move past it; 0: there is none. */
static size_t read_step(const char **at) {
    char *end = NULL;
    if (**at < '0' || **at > '9') {
        return 0;
    }
    errno = 0;
    const unsigned long long value = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0 && value < SIZE_MAX ? (size_t)value : SIZE_MAX;
}

static int by_step(const void *a, const void *b) {
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* Sort the list and remove duplicates. */
static void settle(struct rg_probe_list *list) {
    size_t n = 0;
    qsort(list->steps, list->n, sizeof *list->steps, by_step);
    for (size_t i = 0; i < list->n; i++) {
        if (n == 0 || list->steps[i] != list->steps[n - 1]) {
            list->steps[n++] = list->steps[i];
        }
    }
    list->n = n;
}

static rg_status add_range(size_t first, size_t last, size_t steps, struct rg_probe_list *list) {
    if (last > steps) {
        return rg_fail(RG_USAGE, "--probe-times: step %zu lies behind the last step, %zu", last, steps);
    }
    for (size_t step = first; step <= last; step++) {
        if (list->n == RG_MAX_PROBES) {
            return rg_fail(RG_USAGE, "--probe-times: there are more than %d steps; leave some out", RG_MAX_PROBES);
        }
        list->steps[list->n++] = step;
    }
    return RG_OK;
}

rg_status rg_probe_list_read(const char *text, const struct rg_shape *shape, size_t steps, struct rg_probe_list *list) {
    const char *at = text;
    list->n = 0;
    if (shape->target == RG_TARGET_LAST) {
        return rg_fail(RG_USAGE,
                       "--probe-times: the loss is at the last step, %zu, alone; other steps have one with "
                       "--target steps",
                       steps);
    }
    if (shape->bidirectional) {
        return rg_fail(RG_USAGE,
                       "--probe-times: a bidirectional net can be probed at its last step, %zu, alone; leave it "
                       "out",
                       steps);
    }
    do {
        at += at > text ? 1 : 0; /* skip the comma */
        const size_t first = read_step(&at);
        size_t last = first;
        if (*at == '-') {
            at++;
            last = read_step(&at);
        }
        if (first == 0 || last < first || (*at && *at != ',')) {
            return bad_list(text);
        }
        RG_TRY(add_range(first, last, steps, list));
    } while (*at);
    settle(list);
    return RG_OK;
}

/* ---- The map ---- */

/* Choose how many sequences are processed at once, and how many in all. */
static void choose_rows(const struct rg_plan *p, size_t each, size_t rows, size_t *at_once, size_t *all) {
    const double of_logs = (double)(p->layers * p->directions * p->steps * each * sizeof(double));
    const double bytes = rg_sweeps_bytes(p, 1, each) + of_logs, work = rg_sweeps_work(p, 1, each);
    const double fit = floor(MAX_WORK / work), room = floor(MAX_BYTES / bytes);
    *all = fit < 1.0 ? 1 : fit < (double)rows ? (size_t)fit : rows;
    *at_once = rg_min(*all, p->chunk);
    *at_once = room < 1.0 ? 1 : room < (double)*at_once ? (size_t)room : *at_once;
}

/* log10 of the root of 10^(2 log) plus the sum of squares of `n` numbers, given by their log10 at a distance of `each`.
 */
static double add_squares(double log, const double *logs, size_t n, size_t each) {
    double largest = log, sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, logs[i * each]);
    }
    if (!isfinite(largest)) {
        return largest;
    }
    sum = pow(10.0, 2.0 * (log - largest));
    for (size_t i = 0; i < n; i++) {
        sum += pow(10.0, 2.0 * (logs[i * each] - largest));
    }
    return largest + 0.5 * log10(sum);
}

/* Add the sequences of a walk. Its sweeps begin at the last step of the list. */
static void add_walk(struct rg_probe_map *map, const struct rg_sweeps *s) {
    const size_t n = map->probes.n, steps = map->steps;
    for (size_t i = 0; i < map->layers * map->directions * n * steps; i++) {
        const size_t place = i / (n * steps), probe = i / steps % n, t = i % steps;
        const double *const logs = s->delta_log10 + (place * steps + t) * s->rows * n + (n - 1 - probe);
        map->log10_norm[i] = add_squares(map->log10_norm[i], logs, s->rows, n);
    }
}

static rg_status walk(struct rg_probe_map *map, struct rg_sweeps *s, size_t at_once,
                      const struct rg_probe_map_options *options) {
    for (size_t first = 0; first < map->rows && !s->ended; first += at_once) {
        const double all = (double)map->rows;
        s->first = first;
        s->rows = rg_min(map->rows - first, at_once);
        s->watch = rg_watch_piece(&options->watch, (double)first / all, (double)s->rows / all);
        RG_TRY(rg_sweeps_run(s));
        if (!s->ended) {
            add_walk(map, s);
        }
    }
    return RG_OK;
}

rg_status rg_probe_map_measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                               const struct rg_probe_list *list, const struct rg_probe_map_options *options,
                               struct rg_probe_map *map) {
    const struct rg_plan *const p = &engine->net.plan;
    const size_t n = list->n, places = p->layers * p->directions;
    size_t at_once = 0, begin[RG_MAX_PROBES];
    *map = (struct rg_probe_map){.probes = *list, .steps = p->steps, .layers = p->layers, .directions = p->directions};
    choose_rows(p, n, options->rows, &at_once, &map->rows);
    for (size_t i = 0; i < n; i++) {
        begin[i] = list->steps[n - 1 - i] - 1;
    }
    struct rg_sweeps sweeps = {
        .engine = engine, .source = source, .update = update, .each = n, .begin = begin, .threads = options->threads};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&map->log10_norm, places * n, p->steps * sizeof *map->log10_norm, "norms by step"));
    RG_TRY_GOTO(
        rg_alloc(&sweeps.delta_log10, places * p->steps, at_once * n * sizeof *sweeps.delta_log10, "norms by step"));
    for (size_t i = 0; i < places * n * p->steps; i++) {
        map->log10_norm[i] = -INFINITY;
    }
    RG_TRY_GOTO(walk(map, &sweeps, at_once, options));
cleanup:
    rg_free(sweeps.delta_log10);
    if (status != RG_OK || sweeps.ended) {
        rg_probe_map_release(map);
    }
    return status;
}

void rg_probe_map_release(struct rg_probe_map *map) {
    rg_free(map->log10_norm);
    *map = (struct rg_probe_map){.probes = {.n = 0}};
}
