/* A block of a matrix product in registers. This file is read once per shape of block:
 *
 *   RG_R           rows
 *   RG_Q           vectors of an item in a line of the panel
 *   RG_SUMS        accumulators a row has, RG_Q or more
 *   RG_TO(q)       the accumulator that vector q is added to
 *   RG_BLOCK(name) the name of this shape's functions
 *
 *   acc[r][RG_TO(q)] += sum over k < depth of a[r*stride + k] * w[k][q]
 *
 * w is a panel [depth][RG_Q][RG_COLS][RG_VEC]; an item reads the vectors of its column. The sum runs over k in order,
 * with one accumulator an element, so a row's result does not depend on the block that it is in. */
#define RG_BLOCK_BODY(a, stride, w, depth)                                             \
    for (size_t k = 0; k < (depth); k++) {                                             \
        rg_vec weight[RG_Q];                                                           \
        RG_UNROLL for (size_t q = 0; q < RG_Q; q++) {                                  \
            weight[q] = RG_LOAD_ALIGNED((w) + k * RG_LANE(0, RG_Q) + RG_LANE(col, q)); \
        }                                                                              \
        RG_UNROLL for (size_t r = 0; r < RG_R; r++) {                                  \
            rg_vec value = RG_SPLAT((a)[r * (stride) + k]);                            \
            RG_PIN(value);                                                             \
            RG_UNROLL for (size_t q = 0; q < RG_Q; q++) {                              \
                acc[r][RG_TO(q)] = RG_FMA(value, weight[q], acc[r][RG_TO(q)]);         \
            }                                                                          \
        }                                                                              \
    }

RG_INLINE void RG_BLOCK(local)(rg_vec acc[RG_R][RG_SUMS], __local const rg_real *a, size_t stride,
                               __global const rg_real *w, size_t depth, size_t col) {
    RG_BLOCK_BODY(a, stride, w, depth)
}

RG_INLINE void RG_BLOCK(global)(rg_vec acc[RG_R][RG_SUMS], __global const rg_real *a, size_t stride,
                                __global const rg_real *w, size_t depth, size_t col) {
    RG_BLOCK_BODY(a, stride, w, depth)
}
#undef RG_BLOCK_BODY
