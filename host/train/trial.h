/* One training among many: made, trained, measured and destroyed, with only its summary kept. */
#ifndef RG_TRIAL_H
#define RG_TRIAL_H

#include "train/run.h"
#include "train/summary.h"

struct rg_trial_options {
    const struct rg_config *config;
    const struct rg_run_data *data; /* borrowed, as `device` is */
    struct rg_device *device;
    const struct rg_trainer_hooks *hooks; /* as rg_train's */
    const char *model;                    /* file for the trained weights; NULL: none */
    const char *best; /* file for the weights with the lowest validation loss, where there are some; NULL: none */
};

/* A run that diverged or was interrupted is RG_OK, and says so in *summary. The model of one that was interrupted is
 * not saved. RG_NOT_SAVED, and what rg_run_create and rg_run_train return. */
rg_status rg_trial(const struct rg_trial_options *options, struct rg_summary *summary);

#endif
