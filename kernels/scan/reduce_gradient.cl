/* Sum the slices in order, into PyTorch's layout. Group (i, j) has the j-th share of job i's units. It takes RG_VEC of
 * them at a time and transposes them from columns into rows in a small square. */
RG_KERNEL void rg_reduce_gradient(__global const rg_real *restrict partial, __global rg_real *restrict gradients,
                                  const struct rg_reduce_args args) {
    const struct rg_reduce_job job = args.jobs[get_group_id(0)];
    const size_t runs = (job.units + RG_VEC - 1) / RG_VEC; /* runs of a gate */
    const size_t end = rg_share(job.gates * runs, get_group_id(1) + 1, get_num_groups(1));
    /* as many items as there are columns; the others take the next runs */
    const size_t squares = (job.columns + RG_VEC - 1) / RG_VEC, across = RG_ITEMS < squares ? RG_ITEMS : squares;
    const size_t first = rg_share(job.gates * runs, get_group_id(1), get_num_groups(1)) + rg_item() / across;
    for (size_t run = first; run < end && rg_item() < RG_ITEMS / across * across; run += RG_ITEMS / across) {
        const size_t g = run / runs, unit = run % runs * RG_VEC;
        const size_t place = (g + 1 == job.gates ? job.last_place : g * job.stride) + unit;
        const size_t units = job.units - unit < RG_VEC ? job.units - unit : RG_VEC;
        __global rg_real *const to = gradients + job.target + (g * job.units + unit) * job.columns;
        for (size_t k = rg_item() % across * RG_VEC; k < job.columns; k += across * RG_VEC) {
            const size_t columns = job.columns - k < RG_VEC ? job.columns - k : RG_VEC;
            rg_real square[RG_VEC][RG_VEC];
            for (size_t i = 0; i < columns; i++) {
                __global const rg_real *const from = partial + job.source + (job.k0 + k + i) * job.n + place;
                rg_vec sum = RG_SPLAT(0.0f);
                for (size_t s = 0; s < job.n_slices; s++) {
                    sum = sum + RG_LOAD(from + s * job.slice_stride);
                }
                RG_STORE(sum, square[i]);
            }
            for (size_t u = 0; u < units; u++) {
                for (size_t i = 0; i < columns; i++) {
                    to[u * job.columns + k + i] = square[i][u];
                }
            }
        }
    }
}
