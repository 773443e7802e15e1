/* What the targets of a data set are: see targets.h. */
#include "train/targets.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number_text.h"
#include "base/sizes.h"
#include "files/listed_name.h"
#include "rnn_gpu/memory.h"

enum { CSV_CLASSES = 100, PYTORCH_IGNORES = -100, SHOWN_CLASSES = 6, SHOWN_BYTES = 24 };

static const double LARGEST_CLASS = 16777215.0; /* whole numbers beyond are not all floats */

size_t rg_targets_rows(const struct rg_targets *t, size_t sequence) {
    if (t->target == RG_TARGET_LAST) {
        return 1;
    }
    return t->data->lengths ? (size_t)t->data->lengths[sequence] : t->data->n_steps;
}

/* Place of a row's first number in y. */
static size_t row_at(const struct rg_targets *t, size_t sequence, size_t row) {
    const bool behind = t->target == RG_TARGET_STEPS && t->data->pad_left;
    const size_t padding = behind ? t->data->n_steps - rg_targets_rows(t, sequence) : 0;
    return sequence * t->data->n_targets + (padding + row) * t->width;
}

/* Whether a row counts. */
static bool counts(const struct rg_targets *t, size_t at) {
    for (size_t i = 0; i < t->width; i++) {
        const double y = rg_dataset_target(t->data, at + i);
        if (isnan(y) || y == t->ignored) {
            return false;
        }
    }
    return true;
}

/* The place of the 1 in a one-hot row; `width` for any other row. */
static size_t hot_place(const struct rg_targets *t, size_t at) {
    size_t hot = t->width;
    for (size_t i = 0; i < t->width; i++) {
        const double y = rg_dataset_target(t->data, at + i);
        if (y != 0.0 && (y != 1.0 || hot < t->width)) {
            return t->width;
        }
        hot = y == 1.0 ? i : hot;
    }
    return hot;
}

bool rg_targets_row(const struct rg_targets *t, size_t sequence, size_t row, double *out) {
    const size_t at = row_at(t, sequence, row);
    const bool valid = counts(t, at);
    for (size_t i = 0; i < t->numbers; i++) {
        out[i] = !valid                   ? (double)NAN
                 : t->numbers == t->width ? rg_dataset_target(t->data, at + i)
                                          : (double)hot_place(t, at);
    }
    return valid;
}

/* Look at every row: how many rows count, and the range of their numbers. *one_hot: every row is a one-hot vector. */
static rg_status scan(struct rg_targets *t, bool lenient, bool *one_hot) {
    t->min = INFINITY;
    t->max = -INFINITY;
    t->whole = true;
    *one_hot = t->width > 1;
    for (size_t n = 0; n < t->data->n_sequences; n++) {
        for (size_t row = 0; row < rg_targets_rows(t, n); row++) {
            const size_t at = row_at(t, n, row);
            const bool valid = counts(t, at);
            t->n_rows++;
            t->n_left_out += !valid;
            for (size_t i = 0; i < t->width; i++) {
                const double y = rg_dataset_target(t->data, at + i);
                const bool missing = isnan(y) && t->target == RG_TARGET_LAST;
                if (!lenient && (isinf(y) || missing)) {
                    return rg_fail(RG_BAD_FILE, "%s: sequence %zu has target %g; with --target %s it must be finite",
                                   t->data->path, n + 1, y, rg_target_names[t->target]);
                }
                if (valid) {
                    t->min = y < t->min ? y : t->min;
                    t->max = y > t->max ? y : t->max;
                    t->whole = t->whole && y == trunc(y);
                }
            }
            *one_hot = *one_hot && (!valid || hot_place(t, at) < t->width);
        }
    }
    *one_hot = *one_hot && t->n_rows > t->n_left_out;
    return RG_OK;
}

/* Are the targets columns of a CSV file with one row of targets for a sequence of several steps? In windows every step
 * has its own. */
static bool has_target_columns(const struct rg_dataset *data) {
    return data->n_steps > 1 && data->windows.steps == 0 && data->targets;
}

/* How many numbers of y belong to a row, and whether y has them for what `target` asks: a sequence, or each step. */
static rg_status split_rows(struct rg_targets *t, bool by_model) {
    const struct rg_dataset *const data = t->data;
    const bool whole = data->n_targets % data->n_steps == 0;
    if (t->target == RG_TARGET_STEPS && (has_target_columns(data) || (!whole && (data->features || data->texts)))) {
        return rg_fail(RG_BAD_FILE,
                       "%s: a .csv has one label a sequence, and %s needs one for each of the %zu steps%s%s",
                       data->path, by_model ? "the model" : "--target steps", data->n_steps,
                       by_model ? "" : "; leave --target out",
                       by_model         ? ""
                       : data->features ? ", or --window W --horizon 0 takes the label of each row"
                                        : "");
    }
    if (t->target == RG_TARGET_STEPS && !whole) {
        return rg_fail(RG_BAD_FILE,
                       "%s: y has %zu number%s a sequence; %s needs them for each of the %zu steps, "
                       "[sequences,steps] or [sequences,steps,outputs]",
                       data->path, data->n_targets, data->n_targets == 1 ? "" : "s",
                       by_model ? "the model" : "--target steps", data->n_steps);
    }
    t->width = t->numbers = t->target == RG_TARGET_STEPS ? data->n_targets / data->n_steps : data->n_targets;
    return RG_OK;
}

static rg_status refuse_classes(const struct rg_targets *t, enum rg_loss loss, bool by_model) {
    const char *const who = by_model ? "the model" : "--loss ce";
    char low[RG_NUMBER_BYTES], high[RG_NUMBER_BYTES];
    const char *const row = t->target == RG_TARGET_STEPS ? "step" : "sequence";
    if (t->width > 1) {
        return rg_fail(RG_BAD_FILE, "%s: %s needs one label a %s, and y has %zu numbers that are not one-hot",
                       t->data->path, who, row, t->width);
    }
    if (t->max > LARGEST_CLASS) {
        return rg_fail(RG_BAD_FILE,
                       "%s: the label %.17g is too large for a class; classes are whole numbers from 0 to %.0f%s",
                       t->data->path, t->max, LARGEST_CLASS,
                       loss == RG_LOSS_AUTO ? "; --loss mse takes the labels as values" : "");
    }
    if (t->whole && t->min < 0.0) {
        return rg_fail(RG_BAD_FILE,
                       "%s: a %s has the label %.17g, and classes are whole numbers from 0 on; --ignore-label %.17g "
                       "leaves it out%s",
                       t->data->path, row, t->min, t->min,
                       loss == RG_LOSS_AUTO ? ", --loss mse takes the labels as values" : "");
    }
    return rg_fail(RG_BAD_FILE, "%s: %s needs one label a %s, a whole number from 0 on; y has %s to %s", t->data->path,
                   who, row, rg_float_text(t->min, low), rg_float_text(t->max, high));
}

/* Set n_classes where the rows can be classes. */
static bool find_classes(struct rg_targets *t, bool one_hot) {
    const bool labels = t->width == 1 && t->whole && t->min >= 0.0 && t->max <= LARGEST_CLASS;
    if (one_hot) {
        t->n_classes = t->width;
        t->numbers = 1;
    } else if (t->width == 1 && t->data->classes) {
        t->n_classes = t->data->n_classes;
    } else if (labels && t->n_rows > t->n_left_out) {
        t->n_classes = (size_t)t->max + 1;
    }
    return t->n_classes > 0;
}

/* The loss of targets for which none was named. */
static rg_status choose_loss(struct rg_targets *t, bool one_hot, enum rg_loss *loss) {
    const struct rg_dataset *const data = t->data;
    const bool few = t->whole && t->min >= 0.0 && t->max < CSV_CLASSES;
    const bool classes = t->width > 1
                             ? one_hot
                             : data->label_kind == RG_LABELS_CLASSES || (data->label_kind == RG_LABELS_NUMBERS && few);
    *loss = RG_LOSS_MSE;
    if (!classes) {
        return RG_OK;
    }
    if (!find_classes(t, one_hot)) {
        return refuse_classes(t, RG_LOSS_AUTO, false);
    }
    if (t->n_classes > RG_CLASSES_UNASKED) {
        return rg_fail(RG_USAGE,
                       "%s: y has %s, which make %zu classes: give --loss ce if they are that many, or --loss mse to "
                       "take them as values",
                       data->path, data->classes ? "words" : "whole numbers", t->n_classes);
    }
    *loss = t->n_classes > 2 || one_hot ? RG_LOSS_CE : RG_LOSS_BCE;
    return RG_OK;
}

static void describe_classes(const struct rg_targets *t, char *text, size_t bytes) {
    const size_t k = t->n_classes;
    size_t length = (size_t)snprintf(text, bytes, "%zu class%s: ", k, k == 1 ? "" : "es");
    if (!t->data->classes && k > SHOWN_CLASSES) {
        (void)snprintf(text + length, bytes - length, "0 to %zu", k - 1);
        return;
    }
    for (size_t c = 0; c < k && length < bytes; c++) {
        const char *const lead = c ? ", " : "";
        char name[RG_LISTED_BYTES];
        if (c == SHOWN_CLASSES - 1 && k > SHOWN_CLASSES) {
            (void)snprintf(text + length, bytes - length, ", ... %s",
                           rg_listed_name(t->data->classes[k - 1], SHOWN_BYTES, name));
            return;
        }
        length += (size_t)(t->data->classes ? snprintf(text + length, bytes - length, "%s%s", lead,
                                                       rg_listed_name(t->data->classes[c], SHOWN_BYTES, name))
                                            : snprintf(text + length, bytes - length, "%s%zu", lead, c));
    }
}

/* Refuse words as numbers, which they are only by the order in which they are numbered. */
static rg_status refuse_words(const struct rg_targets *t, enum rg_loss loss) {
    char classes[RG_LABELS_BYTES] = "";
    const char *const fits = t->n_classes > 2 ? "ce" : "bce";
    describe_classes(t, classes, sizeof classes);
    return rg_fail(RG_USAGE, "%s: --loss %s needs %s, and the labels are %s; leave --loss out, or give --loss %s",
                   t->data->path, rg_loss_names[loss], loss == RG_LOSS_MSE ? "numbers" : "two classes", classes, fits);
}

/* Name the first sequence with a number that bce does not take. */
static rg_status refuse_range(const struct rg_targets *t, bool by_model) {
    const bool labels = t->data->label_kind != RG_LABELS_VALUES;
    char number[RG_NUMBER_BYTES];
    for (size_t n = 0; n < t->data->n_sequences; n++) {
        for (size_t i = 0; i < rg_targets_rows(t, n) * t->width; i++) {
            const size_t at = row_at(t, n, i / t->width);
            const double y = rg_dataset_target(t->data, at + i % t->width);
            if (counts(t, at) && (y < 0.0 || y > 1.0)) {
                return rg_fail(RG_BAD_FILE, "%s: sequence %zu has the %s %s; %s", t->data->path, n + 1,
                               labels ? "label" : "target", rg_float_text(y, number),
                               labels && by_model ? "with the model's two classes labels are 0 and 1"
                               : labels           ? "with two classes (--loss bce) labels are 0 and 1"
                               : by_model         ? "the model's targets are from 0 to 1"
                                                  : "--loss bce needs targets from 0 to 1");
            }
        }
    }
    return RG_OK;
}

static rg_status decide(const struct rg_dataset *data, const struct rg_target_options *o, struct rg_targets *t,
                        enum rg_loss *loss) {
    bool one_hot = false;
    *t = (struct rg_targets){.data = data, .target = o->target, .ignored = o->ignored};
    *loss = o->loss;
    RG_TRY(split_rows(t, o->by_model));
    const bool classes = data->label_kind == RG_LABELS_CLASSES && o->loss != RG_LOSS_MSE;
    if (isnan(o->ignored) && o->target == RG_TARGET_STEPS && t->width == 1 && (classes || o->loss == RG_LOSS_CE)) {
        t->ignored = PYTORCH_IGNORES;
    }
    RG_TRY(scan(t, o->lenient || data->n_strangers > 0, &one_hot));
    RG_TRY(rg_dataset_check_file(data));
    const char *const none = rg_targets_none(t);
    if (none && !o->lenient) {
        return rg_fail(RG_BAD_FILE, "%s: %s, so there is no loss", data->path, none);
    }
    if (o->loss == RG_LOSS_AUTO) {
        return choose_loss(t, one_hot, loss);
    }
    if (o->loss == RG_LOSS_CE && !find_classes(t, one_hot) && !o->lenient) {
        return refuse_classes(t, RG_LOSS_CE, o->by_model);
    }
    const bool words = t->width == 1 && data->classes;
    if (words && !o->lenient && (o->loss == RG_LOSS_MSE || (o->loss == RG_LOSS_BCE && data->n_classes > 2))) {
        (void)find_classes(t, false);
        return refuse_words(t, o->loss);
    }
    if (o->loss == RG_LOSS_BCE) {
        (void)find_classes(t, false);
        t->n_classes = t->n_classes <= 2 ? t->n_classes : 0;
    }
    if (o->loss == RG_LOSS_BCE && !o->lenient && (t->min < 0.0 || t->max > 1.0)) {
        return refuse_range(t, o->by_model);
    }
    return RG_OK;
}

/* Find the classes that no row has. Labels that are whole numbers number the classes from 0. */
static rg_status find_empty(struct rg_targets *t) {
    size_t *of_class = NULL;
    if (t->n_classes == 0 || t->data->classes || t->numbers < t->width) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&of_class, t->n_classes, sizeof *of_class, "counts of classes"));
    rg_targets_count(t, of_class);
    for (size_t c = 0; c < t->n_classes; c++) {
        if (of_class[c] == 0 && t->n_empty++ < RG_EMPTY_CLASSES) {
            t->empty[t->n_empty - 1] = c;
        }
    }
    rg_free(of_class);
    return RG_OK;
}

rg_status rg_targets_decide(const struct rg_dataset *data, const struct rg_target_options *o, struct rg_targets *t,
                            enum rg_loss *loss) {
    RG_TRY(decide(data, o, t, loss));
    return find_empty(t);
}

/* Sequences that have a target `back` steps before the last. */
static size_t targets_at(const struct rg_targets *t, size_t back) {
    size_t here = 0;
    for (size_t n = 0; n < t->data->n_sequences; n++) {
        const size_t rows = rg_targets_rows(t, n);
        here += back < rows && counts(t, row_at(t, n, rows - 1 - back));
    }
    return here;
}

size_t rg_targets_probe(const struct rg_targets *t) {
    const size_t steps = t->data ? t->data->n_steps : 0;
    size_t max = 0;
    if (!t->data || !t->n_left_out || t->target == RG_TARGET_LAST) {
        return 0;
    }
    for (size_t back = 0; back < steps; back++) { /* sequences end together */
        const size_t here = targets_at(t, back);
        max = rg_max(here, max);
    }
    for (size_t back = 0; back < steps; back++) { /* an early step has all targets, and no past */
        if (max > 0 && 2 * targets_at(t, back) >= max) {
            return steps - back;
        }
    }
    return 0;
}

/* ---- The baseline ---- */

void rg_targets_count(const struct rg_targets *t, size_t *of_class) {
    double y = 0.0;
    for (size_t n = 0; n < t->data->n_sequences; n++) {
        for (size_t row = 0; row < rg_targets_rows(t, n); row++) {
            if (rg_targets_row(t, n, row, &y)) {
                of_class[(size_t)y]++;
            }
        }
    }
}

/* Of the classes' shares; with weights, of their shares of the weight. */
static rg_status class_entropy(const struct rg_targets *t, double *entropy) {
    size_t *of_class = NULL;
    double total = 0.0;
    RG_TRY(rg_alloc(&of_class, t->n_classes, sizeof *of_class, "counts of classes"));
    rg_targets_count(t, of_class);
    for (size_t c = 0; c < t->n_classes; c++) {
        total += (t->weights ? t->weights[c] : 1.0) * (double)of_class[c];
    }
    *entropy = total > 0.0 ? 0.0 : (double)NAN;
    for (size_t c = 0; c < t->n_classes; c++) {
        const double share = (t->weights ? t->weights[c] : 1.0) * (double)of_class[c] / total;
        *entropy -= share > 0.0 ? share * log(share) : 0.0;
    }
    rg_free(of_class);
    return RG_OK;
}

/* The mean, over the rows that count, of (y - from)^power of number `o` of a row. Terms are divided before they are
 * added, so that their sum does not leave the range where their mean is within it. */
static double moment(const struct rg_targets *t, size_t o, double from, int power) {
    const double rows = (double)(t->n_rows - t->n_left_out);
    double sum = 0.0;
    for (size_t n = 0; n < t->data->n_sequences; n++) {
        for (size_t row = 0; row < rg_targets_rows(t, n); row++) {
            const size_t at = row_at(t, n, row);
            if (counts(t, at)) {
                const double d = rg_dataset_target(t->data, at + o) - from;
                sum += (power == 1 ? d : d * d) / rows;
            }
        }
    }
    return sum;
}

double rg_targets_mean(const struct rg_targets *t, size_t o) {
    const double near_mean = moment(t, o, 0.0, 1);
    return t->n_rows > t->n_left_out ? near_mean + moment(t, o, near_mean, 1) : (double)NAN;
}

rg_status rg_targets_baseline(const struct rg_targets *t, enum rg_loss loss, double *baseline) {
    double total = 0.0;
    if (loss == RG_LOSS_CE || t->weights) {
        return class_entropy(t, baseline);
    }
    for (size_t o = 0; o < t->width && t->n_rows > t->n_left_out; o++) {
        const double mean = rg_targets_mean(t, o);
        const double entropy = mean > 0.0 && mean < 1.0 ? -mean * log(mean) - (1.0 - mean) * log1p(-mean) : 0.0;
        total += loss == RG_LOSS_BCE ? entropy : moment(t, o, mean, 2);
    }
    *baseline = t->n_rows > t->n_left_out ? total / (double)t->width : (double)NAN;
    return RG_OK;
}

/* ---- What to say ---- */

void rg_targets_left_out(const struct rg_targets *t, char *text, size_t bytes) {
    const char *const row = t->target == RG_TARGET_STEPS ? "step" : "sequence";
    const size_t strangers =
        rg_min(t->data ? t->data->n_strangers : 0, t->n_left_out); /* rg_setup_tell has named them */
    const size_t n = t->n_left_out - strangers;
    const bool one = n == 1;
    char why[48] = "NaN";
    text[0] = '\0';
    if (!isnan(t->ignored)) {
        (void)snprintf(why, sizeof why, "label %g or NaN", t->ignored);
    }
    if (n > 0) {
        (void)snprintf(text, bytes, "; %zu of %zu %ss %s no target (%s) and %s not in the loss", n, t->n_rows, row,
                       one ? "has" : "have", why, one ? "is" : "are");
    }
}

const char *rg_targets_none(const struct rg_targets *t) {
    if (!t->data || t->n_rows > t->n_left_out) {
        return NULL;
    }
    return t->n_rows == 0                 ? "every sequence is empty"
           : t->data->windows.steps > 0   ? "no window has its target yet"
           : t->target == RG_TARGET_STEPS ? "no step has a target"
                                          : "no sequence has a target";
}

/* Say which classes no row has. */
static void describe_empty(const struct rg_targets *t, char *text, size_t bytes) {
    size_t length = 0;
    for (size_t i = 0; i < t->n_empty && i < RG_EMPTY_CLASSES; i++) {
        length += (size_t)snprintf(text + length, bytes - length, "%s%zu",
                                   i > 0                          ? ", "
                                   : t->target == RG_TARGET_STEPS ? "; no step has class "
                                                                  : "; no sequence has class ",
                                   t->empty[i]);
    }
    if (t->n_empty > RG_EMPTY_CLASSES) {
        length += (size_t)snprintf(text + length, bytes - length, " and %zu others", t->n_empty - RG_EMPTY_CLASSES);
    }
    if (t->n_empty > 0) {
        (void)snprintf(text + length, bytes - length, " (classes are numbered from 0)");
    }
}

void rg_targets_describe(const struct rg_targets *t, enum rg_loss loss, char *text, size_t bytes) {
    const bool bits = t->whole && t->min >= 0.0 && t->max <= 1.0 && t->data->label_kind == RG_LABELS_VALUES;
    char low[RG_NUMBER_BYTES], high[RG_NUMBER_BYTES];
    if (t->data->level) {
        (void)snprintf(text, bytes, "the next of %zu different %s; the text has %zu", t->n_classes,
                       t->data->level == RG_LEVEL_CHAR ? "characters" : "words", t->data->n_words);
    } else if (t->n_classes) {
        describe_classes(t, text, bytes);
        const size_t end = strlen(text);
        describe_empty(t, text + end, bytes - end);
    } else if (t->n_rows > t->n_left_out) {
        (void)snprintf(text, bytes, "values from %s to %s", rg_float_text(t->min, low), rg_float_text(t->max, high));
    } else {
        (void)snprintf(text, bytes, "none");
    }
    size_t length = strlen(text);
    if (t->numbers < t->width) {
        (void)snprintf(text + length, bytes - length,
                       " (one-hot rows, as --loss ce takes them; --loss mse takes values)");
    } else if (bits && t->width == 1 && loss == RG_LOSS_MSE) {
        (void)snprintf(text + length, bytes - length, " (floats; --loss bce takes them as probabilities)");
    }
    length = strlen(text);
    const size_t steps = t->data->n_steps;
    if (t->target == RG_TARGET_LAST && steps > 1 && t->width % steps == 0 && !has_target_columns(t->data)) {
        (void)snprintf(text + length, bytes - length,
                       "; all %zu are outputs of the last step, --target steps takes %zu a step", t->width,
                       t->width / steps);
    }
    length = strlen(text);
    rg_targets_left_out(t, text + length, bytes - length);
}
