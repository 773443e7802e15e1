/* Missing values of the data of a run (--fill). The values that replace them are computed from the training data and
 * stored in the model. */
#ifndef RG_TRAIN_FILL_H
#define RG_TRAIN_FILL_H

#include "rnn_gpu/config.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"

/* Whether values may be missing: --fill, or a model (NULL allowed) that was trained so. */
bool rg_fill_is_asked(const struct rg_config *config, const struct rg_model *model);

/* The first half, before sequences are cut or split: with `previous`, a value of the step before. RG_USAGE for data
 * that are no columns of numbers. */
rg_status rg_fill_begin(const struct rg_config *config, const struct rg_model *model, struct rg_dataset *data);

/* The second half: what is still missing gets the value of the model, of the options, or the mean of the training data;
 * likewise in the `others` [n_others], NULL allowed. */
rg_status rg_fill_end(const struct rg_config *config, const struct rg_model *model, struct rg_dataset *training,
                      struct rg_dataset *const *others, size_t n_others);

#endif
