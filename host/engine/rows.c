/* The gradient of a range of rows: see rows.h. */
#include "engine/rows.h"

#include "base/clock.h"
#include "engine/chunk.h"
#include "engine/head.h"
#include "engine/jobs.h"
#include "engine/layer.h"

/* The sums of the slices into the arena, in as few launches as their jobs fit into. A parameter that is not trained
 * keeps its gradient of zeros. */
static rg_status reduce(struct rg_net *net) {
    const size_t directions = net->plan.directions, scans = net->plan.layers * directions;
    struct rg_reduce_job jobs[RG_MAX_JOBS];
    struct rg_jobs waiting = {.kernel = RG_K_rg_reduce_gradient,
                              .from = net->buffers.partial,
                              .to = net->buffers.gradients,
                              .job_bytes = sizeof *jobs,
                              .per_group = 2048};
    for (size_t i = 0; i <= scans; i++) {
        const size_t n = i < scans ? rg_layer_reduce_jobs(net, i / directions, i % directions, jobs)
                                   : rg_head_reduce_jobs(net, jobs);
        for (size_t k = 0; k < n; k++) {
            if (rg_net_trains(net, jobs[k].target)) {
                const size_t work = (size_t)jobs[k].gates * jobs[k].units * jobs[k].columns;
                RG_TRY(rg_jobs_add(net, &waiting, &jobs[k], work));
            }
        }
    }
    return rg_jobs_launch(net, &waiting);
}

rg_status rg_rows_gradient(struct rg_net *net, struct rg_batch_source *source, uint64_t update, struct rg_span rows) {
    const struct rg_plan *const p = &net->plan;
    for (size_t first = rows.begin; first < rows.end; first += p->chunk) {
        const size_t n = rg_min(rows.end - first, p->chunk);
        const struct rg_chunk chunk = {.source = source,
                                       .update = update,
                                       .first_row = first,
                                       .rows = n,
                                       .loss = net->options.loss,
                                       .sum_row = rows.begin};
        RG_TRY(rg_chunk_forward(net, &chunk, NULL));
        RG_TRY(rg_chunk_gradient(net));
    }
    double since = rg_seconds();
    RG_TRY(reduce(net));
    return rg_net_lap(net, &since, RG_PHASE_WEIGHT_GRADIENT);
}
