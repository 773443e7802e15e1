/* Threads that share the groups of a launch: see pool.h. */
#define _GNU_SOURCE
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/subnormals.h"
#include "rnn_gpu/memory.h"

enum {
    SPINS = 4096,  /* checks for new work before a thread sleeps, about 50 us */
    ITEM_BITS = 40 /* bits of a ticket for the next item; the rest counts runs */
};

struct worker {
    struct rg_pool *pool;
    pthread_t thread;
    int number;
};

struct rg_pool {
    pid_t owner;   /* the process that has its threads */
    int n_workers; /* threads besides the caller's */
    struct worker *workers;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    atomic_int sleeping;
    atomic_bool stop;
    /* Run number and next item in one word, so a late thread cannot take an item of a later run. */
    atomic_uint_least64_t ticket;
    atomic_size_t items, finished;
    _Atomic(rg_pool_work *) work;
    _Atomic(void *) context;
};

static uint64_t run_of(uint64_t ticket) {
    return ticket >> ITEM_BITS;
}
static size_t item_of(uint64_t ticket) {
    return (size_t)(ticket & (((uint64_t)1 << ITEM_BITS) - 1));
}

static void relax(int spin) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
    if (spin % 256 == 255) {
        (void)sched_yield();
    }
}

/* Take and process items of run `run` until none is left. */
static void do_items(struct rg_pool *pool, uint64_t run, int thread) {
    uint64_t ticket = atomic_load(&pool->ticket);
    while (run_of(ticket) == run) {
        const size_t items = atomic_load(&pool->items), item = item_of(ticket);
        rg_pool_work *const work = atomic_load(&pool->work);
        void *const context = atomic_load(&pool->context);
        if (item >= items) {
            return;
        }
        if (atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1)) {
            work(context, item, thread);
            (void)atomic_fetch_add(&pool->finished, 1);
            ticket = atomic_load(&pool->ticket);
        }
    }
}

/* Wait for a run after `seen`: spin for a while, then sleep. */
static void await_run(struct rg_pool *pool, uint64_t seen) {
    for (int spin = 0; spin < SPINS; spin++) {
        if (run_of(atomic_load(&pool->ticket)) != seen || atomic_load(&pool->stop)) {
            return;
        }
        relax(spin);
    }
    (void)pthread_mutex_lock(&pool->mutex);
    (void)atomic_fetch_add(&pool->sleeping, 1);
    while (run_of(atomic_load(&pool->ticket)) == seen && !atomic_load(&pool->stop)) {
        (void)pthread_cond_wait(&pool->wake, &pool->mutex);
    }
    (void)atomic_fetch_sub(&pool->sleeping, 1);
    (void)pthread_mutex_unlock(&pool->mutex);
}

static void *worker_main(void *self) {
    const struct worker *const worker = self;
    struct rg_pool *const pool = worker->pool;
    uint64_t seen = 0;
    (void)rg_subnormals_to_zero();
    while (!atomic_load(&pool->stop)) {
        await_run(pool, seen);
        seen = run_of(atomic_load(&pool->ticket));
        do_items(pool, seen, worker->number);
    }
    return NULL;
}

static void wake_all(struct rg_pool *pool) {
    if (atomic_load(&pool->sleeping) > 0) {
        (void)pthread_mutex_lock(&pool->mutex);
        (void)pthread_cond_broadcast(&pool->wake);
        (void)pthread_mutex_unlock(&pool->mutex);
    }
}

int rg_pool_threads(int wanted) {
    if (wanted > 0) {
        return wanted;
    }
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        return CPU_COUNT(&set);
    }
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

/* A pool of `threads` threads; unless `needed`, of as many as can be started. */
static rg_status create(int threads, bool needed, struct rg_pool **out) {
    struct rg_pool *pool = NULL;
    *out = NULL;
    RG_TRY(rg_alloc(&pool, 1, sizeof *pool, "threads"));
    pool->owner = getpid();
    (void)pthread_mutex_init(&pool->mutex, NULL);
    (void)pthread_cond_init(&pool->wake, NULL);
    rg_status status = rg_alloc(&pool->workers, (size_t)threads, sizeof *pool->workers, "threads");
    sigset_t all, old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &old);
    for (int i = 1; status == RG_OK && i < threads; i++) {
        struct worker *const worker = &pool->workers[pool->n_workers];
        *worker = (struct worker){.pool = pool, .number = i};
        const int code = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (code != 0 && needed) {
            status = rg_fail(RG_NO_MEMORY, "cannot start thread %d of %d: %s; try a smaller --threads", i + 1, threads,
                             strerror(code));
        }
        if (code != 0) {
            break;
        }
        pool->n_workers++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (status != RG_OK) {
        rg_pool_destroy(pool);
        return status;
    }
    *out = pool;
    return RG_OK;
}

rg_status rg_pool_create(int threads, struct rg_pool **out) {
    return create(threads, true, out);
}

rg_status rg_pool_create_up_to(int threads, struct rg_pool **out) {
    return create(threads, false, out);
}

/* End the threads. Nothing is in progress. */
static void end_workers(struct rg_pool *pool) {
    (void)pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stop, true);
    (void)pthread_cond_broadcast(&pool->wake);
    (void)pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->n_workers; i++) {
        (void)pthread_join(pool->workers[i].thread, NULL);
    }
    (void)pthread_cond_destroy(&pool->wake);
    (void)pthread_mutex_destroy(&pool->mutex);
}

void rg_pool_destroy(struct rg_pool *pool) {
    if (!pool) {
        return;
    }
    if (pool->owner == getpid()) {
        end_workers(pool);
    }
    rg_free(pool->workers);
    rg_free(pool);
}

/* Share the items between the calling thread and the pool's workers. The pool has at least one worker. */
static void run_shared(struct rg_pool *pool, size_t items, rg_pool_work *work, void *context) {
    /* No run is in progress: all items of the last one are finished. But a thread may still hold a ticket of that run
     * and would take items of this one. So the ticket is first replaced by one that has no items left. */
    const uint64_t one_run = (uint64_t)1 << ITEM_BITS;
    const uint64_t closed = (atomic_load(&pool->ticket) | (one_run - 1)) + one_run, open = closed + 1;
    atomic_store(&pool->ticket, closed);
    atomic_store(&pool->finished, 0);
    atomic_store(&pool->work, work);
    atomic_store(&pool->context, context);
    atomic_store(&pool->items, items);
    atomic_store(&pool->ticket, open);
    wake_all(pool);
    do_items(pool, run_of(open), 0);
    for (int spin = 0; atomic_load(&pool->finished) < items; spin++) {
        relax(spin);
    }
}

void rg_pool_run(struct rg_pool *pool, size_t items, rg_pool_work *work, void *context) {
    const rg_subnormals before = rg_subnormals_to_zero();
    if (pool->n_workers > 0 && items > 1) {
        run_shared(pool, items, work, context);
    } else {
        for (size_t i = 0; i < items; i++) {
            work(context, i, 0);
        }
    }
    rg_subnormals_restore(before);
}
