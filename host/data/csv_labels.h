/* The column `label` of a CSV file, whose cells are all numbers or all words. Internal to host/data. */
#ifndef RG_DATA_CSV_LABELS_H
#define RG_DATA_CSV_LABELS_H

#include "data/readers.h"
#include "data/words.h"

struct rg_csv_labels {
    struct rg_csv *csv;
    const struct rg_dataset_options *options; /* not NULL */
    bool given;                               /* there is such a column */
    bool seen;                                /* and a cell of it has been counted */
    bool words;                               /* the cells are words */
    size_t bytes;                             /* of the words, with a NUL each */
    char *store; /* [bytes], the words in the file's order; NULL if the classes are given */
    size_t used;
    struct rg_word_index index; /* of the classes; count 0 until they are known */
};

/* First reading: note what kind the labels are; RG_BAD_FILE for a cell of the other kind. */
rg_status rg_csv_labels_count(struct rg_csv_labels *labels, const struct rg_csv_cell *cell);

/* Between the readings: room for the labels of the sequences. */
rg_status rg_csv_labels_begin(struct rg_csv_labels *labels, struct rg_dataset *data);

/* Second reading: the label of sequence `i`. */
rg_status rg_csv_labels_take(struct rg_csv_labels *labels, const struct rg_csv_cell *cell, size_t i,
                             struct rg_dataset *data);

/* Second reading: whether the label is the one that was taken last, of sequence `i`. */
bool rg_csv_labels_again(const struct rg_csv_labels *labels, const struct rg_csv_cell *cell, size_t i,
                         const struct rg_dataset *data);

/* After it: number the words, if there are any. */
rg_status rg_csv_labels_end(struct rg_csv_labels *labels, struct rg_dataset *data);

/* Free what the labels hold; also after a failure. */
void rg_csv_labels_release(struct rg_csv_labels *labels);

#endif
