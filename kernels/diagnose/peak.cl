/* Peaks of a device, for the benchmark.
 *
 * The peak of fused multiply-adds: RG_PEAK_CHAINS independent chains an item, without memory access. */
RG_KERNEL void rg_peak(__global rg_real *restrict out, const struct rg_peak_args s) {
    const size_t item = get_group_id(0) * RG_ITEMS + rg_item();
    const rg_vec a = RG_SPLAT(RG_NUMBER(0.999)), b = RG_SPLAT(RG_NUMBER(0.001));
    rg_vec chain[RG_PEAK_CHAINS];
    RG_UNROLL for (int i = 0; i < RG_PEAK_CHAINS; i++) {
        chain[i] = RG_SPLAT((rg_real)(i + 1));
    }
    for (rg_u64 round = 0; round < s.rounds; round++) {
        RG_UNROLL for (int i = 0; i < RG_PEAK_CHAINS; i++) {
            chain[i] = RG_FMA(chain[i], a, b);
            RG_PIN(chain[i]);
        }
    }
    rg_vec sum = chain[0];
    RG_UNROLL for (int i = 1; i < RG_PEAK_CHAINS; i++) {
        sum = sum + chain[i];
    }
    RG_STORE(sum, out + item * RG_VEC);
}

/* The peak of hyperbolic tangents: RG_PEAK_CHAINS independent chains an item. */
RG_KERNEL void rg_tanh_peak(__global rg_real *restrict out, const struct rg_peak_args s) {
    const size_t item = get_group_id(0) * RG_ITEMS + rg_item();
    rg_vec chain[RG_PEAK_CHAINS];
    RG_UNROLL for (int i = 0; i < RG_PEAK_CHAINS; i++) {
        chain[i] = RG_SPLAT((rg_real)(i + 1));
    }
    for (rg_u64 round = 0; round < s.rounds; round++) {
        RG_UNROLL for (int i = 0; i < RG_PEAK_CHAINS; i++) {
            chain[i] = rg_tanh(chain[i]);
        }
    }
    rg_vec sum = chain[0];
    RG_UNROLL for (int i = 1; i < RG_PEAK_CHAINS; i++) {
        sum = sum + chain[i];
    }
    RG_STORE(sum, out + item * RG_VEC);
}

/* a = b + 3 c (McCalpin's triad). Each group has one contiguous share, which its items process side by side. */
RG_KERNEL void rg_triad(__global rg_real *restrict a, __global const rg_real *restrict b,
                        __global const rg_real *restrict c, const struct rg_triad_args s) {
    const size_t vectors = s.n / RG_VEC, end = rg_share(vectors, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = rg_share(vectors, get_group_id(0), get_num_groups(0)) + rg_item(); i < end; i += RG_ITEMS) {
        RG_STORE(RG_FMA(RG_LOAD(c + i * RG_VEC), RG_SPLAT(3.0f), RG_LOAD(b + i * RG_VEC)), a + i * RG_VEC);
    }
}
