/* Reverse sweeps side by side: see sweeps.h. */
#include "gradient/sweeps.h"

#include <math.h>
#include <string.h>

#include "base/pool.h"
#include "base/sizes.h"
#include "gradient/adjoint.h"
#include "gradient/arrival.h"
#include "gradient/dense.h"
#include "gradient/scaled.h"
#include "gradient/sent.h"
#include "rnn_gpu/memory.h"

enum { ASK_EVERY = 16 };

struct walk {
    struct rg_sweeps *o;
    const struct rg_plan *plan;
    struct rg_pool *pool;
    double *weights;
    uint32_t *begin; /* [rows] first live step */
    struct rg_arrival arrival;
    double *from_loss; /* [rows][D*H], the gradient of one step's loss */
    double *sums;      /* [rows*each][wide], working memory */
    /* gradients of each direction, [T][rows*each] rows: from the layer above, and for the layer below */
    struct rg_sent sent[2], below[2];
    double done, part; /* progress of the whole: done, and share of the present part */
    /* fields below: one direction of one layer */
    struct rg_cell_facts facts;
    struct rg_adjoint adjoint;
    struct rg_step_states states;
};

static size_t n_rows(const struct walk *w) {
    return w->o->rows * w->o->each;
}

static size_t widest(const struct rg_plan *p) {
    size_t wide = p->directions * p->hidden;
    for (size_t l = 0; l < p->layers; l++) {
        wide = rg_max(p->layer[l].inputs, wide);
    }
    return wide;
}

double rg_sweeps_bytes(const struct rg_plan *p, size_t rows, size_t each) {
    return 2.0 * (double)(p->directions * p->steps * rows * each) * (double)(widest(p) * sizeof(double));
}

double rg_sweeps_work(const struct rg_plan *p, size_t rows, size_t each) {
    double work = 0.0;
    for (size_t l = 0; l < p->layers; l++) {
        work += (double)(p->directions * p->gates * p->hidden) * (double)(p->hidden + p->layer[l].inputs);
    }
    return work * (double)(rows * each) * (double)p->steps;
}

static bool is_top(const struct walk *w) {
    return w->facts.layer + 1 == w->plan->layers;
}

static bool begins_at(const struct walk *w, size_t sweep, size_t t) {
    return w->plan->readout == RG_READOUT_LAST ? w->o->begin[sweep] == t : true;
}

/* out [H] = dL/dh of a step that the head sends to row `row` of the last layer. */
static void arrive(const struct walk *w, size_t row, size_t t, double *out) {
    const struct rg_plan *const p = w->plan;
    const size_t n = p->hidden, column = w->facts.direction * n, sequence = row / w->o->each;
    const double *const from = w->o->start ? w->o->start + row * p->directions * n + column
                                           : w->from_loss + sequence * p->directions * n + column;
    for (size_t j = 0; j < n; j++) {
        const double part = p->readout == RG_READOUT_LAST
                                ? 1.0
                                : rg_arrival_part(&w->arrival, p, w->facts.direction,
                                                  sequence * p->out_stride + column + j, w->begin[sequence], t);
        out[j] = part == 0.0 ? 0.0 : part * from[j];
    }
}

/* Add the gradient from above to dL/dh of a row. */
static void inject(struct walk *w, size_t row, size_t t) {
    const size_t n = w->plan->hidden, width = w->plan->directions * n, place = t * n_rows(w) + row;
    if (is_top(w) && begins_at(w, row % w->o->each, t)) {
        double *const values = w->sums + row * widest(w->plan);
        arrive(w, row, t, values);
        rg_adjoint_inject(&w->adjoint, row, values, 0);
    }
    for (size_t d = 0; !is_top(w) && d < w->plan->directions; d++) {
        rg_adjoint_inject(&w->adjoint, row, w->sent[d].values + place * width + w->facts.direction * n,
                          w->sent[d].exponent[place]);
    }
}

/* Store delta W_ih of a row for the layer below. */
static void send_down(struct walk *w, size_t order, size_t t, size_t row) {
    const struct rg_cell_facts *const f = &w->facts;
    const struct rg_sent *const to = &w->below[f->direction];
    const size_t place = t * n_rows(w) + row;
    double *const sum = to->values + place * f->inputs;
    memset(sum, 0, f->inputs * sizeof *sum);
    rg_adjoint_pass_down(&w->adjoint, (struct rg_adjoint_rows){order, row, 1}, sum);
    rg_sent_put(to, place, f->inputs, sum, w->adjoint.exponent[row]);
}

struct step {
    struct walk *walk;
    size_t order, t;
    size_t begun; /* number of sweeps that have begun; they are the first ones */
};

static size_t begun_at(const struct walk *w, size_t t) {
    size_t n = w->o->each;
    while (n > 0 && w->facts.direction == 0 && w->plan->readout == RG_READOUT_LAST && w->o->begin[n - 1] < t) {
        n--;
    }
    return n;
}

/* The reverse step of all sweeps of one sequence. */
static void do_sequence(void *context, size_t sequence, int thread) {
    const struct step *const s = context;
    struct walk *const w = s->walk;
    const struct rg_cell_facts *const f = &w->facts;
    const size_t first = sequence * w->o->each;
    const bool live = s->t >= w->begin[sequence];
    (void)thread;
    rg_adjoint_begin(&w->adjoint, (struct rg_adjoint_rows){s->order, first, s->begun});
    for (size_t row = first; row < first + s->begun; row++) {
        if (live) {
            inject(w, row, s->t);
        }
        rg_adjoint_finish(&w->adjoint, s->order, row, &w->states, sequence, live);
        if (w->o->delta_log10) {
            const double norm = rg_dense_norm(rg_adjoint_delta(&w->adjoint, s->order, row), f->gates * f->hidden);
            const size_t at = (f->layer * w->plan->directions + f->direction) * w->plan->steps + s->t;
            w->o->delta_log10[at * n_rows(w) + row] =
                isnan(norm) ? INFINITY : rg_scaled_log10(norm, w->adjoint.exponent[row]);
        }
        if (w->below[f->direction].values) {
            send_down(w, s->order, s->t, row);
        }
    }
}

/* Read the gradient of the loss at step t, which is in memory with its states. */
static rg_status read_loss(struct walk *w, size_t t) {
    const struct rg_plan *const p = w->plan;
    bool any = false;
    for (size_t i = 0; i < w->o->each; i++) {
        any = any || w->o->begin[i] == t;
    }
    if (w->o->start || !is_top(w) || !any) {
        return RG_OK;
    }
    const struct rg_step_at at = {p->target_steps > 1 ? t : w->o->engine->net.base, w->o->rows, NULL};
    const struct rg_step_columns all = {w->o->engine->net.buffers.dhead, 0, p->directions * p->hidden};
    return rg_step_rows_read(w->o->engine, &w->states, at, all, w->from_loss);
}

static rg_status walk_steps(struct walk *w) {
    const size_t steps = w->plan->steps;
    for (size_t order = steps; order-- > 0 && !w->o->ended;) {
        struct step step = {w, order, w->facts.direction == 1 ? steps - 1 - order : order, 0};
        step.begun = begun_at(w, step.t);
        const rg_status status =
            rg_step_states_read(w->o->engine, &w->facts, (struct rg_step_at){step.t, w->o->rows, NULL}, &w->states);
        if (rg_stop_is(status)) { /* the stop came while a segment was recomputed */
            w->o->ended = true;
            break;
        }
        RG_TRY(status);
        RG_TRY(read_loss(w, step.t));
        rg_pool_run(w->pool, w->o->rows, do_sequence, &step);
        w->o->ended = order % ASK_EVERY == 0 &&
                      rg_watch_ends(&w->o->watch, w->done + w->part * (double)(steps - order) / (double)steps);
    }
    w->done += w->part;
    return RG_OK;
}

static rg_status walk_direction(struct walk *w, size_t layer, size_t direction) {
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_cell_facts_create(w->o->engine, w->weights, layer, direction, &w->facts));
    w->facts.budget = 0.0;
    if (layer > 0 || w->o->input_log10) {
        RG_TRY_GOTO(rg_sent_create(w->plan->steps * n_rows(w), w->facts.inputs, &w->below[direction]));
    }
    RG_TRY_GOTO(rg_adjoint_create(&w->facts, n_rows(w), &w->adjoint));
    RG_TRY_GOTO(rg_step_states_create(w->o->engine, &w->facts, w->o->rows, &w->states));
    RG_TRY_GOTO(walk_steps(w));
cleanup:
    rg_adjoint_release(&w->adjoint);
    rg_step_states_release(&w->states);
    rg_cell_facts_release(&w->facts);
    return status;
}

static rg_status walk_layers(struct walk *w) {
    w->part = 1.0 / (double)(w->plan->layers * w->plan->directions);
    for (size_t l = w->plan->layers; l-- > 0 && !w->o->ended;) {
        for (size_t d = 0; d < w->plan->directions && !w->o->ended; d++) {
            RG_TRY(walk_direction(w, l, d));
        }
        rg_sent_hand_down(w->sent, w->below);
    }
    return RG_OK;
}

/* log10 of the norm of the gradient that both directions of the first layer sent to a step's inputs. */
static double input_norm(const struct walk *w, size_t place, double *room) {
    const size_t n = w->plan->layer[0].inputs;
    struct rg_scaled sum = {room, n, RG_SCALED_EMPTY};
    memset(room, 0, n * sizeof *room);
    for (size_t d = 0; d < w->plan->directions; d++) {
        const double *const values = w->sent[d].values + place * n;
        if (rg_dense_largest(values, n) != 0.0) {
            rg_scaled_add(&sum, values, w->sent[d].exponent[place]);
        }
    }
    const double norm = rg_dense_norm(room, n);
    return isnan(norm) ? INFINITY : rg_scaled_log10(norm, sum.exponent);
}

static void note_inputs(struct walk *w) {
    for (size_t i = 0; w->o->input_log10 && i < w->plan->steps * n_rows(w); i++) {
        w->o->input_log10[i] = input_norm(w, i, w->sums);
    }
    for (size_t i = 0; w->o->live && i < w->plan->steps * w->o->rows; i++) {
        w->o->live[i] = i / w->o->rows >= w->begin[i % w->o->rows];
    }
}

static rg_status create_walk(struct walk *w) {
    struct rg_engine *const e = w->o->engine;
    const struct rg_plan *const p = w->plan;
    RG_TRY(rg_alloc(&w->weights, e->net.model->arena, sizeof *w->weights, "the weights"));
    RG_TRY(rg_reals_read(e->net.device, w->weights, e->net.buffers.weights, 0, e->net.model->arena));
    RG_TRY(rg_alloc(&w->begin, w->o->rows, sizeof *w->begin, "starts of sequences"));
    RG_TRY(rg_alloc(&w->from_loss, w->o->rows, p->directions * p->hidden * sizeof(double), "state gradients"));
    RG_TRY(rg_alloc(&w->sums, n_rows(w), widest(p) * sizeof(double), "state gradients"));
    RG_TRY(rg_arrival_create(e, &w->arrival));
    RG_TRY(rg_pool_create_up_to(w->o->rows > 1 ? rg_pool_threads(w->o->threads) : 1, &w->pool));
    RG_TRY(rg_engine_pack(e));
    const struct rg_chunk chunk = {
        .source = w->o->source, .update = w->o->update, .first_row = w->o->first, .rows = w->o->rows};
    RG_TRY(rg_engine_chunk(e, chunk, p->layers));
    RG_TRY(rg_arrival_read(e, w->o->rows, &w->arrival));
    return w->o->source->ragged
               ? rg_buffer_read(e->net.device, w->begin, e->net.buffers.begin, 0, w->o->rows * sizeof *w->begin)
               : RG_OK;
}

rg_status rg_sweeps_run(struct rg_sweeps *s) {
    struct walk w = {.o = s, .plan = &s->engine->net.plan};
    rg_status status = RG_OK;
    s->ended = false;
    for (size_t i = 0; s->delta_log10 && i < w.plan->layers * w.plan->directions * w.plan->steps * n_rows(&w); i++) {
        s->delta_log10[i] = -INFINITY;
    }
    RG_TRY_GOTO(create_walk(&w));
    RG_TRY_GOTO(walk_layers(&w));
    if (!s->ended) {
        note_inputs(&w);
    }
cleanup:
    for (size_t d = 0; d < 2; d++) {
        rg_sent_release(&w.sent[d]);
        rg_sent_release(&w.below[d]);
    }
    rg_arrival_release(&w.arrival);
    rg_pool_destroy(w.pool);
    rg_free(w.weights);
    rg_free(w.begin);
    rg_free(w.from_loss);
    rg_free(w.sums);
    return status;
}
