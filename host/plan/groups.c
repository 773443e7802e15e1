/* The shape of work-groups on a GPU: see groups.h. */
#include "plan/groups.h"

#include "base/sizes.h"

enum {
    SMALL_BLOCK = 2, /* rows; with fewer, the loads of a block would take longer than its products */
    TILE = 32,       /* most sequences of a work-group */
    MIN_ITEMS = 32,  /* of a work-group: the sub-group of most GPUs */
    LIST_ITEMS = 64  /* fewest of a work-group of a list of blocks */
};

bool rg_groups_vary(const struct rg_device_info *info) {
    return info->is_gpu && rg_groups_list(info);
}

bool rg_groups_list(const struct rg_device_info *info) {
    return info->cols * info->rows > 1 && !info->tf32;
}

size_t rg_groups_blocks(const struct rg_weight_gradient_args *args, size_t panel) {
    const size_t panels = args->n / panel;
    size_t all = 0;
    for (rg_u32 i = 0; i < args->n_sources; i++) {
        const struct rg_gradient_source *const from = &args->sources[i];
        const size_t gap = from->skip_gate == (rg_u32)RG_NO_GATE ? 0 : args->gate_width / panel;
        all += (panels - gap) * RG_OUTER_BLOCKS(from->depth, from->sums) + (from->sums ? gap : 0);
    }
    return all;
}

/* How many item rows for `blocks` blocks: `max`, or the largest of its halves, quarters … of which nine tenths have a
 * block. If none has, the one with the fewest idle item rows. */
static int item_rows_of(const struct rg_device_info *info, int max, size_t blocks) {
    int best = max;
    size_t best_room = 0;
    for (int rows = max; rows >= 1 && (rows == max || rows * info->cols >= MIN_ITEMS); rows /= 2) {
        const size_t room = rg_round_up(blocks, (size_t)rows);
        if (10 * blocks >= 9 * room) {
            return rows;
        }
        if (best_room == 0 || room < best_room) {
            best = rows;
            best_room = room;
        }
    }
    return best;
}

int rg_groups_list_rows(const struct rg_device_info *info, size_t blocks) {
    if (!rg_groups_vary(info) || info->rows == 1) {
        return info->rows;
    }
    int rows = info->rows / 2;
    while (rows * info->cols > LIST_ITEMS && blocks < (size_t)rows * RG_GROUPS_A_UNIT * (size_t)info->units) {
        rows /= 2;
    }
    return rows;
}

/* The shape for `panels` panels and the rows of the plan's tile: blocks of four rows if every item row then has one,
 * else blocks of two. */
static struct rg_plan_group shape_of(const struct rg_plan *p, const struct rg_device_info *info, size_t panels) {
    const size_t rows = rg_min(p->tile, rg_plan_launched_rows(p));
    size_t block = rg_min(RG_GPU_BLOCK_ROWS, rows);
    if (panels * rg_divide_up(rows, block) < (size_t)info->rows) {
        block = rg_min(SMALL_BLOCK, rows);
    }
    block = block == 3 ? 1 : block; /* blocks have 4, 2 or 1 rows */
    return (struct rg_plan_group){.item_rows = item_rows_of(info, info->rows, panels * rg_divide_up(rows, block)),
                                  .block_rows = (int)block};
}

void rg_groups_shape(struct rg_plan *p, const struct rg_device_info *info) {
    const size_t narrow = (size_t)info->cols * (size_t)info->vec, wide = narrow * (size_t)info->nv;
    const size_t forward = p->h_stride / (p->gates == 1 ? wide : narrow), reverse = p->h_stride / wide;
    p->forward = p->reverse = (struct rg_plan_group){0, 0};
    if (rg_groups_vary(info) && !rg_plan_learned(p)) {
        p->forward = shape_of(p, info, rg_divide_up(forward, p->groups_per_tile));
        p->reverse = shape_of(p, info, rg_divide_up(reverse, p->groups_per_tile));
    }
}

/* Choose the largest tile of at most `fit` sequences that leaves a work-group for each compute unit, but at least one
 * sequence. The larger the tile, the less often a scan reads the weights. */
void rg_groups_tile(struct rg_plan *p, const struct rg_device_info *info, size_t fit) {
    size_t tile = info->tile ? info->tile : TILE;
    while (tile > 1 && (tile > fit || rg_divide_up(rg_plan_launched_rows(p), tile) < (size_t)info->units)) {
        tile = tile > RG_GPU_BLOCK_ROWS ? rg_round_up(tile / 2, RG_GPU_BLOCK_ROWS) : tile / 2;
    }
    p->tile = tile;
}
