/* Files of data sets in a scratch folder: written, and read or refused. */
#ifndef RNN_GPU_TESTS_DATASET_FILES_H
#define RNN_GPU_TESTS_DATASET_FILES_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "scratch.h"
#include "suite.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static char folder[256];
static char path[512];

static inline void make_folder(void) {
    make_scratch_folder(folder, sizeof folder);
}

static inline void remove_folder(void) {
    char name[600];
    static const char *const names[] = {"d.csv",  "d.npz",   "d.npy",    "d.dat", "images",
                                        "labels", "dir.csv", "fifo.csv", "d.txt"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(name, sizeof(name), "%s/%s", folder, names[i]);
        remove(name);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}

/* Write `folder`/`name`; the path is left in `path`. */
static inline void put(const char *name, const void *data, size_t bytes) {
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, bytes, f), bytes);
    ck_assert_int_eq(fclose(f), 0);
}

/* The file at `path` is refused with a message of one line that has the file's path and the fragment. */
static inline void refuse(const char *fragment, const struct rg_dataset_options *options) {
    struct rg_dataset *d = (struct rg_dataset *)(void *)path;

    ck_assert_msg(rg_dataset_read(path, options, &d) == RG_BAD_FILE, "accepted, `%s` was expected", fragment);
    ck_assert_ptr_null(d);
    ck_assert_msg(strstr(rg_error_message(), fragment) != NULL, "`%s` has no `%s`", rg_error_message(), fragment);
    ck_assert_msg(strstr(rg_error_message(), path) != NULL, "`%s` names no file", rg_error_message());
    ck_assert_ptr_null(strchr(rg_error_message(), '\n'));
}

#endif
