/* Time constants of a layer's units (gradient/time_constants.h): a line, and JSON. */
#ifndef RG_REPORT_TIME_TEXT_H
#define RG_REPORT_TIME_TEXT_H

#include <jansson.h>

#include "gradient/time_constants.h"

/* Two lines on stdout with their quantiles; nothing where there are none. */
void rg_time_text_print(const struct rg_time_constants *constants);

/* {"gate", "min", "p10", "median", "p90", "max", "endless", "values": [H]}, or null where there are none. */
json_t *rg_time_text_json(const struct rg_time_constants *constants);

#endif
