/* Data sets: what all readers share. */
#define _GNU_SOURCE
#include "rnn_gpu/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/sizes.h"
#include "base/stop.h"
#include "data/readers.h"
#include "data/stored.h"
#include "rnn_gpu/memory.h"

enum { MAX_PADDING = 64, SMALL_CELLS = 1 << 18 /* padded data smaller than this are always allowed */ };

bool rg_name_ends_with(const char *path, const char *ending) {
    size_t n = strlen(path);
    size_t k = strlen(ending);

    return n > k && strcasecmp(path + n - k, ending) == 0;
}

const char *rg_data_name(const char *path) {
    return strcmp(path, "-") == 0 ? "stdin" : path;
}

/* Write a whole block to a file in memory. */
static rg_status keep_block(int fd, const char *block, size_t bytes) {
    while (bytes > 0) {
        ssize_t n = write(fd, block, bytes);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return rg_fail(RG_NO_MEMORY, "stdin: no memory for its contents: %s", strerror(errno));
        }
        block += n;
        bytes -= (size_t)n;
    }
    return RG_OK;
}

/* Wait until stdin has something, has ended, or the work is to stop. read() itself would go on waiting after a signal.
 */
static rg_status await_stdin(void) {
    enum { MILLISECONDS = 100 }; /* a signal may come just before poll() */
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    rg_status status = rg_stop_check();
    while (status == RG_OK && poll(&in, 1, MILLISECONDS) <= 0) {
        status = rg_stop_check();
    }
    return status;
}

/* Copy stdin into a file in memory, because a data file is read more than once. A stream without end must not fill the
 * memory: the copy ends after a NUL, which the reader refuses with its place, and at the largest size of a CSV file. */
static rg_status keep_stdin(int fd) {
    char block[1 << 16];
    uint64_t bytes = 0;

    for (;;) {
        RG_TRY(await_stdin());
        ssize_t n = read(STDIN_FILENO, block, sizeof(block));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return rg_fail(RG_BAD_FILE, "stdin: cannot be read: %s", strerror(errno));
        }
        if (n == 0) {
            return RG_OK;
        }
        bytes += (uint64_t)n;
        if (bytes > UINT32_MAX) {
            return rg_fail(RG_BAD_FILE, "stdin: more than 4 GiB, the most of a CSV file; give larger data as .npz");
        }
        RG_TRY(keep_block(fd, block, (size_t)n));
        if (memchr(block, '\0', (size_t)n) != NULL) {
            return RG_OK;
        }
    }
}

static rg_status open_stdin(int *fd, size_t *bytes) {
    struct stat info;

    rg_guard_forbid_restart("stdin has been read");
    *fd = memfd_create("stdin", MFD_CLOEXEC);
    if (*fd < 0) {
        return rg_fail(RG_NO_MEMORY, "stdin: no memory for its contents: %s", strerror(errno));
    }
    const rg_status status = keep_stdin(*fd);
    if (status == RG_OK && fstat(*fd, &info) == 0) {
        *bytes = (size_t)info.st_size;
        return RG_OK;
    }
    close(*fd);
    *fd = -1;
    return status == RG_OK ? rg_fail(RG_BAD_FILE, "stdin: cannot be stored: %s", strerror(errno)) : status;
}

rg_status rg_data_open(const char *path, int *fd, size_t *bytes) {
    struct stat info;

    if (strcmp(path, "-") == 0) {
        return open_stdin(fd, bytes);
    }
    *fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* non-blocking: opening a FIFO must not wait */
    if (*fd < 0) {
        return rg_fail(RG_BAD_FILE, "%s: cannot be opened: %s", path, strerror(errno));
    }
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
    status = rg_copy_string(&(*out)->path, rg_data_name(path));
    if (status != RG_OK) {
        rg_free(*out);
        *out = NULL;
    }
    return status;
}

void rg_dataset_destroy(struct rg_dataset *dataset) {
    if (dataset == NULL) {
        return;
    }
    rg_free(dataset->path);
    rg_free(dataset->x_float);
    rg_free(dataset->x_double);
    rg_free(dataset->x_byte);
    rg_free(dataset->x_token);
    rg_free(dataset->x_raw);
    rg_stored_release(dataset->x_file.numbers);
    rg_free(dataset->x_file.place);
    rg_free(dataset->x_order);
    rg_free(dataset->lengths);
    rg_free(dataset->input_fill);
    rg_free(dataset->input_mean);
    rg_free(dataset->input_deviation);
    rg_free(dataset->h_0);
    rg_free(dataset->c_0);
    rg_free(dataset->y);
    rg_free(dataset->y_double);
    rg_free(dataset->y_raw);
    rg_stored_release(dataset->y_file.numbers);
    rg_free(dataset->y_file.place);
    rg_free(dataset->texts);
    rg_free(dataset->vocabulary);
    rg_free(dataset->features);
    rg_free(dataset->classes);
    rg_free(dataset->targets);
    rg_free(dataset->names);
    rg_free(dataset->rows);
    rg_free(dataset);
}

rg_status rg_strings_create(char ***out, size_t count, size_t bytes, const char *what) {
    size_t total = 0;

    *out = NULL;
    if (!rg_multiply(count, sizeof(**out), &total) || total + bytes < total) {
        return rg_fail(RG_NO_MEMORY, "%s: %zu strings of %zu bytes together do not fit in memory", what, count, bytes);
    }
    return rg_alloc(out, total + bytes, 1, what);
}

rg_status rg_dataset_check_padding(const struct rg_dataset *dataset, size_t steps_in_file) {
    size_t cells = 0;

    if (dataset->n_steps > INT32_MAX) {
        return rg_fail(RG_BAD_FILE, "%s: a sequence has %zu time steps; at most %d are possible", dataset->path,
                       dataset->n_steps, INT32_MAX);
    }
    if (!rg_multiply(dataset->n_sequences, dataset->n_steps, &cells) ||
        (cells > SMALL_CELLS && (cells - 1) / MAX_PADDING >= steps_in_file)) {
        return rg_fail(RG_BAD_FILE,
                       "%s: %zu sequences padded to the longest, %zu steps, are more than %d times the %zu steps in "
                       "the file; cut the longest sequences or put them in a file of their own",
                       dataset->path, dataset->n_sequences, dataset->n_steps, MAX_PADDING, steps_in_file);
    }
    return RG_OK;
}

rg_status rg_dataset_create_targets(const struct rg_dataset_options *options, struct rg_dataset *dataset) {
    const size_t n = dataset->n_sequences * dataset->n_targets;

    return options->doubles ? rg_alloc(&dataset->y_double, n, sizeof(*dataset->y_double), "labels")
                            : rg_alloc(&dataset->y, n, sizeof(*dataset->y), "labels");
}

/* Move the last `kept` steps of every sequence, `bytes` bytes each, to the front of `values`, which may be NULL. */
static void keep_last(const struct rg_dataset *data, void *values, size_t bytes, size_t kept) {
    char *const all = values;

    for (size_t i = 0; all != NULL && i < data->n_sequences; i++) {
        size_t length = data->lengths != NULL ? (size_t)data->lengths[i] : data->n_steps;
        size_t n = rg_min(length, kept), end = data->pad_left ? data->n_steps : length;
        size_t first = data->pad_left ? kept - n : 0;
        char *to = all + i * kept * bytes;

        memmove(to + first * bytes, all + (i * data->n_steps + end - n) * bytes, n * bytes);
        memset(data->pad_left ? to : to + n * bytes, 0, (kept - n) * bytes);
    }
}

/* The same for numbers that stay in their file, `width` a step. */
static void move_places(const struct rg_dataset *data, const struct rg_in_file *file, size_t width, size_t kept) {
    for (size_t i = 0; file->numbers != NULL && i < data->n_sequences; i++) {
        size_t length = data->lengths != NULL ? (size_t)data->lengths[i] : data->n_steps;

        file->place[i] += width * (data->pad_left ? data->n_steps - kept : length > kept ? length - kept : 0);
    }
}

void rg_dataset_cut(struct rg_dataset *dataset, size_t steps, bool every_step) {
    bool ragged = false;

    if (steps >= dataset->n_steps) {
        dataset->padding = rg_min(dataset->padding, steps - dataset->n_steps);
        return;
    }
    if (every_step && dataset->n_targets % dataset->n_steps != 0) {
        return; /* these are not targets for every step, which is refused later */
    }
    keep_last(dataset, dataset->x_float, dataset->n_features * sizeof(*dataset->x_float), steps);
    keep_last(dataset, dataset->x_double, dataset->n_features * sizeof(*dataset->x_double), steps);
    keep_last(dataset, dataset->x_byte, dataset->n_features, steps);
    keep_last(dataset, dataset->x_token, sizeof(*dataset->x_token), steps);
    keep_last(dataset, dataset->x_raw, rg_dtype_bytes(dataset->x_type) * rg_dataset_width(dataset), steps);
    move_places(dataset, &dataset->x_file, rg_dataset_width(dataset), steps);
    if (every_step && dataset->n_targets > 0) {
        size_t each = dataset->n_targets / dataset->n_steps;

        keep_last(dataset, dataset->y, each * sizeof(*dataset->y), steps);
        keep_last(dataset, dataset->y_double, each * sizeof(*dataset->y_double), steps);
        keep_last(dataset, dataset->y_raw, each * rg_dtype_bytes(dataset->y_type), steps);
        move_places(dataset, &dataset->y_file, each, steps);
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
    dataset->padding = 0;
}

void rg_dataset_trim(struct rg_dataset *dataset, bool every_step) {
    const size_t width = dataset->n_steps;
    size_t longest = 1;

    for (size_t i = 0; dataset->lengths != NULL && i < dataset->n_sequences; i++) {
        longest = rg_max(longest, (size_t)dataset->lengths[i]);
    }
    if (dataset->lengths != NULL && longest < width) {
        rg_dataset_cut(dataset, longest, every_step);
        dataset->padding = width - dataset->n_steps;
    }
}
