/* Why the gradient vanishes or explodes: see causes.h. */
#include "gradient/causes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gradient/adjoint.h"
#include "gradient/dense.h"
#include "gradient/jacobian.h"
#include "gradient/states.h"
#include "rnn_gpu/memory.h"

enum { ARRAYS = 5, MOST_ITERATIONS = 2000, SINGULAR_LAGS = 128, PRODUCT_STEPS = 4096 };
static const double SATURATED = 0.95, GATE_LOW = 0.025; /* |tanh| beyond it; a gate within it of 0 or 1 */
static const double ITERATION_WORK = 1e9;

/* The walk over the steps. */
struct walk {
    struct rg_engine *engine;
    struct rg_causes *causes;
    size_t rows, probe, sequences; /* measured; step of the loss, from 0; of the products */
    uint32_t *begin;
    struct rg_cell_facts facts;
    struct rg_step_states states;
    struct rg_adjoint adjoint; /* a row: one direction of one sequence */
    struct rg_triangles triangles[RG_CAUSE_SEQUENCES];
    double *vectors, *r; /* [k][state], [k][k] */
    double squares;      /* sum over steps of the mean of phi'^2 */
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
        w->squares += s.squares / s.n;
    }
}

/* ---- Products ---- */

static rg_status create_products(struct walk *w) {
    struct rg_causes *const c = w->causes;
    const size_t k = c->directions;
    RG_TRY(rg_adjoint_create(&w->facts, w->sequences * k, &w->adjoint));
    RG_TRY(rg_alloc(&w->vectors, k, c->state * sizeof(double), "Jacobian products"));
    RG_TRY(rg_alloc(&w->r, k, k * sizeof(double), "Jacobian products"));
    for (size_t s = 0; s < w->sequences; s++) {
        RG_TRY(rg_triangles_create(k, &w->triangles[s]));
    }
    return RG_OK;
}

/* The directions of a sequence: out of the sweep, and into it. The lstm's second half is dL/dc; what a gru carries is
 * part of dL/dh. */
static void take_vectors(struct walk *w, size_t sequence) {
    const size_t k = w->causes->directions, hidden = w->facts.hidden, state = w->causes->state;
    for (size_t i = 0; i < k; i++) {
        const size_t row = sequence * k + i;
        const double factor = ldexp(1.0, (int)w->adjoint.exponent[row]);
        const double *const dh = w->adjoint.dh + row * hidden, *const carry = w->adjoint.carry + row * hidden;
        double *const v = w->vectors + i * state;
        for (size_t j = 0; j < hidden; j++) {
            v[j] = (w->facts.cell == RG_CELL_GRU ? dh[j] + carry[j] : dh[j]) * factor;
            if (state > hidden) {
                v[hidden + j] = carry[j] * factor;
            }
        }
    }
}

static void put_vectors(struct walk *w, size_t sequence) {
    const size_t k = w->causes->directions, hidden = w->facts.hidden, state = w->causes->state;
    for (size_t i = 0; i < k; i++) {
        const size_t row = sequence * k + i;
        const double *const v = w->vectors + i * state;
        w->adjoint.exponent[row] = 0;
        memcpy(w->adjoint.dh + row * hidden, v, hidden * sizeof *v);
        memset(w->adjoint.carry + row * hidden, 0, hidden * sizeof *v);
        if (state > hidden) {
            memcpy(w->adjoint.carry + row * hidden, v + hidden, hidden * sizeof *v);
        }
    }
}

/* Orthonormal directions to begin with: the axes, where there are as many. */
static void begin_products(struct walk *w) {
    const struct rg_causes *const c = w->causes;
    const size_t k = c->directions;
    for (size_t s = 0; s < w->sequences; s++) {
        for (size_t i = 0; i < k * c->state; i++) {
            const double x = sin(12.9898 * (double)(i + 1)) * 43758.5453;
            w->vectors[i] = k == c->state ? (double)(i % (c->state + 1) == 0) : x - floor(x) - 0.5;
        }
        rg_orthonormalise(w->vectors, k, c->state, w->r);
        put_vectors(w, s);
    }
}

/* Singular values are worked out at so many lags; between them they are drawn. */
static bool measured(const struct walk *w, size_t lag) {
    return lag % (w->probe / SINGULAR_LAGS + 1) == 0 || lag == w->probe;
}

/* From the states at step t to those before it: lag is that of the earlier state. */
static void product_step(struct walk *w, size_t t, size_t lag) {
    struct rg_causes *const c = w->causes;
    const size_t k = c->directions, order = w->facts.direction == 1 ? c->steps - 1 - t : t;
    double largest = 0.0, smallest = 0.0;
    for (size_t row = 0; row < w->sequences * k; row++) {
        rg_adjoint_finish(&w->adjoint, order, row, &w->states, row / k, t >= w->begin[row / k]);
    }
    rg_adjoint_begin(&w->adjoint, order - 1, 0, w->sequences * k);
    for (size_t s = 0; s < w->sequences; s++) {
        double high = 0.0, low = 0.0;
        if (t > w->begin[s]) { /* what was before a sequence began is left as it is */
            take_vectors(w, s);
            rg_orthonormalise(w->vectors, k, c->state, w->r);
            put_vectors(w, s);
            rg_triangles_multiply(&w->triangles[s], w->r);
        }
        if (measured(w, lag)) {
            rg_triangles_singular(&w->triangles[s], &high, &low);
            largest += high / (double)w->sequences;
            smallest += low / (double)w->sequences;
        }
    }
    c->log10_largest[lag] = largest;
    c->log10_smallest[lag] = smallest;
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

static void note_exponents(struct walk *w) {
    struct rg_causes *const c = w->causes;
    c->n_exponents = c->directions < RG_EXPONENTS ? c->directions : RG_EXPONENTS;
    for (size_t i = 0; i < c->n_exponents; i++) {
        double sum = 0.0;
        for (size_t s = 0; s < w->sequences; s++) {
            sum += w->triangles[s].sums[i] / (double)w->triangles[s].steps;
        }
        c->exponents[i] = sum / (double)w->sequences;
    }
    qsort(c->exponents, c->n_exponents, sizeof *c->exponents, falling);
}

/* ---- All together ---- */

static rg_status walk_steps(struct walk *w) {
    struct rg_causes *const c = w->causes;
    const bool products = c->directions > 0 && w->probe > 0;
    if (products) {
        RG_TRY(create_products(w));
        begin_products(w);
    }
    for (size_t t = w->probe + 1; t-- > 0;) {
        RG_TRY(rg_step_states_read(w->engine, &w->facts, w->rows, t, &w->states));
        note_slopes(w, t);
        c->mean_slope += c->slope[w->probe - t] / (double)(w->probe + 1);
        c->mean_saturated += c->saturated[w->probe - t] / (double)(w->probe + 1);
        if (products && t > 0) {
            product_step(w, t, w->probe - t + 1);
        }
    }
    if (products) {
        note_exponents(w);
        fill(w, c->log10_largest);
        fill(w, c->log10_smallest);
    }
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
    if (f->gates == 1 && !f->learned) { /* a step that is skipped keeps the gradient as it is */
        const double norm = rg_dense_norm(f->w_hh, elements);
        c->bound = log(largest_slope(f->activation) * c->sigma_hh);
        c->mean_field = 0.5 * log(norm * norm / (double)n * w->squares / (double)(w->probe + 1));
        c->normal = log(c->radius) + w->log_slopes / w->log_slope_count;
    }
    if (w->log_forget_count > 0.0) {
        c->mean_log_forget = w->log_forgets / w->log_forget_count;
    }
    return status;
}

static rg_status create_causes(const struct walk *w, struct rg_causes *c) {
    const struct rg_cell_facts *const f = &w->facts;
    c->steps = f->steps;
    c->rows = w->rows;
    c->state = f->cell == RG_CELL_LSTM ? 2 * f->hidden : f->hidden;
    c->directions = c->state < RG_DIRECTIONS ? c->state : RG_DIRECTIONS;
    if (f->skip || f->learned || f->own > 1 || f->direction == 1) {
        c->directions = 0;
    }
    RG_TRY(rg_alloc(&c->storage, ARRAYS * c->steps, sizeof *c->storage, "causes of the gradient"));
    c->slope = c->storage;
    c->saturated = c->slope + c->steps;
    c->forget = c->saturated + c->steps;
    c->log10_largest = c->forget + c->steps;
    c->log10_smallest = c->log10_largest + c->steps;
    return RG_OK;
}

static void release(struct walk *w) {
    rg_cell_facts_release(&w->facts);
    rg_step_states_release(&w->states);
    rg_adjoint_release(&w->adjoint);
    for (size_t s = 0; s < RG_CAUSE_SEQUENCES; s++) {
        rg_triangles_release(&w->triangles[s]);
    }
    rg_free(w->begin);
    rg_free(w->vectors);
    rg_free(w->r);
}

static rg_status measure(struct walk *w, struct rg_source *source, uint64_t update, size_t layer, size_t direction) {
    struct rg_engine *const e = w->engine;
    double *weights = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&weights, e->model->arena, sizeof *weights, "the weights"));
    RG_TRY_GOTO(rg_reals_read(e->device, weights, e->weights, 0, e->model->arena));
    RG_TRY_GOTO(rg_cell_facts_create(e, weights, layer, direction, &w->facts));
    RG_TRY_GOTO(create_causes(w, w->causes));
    RG_TRY_GOTO(rg_step_states_create(e, &w->facts, w->rows, &w->states));
    RG_TRY_GOTO(rg_alloc(&w->begin, w->rows, sizeof *w->begin, "starts of sequences"));
    RG_TRY_GOTO(rg_engine_pack(e));
    RG_TRY_GOTO(rg_engine_chunk(e, source, update, 0, w->rows, e->plan.layers));
    if (source->ragged) {
        RG_TRY_GOTO(rg_buffer_read(e->device, w->begin, e->begin, 0, w->rows * sizeof *w->begin));
    }
    RG_TRY_GOTO(walk_steps(w));
    RG_TRY_GOTO(note_matrix(w));
fail:
    rg_free(weights);
    return status;
}

rg_status rg_causes_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update, size_t rows,
                            size_t probe, size_t layer, size_t direction, struct rg_causes **out) {
    const size_t chunk = engine->plan.chunk, fit = rows < chunk ? rows : chunk;
    struct walk w = {.engine = engine, .rows = fit, .probe = (probe ? probe : engine->plan.steps) - 1};
    const size_t affordable = PRODUCT_STEPS / (w.probe + 1), most = affordable ? affordable : 1;
    w.sequences = fit < RG_CAUSE_SEQUENCES ? fit : RG_CAUSE_SEQUENCES;
    w.sequences = w.sequences < most ? w.sequences : most;
    RG_TRY(rg_alloc(out, 1, sizeof **out, "causes of the gradient"));
    w.causes = *out;
    const rg_status status = measure(&w, source, update, layer, direction);
    release(&w);
    if (status != RG_OK) {
        rg_causes_destroy(*out);
        *out = NULL;
    }
    return status;
}

void rg_causes_destroy(struct rg_causes *causes) {
    if (causes) {
        rg_free(causes->storage);
        rg_free(causes);
    }
}
