/* Reporting the time constants of a layer's units (gradient/time_constants.h): lines and JSON. */
#ifndef RG_REPORT_TIME_TEXT_H
#define RG_REPORT_TIME_TEXT_H

#include <jansson.h>

#include "gradient/time_constants.h"

/* Print two lines with their quantiles on stdout, or nothing if there are none. */
void rg_time_text_print(const struct rg_time_constants *constants);

/* {"gate", "min", "p10", "median", "p90", "max", "endless", "values": [H]}; JSON null if there are none. */
json_t *rg_time_text_json(const struct rg_time_constants *constants);

#endif
