/* One long sequence as parallel streams, for truncated BPTT that carries the state: see rnn_gpu/dataset.h. */
#include <string.h>

#include "base/sizes.h"
#include "data/readers.h"
#include "rnn_gpu/memory.h"

rg_status rg_dataset_unroll(struct rg_dataset *d) {
    RG_TRY(rg_dataset_load(d)); /* a place for every step would take as much memory */
    if (d->lengths != NULL) {
        rg_dataset_cut(d, (size_t)d->lengths[0], true);
    }
    rg_free(d->lengths); /* without padding, lengths mean nothing */
    d->lengths = NULL;
    d->n_sequences = d->n_steps;
    d->n_targets /= d->n_steps;
    d->n_steps = 1;
    return RG_OK;
}

/* The arrays of a data set that have an element for every step. */
enum { N_STEP_ARRAYS = 8 };
struct step_array {
    void *slot;   /* address of the pointer in the data set */
    void *values; /* what it points to, or NULL */
    size_t bytes; /* bytes of a step */
};

static void list_arrays(struct rg_dataset *d, struct step_array out[N_STEP_ARRAYS]) {
    const size_t inputs = d->kind == RG_INPUT_TOKEN ? 1 : d->n_features, targets = d->n_targets;
    const struct step_array all[N_STEP_ARRAYS] = {
        {&d->x_float, d->x_float, inputs * sizeof(*d->x_float)},
        {&d->x_double, d->x_double, inputs * sizeof(*d->x_double)},
        {&d->x_byte, d->x_byte, inputs},
        {&d->x_token, d->x_token, sizeof(*d->x_token)},
        {&d->x_raw, d->x_raw, inputs * rg_dtype_bytes(d->x_type)},
        {&d->y, d->y, targets * sizeof(*d->y)},
        {&d->y_double, d->y_double, targets * sizeof(*d->y_double)},
        {&d->y_raw, d->y_raw, targets * rg_dtype_bytes(d->y_type)},
    };

    memcpy(out, all, sizeof(all));
}

struct layout {
    size_t steps; /* total number of steps */
    size_t streams;
    size_t each; /* steps of a full stream */
    size_t window, n_windows;
};

/* Returns the number of steps in window `w` of stream `b`, and sets *first to the first one. */
static size_t window_steps(const struct layout *l, size_t w, size_t b, size_t *first) {
    const size_t end = rg_min((b + 1) * l->each, l->steps);

    *first = b * l->each + w * l->window;
    return *first >= end ? 0 : rg_min(end - *first, l->window);
}

/* Rearrange an array [steps] as [n_windows][streams][window], with zeros after the ends. */
static rg_status lay_out(const struct layout *l, const struct step_array *array) {
    char *values = NULL;
    const char *const from = array->values;

    RG_TRY(rg_alloc(&values, l->n_windows * l->streams * l->window, array->bytes, "the streams of the data"));
    for (size_t i = 0; i < l->n_windows * l->streams; i++) {
        size_t first = 0;
        const size_t n = window_steps(l, i / l->streams, i % l->streams, &first);

        if (n > 0) {
            memcpy(values + i * l->window * array->bytes, from + first * array->bytes, n * array->bytes);
        }
    }
    rg_free(array->values);
    memcpy(array->slot, &values, sizeof(values));
    return RG_OK;
}

rg_status rg_dataset_streams(struct rg_dataset *d, size_t streams, size_t window) {
    struct step_array arrays[N_STEP_ARRAYS];
    struct layout l = {.steps = d->n_sequences, .streams = streams, .window = window};
    bool ragged = false;

    l.each = (l.steps + streams - 1) / streams;
    l.n_windows = (l.each + window - 1) / window;
    RG_TRY(rg_alloc(&d->lengths, l.n_windows * streams, sizeof(*d->lengths), "lengths"));
    list_arrays(d, arrays);
    for (size_t i = 0; i < N_STEP_ARRAYS; i++) {
        if (arrays[i].values != NULL) {
            RG_TRY(lay_out(&l, &arrays[i]));
        }
    }
    for (size_t i = 0; i < l.n_windows * streams; i++) {
        size_t first = 0;

        d->lengths[i] = (int32_t)window_steps(&l, i / streams, i % streams, &first);
        ragged = ragged || (size_t)d->lengths[i] < window;
    }
    if (!ragged) {
        rg_free(d->lengths);
        d->lengths = NULL;
    }
    d->n_sequences = l.n_windows * streams;
    d->n_steps = window;
    d->n_targets *= window;
    d->pad_left = false;
    d->streams = streams;
    return RG_OK;
}
