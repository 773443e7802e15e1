/* States of a scan: see states.h. */
#include "gradient/states.h"

#include <string.h>

#include "base/sizes.h"
#include "engine/chunk.h"
#include "engine/layer.h"
#include "rnn_gpu/memory.h"

static rg_status copy_weights(const struct rg_engine *e, const double *weights, const struct rg_cell_facts *f,
                              enum rg_role role, double **out) {
    const struct rg_parameter *const p =
        &e->net.model->parameters[rg_model_parameter(e->net.model, f->layer, f->direction, role)];
    const size_t n = rg_parameter_elements(p);
    RG_TRY(rg_alloc(out, n, sizeof **out, "weights for the diagnostics"));
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = weights[p->offset + i];
    }
    return RG_OK;
}

rg_status rg_cell_facts_create(const struct rg_engine *e, const double *weights, size_t layer, size_t direction,
                               struct rg_cell_facts *facts) {
    const struct rg_plan *const p = &e->net.plan;
    const struct rg_shape *const shape = &e->net.model->shape;
    const bool dilated = rg_plan_has_skip(p, RG_SKIP_DILATED);
    *facts = (struct rg_cell_facts){.cell = shape->cell,
                                    .activation = shape->activation,
                                    .layer = layer,
                                    .direction = direction,
                                    .steps = p->steps,
                                    .hidden = p->hidden,
                                    .inputs = p->layer[layer].inputs,
                                    .gates = p->gates,
                                    .deltas = p->deltas,
                                    .saved = p->saved,
                                    .back = dilated ? p->skip : 1,
                                    .skip = dilated || rg_plan_learned(p) ? 0 : p->skip,
                                    .learned = rg_plan_learned(p),
                                    .budget = p->target_steps > 1 ? 0.0 : e->net.options.skip_budget / (double)p->batch,
                                    .initial = p->initial,
                                    .to_first = direction == 1 && p->readout != RG_READOUT_LAST};
    rg_status status = RG_OK;
    RG_TRY_GOTO(copy_weights(e, weights, facts, RG_ROLE_WEIGHT_HH, &facts->w_hh));
    RG_TRY_GOTO(copy_weights(e, weights, facts, RG_ROLE_WEIGHT_IH, &facts->w_ih));
    if (facts->skip) {
        RG_TRY_GOTO(copy_weights(e, weights, facts, RG_ROLE_WEIGHT_SH, &facts->w_sh));
    }
    if (facts->learned) {
        RG_TRY_GOTO(copy_weights(e, weights, facts, RG_ROLE_WEIGHT_UH, &facts->w_uh));
    }
    return RG_OK;
cleanup:
    rg_cell_facts_release(facts);
    return status;
}

void rg_cell_facts_release(struct rg_cell_facts *facts) {
    rg_free(facts->w_hh);
    rg_free(facts->w_ih);
    rg_free(facts->w_sh);
    rg_free(facts->w_uh);
    facts->w_hh = facts->w_ih = facts->w_sh = facts->w_uh = NULL;
}

size_t rg_cell_hidden_delta(const struct rg_cell_facts *facts, size_t gate) {
    return gate + 1 == facts->gates ? facts->deltas - 1 : gate;
}

size_t rg_cell_earlier(const struct rg_cell_facts *facts, size_t t, size_t back) {
    const size_t order = facts->direction == 1 ? facts->steps - 1 - t : t;
    if (order < back) {
        return facts->initial && order + 1 == back ? facts->steps : SIZE_MAX;
    }
    return facts->direction == 1 ? t + back : t - back;
}

enum { BLOCK_NUMBERS = 1 << 17, BLOCK_STEPS = 256 };

rg_status rg_step_states_create(const struct rg_engine *e, const struct rg_cell_facts *f, size_t rows,
                                struct rg_step_states *states) {
    const struct rg_plan *const p = &e->net.plan;
    const size_t saved = f->saved * f->hidden;
    size_t widest = rg_max(p->out_stride, p->d_stride);
    widest = rg_max(widest, p->layer[0].x_stride);
    *states = (struct rg_step_states){.device = e->net.device};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&states->h, rows * f->hidden, sizeof(double), "states"));
    RG_TRY_GOTO(rg_alloc(&states->past, rows * f->hidden, sizeof(double), "states"));
    if (f->skip) {
        RG_TRY_GOTO(rg_alloc(&states->far, rows * f->hidden, sizeof(double), "states"));
    }
    RG_TRY_GOTO(rg_alloc(&states->saved, rows * saved, sizeof(double), "states"));
    RG_TRY_GOTO(rg_alloc(&states->past_saved, rows * saved, sizeof(double), "states"));
    RG_TRY_GOTO(rg_alloc(&states->x, rows * f->inputs, sizeof(double), "states"));
    if (f->learned) {
        RG_TRY_GOTO(rg_alloc(&states->gate, rows * RG_GATE_VALUES, sizeof(double), "states"));
    }
    RG_TRY_GOTO(rg_alloc(&states->raw, rows * widest, sizeof(double), "states"));
    if (f->to_first) {
        RG_TRY_GOTO(rg_reals_create(e->net.device, rows * widest, "states", &states->aligned));
    }
    const size_t fit = BLOCK_NUMBERS / (rows * widest);
    states->max = fit < 1 ? 1 : rg_min(fit, BLOCK_STEPS);
    for (size_t i = 0; i < RG_N_STEP_BLOCKS; i++) {
        RG_TRY_GOTO(rg_alloc(&states->blocks[i].values, states->max, rows * widest * sizeof(double), "states"));
    }
    return RG_OK;
cleanup:
    rg_step_states_release(states);
    return status;
}

void rg_step_states_release(struct rg_step_states *s) {
    rg_free(s->h);
    rg_free(s->past);
    rg_free(s->far);
    rg_free(s->saved);
    rg_free(s->past_saved);
    rg_free(s->x);
    rg_free(s->gate);
    rg_free(s->raw);
    rg_buffer_destroy(s->device, s->aligned);
    for (size_t i = 0; i < RG_N_STEP_BLOCKS; i++) {
        rg_free(s->blocks[i].values);
    }
    *s = (struct rg_step_states){0};
}

/* A buffer of the engine, indexed by steps from `base` on. With `initial` the initial states follow the last step. */
struct steps_of {
    struct rg_buffer *buffer;
    size_t stride, base;
    bool initial;
};

/* Read the rows of one step with their padding. */
static rg_status read_step(struct rg_engine *e, const struct rg_step_states *states, struct rg_step_at at,
                           struct steps_of from, double *out) {
    const size_t n = at.rows * from.stride;
    if (!at.begin) {
        return rg_reals_read(e->net.device, out, from.buffer, (at.t - from.base) * n, n);
    }
    const struct rg_align_args args = {.rows = at.rows,
                                       .steps = e->net.plan.steps,
                                       .t = at.t,
                                       .base = from.base,
                                       .initial_at = e->net.plan.alloc_steps,
                                       .stride = (rg_u32)from.stride,
                                       .initial = from.initial};
    RG_TRY(rg_device_launch(e->net.device,
                            &(struct rg_launch){.kernel = RG_K_rg_align,
                                                .buffers = {from.buffer, e->net.buffers.begin, states->aligned},
                                                .args = &args,
                                                .groups = {rg_device_groups(e->net.device, at.rows, 8), 1}}));
    return rg_reals_read(e->net.device, out, states->aligned, 0, n);
}

static void copy_rows(const double *from, size_t rows, size_t stride, size_t first, size_t columns, double *out) {
    for (size_t row = 0; row < rows; row++) {
        memcpy(out + row * columns, from + row * stride + first, columns * sizeof *out);
    }
}

rg_status rg_step_rows_read(struct rg_engine *e, struct rg_step_states *states, struct rg_step_at at,
                            struct rg_step_columns columns, double *out) {
    const struct steps_of from = {columns.buffer, e->net.plan.out_stride, e->net.base, false};
    RG_TRY(read_step(e, states, at, from, states->raw));
    copy_rows(states->raw, at.rows, from.stride, columns.first, columns.n, out);
    return RG_OK;
}

/* Position in the buffers of step t, or of the initial states for t = `steps`. */
static size_t place_of(const struct rg_engine *e, const struct rg_cell_facts *f, size_t t) {
    return t == f->steps ? e->net.plan.alloc_steps : t - e->net.base;
}

/* Sources of the walk over the steps. */
struct reading {
    struct rg_engine *engine;
    const struct rg_cell_facts *facts;
    struct rg_step_states *states;
    size_t rows;
    const uint32_t *begin; /* as in struct rg_step_at */
};

/* Choose the positions that are read together with `place`: those that the walk visits next, below `place` or in the
 * second direction above it, as many as a block holds. */
static void span_block(const struct reading *r, size_t place, struct rg_step_block *block) {
    const struct rg_engine *const e = r->engine;
    const size_t begin = e->net.segment.begin == 0 ? e->net.plan.halo : 0, end = e->net.segment.end - e->net.base;
    const size_t max = r->states->max;
    if (place < begin || place >= end) {
        block->first = place;
        block->n = 1;
    } else if (r->facts->direction == 1) {
        block->first = place;
        block->n = rg_min(end - place, max);
    } else {
        block->n = rg_min(place - begin + 1, max);
        block->first = place + 1 - block->n;
    }
}

/* Find the numbers of step t in a buffer with `stride` numbers a row. Aligned steps are read one at a time. */
static rg_status find_step(const struct reading *r, size_t which, struct rg_buffer *buffer, size_t t, size_t stride,
                           const double **out) {
    struct rg_step_block *const block = &r->states->blocks[which];
    if (r->begin) {
        const struct steps_of from = {buffer, stride, r->engine->net.base, r->facts->initial && which != RG_BLOCK_X};
        block->n = 0;
        *out = block->values;
        return read_step(r->engine, r->states, (struct rg_step_at){t, r->rows, r->begin}, from, block->values);
    }
    const size_t place = place_of(r->engine, r->facts, t), each = r->rows * stride;
    if (place < block->first || place - block->first >= block->n) {
        span_block(r, place, block);
        const size_t n = block->n;
        block->n = 0;
        RG_TRY(rg_reals_read(r->engine->net.device, block->values, buffer, block->first * each, n * each));
        block->n = n;
    }
    *out = block->values + (place - block->first) * each;
    return RG_OK;
}

static rg_status read_state(const struct reading *r, size_t which, size_t t, double *out) {
    const struct rg_cell_facts *const f = r->facts;
    const size_t stride = r->engine->net.plan.out_stride;
    const double *numbers = NULL;
    if (t == SIZE_MAX) {
        memset(out, 0, r->rows * f->hidden * sizeof *out);
        return RG_OK;
    }
    RG_TRY(find_step(r, which, r->engine->net.buffers.out[f->layer], t, stride, &numbers));
    copy_rows(numbers, r->rows, stride, f->direction * f->hidden, f->hidden, out);
    return RG_OK;
}

/* Read the saved values. On the device each value has its own padding. */
static rg_status read_saved(const struct reading *r, size_t which, size_t t, double *out) {
    const struct rg_cell_facts *const f = r->facts;
    const size_t stride = r->engine->net.plan.d_stride;
    const double *numbers = NULL;
    if (f->saved == 0 || t == SIZE_MAX) {
        memset(out, 0, r->rows * f->saved * f->hidden * sizeof *out);
        return RG_OK;
    }
    RG_TRY(find_step(r, which, r->engine->net.buffers.saved[f->layer][f->direction], t, stride, &numbers));
    for (size_t line = 0; line < r->rows * f->saved; line++) {
        const size_t at = line / f->saved * stride + line % f->saved * r->engine->net.plan.h_stride;
        memcpy(out + line * f->hidden, numbers + at, f->hidden * sizeof *out);
    }
    return RG_OK;
}

/* Drop blocks that hold another segment or other rows. */
static void forget_others(const struct reading *r) {
    const struct rg_chunk *const c = &r->engine->net.chunk;
    struct rg_step_states *const s = r->states;
    if (s->segment == c->at && s->first_row == c->first_row && s->n_rows == c->rows && s->update == c->update) {
        return;
    }
    s->segment = c->at;
    s->first_row = c->first_row;
    s->n_rows = c->rows;
    s->update = c->update;
    for (size_t i = 0; i < RG_N_STEP_BLOCKS; i++) {
        s->blocks[i].n = 0;
    }
}

/* The step that is `back` steps before step t in the direction's processing order. */
static size_t earlier(const struct reading *r, size_t t, size_t back) {
    return r->begin ? t + back : rg_cell_earlier(r->facts, t, back);
}

rg_status rg_step_states_read(struct rg_engine *e, const struct rg_cell_facts *f, struct rg_step_at at,
                              struct rg_step_states *s) {
    struct rg_buffer *const below = rg_layer_inputs(&e->net, f->layer);
    const struct reading r = {e, f, s, at.rows, at.begin};
    const size_t x_stride = e->net.plan.layer[f->layer].x_stride, t = at.t, before = earlier(&r, t, f->back);
    const size_t held = t + (at.begin ? at.begin[0] : 0);
    const double *x = NULL;
    RG_TRY(rg_chunk_hold(&e->net, held < f->steps ? held : f->steps - 1));
    forget_others(&r);
    RG_TRY(read_state(&r, RG_BLOCK_H, t, s->h));
    RG_TRY(read_state(&r, RG_BLOCK_PAST, before, s->past));
    if (f->skip) {
        RG_TRY(read_state(&r, RG_BLOCK_FAR, earlier(&r, t, f->skip), s->far));
    }
    if (f->learned) {
        const struct steps_of gates = {e->net.buffers.gate[f->layer][f->direction], RG_GATE_VALUES, 0, false};
        RG_TRY(read_step(e, s, at, gates, s->gate));
    }
    RG_TRY(read_saved(&r, RG_BLOCK_SAVED, t, s->saved));
    RG_TRY(read_saved(&r, RG_BLOCK_PAST_SAVED, before, s->past_saved));
    RG_TRY(find_step(&r, RG_BLOCK_X, below, t, x_stride, &x));
    copy_rows(x, at.rows, x_stride, 0, f->inputs, s->x);
    return RG_OK;
}
