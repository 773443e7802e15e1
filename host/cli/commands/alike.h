/* Whether the ranks of mpirun that share a training start from the same. */
#ifndef RG_ALIKE_H
#define RG_ALIKE_H

#include "train/run.h"

/* Before the first update, on all ranks together: RG_BAD_FILE for files that differ, RG_NO_DEVICE for devices of two
 * kinds, RG_CHECK_FAILED for other weights. The message names a rank and what differs there. */
rg_status rg_alike_check(const struct rg_config *config, const struct rg_run *run);

/* After the last one: RG_CHECK_FAILED where the ranks' weights differ. */
rg_status rg_alike_check_end(const struct rg_run *run);

/* On all ranks together: RG_BAD_FILE where the files that are read differ. */
rg_status rg_alike_check_data(const struct rg_config *config);

/* The config of a silent rank: no files but those that are read. Of one that trains for compare or sweep: no pages, but
 * the folder of --out, where every rank keeps what it has trained; nothing changes on rank 0, or without ranks. */
void rg_alike_hush(struct rg_config *config);
void rg_alike_hush_pages(struct rg_config *config);

#endif
