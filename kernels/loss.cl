/* The loss of a row of outputs and its gradient, for both kinds of head. */
#define RG_LOSS_NONE 0
#define RG_LOSS_IS_MSE 1
#define RG_LOSS_IS_BCE 2
#define RG_LOSS_IS_CE 3

/* Loss of one row and dz, before the factor `scale`; y holds O targets, or the class for ce. */
RG_INLINE rg_real rg_row_loss(rg_u32 kind, size_t outputs, __global const rg_real *z, __global const rg_real *y,
                              __global rg_real *dz, rg_real scale) {
    rg_real loss = 0.0f;
    if (kind == RG_LOSS_IS_CE) {
        const size_t label = (size_t)y[0];
        rg_real top = z[0];
        for (size_t o = 1; o < outputs; o++) {
            top = z[o] > top ? z[o] : top;
        }
        rg_real sum = 0.0f;
        for (size_t o = 0; o < outputs; o++) {
            dz[o] = RG_EXP(z[o] - top);
            sum += dz[o];
        }
        for (size_t o = 0; o < outputs; o++) {
            dz[o] = (dz[o] / sum - (o == label ? 1.0f : 0.0f)) * scale;
        }
        loss = RG_LOG(sum) + top - z[label];
    } else {
        for (size_t o = 0; o < outputs; o++) {
            if (kind == RG_LOSS_IS_MSE) {
                const rg_real error = z[o] - y[o];
                loss += error * error;
                dz[o] = 2.0f * error * scale;
            } else {
                /* -y log sigma(z) - (1-y) log(1-sigma(z)), in the form that does not overflow */
                const rg_real decay = RG_EXP(-RG_ABS(z[o]));
                loss += (z[o] > 0.0f ? z[o] : 0.0f) - z[o] * y[o] + RG_LOG1P(decay);
                dz[o] = ((z[o] < 0.0f ? decay : 1.0f) / (1.0f + decay) - y[o]) * scale;
            }
        }
    }
    return loss * scale;
}
