/* Whole-sequence sweeps. A work-group owns a tile of sequences and carries it through all T steps, so groups never
 * wait for each other: the recurrence couples the units of one sequence, never two sequences.
 *
 *   state in local memory  [2][tile][Hp + RG_VEC]   step t reads one half and writes the other
 *   for t: for each panel of units (items side by side), for each block of rows (items below each other):
 *       a block of the product in registers, then the cell, then the new state
 *
 * Sequences end together at t = T-1; in a ragged chunk sequence b starts at begin[b], and both h and delta are zero
 * before that. */

/* The block of rows from `first` on, as blocks of 8, 4 and 1 rows; CALL(R, row) does R rows from `row`. */
#define RG_BLOCK_ROWS 8
#define RG_EACH_BLOCK(first, end, CALL)    \
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

/* x [T][B][Fp], packed weights, begin [B] -> h [T][B][Hp]. */
RG_KERNEL void rg_rnn_forward(__global const rg_real *restrict x, __global const rg_real *restrict packed,
                              __global const rg_real *restrict bias, __global rg_real *restrict h,
                              __global const rg_u32 *restrict begin, const struct rg_sweep_args s,
                              __local rg_real *scratch) {
    const size_t first = get_group_id(0) * s.tile;
    const size_t rows = s.rows - first < s.tile ? s.rows - first : s.tile;
    const size_t stride = RG_LOCAL_STRIDE(s.h_stride, RG_VEC);
    const size_t panels = s.h_stride / RG_NR;
    const size_t col = get_local_id(0), item_row = get_local_id(1);
    __local rg_real *past = scratch;
    __local rg_real *now = scratch + s.tile * stride;
    for (size_t t = 0; t < s.steps; t++) {
        const size_t at = t * s.rows + first; /* row of the tile in [T*B] */
        const size_t depth = t ? s.hidden : 0;
        for (size_t p = 0; p < panels; p++) {
            for (size_t b = item_row * RG_BLOCK_ROWS; b < rows; b += RG_ROWS * RG_BLOCK_ROWS) {
#define RG_FORWARD(R, r)                                                                              \
    RG_CAT(rg_forward_rows_, R)                                                                       \
    (s, x + (at + r) * s.x_stride, packed + s.w_input + p * s.inputs * RG_NR,                         \
     packed + s.w_hidden + p * s.hidden * RG_NR, bias + s.bias + p * RG_NR, past + r * stride, depth, \
     now + r * stride + p * RG_NR, h + (at + r) * s.h_stride + p * RG_NR, begin + first + r, t, col)
                RG_EACH_BLOCK(b, rows, RG_FORWARD);
#undef RG_FORWARD
            }
        }
        RG_BARRIER;
        __local rg_real *const swap = past;
        past = now;
        now = swap;
    }
}

/* h [T][B][Hp], packed weights, dh [B][Hp] = dL/dh_T, begin [B] -> d [T][B][Hp] = delta_t. */
RG_KERNEL void rg_rnn_reverse(__global const rg_real *restrict h, __global const rg_real *restrict packed,
                              __global const rg_real *restrict dh, __global rg_real *restrict d,
                              __global const rg_u32 *restrict begin, const struct rg_sweep_args s,
                              __local rg_real *scratch) {
    const size_t first = get_group_id(0) * s.tile;
    const size_t rows = s.rows - first < s.tile ? s.rows - first : s.tile;
    const size_t stride = RG_LOCAL_STRIDE(s.h_stride, RG_VEC);
    const size_t panels = s.h_stride / RG_NR;
    const size_t col = get_local_id(0), item_row = get_local_id(1);
    __local rg_real *next = scratch;
    __local rg_real *now = scratch + s.tile * stride;
    for (size_t t = s.steps; t-- > 0;) {
        const size_t at = t * s.rows + first;
        const size_t depth = t + 1 < s.steps ? s.hidden : 0;
        for (size_t p = 0; p < panels; p++) {
            for (size_t b = item_row * RG_BLOCK_ROWS; b < rows; b += RG_ROWS * RG_BLOCK_ROWS) {
#define RG_REVERSE(R, r)                                                                                    \
    RG_CAT(rg_reverse_rows_, R)                                                                             \
    (s, packed + s.w_hidden + p * s.hidden * RG_NR, next + r * stride, depth, now + r * stride + p * RG_NR, \
     h + (at + r) * s.h_stride + p * RG_NR, dh + (first + r) * s.h_stride + p * RG_NR,                      \
     d + (at + r) * s.h_stride + p * RG_NR, begin + first + r, t, col)
                RG_EACH_BLOCK(b, rows, RG_REVERSE);
#undef RG_REVERSE
            }
        }
        RG_BARRIER;
        __local rg_real *const swap = next;
        next = now;
        now = swap;
    }
}
