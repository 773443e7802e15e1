/* The network on a device: its plan and buffers, and which part of the batch is in memory. Layers, head and readout
 * queue their kernels on it; the engine above (engine.h) drives them. */
#ifndef RG_NET_H
#define RG_NET_H

#include "base/sizes.h"
#include "engine/optimizer.h"
#include "engine/pieces.h"
#include "plan/buffers.h"
#include "ranks/ranks.h"
#include "rnn_gpu/config.h"

struct rg_net;
/* Where the sequences of a batch come from. `fill` queues kernels that make the steps of net->segment for sequences
 * [first_row, first_row + rows) of the batch: the chunk's x (words with an embedding), y and begin, and with
 * plan.initial the initial states (rg_layer_initial). It is called more than once for the same segment. */
struct rg_batch_source {
    rg_status (*fill)(void *self, struct rg_net *net, uint64_t update, size_t first_row, size_t rows);
    /* With plan.stateful, called when a chunk's forward pass is complete: keep the states in which the sequences end
     * (rg_layer_final). Else NULL. */
    rg_status (*keep)(void *self, struct rg_net *net, uint64_t update, size_t first_row, size_t rows);
    void *self;
    bool labelled; /* fill makes y too */
    bool ragged;   /* sequences differ in length */
    size_t terms;  /* steps with a target in the whole batch; fill sets it with the first chunk; 0: all */
    bool weighted; /* the last column of y is a row's weight in the mean of the loss */
    double weight; /* `weighted`: sum of the weights in the whole batch, set likewise */
};

struct rg_engine_options {
    struct rg_plan_options plan;
    bool fixed;         /* a plan for which the driver has no memory is not made smaller */
    double skip_budget; /* of a learned skip */
    enum rg_loss loss;  /* not AUTO */
    double dropout;     /* between layers, in training */
    uint64_t seed;      /* of dropout */
    struct rg_optimizer_options optimizer;
    struct rg_ranks *ranks; /* that share each batch, shard by shard; borrowed. NULL: this process has all of it */
    bool mixed;             /* the ranks' devices may differ: all take norm, loss and weights of rank 0 */
};

/* Phases of an update. When the engine measures, it waits after each phase and sums its seconds over updates. */
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

/* The chunk of the batch in memory: sequences [first_row, first_row + rows) of update `update`. */
struct rg_chunk {
    struct rg_batch_source *source;
    uint64_t update;
    size_t first_row, rows;
    enum rg_loss loss; /* AUTO: outputs only */
    size_t sum_row;    /* first row of the sum that the chunk is a part of: of the batch, or of a shard */
    /* set by chunk.c as it goes */
    size_t at;    /* index of the segment in memory */
    bool forward; /* its forward pass is complete and no reverse scan has begun */
};

/* How much work is queued: see keep_pace in chunk.c. */
struct rg_pace {
    size_t queued, ahead; /* segments queued since the last wait; segments until the next wait */
    double since;         /* end of the last wait, by rg_seconds */
};

#define RG_NO_PROBE SIZE_MAX

struct rg_net {
    struct rg_device *device; /* borrowed */
    struct rg_plan plan;
    struct rg_engine_options options;
    const struct rg_model *model; /* borrowed, for its table of parameters; weights are on the device */
    struct rg_buffers buffers;
    bool library;      /* wide products go to the device's library, see library.h */
    double loss_scale; /* factor of dL/dz: a power of two; 1 except in samples of the lag profile */
    size_t probe;      /* in such a sample, the only step whose loss counts; else RG_NO_PROBE */
    struct rg_chunk chunk;
    struct rg_span *segments; /* [plan.n_segments] */
    struct rg_span segment;   /* the segment in memory */
    size_t base;              /* first step in the buffers, modulo 2^64; see kernels/base/args.h */
    struct rg_pace pace;
    struct rg_pieces pieces;
    double *phases; /* [RG_N_PHASES], or NULL: do not measure */
    bool uncut;     /* a signal does not cut the update off: other ranks wait for this one */
};

/* If the net measures: wait, and add the time since *since to the phase. */
rg_status rg_net_lap(struct rg_net *net, double *since, size_t phase);

/* What a sample of the lag profile calls: see rg_engine_sample. */
struct rg_engine_visit {
    rg_status (*total)(void *self, size_t layer);
    rg_status (*layer)(void *self, size_t layer);
    void *self;
};

/* Whether the parameter that begins at that element of the arena is trained. */
bool rg_net_trains(const struct rg_net *net, size_t offset);

/* Rows (t, b) of the chunk in the segment. */
size_t rg_net_segment_rows(const struct rg_net *net);

/* The buffer, or where it does not exist one that stands in its place and that the kernel does not touch. */
struct rg_buffer *rg_net_or_unused(const struct rg_net *net, struct rg_buffer *buffer);

/* The buffer in which a layer's reverse scan leaves the deltas. If the cell saves values, the deltas overwrite them, so
 * the step is still in cache; otherwise the layers share a buffer. */
struct rg_buffer *rg_net_deltas(const struct rg_net *net, size_t layer, size_t direction);

#endif
