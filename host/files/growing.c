/* Files that grow: see growing.h. */
#define _GNU_SOURCE
#include "files/growing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/files.h"
#include "rnn_gpu/log.h"

enum { MAX_WAITING = 1 << 26 };

static rg_status failed(const struct rg_growing *g, int error) {
    return rg_fail(RG_NOT_SAVED, "%s cannot be written: %s; check the folder and the space left", g->path,
                   strerror(error ? error : EIO));
}

static bool is_want_of_room(int error) {
    return error == ENOSPC || error == EDQUOT;
}

void rg_growing_adopt(struct rg_growing *g, const char *path, int fd) {
    struct stat info;
    *g = (struct rg_growing){.fd = fd, .path = path};
    g->is_regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

rg_status rg_growing_open(struct rg_growing *g, const char *path) {
    int fd = -1;
    *g = (struct rg_growing){.path = NULL};
    RG_TRY(rg_file_grow(path, &fd));
    rg_growing_adopt(g, path, fd);
    return RG_OK;
}

/* Is the open file a regular file with at least that many bytes and with the right start? */
static bool can_go_on(int fd, uint64_t bytes, const char *start, size_t n) {
    struct stat info;
    char head[64];
    return n <= sizeof head && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (uint64_t)info.st_size >= bytes &&
           pread(fd, head, n, 0) == (ssize_t)n && memcmp(head, start, n) == 0;
}

rg_status rg_growing_resume(struct rg_growing *g, const char *path, uint64_t bytes, const char *start, size_t n) {
    *g = (struct rg_growing){.path = NULL};
    const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return rg_fail(RG_NOT_SAVED, "%s: %s", path, strerror(errno));
    }
    const bool good = bytes >= n && can_go_on(fd, bytes, start, n);
    if (!good || ftruncate(fd, (off_t)bytes) != 0 || lseek(fd, 0, SEEK_END) < 0) {
        (void)close(fd);
        return rg_fail(RG_NOT_SAVED, "%s is not the file that the run had written", path);
    }
    rg_growing_adopt(g, path, fd);
    g->written = bytes;
    return RG_OK;
}

/* Returns 0 or an errno. If there is no room, no part of the records is in the file. */
static int write_waiting(struct rg_growing *g) {
    int error = rg_write_all(g->fd, g->waiting.bytes, g->waiting.length);
    if (error == 0) {
        g->written += g->waiting.length;
        g->waiting.length = 0;
    } else if (g->is_regular && (ftruncate(g->fd, (off_t)g->written) != 0 || lseek(g->fd, 0, SEEK_END) < 0)) {
        error = EIO;
    }
    return error;
}

rg_status rg_growing_append(struct rg_growing *g, const void *record, size_t bytes) {
    RG_TRY(rg_text_add(&g->waiting, record, bytes));
    const int error = write_waiting(g);
    if (error == 0 && g->is_full) {
        g->is_full = false;
        rg_log("%s: there is room again, and nothing was lost", g->path);
    }
    if (error == 0) {
        return RG_OK;
    }
    if (!g->is_regular || !is_want_of_room(error) || g->waiting.length > MAX_WAITING) {
        return failed(g, error);
    }
    if (!g->is_full) {
        g->is_full = true;
        rg_log("%s: %s; new records are kept until there is room", g->path, strerror(error));
    }
    return RG_OK;
}

rg_status rg_growing_sync(struct rg_growing *g, uint64_t *bytes) {
    const int error = write_waiting(g);
    if (error != 0 || (g->is_regular && fsync(g->fd) != 0)) {
        return failed(g, error ? error : errno);
    }
    *bytes = g->written;
    return RG_OK;
}

rg_status rg_growing_close(struct rg_growing *g) {
    if (!g->path) {
        return RG_OK;
    }
    int error = write_waiting(g);
    if (close(g->fd) != 0 && errno != EINTR && error == 0) {
        error = errno;
    }
    rg_text_destroy(&g->waiting);
    const rg_status status = error == 0 ? RG_OK : failed(g, error);
    g->path = NULL;
    return status;
}
