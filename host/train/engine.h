/* The engine: a model on a device, and one update as a queue of kernels. Nothing comes back to the host inside an
 * update.
 *
 *   weights -> packed -> [chunk: x, y -> forward sweep h -> head z, dz, dh -> reverse sweep d -> partial sums] for all
 *   chunks -> gradient -> norm -> optimiser -> weights */
#ifndef RG_ENGINE_H
#define RG_ENGINE_H

#include "rnn_gpu/config.h"
#include "train/plan.h"

/* Where the sequences of a batch come from. `fill` queues what makes sequences [first_row, first_row + rows) of the
 * batch: x and begin for the chunk, y for the batch. */
struct rg_engine;
struct rg_source {
    rg_status (*fill)(void *self, struct rg_engine *engine, uint64_t update, size_t first_row, size_t rows);
    void *self;
    bool labelled; /* y is filled too */
    bool ragged;   /* sequences differ in length */
};

struct rg_engine_options {
    struct rg_plan_options plan;
    enum rg_loss loss; /* not AUTO; the targets of `source` fit it */
    enum rg_optimizer optimizer;
    double clip_norm;
    unsigned max_skips; /* updates with a loss or gradient that is not finite, in a row, that stop the run */
};

/* Seconds of each phase, summed over updates, when the engine is asked to measure (it then waits after each). */
struct rg_phases {
    double data, pack, forward, head, reverse, weight_gradient, clip, optimizer;
};

enum { RG_HISTORY = 256 }; /* updates whose loss and norm the device keeps */

struct rg_engine {
    struct rg_device *device; /* borrowed */
    struct rg_plan plan;
    struct rg_engine_options options;
    const struct rg_model *model; /* borrowed; its table of parameters, not its weights */
    struct rg_phases *phases;     /* NULL: do not measure */
    /* [arena]; first and second are Adam's moments */
    struct rg_buffer *weights, *gradients, *first, *second;
    struct rg_buffer *packed;   /* [plan.packed] */
    struct rg_buffer *partial;  /* [plan.partial] */
    struct rg_buffer *x;        /* [T][chunk][Fp] */
    struct rg_buffer *begin;    /* [chunk] */
    struct rg_buffer *h;        /* [T][chunk][Hp] */
    struct rg_buffer *d;        /* [T][chunk][G*Hp] */
    struct rg_buffer *dh;       /* [chunk][Hp] */
    struct rg_buffer *dz;       /* [chunk][Op] */
    struct rg_buffer *y;        /* [batch][n_targets] */
    struct rg_buffer *z;        /* [batch][Op] */
    struct rg_buffer *row_loss; /* [batch] */
    struct rg_buffer *ones;     /* [RG_INPUT_PAD], all 1 */
    struct rg_buffer *norms;    /* [plan.norm_groups] struct rg_norm_partial */
    struct rg_buffer *control;  /* struct rg_control */
    struct rg_buffer *history;  /* [RG_HISTORY] struct rg_record */
};

/* Take the memory and load the model's weights. `model` must outlive the engine. */
rg_status rg_engine_create(struct rg_device *device, const struct rg_model *model,
                           const struct rg_engine_options *options, struct rg_engine **out);
void rg_engine_destroy(struct rg_engine *engine); /* NULL allowed */

/* Weights to and from the device, gradients from it, in the model's arena layout. Reading waits. */
rg_status rg_engine_set_weights(struct rg_engine *engine, const float *weights);
rg_status rg_engine_get_weights(struct rg_engine *engine, float *weights);
rg_status rg_engine_get_gradients(struct rg_engine *engine, float *gradients);

/* Queue the outputs z of the first `rows` sequences of a batch. */
rg_status rg_engine_forward(struct rg_engine *engine, const struct rg_source *source, uint64_t update, size_t rows);
/* Queue loss and gradient of the whole batch. */
rg_status rg_engine_gradient(struct rg_engine *engine, const struct rg_source *source, uint64_t update);
/* Queue the norm (the record goes into history slot update % RG_HISTORY), and the optimiser. */
rg_status rg_engine_norm(struct rg_engine *engine, uint64_t update);
rg_status rg_engine_step(struct rg_engine *engine, double lr);

/* The weight gradient of the recurrent layer alone, of the chunk that is now in memory, for steps [begin, end), one
 * segment a step: partial[i] = the term of step begin + i, [H + Fp][G*Hp] each. At most plan.segments steps. */
rg_status rg_engine_step_terms(struct rg_engine *engine, size_t rows, size_t begin, size_t end, bool accumulate);
/* Queue sweeps and head for one chunk, so that h and d are in memory. */
rg_status rg_engine_chunk(struct rg_engine *engine, const struct rg_source *source, uint64_t update, size_t first_row,
                          size_t rows);
rg_status rg_engine_pack(struct rg_engine *engine);

/* Read outputs of the first `rows` sequences, [rows][O] without padding; the control block; the history. They wait. */
rg_status rg_engine_outputs(struct rg_engine *engine, size_t rows, float *outputs);
rg_status rg_engine_control(struct rg_engine *engine, struct rg_control *control);
rg_status rg_engine_history(struct rg_engine *engine, struct rg_record history[RG_HISTORY]);

#endif
