/* Mean and deviation of a data set's inputs: declared in rnn_gpu/dataset.h. */
#include <math.h>
#include <string.h>

#include "data/readers.h"
#include "rnn_gpu/memory.h"

/* The valid steps of sequence `i`: [first, first + length). */
static size_t valid_steps(const struct rg_dataset *d, size_t i, size_t *first) {
    const size_t length = d->lengths != NULL ? (size_t)d->lengths[i] : d->n_steps;

    *first = d->pad_left ? d->n_steps - length : 0;
    return length;
}

/* Convert the features of a step to doubles. Steps are counted over all sequences. */
static void step_numbers(const struct rg_dataset *d, size_t step, double *out) {
    if (d->kind != RG_INPUT_BYTE) {
        rg_dataset_numbers(d, step * d->n_features, d->n_features, out);
        return;
    }
    for (size_t f = 0; f < d->n_features; f++) {
        out[f] = (double)d->x_byte[step * d->n_features + f] / 255.0;
    }
}

/* Welford's sums (1962). `row` [F] is working memory for the numbers of a step. */
static void add_up(const struct rg_dataset *d, double *row, double *mean, double *squares) {
    double n = 0.0;

    for (size_t i = 0; i < d->n_sequences; i++) {
        size_t first, length = valid_steps(d, i, &first);

        for (size_t t = first; t < first + length; t++) {
            step_numbers(d, i * d->n_steps + t, row);
            n += 1.0;
            for (size_t f = 0; f < d->n_features; f++) {
                const double before = row[f] - mean[f];

                mean[f] += before / n;
                squares[f] += before * (row[f] - mean[f]);
            }
        }
    }
    for (size_t f = 0; f < d->n_features; f++) {
        squares[f] = n > 0.0 ? squares[f] / n : 0.0;
    }
}

rg_status rg_dataset_moments(const struct rg_dataset *dataset, double *mean, double *deviation) {
    const size_t n = dataset->n_features;
    double *row = NULL;

    RG_TRY(rg_alloc(&row, n, sizeof(*row), "the features of a step"));
    memset(mean, 0, n * sizeof(*mean));
    memset(deviation, 0, n * sizeof(*deviation));
    add_up(dataset, row, mean, deviation);
    for (size_t f = 0; f < n; f++) {
        deviation[f] = deviation[f] > 0.0 ? sqrt(deviation[f]) : 1.0;
    }
    rg_free(row);
    return RG_OK;
}

/* Memory for the new x as floats or doubles, unless x is that already. Exactly one of the pointers is set. */
struct target {
    float *floats;
    double *doubles;
    bool in_place;
};

static rg_status make_target(struct rg_dataset *d, bool doubles, struct target *t) {
    const size_t steps = d->n_sequences * d->n_steps;

    *t = (struct target){.floats = doubles ? NULL : d->x_float, .doubles = doubles ? d->x_double : NULL};
    t->in_place = t->floats != NULL || t->doubles != NULL;
    if (t->in_place) {
        return RG_OK;
    }
    return doubles ? rg_alloc(&t->doubles, steps, d->n_features * sizeof(*t->doubles), "normalised inputs")
                   : rg_alloc(&t->floats, steps, d->n_features * sizeof(*t->floats), "normalised inputs");
}

/* Replace x by the target. */
static void take_target(struct rg_dataset *d, const struct target *t) {
    if (!t->in_place) {
        rg_free(d->x_byte);
        rg_free(d->x_raw);
        rg_free(d->x_float);
        rg_free(d->x_double);
    }
    d->x_byte = NULL;
    d->x_raw = NULL;
    d->x_float = t->floats;
    d->x_double = t->doubles;
    d->kind = RG_INPUT_FLOAT;
}

static void fill_target(const struct rg_dataset *d, const struct target *t, double *row) {
    for (size_t i = 0; i < d->n_sequences; i++) {
        size_t first, length = valid_steps(d, i, &first);

        for (size_t step = i * d->n_steps + first; length-- > 0; step++) {
            step_numbers(d, step, row);
            for (size_t f = 0; f < d->n_features; f++) {
                const double value = (row[f] - d->input_mean[f]) / d->input_deviation[f];

                if (t->doubles != NULL) {
                    t->doubles[step * d->n_features + f] = value;
                } else {
                    t->floats[step * d->n_features + f] = (float)value;
                }
            }
        }
    }
}

rg_status rg_dataset_normalize(struct rg_dataset *dataset, const double *mean, const double *deviation, bool doubles) {
    const size_t n = dataset->n_features;
    struct target target;
    double *row = NULL;
    rg_status status = RG_OK;

    RG_TRY_GOTO(rg_alloc(&row, n, sizeof(*row), "the features of a step"));
    RG_TRY_GOTO(rg_alloc(&dataset->input_mean, n, sizeof(*mean), "the inputs' means"));
    RG_TRY_GOTO(rg_alloc(&dataset->input_deviation, n, sizeof(*deviation), "the inputs' deviations"));
    RG_TRY_GOTO(make_target(dataset, doubles, &target));
    memcpy(dataset->input_mean, mean, n * sizeof(*mean));
    memcpy(dataset->input_deviation, deviation, n * sizeof(*deviation));
    fill_target(dataset, &target, row);
    take_target(dataset, &target);
fail:
    rg_free(row);
    return status;
}
