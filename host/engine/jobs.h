/* Launches of a kernel that does several jobs at once, each by a row of work-groups: packing matrices of weights, and
 * summing the slices of gradients. */
#ifndef RG_JOBS_H
#define RG_JOBS_H

#include "engine/net.h"

struct rg_jobs {
    enum rg_kernel kernel;
    struct rg_buffer *from, *to;
    size_t job_bytes; /* of a job in the kernel's arguments */
    size_t per_group; /* elements for which a job gets another work-group */
    size_t n;         /* jobs that wait for their launch */
    size_t work;      /* elements of the largest of them */
    union {
        struct rg_pack_args pack; /* the larger one comes first: = {0} then clears all of it */
        struct rg_reduce_args reduce;
    } args; /* zeros after the jobs: equal arguments are equal bytes */
};

/* Add a job of `work` elements. Launches those that wait if there is no room for another. */
rg_status rg_jobs_add(struct rg_net *net, struct rg_jobs *jobs, const void *job, size_t work);

/* Launch the jobs that wait. */
rg_status rg_jobs_launch(struct rg_net *net, struct rg_jobs *jobs);

#endif
