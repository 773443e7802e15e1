/* The commands. Each gets the whole configuration, prints its results on stdout, and leaves its message in the error
 * slot. Its status becomes the exit code. */
#ifndef RNN_GPU_COMMANDS_COMMANDS_H
#define RNN_GPU_COMMANDS_COMMANDS_H

#include "rnn_gpu/config.h"

/* Run the command of that name, which must be one of these. */
rg_status rg_command_run(const char *name, const struct rg_config *config);

rg_status rg_command_train(const struct rg_config *config);
rg_status rg_command_grad(const struct rg_config *config);
rg_status rg_command_predict(const struct rg_config *config);
rg_status rg_command_compare(const struct rg_config *config);
rg_status rg_command_sweep(const struct rg_config *config);
rg_status rg_command_probe(const struct rg_config *config);
rg_status rg_command_bench(const struct rg_config *config);
rg_status rg_command_devices(const struct rg_config *config);
rg_status rg_command_selftest(const struct rg_config *config);
rg_status rg_command_inspect(const struct rg_config *config);
rg_status rg_command_verify(const struct rg_config *config);
rg_status rg_command_runs(const struct rg_config *config);
rg_status rg_command_sample(const struct rg_config *config);
rg_status rg_command_eval(const struct rg_config *config);
rg_status rg_command_export(const struct rg_config *config);
rg_status rg_command_import(const struct rg_config *config);

/* The action of a program that was started with RG_TRIAL_ARGUMENT (base/guard.h) and this list. */
rg_status rg_command_try_drivers(const char *without);

#endif
