/* The terms of a gradient: see terms.h. */
#include "gradient/terms.h"

#include <math.h>
#include <string.h>

#include "gradient/dense.h"
#include "rnn_gpu/memory.h"

static const size_t KEPT_BYTES = (size_t)512 << 20, MICRO_BYTES = (size_t)256 << 20;
static const double HORIZON_ERROR = 0.1;

static rg_status create_scaled(size_t n, struct rg_scaled *s) {
    s->n = n;
    RG_TRY(rg_alloc(&s->values, n, sizeof(double), "terms of the gradient"));
    rg_scaled_clear(s);
    return RG_OK;
}

static void lay_out(struct rg_terms *t) {
    const struct rg_cell_facts *const f = t->facts;
    const size_t columns[RG_LAG_MATRICES] = {
        [RG_LAG_HH] = f->hidden, [RG_LAG_IH] = f->inputs, [RG_LAG_SH] = f->skip ? f->hidden : 0};
    for (size_t m = 0; m < RG_LAG_MATRICES; m++) {
        t->columns[m] = columns[m];
        t->offset[m + 1] = t->offset[m] + f->gates * f->hidden * columns[m];
    }
}

rg_status rg_terms_create(const struct rg_cell_facts *facts, struct rg_lag_profile *profile, size_t rows,
                          struct rg_terms *t) {
    *t = (struct rg_terms){.facts = facts, .profile = profile};
    lay_out(t);
    const size_t n = t->offset[RG_LAG_MATRICES], bytes = n * sizeof(double);
    const size_t fit = KEPT_BYTES / bytes, micro = MICRO_BYTES / bytes;
    t->group = fit >= facts->steps ? facts->steps : fit > 0 ? fit : 1;
    t->n_micro = micro < 2 ? 1 : micro < RG_MICRO_BATCHES ? micro : RG_MICRO_BATCHES;
    t->n_micro = profile->rows < t->n_micro ? profile->rows : t->n_micro;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&t->kept, t->group, sizeof *t->kept, "terms of the gradient"));
    for (size_t i = 0; i < t->group; i++) {
        RG_TRY_GOTO(create_scaled(n, &t->kept[i]));
    }
    for (size_t i = 0; i < t->n_micro; i++) {
        RG_TRY_GOTO(create_scaled(n, &t->micro[i]));
    }
    RG_TRY_GOTO(create_scaled(n, &t->total));
    RG_TRY_GOTO(create_scaled(n, &t->rest));
    RG_TRY_GOTO(rg_alloc(&t->pieces, t->n_micro, bytes, "terms of the gradient"));
    RG_TRY_GOTO(rg_alloc(&t->deltas, rows * facts->deltas * facts->hidden, sizeof(double), "state gradients"));
    return RG_OK;
fail:
    rg_terms_release(t);
    return status;
}

void rg_terms_release(struct rg_terms *t) {
    for (size_t i = 0; t->kept && i < t->group; i++) {
        rg_free(t->kept[i].values);
    }
    for (size_t i = 0; i < RG_MICRO_BATCHES; i++) {
        rg_free(t->micro[i].values);
    }
    rg_free(t->kept);
    rg_free(t->total.values);
    rg_free(t->rest.values);
    rg_free(t->pieces);
    rg_free(t->deltas);
    *t = (struct rg_terms){0};
}

/* All deltas with the exponent of the largest, into `out`; RG_SCALED_EMPTY: all are zero. */
static int64_t align(size_t width, const double *deltas, const int64_t *exponent, size_t n, double *out) {
    int64_t most = RG_SCALED_EMPTY;
    for (size_t r = 0; r < n; r++) {
        const double largest = rg_dense_largest(deltas + r * width, width);
        const int64_t size = largest == 0.0 ? RG_SCALED_EMPTY : exponent[r] + (isfinite(largest) ? ilogb(largest) : 0);
        most = size > most ? size : most;
    }
    for (size_t r = 0; most != RG_SCALED_EMPTY && r < n; r++) {
        const double factor = rg_scaled_value(1.0, exponent[r] - most);
        for (size_t i = 0; i < width; i++) {
            out[r * width + i] = deltas[r * width + i] == 0.0 ? 0.0 : deltas[r * width + i] * factor;
        }
    }
    return most;
}

void rg_terms_take(struct rg_terms *t, size_t slot, size_t micro, bool again, const double *deltas,
                   const int64_t *exponent, size_t n, const struct rg_step_states *states, size_t at) {
    const size_t width = t->facts->deltas * t->facts->hidden;
    const int64_t common = align(width, deltas, exponent, n, t->deltas + at * width);
    if (common == RG_SCALED_EMPTY) {
        return;
    }
    struct rg_term_piece *const taken = &t->taken[t->n_taken++];
    *taken = (struct rg_term_piece){.slot = slot, .micro = micro, .n = n, .at = at, .again = again, .states = states};
    taken->to_kept = rg_scaled_begin(&t->kept[slot], common);
    if (!again) {
        taken->to_micro = rg_scaled_begin(&t->micro[micro], common);
    }
}

/* `rows` rows of gate g of matrix m, from hidden unit `low` on. */
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
        rg_scaled_add_part(&t->micro[taken->micro], taken->to_micro, piece, first, rows * columns);
    }
}

void rg_terms_add(struct rg_terms *t, size_t part) {
    const size_t hidden = t->facts->hidden, each = (hidden + 4 * RG_TERM_PARTS - 1) / (4 * RG_TERM_PARTS) * 4;
    const size_t low = part * each; /* by fours: see dense.c */
    for (size_t i = 0; low < hidden && i < t->n_taken; i++) {
        for (size_t m = 0; m < t->profile->n_matrices; m++) {
            for (size_t g = 0; g < t->facts->gates; g++) {
                add_block(t, &t->taken[i], m, g, low, hidden - low < each ? hidden - low : each);
            }
        }
    }
}

/* A matrix, or one gate of it (`gate` < gates), as a run of a term. */
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
}

/* Squared error of the sum of the micro-batches' gradients, over its square. */
static double noise_of(const struct rg_terms *t) {
    const size_t n = t->n_micro;
    const double square = rg_dense_dot(t->total.values, t->total.values, t->total.n);
    if (n < 2 || !(square > 0.0)) {
        return NAN;
    }
    double sum = 0.0;
    for (size_t m = 0; m < n; m++) {
        const struct rg_scaled *const g = &t->micro[m];
        const double factor =
            g->exponent == RG_SCALED_EMPTY ? 0.0 : rg_scaled_value(1.0, g->exponent - t->total.exponent);
        for (size_t i = 0; i < g->n; i++) {
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
    for (size_t m = 0; m < t->n_micro; m++) {
        if (t->micro[m].exponent != RG_SCALED_EMPTY) {
            rg_scaled_add(&t->total, t->micro[m].values, t->micro[m].exponent);
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
    t->profile->noise = noise_of(t);
}

/* rest +-= term, with the exponent of the total, against which its errors are measured. */
static void move_rest(struct rg_terms *t, const struct rg_scaled *term, double sign) {
    if (term->exponent != RG_SCALED_EMPTY) {
        const double factor = sign * rg_scaled_value(1.0, term->exponent - t->rest.exponent);
        for (size_t i = 0; i < term->n; i++) {
            t->rest.values[i] += term->values[i] * factor;
        }
    }
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
    }
    if (!rising) {
        move_rest(t, term, 1.0);
    }
}

void rg_terms_finish(struct rg_terms *t) {
    struct part parts[MAX_PARTS];
    const size_t n = parts_of(t, parts);
    for (size_t i = 0; i < n; i++) {
        size_t lag = 0;
        while (lag + 1 < t->profile->steps && !(parts[i].terms->error[lag] <= HORIZON_ERROR)) {
            lag++;
        }
        parts[i].terms->horizon = lag + 1;
    }
}
