/* The training loop: updates are queued, their records read now and then. */
#ifndef RG_TRAINER_H
#define RG_TRAINER_H

#include "engine/engine.h"
#include "rnn_gpu/config.h"
#include "train/loss_mean.h"
#include "train/schedule.h"

/* Sequences of an update: the batch, times the batches of --accumulate. */
size_t rg_update_sequences(const struct rg_config *config);

struct rg_update {
    uint64_t update; /* from 1 */
    double loss;
    double grad_norm; /* before clipping */
    bool clipped, skipped;
    double lr;
    double sequences_per_s; /* since the last report */
};

enum rg_reason {
    RG_REASON_DONE,
    RG_REASON_TARGET,
    RG_REASON_TIME,
    RG_REASON_INTERRUPTED,
    RG_REASON_DIVERGED,
    RG_REASON_PATIENCE /* so many validations without a lower loss */
};
extern const char *const rg_reason_names[];

struct rg_training {
    enum rg_reason reason;
    uint64_t updates; /* made, skipped ones included */
    uint64_t applied; /* the last that was not skipped, which the weights are those after; 0: none */
    uint64_t clipped, skipped;
    double loss;           /* the run's: the mean over the last updates (loss_mean.h); NAN if it diverged */
    double median_loss;    /* the median over the same updates; NAN if it diverged */
    uint64_t loss_updates; /* how many these are */
    double last_loss;      /* of the last update */
    double grad_norm;
    double seconds; /* of the loop, those before a resumption too */
    double sequences_per_s;
};

/* The share of updates that were clipped; 0 if there were none. */
double rg_clip_rate(const struct rg_training *training);

/* Validations during the training. */
struct rg_validation_hooks {
    bool (*due)(const void *self, uint64_t update); /* is one due after this update? */
    /* Update `update` is done and nothing is queued: its validation loss, and whether that is enough of them. */
    rg_status (*run)(void *self, uint64_t update, double *loss, bool *stop);
    bool (*enough)(const void *self); /* were there enough of them before? */
    void *self;
};

/* All that the loop carries from one update to the next, besides what is on the device. With it and the device's state
 * a run goes on as if it had never stopped. */
struct rg_trainer_state {
    struct rg_training training; /* `seconds` are those until now */
    uint64_t skipped_row;        /* skipped updates in a row, up to now */
    uint64_t validated;          /* the last update after which there was a validation */
    struct rg_plateau plateau;
    struct rg_loss_mean mean;
};

/* The state before the first update. RG_NO_MEMORY. */
rg_status rg_trainer_state_create(const struct rg_config *config, struct rg_trainer_state *state);
void rg_trainer_state_release(struct rg_trainer_state *state);

struct rg_trainer_hooks {
    void (*on_update)(void *self, const struct rg_update *update); /* in order, each update once */
    void *self;
    /* the update that follows `updates_done` others is about to be queued; or NULL */
    rg_status (*before)(void *self, uint64_t updates_done);
    /* After a report, and a validation that was due, with nothing queued and more updates to come; or NULL. */
    rg_status (*at_rest)(void *self, const struct rg_trainer_state *state);
    uint64_t rest_every; /* there is a report after every multiple of so many updates; 0: where it suits the device */
    const struct rg_validation_hooks *validation; /* or NULL */
};

/* Train on from `state`, up to config->updates updates in all; --max-time counts the seconds of the state too. Where
 * the run stops depends on its options alone, but for --max-time and signals (base/stop.h): an update of several chunks
 * or launches that a signal cuts off is left out, so that the weights are those of the last finished update.
 * state->training holds the result, whose loss is NAN if the run diverged. The status is RG_OK for every reason; the
 * caller turns DIVERGED and INTERRUPTED into statuses of their own. */
rg_status rg_train(struct rg_engine *engine, struct rg_batch_source *source, const struct rg_config *config,
                   const struct rg_trainer_hooks *hooks, struct rg_trainer_state *state);

#endif
