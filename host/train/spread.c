/* Losses over seeds: see spread.h. */
#include "train/spread.h"

#include <math.h>
#include <stdlib.h>

#include "base/sizes.h"
#include "base/sort.h"
#include "rnn_gpu/memory.h"

/* The q-quantile, 0 to 1, of `sorted` [n], interpolated linearly between neighbours. */
static double quantile(const double *sorted, size_t n, double q) {
    const double at = q * (double)(n - 1);
    const size_t below = (size_t)at, above = below + 1 < n ? below + 1 : below;
    const double part = at - (double)below;
    return part > 0.0 && sorted[above] > sorted[below] ? sorted[below] + part * (sorted[above] - sorted[below])
                                                       : sorted[below];
}

void rg_spread_quartiles(double *values, size_t n, struct rg_spread *s) {
    rg_sort(values, n);
    s->q1 = n ? quantile(values, n, 0.25) : NAN;
    s->median = n ? quantile(values, n, 0.5) : NAN;
    s->q3 = n ? quantile(values, n, 0.75) : NAN;
}

/* The losses of the runs that are done, sorted; `losses` [n]. */
static size_t sort_losses(const struct rg_summary *const *runs, size_t n, double *losses) {
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        if (runs[i]) {
            losses[done++] = rg_summary_ranked(runs[i]);
        }
    }
    rg_sort(losses, done);
    return done;
}

rg_status rg_spread_of(const struct rg_summary *const *runs, size_t n, struct rg_spread *s) {
    double *losses = NULL;
    *s = (struct rg_spread){.runs = 0};
    RG_TRY(rg_alloc(&losses, n, sizeof *losses, "losses"));
    s->runs = sort_losses(runs, n, losses);
    for (size_t i = 0; i < n; i++) {
        s->learned += runs[i] && rg_summary_learned(runs[i]);
    }
    rg_spread_quartiles(losses, s->runs, s);
    rg_free(losses);
    return RG_OK;
}

size_t rg_spread_middle(const struct rg_summary *const *runs, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t before = 0; /* runs that stand before this one, equal ones in their order */
        for (size_t k = 0; k < n; k++) {
            before += rg_summary_ranked(runs[k]) < rg_summary_ranked(runs[i]) ||
                      (k < i && !(rg_summary_ranked(runs[k]) > rg_summary_ranked(runs[i])));
        }
        if (before == (n - 1) / 2) {
            return i;
        }
    }
    return 0;
}

/* splitmix64 (Steele, Lea, Flood 2014): a fixed stream, so that the same runs are always called alike. */
static uint64_t next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

/* The median of n numbers drawn from `losses` with replacement; `space` [n]. */
static double drawn_median(const double *losses, size_t n, uint64_t *state, double *space) {
    for (size_t i = 0; i < n; i++) {
        space[i] = losses[next(state) % n];
    }
    rg_sort(space, n);
    return quantile(space, n, 0.5);
}

/* `room` [3 * the larger n]. */
static bool are_tied(const struct rg_spread_group *a, const struct rg_spread_group *b, double *room) {
    const size_t max = rg_max(a->n, b->n);
    double *const of_a = room, *const of_b = room + max, *const space = room + 2 * max;
    const size_t n = sort_losses(a->runs, a->n, of_a), m = sort_losses(b->runs, b->n, of_b);
    size_t lower = 0, higher = 0;
    uint64_t state = 1;
    for (size_t i = 0; i < RG_SPREAD_DRAWS; i++) {
        const double x = drawn_median(of_a, n, &state, space), y = drawn_median(of_b, m, &state, space);
        lower += x < y;
        higher += x > y;
    }
    return (double)rg_max(lower, higher) < RG_SPREAD_SURE * RG_SPREAD_DRAWS;
}

/* A group with its position, to be sorted: by median, equal ones by position. */
struct place {
    double median;
    size_t at;
};

static int by_median(const void *a, const void *b) {
    const struct place *const x = a, *const y = b;
    const int order = (x->median > y->median) - (x->median < y->median);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* Spreads, and the order of the groups that have runs; *most is the largest n. */
static rg_status sort_groups(struct rg_spread_group *groups, size_t n, size_t *order, size_t *ranked, size_t *max) {
    struct place *places = NULL;
    rg_status status = rg_alloc(&places, n, sizeof *places, "ranks");
    *ranked = 0;
    for (size_t i = 0; i < n && status == RG_OK; i++) {
        struct rg_spread_group *const g = &groups[i];
        status = rg_spread_of(g->runs, g->n, &g->spread);
        g->rank = 0;
        g->tied = false;
        *max = rg_max(g->n, *max);
        if (g->spread.runs > 0) {
            places[(*ranked)++] = (struct place){g->spread.median, i};
        }
    }
    if (status == RG_OK) {
        qsort(places, *ranked, sizeof *places, by_median);
    }
    for (size_t i = 0; i < *ranked; i++) {
        order[i] = places[i].at;
    }
    rg_free(places);
    return status;
}

rg_status rg_spread_rank(struct rg_spread_group *groups, size_t n, size_t *order, size_t *ranked) {
    double *room = NULL;
    size_t max = 1;
    RG_TRY(sort_groups(groups, n, order, ranked, &max));
    RG_TRY(rg_alloc(&room, 3 * max, sizeof *room, "ranks"));
    for (size_t i = 0; i < *ranked; i++) {
        struct rg_spread_group *const g = &groups[order[i]], *const above = i ? &groups[order[i - 1]] : NULL;
        g->tied = above && are_tied(above, g, room);
        g->rank = g->tied ? above->rank : i + 1;
        if (g->tied) {
            above->tied = true;
        }
    }
    rg_free(room);
    return RG_OK;
}
