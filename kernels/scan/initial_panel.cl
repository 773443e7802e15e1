/* The gradient at the initial states of one sequence and one panel of units. Included once for each RG_N. */
#define RG_R 1
#ifndef RG_INITIAL_PLACE
#define RG_INITIAL_PLACE
/* Pointers are at unit 0 of the sequence. */
struct rg_initial_place {
    __global const rg_real *above;     /* dL/dh of the last step */
    __global const rg_real *d, *d_far; /* deltas of the steps that read h_0 through W_hh and through W_sh; 0: none */
    __global const rg_real *carry;     /* what the first step carries back, if there is `d` */
    __global rg_real *dh_0, *dc_0;
    size_t unit; /* the panel's first */
    int empty;   /* the sequence has no step */
};
#endif

/* acc += delta^T W for one step's delta, gate by gate. `last` is the column group of the last gate. */
RG_INLINE void RG_SIZED(rg_initial_product)(rg_vec acc[1][RG_N], struct rg_initial_gradient_args s,
                                            __global const rg_real *delta, __global const rg_real *w, size_t last,
                                            size_t col) {
    for (size_t g = 0; g < s.gates; g++) {
        RG_SIZED(rg_plain_global)
        (acc, delta + (g + 1 == s.gates ? last : g) * s.h_stride, s.d_stride, w + g * s.hidden * RG_LINE(RG_N),
         s.hidden, col);
    }
}

RG_INLINE void RG_SIZED(rg_initial_panel)(struct rg_initial_gradient_args s, struct rg_initial_place at,
                                          __global const rg_real *packed, size_t col) {
    const size_t w = at.unit * s.gates * s.hidden;
    rg_vec acc[1][RG_N];
    RG_UNROLL for (size_t q = 0; q < RG_N; q++) {
        /* the last state of an empty sequence is h_0 */
        acc[0][q] = at.empty ? RG_LOAD(at.above + at.unit + RG_AT(RG_N, col, q)) : RG_SPLAT(0.0f);
    }
    if (at.d) {
        RG_SIZED(rg_initial_product)(acc, s, at.d, packed + s.w_hidden + w, s.deltas - 1, col);
    }
    if (at.d_far) {
        RG_SIZED(rg_initial_product)(acc, s, at.d_far, packed + s.w_skip + w, s.gates - 1, col);
    }
    RG_UNROLL for (size_t q = 0; q < RG_N; q++) {
        const size_t lane = at.unit + RG_AT(RG_N, col, q);
        rg_vec carried = RG_SPLAT(0.0f);
        if (s.carries != RG_CARRIES_NOTHING && at.d) {
            carried = RG_LOAD(at.carry + lane);
        }
        RG_STORE(s.carries == RG_CARRIES_STATE ? acc[0][q] + carried : acc[0][q], at.dh_0 + lane);
        if (s.carries == RG_CARRIES_CELL) {
            RG_STORE(carried, at.dc_0 + lane);
        }
    }
}
#undef RG_R
