/* Sequences in a chunk end together. A direction whose lags count from the first step needs them to begin together. */

/* from [R][B][stride], begin [B] -> to [B][stride]: the step `t` after each sequence's first one. After the last step
 * come the initial states, if there are any (base/args.h), and then zeros. */
RG_KERNEL void rg_align(__global const rg_real *restrict from, __global const rg_u32 *restrict begin,
                        __global rg_real *restrict to, const struct rg_align_args s) {
    const size_t end = rg_share(s.rows, get_group_id(0) + 1, get_num_groups(0));
    for (size_t b = rg_share(s.rows, get_group_id(0), get_num_groups(0)) + get_local_id(1); b < end; b += RG_ROWS) {
        const size_t t = begin[b] + s.t;
        const int there = t < s.steps || (s.initial && t == s.steps);
        __global const rg_real *const row = from + ((t < s.steps ? t - s.base : s.initial_at) * s.rows + b) * s.stride;
        for (size_t i = get_local_id(0); i < s.stride; i += RG_COLS) {
            to[b * s.stride + i] = there ? row[i] : 0.0f;
        }
    }
}
