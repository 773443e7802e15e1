/* The update gate of Skip RNN (Campos, Jou, Giro-i-Nieto, Torres, Chang 2018), one number a sequence:
 *
 *   u_t = 1 if u~_t > 1/2, else 0         (round; backward as if u_t = u~_t: the straight-through estimator)
 *   s_t = u_t S(s_{t-1}, x_t) + (1 - u_t) s_{t-1}
 *   p_t = sigma(W_uh s_t + b_uh)
 *   u~_{t+1} = u_t p_t + (1 - u_t) (u~_t + min(p_t, 1 - u~_t)),   u~_1 = 1
 *
 * S is the cell. W_uh reads h_t, in the lstm c_t, as in the authors' code. The loss also has lambda times the mean over
 * the batch of sum_t u_t. The candidates S of skipped steps are computed too, because the slope of u_t is <dL/ds_t, S -
 * s_{t-1}>.
 *
 * These sums over units are the only ones in a scan that cross lanes. Every item of a row of items sums its vectors;
 * then one item adds these sums in order. */

/* The sum of a[j] w[j], or of a[j] if w is null, over this item's vectors of 0 … n-1. */
RG_INLINE rg_real rg_gate_sum(__global const rg_real *a, __global const rg_real *w, size_t n, size_t col) {
    rg_vec sums = RG_SPLAT(0.0f);
    size_t j = col * RG_VEC;
    for (; j + RG_VEC <= n; j += RG_COLS * RG_VEC) {
        const rg_vec v = RG_LOAD(a + j);
        sums = w ? RG_FMA(v, RG_LOAD(w + j), sums) : sums + v;
    }
    rg_real sum = rg_lane_sum(sums);
    for (; j < n; j++) { /* the vector that contains n */
        sum += w ? a[j] * w[j] : a[j];
    }
    return sum;
}

/* Add the items' sums of a row. */
RG_INLINE rg_real rg_gate_total(__local const rg_real *sums) {
    rg_real total = sums[0];
    for (int i = 1; i < RG_COLS; i++) {
        total += sums[i];
    }
    return total;
}

RG_INLINE int rg_gate_open(__global const rg_real *values) {
    return values[RG_GATE_RAW] > 0.5f;
}

RG_INLINE int rg_gate_live(__global const rg_real *values) {
    return values[RG_GATE_RAW] >= 0.0f;
}

/* u~ of a step. `past` holds the values of the step before; the first step does not read it. `logit` is W_uh s + b_uh
 * of the step before. */
RG_INLINE void rg_gate_step(__global rg_real *now, __global rg_real *past, int is_first, int live, rg_real logit) {
    rg_real raw = 1.0f;
    if (!is_first && rg_gate_live(past)) {
        const rg_real chance = 1.0f / (1.0f + RG_EXP(-logit)), before = past[RG_GATE_RAW], room = 1.0f - before;
        past[RG_GATE_CHANCE] = chance;
        raw = rg_gate_open(past) ? chance : before + (chance < room ? chance : room);
    }
    now[RG_GATE_RAW] = live ? raw : -1.0f;
}

/* Complete dL/du~ of the step processed before, `next`, by <dL/ds, S - s> = `slope` of its units. Then compute the
 * slopes of this step that follow from it. Without `has_next` there is no such step, and `next` is not read. */
RG_INLINE void rg_gate_step_reverse(__global rg_real *now, __global rg_real *next, int has_next, rg_real slope,
                                    rg_real budget) {
    const int live = rg_gate_live(now), known = live && has_next && rg_gate_live(next);
    const rg_real raw = now[RG_GATE_RAW], room = 1.0f - raw;
    rg_real d_raw = live ? budget : 0.0f, d_logit = 0.0f;
    if (known) {
        const rg_real d_next = next[RG_GATE_D_RAW] + slope, chance = now[RG_GATE_CHANCE];
        const int grows = chance < room, open = rg_gate_open(now);
        next[RG_GATE_D_RAW] = d_next;
        d_raw += d_next * (chance - raw - (grows ? chance : room));
        d_raw += !open && grows ? d_next : 0.0f;
        d_logit = open || grows ? d_next * chance * (1.0f - chance) : 0.0f;
    }
    now[RG_GATE_D_RAW] = d_raw;
    now[RG_GATE_D_LOGIT] = d_logit;
}
