/* Every activation alone: x [n] -> values [n], and the slopes [n] that follow from the values. For tests of
 * activations.cl on a device. */
RG_KERNEL void rg_activation_values(__global const rg_real *restrict x, __global rg_real *restrict values,
                                    __global rg_real *restrict slopes, const struct rg_activation_args s) {
    const size_t vectors = s.n / RG_VEC, end = rg_share(vectors, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = rg_share(vectors, get_group_id(0), get_num_groups(0)) + rg_item(); i < end; i += RG_ITEMS) {
        const rg_vec y = rg_activate(RG_LOAD(x + i * RG_VEC), s.activation);
        RG_STORE(y, values + i * RG_VEC);
        RG_STORE(rg_activate_slope(y, s.activation), slopes + i * RG_VEC);
    }
}
