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

/* First step of the group of accum_steps steps that ends at `end`. */
RG_INLINE rg_u64 rg_run_begin(struct rg_embed_args s, rg_u64 end) {
    rg_u64 slice = s.slices - 1;
    if (s.accum_steps >= s.steps) {
        return 0;
    }
    while (rg_share(s.steps, slice, s.slices) >= end) {
        slice--;
    }
    const rg_u64 begin = rg_share(s.steps, slice, s.slices);
    return end - begin > s.accum_steps ? end - s.accum_steps : begin;
}

/* words, dx [T][B][stride] -> gradients. A group owns a share of the words, an item some columns. So each sum has one
 * owner and one order, for any number of groups. */
RG_KERNEL void rg_embed_gradient(__global const rg_real *restrict words, __global const rg_real *restrict dx,
                                 __global rg_real *restrict gradients, const struct rg_embed_args s) {
    const size_t first = rg_share(s.words, get_group_id(0), get_num_groups(0));
    const size_t end = rg_share(s.words, get_group_id(0) + 1, get_num_groups(0));
    __global rg_real *const table = gradients + s.table;
    for (size_t word = first; !s.accumulate && word < end; word++) {
        for (size_t e = rg_item(); e < s.width; e += RG_ITEMS) {
            table[word * s.width + e] = 0.0f;
        }
    }
    for (size_t block = 0; block < s.rows; block += s.block) {
        const size_t width = s.rows - block < s.block ? s.rows - block : s.block;
        for (rg_u64 stop = s.to, start; stop > s.from; stop = start) {
            start = rg_run_begin(s, stop);
            for (size_t i = 0; i < (stop - start) * width; i++) {
                const size_t row = (start - s.base + i / width) * s.rows + block + i % width;
                const size_t word = (size_t)words[row];
                if (word > first && word <= end) {
                    for (size_t e = rg_item(); e < s.width; e += RG_ITEMS) {
                        table[(word - 1) * s.width + e] += dx[row * s.stride + e];
                    }
                }
            }
        }
    }
}
