/* The verdict on a lag profile: one word, and the numbers that it is based on. */
#ifndef RG_VERDICT_H
#define RG_VERDICT_H

#include "gradient/causes.h"
#include "gradient/profile.h"

/* NONE: there is no gradient, or no earlier step that it could reach. */
enum rg_verdict_word { RG_NONE, RG_VANISHING, RG_EXPLODING, RG_MIXED, RG_FADING, RG_SENSITIVE, RG_STABLE };
extern const char *const rg_verdict_names[];

/* What the verdict MIXED refers to. */
enum rg_mixture { RG_NOT_MIXED, RG_MIXED_SEQUENCES, RG_MIXED_DIRECTIONS, RG_MIXED_LAYERS };

/* Three quantities with three names. `reach` is the gradient at the furthest lag relative to that at the loss. `decay`
 * is the slope of ln ||delta|| per step back, fitted over all lags. `factor` is e^decay. */
struct rg_verdict {
    enum rg_verdict_word word;
    enum rg_mixture mixture;
    bool overflow;           /* the numbers below say nothing, see rg_lag_profile */
    size_t layer, direction; /* the layer and direction of these numbers */
    double part;             /* share of the squared gradient of the whole net; 1 with one direction of one layer */
    double decay, factor;    /* of the batch's ||delta||, by least squares; NAN with fewer than two lags */
    double log10_reach;      /* median over the sequences; -INFINITY for 0 */
    double reach;            /* 10^log10_reach; 0 below 1e-308 */
    /* decades between the 10 % and the 90 % quantile of the sequences; INFINITY: a tenth have no gradient there */
    double spread;
    size_t last; /* the furthest lag */
    /* sequences with a step at that lag; of these, sequences whose gradient is exactly 0 there */
    size_t sequences, dead;
    double half_life;     /* steps back over which ||delta|| halves, -ln 2 / decay; INFINITY if it does not */
    double sensitivity;   /* of the last state to W_hh, ||dh_T/dW|| ||W|| / ||h_T||; NAN where it is not defined */
    size_t horizon, lags; /* of W_hh; lags of the profile */
    size_t other_layer, other_direction; /* the largest part with the opposite verdict, for RG_MIXED_LAYERS */
    double other_log10_reach;
};

/* The verdict on one direction of one layer. It is based on the measured norms of delta, never on the spectral radius
 * (a net of spectral radius 0 can explode). R is a sequence's log10 ||delta|| at the furthest lag less that at the
 * loss. The first rule that applies decides:
 *
 *   EXPLODING  The states or the gradient of a sequence are beyond the range of their numbers.
 *   NONE       R is -INFINITY for more than half of the sequences, or there is no lag but 0.
 *   MIXED      The 10 % and the 90 % quantile of R are six decades apart, and they are not both 3 or more, nor both -3
 *              or less. It is enough that a tenth of the sequences have no gradient.
 *   EXPLODING  The median of R is 3 or more.
 *   VANISHING  The median of R is -3 or less.
 *   MIXED      The Jacobian product over these steps has singular values of 10^3 and more beside 10^-3 and less
 *              (`causes`, which may be NULL).
 *   SENSITIVE  A small change of W_hh can change the last state 50 times as much, both relative: the "curse of
 *              memory". ||dh_T/dW|| is measured in the direction of the loss: it is the root mean square of ||G_b||
 *              over sequences b, from micro-batches. ||W|| is the largest singular value, 1 without `causes`.
 *   FADING     The horizon is below half of the lags.
 *   STABLE     None of these. */
void rg_verdict_on(const struct rg_lag_profile *profile, const struct rg_causes *causes, struct rg_verdict *verdict);

/* Does the verdict on this direction depend on its causes? */
bool rg_verdict_asks_causes(const struct rg_lag_profile *profile);

/* The verdict on the whole net: the one with the largest share of the squared gradient, with the numbers of the
 * direction that contributes most to it. MIXED if one direction explodes while another vanishes. A direction with an
 * overflow comes before all. `causes` may be NULL. */
void rg_verdict_on_net(const struct rg_lag_profiles *profiles, const struct rg_all_causes *causes,
                       struct rg_verdict *verdict);

#endif
