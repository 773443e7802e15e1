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

/* A matrix [rows][columns] of the weights without gates, or with gates that are rows like others. It is packed with a
 * unit for each row, or `transposed` for each column, and zeros up to `padded` units. */
struct rg_pack_matrix {
    size_t source, target; /* offsets into the weights and the packed weights */
    size_t rows, columns, padded;
    bool transposed;
};
struct rg_pack_job rg_pack_matrix_job(const struct rg_net *net, const struct rg_pack_matrix *matrix);

/* Add a job of `work` elements. Launches those that wait if there is no room for another. */
rg_status rg_jobs_add(struct rg_net *net, struct rg_jobs *jobs, const void *job, size_t work);

/* Launch the jobs that wait. */
rg_status rg_jobs_launch(struct rg_net *net, struct rg_jobs *jobs);

#endif
