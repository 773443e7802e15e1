/* Where in the buffers a tile finds its rows of one step. To compute that step, a scan also reads states or deltas of
 * other steps; their rows are here, too. */
#ifndef RG_TILE_STEP_CL
#define RG_TILE_STEP_CL

/* "Before" and "after" are meant in the order of the forward scan. Where a step does not exist, its row is `at`. */
struct rg_tile_step {
    size_t order, t; /* the step's place in the forward scan; the time step */
    size_t at;       /* first row of the tile at t */
    int has_prev;    /* is there a step whose state W_hh multiplies? */
    size_t at_prev;  /* the tile's first row there */
    int has_skip;    /* forward: is there a step d before this one? reverse: d after it? */
    size_t at_skip;
    int has_next; /* reverse scan: is there a step after this one, which it has processed already? */
    size_t at_next;
};

/* First row of the tile whose first sequence is `first`, at step t. */
RG_INLINE size_t rg_tile_row(const struct rg_scan_args *s, size_t first, size_t t) {
    return (t - s->base) * s->rows + first;
}

/* Steps back to the state that W_hh multiplies. */
RG_INLINE size_t rg_steps_back(const struct rg_scan_args *s) {
    return s->skip_kind == RG_SKIP_IS_DILATED ? s->skip : 1;
}

/* The time step before t, or after it, in the order of the forward scan. */
RG_INLINE size_t rg_step_before(const struct rg_scan_args *s, size_t t) {
    return s->backward ? t + 1 : t - 1;
}

RG_INLINE size_t rg_step_after(const struct rg_scan_args *s, size_t t) {
    return s->backward ? t - 1 : t + 1;
}

/* What both scans read of a step. */
RG_INLINE struct rg_tile_step rg_tile_step_of(const struct rg_scan_args *s, size_t order, size_t first) {
    const size_t t_prev = rg_step_back(*s, order, rg_steps_back(s));
    struct rg_tile_step step;
    step.order = order;
    step.t = s->backward ? s->steps - 1 - order : order;
    step.at = rg_tile_row(s, first, step.t);
    step.has_prev = t_prev != RG_NO_STEP;
    step.at_prev = step.has_prev ? rg_tile_row(s, first, t_prev) : step.at;
    return step;
}

/* The forward scan reads the state d steps before. */
RG_INLINE struct rg_tile_step rg_forward_tile_step(const struct rg_scan_args *s, size_t order, size_t first) {
    const size_t t_skip = rg_step_back(*s, order, s->skip);
    struct rg_tile_step step = rg_tile_step_of(s, order, first);
    step.has_skip = t_skip != RG_NO_STEP;
    step.at_skip = step.has_skip ? rg_tile_row(s, first, t_skip) : step.at;
    step.has_next = 0;
    step.at_next = step.at;
    return step;
}

/* The reverse scan reads the deltas of the step it processed before, and of the one d steps after. */
RG_INLINE struct rg_tile_step rg_reverse_tile_step(const struct rg_scan_args *s, size_t order, size_t first) {
    struct rg_tile_step step = rg_tile_step_of(s, order, first);
    const size_t t = step.t;
    step.has_skip = order + s->skip < s->steps;
    step.at_skip = step.has_skip ? rg_tile_row(s, first, s->backward ? t - s->skip : t + s->skip) : step.at;
    step.has_next = order + 1 < s->steps;
    step.at_next = step.has_next ? rg_tile_row(s, first, rg_step_after(s, t)) : step.at;
    return step;
}
#endif
