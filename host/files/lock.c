/* The lock of a folder: see lock.h. */
#define _GNU_SOURCE
#include "files/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rnn_gpu/log.h"

enum { TEXT_BYTES = 400 };
static const char first_words[] = "rnn-gpu process ";

static rg_status failed(const struct rg_lock *lock, int error) {
    return rg_fail(RG_NOT_SAVED, "%s: cannot be made: %s; check that the folder can be written", lock->path,
                   strerror(error));
}

/* The text in the file as one line; "" if the file is empty. */
static void read_text(int file, char text[TEXT_BYTES]) {
    const ssize_t n = pread(file, text, TEXT_BYTES - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static rg_status write_text(const struct rg_lock *lock) {
    char text[TEXT_BYTES], host[256] = "", since[40] = "";
    const time_t now = time(NULL);
    struct tm utc;
    (void)gethostname(host, sizeof host - 1);
    if (gmtime_r(&now, &utc)) {
        (void)strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    const int length = snprintf(text, sizeof text, "%s%ld on %s since %s\n", first_words, (long)getpid(), host, since);
    errno = 0;
    if (ftruncate(lock->file, 0) != 0 || pwrite(lock->file, text, (size_t)length, 0) != length) {
        return failed(lock, errno ? errno : ENOSPC);
    }
    return RG_OK;
}

/* Does the open file or folder still have that name? */
static bool is_named(int file, const char *path) {
    struct stat opened, named;
    return fstat(file, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

/* Open and lock the file. *again: it was removed in the meantime. */
static rg_status try_lock(struct rg_lock *lock, const char *folder, bool *again) {
    char text[TEXT_BYTES];
    *again = false;
    lock->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock->folder < 0) {
        return failed(lock, errno);
    }
    lock->file = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0666);
    if (lock->file < 0) {
        return failed(lock, errno);
    }
    read_text(lock->file, text);
    if (text[0] && strncmp(text, first_words, strlen(first_words)) != 0) {
        return rg_fail(RG_NOT_SAVED, "%s is not a file of rnn-gpu, which needs that name; give another --out",
                       lock->path);
    }
    if (flock(lock->file, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return rg_fail(RG_NOT_SAVED, "%s: another run writes into it (%s); wait for its end or give another --out",
                           folder, text[0] ? text + strlen("rnn-gpu ") : "it has just begun");
        }
        rg_log("%s: no locks on this file system (%s); see that no other run writes there", folder, strerror(errno));
        return RG_OK;
    }
    *again = !is_named(lock->file, lock->path); /* its creator may have removed it */
    return RG_OK;
}

static void give_up(struct rg_lock *lock) {
    if (lock->file >= 0) {
        (void)close(lock->file);
    }
    if (lock->folder >= 0) {
        (void)close(lock->folder);
    }
    lock->file = lock->folder = -1;
}

rg_status rg_lock_take(struct rg_lock *lock, const char *folder) {
    bool again = true;
    rg_status status = RG_OK;
    *lock = RG_LOCK_NONE;
    (void)snprintf(lock->path, sizeof lock->path, "%s/" RG_LOCK_NAME, folder);
    while (again && status == RG_OK) {
        give_up(lock);
        status = try_lock(lock, folder, &again);
    }
    status = status == RG_OK ? write_text(lock) : status;
    if (status != RG_OK) {
        give_up(lock);
    }
    return status;
}

rg_status rg_lock_check(const struct rg_lock *lock) {
    const int length = (int)strlen(lock->path) - (int)strlen("/" RG_LOCK_NAME);
    char folder[sizeof lock->path];
    struct stat info;
    if (lock->file < 0) {
        return RG_OK;
    }
    (void)snprintf(folder, sizeof folder, "%.*s", length, lock->path);
    const bool same = is_named(lock->folder, folder);
    /* the lock alone may have been deleted: nobody else writes then */
    const bool free = same && (is_named(lock->file, lock->path) || stat(lock->path, &info) != 0);
    return free ? RG_OK
                : rg_fail(RG_NOT_SAVED, "%s: %s; nothing more is saved there", folder,
                          same                       ? "another run has locked it meanwhile"
                          : stat(folder, &info) != 0 ? "the folder was deleted meanwhile"
                                                     : "the folder was deleted and made anew meanwhile");
}

void rg_lock_release(struct rg_lock *lock) {
    if (lock->file >= 0 && is_named(lock->file, lock->path)) {
        (void)unlink(lock->path); /* before others can lock it: see try_lock */
    }
    give_up(lock);
}
