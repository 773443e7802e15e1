/* The step that an optimiser makes, as a factor of each weight: the present gradient G contributes the step -P G,
 * weight by weight, where the optimiser's states are held fixed. So each part of the gradient, such as that of one lag,
 * has a part of the step.
 *
 * With sgd, momentum and nesterov, also with clipping by norm, P is the same number for all weights. The step is then
 * linear in the gradient, and the gradient's shares are also the step's. Adam, rmsprop and adagrad divide by the root
 * of a mean square v: P = 1 / (sqrt(v) + epsilon) (with Adam v / (1 - beta2^n)). Clipping by value also has a factor
 * for each weight, min(1, C / |g|) with the last update's g. Earlier gradients in the running means are not part of
 * this step, and neither is weight decay. */
#ifndef RG_STEP_RULE_H
#define RG_STEP_RULE_H

#include "engine/engine.h"

/* Is P the same number for all weights? */
bool rg_step_is_linear(const struct rg_optimizer_options *options);

/* *out [arena] = P, up to a common factor of all weights. NULL if no update was made yet, or if P is one number.
 * Free it with rg_free. RG_NO_MEMORY. */
rg_status rg_step_factors(const struct rg_engine *engine, double **out);

#endif
