/* The simple recurrent cell (Elman 1990): h_t = phi(a_t), a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh.
 *
 * It has one gate. It saves only h, from which the slope of phi follows.
 *
 * Every cell's file defines the macros below. A cell whose step reads `past` also defines one of two: RG_PAST_IS_STATE
 * 1, if `past` is h_{t-1} (gru); or RG_PAST, the number of the saved value that is the next step's `past` (lstm: c). */
#define RG_CELL rnn
#define RG_GATES 1          /* rows of W_ih and W_hh, divided by H */
#define RG_SUMS_A_UNIT 1    /* pre-activations that are summed separately */
#define RG_SAVED 0          /* values a unit saves for the reverse scan */
#define RG_DELTAS 1         /* gradients of pre-activations */
#define RG_HIDDEN_TO(q) (q) /* the sum that vector q of W_hh is added to */
#define RG_WIDE RG_N        /* vectors of an item in one gate of a panel */
/* Rows of the forward scan's register block: RG_BLOCK_ROWS with one gate. A row of a cell with more gates has up to
 * four vectors, so fewer rows fit: RG_HEIGHT_OF_FOUR of common.cl. */
#define RG_HEIGHT RG_BLOCK_ROWS

RG_INLINE void rg_rnn_cell_step(const rg_vec *a, rg_vec past, rg_u32 activation, rg_vec *h, rg_vec *saved) {
    (void)past, (void)saved;
    *h = rg_activate(a[0], activation);
}

RG_INLINE void rg_rnn_cell_step_reverse(rg_vec dh, rg_vec carry, rg_vec h, rg_vec past, const rg_vec *saved,
                                        rg_u32 activation, rg_vec *delta, rg_vec *carried) {
    (void)carry, (void)past, (void)saved, (void)carried;
    delta[0] = dh * rg_activate_slope(h, activation);
}
