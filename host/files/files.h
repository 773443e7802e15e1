/* Declarations that the readers and writers of this folder share: sequential input from a file or an archive's member,
 * crash-safe output, and the functions that build a list of tensors. */
#ifndef RNN_GPU_FILES_FILES_H
#define RNN_GPU_FILES_FILES_H

#include <stdio.h>

#include "files/temporary.h"
#include "rnn_gpu/tensors.h"

/* ---- Input ---- */

/* Bytes that are read once, from start to end. */
struct rg_source {
    const char *label; /* the file, or "file(member)", for messages */
    size_t bytes;      /* total size */
    size_t position;   /* bytes read so far */
    rg_status (*read)(struct rg_source *source, void *out, size_t bytes);
    int fd;           /* for files, and members that a file has as they are; else -1 */
    int64_t changed;  /* when the file was changed last, in ns, as it was opened */
    size_t base;      /* offset of the first byte in the file */
    uint32_t crc;     /* of a member: the checksum of what was read */
    bool looks;       /* `read` looks at floats, where `look` says that they come now, and sets `found` if one is */
    bool look, found; /* not finite */
    void *zip_member; /* for other members of archives */
};

/* Bytes of a file that are read and then looked at while they are in the cache. */
enum { RG_SOURCE_BLOCK = 1 << 18 };

/* Open a regular file. RG_BAD_FILE if it is missing, empty or anything else (folder, FIFO, device). `path` is borrowed.
 */
rg_status rg_source_open(struct rg_source *source, const char *path);
void rg_source_close(struct rg_source *source);

/* Has the file the size and the time of its last change that it was opened with? */
bool rg_source_is_unchanged(const struct rg_source *source);

/* Read exactly `bytes` bytes; RG_BAD_FILE if that many are not left. */
rg_status rg_source_read(struct rg_source *source, void *out, size_t bytes);

/* Read the next bytes as rg_source_read does, but only for their checksum, if the source has one. */
rg_status rg_source_pass(struct rg_source *source, size_t bytes);

/* Read bytes at an offset of a file without moving the position. */
rg_status rg_source_read_at(const struct rg_source *source, size_t offset, void *out, size_t bytes);

/* ---- Lists of tensors ---- */

/* *list = `count` empty items. */
rg_status rg_tensors_create(struct rg_tensors **list, size_t count);

/* Hand memory of rg_alloc to the list. On failure it remains the caller's. */
rg_status rg_tensors_adopt(struct rg_tensors *list, void *memory);

/* *out = zeroed memory that lives as long as the list. */
rg_status rg_tensors_hold(struct rg_tensors *list, size_t bytes, const char *what, void *out);
/* The same, not zeroed. */
rg_status rg_tensors_hold_unset(struct rg_tensors *list, size_t bytes, const char *what, void *out);

/* *bytes = size of a tensor of this shape. Returns false if a product of its dimensions, zeros excluded, overflows.
 * Then no later product of them can overflow. */
bool rg_shape_bytes(const size_t *shape, size_t n_dims, enum rg_dtype dtype, size_t *bytes);

/* A name that occurs twice, or NULL. Sorts the names. */
const char *rg_find_duplicate(const char **names, size_t count);

/* RG_NOT_SAVED unless the tensor has a legal shape and the number of bytes that the shape requires. */
rg_status rg_tensor_check_shape(const char *path, const struct rg_tensor *item);

/* RG_NOT_SAVED unless every tensor has a unique name in UTF-8 and passes rg_tensor_check_shape. */
rg_status rg_tensors_check_output(const char *path, const struct rg_tensor *items, size_t count);

/* What a reader of safetensors or npz does with its tensors. */
enum rg_tensors_how {
    RG_TENSORS_DATA,   /* read the data */
    RG_TENSORS_PLACES, /* record the offsets of the data (safetensors alone) */
    RG_TENSORS_LIST    /* as rg_tensors_list */
};

/* Prepare an empty list's `types`. */
rg_status rg_tensors_hold_types(struct rg_tensors *list);

rg_status rg_safetensors_read(struct rg_source *source, enum rg_tensors_how how, struct rg_tensors **out);
/* `how` as for rg_tensors_read_as; `others`: as rg_tensors_list. */
rg_status rg_npz_read(struct rg_source *source, const struct rg_tensors_reading *how, bool others,
                      struct rg_tensors **out);
/* One tensor from the whole source. Its memory belongs to the list; its name is not changed. Data of more than
 * list->stay bytes stay in the file if they are there as memory would have them. Other types than those that are read
 * are refused, unless the list has `types`. */
rg_status rg_npy_read(struct rg_source *source, struct rg_tensors *list, struct rg_tensor *item);

/* ---- Output ---- */

/* A file that is being written. It gets its name in rg_writer_commit. */
struct rg_writer {
    const char *path;
    const char *name;              /* last part of the path */
    int fd;                        /* the temporary file, or the device */
    int folder;                    /* -1 if a device is written directly */
    struct rg_temporary temporary; /* in the folder; unused if a device is written */
};

/* Every function returns RG_NOT_SAVED with the system's reason. The caller then calls rg_writer_abandon. */
rg_status rg_writer_open(struct rg_writer *writer, const char *path);
rg_status rg_writer_append(struct rg_writer *writer, const void *data, size_t bytes);
rg_status rg_writer_commit(struct rg_writer *writer);

/* Close what is open and remove the temporary file. No effect after a successful commit. */
void rg_writer_abandon(struct rg_writer *writer);

/* Write all bytes. Returns 0 or an errno. */
int rg_write_all(int fd, const char *data, size_t bytes);

/* Create a file that others can read under its name while it grows. It replaces a file or link of that name at once.
 * RG_NOT_SAVED. The caller closes the descriptor *out. See growing.h. */
rg_status rg_file_grow(const char *path, int *out);

enum { RG_NPY_HEADER_MAX = 512, RG_NPZ_MEMBERS_MAX = 1024 };

/* The npy header of a tensor, a multiple of 64 bytes; RG_NOT_SAVED for a dtype that npy does not know. */
rg_status rg_npy_header(const char *path, const struct rg_tensor *item, char header[RG_NPY_HEADER_MAX], size_t *bytes);

#endif
