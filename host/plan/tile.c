/* Sequences of a work-group in a scan: see tile.h. */
#include "plan/tile.h"

#include "base/sizes.h"
#include "kernels/base/args.h"
#include "plan/groups.h"

enum {
    FIVE_ROWS = 5, /* heights of smaller blocks of a processor: RG_SCAN_BLOCK of kernels/base/common.cl */
    HALF_BLOCK = 4,
    GPU_TILE = 32,
    EVEN_TILE = 16,
    MAX_TILE = 64
};

/* Choose how many work-groups share a tile; if several do, also its rows, at most `fit`. With one group a tile, fewer
 * tiles than processors leave some processors idle, and each tile reads all of W_hh in every step. So if W_hh is large,
 * each step becomes a launch in which several groups share the units of a tile. On a GPU this does not shorten the time
 * that an item waits for its weights. So there it pays only if all tiles together, of p->tile rows each, read very
 * much. */
static void plan_groups_per_tile(struct rg_plan *p, const struct rg_device_info *info, size_t fit) {
    const uint64_t bytes = (uint64_t)p->gates * p->hidden * p->h_stride * p->real_bytes;
    const size_t rows = rg_plan_launched_rows(p), units = (size_t)info->units,
                 tile = rg_min(rg_min(rows, info->rows > 1 ? GPU_TILE : RG_CPU_BLOCK_ROWS), fit);
    const size_t tiles = rg_divide_up(rows, tile), single_rows = (size_t)HALF_BLOCK * units / rows;
    /* a weight that was read serves up to four rows: with more than two rows a processor sharing saves fewer reads */
    const uint64_t enough = info->shared_step_bytes * (info->is_gpu || rows <= 2 * units ? 1U : 2U),
                   read = bytes * (info->is_gpu ? rg_divide_up(rows, p->tile) : 1);
    p->groups_per_tile = 1;
    if (!rg_plan_learned(p) && 2 * tiles <= units && read >= enough) {
        p->tile = tile;
        /* a processor gets more groups than it has units to run them, so that a late group has less work */
        p->groups_per_tile = info->is_gpu ? units / tiles : rg_max(units / tiles, single_rows);
    }
}

/* With tensor cores, or a processor in the shape of a GPU: the largest tile that leaves work for three quarters of the
 * units. */
static size_t gpu_tile(const struct rg_plan *p, const struct rg_device_info *info) {
    size_t tile = info->tile ? info->tile : GPU_TILE;
    while (tile > RG_GPU_BLOCK_ROWS && 4 * rg_divide_up(rg_plan_launched_rows(p), tile) < 3 * (size_t)info->units) {
        tile = rg_round_up(tile / 2, RG_GPU_BLOCK_ROWS);
    }
    return tile;
}

/* Tiles of whole blocks, eight for each unit. A roomy processor, whose blocks fit other numbers of rows too, gets few
 * tiles of equal length: each reads the weights once a step. With EVEN_TILE rows or a few more, its states and deltas
 * stay in the first-level caches. */
static size_t cpu_tile(const struct rg_plan *p, const struct rg_device_info *info) {
    const size_t rows = rg_plan_launched_rows(p), units = (size_t)info->units, shared = rg_divide_up(rows, units);
    const bool roomy = rg_device_is_roomy(info);
    if (shared <= 1) {
        return 1;
    }
    if (shared < RG_CPU_BLOCK_ROWS) {
        return shared <= HALF_BLOCK ? HALF_BLOCK : roomy && shared == FIVE_ROWS ? FIVE_ROWS : RG_CPU_BLOCK_ROWS;
    }
    if (info->tile) {
        return rg_min(info->tile, rg_round_up(shared, RG_CPU_BLOCK_ROWS));
    }
    const size_t few = roomy ? rg_divide_up(rows, units * rg_max(1, shared / EVEN_TILE)) : 0;
    return rg_max(few, rg_round_up(rg_divide_up(rows, 8 * units), RG_CPU_BLOCK_ROWS));
}

/* Choose the sequences of a work-group: few enough that the device has groups for all its units, and no more than local
 * memory holds. A processor keeps states and deltas in no local memory, but in its cache; there the size of local
 * memory that it reports stands for the cache in which they should fit. */
rg_status rg_tile_plan(struct rg_plan *p, const struct rg_device *device) {
    const struct rg_device_info *info = &device->info;
    const size_t items = rg_device_items(device), vec = (size_t)info->vec;
    const size_t width = (items == 1 ? p->gates : 1) * p->h_stride;
    const size_t sums = rg_plan_learned(p) ? (size_t)info->cols : 0;
    const size_t one = 2 * RG_TILE_NUMBERS(items, (size_t)1, width, vec) + sums;
    const size_t more = 2 * RG_TILE_NUMBERS(items, (size_t)2, width, vec) + 2 * sums - one;
    const size_t room = info->max_local_bytes / p->real_bytes;
    if (items > 1 && room < one) {
        const size_t panel = rg_device_panel(device), max_hidden = room / 4 / panel * panel;
        return rg_fail(
            RG_NO_MEMORY,
            "--hidden %zu needs %zu bytes of local memory for one sequence, %s has %zu; at most --hidden %zu fits",
            p->hidden, one * p->real_bytes, info->name, info->max_local_bytes, max_hidden);
    }
    const size_t fit = room < one ? 1 : 1 + (room - one) / more;
    const size_t step = info->tf32 ? RG_WARP_ROWS : items > 1 ? RG_GPU_BLOCK_ROWS : RG_CPU_BLOCK_ROWS;
    const size_t wanted = rg_min(items > 1 ? gpu_tile(p, info) : cpu_tile(p, info), MAX_TILE);
    p->tile = rg_min(wanted, fit >= step ? fit / step * step : fit);
    if (rg_groups_vary(info)) {
        rg_groups_tile(p, info, fit);
    }
    plan_groups_per_tile(p, info, fit);
    rg_groups_shape(p, info);
    return RG_OK;
}
