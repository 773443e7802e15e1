/* A block of a matrix product in registers, instanced for RG_R rows (this file is read once per value of RG_R):
 *
 *   acc[r][q] += sum over k < depth of a[r*stride + k] * w[k][q]      r < RG_R, q < RG_Q vectors of an item
 *
 * w is a panel [depth][RG_Q][RG_COLS][RG_VEC]; an item reads the vectors of its column. The sum runs over k in order,
 * with one accumulator an element, so a row's result does not depend on the block that it is in. */
#define RG_BLOCK_BODY(a, stride, w, depth)                          \
    for (size_t k = 0; k < (depth); k++) {                          \
        rg_vec weight[RG_NV];                                       \
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {              \
            weight[q] = RG_LOAD((w) + k * RG_NR + RG_LANE(col, q)); \
        }                                                           \
        RG_UNROLL for (size_t r = 0; r < RG_R; r++) {               \
            rg_vec value = RG_SPLAT((a)[(size_t)r * (stride) + k]); \
            RG_PIN(value);                                          \
            RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {          \
                acc[r][q] = RG_FMA(value, weight[q], acc[r][q]);    \
            }                                                       \
        }                                                           \
    }

RG_INLINE void RG_CAT(rg_block_local_, RG_R)(rg_vec acc[RG_R][RG_NV], __local const rg_real *a, size_t stride,
                                             __global const rg_real *w, size_t depth, size_t col) {
    RG_BLOCK_BODY(a, stride, w, depth)
}

RG_INLINE void RG_CAT(rg_block_global_, RG_R)(rg_vec acc[RG_R][RG_NV], __global const rg_real *a, size_t stride,
                                              __global const rg_real *w, size_t depth, size_t col) {
    RG_BLOCK_BODY(a, stride, w, depth)
}
#undef RG_BLOCK_BODY

/* The other way round, for weight gradients: acc[r][q] += sum over rows i < n of a[i*a_stride + r] * d[i][q]. */
RG_INLINE void RG_CAT(rg_block_outer_, RG_R)(rg_vec acc[RG_R][RG_NV], __global const rg_real *a, size_t a_stride,
                                             __global const rg_real *d, size_t d_stride, size_t n, size_t col) {
    for (size_t i = 0; i < n; i++) {
        rg_vec delta[RG_NV];
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            delta[q] = RG_LOAD(d + i * d_stride + RG_LANE(col, q));
        }
        RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
            rg_vec value = RG_SPLAT(a[i * a_stride + r]);
            RG_PIN(value);
            RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
                acc[r][q] = RG_FMA(value, delta[q], acc[r][q]);
            }
        }
    }
}
