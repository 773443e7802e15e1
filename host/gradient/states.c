/* States of a sweep: see states.h. */
#include "gradient/states.h"

#include <string.h>

#include "rnn_gpu/memory.h"
#include "train/chunk.h"

static rg_status copy_weights(const struct rg_engine *e, const double *weights, const struct rg_cell_facts *f,
                              enum rg_role role, double **out) {
    const struct rg_parameter *const p =
        &e->model->parameters[rg_model_parameter(e->model, f->layer, f->direction, role)];
    const size_t n = rg_parameter_elements(p);
    RG_TRY(rg_alloc(out, n, sizeof **out, "weights for the diagnostics"));
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = weights[p->offset + i];
    }
    return RG_OK;
}

rg_status rg_cell_facts_create(const struct rg_engine *e, const double *weights, size_t layer, size_t direction,
                               struct rg_cell_facts *facts) {
    const struct rg_plan *const p = &e->plan;
    const struct rg_shape *const shape = &e->model->shape;
    const bool dilated = p->skip > 0 && p->skip_kind == RG_SKIP_DILATED;
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
                                    .own = dilated ? p->skip : 1,
                                    .skip = dilated || rg_plan_learned(p) ? 0 : p->skip,
                                    .learned = rg_plan_learned(p),
                                    .budget = p->target_steps > 1 ? 0.0 : e->options.skip_budget / (double)p->batch,
                                    .initial = p->initial};
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
fail:
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

rg_status rg_step_states_create(const struct rg_engine *e, const struct rg_cell_facts *f, size_t rows,
                                struct rg_step_states *states) {
    const struct rg_plan *const p = &e->plan;
    const size_t saved = f->saved * f->hidden;
    size_t widest = p->out_stride > p->d_stride ? p->out_stride : p->d_stride;
    widest = widest > p->layer[0].x_stride ? widest : p->layer[0].x_stride;
    *states = (struct rg_step_states){0};
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
    return RG_OK;
fail:
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
    *s = (struct rg_step_states){0};
}

rg_status rg_read_rows(struct rg_engine *e, struct rg_buffer *buffer, size_t offset, size_t rows, size_t stride,
                       size_t first, size_t columns, double *raw, double *out) {
    RG_TRY(rg_reals_read(e->device, raw, buffer, offset, rows * stride));
    for (size_t r = 0; r < rows; r++) {
        for (size_t k = 0; k < columns; k++) {
            out[r * columns + k] = raw[r * stride + first + k];
        }
    }
    return RG_OK;
}

/* Where step t, or `steps` for the initial states, stands in the buffers. */
static size_t place_of(const struct rg_engine *e, const struct rg_cell_facts *f, size_t t) {
    return t == f->steps ? e->plan.room : t - e->base;
}

static rg_status read_state(struct rg_engine *e, const struct rg_cell_facts *f, size_t rows, size_t t, double *raw,
                            double *out) {
    const size_t stride = e->plan.out_stride;
    if (t == SIZE_MAX) {
        memset(out, 0, rows * f->hidden * sizeof *out);
        return RG_OK;
    }
    return rg_read_rows(e, e->out[f->layer], place_of(e, f, t) * rows * stride, rows, stride, f->direction * f->hidden,
                        f->hidden, raw, out);
}

/* The cell's values, padded value by value on the device. */
static rg_status read_saved(struct rg_engine *e, const struct rg_cell_facts *f, size_t rows, size_t t, double *raw,
                            double *out) {
    const size_t stride = e->plan.d_stride;
    if (f->saved == 0 || t == SIZE_MAX) {
        memset(out, 0, rows * f->saved * f->hidden * sizeof *out);
        return RG_OK;
    }
    RG_TRY(rg_reals_read(e->device, raw, e->saved[f->layer][f->direction], place_of(e, f, t) * rows * stride,
                         rows * stride));
    for (size_t line = 0; line < rows * f->saved; line++) {
        const size_t at = line / f->saved * stride + line % f->saved * e->plan.h_stride;
        for (size_t j = 0; j < f->hidden; j++) {
            out[line * f->hidden + j] = raw[at + j];
        }
    }
    return RG_OK;
}

rg_status rg_step_states_read(struct rg_engine *e, const struct rg_cell_facts *f, size_t rows, size_t t,
                              struct rg_step_states *s) {
    struct rg_buffer *const below = f->layer == 0              ? e->x
                                    : e->dropped[f->layer - 1] ? e->dropped[f->layer - 1]
                                                               : e->out[f->layer - 1];
    const size_t x_stride = e->plan.layer[f->layer].x_stride, before = rg_cell_earlier(f, t, f->own);
    RG_TRY(rg_chunk_hold(e, t));
    RG_TRY(read_state(e, f, rows, t, s->raw, s->h));
    RG_TRY(read_state(e, f, rows, before, s->raw, s->past));
    if (f->skip) {
        RG_TRY(read_state(e, f, rows, rg_cell_earlier(f, t, f->skip), s->raw, s->far));
    }
    if (f->learned) {
        RG_TRY(rg_read_rows(e, e->gate[f->layer][f->direction], t * rows * RG_GATE_VALUES, rows, RG_GATE_VALUES, 0,
                            RG_GATE_VALUES, s->raw, s->gate));
    }
    RG_TRY(read_saved(e, f, rows, t, s->raw, s->saved));
    RG_TRY(read_saved(e, f, rows, before, s->raw, s->past_saved));
    return rg_read_rows(e, below, (t - e->base) * rows * x_stride, rows, x_stride, 0, f->inputs, s->raw, s->x);
}
