/* The state of a run between two updates, as named sections (files/sections.h), and back.
 *
 * A run that is restored and goes on ends with the same bits as one that was never stopped: what the updates need
 * besides this is a pure function of the options, the data and the update's number. Whoever adds something to a run
 * that outlives an update adds its section or its numbers here, in both functions.
 *
 *     section              holds
 *     weights              the arena of the weights, in the run's precision
 *     optimizer.first      the optimiser's states, where it has them
 *     optimizer.second
 *     control              the device's counters: steps of adam, skipped and clipped updates
 *     parameters           the tensors in the arena: struct rg_parameter_row each
 *     losses               those of the headline loss (train/loss_mean.h)
 *     lags.driven          with --lag-every: which matrix and lag drove the norm, how often
 *     validation.best      with validation data: the weights with the lowest loss
 *     numbers              training.*, plateau.*, mean.*, validation.*, data.*, …
 *
 * The sections "options", "model", … are those of the program (cli/commands/checkpoints.h). */
#ifndef RG_CHECKPOINT_H
#define RG_CHECKPOINT_H

#include "files/sections.h"
#include "train/run.h"

/* Where a tensor lies in the arena. */
struct rg_parameter_row {
    char name[RG_NAME_BYTES];
    uint64_t rows, columns; /* of a bias columns = 0 */
    uint64_t offset;        /* elements */
};

/* Add the run's state, with nothing queued. *finite: weights and optimiser are; if not, nothing is to be saved. */
rg_status rg_checkpoint_gather(struct rg_run *run, struct rg_sections *sections, bool *finite);

/* Bring a run that has just been made to that state. RG_BAD_FILE if the sections are not those of such a run. */
rg_status rg_checkpoint_restore(struct rg_run *run, const struct rg_sections *sections);

#endif
