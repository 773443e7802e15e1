/* What a profile amounts to: one word, the numbers it rests on, one remedy. */
#ifndef RG_VERDICT_H
#define RG_VERDICT_H

#include "gradient/causes.h"
#include "gradient/profile.h"

enum rg_verdict { RG_STABLE, RG_VANISHING, RG_EXPLODING, RG_MIXED, RG_SENSITIVE };
extern const char *const rg_verdict_names[];

struct rg_judgement {
    enum rg_verdict verdict;
    double decay;       /* factor of ||delta|| per step back in time, fitted over all lags; NAN for one step */
    size_t last;        /* the largest lag that a gradient can reach */
    double reach;       /* ||delta|| at that lag over that at lag 0; 0 below 1e-308 */
    double log10_reach; /* the same without a limit */
    double slope;       /* of the mean over sequences of ln ||delta||, per step back, over lags from T/4 on */
    double slope_error; /* its standard error */
    double half_life;   /* steps back in which ||delta|| halves, -ln 2 / ln decay; INFINITY if it does not */
    double
        spread; /* decades between the 10 % of the sequences with the smallest ||delta|| and those with the largest */
    double sensitivity; /* ||G|| / (||delta_T|| sqrt(B) median ||h||) of W_hh; T^1.5 and more: SENSITIVE */
};

/* From the measured norms of delta, never from the spectral radius (a net of spectral radius 0 can explode). */
void rg_lag_judge(const struct rg_lag_profile *profile, struct rg_judgement *judgement);

/* With the measured Jacobian products too: a verdict of STABLE becomes MIXED where they grow in one direction and
 * shrink in another by a factor 1,000 each. */
void rg_judge_products(const struct rg_causes *causes, struct rg_judgement *judgement);

#endif
