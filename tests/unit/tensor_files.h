/* What the tests of tensor files share: a folder for one test, the file under test in memory and on disk, and the two
 * outcomes of reading it. */
#ifndef RNN_GPU_TESTS_TENSOR_FILES_H
#define RNN_GPU_TESTS_TENSOR_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char folder[256];
static char path[512];
static unsigned char file[1 << 16]; /* the file under test */
static size_t file_bytes;

static inline void make_folder(void) {
    make_scratch_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/t", folder);
}

/* Remove the folder; gives the number of its entries. */
static inline size_t remove_folder(void) {
    size_t count = 0;
    char name[600];
    DIR *dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
        ck_assert_int_eq(remove(name), 0);
        count++;
    }
    closedir(dir);
    ck_assert_int_eq(rmdir(folder), 0);
    return count;
}

static inline void clean(void) {
    remove_folder();
}

/* A new file each time: file systems flush one that is cut to nothing and written again, which takes milliseconds. */
static inline void put(const void *data, size_t bytes) {
    (void)remove(path);
    FILE *out = fopen(path, "wb");
    ck_assert_ptr_nonnull(out);
    ck_assert_uint_eq(fwrite(data, 1, bytes, out), bytes);
    ck_assert_int_eq(fclose(out), 0);
}

static inline void load(void) {
    FILE *in = fopen(path, "rb");
    ck_assert_ptr_nonnull(in);
    file_bytes = fread(file, 1, sizeof file, in);
    ck_assert_uint_lt(file_bytes, sizeof file);
    ck_assert_int_eq(fclose(in), 0);
}

static inline void expect_bad(const char *name, const char *fragment, const char *what) {
    struct rg_tensors *list = NULL;
    const rg_status status = rg_tensors_read(name, &list);
    ck_assert_msg(status == RG_BAD_FILE, "%s: status %d", what, (int)status);
    ck_assert_ptr_null(list);
    ck_assert_msg(strstr(rg_error_message(), name) != NULL, "%s: no file in: %s", what, rg_error_message());
    ck_assert_msg(strstr(rg_error_message(), fragment) != NULL, "%s: got: %s", what, rg_error_message());
}

static inline struct rg_tensors *expect_good(void) {
    struct rg_tensors *list = NULL;
    ck_assert_msg(rg_tensors_read(path, &list) == RG_OK, "%s", rg_error_message());
    return list;
}

/* file = header of safetensors with its length, then zeros. */
static inline void put_safetensors(const char *header, size_t data_bytes) {
    const size_t length = strlen(header);
    memset(file, 0, sizeof file);
    file[0] = (unsigned char)(length & 0xFF);
    file[1] = (unsigned char)(length >> 8);
    memcpy(file + 8, header, length);
    file_bytes = 8 + length + data_bytes;
    put(file, file_bytes);
}

static inline void put_npy(int version, const char *header, size_t data_bytes) {
    const size_t length = strlen(header);
    const size_t prefix = version == 1 ? 10 : 12;
    memset(file, 0, sizeof file);
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (unsigned char)version;
    file[8] = (unsigned char)(length & 0xFF);
    file[9] = (unsigned char)(length >> 8);
    memcpy(file + prefix, header, length);
    file_bytes = prefix + length + data_bytes;
    put(file, file_bytes);
}

#endif
