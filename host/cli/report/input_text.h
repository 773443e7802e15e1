/* Reporting what the net keeps of each input (gradient/input_lags.h): lines, JSON, a figure. */
#ifndef RG_REPORT_INPUT_TEXT_H
#define RG_REPORT_INPUT_TEXT_H

#include <jansson.h>

#include "cli/report/plot.h"
#include "gradient/input_lags.h"

/* Print two lines on stdout, or a sentence that says why there are none. */
void rg_input_text_print(const struct rg_input_lags *lags);

/* {"sequences", "from", "to", "state": {"vectors", "exact", "log10_rms": [...], "log10_median": [...], "factor"},
 * "output": {...}}. A range of lags (from, to) has its largest norm. JSON null if nothing was measured. */
json_t *rg_input_text_json(const struct rg_input_lags *lags);

/* Plot the norms by lag. The plot stays empty if nothing was measured. RG_NO_MEMORY. */
rg_status rg_figure_inputs(const struct rg_input_lags *lags, struct rg_plot *plot);

#endif
