/* Data sets in npz and npy files: tensors x, y, lengths, h_0 and c_0.
 *
 * What stands behind the end of a sequence, or before its start if it is padded on the left, is padding: it is not
 * looked at, and becomes 0. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "readers.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"

enum { CHUNK = 4096 };

struct shape_text {
    char text[RG_MAX_DIMS * 22 + 3];
};

static struct shape_text shape_text(const struct rg_tensor *tensor) {
    struct shape_text out = {"["};
    size_t n = 1;

    for (size_t i = 0; i < tensor->n_dims; i++)
        n += (size_t)snprintf(out.text + n, sizeof(out.text) - n, "%s%zu", i > 0 ? "," : "", tensor->shape[i]);
    memcpy(out.text + n, "]", 2);
    return out;
}

static bool is_float(const struct rg_tensor *tensor) {
    enum rg_dtype t = tensor->dtype;

    return t == RG_F16 || t == RG_BF16 || t == RG_F32 || t == RG_F64;
}

/* `count` elements from element `first` on, as a tensor of one dimension. */
static struct rg_tensor part(const struct rg_tensor *tensor, size_t first, size_t count) {
    struct rg_tensor out = *tensor;
    size_t size = rg_dtype_bytes(tensor->dtype);

    out.n_dims = 1;
    out.shape[0] = count;
    out.data = (const char *)tensor->data + first * size;
    out.data_bytes = count * size;
    return out;
}

/* Place of an element, as the indices of a message. */
static struct shape_text index_text(const struct rg_tensor *tensor, size_t element) {
    struct rg_tensor index = *tensor;

    for (size_t i = tensor->n_dims; i-- > 0;) {
        index.shape[i] = element % tensor->shape[i];
        element /= tensor->shape[i];
    }
    return shape_text(&index);
}

/* Of a tensor's numbers, which are in `floats` or in `doubles`. */
static rg_status check_finite(const struct rg_dataset *data, const struct rg_tensor *tensor, const float *floats,
                              const double *doubles, size_t first, size_t count) {
    for (size_t i = first; i < first + count; i++) {
        double value = doubles != NULL ? doubles[i] : (double)floats[i];

        if (!isfinite(value))
            return rg_fail(RG_BAD_FILE, "%s: tensor `%s`: element %s is not finite%s (%g)", data->path, tensor->name,
                           index_text(tensor, i).text, doubles == NULL ? " as a float" : "", value);
    }
    return RG_OK;
}

static size_t length_of(const struct rg_dataset *data, size_t sequence) {
    return data->lengths != NULL ? (size_t)data->lengths[sequence] : data->n_steps;
}

/* The first step of a sequence within its T steps. */
static size_t start_of(const struct rg_dataset *data, size_t sequence) {
    return data->pad_left ? data->n_steps - length_of(data, sequence) : 0;
}

/* Check the steps of every sequence, `width` numbers each. */
static rg_status check_rows(const struct rg_dataset *data, const struct rg_tensor *tensor, const float *floats,
                            const double *doubles, size_t width) {
    for (size_t i = 0; i < data->n_sequences; i++)
        RG_TRY(check_finite(data, tensor, floats, doubles, (i * data->n_steps + start_of(data, i)) * width,
                            length_of(data, i) * width));
    return RG_OK;
}

static rg_status read_float_x(const struct rg_tensor *x, bool doubles, struct rg_dataset *data) {
    size_t width = data->n_features, size = doubles ? sizeof(*data->x_double) : sizeof(*data->x_float);
    char *values;

    data->kind = RG_INPUT_FLOAT;
    if (doubles) {
        RG_TRY(rg_alloc(&data->x_double, rg_tensor_elements(x), size, "x"));
        rg_tensor_to_double(x, data->x_double);
    } else {
        RG_TRY(rg_alloc(&data->x_float, rg_tensor_elements(x), size, "x"));
        rg_tensor_to_float(x, data->x_float);
    }
    values = doubles ? (char *)data->x_double : (char *)data->x_float;
    RG_TRY(check_rows(data, x, data->x_float, data->x_double, width));
    for (size_t i = 0; i < data->n_sequences; i++) {
        char *row = values + i * data->n_steps * width * size;
        size_t used = length_of(data, i) * width, start = start_of(data, i) * width;

        memset(row, 0, start * size);
        memset(row + (start + used) * size, 0, (data->n_steps * width - start - used) * size);
    }
    return RG_OK;
}

static rg_status read_tokens(const struct rg_tensor *x, struct rg_dataset *data) {
    size_t n = rg_tensor_elements(x);
    int64_t values[CHUNK];
    int32_t largest = 0;

    data->kind = RG_INPUT_TOKEN;
    RG_TRY(rg_alloc(&data->x_token, n, sizeof(*data->x_token), "x"));
    for (size_t first = 0; first < n; first += CHUNK) {
        struct rg_tensor piece = part(x, first, n - first < CHUNK ? n - first : CHUNK);

        RG_TRY(rg_tensor_to_int64(&piece, values));
        for (size_t i = 0; i < piece.shape[0]; i++) {
            size_t at = first + i, sequence = at / data->n_steps, start = start_of(data, sequence);

            if (at % data->n_steps < start || at % data->n_steps - start >= length_of(data, sequence))
                continue;
            if (values[i] < 0 || values[i] >= INT32_MAX)
                return rg_fail(RG_BAD_FILE, "%s: tensor `%s`: token %s is %lld; 0 to %d was expected", data->path,
                               x->name, index_text(x, at).text, (long long)values[i], INT32_MAX - 1);
            data->x_token[at] = (int32_t)values[i];
            largest = data->x_token[at] > largest ? data->x_token[at] : largest;
        }
    }
    data->n_features = (size_t)largest + 1;
    return RG_OK;
}

/* Free `lengths` and set it to NULL if every sequence has n_steps steps. */
static void drop_equal_lengths(struct rg_dataset *data) {
    for (size_t i = 0; i < data->n_sequences; i++)
        if ((size_t)data->lengths[i] != data->n_steps)
            return;
    rg_free(data->lengths);
    data->lengths = NULL;
}

static rg_status read_lengths(const struct rg_tensor *lengths, const struct rg_tensor *x, struct rg_dataset *data) {
    int64_t values[CHUNK];

    if (is_float(lengths) || lengths->dtype == RG_BOOL || lengths->n_dims != 1 ||
        lengths->shape[0] != data->n_sequences)
        return rg_fail(RG_BAD_FILE, "%s: tensor `lengths` is %s %s; with `%s` %s, integer [%zu] was expected",
                       data->path, rg_dtype_name(lengths->dtype), shape_text(lengths).text, x->name, shape_text(x).text,
                       data->n_sequences);
    RG_TRY(rg_alloc(&data->lengths, data->n_sequences, sizeof(*data->lengths), "lengths"));
    for (size_t first = 0; first < data->n_sequences; first += CHUNK) {
        size_t left = data->n_sequences - first;
        struct rg_tensor piece = part(lengths, first, left < CHUNK ? left : CHUNK);

        RG_TRY(rg_tensor_to_int64(&piece, values));
        for (size_t i = 0; i < piece.shape[0]; i++) {
            if (values[i] < 0 || (uint64_t)values[i] > data->n_steps)
                return rg_fail(RG_BAD_FILE,
                               "%s: tensor `lengths`: element [%zu] is %lld; with `%s` %s, 0 to %zu was "
                               "expected",
                               data->path, first + i, (long long)values[i], x->name, shape_text(x).text, data->n_steps);
            data->lengths[first + i] = (int32_t)values[i];
        }
    }
    drop_equal_lengths(data);
    return RG_OK;
}

static rg_status read_y(const struct rg_tensor *y, const struct rg_tensor *x, const struct rg_dataset_options *options,
                        struct rg_dataset *data) {
    size_t n = rg_tensor_elements(y);

    if (y->n_dims < 1 || y->n_dims > 3 || y->shape[0] != data->n_sequences || n == 0 ||
        (y->n_dims == 3 && y->shape[1] != data->n_steps))
        return rg_fail(RG_BAD_FILE,
                       "%s: tensor `y` is %s; with `%s` %s, [%zu], [%zu,outputs], [%zu,%zu] or [%zu,%zu,outputs] was "
                       "expected",
                       data->path, shape_text(y).text, x->name, shape_text(x).text, data->n_sequences,
                       data->n_sequences, data->n_sequences, data->n_steps, data->n_sequences, data->n_steps);
    data->n_targets = n / data->n_sequences;
    RG_TRY(rg_dataset_create_targets(options, data));
    rg_tensor_to_float(y, data->y);
    if (data->y_double != NULL)
        rg_tensor_to_double(y, data->y_double);
    /* targets of every step, by their shape: their padding does not count */
    if (data->lengths != NULL && y->n_dims > 1 && y->shape[1] == data->n_steps)
        RG_TRY(check_rows(data, y, data->y, data->y_double, data->n_targets / data->n_steps));
    else
        RG_TRY(check_finite(data, y, data->y, data->y_double, 0, n));
    rg_dataset_count_classes(data);
    return RG_OK;
}

/* h_0 or c_0 as PyTorch has them, [layers*directions,sequences,hidden], or without the first where it is 1; a second
 * one has the shape of the first. */
static rg_status read_states(const struct rg_tensor *states, const struct rg_tensor *x, bool doubles,
                             struct rg_dataset *data, double **out) {
    const bool flat = states->n_dims == 2;
    const size_t n = rg_tensor_elements(states), first = flat ? 0 : 1;

    if ((!flat && states->n_dims != 3) || !is_float(states) || n == 0 || states->shape[first] != data->n_sequences)
        return rg_fail(RG_BAD_FILE,
                       "%s: tensor `%s` is %s %s; with `%s` %s, float [layers*directions,%zu,hidden] was expected",
                       data->path, states->name, rg_dtype_name(states->dtype), shape_text(states).text, x->name,
                       shape_text(x).text, data->n_sequences);
    if (data->n_states != 0 && (n != data->n_states * data->n_sequences * data->state_width ||
                                states->shape[first + 1] != data->state_width || flat != data->flat_states))
        return rg_fail(RG_BAD_FILE, "%s: tensor `%s` is %s; the shape of `h_0` was expected", data->path, states->name,
                       shape_text(states).text);
    data->flat_states = flat;
    data->n_states = flat ? 1 : states->shape[0];
    data->state_width = states->shape[first + 1];
    RG_TRY(rg_alloc(out, n, sizeof(**out), states->name));
    rg_tensor_to_double(states, *out);
    for (size_t i = 0; !doubles && i < n; i++)
        (*out)[i] = (double)(float)(*out)[i];
    return check_finite(data, states, NULL, *out, 0, n);
}

/* Set the sizes of the data set by x. */
static rg_status take_shape(const struct rg_tensor *x, struct rg_dataset *data) {
    bool fits = is_float(x) ? x->n_dims == 2 || x->n_dims == 3 : x->n_dims == 2 && x->dtype != RG_BOOL;

    if (!fits)
        return rg_fail(RG_BAD_FILE,
                       "%s: tensor `%s` is %s %s; float [sequences,steps,features], float [sequences,steps] or "
                       "integer [sequences,steps] was expected",
                       data->path, x->name, rg_dtype_name(x->dtype), shape_text(x).text);
    if (rg_tensor_elements(x) == 0)
        return rg_fail(RG_BAD_FILE, "%s: tensor `%s` %s is empty; sizes of at least 1 were expected", data->path,
                       x->name, shape_text(x).text);
    data->n_sequences = x->shape[0];
    data->n_steps = x->shape[1];
    data->n_features = x->n_dims == 3 ? x->shape[2] : 1;
    return rg_dataset_check_padding(data, data->n_sequences * data->n_steps);
}

static rg_status take_tensors(const struct rg_tensors *tensors, const struct rg_dataset_options *options,
                              struct rg_dataset *data) {
    const struct rg_tensor *x = rg_tensors_find(tensors, "x");
    const struct rg_tensor *y = rg_tensors_find(tensors, "y");
    const struct rg_tensor *lengths = rg_tensors_find(tensors, "lengths");
    bool doubles = options != NULL && options->doubles;
    const struct rg_tensor *h_0 = rg_tensors_find(tensors, "h_0");
    const struct rg_tensor *c_0 = rg_tensors_find(tensors, "c_0");

    if (x == NULL && tensors->count == 1)
        x = rg_tensors_find(tensors, "data"); /* an npy file */
    if (x == NULL)
        return rg_fail(RG_BAD_FILE,
                       "%s: no tensor `x` among the %zu in the file; x and, optional, y and lengths were "
                       "expected",
                       data->path, tensors->count);
    RG_TRY(take_shape(x, data));
    if (lengths != NULL)
        RG_TRY(read_lengths(lengths, x, data));
    if (y != NULL)
        RG_TRY(read_y(y, x, options, data));
    if (h_0 != NULL)
        RG_TRY(read_states(h_0, x, doubles, data, &data->h_0));
    if (c_0 != NULL)
        RG_TRY(read_states(c_0, x, doubles, data, &data->c_0));
    return is_float(x) ? read_float_x(x, doubles, data) : read_tokens(x, data);
}

rg_status rg_read_npz(const char *path, const struct rg_dataset_options *options, struct rg_dataset *data) {
    struct rg_tensors *tensors = NULL;
    rg_status status;

    data->pad_left = options != NULL && options->pad_left;
    RG_TRY(rg_tensors_read(path, &tensors));
    status = take_tensors(tensors, options, data);
    rg_tensors_destroy(tensors);
    return status;
}
