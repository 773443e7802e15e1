/* The simple recurrent cell (Elman 1990): h_t = phi(a_t), a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh.
 *
 * Gates 1, state h, nothing else saved: the slope of phi follows from h. */

/* h_t from the pre-activation a_t. */
RG_INLINE rg_vec rg_rnn_step(rg_vec a, rg_u32 activation) {
    return rg_activate(a, activation);
}

/* delta_t = dL/da_t from dL/dh_t and h_t. */
RG_INLINE rg_vec rg_rnn_step_reverse(rg_vec dh, rg_vec h, rg_u32 activation) {
    return dh * rg_activate_slope(h, activation);
}
