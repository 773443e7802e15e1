/* What a training leaves behind besides the model: events as JSON lines, a TensorBoard file, pictures and the report.
 */
#ifndef RG_RECORDER_H
#define RG_RECORDER_H

#include <jansson.h>

#include "commands/run.h"
#include "report/history.h"

struct rg_recorder;

/* Before anything is made: RG_USAGE for names of files that cannot be. */
rg_status rg_recorder_check(const struct rg_config *config);

/* Open what is written as the run goes, and try the others' folders. RG_NOT_SAVED. `config` is borrowed. */
rg_status rg_recorder_create(const struct rg_config *config, struct rg_recorder **out);
void rg_recorder_destroy(struct rg_recorder *recorder); /* NULL allowed */

/* The record that grows with the run. */
struct rg_history *rg_recorder_history(struct rg_recorder *recorder);

/* One line on stdout with --json, and in the log. Takes the reference; NULL (no memory) is reported. */
void rg_recorder_event(struct rg_recorder *recorder, json_t *event);

/* An update, in order: to history and TensorBoard. */
void rg_recorder_update(struct rg_recorder *recorder, const struct rg_update *update);

/* A sample of the gradient by lag, of the update that begins with these weights: into the history, and TensorBoard.
 * RG_NO_MEMORY. */
rg_status rg_recorder_sample(struct rg_recorder *recorder, const struct rg_model *model, uint64_t update,
                             const struct rg_lag_sampler *sampler);

/* After rg_run_measure and the last event: the final lag profile into the history. RG_NO_MEMORY. */
rg_status rg_recorder_measured(struct rg_recorder *recorder, const struct rg_run *run);

/* Pictures and report, and the ends of the files. RG_NOT_SAVED if anything could not be written. */
rg_status rg_recorder_finish(struct rg_recorder *recorder, const struct rg_run *run);

#endif
