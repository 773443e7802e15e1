/* A GPU against the native device: see contest.h. */
#include "train/contest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/stop.h"
#include "plan/tuning.h"
#include "rnn_gpu/log.h"
#include "train/estimate.h"

enum { BATCH = 256, STEPS = 32, HIDDEN = 128 };

/* Seconds of an update of a fixed net. */
static rg_status time_update(const struct rg_config *config, struct rg_device *device, double *seconds) {
    struct rg_config c = rg_config_default();
    const struct rg_run_data data = {.training = NULL};
    struct rg_run *run = NULL;
    c.machine = config->machine;
    c.machine.ranks = NULL;
    c.machine.memory = 0;
    c.machine.shards = 0;
    c.model.cell = RG_CELL_LSTM;
    c.model.hidden = HIDDEN;
    c.data.batch = BATCH;
    c.data.steps = STEPS;
    RG_TRY(rg_run_create(&c, &data, device, &run));
    const rg_status status = rg_run_estimate(run, seconds);
    rg_run_destroy(run);
    return status;
}

/* Time an update on both, and keep the result. If the GPU fails, say so; the native device then wins. */
static rg_status time_both(const struct rg_config *config, struct rg_device *gpu, struct rg_device *native) {
    double of_gpu = 0.0, of_native = 0.0;
    RG_TRY(time_update(config, native, &of_native));
    const rg_status status = time_update(config, gpu, &of_gpu);
    RG_TRY(rg_stop_is(status) ? status : RG_OK);
    gpu->info.native_loses = status == RG_OK && of_gpu < of_native ? 1 : -1;
    if (status != RG_OK) {
        rg_log("%s: %s", gpu->info.name, rg_error_message());
        return RG_OK;
    }
    rg_log("an update takes %.1f ms on %s, which shares the processor's memory, and %.1f ms on the native device",
           1e3 * of_gpu, gpu->info.name, 1e3 * of_native);
    if (gpu->info.real_bytes == sizeof(float) && rg_tuning_save(&gpu->info) != RG_OK) {
        rg_log("%s", rg_error_message());
    }
    return RG_OK;
}

/* The reason, in front of the one that is there. */
static void add_reason(struct rg_device_info *info, const char *reason, const char *before) {
    (void)snprintf(info->choice, sizeof info->choice, "%s%s%.120s", reason, *before ? "; " : "", before);
}

rg_status rg_contest(const struct rg_config *config, const char *spec, const struct rg_device_options *options,
                     struct rg_device **device) {
    struct rg_device *const gpu = *device;
    struct rg_device *native = NULL;
    char before[sizeof gpu->info.choice];
    const bool chosen = strcasecmp(spec, "auto") == 0 && gpu->info.is_gpu && gpu->info.is_unified;
    if (!chosen || options->tf32 || options->shape.vec) {
        return RG_OK;
    }
    RG_TRY(rg_device_open("cpu", options, &native));
    const rg_status status = gpu->info.native_loses ? RG_OK : time_both(config, gpu, native);
    const bool wins = status == RG_OK && gpu->info.native_loses > 0;
    memcpy(before, gpu->info.choice, sizeof before);
    if (wins) {
        add_reason(&gpu->info, "faster than the native device", before);
    } else if (status == RG_OK) {
        (void)snprintf(native->info.choice, sizeof native->info.choice, "faster than %.100s", gpu->info.name);
        rg_tuning_load(&native->info);
        *device = native;
    }
    rg_device_destroy(*device == gpu ? native : gpu);
    return status;
}
