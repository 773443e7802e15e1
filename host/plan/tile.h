/* How many sequences a work-group of a scan takes, and whether work-groups share the units of a step. No result depends
 * on it. */
#ifndef RG_TILE_H
#define RG_TILE_H

#include "plan/plan.h"

/* Set plan->tile, groups_per_tile, forward and reverse from the sizes that the plan has so far. RG_NO_MEMORY if local
 * memory does not hold one sequence. */
rg_status rg_tile_plan(struct rg_plan *plan, const struct rg_device *device);

#endif
