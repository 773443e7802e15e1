/* The options that a command ran with, for everything that tells of them: pages, JSON and the opening of a run.
 *
 * They are made of the configurations that trained or measured (struct rg_run's, or one made by
 * rg_settings_of_model), never of the command line, so they cannot say anything else than what ran. */
#ifndef RG_SETTINGS_H
#define RG_SETTINGS_H

#include <jansson.h>

#include "options/options.h"
#include "rnn_gpu/model.h"

struct rg_setting {
    const struct rg_option *option;
    char *text;    /* the values of all runs, each once, with commas between them */
    bool is_usual; /* the default of the command, in every run */
};

struct rg_settings {
    size_t n;
    struct rg_setting *items; /* in the order of the table; without those that have no part in any run */
};

/* Of the runs' model, data and training, and of the whole command's machine and files. RG_NO_MEMORY. */
rg_status rg_settings_create(const char *command, const struct rg_config *whole, const struct rg_config *const *runs,
                             size_t n_runs, struct rg_settings *settings);
void rg_settings_release(struct rg_settings *settings);

/* Whether the option's value has a part in such a run: --momentum has none with adam. */
bool rg_setting_has_part(const struct rg_option *option, const struct rg_config *run);

/* The options with what a loaded model has instead, and the loss that its data have. */
struct rg_config rg_settings_of_model(const struct rg_config *config, const struct rg_shape *shape, enum rg_loss loss);

/* The options of one run that have a part in it, and of the whole command's machine, as an object:
 * {"cell": "lstm", "hidden": 64, …}; those of files and screen are not in it. NULL without memory. */
json_t *rg_settings_json(const char *command, const struct rg_config *whole, const struct rg_config *run);

#endif
