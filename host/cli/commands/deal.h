/* The trainings of compare and sweep, dealt to the ranks of mpirun: the longest first, each to the rank that has the
 * least to do. Rank 0 gets the results of all; from then on it finds every training done (rg_trainings_find) and shows
 * them as one process does. */
#ifndef RG_DEAL_H
#define RG_DEAL_H

#include "cli/commands/trainings.h"
#include "ranks/ranks.h"

struct rg_deal {
    struct rg_ranks *ranks;
    struct rg_trainings *trainings;
    size_t n;
    const struct rg_config *(*config)(const void *self, size_t training); /* of training 0 … n-1, in any order */
    /* Train those in `mine` [n_mine], the longest first, and keep each as soon as it is done. */
    rg_status (*train)(void *self, const size_t *mine, size_t n_mine);
    /* The result of one of them; NULL: it was interrupted. */
    const struct rg_summary *(*summary)(const void *self, size_t training);
    void *self;
};

/* On all ranks together. The first failure of any rank is the status of all. */
rg_status rg_deal(const struct rg_deal *deal);

/* owners[i] = the rank of training i, n_ranks for those with work 0, which are done. Exposed for tests. */
rg_status rg_deal_owners(const double *work, size_t n, size_t n_ranks, size_t *owners);

#endif
