/* `rnn-gpu bench --plan CARD`: estimates an update on a GPU that this machine does not have. */
#ifndef RG_PLAN_REPORT_H
#define RG_PLAN_REPORT_H

#include "rnn_gpu/config.h"
#include "rnn_gpu/status.h"

/* Plan one case of the options' sizes and print it: a table, or with --json one object a kernel and one for the update.
 * RG_USAGE for an unknown card, and for options that a plan does not use. */
rg_status rg_bench_plan(const struct rg_config *config);

#endif
