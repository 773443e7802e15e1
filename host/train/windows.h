/* Long series that become the sequences of a run: see rg_dataset_windows. */
#ifndef RG_TRAIN_WINDOWS_H
#define RG_TRAIN_WINDOWS_H

#include "rnn_gpu/config.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"

/* The windows that a run cuts its series into: those of `model` (may be NULL), else those of the options; 0 steps where
 * sequences stay as they are. `forecast` is known with a model only. */
struct rg_windows rg_windows_asked(const struct rg_config *config, const struct rg_model *model);

/* RG_USAGE for options that say otherwise than the model. */
rg_status rg_windows_check(const struct rg_config *config, const struct rg_model *model);

/* The data that a run is trained on: replace the series *data by their windows. Without `model` they are forecast if
 * they have no labels. With --val-frac *held_out = the windows of that last part of every series, and no window of
 * *data reaches into it. RG_BAD_FILE, RG_USAGE, RG_NO_MEMORY. */
rg_status rg_windows_of_training(const struct rg_config *config, const struct rg_model *model, struct rg_dataset **data,
                                 struct rg_dataset **held_out);

/* The same of data that are scored or answered, by the windows of the training. `open`: windows without a target too.
 */
rg_status rg_windows_of_others(const struct rg_config *config, const struct rg_model *model,
                               const struct rg_windows *windows, bool open, struct rg_dataset **data);

#endif
