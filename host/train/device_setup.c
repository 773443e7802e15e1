/* Opening the device that the options ask for: see device_setup.h. */
#include "train/device_setup.h"

#include <stdio.h>
#include <string.h>

#include "plan/tuning.h"
#include "ranks/ranks.h"
#include "rnn_gpu/log.h"
#include "train/contest.h"

enum rg_tf32 rg_setup_tf32(const struct rg_config *config) {
    return config->machine.math == RG_MATH_TF32 ? RG_TF32_TENSOR_CORES : RG_TF32_NONE;
}

rg_status rg_setup_library(const struct rg_config *config, struct rg_device *device) {
    const struct rg_device_info *const info = &device->info;
    if (config->machine.gemm == RG_GEMM_OWN || (config->machine.gemm == RG_GEMM_AUTO && info->library_wins <= 0)) {
        return RG_OK;
    }
    const rg_status status = rg_device_use_library(device);
    return config->machine.gemm == RG_GEMM_LIBRARY ? status : RG_OK;
}

rg_status rg_setup_shape(const struct rg_config *config, struct rg_device_shape *shape) {
    if (!config->machine.shape) {
        return RG_OK;
    }
    RG_TRY(rg_device_shape_read(config->machine.shape, shape));
    shape->vec =
        rg_config_is_double(config) && shape->vec > 1 ? shape->vec / 2 : shape->vec; /* a vector has the same bytes */
    return rg_setup_tf32(config) == RG_TF32_NONE
               ? RG_OK
               : rg_fail(RG_USAGE, "--math tf32 has a shape of its own; leave out --shape");
}

int rg_setup_threads(const struct rg_config *config) {
    if (config->machine.threads > 0) {
        return config->machine.threads;
    }
    return rg_ranks_several(config->machine.ranks) ? rg_ranks_threads(config->machine.ranks) : 0;
}

/* The device of this process: of several, in a list, that of its place among the ranks of the host. */
static rg_status choose_device(const struct rg_config *config, char *name, size_t bytes) {
    const struct rg_ranks *const ranks = config->machine.ranks;
    const char *at = config->machine.device;
    size_t n = 1;
    for (const char *c = at; *c; c++) {
        n += *c == ',';
    }
    if (n > 1 && !ranks) {
        return rg_fail(RG_USAGE,
                       "--device %s distributes devices to the ranks of mpirun; without mpirun give one device", at);
    }
    for (size_t skip = ranks ? ranks->local_rank % n : 0; skip > 0; skip--) {
        at = strchr(at, ',') + 1;
    }
    const size_t length = strcspn(at, ",");
    if (length == 0 || length >= bytes) {
        return rg_fail(RG_USAGE, "--device %.100s: an empty name, or a name of more than %zu bytes",
                       config->machine.device, bytes - 1);
    }
    (void)snprintf(name, bytes, "%.*s", (int)length, at);
    return RG_OK;
}

rg_status rg_setup_device(const struct rg_config *config, struct rg_device **out) {
    char name[256];
    RG_TRY(choose_device(config, name, sizeof name));
    struct rg_device_options options = {.threads = rg_setup_threads(config),
                                        .is_double = rg_config_is_double(config),
                                        .tf32 = rg_setup_tf32(config),
                                        .launch_seconds = config->machine.launch_seconds,
                                        .of_environment = config->machine.device_of_environment};
    RG_TRY(rg_setup_shape(config, &options.shape));
    RG_TRY(rg_device_open(name, &options, out));
    rg_tuning_load(&(*out)->info);
    rg_status status = rg_contest(config, name, &options, out);
    if ((*out)->info.tf32) {
        rg_log("%s%s (--math tf32)", (*out)->info.name, rg_device_math(&(*out)->info));
    }
    status = status == RG_OK ? rg_setup_library(config, *out) : status;
    if (status != RG_OK) {
        rg_device_destroy(*out);
        *out = NULL;
    }
    return status;
}
