/* The update gate of a learned skip in the float64 reference (Campos et al. 2018), one number a step:
 *
 *   u_t = round(u~_t), s_t = u_t S(s_{t-1}, x_t) + (1 - u_t) s_{t-1}, p_t = sigma(W_uh s_t + b_uh),
 *   u~_{t+1} = u_t p_t + (1 - u_t) (u~_t + min(p_t, 1 - u~_t)), u~_1 = 1
 *
 * s_t is h_t, or (h_t, c_t), of which W_uh reads c_t. The budget is lambda mean_n sum_t u_t.
 *
 * In the backward pass du_t/du~_t = 1. That is the true gradient of the network with u_t = u~_t + r_t, where the
 * rounding r_t = u_t - u~_t is a constant. With keep_rounding a pass uses the r_t of the pass before, so finite
 * differences see that network. */
#include <math.h>

#include "reference/reference_parts.h"

static double *at(const struct ref_run *run, double *array, size_t t) {
    return array + t * run->batch->n_sequences + run->sequence;
}

static const double *weights(const struct ref_run *run, enum ref_role role) {
    return run->model->values[ref_parameter_at(run->model, run->layer, run->direction, role)];
}

static double *gradient(const struct ref_run *run, enum ref_role role) {
    return run->result->gradient[ref_parameter_at(run->model, run->layer, run->direction, role)];
}

static double update_of(const struct ref_run *run, size_t t) {
    const struct ref_trace *trace = ref_trace_of(run);

    return *at(run, trace->gate, t) + *at(run, trace->rounding, t);
}

/* The part of the states that W_uh reads. */
static double *read_by_gate(const struct ref_run *run, double *state, double *cell, size_t t) {
    return ref_row(run, run->model->cell == REF_CELL_LSTM ? cell : state, t, run->model->hidden);
}

static double gate_after(const struct ref_run *run, size_t t) {
    const struct ref_trace *trace = ref_trace_of(run);
    const double u = update_of(run, t), raw = *at(run, trace->gate, t), chance = *at(run, trace->chance, t);

    return u * chance + (1.0 - u) * (raw + fmin(chance, 1.0 - raw));
}

void ref_gate_forward(const struct ref_run *run, struct ref_result *result, size_t t) {
    const struct ref_trace *trace = ref_trace_of(run);
    const size_t hidden = run->model->hidden, from = ref_before(run, t);
    double *const states[] = {trace->state, trace->cell}, *const made[] = {trace->made, trace->made_cell};
    const double raw = from == 0 ? 1.0 : gate_after(run, from);
    double logit = *weights(run, REF_ROLE_BIAS_UH);

    *at(run, trace->gate, t) = raw;
    if (!run->model->keep_rounding) {
        *at(run, trace->rounding, t) = (raw > 0.5 ? 1.0 : 0.0) - raw;
    }
    const double u = update_of(run, t);
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < hidden; j++) {
            ref_row(run, states[i], t, hidden)[j] =
                u * ref_row(run, made[i], t, hidden)[j] + (1.0 - u) * ref_row(run, states[i], from, hidden)[j];
        }
    }
    for (size_t j = 0; j < hidden; j++) {
        logit += weights(run, REF_ROLE_WEIGHT_UH)[j] * read_by_gate(run, trace->state, trace->cell, t)[j];
    }
    *at(run, trace->chance, t) = 1.0 / (1.0 + exp(-logit));
    result->budget += run->model->skip_budget * u / (double)run->batch->n_sequences;
    result->gate_margin = fmin(result->gate_margin, fabs(raw - 0.5));
}

/* Returns dL/dp_t, and sets the gradients of u_t and u~_t through u~_{t+1}. */
static double through_next_gate(const struct ref_run *run, size_t t, double *d_update, double *d_raw) {
    const struct ref_trace *trace = ref_trace_of(run);
    const size_t next = run->direction == 0 ? t + 1 : t - 1; /* past the last step, d_gate is 0 */
    const double d_next = *at(run, trace->d_gate, next), u = update_of(run, t);
    const double raw = *at(run, trace->gate, t), chance = *at(run, trace->chance, t);
    const bool grows = chance < 1.0 - raw;

    *d_update = d_next * (chance - raw - fmin(chance, 1.0 - raw));
    *d_raw = grows ? d_next * (1.0 - u) : 0.0;
    return d_next * (u + (grows ? 1.0 - u : 0.0));
}

void ref_gate_backward(const struct ref_run *run, size_t t) {
    const struct ref_trace *trace = ref_trace_of(run);
    const size_t hidden = run->model->hidden, from = ref_before(run, t);
    double *const states[] = {trace->state, trace->cell}, *const d_states[] = {trace->d_state, trace->d_cell};
    double *const made[] = {trace->made, trace->made_cell}, *const d_made[] = {trace->d_made, trace->d_made_cell};
    double d_update = 0.0, d_raw = 0.0;
    const double d_chance = through_next_gate(run, t, &d_update, &d_raw);
    const double u = update_of(run, t), chance = *at(run, trace->chance, t);
    const double d_logit = d_chance * chance * (1.0 - chance);

    *gradient(run, REF_ROLE_BIAS_UH) += d_logit;
    for (size_t j = 0; j < hidden; j++) {
        gradient(run, REF_ROLE_WEIGHT_UH)[j] += d_logit * read_by_gate(run, trace->state, trace->cell, t)[j];
        read_by_gate(run, trace->d_state, trace->d_cell, t)[j] += d_logit * weights(run, REF_ROLE_WEIGHT_UH)[j];
    }
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < hidden; j++) {
            const double slope = ref_row(run, d_states[i], t, hidden)[j];

            d_update += slope * (ref_row(run, made[i], t, hidden)[j] - ref_row(run, states[i], from, hidden)[j]);
            ref_row(run, d_made[i], t, hidden)[j] = u * slope;
            ref_row(run, d_states[i], from, hidden)[j] += (1.0 - u) * slope;
        }
    }
    *at(run, trace->d_gate, t) = d_raw + d_update + run->model->skip_budget / (double)run->batch->n_sequences;
}
