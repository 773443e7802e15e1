/* The scans of one cell over the steps of a sequence: forward.cl and reverse.cl. Included once for each cell, after the
 * cell's file.
 *
 * A work-group owns a tile of sequences and carries it through the launch's steps, usually all T of them. Sequences do
 * not depend on each other, so groups do not wait for each other. */
/* clang-format off */
/*   loop or work                       function or work-items that do it, of the forward scan of an lstm
 *
 *   for each step                      rg_lstm_forward in forward.cl
 *     for each panel of units          work-items of a group's row
 *       for each block of rows         work-items of a group's column
 *         the block's operands         forward_block_at in forward.cl
 *         its products, in registers   forward_rows in cell_rows.cl
 *         the cell: the new state      forward_step in cell_step.cl
 */
/* clang-format on */
/* On a GPU local memory has two copies of a tile's states: a step reads one and writes the other. The reverse scan
 * keeps deltas there instead, if the cell has one gate (RG_DELTAS_ARE_LOCAL). In all other cases states and deltas are
 * read from global memory.
 *
 * All sequences end at t = T-1. In a ragged chunk sequence b starts at begin[b]; h and delta are 0 before that, except
 * at the step before the start, where h is h_0. A layer's second direction (`backward`) reads a sequence from T-1 down
 * to 0; it has a forward and a reverse scan too. `order` counts the steps as the forward scan processes them; the
 * reverse scan, the pass of the gradient, goes through `order` from the end.
 *
 * A launch computes a half-open range of steps and continues from what the launch before it left in memory. A launch
 * of a single step may have several work-groups for a tile. They divide its panels among them; get_group_id(1) is the
 * number of a group. */
#include "scan/tile_step.cl"
#define RG_CELL_NAME(name) RG_CAT(RG_CAT(rg_, RG_CELL), RG_CAT(_, name))
/* Compile error (an array of negative size, since OpenCL C 1.2 has no static assertion) if the cell's file and its row
 * in cells/cells.h differ. */
typedef char RG_CELL_NAME(equals_its_row)[((RG_GATES == RG_CELL_NAME(gates)) & (RG_SAVED == RG_CELL_NAME(saved)) &
                                           (RG_DELTAS == RG_CELL_NAME(deltas)))
                                              ? 1
                                              : -1];
#ifdef RG_LEARNED
/* RG_KEPT: what a step saves, in vectors of h's length. A learned skip also saves the state that the cell would give if
 * its update gate were open: h and, if the cell has one, c. RG_GATES counts the cell's gates; `gate` and `gates` are
 * the values of the one update gate. */
#ifdef RG_PAST
#define RG_KEPT (RG_SAVED + 2)
#else
#define RG_KEPT (RG_SAVED + 1)
#endif
#define RG_SCAN_NAME(name) RG_CELL_NAME(learned_##name)
#define RG_GATES_PARAMETER __global rg_real *gates,
#define RG_FIRST_PANEL(panels) 0 /* the update gate sums over all units, so one group needs all panels */
#define RG_END_PANEL(panels) (panels)
#else
#define RG_KEPT RG_SAVED
#define RG_SCAN_NAME(name) RG_CELL_NAME(name)
#define RG_GATES_PARAMETER
#define RG_FIRST_PANEL(panels) rg_panel_share(panels, (rg_u32)get_group_id(1))
#define RG_END_PANEL(panels) rg_panel_share(panels, (rg_u32)get_group_id(1) + 1)
#endif
/* Are states, or deltas, of a tile in local memory? And the distance between two rows there, in numbers. */
#define RG_HAS_LOCAL_STATES RG_STATES_ARE_LOCAL(RG_ITEMS)
#define RG_HAS_LOCAL_DELTAS RG_DELTAS_ARE_LOCAL(RG_ITEMS, RG_GATES)
#define RG_STATES_LINE(s) RG_TILE_LINE(RG_ITEMS, (size_t)(s).tile, (size_t)(s).h_stride, RG_VEC)
#define RG_DELTAS_LINE(s) RG_TILE_LINE(RG_ITEMS, (size_t)(s).tile, (size_t)RG_GATES *(s).h_stride, RG_VEC)
/* A block's operands. A pointer to states, deltas or inputs is at the block's first row, a pointer to weights at its
 * panel. A pointer to a row's units is at the panel's first unit, unless its comment says unit 0. */
struct RG_CELL_NAME(forward_block) {
    __global const rg_real *x, *w_input, *w_hidden, *w_skip, *bias;
    size_t depth, skip_depth; /* terms of the products with h_{t-1} and h_{t-d}: H, or 0 if that step does not exist */
#if RG_HAS_LOCAL_STATES
    __local const rg_real *past; /* h_{t-1} in local memory, at unit 0 */
    __local rg_real *now;        /* h_t there */
#else
    __global const rg_real *past; /* the state that W_hh multiplies, at unit 0 */
    __global const rg_real *far;  /* the state that W_sh multiplies, at unit 0 */
#endif
    __global rg_real *h, *saved;
    /* rows from the block to h_{t-d}, to the state that W_hh multiplies, and to h_0 */
    ptrdiff_t to_skip, to_prev, to_init;
    int has_prev;                 /* is there a step before this one? */
    size_t unit;                  /* the panel's first unit */
    __global const rg_u32 *begin; /* first steps of the block's sequences */
    size_t t;
    __global const rg_real *gate; /* learned skip: this step's values of the update gate */
};

struct RG_CELL_NAME(reverse_block) {
    __global const rg_real *w_hidden, *w_skip;
#if RG_HAS_LOCAL_DELTAS
    __local const rg_real *next; /* deltas of the step processed before, at unit 0 */
    __local rg_real *now;        /* deltas of this step */
#else
    ptrdiff_t next;               /* rows from the block to the deltas that W_hh multiplies */
#endif
    size_t depth, skip_depth;   /* terms of the products with W_hh and W_sh: H, or 0 if that step does not exist */
    __global const rg_real *dh; /* gradient from above at the block, or null */
    /* From here on pointers are at unit 0 and row 0 of the launch's memory; `at`, `first`, `unit` and `slot` locate the
     * block in them. A GPU adds them only after the products, because the products leave few registers. */
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

#if RG_TF32 /* on tensor cores every block has as many rows as a fragment */
#undef RG_HEIGHT
#define RG_HEIGHT RG_HOT_ROWS
#endif
#define RG_SUM_VECTORS (RG_SUMS_A_UNIT * RG_WIDE) /* sums of a row in the forward scan, for one item */
#define RG_LAST_DELTA (RG_DELTAS - 1)             /* delta of the last gate's recurrent product */
/* How the sums of a block get from its matrix products to the cell's step. The macros use the local names s, b, block,
 * part and total of the functions in which they stand. On a processor, the functions of the
 * products write the sums to the array `total`, and one function takes the step for blocks of every size. On a GPU the
 * sums stay in registers, so the function of the products also takes the step. */
#if RG_ITEMS == 1
#define RG_TOTAL_PARAMETER , rg_vec *total
#define RG_SIZE_PARAMETER , struct rg_block_size size
#define RG_BLOCK_TOTAL(vectors)
#define RG_THEN_STEP(step)
#define RG_RUN_BLOCK(rows_of) RG_CELL_NAME(rows_of)(s, &block, part, total)
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
#define RG_RUN_BLOCK(rows_of) RG_CELL_NAME(rows_of)(s, &block, part)
#endif
#include "scan/cell_sizes.cl"
#if RG_ROOMY
#include "base/wide.cl"
#include "scan/cell_sizes.cl"
#include "base/usual.cl"
#endif
#define RG_PANEL RG_LINE(RG_WIDE) /* units of a panel of the forward scan */
/* Only cells with one gate have a forward scan with a wide last panel. */
#if RG_WIDE == RG_N
#define RG_RUN_FORWARD(R) RG_IF_WIDE(RG_IS_WIDE(p, s->h_stride, RG_PANEL), RG_RUN_BLOCK, forward_rows, R)
#else
#define RG_RUN_FORWARD(R) RG_RUN_BLOCK(RG_CAT(forward_rows_, R));
#endif

#if RG_SCAN_PART != RG_REVERSE_PART
#include "scan/forward.cl"
#endif
#if RG_SCAN_PART != RG_FORWARD_PART
#include "scan/reverse.cl"
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
#undef RG_HAS_LOCAL_STATES
#undef RG_HAS_LOCAL_DELTAS
#undef RG_STATES_LINE
#undef RG_DELTAS_LINE
#undef RG_CELL_NAME
#undef RG_SCAN_NAME
#undef RG_GATES_PARAMETER
#undef RG_FIRST_PANEL
#undef RG_END_PANEL
#undef RG_KEPT
