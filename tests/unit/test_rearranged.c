/* Data sets that are rearranged: one long sequence as parallel streams, and a part of the sequences set apart, each
 * with arrays of every type and all names. */
#include <math.h>

#include "data/readers.h"
#include "failing_memory.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* How inputs and targets are stored. */
enum input { FLOATS, DOUBLES, BYTES, WORDS, RAW_NUMBERS, RAW_WORDS, N_INPUTS };
enum target { NO_TARGETS, TARGET_FLOATS, TARGET_DOUBLES, TARGET_RAW, N_TARGETS };
static const char *const input_names[N_INPUTS] = {"floats", "doubles", "bytes", "words", "raw numbers", "raw words"};
static const char *const target_names[N_TARGETS] = {"no targets", "floats", "doubles", "whole numbers"};

static bool is_words(enum input input) {
    return input == WORDS || input == RAW_WORDS;
}

/* A data set [n][steps][features] with `targets` numbers a sequence: input i of the file is i + 1, target i is i + 101.
 */
static struct rg_dataset *make_data(enum input input, enum target target, size_t n, size_t steps, size_t features,
                                    size_t targets) {
    struct rg_dataset *d = NULL;
    const size_t x = n * steps * (is_words(input) ? 1 : features), y = n * targets;
    int16_t *numbers = NULL;
    int8_t *words = NULL;
    int32_t *classes = NULL;
    ck_assert_int_eq(rg_dataset_create("made", &d), RG_OK);
    d->n_sequences = n;
    d->n_steps = steps;
    d->n_features = features;
    d->kind = is_words(input) ? RG_INPUT_TOKEN : input == BYTES ? RG_INPUT_BYTE : RG_INPUT_FLOAT;
    d->n_targets = target == NO_TARGETS ? 0 : targets;
    d->x_type = input == RAW_NUMBERS ? RG_I16 : RG_I8;
    d->y_type = RG_I32;
    ck_assert_int_eq(input == FLOATS        ? rg_alloc(&d->x_float, x, sizeof *d->x_float, "x")
                     : input == DOUBLES     ? rg_alloc(&d->x_double, x, sizeof *d->x_double, "x")
                     : input == BYTES       ? rg_alloc(&d->x_byte, x, 1, "x")
                     : input == WORDS       ? rg_alloc(&d->x_token, x, sizeof *d->x_token, "x")
                     : input == RAW_NUMBERS ? rg_alloc(&numbers, x, sizeof *numbers, "x")
                                            : rg_alloc(&words, x, sizeof *words, "x"),
                     RG_OK);
    for (size_t i = 0; i < x; i++) {
        if (d->x_float) {
            d->x_float[i] = (float)(i + 1);
        } else if (d->x_double) {
            d->x_double[i] = (double)(i + 1);
        } else if (d->x_byte) {
            d->x_byte[i] = (uint8_t)(i + 1);
        } else if (d->x_token) {
            d->x_token[i] = (int32_t)(i + 1);
        } else if (numbers) {
            numbers[i] = (int16_t)(i + 1);
        } else {
            words[i] = (int8_t)(i + 1);
        }
    }
    d->x_raw = numbers ? (void *)numbers : words;
    ck_assert_int_eq(target == TARGET_FLOATS    ? rg_alloc(&d->y, y, sizeof *d->y, "y")
                     : target == TARGET_DOUBLES ? rg_alloc(&d->y_double, y, sizeof *d->y_double, "y")
                     : target == TARGET_RAW     ? rg_alloc(&classes, y, sizeof *classes, "y")
                                                : RG_OK,
                     RG_OK);
    for (size_t i = 0; target != NO_TARGETS && i < y; i++) {
        if (d->y) {
            d->y[i] = (float)(i + 101);
        } else if (d->y_double) {
            d->y_double[i] = (double)(i + 101);
        } else {
            classes[i] = (int32_t)(i + 101);
        }
    }
    d->y_raw = classes;
    return d;
}

/* Element i of the inputs as it is stored. */
static double input_of(const struct rg_dataset *d, enum input input, size_t i) {
    return input == FLOATS        ? (double)d->x_float[i]
           : input == DOUBLES     ? d->x_double[i]
           : input == BYTES       ? d->x_byte[i]
           : input == WORDS       ? d->x_token[i]
           : input == RAW_NUMBERS ? ((const int16_t *)d->x_raw)[i]
                                  : ((const int8_t *)d->x_raw)[i];
}

static double target_of(const struct rg_dataset *d, enum target target, size_t i) {
    return target == TARGET_FLOATS    ? (double)d->y[i]
           : target == TARGET_DOUBLES ? d->y_double[i]
                                      : ((const int32_t *)d->y_raw)[i];
}

/* ---- Streams ---- */

enum { MOST = 4 };

/* `order`: the step of the file that stands at each place, from 1; 0 in the padding. */
static const struct layout {
    const char *name;
    size_t steps, streams, window, sequences;
    int32_t lengths[MOST * MOST]; /* all as long as the window: not stored */
    size_t order[MOST * MOST * MOST];
} layouts[] = {
    {"one stream, one window", 3, 1, 3, 1, {3}, {1, 2, 3}},
    {"one stream, two windows", 4, 1, 2, 2, {2, 2}, {1, 2, 3, 4}},
    {"one stream, a shorter window", 5, 1, 3, 2, {3, 2}, {1, 2, 3, 4, 5, 0}},
    {"one longer window", 2, 1, 4, 1, {2}, {1, 2, 0, 0}},
    {"two streams", 6, 2, 3, 2, {3, 3}, {1, 2, 3, 4, 5, 6}},
    {"two streams of two windows", 8, 2, 2, 4, {2, 2, 2, 2}, {1, 2, 5, 6, 3, 4, 7, 8}},
    {"a shorter stream", 7, 2, 2, 4, {2, 2, 2, 1}, {1, 2, 5, 6, 3, 4, 7, 0}},
    {"a window without steps",
     10,
     3,
     3,
     6,
     {3, 3, 2, 1, 1, 0},
     {1, 2, 3, 5, 6, 7, 9, 10, 0, 4, 0, 0, 8, 0, 0, 0, 0, 0}},
    {"more streams than steps", 2, 4, 1, 4, {1, 1, 0, 0}, {1, 2, 0, 0}},
    {"a stream that ends where another begins", 4, 3, 2, 3, {2, 2, 0}, {1, 2, 3, 4, 0, 0}},
};
enum { N_LAYOUTS = COUNT(layouts) };

START_TEST(streams) {
    enum { FEATURES = 2, OUTPUTS = 2 };
    const struct layout *const l = &layouts[_i % N_LAYOUTS];
    for (int k = 0; k < N_INPUTS * N_TARGETS; k++) {
        const enum input input = (enum input)(k % N_INPUTS);
        const enum target target = (enum target)(k / N_INPUTS);
        const size_t features = is_words(input) ? 1 : FEATURES;
        struct rg_dataset *const d = make_data(input, target, l->steps, 1, FEATURES, OUTPUTS);
        bool ragged = false;
        test_case("%s, %s, %s", l->name, input_names[input], target_names[target]);
        d->pad_left = true;
        ck_assert_int_eq(rg_dataset_streams(d, l->streams, l->window), RG_OK);
        ck_assert(d->n_sequences == l->sequences && d->n_steps == l->window && d->streams == l->streams);
        ck_assert(!d->pad_left && d->n_features == FEATURES);
        ck_assert_uint_eq(d->n_targets, target == NO_TARGETS ? 0 : OUTPUTS * l->window);
        for (size_t i = 0; i < l->sequences; i++) {
            ragged = ragged || (size_t)l->lengths[i] < l->window;
        }
        ck_assert_int_eq(d->lengths != NULL, ragged);
        ck_assert(!ragged || memcmp(d->lengths, l->lengths, l->sequences * sizeof *d->lengths) == 0);
        for (size_t i = 0; i < l->sequences * l->window; i++) {
            const double first = l->order[i] ? (double)(l->order[i] - 1) : -1.0;
            for (size_t f = 0; f < features; f++) {
                const double wanted = first < 0.0 ? 0.0 : first * (double)features + (double)f + 1.0;
                ck_assert_double_eq(input_of(d, input, i * features + f), wanted);
            }
            for (size_t o = 0; target != NO_TARGETS && o < OUTPUTS; o++) {
                const double wanted = first < 0.0 ? 0.0 : first * OUTPUTS + (double)o + 101.0;
                ck_assert_double_eq(target_of(d, target, i * OUTPUTS + o), wanted);
            }
        }
        rg_dataset_destroy(d);
    }
}
END_TEST

/* The only sequence, with or without padding, becomes a sequence a step. */
START_TEST(unrolled) {
    enum { STEPS = 5, FEATURES = 3, OUTPUTS = 2, LENGTH = 3 };
    for (int padding = 0; padding < 3; padding++) {
        struct rg_dataset *const d = make_data(FLOATS, TARGET_FLOATS, 1, STEPS, FEATURES, STEPS * OUTPUTS);
        const size_t n = padding ? LENGTH : STEPS, first = padding == 2 ? STEPS - LENGTH : 0;
        test_case("padding %d", padding);
        if (padding) {
            ck_assert_int_eq(rg_alloc(&d->lengths, 1, sizeof *d->lengths, "lengths"), RG_OK);
            d->lengths[0] = LENGTH;
            d->pad_left = padding == 2;
        }
        ck_assert_int_eq(rg_dataset_unroll(d), RG_OK);
        ck_assert(d->n_sequences == n && d->n_steps == 1 && d->n_targets == OUTPUTS && !d->lengths);
        for (size_t i = 0; i < n * FEATURES; i++) {
            ck_assert_float_eq(d->x_float[i], (float)(first * FEATURES + i + 1));
        }
        for (size_t i = 0; i < n * OUTPUTS; i++) {
            ck_assert_float_eq(d->y[i], (float)(first * OUTPUTS + i + 101));
        }
        rg_dataset_destroy(d);
    }
}
END_TEST

static struct rg_dataset *given;

static rg_status lay_out_given(void) {
    const size_t fails = failing;
    failing = 0;
    rg_dataset_destroy(given);
    given = make_data(FLOATS, TARGET_DOUBLES, 10, 1, 2, 1);
    failing = fails;
    n_allocations = 0; /* those above do not count */
    return rg_dataset_streams(given, 3, 3);
}

START_TEST(streams_without_memory) {
    each_fails("streams", lay_out_given, 3);
    rg_dataset_destroy(given);
    given = NULL;
}
END_TEST

/* ---- Parts ---- */

enum { N = 5, STEPS = 2, FEATURES = 3, STATES = 2, WIDTH = 2 };

static char **strings(size_t n, const char *what) {
    char **list = NULL;
    ck_assert_int_eq(rg_strings_create(&list, n, n * 20, "strings"), RG_OK);
    char *at = (char *)(list + n);
    for (size_t i = 0; i < n; i++) {
        list[i] = at;
        at += sprintf(at, "%s%.*s%zu", what, (int)i, "-----", i) + 1;
    }
    return list;
}

static void expect_strings(char *const *list, size_t n, const char *what, const size_t *numbers) {
    char wanted[30];
    ck_assert_ptr_nonnull(list);
    for (size_t i = 0; i < n; i++) {
        const size_t k = numbers ? numbers[i] : i;
        (void)snprintf(wanted, sizeof wanted, "%s%.*s%zu", what, (int)k, "-----", k);
        ck_assert_str_eq(list[i], wanted);
    }
}

/* Everything that a data set in memory can have. */
static struct rg_dataset *make_whole(enum input input, enum target target) {
    struct rg_dataset *const d = make_data(input, target, N, STEPS, FEATURES, 2);
    const size_t states = STATES * N * WIDTH;
    ck_assert_int_eq(rg_alloc(&d->lengths, N, sizeof *d->lengths, "lengths"), RG_OK);
    ck_assert_int_eq(rg_alloc(&d->rows, N, sizeof *d->rows, "rows"), RG_OK);
    ck_assert_int_eq(rg_alloc(&d->h_0, states, sizeof *d->h_0, "h_0"), RG_OK);
    ck_assert_int_eq(rg_alloc(&d->c_0, states, sizeof *d->c_0, "c_0"), RG_OK);
    ck_assert_int_eq(rg_alloc(&d->x_order, STEPS, sizeof *d->x_order, "order"), RG_OK);
    d->n_states = STATES;
    d->state_width = WIDTH;
    for (size_t i = 0; i < N; i++) {
        d->lengths[i] = (int32_t)i + 11;
        d->rows[i] = (uint32_t)i + 21;
    }
    for (size_t i = 0; i < states; i++) {
        d->h_0[i] = (double)i + 0.5;
        d->c_0[i] = -(double)i - 0.5;
    }
    for (size_t i = 0; i < STEPS; i++) {
        d->x_order[i] = (uint32_t)(STEPS - i);
    }
    d->texts = strings(N, "text");
    d->names = strings(N, "series");
    d->vocabulary = strings(FEATURES, "word");
    d->features = strings(FEATURES, "column");
    d->n_classes = 2;
    d->classes = strings(2, "class");
    d->n_target_names = 2;
    d->targets = strings(2, "target");
    d->input_fill = d->input_mean = d->input_deviation = NULL;
    d->label_kind = RG_LABELS_CLASSES;
    d->windows = (struct rg_windows){3, 4, true};
    d->level = RG_LEVEL_WORD;
    return d;
}

/* `part` has the `n` sequences `numbers`. */
static void expect_part(const struct rg_dataset *part, enum input input, enum target target, size_t n,
                        const size_t *numbers) {
    const size_t inputs = STEPS * (is_words(input) ? 1 : FEATURES);
    ck_assert_uint_eq(part->n_sequences, n);
    for (size_t i = 0; i < n; i++) {
        const size_t from = numbers[i];
        for (size_t k = 0; k < inputs; k++) {
            ck_assert_double_eq(input_of(part, input, i * inputs + k), (double)(from * inputs + k + 1));
        }
        for (size_t k = 0; target != NO_TARGETS && k < 2; k++) {
            ck_assert_double_eq(target_of(part, target, i * 2 + k), (double)(from * 2 + k + 101));
        }
        ck_assert_int_eq(part->lengths[i], (int)from + 11);
        ck_assert_uint_eq(part->rows[i], from + 21);
        for (size_t s = 0; s < STATES; s++) {
            for (size_t k = 0; k < WIDTH; k++) {
                const double state = (double)((s * N + from) * WIDTH + k) + 0.5;
                ck_assert_double_eq(part->h_0[(s * n + i) * WIDTH + k], state);
                ck_assert_double_eq(part->c_0[(s * n + i) * WIDTH + k], -state);
            }
        }
    }
    expect_strings(part->texts, n, "text", numbers);
    expect_strings(part->names, n, "series", numbers);
    expect_strings(part->vocabulary, FEATURES, "word", NULL);
    expect_strings(part->features, FEATURES, "column", NULL);
    expect_strings(part->classes, 2, "class", NULL);
    expect_strings(part->targets, 2, "target", NULL);
    ck_assert(part->x_order[0] == 2 && part->x_order[1] == 1);
    ck_assert(part->n_classes == 2 && part->n_target_names == 2 && part->label_kind == RG_LABELS_CLASSES);
    ck_assert(part->n_steps == STEPS && part->n_features == FEATURES && part->level == RG_LEVEL_WORD);
    ck_assert(part->windows.steps == 3 && part->windows.horizon == 4 && part->windows.forecast);
    ck_assert_str_eq(part->path, "made");
}

/* Held out are sequences 2 to 4, or the first one, or the last two. Both parts keep the order of the file. */
START_TEST(parts) {
    static const struct {
        struct rg_split split;
        size_t held[N], kept[N];
    } cases[] = {{{.first = 1, .count = 3, .in_order = true}, {1, 2, 3}, {0, 4}},
                 {{.first = 0, .count = 1, .in_order = true}, {0}, {1, 2, 3, 4}},
                 {{.first = 3, .count = 2, .in_order = true}, {3, 4}, {0, 1, 2}},
                 {{.first = 1, .count = 2, .seed = 9}, {2, 4}, {0, 1, 3}},
                 {{.first = 1, .count = 2, .seed = 10}, {1, 2}, {0, 3, 4}}};
    for (size_t k = 0; k < N_INPUTS * N_TARGETS; k++) {
        const enum input input = (enum input)(k % N_INPUTS);
        const enum target target = (enum target)(k / N_INPUTS);
        struct rg_dataset *const whole = make_whole(input, target), *held = NULL;
        const size_t count = cases[_i].split.count;
        test_case("split %d, %s, %s", _i, input_names[input], target_names[target]);
        ck_assert_int_eq(rg_dataset_split(whole, &cases[_i].split, &held), RG_OK);
        expect_part(whole, input, target, N - count, cases[_i].kept);
        expect_part(held, input, target, count, cases[_i].held);
        rg_dataset_destroy(whole); /* the part has copies */
        expect_part(held, input, target, count, cases[_i].held);
        rg_dataset_destroy(held);
    }
}
END_TEST

static rg_status split_given(void) {
    static const size_t all[N] = {0, 1, 2, 3, 4};
    static const struct rg_split split = {.first = 1, .count = 2, .seed = 9};
    struct rg_dataset *held = given;
    const rg_status status = rg_dataset_split(given, &split, &held);
    ck_assert((held != NULL) == (status == RG_OK));
    rg_dataset_destroy(held);
    if (status == RG_OK) { /* it was split: begin with another one */
        const size_t n = n_allocations, f = failing;
        failing = 0;
        rg_dataset_destroy(given);
        given = make_whole(FLOATS, TARGET_FLOATS);
        n_allocations = n;
        failing = f;
    }
    expect_part(given, FLOATS, TARGET_FLOATS, N, all);
    return status;
}

/* Without memory the data set stays whole. */
START_TEST(parts_without_memory) {
    given = make_whole(FLOATS, TARGET_FLOATS);
    each_fails("a split", split_given, 17);
    rg_dataset_destroy(given);
}
END_TEST

TEST_MAIN("rearranged") {
    TCase *const tests = add_tests(suite, "rearranged");
    tcase_add_loop_test(tests, streams, 0, N_LAYOUTS);
    tcase_add_test(tests, unrolled);
    tcase_add_test(tests, streams_without_memory);
    tcase_add_loop_test(tests, parts, 0, 5);
    tcase_add_test(tests, parts_without_memory);
}
