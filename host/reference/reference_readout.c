/* The float64 reference's readout: the input of a head on the last step, computed from a sequence's states, and its
 * gradient. */
#include "reference/reference_parts.h"

/* The first step at which unit i of the last layer has its largest value; 1 for an empty sequence. */
static size_t largest_step(const struct ref_run *run, size_t i, size_t width) {
    double *joined = run->result->joined[run->model->layers - 1];
    size_t best = 1;

    for (size_t t = 2; t <= ref_length(run->batch, run->sequence); t++) {
        if (ref_row(run, joined, t, width)[i] > ref_row(run, joined, best, width)[i]) {
            best = t;
        }
    }
    return best;
}

/* The step whose state is unit i of the readout. Index 0 holds h_0. */
static size_t step_read(const struct ref_run *run, size_t i, size_t width) {
    const size_t length = ref_length(run->batch, run->sequence);

    switch (run->model->readout) {
    case REF_READOUT_FINAL:
        return length > 0 && i >= run->model->hidden ? 1 : length;
    case REF_READOUT_MAX:
        return largest_step(run, i, width);
    default:
        return length;
    }
}

/* read_i = sum over t of weight_t h_t,i; with `back` dL/dh_t,i += weight_t dL/dread_i. */
static void pass(const struct ref_run *run, bool back) {
    const struct ref_model *model = run->model;
    const size_t width = ref_directions(model) * model->hidden, length = ref_length(run->batch, run->sequence);
    const bool mean = model->readout == REF_READOUT_MEAN;
    double *states = (back ? run->result->d_joined : run->result->joined)[model->layers - 1];
    double *read = (back ? run->result->d_read : run->result->read) + run->sequence * width;

    for (size_t i = 0; i < width; i++) {
        const size_t only = step_read(run, i, width);

        for (size_t t = 0; t <= length; t++) {
            double *state = ref_row(run, states, t, width) + i;
            const double weight = mean ? (t > 0 ? 1.0 / (double)length : 0.0) : (t == only ? 1.0 : 0.0);

            if (back) {
                *state += weight * read[i];
            } else {
                read[i] += weight * *state;
            }
        }
    }
}

void ref_read(const struct ref_run *run) {
    pass(run, false);
}

void ref_spread(const struct ref_run *run) {
    pass(run, true);
}
