/* The options that a command ran with, for pages, JSON and the opening lines of a run.
 *
 * They come from the configurations that were trained or measured (struct rg_run's, or one of rg_settings_of_model),
 * never from the command line. So they always describe what ran. */
#ifndef RG_SETTINGS_H
#define RG_SETTINGS_H

#include <jansson.h>

#include "options/options.h"
#include "rnn_gpu/model.h"

struct rg_setting {
    const struct rg_option *option;
    char *text;    /* the different values of all runs, separated by commas */
    bool is_usual; /* every run has the command's default */
    bool is_given; /* the command line or a file of --config has the option */
};

struct rg_settings {
    size_t n;
    struct rg_setting *items; /* in the order of the table, without options that had no effect on any run */
};

/* The options of the runs' model, data and training, and of the command's machine and files. RG_NO_MEMORY. */
rg_status rg_settings_create(const char *command, const struct rg_config *whole, const struct rg_config *const *runs,
                             size_t n_runs, struct rg_settings *settings);
void rg_settings_release(struct rg_settings *settings);

/* The value as text; for a flag "yes" or nothing. Names are not cut. */
const char *rg_setting_text(const struct rg_option *option, const struct rg_config *run,
                            char buffer[RG_OPTION_TEXT_BYTES]);

/* Does the option have an effect on such a run? --momentum has none with adam. */
bool rg_setting_has_part(const struct rg_option *option, const struct rg_config *run);

/* The options with the values of a loaded model in place of its options, and with the loss of its data. */
struct rg_config rg_settings_of_model(const struct rg_config *config, const struct rg_shape *shape, enum rg_loss loss);

/* The options that had an effect on one run, and those of the command's machine, as an object: {"cell": "lstm",
 * "hidden": 64, …}. Options of files and screen are left out. NULL without memory. */
json_t *rg_settings_json(const char *command, const struct rg_config *whole, const struct rg_config *run);

#endif
