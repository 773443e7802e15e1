/* RG_R rows k of a weight gradient, one panel wide: partial[k][n] (+)= sum over i of a[i][k] * d[i][n]; read once per
 * value of RG_R (see weight_gradient.cl). */
RG_INLINE void RG_CAT(rg_outer_rows_, RG_R)(__global const rg_real *a, size_t a_stride, __global const rg_real *d,
                                            size_t d_stride, size_t n_rows, __global rg_real *partial, size_t n,
                                            int accumulate, size_t col) {
    rg_vec acc[RG_R][RG_NV];
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            acc[r][q] = accumulate ? RG_LOAD(partial + r * n + RG_LANE(col, q)) : RG_SPLAT(0.0f);
        }
    }
    RG_CAT(rg_block_outer_, RG_R)(acc, a, a_stride, d, d_stride, n_rows, col);
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            RG_STORE(acc[r][q], partial + r * n + RG_LANE(col, q));
        }
    }
}
