/* The target columns of a CSV file. The cells of one, by default the column `label`, are all numbers or all words;
 * those of several are numbers. Internal to host/data. */
#ifndef RG_DATA_CSV_LABELS_H
#define RG_DATA_CSV_LABELS_H

#include "data/readers.h"
#include "data/words.h"

struct rg_csv_labels {
    struct rg_csv *csv;
    const struct rg_dataset_options *options; /* not NULL */
    bool given;                               /* the file has the columns */
    bool *columns;                            /* [targets] whether the header has them */
    bool seen;                                /* a cell of it has been counted */
    bool words;                               /* the cells are words */
    size_t bytes;                             /* bytes of the words, with a NUL each */
    char *store; /* [bytes], the words in the file's order; NULL if the classes are given */
    size_t used;
    struct rg_word_index index; /* index of the classes; count 0 until they are known */
};

/* How many columns are targets, and the name of one. */
size_t rg_csv_labels_columns(const struct rg_csv_labels *labels);
const char *rg_csv_labels_name(const struct rg_csv_labels *labels, size_t column);

/* The names of columns, with commas between them; of many the first ones. */
void rg_csv_list_columns(const char *const *names, size_t n, char *text, size_t bytes);

/* Before a header is read: no column has been found. */
rg_status rg_csv_labels_header(struct rg_csv_labels *labels);

/* *target = the target that this column of the header is, or the number of all targets if it is none. RG_BAD_FILE if it
 * occurs twice. */
rg_status rg_csv_labels_column(struct rg_csv_labels *labels, const struct rg_csv_cell *cell, size_t *target);

/* The header has been read: set `given`, and store the names of targets that were asked for. `others` [n] are the names
 * of the other columns. RG_BAD_FILE for columns that are missing. */
rg_status rg_csv_labels_found(struct rg_csv_labels *labels, char *const *others, size_t n, struct rg_dataset *data);

/* First reading: find out whether labels are numbers or words. RG_BAD_FILE for a cell of the other kind. */
rg_status rg_csv_labels_count(struct rg_csv_labels *labels, const struct rg_csv_cell *cell);

/* Between the readings: allocate the labels of the sequences. */
rg_status rg_csv_labels_begin(struct rg_csv_labels *labels, struct rg_dataset *data);

/* Second reading: store target `k` of sequence `i`. */
rg_status rg_csv_labels_take(struct rg_csv_labels *labels, const struct rg_csv_cell *cell, size_t i, size_t k,
                             struct rg_dataset *data);

/* Second reading: does the cell equal the stored target `k` of sequence `i`? */
bool rg_csv_labels_again(const struct rg_csv_labels *labels, const struct rg_csv_cell *cell, size_t i, size_t k,
                         const struct rg_dataset *data);

/* After the second reading: number the words, if there are any. */
rg_status rg_csv_labels_end(struct rg_csv_labels *labels, struct rg_dataset *data);

/* Free all memory of the labels. Also call it after a failure. */
void rg_csv_labels_release(struct rg_csv_labels *labels);

#endif
