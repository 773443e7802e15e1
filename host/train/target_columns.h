/* The target columns of a CSV file, as --target-column or a model names them. */
#ifndef RG_TARGET_COLUMNS_H
#define RG_TARGET_COLUMNS_H

#include "rnn_gpu/config.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"

/* Names with their owner: `block` is freed by rg_target_columns_release. */
struct rg_target_columns {
    const char *const *names; /* [n], or NULL: the column label, if there is one */
    size_t n;
    void *block;
};

/* The names that the model has, or else those of the option. RG_USAGE if the two differ, or for an empty name. */
rg_status rg_target_columns_choose(const struct rg_config *config, const struct rg_model *model,
                                   struct rg_target_columns *columns);
void rg_target_columns_release(struct rg_target_columns *columns);

#endif
