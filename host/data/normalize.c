/* Mean and deviation of a data set's inputs: declared in rnn_gpu/dataset.h. */
#include <math.h>
#include <string.h>

#include "base/sizes.h"
#include "data/readers.h"
#include "rnn_gpu/memory.h"

enum { STEPS_TOGETHER = 4096 /* numbers of steps that are read at a time */ };

/* The valid steps of sequence `i`: [first, first + length). */
static size_t valid_steps(const struct rg_dataset *d, size_t i, size_t *first) {
    const size_t length = d->lengths != NULL ? (size_t)d->lengths[i] : d->n_steps;

    *first = d->pad_left ? d->n_steps - length : 0;
    return length;
}

/* Welford's sums (1962). `rows` [most][F] is working memory for the numbers of some steps. */
static rg_status add_up(const struct rg_dataset *d, double *rows, size_t most, double *mean, double *squares) {
    double count = 0.0;

    for (size_t i = 0; i < d->n_sequences; i++) {
        size_t first, length = valid_steps(d, i, &first);

        for (size_t n; length > 0; first += n, length -= n) {
            n = rg_min(length, most);
            RG_TRY(rg_dataset_steps(d, i * d->n_steps + first, n, rows));
            for (size_t k = 0; k < n; k++) {
                const double *const row = rows + k * d->n_features;

                count += 1.0;
                for (size_t f = 0; f < d->n_features; f++) {
                    const double before = row[f] - mean[f];

                    mean[f] += before / count;
                    squares[f] += before * (row[f] - mean[f]);
                }
            }
        }
    }
    for (size_t f = 0; f < d->n_features; f++) {
        squares[f] = count > 0.0 ? squares[f] / count : 0.0;
    }
    return rg_dataset_check_file(d);
}

rg_status rg_dataset_moments(const struct rg_dataset *dataset, double *mean, double *deviation) {
    const size_t n = dataset->n_features;
    const size_t most = STEPS_TOGETHER / n + 1;
    double *rows = NULL;

    RG_TRY(rg_alloc(&rows, most, n * sizeof(*rows), "the features of some steps"));
    memset(mean, 0, n * sizeof(*mean));
    memset(deviation, 0, n * sizeof(*deviation));
    const rg_status status = add_up(dataset, rows, most, mean, deviation);
    for (size_t f = 0; f < n; f++) {
        deviation[f] = deviation[f] > 0.0 ? sqrt(deviation[f]) : 1.0;
    }
    rg_free(rows);
    return status;
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

static rg_status fill_target(const struct rg_dataset *d, const struct target *t, double *row) {
    for (size_t i = 0; i < d->n_sequences; i++) {
        size_t first, length = valid_steps(d, i, &first);

        for (size_t step = i * d->n_steps + first; length-- > 0; step++) {
            RG_TRY(rg_dataset_steps(d, step, 1, row));
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
    return RG_OK;
}

/* Inputs that stay in their file are normalised where they are read, from now on. */
static void normalize_in_file(struct rg_dataset *d, bool doubles) {
    d->x_bytes = d->kind == RG_INPUT_BYTE;
    d->x_round = !doubles;
    d->kind = RG_INPUT_FLOAT;
}

rg_status rg_dataset_normalize(struct rg_dataset *dataset, const double *mean, const double *deviation, bool doubles) {
    const size_t n = dataset->n_features;
    struct target target;
    double *row = NULL;
    rg_status status = RG_OK;

    RG_TRY_GOTO(rg_alloc(&row, n, sizeof(*row), "the features of a step"));
    RG_TRY_GOTO(rg_alloc(&dataset->input_mean, n, sizeof(*mean), "the inputs' means"));
    RG_TRY_GOTO(rg_alloc(&dataset->input_deviation, n, sizeof(*deviation), "the inputs' deviations"));
    memcpy(dataset->input_mean, mean, n * sizeof(*mean));
    memcpy(dataset->input_deviation, deviation, n * sizeof(*deviation));
    if (dataset->x_file.numbers != NULL) {
        normalize_in_file(dataset, doubles);
    } else {
        RG_TRY_GOTO(make_target(dataset, doubles, &target));
        RG_TRY_GOTO(fill_target(dataset, &target, row));
        take_target(dataset, &target);
    }
cleanup:
    rg_free(row);
    return status;
}
