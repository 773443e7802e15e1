/* One training among many: made, trained, measured and destroyed, with only its summary kept. */
#ifndef RG_TRIAL_H
#define RG_TRIAL_H

#include "commands/run.h"
#include "report/summary.h"

/* Train with the options of `config` on `device`, which is borrowed as `data` is. `hooks` as rg_train's. A run that
 * diverged or was interrupted is RG_OK, and says so in *summary. */
rg_status rg_trial(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                   const struct rg_trainer_hooks *hooks, struct rg_summary *summary);

#endif
