/* Gradient of the update gate's weights, in slices of steps like those of rg_weight_gradient. Group s computes slice s.
 */
RG_KERNEL void rg_gate_gradient(__global const rg_real *restrict states, __global const rg_real *restrict gates,
                                __global rg_real *restrict partial, const struct rg_gate_gradient_args s) {
    __global rg_real *const to = partial + s.partial + get_group_id(0) * (s.width + 1);
    struct rg_sum_order order;
    order.rows = order.end_row = s.rows;
    order.block = order.stride = s.block;
    order.begin = s.begin + rg_share(s.end - s.begin, get_group_id(0), get_num_groups(0));
    order.end = s.begin + rg_share(s.end - s.begin, get_group_id(0) + 1, get_num_groups(0));
    order.accum_steps = s.accum_steps;
    order.rising = s.rising;
    /* one more place than vectors, for the bias */
    for (size_t j = rg_item() * RG_VEC; j <= s.width; j += RG_ITEMS * RG_VEC) {
        const int bias = j == s.width;
        rg_vec sums = s.accumulate && !bias ? RG_LOAD(to + j) : RG_SPLAT(0.0f);
        rg_real sum = s.accumulate && bias ? to[j] : 0.0f;
        struct rg_rows run;
        rg_sum_order_start(&order, 0);
        while (rg_sum_order_next(&order, &run)) {
            for (size_t row = run.first; row < run.first + run.n; row++) {
                const rg_real slope = gates[row * RG_GATE_VALUES + RG_GATE_D_LOGIT];
                if (bias) {
                    sum += slope;
                } else {
                    const size_t state = s.offset + (row - s.base * s.rows) * s.stride;
                    sums = RG_FMA(RG_SPLAT(slope), RG_LOAD(states + state + j), sums);
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
