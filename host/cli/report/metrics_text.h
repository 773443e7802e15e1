/* Metrics for people and for programs: of eval, and of a training's test data. */
#ifndef RG_METRICS_TEXT_H
#define RG_METRICS_TEXT_H

#include <jansson.h>

#include "train/metrics.h"

/* {"loss", "accuracy", "accuracy_low", "accuracy_high", "classes", "confusion", "precision", "recall", "f1", "auc"} of
 * classes, or {"loss", "mse", "mae", "r2"}, or of a text {"loss", "perplexity",
 * "bits_per_character", of words "bits_per_word" too}; with "sequences" and "rows", the rows of targets that count.
 * `names`: of the classes, or NULL for their numbers. NULL without memory. Sorts the ranks. */
json_t *rg_metrics_json(struct rg_metrics *metrics, char *const *names);

/* "loss 0.123, accuracy 0.9512 (95 % interval 0.9401 to 0.9604)" or "loss 0.123, R^2 0.87, mean absolute error 0.2". */
void rg_metrics_line(const struct rg_metrics *metrics, char *text, size_t bytes);

/* On stdout: the table of classes, with precision, recall and F1 of each, and the area under the curve of two. Nothing
 * for values. */
void rg_metrics_print(struct rg_metrics *metrics, char *const *names);

#endif
