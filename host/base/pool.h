/* Threads that share out the groups of a launch.
 *
 * The caller takes part, and waits only for groups, never for threads: on a busy machine a thread that is not scheduled
 * costs nothing, where a barrier would wait for it. */
#ifndef RG_POOL_H
#define RG_POOL_H

#include <stddef.h>

#include "rnn_gpu/status.h"

struct rg_pool;

/* Does item `item` on thread `thread`, 0 <= thread < threads of the pool. */
typedef void rg_pool_work(void *context, size_t item, int thread);

/* `wanted`, or for 0 as many as there are processors for this process. */
int rg_pool_threads(int wanted);

/* A pool of `threads` threads, the caller's among them. Its threads block all signals. */
rg_status rg_pool_create(int threads, struct rg_pool **out);
/* The same with as many of them as start, the caller's alone if need be. */
rg_status rg_pool_create_up_to(int threads, struct rg_pool **out);
void rg_pool_destroy(struct rg_pool *pool); /* NULL allowed */

/* Do all items; returns when the last is done. Not reentrant. */
void rg_pool_run(struct rg_pool *pool, size_t items, rg_pool_work *work, void *context);

#endif
