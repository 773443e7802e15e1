/* Weight gradients: a product over all rows (t, b) of the chunk. It is cut into slices of steps that are summed later
 * in a fixed order, so the result does not depend on how many groups run at once.
 *
 *   partial [slices][rows of all sources][n]
 *
 * A chunk's rows are pairs (t, b). A source's rows k are the rows of partial: one for each column of the source.
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

/* The sum of d alone: in a panel that has no product with the source, and in every panel if RG_SUMS_APART. */
RG_HOT void rg_sum_of_rows(__global const rg_real *d, size_t d_stride, size_t n_rows, __global rg_real *partial,
                           int fresh, size_t col, size_t vectors) {
    for (size_t q = 0; q < vectors; q++) {
        rg_vec sum = fresh ? RG_SPLAT(0.0f) : RG_LOAD(partial + RG_LANE(col, q));
        for (size_t i = 0; i < n_rows; i++) {
            sum = sum + RG_LOAD(d + i * d_stride + RG_LANE(col, q));
        }
        RG_STORE(sum, partial + RG_LANE(col, q));
    }
}

/* The contribution of one source to one panel of partial. Pointers are at the source's first row and the panel's first
 * column. */
struct rg_outer {
    __global const rg_real *a, *d;
    __global rg_real *partial;
    size_t a_stride, d_stride, n;
    size_t n_rows; /* rows of a and d; 0: set a fresh partial to zero */
    int fresh;     /* partial has no value yet */
    int wide;      /* the panel has RG_NV + 1 vectors */
    /* the rows of d that the group's next unit reads, and whether its panel is wide; used to prefetch only, so after
     * the last unit any rows will do */
    __global const rg_real *next;
    int next_wide;
};

/* Prefetch rows [first, end) of a panel of d; CPUs only. */
RG_INLINE void rg_outer_prefetch(__global const rg_real *d, size_t d_stride, size_t first, size_t end, int wide) {
    for (size_t i = first; i < end; i++) {
        RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {
            RG_PREFETCH(d + i * d_stride + RG_LANE(0, q));
        }
        if (wide) {
            RG_PREFETCH(d + i * d_stride + RG_NR);
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
                          rg_share(o.n_rows, (k - first) / RG_BLOCK_ROWS + 1, blocks), o.next_wide);
#endif
        RG_IN_GRADIENT_BLOCKS(k, end, sum_at, RG_OUTER);
#undef RG_OUTER
#undef RG_SUM_OUTER
    }
}

/* Set *o to the contribution of the initial states to rows [row, row + n_rows) of the chunk. Returns 0 if there is
 * none. The initial states are stored after the last step. They are the source of a single step, the B rows from
 * `start` on: the one whose source would be the step before the direction's first. */
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

/* Process rows [row, row + n_rows) of the chunk for one block. */
RG_INLINE void rg_outer_block(__global const rg_real *states, __global const rg_real *inputs, __global const rg_real *d,
                              __global rg_real *sum, struct rg_weight_gradient_args s, struct rg_gradient_source from,
                              struct rg_outer_place at, size_t row, size_t n_rows, int fresh) {
    /* rows for which the step `shift` steps away exists */
    const size_t away = from.shift * s.rows, all = s.steps * s.rows;
    const size_t low = from.later ? 0 : away, high = from.later ? all - away : all;
    const size_t begin = row > low ? row : low, stop = row + n_rows < high ? row + n_rows : high;
    const int none = away >= all || begin >= stop;
    const size_t n_k = from.depth - at.k < RG_OUTER_ROWS ? from.depth - at.k : RG_OUTER_ROWS;
    for (rg_u32 initial = 0; initial <= from.initial; initial++) { /* the steps, then the initial states */
        struct rg_outer o;
        o.a = (from.buffer == RG_FROM_STATES ? states : inputs) + at.k;
        o.a_stride = from.stride;
        o.d_stride = s.d_stride;
        o.d = d + at.panel * RG_NR;
        o.partial = sum + (at.first + at.k) * s.n + at.panel * RG_NR;
        o.n = s.n;
        o.fresh = fresh && !initial;
        if (initial) {
            if (!rg_outer_initial(&o, s, from, o.d, row, n_rows)) {
                break;
            }
        } else {
            o.n_rows = none ? 0 : stop - begin;
            if (!none) {
                o.d += (begin - s.base * s.rows) * s.d_stride;
                o.a += from.offset + ((from.later ? begin + away : begin - away) - s.base * s.rows) * from.stride;
            }
        }
        if (n_k == RG_OUTER_ROWS) {
            rg_outer_rows_4(o.a, o.a_stride, o.d, o.d_stride, o.n_rows, o.partial, o.n, o.fresh, get_local_id(0));
        } else {
            rg_outer_tail(o, n_k, from.sums && !initial, get_local_id(0));
        }
    }
}

/* Process all rows of part `part` of a slice for one block, in the order of struct rg_weight_gradient_args. A part that
 * has no row in this launch gets zeros if it has no value yet. */
RG_INLINE void rg_outer_slice(__global const rg_real *states, __global const rg_real *inputs, __global const rg_real *d,
                              __global rg_real *sum, struct rg_weight_gradient_args s, struct rg_outer_place at,
                              rg_u32 part, size_t begin, size_t end) {
    const struct rg_gradient_source from = s.sources[at.source];
    const rg_u32 others = (s.first_block + (rg_u32)(s.first_row / s.block)) % s.parts;
    const size_t first = s.first_row + (part + s.parts - others) % s.parts * s.block;
    int fresh = !s.accumulate;
    for (size_t block = first; block < s.end_row || fresh; block += s.parts * s.block) {
        const size_t left_rows = block < s.end_row ? s.rows - block : 0,
                     width = left_rows < s.block ? left_rows : s.block;
        for (size_t left = end - begin, length; left > 0; left -= length) {
            length = left < s.accum_steps ? left : s.accum_steps;
            const size_t start = s.rising ? end - left : begin + left - length, joined = width == s.rows ? length : 1;
            for (size_t t = start; t < start + length; t += joined) {
                const size_t n_rows = joined * width, all = from.initial ? RG_RUN : n_rows;
                /* each run adds its part of the initial states */
                for (size_t row = 0; row < n_rows || fresh; row += all) {
                    const size_t run = n_rows - row < all ? n_rows - row : all;
                    rg_outer_block(states, inputs, d, sum, s, from, at, t * s.rows + block + row, run, fresh);
                    fresh = 0;
                }
            }
        }
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
        const rg_u32 p = i / s.blocks, slice = p / s.parts;
        struct rg_outer_place at;
        rg_outer_find(s, i % s.blocks, &at);
        rg_outer_slice(states, inputs, d, partial + s.partial + p * s.slice_stride, s, at, p % s.parts,
                       s.begin + rg_share(s.end - s.begin, slice, s.n_slices),
                       s.begin + rg_share(s.end - s.begin, slice + 1, s.n_slices));
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

/* Process rows [row, row + n_rows) of the chunk for one unit and all sources. */
RG_INLINE void rg_outer_run(__global const rg_real *states, __global const rg_real *inputs, __global const rg_real *d,
                            __global rg_real *sum, struct rg_weight_gradient_args s, size_t unit, size_t row,
                            size_t n_rows, int fresh, __global const rg_real *next, int next_wide) {
    const size_t panel = unit / s.parts, part = unit % s.parts, column = RG_OUTER_COLUMN(s, panel);
    const int wide = RG_OUTER_WIDE(s, panel);
    for (rg_u32 i = 0; i < s.n_sources; i++) {
        const struct rg_gradient_source from = s.sources[i];
        const size_t blocks = (from.depth + RG_HOT_ROWS - 1) / RG_HOT_ROWS;
        const size_t first = rg_share(blocks, part, s.parts) * RG_HOT_ROWS;
        const size_t last = rg_share(blocks, part + 1, s.parts) * RG_HOT_ROWS;
        const size_t end = last < from.depth ? last : from.depth;
        /* rows for which the step `shift` steps away exists */
        const size_t away = from.shift * s.rows, all = s.steps * s.rows;
        const size_t low = from.later ? 0 : away, high = from.later ? all - away : all;
        const size_t begin = row > low ? row : low, stop = row + n_rows < high ? row + n_rows : high;
        const int none = away >= all || begin >= stop, gap = RG_OUTER_GATE(s, panel) == from.skip_gate;
        struct rg_outer o;
        o.a = from.buffer == RG_FROM_STATES ? states : inputs;
        o.a_stride = from.stride;
        o.d_stride = s.d_stride;
        o.d = d + (none ? 0 : begin - s.base * s.rows) * s.d_stride + column;
        o.partial = sum + column;
        o.n = s.n;
        o.n_rows = none ? 0 : stop - begin;
        o.fresh = fresh;
        o.wide = wide;
        o.next = next;
        o.next_wide = next_wide;
        if ((gap || RG_SUMS_APART) && from.sums && first < end && end == from.depth && get_local_id(1) == 0) {
            rg_sum_of_rows(o.d, o.d_stride, o.n_rows, o.partial + from.depth * s.n, fresh, get_local_id(0),
                           wide ? RG_NV + 1 : RG_NV);
        }
        if (gap) {
            o.n_rows = 0;
        }
        const struct rg_outer whole = o;
        if (o.n_rows > 0) {
            o.a += from.offset + ((from.later ? begin + away : begin - away) - s.base * s.rows) * from.stride;
        }
        int initial = 0; /* first the steps, then the initial states */
        do {
            if (o.n_rows > 0 || o.fresh) {
                rg_outer_part(o, first, end, !initial && from.sums && !gap ? from.depth : 0);
            }
            o = whole;
            initial = !initial && from.initial && !gap && rg_outer_initial(&o, s, from, d + column, row, n_rows);
        } while (initial);
        sum += (from.depth + from.sums) * s.n;
    }
}

RG_KERNEL void rg_weight_gradient(__global const rg_real *restrict states, __global const rg_real *restrict inputs,
                                  __global const rg_real *restrict d, __global rg_real *restrict partial,
                                  const struct rg_weight_gradient_args s) {
    const size_t begin = s.begin + rg_share(s.end - s.begin, get_group_id(0), s.n_slices);
    const size_t end = s.begin + rg_share(s.end - s.begin, get_group_id(0) + 1, s.n_slices);
    const size_t units = RG_OUTER_PANELS(s) * s.parts;
    __global rg_real *const sum = partial + s.partial + get_group_id(0) * s.slice_stride;
    int fresh = !s.accumulate;
    for (size_t block = s.first_row; block < s.end_row; block += s.block) {
        const size_t width = s.rows - block < s.block ? s.rows - block : s.block;
        for (size_t left = end - begin, length; left > 0; left -= length) {
            length = left < s.accum_steps ? left : s.accum_steps;
            const size_t start = s.rising ? end - left : begin + left - length;
            /* if a block is the whole chunk, its steps follow each other in memory */
            const size_t joined = width == s.rows ? length : 1;
            for (size_t t = start; t < start + length; t += joined) {
                const size_t top = t * s.rows + block, n_rows = joined * width;
                for (size_t row = 0; row < n_rows; row += RG_RUN) {
                    const size_t run = n_rows - row < RG_RUN ? n_rows - row : RG_RUN;
                    for (size_t unit = get_group_id(1); unit < units; unit += get_num_groups(1)) {
                        const size_t after = unit + get_num_groups(1), skipped = after < units ? 0 : run;
                        const size_t panel = (after < units ? after : get_group_id(1)) / s.parts;
                        __global const rg_real *const next =
                            d + (top + row + skipped - s.base * s.rows) * s.d_stride + RG_OUTER_COLUMN(s, panel);
                        rg_outer_run(states, inputs, d, sum, s, unit, top + row, run, fresh, next,
                                     RG_OUTER_WIDE(s, panel));
                    }
                    fresh = 0;
                }
            }
        }
    }
}
#endif
