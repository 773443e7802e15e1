/* Memory that the readers take, at its highest, for good and bad files of 4 MiB: every allocation of the process is
 * counted, those of the libraries too. */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files/sections.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"
#include "suite.h"

enum { MIB = 1 << 20, FILE_BYTES = 4 * MIB };

/* ---- Counting: glibc's functions under their other names, and what lives now ---- */

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
extern void __libc_free(void *memory);

static atomic_size_t living, highest;

static void *came(void *memory) {
    const size_t now = memory == NULL ? living : living + malloc_usable_size(memory);

    living = now;
    highest = now > highest ? now : highest;
    return memory;
}

__attribute__((visibility("default"))) void *malloc(size_t bytes) {
    return came(__libc_malloc(bytes));
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t bytes) {
    return came(__libc_calloc(count, bytes));
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t bytes) {
    const size_t before = old == NULL ? 0 : malloc_usable_size(old);
    void *const memory = __libc_realloc(old, bytes);

    living -= memory != NULL || bytes == 0 ? before : 0;
    return came(memory);
}

__attribute__((visibility("default"))) int posix_memalign(void **out, size_t alignment, size_t bytes) {
    void *const memory = came(__libc_memalign(alignment, bytes));

    if (memory != NULL) {
        *out = memory;
    }
    return memory == NULL ? ENOMEM : 0;
}

__attribute__((visibility("default"))) void free(void *memory) {
    living -= memory == NULL ? 0 : malloc_usable_size(memory);
    __libc_free(memory);
}

/* ---- Files ---- */

static char folder[256], path[600], labels_path[600];

static void make_folder(void) {
    tzset(); /* what libzip lets the C library keep for the rest of the process */
    make_scratch_folder(folder, sizeof folder);
}

static void remove_folder(void) {
    static const char *const names[] = {"d.csv", "d.npz", "d.npy", "d.safetensors", "d.ckpt", "images", "labels"};
    char name[600];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(name, sizeof name, "%s/%s", folder, names[i]);
        remove(name);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}

static FILE *create(const char *name) {
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *const file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    return file;
}

static size_t file_bytes(void) {
    struct stat info;
    ck_assert_int_eq(stat(path, &info), 0);
    return (size_t)info.st_size;
}

/* Read the file at `path` and give the highest amount of memory on the way. */
static size_t peak_of(bool doubles, rg_status expected) {
    const struct rg_dataset_options options = {.doubles = doubles};
    struct rg_dataset *data = NULL;
    const size_t before = living;

    highest = before;
    const rg_status status = rg_dataset_read(path, &options, &data);
    const size_t peak = highest - before;
    ck_assert_msg(status == expected, "%s: status %d, %s", path, status, rg_error_message());
    rg_dataset_destroy(data);
    ck_assert_msg(living == before, "%s: %zu bytes are not given back", path, living - before);
    return peak;
}

static void expect_within(size_t bound, const char *what, bool doubles, rg_status expected) {
    const size_t peak = peak_of(doubles, expected);
    ck_assert_msg(peak <= bound, "%s%s%s: %zu bytes at the highest, %.2f times the file of %zu; %zu are allowed", what,
                  doubles ? ", double" : "", expected == RG_OK ? "" : ", bad", peak,
                  (double)peak / (double)file_bytes(), file_bytes(), bound);
}

static size_t twice(void) {
    return 2 * file_bytes() + MIB;
}

/* ---- npy and npz ---- */

/* d.npy of that dtype: `shape` as Python has it, `bytes` zeros, and the last element with these bytes. */
static void put_npy(const char *descr, bool fortran, const char *shape, size_t bytes, const char *last, size_t n_last) {
    char header[128];
    FILE *const file = create("d.npy");
    int n = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", descr,
                     fortran ? "True" : "False", shape);
    memset(header + n, ' ', (size_t)(117 - n));
    header[117] = '\n';
    fwrite("\x93NUMPY\1\0\x76\0", 1, 10, file);
    fwrite(header, 1, 118, file);
    fseek(file, (long)(bytes - n_last), SEEK_CUR);
    fwrite(last, 1, n_last, file);
    ck_assert_int_eq(fclose(file), 0);
}

static const struct {
    const char *descr, *shape;
    size_t bytes;
    const char *good, *bad; /* the last element; NULL: every value is good */
    size_t n_last;
    bool fortran;
} arrays[] = {
    {"|i1", "(64, 65536)", FILE_BYTES, "\1", "\xff", 1, false},
    {"|i1", "(64, 65536)", FILE_BYTES, "\1", "\xff", 1, true},
    {"|u1", "(64, 65536)", FILE_BYTES, "\xff", NULL, 1, false},
    {"|u1", "(64, 256, 256)", FILE_BYTES, "\xff", NULL, 1, false},
    {"|b1", "(64, 256, 256)", FILE_BYTES, "\1", NULL, 1, true},
    {"<i2", "(64, 32768)", FILE_BYTES, "\1\0", "\xff\xff", 2, false},
    {"<u2", "(64, 32768)", FILE_BYTES, "\xff\xff", NULL, 2, false},
    {"<i4", "(64, 16384)", FILE_BYTES, "\1\0\0\0", "\xff\xff\xff\xff", 4, false},
    {"<i8", "(64, 8192)", FILE_BYTES, "\1\0\0\0\0\0\0\0", "\0\0\0\0\1\0\0\0", 8, false},
    {"<u8", "(64, 8192)", FILE_BYTES, "\1\0\0\0\0\0\0\0", "\0\0\0\0\0\0\0\xff", 8, true},
    {"<f2", "(64, 128, 256)", FILE_BYTES, "\0\x3c", "\0\x7c", 2, false},
    {"<f2", "(64, 128, 256)", FILE_BYTES, "\0\x3c", "\0\x7c", 2, true},
    {"<f4", "(64, 128, 128)", FILE_BYTES, "\0\0\x80\x3f", "\0\0\x80\x7f", 4, false},
    {"<f4", "(64, 128, 128)", FILE_BYTES, "\0\0\x80\x3f", "\0\0\x80\x7f", 4, true},
    {"<f8", "(64, 128, 64)", FILE_BYTES, "\0\0\0\0\0\0\xf0\x3f", "\0\0\0\0\0\0\xf0\x7f", 8, false},
};

START_TEST(npy_files) {
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        for (int doubles = 0; doubles < 2; doubles++) {
            char what[64];
            snprintf(what, sizeof what, "npy %s %s", arrays[i].descr, arrays[i].fortran ? "Fortran" : "C");
            put_npy(arrays[i].descr, arrays[i].fortran, arrays[i].shape, arrays[i].bytes, arrays[i].good,
                    arrays[i].n_last);
            expect_within(twice(), what, doubles, RG_OK);
            if (arrays[i].bad == NULL) {
                continue;
            }
            put_npy(arrays[i].descr, arrays[i].fortran, arrays[i].shape, arrays[i].bytes, arrays[i].bad,
                    arrays[i].n_last);
            expect_within(twice(), what, doubles, RG_BAD_FILE);
        }
    }
}
END_TEST

/* Inputs and targets of every step, both narrow; stored, not compressed. */
START_TEST(npz_files) {
    enum { N = 64, T = FILE_BYTES / 2 / N };
    static int8_t x[N * T], y[N * T];
    const struct rg_tensor items[] = {
        {.name = "x", .dtype = RG_I8, .n_dims = 2, .shape = {N, T}, .data = x, .data_bytes = sizeof x},
        {.name = "y", .dtype = RG_I8, .n_dims = 2, .shape = {N, T}, .data = y, .data_bytes = sizeof y}};

    for (int bad = 0; bad < 2; bad++) {
        for (int doubles = 0; doubles < 2; doubles++) {
            x[N * T - 1] = bad ? -1 : 1;
            snprintf(path, sizeof path, "%s/d.npz", folder);
            ck_assert_int_eq(rg_npz_write(path, items, 2), RG_OK);
            expect_within(twice(), "npz of x and y as I8", doubles, bad ? RG_BAD_FILE : RG_OK);
        }
    }
}
END_TEST

/* ---- CSV ---- */

/* d.csv: a header and `line` until the file has its size; %d in the line becomes the row's number. */
static size_t put_csv(const char *header, const char *line, const char *last) {
    FILE *const file = create("d.csv");
    size_t rows = 0;

    fputs(header, file);
    for (long bytes = 0; bytes < FILE_BYTES; rows++) {
        const int n = strchr(line, '%') != NULL ? fprintf(file, line, rows) : fputs(line, file);
        bytes = n > 0 ? ftell(file) : FILE_BYTES;
    }
    fputs(last, file);
    ck_assert_int_eq(fclose(file), 0);
    return rows;
}

/* Two bytes a number, which become 4 or 8: that is twice the file in float, and in double as many bytes as there are
 * numbers. */
START_TEST(csv_of_numbers) {
    for (int bad = 0; bad < 2; bad++) {
        for (int doubles = 0; doubles < 2; doubles++) {
            const size_t rows = put_csv("series,a,b,c,d,e,f,g,h\n", "s,0,0,0,0,0,0,0,0\n", bad ? "s,x\n" : "");
            const size_t numbers = rows * 8 * (doubles ? sizeof(double) : sizeof(float));
            expect_within(bad || numbers + MIB < twice() ? twice() : numbers + MIB, "csv of numbers", doubles,
                          bad ? RG_BAD_FILE : RG_OK);
        }
    }
}
END_TEST

/* A row is a series of its own: 4 or 8 bytes for its number and for its label, and 7 and its letters for its name. */
START_TEST(csv_of_many_series) {
    for (int bad = 0; bad < 2; bad++) {
        for (int doubles = 0; doubles < 2; doubles++) {
            const size_t rows = put_csv("series,a,label\n", "%zu,0,1\n", bad ? "1,0,1\n" : "");
            const size_t each = 2 * (doubles ? sizeof(double) : sizeof(float)) + 7;
            expect_within(file_bytes() + rows * each + MIB, "csv of many series", doubles, bad ? RG_BAD_FILE : RG_OK);
        }
    }
}
END_TEST

static const struct {
    const char *what, *line;
    size_t words; /* of the vocabulary: 0 for one a row */
} texts[] = {{"csv of sentences", "the cat sat on the mat and the rat sat on the cat,1\n", 9},
             {"csv of words", "cat,1\n", 1},
             {"csv of letters", "a,1\n", 1},
             {"csv of different words", "word%zu,1\n", 0},
             {"csv of a long text", "aaaa bbbb cccc dddd %zu eeee,1\n", 0}};

/* The texts themselves, 1 to 4 bytes a word, 16 bytes a row (8 for where it begins, 4 or 8 for its label), and for each
 * different word its letters and 15 bytes. */
START_TEST(csv_of_texts) {
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (int bad = 0; bad < 2; bad++) {
            for (int doubles = 0; doubles < 2; doubles++) {
                const size_t rows = put_csv("text,label\n", texts[i].line, bad ? "a,\n" : "");
                const size_t words = texts[i].words ? texts[i].words : rows;
                size_t longest = 1;
                for (const char *at = texts[i].line; *at; at++) {
                    longest += *at == ' ';
                }
                const size_t tokens = rows * longest * (words > 32767 ? 4 : words > 127 ? 2 : 1);
                const size_t bound = file_bytes() + tokens + 16 * rows + (words > 127 ? words * 26 : 0) + MIB;
                expect_within(bad || bound < twice() ? twice() : bound, texts[i].what, doubles,
                              bad ? RG_BAD_FILE : RG_OK);
            }
        }
    }
}
END_TEST

/* One cell as long as the file. */
START_TEST(csv_of_one_cell) {
    for (int numeric = 0; numeric < 2; numeric++) {
        FILE *const file = create("d.csv");
        fputs(numeric ? "series,a\ns," : "text,label\n", file);
        for (size_t i = 0; i < FILE_BYTES / 4; i++) {
            fputs("9999", file);
        }
        fputs(numeric ? "\n" : ",x\n", file);
        ck_assert_int_eq(fclose(file), 0);
        expect_within(twice(), "csv of one cell", false, RG_BAD_FILE);
    }
}
END_TEST

/* ---- IDX and safetensors ---- */

START_TEST(idx_files) {
    FILE *const labels = create("labels");
    fwrite("\0\0\10\1\0\0\x10\0", 1, 8, labels);
    for (int i = 0; i < 4096; i++) {
        fputc(i % 10, labels);
    }
    ck_assert_int_eq(fclose(labels), 0);
    memcpy(labels_path, path, sizeof path);
    for (int bad = 0; bad < 2; bad++) {
        struct rg_dataset *data = NULL;
        FILE *const images = create("images");
        fwrite("\0\0\10\3\0\0\x10\0\0\0\0\x20\0\0\0\x20", 1, 16, images);
        ck_assert_int_eq(fclose(images), 0);
        ck_assert_int_eq(truncate(path, 16 + FILE_BYTES + bad), 0);
        const size_t before = living;
        highest = before;
        ck_assert_int_eq(rg_dataset_read_idx(path, labels_path, &data), bad ? RG_BAD_FILE : RG_OK);
        ck_assert_uint_le(highest - before, twice());
        rg_dataset_destroy(data);
        ck_assert_uint_eq(living, before);
    }
}
END_TEST

START_TEST(safetensors_files) {
    const struct rg_shape shape = {.cell = RG_CELL_RNN, .inputs = 24, .hidden = 1000, .outputs = 1, .layers = 1};
    struct rg_model *model = NULL;

    ck_assert_int_eq(rg_model_create(&shape, &model), RG_OK);
    snprintf(path, sizeof path, "%s/d.safetensors", folder);
    ck_assert_int_eq(rg_model_save(model, path), RG_OK);
    rg_model_destroy(model);
    ck_assert_uint_gt(file_bytes(), FILE_BYTES - MIB / 4);
    for (int bad = 0; bad < 2; bad++) {
        if (bad) {
            ck_assert_int_eq(truncate(path, (off_t)file_bytes() + 1), 0);
        }
        for (int doubles = 0; doubles < 2; doubles++) {
            const size_t before = living;
            highest = before;
            const rg_status status =
                doubles ? rg_model_load_exact(path, &shape, &model) : rg_model_load(path, &shape, &model);
            ck_assert_int_eq(status, bad ? RG_BAD_FILE : RG_OK);
            ck_assert_uint_le(highest - before, twice());
            if (!bad) {
                rg_model_destroy(model);
            }
            ck_assert_uint_eq(living, before);
        }
    }
}
END_TEST

/* A checkpoint, whole and cut short, and one whose header claims more than the file has. */
START_TEST(checkpoints) {
    struct rg_sections *sections = NULL;
    void *data = NULL;
    bool foreign = false;

    snprintf(path, sizeof path, "%s/d.ckpt", folder);
    ck_assert_int_eq(rg_sections_create(&sections), RG_OK);
    ck_assert_int_eq(rg_sections_add(sections, "weights", FILE_BYTES, &data), RG_OK);
    ck_assert_int_eq(rg_sections_write(sections, path), RG_OK);
    rg_sections_destroy(sections);
    for (int claim = 0; claim < 3; claim++) {
        if (claim == 1) {
            ck_assert_int_eq(truncate(path, FILE_BYTES / 2), 0);
        } else if (claim == 2) {
            const unsigned char many[4] = {0xFF, 0xFF, 0xFF, 0x7F};
            FILE *const file = fopen(path, "r+b");
            ck_assert_ptr_nonnull(file);
            ck_assert_int_eq(fseek(file, 12, SEEK_SET), 0);
            ck_assert_uint_eq(fwrite(many, 1, 4, file), 4);
            ck_assert_int_eq(fclose(file), 0);
        }
        const size_t before = living;
        highest = before;
        const rg_status status = rg_sections_read(path, &sections, &foreign);
        const size_t peak = highest - before;
        ck_assert_int_eq(status, claim == 0 ? RG_OK : RG_BAD_FILE);
        ck_assert_msg(peak <= 2 * file_bytes() + MIB, "%zu bytes for a file of %zu", peak, file_bytes());
        rg_sections_destroy(sections);
        ck_assert_uint_eq(living, before);
    }
}
END_TEST

TEST_MAIN("reader_memory") {
    TCase *const files = add_tests(suite, "files");
    tcase_set_timeout(files, 120);
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, npy_files);
    tcase_add_test(files, npz_files);
    tcase_add_test(files, csv_of_numbers);
    tcase_add_test(files, csv_of_many_series);
    tcase_add_test(files, csv_of_texts);
    tcase_add_test(files, csv_of_one_cell);
    tcase_add_test(files, idx_files);
    tcase_add_test(files, safetensors_files);
    tcase_add_test(files, checkpoints);
}
