/* The checkpoints of a training: when they are written into the folder of --out, which are kept, and how a run resumes
 * from one.
 *
 * Besides the run's own sections (train/checkpoint.h) and its record (cli/report/history_state.h) a checkpoint holds
 *
 *     program      the version of rnn-gpu that wrote it: only that version continues with the same bits
 *     options      every option of the run (options/options_store.h), as --resume takes it
 *     settings     the same with the values that the run has, such as the steps of its data, as `inspect` shows them
 *     arguments    the command line that makes the run, each argument ended by NUL, for pages and advice; with the
 *                  options that were given beside --resume
 *     data         the absolute name of the data file; the numbers data.bytes and data.crc are its size and checksum;
 *                  likewise `val`, `test`, and `model`, the initial model
 *     device       the device's name
 *     tensorboard  the name of the event file
 *     numbers      log.bytes, folder_log.bytes and tensorboard.bytes: the lengths of those files */
#ifndef RG_CHECKPOINTS_H
#define RG_CHECKPOINTS_H

#include "cli/commands/recorder.h"
#include "files/fingerprint.h"
#include "files/lock.h"
#include "files/sections.h"
#include "train/run.h"

enum { RG_CHECKPOINT_PATH = 4096 + 48, RG_DATA_FILES = 4 };

/* The files that a run reads. */
struct rg_data_file {
    const char *name; /* name of the section and of the option */
    const char *path; /* NULL without the option */
};

/* All of them, whether the run has them or not. */
void rg_data_files(const struct rg_config *config, struct rg_data_file files[RG_DATA_FILES]);

/* Give the config another path for file `which` of that list. */
void rg_data_file_set(struct rg_config *config, size_t which, const char *path);

/* ---- Writing ---- */

struct rg_checkpoints {
    const struct rg_config *config; /* includes the folder of --out; config, run, recorder and lock are borrowed */
    struct rg_run *run;
    struct rg_recorder *recorder;
    const struct rg_lock *lock;                /* of the folder */
    char *options;                             /* what a checkpoint keeps of the options, as text */
    char *settings;                            /* the same with the values that the run has */
    struct rg_fingerprint data[RG_DATA_FILES]; /* of the files that exist */
    uint64_t newest;                           /* update of the newest checkpoint; 0: none */
    double due_time, retry_time, copy_time;    /* when the next checkpoint, retry and copy are due, in rg_seconds */
    struct rg_sections *copy;                  /* state after update `copied`, for rg_checkpoints_rescue, or NULL */
    uint64_t copied;
    bool is_failing;   /* the last attempt failed, which was reported */
    char message[600]; /* error of the checkpoint at the end; "": it was saved */
    char path[RG_CHECKPOINT_PATH];
};

/* Let a run with --out save itself now and then, and after its last update. Call it before the run's next update;
 * `done` is the number of updates that the run has made, which its newest checkpoint holds. If the run diverges, only
 * the earlier checkpoints are kept. With data from stdin, which cannot be read again, it logs that and saves nothing.
 * RG_BAD_FILE if a file of data cannot be read. */
rg_status rg_checkpoints_begin(struct rg_checkpoints *checkpoints, const struct rg_config *config, struct rg_run *run,
                               struct rg_recorder *recorder, const struct rg_lock *lock, uint64_t done);

/* Call it after the model has been saved. RG_NOT_SAVED if the checkpoint after the last update could not be written. */
rg_status rg_checkpoints_end(const struct rg_checkpoints *checkpoints);

/* Save what the host has of a run with --out that has lost its device: the last weights as `model_path`, and the last
 * copy of the run's state as a checkpoint, if it is newer than the existing ones. Copies are made now and then, and
 * take at most 1 % of the time. Both are tried, whichever fails. Returns `status`; its message is the one that was
 * recorded before, then what was saved and what could not be. */
rg_status rg_checkpoints_rescue(struct rg_checkpoints *checkpoints, rg_status status, const char *model_path);

void rg_checkpoints_release(struct rg_checkpoints *checkpoints);

/* ---- Finding ---- */

/* The updates of a folder's checkpoints, newest first. *n = 0 if there are none, or no folder. Free *updates with
 * rg_free. RG_BAD_FILE if the folder cannot be read. */
rg_status rg_checkpoints_list(const char *folder, uint64_t **updates, size_t *n);

/* "FOLDER/checkpoint-N.ckpt". */
void rg_checkpoint_name(char path[RG_CHECKPOINT_PATH], const char *folder, uint64_t update);

/* Remove all checkpoints of a folder before a new run begins there. RG_NOT_SAVED if one stays: --resume would later
 * take it for the new run's. */
rg_status rg_checkpoints_clear(const char *folder);

/* ---- Resuming ---- */

/* The state from which a run resumes. */
struct rg_resumed {
    /* the options of the run, with those given beside --resume; its strings are in the sections */
    struct rg_config config;
    struct rg_sections *sections;
    char **arguments; /* the command line that makes the whole run; see files/shell_text.h for several */
    char newline[2];  /* a word of it */
    uint64_t update;
    char path[RG_CHECKPOINT_PATH]; /* path of the checkpoint */
};

/* Read the newest intact checkpoint of the folder asked->resume, whose lock is held. A damaged newer one is reported,
 * renamed and left there. RG_BAD_FILE if there is no intact one, or if another version wrote it. RG_USAGE for options
 * that do not fit. */
rg_status rg_resumed_open(const struct rg_config *asked, struct rg_resumed *resumed);
void rg_resumed_release(struct rg_resumed *resumed);

#endif
