/* A training that opens its device itself. Apart from run.h, because opening one may time a small training on it
 * (contest.h). */
#ifndef RG_RUN_OPEN_H
#define RG_RUN_OPEN_H

#include "train/run.h"

/* As rg_run_create, on the device that the options ask for; rg_run_destroy closes it. With `auto`, a device that cannot
 * run the model is left for the native one. RG_NO_DEVICE. */
rg_status rg_run_open(const struct rg_config *config, const struct rg_run_data *data, struct rg_run **out);

#endif
