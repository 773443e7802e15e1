/* Missing values of inputs: rg_dataset_fill_previous, rg_dataset_fill_means and rg_dataset_fill of rnn_gpu/dataset.h.
 */
#include <math.h>
#include <string.h>

#include "data/readers.h"
#include "rnn_gpu/memory.h"

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

/* Only x_float and x_double can have missing numbers. */
static bool may_miss(const struct rg_dataset *d) {
    return d->x_float != NULL || d->x_double != NULL;
}

void rg_dataset_fill_previous(struct rg_dataset *d) {
    for (size_t i = 0; may_miss(d) && i < d->n_sequences; i++) {
        size_t first, length = valid_steps(d, i, &first);

        for (size_t at = (first + 1) * d->n_features; length > 1 && at < (first + length) * d->n_features; at++) {
            if (isnan(number_at(d, at))) {
                set_number(d, at, number_at(d, at - d->n_features));
            }
        }
    }
}

/* RG_BAD_FILE for a column without any number. */
static rg_status refuse_column(const struct rg_dataset *d, size_t f) {
    if (d->features != NULL) {
        return rg_fail(RG_BAD_FILE, "%s: the column `%s` has no value in the training data; leave it out", d->path,
                       rg_excerpt(d->features[f], strlen(d->features[f])).text);
    }
    return rg_fail(RG_BAD_FILE, "%s: feature %zu has no value in the training data; leave it out", d->path, f + 1);
}

rg_status rg_dataset_fill_means(const struct rg_dataset *d, double *means) {
    for (size_t f = 0; f < d->n_features; f++) {
        long double n = 0.0L, sum = 0.0L; /* long double, so that a sum of many large numbers does not overflow */

        for (size_t i = 0; may_miss(d) && i < d->n_sequences; i++) {
            size_t first, length = valid_steps(d, i, &first);

            for (size_t step = first; step < first + length; step++) {
                const double value = number_at(d, step * d->n_features + f);

                if (!isnan(value)) {
                    n += 1.0L;
                    sum += value;
                }
            }
        }
        if (may_miss(d) && n == 0.0L) {
            return refuse_column(d, f);
        }
        means[f] = n > 0.0L ? (double)(sum / n) : 0.0;
    }
    return RG_OK;
}

rg_status rg_dataset_fill(struct rg_dataset *d, const double *values, bool previous, size_t *filled) {
    const size_t n = d->n_features;

    RG_TRY(rg_alloc(&d->input_fill, n, sizeof(*values), "what missing values are"));
    memcpy(d->input_fill, values, n * sizeof(*values));
    d->fill_previous = previous;
    for (size_t i = 0; may_miss(d) && i < d->n_sequences; i++) {
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
