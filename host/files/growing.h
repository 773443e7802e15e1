/* A file that grows by whole records, such as the lines of a log, while others read it.
 *
 * On a full disk nothing is lost: the records that do not fit are kept in memory, the part of one that was written is
 * cut off again, and every further record is another attempt to write them all. The first failure is told on stderr,
 * and so is that there is room again. A run that is resumed opens the file where the checkpoint left it. */
#ifndef RNN_GPU_FILES_GROWING_H
#define RNN_GPU_FILES_GROWING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/json.h"
#include "rnn_gpu/status.h"

struct rg_growing {
    const char *path; /* borrowed; NULL: closed, as of a structure of zeros */
    int fd;
    bool is_regular;        /* a pipe or a device can neither be cut nor wait */
    uint64_t written;       /* bytes of whole records in the file */
    struct rg_text waiting; /* records that are not there yet */
    bool is_full;           /* the last attempt failed for want of room */
};

/* Begin a file, which takes the place of one of that name, or of a link. RG_NOT_SAVED. */
rg_status rg_growing_open(struct rg_growing *growing, const char *path);

/* Go on with an open, empty file. */
void rg_growing_adopt(struct rg_growing *growing, const char *path, int fd);

/* Open a regular file that begins with the `n` bytes at `start` and cut it off behind `bytes` bytes. RG_NOT_SAVED if it
 * is missing, shorter, or begins otherwise: then nothing is changed. */
rg_status rg_growing_resume(struct rg_growing *growing, const char *path, uint64_t bytes, const char *start, size_t n);

/* Append a record. RG_OK if it is in the file, or waits for room. RG_NOT_SAVED for any other failure, and when 64 MiB
 * wait. */
rg_status rg_growing_append(struct rg_growing *growing, const void *record, size_t bytes);

/* Everything to the disk; *bytes = how long the file is then, for rg_growing_resume. RG_NOT_SAVED. */
rg_status rg_growing_sync(struct rg_growing *growing, uint64_t *bytes);

/* Close it; RG_NOT_SAVED if something could not be written until now. Nothing to do for a closed one. */
rg_status rg_growing_close(struct rg_growing *growing);

#endif
