/* Inputs and targets of a data set, from memory or from the file in which they stay: declared in rnn_gpu/dataset.h. */
#include <math.h>
#include <string.h>

#include "base/sizes.h"
#include "data/readers.h"
#include "data/stored.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

enum { PIECE = 2048 /* numbers that are read from a file and converted at a time */ };

size_t rg_dataset_width(const struct rg_dataset *d) {
    return d->kind == RG_INPUT_TOKEN ? 1 : d->n_features;
}

/* ---- Inputs in a file, as they are there ---- */

/* A part of a sequence: numbers from … to of its T steps, and how many of them are padding, in front and behind. */
struct range {
    size_t sequence, from, to, front, behind;
};

/* The part of first … first + n that is in one sequence. */
static struct range range_of(const struct rg_dataset *d, size_t first, size_t n) {
    const size_t width = rg_dataset_width(d), each = d->n_steps * width, sequence = first / each;
    const size_t length = width * (d->lengths != NULL ? (size_t)d->lengths[sequence] : d->n_steps);
    const size_t begin = d->pad_left ? each - length : 0, end = begin + length;
    struct range r = {.sequence = sequence, .from = first % each};

    r.to = each - r.from < n ? each : r.from + n;
    r.front = r.from < begin ? rg_min(begin, r.to) - r.from : 0;
    r.behind = r.to > end ? r.to - rg_max(end, r.from) : 0;
    r.behind = r.front == r.to - r.from ? 0 : r.behind;
    return r;
}

/* A part of an image whose pixels are in another order. */
static rg_status reorder(const struct rg_dataset *d, const struct range *r, uint8_t *out) {
    uint8_t *image = NULL;

    RG_TRY(rg_alloc(&image, d->n_steps, 1, "an image"));
    const rg_status status = rg_stored_read(d->x_file.numbers, d->x_file.place[r->sequence], d->n_steps, image);
    for (size_t i = r->from; status == RG_OK && i < r->to; i++) {
        out[i - r->from] = image[d->x_order[i]];
    }
    rg_free(image);
    return status;
}

/* Read a part of a sequence; padding is 0. */
static rg_status read_range(const struct rg_dataset *d, const struct range *r, void *out) {
    const size_t size = rg_dtype_bytes(rg_stored_type(d->x_file.numbers)), n = r->to - r->from;
    char *const bytes = out;

    if (d->x_order != NULL) {
        return reorder(d, r, out);
    }
    memset(bytes, 0, r->front * size);
    memset(bytes + (n - r->behind) * size, 0, r->behind * size);
    return rg_stored_read(d->x_file.numbers, d->x_file.place[r->sequence] + r->from + r->front,
                          n - r->front - r->behind, bytes + r->front * size);
}

/* Read numbers first … first + n - 1 with the type that they have in the file; padding is 0. */
static rg_status read_as_is(const struct rg_dataset *d, size_t first, size_t n, void *out) {
    const size_t size = rg_dtype_bytes(rg_stored_type(d->x_file.numbers));

    for (size_t done = 0; done < n;) {
        const struct range r = range_of(d, first + done, n - done);

        RG_TRY(read_range(d, &r, (char *)out + done * size));
        done += r.to - r.from;
    }
    return RG_OK;
}

/* Numbers of a part of a sequence, filled and normalised except in the padding. */
static void complete(const struct rg_dataset *d, const struct range *r, double *numbers) {
    const enum rg_dtype type = rg_stored_type(d->x_file.numbers);
    const bool floats = type == RG_F32 || d->x_file.narrow;
    const size_t n = r->to - r->from;

    for (size_t i = r->front; i < n - r->behind; i++) {
        const size_t f = (r->from + i) % d->n_features;
        double value = d->x_bytes ? numbers[i] / 255.0 : d->x_file.narrow ? (double)(float)numbers[i] : numbers[i];

        if (d->input_fill != NULL && isnan(value)) {
            value = floats ? (double)(float)d->input_fill[f] : d->input_fill[f];
        }
        if (d->input_mean != NULL) {
            value = (value - d->input_mean[f]) / d->input_deviation[f];
            value = d->x_round ? (double)(float)value : value;
        }
        numbers[i] = value;
    }
}

static rg_status numbers_in_file(const struct rg_dataset *d, size_t first, size_t n, double *out) {
    double bytes[PIECE]; /* of any type */

    for (size_t done = 0; done < n;) {
        const struct range r = range_of(d, first + done, rg_min(n - done, PIECE));

        RG_TRY(read_range(d, &r, bytes));
        rg_raw_numbers(bytes, rg_stored_type(d->x_file.numbers), 0, r.to - r.from, out + done);
        complete(d, &r, out + done);
        done += r.to - r.from;
    }
    return RG_OK;
}

/* Are the numbers in the file floats that need nothing done to them? */
static bool is_plain(const struct rg_dataset *d) {
    return rg_stored_type(d->x_file.numbers) == RG_F32 && d->input_fill == NULL && d->input_mean == NULL;
}

/* ---- Inputs ---- */

rg_status rg_dataset_numbers(const struct rg_dataset *d, size_t first, size_t n, double *out) {
    if (d->x_file.numbers != NULL) {
        return numbers_in_file(d, first, n, out);
    }
    if (d->x_raw != NULL) {
        rg_raw_numbers(d->x_raw, d->x_type, first, n, out);
        return RG_OK;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = d->x_double != NULL ? d->x_double[first + i] : (double)d->x_float[first + i];
    }
    return RG_OK;
}

rg_status rg_dataset_floats(const struct rg_dataset *d, size_t first, size_t n, float *out) {
    double piece[PIECE];

    if (d->x_float != NULL) {
        memcpy(out, d->x_float + first, n * sizeof(*out));
        return RG_OK;
    }
    if (d->x_file.numbers != NULL && is_plain(d)) {
        return read_as_is(d, first, n, out);
    }
    for (size_t done = 0; done < n; done += PIECE) {
        const size_t length = rg_min(n - done, PIECE);

        RG_TRY(rg_dataset_numbers(d, first + done, length, piece));
        for (size_t i = 0; i < length; i++) {
            out[done + i] = (float)piece[i];
        }
    }
    return RG_OK;
}

rg_status rg_dataset_bytes(const struct rg_dataset *d, size_t first, size_t n, uint8_t *out) {
    if (d->x_file.numbers != NULL) {
        return read_as_is(d, first, n, out);
    }
    memcpy(out, d->x_byte + first, n);
    return RG_OK;
}

/* Words that were checked when the file was opened may be others now, and a kernel would read beyond its table. */
static rg_status tokens_in_file(const struct rg_dataset *d, size_t first, size_t n, int32_t *out) {
    int64_t bytes[PIECE]; /* of any type */

    for (size_t done = 0; done < n;) {
        const struct range r = range_of(d, first + done, rg_min(n - done, PIECE));
        const size_t length = r.to - r.from;

        RG_TRY(read_range(d, &r, bytes));
        for (size_t i = 0; i < length; i++) {
            const double word = rg_raw_number(bytes, rg_stored_type(d->x_file.numbers), i);

            if (!(word >= 0.0 && word < (double)d->n_features)) {
                return rg_fail(RG_BAD_FILE, "%s: token %.17g, which was not there before; the file changed", d->path,
                               word);
            }
            out[done + i] = (int32_t)word;
        }
        done += length;
    }
    return RG_OK;
}

int32_t rg_dataset_token(const struct rg_dataset *d, size_t i) {
    return d->x_token != NULL ? d->x_token[i] : (int32_t)rg_raw_number(d->x_raw, d->x_type, i);
}

rg_status rg_dataset_tokens(const struct rg_dataset *d, size_t first, size_t n, int32_t *out) {
    if (d->x_file.numbers != NULL) {
        return tokens_in_file(d, first, n, out);
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = rg_dataset_token(d, first + i);
    }
    return RG_OK;
}

rg_status rg_dataset_steps(const struct rg_dataset *d, size_t first, size_t n, double *out) {
    uint8_t bytes[PIECE];
    const size_t all = n * d->n_features;

    if (d->kind != RG_INPUT_BYTE) {
        return rg_dataset_numbers(d, first * d->n_features, all, out);
    }
    for (size_t done = 0; done < all; done += PIECE) {
        const size_t length = rg_min(all - done, PIECE);

        RG_TRY(rg_dataset_bytes(d, first * d->n_features + done, length, bytes));
        for (size_t i = 0; i < length; i++) {
            out[done + i] = (double)bytes[i] / 255.0;
        }
    }
    return RG_OK;
}

/* ---- Targets ---- */

bool rg_dataset_is_labelled(const struct rg_dataset *d) {
    return d->y != NULL || d->y_double != NULL || d->y_raw != NULL || d->y_file.numbers != NULL;
}

double rg_dataset_target(const struct rg_dataset *d, size_t i) {
    if (d->y_double != NULL) {
        return d->y_double[i];
    }
    if (d->y != NULL) {
        return (double)d->y[i];
    }
    if (d->y_file.numbers != NULL) {
        const double value = rg_stored_number(d->y_file.numbers, d->y_file.place[i / d->n_targets] + i % d->n_targets);

        return d->y_file.narrow ? (double)(float)value : value;
    }
    return rg_raw_number(d->y_raw, d->y_type, i);
}

/* ---- The file ---- */

rg_status rg_dataset_check_file(const struct rg_dataset *d) {
    RG_TRY(d->x_file.numbers != NULL ? rg_stored_check(d->x_file.numbers) : RG_OK);
    return d->y_file.numbers != NULL ? rg_stored_check(d->y_file.numbers) : RG_OK;
}

void rg_dataset_tell_file(const struct rg_dataset *d) {
    struct rg_stored *const file = d->x_file.numbers != NULL ? d->x_file.numbers : d->y_file.numbers;

    if (file != NULL && rg_stored_is_new(file)) {
        rg_log(
            "%s: larger than the memory for data, so it stays on the disk, and each update reads its sequences; leave "
            "the file as it is until the end",
            d->path);
    }
}

void rg_dataset_expect(const struct rg_dataset *d, size_t sequence) {
    const size_t each = d->n_steps * rg_dataset_width(d);

    if (d->x_file.numbers != NULL) {
        const struct range r = range_of(d, sequence * each, each);

        rg_stored_expect(d->x_file.numbers, d->x_file.place[sequence] + r.front, each - r.front - r.behind);
    }
    if (d->y_file.numbers != NULL) {
        rg_stored_expect(d->y_file.numbers, d->y_file.place[sequence], d->n_targets);
    }
}

rg_status rg_dataset_leave(struct rg_dataset *d, struct rg_in_file *what, struct rg_stored *numbers, size_t block) {
    what->numbers = numbers;
    RG_TRY(rg_alloc(&what->place, d->n_sequences, sizeof(*what->place), "places of sequences"));
    for (size_t i = 0; i < d->n_sequences; i++) {
        what->place[i] = i * block;
    }
    return RG_OK;
}

/* ---- Into memory after all ---- */

/* x as memory has it, in one of these. */
struct loaded {
    uint8_t *bytes;
    int32_t *tokens;
    float *floats;
    double *doubles;
    char *raw;
};

static rg_status load_inputs(const struct rg_dataset *d, struct loaded *x) {
    const size_t n = d->n_sequences * d->n_steps * rg_dataset_width(d);
    const enum rg_dtype type = rg_stored_type(d->x_file.numbers);

    if (d->kind == RG_INPUT_BYTE) {
        RG_TRY(rg_alloc(&x->bytes, n, 1, d->path));
        return rg_dataset_bytes(d, 0, n, x->bytes);
    }
    if (d->kind == RG_INPUT_TOKEN) {
        RG_TRY(rg_alloc(&x->tokens, n, sizeof(*x->tokens), d->path));
        return rg_dataset_tokens(d, 0, n, x->tokens);
    }
    if (type == RG_F32 || d->x_file.narrow) {
        RG_TRY(rg_alloc(&x->floats, n, sizeof(*x->floats), d->path));
        return rg_dataset_floats(d, 0, n, x->floats);
    }
    if (type == RG_F64) {
        RG_TRY(rg_alloc(&x->doubles, n, sizeof(*x->doubles), d->path));
        return rg_dataset_numbers(d, 0, n, x->doubles);
    }
    RG_TRY(rg_alloc(&x->raw, n, rg_dtype_bytes(type), d->path));
    return read_as_is(d, 0, n, x->raw);
}

static rg_status load_targets(const struct rg_dataset *d, struct loaded *y) {
    const enum rg_dtype type = rg_stored_type(d->y_file.numbers);
    const size_t n = d->n_sequences * d->n_targets, bytes = d->n_targets * rg_dtype_bytes(type);

    if (type == RG_F32 || d->y_file.narrow) {
        RG_TRY(rg_alloc(&y->floats, n, sizeof(*y->floats), d->path));
        for (size_t i = 0; i < n; i++) {
            y->floats[i] = (float)rg_dataset_target(d, i);
        }
        return RG_OK;
    }
    if (type == RG_F64) {
        RG_TRY(rg_alloc(&y->doubles, n, sizeof(*y->doubles), d->path));
        for (size_t i = 0; i < n; i++) {
            y->doubles[i] = rg_dataset_target(d, i);
        }
        return RG_OK;
    }
    RG_TRY(rg_alloc(&y->raw, d->n_sequences, bytes, d->path));
    for (size_t i = 0; i < d->n_sequences; i++) {
        RG_TRY(rg_stored_read(d->y_file.numbers, d->y_file.place[i], d->n_targets, y->raw + i * bytes));
    }
    return RG_OK;
}

static void discard(const struct loaded *loaded) {
    rg_free(loaded->bytes);
    rg_free(loaded->tokens);
    rg_free(loaded->floats);
    rg_free(loaded->doubles);
    rg_free(loaded->raw);
}

static void forget(struct rg_in_file *file) {
    rg_stored_release(file->numbers);
    rg_free(file->place);
    *file = (struct rg_in_file){.numbers = NULL};
}

static void take_inputs(struct rg_dataset *d, const struct loaded *x) {
    d->x_byte = x->bytes;
    d->x_token = x->tokens;
    d->x_float = x->floats;
    d->x_double = x->doubles;
    d->x_raw = x->raw;
    d->x_type = rg_stored_type(d->x_file.numbers);
    forget(&d->x_file);
    rg_free(d->x_order);
    d->x_order = NULL;
}

static void take_targets(struct rg_dataset *d, const struct loaded *y) {
    d->y = y->floats;
    d->y_double = y->doubles;
    d->y_raw = y->raw;
    d->y_type = rg_stored_type(d->y_file.numbers);
    forget(&d->y_file);
}

rg_status rg_dataset_load(struct rg_dataset *d) {
    const bool inputs = d->x_file.numbers != NULL, targets = d->y_file.numbers != NULL;
    struct loaded x = {.raw = NULL}, y = {.raw = NULL};
    rg_status status = inputs ? load_inputs(d, &x) : RG_OK;

    status = status == RG_OK && targets ? load_targets(d, &y) : status;
    status = status == RG_OK ? rg_dataset_check_file(d) : status;
    if (status != RG_OK) {
        discard(&x);
        discard(&y);
        return status;
    }
    if (inputs) {
        take_inputs(d, &x);
    }
    if (targets) {
        take_targets(d, &y);
    }
    return RG_OK;
}
