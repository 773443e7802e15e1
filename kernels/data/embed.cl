/* An embedding table before the first layer, as in torch.nn.Embedding. */

/* words [T][B], weights -> x [T][B][stride], with zeros past E and where there is no word. */
RG_KERNEL void rg_embed(__global const rg_real *restrict words, __global const rg_real *restrict weights,
                        __global rg_real *restrict x, const struct rg_embed_args s) {
    const size_t first = (s.from - s.base) * s.rows, n = (s.to - s.from) * s.rows;
    const size_t end = first + rg_share(n, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = first + rg_share(n, get_group_id(0), get_num_groups(0)) + get_local_id(1); i < end; i += RG_ROWS) {
        const size_t word = (size_t)words[i];
        for (size_t e = get_local_id(0); e < s.stride; e += RG_COLS) {
            x[i * s.stride + e] = word > 0 && e < s.width ? weights[s.table + (word - 1) * s.width + e] : 0.0f;
        }
    }
}

/* First step of the run of accum_steps steps that ends at `end`. */
RG_INLINE rg_u64 rg_run_begin(struct rg_embed_args s, rg_u64 end) {
    if (s.accum_steps >= s.steps) {
        return 0;
    }
    const rg_u64 begin = rg_share(s.steps, rg_share_of(s.steps, end - 1, s.slices), s.slices);
    return end - begin > s.accum_steps ? end - s.accum_steps : begin;
}

/* A token on the way through the chunk in the order in which a weight gradient takes its rows: block by block, in a
 * block run by run from the last one, in a run from the first step. */
struct rg_token {
    size_t block, width;   /* first row of the block, and how many it has */
    rg_u64 start, stop, t; /* of the run; the step */
    size_t b;              /* in the block */
};

RG_INLINE void rg_token_block(struct rg_embed_args s, struct rg_token *at, size_t block) {
    at->block = block;
    at->width = s.rows - block < s.block ? s.rows - block : s.block;
    at->stop = s.to;
    at->start = rg_run_begin(s, s.to);
    at->t = at->start;
    at->b = 0;
}

/* The i-th token, from 0. */
RG_INLINE struct rg_token rg_token_find(struct rg_embed_args s, size_t i) {
    struct rg_token at;
    const size_t whole = (size_t)(s.to - s.from) * s.block; /* tokens of a block that is not the last */
    rg_token_block(s, &at, i / whole * s.block);
    rg_u64 left = i % whole / at.width;
    while (left >= at.stop - at.start) {
        left -= at.stop - at.start;
        at.stop = at.start;
        at.start = rg_run_begin(s, at.stop);
    }
    at.t = at.start + left;
    at.b = i % whole % at.width;
    return at;
}

RG_INLINE void rg_token_next(struct rg_embed_args s, struct rg_token *at) {
    if (++at->b < at->width) {
        return;
    }
    at->b = 0;
    if (++at->t < at->stop) {
        return;
    }
    if (at->start > s.from) {
        at->stop = at->start;
        at->start = rg_run_begin(s, at->stop);
        at->t = at->start;
    } else if (at->block + s.block < s.rows) {
        rg_token_block(s, at, at->block + s.block);
    }
}

/* Its row of words and dx. */
RG_INLINE size_t rg_token_row(struct rg_embed_args s, const struct rg_token *at) {
    return (size_t)(at->t - s.base) * s.rows + at->block + at->b;
}

/* Tokens of range p: the p-th share of all. */
RG_INLINE size_t rg_range_begin(struct rg_embed_args s, size_t p) {
    return rg_share((size_t)(s.to - s.from) * s.rows, p, s.ranges);
}

/* The table's gradient takes three kernels, so that a group sees only the tokens of its own share of the words: a
 * counting sort of the tokens by share, which keeps their order, and the sums.
 *
 * sorting holds counts [ranges][shares], then where each range puts its next token of a share [ranges][shares], then
 * room for sums [ranges][shares], then where each share begins [shares + 1].
 *
 * Here group i counts the tokens of range first + i. */
RG_KERNEL void rg_embed_count(__global const rg_real *restrict words, __global rg_u32 *restrict sorting,
                              const struct rg_embed_args s) {
    const size_t p = s.first + get_group_id(0), begin = rg_range_begin(s, p), end = rg_range_begin(s, p + 1);
    __global rg_u32 *const counts = sorting + p * s.shares;
    for (size_t g = rg_item(); g < s.shares; g += RG_ITEMS) {
        counts[g] = 0;
    }
    RG_BARRIER;
    if (rg_item() > 0 || begin == end) {
        return;
    }
    struct rg_token at = rg_token_find(s, begin);
    for (size_t i = begin; i < end; i++, rg_token_next(s, &at)) {
        const size_t word = (size_t)words[rg_token_row(s, &at)];
        if (word > 0) {
            counts[rg_share_of(s.words, word - 1, s.shares)]++;
        }
    }
}

/* Group i puts the rows of range p = first + i into `order`, share after share. */
RG_KERNEL void rg_embed_order(__global const rg_real *restrict words, __global rg_u32 *sorting,
                              __global rg_u32 *restrict order, const struct rg_embed_args s) {
    const size_t p = s.first + get_group_id(0), all = (size_t)s.ranges * s.shares;
    __global rg_u32 *const next = sorting + all + p * s.shares, *const sums = next + all,
                           *const begins = sorting + 3 * all;
    const size_t begin = rg_range_begin(s, p), end = rg_range_begin(s, p + 1);
    for (size_t g = rg_item(); g < s.shares; g += RG_ITEMS) {
        rg_u32 before = 0, sum = 0;
        for (size_t q = 0; q < s.ranges; q++) {
            before += q < p ? sorting[q * s.shares + g] : 0;
            sum += sorting[q * s.shares + g];
        }
        next[g] = before;
        sums[g] = sum;
    }
    RG_BARRIER;
    if (rg_item() > 0) {
        return;
    }
    rg_u32 first = 0;
    for (size_t g = 0; g < s.shares; first += sums[g], g++) {
        next[g] += first;
        if (p == 0) {
            begins[g] = first;
        }
    }
    if (p == 0) {
        begins[s.shares] = first;
    }
    if (begin == end) {
        return;
    }
    struct rg_token at = rg_token_find(s, begin);
    for (size_t i = begin; i < end; i++, rg_token_next(s, &at)) {
        const size_t row = rg_token_row(s, &at), word = (size_t)words[row];
        if (word > 0) {
            order[next[rg_share_of(s.words, word - 1, s.shares)]++] = (rg_u32)row;
        }
    }
}

/* words, dx [T][B][stride] -> gradients. Group i owns share first + i of the words, an item some columns, so a sum has
 * one owner and one order, whatever the number of shares. A launch adds parts [part, part_end) of a share's tokens. */
RG_KERNEL void rg_embed_gradient(__global const rg_real *restrict words, __global const rg_real *restrict dx,
                                 __global const rg_u32 *restrict sorting, __global const rg_u32 *restrict order,
                                 __global rg_real *restrict gradients, const struct rg_embed_args s) {
    const size_t share = s.first + get_group_id(0);
    __global const rg_u32 *const begins = sorting + 3 * (size_t)s.ranges * s.shares + share;
    __global rg_real *const table = gradients + s.table;
    const size_t first = rg_share(s.words, share, s.shares), end = rg_share(s.words, share + 1, s.shares);
    const size_t n = begins[1] - begins[0], stop = begins[0] + rg_share(n, s.part_end, s.parts);
    for (size_t word = first; !s.accumulate && s.part == 0 && word < end; word++) {
        for (size_t e = rg_item(); e < s.width; e += RG_ITEMS) {
            table[word * s.width + e] = 0.0f;
        }
    }
    for (size_t i = begins[0] + rg_share(n, s.part, s.parts); i < stop; i++) {
        const size_t row = order[i], word = (size_t)words[row] - 1;
        for (size_t e = rg_item(); e < s.width; e += RG_ITEMS) {
            table[word * s.width + e] += dx[row * s.stride + e];
        }
    }
}
