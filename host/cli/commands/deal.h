/* Distributing the trainings of compare and sweep to the ranks of mpirun. The longest are assigned first, each to the
 * rank with the least work. Rank 0 receives all results. From then on it finds every training done (rg_trainings_find)
 * and shows the results like a single process. */
#ifndef RG_DEAL_H
#define RG_DEAL_H

#include "cli/commands/trainings.h"
#include "ranks/ranks.h"

struct rg_deal {
    struct rg_ranks *ranks;
    struct rg_trainings *trainings;
    size_t n;
    /* options of training 0 … n-1, in any order */
    const struct rg_config *(*config)(const void *self, size_t training);
    /* Train those in `mine` [n_mine], the longest first, and store each as soon as it is done. */
    rg_status (*train)(void *self, const size_t *mine, size_t n_mine);
    /* The result of a training; NULL: it was interrupted. */
    const struct rg_summary *(*summary)(const void *self, size_t training);
    void *self;
};

/* Call it on all ranks together. The first failure of any rank is the status of all. */
rg_status rg_deal(const struct rg_deal *deal);

/* owners[i] = the rank of training i; n_ranks for trainings with work 0, which are done. Public for tests. */
rg_status rg_deal_owners(const double *work, size_t n, size_t n_ranks, size_t *owners);

#endif
