/* A library to preload: the RG_FAIL_CALL-th call of the functions named by RG_FAIL_WHAT fails, counted over the whole
 * process; with RG_FAIL_CALL unset or 0 none does. RG_COUNT_CALLS names a file that gets the number of calls,
 * RG_CALL_STACKS one that gets a line for each call: a number for the functions on the stack, equal where these are.
 *
 *   malloc  malloc, calloc, realloc, posix_memalign, aligned_alloc: no memory
 *   write   write, and the standard library's through it: no space left
 *   open    open, openat, fopen: too many files
 *   thread  pthread_create: try again
 *   disk    every write to a regular file from the RG_FAIL_CALL-th on, and as long as there is a file RG_FULL_DISK: no
 *           space left. RG_FAIL_BYTES: the RG_FAIL_CALL-th itself still writes so many bytes, as a disk does that fills
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

/* The functions of glibc behind malloc's, which do not come back here as those that dlsym finds would. */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

static long calls, failing;
static char what[16];
static bool ready, keeps_stacks;

enum { MAX_STACKS = 1 << 16, MAX_FRAMES = 100 };
static uint64_t stacks[MAX_STACKS];

/* A hash of the return addresses on the stack. */
static uint64_t stack_number(void) {
    void *frames[MAX_FRAMES];
    const int n = backtrace(frames, MAX_FRAMES);
    return rg_hash_bytes(RG_HASH_START, frames, (size_t)n * sizeof *frames);
}

__attribute__((constructor)) static void begin(void) {
    const char *const call = getenv("RG_FAIL_CALL"), *const name = getenv("RG_FAIL_WHAT");
    keeps_stacks = getenv("RG_CALL_STACKS") != NULL;
    if (keeps_stacks) {
        (void)stack_number(); /* the first loads a library, and allocates */
    }
    failing = call ? strtol(call, NULL, 10) : 0;
    strncpy(what, name ? name : "", sizeof what - 1);
    ready = true;
}

__attribute__((destructor)) static void end(void) {
    const char *const path = getenv("RG_COUNT_CALLS");
    ready = false;
    FILE *const file = path ? fopen(path, "w") : NULL;
    if (file) {
        (void)fprintf(file, "%ld\n", calls);
        (void)fclose(file);
    }
    FILE *const list = keeps_stacks ? fopen(getenv("RG_CALL_STACKS"), "w") : NULL;
    for (long i = 0; list && i < calls && i < MAX_STACKS; i++) {
        (void)fprintf(list, "%llx\n", (unsigned long long)stacks[i]);
    }
    if (list) {
        (void)fclose(list);
    }
}

static bool fails(const char *function) {
    if (!ready || strcmp(what, function) != 0) {
        return false;
    }
    const long call = __sync_add_and_fetch(&calls, 1);
    if (keeps_stacks && call <= MAX_STACKS) {
        stacks[call - 1] = stack_number();
    }
    return call == failing;
}

static void *no_memory(void) {
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t bytes) {
    return fails("malloc") ? no_memory() : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes) {
    return fails("malloc") ? no_memory() : __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes) {
    return fails("malloc") ? no_memory() : __libc_realloc(block, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    return fails("malloc") ? no_memory() : __libc_memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    void *const block = fails("malloc") ? NULL : __libc_memalign(alignment, bytes);
    *out = block ? block : *out;
    return block ? 0 : ENOMEM;
}

/* The function of that name that comes after this library's. */
static void *next(const char *function) {
    return dlsym(RTLD_NEXT, function);
}

/* How much of a write the disk takes. */
static size_t room_for(int fd, size_t bytes) {
    const char *const mark = getenv("RG_FULL_DISK"), *const part = getenv("RG_FAIL_BYTES");
    struct stat info;
    if (!ready || strcmp(what, "disk") != 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return bytes;
    }
    const long call = __sync_add_and_fetch(&calls, 1);
    const size_t some = part ? strtoul(part, NULL, 10) : 0;
    if (failing > 0 && call == failing) {
        return some < bytes ? some : bytes;
    }
    return (failing > 0 && call > failing) || (mark && access(mark, F_OK) == 0) ? 0 : bytes;
}

ssize_t write(int fd, const void *data, size_t bytes) {
    ssize_t (*const real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))next("write");
    const size_t room = room_for(fd, bytes);
    if (fails("write") || (room == 0 && bytes > 0)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, data, room);
}

static int too_many_files(void) {
    errno = EMFILE;
    return -1;
}

int openat(int folder, const char *path, int flags, ...) {
    int (*const real)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))next("openat");
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails("open") ? too_many_files() : real(folder, path, flags, mode);
}

int open(const char *path, int flags, ...) {
    int (*const real)(const char *, int, ...) = (int (*)(const char *, int, ...))next("open");
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails("open") ? too_many_files() : real(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode) {
    FILE *(*const real)(const char *, const char *) = (FILE * (*)(const char *, const char *)) next("fopen");
    if (fails("open")) {
        errno = EMFILE;
        return NULL;
    }
    return real(path, mode);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *argument) {
    int (*const real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
        (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))next("pthread_create");
    return fails("thread") ? EAGAIN : real(thread, attributes, work, argument);
}
