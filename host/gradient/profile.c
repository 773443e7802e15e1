/* The gradient split by time lag: see profile.h. */
#include "gradient/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/native/pool.h"
#include "gradient/adjoint.h"
#include "gradient/dense.h"
#include "gradient/terms.h"
#include "rnn_gpu/memory.h"

enum { PARTS = 8 }; /* of a chunk's rows, for threads */

/* What a layer sends back to the one below: [T][rows] rows of D*H numbers with an exponent each. */
struct sent {
    double *values;
    int64_t *exponent;
};

/* The walk over layers, directions and steps. */
struct walk {
    struct rg_engine *engine;
    struct rg_source *source;
    uint64_t update;
    size_t rows, probe; /* probe: the step of the loss, from 0 */
    struct rg_lag_profiles *profiles;
    double *weights;
    size_t loaded;      /* first row of the chunk whose states are on the device; SIZE_MAX: none */
    uint32_t *begin;    /* [chunk] first live step of each of its sequences */
    size_t wide;        /* room for a row of these: */
    double *from_above; /* [chunk][D*H], dL/dout of one step */
    double *kept_share; /* [chunk][D*H], what dropout multiplies a layer's states by; NULL without dropout */
    double *raw;        /* [chunk][wide] */
    double *row_norm;   /* [chunk] norms of the deltas of one step */
    struct rg_pool *pool;
    struct sent sent[2], below[2]; /* of each direction: by the layer above, and by this one */
    /* one direction of one layer */
    struct rg_lag_profile *profile;
    struct rg_cell_facts facts;
    struct rg_adjoint adjoint;
    struct rg_step_states states;
    struct rg_terms terms;
    size_t n_live, n_used;        /* steps of sequences, and of them those that a learned skip did not skip */
    double *delta_log, *term_log; /* [T][rows] log10; NAN: the sequence has no such step */
    struct rg_scaled *squares;    /* [T] of one number, sum of ||delta||^2 */
    double *square;
};

static size_t states_of(const struct walk *w) {
    return w->engine->plan.directions * w->engine->plan.hidden;
}

/* Forward sweep of the chunk that begins at `first`. */
static rg_status load_chunk(struct walk *w, size_t first, size_t rows) {
    struct rg_engine *const e = w->engine;
    if (w->loaded == first) {
        return RG_OK;
    }
    RG_TRY(rg_engine_chunk(e, w->source, w->update, first, rows, e->plan.layers));
    memset(w->begin, 0, rows * sizeof *w->begin);
    if (w->source->ragged) {
        RG_TRY(rg_buffer_read(e->device, w->begin, e->begin, 0, rows * sizeof *w->begin));
    }
    w->loaded = first;
    return RG_OK;
}

/* What dropout multiplied the states of a step by; a state of zero has no slope that matters. */
static rg_status read_dropout(struct walk *w, size_t rows, size_t t) {
    struct rg_engine *const e = w->engine;
    const size_t stride = e->plan.out_stride, n = states_of(w), layer = w->facts.layer;
    struct rg_buffer *const dropped = e->dropped[layer];
    const size_t at = (t - e->base) * rows * stride;
    if (!dropped) {
        return RG_OK;
    }
    RG_TRY(rg_read_rows(e, dropped, at, rows, stride, 0, n, w->raw, w->kept_share));
    RG_TRY(rg_read_rows(e, e->out[layer], at, rows, stride, 0, n, w->raw, w->from_above));
    for (size_t i = 0; i < rows * n; i++) {
        w->kept_share[i] = w->from_above[i] == 0.0 ? 0.0 : w->kept_share[i] / w->from_above[i];
    }
    return RG_OK;
}

static bool is_top(const struct walk *w) {
    return w->facts.layer + 1 == w->engine->plan.layers;
}

/* Read what comes from above at step t to the chunk's rows, as far as it is on the device. */
static rg_status read_above(struct walk *w, size_t rows, size_t t) {
    struct rg_engine *const e = w->engine;
    const struct rg_plan *const p = &e->plan;
    if (!is_top(w)) {
        return read_dropout(w, rows, t);
    }
    if (t != w->probe) {
        return RG_OK;
    }
    const size_t at = p->target_steps > 1 ? t - e->base : 0, column = w->facts.direction * p->hidden;
    return rg_read_rows(e, e->dhead, at * rows * p->out_stride, rows, p->out_stride, column, p->hidden, w->raw,
                        w->from_above);
}

/* Some sequences at a step: rows [first, first + n) of the measured ones, which stand from row `at` of the chunk on. */
struct piece {
    size_t order, t, first, n, at;
    bool again;
};

/* Add what comes from above to dL/dh. */
static void inject(struct walk *w, const struct piece *s) {
    const struct rg_plan *const p = &w->engine->plan;
    const size_t hidden = p->hidden, column = w->facts.direction * hidden, n = states_of(w);
    for (size_t r = 0; is_top(w) && s->t == w->probe && r < s->n; r++) {
        rg_adjoint_inject(&w->adjoint, s->first + r, w->from_above + (s->at + r) * hidden, 0);
    }
    for (size_t d = 0; !is_top(w) && d < p->directions; d++) {
        for (size_t r = 0; r < s->n; r++) {
            const size_t place = s->t * w->rows + s->first + r;
            double *const sum = w->raw + (s->at + r) * w->wide;
            for (size_t j = 0; j < hidden; j++) {
                const double share =
                    w->engine->dropped[w->facts.layer] ? w->kept_share[(s->at + r) * n + column + j] : 1.0;
                sum[j] = w->sent[d].values[place * n + column + j] * share;
            }
            rg_adjoint_inject(&w->adjoint, s->first + r, sum, w->sent[d].exponent[place]);
        }
    }
}

/* Keep delta W_ih of a step for the layer below. */
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
        const size_t place = s->t * w->rows + s->first + r;
        const double *const sum = sums + r * f->inputs;
        const double largest = rg_dense_largest(sum, f->inputs);
        const int size = largest > 0.0 && isfinite(largest) ? ilogb(largest) : 0;
        for (size_t j = 0; j < f->inputs; j++) {
            to->values[place * f->inputs + j] = ldexp(sum[j], -size);
        }
        to->exponent[place] = w->adjoint.exponent[s->first + r] + size;
    }
}

/* The norms of one sequence's delta and of its term. */
static void note_row(struct walk *w, const struct piece *s, size_t r, bool live) {
    const struct rg_cell_facts *const f = &w->facts;
    const size_t row = s->first + r, at = s->at + r, place = s->t * w->rows + row;
    if (!live) {
        w->row_norm[at] = 0.0;
        w->delta_log[place] = w->term_log[place] = NAN;
        return;
    }
    const double norm = rg_dense_norm(rg_adjoint_delta(&w->adjoint, s->order, row), f->gates * f->hidden);
    w->row_norm[at] = norm;
    w->delta_log[place] = rg_scaled_log10(norm, w->adjoint.exponent[row]);
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
    const size_t each = (all->n + 4 * PARTS - 1) / (4 * PARTS) * 4, low = part * each; /* by fours: see dense.c */
    const size_t high = low + each < all->n ? low + each : all->n;
    (void)thread;
    if (low >= all->n) {
        return;
    }
    const struct piece s = {all->order, all->t, all->first + low, high - low, low, all->again};
    rg_adjoint_begin(&w->adjoint, s.order, s.first, s.n);
    inject(w, &s);
    for (size_t r = 0; r < s.n; r++) {
        const bool live = s.t >= w->begin[s.at + r];
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

/* What all sequences of a chunk add to at a step, in their order. */
static void count_rows(struct walk *w, size_t t, size_t first, size_t rows) {
    for (size_t r = 0; r < rows; r++) {
        const double square = w->row_norm[r] * w->row_norm[r];
        if (t >= w->begin[r]) {
            w->n_live++;
            w->n_used += w->facts.learned && w->states.gate[r * RG_GATE_VALUES + RG_GATE_RAW] > 0.5;
        }
        if (square != 0.0) {
            rg_scaled_add(&w->squares[t], &square, 2 * w->adjoint.exponent[first + r]);
        }
    }
}

/* Step `order` of the chunk in memory. */
static rg_status chunk_step(struct walk *w, size_t order, size_t first, size_t rows, size_t slot, bool note) {
    const size_t t = w->facts.direction == 1 ? w->facts.steps - 1 - order : order, micro = w->terms.n_micro;
    struct step step = {.walk = w, .rows = {order, t, first, rows, 0, !note}};
    RG_TRY(rg_step_states_read(w->engine, &w->facts, rows, t, &w->states));
    RG_TRY(read_above(w, rows, t));
    rg_pool_run(w->pool, PARTS, do_rows, &step);
    w->terms.n_taken = 0;
    for (size_t m = 0; m < micro; m++) {
        const size_t low = m * w->rows / micro, high = (m + 1) * w->rows / micro;
        const size_t begin = low > first ? low : first, end = high < first + rows ? high : first + rows;
        if (begin < end) {
            rg_terms_take(&w->terms, slot, m, !note, rg_adjoint_delta(&w->adjoint, order, begin),
                          w->adjoint.exponent + begin, end - begin, &w->states, begin - first);
        }
    }
    rg_pool_run(w->pool, RG_TERM_PARTS, do_terms, w);
    if (note) {
        count_rows(w, t, first, rows);
    }
    return RG_OK;
}

/* Bring the terms of orders [low, high) into the slots from 0 on, the largest order first. */
static rg_status load_group(struct walk *w, size_t low, size_t high, bool note) {
    const size_t chunk = w->engine->plan.chunk;
    for (size_t slot = 0; slot < high - low; slot++) {
        rg_scaled_clear(&w->terms.kept[slot]);
    }
    for (size_t first = 0; first < w->rows; first += chunk) {
        const size_t left = w->rows - first, rows = left < chunk ? left : chunk;
        RG_TRY(load_chunk(w, first, rows));
        for (size_t order = high; order-- > low;) {
            RG_TRY(chunk_step(w, order, first, rows, high - 1 - order, note));
        }
    }
    return RG_OK;
}

/* Distance of an order's step to the probe. Steps behind it have no term but in the direction that comes from there,
 * which is measured with the probe at the end alone. */
static bool lag_of(const struct walk *w, size_t order, size_t *lag) {
    const size_t t = w->facts.direction == 1 ? w->facts.steps - 1 - order : order;
    *lag = w->probe - t;
    return t <= w->probe;
}

static void note_group(struct walk *w, size_t low, size_t high) {
    size_t lag = 0;
    for (size_t order = high; order-- > low;) {
        if (lag_of(w, order, &lag)) {
            rg_terms_note(&w->terms, high - 1 - order, lag);
        }
    }
}

static void compare_group(struct walk *w, size_t low, size_t high, bool rising) {
    size_t lag = 0;
    for (size_t order = high; order-- > low;) {
        if (lag_of(w, order, &lag)) {
            rg_terms_compare(&w->terms, high - 1 - order, lag, rising);
        }
    }
}

/* Twice through all terms: norms and their sum; then each against the sum. Terms that do not all fit into memory are
 * made twice. */
static rg_status walk_terms(struct walk *w) {
    const size_t steps = w->facts.steps, group = w->terms.group;
    const bool rising = w->facts.direction == 0, at_once = group >= steps;
    for (size_t high = steps; high > 0;) {
        const size_t low = high > group ? high - group : 0;
        RG_TRY(load_group(w, low, high, true));
        note_group(w, low, high);
        high = low;
    }
    rg_terms_total(&w->terms, rising);
    if (!at_once) {
        rg_adjoint_release(&w->adjoint);
        RG_TRY(rg_adjoint_create(&w->facts, w->rows, &w->adjoint));
    }
    for (size_t high = steps; high > 0;) {
        const size_t low = high > group ? high - group : 0;
        if (!at_once) {
            RG_TRY(load_group(w, low, high, false));
        }
        compare_group(w, low, high, rising);
        high = low;
    }
    rg_terms_finish(&w->terms);
    return RG_OK;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Quantiles of the numbers that are not NAN, by nearest rank; NAN without one. `room` [n]. */
static void quantiles(const double *values, size_t n, double *room, double *const out[RG_N_QUANTILES], size_t lag) {
    static const double ranks[RG_N_QUANTILES] = {
        [RG_MIN] = 0.0, [RG_P10] = 0.1, [RG_MEDIAN] = 0.5, [RG_P90] = 0.9, [RG_MAX] = 1.0};
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            room[count++] = values[i];
        }
    }
    qsort(room, count, sizeof *room, by_size);
    for (size_t q = 0; q < RG_N_QUANTILES; q++) {
        const size_t rank = (size_t)ceil(ranks[q] * (double)count);
        out[q][lag] = count ? room[rank ? rank - 1 : 0] : NAN;
    }
}

static double mean_of_finite(const double *values, size_t n) {
    double sum = 0.0, count = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(values[i])) {
            sum += values[i];
            count += 1.0;
        }
    }
    return count > 0.0 ? sum / count : -INFINITY;
}

/* Median over steps and sequences of ||h_{t-1}||, which is what a term's norm is a multiple of; sorts what it reads. */
static double median_state(struct walk *w) {
    double *const logs = w->term_log;
    size_t n = 0;
    for (size_t i = 0; i < w->facts.steps * w->rows; i++) {
        const double log = w->term_log[i] - w->delta_log[i];
        if (isfinite(log)) {
            logs[n++] = log;
        }
    }
    qsort(logs, n, sizeof *logs, by_size);
    return n ? pow(10.0, logs[n / 2]) : 0.0;
}

/* The norms of the deltas by lag. */
static rg_status summarise(struct walk *w) {
    struct rg_lag_profile *const p = w->profile;
    double *room = NULL;
    RG_TRY(rg_alloc(&room, w->rows, sizeof *room, "the lag profile"));
    for (size_t t = 0; t <= w->probe; t++) {
        const size_t lag = w->probe - t;
        const struct rg_scaled *const s = &w->squares[t];
        const bool some = s->exponent != RG_SCALED_EMPTY;
        /* the exponent of a square is even */
        p->delta_norm[lag] = some ? rg_scaled_value(sqrt(s->values[0]), s->exponent / 2) : 0.0;
        p->delta_log10[lag] = some ? rg_scaled_log10(sqrt(s->values[0]), s->exponent / 2) : -INFINITY;
        p->delta_mean_log10[lag] = mean_of_finite(w->delta_log + t * w->rows, w->rows);
        quantiles(w->delta_log + t * w->rows, w->rows, room, p->delta_quantiles, lag);
        quantiles(w->term_log + t * w->rows, w->rows, room, p->term_quantiles, lag);
    }
    rg_free(room);
    p->used = w->facts.learned && w->n_live ? (double)w->n_used / (double)w->n_live : NAN;
    p->state_norm = median_state(w);
    return RG_OK;
}

static rg_status create_direction(struct walk *w) {
    const size_t steps = w->engine->plan.steps, chunk = w->engine->plan.chunk;
    const size_t at_once = w->rows < chunk ? w->rows : chunk;
    RG_TRY(rg_cell_facts_create(w->engine, w->weights, w->profile->layer, w->profile->direction, &w->facts));
    RG_TRY(rg_adjoint_create(&w->facts, w->rows, &w->adjoint));
    RG_TRY(rg_step_states_create(w->engine, &w->facts, at_once, &w->states));
    RG_TRY(rg_terms_create(&w->facts, w->profile, at_once, &w->terms));
    w->n_live = w->n_used = 0;
    for (size_t t = 0; t < steps; t++) {
        w->squares[t] = (struct rg_scaled){&w->square[t], 1, RG_SCALED_EMPTY};
        w->square[t] = 0.0;
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
    const size_t rows = w->engine->plan.steps * w->rows;
    RG_TRY(rg_alloc(&sent->values, rows, states_of(w) * sizeof *sent->values, "gradients between layers"));
    return rg_alloc(&sent->exponent, rows, sizeof *sent->exponent, "gradients between layers");
}

static void release_sent(struct sent *sent) {
    rg_free(sent->values);
    rg_free(sent->exponent);
    *sent = (struct sent){NULL, NULL};
}

/* From the last layer down. */
static rg_status walk_layers(struct walk *w) {
    const struct rg_plan *const p = &w->engine->plan;
    for (size_t l = p->layers; l-- > 0;) {
        for (size_t d = 0; d < p->directions; d++) {
            if (l > 0) {
                RG_TRY(create_sent(w, &w->below[d]));
            }
            w->profile = &w->profiles->items[l * p->directions + d];
            RG_TRY(create_direction(w));
            RG_TRY(walk_terms(w));
            RG_TRY(summarise(w));
            release_direction(w);
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
    const struct rg_plan *const p = &w->engine->plan;
    size_t wide = p->out_stride > p->hidden ? p->out_stride : p->hidden;
    for (size_t l = 0; l < p->layers; l++) {
        wide = p->layer[l].inputs > wide ? p->layer[l].inputs : wide;
    }
    w->wide = wide;
    RG_TRY(rg_lag_profiles_create(w->engine, w->rows, w->probe + 1, &w->profiles));
    RG_TRY(rg_alloc(&w->weights, w->engine->model->arena, sizeof *w->weights, "the weights"));
    RG_TRY(rg_reals_read(w->engine->device, w->weights, w->engine->weights, 0, w->engine->model->arena));
    RG_TRY(rg_alloc(&w->begin, p->chunk, sizeof *w->begin, "starts of sequences"));
    RG_TRY(rg_alloc(&w->from_above, p->chunk * wide, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->kept_share, p->chunk * wide, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->raw, p->chunk * wide, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->row_norm, p->chunk, sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->delta_log, p->steps * w->rows, sizeof(double), "the lag profile"));
    RG_TRY(rg_alloc(&w->term_log, p->steps * w->rows, sizeof(double), "the lag profile"));
    RG_TRY(rg_alloc(&w->squares, p->steps, sizeof *w->squares, "the lag profile"));
    return rg_alloc(&w->square, p->steps, sizeof *w->square, "the lag profile");
}

static void release_walk(struct walk *w) {
    release_direction(w);
    for (size_t d = 0; d < 2; d++) {
        release_sent(&w->sent[d]);
        release_sent(&w->below[d]);
    }
    rg_free(w->weights);
    rg_free(w->begin);
    rg_free(w->from_above);
    rg_free(w->kept_share);
    rg_free(w->raw);
    rg_free(w->row_norm);
    rg_pool_destroy(w->pool);
    rg_free(w->delta_log);
    rg_free(w->term_log);
    rg_free(w->squares);
    rg_free(w->square);
}

rg_status rg_lag_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update,
                         const struct rg_lag_options *options, struct rg_lag_profiles **out) {
    struct walk w = {.engine = engine,
                     .source = source,
                     .update = update,
                     .rows = options->rows,
                     .probe = (options->probe ? options->probe : engine->plan.steps) - 1,
                     .loaded = SIZE_MAX};
    *out = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(create_walk(&w));
    const int threads = rg_pool_threads(options->threads);
    RG_TRY_GOTO(rg_pool_create(threads < PARTS ? threads : PARTS, &w.pool));
    RG_TRY_GOTO(rg_engine_pack(engine));
    RG_TRY_GOTO(walk_layers(&w));
    *out = w.profiles;
    w.profiles = NULL;
fail:
    release_walk(&w);
    rg_lag_profiles_destroy(w.profiles);
    return status;
}
