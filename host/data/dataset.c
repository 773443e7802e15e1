/* Data sets: choice of the reader by the file's name, and what all readers share. */
#define _GNU_SOURCE
#include "rnn_gpu/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "readers.h"
#include "rnn_gpu/memory.h"

enum { MAX_PADDING = 64, SMALL_CELLS = 1 << 18 /* padded to less than this, anything goes */ };

static const float MAX_CLASS = 16777216.0f; /* 2^24 */

rg_status rg_data_open(const char *path, int *fd, size_t *bytes) {
    struct stat info;

    *fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* non-blocking: a FIFO must not hang the open */
    if (*fd < 0)
        return rg_fail(RG_BAD_FILE, "%s: cannot be opened: %s", path, strerror(errno));
    if (fstat(*fd, &info) == 0 && S_ISREG(info.st_mode)) {
        *bytes = (size_t)info.st_size;
        return RG_OK;
    }
    close(*fd);
    *fd = -1;
    return rg_fail(RG_BAD_FILE, "%s: not a regular file; the path of a data file was expected", path);
}

rg_status rg_dataset_create(const char *path, struct rg_dataset **out) {
    rg_status status;

    RG_TRY(rg_alloc(out, 1, sizeof(**out), "data set"));
    status = rg_copy_string(&(*out)->path, path);
    if (status != RG_OK) {
        rg_free(*out);
        *out = NULL;
    }
    return status;
}

void rg_dataset_destroy(struct rg_dataset *dataset) {
    if (dataset == NULL)
        return;
    rg_free(dataset->path);
    rg_free(dataset->x_float);
    rg_free(dataset->x_double);
    rg_free(dataset->x_byte);
    rg_free(dataset->x_token);
    rg_free(dataset->lengths);
    rg_free(dataset->h_0);
    rg_free(dataset->c_0);
    rg_free(dataset->y);
    rg_free(dataset->y_double);
    rg_free(dataset->texts);
    rg_free(dataset->vocabulary);
    rg_free(dataset);
}

rg_status rg_strings_create(char ***out, size_t count, size_t bytes, const char *what) {
    size_t total = 0;

    *out = NULL;
    if (!rg_multiply(count, sizeof(**out), &total) || total + bytes < total)
        return rg_fail(RG_NO_MEMORY, "%s: %zu strings of %zu bytes together do not fit in memory", what, count, bytes);
    return rg_alloc(out, total + bytes, 1, what);
}

rg_status rg_dataset_check_padding(const struct rg_dataset *dataset, size_t steps_in_file) {
    size_t cells = 0;

    if (dataset->n_steps > INT32_MAX)
        return rg_fail(RG_BAD_FILE, "%s: a sequence has %zu time steps; at most %d are possible", dataset->path,
                       dataset->n_steps, INT32_MAX);
    if (!rg_multiply(dataset->n_sequences, dataset->n_steps, &cells) ||
        (cells > SMALL_CELLS && (cells - 1) / MAX_PADDING >= steps_in_file))
        return rg_fail(RG_BAD_FILE,
                       "%s: %zu sequences padded to the longest, %zu steps, are more than %d times the %zu steps in "
                       "the file; cut the longest sequences or put them in a file of their own",
                       dataset->path, dataset->n_sequences, dataset->n_steps, MAX_PADDING, steps_in_file);
    return RG_OK;
}

rg_status rg_dataset_create_targets(const struct rg_dataset_options *options, struct rg_dataset *dataset) {
    const size_t n = dataset->n_sequences * dataset->n_targets;

    RG_TRY(rg_alloc(&dataset->y, n, sizeof(*dataset->y), "labels"));
    return options != NULL && options->doubles ? rg_alloc(&dataset->y_double, n, sizeof(*dataset->y_double), "labels")
                                               : RG_OK;
}

void rg_dataset_count_classes(struct rg_dataset *dataset) {
    float largest = 0.0f;

    dataset->n_classes = 0;
    if (dataset->y == NULL || dataset->n_targets != 1)
        return;
    for (size_t i = 0; i < dataset->n_sequences; i++) {
        float label = dataset->y[i];

        if (!(label >= 0.0f && label < MAX_CLASS) || label != truncf(label))
            return;
        largest = label > largest ? label : largest;
    }
    dataset->n_classes = (size_t)largest + 1;
}

/* The last `kept` steps of every sequence, `bytes` bytes each, to the front of `values`; NULL is allowed. */
static void keep_last(const struct rg_dataset *data, void *values, size_t bytes, size_t kept) {
    char *const all = values;

    for (size_t i = 0; all != NULL && i < data->n_sequences; i++) {
        size_t length = data->lengths != NULL ? (size_t)data->lengths[i] : data->n_steps;
        size_t n = length < kept ? length : kept, end = data->pad_left ? data->n_steps : length;
        size_t first = data->pad_left ? kept - n : 0;
        char *to = all + i * kept * bytes;

        memmove(to + first * bytes, all + (i * data->n_steps + end - n) * bytes, n * bytes);
        memset(data->pad_left ? to : to + n * bytes, 0, (kept - n) * bytes);
    }
}

void rg_dataset_cut(struct rg_dataset *dataset, size_t steps, bool every_step) {
    bool ragged = false;

    if (steps >= dataset->n_steps)
        return;
    keep_last(dataset, dataset->x_float, dataset->n_features * sizeof(*dataset->x_float), steps);
    keep_last(dataset, dataset->x_double, dataset->n_features * sizeof(*dataset->x_double), steps);
    keep_last(dataset, dataset->x_byte, dataset->n_features, steps);
    keep_last(dataset, dataset->x_token, sizeof(*dataset->x_token), steps);
    if (every_step && dataset->n_targets % dataset->n_steps == 0) {
        size_t each = dataset->n_targets / dataset->n_steps;

        keep_last(dataset, dataset->y, each * sizeof(*dataset->y), steps);
        keep_last(dataset, dataset->y_double, each * sizeof(*dataset->y_double), steps);
        dataset->n_targets = each * steps;
    }
    for (size_t i = 0; dataset->lengths != NULL && i < dataset->n_sequences; i++) {
        dataset->lengths[i] = (size_t)dataset->lengths[i] < steps ? dataset->lengths[i] : (int32_t)steps;
        ragged = ragged || (size_t)dataset->lengths[i] < steps;
    }
    if (!ragged) {
        rg_free(dataset->lengths);
        dataset->lengths = NULL;
    }
    dataset->n_steps = steps;
}

static rg_status read_csv(const char *path, const struct rg_dataset_options *options, struct rg_dataset *dataset) {
    struct rg_csv csv;
    struct rg_csv_cell cell;
    rg_status status;

    RG_TRY_GOTO(rg_csv_open(&csv, path));
    RG_TRY_GOTO(rg_csv_next(&csv, &cell));
    if (strcmp(cell.text, "text") == 0)
        status = rg_read_csv_text(&csv, options, dataset);
    else if (strcmp(cell.text, "series") == 0)
        status = rg_read_csv_numeric(&csv, options, dataset);
    else
        status = rg_csv_fail(&csv, cell.start,
                             "unknown header, it begins with `%s`; `text,label` or `series,<feature>...[,label]` "
                             "was expected",
                             rg_excerpt(cell.text, cell.bytes).text);
fail:
    rg_csv_close(&csv);
    return status;
}

static bool ends_with(const char *path, const char *ending) {
    size_t n = strlen(path);
    size_t k = strlen(ending);

    return n > k && strcasecmp(path + n - k, ending) == 0;
}

rg_status rg_dataset_read(const char *path, const struct rg_dataset_options *options, struct rg_dataset **out) {
    struct rg_dataset *dataset = NULL;
    rg_status status;

    *out = NULL;
    RG_TRY(rg_dataset_create(path, &dataset));
    if (ends_with(path, ".csv"))
        status = read_csv(path, options, dataset);
    else if (ends_with(path, ".npz") || ends_with(path, ".npy"))
        status = rg_read_npz(path, options, dataset);
    else
        status = rg_fail(RG_BAD_FILE, "%s: the name of a data file must end in .csv, .npz or .npy", path);
    if (status != RG_OK) {
        rg_dataset_destroy(dataset);
        return status;
    }
    *out = dataset;
    return RG_OK;
}
