/* The processes that mpirun started together: ranks 0 to n-1. A small part of MPI, so that everything else is the same
 * program with and without it. MPI's library, libmpi, is opened at run time, as that of OpenCL is: a program that was
 * built with MPI starts on a machine without it.
 *
 * All ranks must call the functions that talk (from rg_ranks_agree on) in the same order, from one thread. */
#ifndef RG_RANKS_H
#define RG_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

enum { RG_RANKS_HOST = 64 };

struct rg_ranks {
    size_t rank, n;
    size_t local_rank, local_n; /* the same among the ranks of this host */
    size_t n_hosts;
    char host[RG_RANKS_HOST]; /* this one's name */
    bool in_step;  /* the others wait for this rank in every update: it cannot agree on a failure with them */
    bool agreed;   /* every rank knows the failure with which this one ends */
    void *library; /* MPI's functions; see mpi.c */
};

/* Whether the program was built with MPI. */
bool rg_ranks_built(void);

/* Join the other ranks, at the start of a program that mpirun started. RG_NO_DEVICE without MPI, which says how to get
 * it. */
rg_status rg_ranks_open(struct rg_ranks **out);
/* Leave them, when all do. NULL allowed. */
void rg_ranks_close(struct rg_ranks *ranks);
/* End all ranks at once with that exit code. Does not return where MPI works. */
void rg_ranks_abort(struct rg_ranks *ranks, rg_status status);

/* Whether there are ranks to talk to; `ranks` may be NULL. */
static inline bool rg_ranks_several(const struct rg_ranks *ranks) {
    return ranks && ranks->n > 1;
}

/* Processors for each rank of this host, where they are not bound to some: at least 1. */
int rg_ranks_threads(const struct rg_ranks *ranks);

/* Wait until every rank is here, without using the processor. Returns RG_OK if all of them bring RG_OK, else the status
 * and message of the first rank that failed, on every rank. */
rg_status rg_ranks_agree(struct rg_ranks *ranks, rg_status status);

/* RG_OK if all ranks have the same hash; else the status, with a message that names the first rank with another one and
 * what is different there: "has other options". */
rg_status rg_ranks_same(struct rg_ranks *ranks, uint64_t hash, rg_status status, const char *difference);

/* values[i] = the largest of all ranks, for i < n. */
rg_status rg_ranks_most(struct rg_ranks *ranks, int *values, size_t n);

/* `bytes` bytes from rank `from` to all. */
rg_status rg_ranks_broadcast(struct rg_ranks *ranks, size_t from, void *data, size_t bytes);

/* Rank r's part of `data`, `bytes[r]` bytes from the sum of those before it on, to all. */
rg_status rg_ranks_gather(struct rg_ranks *ranks, void *data, const size_t *bytes);

/* Rank r gets, of what each rank has for it, one after the other: sent[r] and received[r] are the bytes to and from
 * rank r. */
rg_status rg_ranks_exchange(struct rg_ranks *ranks, const void *send, const size_t *sent, void *receive,
                            const size_t *received);

#endif
