/* Helpers for every kernel, in the language that OpenCL C and C share (prelude.cl, native.h). */

#define RG_NR (RG_NV * RG_COLS * RG_VEC) /* units of a panel */
#define RG_ITEMS (RG_COLS * RG_ROWS)

/* Vectors that an item has in a line of a panel. A row of units is cut into panels of RG_NV vectors. On a roomy
 * processor, where they may be an odd number, the last panel has one more. Functions for it have RG_WIDTH `_wide_` in
 * their names; RG_SIZED(name) is the function for RG_R rows and RG_N vectors. */
#define RG_ROOMY RG_IS_ROOMY(RG_COLS *RG_ROWS, RG_NV, RG_VEC *(1 + RG_DOUBLE) * 4)
#include "base/usual.cl"
#define RG_SIZED(name) RG_CAT(RG_CAT(name, RG_WIDTH), RG_R)
#define RG_IS_WIDE(p, units, panel) ((units) % (panel) != 0 && (p) + 1 == (units) / (panel))
#if RG_ROOMY
#define RG_IF_WIDE(wide, CALL, name, R) \
    if (wide) {                         \
        CALL(RG_CAT(name##_wide_, R));  \
    } else {                            \
        CALL(RG_CAT(name##_, R));       \
    }
#else
#define RG_IF_WIDE(wide, CALL, name, R) CALL(RG_CAT(name##_, R));
#endif

#ifndef RG_SCAN_PART
#define RG_SCAN_PART 0
#endif
#if RG_SCAN_PART != 0 && RG_SCAN_PART != RG_FORWARD_PART && RG_SCAN_PART != RG_REVERSE_PART
#error "RG_SCAN_PART must be 0, RG_FORWARD_PART or RG_REVERSE_PART"
#endif

/* Rows of a register block, and the macro that splits rows into such blocks. A scan's program for a GPU may be built
 * with smaller blocks if a tile has too few blocks for all item rows (host/plan/groups.h). */
#if RG_COLS * RG_ROWS == 1
#define RG_BLOCK_ROWS RG_CPU_BLOCK_ROWS
#elif !defined RG_BLOCK_ROWS
#define RG_BLOCK_ROWS RG_GPU_BLOCK_ROWS
#endif
#define RG_IN_BLOCKS RG_CAT(RG_BLOCKS_OF_, RG_BLOCK_ROWS)

/* Row blocking for scans (HOT) and weight gradients. Weight gradients also handle leftover rows in pairs: they have few
 * blocks and long loops. */
#if RG_TF32
#define RG_HOT_ROWS RG_WARP_ROWS
#define RG_IN_GRADIENT_BLOCKS(first, end, sum_at, CALL) RG_BLOCKS_OF_16(first, end, CALL)
#else
#define RG_HOT_ROWS RG_BLOCK_ROWS
#if RG_COLS * RG_ROWS == 1
#define RG_IN_GRADIENT_BLOCKS RG_GRADIENT_BLOCKS_OF_8
#else
#define RG_IN_GRADIENT_BLOCKS(first, end, sum_at, CALL) RG_BLOCKS_OF_4(first, end, CALL)
#endif
#endif
struct rg_block_size {
    size_t height, vectors; /* rows, and vectors of an item in one of them */
};
#define RG_BLOCK_ITEMS(height) ((height) == RG_WARP_ROWS ? 4 : 1)

/* An item's share of a block of RG_R rows: RG_FRAGMENTS fragments. Usually these are the rows of one column, and `part`
 * is that column. In a block of a warp, lane 4g + t holds rows 2g and 2g+1 of columns t and t+4, and `part` is the
 * number of rows of the block. */
#if RG_TF32
typedef rg_u32 rg_part; /* one register of a GPU */
#else
typedef size_t rg_part;
#endif
#define RG_ITEM_PART(height, col, rows) ((height) == RG_WARP_ROWS ? (rows) : (col))
#define RG_MMA_LANE ((rg_u32)get_local_id(1) % 4 * RG_COLS + (rg_u32)get_local_id(0))
#define RG_FRAGMENTS RG_CAT(RG_FRAGMENTS_OF_, RG_R)
#define RG_FRAGMENTS_OF_0 size.height /* a block of any size (any.cl) */
#define RG_FRAGMENTS_OF_1 1
#define RG_FRAGMENTS_OF_2 2
#define RG_FRAGMENTS_OF_4 4
#define RG_FRAGMENTS_OF_5 5
#define RG_FRAGMENTS_OF_8 8
#define RG_FRAGMENTS_OF_16 4
#define RG_FRAGMENT_ROW(i) (RG_R == RG_WARP_ROWS ? RG_MMA_LANE / 4 * 2 + (i) % 2 : (i))
#define RG_FRAGMENT_COL(i, part) (RG_R == RG_WARP_ROWS ? RG_MMA_LANE % 4 + (i) / 2 * 4 : (part))
#define RG_HAS_FRAGMENT(i, part) (RG_R != RG_WARP_ROWS || RG_FRAGMENT_ROW(i) < (part))

/* Split rows first … end-1, at most one full block, into blocks: CALL(R, row) computes R rows from `row` on. */
#define RG_BLOCKS_OF_16(first, end, CALL) CALL(16, first)
#define RG_BLOCKS_OF_1(first, end, CALL) CALL(1, first)
#define RG_BLOCKS_OF_2(first, end, CALL) \
    do {                                 \
        size_t row_ = (first);           \
        if ((end)-row_ >= 2) {           \
            CALL(2, row_);               \
        } else {                         \
            CALL(1, row_);               \
        }                                \
    } while (0)
#define RG_BLOCKS_OF_4(first, end, CALL)   \
    do {                                   \
        size_t row_ = (first);             \
        if ((end)-row_ >= 4) {             \
            CALL(4, row_);                 \
        } else {                           \
            for (; row_ < (end); row_++) { \
                CALL(1, row_);             \
            }                              \
        }                                  \
    } while (0)
#define RG_BLOCKS_OF_8(first, end, CALL)   \
    do {                                   \
        size_t row_ = (first);             \
        if ((end)-row_ >= 8) {             \
            CALL(8, row_);                 \
        } else {                           \
            if ((end)-row_ >= 4) {         \
                CALL(4, row_);             \
                row_ += 4;                 \
            }                              \
            for (; row_ < (end); row_++) { \
                CALL(1, row_);             \
            }                              \
        }                                  \
    } while (0)
/* The same in a processor's weight gradient. Eight rows that end at `sum_at` are two blocks of four, so that no block
 * of eight has a second form with the sum (rg_outer_part); that would take long to compile and gain nothing. */
#define RG_GRADIENT_BLOCKS_OF_8(first, end, sum_at, CALL)  \
    do {                                                   \
        size_t row_ = (first);                             \
        if ((end)-row_ >= 8 && row_ + 8 != (sum_at)) {     \
            CALL(8, row_);                                 \
        } else {                                           \
            RG_ROLLED for (; (end)-row_ >= 4; row_ += 4) { \
                CALL(4, row_);                             \
            }                                              \
            if ((end)-row_ >= 2) {                         \
                CALL(2, row_);                             \
                row_ += 2;                                 \
            }                                              \
            if (row_ < (end)) {                            \
                CALL(1, row_);                             \
            }                                              \
        }                                                  \
    } while (0)

/* The same in a processor's scans. Single rows leave it waiting for its products, so a roomy one also takes five rows:
 * of twelve rows or more, and of 4, 5, 8, 9 and 10, none is left over. rg_block_rows is the height of the next block.
 */
#if RG_COLS * RG_ROWS > 1
#define RG_SCAN_BLOCK(height, first, end, CALL) RG_CAT(RG_BLOCKS_OF_, height)(first, end, CALL)
#else
RG_INLINE size_t rg_block_rows(size_t left, size_t most) {
    return RG_ROOMY && left > 4 && left % 4 ? 5 : left >= most ? most : most == 8 && left >= 4 ? 4 : 1;
}
#if RG_ROOMY
#define RG_FIVE_ROWS(CALL, row)   \
    if (left_ > 4 && left_ % 4) { \
        CALL(5, row);             \
    } else
#else
#define RG_FIVE_ROWS(CALL, row)
#endif
#define RG_SCAN_BLOCK(height, first, end, CALL)        \
    do {                                               \
        const size_t left_ = (end) - (first);          \
        RG_FIVE_ROWS(CALL, first)                      \
        RG_CAT(RG_SCAN_BLOCK_OF_, height)(first, CALL) \
    } while (0)
#define RG_SCAN_BLOCK_OF_8(row, CALL) \
    if (left_ >= 8) {                 \
        CALL(8, row);                 \
    } else                            \
        RG_SCAN_BLOCK_OF_4(row, CALL)
#define RG_SCAN_BLOCK_OF_4(row, CALL) \
    if (left_ >= 4) {                 \
        CALL(4, row);                 \
    } else {                          \
        CALL(1, row);                 \
    }
#define RG_SCAN_BLOCK_OF_2(row, CALL) \
    if (left_ >= 2) {                 \
        CALL(2, row);                 \
    } else {                          \
        CALL(1, row);                 \
    }
#endif

/* Rows of a block with four vectors in each row: as many as fit into the registers. */
#if RG_COLS * RG_ROWS > 1
#define RG_HEIGHT_OF_FOUR RG_BLOCK_ROWS
#elif RG_VEC * (1 + RG_DOUBLE) == 16
#define RG_HEIGHT_OF_FOUR 4
#else
#define RG_HEIGHT_OF_FOUR 2
#endif

/* Position of the n-th vector of item `col` in a line with `vectors` vectors an item (RG_AT) and in a panel (RG_LANE);
 * length of a line (RG_LINE). */
#define RG_AT(vectors, col, n) (((col) * (vectors) + (n)) * RG_VEC)
#define RG_LANE(col, n) RG_AT(RG_NV, col, n)
#define RG_LINE(vectors) RG_AT(vectors, RG_COLS, 0)

/* Load an item's vectors of a line. On a GPU pairs of short vectors are loaded as aligned fours. */
#if RG_COLS * RG_ROWS > 1 && RG_VEC == 2
#define RG_LOAD_LINE(to, vectors, from)                                              \
    RG_UNROLL for (size_t q_ = 0; q_ < (vectors); q_++) {                            \
        if ((vectors) % 2) {                                                         \
            (to)[q_] = RG_LOAD_ALIGNED((from) + q_ * RG_VEC);                        \
        } else if (q_ % 2 == 0) {                                                    \
            const rg_quad pair_ = *(__global const rg_quad *)((from) + q_ * RG_VEC); \
            (to)[q_] = pair_.lo;                                                     \
            (to)[q_ + 1] = pair_.hi;                                                 \
        }                                                                            \
    }
#else
#define RG_LOAD_LINE(to, vectors, from)                   \
    RG_UNROLL for (size_t q_ = 0; q_ < (vectors); q_++) { \
        (to)[q_] = RG_LOAD_ALIGNED((from) + q_ * RG_VEC); \
    }
#endif

/* Loop over this item's blocks of a tile in one step: panels p in first … end-1, rows from b on. Items of the second
 * dimension take blocks in turn, panel after panel, so tiles with few rows and many panels keep them busy too. A CPU
 * goes through the panels forwards in one step and backwards in the next, so it first uses weights still in cache. */
#if RG_COLS * RG_ROWS == 1
#define RG_EACH_BLOCK(step, p, first, end, b, rows, height)                                                   \
    for (size_t i_ = 0, p; i_ < (end) - (first) && ((p = (step) % 2 ? (end)-1 - i_ : (first) + i_), 1); i_++) \
        for (size_t b = 0; b < (rows); b += rg_block_rows((rows)-b, height))
#else
#define RG_EACH_BLOCK(step, p, first, end, b, rows, height)                                    \
    for (rg_u32 blocks_ = (rg_u32)((rows) + (height)-1) / (height),                            \
                i_ = (rg_u32)get_local_id(1) / RG_BLOCK_ITEMS(height), p = 0, b;               \
         i_ < (rg_u32)((end) - (first)) * blocks_ &&                                           \
         ((p = i_ / blocks_), (b = (i_ - p * blocks_) * (height)), (p += (rg_u32)(first)), 1); \
         i_ += RG_ROWS / RG_BLOCK_ITEMS(height))
#endif

/* Position of unit `unit` of row `row` in a tile in local memory. On a CPU rows follow each other, `line` numbers
 * apart. A GPU reads four units of a row at once: its layout is [Hp/4][row][4], and `line` is the distance between two
 * groups of four units. */
#if RG_COLS * RG_ROWS == 1
#define RG_LOCAL_AT(row, unit, line) ((row) * (line) + (unit))
#else
#define RG_LOCAL_AT(row, unit, line) ((unit) / 4 * (line) + (row)*4 + (unit) % 4)
#endif

/* The step that a scan processed `back` steps before its order-th, or RG_NO_STEP before the first one. Initial states
 * are a step of their own, after the segment. */
#define RG_NO_STEP (~(size_t)0)
RG_INLINE size_t rg_step_back(struct rg_scan_args s, size_t order, size_t back) {
    if (order < back) {
        return s.initial && order + 1 == back ? (size_t)(s.base + s.initial_at) : RG_NO_STEP;
    }
    return s.backward ? s.steps - 1 - order + back : order - back;
}

RG_INLINE size_t rg_item(void) {
    return get_local_id(1) * RG_COLS + get_local_id(0);
}

/* Tests on bits: a compiler that takes all numbers to be finite would remove x == x. */
RG_INLINE int rg_finite(rg_real x) {
    return (RG_BITS(x) & RG_INFINITY) != RG_INFINITY;
}

RG_INLINE int rg_is_nan(rg_real x) {
    return RG_BITS(x) << 1 > RG_INFINITY << 1;
}

/* Work-group `group` of `groups` has the share [rg_share(n, group, groups), rg_share(n, group+1, groups)) of 0 … n-1.
 */
RG_INLINE size_t rg_share(size_t n, size_t group, size_t groups) {
    return n / groups * group + (n % groups < group ? n % groups : group);
}

/* The share that i lies in. */
RG_INLINE size_t rg_share_of(size_t n, size_t i, size_t groups) {
    const size_t each = n / groups, more = n % groups, longer = more * (each + 1);
    return i < longer ? i / (each + 1) : (i - longer) / each + more;
}

/* rg_share for a tile's panels among the work-groups of dimension 1. A 32-bit number takes one register of a GPU. */
RG_INLINE rg_u32 rg_panel_share(rg_u32 panels, rg_u32 group) {
    const rg_u32 groups = (rg_u32)get_num_groups(1), more = panels % groups;
    return panels / groups * group + (more < group ? more : group);
}

/* A compensated sum: `rest` is the rounding error of `sum` (Knuth's exact addition, then Dekker's). The error of n
 * terms is about n eps^2. If the sum is not finite, `rest` is 0. */
struct rg_sum {
    rg_real sum, rest;
};
struct rg_vector_sum {
    rg_vec sum, rest;
};

RG_INLINE struct rg_sum rg_sum_add(struct rg_sum s, rg_real term) {
    const rg_real sum = s.sum + term, added = sum - s.sum;
    const rg_real lost = s.rest + ((s.sum - (sum - added)) + (term - added)), total = sum + lost;
    const rg_real rest = lost - (total - sum);
    s.sum = total - total == 0.0f ? total : sum; /* keep an infinity */
    s.rest = rest - rest == 0.0f ? rest : 0.0f;
    return s;
}

/* rg_sum_add for every lane of a vector. */
RG_INLINE struct rg_vector_sum rg_vector_sum_add(struct rg_vector_sum s, rg_vec term) {
    const rg_vec sum = s.sum + term, added = sum - s.sum, zero = RG_SPLAT(0.0f);
    const rg_vec lost = s.rest + ((s.sum - (sum - added)) + (term - added)), total = sum + lost;
    const rg_vec rest = lost - (total - sum);
    s.sum = RG_SELECT(total - total == zero, total, sum);
    s.rest = RG_SELECT(rest - rest == zero, rest, zero);
    return s;
}

/* Sum of the lanes, in order. */
RG_INLINE rg_real rg_lane_sum(rg_vec v) {
    rg_real lanes[RG_VEC];
    RG_STORE(v, lanes);
    rg_real sum = 0.0f;
    for (int i = 0; i < RG_VEC; i++) {
        sum += lanes[i];
    }
    return sum;
}
