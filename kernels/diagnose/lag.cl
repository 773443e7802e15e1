/* The gradient by time lag, for samples during a training. The weight-gradient kernel computes a step's term G_t of a
 * direction, one slice a step. Here each term is compared with G, the sum of all terms:
 *
 *   ||G_t||^2 and <G_t, G> for each weight matrix, as (largest, squares, product); squares and product are in units of
 *   the largest element, so they do not leave a float's range before the elements do
 *
 * A sample costs, beside its scans, two products of the sampled rows: G, and all G_t. No tensor holds all terms. */

/* The sum of slices [n_terms][stride], in order: total [stride]. */
RG_KERNEL void rg_lag_total(__global const rg_real *restrict partial, __global rg_real *restrict total,
                            const struct rg_lag_args s) {
    const size_t vectors = s.stride / RG_VEC, end = rg_share(vectors, get_group_id(0) + 1, get_num_groups(0));
    for (size_t i = rg_share(vectors, get_group_id(0), get_num_groups(0)) + rg_item(); i < end; i += RG_ITEMS) {
        rg_vec sum = RG_SPLAT(0.0f);
        for (size_t t = 0; t < s.n_terms; t++) {
            sum = sum + RG_LOAD(partial + s.terms + t * s.stride + i * RG_VEC);
        }
        RG_STORE(sum, total + i * RG_VEC);
    }
}

/* A vector of one gate's row, with zeros from unit `left` on: the padding after a gate's units holds no gradient. */
RG_INLINE rg_vec rg_lag_load(__global const rg_real *p, size_t left) {
    if (left >= RG_VEC) {
        return RG_LOAD(p);
    }
    rg_real lanes[RG_VEC];
    for (size_t i = 0; i < RG_VEC; i++) {
        lanes[i] = i < left ? p[i] : 0.0f;
    }
    return RG_LOAD(lanes);
}

/* CALL(offset, left) for every vector of this item in rows [first, first + depth). */
#define RG_LAG_EACH(first, depth, CALL)                                                      \
    for (size_t k = (first) + get_local_id(1); k < (first) + (depth); k += RG_ROWS) {        \
        for (size_t g = 0; g < s.deltas; g++) {                                              \
            for (size_t j = get_local_id(0) * RG_VEC; j < s.hidden; j += RG_COLS * RG_VEC) { \
                CALL(k *s.deltas *s.h_stride + g * s.h_stride + j, s.hidden - j)             \
            }                                                                                \
        }                                                                                    \
    }

/* Group (t, m) compares term t of n_terms with the total, in the rows of matrix m. It reads the term twice: for the
 * largest element, and for the sums in units of that element. */
RG_KERNEL void rg_lag(__global const rg_real *restrict terms, __global const rg_real *restrict total,
                      __global struct rg_lag_part *restrict parts, const struct rg_lag_args s,
                      __local struct rg_lag_part *items) {
    const size_t t = get_group_id(0), m = get_group_id(1), item = rg_item();
    __global const rg_real *const term = terms + s.terms + t * s.stride;
    const size_t first = s.first[m], depth = s.depth[m];
    rg_vec maxima = RG_SPLAT(0.0f), squares = RG_SPLAT(0.0f), product = RG_SPLAT(0.0f);
#define RG_LAG_MAX(at, left)                         \
    const rg_vec v = rg_lag_load(term + (at), left); \
    maxima = RG_SELECT(v > maxima, v, maxima);       \
    maxima = RG_SELECT(-v > maxima, -v, maxima);
    RG_LAG_EACH(first, depth, RG_LAG_MAX)
#undef RG_LAG_MAX
    items[item].largest = (float)rg_lane_max(maxima);
    RG_BARRIER;
    float largest = 0.0f;
    for (size_t i = 0; i < RG_ITEMS; i++) {
        largest = items[i].largest > largest ? items[i].largest : largest;
    }
    const rg_vec inverse = RG_SPLAT(1.0f / (largest > 1e-37f ? largest : 1e-37f));
#define RG_LAG_SUM(at, left)                                   \
    const rg_vec v = rg_lag_load(term + (at), left) * inverse; \
    squares = RG_FMA(v, v, squares);                           \
    product = RG_FMA(v, rg_lag_load(total + (at), left), product);
    RG_LAG_EACH(first, depth, RG_LAG_SUM)
#undef RG_LAG_SUM
    RG_BARRIER;
    items[item].squares = (float)rg_lane_sum(squares);
    items[item].product = (float)rg_lane_sum(product);
    RG_BARRIER;
    if (item == 0) {
        struct rg_lag_part sum = {largest > 1e-37f ? largest : 1e-37f, 0.0f, 0.0f, 0};
        for (size_t i = 0; i < RG_ITEMS; i++) {
            sum.squares += items[i].squares;
            sum.product += items[i].product;
        }
        parts[s.out + t * s.n_parts + m] = sum;
    }
}
#undef RG_LAG_EACH
