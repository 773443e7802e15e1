/* Crash-safe output: a temporary file beside the target, fsync, rename, fsync of the folder.
 *
 * A kill or a power cut at any moment leaves either the old or the new file under the name. A symbolic link to a
 * regular file is replaced, so the file that it points to (perhaps an older checkpoint) stays. Targets that exist and
 * are not regular files (/dev/null, pipes), and names of open descriptors (/dev/stdout), are written directly. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/stop.h"
#include "files/files.h"
#include "rnn_gpu/log.h"
#include "rnn_gpu/memory.h"

static rg_status not_saved(const char *path, int error) {
    const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    const char *const advice = full               ? "free some space or choose another disk"
                               : error == EISDIR  ? "give the name of a file"
                               : error == ENOTDIR ? "one of the names before the last is that of a file"
                               : error == ENOENT  ? "check that the folder exists"
                                                  : "check that the folder can be written";
    return rg_fail(RG_NOT_SAVED, "%s: cannot be saved: %s; %s", path, strerror(error), advice);
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* Is the path the name of an open descriptor? It may lead to a regular file, and a rename would replace the name. */
static bool is_descriptor(const char *path) {
    return strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/stderr") == 0 || starts_with(path, "/dev/fd/") ||
           starts_with(path, "/proc/");
}

/* Open a pipe once a program reads it, or a device. A signal ends the wait: then, as for a socket, -1 and ENXIO. */
static int open_when_read(const char *path) {
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    struct stat info;
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENXIO && stat(path, &info) == 0 && S_ISFIFO(info.st_mode)) {
        rg_log("%s: a pipe that no program reads; waiting for one", path);
        while (fd < 0 && errno == ENXIO && !rg_stop_requested()) {
            (void)nanosleep(&pause, NULL);
            fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        }
    }
    if (fd >= 0) {
        const int flags = fcntl(fd, F_GETFL);
        (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    }
    return fd;
}

static rg_status open_direct(struct rg_writer *writer) {
    if (strcmp(writer->path, "/dev/stdout") == 0) {
        writer->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0); /* shares the position with earlier output */
    } else if (strcmp(writer->path, "/dev/stderr") == 0) {
        writer->fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    } else {
        writer->fd = open_when_read(writer->path);
    }
    if (writer->fd < 0 && errno == ENXIO) {
        RG_TRY(rg_stop_check());
    }
    return writer->fd < 0 ? not_saved(writer->path, errno) : RG_OK;
}

static rg_status open_folder(struct rg_writer *writer) {
    char *folder = NULL;
    const size_t length = (size_t)(writer->name - writer->path);
    RG_TRY(rg_copy_string(&folder, length > 0 ? writer->path : "."));
    if (length > 0) {
        folder[length] = '\0'; /* the slash stays, so that "/" works as a folder too */
    }
    writer->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int error = errno;
    rg_free(folder);
    return writer->folder < 0 ? not_saved(writer->path, error) : RG_OK;
}

rg_status rg_writer_open(struct rg_writer *writer, const char *path) {
    const char *slash = strrchr(path, '/');
    *writer = (struct rg_writer){
        .path = path, .name = slash != NULL ? slash + 1 : path, .fd = -1, .folder = -1, .temporary = {.lock = -1}};
    struct stat status;
    const bool exists = stat(path, &status) == 0;
    if (!exists && errno != ENOENT) {
        return not_saved(path, errno);
    }
    if (exists && S_ISDIR(status.st_mode)) {
        return not_saved(path, EISDIR);
    }
    if (exists && (!S_ISREG(status.st_mode) || is_descriptor(path))) {
        return open_direct(writer);
    }
    if (writer->name[0] == '\0') {
        return not_saved(path, ENOENT);
    }
    RG_TRY(open_folder(writer));
    writer->fd = rg_temporary_create(&writer->temporary, writer->folder);
    return writer->fd < 0 ? not_saved(path, errno) : RG_OK;
}

/* A closed pipe or a file-size limit would end the process by a signal; here they are errors. */
int rg_write_all(int fd, const char *data, size_t bytes) {
    sigset_t fatal;
    sigset_t before;
    sigset_t pending;
    sigemptyset(&fatal);
    sigaddset(&fatal, SIGPIPE);
    sigaddset(&fatal, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &fatal, &before);
    sigpending(&pending);
    int error = 0;
    for (size_t done = 0; done < bytes && error == 0;) {
        const ssize_t n = write(fd, data + done, bytes - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0) {
            error = ENOSPC;
        } else if (errno != EINTR) {
            error = errno;
        }
    }
    const int raised = error == EPIPE ? SIGPIPE : error == EFBIG ? SIGXFSZ : 0;
    if (raised != 0 && sigismember(&pending, raised) == 0) {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, raised);
        sigtimedwait(&one, NULL, &(struct timespec){0});
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

rg_status rg_writer_append(struct rg_writer *writer, const void *data, size_t bytes) {
    const int error = rg_write_all(writer->fd, data, bytes);
    return error != 0 ? not_saved(writer->path, error) : RG_OK;
}

rg_status rg_writer_commit(struct rg_writer *writer) {
    const bool direct = writer->folder < 0;
    if (!direct && fsync(writer->fd) != 0) {
        return not_saved(writer->path, errno);
    }
    const int fd = writer->fd;
    writer->fd = -1;
    if (close(fd) != 0 && errno != EINTR) {
        return not_saved(writer->path, errno);
    }
    if (direct) {
        return RG_OK;
    }
    if (renameat(writer->folder, writer->temporary.name, writer->folder, writer->name) != 0) {
        return not_saved(writer->path, errno);
    }
    rg_temporary_end(&writer->temporary, true);
    /* Some network file systems have no fsync of folders. No data are lost by that. */
    if (fsync(writer->folder) != 0 && errno != EINVAL && errno != ENOTSUP) {
        return not_saved(writer->path, errno);
    }
    close(writer->folder);
    writer->folder = -1;
    return RG_OK;
}

void rg_writer_abandon(struct rg_writer *writer) {
    if (writer->fd >= 0) {
        close(writer->fd);
    }
    if (writer->folder >= 0) {
        rg_temporary_end(&writer->temporary, false);
        close(writer->folder);
    }
    writer->fd = -1;
    writer->folder = -1;
}

rg_status rg_file_write(const char *path, const void *data, size_t bytes) {
    struct rg_writer writer;
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_writer_open(&writer, path));
    RG_TRY_GOTO(rg_writer_append(&writer, data, bytes));
    RG_TRY_GOTO(rg_writer_commit(&writer));
    return RG_OK;
cleanup:
    rg_writer_abandon(&writer);
    return status;
}

rg_status rg_file_try(const char *path) {
    struct rg_writer writer;
    rg_status status = rg_writer_open(&writer, path);
    if (status == RG_OK && writer.folder >= 0) {
        status = rg_writer_append(&writer, "rnn-gpu\n", 8); /* a full disk accepts no byte */
    }
    rg_writer_abandon(&writer);
    return status;
}

rg_status rg_file_grow(const char *path, int *out) {
    struct rg_writer writer;
    rg_status status = RG_OK;
    *out = -1;
    RG_TRY_GOTO(rg_writer_open(&writer, path));
    *out = fcntl(writer.fd, F_DUPFD_CLOEXEC, 0); /* stays open after the file has its name */
    RG_TRY_GOTO(*out < 0 ? not_saved(path, errno) : RG_OK);
    RG_TRY_GOTO(rg_writer_commit(&writer));
    return RG_OK;
cleanup:
    rg_writer_abandon(&writer);
    if (*out >= 0) {
        close(*out);
    }
    *out = -1;
    return status;
}
