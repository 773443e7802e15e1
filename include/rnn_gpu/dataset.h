/* Data sets, from files or arrays. Numbers are as compact as in the file, in host memory or left in the file (struct
 * rg_in_file). */
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
    RG_INPUT_BYTE,  /* x_byte; a value v stands for v/255 */
    RG_INPUT_TOKEN  /* x_token or x_raw, one-hot over n_features words */
};

/* The meaning of the numbers of y, as far as the file tells. */
enum rg_label_kind {
    RG_LABELS_VALUES,  /* floats of an npz file */
    RG_LABELS_CLASSES, /* class numbers: whole numbers of an npz or IDX file, or words of a CSV file */
    RG_LABELS_NUMBERS  /* numbers of a CSV file: classes if they are whole and few, else values */
};

/* Numbers that stay in their file, for data sets of which they would take too much memory. */
struct rg_stored;
struct rg_in_file {
    struct rg_stored *numbers; /* NULL: they are in memory */
    size_t *place;             /* [N] where those of each sequence begin, as [N][...] in memory; padding is not read */
    bool narrow;               /* doubles in the file that count as floats */
};

struct rg_dataset {
    char *path;         /* where it came from, for messages */
    size_t n_sequences; /* N */
    size_t n_steps;     /* T, the steps of the longest sequence */
    size_t padding;     /* steps of padding that rg_dataset_trim cut off every sequence */
    size_t n_features;  /* F; for tokens the size of the vocabulary */
    enum rg_input_kind kind;
    float *x_float;           /* [N][T][F] or NULL */
    double *x_double;         /* [N][T][F], instead of x_float for data that are read as doubles */
    uint8_t *x_byte;          /* [N][T][F] or NULL */
    int32_t *x_token;         /* [N][T] or NULL; 0 in the padding, negative for a word that is not in the vocabulary */
    void *x_raw;              /* instead of x_float or x_token: numbers of a narrower type, or NULL */
    enum rg_dtype x_type;     /* type of x_raw */
    struct rg_in_file x_file; /* instead of all these */
    bool x_bytes;             /* kind FLOAT in x_file: they are bytes; a value v stands for v/255 */
    bool x_round;             /* normalised inputs of x_file are rounded to floats */
    uint32_t *x_order;        /* [T] in x_file: the pixel of an image for each step, or NULL */
    bool pad_left;     /* sequences, and targets of every step, are at the end of their T steps; else at the start */
    int32_t *lengths;  /* [N], or NULL if every sequence has T steps */
    double *h_0, *c_0; /* [n_states][N][state_width], the initial states, or NULL for zeros; c_0 only for lstm */
    size_t n_states, state_width; /* L*D, H; 0 without them */
    bool flat_states;             /* the file has them as [N][H] */
    float *y;                     /* [N][n_targets], or NULL; NaN: no target. A class is its number */
    double *y_double;             /* [N][n_targets], instead of y for data that are read as doubles */
    void *y_raw;                  /* instead of y: numbers of another type, or NULL */
    enum rg_dtype y_type;         /* type of y_raw */
    struct rg_in_file y_file;     /* instead of all these */
    size_t n_targets;             /* targets of a sequence; 1 for a label, 0 for data without labels */
    enum rg_label_kind label_kind;
    double *input_fill;                   /* [F] set by rg_dataset_fill, or NULL */
    bool fill_previous;                   /* a missing value is first replaced by the one of the step before */
    bool large_inputs;                    /* rg_setup_tell_scale found them far from unit scale */
    double *input_mean, *input_deviation; /* [F] set by rg_dataset_normalize, or NULL */
    char **texts;                         /* [N], the text of each sequence in the file, or NULL */
    char **vocabulary;                    /* [F] words in order of their number, or NULL */
    char **features;                      /* [F] names of the columns of a CSV file, or NULL */
    char **classes;                       /* [n_classes] names in order of their number if labels are words, or NULL */
    size_t n_classes;
    char **targets; /* [n_target_names] names of the target columns of a CSV file if they were asked for, or NULL */
    size_t n_target_names;
    size_t n_words, n_unknown; /* of a text file: number of words, and of words that are not in the vocabulary */
    size_t n_characters;       /* of a text of words: characters of the whole file, including spaces and line ends */
    size_t n_strangers;        /* labels that are not among the given classes; they became NaN */
    /* tokens of a plain text, else RG_LEVEL_NONE; the target of each token is the next one */
    enum rg_level level;
    bool lowercase;            /* the text was made lowercase */
    size_t streams;            /* number of streams of rg_dataset_streams; 0: the sequences are independent */
    struct rg_windows windows; /* how the series was cut */
    struct rg_pixels pixels;   /* set by rg_dataset_pixels */
    char **names;              /* [N] names of the series of a CSV file if they were asked for, or NULL */
    uint32_t *rows;            /* [N] of windows: the row of the series, from 1, that has the target; or NULL */
    char unused[128];          /* names of members of an npz file that nothing reads, or "" */
};

/* How a file is read. Words and names are those of a model; NULL: the file's own. */
struct rg_dataset_options {
    const char *const *vocabulary; /* a word that is not among them is counted and gets no number */
    size_t n_vocabulary;
    const char *const
        *features; /* columns of a numeric CSV file, in the model's order: the file must have exactly these */
    size_t n_features;
    const char *const *classes; /* the labels that a CSV file may have */
    size_t n_classes;
    /* The columns of a CSV file that are the targets; several hold numbers. NULL: the column label, if there is one.
     * With `lenient` a file may lack them; then it has no targets. */
    const char *const *targets;
    size_t n_targets;
    enum rg_level level;   /* tokens of a plain text; NONE: characters */
    bool lowercase;        /* A to Z of a plain text become a to z */
    size_t steps;          /* steps of a sequence of a plain text */
    size_t max_vocabulary; /* largest number of tokens in the vocabulary of a plain text, <unk> included; 0: all */
    size_t min_count;      /* a token that occurs less often becomes <unk> */
    /* The file holds series that will be cut into windows: labels are at every step, a CSV file needs no column
     * `series`, and an array [steps] or [steps, features] is one series. */
    bool series;
    bool missing;              /* inputs may be missing: they become NaN */
    bool keep_names;           /* keep the names of a CSV file's series */
    bool lenient;              /* an unknown label is counted in n_strangers; else it is an error */
    bool pad_left;             /* in an .npz or .npy file, sequences shorter than T are at the end of their T steps */
    bool may_fill, may_window; /* the run could be given --fill, or --window; for messages */
    bool doubles;              /* store numbers as x_double and y_double, for a run in double precision */
    /* Inputs or targets of more than half of these bytes stay in the file, if it is an .npz or .npy file, or one of IDX
     * images, that is not compressed. 0: none do. */
    uint64_t memory;
};

/* Make every pixel of images a step: [N][rows][columns] becomes [N][rows columns][1]. If pixels.permute is not 0, it is
 * the seed of the pixels' order. RG_USAGE for data that are not images; RG_NO_MEMORY. */
rg_status rg_dataset_pixels(struct rg_dataset *dataset, struct rg_pixels pixels);

/* Read a data set. The reader follows from the ending of the name:
 *
 *   .txt                 plain text
 *   .idx, -ubyte, .gz    IDX images with the labels of the matching file (rg_dataset_read_idx)
 *   .csv, .tsv, -        header `text[,label]`, or numeric `series,<feature>…[,label]`
 *   .npz, .npy           `x` [N][T][F], or whole numbers [N][T]; `y`; optional `lengths`, `h_0`, `c_0`
 *
 * Inputs must be finite. Words are split at white space. The vocabulary is the words of the file in byte order; so are
 * the classes if labels are words. RG_BAD_FILE with file, line and column. */
rg_status rg_dataset_read(const char *path, const struct rg_dataset_options *given, struct rg_dataset **out);

/* Arrays in memory, under the names that an .npz file has for them: x, y, lengths, h_0, c_0. */
enum { RG_MAX_ARRAYS = 5 };
struct rg_arrays {
    size_t count;
    struct rg_tensor items[RG_MAX_ARRAYS];
};

/* A data set of copies of these arrays, as if an .npz file held them. Messages call it `name`. */
rg_status rg_dataset_of_arrays(const struct rg_arrays *arrays, const char *name, const struct rg_dataset_options *given,
                               struct rg_dataset **out);

/* Read a pair of IDX files (gzip or plain): images [N][rows][columns] of bytes and labels [N]; a row is a time step. */
rg_status rg_dataset_read_idx(const char *images, const char *labels, struct rg_dataset **out);

/* Does the data set have targets? */
bool rg_dataset_is_labelled(const struct rg_dataset *dataset);

/* Number `i` of y; word `i` of tokens in memory. */
double rg_dataset_target(const struct rg_dataset *dataset, size_t i);
int32_t rg_dataset_token(const struct rg_dataset *dataset, size_t i);

/* Copy inputs, filled and normalised: rg_dataset_numbers and rg_dataset_floats n numbers of the kind RG_INPUT_FLOAT,
 * rg_dataset_bytes n bytes, rg_dataset_tokens n words, each from number `first` of all inputs on. rg_dataset_steps
 * copies n steps from step `first` on, as [n][F], of numbers or bytes. RG_BAD_FILE if inputs that stay in a file cannot
 * be read any more. */
rg_status rg_dataset_numbers(const struct rg_dataset *dataset, size_t first, size_t n, double *out);
rg_status rg_dataset_floats(const struct rg_dataset *dataset, size_t first, size_t n, float *out);
rg_status rg_dataset_bytes(const struct rg_dataset *dataset, size_t first, size_t n, uint8_t *out);
rg_status rg_dataset_tokens(const struct rg_dataset *dataset, size_t first, size_t n, int32_t *out);
rg_status rg_dataset_steps(const struct rg_dataset *dataset, size_t first, size_t n, double *out);

/* RG_BAD_FILE if a file in which inputs or targets stay has changed. To be called after reading them. */
rg_status rg_dataset_check_file(const struct rg_dataset *dataset);

/* Log, once for a file, that inputs or targets stay in it. */
void rg_dataset_tell_file(const struct rg_dataset *dataset);

/* Have the system read the inputs and targets of a sequence, which are needed soon, if they stay in a file. */
void rg_dataset_expect(const struct rg_dataset *dataset, size_t sequence);

/* Keep only the last `steps` steps of longer sequences, in place. With `every_step` y has targets for every step, which
 * are cut too. */
void rg_dataset_cut(struct rg_dataset *dataset, size_t steps, bool every_step);

/* Cut off the steps that are padding in every sequence: T becomes the length of the longest sequence, at least 1. */
void rg_dataset_trim(struct rg_dataset *dataset, bool every_step);

/* Replace missing inputs (NaN of data that were read with options.missing) by the value of the step before. At the
 * start of a sequence they stay missing. Inputs that stay in a file are read into memory. RG_NO_MEMORY, RG_BAD_FILE. */
rg_status rg_dataset_fill_previous(struct rg_dataset *dataset);
/* Mean of each feature over the valid steps that have it: means [F]. RG_BAD_FILE for a feature that has no value. */
rg_status rg_dataset_fill_means(const struct rg_dataset *dataset, double *means);
/* Replace missing inputs by values [F], which the data set copies. previous: rg_dataset_fill_previous came first. Adds
 * their number to *filled, without those of inputs that stay in their file. */
rg_status rg_dataset_fill(struct rg_dataset *dataset, const double *values, bool previous, size_t *filled);

/* Mean and standard deviation of each feature over all valid steps: mean, deviation [F]. The deviation divides by n,
 * not by n - 1; instead of 0 it is 1. The data must be numbers or bytes. RG_NO_MEMORY. */
rg_status rg_dataset_moments(const struct rg_dataset *dataset, double *mean, double *deviation);

/* Replace x by (x - mean) / deviation at all valid steps. The data must be numbers or bytes; they become floats, or
 * doubles with `doubles`. The data set keeps copies of mean and deviation. RG_NO_MEMORY. */
rg_status rg_dataset_normalize(struct rg_dataset *dataset, const double *mean, const double *deviation, bool doubles);

/* Replace the labels of series by their own inputs at every step. RG_NO_MEMORY, RG_BAD_FILE. */
rg_status rg_dataset_forecast(struct rg_dataset *series);

/* Cutting series that were read with options.series into windows. `from` and `to`, each from 0 to 1, mark a
 * range of the steps of each series. WITHIN selects the windows that, with their targets, lie inside the range; WITHOUT
 * those that do not touch it. */
enum rg_window_part { RG_WINDOWS_ALL, RG_WINDOWS_WITHIN, RG_WINDOWS_WITHOUT };
struct rg_window_options {
    struct rg_windows windows;
    size_t stride;
    bool every_step; /* a target for every step of a window */
    bool open;       /* include windows whose target is missing or after the end of the series; that target is NaN */
    enum rg_window_part part;
    double from, to;
};

/* *out = the windows, in the order of the file. Windows without a target are left out unless `open` is set. RG_BAD_FILE
 * for a series that is shorter than a window with its target, or if no window is left. RG_NO_MEMORY. */
rg_status rg_dataset_windows(const struct rg_dataset *series, const struct rg_window_options *options,
                             struct rg_dataset **out);

/* The held-out sequences: numbers first … first + count - 1 of a shuffled order of all N. The order depends only on N
 * and seed. */
struct rg_split {
    size_t first, count; /* count is 1 to N - 1 */
    uint64_t seed;
    bool in_order; /* use the order of the file instead */
};

/* Move the held-out sequences into a data set of their own, *held_out. Both parts keep the order of the file and all
 * names. RG_NO_MEMORY leaves the data set unchanged. */
rg_status rg_dataset_split(struct rg_dataset *dataset, const struct rg_split *split, struct rg_dataset **held_out);

/* Turn the only sequence, which has targets for every step, into one sequence per valid step. Data that stay in a file
 * are read into memory. RG_NO_MEMORY, RG_BAD_FILE. */
rg_status rg_dataset_unroll(struct rg_dataset *dataset);

/* Arrange the steps of an unrolled data set as `streams` parallel streams of ceil(N / streams) steps; the last ones may
 * be shorter. Each stream is cut into windows of `window` steps; the last ones may be shorter or empty. The windows
 * become the sequences: all streams' first windows, then all second ones. So sequence i + streams continues sequence i.
 * RG_NO_MEMORY. */
rg_status rg_dataset_streams(struct rg_dataset *dataset, size_t streams, size_t window);

void rg_dataset_destroy(struct rg_dataset *dataset); /* NULL allowed */

#endif
