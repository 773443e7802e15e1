/* The float64 reference's pass: forward, loss, and backward through time, as plain loops.
 *
 * Sequences are independent, so each goes forward and backward alone: layer by layer, direction by direction, step by
 * step. The backward pass adds to dL/dh wherever a state was used. It reaches a step after all uses of that step's
 * state. */
#include <math.h>
#include <string.h>

#include "reference/reference_parts.h"

static size_t position(const struct ref_run *run, enum ref_role role) {
    return ref_parameter_at(run->model, run->layer, run->direction, role);
}

static const double *weights_of(const struct ref_run *run, enum ref_role role) {
    return run->model->values[position(run, role)];
}

/* y [rows] += matrix [rows][columns] x [columns] */
static void add_product(double *y, const double *matrix, size_t rows, const double *x, size_t columns) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            y[i] += matrix[i * columns + j] * x[j];
        }
    }
}

/* x [columns] += matrix^T y [rows] */
static void add_transposed(double *x, const double *matrix, const double *y, size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            x[j] += matrix[i * columns + j] * y[i];
        }
    }
}

static void add(double *to, const double *from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] += from[i];
    }
}

static struct ref_step step_of(const struct ref_run *run, size_t t) {
    const struct ref_trace *trace = ref_trace_of(run);
    const size_t hidden = run->model->hidden, gates = ref_gates(run->model) * hidden, from = ref_before(run, t);
    const bool learned = ref_learned(run->model); /* the state is then what the gate makes of the cell's result */

    return (struct ref_step){.activation = run->model->activation,
                             .hidden = hidden,
                             .a_ih = ref_row(run, trace->a_ih, t - 1, gates),
                             .a_hh = ref_row(run, trace->a_hh, t - 1, gates),
                             .h_before = ref_row(run, trace->state, from, hidden),
                             .c_before = ref_row(run, trace->cell, from, hidden),
                             .a = ref_row(run, trace->a, t - 1, gates),
                             .gate = ref_row(run, trace->gates, t - 1, gates),
                             .h = ref_row(run, learned ? trace->made : trace->state, t, hidden),
                             .c = ref_row(run, learned ? trace->made_cell : trace->cell, t, hidden),
                             .dh = ref_row(run, learned ? trace->d_made : trace->d_state, t, hidden),
                             .dc = ref_row(run, learned ? trace->d_made_cell : trace->d_cell, t, hidden),
                             .dc_whole = ref_row(run, trace->d_cell_whole, t, hidden),
                             .delta = ref_row(run, trace->delta, t - 1, gates),
                             .delta_hh = ref_row(run, trace->delta_hh, t - 1, gates),
                             .dh_before = ref_row(run, trace->d_state, from, hidden),
                             .dc_before = ref_row(run, trace->d_cell, from, hidden)};
}

/* a_ih = W_ih x_t + b_ih + W_sh h_{t-d}, a_hh = W_hh h_{t-1} + b_hh, then the cell. */
static void step_forward(const struct ref_run *run, size_t t) {
    const struct ref_trace *trace = ref_trace_of(run);
    const size_t rows = ref_gates(run->model) * run->model->hidden;
    double *a_ih = ref_row(run, trace->a_ih, t - 1, rows), *a_hh = ref_row(run, trace->a_hh, t - 1, rows);
    const struct ref_step step = step_of(run, t);

    add(a_ih, weights_of(run, REF_ROLE_BIAS_IH), rows);
    add(a_hh, weights_of(run, REF_ROLE_BIAS_HH), rows);
    for (enum ref_role role = 0; role < REF_ROLE_WEIGHT_UH; role++) {
        const size_t columns = ref_columns(run->model, run->layer, role);

        if (columns > 0 && ref_has_role(run->model, role)) {
            add_product(role == REF_ROLE_WEIGHT_HH ? a_hh : a_ih, weights_of(run, role), rows, ref_factor(run, role, t),
                        columns);
        }
    }
    add(step.a, a_ih, rows);
    add(step.a, a_hh, rows);
    ref_cells[run->model->cell].forward(&step);
}

/* Where to add dL/dv of the vector v that a role's matrix multiplies at step t. NULL for the data and for an unknown
 * word. */
static double *d_factor(const struct ref_run *run, enum ref_role role, size_t t) {
    const size_t columns = ref_columns(run->model, run->layer, role);
    double *d_state = ref_trace_of(run)->d_state;

    if (role == REF_ROLE_WEIGHT_HH) {
        return ref_row(run, d_state, ref_before(run, t), columns);
    }
    if (role == REF_ROLE_WEIGHT_SH) {
        return ref_row(run, d_state, ref_earlier(run, t, run->model->skip), columns);
    }
    if (run->layer == 0 && run->model->words > 0) {
        const int32_t word = ref_word(run, t);
        return word >= 0 ? run->result->gradient[ref_embed(run->model)] + (size_t)word * columns : NULL;
    }
    return run->layer > 0 ? ref_row(run, run->result->d_joined[run->layer - 1], t, columns) : NULL;
}

/* The cell. Then for every product W v of its pre-activations: dW += delta v^T and dv += W^T delta. */
static void step_backward(const struct ref_run *run, size_t t) {
    const size_t rows = ref_gates(run->model) * run->model->hidden;
    const struct ref_step step = step_of(run, t);

    ref_cells[run->model->cell].backward(&step);
    for (enum ref_role role = 0; role < REF_ROLE_WEIGHT_UH; role++) {
        if (!ref_has_role(run->model, role)) {
            continue;
        }
        const size_t columns = ref_columns(run->model, run->layer, role);
        const double *delta = ref_delta(run, role, t);
        double *gradient = run->result->gradient[position(run, role)];

        if (columns == 0) {
            add(gradient, delta, rows);
            continue;
        }
        double *d_input = d_factor(run, role, t);
        ref_add_outer(gradient, delta, rows, ref_factor(run, role, t), columns);
        if (d_input) {
            add_transposed(d_input, weights_of(run, role), delta, rows, columns);
        }
    }
}

/* Set h_0 and c_0 of a run if the batch gives them. */
static void start(const struct ref_run *run) {
    const struct ref_batch *batch = run->batch;
    const size_t hidden = run->model->hidden, width = ref_directions(run->model) * hidden;
    const size_t place = run->layer * ref_directions(run->model) + run->direction;
    const size_t from = (place * batch->n_sequences + run->sequence) * hidden;

    if (batch->h_0) {
        add(ref_row(run, ref_trace_of(run)->state, 0, hidden), batch->h_0 + from, hidden);
        add(ref_row(run, run->result->joined[run->layer], 0, width) + run->direction * hidden, batch->h_0 + from,
            hidden);
    }
    if (batch->c_0) {
        add(ref_row(run, ref_trace_of(run)->cell, 0, hidden), batch->c_0 + from, hidden);
    }
}

/* All steps of a run. Its result is half of what the layer gives: joined_t = [h_t forward, h_t reverse]. */
static void run_forward(const struct ref_run *run, struct ref_result *result) {
    const size_t hidden = run->model->hidden, width = ref_directions(run->model) * hidden;
    const size_t length = ref_length(run->batch, run->sequence);

    start(run);
    for (size_t i = 1; i <= length; i++) {
        const size_t t = run->direction == 0 ? i : length + 1 - i;

        step_forward(run, t);
        if (ref_learned(run->model)) {
            ref_gate_forward(run, result, t);
        }
        add(ref_row(run, run->result->joined[run->layer], t, width) + run->direction * hidden,
            ref_row(run, ref_trace_of(run)->state, t, hidden), hidden);
    }
}

static void run_backward(const struct ref_run *run) {
    const size_t hidden = run->model->hidden, width = ref_directions(run->model) * hidden;
    const size_t length = ref_length(run->batch, run->sequence);

    if (length == 0) { /* the head has read h_0 */
        add(ref_row(run, ref_trace_of(run)->d_state, 0, hidden),
            ref_row(run, run->result->d_joined[run->layer], 0, width) + run->direction * hidden, hidden);
    }
    for (size_t i = length; i >= 1; i--) {
        const size_t t = run->direction == 0 ? i : length + 1 - i;

        add(ref_row(run, ref_trace_of(run)->d_state, t, hidden),
            ref_row(run, run->result->d_joined[run->layer], t, width) + run->direction * hidden, hidden);
        if (ref_learned(run->model)) {
            ref_gate_backward(run, t);
        }
        step_backward(run, t);
    }
}

/* The targets of row `slot` of the outputs. */
static const double *targets_of(const struct ref_model *model, const struct ref_batch *batch, size_t slot) {
    return batch->y + slot * (batch->loss == REF_LOSS_CE ? 1 : model->outputs);
}

/* The divisor of the mean: rows with a loss, times outputs for the losses that also average over outputs. */
static double mean_count(const struct ref_model *model, const struct ref_batch *batch) {
    const bool every_step = model->target == REF_TARGET_STEPS;
    size_t rows = 0;

    for (size_t n = 0; n < batch->n_sequences; n++) {
        for (size_t row = 0; row < (every_step ? ref_length(batch, n) : 1); row++) {
            rows += isnan(*targets_of(model, batch, every_step ? n * batch->n_steps + row : n)) ? 0 : 1;
        }
    }
    return (double)(batch->loss == REF_LOSS_CE ? rows : rows * model->outputs);
}

/* z = W_o h + b_o for the run's sequence, its loss, and dL/dh. `slot` is its row of outputs and targets. */
static void head_pass(const struct ref_run *run, const double *h, double *dh, size_t slot, struct ref_result *result) {
    const struct ref_model *model = run->model;
    const size_t outputs = model->outputs, width = ref_directions(model) * model->hidden;
    const size_t weight = ref_head_weight(model), bias = ref_head_bias(model);
    const double *y = targets_of(model, run->batch, slot), count = result->count;
    double *z = result->output + slot * outputs, *dz = result->scratch;

    add(z, model->values[bias], outputs);
    add_product(z, model->values[weight], outputs, h, width);
    if (isnan(*y)) {
        return;
    }
    result->loss += ref_row_loss(run->batch->loss, z, y, outputs, dz) / count;
    for (size_t o = 0; o < outputs; o++) {
        dz[o] /= count;
    }
    add(result->gradient[bias], dz, outputs);
    ref_add_outer(result->gradient[weight], dz, outputs, h, width);
    add_transposed(dh, model->values[weight], dz, outputs, width);
}

/* The head for the run's sequence: once on the readout of all steps, or on each step. */
static void head_passes(const struct ref_run *run, struct ref_result *result) {
    const struct ref_model *model = run->model;
    const size_t top = model->layers - 1, n = run->sequence, width = ref_directions(model) * model->hidden;

    if (model->target == REF_TARGET_LAST) {
        ref_read(run);
        head_pass(run, result->read + n * width, result->d_read + n * width, n, result);
        ref_spread(run);
    }
    for (size_t t = 1; model->target == REF_TARGET_STEPS && t <= ref_length(run->batch, n); t++) {
        head_pass(run, ref_row(run, result->joined[top], t, width), ref_row(run, result->d_joined[top], t, width),
                  n * run->batch->n_steps + t - 1, result);
    }
}

static void sequence_pass(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result,
                          size_t n) {
    const size_t directions = ref_directions(model);
    struct ref_run run = {.model = model, .batch = batch, .result = result, .sequence = n};

    for (run.layer = 0; run.layer < model->layers; run.layer++) {
        for (run.direction = 0; run.direction < directions; run.direction++) {
            run_forward(&run, result);
        }
    }
    head_passes(&run, result);
    for (run.layer = model->layers; run.layer-- > 0;) {
        for (run.direction = 0; run.direction < directions; run.direction++) {
            run_backward(&run);
        }
    }
}

static void set_zero(double *values, size_t count) {
    memset(values, 0, count * sizeof(*values));
}

static void clear(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result) {
    const size_t rows = batch->n_sequences * (model->target == REF_TARGET_STEPS ? batch->n_steps : 1);
    const size_t joined = (batch->n_steps + 1) * batch->n_sequences * model->hidden * ref_directions(model);
    const size_t states = (batch->n_steps + 2) * batch->n_sequences * model->hidden;
    const size_t gates = batch->n_steps * batch->n_sequences * model->hidden * ref_gates(model);

    for (size_t p = 0; p < model->n_parameters; p++) {
        set_zero(result->gradient[p], ref_parameter_elements(model, p));
    }
    for (size_t i = 0; i < result->n_traces; i++) {
        const struct ref_trace *trace = &result->traces[i];
        double *const of_states[] = {trace->state,  trace->cell,        trace->d_state,
                                     trace->d_cell, trace->made,        trace->made_cell,
                                     trace->d_made, trace->d_made_cell, trace->d_cell_whole};
        double *const of_gates[] = {trace->a_ih, trace->a_hh, trace->a, trace->gates, trace->delta, trace->delta_hh};

        for (size_t k = 0; k < sizeof(of_states) / sizeof(*of_states); k++) {
            set_zero(of_states[k], states);
        }
        for (size_t k = 0; k < sizeof(of_gates) / sizeof(*of_gates); k++) {
            set_zero(of_gates[k], gates);
        }
        set_zero(trace->d_gate, (batch->n_steps + 2) * batch->n_sequences);
    }
    for (size_t layer = 0; layer < model->layers; layer++) {
        set_zero(result->joined[layer], joined);
        set_zero(result->d_joined[layer], joined);
    }
    set_zero(result->output, rows * model->outputs);
    set_zero(result->read, batch->n_sequences * model->hidden * ref_directions(model));
    set_zero(result->d_read, batch->n_sequences * model->hidden * ref_directions(model));
    result->loss = 0.0;
    result->budget = 0.0;
    result->gate_margin = 0.5;
    result->grad_norm = 0.0;
}

void ref_gradient(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result) {
    clear(model, batch, result);
    result->count = mean_count(model, batch);
    for (size_t n = 0; n < batch->n_sequences; n++) {
        sequence_pass(model, batch, result, n);
    }
    for (size_t p = 0; p < model->n_parameters; p++) {
        result->grad_norm = hypot(result->grad_norm, ref_norm(result->gradient[p], ref_parameter_elements(model, p)));
    }
}

void ref_forward_backward(const struct ref_model *model, const struct ref_batch *batch, struct ref_result *result) {
    ref_gradient(model, batch, result);
    ref_fill_lags(model, batch, result);
}
