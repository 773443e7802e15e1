/* Gradient of the update gate's weights, in slices of steps like those of rg_weight_gradient. Group s computes slice s.
 */
RG_KERNEL void rg_gate_gradient(__global const rg_real *restrict states, __global const rg_real *restrict gates,
                                __global rg_real *restrict partial, const struct rg_gate_gradient_args s) {
    const size_t begin = s.begin + rg_share(s.end - s.begin, get_group_id(0), get_num_groups(0));
    const size_t end = s.begin + rg_share(s.end - s.begin, get_group_id(0) + 1, get_num_groups(0));
    __global rg_real *const to = partial + s.partial + get_group_id(0) * (s.width + 1);
    /* one more place than vectors, for the bias */
    for (size_t j = rg_item() * RG_VEC; j <= s.width; j += RG_ITEMS * RG_VEC) {
        const int bias = j == s.width;
        rg_vec sums = s.accumulate && !bias ? RG_LOAD(to + j) : RG_SPLAT(0.0f);
        rg_real sum = s.accumulate && bias ? to[j] : 0.0f;
        for (size_t block = 0; block < s.rows; block += s.block) {
            const size_t width = s.rows - block < s.block ? s.rows - block : s.block;
            for (size_t left = end - begin, length; left > 0; left -= length) {
                length = left < s.accum_steps ? left : s.accum_steps;
                const size_t start = s.rising ? end - left : begin + left - length;
                for (size_t i = 0; i < length * width; i++) {
                    const size_t t = start + i / width, b = block + i % width, row = (t - s.base) * s.rows + b;
                    const rg_real slope = gates[(t * s.rows + b) * RG_GATE_VALUES + RG_GATE_D_LOGIT];
                    if (bias) {
                        sum += slope;
                    } else {
                        sums = RG_FMA(RG_SPLAT(slope), RG_LOAD(states + s.offset + row * s.stride + j), sums);
                    }
                }
            }
        }
        if (bias) {
            to[j] = sum;
        } else {
            RG_STORE(sums, to + j);
        }
    }
}
