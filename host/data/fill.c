/* Missing values of inputs: rg_dataset_fill_previous, rg_dataset_fill_means and rg_dataset_fill of rnn_gpu/dataset.h.
 */
#include <math.h>
#include <string.h>

#include "base/sizes.h"
#include "data/readers.h"
#include "data/stored.h"
#include "rnn_gpu/memory.h"

enum { STEPS_TOGETHER = 4096 /* numbers of steps that are read at a time */ };

/* Returns the number of valid steps of sequence `i`, and sets *first to the first one. */
static size_t valid_steps(const struct rg_dataset *d, size_t i, size_t *first) {
    const size_t length = d->lengths != NULL ? (size_t)d->lengths[i] : d->n_steps;

    *first = i * d->n_steps + (d->pad_left ? d->n_steps - length : 0);
    return length;
}

static double number_at(const struct rg_dataset *d, size_t at) {
    return d->x_double != NULL ? d->x_double[at] : (double)d->x_float[at];
}

static void set_number(struct rg_dataset *d, size_t at, double value) {
    if (d->x_double != NULL) {
        d->x_double[at] = value;
    } else {
        d->x_float[at] = (float)value;
    }
}

/* Only floats and doubles can be missing. Those in a file are filled where they are read. */
static bool can_set(const struct rg_dataset *d) {
    return d->x_float != NULL || d->x_double != NULL;
}

static bool may_miss(const struct rg_dataset *d) {
    return can_set(d) || (d->x_file.numbers != NULL &&
                          (rg_stored_type(d->x_file.numbers) == RG_F32 || rg_stored_type(d->x_file.numbers) == RG_F64));
}

rg_status rg_dataset_fill_previous(struct rg_dataset *d) {
    RG_TRY(rg_dataset_load(d));
    for (size_t i = 0; can_set(d) && i < d->n_sequences; i++) {
        size_t first, length = valid_steps(d, i, &first);

        for (size_t at = (first + 1) * d->n_features; length > 1 && at < (first + length) * d->n_features; at++) {
            if (isnan(number_at(d, at))) {
                set_number(d, at, number_at(d, at - d->n_features));
            }
        }
    }
    return RG_OK;
}

/* RG_BAD_FILE for a column without any number. */
static rg_status refuse_column(const struct rg_dataset *d, size_t f) {
    if (d->features != NULL) {
        return rg_fail(RG_BAD_FILE, "%s: the column `%s` has no value in the training data; leave it out", d->path,
                       rg_excerpt(d->features[f], strlen(d->features[f])).text);
    }
    return rg_fail(RG_BAD_FILE, "%s: feature %zu has no value in the training data; leave it out", d->path, f + 1);
}

/* long double, so that a sum of many large numbers does not overflow */
struct sum {
    long double n, total;
};

static rg_status add_steps(const struct rg_dataset *d, double *steps, size_t most, struct sum *sums) {
    for (size_t i = 0; i < d->n_sequences; i++) {
        size_t first, length = valid_steps(d, i, &first);

        for (size_t n; length > 0; first += n, length -= n) {
            n = rg_min(length, most);
            RG_TRY(rg_dataset_steps(d, first, n, steps));
            for (size_t at = 0; at < n * d->n_features; at++) {
                if (!isnan(steps[at])) {
                    sums[at % d->n_features].n += 1.0L;
                    sums[at % d->n_features].total += steps[at];
                }
            }
        }
    }
    return RG_OK;
}

rg_status rg_dataset_fill_means(const struct rg_dataset *d, double *means) {
    const size_t most = STEPS_TOGETHER / d->n_features + 1;
    struct sum *sums = NULL;
    double *steps = NULL;
    rg_status status = RG_OK;

    RG_TRY_GOTO(rg_alloc(&sums, d->n_features, sizeof(*sums), "sums of columns"));
    RG_TRY_GOTO(rg_alloc(&steps, most, d->n_features * sizeof(*steps), "some steps"));
    if (may_miss(d)) {
        RG_TRY_GOTO(add_steps(d, steps, most, sums));
    }
    for (size_t f = 0; f < d->n_features; f++) {
        if (may_miss(d) && sums[f].n == 0.0L) {
            RG_TRY_GOTO(refuse_column(d, f));
        }
        means[f] = sums[f].n > 0.0L ? (double)(sums[f].total / sums[f].n) : 0.0;
    }
cleanup:
    rg_free(sums);
    rg_free(steps);
    return status;
}

rg_status rg_dataset_fill(struct rg_dataset *d, const double *values, bool previous, size_t *filled) {
    const size_t n = d->n_features;

    RG_TRY(rg_alloc(&d->input_fill, n, sizeof(*values), "what missing values are"));
    memcpy(d->input_fill, values, n * sizeof(*values));
    d->fill_previous = previous;
    for (size_t i = 0; can_set(d) && i < d->n_sequences; i++) {
        size_t first, length = valid_steps(d, i, &first);

        for (size_t at = first * n; at < (first + length) * n; at++) {
            if (isnan(number_at(d, at))) {
                set_number(d, at, values[at % n]);
                ++*filled;
            }
        }
    }
    return RG_OK;
}
