/* The lag profile as the tensors of `grad`'s file. All are F64 [T] unless a shape follows; entry tau belongs to lag
 * tau.
 *
 *   lag.norm.P lag.share.P lag.cosine.P lag.log10_norm.P lag.error.P lag.cut_cosine.P
 *       P is a weight matrix's name, such as rnn.weight_hh_l0, or the rows of one gate of it: P.gate_i, P.gate_f, …
 *       (lstm), P.gate_r, … (gru)
 *
 *   delta.norm, delta.log10_norm
 *       layer 0, forward; other directions have a suffix: delta.norm.l1, delta.norm.l0_reverse, …
 *
 *   delta.quantiles, delta.term_quantiles   [5][T]
 *       min, 10 %, median, 90 %, max over the sequences of ||delta_t|| and of the rank-one ||delta_t|| ||h_{t-1}||;
 *       suffixes as above
 *
 *   cause.slope, cause.saturated, cause.forget (lstm), cause.log10_sigma_max, cause.log10_sigma_min, cause.lyapunov [n]
 *       suffixes as above; no cause.lyapunov if every sequence has only one step
 *
 *   cause.sequences, cause.time_constants [H] (lstm, gru), cause.log10_singular [n] and cause.log10_condition [1], or
 *   cause.log10_sigma_power [1]
 *       suffixes as above; singular values of the Jacobian product, none if every sequence has only one step
 *
 *   range.from, range.to   [R]
 *       first and last lag of each range of lags; suffixes as above
 *
 *   range.share.P [R][2], range.snr.P, range.chance.P [R]
 *       interval of the share, signal to noise, chance
 *
 * The tensors of ranges exist only with statistics (gradient/statistics.h). gradient/profile.h and causes.h define the
 * values. */
#ifndef RG_LAG_TENSORS_H
#define RG_LAG_TENSORS_H

#include "gradient/causes.h"
#include "gradient/profile.h"
#include "rnn_gpu/tensors.h"

/* Most tensors of one direction of one layer: by lag six for each matrix and gate, then deltas, causes and ranges. */
enum { RG_LAG_TENSORS = RG_LAG_MATRICES * 5 * 6 + 4 + 10 + 2 + 3 * RG_LAG_MATRICES };

struct rg_lag_tensors {
    struct rg_tensor *items; /* [count] */
    size_t count;
    char (*names)[RG_NAME_BYTES + 32];
    double *numbers;                    /* storage of the quantiles */
    double (*ranges)[2][RG_MAX_RANGES]; /* first and last lags of the ranges of each direction */
};

/* `profiles` and `causes` must outlive the list. */
rg_status rg_lag_tensors_create(const struct rg_lag_profiles *profiles, const struct rg_all_causes *causes,
                                const struct rg_model *model, struct rg_lag_tensors *list);
void rg_lag_tensors_release(struct rg_lag_tensors *list);

#endif
