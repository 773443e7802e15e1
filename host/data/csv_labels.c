/* Labels of CSV files: see csv_labels.h. */
#include "data/csv_labels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "files/listed_name.h"
#include "rnn_gpu/memory.h"

enum { MAX_CLASSES = 1 << 16 };

static void set_label(struct rg_dataset *data, size_t i, double value) {
    if (data->y_double != NULL) {
        data->y_double[i] = value;
    } else {
        data->y[i] = (float)value;
    }
}

/* "nan" and similar texts are neither a class nor a number. */
static bool is_missing(const struct rg_csv_cell *cell) {
    return cell->bytes == 3 && (cell->text[0] | 0x20) == 'n' && (cell->text[1] | 0x20) == 'a' &&
           (cell->text[2] | 0x20) == 'n';
}

static rg_status refuse_mixed(const struct rg_csv_labels *l, const struct rg_csv_cell *cell) {
    return rg_csv_fail(l->csv, cell->start,
                       l->words
                           ? "the label `%s` is a number, but those before are words; all labels must be of one kind"
                           : "`%s` is not a number, but the labels before are; all labels must be of one kind",
                       rg_excerpt(cell->text, cell->bytes).text);
}

size_t rg_csv_labels_columns(const struct rg_csv_labels *l) {
    return l->options->targets != NULL ? l->options->n_targets : 1;
}

const char *rg_csv_labels_name(const struct rg_csv_labels *l, size_t column) {
    return l->options->targets != NULL ? l->options->targets[column] : "label";
}

rg_status rg_csv_labels_header(struct rg_csv_labels *l) {
    const size_t n = rg_csv_labels_columns(l);

    l->given = false;
    if (l->columns == NULL) {
        return rg_alloc(&l->columns, n, sizeof(*l->columns), "target columns");
    }
    memset(l->columns, 0, n * sizeof(*l->columns));
    return RG_OK;
}

rg_status rg_csv_labels_column(struct rg_csv_labels *l, const struct rg_csv_cell *cell, size_t *target) {
    const size_t n = rg_csv_labels_columns(l);
    size_t k = 0;

    while (k < n && strcmp(rg_csv_labels_name(l, k), cell->text) != 0) {
        k++;
    }
    *target = k;
    if (k < n && l->columns[k]) {
        return rg_csv_fail(l->csv, cell->start, "the column `%s` occurs twice",
                           rg_excerpt(cell->text, cell->bytes).text);
    }
    if (k < n) {
        l->columns[k] = true;
    }
    return RG_OK;
}

void rg_csv_list_columns(const char *const *names, size_t n, char *text, size_t bytes) {
    const size_t room = sizeof((struct rg_excerpt *)NULL)->text + sizeof ", …";
    size_t used = 0, i = 0;
    char name[RG_LISTED_BYTES];
    for (text[0] = 0; i < n && names[i] && used + room < bytes; i++) {
        used += (size_t)snprintf(text + used, bytes - used, "%s%s", i ? ", " : "",
                                 rg_listed_name(rg_excerpt(names[i], strlen(names[i])).text, RG_LISTED_BYTES, name));
    }
    (void)snprintf(text + used, bytes - used, "%s", i < n ? ", …" : i == 0 ? "none" : "");
}

/* RG_BAD_FILE for a target that is not among the columns of the header, with the column that was probably meant. */
static rg_status refuse_missing(const struct rg_csv_labels *l, const char *name, char *const *others, size_t n) {
    const char *const nearest = rg_name_nearest_of(name, (const char *const *)others, n);
    const struct rg_excerpt missing = rg_excerpt(name, strlen(name));
    if (nearest == NULL) {
        char columns[200];
        rg_csv_list_columns((const char *const *)others, n, columns, sizeof columns);
        return rg_csv_fail(l->csv, l->csv->first, "no column `%s`, which is a target; the columns are %s", missing.text,
                           columns);
    }
    return rg_csv_fail(l->csv, l->csv->first, "no column `%s`, which is a target; did you mean `%s`?", missing.text,
                       rg_excerpt(nearest, strlen(nearest)).text);
}

rg_status rg_csv_labels_found(struct rg_csv_labels *l, char *const *others, size_t n, struct rg_dataset *data) {
    const size_t wanted = rg_csv_labels_columns(l);
    struct rg_word_index index = {NULL, NULL, 0};
    size_t k = 0;

    while (k < wanted && l->columns[k]) {
        k++;
    }
    l->given = k == wanted;
    if (l->options->targets == NULL || data->targets != NULL) {
        return RG_OK;
    }
    if (!l->given) {
        return l->options->lenient ? RG_OK : refuse_missing(l, rg_csv_labels_name(l, k), others, n);
    }
    data->n_target_names = wanted;
    const rg_status status = rg_vocabulary_copy(l->options->targets, wanted, "list of targets", &data->targets, &index);
    rg_free((void *)index.order);
    return status;
}

/* Several targets: numbers. */
static rg_status check_number(const struct rg_csv_labels *l, const struct rg_csv_cell *cell) {
    double value;

    if (!rg_csv_is_number(l->csv, cell) && !rg_csv_has_decimal_comma(l->csv, cell)) {
        return rg_csv_fail(l->csv, cell->start,
                           "`%s` is not a number; several target columns must all hold numbers, and words need a "
                           "training of their own",
                           rg_excerpt(cell->text, cell->bytes).text);
    }
    return rg_csv_number(l->csv, cell, &value);
}

rg_status rg_csv_labels_count(struct rg_csv_labels *l, const struct rg_csv_cell *cell) {
    const bool word = !rg_csv_is_number(l->csv, cell);
    double value;

    if (is_missing(cell)) {
        return rg_csv_fail(l->csv, cell->start, "the label is `%s`; leave the row out, or give it a label",
                           rg_excerpt(cell->text, cell->bytes).text);
    }
    if (rg_csv_labels_columns(l) > 1) {
        return check_number(l, cell);
    }
    if (l->options->classes != NULL) {
        l->words = true;
        return RG_OK;
    }
    if (word && rg_csv_has_decimal_comma(l->csv, cell)) {
        return rg_csv_fail(l->csv, cell->start,
                           "the label `%s` has a decimal comma; write it with a point, or the name of a class without "
                           "the comma",
                           rg_excerpt(cell->text, cell->bytes).text);
    }
    if (l->seen && word != l->words) {
        return refuse_mixed(l, cell);
    }
    l->seen = true;
    l->words = word;
    l->bytes += word ? cell->bytes + 1 : 0;
    return word ? RG_OK : rg_csv_number(l->csv, cell, &value);
}

rg_status rg_csv_labels_begin(struct rg_csv_labels *l, struct rg_dataset *data) {
    if (!l->given) {
        return RG_OK;
    }
    data->n_targets = rg_csv_labels_columns(l);
    data->label_kind = l->words ? RG_LABELS_CLASSES : data->n_targets > 1 ? RG_LABELS_VALUES : RG_LABELS_NUMBERS;
    RG_TRY(rg_dataset_create_targets(l->options, data));
    if (l->options->classes == NULL || data->n_targets > 1) {
        return l->words ? rg_alloc(&l->store, l->bytes, 1, "labels") : RG_OK;
    }
    data->n_classes = l->options->n_classes;
    return rg_vocabulary_copy(l->options->classes, l->options->n_classes, "list of classes", &data->classes, &l->index);
}

rg_status rg_csv_labels_take(struct rg_csv_labels *l, const struct rg_csv_cell *cell, size_t i, size_t k,
                             struct rg_dataset *data) {
    double value;

    if (i >= data->n_sequences) {
        return rg_csv_changed(l->csv);
    }
    if (data->n_targets > 1) {
        RG_TRY(rg_csv_number(l->csv, cell, &value));
        set_label(data, i * data->n_targets + k, value);
        return RG_OK;
    }
    if (l->options->classes != NULL) {
        const int32_t number = rg_word_find(&l->index, cell->text, cell->bytes);

        if (number < 0 && !l->options->lenient) {
            return rg_csv_fail(l->csv, cell->start,
                               "the label `%s` is not one of the model's %zu classes, `%s` to `%s`",
                               rg_excerpt(cell->text, cell->bytes).text, data->n_classes, data->classes[0],
                               data->classes[data->n_classes - 1]);
        }
        data->n_strangers += number < 0;
        set_label(data, i, number < 0 ? (double)NAN : number);
        return RG_OK;
    }
    if (l->words) {
        if (cell->bytes >= l->bytes - l->used) {
            return rg_csv_changed(l->csv);
        }
        memcpy(l->store + l->used, cell->text, cell->bytes + 1);
        l->used += cell->bytes + 1;
        return RG_OK;
    }
    RG_TRY(rg_csv_number(l->csv, cell, &value));
    set_label(data, i, value);
    return RG_OK;
}

bool rg_csv_labels_again(const struct rg_csv_labels *l, const struct rg_csv_cell *cell, size_t i, size_t k,
                         const struct rg_dataset *data) {
    const double before = rg_dataset_target(data, i * data->n_targets + k);
    double value = 0.0;

    if (l->options->classes != NULL && data->n_targets == 1) {
        const int32_t number = rg_word_find(&l->index, cell->text, cell->bytes);

        return number < 0 ? isnan(before) : before == number;
    }
    if (l->words) {
        return l->used > cell->bytes &&
               memcmp(l->store + l->used - cell->bytes - 1, cell->text, cell->bytes + 1) == 0 &&
               (l->used == cell->bytes + 1 || l->store[l->used - cell->bytes - 2] == '\0');
    }
    return rg_csv_number(l->csv, cell, &value) == RG_OK && (data->y != NULL ? (double)(float)value : value) == before;
}

rg_status rg_csv_labels_end(struct rg_csv_labels *l, struct rg_dataset *data) {
    const struct rg_strings strings = {l->store, l->used, ""};
    const char *at = l->store;

    if (l->store == NULL) {
        return RG_OK;
    }
    RG_TRY(rg_vocabulary_make(&strings, "names of classes", &data->classes, &data->n_classes));
    if (data->n_classes > MAX_CLASSES) {
        return rg_fail(RG_BAD_FILE, "%s: %zu different words in the column `%s`; at most %d classes are possible",
                       data->path, data->n_classes, rg_csv_labels_name(l, 0), MAX_CLASSES);
    }
    if (data->n_classes < 2) {
        return rg_fail(RG_BAD_FILE, "%s: every label is `%s`; two classes or more are needed", data->path,
                       data->classes[0]);
    }
    l->index = (struct rg_word_index){(const char *const *)data->classes, NULL, data->n_classes};
    for (size_t i = 0; i < data->n_sequences; i++) {
        const size_t bytes = strlen(at);

        set_label(data, i, rg_word_find(&l->index, at, bytes));
        at += bytes + 1;
    }
    return RG_OK;
}

void rg_csv_labels_release(struct rg_csv_labels *l) {
    if (l->options->classes != NULL) {
        rg_free((void *)l->index.order);
    }
    rg_free(l->columns);
    rg_free(l->store);
}
