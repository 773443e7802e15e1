/* A block of a matrix product in registers. This file is included once for each shape of block:
 *
 *   RG_R           rows; 16 rows are computed by mma.cl
 *   RG_Q           vectors of an item in a line of the panel
 *   RG_SUMS        accumulators of a row, at least RG_Q
 *   RG_TO(q)       accumulator to which the product with vector q is added
 *   RG_BLOCK(name) name of this shape's functions
 *
 *   acc[r][RG_TO(q)] += sum over k < depth of a[r*stride + k] * w[k][q]
 *
 * w is a panel [depth][RG_COLS][RG_Q][RG_VEC]; an item reads the vectors of its column. Each element has one
 * accumulator and sums over k in order, so a row's result does not depend on the block in which it is computed. */
#if RG_R == RG_WARP_ROWS
RG_INLINE void RG_BLOCK(local)(rg_vec acc[RG_FRAGMENTS][RG_SUMS], __local const rg_real *a, size_t stride,
                               __global const rg_real *w, size_t depth, rg_part rows) {
    RG_MMA_IN_ACC(rg_mma_local(c, RG_Q, a, stride, w, depth, rows));
}

RG_INLINE void RG_BLOCK(global)(rg_vec acc[RG_FRAGMENTS][RG_SUMS], __global const rg_real *a, size_t stride,
                                __global const rg_real *w, size_t depth, rg_part rows) {
    RG_MMA_IN_ACC(rg_mma_global(c, RG_Q, a, stride, w, depth, rows));
}
#elif RG_COLS * RG_ROWS == 1
#define RG_BLOCK_BODY(a, stride, w, depth)                                      \
    for (size_t k = 0; k < (depth); k++) {                                      \
        rg_vec weight[RG_Q];                                                    \
        RG_UNROLL for (size_t q = 0; q < RG_Q; q++) {                           \
            weight[q] = RG_LOAD((w) + k * RG_LINE(RG_Q) + RG_AT(RG_Q, col, q)); \
        }                                                                       \
        RG_UNROLL for (size_t r = 0; r < RG_R; r++) {                           \
            rg_vec value = RG_SPLAT((a)[r * (stride) + k]);                     \
            RG_PIN(value);                                                      \
            RG_UNROLL for (size_t q = 0; q < RG_Q; q++) {                       \
                acc[r][RG_TO(q)] = RG_FMA(value, weight[q], acc[r][RG_TO(q)]);  \
            }                                                                   \
        }                                                                       \
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
#else
/* A GPU takes four k at once or more, so that it reads a row's values in few loads. Local memory has the layout for
 * that (RG_LOCAL_AT). Rows in global memory that do not begin at a multiple of four take one k at a time. */
#define RG_BLOCK_STEP(VALUE)                                                   \
    {                                                                          \
        rg_vec weight[RG_Q];                                                   \
        RG_LOAD_LINE(weight, RG_Q, w + RG_AT(RG_Q, col, 0))                    \
        RG_UNROLL for (size_t r = 0; r < RG_R; r++) {                          \
            const rg_vec value = RG_SPLAT(VALUE);                              \
            RG_UNROLL for (size_t q = 0; q < RG_Q; q++) {                      \
                acc[r][RG_TO(q)] = RG_FMA(value, weight[q], acc[r][RG_TO(q)]); \
            }                                                                  \
        }                                                                      \
        w += RG_LINE(RG_Q);                                                    \
    }
#define RG_BLOCK_RUN RG_K_AT_ONCE(RG_Q) /* k taken at once */
/* Load a run of values of each row. */
#define RG_BLOCK_VALUES(SPACE, run, step, row_step)                                                \
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {                                                  \
        RG_UNROLL for (size_t i = 0; i < RG_BLOCK_RUN; i += 4) {                                   \
            vstore4(*(SPACE const rg_quad *)(a + r * (row_step) + i / 4 * (step)), 0, run[r] + i); \
        }                                                                                          \
    }
#define RG_BLOCK_RUNS(SPACE, step, row_step)                                                       \
    RG_ROLLED for (; rest >= RG_BLOCK_RUN; rest -= RG_BLOCK_RUN, a += RG_BLOCK_RUN / 4 * (step)) { \
        rg_real run[RG_R][RG_BLOCK_RUN];                                                           \
        RG_BLOCK_VALUES(SPACE, run, step, row_step)                                                \
        RG_UNROLL for (size_t i = 0; i < RG_BLOCK_RUN; i++) {                                      \
            RG_BLOCK_STEP(run[r][i])                                                               \
        }                                                                                          \
    }

/* With blocks of one or two rows a group has few items, which cannot hide the wait for weights of a cache that all
 * units share. So loads of one run go out before the products of the run before it: compilers move loads close to their
 * use, but not over the end of a loop. ASK loads a run, ADD has its products. */
#define RG_BLOCK_ASK(SPACE, run, weights, step, row_step)                           \
    RG_BLOCK_VALUES(SPACE, run, step, row_step)                                     \
    RG_UNROLL for (size_t i = 0; i < RG_BLOCK_RUN; i++) {                           \
        RG_LOAD_LINE(weights[i], RG_Q, w + i * RG_LINE(RG_Q) + RG_AT(RG_Q, col, 0)) \
    }
#define RG_BLOCK_NEXT(n, step) \
    a += (n) / 4 * (step);     \
    w += (n)*RG_LINE(RG_Q);
#define RG_BLOCK_ADD(run, weights)                                                 \
    RG_UNROLL for (size_t i = 0; i < RG_BLOCK_RUN; i++) {                          \
        RG_UNROLL for (size_t r = 0; r < RG_R; r++) {                              \
            const rg_vec value = RG_SPLAT(run[r][i]);                              \
            RG_UNROLL for (size_t q = 0; q < RG_Q; q++) {                          \
                acc[r][RG_TO(q)] = RG_FMA(value, weights[i][q], acc[r][RG_TO(q)]); \
            }                                                                      \
        }                                                                          \
    }
#define RG_BLOCK_RUNS_AHEAD(SPACE, step, row_step)                             \
    if (rest >= RG_BLOCK_RUN) {                                                \
        rg_real even[RG_R][RG_BLOCK_RUN], odd[RG_R][RG_BLOCK_RUN];             \
        rg_vec w_even[RG_BLOCK_RUN][RG_Q], w_odd[RG_BLOCK_RUN][RG_Q];          \
        RG_BLOCK_ASK(SPACE, even, w_even, step, row_step)                      \
        RG_ROLLED for (; rest >= 2 * RG_BLOCK_RUN; rest -= 2 * RG_BLOCK_RUN) { \
            RG_BLOCK_NEXT(RG_BLOCK_RUN, step)                                  \
            RG_BLOCK_ASK(SPACE, odd, w_odd, step, row_step)                    \
            RG_BLOCK_ADD(even, w_even)                                         \
            RG_BLOCK_NEXT(rest >= 3 * RG_BLOCK_RUN ? RG_BLOCK_RUN : 0, step)   \
            RG_BLOCK_ASK(SPACE, even, w_even, step, row_step)                  \
            RG_BLOCK_ADD(odd, w_odd)                                           \
        }                                                                      \
        if (rest >= RG_BLOCK_RUN) {                                            \
            RG_BLOCK_ADD(even, w_even)                                         \
            rest -= RG_BLOCK_RUN;                                              \
        }                                                                      \
        RG_BLOCK_NEXT(RG_BLOCK_RUN, step)                                      \
    }

RG_INLINE void RG_BLOCK(local)(rg_vec acc[RG_R][RG_SUMS], __local const rg_real *a, size_t stride,
                               __global const rg_real *w, size_t depth, size_t col) {
    rg_u32 rest = (rg_u32)depth;
    RG_BLOCK_RUNS(__local, stride, 4)
    RG_ROLLED for (rg_u32 k = 0; k < rest; k++) {
        RG_BLOCK_STEP(a[RG_LOCAL_AT(r, k, stride)])
    }
}

RG_INLINE void RG_BLOCK(global)(rg_vec acc[RG_R][RG_SUMS], __global const rg_real *a, size_t stride,
                                __global const rg_real *w, size_t depth, size_t col) {
    rg_u32 rest = (rg_u32)depth;
    if ((size_t)a % sizeof(rg_quad) == 0) {
#if RG_BLOCK_ROWS <= 2
        RG_BLOCK_RUNS_AHEAD(__global, 4, stride)
#else
        RG_BLOCK_RUNS(__global, 4, stride)
#endif
    }
    RG_ROLLED for (rg_u32 k = 0; k < rest; k++) {
        RG_BLOCK_STEP(a[r * stride + k])
    }
}
#undef RG_BLOCK_STEP
#undef RG_BLOCK_VALUES
#undef RG_BLOCK_RUNS
#undef RG_BLOCK_ASK
#undef RG_BLOCK_NEXT
#undef RG_BLOCK_ADD
#undef RG_BLOCK_RUNS_AHEAD
#undef RG_BLOCK_RUN
#endif
