/* The lines that `train` prints with --json and writes into --log, one function an event. Each returns a new object, as
 * rg_json_pack does. */
#ifndef RG_TRAIN_EVENTS_H
#define RG_TRAIN_EVENTS_H

#include <stdint.h>

#include "files/json_lines.h"
#include "train/run.h"

/* Before the first update: the device, the problem, and the options that run. */
json_t *rg_event_start(const struct rg_run *run);

json_t *rg_event_update(const struct rg_update *update);

/* A sample of the gradient by lag with the weights before update `update`, which counts from 1. RG_NO_MEMORY. */
rg_status rg_event_lags(const struct rg_model *model, uint64_t update, const struct rg_lag_sampler *sampler,
                        json_t **event);

json_t *rg_event_validation(const struct rg_validation *validation);

/* The score of the test data as a validation, for a task that has test data and no validation data. */
json_t *rg_event_test(const struct rg_run *run);

/* The result, the diagnosis and the advice. `saved`: the file of the model, or NULL. */
json_t *rg_event_end(const struct rg_run *run, const char *saved);

/* Add how many weights are trained, and how many --freeze leaves as they are. */
void rg_event_add_trained(json_t **object, const struct rg_model *model);

#endif
