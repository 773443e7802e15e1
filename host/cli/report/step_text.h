/* The lags in the optimiser's step (gradient/step_rule.h) beside those in the gradient: lines, JSON, a table. */
#ifndef RG_REPORT_STEP_TEXT_H
#define RG_REPORT_STEP_TEXT_H

#include <jansson.h>

#include "cli/report/table.h"
#include "train/diagnosis.h"

/* Some lines on stdout; nothing where it is not known. */
void rg_step_text_print(const struct rg_diagnosis *diagnosis);

/* {"optimizer", "linear", "lags": [{"matrix", "layer", "from", "to", "share", "log10_norm"}]}: of each lag in the step
 * of each matrix its share, and its norm over that of the whole step. Null where it is not known. */
json_t *rg_step_text_json(const struct rg_diagnosis *diagnosis, const struct rg_model *model);

/* By ranges of lags, share of the gradient and of the step of the shown direction's matrices. RG_NO_MEMORY. */
rg_status rg_step_table(const struct rg_diagnosis *diagnosis, const struct rg_model *model, struct rg_own_table *table);

#endif
