/* Choose work-groups in which the device can run the scans of a plan: see rungs.h. */
#include "engine/rungs.h"

#include "engine/layer.h"
#include "model/layout.h"
#include "rnn_gpu/log.h"

static rg_status try_scans(const struct rg_net *net) {
    for (int reverse = 0; reverse < (net->plan.training ? 2 : 1); reverse++) {
        struct rg_launch launch = {.groups = {1, 1}};
        rg_layer_scan(net, reverse == 1, &launch);
        RG_TRY(rg_device_try(net->device, &launch));
    }
    return RG_OK;
}

rg_status rg_rungs_plan(struct rg_device *device, const struct rg_model *model, const struct rg_plan_options *options,
                        struct rg_plan *plan) {
    const struct rg_device_info before = device->info;
    const struct rg_device_info *const now = &device->info;
    bool descended = false;
    rg_status status = RG_OK;
    do {
        struct rg_net net = {.device = device, .model = model};
        RG_TRY(rg_plan_make(device, model, options, &net.plan));
        *plan = net.plan;
        status = try_scans(&net);
    } while (status == RG_NO_DEVICE && (descended = rg_device_descend(device)));
    if (status == RG_OK && descended && now->nv == before.nv && now->rows == before.rows) {
        rg_log("%s: the scans spill registers in every shape of work-groups", now->name);
    } else if (status == RG_OK && descended) {
        rg_log(
            "%s: the scans do not run, or spill registers, in work-groups of shape %d,%d,%d,%d; %d,%d,%d,%d is taken",
            now->name, before.nv, before.vec, before.cols, before.rows, now->nv, now->vec, now->cols, now->rows);
    }
    return status;
}

rg_status rg_rungs_check(struct rg_device *device, const struct rg_shape *shape, const struct rg_plan_options *options,
                         struct rg_plan *plan) {
    struct rg_model sketch = {.shape = *shape};
    RG_TRY(rg_model_layout(&sketch));
    return rg_rungs_plan(device, &sketch, options, plan);
}
