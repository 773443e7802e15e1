/* The device's peak of fused multiply-adds: RG_PEAK_CHAINS independent chains an item, nothing from memory. */
RG_KERNEL void rg_peak(__global rg_real *restrict out, const struct rg_peak_args s) {
    const size_t item = get_group_id(0) * RG_ITEMS + rg_item();
    const rg_vec a = RG_SPLAT(0.999f), b = RG_SPLAT(0.001f);
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
