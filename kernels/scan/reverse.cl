/* The reverse scan of a cell: see scan.cl. */

/* What all blocks of a work-group have in common. */
struct RG_CELL_NAME(reverse_tile) {
    __global const rg_real *out, *saved, *packed, *dh; /* out: states, in the columns of this direction */
    __global rg_real *d, *carry;
    __global const rg_u32 *begin;
    rg_u32 first; /* first row of the tile in the chunk; with 64 bits the lstm would have 141 registers on sm_90 */
    size_t rows;
#if RG_HAS_LOCAL_DELTAS
    __local rg_real *next, *now; /* deltas of the step processed before, and of this one */
#endif
#ifdef RG_LEARNED
    __global rg_real *gates; /* values of the update gate, for all steps */
    __local rg_real *sums;   /* [tile][RG_COLS] */
#endif
};

/* *block = the operands of the block at row r of the tile and panel p. It is not the return value, because oclgrind
 * cannot run what clang makes of a returned struct whose address is taken. */
RG_INLINE void RG_CELL_NAME(reverse_block_at)(const struct rg_scan_args *s,
                                              const struct RG_CELL_NAME(reverse_tile) * tile,
                                              const struct rg_tile_step *step, size_t p, size_t r,
                                              struct RG_CELL_NAME(reverse_block) * block) {
    const size_t unit = p * RG_NR, back = rg_steps_back(s);
    const int is_dilated = s->skip_kind == RG_SKIP_IS_DILATED;
    block->w_hidden = tile->packed + s->w_hidden + p * RG_GATES * s->hidden * RG_NR;
    block->w_skip = tile->packed + s->w_skip + p * RG_GATES * s->hidden * RG_NR;
    block->at = step->at + r;
    block->first = (rg_u32)(tile->first + r);
    block->unit = (rg_u32)unit;
    block->slot = (rg_u32)(step->order % back);
    block->to_skip = (ptrdiff_t)step->at_skip - (ptrdiff_t)step->at;
    block->to_prev = (ptrdiff_t)step->at_prev - (ptrdiff_t)step->at;
    block->has_prev = step->has_prev;
    block->skip_depth = step->has_skip ? s->hidden : 0;
#if RG_HAS_LOCAL_DELTAS
    const size_t line = RG_DELTAS_LINE(*s);
    (void)is_dilated;
    block->next = tile->next + RG_LOCAL_AT(r, 0, line);
    block->now = tile->now + RG_LOCAL_AT(r, 0, line);
    block->depth = step->has_next ? s->hidden : 0;
#else
    block->next = (ptrdiff_t)(is_dilated ? step->at_skip : step->at_next) - (ptrdiff_t)step->at;
    block->depth = is_dilated ? block->skip_depth : step->has_next ? s->hidden : 0;
#endif
    block->dh = s->every_step             ? tile->dh + s->out_column + (step->at + r) * s->out_stride + unit
                : step->t + 1 == s->steps ? tile->dh + s->out_column + (tile->first + r) * s->out_stride + unit
                                          : 0;
    block->h = tile->out;
    block->saved = tile->saved;
    block->carry = tile->carry;
    block->carried = step->order + back < s->steps;
    block->d = tile->d;
    block->begin = tile->begin;
    block->t = step->t;
#ifdef RG_LEARNED
    block->gate = tile->gates + (step->t * s->rows + tile->first + r) * RG_GATE_VALUES;
    block->w_gate = tile->packed + s->w_gate;
    block->plane = s->rows * s->h_stride;
#endif
}

/* Compute the block at row b of the tile and panel p: its products, then the cell's step. */
RG_INLINE void RG_CELL_NAME(reverse_at)(const struct rg_scan_args *s, const struct RG_CELL_NAME(reverse_tile) * tile,
                                        const struct rg_tile_step *step, size_t p, size_t b) {
#if RG_ITEMS == 1
    struct RG_CELL_NAME(reverse_block) block;
    RG_CELL_NAME(reverse_block_at)(s, tile, step, p, b, &block);
    const struct rg_block_size size = {rg_block_rows(tile->rows - b, RG_HOT_ROWS),
                                       RG_IS_WIDE(p, s->h_stride, RG_NR) ? RG_NV + 1 : RG_NV};
    const rg_part part = 0;
    rg_vec total[RG_MOST_VECTORS];
#define RG_REVERSE(R, r) RG_IF_WIDE(RG_IS_WIDE(p, s->h_stride, RG_NR), RG_RUN_BLOCK, reverse_rows, R)
    RG_SCAN_BLOCK(RG_HOT_ROWS, b, tile->rows, RG_REVERSE);
    RG_CELL_NAME(reverse_step_any_0)(*s, block, part, total, size);
#else
#define RG_REVERSE(R, r)                                                         \
    {                                                                            \
        struct RG_CELL_NAME(reverse_block) block;                                \
        RG_CELL_NAME(reverse_block_at)(s, tile, step, p, r, &block);             \
        const rg_part part = RG_ITEM_PART(R, get_local_id(0), tile->rows - (r)); \
        RG_RUN_BLOCK(RG_CAT(reverse_rows_, R));                                  \
    }
    RG_SCAN_BLOCK(RG_HOT_ROWS, b, tile->rows, RG_REVERSE);
#endif
#undef RG_REVERSE
}

#if RG_HAS_LOCAL_DELTAS
/* Take the deltas of the step that the launch before this one processed last into local memory, if there was one. */
RG_INLINE void RG_CELL_NAME(resume_deltas)(const struct rg_scan_args *s,
                                           const struct RG_CELL_NAME(reverse_tile) * tile) {
    const size_t line = RG_DELTAS_LINE(*s), t = s->backward ? s->steps - 1 - s->to : s->to;
    const size_t rows = s->to < s->steps ? tile->rows : 0;
    for (size_t r = get_local_id(1); r < rows; r += RG_ROWS) {
        __global const rg_real *const from = tile->d + (rg_tile_row(s, tile->first, t) + r) * s->d_stride;
        for (size_t g = 0; g < RG_GATES; g++) {
            const size_t delta = (g + 1 == RG_GATES ? RG_LAST_DELTA : g) * s->h_stride;
            for (size_t u = get_local_id(0) * RG_VEC; u < s->h_stride; u += RG_COLS * RG_VEC) {
                RG_STORE(RG_LOAD(from + delta + u), tile->next + RG_LOCAL_AT(r, g * s->h_stride + u, line));
            }
        }
    }
}
#endif

#ifdef RG_LEARNED
/* This item's share of <dL/ds, S - s> of each row at the step processed before. */
RG_INLINE void RG_CELL_NAME(reverse_gate_sums)(const struct rg_scan_args *s,
                                               const struct RG_CELL_NAME(reverse_tile) * tile,
                                               const struct rg_tile_step *step) {
    const size_t col = get_local_id(0), rows = step->has_next ? tile->rows : 0;
    __global const rg_real *const slopes = tile->carry + (s->rows + tile->first) * s->h_stride;
    for (size_t r = get_local_id(1); r < rows; r += RG_ROWS) {
        tile->sums[r * RG_COLS + col] = rg_gate_sum(slopes + r * s->h_stride, 0, s->hidden, col);
    }
}

/* The slopes of the update gate of each row. */
RG_INLINE void RG_CELL_NAME(reverse_gates)(const struct rg_scan_args *s, const struct RG_CELL_NAME(reverse_tile) * tile,
                                           const struct rg_tile_step *step) {
    const size_t now = step->t * s->rows + tile->first;
    const size_t next = step->has_next ? rg_step_after(s, step->t) * s->rows + tile->first : now;
    const rg_real budget = (rg_real)s->budget + (rg_real)s->budget_rest;
    for (size_t r = rg_item(); r < tile->rows; r += RG_ITEMS) {
        const rg_real slope = step->has_next ? rg_gate_total(tile->sums + r * RG_COLS) : 0.0f;
        rg_gate_step_reverse(tile->gates + (now + r) * RG_GATE_VALUES, tile->gates + (next + r) * RG_GATE_VALUES,
                             step->has_next, slope, budget);
    }
}
#endif

/* h [T][B][out_stride] and saved [T][B][d_stride] from the forward scan, packed weights, dh = dL/dh from above
 * ([T][B][out_stride], or [B][out_stride] of the last step alone), begin [B] -> d [T][B][d_stride], of which
 * RG_DELTAS*Hp are used. d may be the buffer of saved: the deltas of a step then replace its saved values.
 * carry [back][B][Hp], with a learned skip several of them, holds the values that pass from step to step beside the
 * deltas. */
RG_KERNEL void RG_SCAN_NAME(reverse)(__global const rg_real *restrict h, __global const rg_real *saved,
                                     __global const rg_real *restrict packed, __global const rg_real *restrict dh,
                                     __global rg_real *d, __global rg_real *carry,
                                     __global const rg_u32 *restrict begin,
                                     RG_GATES_PARAMETER const struct rg_scan_args s, __local RG_LOCAL_MEMORY *scratch) {
    struct RG_CELL_NAME(reverse_tile) tile;
    tile.out = h + s.out_column;
    tile.saved = saved;
    tile.packed = packed;
    tile.dh = dh;
    tile.d = d;
    tile.carry = carry;
    tile.begin = begin;
    tile.first = (rg_u32)s.first_row + (rg_u32)get_group_id(0) * s.tile;
    tile.rows = s.rows - tile.first < s.tile ? s.rows - tile.first : s.tile;
    __local rg_real *const local_memory = (__local rg_real *)scratch;
#if RG_HAS_LOCAL_DELTAS
    const size_t deltas = RG_TILE_NUMBERS(RG_ITEMS, (size_t)s.tile, (size_t)RG_GATES * s.h_stride, RG_VEC);
    tile.next = local_memory;
    tile.now = local_memory + deltas;
    RG_CELL_NAME(resume_deltas)(&s, &tile);
    RG_BARRIER;
#else
    const size_t deltas = 0;
#endif
#ifdef RG_LEARNED
    tile.gates = gates;
    tile.sums = local_memory + 2 * deltas;
#else
    (void)deltas, (void)local_memory;
#endif
    for (size_t order = s.to; order-- > s.from;) {
        const struct rg_tile_step step = rg_reverse_tile_step(&s, order, tile.first);
#ifdef RG_LEARNED
        RG_CELL_NAME(reverse_gate_sums)(&s, &tile, &step);
        RG_BARRIER;
        RG_CELL_NAME(reverse_gates)(&s, &tile, &step);
        RG_BARRIER;
#endif
        RG_EACH_BLOCK(order, p, RG_FIRST_PANEL(s.h_stride / RG_NR), RG_END_PANEL(s.h_stride / RG_NR), b, tile.rows,
                      RG_HOT_ROWS) {
            RG_CELL_NAME(reverse_at)(&s, &tile, &step, p, b);
        }
        RG_BARRIER;
#if RG_HAS_LOCAL_DELTAS
        __local rg_real *const swap = tile.next;
        tile.next = tile.now;
        tile.now = swap;
#endif
    }
}
