/* Copy the weights into panels, once an update, so that the scans read them as contiguous vectors. Group (i, j) has the
 * j-th share of job i. A driver gives each processor a run of neighbouring groups, and in this order such runs have
 * equal work. */

#if RG_TF32
#define RG_PACKED(x) (rounded ? rg_mma_round(x) : (x))
#else
#define RG_PACKED(x) (x)
#endif

/* Write `depth` lines of one vector each. The first begins at `line`, each next one `stride` numbers later. A line has
 * the weights of RG_VEC units, the first of which is `unit`; units from job.units on get zeros. The weights are read
 * from `from`, and those of `second` are added unless it is NULL. If the units are not adjacent in memory, the square
 * is transposed in private memory, so that every cache line is read once. */
RG_INLINE void rg_pack_square(__global const rg_real *from, __global const rg_real *second, __global rg_real *line,
                              size_t stride, struct rg_pack_job job, size_t depth, size_t unit) {
    rg_real square[RG_VEC][RG_VEC]; /* [unit][k] */
    rg_u32 rounded = 0;
#if RG_TF32
    rounded = job.tf32;
#endif
    if (job.stride_u == 1 && !second && unit + RG_VEC <= job.units && rounded == 0) {
        for (size_t k = 0; k < depth; k++) {
            RG_STORE(RG_LOAD(from + k * job.stride_k), line + k * stride);
        }
        return;
    }
    for (size_t u = 0; u < RG_VEC; u++) {
        if (unit + u >= job.units) {
            RG_STORE(RG_SPLAT(0.0f), square[u]);
        } else if (job.stride_k == 1 && !second && depth == RG_VEC) {
            RG_STORE(RG_LOAD(from + u * job.stride_u), square[u]);
        } else {
            for (size_t k = 0; k < depth; k++) {
                const size_t at = k * job.stride_k + u * job.stride_u;
                square[u][k] = second ? from[at] + second[at] : from[at];
            }
        }
    }
    for (size_t k = 0; k < depth; k++) {
        for (size_t u = 0; u < RG_VEC; u++) {
            line[k * stride + u] = RG_PACKED(square[u][k]);
        }
    }
}

/* See struct rg_pack_job. */
RG_KERNEL void rg_pack(__global const rg_real *restrict weights, __global rg_real *restrict packed,
                       const struct rg_pack_args args) {
    const struct rg_pack_job job = args.jobs[get_group_id(0)];
    const size_t panels = job.padded / job.width, last = job.padded - (panels - 1) * job.width;
    const size_t blocks = (job.depth + RG_VEC - 1) / RG_VEC, all = panels * blocks * job.gates;
    const size_t end = rg_share(all, get_group_id(1) + 1, get_num_groups(1));
    /* one item for each vector of a panel; the remaining items take the next squares */
    const size_t vectors = job.width / RG_VEC, across = RG_ITEMS < vectors ? RG_ITEMS : vectors;
    const size_t first = rg_share(all, get_group_id(1), get_num_groups(1)) + rg_item() / across;
    for (size_t i = first; i < end && rg_item() < RG_ITEMS / across * across; i += RG_ITEMS / across) {
        const size_t g = i % job.gates, k = i / job.gates % blocks * RG_VEC, p = i / job.gates / blocks;
        const size_t depth = job.depth - k < RG_VEC ? job.depth - k : RG_VEC;
        const size_t width = p + 1 == panels ? last : job.width;
        const size_t line = (p * job.depth * job.width + k * width) * job.all_gates;
        for (size_t u = rg_item() % across * RG_VEC; u < width; u += across * RG_VEC) {
            const size_t unit = p * job.width + u;
            const size_t from = unit < job.units ? k * job.stride_k + g * job.stride_g + unit * job.stride_u : 0;
            rg_pack_square(weights + job.source + from, job.source2 == RG_NO_SOURCE ? 0 : weights + job.source2 + from,
                           packed + job.target + line + (u / RG_VEC * job.all_gates + job.first_gate + g) * RG_VEC,
                           job.all_gates * width, job, depth, unit);
        }
    }
}

/* See struct rg_copy_args. */
RG_KERNEL void rg_copy(__global const rg_real *restrict from, __global rg_real *restrict to,
                       const struct rg_copy_args s) {
    const size_t vectors = s.n / RG_VEC, end = rg_share(vectors, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = rg_share(vectors, get_group_id(0), get_num_groups(0)) + rg_item(); i < end; i += RG_ITEMS) {
        RG_STORE(RG_LOAD(from + s.source + i * RG_VEC), to + s.target + i * RG_VEC);
    }
}
