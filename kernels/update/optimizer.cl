/* Optimisers, elementwise over a range of the arena, as PyTorch 2 defines them. Each uses the clipped gradient g
 * (scaled by control.coefficient, or limited to ±s.clip), plus decay * w. control.skip leaves everything unchanged,
 * including the states. Buffers: weights, gradients, control, and the optimiser's states. */

/* This item has the vectors begin, begin + RG_ITEMS … below end. */
RG_INLINE size_t rg_arena_begin(const struct rg_optimizer_args s) {
    return s.first / RG_VEC + rg_share(s.n / RG_VEC, get_group_id(0), get_num_groups(0)) + rg_item();
}

RG_INLINE size_t rg_arena_end(const struct rg_optimizer_args s) {
    return s.first / RG_VEC + rg_share(s.n / RG_VEC, get_group_id(0) + 1, get_num_groups(0));
}

/* g for a vector of raw gradients and the weights w beside it. */
RG_INLINE rg_vec rg_usable_gradient(__global const rg_real *raw, rg_vec w, rg_real coefficient,
                                    const struct rg_optimizer_args s) {
    const rg_vec limit = RG_SPLAT(s.clip);
    rg_vec g = RG_LOAD(raw);
    g = RG_SELECT(g > limit, limit, g);
    g = RG_SELECT(g < -limit, -limit, g);
    return RG_FMA(RG_SPLAT(s.decay), w, RG_SPLAT(coefficient) * g);
}

/* The buffers of every rule. */
#define RG_OPTIMIZER_BUFFERS                                                        \
    __global rg_real *restrict weights, __global const rg_real *restrict gradients, \
        __global const struct rg_control *restrict control

/* The body of every rule: STEP is the new value of each vector of weights. It may use the weights `w`, their clipped
 * gradient `g`, and `at`, their place in the states. */
#define RG_UPDATE_WEIGHTS(STEP)                                                                                \
    do {                                                                                                       \
        if (control->skip) {                                                                                   \
            return;                                                                                            \
        }                                                                                                      \
        const rg_real coefficient = rg_exact_value(control->coefficient);                                      \
        const size_t end = rg_arena_end(s);                                                                    \
        for (size_t i = rg_arena_begin(s); i < end; i += RG_ITEMS) {                                           \
            const size_t at = i * RG_VEC;                                                                      \
            const rg_vec w = RG_LOAD(weights + at), g = rg_usable_gradient(gradients + at, w, coefficient, s); \
            RG_STORE(STEP, weights + at);                                                                      \
        }                                                                                                      \
    } while (0)

/* w -= lr g */
RG_KERNEL void rg_sgd(RG_OPTIMIZER_BUFFERS, const struct rg_optimizer_args s) {
    RG_UPDATE_WEIGHTS(w - RG_SPLAT(s.lr) * g);
}

/* Momentum (Polyak 1964) and Nesterov's (Sutskever et al. 2013), with the rate outside the sum: u = momentum u + g, w
 * -= lr u; Nesterov: w -= lr (g + momentum u). PyTorch starts with u = g, which equals a start at u = 0. */
RG_INLINE rg_vec rg_momentum_step(rg_vec w, rg_vec g, __global rg_real *first, size_t at,
                                  const struct rg_optimizer_args s) {
    const rg_vec momentum = RG_SPLAT(s.momentum), u = RG_FMA(momentum, RG_LOAD(first + at), g);
    RG_STORE(u, first + at);
    const rg_vec way = s.nesterov ? RG_FMA(momentum, u, g) : u;
    return w - RG_SPLAT(s.lr) * way;
}

RG_KERNEL void rg_momentum(RG_OPTIMIZER_BUFFERS, __global rg_real *restrict first, const struct rg_optimizer_args s) {
    RG_UPDATE_WEIGHTS(rg_momentum_step(w, g, first, at, s));
}

/* RMSprop (Tieleman, Hinton 2012): v = b2 v + (1-b2) g^2, q = g / (sqrt v + epsilon), w -= lr q; with momentum u =
 * momentum u + q, w -= lr u. */
RG_INLINE rg_vec rg_rmsprop_step(rg_vec w, rg_vec g, __global rg_real *first, __global rg_real *second, size_t at,
                                 const struct rg_optimizer_args s) {
    const rg_vec v = RG_FMA(RG_SPLAT(s.beta2), RG_LOAD(first + at), RG_SPLAT(s.rest2) * g * g);
    RG_STORE(v, first + at);
    rg_vec way = g / (RG_SQRT(v) + RG_SPLAT(s.epsilon));
    if (s.momentum > 0.0f) {
        way = RG_FMA(RG_SPLAT(s.momentum), RG_LOAD(second + at), way);
        RG_STORE(way, second + at);
    }
    return w - RG_SPLAT(s.lr) * way;
}

/* Without momentum `second` may be NULL. */
RG_KERNEL void rg_rmsprop(RG_OPTIMIZER_BUFFERS, __global rg_real *restrict first, __global rg_real *restrict second,
                          const struct rg_optimizer_args s) {
    RG_UPDATE_WEIGHTS(rg_rmsprop_step(w, g, first, second, at, s));
}

/* Adam (Kingma, Ba 2015), with epsilon where PyTorch has it, and AdamW (Loshchilov, Hutter 2019). n is the number of
 * updates applied: m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, w -= shrink w + lr/(1-b1^n) m / (sqrt(v/(1-b2^n)) +
 * epsilon). step = lr/(1-b1^n), scale = 1/sqrt(1-b2^n) */
RG_INLINE rg_vec rg_adam_step(rg_vec w, rg_vec g, __global rg_real *first, __global rg_real *second, size_t at,
                              rg_vec step, rg_vec scale, const struct rg_optimizer_args s) {
    const rg_vec m = RG_FMA(RG_SPLAT(s.beta1), RG_LOAD(first + at), RG_SPLAT(s.rest1) * g);
    const rg_vec v = RG_FMA(RG_SPLAT(s.beta2), RG_LOAD(second + at), RG_SPLAT(s.rest2) * g * g);
    RG_STORE(m, first + at);
    RG_STORE(v, second + at);
    const rg_vec below = RG_FMA(RG_SQRT(v), scale, RG_SPLAT(s.epsilon));
    return w - RG_FMA(RG_SPLAT(s.shrink), w, step * m / below);
}

RG_KERNEL void rg_adam(RG_OPTIMIZER_BUFFERS, __global rg_real *restrict first, __global rg_real *restrict second,
                       const struct rg_optimizer_args s) {
    const rg_vec step = RG_SPLAT(s.lr / control->correction1);
    const rg_vec scale = RG_SPLAT(1.0f / RG_SQRT1((rg_real)control->correction2));
    RG_UPDATE_WEIGHTS(rg_adam_step(w, g, first, second, at, step, scale, s));
}

/* Adagrad (Duchi, Hazan, Singer 2011): v += g^2, w -= lr g / (sqrt v + epsilon) */
RG_INLINE rg_vec rg_adagrad_step(rg_vec w, rg_vec g, __global rg_real *first, size_t at,
                                 const struct rg_optimizer_args s) {
    const rg_vec v = RG_FMA(g, g, RG_LOAD(first + at));
    RG_STORE(v, first + at);
    return w - RG_SPLAT(s.lr) * g / (RG_SQRT(v) + RG_SPLAT(s.epsilon));
}

RG_KERNEL void rg_adagrad(RG_OPTIMIZER_BUFFERS, __global rg_real *restrict first, const struct rg_optimizer_args s) {
    RG_UPDATE_WEIGHTS(rg_adagrad_step(w, g, first, at, s));
}
