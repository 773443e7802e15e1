/* Weight gradients: a product over all rows (t, b) of the chunk, cut into segments of steps that are summed later in a
 * fixed order, so the result does not depend on how many groups run at once.
 *
 *   partial [segments][H + F'][n]: row k < H belongs to h_{t-1}, the others to the columns of x (the ones column of x
 *   gives the bias)
 *
 * Group (s, p) does segment s and panels p, p + groups, …; rows go in runs of RG_RUN, so that a run of d stays in the
 * first-level cache while all k pass over it. */
#ifndef RG_RUN
#define RG_RUN 128
#endif

/* Columns [0, depth) of `a` against d, as rows [0, depth) of partial. */
RG_INLINE void rg_outer(__global const rg_real *a, size_t a_stride, size_t depth, __global const rg_real *d,
                        size_t d_stride, size_t n_rows, __global rg_real *partial, size_t n, int accumulate) {
    const size_t col = get_local_id(0);
    for (size_t k = get_local_id(1) * RG_BLOCK_ROWS; k < depth; k += RG_ROWS * RG_BLOCK_ROWS) {
#define RG_OUTER(R, r) \
    RG_CAT(rg_outer_rows_, R)(a + r, a_stride, d, d_stride, n_rows, partial + r * n, n, accumulate, col)
        RG_EACH_BLOCK(k, depth, RG_OUTER);
#undef RG_OUTER
    }
}

/* Rows [row, row + n_rows) of the chunk, all panels of the group. */
RG_INLINE void rg_outer_run(__global const rg_real *a, __global const rg_real *x, __global const rg_real *d,
                            __global rg_real *sum, struct rg_weight_gradient_args s, size_t row, size_t n_rows,
                            int with_a, int accumulate_a, int accumulate_x) {
    for (size_t p = get_group_id(1); p < s.n / RG_NR; p += get_num_groups(1)) {
        __global const rg_real *const delta = d + row * s.d_stride + p * RG_NR;
        if (with_a) {
            rg_outer(a + s.a_offset + (row - s.shift * s.rows) * s.a_stride, s.a_stride, s.depth, delta, s.d_stride,
                     n_rows, sum + p * RG_NR, s.n, accumulate_a);
        }
        rg_outer(x + row * s.x_stride, s.x_stride, s.inputs, delta, s.d_stride, n_rows, sum + s.depth * s.n + p * RG_NR,
                 s.n, accumulate_x);
    }
}

RG_KERNEL void rg_weight_gradient(__global const rg_real *restrict a, __global const rg_real *restrict x,
                                  __global const rg_real *restrict d, __global rg_real *restrict partial,
                                  const struct rg_weight_gradient_args s) {
    const size_t begin = s.begin + rg_share(s.end - s.begin, get_group_id(0), s.n_segments);
    const size_t end = s.begin + rg_share(s.end - s.begin, get_group_id(0) + 1, s.n_segments);
    __global rg_real *const sum = partial + s.partial + get_group_id(0) * s.segment_stride;
    int accumulate_a = (int)s.accumulate, accumulate_x = (int)s.accumulate;
    if (end <= s.shift && !accumulate_a) { /* no term in a: leave a defined zero */
        for (size_t p = get_group_id(1); p < s.n / RG_NR; p += get_num_groups(1)) {
            rg_outer(a, 0, s.depth, d, 0, 0, sum + p * RG_NR, s.n, 0);
        }
    }
    for (size_t block = 0; block < s.rows; block += RG_BATCH_BLOCK) {
        const size_t width = s.rows - block < RG_BATCH_BLOCK ? s.rows - block : RG_BATCH_BLOCK;
        /* a block that is the whole chunk has its steps one after the other in memory */
        const size_t joined = width == s.rows && end > s.shift ? end - (begin < s.shift ? s.shift : begin) : 1;
        for (size_t t = begin; t < end;) {
            const int with_a = t >= s.shift;
            const size_t steps = with_a ? joined : 1;
            const size_t from = t * s.rows + block, n_rows = steps * width;
            for (size_t row = 0; row < n_rows; row += RG_RUN) {
                const size_t run = n_rows - row < RG_RUN ? n_rows - row : RG_RUN;
                rg_outer_run(a, x, d, sum, s, from + row, run, with_a, accumulate_a, accumulate_x);
                accumulate_a |= with_a;
                accumulate_x = 1;
            }
            t += steps;
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
        const size_t place = j / job.units * job.stride + j % job.units;
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
