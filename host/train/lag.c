/* The gradient split by time lag: see lag.h. Terms come from the weight-gradient kernel with one segment a step; sums
 * are in double on the host. */
#include "train/lag.h"

#include <math.h>
#include <string.h>

#include "rnn_gpu/memory.h"

static const size_t TERM_BYTES = (size_t)512 << 20; /* of terms kept at once on the host */
static const size_t PROFILE_ROWS = 1024;
static const double HORIZON_ERROR = 0.1;

const char *const rg_verdict_names[] = {"STABLE", "VANISHING", "EXPLODING", NULL};

/* The walk over all terms. */
struct walk {
    struct rg_engine *engine;
    struct rg_source *source;
    struct rg_lag_profile *profile;
    uint64_t update;
    size_t term;           /* elements of a term, see rg_plan_term */
    size_t group;          /* steps whose terms are kept at once */
    float *block;          /* [segments][term], as read from the device */
    double *sums;          /* [group][term], over the chunks */
    double *total;         /* [term], G */
    double *rest;          /* [term], G less the lags seen so far */
    float *delta;          /* [chunk][G*Hp] */
    double *delta_squares; /* [T] */
    bool swept;            /* the only chunk is in the device's memory */
    bool last_terms;       /* sums hold the group that begins at group_begin */
    size_t group_begin;
};

static double dot(const double *a, const double *b, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* Columns of a term that hold no gradient of a matrix are zero, so a matrix is a run of its rows. */
static void matrix_rows(const struct walk *w, size_t matrix, size_t *first, size_t *count) {
    const struct rg_plan *const p = &w->engine->plan;
    const size_t inputs = p->layer[w->profile->layer].inputs;
    const size_t at[RG_LAG_MATRICES] = {[RG_LAG_IH] = p->hidden, [RG_LAG_SH] = p->hidden + inputs + 1};
    *first = at[matrix];
    *count = matrix == RG_LAG_IH ? inputs : p->hidden;
}

/* to += from, rows of deltas*Hp each, but for the padding of a gate: in it stand numbers of the other direction. */
static void add_units(const struct rg_plan *p, double *to, const float *from, size_t rows) {
    for (size_t i = 0; i < rows * p->deltas; i++) {
        for (size_t j = 0; j < p->hidden; j++) {
            to[i * p->h_stride + j] += (double)from[i * p->h_stride + j];
        }
    }
}

/* Add the terms of steps [begin, end) of the chunk in memory to sums. */
static rg_status add_chunk_terms(struct walk *w, size_t rows, size_t begin, size_t end) {
    struct rg_engine *const e = w->engine;
    for (size_t t = begin; t < end; t += e->plan.segments) {
        const size_t stop = end - t < e->plan.segments ? end : t + e->plan.segments;
        const struct rg_lag_profile *const at = w->profile;
        const size_t offset = e->plan.layer[at->layer].directions[at->direction].partial;
        RG_TRY(rg_engine_step_terms(e, at->layer, at->direction, rows, t, stop));
        RG_TRY(rg_buffer_read(e->device, w->block, e->partial, offset * sizeof(float),
                              (stop - t) * w->term * sizeof(float)));
        double *const to = w->sums + (t - begin) * w->term;
        add_units(&e->plan, to, w->block, (stop - t) * e->plan.layer[at->layer].partial_rows);
    }
    return RG_OK;
}

/* delta_t is the gradient of W_ih x + b_ih: the gru's last delta, of W_hh h, is not part of it. */
static rg_status add_chunk_delta(struct walk *w, size_t rows) {
    const struct rg_plan *const p = &w->engine->plan;
    const size_t n = rows * p->d_stride;
    for (size_t t = 0; t < p->steps; t++) {
        RG_TRY(rg_buffer_read(w->engine->device, w->delta, w->engine->d[w->profile->direction], t * n * sizeof(float),
                              n * sizeof(float)));
        double sum = 0.0;
        for (size_t i = 0; i < rows * p->gates * p->hidden; i++) {
            const size_t row = i / (p->gates * p->hidden), gate = i / p->hidden % p->gates, unit = i % p->hidden;
            const double delta = (double)w->delta[row * p->d_stride + gate * p->h_stride + unit];
            sum += delta * delta;
        }
        w->delta_squares[t] += sum;
    }
    return RG_OK;
}

/* Bring the terms of steps [begin, end) into sums. */
static rg_status load_group(struct walk *w, size_t begin, size_t end, bool with_delta) {
    if (w->last_terms && w->group_begin == begin) {
        return RG_OK;
    }
    struct rg_engine *const e = w->engine;
    memset(w->sums, 0, w->group * w->term * sizeof *w->sums);
    for (size_t first = 0; first < w->profile->rows; first += e->plan.chunk) {
        const size_t left = w->profile->rows - first, rows = left < e->plan.chunk ? left : e->plan.chunk;
        if (!w->swept) {
            RG_TRY(rg_engine_chunk(e, w->source, w->update, first, rows, w->profile->layer));
            w->swept = rows == w->profile->rows;
        }
        RG_TRY(add_chunk_terms(w, rows, begin, end));
        if (with_delta) {
            RG_TRY(add_chunk_delta(w, rows));
        }
    }
    w->last_terms = true;
    w->group_begin = begin;
    return RG_OK;
}

/* First pass: norms of the terms, and their sum G. */
static void note_term(struct walk *w, size_t t, const double *term) {
    for (size_t m = 0; m < w->profile->n_matrices; m++) {
        size_t first = 0, count = 0;
        matrix_rows(w, m, &first, &count);
        const double *const from = term + first * w->engine->plan.d_width;
        const size_t n = count * w->engine->plan.d_width;
        w->profile->matrices[m].norm[w->profile->steps - 1 - t] = sqrt(dot(from, from, n));
    }
    for (size_t i = 0; i < w->term; i++) {
        w->total[i] += term[i];
    }
}

/* Second pass, from lag 0 on: shares, cosines, horizon. */
static void compare_term(struct walk *w, size_t t, const double *term) {
    const size_t lag = w->profile->steps - 1 - t;
    for (size_t i = 0; i < w->term; i++) {
        w->rest[i] -= term[i];
    }
    for (size_t m = 0; m < w->profile->n_matrices; m++) {
        struct rg_lag_terms *const terms = &w->profile->matrices[m];
        size_t first = 0, count = 0;
        matrix_rows(w, m, &first, &count);
        const size_t at = first * w->engine->plan.d_width, n = count * w->engine->plan.d_width;
        const double product = dot(term + at, w->total + at, n);
        const double left = sqrt(dot(w->rest + at, w->rest + at, n));
        terms->share[lag] = terms->total > 0.0 ? product / (terms->total * terms->total) : 0.0;
        terms->cosine[lag] =
            terms->norm[lag] > 0.0 && terms->total > 0.0 ? product / (terms->norm[lag] * terms->total) : 0.0;
        if (terms->horizon == 0 && left <= HORIZON_ERROR * terms->total) {
            terms->horizon = lag + 1;
        }
    }
}

static rg_status walk_terms(struct walk *w) {
    const size_t steps = w->profile->steps;
    for (size_t begin = 0; begin < steps; begin += w->group) {
        const size_t end = steps - begin < w->group ? steps : begin + w->group;
        RG_TRY(load_group(w, begin, end, begin == 0));
        for (size_t t = begin; t < end; t++) {
            note_term(w, t, w->sums + (t - begin) * w->term);
        }
    }
    for (size_t m = 0; m < w->profile->n_matrices; m++) {
        size_t first = 0, count = 0;
        matrix_rows(w, m, &first, &count);
        const double *const from = w->total + first * w->engine->plan.d_width;
        w->profile->matrices[m].total = sqrt(dot(from, from, count * w->engine->plan.d_width));
    }
    memcpy(w->rest, w->total, w->term * sizeof *w->rest);
    const size_t last_group = (steps - 1) / w->group * w->group;
    for (size_t begin = last_group + w->group; begin > 0;) { /* lag 0 is the last step */
        begin -= w->group;
        const size_t end = steps - begin < w->group ? steps : begin + w->group;
        RG_TRY(load_group(w, begin, end, false));
        for (size_t t = end; t-- > begin;) {
            compare_term(w, t, w->sums + (t - begin) * w->term);
        }
    }
    for (size_t t = 0; t < steps; t++) {
        w->profile->delta_norm[steps - 1 - t] = sqrt(w->delta_squares[t]);
    }
    return RG_OK;
}

static rg_status create_profile(const struct rg_engine *e, size_t rows, size_t layer, size_t direction,
                                struct rg_lag_profile **out) {
    static const enum rg_role roles[RG_LAG_MATRICES] = {RG_ROLE_WEIGHT_HH, RG_ROLE_WEIGHT_IH, RG_ROLE_WEIGHT_SH};
    const size_t steps = e->plan.steps;
    RG_TRY(rg_alloc(out, 1, sizeof **out, "the lag profile"));
    struct rg_lag_profile *const p = *out;
    p->steps = steps;
    p->rows = rows;
    p->layer = layer;
    p->direction = direction;
    p->n_matrices = e->plan.skip > 0 && e->plan.skip_kind == RG_SKIP_ADD ? RG_LAG_MATRICES : RG_LAG_SH;
    RG_TRY(rg_alloc(&p->storage, steps, (RG_LAG_MATRICES * 3 + 1) * sizeof(double), "the lag profile"));
    for (size_t m = 0; m < RG_LAG_MATRICES && m < p->n_matrices; m++) {
        p->matrices[m] = (struct rg_lag_terms){.parameter = rg_model_parameter(e->model, layer, direction, roles[m]),
                                               .norm = p->storage + (3 * m) * steps,
                                               .share = p->storage + (3 * m + 1) * steps,
                                               .cosine = p->storage + (3 * m + 2) * steps};
    }
    p->delta_norm = p->storage + RG_LAG_MATRICES * 3 * steps;
    return RG_OK;
}

size_t rg_lag_profile_rows(const struct rg_plan *plan) {
    const bool at_once = plan->steps * rg_plan_term(plan, 0) <= TERM_BYTES / sizeof(double);
    const size_t most = at_once ? PROFILE_ROWS : plan->chunk;
    return plan->batch < most ? plan->batch : most;
}

rg_status rg_lag_profile_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update, size_t rows,
                                 size_t layer, size_t direction, struct rg_lag_profile **out) {
    const struct rg_plan *const p = &engine->plan;
    struct walk w = {.engine = engine, .source = source, .update = update, .term = rg_plan_term(p, layer)};
    const size_t fit = TERM_BYTES / (w.term * sizeof(double));
    w.group = fit >= p->steps ? p->steps : fit > 0 ? fit : 1;
    *out = NULL;
    rg_status status = RG_OK;
    RG_TRY_GOTO(create_profile(engine, rows, layer, direction, &w.profile));
    RG_TRY_GOTO(rg_alloc(&w.block, p->segments * w.term, sizeof *w.block, "terms of the gradient"));
    RG_TRY_GOTO(rg_alloc(&w.sums, w.group * w.term, sizeof *w.sums, "terms of the gradient"));
    RG_TRY_GOTO(rg_alloc(&w.total, w.term, sizeof *w.total, "the gradient"));
    RG_TRY_GOTO(rg_alloc(&w.rest, w.term, sizeof *w.rest, "the gradient"));
    RG_TRY_GOTO(rg_alloc(&w.delta, p->chunk * p->d_stride, sizeof *w.delta, "state gradients"));
    RG_TRY_GOTO(rg_alloc(&w.delta_squares, p->steps, sizeof *w.delta_squares, "state gradients"));
    RG_TRY_GOTO(rg_engine_pack(engine));
    RG_TRY_GOTO(walk_terms(&w));
    *out = w.profile;
    w.profile = NULL;
fail:
    rg_lag_profile_destroy(w.profile);
    rg_free(w.block);
    rg_free(w.sums);
    rg_free(w.total);
    rg_free(w.rest);
    rg_free(w.delta);
    rg_free(w.delta_squares);
    return status;
}

void rg_lag_profile_destroy(struct rg_lag_profile *profile) {
    if (profile) {
        rg_free(profile->storage);
        rg_free(profile);
    }
}

/* Slope of ln ||delta|| over the lag by least squares, where the norm is above zero. */
static double log_slope(const double *norm, size_t steps) {
    double n = 0.0, sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0;
    for (size_t lag = 0; lag < steps; lag++) {
        if (norm[lag] > 0.0 && isfinite(norm[lag])) {
            const double x = (double)lag, y = log(norm[lag]);
            n += 1.0;
            sx += x;
            sy += y;
            sxx += x * x;
            sxy += x * y;
        }
    }
    const double spread = n * sxx - sx * sx;
    return spread > 0.0 ? (n * sxy - sx * sy) / spread : NAN;
}

void rg_lag_judge(const struct rg_lag_profile *profile, struct rg_judgement *judgement) {
    const double *const norm = profile->delta_norm;
    const size_t steps = profile->steps;
    const double slope = log_slope(norm, steps), threshold = log(1e3);
    judgement->decay = exp(slope);
    judgement->reach = norm[0] > 0.0 ? norm[steps - 1] / norm[0] : NAN;
    judgement->verdict = RG_STABLE;
    const double whole = slope * (double)(steps - 1); /* ln of the fitted change from lag 0 to the last */
    if (!isfinite(norm[steps - 1]) || whole > threshold) {
        judgement->verdict = RG_EXPLODING;
    } else if (whole < -threshold || (norm[0] > 0.0 && judgement->reach < 1e-3)) {
        judgement->verdict = RG_VANISHING;
    }
}
