/* out = bias + a w for a block of RG_R rows and one panel; read once per value of RG_R (see head.cl). `bias` is at
 * the panel, or null for none. */
RG_INLINE void RG_CAT(rg_product_rows_, RG_R)(__global const rg_real *a, size_t a_stride, size_t depth,
                                              __global const rg_real *w, __global const rg_real *bias,
                                              __global rg_real *out, size_t out_stride, size_t col) {
    rg_vec acc[RG_R][RG_NV];
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            acc[r][q] = bias ? RG_LOAD(bias + RG_LANE(col, q)) : RG_SPLAT(0.0f);
        }
    }
    RG_CAT(rg_block_global_, RG_R)(acc, a, a_stride, w, depth, col);
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            RG_STORE(acc[r][q], out + (size_t)r * out_stride + RG_LANE(col, q));
        }
    }
}
