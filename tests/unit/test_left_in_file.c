/* Data sets whose numbers stay in their file: what of an .npz file or a pair of IDX files stays at which limit of
 * memory, and that a file which changed is refused; and arrays of an .npz file that are read at its borders. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <zlib.h>

#include "data/data_fingerprint.h"
#include "data/readers.h"
#include "dataset_files.h"
#include "failing_memory.h"
#include "made_tensor.h"

static void put_npz(const struct rg_tensor *items, size_t count) {
    snprintf(path, sizeof(path), "%s/d.npz", folder);
    ck_assert_msg(rg_npz_write(path, items, count) == RG_OK, "%s", rg_error_message());
}

static struct rg_dataset *read_with(struct rg_dataset_options options) {
    struct rg_dataset *d = NULL;
    ck_assert_msg(rg_dataset_read(path, &options, &d) == RG_OK, "%s", rg_error_message());
    return d;
}

/* The message is the path and this. */
static void expect_refused(const struct rg_dataset_options *options, const char *text) {
    struct rg_dataset *d = NULL;
    char wanted[1200];
    ck_assert_int_eq(rg_dataset_read(path, options, &d), RG_BAD_FILE);
    ck_assert_ptr_null(d);
    (void)snprintf(wanted, sizeof wanted, "%s%s", path, text);
    ck_assert_str_eq(rg_error_message(), wanted);
}

static void expect_numbers(const struct rg_dataset *d, const double *numbers, size_t n) {
    double value = 0.0;
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(rg_dataset_numbers(d, i, 1, &value), RG_OK);
        ck_assert_msg(value == numbers[i] || (isnan(value) && isnan(numbers[i])), "number %zu is %g", i, value);
    }
}

/* ---- Arrays of an .npz file ---- */

/* x of 48 bytes stays if half of the memory is less; y of 8 likewise. */
START_TEST(what_stays) {
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, y[] = {1, 2};
    static const struct {
        uint64_t memory;
        bool x, y;
    } cases[] = {{0, false, false}, {98, false, false}, {97, false, false}, {96, false, false}, {95, true, false},
                 {18, true, false}, {16, true, false},  {15, true, true},   {1, true, true}};
    put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 3, 2), x), tensor("y", RG_F32, SHAPE(2), y)}, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rg_dataset *const d = read_with((struct rg_dataset_options){.memory = cases[i].memory});
        test_case("%d bytes of memory", (int)cases[i].memory);
        ck_assert_int_eq(d->x_file.numbers != NULL, cases[i].x);
        ck_assert_int_eq(d->y_file.numbers != NULL, cases[i].y);
        ck_assert((d->x_float == NULL) == cases[i].x && (d->y == NULL) == cases[i].y);
        ck_assert(rg_dataset_target(d, 0) == 1.0 && rg_dataset_target(d, 1) == 2.0);
        for (size_t k = 0; k < 12; k++) {
            double value = 0.0;
            ck_assert_int_eq(rg_dataset_numbers(d, k, 1, &value), RG_OK);
            ck_assert_double_eq(value, (double)(k + 1));
        }
        rg_dataset_destroy(d);
    }
}
END_TEST

/* Small arrays are brought from the file: lengths and first states. */
START_TEST(small_arrays) {
    static const double x[] = {1, 2, 3, 4}, h[] = {.1, .2}, c[] = {-.1, -.2};
    static const int16_t lengths[] = {1, 2};
    const struct rg_tensor items[] = {tensor("lengths", RG_I16, SHAPE(2), lengths),
                                      tensor("c_0", RG_F64, SHAPE(2, 1), c), tensor("h_0", RG_F64, SHAPE(2, 1), h),
                                      tensor("x", RG_F64, SHAPE(2, 2), x)};
    put_npz(items, 4);
    for (int i = 0; i < 4; i++) {
        const bool doubles = i % 2 == 1;
        struct rg_dataset *const d =
            read_with((struct rg_dataset_options){.memory = i < 2 ? 1 : 0, .doubles = doubles, .pad_left = i == 3});
        test_case("small arrays %d", i);
        ck_assert((d->x_file.numbers != NULL) == (i < 2) && d->lengths[0] == 1 && d->lengths[1] == 2);
        ck_assert_double_eq(d->h_0[1], doubles ? .2 : (double).2F);
        ck_assert_double_eq(d->c_0[0], doubles ? -.1 : (double)-.1F);
        expect_numbers(d, i == 3 ? (const double[]){0, 2, 3, 4} : (const double[]){1, 0, 3, 4}, 4);
        rg_dataset_destroy(d);
    }
}
END_TEST

/* Long series: an array of one or two dimensions is one series, with its labels; whole numbers are numbers. */
START_TEST(series) {
    static const int32_t x[] = {1, 2, 3, 4, 5, 6};
    static const float y[] = {1, 2, 3, 4, 5, 6};
    static const struct {
        size_t x_dims, x_shape[3], y_dims, y_shape[3];
        size_t n, steps, features, targets; /* n of 0: refused */
    } cases[] = {
        {1, {6}, 1, {6}, 1, 6, 1, 6},
        {1, {6}, 2, {6, 1}, 1, 6, 1, 6},
        {2, {3, 2}, 1, {3}, 1, 3, 2, 3},
        {2, {3, 2}, 2, {3, 2}, 1, 3, 2, 6},
        {3, {1, 3, 2}, 2, {1, 3}, 1, 3, 2, 3},
        {3, {3, 2, 1}, 2, {3, 2}, 3, 2, 1, 2},
        {3, {1, 3, 2}, 3, {1, 3, 2}, 1, 3, 2, 6},
        {2, {3, 2}, 0, {0}, 1, 3, 2, 0},
        {2, {3, 2}, 2, {2, 3}, 0, 0, 0, 0},
        {3, {3, 2, 1}, 1, {3}, 0, 0, 0, 0},
        {3, {2, 3, 1}, 2, {2, 2}, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rg_tensor items[] = {tensor("x", RG_I32, cases[i].x_dims, cases[i].x_shape, x),
                                          tensor("y", RG_F32, cases[i].y_dims, cases[i].y_shape, y)};
        const struct rg_dataset_options options = {.series = true};
        test_case("series %zu", i);
        put_npz(items, cases[i].y_dims > 0 ? 2 : 1);
        if (cases[i].n == 0) {
            refuse("tensor `y` is", &options);
            continue;
        }
        struct rg_dataset *const d = read_with(options);
        ck_assert(d->n_sequences == cases[i].n && d->n_steps == cases[i].steps && d->n_features == cases[i].features);
        ck_assert(d->n_targets == cases[i].targets && d->kind == RG_INPUT_FLOAT);
        expect_numbers(d, (const double[]){1, 2, 3, 4, 5, 6}, cases[i].n * cases[i].steps * cases[i].features);
        for (size_t k = 0; k < cases[i].n * cases[i].targets; k++) {
            ck_assert_double_eq(rg_dataset_target(d, k), (double)(k + 1));
        }
        rg_dataset_destroy(d);
    }
    put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(1, 3, 2), y), tensor("c_0", RG_F32, SHAPE(1, 1, 2), y)}, 2);
    expect_refused(&(struct rg_dataset_options){.series = true},
                   ": `c_0` is for whole sequences, and windows begin with zeros; leave it out");
    snprintf(path, sizeof(path), "%s/d.npy", folder);
    const struct rg_tensor data = tensor("data", RG_F32, SHAPE(6), y);
    ck_assert_int_eq(rg_npy_write(path, &data), RG_OK);
    struct rg_dataset *const d = read_with((struct rg_dataset_options){.series = true});
    ck_assert(d->n_sequences == 1 && d->n_steps == 6 && d->n_features == 1);
    rg_dataset_destroy(d);
}
END_TEST

/* What is not finite, or missing where it may be; in a file and not, of every type of floats. */
START_TEST(missing_and_infinite) {
    static const float x[] = {1, NAN, 3, 4}, y[] = {NAN, 2}, infinite[] = {1, 2, INFINITY, 4};
    static const double wide[] = {1, 2, 3, 1e39}, narrow[] = {1, 2, 3, 3.4e38};
    static const uint16_t half[] = {0x3C00, 0x7E00, 0, 0};
    struct rg_dataset *d;
    for (uint64_t memory = 0; memory < 2; memory++) {
        const struct rg_dataset_options plain = {.memory = memory}, missing = {.memory = memory, .missing = true};
        const struct rg_dataset_options fill = {.memory = memory, .may_fill = true};
        test_case("memory %d", (int)memory);
        put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 2), x), tensor("y", RG_F32, SHAPE(2), y)}, 2);
        expect_refused(&plain, ": tensor `x`: element [0,1] is not finite (nan)");
        expect_refused(&fill, ": tensor `x`: element [0,1] is not finite (nan); --fill gives it a value");
        d = read_with(missing);
        expect_numbers(d, (const double[]){1, NAN, 3, 4}, 4);
        ck_assert(isnan(rg_dataset_target(d, 0)) && rg_dataset_target(d, 1) == 2.0);
        rg_dataset_destroy(d);
        put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 2), infinite)}, 1);
        expect_refused(&missing, ": tensor `x`: element [1,0] is not finite (inf)");
        expect_refused(&fill, ": tensor `x`: element [1,0] is not finite (inf)");
        put_npz((struct rg_tensor[]){tensor("x", RG_F16, SHAPE(2, 2), half)}, 1);
        expect_refused(&missing, ": tensor `x`: element [0,1] is not finite (nan)"); /* halves have no missing ones */
        put_npz((struct rg_tensor[]){tensor("x", RG_F64, SHAPE(1, 2, 2), wide)}, 1);
        expect_refused(&plain, ": tensor `x`: element [0,1,1] is not finite as a float; --precision double takes it "
                               "(1e+39)");
        d = read_with((struct rg_dataset_options){.memory = memory, .doubles = true});
        expect_numbers(d, wide, 4);
        ck_assert(memory == 0 || !d->x_file.narrow);
        rg_dataset_destroy(d);
        put_npz((struct rg_tensor[]){tensor("x", RG_F64, SHAPE(1, 2, 2), narrow)}, 1);
        d = read_with(plain);
        expect_numbers(d, (const double[]){1, 2, 3, (double)3.4e38F}, 4);
        ck_assert(memory == 0 || d->x_file.narrow);
        rg_dataset_destroy(d);
    }
}
END_TEST

/* What is not finite is found in every piece of a large array, in the first sequence and in the last one, and not in
 * the padding. */
START_TEST(pieces_of_arrays) {
    enum { N = 5000 };
    static double x[N];
    static const size_t spots[] = {0, 4095, 4096, N - 1};
    char wanted[100];
    for (uint64_t i = 0; i < 2 * sizeof spots / sizeof *spots; i++) {
        const size_t spot = spots[i / 2];
        test_case("element %zu, memory %d", spot, (int)(i % 2));
        x[spot] = INFINITY;
        put_npz((struct rg_tensor[]){tensor("x", RG_F64, SHAPE(1, N), x)}, 1);
        (void)snprintf(wanted, sizeof wanted, ": tensor `x`: element [0,%zu] is not finite (inf)", spot);
        expect_refused(&(struct rg_dataset_options){.memory = i % 2}, wanted);
        x[spot] = 0.0;
    }
    static const int32_t lengths[] = {1, 2};
    static const float y[] = {1, 2, 3, 4, 5, 6};
    const struct rg_tensor counts = tensor("lengths", RG_I32, SHAPE(2), lengths);
    for (size_t i = 0; i < 4; i++) {
        float some[] = {1, 2, 3, 4};
        some[i] = INFINITY;
        test_case("element %zu of two sequences", i);
        put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 2), some), counts}, 2);
        (void)snprintf(wanted, sizeof wanted, ": tensor `x`: element [%zu,%zu] is not finite (inf)", i / 2, i % 2);
        if (i == 1) { /* padding */
            rg_dataset_destroy(read_with((struct rg_dataset_options){.memory = 1}));
            rg_dataset_destroy(read_with((struct rg_dataset_options){.memory = 0}));
        } else {
            expect_refused(NULL, wanted);
            expect_refused(&(struct rg_dataset_options){.memory = 1}, wanted);
        }
        put_npz(
            (struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 2), y), tensor("y", RG_F32, SHAPE(2, 2), some), counts},
            3);
        (void)snprintf(wanted, sizeof wanted, ": tensor `y`: element [%zu,%zu] is not finite (inf)", i / 2, i % 2);
        if (i == 1) { /* of targets at every step */
            rg_dataset_destroy(read_with((struct rg_dataset_options){.memory = 0}));
        } else {
            expect_refused(NULL, wanted);
        }
    }
    float outputs[] = {1, 2, 3, 4, INFINITY, 6};
    put_npz(
        (struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 2), y), tensor("y", RG_F32, SHAPE(2, 3), outputs), counts},
        3);
    expect_refused(NULL, ": tensor `y`: element [1,1] is not finite (inf)");
    put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 3), y), tensor("y", RG_F32, SHAPE(5), y)}, 2);
    expect_refused(NULL, ": tensor `y` is [5]; with `x` [2,3], [2], [2,outputs], [2,3] or [2,3,outputs] was expected");
}
END_TEST

/* Many steps, none of which is padding. */
START_TEST(large_arrays) {
    enum { N = 2, STEPS = 131073 };
    uint8_t *const x = calloc(N, STEPS);
    ck_assert_ptr_nonnull(x);
    put_npz((struct rg_tensor[]){tensor("x", RG_U8, SHAPE(N, STEPS), x)}, 1);
    struct rg_dataset *const d = read_with((struct rg_dataset_options){.memory = 0});
    ck_assert(d->n_steps == STEPS && d->n_features == 1);
    rg_dataset_destroy(d);
    free(x);
}
END_TEST

/* Words: the smallest and the largest number that may be, in types that are as wide as memory's or wider. */
START_TEST(words) {
    static const int64_t large[] = {0, INT32_MAX - 1}, larger[] = {0, INT32_MAX}, many[] = {5, -1, 2, 3, 4, 9};
    static const uint32_t whole[] = {3, 0};
    static const uint8_t bytes[] = {255, 0};
    static const int64_t lengths[] = {1, 3};
    struct rg_dataset *d;
    put_npz((struct rg_tensor[]){tensor("x", RG_I64, SHAPE(1, 2), large)}, 1);
    d = read_with((struct rg_dataset_options){.doubles = false});
    ck_assert(d->n_features == INT32_MAX && d->x_token[1] == INT32_MAX - 1 && d->x_token[0] == 0);
    rg_dataset_destroy(d);
    put_npz((struct rg_tensor[]){tensor("x", RG_I64, SHAPE(1, 2), larger)}, 1);
    expect_refused(NULL, ": tensor `x`: token [0,1] is 2147483647; 0 to 2147483646 was expected");
    put_npz((struct rg_tensor[]){tensor("x", RG_U32, SHAPE(1, 2), whole)}, 1);
    d = read_with((struct rg_dataset_options){.doubles = false});
    ck_assert(d->n_features == 4 && d->x_token[0] == 3 && d->kind == RG_INPUT_TOKEN);
    rg_dataset_destroy(d);
    put_npz((struct rg_tensor[]){tensor("x", RG_U8, SHAPE(1, 2), bytes)}, 1);
    d = read_with((struct rg_dataset_options){.doubles = false});
    ck_assert(d->n_features == 256 && d->x_type == RG_U8 && rg_dataset_token(d, 0) == 255);
    rg_dataset_destroy(d);
    put_npz((struct rg_tensor[]){tensor("x", RG_BOOL, SHAPE(1, 2), (const uint8_t[]){1, 0})}, 1);
    d = read_with((struct rg_dataset_options){.doubles = false});
    ck_assert(d->kind == RG_INPUT_FLOAT && d->n_features == 1); /* truths are numbers */
    expect_numbers(d, (const double[]){1, 0}, 2);
    rg_dataset_destroy(d);
    put_npz((struct rg_tensor[]){tensor("x", RG_I64, SHAPE(2, 3), many), tensor("lengths", RG_I64, SHAPE(2), lengths)},
            2);
    d = read_with((struct rg_dataset_options){.doubles = false}); /* -1 is padding */
    ck_assert(d->n_features == 10 && d->x_token[0] == 5 && d->x_token[1] == 0 && d->x_token[2] == 0);
    ck_assert(d->x_token[3] == 3 && d->x_token[5] == 9);
    rg_dataset_destroy(d);
}
END_TEST

/* Names of arrays that nothing reads, as many as the notice holds. */
START_TEST(unused_arrays) {
    static const float x[] = {1, 2};
    struct rg_tensor items[12] = {tensor("x", RG_F32, SHAPE(1, 2), x)};
    put_npz((struct rg_tensor[]){tensor("z", RG_F32, SHAPE(2), x), tensor("w", RG_F32, SHAPE(2), x), items[0]}, 3);
    struct rg_dataset *const short_names = read_with((struct rg_dataset_options){.memory = 0});
    ck_assert_str_eq(short_names->unused, "z, w");
    rg_dataset_destroy(short_names);
    char names[12][24], wanted[128] = "";
    size_t used = 0;
    for (size_t i = 1; i < 12; i++) {
        (void)snprintf(names[i], sizeof names[i], "unused-array-%zu", i);
        items[i] = tensor(names[i], RG_F32, SHAPE(2), x);
    }
    for (size_t n = 1; n <= 12; n++) {
        test_case("%zu arrays", n);
        put_npz(items, n);
        struct rg_dataset *const d = read_with((struct rg_dataset_options){.doubles = false});
        if (n > 1 && n <= 8) { /* each takes 16 bytes with its comma */
            used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%s%s", n > 2 ? ", " : "", names[n - 1]);
        }
        if (n == 9) {
            (void)snprintf(wanted + used, sizeof wanted - used, ", %s", "...");
        }
        ck_assert_str_eq(d->unused, wanted);
        rg_dataset_destroy(d);
    }
}
END_TEST

/* ---- Arrays in memory ---- */

START_TEST(arrays_in_memory) {
    double x[] = {1, 2, 3, 4};
    const int32_t y[] = {1, 0};
    struct rg_arrays arrays = {2, {tensor("x", RG_F64, SHAPE(2, 2), x), tensor("y", RG_I32, SHAPE(2), y)}};
    struct rg_dataset *d = NULL;
    ck_assert_int_eq(rg_dataset_of_arrays(&arrays, "given", &(struct rg_dataset_options){.doubles = true}, &d), RG_OK);
    x[0] = 9;
    ck_assert_str_eq(d->path, "given");
    expect_numbers(d, (const double[]){1, 2, 3, 4}, 4);
    ck_assert(rg_dataset_target(d, 0) == 1.0 && d->label_kind == RG_LABELS_CLASSES && !d->pad_left);
    rg_dataset_destroy(d);
    arrays.items[0].name = "z";
    ck_assert_int_eq(rg_dataset_of_arrays(&arrays, "given", &(struct rg_dataset_options){.doubles = true}, &d),
                     RG_BAD_FILE);
    ck_assert_ptr_null(d);
    ck_assert_str_eq(rg_error_message(), "given: no tensor `x` among the 2 in the file; x and, optional, y and lengths "
                                         "were expected");
}
END_TEST

/* ---- IDX images ---- */

#define IMAGES "\0\0\10\3\0\0\0\2\0\0\0\3\0\0\0\1abcdef"
#define LABELS "\0\0\10\1\0\0\0\2\1\4"

/* The pair of files that a name means. */
static char images_path[600], labels_path[600];

static void put_pair(const char *images, const char *labels) {
    put(labels, BYTES(LABELS));
    (void)snprintf(labels_path, sizeof labels_path, "%s", path);
    put(images, BYTES(IMAGES));
    (void)snprintf(images_path, sizeof images_path, "%s", path);
}

static void remove_pair(void) {
    (void)remove(images_path);
    (void)remove(labels_path);
}

START_TEST(names_of_labels) {
    static const struct {
        const char *images, *labels;
    } cases[] = {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
                 {"images.idx", "labels.idx"},
                 {"my-images-idx3.gz", "my-labels-idx1.gz"},
                 {"idx3-images.IDX", "idx3-labels.IDX"},
                 {"images-images-ubyte", "labels-images-ubyte"}};
    struct rg_dataset *d = NULL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("%s", cases[i].images);
        put_pair(cases[i].images, cases[i].labels);
        ck_assert_msg(rg_dataset_read(path, NULL, &d) == RG_OK, "%s", rg_error_message());
        ck_assert(d->n_sequences == 2 && d->label_kind == RG_LABELS_CLASSES && d->n_targets == 1);
        rg_dataset_destroy(d);
        remove_pair();
    }
    put("pictures.idx", BYTES(IMAGES));
    expect_refused(NULL, ": the name of a file of IDX images must contain `images`, as train-images-idx3-ubyte; its "
                         "labels are then in train-labels-idx1-ubyte");
    (void)remove(path);
    struct rg_fingerprint print;
    put("pictures.idx", BYTES(IMAGES));
    ck_assert_int_eq(rg_dataset_fingerprint(path, &print), RG_BAD_FILE);
    ck_assert_ptr_nonnull(strstr(rg_error_message(), "must contain `images`"));
    (void)remove(path);
    ck_assert(rg_is_idx_file("a.idx") && rg_is_idx_file("a-ubyte") && rg_is_idx_file("a.gz"));
    ck_assert(!rg_is_idx_file("a.csv") && !rg_is_idx_file(".idx") && !rg_is_idx_file("a.idx1"));
}
END_TEST

/* Six pixels stay in a plain file if half of the memory is less. */
START_TEST(images_that_stay) {
    static const struct {
        uint64_t memory;
        bool stays;
    } cases[] = {{0, false}, {13, false}, {12, false}, {11, true}, {1, true}};
    struct rg_dataset *d = NULL;
    put_pair("images.idx", "labels.idx");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[6] = {0};
        test_case("%d bytes of memory", (int)cases[i].memory);
        d = read_with((struct rg_dataset_options){.memory = cases[i].memory});
        ck_assert((d->x_file.numbers != NULL) == cases[i].stays && (d->x_byte == NULL) == cases[i].stays);
        ck_assert_int_eq(rg_dataset_bytes(d, 0, 6, bytes), RG_OK);
        ck_assert_mem_eq(bytes, "abcdef", 6);
        ck_assert_int_eq(rg_dataset_bytes(d, 4, 1, bytes), RG_OK);
        ck_assert_int_eq(bytes[0], 'e');
        ck_assert(rg_dataset_target(d, 1) == 4.0);
        ck_assert_int_eq(rg_dataset_load(d), RG_OK);
        ck_assert(!d->x_file.numbers && memcmp(d->x_byte, "abcdef", 6) == 0);
        rg_dataset_destroy(d);
    }
    put("images.idx", BYTES(IMAGES "g")); /* longer than it says */
    expect_refused(&(struct rg_dataset_options){.memory = 1}, ": 7 bytes after the header; its dimensions require 6");
    gzFile f = gzopen(path, "wb"); /* what is packed does not stay */
    ck_assert(gzwrite(f, IMAGES, sizeof IMAGES - 1) == (int)sizeof IMAGES - 1 && gzclose(f) == Z_OK);
    d = read_with((struct rg_dataset_options){.memory = 1});
    ck_assert(!d->x_file.numbers && memcmp(d->x_byte, "abcdef", 6) == 0);
    rg_dataset_destroy(d);
    remove_pair();
}
END_TEST

/* Exact messages of what a header says, and both files in the fingerprint. */
START_TEST(idx_files) {
    struct rg_fingerprint whole, other, alone;
    put_pair("images.idx", "labels.idx");
    ck_assert_int_eq(rg_dataset_fingerprint(images_path, &whole), RG_OK);
    ck_assert_int_eq(rg_fingerprint_take(images_path, &alone), RG_OK);
    ck_assert(whole.bytes == sizeof IMAGES - 1 + sizeof LABELS - 1 && whole.crc != alone.crc);
    put("labels.idx", BYTES("\0\0\10\1\0\0\0\2\1\5"));
    ck_assert_int_eq(rg_dataset_fingerprint(images_path, &other), RG_OK);
    ck_assert(other.bytes == whole.bytes && other.crc != whole.crc);
    (void)remove(labels_path);
    ck_assert_int_eq(rg_dataset_fingerprint(images_path, &other), RG_BAD_FILE);
    put("d.csv", BYTES("text\na\n"));
    ck_assert_int_eq(rg_dataset_fingerprint(path, &other), RG_OK);
    ck_assert_int_eq(rg_fingerprint_take(path, &alone), RG_OK);
    ck_assert(rg_fingerprint_equal(&other, &alone));
    static const struct {
        const char *images;
        size_t bytes;
        const char *message;
    } cases[] = {
        {BYTES("\0\0\10\3\0\0\0\2\0\0\0\3"), ": the file ends early: 16 bytes were expected here and 12 are there"},
        {BYTES("\0\0\10\2\0\0\0\2\0\0\0\3\0\0\0\1"),
         ": not an IDX file of images: magic number 0x00000802, 0x00000803 was expected"},
        {BYTES("\0\0\10\3\0\0\0\2\0\0\0\3\0\0\0\0"), ": dimension 3 is 0; 1 to 2147483647 was expected"},
        {BYTES("\0\0\10\3\0\0\0\2\x80\0\0\0\0\0\0\1"), ": dimension 2 is 2147483648; 1 to 2147483647 was expected"},
        {BYTES("\0\0\10\3\x7f\xff\xff\xff\x7f\xff\xff\xff\0\0\0\5"),
         ": the product of the dimensions exceeds any file"},
        {BYTES("\0\0\10\3\0\0\0\2\0\0\0\3\0\0\0\1abcde"), ": 5 bytes after the header; its dimensions require 6"},
    };
    put("labels.idx", BYTES(LABELS));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_case("images %zu", i);
        put("images.idx", cases[i].images, cases[i].bytes);
        expect_refused(NULL, cases[i].message);
    }
    remove_pair();
}
END_TEST

static rg_status read_given(void) {
    struct rg_dataset *d = NULL;
    const rg_status status = rg_dataset_read(path, &(struct rg_dataset_options){.memory = 1}, &d);
    ck_assert((d != NULL) == (status == RG_OK));
    rg_dataset_destroy(d);
    return status;
}

static rg_status load_given(void) {
    struct rg_dataset *d = NULL;
    rg_status status = rg_dataset_read(path, &(struct rg_dataset_options){.memory = 0}, &d);
    rg_dataset_destroy(d);
    return status;
}

START_TEST(without_memory) {
    static const float x[] = {1, 2, 3, 4};
    static const int64_t tokens[] = {1, 2, 3, 0};
    const struct rg_tensor y = tensor("y", RG_F32, SHAPE(2), x), h = tensor("h_0", RG_F32, SHAPE(2, 2), x);
    const struct rg_tensor lengths = tensor("lengths", RG_I64, SHAPE(2), (const int64_t[]){1, 2});
    put_npz((struct rg_tensor[]){tensor("x", RG_F32, SHAPE(2, 2), x), y, h, lengths}, 4);
    each_fails("arrays that stay", read_given, 20);
    each_fails("arrays", load_given, 20);
    put_npz((struct rg_tensor[]){tensor("x", RG_I64, SHAPE(2, 2), tokens), y}, 2);
    each_fails("words that stay", read_given, 15);
    each_fails("words", load_given, 15);
    put_pair("images.idx", "labels.idx");
    each_fails("images that stay", read_given, 5);
    each_fails("images", load_given, 4);
    remove_pair();
}
END_TEST

TEST_MAIN("left_in_file") {
    TCase *const files = add_tests(suite, "files");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, what_stays);
    tcase_add_test(files, small_arrays);
    tcase_add_test(files, series);
    tcase_add_test(files, missing_and_infinite);
    tcase_add_test(files, pieces_of_arrays);
    tcase_add_test(files, large_arrays);
    tcase_add_test(files, words);
    tcase_add_test(files, unused_arrays);
    tcase_add_test(files, arrays_in_memory);
    tcase_add_test(files, names_of_labels);
    tcase_add_test(files, images_that_stay);
    tcase_add_test(files, idx_files);
    tcase_add_test(files, without_memory);
}
