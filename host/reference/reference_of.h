/* The reference of a model of the product. The rest of host/reference knows nothing of the product. */
#ifndef RG_REFERENCE_OF_H
#define RG_REFERENCE_OF_H

#include "reference/reference.h"
#include "rnn_gpu/model.h"

/* The reference of a shape, with zero weights. `skip_budget` is lambda of a learned skip. NULL without memory. */
struct ref_model *ref_model_of(const struct rg_shape *shape, double skip_budget);

/* Take over the weights of a model of that shape. */
void ref_model_take(struct ref_model *to, const struct rg_model *from);

/* Not of RG_LOSS_AUTO. */
enum ref_loss ref_loss_of(enum rg_loss loss);

#endif
