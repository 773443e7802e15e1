/* Blocks of 16 rows by the tensor cores of an NVIDIA GPU, for the program with RG_TF32. Numbers are rounded to TF32 (a
 * sign, 8 bits of exponent, 10 of fraction), and their products are summed in float.
 *
 * The 32 items of a warp (RG_COLS columns of 4 item rows) compute a block of 16 rows and a whole panel together. All of
 * them take part in every mma.sync.m16n8k8. If a block has fewer rows, its last row replaces the missing ones, and
 * their results are not stored. "Matrix Fragments for mma.m16n8k8" of the PTX ISA says which lane holds which element
 * of A, B and C. With g = lane / 4 and t = lane % 4, registers a0 … a3, b0, b1, c0 … c3 are
 *
 *          A  k: t     t+4           B  n: g              C  n: 2t    2t+1
 *     m: g       a0    a2          k: t    b0           m: g     c0    c1
 *     m: g+8     a1    a3          k: t+4  b1           m: g+8   c2    c3
 *
 * Row m = g is row 2g of the block and m = g+8 is row 2g+1. k = t and t+4 are k = 2t and 2t+1 of a run of 8, neighbours
 * in a row. A panel's line has 16q numbers, 2q for each item column, in tiles 0 … 2q-1 of 8 columns each. In tile hq +
 * j, n = 2t is number j of item column 4h + t, and n = 2t+1 is number q + j. So an item ends up with two neighbouring
 * rows of its columns t and t+4 and with all their numbers, hence all gates of a unit:
 *
 *     c[2h + r][e]   row 2g + r, number e of column 4h + t
 *
 * RG_TF32 1 uses the instructions. RG_TF32 2 is the same in C, for tests on any device: mma reads the fragments of the
 * lanes in the tables above through the functions that load them on a GPU. */
#if RG_VEC != 2 || RG_NV != 4 || RG_COLS != 8 || RG_ROWS % 4 != 0 || RG_DOUBLE
#error "RG_TF32 is for floats in groups of 8 columns, with 4 vectors of 2 lanes an item"
#endif
#define RG_MMA_RUN 8       /* k processed at once */
#define RG_MMA_WHOLE (~0u) /* value of `left` for a complete run whose rows begin at a multiple of two */

#if RG_TF32 == 1
RG_INLINE rg_real rg_mma_round(rg_real x) {
    rg_u32 bits;
    __asm__("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return as_float(bits);
}
#else
/* Round to the nearest TF32 number, halves away from zero, as cvt.rna.tf32.f32 does. */
RG_INLINE rg_real rg_mma_round(rg_real x) {
    return isnan(x) ? x : as_float((as_uint(x) + 0x1000u) & 0xffffe000u);
}
#endif

struct rg_mma_a {
    rg_real at[2][2]; /* [row 2g, 2g+1][k = 2t, 2t+1] */
};
struct rg_mma_b {
    rg_real at[2][2][4]; /* [k = 2t, 2t+1][column of n = g in the lower and upper four][number of n = g] */
};
RG_INLINE rg_real rg_mma_a_register(const struct rg_mma_a *f, rg_u32 i) {
    return f->at[i % 2][i / 2];
}
RG_INLINE rg_real rg_mma_b_register(const struct rg_mma_b *f, rg_u32 h, rg_u32 j, rg_u32 i) {
    return f->at[i][h][j];
}
#define RG_MMA_C(c, h, j, q, i) (c)[2 * (h) + (i) / 2][(i) % 2 * (q) + (j)]

/* A lane's fragment of A, rounded, for a run of k, of which `left` exist. `a` is at the block's first row and the run's
 * first k, either in local memory (RG_LOCAL_AT), in rows in global memory, or in columns in global memory. */
#define RG_MMA_ROW(r) (lane / 4 * 2 + (r) < rows ? lane / 4 * 2 + (r) : rows - 1)
#define RG_MMA_A_BODY(SPACE, AT)                                                           \
    const rg_u32 k = lane % 4 * 2;                                                         \
    RG_UNROLL for (rg_u32 r = 0; r < 2; r++) {                                             \
        if (left == RG_MMA_WHOLE) {                                                        \
            RG_STORE(*(SPACE const rg_vec *)(a + AT(RG_MMA_ROW(r), k, stride)), f->at[r]); \
        }                                                                                  \
        RG_UNROLL for (rg_u32 i = 0; i < 2; i++) {                                         \
            if (left != RG_MMA_WHOLE) {                                                    \
                f->at[r][i] = k + i < left ? a[AT(RG_MMA_ROW(r), k + i, stride)] : 0.0f;   \
            }                                                                              \
            f->at[r][i] = rg_mma_round(f->at[r][i]);                                       \
        }                                                                                  \
    }
RG_INLINE void rg_mma_a_local(struct rg_mma_a *f, __local const rg_real *a, size_t stride, rg_u32 left, rg_u32 lane,
                              rg_u32 rows) {
    RG_MMA_A_BODY(__local, RG_LOCAL_AT);
}
#define RG_MMA_GLOBAL_AT(row, k, stride) ((row) * (stride) + (k))
RG_INLINE void rg_mma_a_global(struct rg_mma_a *f, __global const rg_real *a, size_t stride, rg_u32 left, rg_u32 lane,
                               rg_u32 rows) {
    RG_MMA_A_BODY(__global, RG_MMA_GLOBAL_AT);
}
RG_INLINE void rg_mma_a_turned(struct rg_mma_a *f, __global const rg_real *a, rg_u32 stride, rg_u32 left, rg_u32 lane,
                               rg_u32 rows) {
    const rg_u32 k = lane % 4 * 2;
    RG_UNROLL for (rg_u32 r = 0; r < 2; r++) {
        RG_UNROLL for (rg_u32 i = 0; i < 2; i++) {
            f->at[r][i] = rg_mma_round(k + i < left ? a[(k + i) * stride + RG_MMA_ROW(r)] : 0.0f);
        }
    }
}

/* A lane's fragment of B, from lines of a panel. Weights were rounded when they were packed. */
RG_INLINE void rg_mma_b_load(struct rg_mma_b *f, __global const rg_real *w, rg_u32 stride, rg_u32 left, rg_u32 lane,
                             rg_u32 q, int rounded) {
    RG_UNROLL for (rg_u32 i = 0; i < 2; i++) {
        const rg_u32 k = lane % 4 * 2 + i;
        RG_UNROLL for (rg_u32 h = 0; h < 2; h++) {
            __global const rg_real *const from = w + k * stride + h * 8 * q + lane / 4 * q;
            rg_quad numbers = (rg_quad)(0.0f);
            if (k < left && q == 4) {
                numbers = *(__global const rg_quad *)from;
            } else if (k < left) {
                numbers.xyz = vload3(0, from);
            }
            vstore4(numbers, 0, f->at[i][h]);
            RG_UNROLL for (rg_u32 j = 0; !rounded && j < q; j++) {
                f->at[i][h][j] = rg_mma_round(f->at[i][h][j]);
            }
        }
    }
}

#if RG_TF32 == 1
RG_INLINE void rg_mma(rg_real c[4][8], rg_u32 q, const struct rg_mma_a *a, const struct rg_mma_b *b) {
    RG_UNROLL for (rg_u32 h = 0; h < 2; h++) {
        RG_UNROLL for (rg_u32 j = 0; j < q; j++) {
            __asm__ volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
                             "{%8, %9}, {%0, %1, %2, %3};"
                             : "+f"(RG_MMA_C(c, h, j, q, 0)), "+f"(RG_MMA_C(c, h, j, q, 1)),
                               "+f"(RG_MMA_C(c, h, j, q, 2)), "+f"(RG_MMA_C(c, h, j, q, 3))
                             : "r"(as_uint(rg_mma_a_register(a, 0))), "r"(as_uint(rg_mma_a_register(a, 1))),
                               "r"(as_uint(rg_mma_a_register(a, 2))), "r"(as_uint(rg_mma_a_register(a, 3))),
                               "r"(as_uint(rg_mma_b_register(b, h, j, 0))),
                               "r"(as_uint(rg_mma_b_register(b, h, j, 1))));
        }
    }
}
#define RG_MMA(LOAD_A, left)                                       \
    {                                                              \
        const rg_u32 lane_ = (rg_u32)RG_MMA_LANE;                  \
        struct rg_mma_a fa_;                                       \
        struct rg_mma_b fb_;                                       \
        LOAD_A(&fa_, a, stride, left, lane_, rows);                \
        rg_mma_b_load(&fb_, w, w_stride, left, lane_, q, rounded); \
        rg_mma(c, q, &fa_, &fb_);                                  \
    }
#else
/* Drop the 13 bits of a float that an mma ignores. */
RG_INLINE rg_real rg_mma_read(rg_real x) {
    return isnan(x) ? x : as_float(as_uint(x) & 0xffffe000u);
}
/* Add the products of k = x and x+4 to this lane's c. Lanes x of the row and of the two columns hold the factors. */
RG_INLINE void rg_mma_of(rg_real c[4][8], rg_u32 q, const struct rg_mma_a *a, const struct rg_mma_b b[2]) {
    for (rg_u32 h = 0; h < 2; h++) {
        for (rg_u32 j = 0; j < q; j++) {
            for (rg_u32 i = 0; i < 4; i++) { /* m = g + 8(i/2), n = 2t + i%2 */
                for (rg_u32 y = 0; y < 2; y++) {
                    RG_MMA_C(c, h, j, q, i) =
                        RG_FMA(rg_mma_read(rg_mma_a_register(a, i / 2 + 2 * y)),
                               rg_mma_read(rg_mma_b_register(&b[i % 2], h, j, y)), RG_MMA_C(c, h, j, q, i));
                }
            }
        }
    }
}
#define RG_MMA(LOAD_A, left)                                                          \
    for (rg_u32 x_ = 0; x_ < 4; x_++) {                                               \
        const rg_u32 g_ = (rg_u32)RG_MMA_LANE / 4, t_ = (rg_u32)RG_MMA_LANE % 4;      \
        struct rg_mma_a fa_;                                                          \
        struct rg_mma_b fb_[2];                                                       \
        LOAD_A(&fa_, a, stride, left, 4 * g_ + x_, rows);                             \
        rg_mma_b_load(&fb_[0], w, w_stride, left, 4 * (2 * t_) + x_, q, rounded);     \
        rg_mma_b_load(&fb_[1], w, w_stride, left, 4 * (2 * t_ + 1) + x_, q, rounded); \
        rg_mma_of(c, q, &fa_, fb_);                                                   \
    }
#endif

/* Process the runs of k; `a` advances by A_STEP. Complete runs are loaded without checks where ALLOWED. In other runs,
 * zeros replace the k that do not exist. */
#define RG_MMA_RUNS(LOAD_A, ALLOWED, A_STEP)                                \
    rg_u32 rest = (rg_u32)depth;                                            \
    RG_ROLLED for (; (ALLOWED) && rest >= RG_MMA_RUN; rest -= RG_MMA_RUN) { \
        RG_MMA(LOAD_A, RG_MMA_WHOLE)                                        \
        a += (A_STEP);                                                      \
        w += RG_MMA_RUN * w_stride;                                         \
    }                                                                       \
    RG_ROLLED for (rg_u32 k = 0; k < rest; k += RG_MMA_RUN) {               \
        const rg_u32 left = rest - k;                                       \
        RG_MMA(LOAD_A, left)                                                \
        a += (A_STEP);                                                      \
        w += RG_MMA_RUN * w_stride;                                         \
    }

/* c += a w, for `rows` rows of a block and one panel of q vectors an item. The layouts of `a` and `w` are those of
 * block.cl. */
RG_INLINE void rg_mma_local(rg_real c[4][8], rg_u32 q, __local const rg_real *a, size_t stride,
                            __global const rg_real *w, size_t depth, rg_u32 rows) {
    const rg_u32 w_stride = RG_LINE(q);
    const int rounded = 1;
    RG_MMA_RUNS(rg_mma_a_local, 1, RG_MMA_RUN / 4 * stride)
}
RG_INLINE void rg_mma_global(rg_real c[4][8], rg_u32 q, __global const rg_real *a, size_t stride,
                             __global const rg_real *w, size_t depth, rg_u32 rows) {
    const rg_u32 w_stride = RG_LINE(q);
    const int rounded = 1;
    RG_MMA_RUNS(rg_mma_a_global, (size_t)a % sizeof(rg_vec) == 0, RG_MMA_RUN)
}
/* c += a^T w, for `rows` columns of a and one panel of w. Both have `depth` rows. */
RG_INLINE void rg_mma_outer(rg_real c[4][8], rg_u32 q, __global const rg_real *a, rg_u32 stride,
                            __global const rg_real *w, rg_u32 w_stride, size_t depth, rg_u32 rows) {
    const int rounded = 0;
    RG_MMA_RUNS(rg_mma_a_turned, 1, RG_MMA_RUN * stride)
}

/* Number e of the i-th fragment in acc of block.cl and plain.cl, with their RG_TO. RG_MMA_IN_ACC passes all of acc to
 * CALL as c. */
#define RG_MMA_NUMBER(i, e) ((rg_real *)&acc[i][RG_TO((e) / RG_VEC)])[(e) % RG_VEC]
#define RG_MMA_IN_ACC(CALL)                                        \
    {                                                              \
        rg_real c[4][8];                                           \
        RG_UNROLL for (rg_u32 i = 0; i < 4; i++) {                 \
            RG_UNROLL for (rg_u32 e = 0; e < RG_VEC * RG_Q; e++) { \
                c[i][e] = RG_MMA_NUMBER(i, e);                     \
            }                                                      \
        }                                                          \
        CALL;                                                      \
        RG_UNROLL for (rg_u32 i = 0; i < 4; i++) {                 \
            RG_UNROLL for (rg_u32 e = 0; e < RG_VEC * RG_Q; e++) { \
                RG_MMA_NUMBER(i, e) = c[i][e];                     \
            }                                                      \
        }                                                          \
    }
