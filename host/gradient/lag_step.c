/* One step of the walk over a chunk of sequences: states from the device, the reverse step of the cell, terms and
 * norms. See lag_walk.h. */
#include <math.h>
#include <string.h>

#include "base/sizes.h"
#include "gradient/dense.h"
#include "gradient/lag_walk.h"

size_t rg_lag_n_states(const struct rg_lag_walk *w) {
    return w->engine->net.plan.directions * w->engine->net.plan.hidden;
}

rg_status rg_lag_load_chunk(struct rg_lag_walk *w, size_t first, size_t rows) {
    struct rg_engine *const e = w->engine;
    if (w->chunk.loaded == first) {
        return RG_OK;
    }
    RG_TRY(rg_engine_chunk(
        e, (struct rg_chunk){.source = w->source, .update = w->update, .first_row = first, .rows = rows},
        e->net.plan.layers));
    memset(w->chunk.begin, 0, rows * sizeof *w->chunk.begin);
    if (w->source->ragged) {
        RG_TRY(rg_buffer_read(e->net.device, w->chunk.begin, e->net.buffers.begin, 0, rows * sizeof *w->chunk.begin));
    }
    w->chunk.loaded = first;
    return rg_arrival_read(e, rows, &w->chunk.arrival);
}

/* Compute dropout's factors of a step: states after it / before it. A state of 0 gets the factor 0. */
static rg_status read_dropout(struct rg_lag_walk *w, struct rg_step_at at) {
    struct rg_engine *const e = w->engine;
    const size_t n = rg_lag_n_states(w), layer = w->direction.facts.layer;
    struct rg_buffer *const dropped = e->net.buffers.dropped[layer];
    if (!dropped) {
        return RG_OK;
    }
    RG_TRY(rg_step_rows_read(e, &w->direction.states, at, (struct rg_step_columns){dropped, 0, n}, w->step.kept_share));
    RG_TRY(rg_step_rows_read(e, &w->direction.states, at, (struct rg_step_columns){e->net.buffers.out[layer], 0, n},
                             w->step.from_above));
    for (size_t i = 0; i < at.rows * n; i++) {
        w->step.kept_share[i] = w->step.from_above[i] == 0.0 ? 0.0 : w->step.kept_share[i] / w->step.from_above[i];
    }
    return RG_OK;
}

static bool is_top(const struct rg_lag_walk *w) {
    return w->direction.facts.layer + 1 == w->engine->net.plan.layers;
}

/* Read from the device what the layer above, or the head, sends to a step of the chunk's rows. */
static rg_status read_above(struct rg_lag_walk *w, struct rg_step_at at) {
    struct rg_engine *const e = w->engine;
    const struct rg_plan *const p = &e->net.plan;
    if (!is_top(w)) {
        return read_dropout(w, at);
    }
    if (w->chunk.arrival.row || at.t != w->probe) {
        return RG_OK;
    }
    at.t = p->target_steps > 1 ? at.t : e->net.base; /* the buffer has the last step alone */
    const struct rg_step_columns own = {e->net.buffers.dhead, w->direction.facts.direction * p->hidden, p->hidden};
    return rg_step_rows_read(e, &w->direction.states, at, own, w->step.from_above);
}

/* First row of step t in the gradients that layers send each other. */
static size_t place_of(const struct rg_lag_walk *w, size_t t) {
    return (w->probe - t) * w->rows;
}

/* Some sequences at a step: measured rows [first, first + n), which are rows `at` … of the chunk. `t` is the step; with
 * walk.aligned it counts from each sequence's first step. */
struct piece {
    size_t order, t, lag, first, n, at;
    bool again; /* the step is recomputed, only for its terms */
};

/* The step of row r of a piece. T or more: the sequence has no such step. */
static size_t step_of(const struct rg_lag_walk *w, const struct piece *s, size_t r) {
    return s->t + (w->direction.aligned ? w->chunk.begin[s->at + r] : 0);
}

static bool is_live(const struct rg_lag_walk *w, const struct piece *s, size_t r) {
    const size_t t = step_of(w, s, r);
    return t >= w->chunk.begin[s->at + r] && t < w->direction.facts.steps;
}

/* Complete a row of from_above with what the head sends to this step. Returns false if it sends nothing. */
static bool find_arrival(struct rg_lag_walk *w, const struct piece *s, size_t r) {
    if (!w->chunk.arrival.row) {
        return s->t == w->probe;
    }
    if (is_live(w, s, r)) {
        const size_t row = s->at + r;
        const struct rg_arrival_step step = {w->direction.facts.direction, row, w->chunk.begin[row], step_of(w, s, r)};
        rg_arrival_at(&w->chunk.arrival, &w->engine->net.plan, step,
                      w->step.from_above + row * w->direction.facts.hidden);
    }
    return is_live(w, s, r);
}

/* Add the gradient from above to dL/dh. */
static void inject(struct rg_lag_walk *w, const struct piece *s) {
    const struct rg_plan *const p = &w->engine->net.plan;
    const size_t hidden = p->hidden, column = w->direction.facts.direction * hidden, n = rg_lag_n_states(w);
    for (size_t r = 0; is_top(w) && r < s->n; r++) {
        if (!find_arrival(w, s, r)) {
            continue;
        }
        const double *const values = w->step.from_above + (s->at + r) * hidden;
        for (size_t j = 0; j < hidden; j++) {
            w->record.has_loss[s->first + r] |= values[j] != 0.0;
        }
        rg_adjoint_inject(&w->direction.adjoint, s->first + r, values, 0);
    }
    for (size_t d = 0; !is_top(w) && d < p->directions; d++) {
        for (size_t r = 0; r < s->n; r++) {
            if (step_of(w, s, r) >= w->direction.facts.steps) {
                continue;
            }
            const size_t place = place_of(w, step_of(w, s, r)) + s->first + r;
            double *const sum = w->step.raw + (s->at + r) * w->step.wide;
            for (size_t j = 0; j < hidden; j++) {
                const double share = w->engine->net.buffers.dropped[w->direction.facts.layer]
                                         ? w->step.kept_share[(s->at + r) * n + column + j]
                                         : 1.0;
                sum[j] = w->sent.above[d].values[place * n + column + j] * share;
            }
            rg_adjoint_inject(&w->direction.adjoint, s->first + r, sum, w->sent.above[d].exponent[place]);
        }
    }
}

/* Store delta W_ih of a step for the layer below. */
static void send_down(struct rg_lag_walk *w, const struct piece *s) {
    const struct rg_cell_facts *const f = &w->direction.facts;
    const struct rg_sent *const to = &w->sent.below[f->direction];
    if (f->layer == 0) {
        return;
    }
    double *const sums = w->step.raw + s->at * w->step.wide;
    memset(sums, 0, s->n * f->inputs * sizeof *sums);
    rg_adjoint_pass_down(&w->direction.adjoint, (struct rg_adjoint_rows){s->order, s->first, s->n}, sums);
    for (size_t r = 0; r < s->n; r++) {
        if (step_of(w, s, r) < f->steps) {
            rg_sent_put(to, place_of(w, step_of(w, s, r)) + s->first + r, f->inputs, sums + r * f->inputs,
                        w->direction.adjoint.exponent[s->first + r]);
        }
    }
}

/* log10 of ||dL/dh|| ||h|| at the step that was finished last. */
static double product_log(const struct rg_lag_walk *w, size_t row, const double *h) {
    const size_t n = w->direction.facts.hidden;
    return rg_scaled_log10(rg_dense_norm(w->direction.adjoint.dh + row * n, n), w->direction.adjoint.exponent[row]) +
           rg_scaled_log10(rg_dense_norm(h, n), 0);
}

/* Record the norms of one sequence's delta and of its term. */
static void note_row(struct rg_lag_walk *w, const struct piece *s, size_t r, bool live) {
    const struct rg_cell_facts *const f = &w->direction.facts;
    const size_t row = s->first + r, at = s->at + r, place = s->lag * w->rows + row;
    if (s->lag == 0) {
        w->record.end_log[row] = live ? product_log(w, row, w->direction.states.h + at * f->hidden) : NAN;
    }
    if (!live) {
        w->step.norm[at] = 0.0;
        w->record.delta_log[place] = w->record.term_log[place] = NAN;
        return;
    }
    const double norm = rg_dense_norm(rg_adjoint_delta(&w->direction.adjoint, s->order, row), f->gates * f->hidden);
    w->step.norm[at] = norm;
    w->record.delta_log[place] = isnan(norm) ? INFINITY : rg_scaled_log10(norm, w->direction.adjoint.exponent[row]);
    w->record.term_log[place] = w->record.delta_log[place] +
                                rg_scaled_log10(rg_dense_norm(w->direction.states.past + at * f->hidden, f->hidden), 0);
}

/* A step of the chunk in memory. */
struct step {
    struct rg_lag_walk *walk;
    struct piece rows; /* all of them */
};

/* The reverse step of one of RG_LAG_ROW_PARTS parts of the rows. */
static void do_rows(void *context, size_t part, int thread) {
    const struct step *const step = context;
    const struct piece *const all = &step->rows;
    struct rg_lag_walk *const w = step->walk;
    /* multiples of four: see dense.c */
    const size_t each = (all->n + 4 * RG_LAG_ROW_PARTS - 1) / (4 * RG_LAG_ROW_PARTS) * 4, low = part * each;
    const size_t high = rg_min(low + each, all->n);
    (void)thread;
    if (low >= all->n) {
        return;
    }
    const struct piece s = {all->order, all->t, all->lag, all->first + low, high - low, low, all->again};
    rg_adjoint_begin(&w->direction.adjoint, (struct rg_adjoint_rows){s.order, s.first, s.n});
    inject(w, &s);
    for (size_t r = 0; r < s.n; r++) {
        const bool live = is_live(w, &s, r);
        rg_adjoint_finish(&w->direction.adjoint, s.order, s.first + r, &w->direction.states, s.at + r, live);
        if (!s.again) {
            note_row(w, &s, r, live);
        }
    }
    if (!s.again) {
        send_down(w, &s);
    }
}

static void do_terms(void *context, size_t part, int thread) {
    struct rg_lag_walk *const w = context;
    (void)thread;
    rg_terms_add(&w->direction.terms, part);
}

/* Add a chunk's sequences to the sums of a step, in order. */
static void count_rows(struct rg_lag_walk *w, const struct piece *s) {
    for (size_t r = 0; r < s->n; r++) {
        const double square = w->step.norm[r] * w->step.norm[r];
        if (is_live(w, s, r)) {
            w->record.n_live++;
            w->record.n_used +=
                w->direction.facts.learned && w->direction.states.gate[r * RG_GATE_VALUES + RG_GATE_RAW] > 0.5;
        }
        if (square != 0.0) {
            rg_scaled_add(&w->record.squares[s->lag], &square, 2 * w->direction.adjoint.exponent[s->first + r]);
        }
    }
}

bool rg_lag_falls(const struct rg_lag_walk *w) {
    return w->direction.facts.direction == 1 && !w->direction.facts.to_first;
}

size_t rg_lag_first_order(const struct rg_lag_walk *w) {
    return rg_lag_falls(w) ? 0 : w->probe + 1 - w->lags;
}

size_t rg_lag_of_order(const struct rg_lag_walk *w, size_t order) {
    return rg_lag_falls(w) ? order : w->probe - order;
}

rg_status rg_lag_chunk_step(struct rg_lag_walk *w, const struct rg_lag_visit *visit) {
    const size_t order = visit->order, first = visit->first, end = first + visit->rows;
    const size_t t = w->direction.facts.direction == 1 ? w->direction.facts.steps - 1 - order : order;
    const struct rg_step_at at = {t, visit->rows, w->direction.aligned ? w->chunk.begin : NULL};
    struct step step = {.walk = w,
                        .rows = {.order = order,
                                 .t = t,
                                 .lag = rg_lag_of_order(w, order),
                                 .first = first,
                                 .n = visit->rows,
                                 .again = !visit->note}};
    RG_TRY(rg_step_states_read(w->engine, &w->direction.facts, at, &w->direction.states));
    RG_TRY(read_above(w, at));
    rg_pool_run(w->pool, RG_LAG_ROW_PARTS, do_rows, &step);
    w->direction.terms.n_taken = 0;
    for (size_t m = 0; m < w->direction.terms.micro.n; m++) {
        const size_t low = rg_max(first, rg_micro_row(&w->direction.terms.micro, m, w->rows));
        const size_t high = rg_min(end, rg_micro_row(&w->direction.terms.micro, m + 1, w->rows));
        if (low < high) {
            const struct rg_term_part part = {.lag = step.rows.lag,
                                              .micro = m,
                                              .again = !visit->note,
                                              .deltas = rg_adjoint_delta(&w->direction.adjoint, order, low),
                                              .exponent = w->direction.adjoint.exponent + low,
                                              .n = high - low,
                                              .states = &w->direction.states,
                                              .at = low - first};
            rg_terms_take(&w->direction.terms, visit->slot, &part);
        }
    }
    rg_pool_run(w->pool, RG_TERM_PARTS, do_terms, w);
    if (visit->note) {
        count_rows(w, &step.rows);
    }
    return RG_OK;
}
