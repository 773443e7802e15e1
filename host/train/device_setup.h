/* Opening the device that the options ask for. */
#ifndef RG_DEVICE_SETUP_H
#define RG_DEVICE_SETUP_H

#include "device/device.h"
#include "rnn_gpu/config.h"

/* Let a library compute the device's wide products: with --gemm library, and with --gemm auto if `bench --tune` found
 * it faster. If there is no library, --gemm library fails with RG_NO_DEVICE, and --gemm auto uses the kernels. */
rg_status rg_setup_library(const struct rg_config *config, struct rg_device *device);

/* What --math asks of a device. */
enum rg_tf32 rg_setup_tf32(const struct rg_config *config);

/* The threads of this process: --threads, else its share of the host's processors; 0: all of them. */
int rg_setup_threads(const struct rg_config *config);

/* The shape of --shape, where it is given; RG_USAGE for one that is not there. */
rg_status rg_setup_shape(const struct rg_config *config, struct rg_device_shape *shape);

/* The device that --device, --threads, --precision and --math ask for, tuned if `bench --tune` has run. */
rg_status rg_setup_device(const struct rg_config *config, struct rg_device **out);

#endif
