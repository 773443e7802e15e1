/* What the net keeps of each input: see input_lags.h. */
#include "gradient/input_lags.h"

#include <math.h>
#include <string.h>

#include "base/sizes.h"
#include "base/sort.h"
#include "gradient/sweeps.h"
#include "rnn_gpu/memory.h"

static const double MAX_WORK = 2e9, MAX_BYTES = 256e6;

/* The measurement of the two kinds of vectors, one after the other. */
struct job {
    struct rg_engine *engine;
    const struct rg_plan *plan;
    struct rg_input_lags *out;
    double *weights, *start;
    size_t each, *begin; /* sweeps of a sequence; their first steps [each] */
};

static size_t width_of(const struct rg_plan *p) {
    return p->directions * p->hidden;
}

static void choose_vectors(struct rg_input_norms *norms, size_t units) {
    norms->exact = units <= RG_EXACT_VECTORS;
    norms->vectors = norms->exact ? units : RG_RANDOM_VECTORS;
}

static bool fits(const struct rg_plan *p, size_t rows, size_t each) {
    return rg_sweeps_work(p, rows, each) <= MAX_WORK && rg_sweeps_bytes(p, rows, each) <= MAX_BYTES;
}

/* Choose as many sequences as fit; if not even one fits, fewer vectors. Returns false if nothing fits. */
static bool choose_sizes(struct job *j, size_t rows) {
    struct rg_input_norms *const of = j->out->of;
    const struct rg_plan *const p = j->plan;
    choose_vectors(&of[RG_INPUT_STATE], width_of(p));
    choose_vectors(&of[RG_INPUT_OUTPUT], p->outputs);
    for (int kind = 0; kind < RG_INPUT_KINDS; kind++) {
        if (!fits(p, 1, of[0].vectors + of[1].vectors) && of[kind].vectors > RG_RANDOM_VECTORS) {
            of[kind].vectors = RG_RANDOM_VECTORS;
            of[kind].exact = false;
        }
    }
    j->each = of[0].vectors + of[1].vectors;
    rows = rg_min(rows, RG_INPUT_ROWS);
    rows = rg_min(rows, p->chunk);
    while (rows > 1 && !fits(p, rows, j->each)) {
        rows--;
    }
    j->out->rows = rows;
    return fits(p, rows, j->each);
}

/* A random sign from a counter (Steele et al. 2014, splitmix64), the same in every run. */
static double sign_of(uint64_t counter) {
    uint64_t x = (counter + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (x ^ (x >> 31)) >> 63 ? 1.0 : -1.0;
}

/* Element `unit` of vector `i` of a sequence. */
static double vector_at(const struct rg_input_norms *norms, size_t sequence, size_t i, size_t unit) {
    const uint64_t vector = (uint64_t)(sequence * RG_RANDOM_VECTORS + i);
    return norms->exact ? (double)(i == unit) : sign_of(vector * 0x100000u + unit);
}

/* Set the start of each sweep: the vector itself for h_T, and W^T times the vector for z_T = W h_T + b. */
static void fill_start(struct job *j) {
    const struct rg_plan *const p = j->plan;
    const struct rg_model *const model = j->engine->net.model;
    const struct rg_input_norms *const of = j->out->of;
    const double *const head = j->weights + model->parameters[rg_model_head_weight(model)].offset;
    const size_t width = width_of(p);
    for (size_t row = 0; row < j->out->rows * j->each; row++) {
        const size_t sequence = row / j->each, i = row % j->each, n_state = of[RG_INPUT_STATE].vectors;
        double *const start = j->start + row * width;
        for (size_t u = 0; i < n_state && u < width; u++) {
            start[u] = vector_at(&of[RG_INPUT_STATE], sequence, i, u);
        }
        for (size_t o = 0; i >= n_state && o < p->outputs; o++) {
            const double value = vector_at(&of[RG_INPUT_OUTPUT], sequence, i - n_state, o);
            for (size_t u = 0; value != 0.0 && u < width; u++) {
                start[u] += value * head[o * width + u];
            }
        }
    }
}

/* log10 of the root mean square, with divisor `n`, of numbers given by their log10. */
static double root_mean_square(const double *logs, size_t count, double n) {
    double largest = -INFINITY, sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, logs[i]);
    }
    if (!isfinite(largest)) {
        return largest;
    }
    for (size_t i = 0; i < count; i++) {
        sum += pow(10.0, 2.0 * (logs[i] - largest));
    }
    return largest + 0.5 * log10(sum / n);
}

/* Record one lag of one kind. `norms` [rows] is working memory. */
static void note_lag(struct job *j, int kind, size_t t, size_t lag, const struct rg_sweeps *sweeps, double *norms) {
    struct rg_input_norms *const of = &j->out->of[kind];
    const size_t first = kind == RG_INPUT_OUTPUT ? j->out->of[RG_INPUT_STATE].vectors : 0;
    size_t n = 0;
    for (size_t r = 0; r < j->out->rows; r++) {
        if (sweeps->live[t * j->out->rows + r]) {
            const double *const logs = sweeps->input_log10 + (t * j->out->rows + r) * j->each + first;
            norms[n++] = root_mean_square(logs, of->vectors, of->exact ? 1.0 : (double)of->vectors);
        }
    }
    of->log10_rms[lag] = n ? root_mean_square(norms, n, (double)n) : (double)NAN;
    of->log10_median[lag] = n ? rg_median(norms, n) : (double)NAN;
    of->rms[lag] = pow(10.0, of->log10_rms[lag]);
    of->median[lag] = pow(10.0, of->log10_median[lag]);
    j->out->sequences[lag] = (double)n;
}

static rg_status create(struct job *j) {
    struct rg_input_lags *const out = j->out;
    const size_t steps = out->steps, rows = out->rows * j->each;
    enum { ARRAYS = 1 + 4 * RG_INPUT_KINDS };
    RG_TRY(rg_alloc(&out->storage, ARRAYS * steps, sizeof *out->storage, "norms by lag"));
    out->sequences = out->storage;
    for (size_t kind = 0; kind < RG_INPUT_KINDS; kind++) {
        double *const at = out->storage + (1 + 4 * kind) * steps;
        struct rg_input_norms *const of = &out->of[kind];
        of->log10_rms = at;
        of->log10_median = at + steps;
        of->rms = at + 2 * steps;
        of->median = at + 3 * steps;
        for (size_t lag = 0; lag < steps; lag++) {
            of->log10_rms[lag] = of->log10_median[lag] = of->rms[lag] = of->median[lag] = NAN;
        }
    }
    RG_TRY(rg_alloc(&j->weights, j->engine->net.model->arena, sizeof *j->weights, "the weights"));
    RG_TRY(rg_reals_read(j->engine->net.device, j->weights, j->engine->net.buffers.weights, 0,
                         j->engine->net.model->arena));
    RG_TRY(rg_alloc(&j->begin, j->each, sizeof *j->begin, "norms by lag"));
    RG_TRY(rg_alloc(&j->start, rows, width_of(j->plan) * sizeof *j->start, "norms by lag"));
    for (size_t i = 0; i < j->each; i++) {
        j->begin[i] = out->lags - 1;
    }
    fill_start(j);
    return RG_OK;
}

static rg_status sweep(struct job *j, struct rg_sweeps *s) {
    const size_t steps = j->out->steps, rows = j->out->rows;
    double *norms = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&s->input_log10, steps * rows, j->each * sizeof *s->input_log10, "norms by lag"));
    RG_TRY_GOTO(rg_alloc(&s->live, steps, rows * sizeof *s->live, "norms by lag"));
    RG_TRY_GOTO(rg_alloc(&norms, rows, sizeof *norms, "norms by lag"));
    RG_TRY_GOTO(rg_sweeps_run(s));
    j->out->lack = s->ended ? RG_INPUT_INTERRUPTED : RG_INPUT_WHOLE;
    for (size_t lag = 0; !s->ended && lag < j->out->lags; lag++) {
        for (int kind = 0; kind < RG_INPUT_KINDS; kind++) {
            note_lag(j, kind, j->out->lags - 1 - lag, lag, s, norms);
        }
    }
cleanup:
    rg_free(s->input_log10);
    rg_free(s->live);
    rg_free(norms);
    return status;
}

rg_status rg_input_lags_measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                                const struct rg_input_options *options, struct rg_input_lags *out) {
    const struct rg_plan *const p = &engine->net.plan;
    struct job j = {.engine = engine, .plan = p, .out = out};
    *out = (struct rg_input_lags){.steps = p->steps, .lags = options->probe ? options->probe : p->steps};
    if (!choose_sizes(&j, options->rows)) {
        out->lack = RG_INPUT_LARGE;
        return RG_OK;
    }
    rg_status status = RG_OK;
    RG_TRY_GOTO(create(&j));
    struct rg_sweeps sweeps = {.engine = engine,
                               .source = source,
                               .update = update,
                               .rows = out->rows,
                               .each = j.each,
                               .begin = j.begin,
                               .start = j.start,
                               .threads = options->threads,
                               .watch = options->watch};
    RG_TRY_GOTO(sweep(&j, &sweeps));
cleanup:
    rg_free(j.weights);
    rg_free(j.begin);
    rg_free(j.start);
    if (status != RG_OK) {
        rg_input_lags_release(out);
    }
    return status;
}

void rg_input_lags_release(struct rg_input_lags *lags) {
    rg_free(lags->storage);
    *lags = (struct rg_input_lags){.lack = RG_INPUT_NOT_ASKED};
}
