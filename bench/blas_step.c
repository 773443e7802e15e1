/* The update on a BLAS library: see blas_step.h. */
#include "bench/blas_step.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/pool.h"
#include "base/sizes.h"
#include "base/sort.h"
#include "base/stop.h"
#include "bench/blas_cells.h"
#include "rnn_gpu/memory.h"

enum { UPDATES = 100, ROW_UNITS = 4096, SHARE = 65536 };

struct rg_blas_step {
    const struct rg_blas *blas; /* borrowed */
    struct rg_pool *pool;
    struct rg_model *model;                     /* owned: its weights are trained */
    size_t batch, steps, inputs, hidden, width; /* width: G*H */
    enum rg_cell cell;
    float *x, *y;                     /* [T][B][F], [B] */
    float *gates;                     /* [T][B][G*H] */
    float *own;                       /* gru: [T][B][3*H] */
    float *h, *c;                     /* [T+1][B][H], the first of zeros; c for lstm */
    float *dh, *dc;                   /* [B][H] */
    float *ones;                      /* [T*B] */
    float *gradients, *mean, *square; /* [arena] */
    int updates;
};

/* A pass over the rows of one step; the threads share the rows. */
struct pass {
    struct rg_blas_step *step;
    rg_blas_pass *rows;
    size_t t, items;
};

static rg_blas_pass *const forward_passes[RG_N_CELLS] = {
    [RG_CELL_RNN] = rg_blas_rnn_forward, [RG_CELL_LSTM] = rg_blas_lstm_forward, [RG_CELL_GRU] = rg_blas_gru_forward};
static rg_blas_pass *const reverse_passes[RG_N_CELLS] = {
    [RG_CELL_RNN] = rg_blas_rnn_reverse, [RG_CELL_LSTM] = rg_blas_lstm_reverse, [RG_CELL_GRU] = rg_blas_gru_reverse};

static void do_rows(void *context, size_t item, int thread) {
    const struct pass *const p = context;
    const struct rg_blas_step *const s = p->step;
    const size_t n = s->hidden, end = s->batch * (item + 1) / p->items;
    (void)thread;
    for (size_t b = s->batch * item / p->items; b < end; b++) {
        const size_t row = p->t * s->batch + b, next = row + s->batch;
        const struct rg_blas_row one = {.hidden = n,
                                        .gates = s->gates + row * s->width,
                                        .h = s->h + next * n,
                                        .h_past = s->h + row * n,
                                        .c = s->c ? s->c + next * n : NULL,
                                        .c_past = s->c ? s->c + row * n : NULL,
                                        .own = s->own ? s->own + row * s->width : NULL,
                                        .dh = s->dh + b * n,
                                        .dc = s->dc + b * n};
        p->rows(&one);
    }
}

/* Pieces of a pass over `n` units. No piece is so small that handing it to a thread costs more than the work. */
static size_t pieces(size_t n, size_t max) {
    const size_t wanted = n / ROW_UNITS + 1;
    return rg_min(wanted, max);
}

static void pass_over(struct rg_blas_step *s, rg_blas_pass *rows, size_t t) {
    struct pass p = {s, rows, t, pieces(s->batch * s->width, s->batch)};
    rg_pool_run(s->pool, p.items, do_rows, &p);
}

static const float *weight(const struct rg_blas_step *s, enum rg_role role) {
    return rg_model_values(s->model, rg_model_parameter(s->model, 0, 0, role));
}
static float *gradient_of(const struct rg_blas_step *s, size_t parameter) {
    return s->gradients + s->model->parameters[parameter].offset;
}

/* c [m][n] = a [m][k] b + beta c. b is [k][n], or [n][k] with `transposed`. */
struct product {
    size_t m, n, k;
    const float *a, *b;
    bool transposed;
    float beta;
    float *c;
};

static void multiply(const struct rg_blas_step *s, const struct product *p) {
    const int m = (int)p->m, n = (int)p->n, k = (int)p->k;
    s->blas->sgemm(RG_CBLAS_ROW_MAJOR, RG_CBLAS_NO_TRANS, p->transposed ? RG_CBLAS_TRANS : RG_CBLAS_NO_TRANS, m, n, k,
                   1.0f, p->a, k, p->b, p->transposed ? k : n, p->beta, p->c, n);
}

/* Rows [rows][width] that start as a + b; b may be NULL. */
struct biases {
    float *to;
    const float *a, *b;
    size_t rows, width, items;
};

static void do_biases(void *context, size_t item, int thread) {
    const struct biases *const p = context;
    const size_t end = p->rows * (item + 1) / p->items;
    (void)thread;
    for (size_t r = p->rows * item / p->items; r < end; r++) {
        for (size_t j = 0; j < p->width; j++) {
            p->to[r * p->width + j] = p->a[j] + (p->b ? p->b[j] : 0.0f);
        }
    }
}

static void put_biases(const struct rg_blas_step *s, float *to, const float *a, const float *b) {
    const size_t rows = s->steps * s->batch;
    struct biases p = {to, a, b, rows, s->width, pieces(rows * s->width, rows)};
    rg_pool_run(s->pool, p.items, do_biases, &p);
}

static void forward(struct rg_blas_step *s) {
    const size_t rows = s->steps * s->batch, units = s->batch * s->hidden;
    const float *const b_ih = weight(s, RG_ROLE_BIAS_IH), *const b_hh = weight(s, RG_ROLE_BIAS_HH);
    put_biases(s, s->gates, b_ih, s->own ? NULL : b_hh);
    if (s->own) {
        put_biases(s, s->own, b_hh, NULL);
    }
    multiply(s, &(struct product){.m = rows,
                                  .n = s->width,
                                  .k = s->inputs,
                                  .a = s->x,
                                  .b = weight(s, RG_ROLE_WEIGHT_IH),
                                  .transposed = true,
                                  .beta = 1.0f,
                                  .c = s->gates});
    float *const summed = s->own ? s->own : s->gates;
    for (size_t t = 0; t < s->steps; t++) {
        if (t > 0) {
            multiply(s, &(struct product){.m = s->batch,
                                          .n = s->width,
                                          .k = s->hidden,
                                          .a = s->h + t * units,
                                          .b = weight(s, RG_ROLE_WEIGHT_HH),
                                          .transposed = true,
                                          .beta = 1.0f,
                                          .c = summed + t * s->batch * s->width});
        }
        pass_over(s, forward_passes[s->cell], t);
    }
}

/* The head on the last step: the mean of squares, and its gradient at the head and at h_T, which is written to dh. */
static double head(struct rg_blas_step *s) {
    const float *const w = rg_model_values(s->model, rg_model_head_weight(s->model));
    const float bias = *rg_model_values(s->model, rg_model_head_bias(s->model));
    float *const dw = gradient_of(s, rg_model_head_weight(s->model));
    float *const db = gradient_of(s, rg_model_head_bias(s->model));
    double loss = 0.0;
    memset(dw, 0, s->hidden * sizeof *dw);
    *db = 0.0f;
    for (size_t b = 0; b < s->batch; b++) {
        const float *const h = s->h + (s->steps * s->batch + b) * s->hidden;
        float z = bias;
        for (size_t j = 0; j < s->hidden; j++) {
            z += w[j] * h[j];
        }
        const float error = z - s->y[b], dz = 2.0f * error / (float)s->batch;
        loss += (double)error * (double)error / (double)s->batch;
        *db += dz;
        for (size_t j = 0; j < s->hidden; j++) {
            dw[j] += dz * h[j];
            s->dh[b * s->hidden + j] = dz * w[j];
        }
    }
    return loss;
}

static void reverse(struct rg_blas_step *s) {
    memset(s->dc, 0, s->batch * s->hidden * sizeof *s->dc);
    const float *const deltas = s->own ? s->own : s->gates;
    for (size_t t = s->steps; t-- > 0;) {
        pass_over(s, reverse_passes[s->cell], t);
        if (t > 0) {
            multiply(s, &(struct product){.m = s->batch,
                                          .n = s->hidden,
                                          .k = s->width,
                                          .a = deltas + t * s->batch * s->width,
                                          .b = weight(s, RG_ROLE_WEIGHT_HH),
                                          .beta = s->own ? 1.0f : 0.0f,
                                          .c = s->dh});
        }
    }
}

/* d [rows][G*H]^T a [rows][columns] into a parameter, and the sums of d's columns into another. */
static void weight_gradient(const struct rg_blas_step *s, const float *d, const float *a, size_t columns,
                            enum rg_role matrix, enum rg_role bias) {
    const int width = (int)s->width, rows = (int)(s->steps * s->batch);
    s->blas->sgemm(RG_CBLAS_ROW_MAJOR, RG_CBLAS_TRANS, RG_CBLAS_NO_TRANS, width, (int)columns, rows, 1.0f, d, width, a,
                   (int)columns, 0.0f, gradient_of(s, rg_model_parameter(s->model, 0, 0, matrix)), (int)columns);
    s->blas->sgemv(RG_CBLAS_ROW_MAJOR, RG_CBLAS_TRANS, rows, width, 1.0f, d, width, s->ones, 1, 0.0f,
                   gradient_of(s, rg_model_parameter(s->model, 0, 0, bias)), 1);
}

double rg_blas_step_gradient(struct rg_blas_step *s, const float **gradients) {
    forward(s);
    const double loss = head(s);
    reverse(s);
    weight_gradient(s, s->gates, s->x, s->inputs, RG_ROLE_WEIGHT_IH, RG_ROLE_BIAS_IH);
    weight_gradient(s, s->own ? s->own : s->gates, s->h, s->hidden, RG_ROLE_WEIGHT_HH, RG_ROLE_BIAS_HH);
    *gradients = s->gradients;
    return loss;
}

/* Shares of the arena. */
struct adam {
    struct rg_blas_step *step;
    float clip, correction1, correction2;
};

static void do_adam(void *context, size_t item, int thread) {
    const struct adam *const a = context;
    struct rg_blas_step *const s = a->step;
    const size_t begin = item * SHARE, left = s->model->arena - begin;
    (void)thread;
    const struct rg_blas_moments moments = {.weights = s->model->weights + begin,
                                            .mean = s->mean + begin,
                                            .square = s->square + begin,
                                            .gradients = s->gradients + begin,
                                            .correction1 = a->correction1,
                                            .correction2 = a->correction2};
    rg_blas_adam(&moments, rg_min(left, SHARE), a->clip);
}

void rg_blas_step_update(struct rg_blas_step *s) {
    const double norm = sqrt(rg_blas_squares(s->gradients, s->model->arena));
    s->updates++;
    struct adam a = {s, (float)fmin(1.0, 1.0 / (norm + 1e-6)), (float)(1.0 - pow(0.9, s->updates)),
                     (float)(1.0 - pow(0.999, s->updates))};
    rg_pool_run(s->pool, (s->model->arena + SHARE - 1) / SHARE, do_adam, &a);
}

float *rg_blas_step_x(struct rg_blas_step *s) {
    return s->x;
}
float *rg_blas_step_y(struct rg_blas_step *s) {
    return s->y;
}

uint64_t rg_blas_step_bytes(const struct rg_bench_case *c) {
    const uint64_t rows = (uint64_t)c->batch * c->steps, gates = rg_cell_gates(c->cell), h = c->hidden;
    const uint64_t gru = c->cell == RG_CELL_GRU, lstm = c->cell == RG_CELL_LSTM;
    const uint64_t row = c->input + 1 + (1 + gru) * gates * h, states = (rows + c->batch) * (1 + lstm) * h;
    return (rows * row + states + 2 * c->batch * h + 4 * gates * h * (h + c->input + 2)) * sizeof(float);
}

static rg_status floats(size_t n, const char *what, float **out) {
    return rg_alloc(out, n, sizeof **out, what);
}

static rg_status take_memory(struct rg_blas_step *s) {
    const size_t rows = s->steps * s->batch, units = s->batch * s->hidden, states = (s->steps + 1) * units;
    const size_t arena = s->model->arena;
    RG_TRY(floats(rows * s->inputs, "inputs of the BLAS peer", &s->x));
    RG_TRY(floats(s->batch, "targets of the BLAS peer", &s->y));
    RG_TRY(floats(rows * s->width, "gates of the BLAS peer", &s->gates));
    if (s->cell == RG_CELL_GRU) {
        RG_TRY(floats(rows * s->width, "gates of the BLAS peer", &s->own));
    }
    RG_TRY(floats(states, "states of the BLAS peer", &s->h));
    if (s->cell == RG_CELL_LSTM) {
        RG_TRY(floats(states, "states of the BLAS peer", &s->c));
    }
    RG_TRY(floats(units, "state gradients of the BLAS peer", &s->dh));
    RG_TRY(floats(units, "state gradients of the BLAS peer", &s->dc));
    RG_TRY(floats(rows, "ones of the BLAS peer", &s->ones));
    for (size_t i = 0; i < rows; i++) {
        s->ones[i] = 1.0f;
    }
    RG_TRY(floats(arena, "gradients of the BLAS peer", &s->gradients));
    RG_TRY(floats(arena, "Adam of the BLAS peer", &s->mean));
    return floats(arena, "Adam of the BLAS peer", &s->square);
}

rg_status rg_blas_step_create(const struct rg_blas *blas, int threads, const struct rg_model *model, size_t batch,
                              size_t steps, struct rg_blas_step **out) {
    struct rg_blas_step *s = NULL;
    rg_status status = RG_OK;
    *out = NULL;
    if (batch * steps > INT_MAX) {
        return rg_fail(RG_NO_MEMORY, "%zu rows are more than BLAS can count", batch * steps);
    }
    RG_TRY(rg_alloc(&s, 1, sizeof *s, "the BLAS peer"));
    s->blas = blas;
    s->batch = batch;
    s->steps = steps;
    s->inputs = model->shape.inputs;
    s->hidden = model->shape.hidden;
    s->cell = model->shape.cell;
    s->width = rg_cell_gates(s->cell) * s->hidden;
    RG_TRY_GOTO(rg_model_create(&model->shape, &s->model));
    memcpy(s->model->weights, model->weights, model->arena * sizeof(float));
    RG_TRY_GOTO(take_memory(s));
    RG_TRY_GOTO(rg_pool_create(threads, &s->pool));
    *out = s;
    return RG_OK;
cleanup:
    rg_blas_step_destroy(s);
    return status;
}

void rg_blas_step_destroy(struct rg_blas_step *s) {
    if (!s) {
        return;
    }
    float *const arrays[] = {s->x,  s->y,  s->gates, s->own,       s->h,    s->c,
                             s->dh, s->dc, s->ones,  s->gradients, s->mean, s->square};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        rg_free(arrays[i]);
    }
    rg_pool_destroy(s->pool);
    rg_model_destroy(s->model);
    rg_free(s);
}

rg_status rg_blas_step_time(const struct rg_blas *blas, int threads, const struct rg_bench_case *c, uint64_t memory,
                            double *seconds) {
    const struct rg_shape shape = rg_bench_shape(c);
    struct rg_model *model = NULL;
    struct rg_blas_step *step = NULL;
    double times_s[UPDATES];
    rg_status status = RG_OK;
    size_t n = 0;
    *seconds = 0.0;
    if (!forward_passes[c->cell] || rg_blas_step_bytes(c) > memory || c->batch * c->steps > INT_MAX) {
        return RG_OK;
    }
    RG_TRY_GOTO(rg_model_create(&shape, &model));
    RG_TRY_GOTO(rg_model_initialise(model, &(struct rg_init_options){.forget_bias = NAN}, 1));
    RG_TRY_GOTO(rg_blas_step_create(blas, threads, model, c->batch, c->steps, &step));
    rg_bench_noise(step->x, c->batch * c->steps * c->input);
    rg_bench_noise(step->y, c->batch);
    for (double spent = 0.0; n < UPDATES + 1 && (n < 2 || !rg_bench_enough(c, n - 1, spent)); n++) {
        const float *gradients = NULL;
        RG_TRY_GOTO(rg_stop_check());
        const double begin = rg_seconds();
        (void)rg_blas_step_gradient(step, &gradients);
        rg_blas_step_update(step);
        if (n > 0) { /* the first touches the memory */
            times_s[n - 1] = rg_seconds() - begin;
            spent += times_s[n - 1];
        }
    }
    n--;
    rg_sort(times_s, n);
    *seconds = times_s[n / 2];
cleanup:
    rg_blas_step_destroy(step);
    rg_model_destroy(model);
    return status;
}
