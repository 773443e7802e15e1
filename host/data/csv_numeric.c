/* Series of numbers: header `series,<feature>...[,label]`, one time step a row, the rows of a series consecutive.
 *
 * The file is parsed twice, to count and to fill. In the second pass each series' name is written back over its own
 * cell with a final NUL, so that the set which finds a name coming again needs no copies. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>

#include "readers.h"
#include "rnn_gpu/memory.h"
#include "word_set.h"

enum { MAX_NAME = 4096 };

struct series_reader {
    struct rg_csv *csv;
    struct rg_dataset *data;   /* its arrays are NULL in the first pass */
    struct rg_word_set *names; /* NULL in the first pass */
    bool has_label;
    size_t rows, series;
    size_t steps; /* rows of the present series so far */
    size_t longest;
    size_t name_bytes;
    char name[MAX_NAME]; /* of the present series */
};

static rg_status read_header(struct series_reader *r) {
    struct rg_csv_cell cell;

    RG_TRY(rg_csv_rewind(r->csv));
    do {
        RG_TRY(rg_csv_next(r->csv, &cell));
        r->has_label = strcmp(cell.text, "label") == 0;
        if (r->has_label && !cell.ends_row)
            return rg_csv_fail(r->csv, cell.start, "the column `label` must be the last one");
    } while (!cell.ends_row);
    r->data->n_features = cell.column - (r->has_label ? 1 : 0);
    if (r->data->n_features == 0)
        return rg_csv_fail(r->csv, cell.start, "no feature in the header; `series,<feature>...[,label]` was expected");
    return RG_OK;
}

/* Note the name of a row; begin a series if it is another than the row's before. */
static rg_status take_name(struct series_reader *r, const struct rg_csv_cell *cell) {
    if (r->rows++ > 0 && cell->bytes == r->name_bytes && memcmp(r->name, cell->text, cell->bytes) == 0) {
        r->steps++;
        r->longest = r->steps > r->longest ? r->steps : r->longest;
        return RG_OK;
    }
    if (cell->bytes > MAX_NAME)
        return rg_csv_fail(r->csv, cell->start, "a name of %zu bytes; the name of a series has at most %d", cell->bytes,
                           MAX_NAME);
    memcpy(r->name, cell->text, cell->bytes);
    r->name_bytes = cell->bytes;
    r->steps = 1;
    r->longest = r->longest > 0 ? r->longest : 1;
    r->series++;
    if (r->names == NULL)
        return RG_OK;
    memset(r->csv->text + cell->start, 0, cell->end - cell->start + 1);
    memcpy(r->csv->text + cell->start, cell->text, cell->bytes);
    if (!rg_word_set_add(r->names, cell->start, cell->bytes))
        return rg_csv_fail(r->csv, cell->start, "series `%s` comes again; the rows of a series must be consecutive",
                           rg_excerpt(cell->text, cell->bytes).text);
    return RG_OK;
}

static rg_status take_label(struct series_reader *r, const struct rg_csv_cell *cell) {
    float *label = &r->data->y[r->series - 1];
    double value;

    RG_TRY(rg_csv_number(r->csv, cell, &value));
    if (r->steps > 1 && (float)value != *label)
        return rg_csv_fail(r->csv, cell->start, "label %g, but the rows of series `%s` before have label %g", value,
                           rg_excerpt(r->name, r->name_bytes).text, (double)*label);
    *label = (float)value;
    if (r->data->y_double != NULL)
        r->data->y_double[r->series - 1] = value;
    return RG_OK;
}

static rg_status take_value(struct series_reader *r, const struct rg_csv_cell *cell) {
    struct rg_dataset *data = r->data;
    size_t at = ((r->series - 1) * data->n_steps + (r->steps - 1)) * data->n_features + (cell->column - 1);
    double value;

    if (cell->column > data->n_features)
        return take_label(r, cell);
    if (data->lengths != NULL)
        data->lengths[r->series - 1] = (int32_t)r->steps;
    RG_TRY(rg_csv_number(r->csv, cell, &value));
    if (data->x_double != NULL)
        data->x_double[at] = value;
    else
        data->x_float[at] = (float)value;
    return RG_OK;
}

static rg_status read_rows(struct series_reader *r) {
    struct rg_csv_cell cell;

    r->rows = r->series = r->longest = 0;
    RG_TRY(read_header(r));
    for (;;) {
        RG_TRY(rg_csv_next(r->csv, &cell));
        if (cell.text == NULL)
            return RG_OK;
        if (cell.column == 0)
            RG_TRY(take_name(r, &cell));
        else if (r->names != NULL)
            RG_TRY(take_value(r, &cell));
    }
}

rg_status rg_read_csv_numeric(struct rg_csv *csv, const struct rg_dataset_options *options, struct rg_dataset *data) {
    struct series_reader reader = {.csv = csv, .data = data};
    struct rg_word_set names;
    size_t values = 0;
    rg_status status;

    RG_TRY(read_rows(&reader));
    if (reader.rows == 0)
        return rg_csv_fail(csv, csv->bytes, "no rows behind the header; at least one time step was expected");
    data->kind = RG_INPUT_FLOAT;
    data->n_sequences = reader.series;
    data->n_steps = reader.longest;
    RG_TRY(rg_dataset_check_padding(data, reader.rows));
    if (!rg_multiply(data->n_sequences * data->n_steps, data->n_features, &values))
        return rg_fail(RG_NO_MEMORY, "%s: the padded series do not fit in memory", data->path);
    if (options != NULL && options->doubles)
        RG_TRY(rg_alloc(&data->x_double, values, sizeof(*data->x_double), "series"));
    else
        RG_TRY(rg_alloc(&data->x_float, values, sizeof(*data->x_float), "series"));
    if (reader.rows < data->n_sequences * data->n_steps)
        RG_TRY(rg_alloc(&data->lengths, data->n_sequences, sizeof(*data->lengths), "lengths"));
    if (reader.has_label) {
        data->n_targets = 1;
        RG_TRY(rg_dataset_create_targets(options, data));
    }
    RG_TRY(rg_word_set_create(&names, csv->text, "", data->n_sequences));
    reader.names = &names;
    status = read_rows(&reader);
    rg_word_set_destroy(&names);
    RG_TRY(status);
    rg_dataset_count_classes(data);
    return RG_OK;
}
