/* What the targets of a data set are: classes or values, and which of them count. */
#ifndef RG_TARGETS_H
#define RG_TARGETS_H

#include "rnn_gpu/config.h"
#include "rnn_gpu/dataset.h"

/* More classes than this are taken only where --loss ce says that they are meant. */
enum { RG_CLASSES_UNASKED = 1000 };
enum { RG_EMPTY_CLASSES = 4 }; /* so many classes without a row are named */

/* A row of targets is a sequence's label with target LAST, or those of one of its valid steps. A row with a NaN, or
 * with the number of --ignore-label, does not count: it has no loss. */
struct rg_targets {
    const struct rg_dataset *data; /* borrowed */
    enum rg_target target;
    size_t width;     /* numbers of a row in the file */
    size_t numbers;   /* numbers of a row for the loss: width, or 1 for a one-hot row, which becomes its class */
    double ignored;   /* NAN: none */
    size_t n_classes; /* 1 + the largest class, or as many as have names; 0: values */
    size_t n_empty;   /* numbered classes that no row has; the first of them: */
    size_t empty[RG_EMPTY_CLASSES];
    size_t n_rows, n_left_out;
    double min, max;       /* of the numbers that count */
    bool whole;            /* they are whole numbers */
    const double *weights; /* [n_classes] of the classes in the mean of the loss; borrowed; NULL: all are 1 */
};

struct rg_target_options {
    enum rg_loss loss; /* AUTO: ce for more than two classes, bce for two, mse for values */
    enum rg_target target;
    double ignored; /* NAN: PyTorch's -100, where classes of every step are expected */
    bool lenient;   /* the targets are only shown: what does not fit is no error */
    bool by_model;  /* a model, not an option, asks for loss and target; for messages */
};

/* Find out what the targets of a labelled data set are, and by which loss they are learned. Integers of an npz file and
 * words are classes, one-hot rows too, floats are values; whole numbers of a CSV file are classes where they are below
 * 100. An explicit loss wins. RG_BAD_FILE for targets that do not fit it, RG_USAGE for more than RG_CLASSES_UNASKED
 * classes with AUTO. */
rg_status rg_targets_decide(const struct rg_dataset *data, const struct rg_target_options *options,
                            struct rg_targets *targets, enum rg_loss *loss);

/* Rows of a sequence: 1, or its length. */
size_t rg_targets_rows(const struct rg_targets *targets, size_t sequence);

/* Row `row` of a sequence as [numbers]; false, and NaN in all of them, if it does not count. */
bool rg_targets_row(const struct rg_targets *targets, size_t sequence, size_t row, double *out);

/* The step, from 1, whose loss a lag profile should be of: the last one with at least half as many targets as any has,
 * where some do not count; else 0. */
size_t rg_targets_probe(const struct rg_targets *targets);

/* How many rows that count each class has [n_classes]. Targets that are classes. */
void rg_targets_count(const struct rg_targets *targets, size_t *of_class);

/* The loss of the best answer that is the same for every row: the entropy of the classes (ce), the mean over the
 * numbers of the entropy (bce) or of the variance (mse), rows taken with their weights. NAN without rows. */
rg_status rg_targets_baseline(const struct rg_targets *targets, enum rg_loss loss, double *baseline);

/* Mean of number `o` of the rows that count; NaN if none does. */
double rg_targets_mean(const struct rg_targets *targets, size_t o);

enum { RG_LABELS_BYTES = 300 };

/* "3 classes: saw, sine, square", "10 classes: 0 to 9", "values from -1 to 2.5", and what is left out. */
void rg_targets_describe(const struct rg_targets *targets, enum rg_loss loss, char *text, size_t bytes);

/* "; 3 of 90 sequences have no target (NaN) and are not in the loss"; "" if every row counts. */
enum { RG_LEFT_OUT_BYTES = 160 };
void rg_targets_left_out(const struct rg_targets *targets, char *text, size_t bytes);

/* "no window has its target yet", "no sequence has a target": what is said where no row counts. NULL: some do,
 * or the targets are not known. */
const char *rg_targets_none(const struct rg_targets *targets);

#endif
