/* What a profile amounts to: one word, and the numbers it rests on. */
#ifndef RG_VERDICT_H
#define RG_VERDICT_H

#include "gradient/causes.h"
#include "gradient/profile.h"

/* NONE: no gradient, or no step back for it to go. */
enum rg_verdict { RG_NONE, RG_VANISHING, RG_EXPLODING, RG_MIXED, RG_FADING, RG_SENSITIVE, RG_STABLE };
extern const char *const rg_verdict_names[];

/* What disagrees where the verdict is MIXED. */
enum rg_mixture { RG_NOT_MIXED, RG_MIXED_SEQUENCES, RG_MIXED_DIRECTIONS, RG_MIXED_LAYERS };

/* Three quantities with three names: `reach` is what the gradient comes to at the furthest lag, as a multiple of that
 * at the loss; `decay` the slope of ln ||delta|| a step back, fitted over all lags; `factor` e^decay. */
struct rg_judgement {
    enum rg_verdict verdict;
    enum rg_mixture mixture;
    size_t layer, direction; /* whose numbers these are */
    double part;            /* of the square of the whole net's recurrent gradient; 1 with one direction of one layer */
    double decay, factor;   /* of the batch's ||delta||, by least squares; NAN with fewer than two lags */
    double log10_reach;     /* median over the sequences; -INFINITY for 0 */
    double reach;           /* 10^log10_reach; 0 below 1e-308 */
    double spread;          /* decades between the 10 % and the 90 % of the sequences; INFINITY: a tenth are dead */
    size_t last;            /* the furthest lag */
    size_t sequences, dead; /* that have a step there; whose gradient is exactly 0 there */
    double half_life;       /* steps back in which ||delta|| halves, -ln 2 / decay; INFINITY if it does not */
    double sensitivity;     /* of the last state to W_hh, ||dh_T/dW|| ||W|| / ||h_T||; NAN where it is not defined */
    size_t horizon, lags;   /* of W_hh; lags of the profile */
    size_t other_layer, other_direction; /* the largest part with the opposite verdict, for RG_MIXED_LAYERS */
    double other_log10_reach;
};

/* One direction of one layer, from the measured norms of delta, never from the spectral radius (a net of spectral
 * radius 0 can explode). D is a sequence's log10 ||delta|| at the furthest lag less that at the loss:
 * NONE: D is -INFINITY for more than half of the sequences, or there is no lag but 0;
 * MIXED: the 10 % and the 90 % of D are six decades apart and not both 3 or more, nor both -3 or less; a tenth of the
 *   sequences that are dead are enough for that;
 * EXPLODING: the median of D is 3 or more; VANISHING: -3 or less;
 * MIXED: none of these, but the Jacobian product over these steps has singular values of 10^3 and more beside 10^-3
 *   and less (`causes`, which may be NULL);
 * SENSITIVE: none of these, but a small change of W_hh can change the last state 50 times as much, relative to both:
 * the "curse of memory". ||dh_T/dW|| is measured in the direction of the loss, as the root of the mean of ||G_b||^2
 * over sequences b, which is worked out from micro-batches; ||W|| is the largest singular value, 1 without `causes`;
 * FADING: none of these, but the horizon is below half of the lags;
 * STABLE: none of these. */
void rg_judge(const struct rg_lag_profile *profile, const struct rg_causes *causes, struct rg_judgement *judgement);

/* The whole net: the verdict that has the largest part of the gradient's square, with the numbers of the direction that
 * has the most of it; MIXED where one explodes while another vanishes. `causes` may be NULL. */
void rg_judge_net(const struct rg_lag_profiles *profiles, const struct rg_all_causes *causes,
                  struct rg_judgement *judgement);

#endif
