/* Weight gradients: a product over all rows (t, b) of the chunk, cut into segments of steps that are summed later in a
 * fixed order, so the result does not depend on how many groups run at once.
 *
 *   partial [segments][rows of all sources][n]
 *
 * Group (s, p) does segment s and panels p, p + groups, …; rows go in runs of RG_RUN, so that a run of d stays in the
 * first-level cache while all k pass over it. */
#ifndef RG_RUN
#define RG_RUN 128
#endif

/* Columns [0, depth) of `a` against d, added to rows [0, depth) of partial. */
RG_INLINE void rg_outer(__global const rg_real *a, size_t a_stride, size_t depth, __global const rg_real *d,
                        size_t d_stride, size_t n_rows, __global rg_real *partial, size_t n) {
    const size_t col = get_local_id(0);
    for (size_t k = get_local_id(1) * RG_BLOCK_ROWS; k < depth; k += RG_ROWS * RG_BLOCK_ROWS) {
#define RG_OUTER(R, r) RG_CAT(rg_outer_rows_, R)(a + r, a_stride, d, d_stride, n_rows, partial + r * n, n, col)
        RG_BLOCKS_OF_8(k, depth, RG_OUTER);
#undef RG_OUTER
    }
}

/* Rows [row, row + n_rows) of the chunk against one panel of d, all sources. */
RG_INLINE void rg_outer_run(__global const rg_real *states, __global const rg_real *inputs,
                            __global const rg_real *ones, __global const rg_real *d, __global rg_real *sum,
                            struct rg_weight_gradient_args s, size_t panel, size_t row, size_t n_rows) {
    for (rg_u32 i = 0; i < s.n_sources; i++) {
        const struct rg_gradient_source from = s.sources[i];
        /* rows whose step `shift` away exists */
        const size_t away = from.shift * s.rows, all = s.steps * s.rows;
        const size_t low = from.later ? 0 : away, high = from.later ? all - away : all;
        const size_t begin = row > low ? row : low, end = row + n_rows < high ? row + n_rows : high;
        if (away < all && begin < end && panel * RG_NR / s.gate_width != from.skip_gate) {
            __global const rg_real *const a = from.buffer == RG_FROM_STATES   ? states
                                              : from.buffer == RG_FROM_INPUTS ? inputs
                                                                              : ones;
            const size_t at = from.later ? begin + away : begin - away;
            rg_outer(a + from.offset + at * from.stride, from.stride, from.depth,
                     d + begin * s.d_stride + panel * RG_NR, s.d_stride, end - begin, sum + panel * RG_NR, s.n);
        }
        sum += from.depth * s.n;
    }
}

RG_INLINE void rg_clear_panel(__global rg_real *sum, struct rg_weight_gradient_args s, size_t panel) {
    size_t lines = 0;
    for (rg_u32 i = 0; i < s.n_sources; i++) {
        lines += s.sources[i].depth;
    }
    for (size_t k = get_local_id(1); k < lines; k += RG_ROWS) {
        for (size_t q = 0; q < RG_NV; q++) {
            RG_STORE(RG_SPLAT(0.0f), sum + k * s.n + panel * RG_NR + RG_LANE(get_local_id(0), q));
        }
    }
    RG_BARRIER;
}

RG_KERNEL void rg_weight_gradient(__global const rg_real *restrict states, __global const rg_real *restrict inputs,
                                  __global const rg_real *restrict ones, __global const rg_real *restrict d,
                                  __global rg_real *restrict partial, const struct rg_weight_gradient_args s) {
    const size_t begin = s.begin + rg_share(s.end - s.begin, get_group_id(0), s.n_segments);
    const size_t end = s.begin + rg_share(s.end - s.begin, get_group_id(0) + 1, s.n_segments);
    __global rg_real *const sum = partial + s.partial + get_group_id(0) * s.segment_stride;
    for (size_t p = get_group_id(1); !s.accumulate && p < s.n / RG_NR; p += get_num_groups(1)) {
        rg_clear_panel(sum, s, p);
    }
    for (size_t block = 0; block < s.rows; block += s.block) {
        const size_t width = s.rows - block < s.block ? s.rows - block : s.block;
        /* a block that is the whole chunk has its steps one after the other in memory */
        const size_t joined = width == s.rows ? end - begin : 1;
        for (size_t t = begin; t < end; t += joined) {
            const size_t from = t * s.rows + block, n_rows = joined * width;
            for (size_t row = 0; row < n_rows; row += RG_RUN) {
                const size_t run = n_rows - row < RG_RUN ? n_rows - row : RG_RUN;
                for (size_t p = get_group_id(1); p < s.n / RG_NR; p += get_num_groups(1)) {
                    rg_outer_run(states, inputs, ones, d, sum, s, p, from + row, run);
                }
            }
        }
    }
}

/* Segments summed in order, into PyTorch's layout. Group (i, j) is the i-th share of job j's matrix rows. */
RG_KERNEL void rg_reduce_gradient(__global const rg_real *restrict partial, __global rg_real *restrict gradients,
                                  const struct rg_reduce_args args) {
    const struct rg_reduce_job job = args.jobs[get_group_id(1)];
    const size_t rows = (size_t)job.gates * job.units;
    const size_t end = rg_share(rows, get_group_id(0) + 1, get_num_groups(0));
    for (size_t j = rg_share(rows, get_group_id(0), get_num_groups(0)); j < end; j++) {
        const size_t g = j / job.units;
        const size_t place = (g + 1 == job.gates ? job.last_place : g * job.stride) + j % job.units;
        for (size_t k = rg_item(); k < job.columns; k += RG_ITEMS) {
            __global const rg_real *const from = partial + job.source + (job.k0 + k) * job.n + place;
            rg_real sum = 0.0f;
            for (size_t s = 0; s < job.n_segments; s++) {
                sum += from[s * job.segment_stride];
            }
            gradients[job.target + j * job.columns + k] = sum;
        }
    }
}
