/* Everything that a training writes besides the model: events as JSON lines, a TensorBoard file, pictures and the
 * report. */
#ifndef RG_RECORDER_H
#define RG_RECORDER_H

#include <jansson.h>

#include "cli/report/history.h"
#include "cli/report/live_line.h"
#include "files/sections.h"
#include "train/run.h"

struct rg_recorder;

/* Before anything is created: RG_USAGE for impossible file names. */
rg_status rg_recorder_check(const struct rg_config *config);

/* Before the first update: RG_USAGE for a --figure that such a run will not have. */
rg_status rg_recorder_check_figure(const struct rg_config *config, const struct rg_run *run);

/* Open the files that are written during the run, and check the folders of the others. `from` is the checkpoint of a
 * resumed run, or NULL; the files are truncated to their lengths at that checkpoint. RG_NOT_SAVED, RG_BAD_FILE.
 * `config` is borrowed. */
rg_status rg_recorder_create(const struct rg_config *config, const struct rg_sections *from, struct rg_recorder **out);
void rg_recorder_destroy(struct rg_recorder *recorder); /* NULL allowed */

/* For a checkpoint: add the record of the run and the lengths of the files, after syncing them. RG_NOT_SAVED. */
rg_status rg_recorder_gather(struct rg_recorder *recorder, struct rg_sections *sections);

/* The run's record so far. */
struct rg_history *rg_recorder_history(struct rg_recorder *recorder);

/* Write an event as one line: on stdout with --json, and to the log. Takes the reference. rg_recorder_finish reports a
 * line that could not be built or written. */
void rg_recorder_event(struct rg_recorder *recorder, json_t *event);

/* As rg_recorder_event, but not to the logs. */
void rg_recorder_print(struct rg_recorder *recorder, json_t *event);

/* Did stdout receive every event so far? If not, rg_recorder_finish returns the same failure. */
rg_status rg_recorder_status(const struct rg_recorder *recorder);

/* Has the log a line for this update? All have one up to 65,536; from there on half as many with each doubling: every
 * second up to 131,072, every fourth up to 262,144 and so on. A run of a billion updates writes about 500,000 lines. */
bool rg_recorder_logs(uint64_t update);

/* An update, in order: to history, and with what the screen says beside it to TensorBoard, if the log has it. */
void rg_recorder_update(struct rg_recorder *recorder, const struct rg_update *update, const struct rg_live *live);

/* Add a sample of the gradient by lag, taken with the weights before update `update`, which counts from 1, to the
 * history and TensorBoard. RG_NO_MEMORY. */
rg_status rg_recorder_sample(struct rg_recorder *recorder, const struct rg_model *model, uint64_t update,
                             const struct rg_lag_sampler *sampler);

/* Add a validation to the history and TensorBoard. */
void rg_recorder_validation(struct rg_recorder *recorder, const struct rg_validation *validation);

/* After rg_run_measure and the last event: add the final lag profile to the history. RG_NO_MEMORY. */
rg_status rg_recorder_measured(struct rg_recorder *recorder, const struct rg_run *run);

/* Write no report into the folder of --out, which is no longer the run's. */
void rg_recorder_leave_folder(struct rg_recorder *recorder);

/* Write pictures and report, and close the files. RG_NOT_SAVED if anything could not be written. */
rg_status rg_recorder_finish(struct rg_recorder *recorder, const struct rg_run *run);

#endif
