/* What a training leaves behind besides the model: events as JSON lines, a TensorBoard file, pictures and the report.
 */
#ifndef RG_RECORDER_H
#define RG_RECORDER_H

#include <jansson.h>

#include "files/sections.h"
#include "train/run.h"
#include "cli/report/history.h"

struct rg_recorder;

/* Before anything is made: RG_USAGE for names of files that cannot be. */
rg_status rg_recorder_check(const struct rg_config *config);

/* Open what is written as the run goes, and try the others' folders. `from`: the checkpoint of a run that goes on,
 * whose files are cut off where they stood then, or NULL. RG_NOT_SAVED, RG_BAD_FILE. `config` is borrowed. */
rg_status rg_recorder_create(const struct rg_config *config, const struct rg_sections *from, struct rg_recorder **out);
void rg_recorder_destroy(struct rg_recorder *recorder); /* NULL allowed */

/* For a checkpoint: the record of the run, and how long the files are, whose bytes go to the disk. RG_NOT_SAVED. */
rg_status rg_recorder_gather(struct rg_recorder *recorder, struct rg_sections *sections);

/* The record that grows with the run. */
struct rg_history *rg_recorder_history(struct rg_recorder *recorder);

/* One line on stdout with --json, and in the log. Takes the reference; a line that cannot be made or written is told
 * by rg_recorder_finish. */
void rg_recorder_event(struct rg_recorder *recorder, json_t *event);

/* The same without the logs. */
void rg_recorder_print(struct rg_recorder *recorder, json_t *event);

/* Whether stdout has had every event until now; what it says otherwise, rg_recorder_finish says again. */
rg_status rg_recorder_status(const struct rg_recorder *recorder);

/* An update, in order: to history and TensorBoard. */
void rg_recorder_update(struct rg_recorder *recorder, const struct rg_update *update);

/* A sample of the gradient by lag, of the update that begins with these weights: into the history, and TensorBoard.
 * RG_NO_MEMORY. */
rg_status rg_recorder_sample(struct rg_recorder *recorder, const struct rg_model *model, uint64_t update,
                             const struct rg_lag_sampler *sampler);

/* A validation, to history and TensorBoard. */
void rg_recorder_validation(struct rg_recorder *recorder, const struct rg_validation *validation);

/* After rg_run_measure and the last event: the final lag profile into the history. RG_NO_MEMORY. */
rg_status rg_recorder_measured(struct rg_recorder *recorder, const struct rg_run *run);

/* Pictures and report, and the ends of the files. RG_NOT_SAVED if anything could not be written. */
rg_status rg_recorder_finish(struct rg_recorder *recorder, const struct rg_run *run);

#endif
