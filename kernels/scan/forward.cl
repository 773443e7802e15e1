/* The forward scan of a cell: see scan.cl. */

/* What all blocks of a work-group have in common. */
struct RG_CELL_NAME(forward_tile) {
    __global const rg_real *x, *packed;
    __global rg_real *out, *saved; /* states, in the columns of this direction; saved values */
    __global const rg_u32 *begin;
    size_t first, rows; /* first row of the tile in the chunk; how many */
    size_t at_init;     /* where h_0 of every sequence is */
#if RG_HAS_LOCAL_STATES
    __local rg_real *past, *now; /* states before and after the step */
#endif
#ifdef RG_LEARNED
    __global rg_real *gates; /* values of the update gate, for all steps */
    __local rg_real *sums;   /* [tile][RG_COLS] */
#endif
};

/* *block = the operands of the block at row r of the tile and panel p. It is not the return value, because oclgrind
 * cannot run what clang makes of a returned struct whose address is taken. */
RG_INLINE void RG_CELL_NAME(forward_block_at)(const struct rg_scan_args *s,
                                              const struct RG_CELL_NAME(forward_tile) * tile,
                                              const struct rg_tile_step *step, size_t p, size_t r,
                                              struct RG_CELL_NAME(forward_block) * block) {
    const size_t unit = p * RG_PANEL, width = RG_GATES * RG_PANEL, row = step->at + r;
    block->x = tile->x + row * s->x_stride;
    block->w_input = tile->packed + s->w_input + p * s->inputs * width;
    block->w_hidden = tile->packed + s->w_hidden + p * s->hidden * width;
    block->w_skip = tile->packed + s->w_skip + p * s->hidden * width;
    block->bias = tile->packed + s->bias + p * RG_SUMS_A_UNIT * RG_PANEL;
    block->to_skip = (ptrdiff_t)step->at_skip - (ptrdiff_t)step->at;
    block->to_prev = (ptrdiff_t)step->at_prev - (ptrdiff_t)step->at;
    block->to_init = (ptrdiff_t)tile->at_init - (ptrdiff_t)step->at;
    block->has_prev = step->has_prev;
    block->unit = unit;
#if RG_HAS_LOCAL_STATES
    const size_t line = RG_STATES_LINE(*s);
    block->past = tile->past + RG_LOCAL_AT(r, 0, line);
    block->depth = step->order || s->initial ? s->hidden : 0;
    block->skip_depth = step->has_skip ? s->hidden : 0;
    block->now = tile->now + RG_LOCAL_AT(r, unit, line);
#else
    block->past = tile->out + (step->at_prev + r) * s->out_stride;
    block->depth = step->has_prev ? s->hidden : 0;
    block->far = tile->out + (step->at_skip + r) * s->out_stride;
    block->skip_depth = s->skip_kind == RG_SKIP_IS_ADD && step->has_skip ? s->hidden : 0;
#endif
    block->h = tile->out + row * s->out_stride + unit;
    block->saved = tile->saved + row * (RG_KEPT ? s->d_stride : 0) + unit;
    block->begin = tile->begin + tile->first + r;
    block->t = step->t;
#ifdef RG_LEARNED
    block->gate = tile->gates + (step->t * s->rows + tile->first + r) * RG_GATE_VALUES;
#endif
}

/* Compute the block at row b of the tile and panel p: its products, then the cell's step. */
RG_INLINE void RG_CELL_NAME(forward_at)(const struct rg_scan_args *s, const struct RG_CELL_NAME(forward_tile) * tile,
                                        const struct rg_tile_step *step, size_t p, size_t b) {
#if RG_ITEMS == 1
    struct RG_CELL_NAME(forward_block) block;
    RG_CELL_NAME(forward_block_at)(s, tile, step, p, b, &block);
    const struct rg_block_size size = {rg_block_rows(tile->rows - b, RG_HEIGHT),
                                       RG_IS_WIDE(p, s->h_stride, RG_PANEL) ? RG_NV + 1 : RG_NV};
    const rg_part part = 0;
    rg_vec total[RG_MOST_VECTORS];
#define RG_FORWARD(R, r) RG_RUN_FORWARD(R)
    RG_SCAN_BLOCK(RG_HEIGHT, b, tile->rows, RG_FORWARD);
    RG_CELL_NAME(forward_step_any_0)(*s, block, part, total, size);
#else
#define RG_FORWARD(R, r)                                                         \
    {                                                                            \
        struct RG_CELL_NAME(forward_block) block;                                \
        RG_CELL_NAME(forward_block_at)(s, tile, step, p, r, &block);             \
        const rg_part part = RG_ITEM_PART(R, get_local_id(0), tile->rows - (r)); \
        RG_RUN_FORWARD(R)                                                        \
    }
    RG_SCAN_BLOCK(RG_HEIGHT, b, tile->rows, RG_FORWARD);
#endif
#undef RG_FORWARD
}

#if RG_HAS_LOCAL_STATES
/* Take the states that the launch before this one left in memory into local memory, if there was one. */
RG_INLINE void RG_CELL_NAME(resume_states)(const struct rg_scan_args *s,
                                           const struct RG_CELL_NAME(forward_tile) * tile) {
    const size_t t = rg_step_back(*s, s->from, 1), rows = t != RG_NO_STEP ? tile->rows : 0;
    for (size_t r = get_local_id(1); r < rows; r += RG_ROWS) {
        __global const rg_real *const from = tile->out + (rg_tile_row(s, tile->first, t) + r) * s->out_stride;
        for (size_t u = get_local_id(0) * RG_VEC; u < s->h_stride; u += RG_COLS * RG_VEC) {
            RG_STORE(RG_LOAD(from + u), tile->past + RG_LOCAL_AT(r, u, RG_STATES_LINE(*s)));
        }
    }
}
#endif

#ifdef RG_LEARNED
/* This item's share of W_uh s of each row, s being the state before this step. */
RG_INLINE void RG_CELL_NAME(forward_gate_sums)(const struct rg_scan_args *s,
                                               const struct RG_CELL_NAME(forward_tile) * tile,
                                               const struct rg_tile_step *step) {
    const size_t col = get_local_id(0), rows = step->order ? tile->rows : 0;
    const size_t at = step->order ? rg_tile_row(s, tile->first, rg_step_before(s, step->t)) : 0;
    for (size_t r = get_local_id(1); r < rows; r += RG_ROWS) {
#ifdef RG_PAST
        __global const rg_real *const state = tile->saved + (at + r) * s->d_stride + RG_PAST * s->h_stride;
#else
        __global const rg_real *const state = tile->out + (at + r) * s->out_stride;
#endif
        tile->sums[r * RG_COLS + col] = rg_gate_sum(state, tile->packed + s->w_gate, s->hidden, col);
    }
}

/* The update gate of each row at this step. */
RG_INLINE void RG_CELL_NAME(forward_gates)(const struct rg_scan_args *s, const struct RG_CELL_NAME(forward_tile) * tile,
                                           const struct rg_tile_step *step) {
    const size_t now = step->t * s->rows + tile->first;
    const size_t past = step->order ? rg_step_before(s, step->t) * s->rows + tile->first : now;
    for (size_t r = rg_item(); r < tile->rows; r += RG_ITEMS) {
        const rg_real logit =
            step->order ? rg_gate_total(tile->sums + r * RG_COLS) + tile->packed[s->w_gate + s->h_stride] : 0.0f;
        rg_gate_step(tile->gates + (now + r) * RG_GATE_VALUES, tile->gates + (past + r) * RG_GATE_VALUES,
                     step->order == 0, !s->ragged || step->t >= tile->begin[tile->first + r], logit);
    }
}
#endif

/* x [T][B][x_stride], packed weights, begin [B] -> h [T][B][out_stride] in the columns of this direction, saved
 * [T][B][d_stride], of which RG_KEPT*Hp are used. */
RG_KERNEL void RG_SCAN_NAME(forward)(__global const rg_real *restrict x, __global const rg_real *restrict packed,
                                     __global rg_real *h, __global rg_real *saved,
                                     __global const rg_u32 *restrict begin,
                                     RG_GATES_PARAMETER const struct rg_scan_args s, __local RG_LOCAL_MEMORY *scratch) {
    const rg_u32 first = (rg_u32)s.first_row + (rg_u32)get_group_id(0) * s.tile;
    struct RG_CELL_NAME(forward_tile) tile;
    tile.x = x;
    tile.packed = packed;
    tile.out = h + s.out_column;
    tile.saved = saved;
    tile.begin = begin;
    tile.first = first;
    tile.rows = s.rows - first < s.tile ? s.rows - first : s.tile;
    tile.at_init = s.initial ? (s.initial_at + 1) * s.rows + first : first;
    __local rg_real *const local_memory = (__local rg_real *)scratch;
#if RG_HAS_LOCAL_STATES
    const size_t states = RG_TILE_NUMBERS(RG_ITEMS, (size_t)s.tile, (size_t)s.h_stride, RG_VEC);
    tile.past = local_memory;
    tile.now = local_memory + states;
    RG_CELL_NAME(resume_states)(&s, &tile);
    RG_BARRIER;
#else
    const size_t states = 0;
#endif
#ifdef RG_LEARNED
    tile.gates = gates;
    tile.sums = local_memory + 2 * states;
#else
    (void)states, (void)local_memory;
#endif
    for (size_t order = s.from; order < s.to; order++) {
        const struct rg_tile_step step = rg_forward_tile_step(&s, order, first);
#ifdef RG_LEARNED
        RG_CELL_NAME(forward_gate_sums)(&s, &tile, &step);
        RG_BARRIER;
        RG_CELL_NAME(forward_gates)(&s, &tile, &step);
        RG_BARRIER;
#endif
        RG_EACH_BLOCK(order, p, RG_FIRST_PANEL(s.h_stride / RG_PANEL), RG_END_PANEL(s.h_stride / RG_PANEL), b,
                      tile.rows, RG_HEIGHT) {
            RG_CELL_NAME(forward_at)(&s, &tile, &step, p, b);
        }
        RG_BARRIER;
#if RG_HAS_LOCAL_STATES
        __local rg_real *const swap = tile.past;
        tile.past = tile.now;
        tile.now = swap;
#endif
    }
}
