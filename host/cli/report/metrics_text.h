/* Metrics for people and for programs, of eval and of a training's test data. */
#ifndef RG_METRICS_TEXT_H
#define RG_METRICS_TEXT_H

#include <jansson.h>

#include "rnn_gpu/model.h"
#include "train/metrics.h"

/* What classes and outputs are called; NULL: by their numbers. */
struct rg_metrics_names {
    char *const *classes;
    char *const *outputs;
};

/* Those of a model: its classes, and the target columns or what it forecasts. */
struct rg_metrics_names rg_metrics_names(const struct rg_model *model);

/* The metrics as an object. Keys for classes: "loss", "accuracy", "accuracy_low", "accuracy_high", "classes",
 * "confusion", "precision", "recall", "f1", "auc". For values: "loss", "mse", "mae", "r2". For a text: "loss",
 * "perplexity", "bits_per_character", and "bits_per_word" for words. Always "sequences", and "rows", the rows of
 * targets that count. Values of several named targets also have "targets", their names, and in the same order
 * "target_mse", "target_mae", "target_r2". NULL without memory. Sorts the ranks. */
json_t *rg_metrics_json(struct rg_metrics *metrics, const struct rg_metrics_names *names);

/* "loss 0.123, accuracy 0.9512 (95 % interval 0.9401 to 0.9604)" or "loss 0.123, R^2 0.87, mean absolute error 0.2". */
void rg_metrics_line(const struct rg_metrics *metrics, char *text, size_t bytes);

/* Print on stdout the table of classes with precision, recall and F1, and for two classes the area under the curve; for
 * values the table of several outputs that have names. */
void rg_metrics_print(struct rg_metrics *metrics, const struct rg_metrics_names *names);

#endif
