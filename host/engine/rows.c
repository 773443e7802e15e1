/* The gradient of a range of rows: see rows.h. */
#include "engine/rows.h"

#include <string.h>

#include "base/clock.h"
#include "engine/chunk.h"
#include "engine/head.h"
#include "engine/layer.h"

static rg_status launch_reduce(struct rg_net *net, const struct rg_reduce_args *args, size_t n) {
    size_t work = 1;
    for (size_t i = 0; i < n; i++) {
        const struct rg_reduce_job *const job = &args->jobs[i];
        const size_t own = (size_t)job->gates * job->units * job->columns;
        work = own > work ? own : work;
    }
    return rg_device_launch(net->device, &(struct rg_launch){.kernel = RG_K_rg_reduce_gradient,
                                                             .buffers = {net->buffers.partial, net->buffers.gradients},
                                                             .args = args,
                                                             .groups = {n, rg_net_groups(net, work, 2048)}});
}

/* The sums of the slices into the arena, in as few launches as their jobs fit into. A parameter that is not trained
 * keeps its gradient of zeros. */
static rg_status reduce(struct rg_net *net) {
    const size_t scans = net->plan.layers * net->plan.directions;
    struct rg_reduce_args args = {.jobs = {{.target = 0}}};
    size_t n = 0;
    for (size_t i = 0; i <= scans; i++) {
        struct rg_reduce_job jobs[RG_MAX_JOBS];
        const size_t more = i < scans
                                ? rg_layer_reduce_jobs(net, i / net->plan.directions, i % net->plan.directions, jobs)
                                : rg_head_reduce_jobs(net, jobs);
        if (n + more > RG_MAX_JOBS) {
            RG_TRY(launch_reduce(net, &args, n));
            memset(&args, 0, sizeof args);
            n = 0;
        }
        for (size_t k = 0; k < more; k++) {
            if (rg_net_trains(net, jobs[k].target)) {
                args.jobs[n++] = jobs[k];
            }
        }
    }
    return n > 0 ? launch_reduce(net, &args, n) : RG_OK;
}

rg_status rg_rows_gradient(struct rg_net *net, struct rg_source *source, uint64_t update, struct rg_span rows) {
    const struct rg_plan *const p = &net->plan;
    for (size_t first = rows.begin; first < rows.end; first += p->chunk) {
        const size_t n = rows.end - first < p->chunk ? rows.end - first : p->chunk;
        RG_TRY(rg_chunk_forward(net, source, update, first, n, net->options.loss, NULL));
        net->chunk.sum_row = rows.begin;
        RG_TRY(rg_chunk_gradient(net));
    }
    double since = rg_seconds();
    RG_TRY(reduce(net));
    return rg_net_lap(net, &since, RG_PHASE_WEIGHT_GRADIENT);
}
