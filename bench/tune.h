/* Measures which chunk and tile a device is fastest with. */
#ifndef RG_BENCH_TUNE_H
#define RG_BENCH_TUNE_H

#include "bench/bench.h"

/* Try chunks and tiles on `repeats` updates of each cell; some 20 s on a fast CPU with 5. The best stay in
 * device->info.chunk_bytes and .tile, 0 for the plan's own where nothing is clearly better. *gain: how many times
 * faster than the plan's own. */
rg_status rg_bench_tune(struct rg_device *device, size_t repeats, double *gain);

#endif
