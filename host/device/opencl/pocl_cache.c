/* See pocl_cache.h. */
#define _GNU_SOURCE
#include "device/opencl/pocl_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Compiling the kernels of a run takes about 2 MiB of files. */
enum { PATH_BYTES = 4096, BLOCK_BYTES = 1 << 16, BLOCKS = 64 };

/* As PoCL finds it. Returns the variable that decides. */
static const char *find_folder(char folder[PATH_BYTES]) {
    static const struct {
        const char *variable, *below;
    } places[] = {{"POCL_CACHE_DIR", ""}, {"XDG_CACHE_HOME", "/pocl/kcache"}, {"HOME", "/.cache/pocl/kcache"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *const value = getenv(places[i].variable);
        if (value && *value) {
            (void)snprintf(folder, PATH_BYTES, "%s%s", value, places[i].below);
            return places[i].variable;
        }
    }
    (void)snprintf(folder, PATH_BYTES, "/tmp/pocl/kcache");
    return "HOME";
}

static int make_folder(const char *folder) {
    return mkdir(folder, 0700) == 0 || errno == EEXIST ? 0 : errno;
}

/* Make the folder and those above it, as PoCL does. 0, or the errno of the one that cannot be made. */
static int make_folders(char folder[PATH_BYTES]) {
    int error = 0;
    for (char *at = folder + 1; *at; at++) {
        if (*at == '/') {
            *at = '\0';
            error = error ? error : make_folder(folder);
            *at = '/';
        }
    }
    return error ? error : make_folder(folder);
}

/* Write a file of BLOCKS blocks and remove it. 0, or why that is not possible (errno). */
static int try_to_write(const char *folder) {
    static const char block[BLOCK_BYTES];
    char path[PATH_BYTES + 32];
    int error = 0;
    (void)snprintf(path, sizeof path, "%s/rnn-gpu-%ld", folder, (long)getpid());
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return errno;
    }
    for (int i = 0; i < BLOCKS && error == 0; i++) {
        error = write(file, block, sizeof block) > 0 ? 0 : errno;
    }
    if (close(file) != 0 && error == 0) {
        error = errno;
    }
    (void)unlink(path);
    return error;
}

void rg_pocl_cache_problem(const char *platform, char text[RG_POCL_CACHE_PROBLEM]) {
    char folder[PATH_BYTES];
    text[0] = '\0';
    if (strcmp(platform, RG_POCL_NAME) != 0) {
        return;
    }
    const char *const variable = find_folder(folder);
    int error = make_folders(folder);
    error = error ? error : try_to_write(folder);
    if (error != 0) {
        (void)snprintf(text, RG_POCL_CACHE_PROBLEM,
                       "PoCL cannot write its cache of kernels, %.160s (from %s): %s; make room there, or set "
                       "POCL_CACHE_DIR to another folder",
                       folder, variable, strerror(error));
    }
}
