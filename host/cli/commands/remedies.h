/* The rows of a comparison: the remedies of --remedies, each with its variant and rate, as options of a training. */
#ifndef RG_REMEDIES_H
#define RG_REMEDIES_H

#include "cli/report/comparison.h"

enum { RG_MAX_ROWS = 192 };

/* Make the rows, at most RG_MAX_ROWS. `comparison` has its steps; `config` has the number of updates that will run.
 * RG_USAGE for a word that is no remedy, RG_NO_MEMORY. */
rg_status rg_remedies_choose(struct rg_comparison *comparison, const struct rg_config *config);

/* The time of an update of the row relative to that of a tanh RNN, to estimate the remaining time. */
double rg_remedies_work(const struct rg_comparison_row *row);

#endif
