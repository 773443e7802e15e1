/* The global norm of the gradient, and the loss, in two stages of fixed order. A norm is kept as scale * sqrt(squares),
 * where scale is the largest magnitude, so it overflows only if the norm itself does (as BLAS nrm2). NaN and infinity
 * always reach the result. */

struct rg_norm_partial {
    rg_real scale;           /* largest |g| of the work-group, from RG_SMALL to RG_LARGE; rounded */
    rg_real squares;         /* sum of (g/scale)^2 */
    rg_real loss, loss_rest; /* sum of the losses, and its rounding error */
    rg_real largest;         /* largest |g|, exact */
};

/* Smaller magnitudes are measured in units of RG_SMALL, because their inverse may overflow. Larger ones are measured in
 * units of RG_LARGE, because their inverse is subnormal, which is zero on a processor. */
#if RG_DOUBLE
#define RG_SMALL 1e-300
#define RG_LARGE 0x1p1020
#else
#define RG_SMALL 1e-37f
#define RG_LARGE 0x1p125f
#endif

/* Split v exactly: a power of two scales it to where three floats hold 72 bits of it. */
RG_INLINE struct rg_exact rg_exact_of(rg_real v) {
    struct rg_exact exact = {{0.0f, 0.0f, 0.0f}, 0};
    while (rg_finite(v) && (v > 0x1p64f || v < -0x1p64f)) {
        v *= 0x1p-64f;
        exact.exponent += 64;
    }
    while (v != 0.0f && v < 0x1p-64f && v > -0x1p-64f) {
        v *= 0x1p64f;
        exact.exponent -= 64;
    }
    exact.parts[0] = (float)v;
    for (int i = 1; i < 3 && rg_finite(v); i++) {
        v -= exact.parts[i - 1];
        exact.parts[i] = (float)v;
    }
    return exact;
}

/* The number that rg_exact_of has split. */
RG_INLINE rg_real rg_exact_value(struct rg_exact exact) {
    rg_real value = (rg_real)exact.parts[0] + exact.parts[1] + exact.parts[2];
    for (; exact.exponent > 0; exact.exponent -= 64) {
        value *= 0x1p64f;
    }
    for (; exact.exponent < 0; exact.exponent += 64) {
        value *= 0x1p-64f;
    }
    return value;
}

RG_INLINE rg_real rg_lane_max(rg_vec v) {
    rg_real lanes[RG_VEC];
    RG_STORE(v, lanes);
    rg_real largest = lanes[0];
    for (int i = 1; i < RG_VEC; i++) {
        largest = lanes[i] > largest ? lanes[i] : largest;
    }
    return largest;
}

/* Scale and squares of vectors [begin, end) of g: this item's share of the group's part. */
RG_INLINE struct rg_norm_partial rg_item_norm(__global const rg_real *g, size_t begin, size_t end) {
    struct rg_norm_partial norm = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    rg_vec largest = RG_SPLAT(0.0f);
    for (size_t i = begin + rg_item(); i < end; i += RG_ITEMS) {
        const rg_vec v = RG_LOAD(g + i * RG_VEC);
        largest = RG_SELECT(v > largest, v, largest);
        largest = RG_SELECT(-v > largest, -v, largest);
    }
    norm.largest = rg_lane_max(largest);
    const rg_real least = norm.largest > RG_SMALL ? norm.largest : RG_SMALL;
    const rg_real inverse = 1.0f / (least < RG_LARGE ? least : RG_LARGE);
    norm.scale = 1.0f / inverse;
    rg_vec total = RG_SPLAT(0.0f);
    for (size_t i = begin + rg_item(); i < end;) { /* runs of 64 vectors keep the rounding error small */
        rg_vec run = RG_SPLAT(0.0f);
        for (int n = 0; n < 64 && i < end; n++, i += RG_ITEMS) {
            const rg_vec v = RG_LOAD(g + i * RG_VEC) * RG_SPLAT(inverse);
            run = RG_FMA(v, v, run);
        }
        total = total + run;
    }
    norm.squares = rg_lane_sum(total);
    return norm;
}

/* Sum of numbers [begin, end): this item's share of the group's part. Each lane is summed alone, then the lanes. */
RG_INLINE struct rg_sum rg_item_sum(__global const rg_real *numbers, size_t begin, size_t end) {
    const size_t whole = (end - begin) / RG_VEC * RG_VEC;
    struct rg_sum total = {0.0f, 0.0f};
    struct rg_vector_sum sums = {RG_SPLAT(0.0f), RG_SPLAT(0.0f)};
    for (size_t i = rg_item() * RG_VEC; i < whole; i += RG_ITEMS * RG_VEC) {
        sums = rg_vector_sum_add(sums, RG_LOAD(numbers + begin + i));
    }
    rg_real lanes[RG_VEC], lane_rests[RG_VEC];
    RG_STORE(sums.sum, lanes);
    RG_STORE(sums.rest, lane_rests);
    for (size_t i = 0; i < RG_VEC; i++) {
        total = rg_sum_add(rg_sum_add(total, lanes[i]), lane_rests[i]);
    }
    for (size_t i = whole; rg_item() == 0 && i < end - begin; i++) {
        total = rg_sum_add(total, numbers[begin + i]);
    }
    return total;
}

/* Combine a and b. */
RG_INLINE struct rg_norm_partial rg_norm_join(struct rg_norm_partial a, struct rg_norm_partial b) {
    const int up = b.scale > a.scale;
    const rg_real low = up ? a.scale : b.scale, high = up ? b.scale : a.scale;
    const rg_real ratio = high > 0.0f ? low / high : 0.0f;
    struct rg_norm_partial sum;
    sum.scale = high;
    sum.squares = up ? RG_FMA(a.squares * ratio, ratio, b.squares) : RG_FMA(b.squares * ratio, ratio, a.squares);
    const struct rg_sum start = {a.loss, a.loss_rest};
    const struct rg_sum loss = rg_sum_add(rg_sum_add(start, b.loss), b.loss_rest);
    sum.loss = loss.sum;
    sum.loss_rest = loss.rest;
    sum.largest = a.largest > b.largest ? a.largest : b.largest;
    return sum;
}

/* Decide by the norm and the loss of the whole batch whether the update counts, and write the record that the host
 * reads later. One item does it. */
RG_INLINE void rg_norm_decide(struct rg_norm_partial total, __global struct rg_control *control,
                              __global struct rg_record *history, const struct rg_norm_args s) {
    const rg_real norm = total.scale * RG_SQRT1(total.squares);
    struct rg_control now = control[0];
    const rg_real loss = total.loss + total.loss_rest;
    struct rg_record record = {rg_exact_of(loss), rg_exact_of(norm), 0, 0};
    now.skip = now.stopped || !(rg_finite(loss) && rg_finite(norm));
    now.coefficient = rg_exact_of(1.0f);
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
            now.coefficient = rg_exact_of(s.clip_norm / (norm + 1e-6f));
            record.clipped = 1;
        }
        if (s.clip_value > 0.0f && s.clip_value < total.largest) { /* the optimiser clips each element */
            record.clipped = 1;
        }
        now.clipped += record.clipped;
    }
    control[0] = now;
    history[s.slot] = record;
}

/* Stage one: each group computes its part. Its items' parts are joined in pairs, in a fixed order. A group that is
 * alone has the whole norm, and decides: there is no stage two then. */
RG_KERNEL void rg_norm_partials(__global const rg_real *restrict gradients, __global const rg_real *restrict row_loss,
                                __global struct rg_norm_partial *restrict partials,
                                __global struct rg_control *restrict control,
                                __global struct rg_record *restrict history, const struct rg_norm_args s,
                                __local struct rg_norm_partial *items) {
    const size_t group = get_group_id(0), groups = get_num_groups(0), item = rg_item();
    const size_t vectors = s.n / RG_VEC;
    struct rg_norm_partial mine =
        rg_item_norm(gradients, rg_share(vectors, group, groups), rg_share(vectors, group + 1, groups));
    const struct rg_sum loss =
        rg_item_sum(row_loss, rg_share(s.rows, group, groups), rg_share(s.rows, group + 1, groups));
    mine.loss = loss.sum;
    mine.loss_rest = loss.rest;
    items[item] = mine;
    for (size_t middle = RG_ITEMS / 2; middle > 0; middle /= 2) {
        RG_BARRIER;
        if (item < middle) {
            items[item] = rg_norm_join(items[item], items[item + middle]);
        }
    }
    if (item == 0 && groups == 1) {
        rg_norm_decide(items[0], control, history, s);
    } else if (item == 0) {
        partials[group] = items[0];
    }
}

/* Stage two: one item combines the parts of the groups, and decides. */
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
    rg_norm_decide(total, control, history, s);
}
