/* The order in which a slice of a weight gradient sums its rows (t, b): see struct rg_weight_gradient_args. */

/* Rows that follow each other in memory: n rows from `first` on. Sequence b at step t is row t*B + b. */
struct rg_rows {
    size_t first, n;
};

struct rg_sum_order {
    size_t rows;       /* B */
    size_t block;      /* sequences of a block */
    size_t stride;     /* from the first sequence of a block to that of the next one */
    size_t end_row;    /* sequences from this one on are not summed */
    size_t begin, end; /* half-open range of steps of the slice */
    size_t accum_steps;
    rg_u32 rising;
    /* The place in the order. */
    size_t row;     /* first sequence of the block */
    size_t left;    /* steps that are in no run yet */
    size_t t, stop; /* next step and end of the run */
};

/* Start at the block whose first sequence is `row`. */
RG_INLINE void rg_sum_order_start(struct rg_sum_order *o, size_t row) {
    o->row = o->begin < o->end ? row : o->end_row;
    o->left = o->end - o->begin;
    o->t = o->stop = 0;
}

/* Set *run to the next rows and return 1; at the end to no rows, and return 0. */
RG_INLINE int rg_sum_order_next(struct rg_sum_order *o, struct rg_rows *run) {
    run->first = run->n = 0;
    if (o->t == o->stop && o->left == 0) {
        o->row += o->stride;
        o->left = o->end - o->begin;
    }
    if (o->row >= o->end_row) {
        return 0;
    }
    if (o->t == o->stop) {
        const size_t length = o->left < o->accum_steps ? o->left : o->accum_steps;
        o->t = o->rising ? o->end - o->left : o->begin + o->left - length;
        o->stop = o->t + length;
        o->left -= length;
    }
    const size_t rest = o->rows - o->row, width = rest < o->block ? rest : o->block;
    /* if a block is the whole chunk, its steps follow each other in memory */
    const size_t steps = width == o->rows ? o->stop - o->t : 1;
    run->first = o->t * o->rows + o->row;
    run->n = steps * width;
    o->t += steps;
    return 1;
}
