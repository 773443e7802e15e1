/* The column `label` of a CSV file: its cells are all numbers or all words. Internal to host/data. */
#ifndef RG_DATA_CSV_LABELS_H
#define RG_DATA_CSV_LABELS_H

#include "data/readers.h"
#include "data/words.h"

struct rg_csv_labels {
    struct rg_csv *csv;
    const struct rg_dataset_options *options; /* not NULL */
    bool given;                               /* the file has such a column */
    bool seen;                                /* a cell of it has been counted */
    bool words;                               /* the cells are words */
    size_t bytes;                             /* bytes of the words, with a NUL each */
    char *store; /* [bytes], the words in the file's order; NULL if the classes are given */
    size_t used;
    struct rg_word_index index; /* index of the classes; count 0 until they are known */
};

/* First reading: find out whether labels are numbers or words. RG_BAD_FILE for a cell of the other kind. */
rg_status rg_csv_labels_count(struct rg_csv_labels *labels, const struct rg_csv_cell *cell);

/* Between the readings: allocate the labels of the sequences. */
rg_status rg_csv_labels_begin(struct rg_csv_labels *labels, struct rg_dataset *data);

/* Second reading: store the label of sequence `i`. */
rg_status rg_csv_labels_take(struct rg_csv_labels *labels, const struct rg_csv_cell *cell, size_t i,
                             struct rg_dataset *data);

/* Second reading: does the cell equal the stored label of sequence `i`? */
bool rg_csv_labels_again(const struct rg_csv_labels *labels, const struct rg_csv_cell *cell, size_t i,
                         const struct rg_dataset *data);

/* After the second reading: number the words, if there are any. */
rg_status rg_csv_labels_end(struct rg_csv_labels *labels, struct rg_dataset *data);

/* Free all memory of the labels. Also call it after a failure. */
void rg_csv_labels_release(struct rg_csv_labels *labels);

#endif
