/* Declarations that creating and loading a model share: the table of parameters without the memory for them. */
#ifndef RNN_GPU_MODEL_LAYOUT_H
#define RNN_GPU_MODEL_LAYOUT_H

#include "rnn_gpu/model.h"

/* Do the layers of a shape have a parameter of that role? */
bool rg_shape_has_role(const struct rg_shape *shape, enum rg_role role);

/* Fill the table, `n_weights` and `arena` from model->shape. RG_ERROR for an impossible size, RG_NO_MEMORY if a number
 * of elements does not fit into size_t. It allocates no memory, so sizes from a file can be tried first. */
rg_status rg_model_layout(struct rg_model *model);

#endif
