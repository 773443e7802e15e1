/* Readouts other than the output of the last step. The head reads one row a sequence, which is computed from the last
 * layer's states as the steps come by; the reverse pass sends the row's gradient back to those states. `notes` is what
 * a row needs from one segment of steps to the next: the rounding error of a mean's sum so far (Kahan 1965), or the
 * step of the largest value. */
#define RG_READ_FINAL 1
#define RG_READ_MEAN 2
#define RG_READ_MAX 3

/* First step of sequence b, and the step at which the direction of unit `u` ends. For an empty sequence that is the
 * last one, where the scans leave h_0. */
#define RG_READ_START(b) (s.ragged ? begin[b] : 0)
#define RG_READ_END(u, start) ((u) < s.hidden || (start) == s.steps ? s.steps - 1 : (start))

/* The steps of a sequence in this launch, [first, end). `fresh`: no earlier launch had steps of the sequence. */
struct rg_read_span {
    size_t first, end;
    int fresh;
};

/* Add h over the span, in `units` columns from h on. The last launch divides by `count` steps. */
RG_INLINE void rg_read_mean(__global const rg_real *h, __global rg_real *row, __global rg_real *rest, size_t stride,
                            struct rg_read_span span, rg_real count, size_t col) {
    rg_vec sum[RG_NV], low[RG_NV];
    RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
        sum[q] = span.fresh ? RG_SPLAT(0.0f) : RG_LOAD(row + RG_LANE(col, q));
        low[q] = span.fresh ? RG_SPLAT(0.0f) : RG_LOAD(rest + RG_LANE(col, q));
    }
    for (size_t t = span.first; t < span.end; t++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            const rg_vec value = RG_LOAD(h + t * stride + RG_LANE(col, q)) - low[q], next = sum[q] + value;
            low[q] = (next - sum[q]) - value;
            sum[q] = next;
        }
    }
    RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
        RG_STORE(sum[q] / RG_SPLAT(count), row + RG_LANE(col, q));
        RG_STORE(low[q], rest + RG_LANE(col, q));
    }
}

/* The largest h of the span and its step, counted from `step`. NaN is larger than anything, as in torch.max. */
RG_INLINE void rg_read_max(__global const rg_real *h, __global rg_real *row, __global rg_u32 *steps, size_t stride,
                           struct rg_read_span span, size_t step, size_t col) {
    for (size_t q = 0; q < RG_NV; q++) {
        const size_t unit = RG_LANE(col, q);
        rg_real best[RG_VEC];
        rg_u32 at[RG_VEC];
        for (size_t i = 0; i < RG_VEC; i++) {
            best[i] = span.fresh ? h[span.first * stride + unit + i] : row[unit + i];
            at[i] = span.fresh ? (rg_u32)(span.first + step) : steps[unit + i];
        }
        for (size_t t = span.first; t < span.end; t++) {
            for (size_t i = 0; i < RG_VEC; i++) {
                const rg_real value = h[t * stride + unit + i];
                const int more = !(value <= best[i]) && best[i] == best[i];
                best[i] = more ? value : best[i];
                at[i] = more ? (rg_u32)(t + step) : at[i];
            }
        }
        for (size_t i = 0; i < RG_VEC; i++) {
            row[unit + i] = best[i];
            steps[unit + i] = at[i];
        }
    }
}

/* Copy the final states of the directions that end in [from, to). */
RG_INLINE void rg_read_final(__global const rg_real *h, __global rg_real *row, size_t stride, size_t start,
                             struct rg_readout_args s, size_t col) {
    for (size_t u = col; u < s.width; u += RG_COLS) {
        const size_t t = RG_READ_END(u, start);
        if (t >= s.from && t < s.to) {
            row[u] = h[(t - s.base) * stride + u];
        }
    }
}

/* h [T][B][D*Hp], begin [B] -> row [B][D*Hp], notes [B][D*Hp], from the steps [from, to). Launches must follow the
 * order of the steps, except for RG_READ_FINAL. */
RG_KERNEL void rg_readout(__global const rg_real *restrict h, __global const rg_u32 *restrict begin,
                          __global rg_real *restrict row, __global rg_real *restrict notes,
                          const struct rg_readout_args s) {
    const size_t end = rg_share(s.rows, get_group_id(0) + 1, get_num_groups(0)), stride = s.rows * s.stride;
    for (size_t b = rg_share(s.rows, get_group_id(0), get_num_groups(0)) + get_local_id(1); b < end; b += RG_ROWS) {
        const size_t start = RG_READ_START(b), first = start > s.from ? start : s.from, at = b * s.stride;
        const struct rg_read_span span = {first - s.base, s.to - s.base, start >= s.from};
        const rg_real count = s.to == s.steps ? (rg_real)(s.steps - start) : 1.0f;
        if (s.kind == RG_READ_FINAL) {
            rg_read_final(h + at, row + at, stride, start, s, get_local_id(0));
            continue;
        }
        for (size_t p = 0; p < s.width; p += RG_NR) {
            if (first >= s.to) { /* the sequence starts later; an empty one never starts */
                for (size_t u = get_local_id(0); u < RG_NR; u += RG_COLS) {
                    row[at + p + u] = 0.0f;
                }
            } else if (s.kind == RG_READ_MEAN) {
                rg_read_mean(h + at + p, row + at + p, notes + at + p, stride, span, count, get_local_id(0));
            } else {
                rg_read_max(h + at + p, row + at + p, (__global rg_u32 *)notes + at + p, stride, span, s.base,
                            get_local_id(0));
            }
        }
    }
}

/* d_row [B][D*Hp] = dL/drow, notes as rg_readout left them -> dh [T][B][D*Hp] for the steps [from, to). */
RG_KERNEL void rg_readout_gradient(__global const rg_real *restrict d_row, __global const rg_u32 *restrict begin,
                                   __global const rg_real *restrict notes, __global rg_real *restrict dh,
                                   const struct rg_readout_args s) {
    const size_t lines = (s.to - s.from) * s.rows, col = get_local_id(0);
    __global const rg_u32 *const steps = (__global const rg_u32 *)notes;
    const size_t end = rg_share(lines, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = rg_share(lines, get_group_id(0), get_num_groups(0)) + get_local_id(1); i < end; i += RG_ROWS) {
        const size_t t = s.from + i / s.rows, b = i % s.rows, start = RG_READ_START(b), at = b * s.stride;
        const size_t width = s.kind != RG_READ_FINAL && t < start ? 0 : s.width; /* no gradient before the start */
        __global rg_real *const to = dh + ((t - s.base) * s.rows + b) * s.stride;
        if (s.kind == RG_READ_MEAN) {
            for (size_t u = col; u < width; u += RG_COLS) {
                to[u] = d_row[at + u] / (rg_real)(s.steps - start);
            }
        } else if (s.kind == RG_READ_MAX) {
            for (size_t u = col; u < width; u += RG_COLS) {
                to[u] = steps[at + u] == (rg_u32)t ? d_row[at + u] : 0.0f;
            }
        } else {
            for (size_t u = col; u < width; u += RG_COLS) {
                to[u] = t == RG_READ_END(u, start) ? d_row[at + u] : 0.0f;
            }
        }
        for (size_t u = width + col; u < s.stride; u += RG_COLS) {
            to[u] = 0.0f;
        }
    }
}
#undef RG_READ_START
#undef RG_READ_END
