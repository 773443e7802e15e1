/* One step of a cell's scan for a block of RG_R rows and one panel of units. Included once for each cell, RG_R and
 * RG_N. RG_LAST_DELTA is the delta of the last gate's recurrent product. */
#define RG_SUM_VECTORS (RG_SUMS_A_UNIT * RG_WIDE)
#define RG_LAST_DELTA (RG_DELTAS - 1)

#if RG_N == RG_NV || RG_WIDE == RG_N /* else the forward scan's panels are all alike */
/* The products with x and with h. A cell may sum the two separately for its last gate (RG_HIDDEN_TO). */
#define RG_Q (RG_GATES * RG_WIDE)
#define RG_SUMS RG_SUM_VECTORS
#define RG_TO(q) (q)
#define RG_BLOCK(name) RG_CELL_NAME(RG_SIZED(input_##name))
#include "base/block.cl"
#undef RG_TO
#undef RG_BLOCK
#define RG_TO(q) RG_HIDDEN_TO(q)
#define RG_BLOCK(name) RG_CELL_NAME(RG_SIZED(hidden_##name))
#include "base/block.cl"
#undef RG_TO
#undef RG_BLOCK
#undef RG_Q
#undef RG_SUMS

RG_HOT void RG_CELL_NAME(RG_SIZED(forward_rows))(struct rg_scan_args s, struct RG_CELL_NAME(forward_block) b,
                                                 rg_part part) {
    const size_t line = RG_TILE_LINE(RG_ITEMS, (size_t)s.tile, (size_t)s.h_stride, RG_VEC);
    rg_vec acc[RG_FRAGMENTS][RG_SUM_VECTORS];
    RG_UNROLL for (size_t fragment = 0; fragment < RG_FRAGMENTS; fragment++) {
        RG_UNROLL for (size_t q = 0; q < RG_SUM_VECTORS; q++) {
            acc[fragment][q] = RG_LOAD(b.bias + RG_AT(RG_SUM_VECTORS, RG_FRAGMENT_COL(fragment, part), q));
        }
    }
    RG_CELL_NAME(RG_SIZED(input_global))(acc, b.x, s.x_stride, b.w_input, s.inputs, part);
    if (s.skip_kind == RG_SKIP_IS_ADD) {
        RG_CELL_NAME(RG_SIZED(input_global))
        (acc, b.h + b.to_skip * s.out_stride - b.unit, s.out_stride, b.w_skip, b.skip_depth, part);
    }
    if (s.skip_kind == RG_SKIP_IS_DILATED) {
        RG_CELL_NAME(RG_SIZED(hidden_global))
        (acc, b.h + b.to_skip * s.out_stride - b.unit, s.out_stride, b.w_hidden, b.skip_depth, part);
    } else {
        RG_CELL_NAME(RG_SIZED(hidden_local))(acc, b.past, line, b.w_hidden, b.depth, part);
    }
    rg_vec total[RG_FRAGMENTS][RG_SUM_VECTORS]; /* copied from the registers, for RG_EACH_ROW */
    RG_UNROLL for (size_t i = 0; i < RG_FRAGMENTS; i++) {
        RG_UNROLL for (size_t q = 0; q < RG_SUM_VECTORS; q++) {
            total[i][q] = acc[i][q];
        }
    }
    RG_EACH_ROW for (size_t fragment = 0; fragment < RG_FRAGMENTS; fragment++) {
        const size_t r = RG_FRAGMENT_ROW(fragment);
        if (!RG_HAS_FRAGMENT(fragment, part)) {
            continue;
        }
#if !RG_TF32
        const int live = !s.ragged || b.t >= b.begin[r];
#endif
        RG_EACH_ROW for (size_t n = 0; n < RG_WIDE; n++) {
            const rg_vec zero = RG_SPLAT(0.0f);
            const size_t lane = RG_AT(RG_WIDE, RG_FRAGMENT_COL(fragment, part), n);
            rg_vec sums[RG_SUMS_A_UNIT], saved[RG_KEPT + 1], h, past = zero;
            RG_UNROLL for (size_t g = 0; g < RG_SUMS_A_UNIT; g++) {
                sums[g] = total[fragment][g * RG_WIDE + n];
            }
#ifdef RG_PAST
            if (b.has_prev) {
                past = RG_LOAD(b.saved + (b.to_prev + (ptrdiff_t)r) * s.d_stride + RG_PAST * s.h_stride + lane);
            }
#endif
#ifdef RG_PAST_IS_STATE
            if (b.has_prev) {
                past = RG_LOAD(b.h + (b.to_prev + (ptrdiff_t)r) * s.out_stride + lane);
            }
#endif
            RG_CELL_NAME(cell_step)(sums, past, s.activation, &h, saved);
#ifdef RG_LEARNED
            const int open = rg_gate_open(b.gate + r * RG_GATE_VALUES);
            saved[RG_SAVED] = h;
            h = open ? h : b.has_prev ? RG_LOAD(b.h + (b.to_prev + (ptrdiff_t)r) * s.out_stride + lane) : zero;
#ifdef RG_PAST
            saved[RG_SAVED + 1] = saved[RG_PAST];
            saved[RG_PAST] = open ? saved[RG_PAST] : past;
#endif
#endif
#if RG_TF32 /* read late, when a register is free: otherwise the gru spills 4 bytes */
            const int live = !s.ragged || b.t >= b.begin[r];
#endif
            h = live ? h : zero;
#if RG_KEPT > 0
            RG_UNROLL for (size_t i = 0; i < RG_KEPT; i++) {
                saved[i] = live ? saved[i] : zero;
            }
#endif
            if (s.initial && !live && b.t + 1 == b.begin[r]) {
                h = RG_LOAD(b.h + (b.to_init + (ptrdiff_t)r) * s.out_stride + lane);
#ifdef RG_PAST
                saved[RG_PAST] =
                    RG_LOAD(b.saved + (b.to_init + (ptrdiff_t)r) * s.d_stride + RG_PAST * s.h_stride + lane);
#endif
            }
            RG_STORE(h, b.now + RG_LOCAL_AT(r, lane, line));
            RG_STORE(h, b.h + r * s.out_stride + lane);
#if RG_KEPT > 0
            RG_UNROLL for (size_t i = 0; i < RG_KEPT; i++) {
                RG_STORE(saved[i], b.saved + r * s.d_stride + i * s.h_stride + lane);
            }
#endif
        }
    }
}
#endif

#define RG_PREV_ROW ((size_t)((ptrdiff_t)row + b.to_prev)) /* row of the state that W_hh multiplies */
#define RG_CARRY_ROW (b.slot * s.rows + b.first + r)
RG_HOT void RG_CELL_NAME(RG_SIZED(reverse_rows))(struct rg_scan_args s, struct RG_CELL_NAME(reverse_block) b,
                                                 rg_part part) {
    const size_t d_stride = s.d_stride;
#if RG_DELTAS_ARE_LOCAL(RG_COLS * RG_ROWS, RG_GATES)
    const size_t line = RG_TILE_LINE(RG_ITEMS, (size_t)s.tile, (size_t)RG_GATES * s.h_stride, RG_VEC);
#endif
    rg_vec acc[RG_FRAGMENTS][RG_N];
    RG_UNROLL for (size_t fragment = 0; fragment < RG_FRAGMENTS; fragment++) {
        const size_t r = RG_FRAGMENT_ROW(fragment);
        RG_UNROLL for (size_t q = 0; q < RG_N; q++) {
            const size_t lane = RG_AT(RG_N, RG_FRAGMENT_COL(fragment, part), q);
            acc[fragment][q] =
                b.dh && RG_HAS_FRAGMENT(fragment, part) ? RG_LOAD(b.dh + r * s.out_stride + lane) : RG_SPLAT(0.0f);
            RG_PREFETCH(b.h + (b.at + r) * s.out_stride + b.unit + lane);
#if RG_KEPT > 0
            RG_UNROLL for (size_t i = 0; i < RG_KEPT; i++) {
                RG_PREFETCH(b.saved + (b.at + r) * s.d_stride + i * s.h_stride + b.unit + lane);
            }
#endif
        }
    }
#if RG_DELTAS_ARE_LOCAL(RG_COLS * RG_ROWS, RG_GATES)
    for (size_t g = 0; g < RG_GATES; g++) {
        const size_t last = g + 1 == RG_GATES ? RG_LAST_DELTA : g, w = g * s.hidden * RG_LINE(RG_N);
        __global const rg_real *const far = b.d + ((ptrdiff_t)b.at + b.to_skip) * s.d_stride;
        if (s.skip_kind == RG_SKIP_IS_DILATED) {
            RG_SIZED(rg_plain_global)(acc, far + last * s.h_stride, d_stride, b.w_hidden + w, b.skip_depth, part);
        } else {
            RG_SIZED(rg_plain_local)
            (acc, b.next + RG_LOCAL_AT(0, g * s.h_stride, line), line, b.w_hidden + w, b.depth, part);
        }
        if (s.skip_kind == RG_SKIP_IS_ADD) {
            RG_SIZED(rg_plain_global)(acc, far + g * s.h_stride, d_stride, b.w_skip + w, b.skip_depth, part);
        }
    }
#else
    /* gate by gate: W_hh with the step processed before, then W_sh with the step d steps before */
    const rg_u32 add = s.skip_kind == RG_SKIP_IS_ADD;
    for (rg_u32 i = 0; i < (rg_u32)RG_GATES << add; i++) {
        const rg_u32 g = i >> add, is_far = i & add, last = !is_far && g + 1 == RG_GATES ? RG_LAST_DELTA : g;
        RG_SIZED(rg_plain_global)
        (acc, b.d + ((ptrdiff_t)b.at + (is_far ? b.to_skip : b.next)) * s.d_stride + last * s.h_stride, d_stride,
         (is_far ? b.w_skip : b.w_hidden) + g * s.hidden * RG_LINE(RG_N), is_far ? b.skip_depth : b.depth, part);
    }
#endif
    rg_vec total[RG_FRAGMENTS][RG_N]; /* copied from the registers, for RG_EACH_ROW */
    RG_UNROLL for (size_t i = 0; i < RG_FRAGMENTS; i++) {
        RG_UNROLL for (size_t q = 0; q < RG_N; q++) {
            total[i][q] = acc[i][q];
        }
    }
    RG_EACH_ROW for (size_t fragment = 0; fragment < RG_FRAGMENTS; fragment++) {
        const size_t r = RG_FRAGMENT_ROW(fragment);
        if (!RG_HAS_FRAGMENT(fragment, part)) {
            continue;
        }
        const int live = !s.ragged || b.t >= b.begin[b.first + r];
        const size_t row = b.at + r;
        RG_EACH_ROW for (size_t q = 0; q < RG_N; q++) {
            const rg_vec zero = RG_SPLAT(0.0f);
            const size_t lane = b.unit + RG_AT(RG_N, RG_FRAGMENT_COL(fragment, part), q);
            rg_vec saved[RG_KEPT + 1], delta[RG_DELTAS], past = zero, carry = zero, carried = zero;
#if RG_KEPT > 0
            RG_UNROLL for (size_t i = 0; i < RG_KEPT; i++) {
                saved[i] = RG_LOAD(b.saved + row * s.d_stride + i * s.h_stride + lane);
            }
            if (b.carried) {
                carry = RG_LOAD(b.carry + RG_CARRY_ROW * s.h_stride + lane);
            }
            const rg_vec kept = carry;
#endif
#ifdef RG_PAST
            if (b.has_prev) {
                past = RG_LOAD(b.saved + RG_PREV_ROW * s.d_stride + RG_PAST * s.h_stride + lane);
            }
#endif
#ifdef RG_PAST_IS_STATE
            if (b.has_prev) {
                past = RG_LOAD(b.h + RG_PREV_ROW * s.out_stride + lane);
            }
#endif
#ifdef RG_LEARNED
            const rg_vec before = b.has_prev ? RG_LOAD(b.h + RG_PREV_ROW * s.out_stride + lane) : zero;
            const int open = rg_gate_open(b.gate + r * RG_GATE_VALUES);
            __global rg_real *const planes = b.carry + RG_CARRY_ROW * s.h_stride + lane;
            const rg_vec d_gate = RG_SPLAT(b.gate[r * RG_GATE_VALUES + RG_GATE_D_LOGIT]) * RG_LOAD(b.w_gate + lane);
#ifdef RG_PAST
            total[fragment][q] = total[fragment][q] + (b.carried ? RG_LOAD(planes + 2 * b.plane) : zero);
            carry = carry + d_gate;
            const rg_vec slope =
                RG_FMA(carry, saved[RG_SAVED + 1] - past, total[fragment][q] * (saved[RG_SAVED] - before));
#else
            total[fragment][q] = total[fragment][q] + carry + d_gate;
            carry = zero;
            const rg_vec slope = total[fragment][q] * (saved[RG_SAVED] - before);
#endif
            RG_STORE(slope, planes + b.plane);
#endif
            RG_CELL_NAME(cell_step_reverse)
            (total[fragment][q], carry, RG_LOAD(b.h + row * s.out_stride + lane), past, saved, s.activation, delta,
             &carried);
#ifdef RG_LEARNED
            RG_UNROLL for (size_t g = 0; g < RG_DELTAS; g++) {
                delta[g] = open ? delta[g] : zero;
            }
#ifdef RG_PAST
            RG_STORE(live && !open ? total[fragment][q] : zero, planes + 2 * b.plane);
            carried = open ? carried : carry;
#else
            carried = open ? carried : total[fragment][q];
#endif
#endif
#if RG_KEPT > 0
            RG_STORE(live ? carried : kept, b.carry + RG_CARRY_ROW * s.h_stride + lane);
#endif
            RG_UNROLL for (size_t g = 0; g < RG_DELTAS; g++) {
                RG_STORE(live ? delta[g] : zero, b.d + row * d_stride + g * s.h_stride + lane);
            }
#if RG_DELTAS_ARE_LOCAL(RG_COLS * RG_ROWS, RG_GATES)
            RG_UNROLL for (size_t g = 0; g < RG_GATES; g++) {
                const rg_vec d = delta[g + 1 == RG_GATES ? RG_LAST_DELTA : g];
                RG_STORE(live ? d : zero, b.now + RG_LOCAL_AT(r, g * s.h_stride + lane, line));
            }
#endif
        }
    }
}
#undef RG_PREV_ROW
#undef RG_CARRY_ROW
#undef RG_SUM_VECTORS
#undef RG_LAST_DELTA
