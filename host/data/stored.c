/* Numbers that stay in their file: see stored.h.
 *
 * They are read with pread and not mapped: a mapping of a file that another process cuts off ends in SIGBUS, and what a
 * library may do about that is to install a handler for the whole process. A read that comes up short is an error like
 * any other. The memory is then a buffer of known size too, and the system's cache of the file can be given up. */
#define _GNU_SOURCE
#include "data/stored.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/sizes.h"
#include "data/readers.h"
#include "rnn_gpu/memory.h"

enum { BLOCK = 4096 /* bytes that rg_stored_number reads together */ };

struct rg_stored {
    struct rg_source file;
    char *path;
    size_t offset;
    enum rg_dtype type;
    size_t n;
    atomic_size_t owners;
    atomic_bool used;      /* rg_stored_is_new was called */
    atomic_bool failed;    /* numbers could not be read */
    pthread_mutex_t mutex; /* of the block */
    size_t first, length;  /* its numbers */
    unsigned char block[BLOCK];
};

rg_status rg_stored_open(const struct rg_source *source, size_t offset, enum rg_dtype type, size_t n,
                         struct rg_stored **out) {
    struct rg_stored *stored = NULL;
    rg_status status = RG_OK;

    *out = NULL;
    RG_TRY(rg_alloc(&stored, 1, sizeof(*stored), "a data file"));
    stored->file = *source;
    stored->file.fd = -1;
    stored->offset = offset;
    stored->type = type;
    stored->n = n;
    stored->owners = 1;
    (void)pthread_mutex_init(&stored->mutex, NULL);
    RG_TRY_GOTO(rg_copy_string(&stored->path, source->label));
    stored->file.label = stored->path;
    stored->file.fd = fcntl(source->fd, F_DUPFD_CLOEXEC, 0);
    if (stored->file.fd < 0) {
        RG_TRY_GOTO(rg_fail(RG_BAD_FILE, "%s: cannot be read: %s", stored->path, strerror(errno)));
    }
    RG_TRY_GOTO(rg_stored_check(stored));
    *out = stored;
    return RG_OK;
cleanup:
    rg_stored_release(stored);
    return status;
}

struct rg_stored *rg_stored_share(struct rg_stored *stored) {
    if (stored != NULL) {
        atomic_fetch_add(&stored->owners, 1);
    }
    return stored;
}

void rg_stored_release(struct rg_stored *stored) {
    if (stored == NULL || atomic_fetch_sub(&stored->owners, 1) > 1) {
        return;
    }
    rg_source_close(&stored->file);
    (void)pthread_mutex_destroy(&stored->mutex);
    rg_free(stored->path);
    rg_free(stored);
}

enum rg_dtype rg_stored_type(const struct rg_stored *stored) {
    return stored->type;
}

bool rg_stored_is_new(struct rg_stored *stored) {
    return !atomic_exchange(&stored->used, true);
}

rg_status rg_stored_read(const struct rg_stored *stored, size_t first, size_t n, void *out) {
    const size_t size = rg_dtype_bytes(stored->type);

    return rg_source_read_at(&stored->file, stored->offset + first * size, out, n * size);
}

static bool read_block(struct rg_stored *s, size_t i) {
    const size_t most = BLOCK / rg_dtype_bytes(s->type);

    s->first = i / most * most;
    s->length = rg_min(s->n - s->first, most);
    if (i < s->n && rg_stored_read(s, s->first, s->length, s->block) == RG_OK) {
        return true;
    }
    s->length = 0;
    atomic_store(&s->failed, true);
    return false;
}

double rg_stored_number(struct rg_stored *s, size_t i) {
    double number = (double)NAN;

    (void)pthread_mutex_lock(&s->mutex);
    if ((i >= s->first && i - s->first < s->length) || read_block(s, i)) {
        number = rg_raw_number(s->block, s->type, i - s->first);
    }
    (void)pthread_mutex_unlock(&s->mutex);
    return number;
}

void rg_stored_expect(const struct rg_stored *stored, size_t first, size_t n) {
    const size_t size = rg_dtype_bytes(stored->type);

    (void)posix_fadvise(stored->file.fd, (off_t)(stored->offset + first * size), (off_t)(n * size),
                        POSIX_FADV_WILLNEED); /* only advice */
}

rg_status rg_stored_check(const struct rg_stored *stored) {
    return rg_source_is_unchanged(&stored->file) && !atomic_load(&stored->failed)
               ? RG_OK
               : rg_fail(RG_BAD_FILE,
                         "%s: the file changed while its data were in use; leave it as it is until the end, or use a "
                         "copy",
                         stored->path);
}
