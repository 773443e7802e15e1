/* The products of a cell's step for a block of RG_R rows and one panel of units. Included once for each cell, RG_R and
 * RG_N. A GPU then takes the step here; a processor leaves the sums in `total`. */
#if RG_COLS * RG_ROWS > 1
#include "scan/cell_step.cl"
#endif

#if RG_N == RG_NV || RG_WIDE == RG_N /* only one-gate cells have a wide forward panel */
/* The products with x and with h. A cell may sum the two separately for its last gate (RG_HIDDEN_TO). */
#define RG_Q (RG_GATES * RG_WIDE)
#define RG_SUMS RG_SUM_VECTORS
#define RG_TO(q) (q)
#define RG_BLOCK(name) RG_CELL_NAME(RG_SIZED(input_##name))
#include "base/block.cl"
#undef RG_TO
#undef RG_BLOCK
#if RG_HAS_LOCAL_STATES || RG_SUMS_A_UNIT != RG_GATES
#define RG_TO(q) RG_HIDDEN_TO(q)
#define RG_BLOCK(name) RG_CELL_NAME(RG_SIZED(hidden_##name))
#include "base/block.cl"
#undef RG_TO
#undef RG_BLOCK
#endif
#undef RG_Q
#undef RG_SUMS

RG_HOT void RG_CELL_NAME(RG_SIZED(forward_rows))(const struct rg_scan_args *s,
                                                 const struct RG_CELL_NAME(forward_block) * b,
                                                 rg_part part RG_TOTAL_PARAMETER) {
#if RG_HAS_LOCAL_STATES
    const size_t line = RG_STATES_LINE(*s);
#endif
    rg_vec acc[RG_FRAGMENTS][RG_SUM_VECTORS];
    RG_UNROLL for (size_t fragment = 0; fragment < RG_FRAGMENTS; fragment++) {
        RG_UNROLL for (size_t q = 0; q < RG_SUM_VECTORS; q++) {
            acc[fragment][q] = RG_LOAD(b->bias + RG_AT(RG_SUM_VECTORS, RG_FRAGMENT_COL(fragment, part), q));
        }
    }
#if RG_HAS_LOCAL_STATES
    RG_CELL_NAME(RG_SIZED(input_global))(acc, b->x, s->x_stride, b->w_input, s->inputs, part);
    if (s->skip_kind == RG_SKIP_IS_ADD) {
        RG_CELL_NAME(RG_SIZED(input_global))
        (acc, b->h + b->to_skip * s->out_stride - b->unit, s->out_stride, b->w_skip, b->skip_depth, part);
    }
    if (s->skip_kind == RG_SKIP_IS_DILATED) {
        RG_CELL_NAME(RG_SIZED(hidden_global))
        (acc, b->h + b->to_skip * s->out_stride - b->unit, s->out_stride, b->w_hidden, b->skip_depth, part);
    } else {
        RG_CELL_NAME(RG_SIZED(hidden_local))(acc, b->past, line, b->w_hidden, b->depth, part);
    }
#else
    /* The products with x, with `far` and, unless HIDDEN_APART, with `past`. One loop computes them: the code of a
     * product is long, and a compiler takes time for each copy of it. */
    enum { OF_X, OF_SKIP, OF_H, HIDDEN_APART = RG_SUMS_A_UNIT != RG_GATES };
    RG_ROLLED for (int of = OF_X; of + HIDDEN_APART <= OF_H; of++) {
        RG_CELL_NAME(RG_SIZED(input_global))
        (acc,
         of == OF_X   ? b->x
         : of == OF_H ? b->past
                      : b->far,
         of == OF_X ? s->x_stride : s->out_stride,
         of == OF_X   ? b->w_input
         : of == OF_H ? b->w_hidden
                      : b->w_skip,
         of == OF_X   ? s->inputs
         : of == OF_H ? b->depth
                      : b->skip_depth,
         part);
    }
#if RG_SUMS_A_UNIT != RG_GATES
    RG_CELL_NAME(RG_SIZED(hidden_global))(acc, b->past, s->out_stride, b->w_hidden, b->depth, part);
#endif
#endif
    RG_BLOCK_TOTAL(RG_SUM_VECTORS)
    RG_UNROLL for (size_t i = 0; i < RG_FRAGMENTS; i++) {
        RG_UNROLL for (size_t q = 0; q < RG_SUM_VECTORS; q++) {
            total[i * RG_SUM_VECTORS + q] = acc[i][q];
        }
    }
    RG_THEN_STEP(forward_step)
}
#endif

RG_HOT void RG_CELL_NAME(RG_SIZED(reverse_rows))(const struct rg_scan_args *s,
                                                 const struct RG_CELL_NAME(reverse_block) * b,
                                                 rg_part part RG_TOTAL_PARAMETER) {
    const size_t d_stride = s->d_stride;
#if RG_HAS_LOCAL_DELTAS
    const size_t line = RG_DELTAS_LINE(*s);
#endif
    rg_vec acc[RG_FRAGMENTS][RG_N];
    RG_UNROLL for (size_t fragment = 0; fragment < RG_FRAGMENTS; fragment++) {
        const size_t r = RG_FRAGMENT_ROW(fragment);
        RG_UNROLL for (size_t q = 0; q < RG_N; q++) {
            const size_t lane = RG_AT(RG_N, RG_FRAGMENT_COL(fragment, part), q);
            acc[fragment][q] =
                b->dh && RG_HAS_FRAGMENT(fragment, part) ? RG_LOAD(b->dh + r * s->out_stride + lane) : RG_SPLAT(0.0f);
            RG_PREFETCH(b->h + (b->at + r) * s->out_stride + b->unit + lane);
#if RG_KEPT > 0
            RG_UNROLL for (size_t i = 0; i < RG_KEPT; i++) {
                RG_PREFETCH(b->saved + (b->at + r) * s->d_stride + i * s->h_stride + b->unit + lane);
            }
#endif
        }
    }
#if RG_HAS_LOCAL_DELTAS
    for (size_t g = 0; g < RG_GATES; g++) {
        const size_t last = g + 1 == RG_GATES ? RG_LAST_DELTA : g, w = g * s->hidden * RG_LINE(RG_N);
        __global const rg_real *const far = b->d + ((ptrdiff_t)b->at + b->to_skip) * s->d_stride;
        if (s->skip_kind == RG_SKIP_IS_DILATED) {
            RG_SIZED(rg_plain_global)(acc, far + last * s->h_stride, d_stride, b->w_hidden + w, b->skip_depth, part);
        } else {
            RG_SIZED(rg_plain_local)
            (acc, b->next + RG_LOCAL_AT(0, g * s->h_stride, line), line, b->w_hidden + w, b->depth, part);
        }
        if (s->skip_kind == RG_SKIP_IS_ADD) {
            RG_SIZED(rg_plain_global)(acc, far + g * s->h_stride, d_stride, b->w_skip + w, b->skip_depth, part);
        }
    }
#else
    /* gate by gate: W_hh times the deltas at `next`, then W_sh times those at `to_skip` (kind add) */
    const rg_u32 add = s->skip_kind == RG_SKIP_IS_ADD;
    for (rg_u32 i = 0; i < (rg_u32)RG_GATES << add; i++) {
        const rg_u32 g = i >> add, is_far = i & add, last = !is_far && g + 1 == RG_GATES ? RG_LAST_DELTA : g;
        RG_SIZED(rg_plain_global)
        (acc, b->d + ((ptrdiff_t)b->at + (is_far ? b->to_skip : b->next)) * s->d_stride + last * s->h_stride, d_stride,
         (is_far ? b->w_skip : b->w_hidden) + g * s->hidden * RG_LINE(RG_N), is_far ? b->skip_depth : b->depth, part);
    }
#endif
    RG_BLOCK_TOTAL(RG_N)
    RG_UNROLL for (size_t i = 0; i < RG_FRAGMENTS; i++) {
        RG_UNROLL for (size_t q = 0; q < RG_N; q++) {
            total[i * RG_N + q] = acc[i][q];
        }
    }
    RG_THEN_STEP(reverse_step)
}
