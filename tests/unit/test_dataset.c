/* Data sets from files: the real example, every kind of bad input by its message, and cut or altered files, which must
 * give an error or a data set, never a crash. */
#define _GNU_SOURCE
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "suite.h"

#define FASHION "/usr/share/datasets/fashion-mnist/"
#define BYTES(literal) literal, sizeof(literal) - 1

static char folder[256];
static char path[512];
static char labels_path[512];

static void make_folder(void) {
    make_scratch_folder(folder, sizeof folder);
}

static void remove_folder(void) {
    char name[600];
    static const char *const names[] = {"d.csv", "d.npz", "d.npy", "d.dat", "images", "labels", "dir.csv", "fifo.csv"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(name, sizeof(name), "%s/%s", folder, names[i]);
        remove(name);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}

/* Write `folder`/`name`; the path is left in `path`. */
static void put(const char *name, const void *data, size_t bytes) {
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, bytes, f), bytes);
    ck_assert_int_eq(fclose(f), 0);
}

static struct rg_dataset *read_csv(const char *text) {
    struct rg_dataset *d = NULL;

    put("d.csv", text, strlen(text));
    ck_assert_msg(rg_dataset_read(path, NULL, &d) == RG_OK, "%s", rg_error_message());
    ck_assert_ptr_nonnull(d);
    return d;
}

/* The file at `path` is refused with a message of one line that has the file's path and the fragment. */
static void refuse(const char *fragment, const struct rg_dataset_options *options) {
    struct rg_dataset *d = (struct rg_dataset *)(void *)path;

    ck_assert_msg(rg_dataset_read(path, options, &d) == RG_BAD_FILE, "accepted, `%s` was expected", fragment);
    ck_assert_ptr_null(d);
    ck_assert_msg(strstr(rg_error_message(), fragment) != NULL, "`%s` has no `%s`", rg_error_message(), fragment);
    ck_assert_msg(strstr(rg_error_message(), path) != NULL, "`%s` names no file", rg_error_message());
    ck_assert_ptr_null(strchr(rg_error_message(), '\n'));
}

START_TEST(notes_example) {
    static const int32_t tokens[] = {0, 1, 2, 2, 2, 1, 1, 1, 0};
    static const char *const words[] = {"cat", "mat", "rat"};
    struct rg_dataset *d = NULL;

    ck_assert_msg(rg_dataset_read(RG_SOURCE_DIR "/data/cat-mat-rat.csv", NULL, &d) == RG_OK, "%s", rg_error_message());
    ck_assert_uint_eq(d->n_sequences, 3);
    ck_assert_uint_eq(d->n_steps, 3);
    ck_assert_uint_eq(d->n_features, 3);
    ck_assert_int_eq(d->kind, RG_INPUT_TOKEN);
    for (size_t i = 0; i < 9; i++) {
        ck_assert_int_eq(rg_dataset_token(d, i), tokens[i]);
    }
    ck_assert_ptr_null(d->lengths);
    ck_assert_ptr_null(d->x_float);
    ck_assert(d->y[0] == 1.0f && d->y[1] == 1.0f && d->y[2] == 0.0f);
    ck_assert_uint_eq(d->n_targets, 1);
    ck_assert_int_eq(d->label_kind, RG_LABELS_NUMBERS);
    ck_assert_ptr_null(d->classes);
    ck_assert_str_eq(d->texts[1], "rat rat mat");
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(d->vocabulary[i], words[i]);
    }
    ck_assert_ptr_nonnull(strstr(d->path, "cat-mat-rat.csv"));
    rg_dataset_destroy(d);
    rg_dataset_destroy(NULL);
}
END_TEST

START_TEST(text_forms) {
    struct rg_dataset *d = read_csv("\xef\xbb\xbf"
                                    "text,label\r\n\r\n\"b \"\"q\"\",\n\xc3\xa9 a\",-1.5\r\n  zz\tb  , 2e0");

    ck_assert_uint_eq(d->n_sequences, 2);
    ck_assert_uint_eq(d->n_steps, 4);
    ck_assert_uint_eq(d->n_features, 5);
    ck_assert_str_eq(d->texts[0], "b \"q\",\n\xc3\xa9 a");
    ck_assert_str_eq(d->vocabulary[0], "\"q\",");
    ck_assert_str_eq(d->vocabulary[4], "\xc3\xa9");
    ck_assert_int_eq(d->lengths[0], 4);
    ck_assert_int_eq(d->lengths[1], 2);
    ck_assert_int_eq(rg_dataset_token(d, 0), 2);
    ck_assert_int_eq(rg_dataset_token(d, 2), 4);
    ck_assert_int_eq(rg_dataset_token(d, 4), 3);
    ck_assert_int_eq(rg_dataset_token(d, 6), 0);
    ck_assert(d->y[0] == -1.5f && d->y[1] == 2.0f);
    rg_dataset_destroy(d);
    d = read_csv("text,label\ra b,0\rb,16777216\r");
    ck_assert_uint_eq(d->n_sequences, 2);
    rg_dataset_destroy(d);
    d = read_csv("text,label\na,0\nb,0.5\n");
    rg_dataset_destroy(d);
}
END_TEST

START_TEST(given_vocabulary) {
    static const char *const words[] = {"rat", "dog", "cat", "mat", "ca"};
    static const char *const twice[] = {"rat", "dog", "rat"};
    struct rg_dataset_options options = {.vocabulary = words, .n_vocabulary = 5};
    struct rg_dataset *d = NULL;

    put("d.csv", BYTES("text,label\ncat rat,0\nca,1\n"));
    ck_assert_msg(rg_dataset_read(path, &options, &d) == RG_OK, "%s", rg_error_message());
    ck_assert_uint_eq(d->n_features, 5);
    ck_assert_int_eq(rg_dataset_token(d, 0), 2);
    ck_assert_int_eq(rg_dataset_token(d, 1), 0);
    ck_assert_int_eq(rg_dataset_token(d, 2), 4);
    ck_assert_int_eq(rg_dataset_token(d, 3), 0);
    ck_assert_int_eq(d->lengths[1], 1);
    ck_assert_str_eq(d->vocabulary[1], "dog");
    rg_dataset_destroy(d);
    put("d.csv", BYTES("text,label\ncat,0\n\"mat\ncow cat\",1\n"));
    ck_assert_msg(rg_dataset_read(path, &options, &d) == RG_OK, "%s", rg_error_message());
    ck_assert(d->n_words == 4 && d->n_unknown == 1 && rg_dataset_token(d, 4) == -1);
    rg_dataset_destroy(d);
    options = (struct rg_dataset_options){.vocabulary = twice, .n_vocabulary = 3};
    d = NULL;
    ck_assert_int_eq(rg_dataset_read(path, &options, &d), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "`rat` twice"));
}
END_TEST

/* Enough words to make the set of words grow several times, many of them the beginning of another. */
START_TEST(large_vocabulary) {
    enum { WORDS = 7001 };
    char *text = malloc(WORDS * 8 + 100);
    char word[16];
    struct rg_dataset *d;
    size_t n = (size_t)sprintf(text, "text,label\n\"");

    for (int i = 0; i < WORDS; i++) {
        n += (size_t)sprintf(text + n, "%d ", WORDS - 1 - i);
    }
    sprintf(text + n, "\",0\n0 7000,1\n");
    d = read_csv(text);
    ck_assert_uint_eq(d->n_features, WORDS);
    for (int i = 0; i < WORDS; i++) {
        sprintf(word, "%d", WORDS - 1 - i);
        ck_assert_str_eq(d->vocabulary[rg_dataset_token(d, (size_t)i)], word);
        ck_assert(i == 0 || strcmp(d->vocabulary[i - 1], d->vocabulary[i]) < 0);
    }
    ck_assert_int_eq(rg_dataset_token(d, WORDS + 1), rg_dataset_token(d, 0));
    rg_dataset_destroy(d);
    free(text);
}
END_TEST

START_TEST(numeric_forms) {
    static const float x[] = {1, 2, -0.5f, 1e-40f, 0, 0, 5, 6, 7, 8, 9, 10};
    struct rg_dataset *d = read_csv("series,\"u,v\",w,label\n\"a\"\"b\",1,2,1\n\"a\"\"b\",-.5,1e-40,1\n"
                                    "a,5,6,0\na,7,8,0\na,+9,10.,0\n");

    ck_assert_uint_eq(d->n_sequences, 2);
    ck_assert_uint_eq(d->n_steps, 3);
    ck_assert_uint_eq(d->n_features, 2);
    ck_assert_int_eq(d->kind, RG_INPUT_FLOAT);
    ck_assert_mem_eq(d->x_float, x, sizeof(x));
    ck_assert_int_eq(d->lengths[0], 2);
    ck_assert_int_eq(d->lengths[1], 3);
    ck_assert(d->y[0] == 1.0f && d->y[1] == 0.0f);
    rg_dataset_destroy(d);
    d = read_csv("series,u\n1,1e-999\n2,-0\n");
    ck_assert_ptr_null(d->lengths);
    ck_assert_ptr_null(d->y);
    ck_assert_uint_eq(d->n_targets, 0);
    ck_assert(d->x_float[0] == 0.0f && signbit(d->x_float[1]));
    rg_dataset_destroy(d);
}
END_TEST

static const struct {
    const char *text;
    size_t bytes;
    const char *fragment;
} bad_csv[] = {
    {BYTES(""), ":1:1: empty file"},
    {BYTES("\xef\xbb\xbf"), ":1:1: empty file"},
    {BYTES(" \r\n\n"), ": empty file"},
    {BYTES("text,label"), ":1:11: no rows"},
    {BYTES("text,label\r\n"), ":2:1: no rows"},
    {BYTES("series,u\n"), ":2:1: no rows"},
    {BYTES("words,label\na,1\n"), ":1:1: unknown header, it begins with `words`"},
    {BYTES("text\na\n\"\",1\n"), ":3:1: empty cell"},
    {BYTES("label\na\n"), ":1:1: no column `text`"},
    {BYTES("text,class\na,1\n"), ":1:6: unknown column `class`"},
    {BYTES("text,label,x\na,1,2\n"), ":1:12: unknown column `x`"},
    {BYTES("text,label,text\na,1,2\n"), ":1:12: the column `text` occurs twice"},
    {BYTES("series\na\n"), ":1:1: no feature"},
    {BYTES("series,label\na,1\n"), ":1:8: no feature"},
    {BYTES("series,u,v,u\na,1,2,3\n"), ":1:12: the column `u` occurs twice"},
    {BYTES("series,label,u,label\na,1,2,3\n"), ":1:16: the column `label` occurs twice"},
    {BYTES("series,u,series\na,1,2\n"), ":1:10: the column `series` occurs twice"},
    {BYTES("text,label\na b,1\nc\n"), ":3:2: the row ends after 1 of the header's 2"},
    {BYTES("text,label\n\xc3\xa9 b,1,2\n"), ":2:7: one cell too many"},
    {BYTES("text,label\na,1\nb,\n"), ":3:3: empty cell in column 2"},
    {BYTES("text,label\na,1\nb,  "), ":3:5: empty cell in column 2"},
    {BYTES("text,label\na,1\n,1\n"), ":3:1: empty cell in column 1"},
    {BYTES("text,label\n\"\",1\n"), ":2:1: empty cell in column 1"},
    {BYTES("text,label\na,1\r\n\" \n\t\",1\n"), ":3:1: text without words"},
    {BYTES("text,label\n\"a\nb\nc\",one\n"), ": every label is `one`; two classes"},
    {BYTES("text,label\na,1\nb,two\n"), ":3:3: `two` is not a number, but the labels before are"},
    {BYTES("text,label\na,one\nb,2\n"), ":3:3: the label `2` is a number, but those before are words"},
    {BYTES("text,label\na,1\nb,NaN\n"), ":3:3: the label is `NaN`"},
    {BYTES("text,label\na,1\nb\"c,1\n"), ":3:2: misplaced quote"},
    {BYTES("text,label\ra,1\r\rb\"c,1\r"), ":4:2: misplaced quote"},
    {BYTES("text,label\na,1\n\"b\"c,1\n"), ":3:4: misplaced quote"},
    {BYTES("text,label\na,1\n \"b,1\nc,0\n"), ":3:2: a quote is opened"},
    {BYTES("text,label\na,1\nb\0c,1\n"), ":3:2: NUL byte"},
    {BYTES("text,label\na,1\n\xff,1\n"), ":3:1: byte 0xff is not UTF-8"},
    {BYTES("text,label\n\xc3\xa9\xc0\xaf,1\n"), ":2:2: byte 0xc0 is not UTF-8"},
    {BYTES("text,label\n\xed\xa0\x80,1\n"), ":2:1: byte 0xed is not UTF-8"},
    {BYTES("text,label\n\xf4\x90\x80\x80,1\n"), ":2:1: byte 0xf4 is not UTF-8"},
    {BYTES("text,label\na,1\xe2\x82"), ":2:4: byte 0xe2 is not UTF-8"},
    {BYTES("series,u\na,1\na,nan\n"), ":3:3: `nan` is not a number"},
    {BYTES("series,u\na,-inf\n"), ":2:3: `-inf` is not a number"},
    {BYTES("series,u\na,0x1p3\n"), ":2:3: `0x1p3` is not a number"},
    {BYTES("series,u\na,1_000\n"), ":2:3: `1_000` is not a number"},
    {BYTES("series,u\na,\"1,5\"\n"), ":2:3: `1,5` is not a number"},
    {BYTES("series,u\na,\xd9\xa1\xd9\xa2\n"), ":2:3: `\xd9\xa1\xd9\xa2` is not a number"},
    {BYTES("series,u\na,1e\n"), ":2:3: `1e` is not a number"},
    {BYTES("series,u\na,\" 1\"\n"), ":2:3: ` 1` is not a number"},
    {BYTES("series,u\na,\"1\n2\"\n"), ":2:3: `1?2` is not a number"},
    {BYTES("series,u\na,1e999\n"), ":2:3: `1e999` is beyond"},
    {BYTES("series,u\na,1e39\n"), ":2:3: `1e39` is beyond"},
    {BYTES("series,u\na,1\nb,2\na,3\n"), ":4:1: series `a` occurs again"},
    {BYTES("series,u\n\"a\nx\",1\nb,2\n\"a\nx\",3\n"), ":5:1: series `a?x` occurs again"},
    {BYTES("series,u,label\na,1,0\na,2,1\n"), ":3:5: label 1, but earlier rows of series `a` have another one"},
    {BYTES("series,u,label\na,1,0\na,2,\n"), ":3:5: empty cell in column 3"},
    {BYTES("series,u,label\na,1,0\nb,,1\n"), ":3:3: empty cell in column 2"},
    {BYTES("series,u,v\na,1,2\nb,3\n"), ":3:4: the row ends after 2 of the header's 3"},
};

START_TEST(bad_csv_files) {
    test_case("%s", bad_csv[_i].fragment);
    put("d.csv", bad_csv[_i].text, bad_csv[_i].bytes);
    refuse(bad_csv[_i].fragment, NULL);
}
END_TEST

START_TEST(bad_paths) {
    snprintf(path, sizeof(path), "%s/none.csv", folder);
    refuse("No such file", NULL);
    put("d.dat", BYTES("text,label\na,1\n"));
    refuse("must end in .csv, .tsv, .txt, .npz, .npy, .idx", NULL);
    snprintf(path, sizeof(path), "%s/dir.csv", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    refuse("not a regular file", NULL);
    snprintf(path, sizeof(path), "%s/fifo.csv", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    refuse("not a regular file", NULL);
}
END_TEST

/* One series of many steps beside many of one step: N*T would be far above the file. */
START_TEST(uneven_files) {
    char *text = malloc(40000);
    size_t n = (size_t)sprintf(text, "series,u\n");

    for (int i = 0; i < 1000; i++) {
        n += (size_t)sprintf(text + n, "long,%d\n", i % 10);
    }
    for (int i = 0; i < 1000; i++) {
        n += (size_t)sprintf(text + n, "s%d,0\n", i);
    }
    put("d.csv", text, n);
    refuse("1001 sequences padded to the longest, 1000 steps, are more than 64 times the 2000 steps", NULL);
    n = (size_t)sprintf(text, "text,label\n\"");
    for (int i = 0; i < 1000; i++) {
        n += (size_t)sprintf(text + n, "w ");
    }
    n += (size_t)sprintf(text + n, "\",0\n");
    for (int i = 0; i < 1000; i++) {
        n += (size_t)sprintf(text + n, "w,0\n");
    }
    put("d.csv", text, n);
    refuse("1001 sequences padded", NULL);
    free(text);
}
END_TEST

/* A file as a user's long texts would give it: a cell above libcsv's first buffer. */
START_TEST(long_cells) {
    size_t n = 600001;
    char *text = malloc(n + 100);
    struct rg_dataset *d;

    strcpy(text, "text,label\nb,0\n");
    memset(text + 15, 'a', n);
    strcpy(text + 15 + n, ",1\n");
    d = read_csv(text);
    ck_assert_uint_eq(strlen(d->texts[1]), n);
    ck_assert_uint_eq(d->n_features, 2);
    rg_dataset_destroy(d);
    strcpy(text, "series,u\n");
    memset(text + 9, 'a', 4097);
    strcpy(text + 9 + 4097, ",1\n");
    put("d.csv", text, strlen(text));
    refuse(":2:1: a name of 4097 bytes", NULL);
    strcpy(text, "series,u\na,");
    memset(text + 11, '9', n);
    strcpy(text + 11 + n, "\n");
    put("d.csv", text, strlen(text));
    refuse(":2:3: `9999999999999999999999999999999999999999...` is beyond", NULL);
    free(text);
}
END_TEST

/* Whatever a file says, it gives a data set or one line. */
static void survive(const char *name, const char *data, size_t bytes) {
    struct rg_dataset *d = NULL;
    rg_status status;

    put(name, data, bytes);
    status = rg_dataset_read(path, NULL, &d);
    ck_assert_msg(status == RG_OK || status == RG_BAD_FILE, "%s", rg_error_message());
    ck_assert_int_eq(status == RG_OK, d != NULL);
    rg_dataset_destroy(d);
}

START_TEST(cut_and_altered_csv) {
    static const char *const files[] = {
        "text,label\n\"a \"\"b\nc\",1\r\nd,-2.5e1\n",
        "series,u,label\r\n\"x\",1,0\n\"x\",2.5,0\ny,-3e1,1\n",
    };
    char text[128];

    for (size_t f = 0; f < 2; f++) {
        size_t n = strlen(files[f]);

        for (size_t cut = 0; cut <= n; cut++) {
            survive("d.csv", files[f], cut);
        }
        for (size_t bit = 0; bit < 8 * n; bit++) {
            memcpy(text, files[f], n);
            text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
            survive("d.csv", text, n);
        }
    }
}
END_TEST

static struct rg_tensor tensor(const char *name, enum rg_dtype dtype, size_t n_dims, const size_t *shape,
                               const void *data) {
    struct rg_tensor t = {.name = name, .dtype = dtype, .n_dims = n_dims, .data = data};

    t.data_bytes = rg_dtype_bytes(dtype);
    for (size_t i = 0; i < n_dims; i++) {
        t.shape[i] = shape[i];
        t.data_bytes *= shape[i];
    }
    return t;
}

#define SHAPE(...)                                                         \
    (sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t)), (const size_t[]) { \
        __VA_ARGS__                                                        \
    }

static void put_npz(const struct rg_tensor *items, size_t count) {
    snprintf(path, sizeof(path), "%s/d.npz", folder);
    ck_assert_msg(rg_npz_write(path, items, count) == RG_OK, "%s", rg_error_message());
}

static struct rg_dataset *read_npz(const struct rg_tensor *items, size_t count) {
    struct rg_dataset *d = NULL;

    put_npz(items, count);
    ck_assert_msg(rg_dataset_read(path, NULL, &d) == RG_OK, "%s", rg_error_message());
    return d;
}

START_TEST(npz_forms) {
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, NAN, 9, 10, 11, 12};
    static const float expected[] = {1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0};
    static const double xd[] = {1, 2, 3, 4, 5, 6};
    static const int64_t tokens[] = {3, 1, 0, 2, 0, -1};
    static const int32_t lengths[] = {3, 2};
    static const int32_t full[] = {3, 3};
    static const uint8_t labels[] = {7, 0};
    static const double targets[] = {.5, 1, 2, 3};
    static const int64_t short_lengths[] = {6, 1};
    struct rg_dataset *d;

    d = read_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 6, 1), x), tensor("y", RG_U8, SHAPE(2), labels),
                                      tensor("lengths", RG_I64, SHAPE(2), short_lengths)},
                 3);
    ck_assert_uint_eq(d->n_steps, 6);
    ck_assert_uint_eq(d->n_features, 1);
    ck_assert_mem_eq(d->x_float, expected, sizeof(expected));
    ck_assert_int_eq(d->lengths[1], 1);
    rg_dataset_destroy(d);
    d = read_npz((struct rg_tensor[]){tensor("x", RG_F64, SHAPE(2, 3), xd), tensor("y", RG_F64, SHAPE(2, 2), targets),
                                      tensor("lengths", RG_I32, SHAPE(2), full)},
                 3);
    ck_assert_int_eq(d->kind, RG_INPUT_FLOAT);
    ck_assert_uint_eq(d->n_features, 1);
    ck_assert_ptr_null(d->lengths);
    ck_assert(d->x_float[5] == 6.0f && d->y[0] == .5f && d->y[3] == 3.0f);
    ck_assert_uint_eq(d->n_targets, 2);
    rg_dataset_destroy(d);
    d = read_npz(
        (struct rg_tensor[]){tensor("lengths", RG_I32, SHAPE(2), lengths), tensor("x", RG_I64, SHAPE(2, 3), tokens)},
        2);
    ck_assert_int_eq(d->kind, RG_INPUT_TOKEN);
    ck_assert_uint_eq(d->n_features, 4);
    ck_assert_int_eq(rg_dataset_token(d, 0), 3);
    ck_assert_int_eq(rg_dataset_token(d, 5), 0);
    ck_assert_ptr_null(d->y);
    rg_dataset_destroy(d);
    snprintf(path, sizeof(path), "%s/d.npy", folder);
    ck_assert_int_eq(
        rg_npy_write(
            path,
            &(struct rg_tensor){
                .name = "x", .dtype = RG_F64, .n_dims = 2, .shape = {2, 3}, .data = xd, .data_bytes = sizeof(xd)}),
        RG_OK);
    ck_assert_msg(rg_dataset_read(path, NULL, &d) == RG_OK, "%s", rg_error_message());
    ck_assert_uint_eq(d->n_steps, 3);
    rg_dataset_destroy(d);
}
END_TEST

/* Padding, NaN or no token, on either side of x and of targets of every step. */
START_TEST(npz_left_padding) {
    static const float x[] = {1, 2, 3, NAN, 5, 6}, zeros[] = {1, 2, 3, 0, 5, 6};
    static const float y[] = {1, 0, 2, NAN, 1, 0};
    static const int64_t tokens[] = {3, 1, 0, -7, 0, 2}, lengths[] = {3, 2};
    const struct rg_tensor counts = tensor("lengths", RG_I64, SHAPE(2), lengths);
    const struct rg_dataset_options left = {.pad_left = true};
    struct rg_dataset *d;

    put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 3), x), tensor("y", RG_F32, SHAPE(2, 3), y), counts}, 3);
    ck_assert_msg(rg_dataset_read(path, &left, &d) == RG_OK, "%s", rg_error_message());
    ck_assert(d->pad_left && d->lengths[1] == 2);
    ck_assert_mem_eq(d->x_float, zeros, sizeof(zeros));
    rg_dataset_destroy(d);
    refuse("element [1,0] is not finite", NULL);
    put_npz((struct rg_tensor[]){tensor("x", RG_I64, SHAPE(2, 3), tokens), counts}, 2);
    ck_assert_msg(rg_dataset_read(path, &left, &d) == RG_OK, "%s", rg_error_message());
    ck_assert(rg_dataset_token(d, 3) == 0 && rg_dataset_token(d, 5) == 2 && d->n_features == 4);
    rg_dataset_destroy(d);
    refuse("token [1,0] is -7", NULL);
}
END_TEST

/* The last steps stay, on either side of the padding, with the targets of every step. */
START_TEST(cut_to_the_last_steps) {
    static const float right[] = {1, 2, 3, 4, 5, 0, 0, 0, 6, 7, 8, 0}, left[] = {1, 2, 3, 4, 0, 0, 0, 5, 0, 6, 7, 8};
    static const float right_cut[] = {3, 4, 5, 0, 7, 8}, left_cut[] = {3, 4, 0, 5, 7, 8};
    static const int64_t lengths[] = {4, 1, 3};

    for (int side = 0; side < 2; side++) {
        const float *const x = side ? left : right, *const cut = side ? left_cut : right_cut;
        const struct rg_dataset_options options = {.pad_left = side == 1};
        struct rg_dataset *d;

        put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(3, 4, 1), x), tensor("y", RG_F32, SHAPE(3, 4), x),
                                     tensor("lengths", RG_I64, SHAPE(3), lengths)},
                3);
        ck_assert_msg(rg_dataset_read(path, &options, &d) == RG_OK, "%s", rg_error_message());
        rg_dataset_cut(d, 4, true);
        ck_assert_uint_eq(d->n_steps, 4);
        rg_dataset_cut(d, 2, true);
        ck_assert(d->n_steps == 2 && d->n_targets == 2);
        ck_assert_mem_eq(d->x_float, cut, sizeof(right_cut));
        ck_assert_mem_eq(d->y, cut, sizeof(right_cut));
        ck_assert(d->lengths[0] == 2 && d->lengths[1] == 1 && d->lengths[2] == 2);
        rg_dataset_cut(d, 1, false);
        ck_assert(d->lengths == NULL && d->n_targets == 2 && d->x_float[0] == 4 && d->x_float[2] == 8);
        rg_dataset_destroy(d);
    }
}
END_TEST

/* h_0 and c_0 with and without the dimension of layers and directions; both have the same shape. */
START_TEST(npz_states) {
    static const float x[] = {1, 2, 3, 4};
    static const double h[] = {1, 2, 3, 4, 5, 6, 7, 8}, c[] = {8, 7, 6, 5, 4, 3, 2, 1};
    const struct rg_tensor good = tensor("x", RG_F32, SHAPE(2, 2), x);
    struct rg_dataset *d = read_npz(
        (struct rg_tensor[]){good, tensor("h_0", RG_F64, SHAPE(4, 2, 1), h), tensor("c_0", RG_F64, SHAPE(4, 2, 1), c)},
        3);

    ck_assert(d->n_states == 4 && d->state_width == 1 && !d->flat_states);
    ck_assert(d->h_0[7] == 8.0 && d->c_0[7] == 1.0);
    rg_dataset_destroy(d);
    d = read_npz((struct rg_tensor[]){good, tensor("c_0", RG_F64, SHAPE(2, 4), c)}, 2);
    ck_assert(d->n_states == 1 && d->state_width == 4 && d->flat_states && d->h_0 == NULL);
    rg_dataset_destroy(d);
    put_npz(
        (struct rg_tensor[]){good, tensor("h_0", RG_F64, SHAPE(4, 2, 1), h), tensor("c_0", RG_F64, SHAPE(2, 2, 2), c)},
        3);
    refuse("`c_0` is [2,2,2]; the shape of `h_0` was expected", NULL);
}
END_TEST

/* More elements than the reader converts at a time. */
START_TEST(npz_many_tokens) {
    enum { N = 5, T = 2003 };
    int16_t *values = calloc(N * T, sizeof(*values));
    struct rg_dataset *d;

    for (int i = 0; i < N * T; i++) {
        values[i] = (int16_t)i;
    }
    d = read_npz((struct rg_tensor[]){tensor("x", RG_I16, SHAPE(N, T), values)}, 1);
    ck_assert_uint_eq(d->n_features, N * T);
    for (int i = 0; i < N * T; i++) {
        ck_assert_int_eq(rg_dataset_token(d, (size_t)i), i);
    }
    rg_dataset_destroy(d);
    free(values);
}
END_TEST

START_TEST(bad_npz_files) {
    static const float x[] = {1, 2, 3, INFINITY};
    static const double big[] = {1, 2, 1e39, 4};
    static const float fine[] = {1, 2, 3, 4};
    static const int32_t tokens[] = {1, 2, -3, 4};
    static const int64_t huge[] = {1, 2, 3, INT64_C(1) << 31};
    static const int32_t lengths[] = {1, 3, 0};
    static const int32_t negative[] = {1, -1};
    const struct rg_tensor good = tensor("x", RG_F32, SHAPE(2, 2), fine);
    const struct {
        struct rg_tensor items[2];
        const char *fragment;
    } cases[] = {
        {{tensor("a", RG_F32, SHAPE(2, 2), fine), tensor("data", RG_F32, SHAPE(2), fine)}, "no tensor `x` among the 2"},
        {{tensor("x", RG_F32, SHAPE(4), fine), good}, "tensor `x` is F32 [4]; numbers [sequences,steps,features]"},
        {{tensor("x", RG_F32, SHAPE(2, 0, 3), fine), good}, "`x` [2,0,3] is empty"},
        {{tensor("x", RG_F32, SHAPE(2, 2), x), good}, "tensor `x`: element [1,1] is not finite"},
        {{tensor("x", RG_F64, SHAPE(2, 2, 1), big), good}, "tensor `x`: element [1,0,0] is not finite"},
        {{tensor("x", RG_I32, SHAPE(2, 2), tokens), good}, "tensor `x`: token [1,0] is -3"},
        {{tensor("x", RG_I64, SHAPE(2, 2), huge), good}, "tensor `x`: token [1,1] is 2147483648"},
        {{good, tensor("y", RG_F32, SHAPE(3), fine)},
         "tensor `y` is [3]; with `x` [2,2], [2], [2,outputs], [2,2] or [2,2,outputs]"},
        {{good, tensor("y", RG_F32, SHAPE(2, 1, 1), fine)}, "tensor `y` is [2,1,1]"},
        {{good, tensor("y", RG_F32, SHAPE(2, 0), fine)}, "tensor `y` is [2,0]"},
        {{good, tensor("y", RG_F32, SHAPE(2, 2), x)}, "tensor `y`: element [1,1] is not finite"},
        {{good, tensor("lengths", RG_I32, SHAPE(3), lengths)}, "`lengths` is I32 [3]; with `x` [2,2], integer [2]"},
        {{good, tensor("lengths", RG_F32, SHAPE(2), fine)}, "tensor `lengths` is F32 [2]"},
        {{good, tensor("lengths", RG_I32, SHAPE(2), lengths)}, "`lengths`: element [1] is 3; with `x` [2,2], 0 to 2"},
        {{good, tensor("lengths", RG_I32, SHAPE(2), negative)}, "tensor `lengths`: element [1] is -1"},
        {{good, tensor("h_0", RG_F32, SHAPE(1, 1, 4), fine)},
         "`h_0` is F32 [1,1,4]; with `x` [2,2], float [layers*directions,2,hidden]"},
        {{good, tensor("h_0", RG_F32, SHAPE(4), fine)}, "`h_0` is F32 [4]"},
        {{good, tensor("c_0", RG_I32, SHAPE(2, 2), tokens)}, "`c_0` is I32 [2,2]"},
        {{good, tensor("c_0", RG_F32, SHAPE(1, 2, 0), fine)}, "`c_0` is F32 [1,2,0]"},
        {{good, tensor("h_0", RG_F32, SHAPE(2, 2), x)}, "tensor `h_0`: element [1,1] is not finite"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        /* where the first tensor is the bad x, the second has the same name and is left out */
        put_npz(cases[i].items, strcmp(cases[i].items[1].name, "x") == 0 ? 1 : 2);
        refuse(cases[i].fragment, NULL);
    }
}
END_TEST

/* Write `folder`/`name` plain or as gzip. */
static void put_idx(const char *name, const void *data, size_t bytes, bool packed) {
    gzFile f;

    if (!packed) {
        put(name, data, bytes);
        return;
    }
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = gzopen(path, "wb");
    ck_assert_int_eq(gzwrite(f, data, (unsigned)bytes), (int)bytes);
    ck_assert_int_eq(gzclose(f), Z_OK);
}

#define IMAGES "\0\0\10\3\0\0\0\2\0\0\0\3\0\0\0\1abcdef"
#define LABELS "\0\0\10\1\0\0\0\2\1\4"

static rg_status read_idx(const void *images, size_t image_bytes, const void *labels, size_t label_bytes, bool packed,
                          struct rg_dataset **d) {
    put_idx("labels", labels, label_bytes, packed);
    strcpy(labels_path, path);
    put_idx("images", images, image_bytes, packed);
    return rg_dataset_read_idx(path, labels_path, d);
}

START_TEST(idx_forms) {
    struct rg_dataset *d = NULL;

    ck_assert_msg(read_idx(BYTES(IMAGES), BYTES(LABELS), _i == 1, &d) == RG_OK, "%s", rg_error_message());
    ck_assert_int_eq(d->kind, RG_INPUT_BYTE);
    ck_assert_uint_eq(d->n_sequences, 2);
    ck_assert_uint_eq(d->n_steps, 3);
    ck_assert_uint_eq(d->n_features, 1);
    ck_assert_mem_eq(d->x_byte, "abcdef", 6);
    ck_assert(rg_dataset_target(d, 0) == 1.0 && rg_dataset_target(d, 1) == 4.0);
    rg_dataset_destroy(d);
}
END_TEST

START_TEST(bad_idx_files) {
    static const struct {
        const char *images;
        size_t image_bytes;
        const char *labels;
        size_t label_bytes;
        const char *fragment;
    } cases[] = {
        {BYTES(""), BYTES(LABELS), "ends early: 16 bytes were expected here and 0"},
        {BYTES("\0\0\10\3\0\0\0\2"), BYTES(LABELS), "ends early: 16 bytes were expected here and 8"},
        {BYTES("\0\0\10\1\0\0\0\2\0\0\0\3\0\0\0\1abcdef"), BYTES(LABELS), "number 0x00000801, 0x00000803 was expected"},
        {BYTES(IMAGES), BYTES(IMAGES), "IDX file of labels: magic number 0x00000803, 0x00000801 was expected"},
        {BYTES(IMAGES "g"), BYTES(LABELS), ""},
        {BYTES("\0\0\10\3\0\0\0\2\0\0\0\3\0\0\0\1abcde"), BYTES(LABELS), ""},
        {BYTES("\0\0\10\3\0\0\0\2\0\0\0\0\0\0\0\1"), BYTES(LABELS), "dimension 2 is 0"},
        {BYTES("\0\0\10\3\x80\0\0\2\0\0\0\1\0\0\0\1"), BYTES(LABELS), "dimension 1 is 2147483650"},
        {BYTES("\0\0\10\3\x7f\0\0\2\x7f\0\0\1\x7f\0\0\1"), BYTES(LABELS), "product of the dimensions exceeds"},
        {BYTES("\0\0\10\3\0\0\0\2\x7f\0\0\1\x7f\0\0\1"), BYTES(LABELS), ""},
        {BYTES(IMAGES), BYTES("\0\0\10\1\0\0\0\3\1\4\2"), "has 2 images and "},
        {BYTES(IMAGES), BYTES("\0\0\10\1\0\0\0\2\1"), ""},
        {BYTES(IMAGES), BYTES(LABELS "\1"), ""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (int packed = 0; packed < 2; packed++) {
            struct rg_dataset *d = NULL;

            ck_assert_msg(read_idx(cases[i].images, cases[i].image_bytes, cases[i].labels, cases[i].label_bytes,
                                   packed == 1, &d) == RG_BAD_FILE,
                          "case %zu was accepted", i);
            ck_assert_ptr_null(d);
            ck_assert_msg(strstr(rg_error_message(), cases[i].fragment) != NULL, "case %zu: %s", i, rg_error_message());
            ck_assert_msg(strstr(rg_error_message(), folder) != NULL, "case %zu: %s", i, rg_error_message());
        }
    }
}
END_TEST

/* Every cut of a gzip file is refused. A flipped bit is found by the checksum, or it carries nothing (the header's
 * time, the filling of the last byte) and the contents are right. */
START_TEST(damaged_gzip) {
    char data[256];
    char copy[256];
    size_t n;
    FILE *f;
    struct rg_dataset *d = NULL;

    ck_assert_int_eq(read_idx(BYTES(IMAGES), BYTES(LABELS), true, &d), RG_OK);
    rg_dataset_destroy(d);
    f = fopen(path, "rb");
    n = fread(data, 1, sizeof(data), f);
    fclose(f);
    ck_assert(n > 20 && n < sizeof(data));
    for (size_t cut = 0; cut < n; cut++) {
        put("images", data, cut);
        ck_assert_msg(rg_dataset_read_idx(path, labels_path, &d) == RG_BAD_FILE, "cut at %zu was accepted", cut);
    }
    for (size_t bit = 0; bit < 8 * n; bit++) {
        memcpy(copy, data, n);
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        put("images", copy, n);
        if (rg_dataset_read_idx(path, labels_path, &d) == RG_OK) {
            ck_assert_mem_eq(d->x_byte, "abcdef", 6);
        }
        rg_dataset_destroy(d);
    }
}
END_TEST

/* Zeros pack a thousand times: the file announces more than twice its size, truly and falsely. */
START_TEST(well_packed_images) {
    enum { N = 2, ROWS = 500, COLUMNS = 400 };
    char *data = calloc(1, 16 + N * ROWS * COLUMNS);
    struct rg_dataset *d = NULL;

    memcpy(data, "\0\0\10\3\0\0\0\2\0\0\1\xf4\0\0\1\x90", 16);
    data[16 + N * ROWS * COLUMNS - 1] = 'z';
    ck_assert_msg(read_idx(data, 16 + N * ROWS * COLUMNS, BYTES(LABELS), true, &d) == RG_OK, "%s", rg_error_message());
    ck_assert_uint_eq(d->n_steps, ROWS);
    ck_assert_uint_eq(d->n_features, COLUMNS);
    ck_assert_int_eq(d->x_byte[N * ROWS * COLUMNS - 1], 'z');
    rg_dataset_destroy(d);
    ck_assert_int_eq(read_idx(data, 16 + N * ROWS * COLUMNS - 1, BYTES(LABELS), true, &d), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "400000 bytes were expected here and 399999"));
    data[8] = 0x40; /* a terabyte announced */
    ck_assert_int_eq(read_idx(data, 16 + N * ROWS * COLUMNS, BYTES(LABELS), true, &d), RG_BAD_FILE);
    free(data);
}
END_TEST

START_TEST(fashion_mnist) {
    struct rg_dataset *d = NULL;
    const char *required = getenv("RG_REQUIRE_DATASETS");
    size_t per_class[10] = {0};

    if (access(FASHION, F_OK) != 0) {
        ck_assert_msg(required == NULL || strcmp(required, "1") != 0, FASHION " is missing and required");
        return;
    }
    ck_assert_msg(rg_dataset_read_idx(FASHION "t10k-images-idx3-ubyte.gz", FASHION "t10k-labels-idx1-ubyte.gz", &d) ==
                      RG_OK,
                  "%s", rg_error_message());
    ck_assert_uint_eq(d->n_sequences, 10000);
    ck_assert_uint_eq(d->n_steps, 28);
    ck_assert_uint_eq(d->n_features, 28);
    for (size_t i = 0; i < d->n_sequences; i++) {
        per_class[(size_t)rg_dataset_target(d, i)]++;
    }
    for (size_t i = 0; i < 10; i++) {
        ck_assert_uint_eq(per_class[i], 1000);
    }
    rg_dataset_destroy(d);
    ck_assert_int_eq(rg_dataset_read_idx(FASHION "t10k-images-idx3-ubyte.gz", FASHION "train-labels-idx1-ubyte.gz", &d),
                     RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "has 10000 images and "));
}
END_TEST

TEST_MAIN("dataset") {
    TCase *const files = add_tests(suite, "files");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, notes_example);
    tcase_add_test(files, text_forms);
    tcase_add_test(files, given_vocabulary);
    tcase_add_test(files, large_vocabulary);
    tcase_add_test(files, numeric_forms);
    tcase_add_loop_test(files, bad_csv_files, 0, (int)(sizeof(bad_csv) / sizeof(*bad_csv)));
    tcase_add_test(files, bad_paths);
    tcase_add_test(files, uneven_files);
    tcase_add_test(files, long_cells);
    tcase_add_test(files, cut_and_altered_csv);
    tcase_add_test(files, npz_forms);
    tcase_add_test(files, npz_many_tokens);
    tcase_add_test(files, npz_states);
    tcase_add_test(files, cut_to_the_last_steps);
    tcase_add_test(files, npz_left_padding);
    tcase_add_test(files, bad_npz_files);
    tcase_add_loop_test(files, idx_forms, 0, 2);
    tcase_add_test(files, bad_idx_files);
    tcase_add_test(files, damaged_gzip);
    tcase_add_test(files, well_packed_images);
    tcase_add_test(files, fashion_mnist);
}
