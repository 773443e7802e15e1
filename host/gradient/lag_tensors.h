/* The lag profile as the tensors of `grad`'s file, all of them F64 [T], entry tau being lag tau:
 *
 *   lag.norm.P lag.share.P lag.cosine.P lag.log10_norm.P lag.error.P lag.cut_cosine.P   P a weight matrix's name, as
 * rnn.weight_hh_l0; P.gate_i, gate_f, … (lstm), gate_r, … (gru): the rows of one gate delta.norm, delta.log10_norm of
 * layer 0, forward; delta.norm.l1, .l0_reverse, … of the others delta.quantiles, delta.term_quantiles   [5][T] min, 10
 * %, median, 90 %, max over the sequences of ||delta_t|| and of the rank-one ||delta_t|| ||h_{t-1}||; named like
 * delta.norm cause.slope, cause.saturated, cause.forget (lstm), cause.log10_sigma_max, cause.log10_sigma_min   [T], and
 * cause.lyapunov [n], but where every sequence is one step; named like delta.norm
 *   range.from, range.to   [R] first and last lag of each range of lags, named like delta.norm; and of each P
 *   range.share.P [R][2], range.snr.P, range.chance.P [R]   the interval of the share, signal to noise, chance; all
 *                                        only with statistics (gradient/statistics.h)
 *
 * see gradient/profile.h and causes.h for what they are. */
#ifndef RG_LAG_TENSORS_H
#define RG_LAG_TENSORS_H

#include "gradient/causes.h"
#include "gradient/profile.h"
#include "rnn_gpu/tensors.h"

/* The most of one direction of one layer: six of each matrix and gate by lag, of the deltas, causes and ranges. */
enum { RG_LAG_TENSORS = RG_LAG_MATRICES * 5 * 6 + 4 + 7 + 2 + 3 * RG_LAG_MATRICES };

struct rg_lag_tensors {
    struct rg_tensor *items; /* [count] */
    size_t count;
    char (*names)[RG_NAME_BYTES + 32];
    double *numbers;                     /* of the quantiles */
    double (*ranges)[2][RG_MOST_RANGES]; /* of each direction, first and last lags */
};

/* `profiles` and `causes` must outlive the list. */
rg_status rg_lag_tensors_create(const struct rg_lag_profiles *profiles, const struct rg_all_causes *causes,
                                const struct rg_model *model, struct rg_lag_tensors *list);
void rg_lag_tensors_release(struct rg_lag_tensors *list);

#endif
