/* The record of a run in a checkpoint. With it the pages of a resumed run show the whole run. */
#ifndef RG_REPORT_HISTORY_STATE_H
#define RG_REPORT_HISTORY_STATE_H

#include "cli/report/history.h"
#include "files/sections.h"

/* Add the sections history.* with updates, validations and lag profiles. Causes are not included, because they are
 * measured at the end. RG_NO_MEMORY. */
rg_status rg_history_gather(const struct rg_history *history, struct rg_sections *sections);

/* Restore a new history to that state. RG_BAD_FILE, RG_NO_MEMORY. */
rg_status rg_history_restore(struct rg_history *history, const struct rg_sections *sections);

#endif
