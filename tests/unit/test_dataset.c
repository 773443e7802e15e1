/* Data sets from files: the real example, every kind of bad input by its message, and cut or altered files, which must
 * give an error or a data set, never a crash. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "data/csv_rows.h"
#include "dataset_files.h"

static struct rg_dataset *read_csv(const char *text) {
    struct rg_dataset *d = NULL;

    put("d.csv", text, strlen(text));
    ck_assert_msg(rg_dataset_read(path, NULL, &d) == RG_OK, "%s", rg_error_message());
    ck_assert_ptr_nonnull(d);
    return d;
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
    {BYTES("text,label\na b,1\n\"c\"\nd,1\n"), ":3:4: the row ends after 1 of the header's 2"},
    {BYTES("text,label\na b,1\n\"c\""), ":3:4: the row ends after 1 of the header's 2"},
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
    {BYTES("series,u,label\na,1,0\na,2,\n"), ":3:5: the label is missing"},
    {BYTES("series,u,label\na,1,\"0,5\"\nb,1,\"0,7\"\n"), ":2:5: the label `0,5` has a decimal comma"},
    {BYTES("series;u;label\na;1;1\nb;1;-0,7\n"), ":3:5: the label `-0,7` has a decimal comma"},
    {BYTES("series;u\na;1,5\n"), ":2:3: `1,5` is not a number; a finite decimal number was expected, with a point"},
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
    snprintf(path, sizeof(path), "%s", folder);
    refuse(": is a folder; give a data file", NULL);
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

/* A file that becomes shorter while it is read, at any byte, is not read to a wrong end. */
START_TEST(a_file_that_shrinks) {
    static const char *const rows[] = {"s%d,1\n", "\"s%d\",\"1\"\n", "s%d,\"1\n2\"\r\n"};
    static const size_t lengths[] = {0, 9, 65535, 65536, 65537, 131072, 140000}, cells[] = {2, 5000, 9000};
    char *const text = malloc(1 << 20);
    for (size_t i = 0; i < 3 * 7 * 3; i++) {
        const size_t length = lengths[i / 3 % 7], first = cells[i % 3];
        size_t n = (size_t)sprintf(text, "series,u\n"), taken = 0;
        struct rg_csv csv;
        struct rg_csv_cell cell;
        for (int row = 0; row < 40000; row++) {
            n += (size_t)sprintf(text + n, rows[i / 21], row); /* NOLINT(clang-diagnostic-format-nonliteral) */
        }
        put("d.csv", text, n);
        ck_assert_msg(rg_csv_open(&csv, path) == RG_OK, "%s", rg_error_message());
        for (; taken < first; taken++) {
            ck_assert_int_eq(rg_csv_next(&csv, &cell), RG_OK);
        }
        ck_assert_int_eq(truncate(path, (off_t)length), 0);
        rg_status status = RG_OK;
        for (; status == RG_OK && taken < 90000; taken++) {
            status = rg_csv_next(&csv, &cell);
        }
        ck_assert_msg(status == RG_BAD_FILE &&
                          strstr(rg_error_message(), "d.csv: the file was replaced while it was read"),
                      "%zu bytes after %zu cells: %zu cells, status %d, %s", length, first, taken, (int)status,
                      rg_error_message());
        rg_csv_close(&csv);
    }
    free(text);
}
END_TEST

/* A message shows 40 bytes of a cell, without a part of a character, and no control character. */
START_TEST(cells_in_messages) {
    put("d.csv", BYTES("series,u\na,bcdefghijklmnopqrstuvwxyzabcdefghijklmnop\n"));
    refuse(": `bcdefghijklmnopqrstuvwxyzabcdefghijklmno...` is not a number", NULL);
    put("d.csv", BYTES("series,u\na,bcdefghijklmnopqrstuvwxyzabcdefghijklmno\n"));
    refuse(": `bcdefghijklmnopqrstuvwxyzabcdefghijklmno` is not a number", NULL);
    put("d.csv", BYTES("series,u\na,bcdefghijklmnopqrstuvwxyzabcdefghijklmn\xc3\xa9"
                       "z\n"));
    refuse(": `bcdefghijklmnopqrstuvwxyzabcdefghijklmn...` is not a number", NULL);
    put("d.csv", BYTES("series,u\na,bcdefghijklmnopqrstuvwxyzabcdefghijkl\xf0\x9f\x98\x80"
                       "z\n"));
    refuse(": `bcdefghijklmnopqrstuvwxyzabcdefghijkl...` is not a number", NULL);
    put("d.csv", BYTES("series,u\na,b\x1f c\x7f~\n"));
    refuse(": `b? c?~` is not a number", NULL);
}
END_TEST

START_TEST(columns_that_are_refused) {
    static const char *const series[] = {"series"};
    const struct rg_dataset_options options = {.targets = series, .n_targets = 1};
    char *const text = malloc(1 << 20);
    size_t n = (size_t)sprintf(text, "series");
    put("d.csv", BYTES("series,u\na,1\n"));
    refuse("the column `series` has the names of the sequences; it cannot be a target", &options);
    for (int i = 1; i <= 65536; i++) {
        n += (size_t)sprintf(text + n, ",%d", i);
    }
    put("d.csv", text, n);
    refuse(": more than 65536 columns", NULL);
    free(text);
}
END_TEST

/* Words are numbered in the narrowest type that holds them: n characters, each once, in order. */
START_TEST(types_of_tokens) {
    static const struct {
        size_t characters;
        enum rg_dtype type;
    } cases[] = {{127, RG_I8}, {128, RG_I16}, {300, RG_I16}, {32767, RG_I16}, {32768, RG_I32}};
    char *const text = malloc(4 * 40000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t n = cases[i].characters;
        const struct rg_dataset_options options = {.steps = 40000};
        struct rg_dataset *d = NULL;
        for (size_t k = 0; k < n; k++) {
            const size_t code = 0x1000 + k;
            text[3 * k] = (char)(0xE0 | code >> 12);
            text[3 * k + 1] = (char)(0x80 | (code >> 6 & 0x3F));
            text[3 * k + 2] = (char)(0x80 | (code & 0x3F));
        }
        put("d.txt", text, 3 * n);
        ck_assert_msg(rg_dataset_read(path, &options, &d) == RG_OK, "%s", rg_error_message());
        ck_assert(d->n_features == n && d->n_sequences == 1 && d->n_steps == n - 1);
        ck_assert_msg(d->x_type == cases[i].type && d->y_type == cases[i].type, "%zu characters: types %d and %d", n,
                      (int)d->x_type, (int)d->y_type);
        for (size_t k = 0; k < n - 1; k++) {
            ck_assert_int_eq(rg_dataset_token(d, k), (int)k);
            ck_assert_double_eq(rg_dataset_target(d, k), (double)(k + 1));
        }
        rg_dataset_destroy(d);
    }
    free(text);
}
END_TEST

/* The least that a text can be: two tokens that differ. */
START_TEST(plain_texts) {
    static const int8_t inputs[] = {0, 1, 0}, targets[] = {1, 0, 1};
    const struct rg_dataset_options options = {.steps = 5};
    struct rg_dataset *d = NULL;
    put("d.txt", "abab", 4);
    ck_assert_msg(rg_dataset_read(path, &options, &d) == RG_OK, "%s", rg_error_message());
    ck_assert(d->n_sequences == 1 && d->n_steps == 3 && d->n_features == 2);
    ck_assert(d->x_type == RG_I8 && d->y_type == RG_I8);
    ck_assert_mem_eq(d->x_raw, inputs, sizeof inputs);
    ck_assert_mem_eq(d->y_raw, targets, sizeof targets);
    rg_dataset_destroy(d);
    put("d.txt", "ab", 2);
    ck_assert_msg(rg_dataset_read(path, &options, &d) == RG_OK, "%s", rg_error_message());
    ck_assert(d->n_sequences == 1 && d->n_steps == 1 && d->n_features == 2);
    rg_dataset_destroy(d);
    put("d.txt", "aa", 2);
    refuse("every character is the same", &options);
    put("d.txt", "a", 1);
    refuse("a text of one token; at least two characters", &options);
    put("d.txt", "", 0);
    refuse("empty", &options);
    put("d.txt", "ab", 2);
    refuse("text is cut into sequences of --steps T", NULL);
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
    tcase_add_test(files, a_file_that_shrinks);
    tcase_add_test(files, cells_in_messages);
    tcase_add_test(files, columns_that_are_refused);
    tcase_add_test(files, types_of_tokens);
    tcase_add_test(files, plain_texts);
    tcase_add_test(files, cut_and_altered_csv);
}
