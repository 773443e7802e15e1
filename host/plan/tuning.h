/* What was measured of a device's speed. `bench --tune` finds the size of a chunk, the sequences that a work-group
 * takes, and whether a library is faster at wide products; the contest of train/contest.h finds whether a GPU in the
 * processor's memory is faster than the native device. Chunk and tile change no bit: a sequence's results do not depend
 * on its tile, and gradients do not depend on chunks of whole blocks. A library adds in another order than the kernels,
 * so its products differ in the last bits.
 *
 * There is one JSON file for each device, driver and number of units, where base/cache.h says. */
#ifndef RG_TUNING_H
#define RG_TUNING_H

#include "base/cache.h"
#include "device/device.h"

/* The path of a device's file. RG_NOT_SAVED: there is no folder for it. */
rg_status rg_tuning_path(const struct rg_device_info *info, char path[RG_CACHE_PATH]);

/* Write the file: info->chunk_bytes, info->tile, info->library_wins and info->native_loses. */
rg_status rg_tuning_save(const struct rg_device_info *info);

/* Read the same fields, if there is a file. One that is not of this device is not read, and a line on stderr says so.
 */
void rg_tuning_load(struct rg_device_info *info);

#endif
