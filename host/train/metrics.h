/* What a model's outputs are worth against targets: the loss, and the measures of classes, of values or of text. Rows
 * are added a batch at a time, so that no more than a batch of outputs is in memory. */
#ifndef RG_METRICS_H
#define RG_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "train/targets.h"

/* One row of two classes: how strongly the outputs speak for class 1, and whether it is class 1. */
struct rg_metrics_rank {
    double score;
    bool positive;
};

/* The values of one output, as Welford (1962) adds up mean and variance. */
struct rg_metrics_value {
    double mean, squares; /* of the targets: their mean, and the sum of (y - mean)^2 */
    double errors;        /* sum of (z - y)^2 */
    double absolute;      /* sum of |z - y| */
};

struct rg_metrics {
    enum rg_loss loss_kind;
    size_t outputs;
    enum rg_level level; /* of a text */
    double word_length;  /* characters of a text of words for each of its words, white space included; else 1 */
    size_t sequences;
    uint64_t rows;      /* that count */
    uint64_t decisions; /* of classes: rows times the numbers of a row that are decided; 0 for values */
    uint64_t right;
    double loss_sum, absolute_sum; /* over rows and numbers */
    size_t n_classes;              /* 0: values, several decisions a row, or too many classes for a table */
    uint64_t *confusion;           /* [n_classes][n_classes], rows are true classes, columns predicted ones */
    struct rg_metrics_rank *ranks; /* [rows] of two classes, else NULL */
    size_t ranks_room;
    struct rg_metrics_value *values; /* [outputs] of values, else NULL */
};

/* RG_NO_MEMORY. `targets` says whether the outputs are classes or values. */
rg_status rg_metrics_create(const struct rg_targets *targets, size_t outputs, enum rg_loss loss,
                            struct rg_metrics **out);
void rg_metrics_destroy(struct rg_metrics *metrics); /* NULL allowed */

/* Add sequences first … first + n - 1. outputs [n][O], or with a target at every step [n][T][O] where sequences end
 * together at step T, as rg_engine_forward gives them. RG_NO_MEMORY. */
rg_status rg_metrics_add(struct rg_metrics *metrics, const struct rg_targets *targets, size_t first, size_t n,
                         const double *outputs);

/* The mean as in training, over the rows that count. NAN without any, as all that follow. */
double rg_metrics_loss(const struct rg_metrics *metrics);

/* Share of right decisions; NAN for values. Its 95 % interval after Wilson (1927). */
double rg_metrics_accuracy(const struct rg_metrics *metrics);
void rg_metrics_interval(const struct rg_metrics *metrics, double *low, double *high);

/* Of a class: right / predicted, right / true, and their harmonic mean. 0 where the denominator is 0, as scikit-learn
 * has it. */
double rg_metrics_precision(const struct rg_metrics *metrics, size_t class);
double rg_metrics_recall(const struct rg_metrics *metrics, size_t class);
double rg_metrics_f1(const struct rg_metrics *metrics, size_t class);

/* Area under the ROC curve of two classes, ties counted half (Mann, Whitney 1947); NAN for others, and where one of the
 * two is missing. Sorts the ranks. */
double rg_metrics_auc(struct rg_metrics *metrics);

/* Of values: mean squared error, mean absolute error, and R^2 as the mean over outputs of 1 - errors / variance. An
 * output whose targets are all equal has R^2 1 if every prediction is exact, else 0, as scikit-learn has it. */
double rg_metrics_mse(const struct rg_metrics *metrics);
double rg_metrics_mae(const struct rg_metrics *metrics);
double rg_metrics_r2(const struct rg_metrics *metrics);
/* The same of one output. */
double rg_metrics_mse_of(const struct rg_metrics *metrics, size_t output);
double rg_metrics_mae_of(const struct rg_metrics *metrics, size_t output);
double rg_metrics_r2_of(const struct rg_metrics *metrics, size_t output);

/* Of a text: e^loss, and loss / ln 2, the bits of a character or a word. NAN for others. */
double rg_metrics_perplexity(const struct rg_metrics *metrics);
double rg_metrics_bits(const struct rg_metrics *metrics);

#endif
