/* The float64 reference's lag profile: every weight matrix's gradient, split by the step that it comes from. */
#include <math.h>
#include <string.h>

#include "reference/reference_parts.h"

/* Do a direction's lags count from the first step? */
static bool from_start(const struct ref_model *model, size_t direction) {
    return direction == 1 && model->target == REF_TARGET_LAST && model->readout != REF_READOUT_LAST;
}

/* The step of lag tau. The run's sequence must have that lag. */
static size_t step_of_lag(const struct ref_run *run, size_t tau) {
    return from_start(run->model, run->direction) ? 1 + tau : ref_length(run->batch, run->sequence) - tau;
}

size_t ref_lag_of(const struct ref_model *model, const struct ref_batch *batch, size_t direction, size_t sequence,
                  size_t t) {
    return from_start(model, direction) ? t - 1 : ref_length(batch, sequence) - t;
}

/* Add the term of lag tau of the run's sequence, if the sequence has that lag. */
static void add_lag_term(const struct ref_run *run, enum ref_role role, size_t tau, double *term) {
    const size_t rows = ref_gates(run->model) * run->model->hidden;

    if (tau < ref_length(run->batch, run->sequence)) {
        const size_t t = step_of_lag(run, tau);

        ref_add_outer(term, ref_delta(run, role, t), rows, ref_factor(run, role, t),
                      ref_columns(run->model, run->layer, role));
    }
}

/* Add the terms of the sequences from the run's up to sequence `end`, exclusive. */
static void add_terms(struct ref_run run, size_t parameter, size_t tau, size_t end, double *term) {
    const size_t directions = ref_directions(run.model);
    const size_t n_roles = ref_head_weight(run.model) / (run.model->layers * directions);

    run.layer = parameter / n_roles / directions;
    run.direction = parameter / n_roles % directions;
    memset(term, 0, ref_parameter_elements(run.model, parameter) * sizeof(*term));
    for (; run.sequence < end; run.sequence++) {
        add_lag_term(&run, (enum ref_role)(parameter % n_roles), tau, term);
    }
}

void ref_lag_term(const struct ref_model *model, const struct ref_batch *batch, const struct ref_result *result,
                  size_t parameter, size_t tau, double *term) {
    const struct ref_run run = {.model = model, .batch = batch, .result = result};

    add_terms(run, parameter, tau, batch->n_sequences, term);
}

void ref_sequence_term(const struct ref_term *which, double *term) {
    const struct ref_run run = {
        .model = which->model, .batch = which->batch, .result = which->result, .sequence = which->sequence};

    add_terms(run, which->parameter, which->tau, which->sequence + 1, term);
}

/* <a, b> / (||a|| ||b||), or 0 if a norm is 0. Vectors are scaled first, because products of tiny numbers would
 * underflow. */
static double cosine(const double *a, double norm_a, const double *b, double norm_b, size_t count) {
    double sum = 0.0;

    if (norm_a == 0.0 || norm_b == 0.0) {
        return 0.0;
    }
    for (size_t i = 0; i < count; i++) {
        sum += (a[i] / norm_a) * (b[i] / norm_b);
    }
    return sum;
}

static void fill_matrix(const struct ref_run *run, size_t parameter, const struct ref_lags *lags) {
    const size_t count = ref_parameter_elements(run->model, parameter);
    const double *gradient = run->result->gradient[parameter];
    const double whole = ref_norm(gradient, count);
    double *term = run->result->scratch;

    for (size_t tau = 0; tau < run->batch->n_steps; tau++) {
        ref_lag_term(run->model, run->batch, run->result, parameter, tau, term);
        lags->norm[tau] = ref_norm(term, count);
        lags->cosine[tau] = cosine(term, lags->norm[tau], gradient, whole, count);
        lags->share[tau] = whole == 0.0 ? 0.0 : lags->cosine[tau] * (lags->norm[tau] / whole);
    }
}

static void fill_delta_norm(struct ref_run run, double *delta_norm) {
    const size_t rows = ref_gates(run.model) * run.model->hidden;

    for (size_t tau = 0; tau < run.batch->n_steps; tau++) {
        delta_norm[tau] = 0.0;
        for (run.sequence = 0; run.sequence < run.batch->n_sequences; run.sequence++) {
            if (tau < ref_length(run.batch, run.sequence)) {
                delta_norm[tau] =
                    hypot(delta_norm[tau], ref_norm(ref_delta(&run, REF_ROLE_WEIGHT_IH, step_of_lag(&run, tau)), rows));
            }
        }
    }
}

void ref_fill_lags(const struct ref_model *model, const struct ref_batch *batch, const struct ref_result *result) {
    struct ref_run run = {.model = model, .batch = batch, .result = result};

    for (run.layer = 0; run.layer < model->layers; run.layer++) {
        for (run.direction = 0; run.direction < ref_directions(model); run.direction++) {
            const struct ref_trace *trace = ref_trace_of(&run);

            fill_delta_norm(run, trace->delta_norm);
            for (enum ref_role role = 0; role < REF_N_ROLES; role++) {
                if (trace->lags[role].norm) {
                    fill_matrix(&run, ref_parameter_at(model, run.layer, run.direction, role), &trace->lags[role]);
                }
            }
        }
    }
}
