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
    /* options of a training, 0 … n-1 */
    const struct rg_config *(*config)(const void *self, size_t training);
    /* Train those in `mine` [n_mine], the longest first, and store each as soon as it is done. */
    rg_status (*train)(void *self, const size_t *mine, size_t n_mine);
    /* The result of a training; NULL: it was interrupted. */
    const struct rg_summary *(*summary)(const void *self, size_t training);
    void *self;
};

/* Call it on all ranks together. The first failure of any rank is the status of all. The struct is only read, but
 * `trainings` gets the results on rank 0, and the functions may change `self`. */
rg_status rg_deal(const struct rg_deal *deal);

/* The cost of a training, up to a factor that all trainings of a command share. Public for tests. */
double rg_deal_work(const struct rg_config *config);

/* Read a result that another rank has packed into `bytes` bytes. RG_BAD_FILE if they are not such a result. Public for
 * tests. */
rg_status rg_deal_unpack(const char *packed, size_t bytes, struct rg_sections *sections);

/* The result as bytes, rg_deal_packed_bytes of them. Public for tests. */
size_t rg_deal_packed_bytes(const struct rg_sections *sections);
void rg_deal_pack(const struct rg_sections *sections, char *packed);

/* owners[i] = the rank of training i; n_ranks for trainings with work 0, which are done. Public for tests. */
rg_status rg_deal_owners(const double *work, size_t n, size_t n_ranks, size_t *owners);

#endif
