/* Where the losses of several steps send their gradient (gradient/probe_map.h): a table, JSON, a figure. */
#ifndef RG_REPORT_PROBE_TEXT_H
#define RG_REPORT_PROBE_TEXT_H

#include <jansson.h>

#include "cli/report/plot.h"
#include "gradient/probe_map.h"

/* A table on stdout of the last layer, a row for each step of a loss, at most 16; nothing where it was not measured. */
void rg_probe_text_print(const struct rg_probe_map *map);

/* {"steps": [P], "sequences", "layers": [{"layer", "direction", "log10_norm": [P][T]}]}, null where it was not
 * measured.
 */
json_t *rg_probe_text_json(const struct rg_probe_map *map);

/* Step of the loss by step of the state, of the last layer; stays empty where it was not measured. RG_NO_MEMORY. */
rg_status rg_figure_probes(const struct rg_probe_map *map, struct rg_plot *plot);

#endif
