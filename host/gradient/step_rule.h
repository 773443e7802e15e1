/* What an optimiser would make of a gradient, as a factor of each weight: the step that the present gradient G itself
 * makes is -P G, weight by weight, with the optimiser's states held as they are. So a part of the gradient, such as
 * that of one lag, has a part of the step.
 *
 * P is the same number for all weights with sgd, momentum and nesterov, which with clipping by norm are linear: what is
 * said of the gradient's shares is then true of the step's. Adam, rmsprop and adagrad divide by the root of a mean
 * square v, 1 / (sqrt(v) + epsilon) (with Adam v / (1 - beta2^n)), and clipping by value has a factor of each weight
 * too: min(1, C / |g|) of the last update's g. What the running means keep of earlier gradients is no part of it, nor
 * is the decay of weights. */
#ifndef RG_STEP_RULE_H
#define RG_STEP_RULE_H

#include "engine/engine.h"

/* Whether P is one number for all weights. */
bool rg_step_is_linear(const struct rg_optimizer_options *options);

/* *out [arena] = P up to a number that all weights share; NULL: no update was made yet, or P is one number. Free
 * with rg_free. RG_NO_MEMORY. */
rg_status rg_step_factors(const struct rg_engine *engine, double **out);

#endif
