/* The training loop: updates are queued, their records read now and then. */
#ifndef RG_TRAINER_H
#define RG_TRAINER_H

#include <signal.h>

#include "rnn_gpu/config.h"
#include "train/engine.h"

struct rg_update {
    uint64_t update; /* from 1 */
    double loss;
    double grad_norm; /* before clipping */
    bool clipped, skipped;
    double lr;
    double sequences_per_s; /* since the last report */
};

enum rg_reason { RG_REASON_DONE, RG_REASON_TARGET, RG_REASON_TIME, RG_REASON_INTERRUPTED, RG_REASON_DIVERGED };
extern const char *const rg_reason_names[];

struct rg_training {
    enum rg_reason reason;
    uint64_t updates; /* made, skipped ones included */
    uint64_t clipped, skipped;
    double loss; /* of the last update */
    double grad_norm;
    double seconds; /* of the loop */
    double sequences_per_s;
};

/* The share of updates that were clipped; 0 if there were none. */
double rg_clip_rate(const struct rg_training *training);

struct rg_trainer_hooks {
    void (*on_update)(void *self, const struct rg_update *update); /* in order, each update once */
    void *self;
    const volatile sig_atomic_t *stop;                /* not 0: finish the update and end */
    rg_status (*before)(void *self, uint64_t update); /* an update, from 0, is about to be queued; or NULL */
};

/* Train. Where the run stops depends on its options alone, but for --max-time and `stop`. The status is RG_OK for every
 * reason; the caller turns DIVERGED and INTERRUPTED into statuses of their own. */
rg_status rg_train(struct rg_engine *engine, struct rg_source *source, const struct rg_config *config,
                   const struct rg_trainer_hooks *hooks, struct rg_training *training);

#endif
