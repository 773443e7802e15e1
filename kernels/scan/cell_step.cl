/* What follows the products of a block in a cell's step: the new state, and in reverse the deltas. `total` has the
 * block's sums. On a GPU, where these are in registers, it is included for each RG_R. A processor has one function for
 * blocks of any size (base/any.cl), because each takes time to compile. */
RG_INLINE void RG_CELL_NAME(RG_SIZED(forward_step))(struct rg_scan_args s, struct RG_CELL_NAME(forward_block) b,
                                                    rg_part part, const rg_vec *total RG_SIZE_PARAMETER) {
#if RG_HAS_LOCAL_STATES
    const size_t line = RG_STATES_LINE(s);
#endif
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
                sums[g] = total[fragment * RG_SUM_VECTORS + g * RG_WIDE + n];
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
#if RG_HAS_LOCAL_STATES
            RG_STORE(h, b.now + RG_LOCAL_AT(r, lane, line));
#endif
            RG_STORE(h, b.h + r * s.out_stride + lane);
#if RG_KEPT > 0
            RG_UNROLL for (size_t i = 0; i < RG_KEPT; i++) {
                RG_STORE(saved[i], b.saved + r * s.d_stride + i * s.h_stride + lane);
            }
#endif
        }
    }
}

#define RG_PREV_ROW ((size_t)((ptrdiff_t)row + b.to_prev)) /* row of the state that W_hh multiplies */
#define RG_CARRY_ROW (b.slot * s.rows + b.first + r)
RG_INLINE void RG_CELL_NAME(RG_SIZED(reverse_step))(struct rg_scan_args s, struct RG_CELL_NAME(reverse_block) b,
                                                    rg_part part, const rg_vec *total RG_SIZE_PARAMETER) {
    const size_t d_stride = s.d_stride;
#if RG_HAS_LOCAL_DELTAS
    const size_t line = RG_DELTAS_LINE(s);
#endif
    RG_EACH_ROW for (size_t fragment = 0; fragment < RG_FRAGMENTS; fragment++) {
        const size_t r = RG_FRAGMENT_ROW(fragment);
        if (!RG_HAS_FRAGMENT(fragment, part)) {
            continue;
        }
        const int live = !s.ragged || b.t >= b.begin[b.first + r];
        const size_t row = b.at + r;
        RG_EACH_ROW for (size_t q = 0; q < RG_N; q++) {
            const rg_vec zero = RG_SPLAT(0.0f);
            rg_vec dh = total[fragment * RG_N + q];
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
            dh = dh + (b.carried ? RG_LOAD(planes + 2 * b.plane) : zero);
            carry = carry + d_gate;
            const rg_vec slope = RG_FMA(carry, saved[RG_SAVED + 1] - past, dh * (saved[RG_SAVED] - before));
#else
            dh = dh + carry + d_gate;
            carry = zero;
            const rg_vec slope = dh * (saved[RG_SAVED] - before);
#endif
            RG_STORE(slope, planes + b.plane);
#endif
            RG_CELL_NAME(cell_step_reverse)
            (dh, carry, RG_LOAD(b.h + row * s.out_stride + lane), past, saved, s.activation, delta, &carried);
#ifdef RG_LEARNED
            RG_UNROLL for (size_t g = 0; g < RG_DELTAS; g++) {
                delta[g] = open ? delta[g] : zero;
            }
#ifdef RG_PAST
            RG_STORE(live && !open ? dh : zero, planes + 2 * b.plane);
            carried = open ? carried : carry;
#else
            carried = open ? carried : dh;
#endif
#endif
#if RG_KEPT > 0
            RG_STORE(live ? carried : kept, b.carry + RG_CARRY_ROW * s.h_stride + lane);
#endif
            RG_UNROLL for (size_t g = 0; g < RG_DELTAS; g++) {
                RG_STORE(live ? delta[g] : zero, b.d + row * d_stride + g * s.h_stride + lane);
            }
#if RG_HAS_LOCAL_DELTAS
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
