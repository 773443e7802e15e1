/* The steps by which rg_run_create and rg_run_open begin a training, for host/train alone: see run.h. */
#ifndef RG_RUN_BEGIN_H
#define RG_RUN_BEGIN_H

#include "train/run.h"

/* Allocate the run, and settle its problem and shards. On failure the caller destroys *out, which may be NULL. */
rg_status rg_run_prepare(const struct rg_config *config, const struct rg_run_data *data, struct rg_run **out);

/* Create all that follows the model: validator, engine and training. */
rg_status rg_run_complete(struct rg_run *run);

/* Settle the problem of the task or of the data, and what the head reads of it: run->problem, and the options that they
 * decide in run->config. RG_USAGE for options that do not fit. */
rg_status rg_run_choose_problem(struct rg_run *run);

/* What the memory plan has to hold. Needs the problem. */
struct rg_plan_options rg_run_plan_options(const struct rg_run *run);

/* Create run->model with its start weights, or those of the model to start from. Needs problem and device. */
rg_status rg_run_create_model(struct rg_run *run);

#endif
