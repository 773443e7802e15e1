/* Splitting a data set by sequence: rg_dataset_split of rnn_gpu/dataset.h. */
#include <string.h>

#include "base/permutation.h"
#include "data/readers.h"
#include "data/stored.h"
#include "rnn_gpu/memory.h"

/* The arrays of a data set that have one row a sequence. */
enum { N_ROW_ARRAYS = 12 };
struct row_array {
    void *slot;   /* address of the pointer in the data set */
    void *values; /* what it points to, or NULL */
    size_t row_bytes;
};

static void list_arrays(struct rg_dataset *d, struct row_array out[N_ROW_ARRAYS]) {
    const size_t inputs = d->n_steps * (d->kind == RG_INPUT_TOKEN ? 1 : d->n_features);
    const struct row_array all[N_ROW_ARRAYS] = {
        {&d->x_float, d->x_float, inputs * sizeof(*d->x_float)},
        {&d->x_double, d->x_double, inputs * sizeof(*d->x_double)},
        {&d->x_byte, d->x_byte, inputs},
        {&d->x_token, d->x_token, inputs * sizeof(*d->x_token)},
        {&d->x_raw, d->x_raw, inputs * rg_dtype_bytes(d->x_type)},
        {&d->lengths, d->lengths, sizeof(*d->lengths)},
        {&d->y, d->y, d->n_targets * sizeof(*d->y)},
        {&d->y_double, d->y_double, d->n_targets * sizeof(*d->y_double)},
        {&d->y_raw, d->y_raw, d->n_targets * rg_dtype_bytes(d->y_type)},
        {&d->rows, d->rows, sizeof(*d->rows)},
        {&d->x_file.place, d->x_file.place, sizeof(*d->x_file.place)},
        {&d->y_file.place, d->y_file.place, sizeof(*d->y_file.place)},
    };

    memcpy(out, all, sizeof(all));
}

/* A split: `is_held` [n] marks the sequences that are moved out. */
struct move {
    const bool *is_held;
    size_t n;
};

/* Sort n rows of `bytes` bytes: rows that are moved out go to `held`, the others move up in `rows`. */
static void part_rows(const struct move *move, char *rows, char *held, size_t bytes) {
    char *kept = rows;

    for (size_t i = 0; i < move->n; i++) {
        char **const to = move->is_held[i] ? &held : &kept;

        memmove(*to, rows + i * bytes, bytes);
        *to += bytes;
    }
}

/* States are [n_states][N][width]: the rows of each state are split separately. */
static void part_states(const struct move *move, const struct rg_dataset *kept, const struct rg_dataset *held,
                        double *states, double *held_states) {
    const size_t width = kept->state_width, n_kept = move->n - held->n_sequences;

    for (size_t s = 0; states != NULL && s < kept->n_states; s++) {
        double *const from = states + s * move->n * width;

        part_rows(move, (char *)from, (char *)(held_states + s * held->n_sequences * width), width * sizeof(*states));
        memmove(states + s * n_kept * width, from, n_kept * width * sizeof(*states));
    }
}

/* *out = copies of the strings for which `is_wanted` is true; of all strings if it is NULL. */
static rg_status copy_strings(char *const *strings, size_t n, const bool *is_wanted, char ***out) {
    size_t count = 0, bytes = 0;

    *out = NULL;
    if (strings == NULL) {
        return RG_OK;
    }
    for (size_t i = 0; i < n; i++) {
        if (is_wanted == NULL || is_wanted[i]) {
            count++;
            bytes += strlen(strings[i]) + 1;
        }
    }
    RG_TRY(rg_strings_create(out, count, bytes, "names of a part of the data"));
    char *store = (char *)(*out + count);
    for (size_t i = 0, k = 0; i < n; i++) {
        if (is_wanted == NULL || is_wanted[i]) {
            const size_t length = strlen(strings[i]) + 1;

            (*out)[k++] = memcpy(store, strings[i], length);
            store += length;
        }
    }
    return RG_OK;
}

/* Create the data set for the sequences that are moved out, with copies of its names. */
static rg_status create_part(const struct move *move, struct rg_dataset *whole, struct rg_dataset *held) {
    struct row_array from[N_ROW_ARRAYS], to[N_ROW_ARRAYS];
    const size_t states = whole->n_states * held->n_sequences * whole->state_width;

    list_arrays(whole, from);
    list_arrays(held, to);
    for (size_t i = 0; i < N_ROW_ARRAYS; i++) {
        if (from[i].values != NULL) {
            RG_TRY(rg_alloc(to[i].slot, held->n_sequences, to[i].row_bytes, "a part of the data"));
        }
    }
    if (whole->h_0 != NULL) {
        RG_TRY(rg_alloc(&held->h_0, states, sizeof(*held->h_0), "states of a part of the data"));
    }
    if (whole->c_0 != NULL) {
        RG_TRY(rg_alloc(&held->c_0, states, sizeof(*held->c_0), "states of a part of the data"));
    }
    if (whole->x_order != NULL) {
        RG_TRY(rg_alloc(&held->x_order, whole->n_steps, sizeof(*held->x_order), "the order of the pixels"));
        memcpy(held->x_order, whole->x_order, whole->n_steps * sizeof(*held->x_order));
    }
    RG_TRY(copy_strings(whole->texts, move->n, move->is_held, &held->texts));
    RG_TRY(copy_strings(whole->names, move->n, move->is_held, &held->names));
    RG_TRY(copy_strings(whole->vocabulary, whole->n_features, NULL, &held->vocabulary));
    RG_TRY(copy_strings(whole->features, whole->n_features, NULL, &held->features));
    RG_TRY(copy_strings(whole->targets, whole->n_target_names, NULL, &held->targets));
    return copy_strings(whole->classes, whole->n_classes, NULL, &held->classes);
}

static void part_all(const struct move *move, struct rg_dataset *kept, struct rg_dataset *held) {
    struct row_array from[N_ROW_ARRAYS], to[N_ROW_ARRAYS];
    size_t k = 0;

    list_arrays(kept, from);
    list_arrays(held, to);
    for (size_t i = 0; i < N_ROW_ARRAYS; i++) {
        if (from[i].values != NULL) {
            part_rows(move, from[i].values, to[i].values, from[i].row_bytes);
        }
    }
    part_states(move, kept, held, kept->h_0, held->h_0);
    part_states(move, kept, held, kept->c_0, held->c_0);
    for (size_t i = 0; kept->texts != NULL && i < move->n; i++) {
        if (!move->is_held[i]) {
            kept->texts[k++] = kept->texts[i];
        }
    }
    k = 0;
    for (size_t i = 0; kept->names != NULL && i < move->n; i++) {
        if (!move->is_held[i]) {
            kept->names[k++] = kept->names[i];
        }
    }
    kept->n_sequences -= held->n_sequences;
}

/* Create an empty data set with everything that two parts of one file share. */
static rg_status create_like(const struct rg_dataset *whole, size_t n, struct rg_dataset **out) {
    RG_TRY(rg_dataset_create(whole->path, out));
    struct rg_dataset *const held = *out;
    char *const path = held->path;

    *held = *whole;
    held->path = path;
    held->n_sequences = n;
    held->x_float = held->y = NULL;
    held->x_double = held->y_double = held->h_0 = held->c_0 = held->input_fill = held->input_mean =
        held->input_deviation = NULL;
    held->x_byte = NULL;
    held->x_token = held->lengths = NULL;
    held->x_raw = held->y_raw = NULL;
    held->x_file.numbers = rg_stored_share(whole->x_file.numbers);
    held->y_file.numbers = rg_stored_share(whole->y_file.numbers);
    held->x_file.place = held->y_file.place = NULL;
    held->x_order = NULL;
    held->rows = NULL;
    held->names = held->texts = held->vocabulary = held->features = held->classes = held->targets = NULL;
    return RG_OK;
}

static rg_status mark_held(const struct rg_split *split, size_t n, bool *is_held) {
    uint32_t *order = NULL;

    RG_TRY(rg_alloc(&order, n, sizeof(*order), "the order of a split"));
    for (size_t i = 0; i < n; i++) {
        order[i] = (uint32_t)i;
    }
    if (!split->in_order) {
        rg_permute(order, n, split->seed, 0, RG_ORDER_SPLIT);
    }
    for (size_t i = split->first; i < split->first + split->count; i++) {
        is_held[order[i]] = true;
    }
    rg_free(order);
    return RG_OK;
}

rg_status rg_dataset_split(struct rg_dataset *dataset, const struct rg_split *split, struct rg_dataset **out) {
    struct rg_dataset *held = NULL;
    bool *is_held = NULL;
    rg_status status = RG_OK;

    *out = NULL;
    RG_TRY(rg_alloc(&is_held, dataset->n_sequences, sizeof(*is_held), "the sequences of a split"));
    const struct move move = {.is_held = is_held, .n = dataset->n_sequences};
    RG_TRY_GOTO(mark_held(split, move.n, is_held));
    RG_TRY_GOTO(create_like(dataset, split->count, &held));
    RG_TRY_GOTO(create_part(&move, dataset, held));
    part_all(&move, dataset, held);
    *out = held;
    held = NULL;
cleanup:
    rg_dataset_destroy(held);
    rg_free(is_held);
    return status;
}
