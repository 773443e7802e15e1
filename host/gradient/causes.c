/* Why the gradient vanishes or explodes: see causes.h. */
#include "gradient/causes.h"

#include <math.h>
#include <string.h>

#include "base/sizes.h"
#include "base/sort.h"
#include "gradient/cell_steps.h"
#include "gradient/dense.h"
#include "gradient/power.h"
#include "gradient/products.h"
#include "model/cells.h"
#include "rnn_gpu/memory.h"

enum {
    ARRAYS = 6,
    MEAN_FIELD_UNITS = 16 /* fewest units for the mean field prediction */,
    SINGULAR_LAGS = 128,
    ASK_EVERY = 16
};
/* kurtosis: 3 for a normal distribution; trace: 1 standard deviation */
static const double MAX_KURTOSIS = 6.0, MAX_DEVIATIONS = 5.0;
static const double PRODUCT_WORK = 2e9;

/* The walk back over the steps. */
struct walk {
    struct rg_engine *engine;
    struct rg_pool *pool;
    struct rg_causes *causes;
    size_t rows, probe, lags; /* sequences measured; step of the loss, from 0; lags measured */
    const double *weights;
    uint32_t *begin; /* [rows] first live step */
    struct rg_spectrum_limits limits;
    const bool *brief; /* of rg_cause_options */
    struct rg_watch watch;
    double before, part; /* progress of the whole measurement before this direction; share of this direction in it */
    bool ended;          /* the watch ended the walk */
    /* fields below: one direction of one layer */
    struct rg_cell_facts facts;
    struct rg_step_states states;
    struct rg_products products;
    struct rg_spectrum_walk spectrum;
    struct rg_time_sums times;
    struct slopes *by_lag; /* [T] */
    double live_steps;     /* lags at which some sequence has a slope */
    /* sums over these lags: mean phi', share of saturated activations, mean phi'^2 */
    double slope_sum, saturated_sum, squares;
    double log_slopes, log_slope_count, log_forgets, log_forget_count, zero_slopes;
    /* sequences whose products are followed */
    size_t sequences;
    struct followed {
        size_t row, reach; /* row in the states; steps that the sequence can go back */
    } followed[RG_CAUSE_SEQUENCES];
    /* `furthest` is the largest reach. Singular values are computed there and at every `stride`-th lag. */
    size_t furthest, stride;
    size_t slots;     /* number of lags with singular values */
    double *singular; /* [2][sequences][slots] log10 of the largest and of the smallest */
};

/* ---- Slopes ---- */

/* Sums over the units of one lag's rows, and the number of rows. */
struct slopes {
    double n, slope, squares, saturated, forget, live;
};

static void add_slope(struct walk *w, struct slopes *s, enum rg_activation activation, double h) {
    const double slope = rg_activation_slope(activation, h);
    s->n += 1.0;
    if (isnan(h)) { /* the states left the range of their numbers: comparisons would make the slope 0 or 1 */
        s->slope = s->squares = s->saturated = NAN;
        return;
    }
    s->slope += slope;
    s->squares += slope * slope;
    s->saturated += rg_activation_is_saturated(activation, h) ? 1.0 : 0.0;
    if (slope > 0.0) {
        w->log_slopes += log(slope);
        w->log_slope_count += 1.0;
    } else {
        w->zero_slopes += 1.0;
    }
}

static void add_row(struct walk *w, struct slopes *s, size_t row) {
    const struct rg_cell_facts *const f = &w->facts;
    const double *const h = w->states.h + row * f->hidden;
    const double *const saved = w->states.saved + row * f->saved * f->hidden;
    const struct rg_cell_row *const cell = &rg_cells[f->cell];
    for (size_t j = 0; j < f->hidden; j++) {
        if (f->gates == 1) {
            add_slope(w, s, f->activation, h[j]);
            continue;
        }
        for (size_t g = 0; g < f->gates; g++) {
            add_slope(w, s, cell->functions[g] == 't' ? RG_ACT_TANH : RG_ACT_SIGMOID, saved[g * f->hidden + j]);
        }
        if (cell->states > 1) {
            const double forget = saved[cell->forget * f->hidden + j];
            s->forget += forget / (double)f->hidden;
            w->log_forgets += forget > 0.0 ? log(forget) : 0.0;
            w->log_forget_count += forget > 0.0 ? 1.0 : 0.0;
        }
    }
}

static void add_slopes(struct walk *w, size_t t) {
    for (size_t row = 0; row < w->rows; row++) {
        const bool skipped = w->facts.learned && w->states.gate[row * RG_GATE_VALUES + RG_GATE_RAW] <= 0.5;
        if (t >= w->begin[row] && !skipped) {
            struct slopes *const s = &w->by_lag[w->facts.to_first ? t - w->begin[row] : w->probe - t];
            add_row(w, s, row);
            rg_time_constants_add(&w->times, w->states.saved + row * w->facts.saved * w->facts.hidden, w->facts.hidden);
            s->live += 1.0;
        }
    }
}

static void note_slopes(struct walk *w) {
    for (size_t lag = 0; lag <= w->probe; lag++) {
        const struct slopes *const s = &w->by_lag[lag];
        if (s->live > 0.0) {
            w->causes->slope[lag] = s->slope / s->n;
            w->causes->saturated[lag] = s->saturated / s->n;
            w->causes->forget[lag] = s->forget / s->live;
            w->live_steps += 1.0;
            w->slope_sum += s->slope / s->n;
            w->saturated_sum += s->saturated / s->n;
            w->squares += s->squares / s->n;
        }
    }
}

/* ---- Products ---- */

/* Steps that a row can go back from the loss. The second direction ends at its sequence's first step, so it starts
 * there. */
static size_t reach_of(const struct walk *w, size_t row) {
    const size_t begin = w->begin[row], end = w->facts.direction == 1 ? w->facts.steps - 1 : w->probe;
    const size_t reach = begin < end ? end - begin : 0;
    return reach < w->lags ? reach : w->lags - 1;
}

/* Choose the n sequences with the longest reach; of equal ones those first in the batch. */
static void choose_sequences(struct walk *w, size_t n) {
    w->sequences = 0;
    for (size_t row = 0; row < w->rows; row++) {
        const struct followed one = {row, reach_of(w, row)};
        size_t at = w->sequences;
        for (; at > 0 && w->followed[at - 1].reach < one.reach; at--) {
            if (at < n) {
                w->followed[at] = w->followed[at - 1];
            }
        }
        if (at < n) {
            w->followed[at] = one;
            w->sequences += w->sequences < n;
        }
    }
    w->furthest = w->followed[0].reach;
    w->stride = !w->brief ? w->furthest / SINGULAR_LAGS + 1 : w->furthest > 0 ? w->furthest : 1;
    w->slots = w->furthest / w->stride + 2;
}

/* Choose how many sequences and directions the work limit allows: at least one sequence with a few directions. */
static void choose_products(struct walk *w, size_t fit) {
    struct rg_causes *const c = w->causes;
    enum { MIN_DIRECTIONS = 4 };
    const double steps = (double)w->lags, width = (double)rg_products_width(&w->facts);
    c->state = rg_products_state(&w->facts);
    size_t k = rg_min(c->state, RG_DIRECTIONS), n = rg_min(fit, RG_CAUSE_SEQUENCES);
    while (n > 1 && 4.0 * steps * (double)(n * k * k) * width > PRODUCT_WORK) {
        n--;
    }
    while (k > MIN_DIRECTIONS && 4.0 * steps * (double)(k * k) * width > PRODUCT_WORK) {
        k--;
    }
    c->directions = k;
    choose_sequences(w, n);
}

static bool measured(const struct walk *w, size_t lag) {
    return lag % w->stride == 0 || lag == w->furthest;
}

static double *singular_of(const struct walk *w, bool smallest, size_t sequence, size_t lag) {
    return w->singular + ((smallest ? w->sequences : 0) + sequence) * w->slots + (lag + w->stride - 1) / w->stride;
}

/* Move the products from the states at step t to the states one step earlier in the scan. */
static void product_step(struct walk *w, size_t t, size_t order) {
    struct rg_product_move moves[RG_CAUSE_SEQUENCES] = {{.moves = false}};
    /* The products of the first direction end at step `begin`, where a sequence starts. Those of the second direction
     * go the other way: they start at `begin` and end at T, which the reach says. */
    for (size_t s = 0; s < w->sequences; s++) {
        const size_t row = w->followed[s].row, lag = w->products.triangles[s].steps + 1;
        moves[s].row = row;
        moves[s].moves =
            lag <= w->followed[s].reach && (w->facts.direction == 1 ? t >= w->begin[row] : t > w->begin[row]);
        moves[s].measured = moves[s].moves && measured(w, lag);
    }
    rg_products_step(&w->products, w->pool, &w->states, order, moves);
    rg_spectrum_step(&w->spectrum, w->pool, &w->states, order, moves[0].moves);
    for (size_t s = 0; s < w->sequences; s++) {
        const size_t lag = w->products.triangles[s].steps;
        if (moves[s].measured) {
            *singular_of(w, false, s, lag) = w->products.largest[s];
            *singular_of(w, true, s, lag) = w->products.smallest[s];
        }
    }
}

/* Median over the sequences that reach the lag. */
static double median_singular(const struct walk *w, bool smallest, size_t lag) {
    double values[RG_CAUSE_SEQUENCES];
    size_t n = 0;
    for (size_t s = 0; s < w->sequences; s++) {
        if (w->products.triangles[s].steps >= lag) {
            values[n++] = lag == 0 ? 0.0 : *singular_of(w, smallest, s, lag);
        }
    }
    return n > 0 ? rg_median(values, n) : NAN;
}

/* Values at the measured lags; straight lines between them. */
static void fill(const struct walk *w, bool smallest, double *values) {
    const struct rg_causes *const c = w->causes;
    size_t from = 0;
    for (size_t lag = 0; lag <= c->last; lag++) {
        if (!measured(w, lag)) {
            continue;
        }
        values[lag] = median_singular(w, smallest, lag);
        for (size_t i = from + 1; i < lag; i++) {
            const double part = (double)(i - from) / (double)(lag - from);
            values[i] = isinf(values[lag]) || isinf(values[from]) ? values[from]
                                                                  : values[from] + part * (values[lag] - values[from]);
        }
        from = lag;
    }
}

/* Lyapunov exponents: medians over the sequences that reach the largest lag. */
static void note_exponents(struct walk *w) {
    struct rg_causes *const c = w->causes;
    const size_t n = rg_min(c->directions, RG_EXPONENTS);
    c->n_exponents = c->last > 0 ? n : 0;
    for (size_t i = 0; i < c->n_exponents; i++) {
        double values[RG_CAUSE_SEQUENCES];
        size_t reached = 0;
        for (size_t s = 0; s < w->sequences; s++) {
            const struct rg_triangles *const t = &w->products.triangles[s];
            if (t->steps >= c->last) {
                values[reached++] = t->sums[i] / (double)c->last;
            }
        }
        c->exponents[i] = reached > 0 ? rg_median(values, reached) : -INFINITY;
    }
    rg_sort_falling(c->exponents, c->n_exponents);
}

/* Record how many steps the sequences went back. The watch may have ended the walk early. */
static void note_reach(struct walk *w) {
    struct rg_causes *const c = w->causes;
    size_t came = 0;
    for (size_t s = 0; s < w->sequences; s++) {
        const size_t steps = w->products.triangles[s].steps;
        came = rg_max(steps, came);
        for (size_t lag = 0; lag <= steps; lag++) {
            c->reached[lag] += 1.0;
        }
    }
    c->last = measured(w, came) ? came : came / w->stride * w->stride;
    for (size_t s = 0; s < w->sequences; s++) {
        const bool reaches = w->products.triangles[s].steps >= c->last;
        c->sequences += reaches;
        c->dead += reaches && c->last > 0 && *singular_of(w, false, s, c->last) == -INFINITY;
    }
}

/* ---- All together ---- */

static rg_status walk_steps(struct walk *w) {
    struct rg_causes *const c = w->causes;
    RG_TRY(rg_products_create(&w->facts, w->sequences, c->directions, false, &w->products));
    if (!w->brief) {
        RG_TRY(rg_spectrum_begin(&w->facts, &w->limits, w->followed[0].row, w->furthest, c->directions, &w->spectrum));
    }
    for (size_t lag = 0; lag < w->lags && !w->ended; lag++) {
        const size_t order = w->probe - lag, t = w->facts.direction == 1 ? w->facts.steps - 1 - order : order;
        const rg_status status =
            rg_step_states_read(w->engine, &w->facts, (struct rg_step_at){t, w->rows, NULL}, &w->states);
        w->ended = rg_stop_is(status); /* the stop came while a segment was recomputed */
        if (w->ended) {
            break;
        }
        RG_TRY(status);
        if (!w->brief) {
            add_slopes(w, t);
        }
        if (lag + 1 < w->lags) {
            product_step(w, t, order);
        }
        w->ended =
            lag % ASK_EVERY == 0 && rg_watch_ends(&w->watch, w->before + w->part * (double)lag / (double)w->lags);
    }
    return RG_OK;
}

/* Record the products of the walk. */
static void note_products(struct walk *w) {
    struct rg_causes *const c = w->causes;
    note_reach(w);
    note_exponents(w);
    fill(w, false, c->log10_largest);
    fill(w, true, c->log10_smallest);
}

/* ---- What theory expects ---- */

/* Could the entries of w [n][n] be independent draws from one distribution, as mean field theory assumes? Neither the
 * diagonal nor a few entries may stand out. An identity, a permutation or a sparse matrix does not pass. */
static bool looks_random(const double *w, size_t n) {
    double squares = 0.0, fourth = 0.0, trace = 0.0;
    for (size_t i = 0; i < n * n; i++) {
        squares += w[i] * w[i];
        fourth += w[i] * w[i] * w[i] * w[i];
        trace += i % (n + 1) == 0 ? w[i] : 0.0;
    }
    /* variance; the trace of n draws has the deviation sqrt(n * mean) */
    const double mean = squares / (double)(n * n);
    return mean > 0.0 && fourth / (double)(n * n) <= MAX_KURTOSIS * mean * mean &&
           fabs(trace) <= MAX_DEVIATIONS * sqrt((double)n * mean);
}

/* The predictions assume that W_hh alone passes the gradient on. They do not apply where every step receives a gradient
 * from above (a lower layer, or a head that reads every step), nor to steps that a learned skip copies. */
static void note_expected(struct walk *w) {
    struct rg_causes *const c = w->causes;
    const struct rg_cell_facts *const f = &w->facts;
    const struct rg_plan *const p = &w->engine->net.plan;
    const bool injected = f->layer + 1 < p->layers || p->readout == RG_READOUT_MEAN || p->readout == RG_READOUT_MAX;
    if (f->gates != 1 || f->learned || f->skip || injected) {
        return;
    }
    const size_t n = f->hidden;
    const double norm = rg_dense_norm(f->w_hh, n * n), own = (double)f->back;
    c->bound = log(rg_activation_largest_slope(f->activation) * c->sigma_hh) / own;
    if (n >= MEAN_FIELD_UNITS && looks_random(f->w_hh, n)) {
        c->mean_field = 0.5 * log(norm * norm / (double)n * w->squares / w->live_steps) / own;
    }
    if (w->zero_slopes == 0.0) {
        c->normal = (log(c->radius) + w->log_slopes / w->log_slope_count) / own;
    }
}

static rg_status note_matrix(struct walk *w) {
    struct rg_causes *const c = w->causes;
    const struct rg_cell_facts *const f = &w->facts;
    return rg_largest_singular(f->w_hh, f->gates * f->hidden, f->hidden, &c->sigma_hh);
}

/* Record what no verdict rests on. */
static rg_status note_more(struct walk *w) {
    struct rg_causes *const c = w->causes;
    const struct rg_cell_facts *const f = &w->facts;
    RG_TRY(rg_time_constants_end(&w->times, f->hidden));
    note_slopes(w);
    c->mean_slope = w->slope_sum / w->live_steps; /* NAN if no step was live */
    c->mean_saturated = w->saturated_sum / w->live_steps;
    RG_TRY(rg_spectrum_end(&w->spectrum, &w->limits, &w->products, &c->spectrum));
    if (f->gates == 1) {
        RG_TRY(rg_spectral_radius(f->w_hh, f->hidden, &c->radius));
    }
    if (f->w_sh) {
        RG_TRY(rg_largest_singular(f->w_sh, f->gates * f->hidden, f->hidden, &c->sigma_sh));
    }
    if (f->w_sh && f->gates == 1) {
        RG_TRY(rg_spectral_radius(f->w_sh, f->hidden, &c->radius_sh));
    }
    note_expected(w);
    if (w->log_forget_count > 0.0) {
        c->mean_log_forget = w->log_forgets / w->log_forget_count;
    }
    return RG_OK;
}

static rg_status create_causes(const struct walk *w, struct rg_causes *c) {
    c->steps = w->engine->net.plan.steps;
    c->rows = w->rows;
    c->radius = c->bound = c->mean_field = c->normal = c->mean_log_forget = NAN;
    c->mean_slope = c->mean_saturated = c->sigma_hh = c->sigma_sh = c->radius_sh = NAN;
    RG_TRY(rg_alloc(&c->storage, ARRAYS * c->steps, sizeof *c->storage, "causes of the gradient"));
    double **const arrays[ARRAYS] = {&c->slope,   &c->saturated,     &c->forget,
                                     &c->reached, &c->log10_largest, &c->log10_smallest};
    for (size_t i = 0; i < ARRAYS; i++) {
        *arrays[i] = c->storage + i * c->steps;
    }
    for (size_t lag = 0; lag < c->steps; lag++) { /* where no sequence has a step, none is measured */
        c->slope[lag] = c->saturated[lag] = c->forget[lag] = c->log10_largest[lag] = c->log10_smallest[lag] = NAN;
    }
    return RG_OK;
}

static void release_direction(struct walk *w) {
    rg_products_release(&w->products);
    rg_spectrum_walk_release(&w->spectrum);
    rg_step_states_release(&w->states);
    rg_cell_facts_release(&w->facts);
    rg_free(w->singular);
    w->singular = NULL;
    rg_free(w->by_lag);
    w->by_lag = NULL;
}

static rg_status measure_direction(struct walk *w, struct rg_causes *c) {
    w->causes = c;
    w->live_steps = w->slope_sum = w->saturated_sum = w->squares = 0.0;
    w->log_slopes = w->log_slope_count = w->log_forgets = w->log_forget_count = w->zero_slopes = 0.0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_cell_facts_create(w->engine, w->weights, c->layer, c->direction, &w->facts));
    choose_products(w, w->rows);
    RG_TRY_GOTO(rg_alloc(&w->by_lag, w->facts.steps, sizeof *w->by_lag, "causes of the gradient"));
    RG_TRY_GOTO(rg_alloc(&w->singular, 2 * w->sequences * w->slots, sizeof *w->singular, "Jacobian products"));
    RG_TRY_GOTO(rg_step_states_create(w->engine, &w->facts, w->rows, &w->states));
    RG_TRY_GOTO(w->brief ? RG_OK : rg_time_constants_begin(&w->facts, &c->times, &w->times));
    RG_TRY_GOTO(walk_steps(w));
    note_products(w);
    RG_TRY_GOTO(note_matrix(w));
    RG_TRY_GOTO(w->brief ? RG_OK : note_more(w));
cleanup:
    release_direction(w);
    return status;
}

/* Measure every direction, the last layer first. A direction that the watch ends before its start is left out. */
static rg_status measure_all(struct walk *w, struct rg_all_causes *all) {
    const size_t n = all->layers * all->directions;
    w->part = 1.0 / (double)n;
    w->ended = rg_watch_ends(&w->watch, 0.0);
    for (size_t i = n; i-- > 0 && !w->ended;) {
        RG_TRY(!w->brief || w->brief[i] ? measure_direction(w, &all->items[i]) : RG_OK);
        w->before += w->part;
    }
    return RG_OK;
}

static rg_status measure(struct walk *w, struct rg_batch_source *source, uint64_t update,
                         const struct rg_cause_options *options, struct rg_all_causes *all) {
    struct rg_engine *const e = w->engine;
    double *weights = NULL;
    rg_status status = RG_OK;
    const size_t n = all->layers * all->directions;
    RG_TRY_GOTO(rg_alloc(&all->items, n, sizeof *all->items, "causes of the gradient"));
    for (size_t i = 0; i < n; i++) {
        all->items[i].layer = i / all->directions;
        all->items[i].direction = i % all->directions;
        RG_TRY_GOTO(create_causes(w, &all->items[i]));
    }
    RG_TRY_GOTO(rg_alloc(&weights, e->net.model->arena, sizeof *weights, "the weights"));
    RG_TRY_GOTO(rg_reals_read(e->net.device, weights, e->net.buffers.weights, 0, e->net.model->arena));
    w->weights = weights;
    RG_TRY_GOTO(rg_alloc(&w->begin, w->rows, sizeof *w->begin, "starts of sequences"));
    const int threads = w->rows > 1 ? rg_pool_threads(options->threads) : 1;
    RG_TRY_GOTO(rg_pool_create_up_to(threads < RG_CAUSE_SEQUENCES ? threads : RG_CAUSE_SEQUENCES, &w->pool));
    RG_TRY_GOTO(rg_engine_pack(e));
    if (!options->loaded) {
        const struct rg_chunk chunk = {.source = source, .update = update, .rows = w->rows};
        RG_TRY_GOTO(rg_engine_chunk(e, chunk, e->net.plan.layers));
    }
    if (source->ragged) {
        RG_TRY_GOTO(rg_buffer_read(e->net.device, w->begin, e->net.buffers.begin, 0, w->rows * sizeof *w->begin));
    }
    RG_TRY_GOTO(measure_all(w, all));
cleanup:
    rg_pool_destroy(w->pool);
    rg_free(w->begin);
    rg_free(weights);
    return status;
}

rg_status rg_causes_measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                            const struct rg_cause_options *options, struct rg_all_causes **out) {
    const struct rg_plan *const p = &engine->net.plan;
    const size_t probe = options->probe ? options->probe : p->steps;
    struct walk w = {.engine = engine,
                     .rows = rg_min(options->rows, p->chunk),
                     .probe = probe - 1,
                     .lags = options->lags && options->lags < probe ? options->lags : probe,
                     .limits = options->limits,
                     .brief = options->brief,
                     .watch = options->watch};
    RG_TRY(rg_alloc(out, 1, sizeof **out, "causes of the gradient"));
    (*out)->layers = p->layers;
    (*out)->directions = p->directions;
    const rg_status status = measure(&w, source, update, options, *out);
    if (rg_stop_is(status) && (*out)->items) {
        return RG_OK; /* nothing was measured */
    }
    if (status != RG_OK) {
        rg_causes_destroy(*out);
        *out = NULL;
    }
    return status;
}

void rg_causes_destroy(struct rg_all_causes *causes) {
    if (causes) {
        for (size_t i = 0; causes->items && i < causes->layers * causes->directions; i++) {
            rg_free(causes->items[i].storage);
            rg_time_constants_release(&causes->items[i].times);
            rg_spectrum_release(&causes->items[i].spectrum);
        }
        rg_free(causes->items);
        rg_free(causes);
    }
}

const struct rg_causes *rg_causes_of(const struct rg_all_causes *causes, size_t layer, size_t direction) {
    return &causes->items[layer * causes->directions + direction];
}
