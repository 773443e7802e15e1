/* Helpers for every kernel, in the language that OpenCL C and C share (prelude.cl, native.h). */

#define RG_NR (RG_NV * RG_COLS * RG_VEC) /* units of a panel */
#define RG_ITEMS (RG_COLS * RG_ROWS)

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

/* Rows of a block; its name is the macro that does them. A GPU's item has fewer, so that its registers leave room for
 * a second work-group. */
#if RG_COLS * RG_ROWS == 1
#define RG_BLOCK_ROWS 8
#define RG_IN_BLOCKS RG_BLOCKS_OF_8
#else
#define RG_BLOCK_ROWS 4
#define RG_IN_BLOCKS RG_BLOCKS_OF_4
#endif

/* The same of the sweeps, and of the weight gradients, whose blocks are few and whose loops are long, so that two rows
 * of the rest are done together. By tensor cores (mma.cl) so many items below each other, those of a warp, make a block
 * together. */
#define RG_WARP_ROWS 16
#if RG_TF32
#define RG_HOT_ROWS RG_WARP_ROWS
#define RG_IN_HOT_BLOCKS RG_BLOCKS_OF_16
#define RG_IN_GRADIENT_BLOCKS RG_BLOCKS_OF_16
#else
#define RG_HOT_ROWS RG_BLOCK_ROWS
#define RG_IN_HOT_BLOCKS RG_IN_BLOCKS
#if RG_COLS * RG_ROWS == 1
#define RG_IN_GRADIENT_BLOCKS(first, end, CALL) RG_BLOCKS_OF_8_(first, end, CALL, RG_A_PAIR)
#else
#define RG_IN_GRADIENT_BLOCKS RG_BLOCKS_OF_4
#endif
#endif
#define RG_BLOCK_ITEMS(tall) ((tall) == RG_WARP_ROWS ? 4 : 1)

/* What an item has of a block of RG_R rows: RG_PIECES rows of a column. `part` tells which: it is the item's column,
 * and for a block of a warp, where lane 4g + t has rows 2g and 2g+1 of columns t and t+4, the number of rows that the
 * block has. */
#if RG_TF32
typedef rg_u32 rg_part; /* one register of a GPU */
#else
typedef size_t rg_part;
#endif
#define RG_ITEM_PART(tall, col, rows) ((tall) == RG_WARP_ROWS ? (rows) : (col))
#define RG_MMA_LANE ((rg_u32)get_local_id(1) % 4 * RG_COLS + (rg_u32)get_local_id(0))
#define RG_PIECES RG_CAT(RG_PIECES_OF_, RG_R)
#define RG_PIECES_OF_1 1
#define RG_PIECES_OF_2 2
#define RG_PIECES_OF_4 4
#define RG_PIECES_OF_8 8
#define RG_PIECES_OF_16 4
#define RG_PIECE_ROW(i) (RG_R == RG_WARP_ROWS ? RG_MMA_LANE / 4 * 2 + (i) % 2 : (i))
#define RG_PIECE_COL(i, part) (RG_R == RG_WARP_ROWS ? RG_MMA_LANE % 4 + (i) / 2 * 4 : (part))
#define RG_HAS_PIECE(i, part) (RG_R != RG_WARP_ROWS || RG_PIECE_ROW(i) < (part))

/* Rows first … end-1, at most as many as a block is tall, in blocks: CALL(R, row) does R rows from `row`. */
#define RG_BLOCKS_OF_16(first, end, CALL) CALL(16, first)
#define RG_BLOCKS_OF_2(first, end, CALL) \
    do {                                 \
        size_t row_ = (first);           \
        if ((end)-row_ >= 2) {           \
            CALL(2, row_);               \
        } else {                         \
            CALL(1, row_);               \
        }                                \
    } while (0)
#define RG_BLOCKS_OF_4(first, end, CALL)   \
    do {                                   \
        size_t row_ = (first);             \
        if ((end)-row_ >= 4) {             \
            CALL(4, row_);                 \
        } else {                           \
            for (; row_ < (end); row_++) { \
                CALL(1, row_);             \
            }                              \
        }                                  \
    } while (0)
#define RG_BLOCKS_OF_8_(first, end, CALL, PAIR) \
    do {                                        \
        size_t row_ = (first);                  \
        if ((end)-row_ >= 8) {                  \
            CALL(8, row_);                      \
        } else {                                \
            if ((end)-row_ >= 4) {              \
                CALL(4, row_);                  \
                row_ += 4;                      \
            }                                   \
            PAIR(end, CALL)                     \
            for (; row_ < (end); row_++) {      \
                CALL(1, row_);                  \
            }                                   \
        }                                       \
    } while (0)
#define RG_NO_PAIR(end, CALL)
#define RG_A_PAIR(end, CALL) \
    if ((end)-row_ >= 2) {   \
        CALL(2, row_);       \
        row_ += 2;           \
    }
#define RG_BLOCKS_OF_8(first, end, CALL) RG_BLOCKS_OF_8_(first, end, CALL, RG_NO_PAIR)

/* Rows of a block whose rows have four vectors each: as many as the registers hold. */
#if RG_VEC * (1 + RG_DOUBLE) == 16 || RG_COLS * RG_ROWS > 1
#define RG_TALL_OF_FOUR 4
#else
#define RG_TALL_OF_FOUR 2
#endif

/* Where item `col` keeps its n-th vector within a line of `vectors` an item; in a panel; the numbers of such a line. */
#define RG_AT(vectors, col, n) (((col) * (vectors) + (n)) * RG_VEC)
#define RG_LANE(col, n) RG_AT(RG_NV, col, n)
#define RG_LINE(vectors) RG_AT(vectors, RG_COLS, 0)

/* An item's part of a line of `vectors` an item, in pairs where that makes aligned fours. */
#if RG_COLS * RG_ROWS > 1 && RG_VEC == 2
#define RG_LOAD_LINE(to, vectors, from)                                              \
    RG_UNROLL for (size_t q_ = 0; q_ < (vectors); q_++) {                            \
        if ((vectors) % 2) {                                                         \
            (to)[q_] = RG_LOAD_ALIGNED((from) + q_ * RG_VEC);                        \
        } else if (q_ % 2 == 0) {                                                    \
            const rg_quad pair_ = *(__global const rg_quad *)((from) + q_ * RG_VEC); \
            (to)[q_] = pair_.lo;                                                     \
            (to)[q_ + 1] = pair_.hi;                                                 \
        }                                                                            \
    }
#else
#define RG_LOAD_LINE(to, vectors, from)                   \
    RG_UNROLL for (size_t q_ = 0; q_ < (vectors); q_++) { \
        (to)[q_] = RG_LOAD_ALIGNED((from) + q_ * RG_VEC); \
    }
#endif

/* The blocks of a tile that are this item's in a step: panels p of first … end-1 and rows b. Items below each other
 * take block after block of a panel and then of the next, so that few rows and many panels keep them busy too. A CPU
 * goes through the panels forth and, in the next step, back: what its cache still has of the weights is used first. */
#if RG_COLS * RG_ROWS == 1
#define RG_EACH_BLOCK(step, p, first, end, b, rows, tall)                                                     \
    for (size_t i_ = 0, p; i_ < (end) - (first) && ((p = (step) % 2 ? (end)-1 - i_ : (first) + i_), 1); i_++) \
        for (size_t b = 0; b < (rows); b += (tall))
#else
#define RG_EACH_BLOCK(step, p, first, end, b, rows, tall)                                                            \
    for (rg_u32 blocks_ = (rg_u32)((rows) + (tall)-1) / (tall), i_ = (rg_u32)get_local_id(1) / RG_BLOCK_ITEMS(tall), \
                p = 0, b;                                                                                            \
         i_ < (rg_u32)((end) - (first)) * blocks_ &&                                                                 \
         ((p = i_ / blocks_), (b = (i_ - p * blocks_) * (tall)), (p += (rg_u32)(first)), 1);                         \
         i_ += RG_ROWS / RG_BLOCK_ITEMS(tall))
#endif

/* States of a tile in local memory: `line` numbers from one of its rows to the next, or on a GPU, which reads four
 * units of a row at once, [Hp/4][row][4] and from one four to the next. Where unit `unit` of row `row` is: */
#if RG_COLS * RG_ROWS == 1
#define RG_LOCAL_AT(row, unit, line) ((row) * (line) + (unit))
#else
#define RG_LOCAL_AT(row, unit, line) ((unit) / 4 * (line) + (row)*4 + (unit) % 4)
#endif

/* The step `back` steps before the order-th of a sweep; the initial states have one of their own behind the window. */
#define RG_NO_STEP (~(size_t)0)
RG_INLINE size_t rg_step_back(struct rg_sweep_args s, size_t order, size_t back) {
    if (order < back) {
        return s.initial && order + 1 == back ? (size_t)(s.base + s.initial_at) : RG_NO_STEP;
    }
    return s.backward ? s.steps - 1 - order + back : order - back;
}

RG_INLINE size_t rg_item(void) {
    return get_local_id(1) * RG_COLS + get_local_id(0);
}

/* The share of work-group `group` of `groups` in 0 … n-1: [rg_share(n, group, groups), rg_share(n, group+1, groups)).
 */
RG_INLINE size_t rg_share(size_t n, size_t group, size_t groups) {
    return n / groups * group + (n % groups < group ? n % groups : group);
}

/* As rg_share, of a tile's panels among the groups side by side, in numbers that take a GPU one register. */
RG_INLINE rg_u32 rg_panel_share(rg_u32 panels, rg_u32 group) {
    const rg_u32 groups = (rg_u32)get_num_groups(1), more = panels % groups;
    return panels / groups * group + (more < group ? more : group);
}

#if RG_DOUBLE
RG_INLINE rg_vec rg_tanh(rg_vec x) {
    return RG_VECTOR_TANH(x);
}

RG_INLINE rg_vec rg_exp(rg_vec x) {
    return RG_VECTOR_EXP(x);
}
#else
/* tanh to about 2 ulp: the quotient of an odd polynomial of degree 13 and an even one of degree 6, minimax on
 * [-9, 9] (the coefficients are those of Eigen's generic_fast_tanh_float). NaN stays NaN. */
RG_INLINE rg_vec rg_tanh(rg_vec x) {
    const rg_vec limit = RG_SPLAT(9.0f);
    x = RG_MOST(-limit, RG_LEAST(limit, x));
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

/* e^x to about 1 ulp: x = n ln 2 + r, a polynomial in r (Cephes' expf), n put into the exponent. NaN stays NaN. */
RG_INLINE rg_vec rg_exp(rg_vec x) {
    const rg_vec high = RG_SPLAT(88.0f), low = RG_SPLAT(-87.0f), round = RG_SPLAT(12582912.0f); /* 1.5 * 2^23 */
    x = RG_MOST(low, RG_LEAST(high, x));
    const rg_vec shifted = RG_FMA(x, RG_SPLAT(1.44269504088896341f), round);
    const rg_vec n = shifted - round;
    rg_vec r = RG_FMA(n, RG_SPLAT(-0.693359375f), x);
    r = RG_FMA(n, RG_SPLAT(2.12194440e-4f), r);
    rg_vec p = RG_FMA(r, RG_SPLAT(1.9875691500e-4f), RG_SPLAT(1.3981999507e-3f));
    p = RG_FMA(p, r, RG_SPLAT(8.3334519073e-3f));
    p = RG_FMA(p, r, RG_SPLAT(4.1665795894e-2f));
    p = RG_FMA(p, r, RG_SPLAT(1.6666665459e-1f));
    p = RG_FMA(p, r, RG_SPLAT(5.0000001201e-1f));
    p = RG_FMA(p, r * r, r) + RG_SPLAT(1.0f);
    return p * RG_EXPONENT(shifted);
}
#endif

/* The logistic function; relative accuracy on both sides. */
RG_INLINE rg_vec rg_sigmoid(rg_vec x) {
    const rg_vec one = RG_SPLAT(1.0f);
    return one / (one + rg_exp(-x));
}

RG_INLINE rg_vec rg_above_zero(rg_vec x, rg_vec yes, rg_vec no) {
    return RG_SELECT(x > RG_SPLAT(0.0f), yes, no);
}

RG_INLINE rg_vec rg_magnitude(rg_vec x) {
    return rg_above_zero(x, x, -x);
}

/* ln(1 + e^x), the identity beyond 20 as in PyTorch. */
RG_INLINE rg_vec rg_softplus(rg_vec x) {
    rg_real lanes[RG_VEC];
    RG_STORE(x, lanes);
    for (int i = 0; i < RG_VEC; i++) {
        lanes[i] = lanes[i] > 20.0f ? lanes[i] : RG_LOG1P(RG_EXP(lanes[i]));
    }
    return RG_LOAD(lanes);
}

RG_INLINE rg_vec rg_activate(rg_vec x, rg_u32 activation) {
    const rg_vec zero = RG_SPLAT(0.0f), one = RG_SPLAT(1.0f);
    switch (activation) {
    case RG_RELU:
        return RG_SELECT(x < zero, zero, x);
    case RG_LEAKY_RELU:
        return rg_above_zero(x, x, x * RG_SPLAT(RG_NUMBER(0.01)));
    case RG_ELU:
        return rg_above_zero(x, x, rg_exp(x) - one);
    case RG_SIGMOID:
        return rg_sigmoid(x);
    case RG_SOFTSIGN:
        return x / (one + rg_magnitude(x));
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
        return RG_SELECT(y > RG_SPLAT(20.0f), one, one - rg_exp(-y)); /* 2e-9 that a double would show */
    case RG_HARDTANH:
        return RG_SELECT(rg_magnitude(y) < one, one, zero);
    case RG_LINEAR:
        return one;
    default:
        return one - y * y;
    }
}

/* The lanes added in order. */
RG_INLINE rg_real rg_lane_sum(rg_vec v) {
    rg_real lanes[RG_VEC];
    RG_STORE(v, lanes);
    rg_real sum = 0.0f;
    for (int i = 0; i < RG_VEC; i++) {
        sum += lanes[i];
    }
    return sum;
}
