/* The command line of one training of compare or sweep. */
#ifndef RG_RUN_COMMAND_H
#define RG_RUN_COMMAND_H

#include <jansson.h>

#include "rnn_gpu/config.h"

/* *text = `./rnn-gpu …`, which trains as `run` asks, with the same weights: cell, learning rate, updates and seed, and
 * the options that were given or differ from train's defaults. *text = NULL if no command line does that, as with data
 * from stdin. `run`: the options before the training. Free *text with rg_free. RG_NO_MEMORY. */
rg_status rg_run_command(const struct rg_config *run, char **text);

/* The same for a line of JSON: a text or null. NULL without memory. */
json_t *rg_run_command_json(const struct rg_config *run);

/* Print it on the screen, if there is one; `which`: "the first row". RG_NO_MEMORY. */
rg_status rg_run_command_print(const struct rg_config *run, const char *which, size_t width);

#endif
