/* The terms of a gradient: see terms.h. */
#include "gradient/terms.h"

#include <math.h>
#include <string.h>

#include "base/sizes.h"
#include "gradient/dense.h"
#include "gradient/step_terms.h"
#include "rnn_gpu/memory.h"

static const size_t KEPT_BYTES = (size_t)512 << 20;
enum { MAX_RANGES = 96 };

static void lay_out(struct rg_terms *t) {
    const struct rg_cell_facts *const f = t->facts;
    const size_t columns[RG_LAG_MATRICES] = {
        [RG_LAG_HH] = f->hidden, [RG_LAG_IH] = f->inputs, [RG_LAG_SH] = f->skip ? f->hidden : 0};
    for (size_t m = 0; m < RG_LAG_MATRICES; m++) {
        t->columns[m] = columns[m];
        t->offset[m + 1] = t->offset[m] + f->gates * f->hidden * columns[m];
    }
}

/* Give the first lags a slot each, and divide the others into ranges that grow by a constant factor, in at most half of
 * the slots. Slots that are left over are given up. */
static rg_status create_ranges(struct rg_terms *t, size_t lags, enum rg_keeping keeping) {
    if (t->group >= lags && (lags <= RG_LAGS_ALONE || keeping == RG_KEEP_AT_ONCE)) { /* no lag has to share a slot */
        t->alone = lags;
        return rg_alloc(&t->begins, 1, sizeof *t->begins, "ranges of lags");
    }
    const size_t half = t->group / 2, max = half < 1 ? 1 : rg_min(half, MAX_RANGES);
    const size_t left = t->group > max ? t->group - max : 1;
    t->alone = rg_min(left, RG_LAGS_ALONE);
    RG_TRY(rg_alloc(&t->begins, max + 2, sizeof *t->begins, "ranges of lags"));
    for (size_t i = 0; i <= max; i++) {
        const double growth = pow((double)lags / (double)t->alone, (double)i / (double)max);
        const size_t begin = i == max ? lags : (size_t)((double)t->alone * growth);
        if (t->n_ranges == 0 || begin > t->begins[t->n_ranges - 1]) {
            t->begins[t->n_ranges++] = begin;
        }
    }
    t->n_ranges--; /* the last entry is the end of the last range */
    t->group = t->alone + t->n_ranges;
    return RG_OK;
}

rg_status rg_terms_create(const struct rg_cell_facts *facts, struct rg_lag_profile *profile,
                          const struct rg_terms_sizes *sizes, struct rg_terms *t) {
    const size_t lags = sizes->lags;
    const enum rg_keeping keeping = sizes->keeping;
    *t = (struct rg_terms){.facts = facts, .profile = profile};
    lay_out(t);
    const size_t n = t->offset[RG_LAG_MATRICES], bytes = n * sizeof(double);
    const size_t fit = (sizes->bytes ? sizes->bytes : KEPT_BYTES) / bytes;
    t->group = fit >= lags ? lags : fit > 0 ? fit : 1;
    rg_status status = RG_OK;
    if (keeping == RG_KEEP_RANGES || (keeping == RG_KEEP_AT_ONCE && t->group >= lags)) {
        RG_TRY_GOTO(create_ranges(t, lags, keeping));
    }
    RG_TRY_GOTO(rg_alloc(&t->kept, t->group + 1, sizeof *t->kept, "terms of the gradient"));
    for (size_t i = 0; i < t->group + (t->begins ? 1 : 0); i++) {
        RG_TRY_GOTO(rg_scaled_create(n, &t->kept[i]));
    }
    RG_TRY_GOTO(rg_micro_create(profile->rows, lags, n, &t->micro));
    RG_TRY_GOTO(rg_scaled_create(n, &t->total));
    RG_TRY_GOTO(rg_scaled_create(n, &t->rest));
    RG_TRY_GOTO(rg_alloc(&t->pieces, t->micro.n, bytes, "terms of the gradient"));
    RG_TRY_GOTO(rg_alloc(&t->deltas, sizes->rows * facts->deltas * facts->hidden, sizeof(double), "state gradients"));
    return RG_OK;
cleanup:
    rg_terms_release(t);
    return status;
}

void rg_terms_release(struct rg_terms *t) {
    for (size_t i = 0; t->kept && i <= t->group; i++) {
        rg_free(t->kept[i].values);
    }
    rg_free(t->begins);
    rg_micro_release(&t->micro);
    rg_free(t->kept);
    rg_free(t->total.values);
    rg_free(t->rest.values);
    rg_free(t->pieces);
    rg_free(t->deltas);
    rg_free(t->factors);
    rg_free(t->lifted);
    *t = (struct rg_terms){0};
}

/* Write all deltas into `out` with the largest of their exponents, and return it; RG_SCALED_EMPTY: all are zero. */
static int64_t align(size_t width, const double *deltas, const int64_t *exponent, size_t n, double *out) {
    int64_t max = RG_SCALED_EMPTY;
    for (size_t r = 0; r < n; r++) {
        const double largest = rg_dense_largest(deltas + r * width, width);
        const int64_t size = largest == 0.0 ? RG_SCALED_EMPTY : exponent[r] + (isfinite(largest) ? ilogb(largest) : 0);
        max = size > max ? size : max;
    }
    for (size_t r = 0; max != RG_SCALED_EMPTY && r < n; r++) {
        const double factor = rg_scaled_value(1.0, exponent[r] - max);
        for (size_t i = 0; i < width; i++) {
            out[r * width + i] = deltas[r * width + i] == 0.0 ? 0.0 : deltas[r * width + i] * factor;
        }
    }
    return max;
}

void rg_terms_take(struct rg_terms *t, size_t slot, const struct rg_term_part *part) {
    const size_t width = t->facts->deltas * t->facts->hidden;
    const int64_t common = align(width, part->deltas, part->exponent, part->n, t->deltas + part->at * width);
    if (common == RG_SCALED_EMPTY) {
        return;
    }
    struct rg_term_piece *const taken = &t->taken[t->n_taken++];
    *taken = (struct rg_term_piece){.slot = slot,
                                    .micro = part->micro,
                                    .lag = part->lag,
                                    .n = part->n,
                                    .at = part->at,
                                    .again = part->again,
                                    .states = part->states};
    taken->to_kept = rg_scaled_begin(&t->kept[slot], common);
    if (!part->again) {
        taken->to_micro = rg_scaled_begin(rg_micro_sum(&t->micro, part->lag, part->micro), common);
    }
}

/* Add `rows` rows of gate g of matrix m, from hidden unit `low` on. */
static void add_block(struct rg_terms *t, const struct rg_term_piece *taken, size_t m, size_t g, size_t low,
                      size_t rows) {
    const struct rg_cell_facts *const f = t->facts;
    const struct rg_step_states *const s = taken->states;
    const size_t width = f->deltas * f->hidden, columns = t->columns[m];
    const size_t group = m == RG_LAG_HH ? rg_cell_hidden_delta(f, g) : g;
    const size_t first = t->offset[m] + (g * f->hidden + low) * columns;
    const double *const factor = m == RG_LAG_HH ? s->past : m == RG_LAG_IH ? s->x : s->far;
    double *const piece = t->pieces + taken->micro * t->offset[RG_LAG_MATRICES];
    memset(piece + first, 0, rows * columns * sizeof *piece);
    rg_dense_add(&(struct rg_product){.c = piece + first,
                                      .a = t->deltas + taken->at * width + group * f->hidden + low,
                                      .b = factor + taken->at * columns,
                                      .rows = rows,
                                      .columns = columns,
                                      .depth = taken->n,
                                      .c_row = columns,
                                      .a_row = 1,
                                      .a_depth = width,
                                      .b_row = columns});
    rg_scaled_add_part(&t->kept[taken->slot], taken->to_kept, piece, first, rows * columns);
    if (!taken->again) {
        rg_scaled_add_part(rg_micro_sum(&t->micro, taken->lag, taken->micro), taken->to_micro, piece, first,
                           rows * columns);
    }
}

void rg_terms_add(struct rg_terms *t, size_t part) {
    const size_t hidden = t->facts->hidden, each = (hidden + 4 * RG_TERM_PARTS - 1) / (4 * RG_TERM_PARTS) * 4;
    const size_t low = part * each; /* multiples of four: see dense.c */
    for (size_t i = 0; low < hidden && i < t->n_taken; i++) {
        for (size_t m = 0; m < t->profile->n_matrices; m++) {
            for (size_t g = 0; g < t->facts->gates; g++) {
                add_block(t, &t->taken[i], m, g, low, rg_min(hidden - low, each));
            }
        }
    }
}

/* A matrix, or one gate of it (`gate` < gates), as a range of numbers in a term. */
struct part {
    struct rg_lag_terms *terms;
    size_t first, n;
};

static struct part part_of(const struct rg_terms *t, size_t m, size_t gate) {
    const size_t whole = t->offset[m + 1] - t->offset[m], each = whole / t->facts->gates;
    if (gate < t->facts->gates) {
        return (struct part){&t->profile->gates[m][gate], t->offset[m] + gate * each, each};
    }
    return (struct part){&t->profile->matrices[m], t->offset[m], whole};
}

static size_t parts_of(const struct rg_terms *t, struct part *parts) {
    const size_t gates = t->facts->gates;
    size_t n = 0;
    for (size_t m = 0; m < t->profile->n_matrices; m++) {
        parts[n++] = part_of(t, m, gates);
        for (size_t g = 0; gates > 1 && g < gates; g++) {
            parts[n++] = part_of(t, m, g);
        }
    }
    return n;
}

enum { MAX_PARTS = RG_LAG_MATRICES * 5 };

void rg_terms_note(struct rg_terms *t, size_t slot, size_t lag) {
    struct part parts[MAX_PARTS];
    const struct rg_scaled *const term = &t->kept[slot];
    const size_t n = parts_of(t, parts);
    for (size_t i = 0; i < n; i++) {
        const double norm =
            term->exponent == RG_SCALED_EMPTY ? 0.0 : rg_dense_norm(term->values + parts[i].first, parts[i].n);
        parts[i].terms->norm[lag] = rg_scaled_value(norm, norm == 0.0 ? 0 : term->exponent);
        parts[i].terms->log10_norm[lag] = rg_scaled_log10(norm, norm == 0.0 ? 0 : term->exponent);
    }
    rg_step_terms_note(t, slot, lag);
}

/* Variance of the sum of the micro-batches' gradients over its square, restricted to numbers [first, last). */
static double noise_of(const struct rg_terms *t, size_t first, size_t last) {
    const size_t n = t->micro.n;
    const double square = rg_dense_dot(t->total.values + first, t->total.values + first, last - first);
    if (n < 2 || !(square > 0.0)) {
        return NAN;
    }
    double sum = 0.0;
    for (size_t m = 0; m < n; m++) {
        const struct rg_scaled *const g = &t->micro.whole[m];
        const double factor =
            g->exponent == RG_SCALED_EMPTY ? 0.0 : rg_scaled_value(1.0, g->exponent - t->total.exponent);
        for (size_t i = first; i < last; i++) {
            const double error = g->values[i] * factor - t->total.values[i] / (double)n;
            sum += error * error;
        }
    }
    return sum * (double)n / (double)(n - 1) / square;
}

void rg_terms_total(struct rg_terms *t, bool rising) {
    struct part parts[MAX_PARTS];
    rg_scaled_clear(&t->total);
    rg_scaled_clear(&t->rest);
    rg_micro_total(&t->micro);
    for (size_t m = 0; m < t->micro.n; m++) {
        const struct rg_scaled *const g = &t->micro.whole[m];
        if (g->exponent != RG_SCALED_EMPTY) {
            rg_scaled_add(&t->total, g->values, g->exponent);
        }
    }
    if (t->total.exponent == RG_SCALED_EMPTY) {
        t->total.exponent = 0;
    }
    if (rising) {
        rg_scaled_add(&t->rest, t->total.values, t->total.exponent);
    }
    t->rest.exponent = t->total.exponent;
    const size_t n = parts_of(t, parts);
    for (size_t i = 0; i < n; i++) {
        parts[i].terms->total =
            rg_scaled_value(rg_dense_norm(t->total.values + parts[i].first, parts[i].n), t->total.exponent);
    }
    rg_step_terms_total(t);
    t->profile->noise = noise_of(t, 0, t->total.n);
    t->profile->noise_hh = noise_of(t, t->offset[RG_LAG_HH], t->offset[RG_LAG_HH + 1]);
}

/* rest += sign * term, at the exponent of the total. Errors are measured relative to the total. */
static void move_rest(struct rg_terms *t, const struct rg_scaled *term, double sign) {
    if (term->exponent != RG_SCALED_EMPTY) {
        const double factor = sign * rg_scaled_value(1.0, term->exponent - t->rest.exponent);
        rg_dense_mix(t->rest.values, 1.0, term->values, factor, term->n);
    }
}

/* Of a difference smaller than this part of its numbers only rounding errors are left. */
static const double ROUNDING = 1e-13;

/* Cosine of g - rest and g; `whole` is the norm of g. 0 if g - rest is 0. */
static double cut_cosine(const double *g, const double *rest, size_t n, double whole) {
    double square = 0.0, along = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double kept = (g[i] - rest[i]) / whole;
        square += kept * kept;
        along += kept * (g[i] / whole);
    }
    return square > ROUNDING * ROUNDING ? along / sqrt(square) : 0.0;
}

void rg_terms_compare(struct rg_terms *t, size_t slot, size_t lag, bool rising) {
    struct part parts[MAX_PARTS];
    const struct rg_scaled *const term = &t->kept[slot];
    const size_t n = parts_of(t, parts);
    if (rising) {
        move_rest(t, term, -1.0);
    }
    for (size_t i = 0; i < n; i++) {
        struct rg_lag_terms *const to = parts[i].terms;
        const double *const g = t->total.values + parts[i].first, *const v = term->values + parts[i].first;
        const double whole = rg_dense_norm(g, parts[i].n), size = rg_dense_norm(v, parts[i].n);
        const bool some = whole > 0.0 && size > 0.0 && term->exponent != RG_SCALED_EMPTY;
        to->cosine[lag] = some ? rg_dense_dot(g, v, parts[i].n) / whole / size : 0.0;
        to->share[lag] =
            some ? to->cosine[lag] * rg_scaled_value(size / whole, term->exponent - t->total.exponent) : 0.0;
        to->error[lag] = whole > 0.0 ? rg_dense_norm(t->rest.values + parts[i].first, parts[i].n) / whole : 0.0;
        to->cut_cosine[lag] = whole > 0.0 ? cut_cosine(g, t->rest.values + parts[i].first, parts[i].n, whole) : 0.0;
    }
    rg_step_terms_compare(t, slot, lag);
    if (!rising) {
        move_rest(t, term, 1.0);
    }
}

void rg_terms_finish(struct rg_terms *t) {
    struct part parts[MAX_PARTS];
    const size_t n = parts_of(t, parts);
    for (size_t i = 0; i < n; i++) {
        size_t lag = 0;
        while (lag + 1 < t->profile->lags && !(parts[i].terms->error[lag] <= RG_HORIZON_ERROR)) {
            lag++;
        }
        parts[i].terms->horizon = lag + 1;
    }
    rg_step_terms_finish(t);
}

rg_status rg_terms_statistics(const struct rg_terms *t) {
    struct rg_lag_profile *const p = t->profile;
    struct rg_lag_statistics *const s = &p->statistics;
    struct rg_micro_products products;
    *s = (struct rg_lag_statistics){.lack = t->micro.lack, .groups = t->micro.n, .decay = {NAN, NAN}};
    for (size_t m = 0; m < p->n_matrices && s->lack == RG_STATISTICS_WHOLE; m++) {
        RG_TRY(rg_micro_products_create(&t->micro, t->offset[m], t->offset[m + 1], p->lags, &products));
        if (products.n_slots == 0) {
            s->lack = RG_STATISTICS_INTERRUPTED;
        } else if (m == RG_LAG_HH && !(p->matrices[m].total > 0.0 && isfinite(p->matrices[m].total))) {
            s->lack = RG_STATISTICS_NO_GRADIENT;
        }
        s->n_ranges = products.n_ranges;
        memcpy(s->ranges, products.ranges, sizeof s->ranges);
        const rg_status status =
            s->lack == RG_STATISTICS_WHOLE
                ? rg_matrix_statistics_of(&t->micro, &products, p->matrices[m].horizon, &p->matrix_statistics[m])
                : RG_OK;
        rg_micro_products_release(&products);
        RG_TRY(status);
    }
    return RG_OK;
}

/* ---- Terms in ranges ---- */

/* The slot that stores a lag. */
static size_t slot_of(const struct rg_terms *t, size_t lag) {
    if (lag < t->alone) {
        return lag;
    }
    size_t low = 0, high = t->n_ranges; /* begins[low] <= lag < begins[high] */
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        *(t->begins[middle] <= lag ? &low : &high) = middle;
    }
    return t->alone + low;
}

size_t rg_terms_begin(struct rg_terms *t, size_t lag) {
    const size_t slot = lag < t->alone ? lag : t->group;
    rg_scaled_clear(&t->kept[slot]);
    return slot;
}

void rg_terms_add_lag(struct rg_terms *t, size_t slot, size_t lag) {
    rg_terms_note(t, slot, lag);
    if (slot == t->group && t->kept[slot].exponent != RG_SCALED_EMPTY) {
        rg_scaled_add(&t->kept[slot_of(t, lag)], t->kept[slot].values, t->kept[slot].exponent);
    }
}

void rg_terms_compare_ranges(struct rg_terms *t, size_t lags) {
    struct part parts[MAX_PARTS];
    const size_t n = parts_of(t, parts);
    for (size_t slot = 0; slot < t->group; slot++) {
        const size_t first = slot < t->alone ? slot : t->begins[slot - t->alone];
        size_t end = slot < t->alone ? slot + 1 : t->begins[slot - t->alone + 1];
        end = rg_min(end, lags);
        if (first >= end) {
            break;
        }
        rg_terms_compare(t, slot, end - 1, true);
        for (size_t i = 0; i < n; i++) {
            struct rg_lag_terms *const to = parts[i].terms;
            const double before = first > 0 ? to->error[first - 1] : 1.0, after = to->error[end - 1];
            const double near = first > 0 ? to->cut_cosine[first - 1] : 0.0, far = to->cut_cosine[end - 1];
            const double share = to->share[end - 1] / (double)(end - first), cosine = to->cosine[end - 1];
            const double step = to->step_share ? to->step_share[end - 1] / (double)(end - first) : 0.0;
            for (size_t lag = first; lag < end; lag++) {
                to->share[lag] = share;
                if (to->step_share) {
                    to->step_share[lag] = step;
                }
                to->cosine[lag] = cosine;
                const double part = (double)(lag + 1 - first) / (double)(end - first);
                to->error[lag] = before + (after - before) * part;
                to->cut_cosine[lag] = near + (far - near) * part;
            }
        }
    }
}
