/* An output layer of many outputs, in three launches. z = W_o h and dL/dh = W_o^T dL/dz are products; a group computes
 * a tile of rows and a share of the panels. The loss is between them, and its items share a row. */
#ifndef RG_PRODUCT_DEPTH
#define RG_PRODUCT_DEPTH 256 /* rows of a panel that stay in the first-level cache while a tile uses them */
#endif

/* out (+)= a w for a block of rows and one panel. The order of a sum is the same as with a single accumulator. */
#define RG_PRODUCT_RUN(R)                                                                               \
    RG_HOT void RG_CAT(rg_product_run_, R)(__global const rg_real *a, size_t a_stride, size_t depth,    \
                                           __global const rg_real *w, int fresh, __global rg_real *out, \
                                           size_t out_stride, size_t col) {                             \
        rg_vec acc[R][RG_NV];                                                                           \
        RG_UNROLL for (size_t r = 0; r < R; r++) {                                                      \
            RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {                                              \
                acc[r][q] = fresh ? RG_SPLAT(0.0f) : RG_LOAD(out + r * out_stride + RG_LANE(col, q));   \
            }                                                                                           \
        }                                                                                               \
        RG_CAT(rg_plain_global_, R)(acc, a, a_stride, w, depth, col);                                   \
        RG_UNROLL for (size_t r = 0; r < R; r++) {                                                      \
            RG_UNROLL for (size_t q = 0; q < RG_NV; q++) {                                              \
                RG_STORE(acc[r][q], out + r * out_stride + RG_LANE(col, q));                            \
            }                                                                                           \
        }                                                                                               \
    }
RG_PRODUCT_RUN(8)
RG_PRODUCT_RUN(4)
RG_PRODUCT_RUN(1)
#undef RG_PRODUCT_RUN

/* a [rows][depth], packed panels -> out [rows][panels*NR]. Group (i, j) computes tile i of the rows and share j of the
 * panels. */
RG_KERNEL void rg_product(__global const rg_real *restrict a, __global const rg_real *restrict packed,
                          __global rg_real *out, const struct rg_product_args s) {
    const size_t first = get_group_id(0) * s.tile;
    const size_t end = s.rows - first < s.tile ? s.rows : first + s.tile;
    const size_t panel = rg_share(s.panels, get_group_id(1), get_num_groups(1));
    const size_t panels = rg_share(s.panels, get_group_id(1) + 1, get_num_groups(1));
    for (size_t k = 0; k < s.depth; k += RG_PRODUCT_DEPTH) {
        const size_t depth = s.depth - k < RG_PRODUCT_DEPTH ? s.depth - k : RG_PRODUCT_DEPTH;
        for (size_t p = panel; p < panels; p++) {
            for (size_t b = first + get_local_id(1) * RG_BLOCK_ROWS; b < end; b += RG_ROWS * RG_BLOCK_ROWS) {
#define RG_RUN_OF(R, r)                                                                                 \
    RG_CAT(rg_product_run_, R)                                                                          \
    (a + s.a + (r)*s.a_stride + k, s.a_stride, depth, packed + s.w + (p * s.depth + k) * RG_NR, k == 0, \
     out + s.out + (r)*s.out_stride + p * RG_NR, s.out_stride, get_local_id(0))
                RG_IN_BLOCKS(b, end, RG_RUN_OF);
#undef RG_RUN_OF
            }
        }
    }
}

/* All items' values, combined in the order of the items: their sum, or with `largest` the largest. */
RG_INLINE rg_real rg_group_total(__local rg_real *values, int largest) {
    rg_real total = values[0];
    for (size_t i = 1; i < RG_ITEMS; i++) {
        total = largest ? (values[i] > total ? values[i] : total) : total + values[i];
    }
    return total;
}

/* The sum of all items' values, returned to every item. */
RG_INLINE rg_real rg_group_sum(__local rg_real *scratch, rg_real mine) {
    scratch[rg_item()] = mine;
    RG_BARRIER;
    const rg_real total = rg_group_total(scratch, 0);
    RG_BARRIER;
    return total;
}

/* The largest of this item's outputs. Items take whole vectors in turn; the first item also takes the rest. */
RG_INLINE rg_real rg_largest_output(__global const rg_real *z, size_t outputs) {
    const size_t whole = outputs / RG_VEC * RG_VEC;
    rg_vec largest = RG_SPLAT(z[0]);
    for (size_t o = rg_item() * RG_VEC; o < whole; o += RG_ITEMS * RG_VEC) {
        largest = RG_FMAX(largest, RG_LOAD(z + o));
    }
    rg_real lanes[RG_VEC], top = z[0];
    RG_STORE(largest, lanes);
    for (size_t i = 0; i < RG_VEC; i++) {
        top = lanes[i] > top ? lanes[i] : top;
    }
    for (size_t o = whole; rg_item() == 0 && o < outputs; o++) {
        top = z[o] > top ? z[o] : top;
    }
    return top;
}

/* Sums of e^(z - top): over all logits and over the logits below `top`; number of logits equal to `top`. */
struct rg_exponentials {
    rg_real sum, below, equal;
};

/* Write e^(z - top) of this item's outputs to dz, and return their sums. */
RG_INLINE struct rg_exponentials rg_exponentials(__global const rg_real *z, __global rg_real *dz, size_t outputs,
                                                 rg_real top) {
    const size_t whole = outputs / RG_VEC * RG_VEC;
    const rg_vec zero = RG_SPLAT(0.0f), one = RG_SPLAT(1.0f);
    rg_vec sums = zero, below = zero, equal = zero;
    for (size_t o = rg_item() * RG_VEC; o < whole; o += RG_ITEMS * RG_VEC) {
        const rg_vec logits = RG_LOAD(z + o), e = rg_exp(logits - RG_SPLAT(top));
        const rg_mask is_top = logits == RG_SPLAT(top);
        sums = sums + e;
        below = below + RG_SELECT(is_top, zero, e);
        equal = equal + RG_SELECT(is_top, one, zero);
        RG_STORE(e, dz + o);
    }
    struct rg_exponentials total;
    total.sum = rg_lane_sum(sums);
    total.below = rg_lane_sum(below);
    total.equal = rg_lane_sum(equal);
    for (size_t o = whole; rg_item() == 0 && o < outputs; o++) {
        dz[o] = RG_EXP(z[o] - top);
        total.sum += dz[o];
        total.below += z[o] == top ? 0.0f : dz[o];
        total.equal += z[o] == top ? 1.0f : 0.0f;
    }
    return total;
}

/* z [T'][B][Op] without the bias, packed b_o, y as in rg_head -> z with the bias, dz, row_loss as in rg_head. A group
 * takes whole sequences. */
RG_KERNEL void rg_wide_loss(__global const rg_real *restrict packed, __global const rg_real *restrict y,
                            __global rg_real *z, __global rg_real *dz, __global rg_real *row_loss,
                            const struct rg_head_args s, __local rg_real *scratch) {
    const rg_real mean_scale = rg_mean_scale(s);
    const size_t item = rg_item(), step = RG_ITEMS * RG_VEC;
    for (size_t b = s.begin + get_group_id(0); b < s.end; b += get_num_groups(0)) {
        const int keeps = s.loss != RG_LOSS_NONE && !s.recomputed;
        __global rg_real *const kept = row_loss + 2 * (s.first_row + b);
        struct rg_sum loss = rg_kept_loss(kept, keeps && s.from > s.first_step);
        for (size_t t = s.from; t < s.to; t++) {
            const size_t at = (t - s.target_base) * s.rows + b;
            __global rg_real *const out = z + at * s.o_stride, *const gradient = dz + at * s.o_stride;
            __global const rg_real *const target = y + at * s.n_targets;
            const int learns = s.loss != RG_LOSS_NONE, live = learns && !rg_is_nan(target[0]);
            const int classes = live && s.loss == RG_LOSS_IS_CE;
            const rg_real scale = rg_row_scale(s, mean_scale, target);
            for (size_t o = item * RG_VEC; o < s.o_stride; o += step) {
                RG_STORE(RG_LOAD(out + o) + RG_LOAD(packed + s.bias + o), out + o);
                if (learns && (!live || o + RG_VEC > s.outputs)) {
                    RG_STORE(RG_SPLAT(0.0f), gradient + o);
                }
            }
            RG_BARRIER;
            scratch[item] = classes ? rg_largest_output(out, s.outputs) : 0.0f;
            RG_BARRIER;
            const rg_real top = rg_group_total(scratch, 1);
            RG_BARRIER;
            struct rg_exponentials mine = {0.0f, 0.0f, 0.0f};
            if (classes) {
                mine = rg_exponentials(out, gradient, s.outputs, top);
            }
            const rg_real sum = rg_group_sum(scratch, mine.sum), below = rg_group_sum(scratch, mine.below);
            const rg_real equal = rg_group_sum(scratch, mine.equal);
            for (size_t o = classes ? item * RG_VEC : s.o_stride; o < s.o_stride; o += step) {
                RG_STORE(RG_LOAD(gradient + o) / RG_SPLAT(sum) * RG_SPLAT(scale), gradient + o);
            }
            RG_BARRIER;
            if (item == 0 && classes) {
                const size_t label = (size_t)target[0];
                gradient[label] = gradient[label] - scale;
                loss = rg_sum_add(loss, rg_class_loss(below, equal, top, out[label]) * scale);
            }
            if (item == 0 && live && !classes) {
                loss = rg_sum_add(loss, rg_row_loss(s.loss, s.outputs, out, target, gradient, scale));
            }
            RG_BARRIER;
        }
        if (item == 0 && keeps) {
            rg_keep_loss(kept, loss);
        }
    }
}
