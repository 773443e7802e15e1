/* The reverse scan on the host: see adjoint.h. */
#include "gradient/adjoint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sizes.h"
#include "gradient/cell_steps.h"
#include "gradient/dense.h"
#include "model/cells.h"
#include "rnn_gpu/memory.h"

/* A row is rescaled only when its values leave 2^-100 … 2^100. Rescaling never lifts a delta that is kept for a skip
 * above 2^900. A value below 2^-900 of the sum that it is added to is dropped. */
enum { RANGE = 100, LARGEST = 900 };

rg_status rg_adjoint_create(const struct rg_cell_facts *facts, size_t rows, struct rg_adjoint *a) {
    const size_t far = rg_max(facts->back, facts->skip);
    *a = (struct rg_adjoint){.facts = facts, .rows = rows, .ring = rg_max(far, 1)};
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_alloc(&a->d, a->ring * rows, facts->deltas * facts->hidden * sizeof(double), "state gradients"));
    RG_TRY_GOTO(rg_alloc(&a->carry, facts->back * rows, facts->hidden * sizeof(double), "state gradients"));
    RG_TRY_GOTO(rg_alloc(&a->dh, rows * facts->hidden, sizeof(double), "state gradients"));
    if (facts->learned) {
        RG_TRY_GOTO(rg_alloc(&a->copied, rows * facts->hidden, sizeof(double), "state gradients"));
        RG_TRY_GOTO(rg_alloc(&a->d_gate, rows, sizeof(double), "state gradients"));
    }
    RG_TRY_GOTO(rg_alloc(&a->exponent, rows, sizeof(int64_t), "state gradients"));
    return RG_OK;
cleanup:
    rg_adjoint_release(a);
    return status;
}

void rg_adjoint_release(struct rg_adjoint *a) {
    rg_free(a->d);
    rg_free(a->carry);
    rg_free(a->dh);
    rg_free(a->copied);
    rg_free(a->d_gate);
    rg_free(a->exponent);
    *a = (struct rg_adjoint){0};
}

static double *deltas_of(const struct rg_adjoint *a, size_t order, size_t row) {
    return a->d + (order % a->ring * a->rows + row) * a->facts->deltas * a->facts->hidden;
}

const double *rg_adjoint_delta(const struct rg_adjoint *a, size_t order, size_t row) {
    return deltas_of(a, order, row);
}

void rg_adjoint_pass(const struct rg_adjoint *a, struct rg_adjoint_rows rows, bool far, double *out) {
    const struct rg_cell_facts *const f = a->facts;
    const double *const d = deltas_of(a, rows.order, rows.first);
    for (size_t g = 0; g < f->gates; g++) {
        const size_t group = far ? g : rg_cell_hidden_delta(f, g);
        rg_dense_add(&(struct rg_product){.c = out,
                                          .a = d + group * f->hidden,
                                          .b = (far ? f->w_sh : f->w_hh) + g * f->hidden * f->hidden,
                                          .rows = rows.n,
                                          .columns = f->hidden,
                                          .depth = f->hidden,
                                          .c_row = f->hidden,
                                          .a_row = f->deltas * f->hidden,
                                          .a_depth = 1,
                                          .b_row = f->hidden});
    }
}

void rg_adjoint_pass_down(const struct rg_adjoint *a, struct rg_adjoint_rows rows, double *out) {
    const struct rg_cell_facts *const f = a->facts;
    for (size_t g = 0; g < f->gates; g++) {
        rg_dense_add(&(struct rg_product){.c = out,
                                          .a = deltas_of(a, rows.order, rows.first) + g * f->hidden,
                                          .b = f->w_ih + g * f->hidden * f->inputs,
                                          .rows = rows.n,
                                          .columns = f->inputs,
                                          .depth = f->hidden,
                                          .c_row = f->inputs,
                                          .a_row = f->deltas * f->hidden,
                                          .a_depth = 1,
                                          .b_row = f->inputs});
    }
}

void rg_adjoint_begin(struct rg_adjoint *a, struct rg_adjoint_rows rows) {
    const struct rg_cell_facts *const f = a->facts;
    const struct rg_adjoint_rows next = {rows.order + f->back, rows.first, rows.n};
    const struct rg_adjoint_rows far = {rows.order + f->skip, rows.first, rows.n};
    double *const dh = a->dh + rows.first * f->hidden;
    memset(dh, 0, rows.n * f->hidden * sizeof(double));
    if (next.order < f->steps) {
        rg_adjoint_pass(a, next, false, dh);
    }
    if (f->skip && far.order < f->steps) {
        rg_adjoint_pass(a, far, true, dh);
    }
}

static void scale(double *v, size_t n, int64_t by) {
    const int exponent = by > 2100 ? 2100 : by < -2100 ? -2100 : (int)by;
    for (size_t i = 0; i < n; i++) {
        v[i] = ldexp(v[i], exponent);
    }
}

/* Multiply everything that a row holds by 2^by, and lower its exponent by `by`. */
static void rescale(struct rg_adjoint *a, size_t row, int64_t by) {
    const struct rg_cell_facts *const f = a->facts;
    scale(a->dh + row * f->hidden, f->hidden, by);
    for (size_t i = 0; i < a->ring; i++) {
        scale(deltas_of(a, i, row), f->deltas * f->hidden, by);
    }
    for (size_t i = 0; i < f->back; i++) {
        scale(a->carry + (i * a->rows + row) * f->hidden, f->hidden, by);
    }
    if (f->learned) {
        scale(a->copied + row * f->hidden, f->hidden, by);
        scale(a->d_gate + row, 1, by);
    }
    a->exponent[row] -= by;
}

/* The largest number that a row keeps for later steps. */
static double largest_kept(const struct rg_adjoint *a, size_t row) {
    const struct rg_cell_facts *const f = a->facts;
    double largest = 0.0;
    for (size_t i = 0; i < a->ring; i++) {
        largest = fmax(largest, rg_dense_largest(deltas_of(a, i, row), f->deltas * f->hidden));
    }
    for (size_t i = 0; i < f->back; i++) {
        largest = fmax(largest, rg_dense_largest(a->carry + (i * a->rows + row) * f->hidden, f->hidden));
    }
    if (f->learned) {
        largest = fmax(largest, rg_dense_largest(a->copied + row * f->hidden, f->hidden));
        largest = fmax(largest, fabs(a->d_gate[row]));
    }
    return largest;
}

/* The factor for values of at most `largest` * 2^exponent before they are added to a row. Changes the row's own
 * exponent where the two are too far apart. */
static double factor_of(struct rg_adjoint *a, size_t row, double largest, int64_t exponent) {
    const size_t hidden = a->facts->hidden;
    int64_t ahead = exponent - a->exponent[row] + (isfinite(largest) ? ilogb(largest) : 0);
    if (ahead < -RANGE && largest_kept(a, row) == 0.0 && rg_dense_largest(a->dh + row * hidden, hidden) == 0.0) {
        a->exponent[row] += ahead;
    } else if (ahead > RANGE) {
        rescale(a, row, -ahead);
    }
    ahead = exponent - a->exponent[row];
    return ahead > -LARGEST ? ldexp(1.0, (int)ahead) : 0.0;
}

void rg_adjoint_inject(struct rg_adjoint *a, size_t row, const double *values, int64_t exponent) {
    const size_t hidden = a->facts->hidden;
    double *const dh = a->dh + row * hidden;
    const double largest = rg_dense_largest(values, hidden);
    if (largest == 0.0) {
        return;
    }
    const double factor = factor_of(a, row, largest, exponent);
    for (size_t j = 0; j < hidden; j++) {
        dh[j] += values[j] * factor;
    }
}

/* Returns dL/d(W_uh s_t + b_uh) and sets dL/du~_t, except for the term <dL/ds_t, S - s_{t-1}>, as in
 * kernels/scan/learned_gate.cl. */
static double gate_step(struct rg_adjoint *a, size_t row, const double *gate) {
    const double budget = a->facts->budget;
    const double added = budget > 0.0 ? budget * factor_of(a, row, budget, 0) : 0.0, next = a->d_gate[row];
    const double raw = gate[RG_GATE_RAW], chance = gate[RG_GATE_CHANCE], room = 1.0 - raw;
    const bool open = raw > 0.5, grows = chance < room;
    a->d_gate[row] = added;
    if (next == 0.0) { /* no next step: its chance was never computed */
        return 0.0;
    }
    a->d_gate[row] += next * (chance - raw - fmin(chance, room)) + (!open && grows ? next : 0.0);
    return open || grows ? next * chance * (1.0 - chance) : 0.0;
}

/* The learned skip's part of a step, done before the cell's reverse step. It completes the gradients at h_t, c_t and
 * the gate. Returns false if the step was skipped: the gradients then belong to the step before. */
static bool pass_gate(struct rg_adjoint *a, size_t row, const struct rg_unit_step *s, const double *gate) {
    const struct rg_cell_facts *const f = a->facts;
    const bool has_c = rg_cell_has_c(f->cell), open = gate[RG_GATE_RAW] > 0.5;
    const size_t n = s->hidden, cell = rg_cells[f->cell].past;
    const double *const made = s->saved + (f->saved - rg_cells[f->cell].states) * n;
    double *const dh = a->dh + row * n, *const copied = a->copied + row * n;
    const double d_logit = gate_step(a, row, gate);
    for (size_t j = 0; j < n; j++) {
        dh[j] += copied[j] + (has_c ? 0.0 : s->carry[j] + d_logit * f->w_uh[j]);
        s->carry[j] = has_c ? s->carry[j] + d_logit * f->w_uh[j] : 0.0;
        a->d_gate[row] += dh[j] * (made[j] - s->past[j]);
        a->d_gate[row] += has_c ? s->carry[j] * (made[n + j] - s->past_saved[cell * n + j]) : 0.0;
        copied[j] = open ? 0.0 : dh[j];
    }
    return open;
}

void rg_adjoint_finish(struct rg_adjoint *a, size_t order, size_t row, const struct rg_step_states *states, size_t at,
                       bool live) {
    const struct rg_cell_facts *const f = a->facts;
    const size_t n = f->hidden, width = f->deltas * n;
    const struct rg_unit_step step = {.h = states->h + at * n,
                                      .past = states->past + at * n,
                                      .saved = states->saved + at * f->saved * n,
                                      .past_saved = states->past_saved + at * f->saved * n,
                                      .dh = a->dh + row * n,
                                      .carry = a->carry + (order % f->back * a->rows + row) * n,
                                      .delta = deltas_of(a, order, row),
                                      .hidden = n};
    if (!live) {
        memset(step.delta, 0, width * sizeof(double));
        memset(step.carry, 0, n * sizeof(double));
        if (f->learned) {
            memset(a->copied + row * n, 0, n * sizeof(double));
            a->d_gate[row] = 0.0;
        }
        return;
    }
    if (f->learned && !pass_gate(a, row, &step, states->gate + at * RG_GATE_VALUES)) {
        memset(step.delta, 0, width * sizeof(double));
        return;
    }
    rg_cell_reverse(f->cell, f->activation, &step);
    const double largest = fmax(rg_dense_largest(step.delta, width), rg_dense_largest(step.carry, n));
    if (largest > 0.0 && isfinite(largest) && abs(ilogb(largest)) > RANGE) {
        const int kept = ilogb(largest_kept(a, row)), by = -ilogb(largest);
        rescale(a, row, kept + by > LARGEST ? LARGEST - kept : by);
    }
}
