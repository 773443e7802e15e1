/* Reporting the gradients of losses at several steps (gradient/probe_map.h): a table, JSON, a figure. */
#ifndef RG_REPORT_PROBE_TEXT_H
#define RG_REPORT_PROBE_TEXT_H

#include <jansson.h>

#include "cli/report/plot.h"
#include "gradient/probe_map.h"

/* Print a table of the last layer on stdout, one row for each step with a loss, at most 16. Prints nothing if it was
 * not measured. */
void rg_probe_text_print(const struct rg_probe_map *map);

/* {"steps": [P], "sequences", "layers": [{"layer", "direction", "log10_norm": [P][T]}]}; JSON null if it was not
 * measured. */
json_t *rg_probe_text_json(const struct rg_probe_map *map);

/* Plot the norms of the last layer by step of the loss and step of the state. The plot stays empty if they were not
 * measured. RG_NO_MEMORY. */
rg_status rg_figure_probes(const struct rg_probe_map *map, struct rg_plot *plot);

#endif
