/* The functions of ranks/ranks.h that a test of ranks has no use for: they do nothing. */
#ifndef RG_TEST_SILENT_RANKS_H
#define RG_TEST_SILENT_RANKS_H

#include "ranks/ranks.h"

int rg_ranks_threads(const struct rg_ranks *ranks) {
    (void)ranks;
    return 1;
}

rg_status rg_ranks_max(struct rg_ranks *ranks, int *values, size_t n) {
    (void)ranks, (void)values, (void)n;
    return RG_OK;
}

rg_status rg_ranks_gather(struct rg_ranks *ranks, void *data, const size_t *bytes) {
    (void)ranks, (void)data, (void)bytes;
    return RG_OK;
}

rg_status rg_ranks_exchange(struct rg_ranks *ranks, const void *send, const size_t *to, void *receive,
                            const size_t *received) {
    (void)ranks, (void)send, (void)to, (void)receive, (void)received;
    return RG_OK;
}

#endif
