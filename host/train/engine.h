/* The engine: a model on a device, and one update as a queue of kernels. Nothing comes back to the host inside an
 * update.
 *
 *   weights -> packed -> [chunk: x, y -> forward sweep h -> head z, dz, dh -> reverse sweep d -> partial sums] for all
 *   chunks -> gradient -> norm -> optimiser -> weights */
#ifndef RG_ENGINE_H
#define RG_ENGINE_H

#include "rnn_gpu/config.h"
#include "train/optimizer.h"
#include "train/plan.h"

/* Where the sequences of a batch come from. `fill` queues what makes the steps of engine->window of sequences
 * [first_row, first_row + rows) of the batch: x (words with an embedding), y and begin of the chunk, and with
 * plan.initial the states that they start from (rg_layer_initial). A window is asked for more than once. */
struct rg_engine;
struct rg_source {
    rg_status (*fill)(void *self, struct rg_engine *engine, uint64_t update, size_t first_row, size_t rows);
    void *self;
    bool labelled; /* y is filled too */
    bool ragged;   /* sequences differ in length */
    size_t terms;  /* steps with a target in the whole batch, set by the fill of its first chunk; 0: all of them */
};

struct rg_engine_options {
    struct rg_plan_options plan;
    double skip_budget; /* of a learned skip */
    enum rg_loss loss;  /* not AUTO; the targets of `source` fit it */
    double dropout;     /* between layers, in training */
    uint64_t seed;      /* of dropout */
    struct rg_optimizer_options optimizer;
};

/* Seconds of each phase, summed over updates, when the engine is asked to measure (it then waits after each). */
enum {
    RG_PHASE_DATA,
    RG_PHASE_PACK,
    RG_PHASE_FORWARD,
    RG_PHASE_HEAD,
    RG_PHASE_REVERSE,
    RG_PHASE_WEIGHT_GRADIENT,
    RG_PHASE_CLIP,
    RG_PHASE_OPTIMIZER,
    RG_N_PHASES
};

/* A chunk of the batch. */
struct rg_chunk {
    struct rg_source *source;
    uint64_t update;
    size_t first_row, rows;
    enum rg_loss loss;
    size_t at;    /* number of the window in memory */
    bool forward; /* its forward pass is there, no reverse sweep has begun */
};

/* What is kept at the borders of windows, for one direction of one layer; see plan.h. */
struct rg_marks {
    struct rg_buffer *states; /* [windows][lead][chunk][D*Hp] */
    struct rg_buffer *saved;  /* [windows][lead][chunk][saved][Hp], or NULL */
    struct rg_buffer *deltas; /* [delta_marks][lead][chunk][deltas][Hp] */
    struct rg_buffer *carry;  /* [delta_marks], each as engine->carry */
};

#define RG_NO_PROBE SIZE_MAX

enum { RG_HISTORY = 256 }; /* updates whose loss and norm the device keeps */

struct rg_engine {
    struct rg_device *device; /* borrowed */
    struct rg_plan plan;
    struct rg_engine_options options;
    const struct rg_model *model; /* borrowed; its table of parameters, not its weights */
    double *phases;               /* [RG_N_PHASES], or NULL: do not measure */
    double loss_scale;            /* times dL/dz; a power of two, 1 but for samples of the lag profile */
    size_t probe;                 /* the one step whose loss counts, in such a sample; or RG_NO_PROBE */
    struct rg_chunk chunk;        /* what is being worked on */
    struct rg_span *windows;      /* [plan.windows], the steps of each */
    struct rg_span window;        /* the one in memory, */
    size_t base;                  /* and the step that the buffers begin with, modulo 2^64; see kernels/args.h */
    struct rg_marks marks[RG_MAX_LAYERS][2];
    struct rg_optimizer_state *optimizer;
    bool library; /* wide products go to the device's library, see library.h */
    /* R: plan.room, the steps in memory; T'': plan.target_room, 1 or R */
    /* rows of D*Hp, and of saved values or deltas, have some padding behind them: plan.out_stride, plan.d_stride */
    struct rg_buffer *weights, *gradients; /* [arena] */
    struct rg_buffer *packed;              /* [plan.packed] */
    struct rg_buffer *partial;             /* [plan.partial] */
    struct rg_buffer *x;                   /* [R][chunk][Fp] */
    struct rg_buffer *words; /* [R][chunk], 1 + the number of a word, 0 before a start; or NULL without embedding */
    struct rg_buffer *dx;    /* [R][chunk][plan.dx_stride], dL/dx of the embedded words, or NULL */
    struct rg_buffer *begin; /* [chunk] */
    struct rg_buffer *out[RG_MAX_LAYERS];      /* [R][chunk][D*Hp], a layer's states; R+2 with initial ones */
    struct rg_buffer *dropped[RG_MAX_LAYERS];  /* the same after dropout, or NULL; none for the last layer */
    struct rg_buffer *saved[RG_MAX_LAYERS][2]; /* [R][chunk][saved][Hp] of each direction; R+2 like out */
    struct rg_buffer *gate[RG_MAX_LAYERS][2];  /* [T][chunk][RG_GATE_VALUES] of each direction, with a learned skip */
    struct rg_buffer *d[2];                    /* [R][chunk][deltas][Hp] of cells that save nothing; rg_engine_deltas */
    struct rg_buffer *dout[2];                 /* [R][chunk][D*Hp], dL/dout of layers below the last, taking turns */
    struct rg_buffer *dhead;                   /* [T''][chunk][D*Hp], dL/dout of the last layer */
    struct rg_buffer *carry;                   /* [carried][max(skip, 1)][chunk][Hp] */
    struct rg_buffer *dh_0, *dc_0;             /* [L*D][batch][Hp], dL/dh_0 and, of lstm, dL/dc_0, or NULL */
    struct rg_buffer *dz;                      /* [T''][chunk][Op] */
    struct rg_buffer *y;                       /* [T''][chunk][n_targets] */
    struct rg_buffer *z;                       /* [T''][chunk][Op] */
    struct rg_buffer *row_loss;                /* [batch] */
    struct rg_buffer *unused;                  /* stands where a kernel takes a buffer that it will not touch */
    struct rg_buffer *norms;                   /* [plan.norm_groups] struct rg_norm_partial */
    struct rg_buffer *control;                 /* struct rg_control */
    struct rg_buffer *history;                 /* [RG_HISTORY] struct rg_record */
};

/* Take the memory and load the model's weights, in the device's precision. `model` must outlive the engine. */
rg_status rg_engine_create(struct rg_device *device, const struct rg_model *model,
                           const struct rg_engine_options *options, struct rg_engine **out);
void rg_engine_destroy(struct rg_engine *engine); /* NULL allowed */

/* Weights from a model to the device and back, gradients [arena] in the model's layout. Reading waits. */
rg_status rg_engine_set_weights(struct rg_engine *engine, const struct rg_model *model);
rg_status rg_engine_get_weights(struct rg_engine *engine, struct rg_model *model);
rg_status rg_engine_get_gradients(struct rg_engine *engine, double *gradients);
/* The loss and the norm of the gradient that are on the device, added up in double on the host: what the records hold
 * as floats, but for biases that the model's file lacks. Waits. */
rg_status rg_engine_totals(struct rg_engine *engine, double *loss, double *norm);

/* dL/dh_0 [L*D][batch][H], and dL/dc_0 alike if the cell is an lstm, of an engine with plan.initial_gradient after
 * rg_engine_gradient. Waits. */
rg_status rg_engine_get_initial_gradients(struct rg_engine *engine, double *dh_0, double *dc_0);

/* Outputs of the first `rows` sequences of a batch, [rows][T'][O] without padding. Waits. */
rg_status rg_engine_forward(struct rg_engine *engine, struct rg_source *source, uint64_t update, size_t rows,
                            double *outputs);
/* Queue loss and gradient of the whole batch. */
rg_status rg_engine_gradient(struct rg_engine *engine, struct rg_source *source, uint64_t update);
/* Queue the norm (the record goes into history slot update % RG_HISTORY), and the optimiser. */
rg_status rg_engine_norm(struct rg_engine *engine, uint64_t update);
rg_status rg_engine_step(struct rg_engine *engine, double lr);

/* For the lag profile. Pack the weights; queue a chunk down to the reverse sweeps of layer `layer`, whose deltas are
 * then in memory; the weight gradient of one direction of that layer for steps [begin, end), one segment a step, at
 * most plan.segments: partial[direction's offset + i*term] = the term of step begin + i, see rg_plan_term. */
rg_status rg_engine_pack(struct rg_engine *engine);
rg_status rg_engine_chunk(struct rg_engine *engine, struct rg_source *source, uint64_t update, size_t first_row,
                          size_t rows, size_t layer);
rg_status rg_engine_step_terms(struct rg_engine *engine, size_t layer, size_t direction, size_t rows, size_t begin,
                               size_t end);

/* Where the reverse sweeps of a layer leave the deltas: in place of the values that the cell saved, where it saves
 * any, so that a step's are still in the cache; else in a buffer that the layers share. */
struct rg_buffer *rg_engine_deltas(const struct rg_engine *engine, size_t layer, size_t direction);

/* For samples of the lag profile: the first `rows` sequences of an update, at most a chunk, down through all layers.
 * `total` finds the partial sums of a layer's weight gradient in memory; after it, window by window, `layer` finds its
 * deltas of the steps in engine->window. The loss is that of step `probe` (from 0) alone where every step has one,
 * times 2^exponent. What the update itself computes is to be queued after this. */
struct rg_engine_visit {
    rg_status (*total)(void *self, size_t layer);
    rg_status (*layer)(void *self, size_t layer);
    void *self;
};
rg_status rg_engine_sample(struct rg_engine *engine, struct rg_source *source, uint64_t update, size_t rows,
                           size_t probe, int exponent, const struct rg_engine_visit *visit);
/* Queue: total [term] = the weight gradient of one direction of the layer, from its partial sums. With it, a struct
 * rg_lag_part for every step of the window and matrix into parts[T][n_matrices] from element `out` on. */
rg_status rg_engine_lag_total(struct rg_engine *engine, size_t layer, size_t direction, struct rg_buffer *total);
rg_status rg_engine_lag_parts(struct rg_engine *engine, size_t layer, size_t direction, size_t rows,
                              struct rg_buffer *total, struct rg_buffer *parts, size_t out);

/* Read the control block; the history. They wait. */
rg_status rg_engine_control(struct rg_engine *engine, struct rg_control *control);
rg_status rg_engine_history(struct rg_engine *engine, struct rg_record history[RG_HISTORY]);

/* Seconds on a clock that only goes forward. */
double rg_seconds(void);
/* When measuring: wait, and add the time since *since to *phase. */
rg_status rg_engine_lap(struct rg_engine *engine, double *since, size_t phase);

#endif
