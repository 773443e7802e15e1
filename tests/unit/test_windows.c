/* Windows of long series: which ones are cut out of three series, and every number, name and row of each, for inputs
 * and targets of every type, in memory and in a file; forecasts, whose targets are the inputs. */
#define _GNU_SOURCE
#include <math.h>
#include <unistd.h>

#include "data/readers.h"
#include "data/stored.h"
#include "failing_memory.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/memory.h"
#include "rnn_gpu/tensors.h"
#include "scratch.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { SERIES = 3, STEPS = 6, FEATURES = 2, MAX_WIDTH = 2, MAX_WINDOWS = 16 };
static const int32_t lengths[SERIES] = {6, 4, 5};

/* What series `s` has at its step `t`: feature `f`; target `k`, of which one is missing. */
static double input_at(size_t s, size_t t, size_t f) {
    return (double)(100 * s + 10 * t + f);
}
static double target_at(size_t s, size_t t, size_t k, size_t width) {
    const bool missing = s == 0 && t == 4 && k == width - 1;
    return missing ? (double)NAN : (double)(1000 + 100 * s + 10 * t + k);
}

/* How the series are stored. */
struct kind {
    const char *name;
    bool doubles, raw, pad_left;
    size_t width; /* targets of a step */
    bool raw_targets;
};

/* Series in memory. What stands in the padding is not in any window. */
static struct rg_dataset *make_series(const struct kind *kind) {
    struct rg_dataset *d = NULL;
    const size_t n = SERIES * STEPS, x = n * FEATURES, y = n * kind->width;
    ck_assert_int_eq(rg_dataset_create("series.csv", &d), RG_OK);
    d->n_sequences = SERIES;
    d->n_steps = STEPS;
    d->n_features = FEATURES;
    d->n_targets = STEPS * kind->width;
    d->pad_left = kind->pad_left;
    d->x_type = RG_I16;
    d->y_type = RG_I32;
    d->label_kind = RG_LABELS_NUMBERS;
    int16_t *raw = NULL;
    int32_t *raw_targets = NULL;
    ck_assert_int_eq(kind->raw       ? rg_alloc(&raw, x, sizeof *raw, "x")
                     : kind->doubles ? rg_alloc(&d->x_double, x, sizeof *d->x_double, "x")
                                     : rg_alloc(&d->x_float, x, sizeof *d->x_float, "x"),
                     RG_OK);
    d->x_raw = raw;
    if (kind->width > 0) {
        ck_assert_int_eq(kind->raw_targets ? rg_alloc(&raw_targets, y, sizeof *raw_targets, "y")
                         : kind->doubles   ? rg_alloc(&d->y_double, y, sizeof *d->y_double, "y")
                                           : rg_alloc(&d->y, y, sizeof *d->y, "y"),
                         RG_OK);
        d->y_raw = raw_targets;
    }
    ck_assert_int_eq(rg_alloc(&d->lengths, SERIES, sizeof *lengths, "lengths"), RG_OK);
    memcpy(d->lengths, lengths, sizeof lengths);
    for (size_t i = 0; i < n; i++) {
        const size_t s = i / STEPS, length = (size_t)lengths[s], first = kind->pad_left ? STEPS - length : 0;
        const bool valid = i % STEPS >= first && i % STEPS < first + length;
        const size_t t = i % STEPS - first;
        for (size_t f = 0; f < FEATURES; f++) {
            const double value = valid ? input_at(s, t, f) : 9999.0;
            if (kind->raw) {
                raw[i * FEATURES + f] = (int16_t)value;
            } else if (kind->doubles) {
                d->x_double[i * FEATURES + f] = value;
            } else {
                d->x_float[i * FEATURES + f] = (float)value;
            }
        }
        for (size_t k = 0; k < kind->width; k++) {
            const double value = valid ? target_at(s, t, k, kind->width) : 9999.0;
            if (kind->raw_targets) {
                raw_targets[i * kind->width + k] = isnan(value) ? 0 : (int32_t)value;
            } else if (kind->doubles) {
                d->y_double[i * kind->width + k] = value;
            } else {
                d->y[i * kind->width + k] = (float)value;
            }
        }
    }
    return d;
}

/* Names of the series, of their columns and of their targets. */
static void name_series(struct rg_dataset *d) {
    static const char *const names[SERIES] = {"first", "b", "the third"}, *const columns[] = {"u", "velocity"};
    char *at;
    ck_assert_int_eq(rg_strings_create(&d->names, SERIES, 40, "names"), RG_OK);
    ck_assert_int_eq(rg_strings_create(&d->features, FEATURES, 20, "features"), RG_OK);
    ck_assert_int_eq(rg_strings_create(&d->targets, 1, 20, "targets"), RG_OK);
    at = (char *)(d->names + SERIES);
    for (size_t i = 0; i < SERIES; i++) {
        d->names[i] = strcpy(at, names[i]);
        at += strlen(at) + 1;
    }
    at = (char *)(d->features + FEATURES);
    for (size_t i = 0; i < FEATURES; i++) {
        d->features[i] = strcpy(at, columns[i]);
        at += strlen(at) + 1;
    }
    d->targets[0] = strcpy((char *)(d->targets + 1), "height");
    d->n_target_names = 1;
}

/* ---- Which windows ---- */

/* Windows of a step or two, in order: the series and the first step of each. */
struct choice {
    const char *name;
    struct rg_window_options options;
    size_t n;
    struct {
        size_t series, first;
    } windows[MAX_WINDOWS];
};

#define WINDOW(steps, horizon) .windows = {steps, horizon, false}
static const struct choice choices[] = {
    {"all", {WINDOW(2, 1), .stride = 1}, 8, {{0, 0}, {0, 1}, {0, 3}, {1, 0}, {1, 1}, {2, 0}, {2, 1}, {2, 2}}},
    {"every second", {WINDOW(2, 1), .stride = 2}, 4, {{0, 0}, {1, 0}, {2, 0}, {2, 2}}},
    {"every fourth", {WINDOW(1, 1), .stride = 4}, 4, {{0, 0}, {0, 4}, {1, 0}, {2, 0}}},
    {"two steps ahead", {WINDOW(2, 2), .stride = 1}, 5, {{0, 0}, {0, 2}, {1, 0}, {2, 0}, {2, 1}}},
    {"the series with its target", {WINDOW(3, 1), .stride = 1}, 5, {{0, 0}, {0, 2}, {1, 0}, {2, 0}, {2, 1}}},
    {"without a target too",
     {WINDOW(2, 1), .stride = 1, .open = true},
     12,
     {{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 0}, {1, 1}, {1, 2}, {2, 0}, {2, 1}, {2, 2}, {2, 3}}},
    {"as long as the shortest",
     {WINDOW(4, 3), .stride = 1, .open = true},
     6,
     {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {2, 0}, {2, 1}}},
    {"a target for every step",
     {WINDOW(2, 1), .stride = 1, .every_step = true},
     8,
     {{0, 0}, {0, 1}, {0, 3}, {1, 0}, {1, 1}, {2, 0}, {2, 1}, {2, 2}}},
    {"a target for every step, two ahead",
     {WINDOW(3, 2), .stride = 1, .every_step = true, .open = true},
     9,
     {{0, 0}, {0, 1}, {0, 2}, {0, 3}, {1, 0}, {1, 1}, {2, 0}, {2, 1}, {2, 2}}},
    {"within the second half",
     {WINDOW(1, 1), .stride = 1, .part = RG_WINDOWS_WITHIN, .from = 0.5, .to = 1.0},
     3,
     {{0, 4}, {1, 2}, {2, 3}}},
    {"without the second half",
     {WINDOW(1, 1), .stride = 1, .part = RG_WINDOWS_WITHOUT, .from = 0.5, .to = 1.0},
     5,
     {{0, 0}, {0, 1}, {1, 0}, {2, 0}, {2, 1}}},
    {"within the first half",
     {WINDOW(1, 1), .stride = 1, .part = RG_WINDOWS_WITHIN, .from = 0.0, .to = 0.5},
     5,
     {{0, 0}, {0, 1}, {1, 0}, {2, 0}, {2, 1}}},
    {"without the first half",
     {WINDOW(1, 1), .stride = 1, .part = RG_WINDOWS_WITHOUT, .from = 0.0, .to = 0.5},
     3,
     {{0, 4}, {1, 2}, {2, 3}}},
    {"without the middle",
     {WINDOW(1, 1), .stride = 1, .part = RG_WINDOWS_WITHOUT, .from = 0.34, .to = 0.67},
     4,
     {{0, 0}, {0, 4}, {2, 0}, {2, 3}}},
    {"within the middle, without a target too",
     {WINDOW(1, 1), .stride = 1, .open = true, .part = RG_WINDOWS_WITHIN, .from = 0.34, .to = 0.67},
     2,
     {{0, 2}, {1, 1}}},
};
enum { N_CHOICES = COUNT(choices) };

static void expect_equal(double found, double wanted, const char *what, size_t window, size_t k) {
    ck_assert_msg(found == wanted || (isnan(found) && isnan(wanted)), "%s %zu of window %zu: %g, expected %g", what, k,
                  window, found, wanted);
}

/* Every number of the windows. */
static void expect_windows(const struct rg_dataset *w, const struct choice *c, size_t width) {
    const size_t steps = c->options.windows.steps, horizon = c->options.windows.horizon;
    const size_t rows = c->options.every_step ? steps : 1;
    ck_assert_uint_eq(w->n_sequences, c->n);
    ck_assert(w->n_steps == steps && w->n_features == FEATURES && w->kind == RG_INPUT_FLOAT && !w->lengths);
    ck_assert(w->windows.steps == steps && w->windows.horizon == horizon);
    ck_assert_uint_eq(w->n_targets, rows * width);
    for (size_t i = 0; i < c->n; i++) {
        const size_t s = c->windows[i].series, first = c->windows[i].first;
        for (size_t k = 0; k < steps * FEATURES; k++) {
            double value = 0.0;
            ck_assert_int_eq(rg_dataset_numbers(w, i * steps * FEATURES + k, 1, &value), RG_OK);
            expect_equal(value, input_at(s, first + k / FEATURES, k % FEATURES), "input", i, k);
        }
        for (size_t k = 0; k < rows * width; k++) {
            const size_t t = first + steps - rows + k / width + horizon;
            const double wanted = t < (size_t)lengths[s] ? target_at(s, t, k % width, width) : (double)NAN;
            expect_equal(rg_dataset_target(w, i * rows * width + k), wanted, "target", i, k);
        }
        ck_assert_uint_eq(w->rows[i], first + steps + horizon);
    }
}

static const struct kind kinds[] = {{"floats", false, false, false, 1, false},
                                    {"floats, padding first", false, false, true, 2, false},
                                    {"doubles", true, false, false, 2, false},
                                    {"doubles, padding first", true, false, true, 1, false},
                                    {"whole numbers", false, true, false, 1, false}};
enum { N_KINDS = COUNT(kinds) };

START_TEST(windows) {
    const struct choice *const c = &choices[_i % N_CHOICES];
    const struct kind *const kind = &kinds[_i / N_CHOICES];
    struct rg_dataset *const series = make_series(kind), *w = NULL;
    test_case("%s, %s", kind->name, c->name);
    ck_assert_msg(rg_dataset_windows(series, &c->options, &w) == RG_OK, "%s", rg_error_message());
    expect_windows(w, c, kind->width);
    ck_assert((w->x_double != NULL) == kind->doubles && (w->x_raw != NULL) == kind->raw);
    ck_assert((w->y_double != NULL) == kind->doubles && (w->y != NULL) == !kind->doubles);
    ck_assert(w->names == NULL && w->features == NULL && w->targets == NULL && w->n_target_names == 0);
    ck_assert(w->x_type == RG_I16 && w->label_kind == RG_LABELS_NUMBERS && !w->windows.forecast);
    ck_assert_str_eq(w->path, "series.csv");
    rg_dataset_destroy(w);
    rg_dataset_destroy(series);
}
END_TEST

/* Targets of whole numbers become floats, and windows keep the names of what they are cut from. */
START_TEST(names_and_whole_targets) {
    static const struct kind kind = {"whole targets", false, true, true, 2, true};
    struct rg_dataset *const series = make_series(&kind), *w = NULL;
    const struct choice *const c = &choices[4];
    name_series(series);
    ck_assert_int_eq(rg_dataset_windows(series, &c->options, &w), RG_OK);
    ck_assert_uint_eq(w->n_sequences, 6); /* none is missing */
    ck_assert(w->y && !w->y_raw && w->y[0] == 1030.0F && w->y[1] == 1031.0F && w->y[11] == 1241.0F);
    ck_assert_str_eq(w->names[0], "first");
    ck_assert_str_eq(w->names[2], "first");
    ck_assert_str_eq(w->names[3], "b");
    ck_assert_str_eq(w->names[5], "the third");
    ck_assert_ptr_eq(w->names[0], w->names[2]);
    ck_assert_str_eq(w->features[0], "u");
    ck_assert_str_eq(w->features[1], "velocity");
    ck_assert_uint_eq(w->n_target_names, 1);
    ck_assert_str_eq(w->targets[0], "height");
    rg_dataset_destroy(series); /* the names are copies */
    ck_assert_str_eq(w->names[5], "the third");
    ck_assert_str_eq(w->features[1], "velocity");
    rg_dataset_destroy(w);
}
END_TEST

/* ---- Refusals ---- */

START_TEST(refused_windows) {
    static const struct {
        struct rg_window_options options;
        bool names, labels;
        const char *message; /* NULL: accepted, without targets */
    } cases[] = {
        {{WINDOW(6, 1), .stride = 1},
         true,
         true,
         "series.csv: series `first` has 6 steps; --window 6 with --horizon 1 needs 7"},
        {{WINDOW(2, 3), .stride = 1},
         true,
         true,
         "series.csv: series `b` has 4 steps; --window 2 with --horizon 3 needs 5"},
        {{WINDOW(4, 1), .stride = 1},
         false,
         true,
         "series.csv: series 2 has 4 steps; --window 4 with --horizon 1 needs 5"},
        {{WINDOW(5, 1), .stride = 1, .open = true},
         true,
         true,
         "series.csv: series `b` has 4 steps; --window 5 needs 5"},
        {{WINDOW(5, 1), .stride = 1, .open = true},
         false,
         true,
         "series.csv: series 2 has 4 steps; --window 5 needs 5"},
        {{WINDOW(2, 1), .stride = 1, .part = RG_WINDOWS_WITHIN, .from = 0.85, .to = 1.0},
         true,
         true,
         "series.csv: the validation part, 15 % of each series, has no window of 2 steps with its target; give a "
         "shorter --window, or another share"},
        {{WINDOW(2, 1), .stride = 1, .part = RG_WINDOWS_WITHOUT, .from = 0.0, .to = 0.9},
         true,
         true,
         "series.csv: the training part, 10 % of each series, has no window of 2 steps with its target; give a shorter "
         "--window, or another share"},
        {{WINDOW(2, 1), .stride = 1}, true, false, "series.csv: no window has a target; every label is missing"},
        {{WINDOW(2, 1), .stride = 3, .open = true}, true, false, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct kind kind = {.width = cases[i].labels ? 1 : 0};
        struct rg_dataset *const series = make_series(&kind), *w = series;
        test_case("refused windows %zu", i);
        if (cases[i].names) {
            name_series(series);
        }
        ck_assert_int_eq(rg_dataset_windows(series, &cases[i].options, &w), cases[i].message ? RG_BAD_FILE : RG_OK);
        if (cases[i].message) {
            ck_assert_str_eq(rg_error_message(), cases[i].message);
            ck_assert_ptr_null(w);
        } else {
            ck_assert(w->n_sequences == 5 && w->n_targets == 0 && !w->y && !w->y_double);
        }
        rg_dataset_destroy(w);
        rg_dataset_destroy(series);
    }
}
END_TEST

static struct rg_dataset *given;

static rg_status cut_windows(void) {
    struct rg_dataset *w = NULL;
    const rg_status status = rg_dataset_windows(given, &choices[0].options, &w);
    ck_assert((w != NULL) == (status == RG_OK));
    rg_dataset_destroy(w);
    return status;
}

START_TEST(windows_without_memory) {
    given = make_series(&kinds[0]);
    name_series(given);
    each_fails("windows", cut_windows, 8);
    rg_dataset_destroy(given);
}
END_TEST

/* ---- In a file ---- */

static char folder[256], path[300];

static void begin(void) {
    make_scratch_folder(folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/d.npz", folder);
}

static void end(void) {
    (void)unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void write_series(const struct kind *kind) {
    struct rg_dataset *const s = make_series(kind);
    const enum rg_dtype type = kind->doubles ? RG_F64 : RG_F32;
    const struct rg_tensor items[] = {{"x",
                                       type,
                                       3,
                                       {SERIES, STEPS, FEATURES},
                                       kind->doubles ? (const void *)s->x_double : s->x_float,
                                       SERIES * STEPS * FEATURES * rg_dtype_bytes(type)},
                                      {"y",
                                       type,
                                       3,
                                       {SERIES, STEPS, kind->width},
                                       kind->doubles ? (const void *)s->y_double : s->y,
                                       SERIES * STEPS * kind->width * rg_dtype_bytes(type)},
                                      {"lengths", RG_I32, 1, {SERIES}, lengths, sizeof lengths}};
    ck_assert_msg(rg_npz_write(path, items, 3) == RG_OK, "%s", rg_error_message());
    rg_dataset_destroy(s);
}

/* Read them so that their numbers stay in the file. */
static struct rg_dataset *read_series(const struct kind *kind, bool doubles) {
    struct rg_dataset *d = NULL;
    const struct rg_dataset_options options = {
        .series = true, .pad_left = kind->pad_left, .doubles = doubles, .memory = 1};
    ck_assert_msg(rg_dataset_read(path, &options, &d) == RG_OK, "%s", rg_error_message());
    ck_assert(d->x_file.numbers && d->y_file.numbers);
    return d;
}

static struct rg_dataset *read_in_file(const struct kind *kind, bool doubles) {
    write_series(kind);
    return read_series(kind, doubles);
}

START_TEST(windows_of_a_file) {
    const struct kind *const kind = &kinds[_i];
    write_series(kind);
    for (size_t i = 0; i < N_CHOICES; i++) {
        const struct choice *const c = &choices[i];
        struct rg_dataset *const series = read_series(kind, kind->doubles), *w = NULL;
        test_case("%s, %s", kind->name, c->name);
        ck_assert_msg(rg_dataset_windows(series, &c->options, &w) == RG_OK, "%s", rg_error_message());
        ck_assert(w->x_file.numbers && !w->x_float && !w->x_double && !w->x_raw);
        ck_assert((w->y_double != NULL) == kind->doubles && (w->y != NULL) == !kind->doubles);
        rg_dataset_destroy(series);
        expect_windows(w, c, kind->width);
        rg_dataset_destroy(w);
    }
}
END_TEST

/* Doubles in the file that count as floats give float targets. */
START_TEST(narrow_windows_of_a_file) {
    struct rg_dataset *const series = read_in_file(&kinds[2], false), *w = NULL;
    ck_assert(series->x_file.narrow && series->y_file.narrow);
    ck_assert_int_eq(rg_dataset_windows(series, &choices[0].options, &w), RG_OK);
    ck_assert(w->x_file.narrow && w->y && !w->y_double);
    expect_windows(w, &choices[0], kinds[2].width);
    rg_dataset_destroy(w);
    rg_dataset_destroy(series);
}
END_TEST

START_TEST(windows_of_a_file_without_memory) {
    given = read_in_file(&kinds[0], false);
    each_fails("windows of a file", cut_windows, 5);
    rg_dataset_destroy(given);
}
END_TEST

/* A file that changes while its windows are cut is refused. */
START_TEST(windows_of_a_changed_file) {
    struct rg_dataset *const series = read_in_file(&kinds[0], false), *w = NULL;
    ck_assert_int_eq(truncate(path, 5), 0);
    ck_assert_int_eq(rg_dataset_windows(series, &choices[5].options, &w), RG_BAD_FILE);
    ck_assert_ptr_null(w);
    rg_dataset_destroy(series);
}
END_TEST

/* ---- Forecasts ---- */

/* The targets of a step are its inputs, whatever they were before. */
static void expect_forecast(struct rg_dataset *d, bool doubles) {
    ck_assert_msg(rg_dataset_forecast(d) == RG_OK, "%s", rg_error_message());
    ck_assert(d->n_targets == STEPS * FEATURES && d->label_kind == RG_LABELS_VALUES && d->windows.forecast);
    ck_assert(!d->y_raw && (d->y_double != NULL) == (doubles && !d->y_file.numbers));
    ck_assert((d->y != NULL) == (!doubles && !d->y_file.numbers));
    for (size_t s = 0; s < SERIES; s++) {
        const size_t length = (size_t)lengths[s], first = d->pad_left ? STEPS - length : 0;
        for (size_t t = 0; t < length; t++) {
            for (size_t f = 0; f < FEATURES; f++) {
                const size_t at = (s * STEPS + first + t) * FEATURES + f;
                expect_equal(rg_dataset_target(d, at), input_at(s, t, f), "forecast", s, at);
            }
        }
    }
}

START_TEST(forecasts) {
    static const struct rg_window_options options = {.windows = {2, 1, false}, .stride = 3};
    for (size_t i = 0; i < 2 * N_KINDS; i++) {
        const struct kind *const kind = &kinds[i / 2];
        struct rg_dataset *w = NULL;
        test_case("%s, %s", kind->name, i % 2 ? "in a file" : "in memory");
        if (i % 2 && kind->raw) {
            continue;
        }
        struct rg_dataset *const d = i % 2 ? read_in_file(kind, kind->doubles) : make_series(kind);
        expect_forecast(d, kind->doubles);
        ck_assert((d->y_file.numbers != NULL) == (i % 2 == 1) && d->y_file.narrow == d->x_file.narrow);
        ck_assert_int_eq(rg_dataset_windows(d, &options, &w), RG_OK);
        ck_assert(w->windows.forecast && w->n_targets == FEATURES && w->n_sequences == 4);
        expect_equal(rg_dataset_target(w, 0), input_at(0, 2, 0), "forecast", 0, 0);
        expect_equal(rg_dataset_target(w, 3), input_at(0, 5, 1), "forecast", 1, 1);
        expect_equal(rg_dataset_target(w, 7), input_at(2, 2, 1), "forecast", 3, 1);
        ck_assert((w->y_double != NULL) == kind->doubles);
        rg_dataset_destroy(w);
        rg_dataset_destroy(d);
    }
}
END_TEST

/* A part of the series: their numbers no longer begin where the file's do. */
START_TEST(forecasts_of_a_part) {
    static const struct rg_window_options options = {.windows = {2, 1, false}, .stride = 1};
    static const struct rg_split split = {.first = 0, .count = 1, .in_order = true};
    struct rg_dataset *const d = read_in_file(&kinds[0], false);
    struct rg_dataset *held = NULL, *w = NULL;
    ck_assert_int_eq(rg_dataset_split(d, &split, &held), RG_OK);
    ck_assert_int_eq(rg_dataset_forecast(d), RG_OK);
    ck_assert_int_eq(rg_dataset_windows(d, &options, &w), RG_OK);
    ck_assert_uint_eq(w->n_sequences, 5); /* 2 of the second series, 3 of the third one */
    expect_equal(rg_dataset_target(w, 0), input_at(1, 2, 0), "forecast", 0, 0);
    expect_equal(rg_dataset_target(w, 9), input_at(2, 4, 1), "forecast", 4, 1);
    rg_dataset_destroy(w);
    rg_dataset_destroy(held);
    rg_dataset_destroy(d);
}
END_TEST

/* What was a target before is forgotten, whatever its type. */
START_TEST(forecasts_in_place_of_others) {
    static const struct kind kind = {"whole numbers, targets in doubles", false, true, false, 1, false};
    struct rg_dataset *const d = make_series(&kind);
    const size_t n = SERIES * STEPS;
    ck_assert_int_eq(rg_alloc(&d->y_double, n, sizeof *d->y_double, "y"), RG_OK);
    rg_free(d->y);
    d->y = NULL;
    expect_forecast(d, false);
    ck_assert_ptr_null(d->y_double);
    rg_dataset_destroy(d);
}
END_TEST

TEST_MAIN("windows") {
    TCase *const tests = add_tests(suite, "windows");
    tcase_add_loop_test(tests, windows, 0, N_CHOICES * N_KINDS);
    tcase_add_test(tests, names_and_whole_targets);
    tcase_add_test(tests, refused_windows);
    tcase_add_test(tests, windows_without_memory);
    TCase *const files = add_tests(suite, "files");
    tcase_add_checked_fixture(files, begin, end);
    tcase_add_loop_test(files, windows_of_a_file, 0, N_KINDS - 1); /* the last are of memory alone */
    tcase_add_test(files, narrow_windows_of_a_file);
    tcase_add_test(files, windows_of_a_file_without_memory);
    tcase_add_test(files, windows_of_a_changed_file);
    tcase_add_test(files, forecasts);
    tcase_add_test(files, forecasts_of_a_part);
    tcase_add_test(files, forecasts_in_place_of_others);
}
