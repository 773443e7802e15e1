/* Reporting the lags in the optimiser's step (gradient/step_rule.h) beside those in the gradient: lines, JSON, a table.
 */
#ifndef RG_REPORT_STEP_TEXT_H
#define RG_REPORT_STEP_TEXT_H

#include <jansson.h>

#include "cli/report/table.h"
#include "train/diagnosis.h"

/* None of these functions reports a matrix that --freeze holds fixed: the optimiser does not change it. */

/* Print some lines on stdout, or nothing if the step is not known. */
void rg_step_text_print(const struct rg_diagnosis *diagnosis);

/* {"optimizer", "linear", "lags": [{"matrix", "layer", "from", "to", "share", "log10_norm"}]}: for each matrix and lag
 * the share in the step, and log10 of the norm relative to the whole step. JSON null if the step is not known. */
json_t *rg_step_text_json(const struct rg_diagnosis *diagnosis, const struct rg_model *model);

/* A table by ranges of lags: shares of the gradient and of the step for the matrices of the shown direction.
 * RG_NO_MEMORY. */
rg_status rg_step_table(const struct rg_diagnosis *diagnosis, const struct rg_model *model, struct rg_own_table *table);

#endif
