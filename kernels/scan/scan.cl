/* Forward and reverse scan of one cell over whole sequences. Included once for each cell, after the cell's file.
 *
 * A work-group owns a tile of sequences and carries it through all T steps. The recurrence couples the units of one
 * sequence and never two sequences, so groups do not wait for each other. */
/* clang-format off */
/*   on a GPU, states in local memory: [2][tile][Hp and padding]; a step reads one half and writes the other
 *   for each step
 *     for each panel of units      items of a row, side by side
 *       for each block of rows     items below each other
 *         a block of the product in registers -> the cell -> the new state
 */
/* clang-format on */
/* In the reverse scan the rows are deltas, those of one gate if they are in local memory (RG_DELTAS_ARE_LOCAL). A
 * processor, and a GPU with several gates, reads them from d in global memory; a processor reads states there too.
 *
 * All sequences end at t = T-1. In a ragged chunk sequence b starts at begin[b]; h and delta are 0 before that, except
 * at the step before the start, where h is h_0. The backward direction goes from T-1 down. In both directions `order`
 * counts the steps as the forward scan processes them; the reverse scan goes through `order` from the end.
 *
 * A launch computes a half-open range of steps and continues from what the launch before it left in memory. A launch
 * of a single step may give several work-groups to a tile (dimension 1), which share out its panels. */
#define RG_CELL_NAME(name) RG_CAT(RG_CAT(rg_, RG_CELL), RG_CAT(_, name))
/* Compile error (an array of negative size) if the cell's file and its row in cells/cells.h differ. */
typedef char RG_CELL_NAME(equals_its_row)[((RG_GATES == RG_CELL_NAME(gates)) & (RG_SAVED == RG_CELL_NAME(saved)) &
                                           (RG_DELTAS == RG_CELL_NAME(deltas)))
                                              ? 1
                                              : -1];
#ifdef RG_LEARNED
/* A learned skip also saves the state that the cell would give if its update gate were open: h and, if the cell has
 * one, c. In this file RG_GATES counts the cell's gates; RG_GATE_… and `gate` concern the one update gate. */
#ifdef RG_PAST
#define RG_KEPT (RG_SAVED + 2)
#else
#define RG_KEPT (RG_SAVED + 1)
#endif
#define RG_SCAN_NAME(name) RG_CELL_NAME(learned_##name)
#define RG_GATES_PARAMETER __global rg_real *gates,
#define RG_GATE_BLOCK(b, row) (b).gate = gates + (row)*RG_GATE_VALUES
#define RG_GATE_BLOCK_REVERSE(b) ((b).w_gate = packed + s.w_gate, (b).plane = plane)
#ifdef RG_PAST
#define RG_GATE_STATE(h, saved, row) ((saved) + (row)*s.d_stride + RG_PAST * s.h_stride)
#else
#define RG_GATE_STATE(h, saved, row) ((h) + (row)*s.out_stride)
#endif
#define RG_FIRST_PANEL(panels) 0 /* the gate's sums need all panels of a tile in one group */
#define RG_END_PANEL(panels) (panels)
#else
#define RG_FIRST_PANEL(panels) rg_panel_share(panels, (rg_u32)get_group_id(1))
#define RG_END_PANEL(panels) rg_panel_share(panels, (rg_u32)get_group_id(1) + 1)
#define RG_KEPT RG_SAVED
#define RG_SCAN_NAME(name) RG_CELL_NAME(name)
#define RG_GATES_PARAMETER
#define RG_GATE_BLOCK(b, row)
#define RG_GATE_BLOCK_REVERSE(b)
#endif
/* A block's operands. Pointers point to the block's first row and, where there are units, to its panel's first unit. */
struct RG_CELL_NAME(forward_block) {
    __global const rg_real *x, *w_input, *w_hidden, *w_skip, *bias;
    size_t depth, skip_depth; /* H, or 0 if the step does not exist */
#if RG_STATES_ARE_LOCAL(RG_COLS * RG_ROWS)
    __local const rg_real *past; /* h_{t-1} in local memory, from unit 0 on */
    __local rg_real *now;
#else
    __global const rg_real *past, *far; /* the states that W_hh and W_sh multiply, from unit 0 on */
#endif
    __global rg_real *h, *saved;
    /* rows from the block to h_{t-d}, to the state that W_hh multiplies, and to h_0 */
    ptrdiff_t to_skip, to_prev, to_init;
    int has_prev;
    size_t unit;
    __global const rg_u32 *begin;
    size_t t;
    __global const rg_real *gate; /* learned skip: this step's values of the update gate */
};

struct RG_CELL_NAME(reverse_block) {
    __global const rg_real *w_hidden, *w_skip;
#if RG_DELTAS_ARE_LOCAL(RG_COLS * RG_ROWS, RG_GATES)
    __local const rg_real *next; /* deltas of the step processed before, at unit 0 */
    __local rg_real *now;
#else
    ptrdiff_t next;
#endif
    size_t depth, skip_depth;
    __global const rg_real *dh; /* gradient from above at the block, or null */
    /* From here on pointers are at unit 0 and row 0 of the launch's memory, and the block's place in them is given by
     * these numbers. A GPU adds them only after the products, because the products leave few registers. */
    size_t at;          /* the block's first row at this step */
    rg_u32 first, unit; /* the block's first row in the chunk; its panel's first unit */
    rg_u32 slot;        /* place of this step in `carry` */
    __global const rg_real *h, *saved;
    ptrdiff_t to_skip, to_prev; /* rows from the block */
    int has_prev;
    __global rg_real *carry;
    int carried; /* 0: nothing is carried into this step */
    __global rg_real *d;
    __global const rg_u32 *begin;
    size_t t;
    __global const rg_real *gate, *w_gate; /* learned skip: this step's values of the gate, and W_uh */
    size_t plane;                          /* distance between two carried values of the learned skip */
};

#if RG_TF32
#undef RG_HEIGHT
#define RG_HEIGHT RG_HOT_ROWS
#endif
#define RG_SUM_VECTORS (RG_SUMS_A_UNIT * RG_WIDE)
#define RG_LAST_DELTA (RG_DELTAS - 1) /* delta of the last gate's recurrent product */
#if RG_COLS * RG_ROWS == 1
#define RG_TOTAL_PARAMETER , rg_vec *total
#define RG_SIZE_PARAMETER , struct rg_block_size size
#define RG_BLOCK_TOTAL(vectors)
#define RG_THEN_STEP(step)
#define RG_RUN_BLOCK(rows_of) RG_CELL_NAME(rows_of)(&s, &block, part, total)
#define RG_MOST_VECTORS (RG_BLOCK_ROWS * RG_SUMS_A_UNIT * (RG_NV + RG_ROOMY)) /* of a block's sums */
#include "base/any.cl"
#define RG_R 0
#include "scan/cell_step.cl"
#undef RG_R
#include "base/usual.cl"
#else
#define RG_TOTAL_PARAMETER
#define RG_SIZE_PARAMETER
#define RG_BLOCK_TOTAL(vectors) rg_vec total[RG_FRAGMENTS * (vectors)];
#define RG_THEN_STEP(step) RG_CELL_NAME(RG_SIZED(step))(*s, *b, part, total);
#define RG_RUN_BLOCK(rows_of) RG_CELL_NAME(rows_of)(&s, &block, part)
#endif
#include "scan/cell_sizes.cl"
#if RG_ROOMY
#include "base/wide.cl"
#include "scan/cell_sizes.cl"
#include "base/usual.cl"
#endif
#define RG_PANEL RG_LINE(RG_WIDE) /* units of a panel of the forward scan */
#if RG_WIDE == RG_N
#define RG_RUN_FORWARD(R) RG_IF_WIDE(RG_IS_WIDE(p, s.h_stride, RG_PANEL), RG_RUN_BLOCK, forward_rows, R)
#else
#define RG_RUN_FORWARD(R) RG_RUN_BLOCK(RG_CAT(forward_rows_, R));
#endif
#define RG_HAS(t) ((t) != RG_NO_STEP)
#define RG_TILE_AT(t) (((t)-s.base) * s.rows + first) /* first row of the tile at step t */
/* first row of the tile at the direction's next step, which the reverse scan has processed already */
#define RG_ROW_NEXT (has_next ? RG_TILE_AT(s.backward ? t - 1 : t + 1) : at)
#define RG_ROW_OF(t) (RG_HAS(t) ? RG_TILE_AT(t) : at)

#if RG_SCAN_PART != RG_REVERSE_PART
/* Where a block of the forward scan reads the states of earlier steps. */
#if RG_STATES_ARE_LOCAL(RG_COLS * RG_ROWS)
#define RG_PAST_STEPS(row)                            \
    block.past = past + RG_LOCAL_AT(row, 0, line);    \
    block.depth = order || s.initial ? s.hidden : 0;  \
    block.skip_depth = RG_HAS(t_skip) ? s.hidden : 0; \
    block.now = now + RG_LOCAL_AT(row, unit, line);
#else
#define RG_PAST_STEPS(row)                             \
    block.past = out + (at_prev + row) * s.out_stride; \
    block.depth = RG_HAS(t_prev) ? s.hidden : 0;       \
    block.far = out + (at_skip + row) * s.out_stride;  \
    block.skip_depth = s.skip_kind == RG_SKIP_IS_ADD && RG_HAS(t_skip) ? s.hidden : 0;
#endif

/* x [T][B][x_stride], packed weights, begin [B] -> h [T][B][out_stride] in the columns of this direction, saved
 * [T][B][d_stride], of which RG_KEPT*Hp are used. */
RG_KERNEL void RG_SCAN_NAME(forward)(__global const rg_real *restrict x, __global const rg_real *restrict packed,
                                     __global rg_real *h, __global rg_real *saved,
                                     __global const rg_u32 *restrict begin,
                                     RG_GATES_PARAMETER const struct rg_scan_args s, __local RG_LOCAL_MEMORY *scratch) {
    const rg_u32 first = (rg_u32)s.first_row + (rg_u32)get_group_id(0) * s.tile;
    const size_t rows = s.rows - first < s.tile ? s.rows - first : s.tile;
    const size_t saved_stride = RG_KEPT ? s.d_stride : 0, col = get_local_id(0);
    const size_t back =
        s.skip_kind == RG_SKIP_IS_DILATED ? s.skip : 1; /* steps back to the state that W_hh multiplies */
    __global rg_real *const out = h + s.out_column;
    const size_t at_init = s.initial ? (s.initial_at + 1) * s.rows + first : first; /* h_0 of every sequence */
#if RG_STATES_ARE_LOCAL(RG_COLS * RG_ROWS)
    const size_t line = RG_TILE_LINE(RG_ITEMS, (size_t)s.tile, (size_t)s.h_stride, RG_VEC);
    const size_t buffer = RG_TILE_NUMBERS(RG_ITEMS, (size_t)s.tile, (size_t)s.h_stride, RG_VEC);
    __local rg_real *past = (__local rg_real *)scratch, *now = past + buffer;
#ifdef RG_LEARNED
    __local rg_real *const sums = past + 2 * buffer; /* [tile][RG_COLS] */
#endif
    /* the states that the launch before left, if it did */
    const size_t t_past = rg_step_back(s, s.from, 1), resumed_rows = RG_HAS(t_past) ? rows : 0;
    for (size_t r = get_local_id(1); r < resumed_rows; r += RG_ROWS) {
        __global const rg_real *const from = out + (RG_TILE_AT(t_past) + r) * s.out_stride;
        for (size_t u = col * RG_VEC; u < s.h_stride; u += RG_COLS * RG_VEC) {
            RG_STORE(RG_LOAD(from + u), past + RG_LOCAL_AT(r, u, line));
        }
    }
    RG_BARRIER;
#elif defined RG_LEARNED
    __local rg_real *const sums = (__local rg_real *)scratch;
#else
    (void)scratch;
#endif
    for (size_t order = s.from; order < s.to; order++) {
        const size_t t = s.backward ? s.steps - 1 - order : order;
        const size_t at = RG_TILE_AT(t);
        const size_t t_skip = rg_step_back(s, order, s.skip), t_prev = rg_step_back(s, order, back);
        const size_t at_skip = RG_ROW_OF(t_skip), at_prev = RG_ROW_OF(t_prev);
#ifdef RG_LEARNED
        const size_t t_before = s.backward ? t + 1 : t - 1, at_past = order ? RG_TILE_AT(t_before) : at;
        /* gates are kept for all steps */
        const size_t gate = t * s.rows + first, gate_past = order ? t_before * s.rows + first : gate;
        for (size_t r = get_local_id(1); order && r < rows; r += RG_ROWS) {
            __global const rg_real *const state = RG_GATE_STATE(out, saved, at_past + r);
            sums[r * RG_COLS + col] = rg_gate_sum(state, packed + s.w_gate, s.hidden, col);
        }
        RG_BARRIER;
        for (size_t r = rg_item(); r < rows; r += RG_ITEMS) {
            const rg_real logit = order ? rg_gate_total(sums + r * RG_COLS) + packed[s.w_gate + s.h_stride] : 0.0f;
            rg_gate_step(gates + (gate + r) * RG_GATE_VALUES, gates + (gate_past + r) * RG_GATE_VALUES, order == 0,
                         !s.ragged || t >= begin[first + r], logit);
        }
        RG_BARRIER;
#endif
        RG_EACH_BLOCK(order, p, RG_FIRST_PANEL(s.h_stride / RG_PANEL), RG_END_PANEL(s.h_stride / RG_PANEL), b, rows,
                      RG_HEIGHT) {
#define RG_FORWARD_BLOCK(R, r)                                     \
    struct RG_CELL_NAME(forward_block) block;                      \
    const size_t unit = p * RG_PANEL, width = RG_GATES * RG_PANEL; \
    block.x = x + (at + r) * s.x_stride;                           \
    block.w_input = packed + s.w_input + p * s.inputs * width;     \
    block.w_hidden = packed + s.w_hidden + p * s.hidden * width;   \
    block.w_skip = packed + s.w_skip + p * s.hidden * width;       \
    block.bias = packed + s.bias + p * RG_SUMS_A_UNIT * RG_PANEL;  \
    block.to_skip = (ptrdiff_t)at_skip - (ptrdiff_t)at;            \
    block.to_prev = (ptrdiff_t)at_prev - (ptrdiff_t)at;            \
    block.to_init = (ptrdiff_t)at_init - (ptrdiff_t)at;            \
    block.has_prev = RG_HAS(t_prev);                               \
    block.unit = unit;                                             \
    RG_PAST_STEPS(r)                                               \
    block.h = out + (at + r) * s.out_stride + unit;                \
    block.saved = saved + (at + r) * saved_stride + unit;          \
    block.begin = begin + first + r;                               \
    block.t = t;                                                   \
    RG_GATE_BLOCK(block, gate + r);                                \
    const rg_part part = RG_ITEM_PART(R, col, rows - (r));
#if RG_COLS * RG_ROWS == 1
            rg_vec total[RG_MOST_VECTORS];
            RG_FORWARD_BLOCK(1, b)
            const struct rg_block_size size = {rg_block_rows(rows - b, RG_HEIGHT),
                                               RG_IS_WIDE(p, s.h_stride, RG_PANEL) ? RG_NV + 1 : RG_NV};
#define RG_FORWARD(R, r) RG_RUN_FORWARD(R)
            RG_SCAN_BLOCK(RG_HEIGHT, b, rows, RG_FORWARD);
            RG_CELL_NAME(forward_step_any_0)(s, block, part, total, size);
#else
#define RG_FORWARD(R, r) {RG_FORWARD_BLOCK(R, r) RG_RUN_FORWARD(R)}
            RG_SCAN_BLOCK(RG_HEIGHT, b, rows, RG_FORWARD);
#endif
#undef RG_FORWARD
#undef RG_FORWARD_BLOCK
        }
        RG_BARRIER;
#if RG_STATES_ARE_LOCAL(RG_COLS * RG_ROWS)
        __local rg_real *const swap = past;
        past = now;
        now = swap;
#endif
    }
}

#endif

#if RG_SCAN_PART != RG_FORWARD_PART
/* Where a block of the reverse scan reads the deltas of the step processed before. */
#if RG_DELTAS_ARE_LOCAL(RG_COLS * RG_ROWS, RG_GATES)
#define RG_NEXT_STEP(row)                          \
    block.next = next + RG_LOCAL_AT(row, 0, line); \
    block.now = now + RG_LOCAL_AT(row, 0, line);   \
    block.depth = has_next ? s.hidden : 0;
#else
#define RG_NEXT_STEP(row)                                                                                \
    block.next = (ptrdiff_t)(s.skip_kind == RG_SKIP_IS_DILATED ? at_skip : RG_ROW_NEXT) - (ptrdiff_t)at; \
    block.depth = s.skip_kind == RG_SKIP_IS_DILATED ? block.skip_depth : has_next ? s.hidden : 0;
#endif

/* h and saved from the forward scan, packed weights, dh = dL/dh from above, begin [B] -> d [T][B][d_stride], of which
 * RG_DELTAS*Hp are used. carry [back][B][Hp], with a learned skip several of them, holds the values that pass from step
 * to step beside the deltas. */
RG_KERNEL void RG_SCAN_NAME(reverse)(__global const rg_real *restrict h, __global const rg_real *saved,
                                     __global const rg_real *restrict packed, __global const rg_real *restrict dh,
                                     __global rg_real *d, __global rg_real *carry,
                                     __global const rg_u32 *restrict begin,
                                     RG_GATES_PARAMETER const struct rg_scan_args s, __local RG_LOCAL_MEMORY *scratch) {
    /* 32 bits: with 64 the lstm's scan would have 141 registers on sm_90, too many for two groups */
    const rg_u32 first = (rg_u32)s.first_row + (rg_u32)get_group_id(0) * s.tile;
    const size_t rows = s.rows - first < s.tile ? s.rows - first : s.tile;
    const size_t col = get_local_id(0);
    const size_t back = s.skip_kind == RG_SKIP_IS_DILATED ? s.skip : 1;
#if RG_DELTAS_ARE_LOCAL(RG_COLS * RG_ROWS, RG_GATES)
    const size_t line = RG_TILE_LINE(RG_ITEMS, (size_t)s.tile, (size_t)RG_GATES * s.h_stride, RG_VEC);
    const size_t buffer = RG_TILE_NUMBERS(RG_ITEMS, (size_t)s.tile, (size_t)RG_GATES * s.h_stride, RG_VEC);
    __local rg_real *next = (__local rg_real *)scratch, *now = next + buffer;
#endif
    __global const rg_real *const out = h + s.out_column;
#ifdef RG_LEARNED
#if RG_DELTAS_ARE_LOCAL(RG_COLS * RG_ROWS, RG_GATES)
    __local rg_real *const sums = next + 2 * buffer;
#else
    __local rg_real *const sums = (__local rg_real *)scratch;
#endif
#elif !RG_DELTAS_ARE_LOCAL(RG_COLS * RG_ROWS, RG_GATES)
    (void)scratch;
#endif
#if RG_DELTAS_ARE_LOCAL(RG_COLS * RG_ROWS, RG_GATES)
    /* the step that the previous launch processed last, if there was one */
    const size_t t_next = s.backward ? s.steps - 1 - s.to : s.to;
    const size_t resumed_rows = s.to < s.steps ? rows : 0;
    for (size_t r = get_local_id(1); r < resumed_rows; r += RG_ROWS) {
        __global const rg_real *const from = d + (RG_TILE_AT(t_next) + r) * s.d_stride;
        for (size_t g = 0; g < RG_GATES; g++) {
            const size_t delta = (g + 1 == RG_GATES ? RG_DELTAS - 1 : g) * s.h_stride;
            for (size_t u = col * RG_VEC; u < s.h_stride; u += RG_COLS * RG_VEC) {
                RG_STORE(RG_LOAD(from + delta + u), next + RG_LOCAL_AT(r, g * s.h_stride + u, line));
            }
        }
    }
    RG_BARRIER;
#endif
    for (size_t order = s.to; order-- > s.from;) {
        const size_t t = s.backward ? s.steps - 1 - order : order;
        const size_t at = RG_TILE_AT(t);
        const size_t t_skip = s.backward ? t - s.skip : t + s.skip, t_prev = rg_step_back(s, order, back);
        const size_t at_skip = order + s.skip < s.steps ? RG_TILE_AT(t_skip) : at;
        const size_t at_prev = RG_ROW_OF(t_prev);
        const int has_next = order + 1 < s.steps; /* the direction has a next step, processed already */
#ifdef RG_LEARNED
        const size_t gate = t * s.rows + first, gate_next = (s.backward ? t - 1 : t + 1) * s.rows + first;
        const size_t plane = s.rows * s.h_stride;
        for (size_t r = get_local_id(1); has_next && r < rows; r += RG_ROWS) {
            sums[r * RG_COLS + col] = rg_gate_sum(carry + plane + (first + r) * s.h_stride, 0, s.hidden, col);
        }
        RG_BARRIER;
        for (size_t r = rg_item(); r < rows; r += RG_ITEMS) {
            rg_gate_step_reverse(
                gates + (gate + r) * RG_GATE_VALUES, has_next ? gates + (gate_next + r) * RG_GATE_VALUES : 0,
                has_next ? rg_gate_total(sums + r * RG_COLS) : 0.0f, (rg_real)s.budget + (rg_real)s.budget_rest);
        }
        RG_BARRIER;
#endif
        RG_EACH_BLOCK(order, p, RG_FIRST_PANEL(s.h_stride / RG_NR), RG_END_PANEL(s.h_stride / RG_NR), b, rows,
                      RG_HOT_ROWS) {
#define RG_REVERSE_BLOCK(R, r)                                                            \
    struct RG_CELL_NAME(reverse_block) block;                                             \
    const size_t unit = p * RG_NR;                                                        \
    block.w_hidden = packed + s.w_hidden + p * RG_GATES * s.hidden * RG_NR;               \
    block.w_skip = packed + s.w_skip + p * RG_GATES * s.hidden * RG_NR;                   \
    block.at = at + r;                                                                    \
    block.first = (rg_u32)(first + r);                                                    \
    block.unit = (rg_u32)unit;                                                            \
    block.slot = (rg_u32)(order % back);                                                  \
    block.to_skip = (ptrdiff_t)at_skip - (ptrdiff_t)at;                                   \
    block.to_prev = (ptrdiff_t)at_prev - (ptrdiff_t)at;                                   \
    block.has_prev = RG_HAS(t_prev);                                                      \
    block.skip_depth = order + s.skip < s.steps ? s.hidden : 0;                           \
    RG_NEXT_STEP(r)                                                                       \
    block.dh = s.every_step       ? dh + s.out_column + (at + r) * s.out_stride + unit    \
               : t + 1 == s.steps ? dh + s.out_column + (first + r) * s.out_stride + unit \
                                  : 0;                                                    \
    block.h = out;                                                                        \
    block.saved = saved;                                                                  \
    block.carry = carry;                                                                  \
    block.carried = order + back < s.steps;                                               \
    block.d = d;                                                                          \
    block.begin = begin;                                                                  \
    block.t = t;                                                                          \
    RG_GATE_BLOCK(block, gate + r);                                                       \
    RG_GATE_BLOCK_REVERSE(block);                                                         \
    const rg_part part = RG_ITEM_PART(R, col, rows - (r));
#if RG_COLS * RG_ROWS == 1
            rg_vec total[RG_MOST_VECTORS];
            RG_REVERSE_BLOCK(1, b)
            const struct rg_block_size size = {rg_block_rows(rows - b, RG_HOT_ROWS),
                                               RG_IS_WIDE(p, s.h_stride, RG_NR) ? RG_NV + 1 : RG_NV};
#define RG_REVERSE(R, r) RG_IF_WIDE(RG_IS_WIDE(p, s.h_stride, RG_NR), RG_RUN_BLOCK, reverse_rows, R)
            RG_SCAN_BLOCK(RG_HOT_ROWS, b, rows, RG_REVERSE);
            RG_CELL_NAME(reverse_step_any_0)(s, block, part, total, size);
#else
#define RG_REVERSE(R, r) \
    { RG_REVERSE_BLOCK(R, r) RG_RUN_BLOCK(RG_CAT(reverse_rows_, R)); }
            RG_SCAN_BLOCK(RG_HOT_ROWS, b, rows, RG_REVERSE);
#endif
#undef RG_REVERSE
#undef RG_REVERSE_BLOCK
        }
        RG_BARRIER;
#if RG_DELTAS_ARE_LOCAL(RG_COLS * RG_ROWS, RG_GATES)
        __local rg_real *const swap = next;
        next = now;
        now = swap;
#endif
    }
}
#endif

#undef RG_PANEL
#undef RG_RUN_BLOCK
#undef RG_RUN_FORWARD
#undef RG_SUM_VECTORS
#undef RG_LAST_DELTA
#undef RG_TOTAL_PARAMETER
#undef RG_SIZE_PARAMETER
#undef RG_BLOCK_TOTAL
#undef RG_THEN_STEP
#undef RG_MOST_VECTORS
#undef RG_NEXT_STEP
#undef RG_PAST_STEPS
#undef RG_HAS
#undef RG_TILE_AT
#undef RG_ROW_NEXT
#undef RG_ROW_OF
#undef RG_CELL_NAME
#undef RG_SCAN_NAME
#undef RG_GATES_PARAMETER
#undef RG_GATE_BLOCK
#undef RG_GATE_BLOCK_REVERSE
#undef RG_GATE_STATE
#undef RG_FIRST_PANEL
#undef RG_END_PANEL
#undef RG_KEPT
