/* The engine computes with a model on a device. It queues the kernels of an update one after the other, and the host
 * needs no result of them before the update has ended, except with several shards (shards.h).
 *
 *   weights -> packed -> [chunk: x, y -> forward scan h -> head z, dz, dh -> reverse scan d -> partial sums] for all
 *   chunks -> gradient -> norm -> optimiser -> weights */
#ifndef RG_ENGINE_H
#define RG_ENGINE_H

#include "engine/net.h"
#include "engine/optimizer.h"

struct rg_engine {
    struct rg_net net;
    struct rg_optimizer_state *optimizer;
    struct rg_shards *shards; /* where the batch has more than one, see shards.h; else NULL */
};

/* Allocate the memory and load the model's weights in the device's precision. `model` must outlive the engine. */
rg_status rg_engine_create(struct rg_device *device, const struct rg_model *model,
                           const struct rg_engine_options *options, struct rg_engine **out);
void rg_engine_destroy(struct rg_engine *engine); /* NULL allowed */

/* Weights from a model to the device and back, gradients [arena] in the model's layout. Reading waits. */
rg_status rg_engine_set_weights(struct rg_engine *engine, const struct rg_model *model);
rg_status rg_engine_get_weights(struct rg_engine *engine, struct rg_model *model);
/* The same if all weights are finite; otherwise *finite = false and the model does not change. */
rg_status rg_engine_get_finite_weights(struct rg_engine *engine, struct rg_model *model, bool *finite);
rg_status rg_engine_get_gradients(struct rg_engine *engine, double *gradients);
/* Loss and gradient norm of the update on the device, summed in double on the host. The norm leaves out biases that the
 * model's file does not have. Waits. */
rg_status rg_engine_totals(struct rg_engine *engine, double *loss, double *norm);

/* dL/dh_0 [L*D][batch][H] and, for an lstm, dL/dc_0 of the same shape, after rg_engine_gradient of an engine with
 * plan.initial_gradient. Waits. */
rg_status rg_engine_get_initial_gradients(struct rg_engine *engine, double *dh_0, double *dc_0);

/* Outputs of the first `rows` sequences of a batch, [rows][T'][O] without padding. Waits. */
rg_status rg_engine_forward(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update, size_t rows,
                            double *outputs);
/* Queue loss and gradient of the whole batch; with several shards this waits, and with several ranks it computes the
 * shards of this one and exchanges sums with the others. If the program is to stop (base/stop.h), this ends before the
 * next segment of a chunk with the status of rg_stop_check, as everything does that goes through chunks. Weights and
 * optimiser are then unchanged, and the unfinished gradient is useless. */
rg_status rg_engine_gradient(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update);
/* Queue the norm, whose record goes into history slot update % RG_HISTORY. Queue the optimiser. */
rg_status rg_engine_norm(struct rg_engine *engine, uint64_t update);
rg_status rg_engine_step(struct rg_engine *engine, double lr);

/* For the lag profile:
 *   rg_engine_pack        pack the weights
 *   rg_engine_chunk       queue a chunk, with the engine's loss, down to the reverse scans of `layer`, whose deltas are
 *                         then in memory
 *   rg_engine_step_terms  queue the weight gradient of one direction of that layer, each of the steps by itself:
 *                         partial[direction's offset + i*rg_plan_term] = the term of step steps.begin + i; at most
 *                         plan.slices steps */
rg_status rg_engine_pack(struct rg_engine *engine);
rg_status rg_engine_chunk(struct rg_engine *engine, struct rg_chunk chunk, size_t layer);
rg_status rg_engine_step_terms(struct rg_engine *engine, size_t layer, size_t direction, struct rg_span steps);

/* A number of the control block or the history, exactly. */
double rg_exact_read(struct rg_exact exact);
/* Read the control block, or the history. They wait. */
rg_status rg_engine_control(struct rg_engine *engine, struct rg_control *control);
rg_status rg_engine_history(struct rg_engine *engine, struct rg_record history[RG_HISTORY]);

#endif
