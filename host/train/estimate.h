/* How long a training will take. */
#ifndef RG_ESTIMATE_H
#define RG_ESTIMATE_H

#include "train/run.h"

/* *seconds = the time of an update of a run that has just been made, the mean of a few after a first one. The run's
 * weights are changed: it is of no other use then. */
rg_status rg_run_estimate(struct rg_run *run, double *seconds);

#endif
