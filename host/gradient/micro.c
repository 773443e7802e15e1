/* The gradient of micro-batches: see micro.h. */
#include "gradient/micro.h"

#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "gradient/dense.h"
#include "rnn_gpu/memory.h"

static const size_t WHOLE_BYTES = (size_t)256 << 20, SLOT_BYTES = (size_t)512 << 20;
/* Slots of equal size that a range of lags is cut into. The second value is tried where memory does not suffice for the
 * first. */
static const size_t PIECES[] = {2, 1};
enum { MAX_SLOTS = 2 * RG_MAX_RANGES };

/* ---- Slots ---- */

/* Cut `lags` lags into slots. Returns their number. */
static size_t divide(size_t lags, size_t pieces, size_t begins[MAX_SLOTS + 1]) {
    struct rg_lag_range ranges[RG_MAX_RANGES];
    const size_t n_ranges = rg_lag_ranges(lags, ranges);
    size_t n = 0;
    for (size_t i = 0; i < n_ranges; i++) {
        /* the last range may be longer or shorter than a whole one: its first slot is half of a whole range */
        const size_t width = ranges[i].last + 1 - ranges[i].first, whole = i + 1 < n_ranges ? width : ranges[i].first;
        begins[n++] = ranges[i].first;
        if (pieces > 1 && width > 1 && whole / pieces < width) {
            begins[n++] = ranges[i].first + (whole > 1 ? whole / pieces : 1);
        }
    }
    begins[n] = lags;
    return n;
}

/* Create as many slots as memory allows. */
static rg_status create_slots(struct rg_micro *m, size_t rows, size_t lags) {
    size_t begins[MAX_SLOTS + 1], n = 0;
    m->lack = rows < RG_MIN_MICRO ? RG_STATISTICS_FEW : RG_STATISTICS_LARGE;
    for (size_t i = 0; i < sizeof PIECES / sizeof *PIECES && m->lack == RG_STATISTICS_LARGE; i++) {
        n = divide(lags, PIECES[i], begins);
        m->lack = m->n >= RG_MIN_MICRO && n * m->n <= SLOT_BYTES / (m->length * sizeof(double)) ? RG_STATISTICS_WHOLE
                                                                                                : RG_STATISTICS_LARGE;
    }
    if (m->lack != RG_STATISTICS_WHOLE) {
        n = 1;
        begins[0] = 0;
        begins[1] = lags;
    }
    m->n_slots = n;
    RG_TRY(rg_alloc(&m->begins, n + 1, sizeof *m->begins, "ranges of lags"));
    memcpy(m->begins, begins, (n + 1) * sizeof *begins);
    return RG_OK;
}

rg_status rg_micro_create(size_t rows, size_t lags, size_t length, struct rg_micro *m) {
    const size_t fit = WHOLE_BYTES / (length * sizeof(double));
    *m = (struct rg_micro){.n = fit < 2 ? 1 : rg_min(fit, RG_MICRO_BATCHES), .length = length};
    m->n = rg_min(rows, m->n);
    rg_status status = RG_OK;
    RG_TRY_GOTO(create_slots(m, rows, lags));
    RG_TRY_GOTO(rg_alloc(&m->sums, m->n_slots * m->n, sizeof *m->sums, "terms of the gradient"));
    for (size_t i = 0; i < m->n_slots * m->n; i++) {
        RG_TRY_GOTO(rg_scaled_create(length, &m->sums[i]));
    }
    for (size_t i = 0; m->n_slots > 1 && i < m->n; i++) {
        RG_TRY_GOTO(rg_scaled_create(length, &m->whole[i]));
    }
    return RG_OK;
cleanup:
    rg_micro_release(m);
    return status;
}

void rg_micro_release(struct rg_micro *m) {
    for (size_t i = 0; m->sums && i < m->n_slots * m->n; i++) {
        rg_free(m->sums[i].values);
    }
    for (size_t i = 0; m->n_slots > 1 && i < m->n; i++) {
        rg_free(m->whole[i].values);
    }
    rg_free(m->sums);
    rg_free(m->begins);
    *m = (struct rg_micro){.n = 0};
}

size_t rg_micro_row(const struct rg_micro *m, size_t batch, size_t rows) {
    return batch * rows / m->n;
}

struct rg_scaled *rg_micro_sum(struct rg_micro *m, size_t lag, size_t batch) {
    size_t low = 0, high = m->n_slots; /* begins[low] <= lag < begins[high] */
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        *(m->begins[middle] <= lag ? &low : &high) = middle;
    }
    return &m->sums[low * m->n + batch];
}

void rg_micro_total(struct rg_micro *m) {
    for (size_t b = 0; b < m->n; b++) {
        if (m->n_slots == 1) {
            m->whole[b] = m->sums[b];
            continue;
        }
        rg_scaled_clear(&m->whole[b]);
        for (size_t slot = 0; slot < m->n_slots; slot++) {
            const struct rg_scaled *const sum = &m->sums[slot * m->n + b];
            if (sum->exponent != RG_SCALED_EMPTY) {
                rg_scaled_add(&m->whole[b], sum->values, sum->exponent);
            }
        }
    }
}

/* ---- Products ---- */

/* One tile of columns is used for all slots, so it stays in the cache. For every micro-batch a row of a tile holds: the
 * slot's term; the whole gradient; the sum of the slots further back; the sum of the slots further back in this range.
 */
enum { TILE = 512, N = RG_MICRO_BATCHES, TERM = 0, WHOLE = N, BEHIND = 2 * N, RANGE = 3 * N, WIDTH = 4 * N };

/* Working memory for the products of all slots. */
struct work {
    const struct rg_micro *micro;
    struct rg_micro_products *products;
    int64_t exponent;                 /* of the whole gradient: the largest exponent of the micro-batches */
    int64_t exponents[RG_MAX_RANGES]; /* of each range */
    double *tile;                     /* [TILE][WIDTH] */
    double *sums;                     /* [n_slots][N][WIDTH], the slot's term with all four */
};

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* Load numbers [first, first + n) of each micro-batch's vector into the tile, as multiples of 2^exponent. */
static void load(const struct work *w, const struct rg_scaled *vectors, size_t lane, size_t first, size_t n,
                 int64_t exponent) {
    for (size_t b = 0; b < w->micro->n; b++) {
        const double factor =
            vectors[b].exponent == RG_SCALED_EMPTY ? 0.0 : rg_scaled_value(1.0, vectors[b].exponent - exponent);
        for (size_t i = 0; i < n; i++) {
            w->tile[i * WIDTH + lane + b] = vectors[b].values[first + i] * factor;
        }
    }
}

/* tile[to] += tile[TERM] * factor, over n rows. */
static void add_lanes(double *tile, size_t to, double factor, size_t n) {
    for (size_t i = 0; i < n; i++) {
        for (size_t b = 0; b < N; b++) {
            tile[i * WIDTH + to + b] += tile[i * WIDTH + TERM + b] * factor;
        }
    }
}

static void clear_lanes(double *tile, size_t lane, size_t n) {
    for (size_t i = 0; i < n; i++) {
        memset(tile + i * WIDTH + lane, 0, N * sizeof *tile);
    }
}

/* Factor that converts a range's numbers to the exponent of the whole gradient. */
static double factor_of(const struct work *w, size_t range) {
    return w->exponents[range] == RG_SCALED_EMPTY ? 0.0 : rg_scaled_value(1.0, w->exponents[range] - w->exponent);
}

/* Add the products of numbers [first, first + n) of the terms. Slots are visited from the largest lag to the smallest.
 */
static void add_tile(const struct work *w, size_t first, size_t n) {
    const struct rg_micro_products *const p = w->products;
    memset(w->tile, 0, TILE * WIDTH * sizeof *w->tile);
    load(w, w->micro->whole, WHOLE, first, n, w->exponent);
    for (size_t range = p->n_ranges; range-- > 0;) {
        clear_lanes(w->tile, RANGE, n);
        for (size_t slot = p->slots[range + 1]; slot-- > p->slots[range];) {
            load(w, w->micro->sums + slot * w->micro->n, TERM, first, n, w->exponents[range]);
            rg_dense_add(&(struct rg_product){.c = w->sums + slot * N * WIDTH,
                                              .a = w->tile + TERM,
                                              .b = w->tile,
                                              .rows = N,
                                              .columns = WIDTH,
                                              .depth = n,
                                              .c_row = WIDTH,
                                              .a_row = 1,
                                              .a_depth = WIDTH,
                                              .b_row = WIDTH});
            add_lanes(w->tile, BEHIND, factor_of(w, range), n);
            add_lanes(w->tile, RANGE, 1.0, n);
        }
    }
}

/* to += (cross + cross^T) * once + square * once^2: the growth of a Gram matrix when `once` times the slot's term is
 * added to its vectors. `row` is [N][WIDTH]. */
static void grow(double *to, const double *row, size_t cross, double once) {
    for (size_t b = 0; b < N; b++) {
        for (size_t c = 0; c < N; c++) {
            to[b * N + c] += once * (row[b * WIDTH + cross + c] + row[c * WIDTH + cross + b]) +
                             once * once * row[b * WIDTH + TERM + c];
        }
    }
}

static void gather(const struct work *w) {
    struct rg_micro_products *const p = w->products;
    double rest[RG_MICRO_PAIRS] = {0.0};
    for (size_t range = p->n_ranges; range-- > 0;) {
        const double factor = factor_of(w, range);
        for (size_t slot = p->slots[range + 1]; slot-- > p->slots[range];) {
            const double *const row = w->sums + slot * N * WIDTH;
            memcpy(p->rest[slot], rest, sizeof rest);
            grow(rest, row, BEHIND, factor);
            grow(p->own[range], row, RANGE, 1.0);
            for (size_t b = 0; b < N; b++) {
                for (size_t c = 0; c < N; c++) {
                    p->share[slot][b * N + c] = factor * row[b * WIDTH + WHOLE + c];
                    p->whole[b * N + c] += p->share[slot][b * N + c];
                }
            }
        }
    }
}

/* Find the slots of every range. Returns false if some range is not made of whole slots. */
static bool place_ranges(const struct rg_micro *m, size_t lags, struct rg_micro_products *p) {
    size_t slot = 0;
    p->n_ranges = rg_lag_ranges(lags, p->ranges);
    for (size_t i = 0; i < p->n_ranges; i++) {
        while (slot < m->n_slots && m->begins[slot] < p->ranges[i].first) {
            slot++;
        }
        if (slot == m->n_slots || m->begins[slot] != p->ranges[i].first) {
            return false;
        }
        p->slots[i] = slot;
    }
    while (slot < m->n_slots && m->begins[slot] < lags) {
        slot++;
    }
    p->slots[p->n_ranges] = slot;
    p->n_slots = slot;
    return p->n_ranges > 0;
}

static void note_exponents(struct work *w) {
    const struct rg_micro *const m = w->micro;
    const struct rg_micro_products *const p = w->products;
    w->exponent = RG_SCALED_EMPTY;
    for (size_t b = 0; b < m->n; b++) {
        w->exponent = larger(w->exponent, m->whole[b].exponent);
    }
    for (size_t range = 0; range < p->n_ranges; range++) {
        w->exponents[range] = RG_SCALED_EMPTY;
        for (size_t i = p->slots[range] * m->n; i < p->slots[range + 1] * m->n; i++) {
            w->exponents[range] = larger(w->exponents[range], m->sums[i].exponent);
        }
    }
}

rg_status rg_micro_products_create(const struct rg_micro *m, size_t first, size_t last, size_t lags,
                                   struct rg_micro_products *p) {
    struct work w = {.micro = m, .products = p};
    rg_status status = RG_OK;
    *p = (struct rg_micro_products){.n = m->n};
    if (!place_ranges(m, lags, p)) {
        p->n_slots = 0;
        return RG_OK;
    }
    note_exponents(&w);
    RG_TRY_GOTO(rg_alloc(&p->share, p->n_slots, sizeof *p->share, "statistics of the gradient"));
    RG_TRY_GOTO(rg_alloc(&p->rest, p->n_slots, sizeof *p->rest, "statistics of the gradient"));
    RG_TRY_GOTO(rg_alloc(&p->own, p->n_ranges, sizeof *p->own, "statistics of the gradient"));
    RG_TRY_GOTO(rg_alloc(&w.tile, TILE * WIDTH, sizeof *w.tile, "statistics of the gradient"));
    RG_TRY_GOTO(rg_alloc(&w.sums, p->n_slots * N * WIDTH, sizeof *w.sums, "statistics of the gradient"));
    for (size_t at = first; at < last && w.exponent != RG_SCALED_EMPTY; at += TILE) {
        add_tile(&w, at, rg_min(last - at, TILE));
    }
    gather(&w);
cleanup:
    rg_free(w.tile);
    rg_free(w.sums);
    if (status != RG_OK) {
        rg_micro_products_release(p);
    }
    return status;
}

void rg_micro_products_release(struct rg_micro_products *p) {
    rg_free(p->share);
    rg_free(p->rest);
    rg_free(p->own);
    *p = (struct rg_micro_products){.n = 0};
}
