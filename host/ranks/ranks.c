/* Code that is independent of the MPI library, and works without one: see ranks.h. */
#define _GNU_SOURCE
#include "ranks/ranks.h"

#include <unistd.h>

#include "base/pool.h"

int rg_ranks_threads(const struct rg_ranks *ranks) {
    const int mine = rg_pool_threads(0);
    const long all = sysconf(_SC_NPROCESSORS_ONLN);
    if (!ranks || (long)mine * (long)ranks->local_n <= all) { /* mpirun has bound each rank to some processors */
        return mine;
    }
    const int each = (int)(all / (long)ranks->local_n);
    return each < 1 ? 1 : each < mine ? each : mine;
}

#ifndef RG_MPI

/* ---- A build without MPI ---- */

bool rg_ranks_built(void) {
    return false;
}

rg_status rg_ranks_open(struct rg_ranks **out) {
    *out = NULL;
    return rg_fail(RG_NO_DEVICE,
                   "mpirun started several processes, and this program was built without MPI: install libopenmpi-dev "
                   "and openmpi-bin and build again, or run it without mpirun");
}

void rg_ranks_close(struct rg_ranks *ranks) {
    (void)ranks;
}

void rg_ranks_abort(struct rg_ranks *ranks, rg_status status) {
    (void)ranks, (void)status;
}

rg_status rg_ranks_agree(struct rg_ranks *ranks, rg_status status) {
    (void)ranks;
    return status;
}

rg_status rg_ranks_same(struct rg_ranks *ranks, uint64_t hash, rg_status status, const char *difference) {
    (void)ranks, (void)hash, (void)status, (void)difference;
    return RG_OK;
}

rg_status rg_ranks_max(struct rg_ranks *ranks, int *values, size_t n) {
    (void)ranks, (void)values, (void)n;
    return RG_OK;
}

rg_status rg_ranks_broadcast(struct rg_ranks *ranks, size_t from, void *data, size_t bytes) {
    (void)ranks, (void)from, (void)data, (void)bytes;
    return RG_OK;
}

rg_status rg_ranks_gather(struct rg_ranks *ranks, void *data, const size_t *bytes) {
    (void)ranks, (void)data, (void)bytes;
    return RG_OK;
}

rg_status rg_ranks_exchange(struct rg_ranks *ranks, const void *send, const size_t *sent, void *receive,
                            const size_t *received) {
    (void)ranks, (void)send, (void)sent, (void)receive, (void)received;
    return RG_OK;
}
#endif
