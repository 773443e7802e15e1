/* Where the values of a step are: see reference_parts.h. */
#include "reference/reference_parts.h"

size_t ref_length(const struct ref_batch *batch, size_t n) {
    return batch->lengths ? (size_t)batch->lengths[n] : batch->n_steps;
}

double *ref_row(const struct ref_run *run, double *array, size_t i, size_t width) {
    return array + (i * run->batch->n_sequences + run->sequence) * width;
}

const struct ref_trace *ref_trace_of(const struct ref_run *run) {
    return &run->result->traces[run->layer * ref_directions(run->model) + run->direction];
}

size_t ref_earlier(const struct ref_run *run, size_t t, size_t k) {
    const size_t length = ref_length(run->batch, run->sequence);
    const size_t done = run->direction == 0 ? t - 1 : length - t; /* steps processed before t */

    if (k > done) {
        return k == done + 1 ? 0 : run->batch->n_steps + 1;
    }
    return run->direction == 0 ? t - k : t + k;
}

size_t ref_before(const struct ref_run *run, size_t t) {
    const bool dilated = run->model->skip > 0 && run->model->skip_kind == REF_SKIP_DILATED;

    return ref_earlier(run, t, dilated ? run->model->skip : 1);
}

int32_t ref_word(const struct ref_run *run, size_t t) {
    return run->batch->words[run->sequence * run->batch->n_steps + (t - 1)];
}

const double *ref_factor(const struct ref_run *run, enum ref_role role, size_t t) {
    const size_t columns = ref_columns(run->model, run->layer, role);
    double *state = ref_trace_of(run)->state;

    if (role == REF_ROLE_WEIGHT_HH) {
        return ref_row(run, state, ref_before(run, t), columns);
    }
    if (role == REF_ROLE_WEIGHT_SH) {
        return ref_row(run, state, ref_earlier(run, t, run->model->skip), columns);
    }
    if (run->layer > 0) {
        return ref_row(run, run->result->joined[run->layer - 1], t, columns);
    }
    if (run->model->words > 0) {
        const int32_t word = ref_word(run, t);
        return word >= 0 ? run->model->values[ref_embed(run->model)] + (size_t)word * columns : run->result->blank;
    }
    return run->batch->x + (run->sequence * run->batch->n_steps + (t - 1)) * columns;
}

const double *ref_delta(const struct ref_run *run, enum ref_role role, size_t t) {
    const struct ref_trace *trace = ref_trace_of(run);
    const bool recurrent = role == REF_ROLE_WEIGHT_HH || role == REF_ROLE_BIAS_HH;

    return ref_row(run, recurrent ? trace->delta_hh : trace->delta, t - 1, ref_gates(run->model) * run->model->hidden);
}

void ref_add_outer(double *matrix, const double *column, size_t rows, const double *row, size_t columns) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            matrix[i * columns + j] += column[i] * row[j];
        }
    }
}
