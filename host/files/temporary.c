/* Temporary files: see temporary.h. */
#define _GNU_SOURCE
#include "files/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPTS = 1000, PLACES = 16 };
enum { MINUTE = 60, HOUR = 3600 }; /* seconds */

/* The files that rg_temporaries_remove removes. A file's entry is taken before the file is created, so no file is ever
 * without an entry. */
static struct place {
    atomic_flag taken;
    atomic_int folder; /* its descriptor plus 1; 0: nothing to remove */
    char name[RG_TEMPORARY_NAME];
} places[PLACES];

/* Take an entry for that name. NULL if all are taken; rg_temporaries_remove then leaves the file. */
static struct place *note(int folder, const char *name) {
    for (size_t i = 0; i < PLACES; i++) {
        struct place *const p = &places[i];
        if (!atomic_flag_test_and_set(&p->taken)) {
            memcpy(p->name, name, sizeof p->name);
            atomic_store(&p->folder, folder + 1);
            return p;
        }
    }
    return NULL;
}

static void forget(struct place *p) {
    if (p) {
        atomic_store(&p->folder, 0);
        atomic_flag_clear(&p->taken);
    }
}

static struct place *find(int folder, const char *name) {
    for (size_t i = 0; i < PLACES; i++) {
        if (atomic_load(&places[i].folder) == folder + 1 && strcmp(places[i].name, name) == 0) {
            return &places[i];
        }
    }
    return NULL;
}

void rg_temporaries_remove(void) {
    for (size_t i = 0; i < PLACES; i++) {
        const int folder = atomic_load(&places[i].folder);
        if (folder > 0) {
            (void)unlinkat(folder - 1, places[i].name, 0);
        }
    }
}

/* ---- Files of dead processes ---- */

/* The process that created a file of this name; 0 if it is not a name of this program. */
static long process_of(const char *name) {
    long process = 0;
    int number = 0, length = 0;
    const bool ours = sscanf(name, ".rnn-gpu-%10ld-%10d.tmp%n", &process, &number, &length) == 2 && length > 0 &&
                      name[length] == '\0';
    return ours && process > 0 ? process : 0;
}

/* Is the file abandoned? On a file system without locks only its age tells. With locks, a young file of a live process
 * may have been created a moment ago and not yet be locked. */
static bool is_left_behind(int fd, long process) {
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return false;
    }
    const time_t age = time(NULL) - info.st_mtime;
    const bool alive = kill((pid_t)process, 0) == 0 || errno == EPERM;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        return !alive || age > MINUTE;
    }
    return errno != EWOULDBLOCK && !alive && age > HOUR;
}

static void remove_left_behind(int folder) {
    const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a descriptor with its own position */
    DIR *const list = copy >= 0 ? fdopendir(copy) : NULL;
    if (!list) {
        if (copy >= 0) {
            (void)close(copy);
        }
        return;
    }
    for (const struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        const long process = process_of(entry->d_name);
        if (process == 0 || find(folder, entry->d_name)) {
            continue;
        }
        const int fd = openat(folder, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0 && is_left_behind(fd, process)) {
            (void)unlinkat(folder, entry->d_name, 0);
        }
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    (void)closedir(list);
}

/* ---- Files of this process ---- */

/* O_EXCL refuses links and files of others. */
int rg_temporary_create(struct rg_temporary *t, int folder) {
    *t = (struct rg_temporary){.folder = folder, .lock = -1};
    remove_left_behind(folder);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        (void)snprintf(t->name, sizeof t->name, ".rnn-gpu-%ld-%d.tmp", (long)getpid(), attempt);
        struct place *const place = note(folder, t->name);
        const int fd = openat(folder, t->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666), error = errno;
        if (fd >= 0) {
            (void)flock(fd, LOCK_EX | LOCK_NB); /* some network file systems have no locks */
            t->lock = fcntl(fd, F_DUPFD_CLOEXEC, 0);
            return fd;
        }
        forget(place);
        errno = error;
        if (error != EEXIST) {
            break;
        }
    }
    t->name[0] = '\0';
    return -1;
}

void rg_temporary_end(struct rg_temporary *t, int renamed) {
    if (t->name[0] != '\0') {
        if (!renamed) {
            (void)unlinkat(t->folder, t->name, 0);
        }
        forget(find(t->folder, t->name));
        t->name[0] = '\0';
    }
    if (t->lock >= 0) {
        (void)close(t->lock);
    }
    t->lock = -1;
}
