/* The processes that mpirun started together: ranks 0 to n-1. This is a small part of MPI. Everything else is the same
 * program with and without it. MPI's library, libmpi, is opened at run time, like that of OpenCL. So a program that was
 * built with MPI also starts on a machine without it.
 *
 * All ranks must call the functions that communicate (from rg_ranks_agree on) in the same order and from one thread. */
#ifndef RG_RANKS_H
#define RG_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rnn_gpu/status.h"

enum { RG_RANKS_HOST = 64 };

struct rg_ranks {
    size_t rank, n;
    size_t local_rank, local_n; /* rank and number of ranks on this host */
    size_t n_hosts;
    char host[RG_RANKS_HOST]; /* name of this host */
    bool in_step;  /* the others wait for this rank in every update, so it cannot agree with them on a failure */
    bool agreed;   /* every rank knows the failure that ends this one */
    void *library; /* MPI's functions; see mpi.c */
};

/* Was the program built with MPI? */
bool rg_ranks_built(void);

/* Join the other ranks. Call it at the start of a program that mpirun started. RG_NO_DEVICE without MPI, with a message
 * that says how to get it. */
rg_status rg_ranks_open(struct rg_ranks **out);
/* Leave the other ranks. All ranks must call it. NULL allowed. */
void rg_ranks_close(struct rg_ranks *ranks);
/* End all ranks at once with that exit code. If MPI works it does not return. */
void rg_ranks_abort(struct rg_ranks *ranks, rg_status status);

/* Are there several ranks? `ranks` may be NULL. */
static inline bool rg_ranks_several(const struct rg_ranks *ranks) {
    return ranks && ranks->n > 1;
}

/* Processors for each rank of this host if ranks are not bound to processors: at least 1. */
int rg_ranks_threads(const struct rg_ranks *ranks);

/* Wait, without using the processor, until every rank is here. Returns RG_OK if all ranks pass RG_OK; else every rank
 * gets the status and message of the first rank that failed. */
rg_status rg_ranks_agree(struct rg_ranks *ranks, rg_status status);

/* RG_OK if all ranks have the same hash. Otherwise `status`, with a message that names the first rank with another hash
 * and the difference there: "has other options". */
rg_status rg_ranks_same(struct rg_ranks *ranks, uint64_t hash, rg_status status, const char *difference);

/* values[i] = largest values[i] of all ranks, for i < n. */
rg_status rg_ranks_max(struct rg_ranks *ranks, int *values, size_t n);

/* Send `bytes` bytes from rank `from` to all ranks. */
rg_status rg_ranks_broadcast(struct rg_ranks *ranks, size_t from, void *data, size_t bytes);

/* Send each rank's part of `data` to all ranks. Rank r's part is `bytes[r]` bytes, after the parts of the ranks before
 * it. */
rg_status rg_ranks_gather(struct rg_ranks *ranks, void *data, const size_t *bytes);

/* Each rank sends a part of `send` to every rank and receives one from every rank, in the order of the ranks. sent[r]
 * and received[r] are the bytes to and from rank r. */
rg_status rg_ranks_exchange(struct rg_ranks *ranks, const void *send, const size_t *sent, void *receive,
                            const size_t *received);

#endif
