/* How long a training will take: see estimate.h. */
#include "train/estimate.h"

#include "base/clock.h"

static const double ENOUGH_SECONDS = 0.3;
enum { MAX_UPDATES = 20 };

static rg_status update_once(struct rg_run *run, uint64_t update) {
    RG_TRY(rg_engine_gradient(run->engine, rg_run_source(run), update));
    RG_TRY(rg_engine_norm(run->engine, update));
    RG_TRY(rg_engine_step(run->engine, 0.0));
    return rg_device_finish(run->device);
}

rg_status rg_run_estimate(struct rg_run *run, double *seconds) {
    uint64_t n = 0;
    double spent = 0.0;
    RG_TRY(update_once(run, 0)); /* the first one also takes memory and compiles */
    const double begin = rg_seconds();
    while (n < MAX_UPDATES && spent < ENOUGH_SECONDS) {
        RG_TRY(update_once(run, ++n));
        spent = rg_seconds() - begin;
    }
    *seconds = spent / (double)n;
    return RG_OK;
}
