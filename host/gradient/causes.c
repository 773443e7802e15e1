/* Why the gradient vanishes or explodes: see causes.h. */
#include "gradient/causes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gradient/dense.h"
#include "gradient/products.h"
#include "rnn_gpu/memory.h"

enum { ARRAYS = 5, MOST_ITERATIONS = 2000, SINGULAR_LAGS = 128 };
static const double SATURATED = 0.95, GATE_LOW = 0.025; /* |tanh| beyond it; a gate within it of 0 or 1 */
static const double ITERATION_WORK = 1e9, PRODUCT_WORK = 2e9;

/* The walk over the steps. */
struct walk {
    struct rg_engine *engine;
    struct rg_pool *pool;
    struct rg_causes *causes;
    size_t rows, probe, sequences; /* measured; step of the loss, from 0; of the products */
    const double *weights;
    uint32_t *begin; /* [rows] first live step */
    /* one direction of one layer */
    struct rg_cell_facts facts;
    struct rg_step_states states;
    struct rg_products products;
    double live_steps;                        /* steps at which a sequence has a slope */
    double slope_sum, saturated_sum, squares; /* over them of the means of phi', of what is saturated, of phi'^2 */
    double log_slopes, log_slope_count, log_forgets, log_forget_count;
};

/* ---- The recurrent matrix ---- */

/* Start of an iteration: no direction that a matrix is likely to have for its own. */
static void start_vector(double *v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        v[i] = 1.0 + 0.5 * sin(1.0 + 2.7 * (double)i);
    }
}

/* y = a x, or a^T x. */
static void multiply(const double *a, size_t rows, size_t columns, bool transposed, const double *x, double *y) {
    memset(y, 0, (transposed ? columns : rows) * sizeof *y);
    for (size_t i = 0; i < rows; i++) {
        if (transposed) {
            for (size_t j = 0; j < columns; j++) {
                y[j] += a[i * columns + j] * x[i];
            }
        } else {
            y[i] = rg_dense_dot(a + i * columns, x, columns);
        }
    }
}

/* Divide by the norm, which is returned; 0 stays 0. */
static double unit(double *v, size_t n) {
    const double size = rg_dense_norm(v, n);
    for (size_t i = 0; size > 0.0 && i < n; i++) {
        v[i] /= size;
    }
    return size;
}

static size_t iterations(size_t elements) {
    const double fit = ITERATION_WORK / (2.0 * (double)elements);
    return fit < 100.0 ? 100 : fit > MOST_ITERATIONS ? MOST_ITERATIONS : (size_t)fit;
}

double rg_largest_singular(const double *a, size_t rows, size_t columns, rg_status *status) {
    double *v = NULL, size = 0.0;
    const rg_status got = rg_alloc(&v, rows + columns, sizeof *v, "power iteration");
    if (got != RG_OK) {
        *status = got;
        return NAN;
    }
    double *const w = v + columns;
    start_vector(v, columns);
    (void)unit(v, columns);
    for (size_t i = 0, most = iterations(rows * columns); i < most; i++) {
        const double before = size;
        multiply(a, rows, columns, false, v, w);
        size = rg_dense_norm(w, rows);
        multiply(a, rows, columns, true, w, v);
        if (unit(v, columns) == 0.0 || fabs(size - before) <= 1e-14 * size) {
            break;
        }
    }
    rg_free(v);
    return size;
}

double rg_spectral_radius(const double *a, size_t n, rg_status *status) {
    double *v = NULL, logs = 0.0;
    const rg_status got = rg_alloc(&v, 2 * n, sizeof *v, "power iteration");
    if (got != RG_OK) {
        *status = got;
        return NAN;
    }
    const size_t most = iterations(n * n), from = most / 2;
    double *x = v, *y = v + n;
    start_vector(x, n);
    (void)unit(x, n);
    for (size_t i = 0; i < most && logs > -INFINITY; i++) {
        multiply(a, n, n, false, x, y);
        const double growth = log(unit(y, n));
        logs += i >= from || growth == -INFINITY ? growth : 0.0;
        double *const swap = x;
        x = y;
        y = swap;
    }
    rg_free(v);
    return exp(logs / (double)(most - from));
}

/* ---- Slopes ---- */

static double largest_slope(enum rg_activation activation) {
    return activation == RG_ACT_SIGMOID ? 0.25 : 1.0;
}

static bool is_saturated(enum rg_activation activation, double h) {
    switch (activation) {
    case RG_ACT_SIGMOID:
        return h < GATE_LOW || h > 1.0 - GATE_LOW;
    case RG_ACT_RELU:
    case RG_ACT_LEAKY_RELU:
    case RG_ACT_ELU:
        return h <= 0.0;
    case RG_ACT_SOFTPLUS:
        return rg_activation_slope(activation, h) < 1.0 - SATURATED;
    case RG_ACT_LINEAR:
        return false;
    default:
        return fabs(h) > SATURATED;
    }
}

/* Sums over the units of a row. */
struct slopes {
    double n, slope, squares, saturated, forget;
};

static void add_slope(struct walk *w, struct slopes *s, enum rg_activation activation, double h) {
    const double slope = rg_activation_slope(activation, h);
    s->n += 1.0;
    s->slope += slope;
    s->squares += slope * slope;
    s->saturated += is_saturated(activation, h) ? 1.0 : 0.0;
    if (slope > 0.0) {
        w->log_slopes += log(slope);
        w->log_slope_count += 1.0;
    }
}

static void add_row(struct walk *w, struct slopes *s, size_t row) {
    const struct rg_cell_facts *const f = &w->facts;
    const double *const h = w->states.h + row * f->hidden;
    const double *const saved = w->states.saved + row * f->saved * f->hidden;
    const size_t tanh_gate = 2; /* g of the lstm, n of the gru */
    for (size_t j = 0; j < f->hidden; j++) {
        if (f->gates == 1) {
            add_slope(w, s, f->activation, h[j]);
            continue;
        }
        for (size_t g = 0; g < f->gates; g++) {
            add_slope(w, s, g == tanh_gate ? RG_ACT_TANH : RG_ACT_SIGMOID, saved[g * f->hidden + j]);
        }
        if (f->cell == RG_CELL_LSTM) {
            const double forget = saved[f->hidden + j];
            s->forget += forget / (double)f->hidden;
            w->log_forgets += forget > 0.0 ? log(forget) : 0.0;
            w->log_forget_count += forget > 0.0 ? 1.0 : 0.0;
        }
    }
}

static void note_slopes(struct walk *w, size_t t) {
    struct slopes s = {0};
    double live = 0.0;
    for (size_t row = 0; row < w->rows; row++) {
        const bool skipped = w->facts.learned && w->states.gate[row * RG_GATE_VALUES + RG_GATE_RAW] <= 0.5;
        if (t >= w->begin[row] && !skipped) {
            add_row(w, &s, row);
            live += 1.0;
        }
    }
    const size_t lag = w->probe - t;
    if (live > 0.0) {
        w->causes->slope[lag] = s.slope / s.n;
        w->causes->saturated[lag] = s.saturated / s.n;
        w->causes->forget[lag] = s.forget / live;
        w->live_steps += 1.0;
        w->slope_sum += s.slope / s.n;
        w->saturated_sum += s.saturated / s.n;
        w->squares += s.squares / s.n;
    }
}

/* ---- Products ---- */

/* How many sequences and directions are affordable: at least one sequence, and a few directions of it. */
static void choose_products(struct walk *w, size_t fit) {
    struct rg_causes *const c = w->causes;
    enum { FEWEST_DIRECTIONS = 4 };
    const double steps = (double)(w->probe + 1), width = (double)rg_products_width(&w->facts);
    c->state = rg_products_state(&w->facts);
    size_t k = c->state < RG_DIRECTIONS ? c->state : RG_DIRECTIONS,
           n = fit < RG_CAUSE_SEQUENCES ? fit : RG_CAUSE_SEQUENCES;
    while (n > 1 && 4.0 * steps * (double)(n * k * k) * width > PRODUCT_WORK) {
        n--;
    }
    while (k > FEWEST_DIRECTIONS && 4.0 * steps * (double)(k * k) * width > PRODUCT_WORK) {
        k--;
    }
    w->sequences = n;
    c->directions = k;
}

/* Singular values are worked out at so many lags; between them they are drawn. */
static bool measured(const struct walk *w, size_t lag) {
    return lag % (w->probe / SINGULAR_LAGS + 1) == 0 || lag == w->probe;
}

/* From the states at a step to those before it: `lag` is that of the earlier ones. */
static void product_step(struct walk *w, size_t t, size_t order, size_t lag) {
    struct rg_causes *const c = w->causes;
    bool moves[RG_CAUSE_SEQUENCES];
    for (size_t s = 0; s < w->sequences; s++) { /* a sequence begins at step `begin`, in the second direction at T */
        moves[s] = w->facts.direction == 1 ? t >= w->begin[s] : t > w->begin[s];
    }
    rg_products_step(&w->products, w->pool, &w->states, order, moves, measured(w, lag));
    for (size_t s = 0; measured(w, lag) && s < w->sequences; s++) {
        c->log10_largest[lag] += w->products.largest[s] / (double)w->sequences;
        c->log10_smallest[lag] += w->products.smallest[s] / (double)w->sequences;
    }
}

/* Between the lags that were measured, a straight line. */
static void fill(const struct walk *w, double *values) {
    size_t from = 0;
    for (size_t lag = 1; lag <= w->probe; lag++) {
        if (measured(w, lag)) {
            for (size_t i = from + 1; i < lag; i++) {
                const double part = (double)(i - from) / (double)(lag - from);
                values[i] =
                    values[lag] == -INFINITY ? values[from] : values[from] + part * (values[lag] - values[from]);
            }
            from = lag;
        }
    }
}

static int falling(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x > y ? -1 : x < y;
}

/* Of the sequences that have a step before their last. */
static void note_exponents(struct walk *w) {
    struct rg_causes *const c = w->causes;
    const size_t n = c->directions < RG_EXPONENTS ? c->directions : RG_EXPONENTS;
    double moved = 0.0;
    for (size_t s = 0; s < w->sequences; s++) {
        const struct rg_triangles *const t = &w->products.triangles[s];
        for (size_t i = 0; t->steps > 0 && i < n; i++) {
            c->exponents[i] += t->sums[i] / (double)t->steps;
        }
        moved += t->steps > 0 ? 1.0 : 0.0;
    }
    c->n_exponents = moved > 0.0 ? n : 0;
    for (size_t i = 0; i < c->n_exponents; i++) {
        c->exponents[i] /= moved;
    }
    qsort(c->exponents, c->n_exponents, sizeof *c->exponents, falling);
}

/* ---- All together ---- */

static rg_status walk_steps(struct walk *w) {
    struct rg_causes *const c = w->causes;
    RG_TRY(rg_products_create(&w->facts, w->sequences, c->directions, &w->products));
    for (size_t order = w->probe + 1; order-- > 0;) {
        const size_t t = w->facts.direction == 1 ? w->facts.steps - 1 - order : order;
        RG_TRY(rg_step_states_read(w->engine, &w->facts, w->rows, t, &w->states));
        note_slopes(w, t);
        if (order > 0) {
            product_step(w, t, order, w->probe - order + 1);
        }
    }
    c->mean_slope = w->slope_sum / fmax(1.0, w->live_steps);
    c->mean_saturated = w->saturated_sum / fmax(1.0, w->live_steps);
    note_exponents(w);
    fill(w, c->log10_largest);
    fill(w, c->log10_smallest);
    return RG_OK;
}

static rg_status note_matrix(struct walk *w) {
    struct rg_causes *const c = w->causes;
    const struct rg_cell_facts *const f = &w->facts;
    const size_t n = f->hidden, elements = f->gates * n * n;
    rg_status status = RG_OK;
    c->sigma_hh = rg_largest_singular(f->w_hh, f->gates * n, n, &status);
    c->radius = c->bound = c->mean_field = c->normal = c->mean_log_forget = NAN;
    if (f->gates == 1) {
        c->radius = rg_spectral_radius(f->w_hh, n, &status);
    }
    if (f->gates == 1 && !f->learned && !f->skip) { /* a step that is skipped keeps the gradient as it is */
        const double norm = rg_dense_norm(f->w_hh, elements), own = (double)f->own;
        c->bound = log(largest_slope(f->activation) * c->sigma_hh) / own;
        c->mean_field = 0.5 * log(norm * norm / (double)n * w->squares / w->live_steps) / own;
        c->normal = (log(c->radius) + w->log_slopes / w->log_slope_count) / own;
    }
    if (w->log_forget_count > 0.0) {
        c->mean_log_forget = w->log_forgets / w->log_forget_count;
    }
    return status;
}

static rg_status create_causes(const struct walk *w, struct rg_causes *c) {
    c->steps = w->facts.steps;
    c->rows = w->rows;
    c->last = w->probe;
    RG_TRY(rg_alloc(&c->storage, ARRAYS * c->steps, sizeof *c->storage, "causes of the gradient"));
    c->slope = c->storage;
    c->saturated = c->slope + c->steps;
    c->forget = c->saturated + c->steps;
    c->log10_largest = c->forget + c->steps;
    c->log10_smallest = c->log10_largest + c->steps;
    return RG_OK;
}

static void release_direction(struct walk *w) {
    rg_products_release(&w->products);
    rg_step_states_release(&w->states);
    rg_cell_facts_release(&w->facts);
}

static rg_status measure_direction(struct walk *w, struct rg_causes *c) {
    w->causes = c;
    w->live_steps = w->slope_sum = w->saturated_sum = w->squares = 0.0;
    w->log_slopes = w->log_slope_count = w->log_forgets = w->log_forget_count = 0.0;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_cell_facts_create(w->engine, w->weights, c->layer, c->direction, &w->facts));
    RG_TRY_GOTO(create_causes(w, c));
    choose_products(w, w->rows);
    RG_TRY_GOTO(rg_step_states_create(w->engine, &w->facts, w->rows, &w->states));
    RG_TRY_GOTO(walk_steps(w));
    RG_TRY_GOTO(note_matrix(w));
fail:
    release_direction(w);
    return status;
}

static rg_status measure(struct walk *w, struct rg_source *source, uint64_t update,
                         const struct rg_cause_options *options, struct rg_all_causes *all) {
    struct rg_engine *const e = w->engine;
    double *weights = NULL;
    rg_status status = RG_OK;
    const size_t n = all->layers * all->directions;
    RG_TRY_GOTO(rg_alloc(&all->items, n, sizeof *all->items, "causes of the gradient"));
    RG_TRY_GOTO(rg_alloc(&weights, e->model->arena, sizeof *weights, "the weights"));
    RG_TRY_GOTO(rg_reals_read(e->device, weights, e->weights, 0, e->model->arena));
    w->weights = weights;
    RG_TRY_GOTO(rg_alloc(&w->begin, w->rows, sizeof *w->begin, "starts of sequences"));
    const int threads = rg_pool_threads(options->threads);
    RG_TRY_GOTO(rg_pool_create(threads < RG_CAUSE_SEQUENCES ? threads : RG_CAUSE_SEQUENCES, &w->pool));
    RG_TRY_GOTO(rg_engine_pack(e));
    RG_TRY_GOTO(rg_engine_chunk(e, source, update, 0, w->rows, e->plan.layers));
    if (source->ragged) {
        RG_TRY_GOTO(rg_buffer_read(e->device, w->begin, e->begin, 0, w->rows * sizeof *w->begin));
    }
    for (size_t i = 0; i < n; i++) {
        all->items[i].layer = i / all->directions;
        all->items[i].direction = i % all->directions;
        const bool wanted = !options->last_only || i == n - all->directions;
        RG_TRY_GOTO(wanted ? measure_direction(w, &all->items[i]) : RG_OK);
    }
fail:
    rg_pool_destroy(w->pool);
    rg_free(w->begin);
    rg_free(weights);
    return status;
}

rg_status rg_causes_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update,
                            const struct rg_cause_options *options, struct rg_all_causes **out) {
    const struct rg_plan *const p = &engine->plan;
    struct walk w = {.engine = engine,
                     .rows = options->rows < p->chunk ? options->rows : p->chunk,
                     .probe = (options->probe ? options->probe : p->steps) - 1};
    RG_TRY(rg_alloc(out, 1, sizeof **out, "causes of the gradient"));
    (*out)->layers = p->layers;
    (*out)->directions = p->directions;
    const rg_status status = measure(&w, source, update, options, *out);
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
        }
        rg_free(causes->items);
        rg_free(causes);
    }
}

const struct rg_causes *rg_causes_of(const struct rg_all_causes *causes, size_t layer, size_t direction) {
    return &causes->items[layer * causes->directions + direction];
}
