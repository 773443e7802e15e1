/* Optimisers, elementwise over the arena. The gradient comes clipped by control.coefficient; control.skip leaves
 * everything as it was. */

/* w -= lr g */
RG_KERNEL void rg_sgd(__global rg_real *restrict weights, __global const rg_real *restrict gradients,
                      __global const struct rg_control *restrict control, const struct rg_optimizer_args s) {
    if (control->skip) {
        return;
    }
    const rg_vec step = RG_SPLAT(s.lr * control->coefficient);
    const size_t vectors = s.n / RG_VEC;
    const size_t end = rg_share(vectors, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = rg_share(vectors, get_group_id(0), get_num_groups(0)) + rg_item(); i < end; i += RG_ITEMS) {
        __global rg_real *const w = weights + i * RG_VEC;
        RG_STORE(RG_LOAD(w) - step * RG_LOAD(gradients + i * RG_VEC), w);
    }
}

/* Adam (Kingma, Ba 2015), with the epsilon where PyTorch has it:
 * m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, w -= lr/(1-b1^n) m / (sqrt(v/(1-b2^n)) + epsilon) */
RG_KERNEL void rg_adam(__global rg_real *restrict weights, __global const rg_real *restrict gradients,
                       __global rg_real *restrict first, __global rg_real *restrict second,
                       __global const struct rg_control *restrict control, const struct rg_optimizer_args s) {
    if (control->skip) {
        return;
    }
    const rg_vec coefficient = RG_SPLAT(control->coefficient);
    const rg_vec step = RG_SPLAT(s.lr / control->correction1);
    const rg_vec scale = RG_SPLAT(1.0f / RG_SQRT1(control->correction2));
    const size_t vectors = s.n / RG_VEC;
    const size_t end = rg_share(vectors, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = rg_share(vectors, get_group_id(0), get_num_groups(0)) + rg_item(); i < end; i += RG_ITEMS) {
        const size_t at = i * RG_VEC;
        const rg_vec g = RG_LOAD(gradients + at) * coefficient;
        const rg_vec m = RG_FMA(RG_SPLAT(s.beta1), RG_LOAD(first + at), RG_SPLAT(s.rest1) * g);
        const rg_vec v = RG_FMA(RG_SPLAT(s.beta2), RG_LOAD(second + at), RG_SPLAT(s.rest2) * g * g);
        RG_STORE(m, first + at);
        RG_STORE(v, second + at);
        const rg_vec below = RG_FMA(RG_SQRT(v), scale, RG_SPLAT(s.epsilon));
        RG_STORE(RG_LOAD(weights + at) - step * m / below, weights + at);
    }
}
