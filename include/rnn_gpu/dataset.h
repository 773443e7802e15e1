/* Data sets read from files, in host memory as compactly as the file holds them. */
#ifndef RNN_GPU_DATASET_H
#define RNN_GPU_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

enum rg_input_kind {
    RG_INPUT_FLOAT, /* x_float or x_double */
    RG_INPUT_BYTE,  /* x_byte, a value v standing for v/255 */
    RG_INPUT_TOKEN  /* x_token, one-hot over n_features words */
};

struct rg_dataset {
    char *path;         /* where it came from, for messages */
    size_t n_sequences; /* N */
    size_t n_steps;     /* T, of the longest sequence */
    size_t n_features;  /* F; for tokens the size of the vocabulary */
    enum rg_input_kind kind;
    float *x_float;    /* [N][T][F] or NULL */
    double *x_double;  /* [N][T][F] in x_float's place, of data read as doubles */
    uint8_t *x_byte;   /* [N][T][F] or NULL */
    int32_t *x_token;  /* [N][T] or NULL; 0 in the padding */
    bool pad_left;     /* sequences, and targets of every step, stand at the end of their T steps; else at the start */
    int32_t *lengths;  /* [N], or NULL if every sequence has T steps */
    double *h_0, *c_0; /* [n_states][N][state_width], what sequences start from, or NULL for zeros; c_0 of lstm */
    size_t n_states, state_width; /* L*D, H; 0 without them */
    bool flat_states;             /* in the file they are [N][H] */
    float *y;                     /* [N][n_targets], or NULL for data without labels; a class is its number */
    double *y_double;             /* the same as doubles, of data read so, or NULL; y holds it rounded */
    size_t n_targets;             /* 1 for a label */
    size_t n_classes;             /* 1 + the largest label if every label is a whole number from 0 on, else 0 */
    char **texts;                 /* [N], the sequence as it stands in the file, or NULL */
    char **vocabulary;            /* [F] words in order of their number, or NULL */
};

struct rg_dataset_options {
    const char *const
        *vocabulary; /* words to use instead of those of the file (an unknown word is then an error), or NULL */
    size_t n_vocabulary;
    bool pad_left; /* where the sequences of an .npz or .npy file are shorter than T, they stand at the end */
    bool doubles;  /* numbers as x_double and y_double, for a run in double precision */
};

/* Read a data set by the name's ending: .csv (header `text,label`, or numeric `series,<feature>…[,label]`), .npz/.npy
 * (`x` float [N][T][F] or integer [N][T], `y`, optional `lengths`, `h_0` and `c_0`). RG_BAD_FILE with file, line and
 * column. Values must be finite. Words are split on white space; the vocabulary is the words of the file in byte order.
 */
rg_status rg_dataset_read(const char *path, const struct rg_dataset_options *options, struct rg_dataset **out);

/* Read a pair of IDX files (gzip or plain): images [N][rows][columns] of bytes and labels [N]; a row is a time step. */
rg_status rg_dataset_read_idx(const char *images, const char *labels, struct rg_dataset **out);

/* Keep the last `steps` steps of sequences that have more, in place; with `every_step` their targets too, as y then has
 * some for every step. */
void rg_dataset_cut(struct rg_dataset *dataset, size_t steps, bool every_step);

void rg_dataset_destroy(struct rg_dataset *dataset); /* NULL allowed */

#endif
