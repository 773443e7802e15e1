/* The gradient at a layer's inputs, dx = sum of delta W_ih over directions and gates. The reverse scan of the layer
 * below starts from it; if the inputs are embedded words, the gradient of the table does. `one` and `two` are the
 * deltas of the two directions, [T*B][d_stride]; `two` is not read with one direction. dx is [T*B][out_stride]. */
#define RG_INPUT_GRADIENT(R)                                                                                           \
    RG_HOT void RG_CAT(rg_input_gradient_rows_, R)(struct rg_input_gradient_args s, __global const rg_real *one,       \
                                                   __global const rg_real *two, __global const rg_real *packed,        \
                                                   __global rg_real *dx, size_t panel, size_t col) {                   \
        rg_vec acc[R][RG_NV];                                                                                          \
        RG_UNROLL for (size_t r = 0; r < R; r++) {                                                                     \
            RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {                                                             \
                acc[r][q] = RG_SPLAT(0.0f);                                                                            \
            }                                                                                                          \
        }                                                                                                              \
        for (rg_u32 i = 0; i < s.directions; i++) {                                                                    \
            __global const rg_real *const d = i ? two : one;                                                           \
            const size_t w = i ? s.w_reverse[1] : s.w_reverse[0];                                                      \
            for (size_t g = 0; g < s.gates; g++) {                                                                     \
                RG_CAT(rg_plain_global_, R)                                                                            \
                (acc, d + g * s.h_stride, s.d_stride, packed + w + (panel * s.gates + g) * s.hidden * RG_NR, s.hidden, \
                 col);                                                                                                 \
            }                                                                                                          \
        }                                                                                                              \
        RG_UNROLL for (size_t r = 0; r < R; r++) {                                                                     \
            RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {                                                             \
                RG_STORE(acc[r][q], dx + r * s.out_stride + panel * RG_NR + RG_LANE(col, q));                          \
            }                                                                                                          \
        }                                                                                                              \
    }
RG_INPUT_GRADIENT(8)
RG_INPUT_GRADIENT(4)
RG_INPUT_GRADIENT(1)
#undef RG_INPUT_GRADIENT

RG_KERNEL void rg_input_gradient(__global const rg_real *restrict one, __global const rg_real *restrict two,
                                 __global const rg_real *restrict packed, __global rg_real *restrict dx,
                                 const struct rg_input_gradient_args s) {
    const size_t first = s.first + get_group_id(0) * s.tile, last = s.first + s.rows;
    const size_t end = last - first < s.tile ? last : first + s.tile;
    const size_t col = get_local_id(0);
    for (size_t p = 0; p < s.panels; p++) {
        for (size_t b = first + get_local_id(1) * RG_BLOCK_ROWS; b < end; b += RG_ROWS * RG_BLOCK_ROWS) {
#define RG_INPUT_BLOCK(R, r)           \
    RG_CAT(rg_input_gradient_rows_, R) \
    (s, one + (r)*s.d_stride, two + (r)*s.d_stride, packed, dx + (r)*s.out_stride, p, col)
            RG_IN_BLOCKS(b, end, RG_INPUT_BLOCK);
#undef RG_INPUT_BLOCK
        }
    }
}
