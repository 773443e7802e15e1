/* The learning rate of --lr auto: rg_run_find_rate of run.h. */
#include <math.h>

#include "rnn_gpu/memory.h"
#include "train/run.h"

rg_status rg_run_find_rate(struct rg_run *run) {
    struct rg_training_options *const options = &run->config.training;
    struct rg_ranks *const ranks = run->config.machine.ranks;
    if (!isnan(options->lr)) {
        return RG_OK;
    }
    RG_TRY(rg_alloc(&run->rate_test, 1, sizeof *run->rate_test, "the test of --lr auto"));
    if (ranks) {
        ranks->in_step = true;
    }
    RG_TRY(rg_rate_test_run(run->engine, rg_run_source(run), run->rate_test));
    if (ranks) {
        ranks->in_step = false;
    }
    RG_TRY(rg_rate_test_choose(run->rate_test)); /* alike on every rank */
    options->lr = run->rate_test->rate;
    run->state.plateau = rg_plateau_start(options->lr);
    return RG_OK;
}
