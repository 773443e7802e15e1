/* The learning-rate range test of --lr auto on the screen and as JSON. */
#ifndef RG_RATE_CHART_H
#define RG_RATE_CHART_H

#include <jansson.h>
#include <stdbool.h>

#include "train/rate_test.h"

/* What the test came to and its smoothed loss by rate, as a chart of a few lines on stderr. `unicode`: block elements,
 * else ASCII. */
void rg_rate_chart(const struct rg_rate_test *test, bool unicode);

/* {"lr", "lowest", "updates", "rates": [], "losses": [], "smoothed": []}; NULL without memory. */
json_t *rg_rate_test_json(const struct rg_rate_test *test);

#endif
