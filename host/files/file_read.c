/* Files as sources of bytes.
 *
 * Files are read with pread into memory and never mapped. If another process truncates the file, a mapping ends in
 * SIGBUS, whereas a short read ends in an error message. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sizes.h"
#include "base/stop.h"
#include "files/files.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

enum { PIECE = 1 << 24 /* bytes that are read at once, so that a signal is answered soon */ };

static const char *kind_of_file(mode_t mode) {
    if (S_ISDIR(mode)) {
        return "a folder";
    }
    if (S_ISFIFO(mode)) {
        return "a pipe";
    }
    return "a device or socket";
}

static rg_status file_read(struct rg_source *source, void *out, size_t bytes) {
    return rg_source_read_at(source, source->base + source->position, out, bytes);
}

static int64_t last_change(const struct stat *status) {
    return (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
}

rg_status rg_source_open(struct rg_source *source, const char *path) {
    *source = (struct rg_source){.label = path, .fd = -1, .read = file_read};
    /* O_NONBLOCK: opening a FIFO without a writer must not wait. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return rg_fail(RG_BAD_FILE, "%s: cannot be read: %s; check the name", path, strerror(errno));
    }
    struct stat status;
    rg_status result = RG_OK;
    if (fstat(fd, &status) != 0) {
        result = rg_fail(RG_BAD_FILE, "%s: cannot be read: %s", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        result = rg_fail(RG_BAD_FILE, "%s: is %s; give a regular file", path, kind_of_file(status.st_mode));
    } else if (status.st_size == 0) {
        result = rg_fail(RG_BAD_FILE, "%s: the file is empty", path);
    }
    if (result != RG_OK) {
        close(fd);
        return result;
    }
    source->fd = fd;
    source->bytes = (size_t)status.st_size;
    source->changed = last_change(&status);
    return RG_OK;
}

bool rg_source_is_unchanged(const struct rg_source *source) {
    struct stat status;
    return fstat(source->fd, &status) == 0 && (size_t)status.st_size == source->bytes &&
           last_change(&status) == source->changed;
}

void rg_source_close(struct rg_source *source) {
    if (source->fd >= 0) {
        close(source->fd);
    }
    source->fd = -1;
}

rg_status rg_source_read(struct rg_source *source, void *out, size_t bytes) {
    if (bytes > source->bytes - source->position) {
        return rg_fail(RG_BAD_FILE, "%s: byte %zu: the file ends where %zu more bytes are expected; it was cut short",
                       source->label, source->bytes, bytes - (source->bytes - source->position));
    }
    for (size_t done = 0; done < bytes;) {
        const size_t n = rg_min(bytes - done, PIECE);
        RG_TRY(rg_stop_check());
        RG_TRY(source->read(source, (char *)out + done, n));
        done += n;
        source->position += n;
        rg_log_reading(source->label, (double)source->position, (double)source->bytes);
    }
    return RG_OK;
}

rg_status rg_source_pass(struct rg_source *source, size_t bytes) {
    char *block = NULL;
    rg_status status = RG_OK;
    if (source->read == file_read) {
        source->position += bytes;
        return RG_OK;
    }
    RG_TRY(rg_alloc(&block, RG_SOURCE_BLOCK, 1, "a block of a file"));
    for (size_t done = 0; status == RG_OK && done < bytes; done += RG_SOURCE_BLOCK) {
        status = rg_source_read(source, block, rg_min(bytes - done, RG_SOURCE_BLOCK));
    }
    rg_free(block);
    return status;
}

rg_status rg_source_read_at(const struct rg_source *source, size_t offset, void *out, size_t bytes) {
    size_t done = 0;
    while (done < bytes) {
        const ssize_t n = pread(source->fd, (char *)out + done, bytes - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return rg_fail(RG_BAD_FILE, "%s: byte %zu: cannot be read: %s", source->label, offset + done,
                           n < 0 ? strerror(errno) : "the file became shorter while it was read");
        }
        done += (size_t)n;
    }
    return RG_OK;
}
