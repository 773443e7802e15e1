/* Threads that share the groups of a launch.
 *
 * The calling thread works too. It waits only for groups, never for threads: on a busy machine a thread that is not
 * scheduled delays nothing, whereas a barrier would wait for it. */
#ifndef RG_POOL_H
#define RG_POOL_H

#include <stddef.h>

#include "rnn_gpu/status.h"

struct rg_pool;

/* Process item `item` on thread `thread`, 0 <= thread < threads of the pool. */
typedef void rg_pool_work(void *context, size_t item, int thread);

/* `wanted`; for 0 the number of processors that this process may use. */
int rg_pool_threads(int wanted);

/* A pool of `threads` threads, including the caller's. Its own threads block all signals. */
rg_status rg_pool_create(int threads, struct rg_pool **out);
/* As rg_pool_create, with as many of the threads as can be started; at least the caller's. */
rg_status rg_pool_create_up_to(int threads, struct rg_pool **out);
/* NULL allowed. In a child after fork(), which does not have the threads, only the memory is freed. */
void rg_pool_destroy(struct rg_pool *pool);

/* Process all items. Returns when the last is done. Not reentrant. While an item is processed, the processor takes
 * subnormal numbers as zeros (base/subnormals.h); afterwards the calling thread is as before. */
void rg_pool_run(struct rg_pool *pool, size_t items, rg_pool_work *work, void *context);

#endif
