/* Gated recurrent unit (Cho et al. 2014) as in PyTorch, with the reset gate after the product:
 *
 *   W_ih x_t + b_ih, cut into x_r, x_z, x_n; W_hh h_{t-1} + b_hh, cut into m_r, m_z, m      PyTorch's order r, z, n
 *   r = sigma(x_r + m_r), z = sigma(x_z + m_z), n = tanh(x_n + r m)
 *   h_t = (1 - z) n + z h_{t-1}
 *
 * The two halves of n are summed separately. Sums: x_r + m_r, x_z + m_z, x_n, m. Saved: r, z, n, m. Deltas: r, z, n, m,
 * where m's is r times n's. W_ih belongs to deltas r, z, n and W_hh to r, z, m. `past` is h_{t-1}; z dL/dh is carried
 * back.
 */
#define RG_CELL gru
#define RG_GATES 3
#define RG_SUMS_A_UNIT 4
#define RG_SAVED 4
#define RG_DELTAS 4
#define RG_PAST_IS_STATE 1
#define RG_HIDDEN_TO(q) ((q) < 2 ? (q) : (q) + 1)
#define RG_WIDE 1
#define RG_HEIGHT RG_HEIGHT_OF_FOUR

RG_INLINE void rg_gru_cell_step(const rg_vec *a, rg_vec past, rg_u32 activation, rg_vec *h, rg_vec *saved) {
    (void)activation;
    saved[0] = rg_sigmoid(a[0]);
    saved[1] = rg_sigmoid(a[1]);
    saved[2] = rg_tanh(RG_FMA(saved[0], a[3], a[2]));
    saved[3] = a[3];
    *h = RG_FMA(saved[1], past - saved[2], saved[2]);
}

RG_INLINE void rg_gru_cell_step_reverse(rg_vec dh, rg_vec carry, rg_vec h, rg_vec past, const rg_vec *saved,
                                        rg_u32 activation, rg_vec *delta, rg_vec *carried) {
    (void)h, (void)activation;
    const rg_vec one = RG_SPLAT(1.0f), r = saved[0], z = saved[1], n = saved[2], m = saved[3];
    const rg_vec whole = dh + carry;
    const rg_vec dn = whole * (one - z) * (one - n * n);
    delta[0] = dn * m * r * (one - r);
    delta[1] = whole * (past - n) * z * (one - z);
    delta[2] = dn;
    delta[3] = dn * r;
    *carried = whole * z;
}
