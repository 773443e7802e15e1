/* Long short-term memory (Hochreiter, Schmidhuber 1997; with the forget gate of Gers, Schmidhuber, Cummins 2000):
 *
 *   a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh, cut into a_i, a_f, a_g, a_o     gates in PyTorch's order i, f, g, o
 *   i = sigma(a_i), f = sigma(a_f), g = tanh(a_g), o = sigma(a_o)
 *   c_t = f c_{t-1} + i g, h_t = o tanh(c_t)
 *
 * Saved: i, f, g, o, c. `past` is c_{t-1}; dL/dc is carried back. */
#define RG_CELL lstm
#define RG_GATES 4
#define RG_SUMS_A_UNIT 4
#define RG_SAVED 5
#define RG_DELTAS 4
#define RG_PAST 4 /* the saved value that is the next step's past */
#define RG_HIDDEN_TO(q) (q)
#define RG_WIDE 1
#define RG_HEIGHT RG_HEIGHT_OF_FOUR

RG_INLINE void rg_lstm_cell_step(const rg_vec *a, rg_vec past, rg_u32 activation, rg_vec *h, rg_vec *saved) {
    (void)activation;
    saved[0] = rg_sigmoid(a[0]);
    saved[1] = rg_sigmoid(a[1]);
    saved[2] = rg_tanh(a[2]);
    saved[3] = rg_sigmoid(a[3]);
    saved[4] = RG_FMA(saved[1], past, saved[0] * saved[2]);
    *h = saved[3] * rg_tanh(saved[4]);
}

RG_INLINE void rg_lstm_cell_step_reverse(rg_vec dh, rg_vec carry, rg_vec h, rg_vec past, const rg_vec *saved,
                                         rg_u32 activation, rg_vec *delta, rg_vec *carried) {
    (void)h, (void)activation;
    const rg_vec one = RG_SPLAT(1.0f), i = saved[0], f = saved[1], g = saved[2], o = saved[3];
    const rg_vec tanh_c = rg_tanh(saved[4]);
    const rg_vec dc = RG_FMA(dh * o, one - tanh_c * tanh_c, carry);
    delta[0] = dc * g * i * (one - i);
    delta[1] = dc * past * f * (one - f);
    delta[2] = dc * i * (one - g * g);
    delta[3] = dh * tanh_c * o * (one - o);
    *carried = dc * f;
}
