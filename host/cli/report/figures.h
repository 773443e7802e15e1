/* The plots of a run's history. Each function fills an empty plot; the plot stays empty if the history has no data for
 * it. On RG_NO_MEMORY the caller clears what was added. */
#ifndef RG_REPORT_FIGURES_H
#define RG_REPORT_FIGURES_H

#include "cli/report/history.h"
#include "cli/report/plot.h"

/* Loss over updates, with the baseline (NAN: none) and the validations; `scores`: the baseline of these where it is
 * another one, as with class weights, else NAN. */
rg_status rg_figure_loss(const struct rg_history *history, double baseline, double scores, struct rg_plot *plot);

/* Gradient norm over updates, before clipping, with the norm that it is clipped to (0: none). Clipped and skipped
 * updates are marked. */
rg_status rg_figure_norm(const struct rg_history *history, double clip_norm, struct rg_plot *plot);

/* Accuracy on held-out data over updates, of classes. */
rg_status rg_figure_accuracy(const struct rg_history *history, struct rg_plot *plot);

/* Lag by update, from two lag profiles on: log10 norm, or share, of the recurrent matrix of the last layer. */
rg_status rg_figure_norm_map(const struct rg_history *history, struct rg_plot *plot);
rg_status rg_figure_share_map(const struct rg_history *history, struct rg_plot *plot);

/* By lag, from the newest profile: norms with a fitted decay; norms of each gate; shares; cumulative shares from lag 0
 * on. */
rg_status rg_figure_norms(const struct rg_history *history, struct rg_plot *plot);
rg_status rg_figure_gates(const struct rg_history *history, struct rg_plot *plot);
rg_status rg_figure_shares(const struct rg_history *history, struct rg_plot *plot);
rg_status rg_figure_cumulative(const struct rg_history *history, struct rg_plot *plot);

/* The causes, if the history has them: singular values of the product of Jacobians; activations. */
rg_status rg_figure_jacobian(const struct rg_history *history, struct rg_plot *plot);
rg_status rg_figure_activations(const struct rg_history *history, struct rg_plot *plot);

/* Depth by time: log10 ||delta|| of every layer and direction by lag, the first layer at the bottom. It needs only the
 * profiles. */
struct rg_lag_profiles;
/* One layer with one direction has it only with `always`. */
rg_status rg_figure_depth(const struct rg_lag_profiles *profiles, bool always, struct rg_plot *plot);

/* The recurrent matrix of the last layer's forward direction. */
size_t rg_history_main_matrix(const struct rg_history *history);
/* The matrix weight_hh of that place; the main one if the samples do not have it. */
size_t rg_history_matrix_of(const struct rg_history *history, size_t layer, size_t direction);

/* Least-squares fit of log10 norm over the lags where it is finite, in the newest sample: log10 of the factor per step,
 * and the value at lag 0. NAN with fewer than three points. */
void rg_history_fit_decay(const struct rg_history *history, size_t matrix, double *slope, double *start);

#endif
