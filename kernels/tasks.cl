/* Synthetic tasks, made on the device. Number streams of a sequence: counter (index, row, update, stream). */
#define RG_STREAM_VALUES 0u
#define RG_STREAM_MARKS 1u

/* The adding problem (Hochreiter, Schmidhuber 1997): x = (value in [0,1), mark), one mark in each half of the
 * sequence (a sequence of one step has one mark), y = the sum of the marked values. Always answering the mean gives a
 * squared error of 1/6. */
RG_KERNEL void rg_task_adding(__global rg_real *restrict x, __global rg_real *restrict y, const struct rg_task_args s) {
    const rg_u32 update_low = (rg_u32)s.update;
    const size_t end = rg_share(s.rows, get_group_id(0) + 1, get_num_groups(0));
    for (size_t b = rg_share(s.rows, get_group_id(0), get_num_groups(0)) + rg_item(); b < end; b += RG_ITEMS) {
        const rg_u32 row = (rg_u32)(s.first_row + b);
        const struct rg_random marks = rg_philox(0, row, update_low, RG_STREAM_MARKS, s.seed_low, s.seed_high);
        const rg_u64 middle = s.steps / 2;
        const rg_u64 one = middle ? rg_below(marks.v[0], middle) : s.steps;
        const rg_u64 two = middle + rg_below(marks.v[1], s.steps - middle);
        rg_real sum = 0.0f;
        for (rg_u64 t4 = 0; t4 < s.steps; t4 += 4) {
            const struct rg_random values =
                rg_philox((rg_u32)(t4 / 4), row, update_low, RG_STREAM_VALUES, s.seed_low, s.seed_high);
            for (rg_u64 i = 0; i < 4 && t4 + i < s.steps; i++) {
                const rg_u64 t = t4 + i;
                const int mark = t == one || t == two;
                const rg_real value = rg_uniform(values.v[i]);
                __global rg_real *const to = x + (t * s.rows + b) * s.x_stride;
                to[0] = value;
                to[1] = mark ? 1.0f : 0.0f;
                to[2] = 1.0f;
                to[3] = 0.0f;
                sum += mark ? value : 0.0f;
            }
        }
        y[s.first_row + b] = sum;
    }
}
