/* Dropout between layers (Srivastava et al. 2014): y = x m / (1-p), where m = 0 with probability p. m is drawn for each
 * update, layer, step, sequence and unit. The same call does the reverse pass. */
RG_KERNEL void rg_dropout(__global const rg_real *x, __global rg_real *y, const struct rg_dropout_args s) {
    const size_t lines = (s.to - s.from) * s.rows; /* lines of `stride` units */
    const size_t first = (s.from - s.base) * s.rows;
    const rg_real keep = 1.0f / (1.0f - (rg_real)s.probability);
    const size_t end = rg_share(lines, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = rg_share(lines, get_group_id(0), get_num_groups(0)); i < end; i++) {
        const rg_u32 t = (rg_u32)(s.from + i / s.rows), row = (rg_u32)(s.first_row + i % s.rows);
        for (size_t u = rg_item() * 4; u < s.stride; u += RG_ITEMS * 4) {
            const struct rg_random random = rg_philox((rg_u32)(u / 4) | s.layer << 24, t, row,
                                                      (rg_u32)s.update ^ 0x80000000u, s.seed_low, s.seed_high);
            for (size_t j = 0; j < 4; j++) {
                const size_t at = (first + i) * s.stride + u + j;
                y[at] = rg_uniform(random.v[j]) < s.probability ? 0.0f : x[at] * keep;
            }
        }
    }
}
