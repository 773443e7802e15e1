/* Activations and their slopes over the whole range of a number. A value is within 4 ulp of the true one (tanh of a
 * float: 5), including subnormal numbers, infinities and NaN. tests/kernels/test_activations.c checks that.
 *
 * A slope is computed from the value y that the scan kept, not from the pre-activation. y is rounded: its relative
 * error is half of eps, plus the error of the function itself. The slope inherits the error of y times |d slope / dy|.
 * So the slopes of relu, leaky_relu, hardtanh and linear are exact. The relative error of softplus's slope, 1 - e^-y,
 * is small everywhere. The slopes of tanh, sigmoid, elu and softsign are right to a few eps of 1: where y is so near
 * its limit that the format keeps few digits of the difference, the slope is as good as that difference. */

/* Activations by number, as enum rg_activation. */
#define RG_TANH 0
#define RG_RELU 1
#define RG_LEAKY_RELU 2
#define RG_ELU 3
#define RG_SIGMOID 4
#define RG_SOFTSIGN 5
#define RG_SOFTPLUS 6
#define RG_HARDTANH 7
#define RG_LINEAR 8

RG_INLINE rg_vec rg_above_zero(rg_vec x, rg_vec yes, rg_vec no) {
    return RG_SELECT(x > RG_SPLAT(0.0f), yes, no);
}

RG_INLINE rg_vec rg_magnitude(rg_vec x) {
    return rg_above_zero(x, x, -x);
}

/* For large |x|, e^x is computed as e^(x +- RG_FAR) times a constant, so that neither the power of 2 nor later results
 * leave the range of a number too early. RG_FAR is a whole number, so adding it to x does not round. */
#if RG_DOUBLE
#define RG_LARGEST 0x1.fffffffffffffp1023 /* largest finite number */
#define RG_FAR 64.0
#define RG_FAR_OUT 640.0
#define RG_EXP_OF_MINUS_FAR 1.6038108905486378e-28
RG_INLINE rg_vec rg_tanh(rg_vec x) {
    return RG_VECTOR_TANH(x);
}

RG_INLINE rg_vec rg_exp(rg_vec x) {
    return RG_VECTOR_EXP(x);
}

RG_INLINE rg_vec rg_exp_near(rg_vec x) {
    return RG_VECTOR_EXP(x);
}

RG_INLINE rg_vec rg_expm1(rg_vec x) {
    return RG_VECTOR_EXPM1(x);
}
#else
#define RG_LARGEST 0x1.fffffep127f
#define RG_FAR 32.0f
#define RG_FAR_OUT 64.0f
#define RG_EXP_OF_MINUS_FAR 1.2664165549e-14f
#define RG_EXP_OF_FAR 7.8962960183e13f
/* tanh to 5 ulp, and to 4 for all but one number of 100,000. It is the quotient of an odd polynomial of degree 13 and
 * an even one of degree 6, minimax on [-9, 9]. The coefficients are 256 times those of Eigen's generic_fast_tanh_float:
 * so x times the polynomial is not smaller than x, and keeps its digits down to the subnormal numbers. NaN stays NaN.
 */
RG_INLINE rg_vec rg_tanh(rg_vec x) {
    const rg_vec limit = RG_SPLAT(9.0f);
    x = RG_FMAX(-limit, RG_FMIN(limit, x));
    const rg_vec s = x * x;
    rg_vec p = RG_FMA(s, RG_SPLAT(256.0f * -2.76076847742355e-16f), RG_SPLAT(256.0f * 2.00018790482477e-13f));
    p = RG_FMA(p, s, RG_SPLAT(256.0f * -8.60467152213735e-11f));
    p = RG_FMA(p, s, RG_SPLAT(256.0f * 5.12229709037114e-08f));
    p = RG_FMA(p, s, RG_SPLAT(256.0f * 1.48572235717979e-05f));
    p = RG_FMA(p, s, RG_SPLAT(256.0f * 6.37261928875436e-04f));
    p = RG_FMA(p, s, RG_SPLAT(256.0f * 4.89352455891786e-03f));
    rg_vec q = RG_FMA(s, RG_SPLAT(256.0f * 1.19825839466702e-06f), RG_SPLAT(256.0f * 1.18534705686654e-04f));
    q = RG_FMA(q, s, RG_SPLAT(256.0f * 2.26843463243900e-03f));
    q = RG_FMA(q, s, RG_SPLAT(256.0f * 4.89352518554385e-03f));
    const rg_vec y = x * p / q, one = RG_SPLAT(1.0f);
    return RG_FMAX(-one, RG_FMIN(one, y)); /* rounding can lift it above 1 */
}

/* x = n ln 2 + r with |r| up to half of ln 2, as in Cephes' expf. It holds r, e^r - 1, and a number with n in the low
 * bits of its fraction (RG_EXPONENT). */
struct rg_reduced {
    rg_vec r, rest, shifted, n;
};

RG_INLINE struct rg_reduced rg_reduce(rg_vec x) {
    const rg_vec round = RG_SPLAT(12582912.0f); /* 1.5 * 2^23 */
    struct rg_reduced e;
    e.shifted = RG_FMA(x, RG_SPLAT(1.44269504088896341f), round);
    e.n = e.shifted - round;
    e.r = RG_FMA(e.n, RG_SPLAT(-0.693359375f), x);
    e.r = RG_FMA(e.n, RG_SPLAT(2.12194440e-4f), e.r);
    rg_vec p = RG_FMA(e.r, RG_SPLAT(1.9875691500e-4f), RG_SPLAT(1.3981999507e-3f));
    p = RG_FMA(p, e.r, RG_SPLAT(8.3334519073e-3f));
    p = RG_FMA(p, e.r, RG_SPLAT(4.1665795894e-2f));
    p = RG_FMA(p, e.r, RG_SPLAT(1.6666665459e-1f));
    p = RG_FMA(p, e.r, RG_SPLAT(5.0000001201e-1f));
    e.rest = RG_FMA(p, e.r * e.r, e.r);
    return e;
}

/* e^x to about 1 ulp for x from -87 to 88. Other x are clamped to that range. NaN stays NaN. */
RG_INLINE rg_vec rg_exp_near(rg_vec x) {
    const struct rg_reduced e = rg_reduce(RG_FMAX(RG_SPLAT(-87.0f), RG_FMIN(RG_SPLAT(88.0f), x)));
    return (e.rest + RG_SPLAT(1.0f)) * RG_EXPONENT(e.shifted);
}

/* e^x to about 2 ulp. */
RG_INLINE rg_vec rg_exp(rg_vec x) {
    const rg_vec far = RG_SPLAT(RG_FAR), zero = RG_SPLAT(0.0f), one = RG_SPLAT(1.0f);
    const rg_mask low = x<RG_SPLAT(-RG_FAR_OUT), high = x> RG_SPLAT(RG_FAR_OUT);
    const rg_vec shift = RG_SELECT(low, far, RG_SELECT(high, -far, zero));
    const rg_vec factor = RG_SELECT(low, RG_SPLAT(RG_EXP_OF_MINUS_FAR), RG_SELECT(high, RG_SPLAT(RG_EXP_OF_FAR), one));
    return rg_exp_near(x + shift) * factor;
}

/* e^x - 1 to about 2 ulp, for x up to 88. */
RG_INLINE rg_vec rg_expm1(rg_vec x) {
    const struct rg_reduced e = rg_reduce(RG_FMAX(RG_SPLAT(-87.0f), RG_FMIN(RG_SPLAT(88.0f), x)));
    const rg_vec power = RG_EXPONENT(e.shifted);
    return RG_FMA(e.rest, power, power - RG_SPLAT(1.0f));
}
#endif

/* The logistic function 1 / (1 + e^-x). Numerator and denominator are multiplied by e^-RG_FAR where e^-x would leave
 * the range before the quotient does. */
RG_INLINE rg_vec rg_sigmoid(rg_vec x) {
    const rg_mask low = x < RG_SPLAT(-RG_FAR_OUT);
    const rg_vec one = RG_SELECT(low, RG_SPLAT(RG_EXP_OF_MINUS_FAR), RG_SPLAT(1.0f));
    return one / (one + rg_exp_near(RG_SELECT(low, RG_SPLAT(-RG_FAR), RG_SPLAT(0.0f)) - x));
}

/* ln(1 + e^x); above 20 the identity, as in PyTorch. */
RG_INLINE rg_vec rg_softplus(rg_vec x) {
    rg_real lanes[RG_VEC];
    RG_STORE(x, lanes);
    for (int i = 0; i < RG_VEC; i++) {
        lanes[i] = lanes[i] > 20.0f ? lanes[i] : RG_LOG1P(RG_EXP(lanes[i]));
    }
    return RG_LOAD(lanes);
}

/* x / (1 + |x|), +-1 at the infinities. */
RG_INLINE rg_vec rg_softsign(rg_vec x) {
    const rg_vec largest = RG_SPLAT(RG_LARGEST);
    x = RG_FMAX(-largest, RG_FMIN(largest, x));
    return x / (RG_SPLAT(1.0f) + rg_magnitude(x));
}

RG_INLINE rg_vec rg_activate(rg_vec x, rg_u32 activation) {
    const rg_vec zero = RG_SPLAT(0.0f), one = RG_SPLAT(1.0f);
    switch (activation) {
    case RG_RELU:
        return RG_SELECT(x < zero, zero, x);
    case RG_LEAKY_RELU:
        return rg_above_zero(x, x, x * RG_SPLAT(RG_NUMBER(0.01)));
    case RG_ELU:
        return rg_above_zero(x, x, rg_expm1(x));
    case RG_SIGMOID:
        return rg_sigmoid(x);
    case RG_SOFTSIGN:
        return rg_softsign(x);
    case RG_SOFTPLUS:
        return rg_softplus(x);
    case RG_HARDTANH:
        x = RG_SELECT(x > one, one, x);
        return RG_SELECT(x < -one, -one, x);
    case RG_LINEAR:
        return x;
    default:
        return rg_tanh(x);
    }
}

/* The derivative of the activation, from its value y. */
RG_INLINE rg_vec rg_activate_slope(rg_vec y, rg_u32 activation) {
    const rg_vec zero = RG_SPLAT(0.0f), one = RG_SPLAT(1.0f);
    switch (activation) {
    case RG_RELU:
        return rg_above_zero(y, one, zero);
    case RG_LEAKY_RELU:
        return rg_above_zero(y, one, RG_SPLAT(RG_NUMBER(0.01)));
    case RG_ELU:
        return rg_above_zero(y, one, y + one);
    case RG_SIGMOID:
        return y * (one - y);
    case RG_SOFTSIGN: {
        const rg_vec rest = one - rg_magnitude(y);
        return rest * rest;
    }
    case RG_SOFTPLUS:
        return RG_SELECT(y > RG_SPLAT(RG_NUMBER(RG_SOFTPLUS_LINEAR)), one, -rg_expm1(-y));
    case RG_HARDTANH:
        return RG_SELECT(rg_magnitude(y) < one, one, zero);
    case RG_LINEAR:
        return one;
    default:
        return one - y * y;
    }
}
