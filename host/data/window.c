/* Windows of long series: rg_dataset_windows of rnn_gpu/dataset.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/readers.h"
#include "data/stored.h"
#include "rnn_gpu/memory.h"

static void expect_itself(struct rg_dataset *series) {
    series->n_targets = series->n_steps * series->n_features;
    series->label_kind = RG_LABELS_VALUES;
    series->windows.forecast = true;
}

/* The targets are then in the file too. */
static rg_status forecast_in_file(struct rg_dataset *series) {
    rg_stored_release(series->y_file.numbers);
    rg_free(series->y_file.place);
    series->y_file = (struct rg_in_file){.narrow = series->x_file.narrow};
    RG_TRY(rg_dataset_leave(series, &series->y_file, rg_stored_share(series->x_file.numbers),
                            series->n_steps * series->n_features));
    memcpy(series->y_file.place, series->x_file.place, series->n_sequences * sizeof(*series->y_file.place));
    expect_itself(series);
    return RG_OK;
}

rg_status rg_dataset_forecast(struct rg_dataset *series) {
    const size_t n = series->n_sequences * series->n_steps * series->n_features;
    double value = 0.0;

    rg_free(series->y);
    rg_free(series->y_double);
    rg_free(series->y_raw);
    series->y = NULL;
    series->y_double = NULL;
    series->y_raw = NULL;
    if (series->x_file.numbers != NULL) {
        return forecast_in_file(series);
    }
    const bool doubles = series->x_double != NULL;
    RG_TRY(doubles ? rg_alloc(&series->y_double, n, sizeof(*series->y_double), "what is forecast")
                   : rg_alloc(&series->y, n, sizeof(*series->y), "what is forecast"));
    for (size_t i = 0; i < n; i++) {
        RG_TRY(rg_dataset_numbers(series, i, 1, &value));
        if (doubles) {
            series->y_double[i] = value;
        } else {
            series->y[i] = (float)value;
        }
    }
    expect_itself(series);
    return RG_OK;
}

/* ---- Choosing windows ---- */

/* One series, and the range of its steps that is set apart: [from, to). */
struct place {
    size_t series, length, from, to;
};

static struct place place_of(const struct rg_dataset *d, const struct rg_window_options *o, size_t series) {
    const size_t length = d->lengths != NULL ? (size_t)d->lengths[series] : d->n_steps;
    const double n = (double)length;

    return (struct place){series, length, (size_t)lround(o->from * n), (size_t)lround(o->to * n)};
}

/* Numbers in a target. */
static size_t width_of(const struct rg_dataset *d) {
    return rg_dataset_is_labelled(d) ? d->n_targets / d->n_steps : 0;
}

/* Index of a series' step among all steps of the data set. */
static size_t step_at(const struct rg_dataset *d, const struct place *p, size_t step) {
    const size_t first = d->pad_left ? d->n_steps - p->length : 0;

    return p->series * d->n_steps + first + step;
}

/* Does the series have a target at that step? */
static bool has_target(const struct rg_dataset *d, const struct place *p, size_t step) {
    const size_t width = width_of(d);
    bool is_there = step < p->length && width > 0;

    for (size_t o = 0; is_there && o < width; o++) {
        is_there = !isnan(rg_dataset_target(d, step_at(d, p, step) * width + o));
    }
    return is_there;
}

/* Is the window that begins at that step wanted? */
static bool is_wanted(const struct rg_dataset *d, const struct rg_window_options *o, const struct place *p,
                      size_t first) {
    const size_t end = first + o->windows.steps + o->windows.horizon; /* after the target */
    const bool within = first >= p->from && end <= p->to, without = end <= p->from || first >= p->to;

    return (o->part == RG_WINDOWS_ALL || (o->part == RG_WINDOWS_WITHIN ? within : without)) &&
           (o->open || has_target(d, p, end - 1));
}

/* Steps that a series needs for at least one window. */
static size_t steps_needed(const struct rg_window_options *o) {
    return o->windows.steps + (o->open ? 0 : o->windows.horizon);
}

static rg_status check_length(const struct rg_dataset *d, const struct rg_window_options *o, const struct place *p) {
    char target[48] = "";

    if (p->length >= steps_needed(o)) {
        return RG_OK;
    }
    if (!o->open) {
        snprintf(target, sizeof(target), " with --horizon %zu", o->windows.horizon);
    }
    if (d->names != NULL) {
        return rg_fail(RG_BAD_FILE, "%s: series `%s` has %zu steps; --window %zu%s needs %zu", d->path,
                       rg_excerpt(d->names[p->series], strlen(d->names[p->series])).text, p->length, o->windows.steps,
                       target, steps_needed(o));
    }
    return rg_fail(RG_BAD_FILE, "%s: series %zu has %zu steps; --window %zu%s needs %zu", d->path, p->series + 1,
                   p->length, o->windows.steps, target, steps_needed(o));
}

/* A window that is cut out of a series. */
struct window {
    const struct rg_dataset *from;
    const struct rg_window_options *options;
    struct place place;
    size_t first, number; /* its first step in the series; its number among all windows */
};

/* Call `take`, unless it is NULL, for each window. *n = number of windows. */
static rg_status each_window(const struct rg_dataset *d, const struct rg_window_options *o, struct rg_dataset *to,
                             void (*take)(const struct window *w, struct rg_dataset *to), size_t *n) {
    *n = 0;
    for (size_t i = 0; i < d->n_sequences; i++) {
        struct window w = {.from = d, .options = o, .place = place_of(d, o, i)};

        RG_TRY(check_length(d, o, &w.place));
        for (; w.first + steps_needed(o) <= w.place.length; w.first += o->stride) {
            if (!is_wanted(d, o, &w.place, w.first)) {
                continue;
            }
            w.number = (*n)++;
            if (take != NULL) {
                take(&w, to);
            }
        }
    }
    return RG_OK;
}

static rg_status refuse_none(const struct rg_dataset *d, const struct rg_window_options *o) {
    if (o->part == RG_WINDOWS_ALL) {
        return rg_fail(RG_BAD_FILE, "%s: no window has a target; every label is missing", d->path);
    }
    return rg_fail(
        RG_BAD_FILE,
        "%s: the %s part, %.3g %% of each series, has no window of %zu steps with its target; give a shorter "
        "--window, or another share",
        d->path, o->part == RG_WINDOWS_WITHIN ? "validation" : "training",
        100.0 * (o->part == RG_WINDOWS_WITHIN ? o->to - o->from : 1.0 - (o->to - o->from)), o->windows.steps);
}

/* ---- Filling windows ---- */

static void copy_targets(const struct window *w, struct rg_dataset *to) {
    const struct rg_dataset *const d = w->from;
    const struct rg_windows *const sizes = &w->options->windows;
    const size_t width = width_of(d), rows = w->options->every_step ? sizes->steps : 1;

    for (size_t row = 0; row < rows; row++) {
        const size_t step = w->first + sizes->steps - rows + row + sizes->horizon;

        for (size_t k = 0; k < width; k++) {
            const size_t at = (w->number * rows + row) * width + k;
            const double value =
                step < w->place.length ? rg_dataset_target(d, step_at(d, &w->place, step) * width + k) : (double)NAN;

            if (to->y_double != NULL) {
                to->y_double[at] = value;
            } else {
                to->y[at] = (float)value;
            }
        }
    }
}

static void copy_window(const struct window *w, struct rg_dataset *to) {
    const struct rg_dataset *const d = w->from;
    const struct rg_windows *const sizes = &w->options->windows;
    const size_t at = step_at(d, &w->place, w->first), series = w->place.series;
    const size_t size = d->x_float != NULL    ? sizeof(*d->x_float)
                        : d->x_double != NULL ? sizeof(*d->x_double)
                                              : rg_dtype_bytes(d->x_type);
    const size_t step_bytes = d->n_features * size, bytes = sizes->steps * step_bytes;
    const void *const from = d->x_float != NULL    ? (const void *)d->x_float
                             : d->x_double != NULL ? (const void *)d->x_double
                                                   : d->x_raw;
    void *const x = to->x_float != NULL ? (void *)to->x_float : to->x_double != NULL ? (void *)to->x_double : to->x_raw;

    if (d->x_file.numbers != NULL) {
        to->x_file.place[w->number] = d->x_file.place[series] + (at - series * d->n_steps) * d->n_features;
    } else {
        memcpy((char *)x + w->number * bytes, (const char *)from + at * step_bytes, bytes);
    }
    copy_targets(w, to);
    to->rows[w->number] = (uint32_t)(w->first + sizes->steps + sizes->horizon);
    if (to->names != NULL) {
        to->names[w->number] =
            (char *)(to->names + to->n_sequences) + (d->names[series] - (char *)(d->names + d->n_sequences));
    }
}

/* Store the names of the series once, with a pointer for each window. */
static rg_status create_names(const struct rg_dataset *d, struct rg_dataset *to) {
    size_t bytes = 0;

    if (d->names == NULL) {
        return RG_OK;
    }
    for (size_t i = 0; i < d->n_sequences; i++) {
        bytes += strlen(d->names[i]) + 1;
    }
    RG_TRY(rg_strings_create(&to->names, to->n_sequences, bytes, "names of series"));
    memcpy((char *)(to->names + to->n_sequences), (const char *)(d->names + d->n_sequences), bytes);
    return RG_OK;
}

static rg_status create_arrays(const struct rg_dataset *d, const struct rg_window_options *o, struct rg_dataset *to) {
    size_t n = 0, values = 0;

    to->kind = RG_INPUT_FLOAT;
    to->n_steps = o->windows.steps;
    to->n_features = d->n_features;
    to->x_type = d->x_type;
    to->label_kind = d->label_kind;
    to->windows = (struct rg_windows){o->windows.steps, o->windows.horizon, d->windows.forecast};
    to->n_targets = width_of(d) * (o->every_step ? o->windows.steps : 1);
    if (to->n_sequences > UINT32_MAX || !rg_multiply(to->n_sequences, to->n_steps, &n) ||
        !rg_multiply(n, d->n_features, &values)) {
        return rg_fail(RG_NO_MEMORY, "%s: %zu windows of %zu steps do not fit in memory; give a larger --stride",
                       d->path, to->n_sequences, to->n_steps);
    }
    if (d->x_file.numbers != NULL) {
        to->x_file.narrow = d->x_file.narrow;
        RG_TRY(rg_dataset_leave(to, &to->x_file, rg_stored_share(d->x_file.numbers), 0));
    } else if (d->x_float != NULL) {
        RG_TRY(rg_alloc(&to->x_float, values, sizeof(*to->x_float), "windows"));
    } else if (d->x_double != NULL) {
        RG_TRY(rg_alloc(&to->x_double, values, sizeof(*to->x_double), "windows"));
    } else {
        RG_TRY(rg_alloc(&to->x_raw, values, rg_dtype_bytes(d->x_type), "windows"));
    }
    const bool in_file = d->y_file.numbers != NULL && rg_stored_type(d->y_file.numbers) == RG_F64;
    const struct rg_dataset_options options = {.doubles = d->y_double != NULL || (in_file && !d->y_file.narrow)};
    if (to->n_targets > 0) {
        RG_TRY(rg_dataset_create_targets(&options, to));
    }
    RG_TRY(rg_alloc(&to->rows, to->n_sequences, sizeof(*to->rows), "rows of windows"));
    return create_names(d, to);
}

/* *out = a copy of the columns' names, if there are any. */
static rg_status copy_columns(char *const *names, size_t n, char ***out) {
    size_t bytes = 0;

    if (names == NULL) {
        return RG_OK;
    }
    for (size_t i = 0; i < n; i++) {
        bytes += strlen(names[i]) + 1;
    }
    RG_TRY(rg_strings_create(out, n, bytes, "names of columns"));
    char *at = (char *)(*out + n);
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = strcpy(at, names[i]);
        at += strlen(at) + 1;
    }
    return RG_OK;
}

rg_status rg_dataset_windows(const struct rg_dataset *series, const struct rg_window_options *options,
                             struct rg_dataset **out) {
    struct rg_dataset *to = NULL;
    size_t n = 0;
    rg_status status = RG_OK;

    *out = NULL;
    RG_TRY(each_window(series, options, NULL, NULL, &n));
    if (n == 0) {
        return refuse_none(series, options);
    }
    RG_TRY(rg_dataset_create(series->path, &to));
    to->n_sequences = n;
    RG_TRY_GOTO(create_arrays(series, options, to));
    RG_TRY_GOTO(copy_columns(series->features, series->n_features, &to->features));
    to->n_target_names = series->n_target_names;
    RG_TRY_GOTO(copy_columns(series->targets, series->n_target_names, &to->targets));
    RG_TRY_GOTO(each_window(series, options, to, copy_window, &n));
    RG_TRY_GOTO(rg_dataset_check_file(series));
    *out = to;
    to = NULL;
cleanup:
    rg_dataset_destroy(to);
    return status;
}
