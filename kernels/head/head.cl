/* The output layer on the last state or on all states, the loss, and its gradient, for a tile of sequences: z = W_o h +
 * b_o, then dL/dz, then dL/dh = W_o^T dL/dz. Losses are means over the batch (over unmasked steps, and over outputs for
 * mse and bce), as in PyTorch. With weights they are weighted means, as in torch.nn.CrossEntropyLoss(weight). A row
 * whose first target is NaN is masked: it has no loss and no gradient. */

/* dL/dz and loss of one step's rows. */
RG_INLINE void rg_tile_loss(struct rg_head_args s, size_t rows, __global const rg_real *z, __global const rg_real *y,
                            __global rg_real *dz, __global rg_real *row_loss, int add) {
    const rg_real mean_scale = rg_mean_scale(s);
    for (size_t r = rg_item(); r < rows; r += RG_ITEMS) {
        __global const rg_real *const target = y + r * s.n_targets;
        __global rg_real *const gradient = dz + r * s.o_stride;
        const int masked = rg_is_nan(target[0]);
        const rg_real scale = rg_row_scale(s, mean_scale, target);
        for (size_t o = masked ? 0 : s.outputs; o < s.o_stride; o++) {
            gradient[o] = 0.0f;
        }
        const rg_real loss =
            masked ? 0.0f : rg_row_loss(s.loss, s.outputs, z + r * s.o_stride, target, gradient, scale);
        if (!s.recomputed) {
            rg_keep_loss(row_loss + 2 * r, rg_sum_add(rg_kept_loss(row_loss + 2 * r, add), loss));
        }
    }
}

/* h [T][B][D*Hp], packed weights, y [T'][B][n_targets] -> z [T'][B][Op], dz [T'][B][Op], dh [T'][B][D*Hp], row_loss
 * [batch][2], a sum and its rounding error. T' are the steps from target_base on. */
RG_KERNEL void rg_head(__global const rg_real *restrict h, __global const rg_real *restrict packed,
                       __global const rg_real *restrict y, __global rg_real *z, __global rg_real *dz,
                       __global rg_real *dh, __global rg_real *restrict row_loss, const struct rg_head_args s) {
    const size_t first = s.begin + get_group_id(0) * s.tile;
    const size_t rows = s.end - first < s.tile ? s.end - first : s.tile;
    const size_t col = get_local_id(0), item_row = get_local_id(1);
    const size_t panels = s.loss == RG_LOSS_NONE ? 0 : (s.hidden + RG_NR - 1) / RG_NR;
    for (size_t t = s.from; t < s.to; t++) {
        const size_t in = (t - s.base) * s.rows + first, at = (t - s.target_base) * s.rows + first;
        for (size_t p = 0; p < s.o_stride / RG_NR; p++) {
            for (size_t b = item_row * RG_BLOCK_ROWS; b < rows; b += RG_ROWS * RG_BLOCK_ROWS) {
#define RG_LOGITS(R, r)                                                                            \
    RG_CAT(rg_product_rows_, R)                                                                    \
    (h + (in + r) * s.h_stride, s.h_stride, s.hidden, packed + s.w_forward + p * s.hidden * RG_NR, \
     packed + s.bias + p * RG_NR, z + (at + r) * s.o_stride + p * RG_NR, s.o_stride, col)
                RG_IN_BLOCKS(b, rows, RG_LOGITS);
#undef RG_LOGITS
            }
        }
        RG_BARRIER;
        if (s.loss != RG_LOSS_NONE) {
            rg_tile_loss(s, rows, z + at * s.o_stride, y + at * s.n_targets, dz + at * s.o_stride,
                         row_loss + 2 * (s.first_row + first), t > s.first_step);
        }
        RG_BARRIER; /* not inside a condition: PoCL 3.1 then makes every item do the first item's work */
        for (size_t p = 0; p < panels; p++) {
            for (size_t b = item_row * RG_BLOCK_ROWS; b < rows; b += RG_ROWS * RG_BLOCK_ROWS) {
#define RG_STATES(R, r)                                                                                  \
    RG_CAT(rg_product_rows_, R)                                                                          \
    (dz + (at + r) * s.o_stride, s.o_stride, s.outputs, packed + s.w_reverse + p * s.outputs * RG_NR, 0, \
     dh + (at + r) * s.h_stride + p * RG_NR, s.h_stride, col)
                RG_IN_BLOCKS(b, rows, RG_STATES);
#undef RG_STATES
            }
        }
    }
}
