/* How many sequences and time steps are in memory at once. */
#ifndef RG_PLAN_CHUNK_H
#define RG_PLAN_CHUNK_H

#include "plan/plan.h"

/* Set the plan's block, chunk, segments and bytes from its sizes. The chunk has whole sequences if a block of them
 * fits, else a block in segments of time, else half a block in segments, and so on; and whole sequences again, if no
 * more of them fit in segments. RG_NO_MEMORY says need, limit, and what would fit. */
rg_status rg_chunk_plan(struct rg_plan *plan, const struct rg_device_info *info, const struct rg_plan_options *options);

#endif
