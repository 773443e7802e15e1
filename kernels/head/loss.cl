/* The loss of a row of outputs and its gradient, for both kinds of head. */
#ifndef RG_LOSS_CL
#define RG_LOSS_CL
#define RG_LOSS_NONE 0
#define RG_LOSS_IS_MSE 1
#define RG_LOSS_IS_BCE 2
#define RG_LOSS_IS_CE 3

/* Each form of a loss keeps its digits over the whole range of a number: a loss is right to a few ulp, however small or
 * large it is (with logits far apart, to eps |z_i - z_j|). A gradient is a probability less a target, as in PyTorch,
 * and right to a few eps of 1. tests/kernels/test_losses.c checks that. */

/* ln(sum of e^z) - z[label]. `top` is the largest logit, `equal` the number of logits equal to it, and `below` the sum
 * of e^(z - top) over the others. */
RG_INLINE rg_real rg_class_loss(rg_real below, rg_real equal, rg_real top, rg_real z_label) {
    return RG_LOG1P(below + (equal - 1.0f)) + (top - z_label);
}

/* Cross-entropy of a row of logits, and dz = (softmax - one-hot) scale. */
RG_INLINE rg_real rg_row_classes(size_t outputs, __global const rg_real *z, size_t label, __global rg_real *dz,
                                 rg_real scale) {
    rg_real top = z[0], sum = 0.0f, below = 0.0f, equal = 0.0f;
    for (size_t o = 1; o < outputs; o++) {
        top = z[o] > top ? z[o] : top;
    }
    for (size_t o = 0; o < outputs; o++) {
        dz[o] = RG_EXP(z[o] - top);
        sum += dz[o];
        below += z[o] == top ? 0.0f : dz[o];
        equal += z[o] == top ? 1.0f : 0.0f;
    }
    for (size_t o = 0; o < outputs; o++) {
        dz[o] = (dz[o] / sum - (o == label ? 1.0f : 0.0f)) * scale;
    }
    return rg_class_loss(below, equal, top, z[label]);
}

/* Loss of one row, and dz, both multiplied by `scale`. y holds O targets, or the class for ce. */
RG_INLINE rg_real rg_row_loss(rg_u32 kind, size_t outputs, __global const rg_real *z, __global const rg_real *y,
                              __global rg_real *dz, rg_real scale) {
    if (kind == RG_LOSS_IS_CE) {
        return rg_row_classes(outputs, z, (size_t)y[0], dz, scale) * scale;
    }
    struct rg_sum loss = {0.0f, 0.0f};
    for (size_t o = 0; o < outputs; o++) {
        if (kind == RG_LOSS_IS_MSE) {
            const rg_real error = z[o] - y[o];
            loss = rg_sum_add(loss, error * error);
            dz[o] = error * (2.0f * scale);
        } else {
            /* -y log sigma(z) - (1-y) log(1-sigma(z)), in a form that does not overflow */
            const rg_real decay = RG_EXP(-RG_ABS(z[o]));
            loss = rg_sum_add(loss, (z[o] > 0.0f ? z[o] * (1.0f - y[o]) : -z[o] * y[o]) + RG_LOG1P(decay));
            dz[o] = ((z[o] < 0.0f ? decay : 1.0f) / (1.0f + decay) - y[o]) * scale;
        }
    }
    return (loss.sum + loss.rest) * scale;
}

/* The factor of a row's loss and gradient: 1 / (terms of the mean), or with weights 1 / (sum of the weights). */
RG_INLINE rg_real rg_mean_scale(struct rg_head_args s) {
    if (s.weighted) {
        return RG_DOUBLE ? (rg_real)s.scale + (rg_real)s.scale_rest : s.scale;
    }
    return RG_DOUBLE ? (rg_real)s.loss_scale / (rg_real)s.terms : s.scale;
}

RG_INLINE rg_real rg_row_scale(struct rg_head_args s, rg_real mean_scale, __global const rg_real *y) {
    return s.weighted ? mean_scale * y[s.n_targets - 1] : mean_scale;
}

/* Store a sequence's loss over the steps, as a sum and its rounding error. */
RG_INLINE void rg_keep_loss(__global rg_real *kept, struct rg_sum loss) {
    kept[0] = loss.sum;
    kept[1] = loss.rest;
}

RG_INLINE struct rg_sum rg_kept_loss(__global const rg_real *kept, int any) {
    struct rg_sum loss = {any ? kept[0] : 0.0f, any ? kept[1] : 0.0f};
    return loss;
}
#endif
