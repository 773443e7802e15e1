/* What the program takes from its environment. The library reads none of it: the caller passes it on. */
#ifndef RG_ENVIRONMENT_H
#define RG_ENVIRONMENT_H

#include "base/guard.h"
#include "rnn_gpu/config.h"

/* Keep compiled programs, tunings and the record of OpenCL drivers in the folder rnn-gpu of XDG_CACHE_HOME, or else of
 * HOME/.cache. If neither variable holds an absolute path, nothing is kept. */
void rg_environment_cache(void);

/* RNN_GPU_DRIVER_SECONDS, if it is valid, and what a process before this one left for it. */
void rg_environment_guard(struct rg_guard_options *options);

/* RNN_GPU_DEVICE replaces a missing --device, and RNN_GPU_LAUNCH_SECONDS limits the time of a launch. RG_USAGE if
 * one of the seconds is no number or out of range. */
rg_status rg_environment_options(struct rg_config *config);

#endif
