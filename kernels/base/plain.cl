/* Blocks of RG_R rows with the RG_N vectors of one column group, for every product that is not a cell's, and for the
 * outer product of the weight gradients. Included once for each RG_R and RG_N. */
#define RG_Q RG_N
#define RG_SUMS RG_N
#define RG_TO(q) (q)
#define RG_BLOCK(name) RG_SIZED(rg_plain_##name)
#include "base/block.cl"

#if RG_R != RG_WARP_ROWS && RG_N == RG_NV
/* out = bias + a w for a block of RG_R rows and one panel. `bias` points to the panel's biases; null means none. */
RG_HOT void RG_CAT(rg_product_rows_, RG_R)(__global const rg_real *a, size_t a_stride, size_t depth,
                                           __global const rg_real *w, __global const rg_real *bias,
                                           __global rg_real *out, size_t out_stride, size_t col) {
    rg_vec acc[RG_R][RG_NV];
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            acc[r][q] = bias ? RG_LOAD(bias + RG_LANE(col, q)) : RG_SPLAT(0.0f);
        }
    }
    RG_CAT(rg_plain_global_, RG_R)(acc, a, a_stride, w, depth, col);
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            RG_STORE(acc[r][q], out + r * out_stride + RG_LANE(col, q));
        }
    }
}
#endif

/* One term of the sum below: a row's values and deltas. */
#define RG_OUTER_STEP(EXTRA, VALUE, DELTA)                                  \
    {                                                                       \
        rg_vec delta[RG_N];                                                 \
        RG_LOAD_LINE(delta, RG_N, DELTA)                                    \
        RG_UNROLL for (size_t q = 0; EXTRA && q < RG_N; q++) {              \
            acc[RG_R + EXTRA - 1][q] = acc[RG_R + EXTRA - 1][q] + delta[q]; \
        }                                                                   \
        RG_UNROLL for (size_t r = 0; r < RG_R; r++) {                       \
            rg_vec value = RG_SPLAT(VALUE);                                 \
            RG_PIN(value);                                                  \
            RG_UNROLL for (size_t q = 0; q < RG_N; q++) {                   \
                acc[r][q] = RG_FMA(value, delta[q], acc[r][q]);             \
            }                                                               \
        }                                                                   \
    }
#if RG_R == RG_WARP_ROWS
#define RG_OUTER_SUM(EXTRA) RG_MMA_IN_ACC(rg_mma_outer(c, RG_Q, a, (rg_u32)a_stride, d, (rg_u32)d_stride, n_rows, part))
#elif RG_COLS * RG_ROWS == 1
#define RG_OUTER_SUM(EXTRA)                                         \
    for (size_t i = 0; i < n_rows; i++) {                           \
        RG_OUTER_STEP(EXTRA, a[i * a_stride + r], d + i * d_stride) \
    }
#else
#define RG_OUTER_SUM(EXTRA)                                                                      \
    d += RG_AT(RG_N, part, 0);                                                                   \
    if (RG_R % 4 == 0 && (size_t)a % sizeof(rg_quad) == 0) {                                     \
        RG_FEW_TIMES for (rg_u32 i = 0; i < (rg_u32)n_rows; i++, a += a_stride, d += d_stride) { \
            rg_real values[RG_R];                                                                \
            RG_UNROLL for (size_t r = 0; r < RG_R / 4; r++) {                                    \
                vstore4(((__global const rg_quad *)a)[r], r, values);                            \
            }                                                                                    \
            RG_OUTER_STEP(EXTRA, values[r], d)                                                   \
        }                                                                                        \
    } else {                                                                                     \
        RG_ROLLED for (rg_u32 i = 0; i < (rg_u32)n_rows; i++, a += a_stride, d += d_stride) {    \
            RG_OUTER_STEP(EXTRA, a[r], d)                                                        \
        }                                                                                        \
    }
#endif

/* partial[k][n] = sum over i of a[i][k] * d[i][n] for RG_R rows k and one panel. Unless `fresh` the old values are
 * added. with_sum adds one more row after them, the sum of d. */
#define RG_OUTER_BODY(EXTRA)                                                                                        \
    rg_vec acc[RG_FRAGMENTS + EXTRA][RG_N];                                                                         \
    RG_UNROLL for (size_t r = 0; r < RG_FRAGMENTS + EXTRA; r++) {                                                   \
        RG_UNROLL for (size_t q = 0; q < RG_N; q++) {                                                               \
            acc[r][q] = fresh || !RG_HAS_FRAGMENT(r, part)                                                          \
                            ? RG_SPLAT(0.0f)                                                                        \
                            : RG_LOAD(partial + RG_FRAGMENT_ROW(r) * n + RG_AT(RG_N, RG_FRAGMENT_COL(r, part), q)); \
        }                                                                                                           \
    }                                                                                                               \
    RG_OUTER_SUM(EXTRA)                                                                                             \
    RG_UNROLL for (size_t r = 0; r < RG_FRAGMENTS + EXTRA; r++) {                                                   \
        RG_UNROLL for (size_t q = 0; RG_HAS_FRAGMENT(r, part) && q < RG_N; q++) {                                   \
            RG_STORE(acc[r][q], partial + RG_FRAGMENT_ROW(r) * n + RG_AT(RG_N, RG_FRAGMENT_COL(r, part), q));       \
        }                                                                                                           \
    }

RG_HOT void RG_SIZED(rg_outer_rows)(__global const rg_real *a, size_t a_stride, __global const rg_real *d,
                                    size_t d_stride, size_t n_rows, __global rg_real *partial, size_t n, int fresh,
                                    rg_part part){RG_OUTER_BODY(0)}

RG_HOT void RG_SIZED(rg_outer_with_sum)(__global const rg_real *a, size_t a_stride, __global const rg_real *d,
                                        size_t d_stride, size_t n_rows, __global rg_real *partial, size_t n, int fresh,
                                        rg_part part) {
    RG_OUTER_BODY(1)
}
#undef RG_OUTER_BODY
#undef RG_OUTER_STEP
#undef RG_OUTER_SUM
#undef RG_Q
#undef RG_SUMS
#undef RG_TO
#undef RG_BLOCK
