/* A training on a device of its own: see run_open.h. */
#include "train/run_open.h"

#include <strings.h>

#include "rnn_gpu/log.h"
#include "train/device_setup.h"
#include "train/run_begin.h"

static rg_status open_device(const struct rg_config *config, struct rg_run *run) {
    const rg_status status = rg_setup_device(config, &run->opened);
    run->device = run->opened;
    return status;
}

/* `auto` goes on without a device that cannot run the scans, in whatever shape of work-groups. */
static rg_status leave_device(struct rg_run *run) {
    struct rg_config native = run->config;
    rg_log("skipping device %s: %s", run->opened->info.name, rg_error_message());
    rg_device_destroy(run->opened);
    run->device = run->opened = NULL;
    native.machine.device = "cpu";
    RG_TRY(open_device(&native, run));
    return rg_run_create_model(run);
}

static rg_status create_model(struct rg_run *run) {
    const rg_status status = rg_run_create_model(run);
    const bool is_auto = strcasecmp(run->config.machine.device, "auto") == 0;
    return status == RG_NO_DEVICE && is_auto ? leave_device(run) : status;
}

rg_status rg_run_open(const struct rg_config *config, const struct rg_run_data *data, struct rg_run **out) {
    rg_status status = RG_OK;
    RG_TRY_GOTO(rg_run_prepare(config, data, out));
    RG_TRY_GOTO(open_device(&(*out)->config, *out));
    RG_TRY_GOTO(create_model(*out));
    RG_TRY_GOTO(rg_run_complete(*out));
    return RG_OK;
cleanup:
    rg_run_destroy(*out);
    *out = NULL;
    return status;
}
