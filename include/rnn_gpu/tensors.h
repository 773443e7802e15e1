/* Named tensors in files: safetensors, npy and npz.
 *
 * All three readers return the same list, so a caller need not know which format it was. Files are untrusted: every
 * size is checked against the file before memory is taken, and memory stays below twice the file plus 1 MiB. */
#ifndef RNN_GPU_TENSORS_H
#define RNN_GPU_TENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

enum { RG_MAX_DIMS = 8 };

enum rg_dtype {
    RG_F16,
    RG_BF16,
    RG_F32,
    RG_F64,
    RG_U8,
    RG_I8,
    RG_I16,
    RG_I32,
    RG_I64,
    RG_BOOL,
    RG_U16,
    RG_U32,
    RG_U64
};

struct rg_tensor {
    const char *name; /* UTF-8; owned by the list when read, borrowed when written */
    enum rg_dtype dtype;
    size_t n_dims; /* 0 for a scalar */
    size_t shape[RG_MAX_DIMS];
    const void *data; /* row-major, little-endian, not necessarily aligned */
    size_t data_bytes;
};

struct rg_tensors {
    struct rg_tensor *items;
    size_t count;
    char *config;  /* safetensors: the value of __metadata__.config, or NULL */
    void *storage; /* storage of the items */
    bool separate; /* every item owns its data */
    void *file;    /* the file that rg_tensors_open or rg_tensors_read_as left open, or NULL */
    size_t
        *offsets; /* [count] offset of each item's data in that file; of rg_tensors_read_as 0 if they are not there */
    size_t stay;  /* bytes above which an item's data stay in the file */
    bool *finite; /* [count] the item's floats (F32) are known to be all finite; NULL: nothing is known */
    /* [count] of rg_tensors_list the name of a type that is not read, in the file's words; NULL: the type is read */
    const char **types;
};

/* Read a file. Its first bytes give the format (safetensors, npz = zip, npy); npy gives one tensor called "data".
 * RG_BAD_FILE names the file, the position or the tensor, and the rule that was broken. */
rg_status rg_tensors_read(const char *path, struct rg_tensors **out);
/* What rg_tensors_read_as reads. Of an npz file only members with one of the NULL-ended names; the others may be of any
 * kind: they are in the list by name, with `data` NULL. Tensors of an npy or npz file whose data are neither compressed
 * nor in another order than in memory stay in the file if they have more than `stay` bytes: `data` is NULL, and the
 * list has `file` and `offsets`. Their checksum has been compared. */
struct rg_tensors_reading {
    const char *const *names; /* NULL: all */
    size_t stay;
};
/* `path` is borrowed by a list with a file. */
rg_status rg_tensors_read_as(const char *path, const struct rg_tensors_reading *how, struct rg_tensors **out);
/* As rg_tensors_read, but the data of a safetensors file stay in the file, with `data` NULL; rg_tensors_to_double and
 * _to_float read them. Other formats are read. `path` is borrowed. */
rg_status rg_tensors_open(const char *path, struct rg_tensors **out);
/* As rg_tensors_read, but tensors of types that are not read, such as text or complex numbers, are in the list too:
 * with `data` NULL and the type in `types`. Their checksum has been compared where the format has one. */
rg_status rg_tensors_list(const char *path, struct rg_tensors **out);
void rg_tensors_destroy(struct rg_tensors *tensors); /* NULL allowed */

/* The tensor of that name, or NULL. */
const struct rg_tensor *rg_tensors_find(const struct rg_tensors *tensors, const char *name);

/* *out = an item's data as a block of its own, for rg_free. It is the list's block, or a copy if that holds more data.
 * The item's `data` become NULL. */
rg_status rg_tensors_take(struct rg_tensors *tensors, const char *name, void *out);

/* Number of elements. The product was checked for overflow when the tensor was read. */
size_t rg_tensor_elements(const struct rg_tensor *tensor);

/* "[3, 64]", for messages. */
struct rg_shape_text {
    char text[RG_MAX_DIMS * 22 + 3];
};
struct rg_shape_text rg_shape_text(const size_t *shape, size_t n_dims);

/* Bytes of an element; its name in messages ("F32"). */
size_t rg_dtype_bytes(enum rg_dtype dtype);
const char *rg_dtype_name(enum rg_dtype dtype);

/* Are all of these floats finite? They need not be aligned. */
bool rg_floats_are_finite(const void *floats, size_t n);

/* Convert all elements to double (any dtype; integers beyond 2^53 round). */
void rg_tensor_to_double(const struct rg_tensor *tensor, double *out);
/* Convert all elements to float. */
void rg_tensor_to_float(const struct rg_tensor *tensor, float *out);
/* Convert an item of a list, piece by piece if its data are still in the file. RG_BAD_FILE if they are gone. */
rg_status rg_tensors_to_double(const struct rg_tensors *list, const struct rg_tensor *item, double *out);
rg_status rg_tensors_to_float(const struct rg_tensors *list, const struct rg_tensor *item, float *out);
/* Convert an integer or bool tensor to int64; larger numbers become the largest int64. RG_BAD_FILE for a floating
 * dtype. */
rg_status rg_tensor_to_int64(const struct rg_tensor *tensor, int64_t *out);

/* Write files. The bytes go to a temporary file beside `path`, are synced, and take its name at the end, so a reader
 * sees the old file or the new one. RG_NOT_SAVED with the system's reason otherwise. `config` may be NULL. */
rg_status rg_safetensors_write(const char *path, const struct rg_tensor *items, size_t count, const char *config);
rg_status rg_npy_write(const char *path, const struct rg_tensor *item);
rg_status rg_npz_write(const char *path, const struct rg_tensor *items, size_t count);

/* Write `bytes` bytes at once in the same crash-safe way. */
rg_status rg_file_write(const char *path, const void *data, size_t bytes);

/* Could rg_file_write begin to write that file? RG_NOT_SAVED if not. Leaves nothing behind. */
rg_status rg_file_try(const char *path);

#endif
