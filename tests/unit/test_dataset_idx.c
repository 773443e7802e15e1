/* Images from IDX files, plain and gzip: the forms, bad files by their message, and damaged ones. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <zlib.h>

#include "dataset_files.h"

#define FASHION "/usr/share/datasets/fashion-mnist/"

static char labels_path[512];

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

TEST_MAIN("dataset_idx") {
    TCase *const files = add_tests(suite, "files");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_loop_test(files, idx_forms, 0, 2);
    tcase_add_test(files, bad_idx_files);
    tcase_add_test(files, damaged_gzip);
    tcase_add_test(files, well_packed_images);
    tcase_add_test(files, fashion_mnist);
}
