/* Data sets read from files, in host memory as compactly as the file holds them. */
#ifndef RNN_GPU_DATASET_H
#define RNN_GPU_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/config.h"
#include "rnn_gpu/status.h"
#include "rnn_gpu/tensors.h"

enum rg_input_kind {
    RG_INPUT_FLOAT, /* x_float, x_double or x_raw */
    RG_INPUT_BYTE,  /* x_byte, a value v standing for v/255 */
    RG_INPUT_TOKEN  /* x_token or x_raw, one-hot over n_features words */
};

/* What the numbers of y are, as far as the file tells. */
enum rg_label_kind {
    RG_LABELS_VALUES,  /* floats of an npz file */
    RG_LABELS_CLASSES, /* whole numbers of an npz or IDX file, or words of a CSV file: numbers of classes */
    RG_LABELS_NUMBERS  /* numbers of a CSV file: of classes where they are whole and few, else values */
};

struct rg_dataset {
    char *path;         /* where it came from, for messages */
    size_t n_sequences; /* N */
    size_t n_steps;     /* T, of the longest sequence */
    size_t n_features;  /* F; for tokens the size of the vocabulary */
    enum rg_input_kind kind;
    float *x_float;       /* [N][T][F] or NULL */
    double *x_double;     /* [N][T][F] in x_float's place, of data read as doubles */
    uint8_t *x_byte;      /* [N][T][F] or NULL */
    int32_t *x_token;     /* [N][T] or NULL; 0 in the padding, below 0 for a word that is not in the vocabulary */
    void *x_raw;          /* in the place of x_float or x_token: numbers of a narrower type, or NULL */
    enum rg_dtype x_type; /* that type */
    bool pad_left;     /* sequences, and targets of every step, stand at the end of their T steps; else at the start */
    int32_t *lengths;  /* [N], or NULL if every sequence has T steps */
    double *h_0, *c_0; /* [n_states][N][state_width], what sequences start from, or NULL for zeros; c_0 of lstm */
    size_t n_states, state_width; /* L*D, H; 0 without them */
    bool flat_states;             /* in the file they are [N][H] */
    float *y;                     /* [N][n_targets], or NULL; NaN: no target. A class is its number */
    double *y_double;             /* in y's place, of data read as doubles */
    void *y_raw;                  /* in y's place, numbers of another type, or NULL */
    enum rg_dtype y_type;         /* that type */
    size_t n_targets;             /* of a sequence; 1 for a label, 0 for data without labels */
    enum rg_label_kind label_kind;
    double *input_fill;                   /* [F] of rg_dataset_fill, or NULL */
    bool fill_previous;                   /* and before that the value of the step before */
    double *input_mean, *input_deviation; /* [F] of rg_dataset_normalize, or NULL */
    char **texts;                         /* [N], the sequence as it stands in the file, or NULL */
    char **vocabulary;                    /* [F] words in order of their number, or NULL */
    char **features;                      /* [F] names of the columns of a CSV file, or NULL */
    char **classes; /* [n_classes] names in order of their number, where labels are words, or NULL */
    size_t n_classes;
    size_t n_words, n_unknown; /* of a text file: all words, and those that are not in the vocabulary */
    size_t n_characters;       /* of a text of words, spaces and line ends included; of all of the file */
    size_t n_strangers;        /* labels that are not the given classes, and became NaN */
    enum rg_level level;       /* of a plain text, else RG_LEVEL_NONE: each token's target is the next one */
    bool lowercase;            /* the text was made lowercase */
    size_t streams;            /* of rg_dataset_streams; 0: the sequences are independent */
    struct rg_windows windows; /* of a series that was cut */
    char **names;              /* [N] names of the series of a CSV file, if they were asked for, or NULL */
    uint32_t *rows;            /* [N] of windows: the row of the series, from 1, that the target stands in; or NULL */
    char unused[128];          /* names of members of an npz file that nothing reads, or "" */
};

/* Words and names of a model, by which a file is read; all NULL where the file's own are wanted. */
struct rg_dataset_options {
    const char *const *vocabulary; /* a word that is not among them is counted, and has no number */
    size_t n_vocabulary;
    const char *const
        *features; /* columns of a numeric CSV file, in the model's order: the file must have just these */
    size_t n_features;
    const char *const *classes; /* the labels that a CSV file may have */
    size_t n_classes;
    enum rg_level level;    /* tokens of a plain text; NONE: characters */
    bool lowercase;         /* A to Z of a plain text become a to z */
    size_t steps;           /* of a sequence of a plain text */
    size_t vocabulary_most; /* tokens in the vocabulary of a plain text, <unk> included; 0: all */
    size_t min_count;       /* a token that occurs less often is <unk> */
    bool series;            /* series to be cut: labels stand at every step, and a CSV file needs no column `series`;
                               an array [steps] or [steps, features] is one series */
    bool missing;           /* a number of the inputs may be missing, it is then NaN */
    bool keep_names;        /* of the series of a CSV file */
    bool lenient;           /* another label is counted in n_strangers; else it is an error */
    bool pad_left;          /* where the sequences of an .npz or .npy file are shorter than T, they stand at the end */
    bool doubles;           /* numbers as x_double and y_double, for a run in double precision */
};

/* Read a data set by the name's ending: plain text (.txt), IDX images (.idx, -ubyte, .gz; rg_dataset_read_idx) with the
 * labels of the file that is named alike, .csv (header `text[,label]`, or numeric `series,<feature>…[,label]`),
 * .npz/.npy
 * (`x` [N][T][F], or whole numbers [N][T], `y`, optional `lengths`, `h_0` and `c_0`). RG_BAD_FILE with file, line and
 * column. Inputs must be finite. Words are split on white space; the vocabulary is the words of the file in byte order,
 * and so are the classes, where labels are words. */
rg_status rg_dataset_read(const char *path, const struct rg_dataset_options *given, struct rg_dataset **out);

/* Arrays in memory, by the names that an .npz file has for them: x, y, lengths, h_0, c_0. */
enum { RG_MAX_ARRAYS = 5 };
struct rg_arrays {
    size_t count;
    struct rg_tensor items[RG_MAX_ARRAYS];
};

/* A data set of copies of these arrays, as of an .npz file that holds them; `name` is what messages call it. */
rg_status rg_dataset_of_arrays(const struct rg_arrays *arrays, const char *name, const struct rg_dataset_options *given,
                               struct rg_dataset **out);

/* Read a pair of IDX files (gzip or plain): images [N][rows][columns] of bytes and labels [N]; a row is a time step. */
rg_status rg_dataset_read_idx(const char *images, const char *labels, struct rg_dataset **out);

/* Whether there are targets. */
bool rg_dataset_is_labelled(const struct rg_dataset *dataset);

/* Number `i` of y, and word `i` of the tokens. */
double rg_dataset_target(const struct rg_dataset *dataset, size_t i);
int32_t rg_dataset_token(const struct rg_dataset *dataset, size_t i);

/* Numbers first … first + n of the inputs of kind RG_INPUT_FLOAT. */
void rg_dataset_numbers(const struct rg_dataset *dataset, size_t first, size_t n, double *out);

/* Keep the last `steps` steps of sequences that have more, in place; with `every_step` their targets too, as y then has
 * some for every step. */
void rg_dataset_cut(struct rg_dataset *dataset, size_t steps, bool every_step);

/* Missing inputs, NaN of data read with options.missing. A missing value becomes that of the step before; at the start
 * of a sequence it stays missing. */
void rg_dataset_fill_previous(struct rg_dataset *dataset);
/* Mean of each feature over the valid steps that have it: means [F]. RG_BAD_FILE for a feature that has no value. */
rg_status rg_dataset_fill_means(const struct rg_dataset *dataset, double *means);
/* Replace what is missing by values [F], of which the data set keeps a copy, and add to *filled how many there were. */
rg_status rg_dataset_fill(struct rg_dataset *dataset, const double *values, bool previous, size_t *filled);

/* Mean and standard deviation of each feature over all valid steps: mean, deviation [F]. The deviation divides by n,
 * not by n - 1; where it is 0, 1 is returned. The data must be numbers or bytes. RG_NO_MEMORY. */
rg_status rg_dataset_moments(const struct rg_dataset *dataset, double *mean, double *deviation);

/* Replace x by (x - mean) / deviation at all valid steps. The data must be numbers or bytes; they become floats, or
 * doubles with `doubles`. The data set keeps copies of mean and deviation. RG_NO_MEMORY. */
rg_status rg_dataset_normalize(struct rg_dataset *dataset, const double *mean, const double *deviation, bool doubles);

/* Give series their own inputs as labels of every step, in the place of those they have. RG_NO_MEMORY. */
rg_status rg_dataset_forecast(struct rg_dataset *series);

/* Windows of series that were read with options.series. Of each series, the steps from `from` to `to`, shares of its
 * length, are set apart: windows that with their targets lie within them, or that do not touch them. */
enum rg_window_part { RG_WINDOWS_ALL, RG_WINDOWS_WITHIN, RG_WINDOWS_WITHOUT };
struct rg_window_options {
    struct rg_windows windows;
    size_t stride;
    bool every_step; /* a target for every step of a window */
    bool open;       /* also windows whose target is missing, or comes after the end of the series: it is then NaN */
    enum rg_window_part part;
    double from, to;
};

/* *out = the windows, in the order of the file. Windows without a target are left out, unless they are `open`.
 * RG_BAD_FILE for a series that is shorter than a window and its target, or if no window is left. RG_NO_MEMORY. */
rg_status rg_dataset_windows(const struct rg_dataset *series, const struct rg_window_options *options,
                             struct rg_dataset **out);

/* Which of the N sequences are held out: those at places first … first + count - 1 of a shuffled order of all of them,
 * which is a pure function of N and seed. */
struct rg_split {
    size_t first, count; /* count from 1 to N - 1 */
    uint64_t seed;
    bool in_order; /* places in the order of the file instead */
};

/* Move the held-out sequences into a data set of their own, *held_out. Both parts keep the order of the file and all
 * names. RG_NO_MEMORY; the data set is then as it was. */
rg_status rg_dataset_split(struct rg_dataset *dataset, const struct rg_split *split, struct rg_dataset **held_out);

/* Take the only sequence, which has targets for every step, apart: each of its valid steps becomes a sequence. */
void rg_dataset_unroll(struct rg_dataset *dataset);

/* Lay the steps of an unrolled data set out as `streams` parallel streams: each has ceil(N / streams) of them, the last
 * ones fewer where that does not divide. Each stream is cut into windows of `window` steps, the last of which may be
 * shorter, or empty. The windows become the sequences: all streams' first windows, then all second ones, so sequence
 * i + streams goes on where sequence i ends. RG_NO_MEMORY. */
rg_status rg_dataset_streams(struct rg_dataset *dataset, size_t streams, size_t window);

void rg_dataset_destroy(struct rg_dataset *dataset); /* NULL allowed */

#endif
