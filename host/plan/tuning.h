/* What `bench --tune` found out about a device: how much of a batch to work on at once, and how many sequences a
 * work-group takes, and whether a library is faster at wide products; and what the contest of a GPU in the processor's
 * memory with the native device found (train/contest.h). Speed alone depends on it: a sequence's results
 * do not depend on its tile, and gradients not on chunks of whole blocks.
 *
 * Kept as base/cache.h says, in one JSON file for each device, driver and number of units. */
#ifndef RG_TUNING_H
#define RG_TUNING_H

#include "base/cache.h"
#include "device/device.h"

/* Where the tuning of a device lies. RG_NOT_SAVED: there is no folder for it (base/cache.h). */
rg_status rg_tuning_path(const struct rg_device_info *info, char path[RG_CACHE_PATH]);

/* Write info->chunk_bytes, info->tile, info->library_wins and info->native_loses there. */
rg_status rg_tuning_save(const struct rg_device_info *info);

/* Set them where there is a file. One that is no tuning of this device is left alone, with
 * a line that says so. */
void rg_tuning_load(struct rg_device_info *info);

#endif
