/* The plan of a run on a device that can run its scans. */
#ifndef RG_RUNGS_H
#define RG_RUNGS_H

#include "engine/net.h"

/* Make the plan and build its scans. If a scan cannot run in the device's shape of work-groups, or spills registers,
 * the device takes smaller work-groups, and the plan is made again. RG_NO_DEVICE if no shape is left, or if the device
 * has buffers already, which are laid out for its shape. Errors of rg_plan_make. */
rg_status rg_rungs_plan(struct rg_device *device, const struct rg_model *model, const struct rg_plan_options *options,
                        struct rg_plan *plan);
/* The same for a model of this shape, before the model's own memory is allocated. */
rg_status rg_rungs_check(struct rg_device *device, const struct rg_shape *shape, const struct rg_plan_options *options,
                         struct rg_plan *plan);

#endif
