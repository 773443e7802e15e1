/* What truncated BPTT would lose: the gradient of W_hh cut after K steps, against the whole, for K = 1, 2, 4, ... T. */
#ifndef RG_REPORT_CUT_TEXT_H
#define RG_REPORT_CUT_TEXT_H

#include <jansson.h>

#include "gradient/profile.h"

enum { RG_MOST_CUTS = 65 };

/* Powers of two below `lags`, then it itself: [n]. */
size_t rg_cut_steps(size_t lags, size_t steps[RG_MOST_CUTS]);

/* A table on stdout, at most 80 columns wide, or a sentence that says why there is none. */
void rg_cut_print(const struct rg_lag_profile *profile);

/* {"steps": [K], "error": [...], "cosine": [...]}; null where there is no gradient or no lag. */
json_t *rg_cut_json(const struct rg_lag_profile *profile);

#endif
