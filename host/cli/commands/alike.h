/* Checks that the ranks of mpirun that share a training start from equal data, devices and weights. */
#ifndef RG_ALIKE_H
#define RG_ALIKE_H

#include "train/run.h"

/* Before the first update, on all ranks together: RG_BAD_FILE if files differ, RG_NO_DEVICE if devices are of different
 * kinds, RG_CHECK_FAILED if weights differ. The message names a rank and the difference. */
rg_status rg_alike_check(const struct rg_config *config, const struct rg_run *run);

/* After the last update: RG_CHECK_FAILED if the ranks' weights differ. */
rg_status rg_alike_check_end(const struct rg_run *run);

/* On all ranks together: RG_BAD_FILE if the files that are read differ. */
rg_status rg_alike_check_data(const struct rg_config *config);

/* Change the config of a silent rank so that it writes no files. With compare or sweep it writes no pages, but keeps
 * the folder of --out, where every rank stores its trainings. On rank 0 and without ranks nothing changes. */
void rg_alike_hush(struct rg_config *config);
void rg_alike_hush_pages(struct rg_config *config);

#endif
