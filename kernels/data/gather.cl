/* Copies sequences of a data set on the device into a chunk, where all of them end at the last step. */
#define RG_DATA_FLOAT 0
#define RG_DATA_BYTE 1
#define RG_DATA_TOKEN 2

/* Feature f of step t of sequence n. */
RG_INLINE rg_real rg_feature(__global const uchar *data, rg_u32 kind, size_t step, rg_u32 inputs, size_t f) {
    if (kind == RG_DATA_BYTE) {
        return (rg_real)data[step * inputs + f] / 255.0f;
    }
    if (kind == RG_DATA_WORD) {
        return (rg_real)(((__global const rg_u32 *)data)[step] + 1);
    }
    if (kind == RG_DATA_TOKEN) {
        return ((__global const rg_u32 *)data)[step] == f ? 1.0f : 0.0f;
    }
    return ((__global const rg_real *)data)[step * inputs + f];
}

/* data [N][T'](F), targets [N][n_targets] or, if every_step, [N][T'][n_targets], lengths [N], index [batch] ->
 * x [T][B][Fp], y [B][n_targets] or [T][B][n_targets], begin [B]. Before a sequence's start x is zero and y is NaN,
 * which keeps the step out of the loss. */
RG_KERNEL void rg_gather(__global const uchar *restrict data, __global const rg_real *restrict targets,
                         __global const rg_u32 *restrict lengths, __global const rg_u32 *restrict index,
                         __global rg_real *restrict x, __global rg_real *restrict y, __global rg_u32 *restrict begin,
                         const struct rg_gather_args s) {
    const size_t runs = rg_fill_runs(s.rows, s.from, s.to);
    const size_t end = rg_share(runs, get_group_id(0) + 1, get_num_groups(0));
    for (size_t run = rg_share(runs, get_group_id(0), get_num_groups(0)) + rg_item(); run < end; run += RG_ITEMS) {
        const size_t b = run % s.rows;
        const size_t first = rg_fill_first(s.from, run / s.rows), last = rg_fill_last(s.from, s.to, run / s.rows);
        const size_t n = index[s.first_row + b];
        const size_t length = s.ragged ? lengths[n] : s.data_steps;
        const size_t start = s.steps - length, lead = s.pad_left ? s.steps - s.data_steps : start;
        for (size_t t = first; t < last; t++) {
            const size_t step = n * s.data_steps + (t - lead);
            __global rg_real *const to = x + ((t - s.base) * s.rows + b) * s.x_stride;
            for (size_t f = 0; f < s.x_stride; f++) {
                to[f] = f < s.inputs && t >= start ? rg_feature(data, s.kind, step, s.inputs, f) : 0.0f;
            }
            for (size_t i = 0; s.labelled && s.every_step && i < s.n_targets; i++) {
                y[((t - s.base) * s.rows + b) * s.n_targets + i] = t >= start ? targets[step * s.n_targets + i] : NAN;
            }
        }
        if (first == s.from) {
            begin[b] = (rg_u32)start;
        }
        for (size_t i = 0; first == s.from && s.labelled && !s.every_step && i < s.n_targets; i++) {
            y[b * s.n_targets + i] = targets[n * s.n_targets + i];
        }
    }
}
