/* The checkpoints of a training: when they are written into the folder of --out, which of them stay, and how a run goes
 * on from one.
 *
 * Besides the run's own sections (train/checkpoint.h) and its record (cli/report/history_state.h) a checkpoint holds
 *
 *     program      the version of rnn-gpu that wrote it: the only one that goes on with the same bits
 *     options      every option of the run (options/options_store.h)
 *     arguments    the command line, each argument ended by NUL, for pages and advice
 *     data         the data file's name from the root; its size and checksum are the numbers data.bytes and data.crc;
 *                  likewise `val`, `test` and `model`, which the run began with
 *     device       the device's name
 *     tensorboard  the name of the event file
 *     numbers      log.bytes, folder_log.bytes and tensorboard.bytes: how long those files were */
#ifndef RG_CHECKPOINTS_H
#define RG_CHECKPOINTS_H

#include "cli/commands/recorder.h"
#include "files/fingerprint.h"
#include "files/sections.h"
#include "train/run.h"

enum { RG_CHECKPOINT_PATH = 4096 + 48, RG_DATA_FILES = 4 };

/* The files that a run reads. */
struct rg_data_file {
    const char *name; /* of the section, and of the option */
    const char **path;
};
void rg_data_files(struct rg_config *config, struct rg_data_file files[RG_DATA_FILES]);

/* ---- Writing ---- */

struct rg_checkpoints {
    const struct rg_config *config; /* with the folder of --out; borrowed, as the next two */
    struct rg_run *run;
    struct rg_recorder *recorder;
    char *options;
    struct rg_fingerprint data[RG_DATA_FILES]; /* of those that there are */
    uint64_t newest;                           /* update of the newest checkpoint; 0: none */
    double due, next;                          /* by rg_seconds: the next one; and when a failed one is tried again */
    bool is_failing;                           /* the last attempt failed, which was told */
    char message[600];                         /* what that of the end says; "": it is saved */
    char path[RG_CHECKPOINT_PATH];
};

/* Before the first update of a run with --out, which has made `newest` updates: the run will save itself, also after
 * its last update, unless it diverged, which leaves those before. RG_BAD_FILE
 * if its data cannot be read again. */
rg_status rg_checkpoints_begin(struct rg_checkpoints *checkpoints, const struct rg_config *config, struct rg_run *run,
                               struct rg_recorder *recorder, uint64_t newest);

/* When the model is saved: RG_NOT_SAVED if the checkpoint after the last update could not be. */
rg_status rg_checkpoints_end(const struct rg_checkpoints *checkpoints);

void rg_checkpoints_release(struct rg_checkpoints *checkpoints);

/* ---- Finding ---- */

/* The updates of the checkpoints in a folder, newest first; *n = 0 if there are none, or no folder. Free *updates with
 * rg_free. */
rg_status rg_checkpoints_list(const char *folder, uint64_t **updates, size_t *n);

/* "FOLDER/checkpoint-N.ckpt". */
void rg_checkpoint_name(char path[RG_CHECKPOINT_PATH], const char *folder, uint64_t update);

/* Remove all checkpoints of a folder, before a new run begins there. */
rg_status rg_checkpoints_clear(const char *folder);

/* ---- Going on ---- */

/* What a resumed run starts from. */
struct rg_resumed {
    struct rg_config config; /* the options of the run, with what was given anew; its strings lie in the sections */
    struct rg_sections *sections;
    char **arguments; /* of the run's own command line */
    uint64_t update;
    char path[RG_CHECKPOINT_PATH]; /* of the checkpoint */
};

/* Read the newest whole checkpoint of the folder asked->resume, whose lock is held. A damaged newer one is told,
 * renamed and left there. RG_BAD_FILE without a whole one, and for another version's; RG_USAGE for options that do not
 * fit. */
rg_status rg_resumed_open(const struct rg_config *asked, struct rg_resumed *resumed);
void rg_resumed_release(struct rg_resumed *resumed);

#endif
