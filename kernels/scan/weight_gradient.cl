/* Weight gradients: a product over all rows (t, b) of the chunk. It is cut into slices of steps that are summed later
 * in a fixed order, so the result does not depend on how many groups run at once.
 *
 *   partial [slices][rows of all sources][n]
 *
 * A chunk's rows are pairs (t, b). A source's rows k are the rows of partial: one for each column of the
 * source, and with sums one more, the sum of d, for the bias. n is the number of columns of d.
 *
 * On a CPU, and with tensor cores, the rows k of each panel are cut into `parts` parts. Unit u of the work is part
 * u % parts of panel u / parts. Group (s, i) computes units i, i + groups, … of slice s. It processes the rows (t, b)
 * in runs of RG_RUN, so that a run of d stays in the first-level cache while all k use it. On other GPUs item rows
 * take blocks of all slices instead, each over all rows (t, b) of its slice: see rg_outer_find.
 *
 * Each element is summed in one order throughout, whatever the cuts. */
#ifndef RG_RUN
#define RG_RUN 128
#endif

/* On a GPU without tensor cores, a group's item rows take blocks of four rows k out of one list over all sources and
 * panels. Otherwise most item rows would have no work. */
#define RG_OUTER_BY_BLOCKS (RG_COLS * RG_ROWS > 1 && !RG_TF32)

/* With tensor cores the sum of d is computed separately: together with products it would take their registers. Else
 * blocks of up to four rows compute it too. */
#define RG_SUMS_APART (RG_TF32 != 0)
#define RG_WITH_SUM(height) ((height) <= 4)

/* The rows of d that a group's next unit reads, and whether its panel is wide; used to prefetch only. */
struct rg_outer_next {
    __global const rg_real *d;
    int wide;
};

/* The buffers of the kernel from the first column on that a group computes; `sum` is its partial sum. */
struct rg_outer_buffers {
    __global const rg_real *states, *inputs, *d;
    __global rg_real *sum;
};

/* The contribution of one source to one panel of a partial sum. Pointers are at the first row and column of it. */
struct rg_outer {
    __global const rg_real *a, *d;
    __global rg_real *partial;
    size_t a_stride, d_stride, n;
    size_t n_rows; /* rows of a and d; 0: set a fresh partial to zero */
    int fresh;     /* partial has no value yet */
    /* only without RG_OUTER_BY_BLOCKS */
    int wide; /* the panel has RG_NV + 1 vectors */
    struct rg_outer_next next;
};

/* n rows of a source from `a` on and the rows of d from `d` on that they are multiplied with, counted from the first
 * row of each buffer. */
struct rg_row_pairs {
    size_t a, d, n;
};

/* The rows of d in `run` for which the step `shift` steps away exists. */
RG_INLINE struct rg_row_pairs rg_outer_steps(struct rg_weight_gradient_args s, struct rg_gradient_source from,
                                             struct rg_rows run) {
    const size_t away = from.shift * s.rows, all = s.steps * s.rows, end = run.first + run.n;
    const size_t low = from.later ? 0 : away, high = from.later ? all - away : all;
    const size_t first = run.first > low ? run.first : low, stop = end < high ? end : high;
    struct rg_row_pairs rows = {0, 0, 0};
    if (away < all && first < stop) {
        rows.a = (from.later ? first + away : first - away) - s.base * s.rows;
        rows.d = first - s.base * s.rows;
        rows.n = stop - first;
    }
    return rows;
}

/* The rows of d in `run` whose source are the initial states, which are stored behind those of the last step. They are
 * the B rows of a single step, from `start` on: their source would lie before the direction's first step. */
RG_INLINE struct rg_row_pairs rg_outer_initial(struct rg_weight_gradient_args s, struct rg_gradient_source from,
                                               struct rg_rows run) {
    const size_t away = from.shift * s.rows, all = s.steps * s.rows, end = run.first + run.n;
    const size_t start = away > all ? all : from.later ? all - away : away - s.rows;
    const size_t first = run.first > start ? run.first : start, limit = start + s.rows < all ? start + s.rows : all;
    const size_t stop = end < limit ? end : limit;
    struct rg_row_pairs rows = {0, 0, 0};
    if (first < stop) {
        rows.a = s.initial_at * s.rows + first - start;
        rows.d = first - s.base * s.rows;
        rows.n = stop - first;
    }
    return rows;
}

/* The contribution of a source's steps, or of its initial states, to the sum over `run`. `fresh` says whether that sum
 * has no value before. The initial states belong to the first step of a source that comes before d, and to the last one
 * of a source that comes after it: RG_OUTER_TURN gives the order of the two contributions. */
RG_INLINE struct rg_outer rg_outer_of(struct rg_outer_buffers b, struct rg_weight_gradient_args s,
                                      struct rg_gradient_source from, struct rg_rows run, int fresh, rg_u32 initial) {
    const struct rg_row_pairs rows = initial ? rg_outer_initial(s, from, run) : rg_outer_steps(s, from, run);
    struct rg_outer o;
    o.a = (from.buffer == RG_FROM_STATES ? b.states : b.inputs) + from.offset + rows.a * from.stride;
    o.d = b.d + rows.d * s.d_stride;
    o.partial = b.sum;
    o.a_stride = from.stride;
    o.d_stride = s.d_stride;
    o.n = s.n;
    o.n_rows = rows.n;
    o.fresh = fresh;
    return o;
}

/* Whether the contribution number `turn` of `last` + 1 is that of the initial states. */
#define RG_OUTER_TURN(from, turn, last) ((from).later ? (turn) : (last) - (turn))

/* The order of the sum of a slice. With RG_OUTER_BY_BLOCKS it is that of one of the slice's parts. */
RG_INLINE struct rg_sum_order rg_slice_order(struct rg_weight_gradient_args s, size_t slice, rg_u32 part) {
    const rg_u32 parts = RG_OUTER_BY_BLOCKS ? s.parts : 1;
    const rg_u32 others = (s.first_block + (rg_u32)(s.first_row / s.block)) % parts; /* the first row's part */
    struct rg_sum_order order;
    order.rows = s.rows;
    order.block = s.block;
    order.stride = parts * s.block;
    order.end_row = s.end_row;
    order.begin = s.begin + rg_share(s.end - s.begin, slice, s.n_slices);
    order.end = s.begin + rg_share(s.end - s.begin, slice + 1, s.n_slices);
    order.accum_steps = s.accum_steps;
    order.rising = s.rising;
    rg_sum_order_start(&order, s.first_row + (part + parts - others) % parts * s.block);
    return order;
}

#if RG_OUTER_BY_BLOCKS
/* A block of the list: four rows k of a source from `k` on, for one panel. After the last row of a source with `sums`
 * comes the sum of d. */
struct rg_outer_place {
    rg_u32 source, k, panel;
    size_t first; /* first of the source's rows in partial */
};

/* Find the index-th block, source by source. In the panels of a gate without a product with the source, only the sum of
 * d is a block. */
RG_INLINE void rg_outer_find(struct rg_weight_gradient_args s, size_t index, struct rg_outer_place *at) {
    const size_t panels = s.n / RG_NR;
    size_t first = 0;
    for (rg_u32 i = 0; i < s.n_sources; i++) {
        const struct rg_gradient_source from = s.sources[i];
        const size_t blocks = RG_OUTER_BLOCKS(from.depth, from.sums);
        const size_t in_gap = from.skip_gate == (rg_u32)RG_NO_GATE ? 0 : s.gate_width / RG_NR;
        const size_t gap = in_gap ? from.skip_gate * in_gap : panels, all = (panels - in_gap) * blocks;
        at->source = i;
        at->first = first;
        if (index < all) {
            const size_t panel = index / blocks;
            at->panel = (rg_u32)(panel < gap ? panel : panel + in_gap);
            at->k = (rg_u32)(index % blocks * RG_OUTER_ROWS);
            return;
        }
        index -= all;
        if (from.sums && index < in_gap) {
            at->panel = (rg_u32)(gap + index);
            at->k = from.depth;
            return;
        }
        index -= from.sums ? in_gap : 0;
        first += from.depth + from.sums;
    }
}

/* The last block of a source: n_k rows, fewer than four, and with `sums` the sum of d after them. A row of ones gives
 * that sum. Rows of zeros fill the block; their results are not stored. */
RG_HOT void rg_outer_tail(struct rg_outer o, size_t n_k, size_t sums, size_t col) {
    rg_vec acc[RG_OUTER_ROWS][RG_NV];
    RG_UNROLL for (size_t r = 0; r < RG_OUTER_ROWS; r++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            acc[r][q] = o.fresh || r >= n_k + sums ? RG_SPLAT(0.0f) : RG_LOAD(o.partial + r * o.n + RG_LANE(col, q));
        }
    }
    RG_ROLLED for (rg_u32 i = 0; i < (rg_u32)o.n_rows; i++, o.a += o.a_stride, o.d += o.d_stride) {
        rg_vec delta[RG_NV];
        RG_LOAD_LINE(delta, RG_NV, o.d + RG_LANE(col, 0))
        RG_UNROLL for (size_t r = 0; r < RG_OUTER_ROWS; r++) {
            const rg_vec value = RG_SPLAT(r < n_k ? o.a[r] : r == n_k ? 1.0f : 0.0f);
            RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
                acc[r][q] = RG_FMA(value, delta[q], acc[r][q]);
            }
        }
    }
    RG_UNROLL for (size_t r = 0; r < RG_OUTER_ROWS; r++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            if (r < n_k + sums) {
                RG_STORE(acc[r][q], o.partial + r * o.n + RG_LANE(col, q));
            }
        }
    }
}

/* Add the rows of `run` to the block of the source's first rows k. */
RG_INLINE void rg_outer_block(struct rg_outer_buffers b, struct rg_weight_gradient_args s,
                              struct rg_gradient_source from, struct rg_rows run, int fresh) {
    const size_t n_k = from.depth < RG_OUTER_ROWS ? from.depth : RG_OUTER_ROWS;
    for (rg_u32 turn = 0; turn <= from.initial; turn++) {
        const rg_u32 initial = RG_OUTER_TURN(from, turn, from.initial);
        const struct rg_outer o = rg_outer_of(b, s, from, run, fresh, initial);
        if (initial && o.n_rows == 0) {
            continue;
        }
        fresh = 0;
        if (n_k == RG_OUTER_ROWS) {
            rg_outer_rows_4(o.a, o.a_stride, o.d, o.d_stride, o.n_rows, o.partial, o.n, o.fresh, get_local_id(0));
        } else {
            rg_outer_tail(o, n_k, from.sums && !initial, get_local_id(0));
        }
    }
}

/* Add all rows of `order` to one block. A part that has no row in this launch gets zeros if it has no value yet. */
RG_INLINE void rg_outer_slice(struct rg_outer_buffers b, struct rg_weight_gradient_args s, struct rg_outer_place at,
                              struct rg_sum_order order) {
    struct rg_gradient_source from = s.sources[at.source];
    struct rg_rows rows;
    int fresh = !s.accumulate;
    from.offset += at.k;
    from.depth -= at.k;
    b.d += at.panel * RG_NR;
    b.sum += (at.first + at.k) * s.n + at.panel * RG_NR;
    for (int more = rg_sum_order_next(&order, &rows); more || fresh; more = rg_sum_order_next(&order, &rows)) {
        do { /* each run adds its part of the initial states */
            const struct rg_rows run = {rows.first, from.initial && rows.n > RG_RUN ? RG_RUN : rows.n};
            rg_outer_block(b, s, from, run, fresh);
            fresh = 0;
            rows.first += run.n;
            rows.n -= run.n;
        } while (rows.n > 0);
    }
}

/* Write this group's share of the zeros where a source has no product with a gate, in all partial sums. */
RG_INLINE void rg_outer_gaps(__global rg_real *sum, struct rg_weight_gradient_args s) {
    for (rg_u32 i = 0; i < s.n_sources; i++) {
        const struct rg_gradient_source from = s.sources[i];
        const rg_u32 vectors = from.skip_gate == (rg_u32)RG_NO_GATE ? 0 : s.gate_width / RG_VEC;
        const rg_u32 each = from.depth * vectors, all = each * s.n_slices * s.parts;
        for (rg_u32 v = (rg_u32)(get_group_id(0) * RG_ITEMS + rg_item()); v < all;
             v += (rg_u32)get_num_groups(0) * RG_ITEMS) {
            const rg_u32 at = v % each;
            RG_STORE(RG_SPLAT(0.0f), sum + v / each * s.slice_stride + (size_t)(at / vectors) * s.n +
                                         from.skip_gate * s.gate_width + at % vectors * RG_VEC);
        }
        sum += (from.depth + from.sums) * s.n;
    }
}

/* Each item row of the launch takes a block. Those of a partial sum follow each other; partial sum p is part p % parts
 * of slice p / parts. */
RG_KERNEL void rg_weight_gradient(__global const rg_real *restrict states, __global const rg_real *restrict inputs,
                                  __global const rg_real *restrict d, __global rg_real *restrict partial,
                                  const struct rg_weight_gradient_args s) {
    const rg_u32 all = s.blocks * s.n_slices * s.parts;
    if (!s.accumulate) {
        rg_outer_gaps(partial + s.partial, s);
    }
    const rg_u32 i = (rg_u32)(get_group_id(0) * RG_ROWS + get_local_id(1));
    if (i < all) {
        const rg_u32 p = i / s.blocks;
        const struct rg_outer_buffers buffers = {states, inputs, d, partial + s.partial + p * s.slice_stride};
        struct rg_outer_place at;
        rg_outer_find(s, i % s.blocks, &at);
        const struct rg_sum_order order = rg_slice_order(s, p / s.parts, p % s.parts);
        rg_outer_slice(buffers, s, at, order);
    }
}
#else
/* The number of panels of d. The first column of panel p, its gate, and whether it is wide: on a roomy processor the
 * last panel of a gate may have RG_NV + 1 vectors. */
#if RG_ROOMY
#define RG_OUTER_PANELS(s) ((s).n / (s).gate_width * ((s).gate_width / RG_NR))
#define RG_OUTER_COLUMN(s, p) (RG_OUTER_GATE(s, p) * (s).gate_width + (p) % ((s).gate_width / RG_NR) * RG_NR)
#define RG_OUTER_GATE(s, p) ((p) / ((s).gate_width / RG_NR))
#define RG_OUTER_WIDE(s, p) RG_IS_WIDE((p) % ((s).gate_width / RG_NR), (s).gate_width, RG_NR)
#else
#define RG_OUTER_PANELS(s) ((s).n / RG_NR)
#define RG_OUTER_COLUMN(s, p) ((p)*RG_NR)
#define RG_OUTER_GATE(s, p) ((p)*RG_NR / (s).gate_width)
#define RG_OUTER_WIDE(s, p) 0
#endif

/* What the group's unit after `unit` reads: in the next run, if it is the last one of this run. After the last run
 * these may be any rows. */
RG_INLINE struct rg_outer_next rg_outer_next_of(__global const rg_real *d, struct rg_weight_gradient_args s,
                                                size_t unit, struct rg_rows run) {
    const size_t after = unit + get_num_groups(1), units = RG_OUTER_PANELS(s) * s.parts;
    const size_t row = run.first - s.base * s.rows + (after < units ? 0 : run.n);
    const size_t panel = (after < units ? after : get_group_id(1)) / s.parts;
    const struct rg_outer_next next = {d + row * s.d_stride + RG_OUTER_COLUMN(s, panel), RG_OUTER_WIDE(s, panel)};
    return next;
}

/* The sum of d alone: in a panel that has no product with the source, and in every panel if RG_SUMS_APART. */
RG_HOT void rg_sum_of_rows(struct rg_outer o, __global rg_real *to, size_t col) {
    for (size_t q = 0; q < (o.wide ? RG_NV + 1 : RG_NV); q++) {
        rg_vec sum = o.fresh ? RG_SPLAT(0.0f) : RG_LOAD(to + RG_LANE(col, q));
        for (size_t i = 0; i < o.n_rows; i++) {
            sum = sum + RG_LOAD(o.d + i * o.d_stride + RG_LANE(col, q));
        }
        RG_STORE(sum, to + RG_LANE(col, q));
    }
}

/* Prefetch rows [first, end) of a panel of d; CPUs only. */
RG_INLINE void rg_outer_prefetch(struct rg_outer_next next, size_t d_stride, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            RG_PREFETCH(next.d + i * d_stride + RG_LANE(0, q));
        }
        if (next.wide) {
            RG_PREFETCH(next.d + i * d_stride + RG_NR);
        }
    }
}

/* Add the products of rows k in [first, end). If the last block ends at `sum_at`, it also computes the sum of d. */
RG_INLINE void rg_outer_part(struct rg_outer o, size_t first, size_t end, size_t sum_at) {
    const size_t col = get_local_id(0);
    for (size_t k = first + get_local_id(1) / RG_BLOCK_ITEMS(RG_HOT_ROWS) * RG_HOT_ROWS; k < end;
         k += RG_ROWS / RG_BLOCK_ITEMS(RG_HOT_ROWS) * RG_HOT_ROWS) {
#define RG_OUTER(R, r)                                             \
    {                                                              \
        const size_t row = r;                                      \
        const rg_part part = RG_ITEM_PART(R, col, end - row);      \
        if (RG_WITH_SUM(R) && row + R == sum_at) {                 \
            RG_IF_WIDE(o.wide, RG_SUM_OUTER, rg_outer_with_sum, R) \
        } else {                                                   \
            RG_IF_WIDE(o.wide, RG_SUM_OUTER, rg_outer_rows, R)     \
        }                                                          \
    }
#define RG_SUM_OUTER(rows_of) \
    rows_of(o.a + row, o.a_stride, o.d, o.d_stride, o.n_rows, o.partial + row * o.n, o.n, o.fresh, part)
#if RG_COLS * RG_ROWS == 1
        const size_t blocks = (end - first + RG_BLOCK_ROWS - 1) / RG_BLOCK_ROWS;
        /* prefetch a share before each block: all at once would delay the products */
        rg_outer_prefetch(o.next, o.d_stride, rg_share(o.n_rows, (k - first) / RG_BLOCK_ROWS, blocks),
                          rg_share(o.n_rows, (k - first) / RG_BLOCK_ROWS + 1, blocks));
#endif
        RG_IN_GRADIENT_BLOCKS(k, end, sum_at, RG_OUTER);
#undef RG_OUTER
#undef RG_SUM_OUTER
    }
}

/* Add the rows of `run` to one unit, for all sources. */
RG_INLINE void rg_outer_unit(struct rg_outer_buffers b, struct rg_weight_gradient_args s, size_t unit,
                             struct rg_rows run, int fresh) {
    const size_t panel = unit / s.parts, part = unit % s.parts;
    const struct rg_outer_next next = rg_outer_next_of(b.d, s, unit, run);
    b.d += RG_OUTER_COLUMN(s, panel);
    b.sum += RG_OUTER_COLUMN(s, panel);
    for (rg_u32 i = 0; i < s.n_sources; i++) {
        const struct rg_gradient_source from = s.sources[i];
        const size_t blocks = (from.depth + RG_HOT_ROWS - 1) / RG_HOT_ROWS;
        const size_t first = rg_share(blocks, part, s.parts) * RG_HOT_ROWS;
        const size_t last = rg_share(blocks, part + 1, s.parts) * RG_HOT_ROWS;
        const size_t end = last < from.depth ? last : from.depth;
        const int gap = RG_OUTER_GATE(s, panel) == from.skip_gate;
        const int has_sum = from.sums && first < end && end == from.depth;
        const rg_u32 more = gap ? 0 : from.initial;
        int is_fresh = fresh;
        for (rg_u32 turn = 0; turn <= more; turn++) {
            const rg_u32 initial = RG_OUTER_TURN(from, turn, more);
            struct rg_outer o = rg_outer_of(b, s, from, run, is_fresh, initial);
            o.wide = RG_OUTER_WIDE(s, panel);
            o.next = next;
            if ((gap || RG_SUMS_APART) && has_sum && !initial && get_local_id(1) == 0) {
                rg_sum_of_rows(o, o.partial + from.depth * s.n, get_local_id(0));
            }
            o.n_rows = gap ? 0 : o.n_rows;
            if (o.n_rows > 0 || (o.fresh && !initial)) {
                rg_outer_part(o, first, end, has_sum && !initial && !gap ? from.depth : 0);
                is_fresh = 0;
            }
        }
        b.sum += (from.depth + from.sums) * s.n;
    }
}

RG_KERNEL void rg_weight_gradient(__global const rg_real *restrict states, __global const rg_real *restrict inputs,
                                  __global const rg_real *restrict d, __global rg_real *restrict partial,
                                  const struct rg_weight_gradient_args s) {
    const struct rg_outer_buffers buffers = {states, inputs, d, partial + s.partial + get_group_id(0) * s.slice_stride};
    const size_t units = RG_OUTER_PANELS(s) * s.parts;
    struct rg_sum_order order = rg_slice_order(s, get_group_id(0), 0);
    int fresh = !s.accumulate;
    for (struct rg_rows rows; rg_sum_order_next(&order, &rows);) {
        for (size_t row = 0; row < rows.n; row += RG_RUN) {
            const struct rg_rows run = {rows.first + row, rows.n - row < RG_RUN ? rows.n - row : RG_RUN};
            for (size_t unit = get_group_id(1); unit < units; unit += get_num_groups(1)) {
                rg_outer_unit(buffers, s, unit, run, fresh);
            }
            fresh = 0;
        }
    }
}
#endif
