/* Helpers for every kernel, in the language that OpenCL C and C share (prelude.cl, native.h). */

#define RG_NR (RG_NV * RG_COLS * RG_VEC) /* units of a panel */
#define RG_ITEMS (RG_COLS * RG_ROWS)

/* Activations by number, as enum rg_activation. */
#define RG_TANH 0

/* Where item `col` keeps its n-th vector within a panel. */
#define RG_LANE(col, n) ((n)*RG_COLS * RG_VEC + (col)*RG_VEC)

RG_INLINE size_t rg_item(void) {
    return get_local_id(1) * RG_COLS + get_local_id(0);
}

/* The share of work-group `group` of `groups` in 0 … n-1: [rg_share(n, group, groups), rg_share(n, group+1, groups)).
 */
RG_INLINE size_t rg_share(size_t n, size_t group, size_t groups) {
    return n / groups * group + (n % groups < group ? n % groups : group);
}

/* tanh to about 2 ulp: the quotient of an odd polynomial of degree 13 and an even one of degree 6, minimax on
 * [-9, 9] (the coefficients are those of Eigen's generic_fast_tanh_float). NaN stays NaN. */
RG_INLINE rg_vec rg_tanh(rg_vec x) {
    const rg_vec limit = RG_SPLAT(9.0f);
    x = RG_SELECT(x > limit, limit, x);
    x = RG_SELECT(x < -limit, -limit, x);
    const rg_vec s = x * x;
    rg_vec p = RG_FMA(s, RG_SPLAT(-2.76076847742355e-16f), RG_SPLAT(2.00018790482477e-13f));
    p = RG_FMA(p, s, RG_SPLAT(-8.60467152213735e-11f));
    p = RG_FMA(p, s, RG_SPLAT(5.12229709037114e-08f));
    p = RG_FMA(p, s, RG_SPLAT(1.48572235717979e-05f));
    p = RG_FMA(p, s, RG_SPLAT(6.37261928875436e-04f));
    p = RG_FMA(p, s, RG_SPLAT(4.89352455891786e-03f));
    rg_vec q = RG_FMA(s, RG_SPLAT(1.19825839466702e-06f), RG_SPLAT(1.18534705686654e-04f));
    q = RG_FMA(q, s, RG_SPLAT(2.26843463243900e-03f));
    q = RG_FMA(q, s, RG_SPLAT(4.89352518554385e-03f));
    return x * p / q;
}

RG_INLINE rg_vec rg_activate(rg_vec x, rg_u32 activation) {
    (void)activation;
    return rg_tanh(x);
}

/* The derivative of the activation, from its value y. */
RG_INLINE rg_vec rg_activate_slope(rg_vec y, rg_u32 activation) {
    (void)activation;
    return RG_SPLAT(1.0f) - y * y;
}
