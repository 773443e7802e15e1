/* Initial states, h_0 and c_0 of PyTorch, and their gradient. h_0 is the state before step 1. States before h_0, which
 * only a skip reads, are zero. */

/* states [L*D][N][H], index [batch], begin [B] -> steps `at` and `at`+1 of `to`: see args.h. */
RG_KERNEL void rg_initial(__global const rg_real *restrict states, __global const rg_u32 *restrict index,
                          __global const rg_u32 *restrict begin, __global rg_real *restrict to,
                          const struct rg_initial_args s) {
    const size_t end = rg_share(s.rows, get_group_id(0) + 1, get_num_groups(0));
    for (size_t b = rg_share(s.rows, get_group_id(0), get_num_groups(0)) + get_local_id(1); b < end; b += RG_ROWS) {
        const size_t from = s.source + (size_t)index[s.first_row + b] * s.hidden;
        const int first = s.backward || begin[b] == 0;
        __global rg_real *const masked = to + (s.at * s.rows + b) * s.stride + s.target;
        __global rg_real *const whole = masked + s.rows * s.stride;
        for (size_t j = get_local_id(0); j < s.h_stride; j += RG_COLS) {
            const rg_real value = j < s.hidden && !s.absent ? states[from + j] : 0.0f;
            masked[j] = first ? value : 0.0f;
            whole[j] = value;
        }
    }
}

/* The reverse copy: step `at` of `from` -> states [L*D][batch][H], for the rows of the chunk. */
RG_KERNEL void rg_final(__global const rg_real *restrict from, __global rg_real *restrict states,
                        const struct rg_initial_args s) {
    const size_t end = rg_share(s.rows, get_group_id(0) + 1, get_num_groups(0));
    for (size_t b = rg_share(s.rows, get_group_id(0), get_num_groups(0)) + get_local_id(1); b < end; b += RG_ROWS) {
        __global const rg_real *const state = from + (s.at * s.rows + b) * s.stride + s.target;
        for (size_t j = get_local_id(0); j < s.hidden; j += RG_COLS) {
            states[s.source + (s.first_row + b) * s.hidden + j] = state[j];
        }
    }
}

#include "scan/initial_panel.cl"
#if RG_ROOMY
#include "base/wide.cl"
#include "scan/initial_panel.cl"
#include "base/usual.cl"
#endif

/* d [T][B][deltas][Hp], dh from above, carry [back][B][Hp], begin [B] -> dh_0, dc_0 [B][Hp] at s.target, for the
 * sequences whose first delta is in the steps [from, to). */
RG_KERNEL void rg_initial_gradient(__global const rg_real *restrict d, __global const rg_real *restrict packed,
                                   __global const rg_real *restrict dh, __global const rg_real *restrict carry,
                                   __global const rg_u32 *restrict begin, __global rg_real *restrict dh_0,
                                   __global rg_real *restrict dc_0, const struct rg_initial_gradient_args s) {
    const size_t col = get_local_id(0), n = s.end - s.begin;
    const size_t end = s.begin + rg_share(n, get_group_id(0) + 1, get_num_groups(0));
    for (size_t b = s.begin + rg_share(n, get_group_id(0), get_num_groups(0)) + get_local_id(1); b < end;
         b += RG_ROWS) {
        const size_t length = s.steps - begin[b], order = (s.backward ? 0 : begin[b]) + s.back - 1;
        const size_t t_prev = s.backward ? s.steps - s.back : begin[b] + s.back - 1;
        const size_t t_far = s.backward ? s.steps - s.skip : begin[b] + s.skip - 1;
        const size_t t_done = s.back <= length ? t_prev : s.steps - 1;
        if (t_done < s.from || t_done >= s.to) {
            continue;
        }
        struct rg_initial_place at;
        at.unit = 0;
        at.above = dh + (s.dh_row * s.rows + b) * s.out_stride + s.column;
        at.d = s.back <= length ? d + ((t_prev - s.base) * s.rows + b) * s.d_stride : 0;
        at.d_far = s.skip > 0 && s.skip <= length ? d + ((t_far - s.base) * s.rows + b) * s.d_stride : 0;
        at.carry = carry + (order % s.back * s.rows + b) * s.h_stride;
        at.empty = length == 0;
        at.dh_0 = dh_0 + s.target + b * s.h_stride;
        at.dc_0 = dc_0 + s.target + b * s.h_stride;
        for (size_t p = 0; p < s.h_stride / RG_NR; p++, at.unit += RG_NR) {
#define RG_RUN_PANEL(panel_of) panel_of(s, at, packed, col)
            RG_IF_WIDE(RG_IS_WIDE(p, s.h_stride, RG_NR), RG_RUN_PANEL, rg_initial_panel, 1)
#undef RG_RUN_PANEL
        }
    }
}
