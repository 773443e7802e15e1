/* Data sets in npz and npy files: tensors x, y, lengths, h_0 and c_0.
 *
 * Padding is everything after the end of a sequence, or before its start if it is padded on the left. It is not
 * checked, and becomes 0. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "data/readers.h"
#include "data/stored.h"
#include "files/files.h"
#include "files/listed_name.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"

enum { CHUNK = 4096 };

struct shape_text {
    char text[RG_MAX_DIMS * 22 + 3];
};

static struct shape_text shape_text(const struct rg_tensor *tensor) {
    struct shape_text out = {"["};
    size_t n = 1;

    for (size_t i = 0; i < tensor->n_dims; i++) {
        n += (size_t)snprintf(out.text + n, sizeof(out.text) - n, "%s%zu", i > 0 ? "," : "", tensor->shape[i]);
    }
    memcpy(out.text + n, "]", 2);
    return out;
}

static bool is_float(const struct rg_tensor *tensor) {
    enum rg_dtype t = tensor->dtype;

    return t == RG_F16 || t == RG_BF16 || t == RG_F32 || t == RG_F64;
}

/* A one-dimensional tensor of `count` elements from element `first` on. */
static struct rg_tensor part(const struct rg_tensor *tensor, size_t first, size_t count) {
    struct rg_tensor out = *tensor;
    size_t size = rg_dtype_bytes(tensor->dtype);

    out.n_dims = 1;
    out.shape[0] = count;
    out.data = (const char *)tensor->data + first * size;
    out.data_bytes = count * size;
    return out;
}

/* The indices of an element, for a message. */
static struct shape_text index_text(const struct rg_tensor *tensor, size_t element) {
    struct rg_tensor index = *tensor;

    for (size_t i = tensor->n_dims; i-- > 0;) {
        index.shape[i] = element % tensor->shape[i];
        element /= tensor->shape[i];
    }
    return shape_text(&index);
}

/* A tensor on its way into the data set. */
struct reading {
    struct rg_tensors *tensors;
    struct rg_dataset *data;
    const struct rg_tensor *tensor;
    bool doubles;  /* the run computes in doubles */
    bool missing;  /* NaN means a missing number */
    bool may_fill; /* the run could be given --fill; for messages */
};

/* Where the tensor's data begin in the file. */
static size_t offset_of(const struct reading *r) {
    return r->tensors->offsets[r->tensor - r->tensors->items];
}

/* *piece = `n` elements from element `first` on, at most CHUNK. `room` takes them if they are still in the file. */
static rg_status take_piece(const struct reading *r, size_t first, size_t n, double room[CHUNK],
                            struct rg_tensor *piece) {
    *piece = part(r->tensor, first, n);
    if (r->tensor->data != NULL) {
        return RG_OK;
    }
    piece->data = room;
    return rg_source_read_at(r->tensors->file, offset_of(r) + first * rg_dtype_bytes(r->tensor->dtype), room,
                             piece->data_bytes);
}

static rg_status check_finite(const struct reading *r, size_t first, size_t count) {
    double values[CHUNK], room[CHUNK];
    struct rg_tensor piece;

    if (r->tensors->finite != NULL && r->tensors->finite[r->tensor - r->tensors->items]) {
        return RG_OK;
    }
    for (size_t end = first + count; is_float(r->tensor) && first < end; first += CHUNK) {
        const size_t n = rg_min(end - first, CHUNK);

        RG_TRY(take_piece(r, first, n, room, &piece));
        if (piece.dtype == RG_F32 && rg_floats_are_finite(piece.data, n)) {
            continue;
        }
        rg_tensor_to_double(&piece, values);
        for (size_t i = 0; i < n; i++) {
            if (!(r->doubles ? isfinite(values[i]) : isfinite((float)values[i])) && !(r->missing && isnan(values[i]))) {
                return rg_fail(RG_BAD_FILE, "%s: tensor `%s`: element %s is not finite%s (%g)%s", r->data->path,
                               r->tensor->name, index_text(r->tensor, first + i).text,
                               isfinite(values[i]) ? " as a float; --precision double takes it" : "", values[i],
                               r->may_fill && isnan(values[i]) ? "; --fill gives it a value" : "");
            }
        }
    }
    return RG_OK;
}

/* Round doubles to floats, in place. */
static void narrow(void *values, size_t n) {
    char *const bytes = values;

    for (size_t i = 0; i < n; i++) { /* a float overwrites only doubles that were already read */
        double value;
        float rounded;

        memcpy(&value, bytes + i * sizeof(value), sizeof(value));
        rounded = (float)value;
        memcpy(bytes + i * sizeof(rounded), &rounded, sizeof(rounded));
    }
}

/* Did the tensor's data stay in the file? */
static bool is_in_file(const struct rg_tensors *tensors, const struct rg_tensor *tensor) {
    return tensor->data == NULL && tensors->offsets != NULL && tensors->offsets[tensor - tensors->items] > 0;
}

/* Leave x or y in the file, blocks of `block` numbers a sequence. */
static rg_status leave(const struct reading *r, size_t block, struct rg_in_file *what) {
    struct rg_stored *numbers = NULL;

    what->narrow = r->tensor->dtype == RG_F64 && !r->doubles;
    RG_TRY(rg_stored_open(r->tensors->file, offset_of(r), r->tensor->dtype, rg_tensor_elements(r->tensor), &numbers));
    return rg_dataset_leave(r->data, what, numbers, block);
}

/* Numbers of a tensor in memory: one of the three is not NULL. */
struct numbers {
    float *floats;
    double *doubles;
    void *raw; /* of another type, unchanged */
    enum rg_dtype type;
};

/* Take over the tensor's numbers. Doubles become floats unless they are asked for. */
static rg_status take_numbers(const struct reading *r, struct numbers *numbers) {
    const enum rg_dtype type = r->tensor->dtype;
    const bool narrows = type == RG_F64 && !r->doubles;
    void *values = NULL;

    *numbers = (struct numbers){.type = type};
    RG_TRY(rg_tensors_take(r->tensors, r->tensor->name, &values));
    if (narrows) {
        narrow(values, rg_tensor_elements(r->tensor));
    }
    if (type == RG_F32 || narrows) {
        numbers->floats = values;
    } else if (type == RG_F64) {
        numbers->doubles = values;
    } else {
        numbers->raw = values;
    }
    return RG_OK;
}

static size_t length_of(const struct rg_dataset *data, size_t sequence) {
    return data->lengths != NULL ? (size_t)data->lengths[sequence] : data->n_steps;
}

/* The first valid step of a sequence. */
static size_t start_of(const struct rg_dataset *data, size_t sequence) {
    return data->pad_left ? data->n_steps - length_of(data, sequence) : 0;
}

/* Check the valid steps of every sequence, `width` numbers each. */
static rg_status check_rows(const struct reading *r, size_t width) {
    if (r->data->lengths == NULL) {
        return check_finite(r, 0, r->data->n_sequences * r->data->n_steps * width);
    }
    for (size_t i = 0; i < r->data->n_sequences; i++) {
        RG_TRY(check_finite(r, (i * r->data->n_steps + start_of(r->data, i)) * width, length_of(r->data, i) * width));
    }
    return RG_OK;
}

/* Write zeros into the padding of inputs, `size` bytes a step. */
static void clear_padding(const struct rg_dataset *data, void *values, size_t size) {
    for (size_t i = 0; data->lengths != NULL && i < data->n_sequences; i++) {
        char *row = (char *)values + i * data->n_steps * size;
        size_t used = length_of(data, i), start = start_of(data, i);

        memset(row, 0, start * size);
        memset(row + (start + used) * size, 0, (data->n_steps - start - used) * size);
    }
}

static rg_status read_numbers(struct rg_tensors *tensors, const struct rg_tensor *x,
                              const struct rg_dataset_options *options, struct rg_dataset *data) {
    const bool doubles = options->doubles, wide = x->dtype == RG_F32 || x->dtype == RG_F64;
    const struct reading reading = {tensors, data, x, doubles, options->missing && wide, options->may_fill && wide};

    data->kind = RG_INPUT_FLOAT;
    RG_TRY(check_rows(&reading, data->n_features));
    if (is_in_file(tensors, x)) {
        return leave(&reading, data->n_steps * data->n_features, &data->x_file);
    }
    struct numbers numbers;
    RG_TRY(take_numbers(&reading, &numbers));
    data->x_float = numbers.floats;
    data->x_double = numbers.doubles;
    data->x_raw = numbers.raw;
    data->x_type = numbers.type;
    void *const values = numbers.floats != NULL    ? (void *)numbers.floats
                         : numbers.doubles != NULL ? (void *)numbers.doubles
                                                   : numbers.raw;
    clear_padding(data, values, data->n_features * (data->x_float != NULL ? sizeof(float) : rg_dtype_bytes(x->dtype)));
    return RG_OK;
}

/* Check the word numbers, and set n_features from the largest. */
static rg_status check_tokens(const struct reading *r) {
    const struct rg_tensor *const x = r->tensor;
    struct rg_dataset *const data = r->data;
    const size_t n = rg_tensor_elements(x);
    int64_t values[CHUNK];
    int64_t largest = 0;
    double room[CHUNK];
    struct rg_tensor piece;

    for (size_t first = 0; first < n; first += CHUNK) {
        RG_TRY(take_piece(r, first, rg_min(n - first, CHUNK), room, &piece));
        RG_TRY(rg_tensor_to_int64(&piece, values));
        for (size_t i = 0; i < piece.shape[0]; i++) {
            size_t at = first + i, sequence = at / data->n_steps, start = start_of(data, sequence);

            if (at % data->n_steps < start || at % data->n_steps - start >= length_of(data, sequence)) {
                continue;
            }
            if (values[i] < 0 || values[i] >= INT32_MAX) {
                return rg_fail(RG_BAD_FILE, "%s: tensor `%s`: token %s is %lld; 0 to %d was expected", data->path,
                               x->name, index_text(x, at).text, (long long)values[i], INT32_MAX - 1);
            }
            largest = values[i] > largest ? values[i] : largest;
        }
    }
    data->n_features = (size_t)largest + 1;
    return RG_OK;
}

static rg_status read_tokens(struct rg_tensors *tensors, const struct rg_tensor *x, struct rg_dataset *data) {
    const size_t n = rg_tensor_elements(x), size = rg_dtype_bytes(x->dtype);
    const struct reading reading = {.tensors = tensors, .data = data, .tensor = x, .doubles = true};
    void *words = NULL;
    char *bytes;

    data->kind = RG_INPUT_TOKEN;
    RG_TRY(check_tokens(&reading));
    if (is_in_file(tensors, x)) {
        return leave(&reading, data->n_steps, &data->x_file);
    }
    RG_TRY(rg_tensors_take(tensors, x->name, &words));
    clear_padding(data, words, size);
    if (size < sizeof(*data->x_token)) {
        data->x_raw = words;
        data->x_type = x->dtype;
        return RG_OK;
    }
    data->x_token = words;
    bytes = words;
    for (size_t i = 0; i < n; i++) { /* little-endian and below 2^31: the first four bytes are the number */
        memmove(bytes + i * sizeof(*data->x_token), bytes + i * size, sizeof(*data->x_token));
    }
    return RG_OK;
}

/* Free `lengths` and set it to NULL if every sequence has n_steps steps. */
static void drop_equal_lengths(struct rg_dataset *data) {
    for (size_t i = 0; i < data->n_sequences; i++) {
        if ((size_t)data->lengths[i] != data->n_steps) {
            return;
        }
    }
    rg_free(data->lengths);
    data->lengths = NULL;
}

static rg_status read_lengths(const struct rg_tensor *lengths, const struct rg_tensor *x, struct rg_dataset *data) {
    int64_t values[CHUNK];

    if (is_float(lengths) || lengths->dtype == RG_BOOL || lengths->n_dims != 1 ||
        lengths->shape[0] != data->n_sequences) {
        return rg_fail(RG_BAD_FILE, "%s: tensor `lengths` is %s %s; with `%s` %s, integer [%zu] was expected",
                       data->path, rg_dtype_name(lengths->dtype), shape_text(lengths).text, x->name, shape_text(x).text,
                       data->n_sequences);
    }
    RG_TRY(rg_alloc(&data->lengths, data->n_sequences, sizeof(*data->lengths), "lengths"));
    for (size_t first = 0; first < data->n_sequences; first += CHUNK) {
        size_t left = data->n_sequences - first;
        struct rg_tensor piece = part(lengths, first, rg_min(left, CHUNK));

        RG_TRY(rg_tensor_to_int64(&piece, values));
        for (size_t i = 0; i < piece.shape[0]; i++) {
            if (values[i] < 0 || (uint64_t)values[i] > data->n_steps) {
                return rg_fail(RG_BAD_FILE,
                               "%s: tensor `lengths`: element [%zu] is %lld; with `%s` %s, 0 to %zu was "
                               "expected",
                               data->path, first + i, (long long)values[i], x->name, shape_text(x).text, data->n_steps);
            }
            data->lengths[first + i] = (int32_t)values[i];
        }
    }
    drop_equal_lengths(data);
    return RG_OK;
}

static rg_status read_y(struct rg_tensors *tensors, const struct rg_tensor *y, const struct rg_tensor *x,
                        const struct rg_dataset_options *options, struct rg_dataset *data) {
    size_t n = rg_tensor_elements(y);

    if (y->n_dims < 1 || y->n_dims > 3 || y->shape[0] != data->n_sequences || n == 0 ||
        (y->n_dims == 3 && y->shape[1] != data->n_steps)) {
        return rg_fail(RG_BAD_FILE,
                       "%s: tensor `y` is %s; with `%s` %s, [%zu], [%zu,outputs], [%zu,%zu] or [%zu,%zu,outputs] was "
                       "expected",
                       data->path, shape_text(y).text, x->name, shape_text(x).text, data->n_sequences,
                       data->n_sequences, data->n_sequences, data->n_steps, data->n_sequences, data->n_steps);
    }
    const struct reading reading = {tensors, data, y, options->doubles, true, false};
    data->n_targets = n / data->n_sequences;
    data->label_kind = is_float(y) ? RG_LABELS_VALUES : RG_LABELS_CLASSES;
    /* the shape means targets for every step: their padding is not checked */
    if (data->lengths != NULL && y->n_dims > 1 && y->shape[1] == data->n_steps) {
        RG_TRY(check_rows(&reading, data->n_targets / data->n_steps));
    } else {
        RG_TRY(check_finite(&reading, 0, n));
    }
    if (is_in_file(tensors, y)) {
        return leave(&reading, data->n_targets, &data->y_file);
    }
    struct numbers numbers;
    RG_TRY(take_numbers(&reading, &numbers));
    data->y = numbers.floats;
    data->y_double = numbers.doubles;
    data->y_raw = numbers.raw;
    data->y_type = numbers.type;
    return RG_OK;
}

/* Read h_0 or c_0, [layers*directions,sequences,hidden] as in PyTorch; the first dimension may be absent if it is 1.
 * The second of the two must have the shape of the first. */
static rg_status read_states(const struct reading *r, const struct rg_tensor *x, double **out) {
    const struct rg_tensor *const states = r->tensor;
    struct rg_dataset *const data = r->data;
    const bool flat = states->n_dims == 2;
    const size_t n = rg_tensor_elements(states), first = flat ? 0 : 1;

    if ((!flat && states->n_dims != 3) || !is_float(states) || n == 0 || states->shape[first] != data->n_sequences) {
        return rg_fail(RG_BAD_FILE,
                       "%s: tensor `%s` is %s %s; with `%s` %s, float [layers*directions,%zu,hidden] was expected",
                       data->path, states->name, rg_dtype_name(states->dtype), shape_text(states).text, x->name,
                       shape_text(x).text, data->n_sequences);
    }
    if (data->n_states != 0 && (n != data->n_states * data->n_sequences * data->state_width ||
                                states->shape[first + 1] != data->state_width || flat != data->flat_states)) {
        return rg_fail(RG_BAD_FILE, "%s: tensor `%s` is %s; the shape of `h_0` was expected", data->path, states->name,
                       shape_text(states).text);
    }
    data->flat_states = flat;
    data->n_states = flat ? 1 : states->shape[0];
    data->state_width = states->shape[first + 1];
    RG_TRY(check_finite(r, 0, n));
    RG_TRY(rg_alloc(out, n, sizeof(**out), states->name));
    rg_tensor_to_double(states, *out);
    for (size_t i = 0; !r->doubles && i < n; i++) {
        (*out)[i] = (double)(float)(*out)[i];
    }
    return RG_OK;
}

/* Set the sizes of the data set from x. */
static rg_status take_shape(const struct rg_tensor *x, struct rg_dataset *data) {
    const bool fits = x->n_dims == 2 || x->n_dims == 3;

    if (!fits) {
        return rg_fail(RG_BAD_FILE,
                       "%s: tensor `%s` is %s %s; numbers [sequences,steps,features], floats [sequences,steps] or "
                       "whole numbers of words [sequences,steps] were expected",
                       data->path, x->name, rg_dtype_name(x->dtype), shape_text(x).text);
    }
    if (rg_tensor_elements(x) == 0) {
        return rg_fail(RG_BAD_FILE, "%s: tensor `%s` %s is empty; sizes of at least 1 were expected", data->path,
                       x->name, shape_text(x).text);
    }
    data->n_sequences = x->shape[0];
    data->n_steps = x->shape[1];
    data->n_features = x->n_dims == 3 ? x->shape[2] : 1;
    return rg_dataset_check_padding(data, data->n_sequences * data->n_steps);
}

/* List the names of members that are not used, for a notice. */
static void note_unused(const struct rg_tensors *tensors, struct rg_dataset *data) {
    size_t length = 0;

    for (size_t i = 0; i < tensors->count; i++) {
        const size_t room = sizeof(data->unused) - length;

        if (tensors->items[i].data != NULL || is_in_file(tensors, &tensors->items[i])) {
            continue;
        }
        const char *const name = tensors->items[i].name;
        char listed[RG_LISTED_BYTES];
        const bool fits = strlen(name) + 10 < room;
        length += (size_t)snprintf(data->unused + length, room, "%s%s", length > 0 ? ", " : "",
                                   fits ? rg_listed_name(rg_excerpt(name, strlen(name)).text, RG_LISTED_BYTES, listed)
                                        : "...");
        if (!fits) {
            return;
        }
    }
}

/* [steps] or [steps, features] becomes [1, steps, features]. */
static void one_series(struct rg_tensor *tensor) {
    tensor->shape[2] = tensor->n_dims == 2 ? tensor->shape[1] : 1;
    tensor->shape[1] = tensor->shape[0];
    tensor->shape[0] = 1;
    tensor->n_dims = 3;
}

/* Turn one long series, [steps] or [steps, features], into an array of one series, [1, steps, features]. Its labels,
 * [steps] or [steps, outputs], are treated likewise. Whole numbers are numbers here, never words. */
static void shape_series(struct rg_tensors *tensors) {
    struct rg_tensor *x = NULL, *y = NULL;

    for (size_t i = 0; i < tensors->count; i++) {
        struct rg_tensor *const item = &tensors->items[i];
        const bool is_x = strcmp(item->name, "x") == 0 || (tensors->count == 1 && strcmp(item->name, "data") == 0);

        x = is_x ? item : x;
        y = strcmp(item->name, "y") == 0 ? item : y;
    }
    const bool one = x != NULL && (x->n_dims == 1 || x->n_dims == 2);
    if (one && y != NULL && (y->n_dims == 1 || y->n_dims == 2)) {
        one_series(y);
    }
    if (one) {
        one_series(x);
    }
}

/* Read the data of small tensors that stayed in the file after all. */
static rg_status bring(struct rg_tensors *tensors, const char *name) {
    for (size_t i = 0; i < tensors->count; i++) {
        struct rg_tensor *const item = &tensors->items[i];
        void *values = NULL;

        if (strcmp(item->name, name) == 0 && is_in_file(tensors, item)) {
            RG_TRY(rg_tensors_hold_unset(tensors, item->data_bytes, name, &values));
            RG_TRY(rg_source_read_at(tensors->file, tensors->offsets[i], values, item->data_bytes));
            item->data = values;
        }
    }
    return RG_OK;
}

/* Find x, or the only tensor of an npy file. */
static rg_status find_inputs(const struct rg_tensors *tensors, const struct rg_dataset *data,
                             const struct rg_tensor **out) {
    const struct rg_tensor *const x = rg_tensors_find(tensors, "x");

    *out = x == NULL && tensors->count == 1 ? rg_tensors_find(tensors, "data") : x;
    if (*out == NULL || ((*out)->data == NULL && !is_in_file(tensors, *out))) {
        return rg_fail(RG_BAD_FILE,
                       "%s: no tensor `x` among the %zu in the file; x and, optional, y and lengths were "
                       "expected",
                       data->path, tensors->count);
    }
    return RG_OK;
}

static rg_status read_initial_states(struct rg_tensors *tensors, const struct rg_tensor *x,
                                     const struct rg_dataset_options *options, struct rg_dataset *data) {
    struct reading reading = {.tensors = tensors, .data = data, .doubles = options->doubles};

    reading.tensor = rg_tensors_find(tensors, "h_0");
    RG_TRY(reading.tensor != NULL ? read_states(&reading, x, &data->h_0) : RG_OK);
    reading.tensor = rg_tensors_find(tensors, "c_0");
    return reading.tensor != NULL ? read_states(&reading, x, &data->c_0) : RG_OK;
}

/* Check that a series which will be cut into windows has labels at every step, and no states. */
static rg_status check_series(const struct rg_tensor *x, const struct rg_tensor *y, const struct rg_dataset *data) {
    if (y != NULL && (y->n_dims < 2 || y->shape[1] != data->n_steps)) {
        return rg_fail(RG_BAD_FILE, "%s: tensor `y` is %s; with windows a label for every step of `%s` %s was expected",
                       data->path, shape_text(y).text, x->name, shape_text(x).text);
    }
    if (data->h_0 != NULL || data->c_0 != NULL) {
        return rg_fail(RG_BAD_FILE, "%s: `%s` is for whole sequences, and windows begin with zeros; leave it out",
                       data->path, data->h_0 != NULL ? "h_0" : "c_0");
    }
    return RG_OK;
}

static rg_status take_tensors(struct rg_tensors *tensors, const struct rg_dataset_options *options,
                              struct rg_dataset *data) {
    static const char *const small[] = {"lengths", "h_0", "c_0"};
    const struct rg_tensor *x = NULL;

    for (size_t i = 0; i < sizeof(small) / sizeof(*small); i++) {
        RG_TRY(bring(tensors, small[i]));
    }
    if (options->series) {
        shape_series(tensors);
    }
    RG_TRY(find_inputs(tensors, data, &x));
    const struct rg_tensor *const y = rg_tensors_find(tensors, "y");
    const struct rg_tensor *const lengths = rg_tensors_find(tensors, "lengths");
    note_unused(tensors, data);
    RG_TRY(take_shape(x, data));
    if (lengths != NULL) {
        RG_TRY(read_lengths(lengths, x, data));
    }
    RG_TRY(read_initial_states(tensors, x, options, data));
    if (options->series) {
        RG_TRY(check_series(x, y, data));
    }
    if (y != NULL) {
        RG_TRY(read_y(tensors, y, x, options, data));
    }
    return x->n_dims == 2 && !is_float(x) && x->dtype != RG_BOOL ? read_tokens(tensors, x, data)
                                                                 : read_numbers(tensors, x, options, data);
}

/* Copy the arrays into blocks of their own, which the data set takes over. */
static rg_status copy_arrays(const struct rg_arrays *arrays, struct rg_tensors *tensors) {
    for (size_t i = 0; i < arrays->count; i++) {
        void *copy = NULL;

        RG_TRY(rg_tensors_hold(tensors, arrays->items[i].data_bytes, "the data set", &copy));
        memcpy(copy, arrays->items[i].data, arrays->items[i].data_bytes);
        tensors->items[i] = arrays->items[i];
        tensors->items[i].data = copy;
    }
    tensors->separate = true;
    return RG_OK;
}

rg_status rg_dataset_of_arrays(const struct rg_arrays *arrays, const char *name, const struct rg_dataset_options *given,
                               struct rg_dataset **out) {
    struct rg_tensors *tensors = NULL;
    rg_status status = RG_OK;

    *out = NULL;
    RG_TRY(rg_tensors_create(&tensors, arrays->count));
    RG_TRY_GOTO(copy_arrays(arrays, tensors));
    RG_TRY_GOTO(rg_dataset_create(name, out));
    (*out)->pad_left = given->pad_left;
    RG_TRY_GOTO(take_tensors(tensors, given, *out));
    rg_tensors_destroy(tensors);
    return RG_OK;
cleanup:
    rg_tensors_destroy(tensors);
    rg_dataset_destroy(*out);
    *out = NULL;
    return status;
}

rg_status rg_read_npz(const char *path, const struct rg_dataset_options *options, struct rg_dataset *data) {
    static const char *const names[] = {"x", "y", "lengths", "h_0", "c_0", "data", NULL};
    struct rg_tensors *tensors = NULL;
    rg_status status;

    const struct rg_tensors_reading how = {.names = names,
                                           .stay = options->memory > 0 ? (size_t)(options->memory / 2) : SIZE_MAX};

    data->pad_left = options->pad_left;
    RG_TRY(rg_tensors_read_as(path, &how, &tensors));
    status = take_tensors(tensors, options, data);
    rg_tensors_destroy(tensors);
    return status;
}
