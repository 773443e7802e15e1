/* The gradient split by time lag: see profile.h. */
#include "gradient/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "gradient/adjoint.h"
#include "gradient/arrival.h"
#include "gradient/dense.h"
#include "gradient/step_terms.h"
#include "rnn_gpu/memory.h"

enum { PARTS = 8 /* parts of a chunk's rows, one a thread */, ASK_EVERY = 16 };

static const double FEW = 2e5;

/* Gradients that a layer sends to the one below: [lags][rows] rows of D*H numbers, each row with its own exponent. */
struct sent {
    double *values;
    int64_t *exponent;
};

/* The walk over layers, directions and steps. */
struct walk {
    struct rg_engine *engine;
    struct rg_source *source;
    uint64_t update;
    size_t rows, probe;    /* probe: the step of the loss, from 0 */
    size_t lags;           /* lags to measure; lowered when the watch ends the measurement */
    bool ranges;           /* lags far back share their terms */
    const double *factors; /* factors of the optimiser's step, or NULL */
    struct rg_watch watch;
    double before, part; /* progress of the whole measurement before this direction; share of this direction in it */
    size_t asked;        /* number of calls of must_end */
    bool ended;          /* the watch ended the measurement */
    struct rg_lag_profiles *profiles;
    double *weights;
    size_t loaded;      /* first row of the chunk whose states are on the device; SIZE_MAX: none */
    uint32_t *begin;    /* [chunk] first live step of each of its sequences */
    size_t wide;        /* length of a scratch row */
    double *from_above; /* [chunk][D*H], dL/dout of one step */
    double *kept_share; /* [chunk][D*H], dropout's factor for each of a layer's states; NULL without dropout */
    double *raw;        /* [chunk][wide] */
    double *row_norm;   /* [chunk] norms of the deltas of one step */
    bool *has_loss;     /* [rows] the sequence receives a gradient from the loss; a step may have no target */
    struct rg_arrival arrival;
    struct rg_pool *pool;
    struct sent sent[2], below[2]; /* gradients of each direction: from the layer above, and for the layer below */
    /* fields below: one direction of one layer */
    struct rg_lag_profile *profile;
    struct rg_cell_facts facts;
    struct rg_adjoint adjoint;
    struct rg_step_states states;
    struct rg_terms terms;
    /* sequences have different lengths, and the walk is at the same distance from the first step in each */
    bool aligned;
    size_t n_live, n_used;        /* steps of all sequences; of these, steps that a learned skip did not skip */
    double *delta_log, *term_log; /* [lags][rows] log10; NAN: the sequence has no step there */
    double *end_log;              /* [rows] log10 of ||dL/dh|| ||h|| at lag 0; NAN: it has no step there */
    struct rg_scaled *squares;    /* [lags] of one number, sum of ||delta||^2 */
    double *square;
};

static size_t states_of(const struct walk *w) {
    return w->engine->net.plan.directions * w->engine->net.plan.hidden;
}

/* Run the forward scan of the chunk that begins at `first`, unless it is loaded. */
static rg_status load_chunk(struct walk *w, size_t first, size_t rows) {
    struct rg_engine *const e = w->engine;
    if (w->loaded == first) {
        return RG_OK;
    }
    RG_TRY(rg_engine_chunk(e, w->source, w->update, first, rows, e->net.plan.layers));
    memset(w->begin, 0, rows * sizeof *w->begin);
    if (w->source->ragged) {
        RG_TRY(rg_buffer_read(e->net.device, w->begin, e->net.buffers.begin, 0, rows * sizeof *w->begin));
    }
    w->loaded = first;
    return rg_arrival_read(e, rows, &w->arrival);
}

/* Read dropout's factors of a step. A state of zero gets the factor 0: its slope does not matter. */
static rg_status read_dropout(struct walk *w, struct rg_step_at at) {
    struct rg_engine *const e = w->engine;
    const size_t n = states_of(w), layer = w->facts.layer;
    struct rg_buffer *const dropped = e->net.buffers.dropped[layer];
    if (!dropped) {
        return RG_OK;
    }
    RG_TRY(rg_step_rows_read(e, &w->states, at, dropped, 0, n, w->kept_share));
    RG_TRY(rg_step_rows_read(e, &w->states, at, e->net.buffers.out[layer], 0, n, w->from_above));
    for (size_t i = 0; i < at.rows * n; i++) {
        w->kept_share[i] = w->from_above[i] == 0.0 ? 0.0 : w->kept_share[i] / w->from_above[i];
    }
    return RG_OK;
}

static bool is_top(const struct walk *w) {
    return w->facts.layer + 1 == w->engine->net.plan.layers;
}

/* Read from the device what the layer above, or the head, sends to a step of the chunk's rows. */
static rg_status read_above(struct walk *w, struct rg_step_at at) {
    struct rg_engine *const e = w->engine;
    const struct rg_plan *const p = &e->net.plan;
    if (!is_top(w)) {
        return read_dropout(w, at);
    }
    if (w->arrival.row || at.t != w->probe) {
        return RG_OK;
    }
    at.t = p->target_steps > 1 ? at.t : e->net.base; /* the buffer has the last step alone */
    return rg_step_rows_read(e, &w->states, at, e->net.buffers.dhead, w->facts.direction * p->hidden, p->hidden,
                             w->from_above);
}

/* First row of step t in the gradients that layers send each other. */
static size_t place_of(const struct walk *w, size_t t) {
    return (w->probe - t) * w->rows;
}

/* Some sequences at a step: measured rows [first, first + n), which are rows `at` … of the chunk. `t` is the step; with
 * walk.aligned it counts from each sequence's first step. */
struct piece {
    size_t order, t, lag, first, n, at;
    bool again;
};

/* The step of row r of a piece. T or more: the sequence has no such step. */
static size_t step_of(const struct walk *w, const struct piece *s, size_t r) {
    return s->t + (w->aligned ? w->begin[s->at + r] : 0);
}

static bool is_live(const struct walk *w, const struct piece *s, size_t r) {
    const size_t t = step_of(w, s, r);
    return t >= w->begin[s->at + r] && t < w->facts.steps;
}

/* Find the head's gradient for a row of the last layer. Returns false if there is none at this step. */
static bool find_arrival(struct walk *w, const struct piece *s, size_t r) {
    if (!w->arrival.row) {
        return s->t == w->probe;
    }
    if (is_live(w, s, r)) {
        rg_arrival_at(&w->arrival, &w->engine->net.plan, w->facts.direction, s->at + r, w->begin[s->at + r],
                      step_of(w, s, r), w->from_above + (s->at + r) * w->facts.hidden);
    }
    return is_live(w, s, r);
}

/* Add the gradient from above to dL/dh. */
static void inject(struct walk *w, const struct piece *s) {
    const struct rg_plan *const p = &w->engine->net.plan;
    const size_t hidden = p->hidden, column = w->facts.direction * hidden, n = states_of(w);
    for (size_t r = 0; is_top(w) && r < s->n; r++) {
        if (!find_arrival(w, s, r)) {
            continue;
        }
        const double *const values = w->from_above + (s->at + r) * hidden;
        for (size_t j = 0; j < hidden; j++) {
            w->has_loss[s->first + r] |= values[j] != 0.0;
        }
        rg_adjoint_inject(&w->adjoint, s->first + r, values, 0);
    }
    for (size_t d = 0; !is_top(w) && d < p->directions; d++) {
        for (size_t r = 0; r < s->n; r++) {
            if (step_of(w, s, r) >= w->facts.steps) {
                continue;
            }
            const size_t place = place_of(w, step_of(w, s, r)) + s->first + r;
            double *const sum = w->raw + (s->at + r) * w->wide;
            for (size_t j = 0; j < hidden; j++) {
                const double share =
                    w->engine->net.buffers.dropped[w->facts.layer] ? w->kept_share[(s->at + r) * n + column + j] : 1.0;
                sum[j] = w->sent[d].values[place * n + column + j] * share;
            }
            rg_adjoint_inject(&w->adjoint, s->first + r, sum, w->sent[d].exponent[place]);
        }
    }
}

/* Store delta W_ih of a step for the layer below. */
static void send_down(struct walk *w, const struct piece *s) {
    const struct rg_cell_facts *const f = &w->facts;
    const struct sent *const to = &w->below[f->direction];
    if (f->layer == 0) {
        return;
    }
    double *const sums = w->raw + s->at * w->wide;
    memset(sums, 0, s->n * f->inputs * sizeof *sums);
    for (size_t g = 0; g < f->gates; g++) {
        rg_dense_add(&(struct rg_product){.c = sums,
                                          .a = rg_adjoint_delta(&w->adjoint, s->order, s->first) + g * f->hidden,
                                          .b = f->w_ih + g * f->hidden * f->inputs,
                                          .rows = s->n,
                                          .columns = f->inputs,
                                          .depth = f->hidden,
                                          .c_row = f->inputs,
                                          .a_row = f->deltas * f->hidden,
                                          .a_depth = 1,
                                          .b_row = f->inputs});
    }
    for (size_t r = 0; r < s->n; r++) {
        if (step_of(w, s, r) >= w->facts.steps) {
            continue;
        }
        const size_t place = place_of(w, step_of(w, s, r)) + s->first + r;
        const double *const sum = sums + r * f->inputs;
        const double largest = rg_dense_largest(sum, f->inputs);
        const int size = largest > 0.0 && isfinite(largest) ? ilogb(largest) : 0;
        for (size_t j = 0; j < f->inputs; j++) {
            to->values[place * f->inputs + j] = ldexp(sum[j], -size);
        }
        to->exponent[place] = w->adjoint.exponent[s->first + r] + size;
    }
}

/* log10 of ||dL/dh|| ||h|| at the step that was finished last. */
static double product_log(const struct walk *w, size_t row, const double *h) {
    const size_t n = w->facts.hidden;
    return rg_scaled_log10(rg_dense_norm(w->adjoint.dh + row * n, n), w->adjoint.exponent[row]) +
           rg_scaled_log10(rg_dense_norm(h, n), 0);
}

/* Record the norms of one sequence's delta and of its term. */
static void note_row(struct walk *w, const struct piece *s, size_t r, bool live) {
    const struct rg_cell_facts *const f = &w->facts;
    const size_t row = s->first + r, at = s->at + r, place = s->lag * w->rows + row;
    if (s->lag == 0) {
        w->end_log[row] = live ? product_log(w, row, w->states.h + at * f->hidden) : NAN;
    }
    if (!live) {
        w->row_norm[at] = 0.0;
        w->delta_log[place] = w->term_log[place] = NAN;
        return;
    }
    const double norm = rg_dense_norm(rg_adjoint_delta(&w->adjoint, s->order, row), f->gates * f->hidden);
    w->row_norm[at] = norm;
    w->delta_log[place] = isnan(norm) ? INFINITY : rg_scaled_log10(norm, w->adjoint.exponent[row]);
    w->term_log[place] =
        w->delta_log[place] + rg_scaled_log10(rg_dense_norm(w->states.past + at * f->hidden, f->hidden), 0);
}

/* A step of the chunk in memory. */
struct step {
    struct walk *walk;
    struct piece rows; /* all of them */
};

/* The reverse step of one of PARTS parts of the rows. */
static void do_rows(void *context, size_t part, int thread) {
    const struct step *const step = context;
    const struct piece *const all = &step->rows;
    struct walk *const w = step->walk;
    /* multiples of four: see dense.c */
    const size_t each = (all->n + 4 * PARTS - 1) / (4 * PARTS) * 4, low = part * each;
    const size_t high = low + each < all->n ? low + each : all->n;
    (void)thread;
    if (low >= all->n) {
        return;
    }
    const struct piece s = {all->order, all->t, all->lag, all->first + low, high - low, low, all->again};
    rg_adjoint_begin(&w->adjoint, s.order, s.first, s.n);
    inject(w, &s);
    for (size_t r = 0; r < s.n; r++) {
        const bool live = is_live(w, &s, r);
        rg_adjoint_finish(&w->adjoint, s.order, s.first + r, &w->states, s.at + r, live);
        if (!s.again) {
            note_row(w, &s, r, live);
        }
    }
    if (!s.again) {
        send_down(w, &s);
    }
}

static void do_terms(void *context, size_t part, int thread) {
    struct walk *const w = context;
    (void)thread;
    rg_terms_add(&w->terms, part);
}

/* Add a chunk's sequences to the sums of a step, in order. */
static void count_rows(struct walk *w, const struct piece *s) {
    for (size_t r = 0; r < s->n; r++) {
        const double square = w->row_norm[r] * w->row_norm[r];
        if (is_live(w, s, r)) {
            w->n_live++;
            w->n_used += w->facts.learned && w->states.gate[r * RG_GATE_VALUES + RG_GATE_RAW] > 0.5;
        }
        if (square != 0.0) {
            rg_scaled_add(&w->squares[s->lag], &square, 2 * w->adjoint.exponent[s->first + r]);
        }
    }
}

/* Does the walk go from the largest lag to lag 0? It does for a direction that ends at the first step while its lags
 * count from the last one. */
static bool falls(const struct walk *w) {
    return w->facts.direction == 1 && !w->facts.to_first;
}

/* The walk visits orders [first_order, first_order + lags): the last ones up to the probe, or, for a direction that
 * starts at the sequence's end, the first ones. */
static size_t first_order(const struct walk *w) {
    return falls(w) ? 0 : w->probe + 1 - w->lags;
}

/* Lag of an order: its distance to the probe, or to the first step. A second direction is measured only with the probe
 * at the end. */
static size_t lag_of(const struct walk *w, size_t order) {
    return falls(w) ? order : w->probe - order;
}

/* Process step `order` of the chunk in memory. */
static rg_status chunk_step(struct walk *w, size_t order, size_t first, size_t rows, size_t slot, bool note) {
    const size_t t = w->facts.direction == 1 ? w->facts.steps - 1 - order : order;
    const struct rg_step_at at = {t, rows, w->aligned ? w->begin : NULL};
    struct step step = {.walk = w, .rows = {order, t, lag_of(w, order), first, rows, 0, !note}};
    RG_TRY(rg_step_states_read(w->engine, &w->facts, at, &w->states));
    RG_TRY(read_above(w, at));
    rg_pool_run(w->pool, PARTS, do_rows, &step);
    w->terms.n_taken = 0;
    for (size_t m = 0; m < w->terms.micro.n; m++) {
        const size_t low = rg_micro_row(&w->terms.micro, m, w->rows);
        const size_t high = rg_micro_row(&w->terms.micro, m + 1, w->rows);
        const size_t begin = low > first ? low : first, end = high < first + rows ? high : first + rows;
        if (begin < end) {
            const struct rg_term_part part = {.lag = step.rows.lag,
                                              .micro = m,
                                              .again = !note,
                                              .deltas = rg_adjoint_delta(&w->adjoint, order, begin),
                                              .exponent = w->adjoint.exponent + begin,
                                              .n = end - begin,
                                              .states = &w->states,
                                              .at = begin - first};
            rg_terms_take(&w->terms, slot, &part);
        }
    }
    rg_pool_run(w->pool, RG_TERM_PARTS, do_terms, w);
    if (note) {
        count_rows(w, &step.rows);
    }
    return RG_OK;
}

/* Must the measurement end? It asks the watch once every ASK_EVERY calls. */
static bool must_end(struct walk *w, double part) {
    w->asked++;
    if (!w->ended && w->asked % ASK_EVERY == 0) {
        w->ended = rg_watch_ends(&w->watch, w->before + w->part * part);
    }
    return w->ended;
}

/* Sequences that are processed together: a chunk, or one where each sequence may need another segment of time. */
static size_t rows_at_once(const struct walk *w) {
    const struct rg_plan *const p = &w->engine->net.plan;
    return w->aligned && p->n_segments > 1 ? 1 : p->chunk;
}

/* Compute the terms of orders [low, high) into slots 0, 1, …, the largest order first. */
static rg_status load_group(struct walk *w, size_t low, size_t high, bool note) {
    const size_t chunk = rows_at_once(w);
    for (size_t slot = 0; slot < high - low; slot++) {
        rg_scaled_clear(&w->terms.kept[slot]);
    }
    for (size_t first = 0; first < w->rows; first += chunk) {
        const size_t left = w->rows - first, rows = left < chunk ? left : chunk;
        RG_TRY(load_chunk(w, first, rows));
        for (size_t order = high; order-- > low;) {
            const double done = (double)(w->lags - (order - first_order(w))) / (double)w->lags;
            RG_TRY(chunk_step(w, order, first, rows, high - 1 - order, note));
            if (must_end(w, ((double)first + done * (double)rows) / (double)w->rows)) {
                return RG_OK;
            }
        }
    }
    return RG_OK;
}

static void note_group(struct walk *w, size_t low, size_t high) {
    for (size_t order = high; order-- > low;) {
        rg_terms_note(&w->terms, high - 1 - order, lag_of(w, order));
    }
}

static void compare_group(struct walk *w, size_t low, size_t high, bool rising) {
    for (size_t order = high; order-- > low;) {
        rg_terms_compare(&w->terms, high - 1 - order, lag_of(w, order), rising);
    }
}

/* Visit all terms twice: first for their norms and sum, then to compare each with the sum. Terms that do not all fit
 * into memory are computed twice. If the watch ends the walk early, no lag has a result. */
static rg_status walk_terms(struct walk *w) {
    const size_t begin = first_order(w), group = w->terms.group;
    const bool rising = !falls(w), at_once = group >= w->lags;
    for (size_t high = begin + w->lags; high > begin && !w->ended;) {
        const size_t low = high - begin > group ? high - group : begin;
        RG_TRY(load_group(w, low, high, true));
        note_group(w, low, high);
        high = low;
    }
    rg_terms_total(&w->terms, rising);
    if (!at_once && !w->ended) {
        rg_adjoint_release(&w->adjoint);
        RG_TRY(rg_adjoint_create(&w->facts, w->rows, &w->adjoint));
    }
    for (size_t high = begin + w->lags; high > begin && !w->ended;) {
        const size_t low = high - begin > group ? high - group : begin;
        if (!at_once) {
            RG_TRY(load_group(w, low, high, false));
        }
        compare_group(w, low, high, rising);
        high = low;
    }
    w->profile->lags = w->ended ? 0 : w->lags;
    return RG_OK;
}

/* Visit all terms once; their sequences are in memory together, and terms of large lags are stored in ranges. If the
 * watch ends the walk early, the profile covers the lags visited. A direction that starts at the largest lag then has
 * none. */
static rg_status walk_ranges(struct walk *w) {
    const size_t begin = first_order(w);
    size_t done = 0;
    RG_TRY(load_chunk(w, 0, w->rows));
    for (; done < w->lags && !w->ended; done++) {
        const size_t order = begin + w->lags - 1 - done, lag = lag_of(w, order);
        const size_t slot = rg_terms_begin(&w->terms, lag);
        const rg_status status = chunk_step(w, order, 0, w->rows, slot, true);
        w->ended = rg_stop_is(status); /* the stop came while a segment was recomputed */
        if (w->ended) {
            break;
        }
        RG_TRY(status);
        rg_terms_add_lag(&w->terms, slot, lag);
        (void)must_end(w, (double)done / (double)w->lags);
    }
    w->profile->lags = done < w->lags && falls(w) ? 0 : done;
    rg_terms_total(&w->terms, true);
    rg_terms_compare_ranges(&w->terms, w->profile->lags);
    return RG_OK;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Index of a quantile among n sorted numbers, by nearest rank. */
static size_t rank_of(double quantile, size_t n) {
    const size_t rank = (size_t)ceil(quantile * (double)n);
    return rank ? rank - 1 : 0;
}

/* Quantiles, by nearest rank, of the numbers that are not NAN; NAN if there are none. `scratch` is [n]. */
static void quantiles(const double *values, size_t n, double *scratch, double *const out[RG_N_QUANTILES], size_t lag) {
    static const double ranks[RG_N_QUANTILES] = {
        [RG_MIN] = 0.0, [RG_P10] = 0.1, [RG_MEDIAN] = 0.5, [RG_P90] = 0.9, [RG_MAX] = 1.0};
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            scratch[count++] = values[i];
        }
    }
    qsort(scratch, count, sizeof *scratch, by_size);
    for (size_t q = 0; q < RG_N_QUANTILES; q++) {
        out[q][lag] = count ? scratch[rank_of(ranks[q], count)] : NAN;
    }
}

/* Decades by which a sequence's gradient changes from the first lag that has a gradient to lag `last`. */
static double change_of(const struct walk *w, size_t row, size_t last) {
    const double there = w->delta_log[last * w->rows + row];
    size_t first = 0;
    while (first < last && !(w->delta_log[first * w->rows + row] > -INFINITY)) {
        first++;
    }
    const double change = there == -INFINITY ? there : there - w->delta_log[first * w->rows + row];
    return isnan(change) ? INFINITY : change; /* both norms are beyond the range of a double */
}

static bool has_step(const struct walk *w, size_t row, size_t lag) {
    return w->has_loss[row] && !isnan(w->delta_log[lag * w->rows + row]);
}

/* The furthest lag that a gradient can reach and at which some sequence has a step. */
static size_t furthest_lag(const struct walk *w) {
    const size_t stride = w->profile->stride, lags = w->profile->lags;
    for (size_t last = lags > 0 ? (lags - 1) / stride * stride : 0; last > 0; last -= stride) {
        for (size_t row = 0; row < w->rows; row++) {
            if (has_step(w, row, last)) {
                return last;
            }
        }
    }
    return 0;
}

/* Record the reach over the sequences. `scratch` is [rows]. */
static void note_reach(const struct walk *w, double *scratch) {
    struct rg_lag_reach *const reach = &w->profile->reach;
    size_t n = 0;
    *reach = (struct rg_lag_reach){.last = furthest_lag(w), .p10 = -INFINITY, .median = -INFINITY, .p90 = -INFINITY};
    for (size_t row = 0; row < w->rows && w->profile->lags > 0; row++) {
        if (has_step(w, row, reach->last)) {
            scratch[n] = change_of(w, row, reach->last);
            reach->dead += scratch[n++] == -INFINITY;
        }
    }
    reach->rows = n;
    if (n > 0) {
        qsort(scratch, n, sizeof *scratch, by_size);
        const double low = scratch[(n - 1) / 2], high = scratch[n / 2];
        reach->median = low == high ? low : 0.5 * (low + high); /* equal infinities have no mean */
        reach->p10 = scratch[rank_of(0.1, n)];
        reach->p90 = scratch[rank_of(0.9, n)];
    }
}

/* end_log of profile.h. */
static double mean_end(const struct walk *w) {
    const struct rg_plan *const p = &w->engine->net.plan;
    double largest = -INFINITY, sum = 0.0;
    size_t n = 0;
    for (size_t row = 0; row < w->rows; row++) {
        largest = fmax(largest, w->end_log[row]);
    }
    for (size_t row = 0; row < w->rows; row++) {
        if (!isnan(w->end_log[row])) {
            sum += pow(10.0, 2.0 * (w->end_log[row] - largest));
            n++;
        }
    }
    const bool one_step = p->readout == RG_READOUT_LAST || p->readout == RG_READOUT_FINAL;
    return isfinite(largest) && one_step && w->profile->layer + 1 == p->layers ? largest + 0.5 * log10(sum / (double)n)
                                                                               : NAN;
}

/* Measure how much of the profile is chance. */
static rg_status measure_statistics(struct walk *w) {
    struct rg_lag_profile *const p = w->profile;
    RG_TRY(rg_terms_statistics(&w->terms));
    return p->statistics.lack == RG_STATISTICS_WHOLE
               ? rg_decay_interval(&w->terms.micro, w->delta_log, w->rows, p->lags,
                                   rg_slope_of(p->delta_log10, p->lags, 1), &p->statistics.decay)
               : RG_OK;
}

/* Summarise the norms of the deltas by lag. */
static rg_status summarise(struct walk *w) {
    struct rg_lag_profile *const p = w->profile;
    double *scratch = NULL;
    RG_TRY(rg_alloc(&scratch, w->rows, sizeof *scratch, "the lag profile"));
    for (size_t lag = 0; lag < p->lags; lag++) {
        const double *const deltas = w->delta_log + lag * w->rows, *const terms = w->term_log + lag * w->rows;
        const struct rg_scaled *const s = &w->squares[lag];
        const bool some = s->exponent != RG_SCALED_EMPTY;
        /* the exponent of a square is even */
        p->delta_norm[lag] = some ? rg_scaled_value(sqrt(s->values[0]), s->exponent / 2) : 0.0;
        p->delta_log10[lag] = some ? rg_scaled_log10(sqrt(s->values[0]), s->exponent / 2) : -INFINITY;
        quantiles(deltas, w->rows, scratch, p->delta_quantiles, lag);
        quantiles(terms, w->rows, scratch, p->term_quantiles, lag);
    }
    note_reach(w, scratch);
    rg_free(scratch);
    rg_terms_finish(&w->terms);
    RG_TRY(measure_statistics(w));
    p->used = w->facts.learned && w->n_live ? (double)w->n_used / (double)w->n_live : NAN;
    p->end_log = mean_end(w);
    return RG_OK;
}

static rg_status create_direction(struct walk *w) {
    RG_TRY(rg_cell_facts_create(w->engine, w->weights, w->profile->layer, w->profile->direction, &w->facts));
    w->aligned = w->facts.to_first && w->source->ragged;
    const size_t chunk = rows_at_once(w), at_once = w->rows < chunk ? w->rows : chunk;
    const enum rg_keeping keeping = w->rows > chunk ? RG_KEEP_GROUPS : w->ranges ? RG_KEEP_RANGES : RG_KEEP_AT_ONCE;
    RG_TRY(rg_adjoint_create(&w->facts, w->rows, &w->adjoint));
    RG_TRY(rg_step_states_create(w->engine, &w->facts, at_once, &w->states));
    RG_TRY(rg_terms_create(&w->facts, w->profile, at_once, w->lags, keeping, &w->terms));
    RG_TRY(w->factors ? rg_step_terms_create(&w->terms, w->engine->net.model, w->factors) : RG_OK);
    w->n_live = w->n_used = 0;
    for (size_t lag = 0; lag < w->lags; lag++) {
        w->squares[lag] = (struct rg_scaled){&w->square[lag], 1, RG_SCALED_EMPTY};
        w->square[lag] = 0.0;
    }
    return RG_OK;
}

static void release_direction(struct walk *w) {
    rg_cell_facts_release(&w->facts);
    rg_adjoint_release(&w->adjoint);
    rg_step_states_release(&w->states);
    rg_terms_release(&w->terms);
}

static rg_status create_sent(const struct walk *w, struct sent *sent) {
    const size_t rows = w->lags * w->rows;
    RG_TRY(rg_alloc(&sent->values, rows, states_of(w) * sizeof *sent->values, "gradients between layers"));
    return rg_alloc(&sent->exponent, rows, sizeof *sent->exponent, "gradients between layers");
}

static void release_sent(struct sent *sent) {
    rg_free(sent->values);
    rg_free(sent->exponent);
    *sent = (struct sent){NULL, NULL};
}

static rg_status walk_direction(struct walk *w, struct rg_lag_profile *profile) {
    w->profile = profile;
    RG_TRY(create_direction(w));
    RG_TRY(w->terms.begins ? walk_ranges(w) : walk_terms(w));
    RG_TRY(summarise(w));
    release_direction(w);
    w->before += w->part;
    return RG_OK;
}

/* Measure the layers from the last to the first. A direction that the watch ends before its start has no lags. */
static rg_status walk_layers(struct walk *w) {
    const struct rg_plan *const p = &w->engine->net.plan;
    w->part = 1.0 / (double)(p->layers * p->directions);
    for (size_t l = p->layers; l-- > 0 && !w->ended;) {
        for (size_t d = 0; d < p->directions && !w->ended; d++) {
            if (l > 0) {
                RG_TRY(create_sent(w, &w->below[d]));
            }
            RG_TRY(walk_direction(w, &w->profiles->items[l * p->directions + d]));
        }
        for (size_t d = 0; d < p->directions; d++) {
            release_sent(&w->sent[d]);
            w->sent[d] = w->below[d];
            w->below[d] = (struct sent){NULL, NULL};
        }
    }
    return RG_OK;
}

static rg_status create_walk(struct walk *w) {
    const struct rg_plan *const p = &w->engine->net.plan;
    size_t wide = p->out_stride > p->hidden ? p->out_stride : p->hidden;
    for (size_t l = 0; l < p->layers; l++) {
        wide = p->layer[l].inputs > wide ? p->layer[l].inputs : wide;
    }
    w->wide = wide;
    RG_TRY(rg_lag_profiles_create(w->engine, w->rows, w->probe + 1, &w->profiles));
    RG_TRY(rg_alloc(&w->weights, w->engine->net.model->arena, sizeof *w->weights, "the weights"));
    RG_TRY(rg_reals_read(w->engine->net.device, w->weights, w->engine->net.buffers.weights, 0,
                         w->engine->net.model->arena));
    RG_TRY(rg_alloc(&w->begin, p->chunk, sizeof *w->begin, "starts of sequences"));
    RG_TRY(rg_arrival_create(w->engine, &w->arrival));
    RG_TRY(rg_alloc(&w->from_above, p->chunk * wide, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->kept_share, p->chunk * wide, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->raw, p->chunk * wide, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->row_norm, p->chunk, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->has_loss, w->rows, sizeof *w->has_loss, "the lag profile"));
    RG_TRY(rg_alloc(&w->delta_log, w->lags * w->rows, sizeof(double), "the lag profile"));
    RG_TRY(rg_alloc(&w->term_log, w->lags * w->rows, sizeof(double), "the lag profile"));
    RG_TRY(rg_alloc(&w->end_log, w->rows, sizeof(double), "the lag profile"));
    RG_TRY(rg_alloc(&w->squares, w->lags, sizeof *w->squares, "the lag profile"));
    return rg_alloc(&w->square, w->lags, sizeof *w->square, "the lag profile");
}

static void release_walk(struct walk *w) {
    release_direction(w);
    for (size_t d = 0; d < 2; d++) {
        release_sent(&w->sent[d]);
        release_sent(&w->below[d]);
    }
    rg_free(w->weights);
    rg_free(w->begin);
    rg_arrival_release(&w->arrival);
    rg_free(w->from_above);
    rg_free(w->kept_share);
    rg_free(w->raw);
    rg_free(w->row_norm);
    rg_free(w->has_loss);
    rg_pool_destroy(w->pool);
    rg_free(w->delta_log);
    rg_free(w->term_log);
    rg_free(w->end_log);
    rg_free(w->squares);
    rg_free(w->square);
}

/* Multiplications of a step. With few of them, threads would wait for each other longer than they compute. */
static double step_work(const struct walk *w) {
    const struct rg_plan *const p = &w->engine->net.plan;
    return (double)(w->rows * p->gates * p->hidden) * (double)(p->hidden + w->wide);
}

rg_status rg_lag_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update,
                         const struct rg_lag_options *options, struct rg_lag_profiles **out) {
    const struct rg_plan *const p = &engine->net.plan;
    const size_t probe = options->probe ? options->probe : p->steps;
    /* where directions end at different ends, layers send each other gradients at every step */
    const bool all = p->readout != RG_READOUT_LAST && p->directions > 1 && p->layers > 1;
    struct walk w = {.engine = engine,
                     .source = source,
                     .update = update,
                     .rows = options->rows,
                     .probe = probe - 1,
                     .lags = options->lags && options->lags < probe && !all ? options->lags : probe,
                     .ranges = options->ranges,
                     .factors = options->factors,
                     .watch = options->watch,
                     .loaded = SIZE_MAX};
    *out = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(create_walk(&w));
    const int threads = step_work(&w) < FEW ? 1 : rg_pool_threads(options->threads);
    RG_TRY_GOTO(rg_pool_create_up_to(threads < PARTS ? threads : PARTS, &w.pool));
    RG_TRY_GOTO(rg_engine_pack(engine));
    const rg_status walked = walk_layers(&w);
    RG_TRY_GOTO(rg_stop_is(walked) ? RG_OK : walked); /* keep what was measured before the stop */
    *out = w.profiles;
    w.profiles = NULL;
fail:
    release_walk(&w);
    rg_lag_profiles_destroy(w.profiles);
    return status;
}
