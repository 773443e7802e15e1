/* The finished trainings of compare and sweep in the folder of --out, so that none is trained twice.
 *
 * Each is a file DIR/training-KEY.done of named sections (files/sections.h), KEY being a hash of all that decides the
 * result: the options of the training, the contents of its data, the device, and the version of rnn-gpu. A training
 * that is asked for again, with the same or another command line, has its result from there.
 *
 * With --keep the trained models are files too: DIR/training-KEY.safetensors, or F-models/run-N.safetensors beside the
 * table F.csv or F.jsonl (run_table.h). */
#ifndef RG_TRAININGS_H
#define RG_TRAININGS_H

#include "files/fingerprint.h"
#include "files/lock.h"
#include "files/sections.h"
#include "train/summary.h"

enum { RG_TRAINING_PATH = 4096 + 128 };

struct rg_trainings {
    const char *folder; /* of --out; NULL: no result is kept */
    bool keeps_models;
    char models[RG_TRAINING_PATH]; /* the folder of the models where `folder` is NULL */
    struct rg_lock lock;
    struct rg_fingerprint data;
    struct rg_sections **held; /* [n_held], which the summaries found point into */
    size_t n_held, room;
    struct rg_sections **taken; /* [n_taken], of other ranks */
    size_t n_taken, room_taken;
    size_t n_found;  /* in the folder */
    bool is_failing; /* a result could not be saved, which was told */
};

/* Make and lock the folder of --out, if there is one; of several ranks the first locks it. RG_NOT_SAVED, RG_BAD_FILE.
 */
rg_status rg_trainings_open(const struct rg_config *config, struct rg_trainings *trainings);
void rg_trainings_close(struct rg_trainings *trainings);

/* The file for the model of a training, the `run`-th from 1 of the command; "" without --keep. RG_NO_MEMORY. */
rg_status rg_trainings_model(struct rg_trainings *trainings, const struct rg_config *config, size_t run,
                             char path[RG_TRAINING_PATH]);

/* *found: the training with these options was done before, its model is there if models are kept, and its summary is
 * filled in. RG_NO_MEMORY. */
rg_status rg_trainings_find(struct rg_trainings *trainings, const struct rg_config *config, struct rg_summary *summary,
                            bool *found);

/* *out = the result of a training as sections, which rg_trainings_take takes over in another process: from then on
 * rg_trainings_find finds it there. RG_NO_MEMORY. */
rg_status rg_trainings_gather(const struct rg_trainings *trainings, const struct rg_config *config,
                              const struct rg_summary *summary, struct rg_sections **out);
rg_status rg_trainings_take(struct rg_trainings *trainings, struct rg_sections *sections);

/* Keep a finished training. That it cannot be saved is told once, and no error. RG_NO_MEMORY. */
rg_status rg_trainings_keep(struct rg_trainings *trainings, const struct rg_config *config,
                            const struct rg_summary *summary);

#endif
