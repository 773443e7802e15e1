/* `rnn-gpu bench --plan CARD`: how a card that is not there would run an update. */
#ifndef RG_PLAN_REPORT_H
#define RG_PLAN_REPORT_H

#include "rnn_gpu/config.h"
#include "rnn_gpu/status.h"

/* Plan one case of the options' sizes and print it: a table, or with --json one object a kernel and one for the update.
 * RG_USAGE for an unknown card, and for options that a plan has no use for. */
rg_status rg_bench_plan(const struct rg_config *config);

#endif
