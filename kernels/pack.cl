/* Weights into panels, once an update: the sweeps then read them as contiguous vectors. Group (i, j) is the i-th
 * share of job j. */
RG_KERNEL void rg_pack(__global const rg_real *restrict weights, __global rg_real *restrict packed,
                       const struct rg_pack_args args) {
    const struct rg_pack_job job = args.jobs[get_group_id(1)];
    const size_t lines = (size_t)job.panels * job.depth * job.gates; /* runs of `width` units */
    const size_t end = rg_share(lines, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = rg_share(lines, get_group_id(0), get_num_groups(0)); i < end; i++) {
        const size_t g = i % job.gates, k = i / job.gates % job.depth, p = i / job.gates / job.depth;
        const size_t line = (p * job.depth + k) * job.all_gates + job.first_gate + g;
        for (size_t u = rg_item(); u < job.width; u += RG_ITEMS) {
            const size_t unit = p * job.width + u;
            const size_t from = k * job.stride_k + g * job.stride_g + unit * job.stride_u;
            rg_real value = 0.0f;
            if (unit < job.units) {
                value = weights[job.source + from];
                if (job.source2 != RG_NO_SOURCE) {
                    value += weights[job.source2 + from];
                }
            }
            packed[job.target + line * job.width + u] = value;
        }
    }
}
