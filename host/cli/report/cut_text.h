/* Reporting the bias of truncated BPTT: the gradient of W_hh cut after K steps, compared with the whole gradient, for K
 * = 1, 2, 4, ... T. */
#ifndef RG_REPORT_CUT_TEXT_H
#define RG_REPORT_CUT_TEXT_H

#include <jansson.h>

#include "gradient/profile.h"

enum { RG_MAX_CUTS = 65 };

/* Fill `steps` with the powers of two below `lags`, and `lags` itself. Returns their number. */
size_t rg_cut_steps(size_t lags, size_t steps[RG_MAX_CUTS]);

/* Print a table on stdout, at most 80 columns wide, or a sentence that says why there is none. */
void rg_cut_print(const struct rg_lag_profile *profile);

/* {"steps": [K], "error": [...], "cosine": [...]}; JSON null without a gradient or without lags. */
json_t *rg_cut_json(const struct rg_lag_profile *profile);

#endif
