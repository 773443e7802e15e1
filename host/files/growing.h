/* A file that grows by whole records, such as the lines of a log, while others read it.
 *
 * On a full disk nothing is lost. Records that do not fit are kept in memory, and a partly written record is cut off
 * again. Each further record tries again to write them all. The first failure, and the moment when there is room again,
 * are reported on stderr. A resumed run opens the file where the checkpoint left it. */
#ifndef RNN_GPU_FILES_GROWING_H
#define RNN_GPU_FILES_GROWING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/json.h"
#include "rnn_gpu/status.h"

struct rg_growing {
    const char *path; /* borrowed; NULL: closed, also in a zeroed structure */
    int fd;
    bool is_regular;        /* false: a pipe or a device, which can neither be cut nor wait */
    uint64_t written;       /* bytes of whole records in the file */
    struct rg_text waiting; /* records that are not in the file yet */
    bool is_full;           /* the last attempt failed because the disk was full */
};

/* Create the file; it replaces a file or link of that name. RG_NOT_SAVED. */
rg_status rg_growing_open(struct rg_growing *growing, const char *path);

/* Use a file that is open and empty. */
void rg_growing_adopt(struct rg_growing *growing, const char *path, int fd);

/* Open a regular file that begins with the `n` bytes at `start`, and truncate it to `bytes` bytes. RG_NOT_SAVED if it
 * is missing, shorter, or begins otherwise; then it is unchanged. */
rg_status rg_growing_resume(struct rg_growing *growing, const char *path, uint64_t bytes, const char *start, size_t n);

/* Append a record. RG_OK if it is in the file or waits for room. RG_NOT_SAVED for any other failure, and if 64 MiB
 * wait. */
rg_status rg_growing_append(struct rg_growing *growing, const void *record, size_t bytes);

/* Sync everything to the disk. *bytes = the file's length then, for rg_growing_resume. RG_NOT_SAVED. */
rg_status rg_growing_sync(struct rg_growing *growing, uint64_t *bytes);

/* Close the file. RG_NOT_SAVED if something is still unwritten. No effect if it is closed. */
rg_status rg_growing_close(struct rg_growing *growing);

#endif
