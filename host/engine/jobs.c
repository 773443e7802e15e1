/* See jobs.h. */
#include "engine/jobs.h"

#include <assert.h>
#include <string.h>

#include "base/sizes.h"

static_assert(sizeof(struct rg_pack_args) >= sizeof(struct rg_reduce_args), "the larger one comes first");

struct rg_pack_job rg_pack_matrix_job(const struct rg_net *net, const struct rg_pack_matrix *m) {
    return (struct rg_pack_job){.source = m->source,
                                .source2 = RG_NO_SOURCE,
                                .target = m->target,
                                .stride_k = m->transposed ? m->columns : 1,
                                .stride_u = m->transposed ? 1 : m->columns,
                                .depth = (rg_u32)(m->transposed ? m->rows : m->columns),
                                .gates = 1,
                                .all_gates = 1,
                                .units = (rg_u32)(m->transposed ? m->columns : m->rows),
                                .padded = (rg_u32)m->padded,
                                .width = (rg_u32)rg_device_panel(net->device)};
}

rg_status rg_jobs_launch(struct rg_net *net, struct rg_jobs *jobs) {
    if (jobs->n == 0) {
        return RG_OK;
    }
    RG_TRY(rg_device_launch(
        net->device,
        &(struct rg_launch){.kernel = jobs->kernel,
                            .buffers = {jobs->from, jobs->to},
                            .args = &jobs->args,
                            .groups = {jobs->n, rg_device_groups(net->device, jobs->work, jobs->per_group)}}));
    memset(&jobs->args, 0, sizeof jobs->args);
    jobs->n = jobs->work = 0;
    return RG_OK;
}

rg_status rg_jobs_add(struct rg_net *net, struct rg_jobs *jobs, const void *job, size_t work) {
    RG_TRY(jobs->n == RG_MAX_JOBS ? rg_jobs_launch(net, jobs) : RG_OK);
    memcpy((unsigned char *)&jobs->args + jobs->n * jobs->job_bytes, job, jobs->job_bytes);
    jobs->n++;
    jobs->work = rg_max(work, jobs->work);
    return RG_OK;
}
