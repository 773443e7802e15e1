/* A GPU in the processor's memory is often slower than the native device, so `auto` takes it only if it wins. */
#ifndef RG_CONTEST_H
#define RG_CONTEST_H

#include "device/device.h"
#include "rnn_gpu/config.h"

/* If `spec` is "auto" and took such a GPU, whose tuning (plan/tuning.h) is loaded, time an update there and on the
 * native device, unless the tuning knows the winner, and keep it there. *device = the winner, with the reason in
 * info.choice; the other one is destroyed. A GPU that fails has lost. */
rg_status rg_contest(const struct rg_config *config, const char *spec, const struct rg_device_options *options,
                     struct rg_device **device);

#endif
