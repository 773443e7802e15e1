/* The finished trainings of compare and sweep in the folder of --out, so that none is repeated.
 *
 * Each is a file DIR/training-KEY.done of named sections (files/sections.h). KEY is a hash of everything that
 * determines the result: the options of the training, the contents of its data, the device, and the version of rnn-gpu.
 * If the same training is requested again, by the same or another command line, its result is read from there.
 *
 * With --keep the trained models are files too: DIR/training-KEY.safetensors, or F-models/run-N.safetensors beside the
 * table F.csv or F.jsonl (run_table.h); with validation data also the best weights, in a name that ends in
 * -best.safetensors. */
#ifndef RG_TRAININGS_H
#define RG_TRAININGS_H

#include <jansson.h>

#include "cli/commands/checkpoints.h"
#include "files/fingerprint.h"
#include "files/lock.h"
#include "files/sections.h"
#include "train/summary.h"

enum { RG_TRAINING_PATH = 4096 + 128 };

struct rg_trainings {
    const char *folder; /* folder of --out; NULL: results are not stored */
    const char *table;  /* file of --out, which holds no results to continue from; NULL: none */
    bool keeps_models;
    bool is_first;                 /* this is the only rank, or rank 0 */
    bool starts_anew;              /* with --overwrite: results of earlier commands do not count */
    char models[RG_TRAINING_PATH]; /* the folder of the models if `folder` is NULL */
    struct rg_lock lock;
    struct rg_fingerprint files[RG_DATA_FILES]; /* of the files it reads, --data first; part of a training's key */
    struct rg_sections **held;                  /* [n_held], sections that the summaries point into */
    size_t n_held, room;
    struct rg_sections **taken; /* [n_taken], from other ranks */
    size_t n_taken, room_taken;
    struct rg_sections **unsaved; /* [n_unsaved], results that could not be saved, of `held` and `taken` */
    size_t n_unsaved, room_unsaved;
    size_t n_found; /* number found in the folder */
};

/* Create and lock the folder of --out, if there is one. Of several ranks only the first locks it. RG_NOT_SAVED,
 * RG_BAD_FILE. */
rg_status rg_trainings_open(const struct rg_config *config, struct rg_trainings *trainings);

/* Try once more to save the results that could not be saved, then release everything. RG_NOT_SAVED if one still cannot.
 * A rank other than 0 leaves that to rank 0, which has its results. */
rg_status rg_trainings_close(struct rg_trainings *trainings);

/* For a page: which of the command's `n` trainings were done before, and how long the command took. */
struct rg_facts;
void rg_trainings_facts(const struct rg_trainings *trainings, size_t n, double seconds, struct rg_facts *facts);

/* How many results of trainings the folder holds, by the names of its files. */
size_t rg_trainings_count(const char *folder);

/* Is the file of sections such a result? */
bool rg_trainings_is(const struct rg_sections *sections);

/* *out = what a stored result says, with the names of the model files beside it: {"file", "format", "model",
 * "best_model", …, "options"}. The sections are used up. RG_BAD_FILE, RG_NO_MEMORY. */
rg_status rg_trainings_json(struct rg_sections *sections, json_t **out);

/* Is it the name of such a result's file? */
bool rg_trainings_is_name(const char *name);

/* Add the files of a run's models, `model` and `best_model`, to its object, as the tables have them. "" without --keep:
 * nothing is added. */
void rg_trainings_add_models(json_t **object, const struct rg_summary *summary, const char *model);

/* The model file of a training, run number `run` of the command, from 1; "" without --keep. RG_NO_MEMORY. */
rg_status rg_trainings_model(struct rg_trainings *trainings, const struct rg_config *config, size_t run,
                             char path[RG_TRAINING_PATH]);

/* The file of the best weights beside that of a model; "" for "". */
void rg_trainings_best(const char *model, char path[RG_TRAINING_PATH]);

/* *found: the training with these options was done before, and its model exists if models are kept. Its summary is then
 * filled in. The result of another rank is stored if that rank could not. RG_NO_MEMORY. */
rg_status rg_trainings_find(struct rg_trainings *trainings, const struct rg_config *config, struct rg_summary *summary,
                            bool *found);

/* *done: rg_trainings_find would find the training in the folder. Nothing of it is kept in memory. RG_NO_MEMORY. */
rg_status rg_trainings_is_done(const struct rg_trainings *trainings, const struct rg_config *config, bool *done);

/* *out = the result of a training as sections. In another process rg_trainings_take accepts them; rg_trainings_find
 * then finds the training there. RG_NO_MEMORY. */
rg_status rg_trainings_gather(const struct rg_trainings *trainings, const struct rg_config *config,
                              const struct rg_summary *summary, struct rg_sections **out);
rg_status rg_trainings_take(struct rg_trainings *trainings, struct rg_sections *sections);

/* Store a finished training. If it cannot be saved, that is reported once, and is an error only of rg_trainings_close.
 * RG_NO_MEMORY. */
rg_status rg_trainings_keep(struct rg_trainings *trainings, const struct rg_config *config,
                            const struct rg_summary *summary);

/* With --keep and a folder: print how to find the files of each run. `width`: of the screen. */
void rg_trainings_tell_models(const struct rg_trainings *trainings, size_t width);

/* After an interrupt: print how many are done, and how the others are trained. `what`: "run" or "training". */
void rg_trainings_tell_rest(const struct rg_trainings *trainings, size_t done, size_t n, const char *what);

#endif
