/* What creating a model and loading one share: the table of parameters without the memory behind it. */
#ifndef RNN_GPU_MODEL_LAYOUT_H
#define RNN_GPU_MODEL_LAYOUT_H

#include "rnn_gpu/model.h"

/* Whether the layers of a shape have a parameter of that role. */
bool rg_shape_has_role(const struct rg_shape *shape, enum rg_role role);

/* Fill the table, `n_weights` and `arena` from model->shape. RG_ERROR for a size that cannot be, RG_NO_MEMORY if a
 * count of elements does not fit a size_t. Takes no memory, so sizes from a file can be tried first. */
rg_status rg_model_layout(struct rg_model *model);

#endif
