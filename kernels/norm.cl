/* The global norm of the gradient and the loss, in two stages of fixed order. A norm is kept as scale * sqrt(squares)
 * with scale the largest magnitude, so it overflows only where it is itself beyond a float (as BLAS nrm2). NaN and
 * infinity always reach the result. */

RG_INLINE rg_real rg_lane_max(rg_vec v) {
    rg_real lanes[RG_VEC];
    RG_STORE(v, lanes);
    rg_real most = lanes[0];
    for (int i = 1; i < RG_VEC; i++) {
        most = lanes[i] > most ? lanes[i] : most;
    }
    return most;
}

/* scale and squares of vectors [begin, end) of g, this item's share of the group's. */
RG_INLINE struct rg_norm_partial rg_item_norm(__global const rg_real *g, size_t begin, size_t end) {
    struct rg_norm_partial norm = {0.0f, 0.0f, 0.0f, 0.0f};
    rg_vec most = RG_SPLAT(0.0f);
    for (size_t i = begin + rg_item(); i < end; i += RG_ITEMS) {
        const rg_vec v = RG_LOAD(g + i * RG_VEC);
        most = RG_SELECT(v > most, v, most);
        most = RG_SELECT(-v > most, -v, most);
    }
    norm.largest = (float)rg_lane_max(most);
    const rg_real inverse = 1.0f / (norm.largest > 1e-37f ? norm.largest : 1e-37f);
    norm.scale = (float)(1.0f / inverse);
    rg_vec total = RG_SPLAT(0.0f);
    for (size_t i = begin + rg_item(); i < end;) { /* runs of 64 vectors keep the rounding error small */
        rg_vec run = RG_SPLAT(0.0f);
        for (int n = 0; n < 64 && i < end; n++, i += RG_ITEMS) {
            const rg_vec v = RG_LOAD(g + i * RG_VEC) * RG_SPLAT(inverse);
            run = RG_FMA(v, v, run);
        }
        total = total + run;
    }
    norm.squares = (float)rg_lane_sum(total);
    return norm;
}

/* a and b together. */
RG_INLINE struct rg_norm_partial rg_norm_join(struct rg_norm_partial a, struct rg_norm_partial b) {
    const int up = b.scale > a.scale;
    const rg_real low = up ? a.scale : b.scale, high = up ? b.scale : a.scale;
    const rg_real ratio = high > 0.0f ? low / high : 0.0f;
    struct rg_norm_partial sum;
    sum.scale = (float)high;
    sum.squares = (float)(up ? RG_FMA(a.squares * ratio, ratio, (rg_real)b.squares)
                             : RG_FMA(b.squares * ratio, ratio, (rg_real)a.squares));
    sum.loss = a.loss + b.loss;
    sum.largest = a.largest > b.largest ? a.largest : b.largest;
    return sum;
}

RG_KERNEL void rg_norm_partials(__global const rg_real *restrict gradients, __global const rg_real *restrict row_loss,
                                __global struct rg_norm_partial *restrict partials, const struct rg_norm_args s,
                                __local struct rg_norm_partial *items) {
    const size_t group = get_group_id(0), groups = get_num_groups(0), item = rg_item();
    const size_t vectors = s.n / RG_VEC;
    struct rg_norm_partial mine =
        rg_item_norm(gradients, rg_share(vectors, group, groups), rg_share(vectors, group + 1, groups));
    const size_t end = rg_share(s.rows, group + 1, groups);
    for (size_t i = rg_share(s.rows, group, groups) + item; i < end;) { /* in runs, for the same reason */
        rg_real run = 0.0f;
        for (int n = 0; n < 256 && i < end; n++, i += RG_ITEMS) {
            run += row_loss[i];
        }
        mine.loss += (float)run;
    }
    items[item] = mine;
    for (size_t middle = RG_ITEMS / 2; middle > 0; middle /= 2) {
        RG_BARRIER;
        if (item < middle) {
            items[item] = rg_norm_join(items[item], items[item + middle]);
        }
    }
    if (item == 0) {
        partials[group] = items[0];
    }
}

RG_INLINE int rg_finite(rg_real v) {
    return v - v == 0.0f;
}

/* One item: combine, decide whether the update counts, and keep the record that the host reads later. */
RG_KERNEL void rg_norm_total(__global const struct rg_norm_partial *restrict partials,
                             __global struct rg_control *restrict control, __global struct rg_record *restrict history,
                             const struct rg_norm_args s) {
    if (rg_item() != 0) {
        return;
    }
    struct rg_norm_partial total = partials[0];
    for (size_t i = 1; i < s.n_partials; i++) {
        total = rg_norm_join(total, partials[i]);
    }
    const float norm = (float)(total.scale * RG_SQRT1((rg_real)total.squares));
    struct rg_control now = control[0];
    struct rg_record record = {total.loss, norm, 0, 0};
    now.skip = now.stopped || !(rg_finite(total.loss) && rg_finite(norm));
    now.coefficient = 1.0f;
    if (now.skip) {
        now.skipped++;
        now.skipped_row++;
        now.stopped = now.skipped_row >= s.max_skips;
        record.skipped = 1;
    } else {
        now.skipped_row = 0;
        now.steps++;
        now.correction1 = (float)-RG_EXPM1((rg_real)now.steps * s.log_beta1);
        now.correction2 = (float)-RG_EXPM1((rg_real)now.steps * s.log_beta2);
        if (s.clip_norm > 0.0f && s.clip_norm < norm + 1e-6f) {
            now.coefficient = s.clip_norm / (norm + 1e-6f);
            record.clipped = 1;
        }
        if (s.clip_value > 0.0f && s.clip_value < total.largest) { /* the optimiser clips the elements */
            record.clipped = 1;
        }
        now.clipped += record.clipped;
    }
    control[0] = now;
    history[s.slot] = record;
}
