/* Weight gradients: a product over all rows (t, b) of the chunk, cut into segments of steps that are summed later in a
 * fixed order, so the result does not depend on how many groups run at once.
 *
 *   partial [segments][rows of all sources][n]
 *
 * Group (s, i) does units i, i + groups, … of segment s; unit u is part u % parts of the rows k for panel u / parts.
 * Rows of the chunk go in runs of RG_RUN, so that a run of d stays in the first-level cache while all k pass over it;
 * an element's sum is one accumulator all along. */
#ifndef RG_RUN
#define RG_RUN 128
#endif

/* The sum of d is a row of its own on a GPU: beside products it would take registers from them. */
#define RG_SUMS_APART (RG_COLS * RG_ROWS > 1)

/* The sum of d alone, where a panel has no other part in a source. */
RG_HOT void rg_sum_of_rows(__global const rg_real *d, size_t d_stride, size_t n_rows, __global rg_real *partial,
                           int fresh, size_t col) {
    for (size_t q = 0; q < RG_NV; q++) {
        rg_vec sum = fresh ? RG_SPLAT(0.0f) : RG_LOAD(partial + RG_LANE(col, q));
        for (size_t i = 0; i < n_rows; i++) {
            sum = sum + RG_LOAD(d + i * d_stride + RG_LANE(col, q));
        }
        RG_STORE(sum, partial + RG_LANE(col, q));
    }
}

/* What one source adds to one panel of partial, at the source's first row and the panel's first column. */
struct rg_outer {
    __global const rg_real *a, *d;
    __global rg_real *partial;
    size_t a_stride, d_stride, n;
    size_t n_rows;                /* of a and d; 0: partial is only made zero, where it is fresh */
    int fresh;                    /* partial holds nothing yet */
    __global const rg_real *next; /* rows of d for the group's next unit; a hint, past the last ones too */
};

/* Ask the caches for rows [first, end) of a panel of d; CPUs only. */
RG_INLINE void rg_outer_ask(__global const rg_real *d, size_t d_stride, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            RG_PREFETCH(d + i * d_stride + RG_LANE(0, q));
        }
    }
}

/* Rows [first, end) of the source; the last block, which ends at `sum_at`, takes the sum of d with it. */
RG_INLINE void rg_outer_part(struct rg_outer o, size_t first, size_t end, size_t sum_at) {
    const size_t col = get_local_id(0);
    for (size_t k = first + get_local_id(1) / RG_BLOCK_ITEMS(RG_HOT_ROWS) * RG_HOT_ROWS; k < end;
         k += RG_ROWS / RG_BLOCK_ITEMS(RG_HOT_ROWS) * RG_HOT_ROWS) {
#define RG_OUTER(R, r)                                                                      \
    if (!RG_SUMS_APART && r + R == sum_at) {                                                \
        RG_CAT(rg_outer_with_sum_, R)                                                       \
        (o.a + r, o.a_stride, o.d, o.d_stride, o.n_rows, o.partial + r * o.n, o.n, o.fresh, \
         RG_ITEM_PART(R, col, end - r));                                                    \
    } else {                                                                                \
        RG_CAT(rg_outer_rows_, R)                                                           \
        (o.a + r, o.a_stride, o.d, o.d_stride, o.n_rows, o.partial + r * o.n, o.n, o.fresh, \
         RG_ITEM_PART(R, col, end - r));                                                    \
    }
#if RG_COLS * RG_ROWS == 1
        const size_t blocks = (end - first + RG_BLOCK_ROWS - 1) / RG_BLOCK_ROWS;
        /* a share of them before each block: many at once would hold up the rest */
        rg_outer_ask(o.next, o.d_stride, rg_share(o.n_rows, (k - first) / RG_BLOCK_ROWS, blocks),
                     rg_share(o.n_rows, (k - first) / RG_BLOCK_ROWS + 1, blocks));
#endif
        RG_IN_GRADIENT_BLOCKS(k, end, RG_OUTER);
#undef RG_OUTER
    }
}

/* *o for what the states that sequences start from add; 0: nothing. They are behind the last step, and `shift` before
 * the steps of rows [start, start + B), of which [row, row + n_rows) take part. */
RG_INLINE int rg_outer_initial(struct rg_outer *o, struct rg_weight_gradient_args s, struct rg_gradient_source from,
                               __global const rg_real *d, size_t row, size_t n_rows) {
    const size_t away = from.shift * s.rows, all = s.steps * s.rows;
    const size_t start = away > all ? all : from.later ? all - away : away - s.rows;
    const size_t begin = row > start ? row : start, limit = start + s.rows < all ? start + s.rows : all;
    const size_t stop = row + n_rows < limit ? row + n_rows : limit;
    if (begin >= stop) {
        return 0;
    }
    o->a += from.offset + (s.initial_at * s.rows + begin - start) * from.stride;
    o->d = d + (begin - s.base * s.rows) * s.d_stride;
    o->n_rows = stop - begin;
    o->fresh = 0;
    return 1;
}

/* Rows [row, row + n_rows) of the chunk against one unit, all sources. */
RG_INLINE void rg_outer_run(__global const rg_real *states, __global const rg_real *inputs, __global const rg_real *d,
                            __global rg_real *sum, struct rg_weight_gradient_args s, size_t unit, size_t row,
                            size_t n_rows, int fresh, __global const rg_real *next) {
    const size_t panel = unit / s.parts, part = unit % s.parts;
    for (rg_u32 i = 0; i < s.n_sources; i++) {
        const struct rg_gradient_source from = s.sources[i];
        const size_t blocks = (from.depth + RG_HOT_ROWS - 1) / RG_HOT_ROWS;
        const size_t first = rg_share(blocks, part, s.parts) * RG_HOT_ROWS;
        const size_t last = rg_share(blocks, part + 1, s.parts) * RG_HOT_ROWS;
        const size_t end = last < from.depth ? last : from.depth;
        /* rows whose step `shift` away exists */
        const size_t away = from.shift * s.rows, all = s.steps * s.rows;
        const size_t low = from.later ? 0 : away, high = from.later ? all - away : all;
        const size_t begin = row > low ? row : low, stop = row + n_rows < high ? row + n_rows : high;
        const int none = away >= all || begin >= stop, gap = panel * RG_NR / s.gate_width == from.skip_gate;
        struct rg_outer o;
        o.a = from.buffer == RG_FROM_STATES ? states : inputs;
        o.a_stride = from.stride;
        o.d_stride = s.d_stride;
        o.d = d + (none ? 0 : begin - s.base * s.rows) * s.d_stride + panel * RG_NR;
        o.partial = sum + panel * RG_NR;
        o.n = s.n;
        o.n_rows = none ? 0 : stop - begin;
        o.fresh = fresh;
        o.next = next;
        if ((gap || RG_SUMS_APART) && from.sums && first < end && end == from.depth && get_local_id(1) == 0) {
            rg_sum_of_rows(o.d, o.d_stride, o.n_rows, o.partial + from.depth * s.n, fresh, get_local_id(0));
        }
        if (gap) {
            o.n_rows = 0;
        }
        const struct rg_outer whole = o;
        if (o.n_rows > 0) {
            o.a += from.offset + ((from.later ? begin + away : begin - away) - s.base * s.rows) * from.stride;
        }
        int initial = 0; /* the steps, then the states that sequences start from */
        do {
            if (o.n_rows > 0 || o.fresh) {
                rg_outer_part(o, first, end, !initial && from.sums && !gap ? from.depth : 0);
            }
            o = whole;
            initial = !initial && from.initial && !gap && rg_outer_initial(&o, s, from, d + panel * RG_NR, row, n_rows);
        } while (initial);
        sum += (from.depth + from.sums) * s.n;
    }
}

RG_KERNEL void rg_weight_gradient(__global const rg_real *restrict states, __global const rg_real *restrict inputs,
                                  __global const rg_real *restrict d, __global rg_real *restrict partial,
                                  const struct rg_weight_gradient_args s) {
    const size_t begin = s.begin + rg_share(s.end - s.begin, get_group_id(0), s.n_segments);
    const size_t end = s.begin + rg_share(s.end - s.begin, get_group_id(0) + 1, s.n_segments);
    const size_t units = s.n / RG_NR * s.parts;
    __global rg_real *const sum = partial + s.partial + get_group_id(0) * s.segment_stride;
    int fresh = !s.accumulate;
    for (size_t block = 0; block < s.rows; block += s.block) {
        const size_t width = s.rows - block < s.block ? s.rows - block : s.block;
        for (size_t left = end - begin, length; left > 0; left -= length) {
            length = left < s.run ? left : s.run;
            const size_t start = s.rising ? end - left : begin + left - length;
            /* a block that is the whole chunk has its steps one after the other in memory */
            const size_t joined = width == s.rows ? length : 1;
            for (size_t t = start; t < start + length; t += joined) {
                const size_t from = t * s.rows + block, n_rows = joined * width;
                for (size_t row = 0; row < n_rows; row += RG_RUN) {
                    const size_t run = n_rows - row < RG_RUN ? n_rows - row : RG_RUN;
                    for (size_t unit = get_group_id(1); unit < units; unit += get_num_groups(1)) {
                        const size_t after = unit + get_num_groups(1), later = after < units ? 0 : run;
                        __global const rg_real *const next =
                            d + (from + row + later - s.base * s.rows) * s.d_stride +
                            (after < units ? after : get_group_id(1)) / s.parts * RG_NR;
                        rg_outer_run(states, inputs, d, sum, s, unit, from + row, run, fresh, next);
                    }
                    fresh = 0;
                }
            }
        }
    }
}

/* Segments summed in order, into PyTorch's layout. Group (i, j) is the j-th share of job i's units, taken RG_VEC at a
 * time and turned from columns into rows in a small square. */
RG_KERNEL void rg_reduce_gradient(__global const rg_real *restrict partial, __global rg_real *restrict gradients,
                                  const struct rg_reduce_args args) {
    const struct rg_reduce_job job = args.jobs[get_group_id(0)];
    const size_t runs = (job.units + RG_VEC - 1) / RG_VEC; /* of a gate */
    const size_t end = rg_share(job.gates * runs, get_group_id(1) + 1, get_num_groups(1));
    for (size_t run = rg_share(job.gates * runs, get_group_id(1), get_num_groups(1)); run < end; run++) {
        const size_t g = run / runs, unit = run % runs * RG_VEC;
        const size_t place = (g + 1 == job.gates ? job.last_place : g * job.stride) + unit;
        const size_t units = job.units - unit < RG_VEC ? job.units - unit : RG_VEC;
        __global rg_real *const to = gradients + job.target + (g * job.units + unit) * job.columns;
        for (size_t k = rg_item() * RG_VEC; k < job.columns; k += RG_ITEMS * RG_VEC) {
            const size_t columns = job.columns - k < RG_VEC ? job.columns - k : RG_VEC;
            rg_real square[RG_VEC][RG_VEC];
            for (size_t i = 0; i < columns; i++) {
                __global const rg_real *const from = partial + job.source + (job.k0 + k + i) * job.n + place;
                rg_vec sum = RG_SPLAT(0.0f);
                for (size_t s = 0; s < job.n_segments; s++) {
                    sum = sum + RG_LOAD(from + s * job.segment_stride);
                }
                RG_STORE(sum, square[i]);
            }
            for (size_t u = 0; u < units; u++) {
                for (size_t i = 0; i < columns; i++) {
                    to[u * job.columns + k + i] = square[i][u];
                }
            }
        }
    }
}
