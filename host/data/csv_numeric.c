/* Series of numbers: header `series,<feature>...[,label]`, one time step a row, the rows of a series consecutive.
 *
 * The file is read twice. The first reading checks and counts everything, before memory is allocated for the numbers.
 * The second one stores the numbers and finds series whose name occurs again. */
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/sizes.h"
#include "data/csv_labels.h"
#include "data/decimal.h"
#include "data/readers.h"
#include "data/words.h"
#include "rnn_gpu/memory.h"

enum { MAX_NAME = 4096 };

static const uint32_t SERIES_COLUMN = UINT32_MAX, FIRST_TARGET = UINT32_MAX / 2;

struct series_reader {
    struct rg_csv *csv;
    const struct rg_dataset_options *options;
    struct rg_dataset *data; /* its arrays are NULL in the first pass */
    struct rg_csv_labels labels;
    bool single;              /* there is no column `series`: the file is one series */
    uint32_t *places;         /* [columns], the feature of each column, FIRST_TARGET + k, or SERIES_COLUMN */
    char *names;              /* names of all series, one after the other; NULL in the first reading */
    size_t block_bytes;       /* bytes of all names */
    size_t name_bytes;        /* first reading: bytes of the names with a NUL each; second reading: bytes used */
    struct rg_word_set known; /* the names so far */
    size_t rows, series;
    size_t steps; /* rows of the present series */
    size_t longest;
    size_t own_bytes;
    char own[MAX_NAME + 1]; /* name of the present series */
};

/* ---- The header ---- */

static rg_status count_columns(struct series_reader *r, size_t *columns, size_t *bytes) {
    struct rg_csv_cell cell;

    *bytes = 0;
    RG_TRY(rg_csv_rewind(r->csv));
    do {
        RG_TRY(rg_csv_next(r->csv, &cell));
        *bytes += cell.bytes + 1;
    } while (!cell.ends_row);
    *columns = cell.column + 1;
    return RG_OK;
}

/* Read the features' names in the file's order. */
static rg_status read_features(struct series_reader *r, size_t columns, size_t bytes) {
    struct rg_dataset *data = r->data;
    struct rg_csv_cell cell;
    size_t target = 0;
    char *store;

    RG_TRY(rg_alloc(&r->places, columns, sizeof(*r->places), "columns"));
    RG_TRY(rg_strings_create(&data->features, columns, bytes, "names of columns"));
    store = (char *)(data->features + columns);
    RG_TRY(rg_csv_labels_header(&r->labels));
    RG_TRY(rg_csv_rewind(r->csv));
    do {
        RG_TRY(rg_csv_next(r->csv, &cell));
        if (cell.bytes >= bytes) {
            return rg_csv_changed(r->csv);
        }
        bytes -= cell.bytes + 1;
        const bool is_name = strcmp(cell.text, "series") == 0;
        r->single = cell.column == 0 ? !is_name : r->single;
        if (cell.column > 0 && is_name) {
            return rg_csv_fail(r->csv, cell.start, "the column `%s` occurs twice", cell.text);
        }
        RG_TRY(rg_csv_labels_column(&r->labels, &cell, &target));
        const bool is_target = target < rg_csv_labels_columns(&r->labels);
        r->places[cell.column] = is_name     ? SERIES_COLUMN
                                 : is_target ? FIRST_TARGET + (uint32_t)target
                                             : (uint32_t)data->n_features;
        if (is_name || is_target) {
            continue;
        }
        data->features[data->n_features++] = memcpy(store, cell.text, cell.bytes + 1);
        store += cell.bytes + 1;
    } while (!cell.ends_row);
    if (data->n_features == 0) {
        return rg_csv_fail(r->csv, cell.start, "no feature in the header; `%s<feature>...[,label]` was expected",
                           r->single ? "" : "series,");
    }
    return RG_OK;
}

/* RG_BAD_FILE with the place of a column of the header. */
static rg_status refuse_column(struct series_reader *r, size_t column, const char *what) {
    struct rg_csv_cell cell;

    RG_TRY(rg_csv_rewind(r->csv));
    do {
        RG_TRY(rg_csv_next(r->csv, &cell));
    } while (cell.column < column && !cell.ends_row);
    return rg_csv_fail(r->csv, cell.start, "the column `%s` %s", rg_excerpt(cell.text, cell.bytes).text, what);
}

/* Index of the feature's column. */
static size_t column_of(const struct series_reader *r, uint32_t feature) {
    size_t c = 0;

    while (r->places[c] != feature) {
        c++;
    }
    return c;
}

static rg_status check_twins(struct series_reader *r) {
    struct rg_dataset *data = r->data;
    struct rg_word_index index = {NULL, NULL, 0};
    char **copy = NULL;
    size_t twin = data->n_features;
    const rg_status status =
        rg_vocabulary_copy((const char *const *)data->features, data->n_features, "names of columns", &copy, &index);

    for (size_t i = 1; index.order != NULL && i < data->n_features; i++) {
        if (strcmp(copy[index.order[i - 1]], copy[index.order[i]]) == 0) {
            twin = (size_t)(index.order[i] > index.order[i - 1] ? index.order[i] : index.order[i - 1]);
        }
    }
    rg_free((void *)index.order);
    rg_free(copy);
    return twin < data->n_features ? refuse_column(r, column_of(r, (uint32_t)twin), "occurs twice") : status;
}

/* Assign to every column the place that its name has in the model. */
static rg_status place_columns(struct series_reader *r, const struct rg_word_index *wanted, size_t columns) {
    struct rg_dataset *data = r->data;

    for (size_t c = 0; c < columns; c++) {
        if (r->places[c] >= FIRST_TARGET) {
            continue;
        }
        const char *const name = data->features[r->places[c]];
        const int32_t place = rg_word_find(wanted, name, strlen(name));

        if (place < 0) {
            char names[200], what[300];
            rg_csv_list_columns(wanted->words, wanted->count, names, sizeof names);
            snprintf(what, sizeof(what), "is none of the model's %zu features: %s", wanted->count, names);
            return refuse_column(r, c, what);
        }
        r->places[c] = (uint32_t)place;
    }
    for (size_t i = 0; data->n_features < wanted->count && i < wanted->count; i++) {
        size_t c = 0;

        while (c < columns && r->places[c] != (uint32_t)i) {
            c++;
        }
        if (c == columns) {
            return rg_csv_fail(r->csv, r->csv->first, "the column `%s`, which the model needs, is missing",
                               rg_excerpt(wanted->words[i], strlen(wanted->words[i])).text);
        }
    }
    return RG_OK;
}

static rg_status match_features(struct series_reader *r, size_t columns) {
    struct rg_word_index wanted = {NULL, NULL, 0};
    char **copy = NULL;
    rg_status status =
        rg_vocabulary_copy(r->options->features, r->options->n_features, "list of features", &copy, &wanted);

    if (status == RG_OK) {
        status = place_columns(r, &wanted, columns);
    }
    rg_free((void *)wanted.order);
    rg_free(r->data->features);
    r->data->features = copy;
    r->data->n_features = r->options->n_features;
    return status;
}

/* Is it the name of one more target, such as label2, target or target_2? */
static bool is_like_a_target(const char *name) {
    static const char *const words[] = {"label", "target"};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        const size_t n = strlen(words[i]);

        if (strncasecmp(name, words[i], n) == 0 && strspn(name + n, "0123456789_-. ") == strlen(name + n)) {
            return true;
        }
    }
    return false;
}

/* A target that is taken for an input makes a model that is good in training and of no use. So a file in which only the
 * names tell them apart must say what it means. */
static rg_status check_doubtful(struct series_reader *r) {
    const bool decided = r->options->targets != NULL || r->options->features != NULL;
    char what[200];
    size_t f = 0;

    while (f < r->data->n_features && !is_like_a_target(r->data->features[f])) {
        f++;
    }
    if (decided || f == r->data->n_features || (!r->labels.given && r->options->series)) {
        return RG_OK;
    }
    const struct rg_excerpt name = rg_excerpt(r->data->features[f], strlen(r->data->features[f]));
    if (r->labels.given) {
        snprintf(what, sizeof(what),
                 "may be a target or an input: --target-column label,%s learns both, --target-column label makes it an "
                 "input",
                 name.text);
    } else {
        snprintf(what, sizeof(what), "may be a target: --target-column %s learns it", name.text);
    }
    return refuse_column(r, column_of(r, (uint32_t)f), what);
}

static rg_status read_header(struct series_reader *r) {
    size_t columns = 0, bytes = 0;

    RG_TRY(count_columns(r, &columns, &bytes));
    RG_TRY(read_features(r, columns, bytes));
    RG_TRY(rg_csv_labels_found(&r->labels, r->data->features, r->data->n_features, r->data));
    RG_TRY(check_twins(r));
    RG_TRY(check_doubtful(r));
    return r->options->features != NULL ? match_features(r, columns) : RG_OK;
}

/* ---- The rows ---- */

/* Add a row of a file that is one series. */
static void take_row(struct series_reader *r) {
    r->rows++;
    r->steps++;
    r->longest = r->steps;
    r->series = 1;
}

/* Read the name in a row, and begin a series if it differs from the name in the row before. */
static rg_status take_name(struct series_reader *r, const struct rg_csv_cell *cell) {
    if (r->rows++ > 0 && cell->bytes == r->own_bytes && memcmp(r->own, cell->text, cell->bytes) == 0) {
        r->steps++;
        r->longest = rg_max(r->steps, r->longest);
        return RG_OK;
    }
    if (cell->bytes == 0) {
        return rg_csv_fail(r->csv, cell->start, "the name of the series is missing; a value was expected");
    }
    if (cell->bytes > MAX_NAME) {
        return rg_csv_fail(r->csv, cell->start, "a name of %zu bytes; the name of a series has at most %d", cell->bytes,
                           MAX_NAME);
    }
    memcpy(r->own, cell->text, cell->bytes + 1);
    r->own_bytes = cell->bytes;
    r->steps = 1;
    r->longest = r->longest > 0 ? r->longest : 1;
    r->series++;
    if (r->names == NULL) {
        r->name_bytes += cell->bytes + 1;
        return RG_OK;
    }
    if (r->series > r->data->n_sequences || cell->bytes >= r->name_bytes) {
        return rg_csv_changed(r->csv);
    }
    r->name_bytes -= cell->bytes + 1; /* names are stored from the end of the block to its beginning */
    memcpy(r->names + r->name_bytes, cell->text, cell->bytes + 1);
    if (!rg_word_set_add(&r->known, r->name_bytes, cell->bytes)) {
        return rg_csv_fail(r->csv, cell->start, "series `%s` occurs again; the rows of a series must be consecutive",
                           rg_excerpt(cell->text, cell->bytes).text);
    }
    return RG_OK;
}

/* Is it a word, and not a number that is infinite or missing? */
static bool is_word(const struct rg_csv_cell *cell) {
    return isalpha((unsigned char)cell->text[0]) && strcasecmp(cell->text, "inf") != 0 &&
           strcasecmp(cell->text, "infinity") != 0 && !rg_csv_is_missing(cell);
}

/* Read a number; NaN if it is missing and may be missing. */
static rg_status read_number(struct series_reader *r, const struct rg_csv_cell *cell, double *value) {
    if (r->options->missing && rg_csv_is_missing(cell)) {
        *value = (double)NAN;
        return RG_OK;
    }
    if (r->names == NULL && rg_decimal_is_plain(cell->text, cell->bytes)) { /* the first reading needs no value */
        *value = 0.0;
        return RG_OK;
    }
    const uint32_t place = r->places[cell->column]; /* of a target there is no feature */
    if (place < r->data->n_features && is_word(cell)) {
        const char *const name = r->data->features[place];
        const struct rg_excerpt column = rg_excerpt(name, strlen(name));
        return rg_csv_fail(
            r->csv, cell->start, "`%s` is not a number; leave the column `%s` out, or make it numbers%s%s",
            rg_excerpt(cell->text, cell->bytes).text, column.text,
            r->labels.given ? "" : "; if it is the target, say --target-column ", r->labels.given ? "" : column.text);
    }
    return rg_csv_number(r->csv, cell, value);
}

/* Read target `k` of a step, a number, of a series that will be cut. */
static rg_status take_step_label(struct series_reader *r, const struct rg_csv_cell *cell, size_t k) {
    struct rg_dataset *data = r->data;
    double value;

    RG_TRY(read_number(r, cell, &value));
    if (r->names == NULL) {
        return RG_OK;
    }
    if (r->steps > data->n_steps) {
        return rg_csv_changed(r->csv);
    }
    const size_t step = (r->series - 1) * data->n_steps + (r->steps - 1);
    const size_t at = step * rg_csv_labels_columns(&r->labels) + k;
    if (data->y_double != NULL) {
        data->y_double[at] = value;
    } else {
        data->y[at] = (float)value;
    }
    return RG_OK;
}

static rg_status take_label(struct series_reader *r, const struct rg_csv_cell *cell, size_t k) {
    if (r->steps == 1) {
        return rg_csv_labels_take(&r->labels, cell, r->series - 1, k, r->data);
    }
    if (!rg_csv_labels_again(&r->labels, cell, r->series - 1, k, r->data)) {
        return rg_csv_fail(r->csv, cell->start, "label %s, but earlier rows of series `%s` have another one",
                           rg_excerpt(cell->text, cell->bytes).text, rg_excerpt(r->own, r->own_bytes).text);
    }
    return RG_OK;
}

/* Read a cell of a target column. If the file lacks another one, it has no targets. */
static rg_status take_target(struct series_reader *r, const struct rg_csv_cell *cell, size_t k) {
    if (!r->labels.given) {
        return RG_OK;
    }
    if (r->options->series) {
        return take_step_label(r, cell, k);
    }
    if (cell->bytes == 0) {
        return rg_csv_fail(r->csv, cell->start, "the label is missing; leave the row out, or give it a label");
    }
    return r->names != NULL ? take_label(r, cell, k) : rg_csv_labels_count(&r->labels, cell);
}

/* Read a cell after the name. In the second reading it is also stored. */
static rg_status take_value(struct series_reader *r, const struct rg_csv_cell *cell) {
    struct rg_dataset *data = r->data;
    const uint32_t place = r->places[cell->column];
    double value;

    if (place >= FIRST_TARGET) {
        return take_target(r, cell, place - FIRST_TARGET);
    }
    RG_TRY(read_number(r, cell, &value));
    if (r->names == NULL) {
        return RG_OK;
    }
    if (r->steps > data->n_steps) {
        return rg_csv_changed(r->csv);
    }
    if (data->lengths != NULL) {
        data->lengths[r->series - 1] = (int32_t)r->steps;
    }
    const size_t at = ((r->series - 1) * data->n_steps + (r->steps - 1)) * data->n_features + place;
    if (data->x_double != NULL) {
        data->x_double[at] = value;
    } else {
        data->x_float[at] = (float)value;
    }
    return RG_OK;
}

static rg_status read_rows(struct series_reader *r) {
    struct rg_csv_cell cell;

    r->rows = r->series = r->longest = r->steps = 0;
    RG_TRY(rg_csv_rewind(r->csv));
    for (;;) {
        RG_TRY(rg_csv_next(r->csv, &cell));
        if (cell.text == NULL) {
            return RG_OK;
        }
        if (cell.row == 0) {
            continue;
        }
        if (cell.column == 0 && r->single) {
            take_row(r);
        }
        RG_TRY(cell.column == 0 && !r->single ? take_name(r, &cell) : take_value(r, &cell));
    }
}

static rg_status create_numbers(struct series_reader *r) {
    struct rg_dataset *data = r->data;
    size_t values = 0;

    RG_TRY(rg_dataset_check_padding(data, r->rows));
    if (!rg_multiply(data->n_sequences * data->n_steps, data->n_features, &values)) {
        return rg_fail(RG_NO_MEMORY, "%s: the padded series do not fit in memory", data->path);
    }
    if (r->options->doubles) {
        RG_TRY(rg_alloc(&data->x_double, values, sizeof(*data->x_double), "series"));
    } else {
        RG_TRY(rg_alloc(&data->x_float, values, sizeof(*data->x_float), "series"));
    }
    if (r->rows < data->n_sequences * data->n_steps) {
        RG_TRY(rg_alloc(&data->lengths, data->n_sequences, sizeof(*data->lengths), "lengths"));
    }
    if (r->options->series && r->labels.given) {
        data->n_targets = data->n_steps * rg_csv_labels_columns(&r->labels);
        data->label_kind = RG_LABELS_NUMBERS;
        RG_TRY(rg_dataset_create_targets(r->options, data));
    } else if (!r->options->series) {
        RG_TRY(rg_csv_labels_begin(&r->labels, data));
    }
    RG_TRY(rg_alloc(&r->names, r->name_bytes, 1, "names of series"));
    return rg_word_set_create(&r->known, r->names, "", data->n_sequences);
}

/* Store the names. `names` holds them from the last series to the first. */
static rg_status keep_names(struct series_reader *r) {
    const size_t n = r->data->n_sequences;
    char **list = NULL;

    RG_TRY(rg_strings_create(&list, n, r->block_bytes, "names of series"));
    char *at = memcpy((char *)(list + n), r->names, r->block_bytes);
    for (size_t i = n; i-- > 0; at += strlen(at) + 1) {
        list[i] = at;
    }
    r->data->names = list;
    return RG_OK;
}

static rg_status read_series(struct series_reader *r) {
    RG_TRY(read_header(r));
    RG_TRY(read_rows(r));
    if (r->rows == 0) {
        return rg_csv_fail(r->csv, r->csv->bytes, "no rows after the header; at least one time step was expected");
    }
    r->data->kind = RG_INPUT_FLOAT;
    r->data->n_sequences = r->series;
    r->data->n_steps = r->longest;
    const size_t rows = r->rows;
    r->block_bytes = r->name_bytes;
    RG_TRY(create_numbers(r));
    RG_TRY(read_rows(r));
    if (r->rows != rows || r->series != r->data->n_sequences) {
        return rg_csv_changed(r->csv);
    }
    if (r->options->keep_names && !r->single) {
        RG_TRY(keep_names(r));
    }
    return r->options->series ? RG_OK : rg_csv_labels_end(&r->labels, r->data);
}

rg_status rg_read_csv_numeric(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *data) {
    struct series_reader reader = {
        .csv = csv, .options = options, .data = data, .labels = {.csv = csv, .options = options}};
    const rg_status status = read_series(&reader);

    rg_word_set_destroy(&reader.known);
    rg_csv_labels_release(&reader.labels);
    rg_free(reader.names);
    rg_free(reader.places);
    return status;
}
