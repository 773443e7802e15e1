/* One step of a sweep for a block of RG_R rows and one panel of units; read once per value of RG_R (see sweep.cl). */

/* h_t = step(bias + W_ih x_t + W_hh h_{t-1}). All pointers are at the block's first row and, where they have units, at
 * the panel's first unit; `past` is at unit 0. depth is 0 in the first step, where h_{t-1} = 0. */
RG_INLINE void RG_CAT(rg_forward_rows_, RG_R)(struct rg_sweep_args s, __global const rg_real *x,
                                              __global const rg_real *w_input, __global const rg_real *w_hidden,
                                              __global const rg_real *bias, __local const rg_real *past, size_t depth,
                                              __local rg_real *now, __global rg_real *h, __global const rg_u32 *begin,
                                              size_t t, size_t col) {
    const size_t stride = RG_LOCAL_STRIDE(s.h_stride, RG_VEC);
    rg_vec acc[RG_R][RG_NV];
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            acc[r][q] = RG_LOAD(bias + RG_LANE(col, q));
        }
    }
    RG_CAT(rg_block_global_, RG_R)(acc, x, s.x_stride, w_input, s.inputs, col);
    RG_CAT(rg_block_local_, RG_R)(acc, past, stride, w_hidden, depth, col);
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
        const int live = !s.ragged || t >= begin[r];
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            const rg_vec value = live ? rg_rnn_step(acc[r][q], s.activation) : RG_SPLAT(0.0f);
            RG_STORE(value, now + r * stride + RG_LANE(col, q));
            RG_STORE(value, h + (size_t)r * s.h_stride + RG_LANE(col, q));
        }
    }
}

/* delta_t = step_reverse(dh_t), dh_t = W_hh^T delta_{t+1}, or `dh` itself where depth is 0, in the last step. */
RG_INLINE void RG_CAT(rg_reverse_rows_, RG_R)(struct rg_sweep_args s, __global const rg_real *w_hidden,
                                              __local const rg_real *next, size_t depth, __local rg_real *now,
                                              __global const rg_real *h, __global const rg_real *dh,
                                              __global rg_real *d, __global const rg_u32 *begin, size_t t, size_t col) {
    const size_t stride = RG_LOCAL_STRIDE(s.h_stride, RG_VEC);
    rg_vec acc[RG_R][RG_NV];
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            acc[r][q] = depth ? RG_SPLAT(0.0f) : RG_LOAD(dh + (size_t)r * s.h_stride + RG_LANE(col, q));
            RG_PREFETCH(h + (size_t)r * s.h_stride + RG_LANE(col, q));
        }
    }
    RG_CAT(rg_block_local_, RG_R)(acc, next, stride, w_hidden, depth, col);
    RG_UNROLL for (size_t r = 0; r < RG_R; r++) {
        const int live = !s.ragged || t >= begin[r];
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            const rg_vec state = RG_LOAD(h + (size_t)r * s.h_stride + RG_LANE(col, q));
            const rg_vec value = live ? rg_rnn_step_reverse(acc[r][q], state, s.activation) : RG_SPLAT(0.0f);
            RG_STORE(value, now + r * stride + RG_LANE(col, q));
            RG_STORE(value, d + (size_t)r * s.h_stride + RG_LANE(col, q));
        }
    }
}
