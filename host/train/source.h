/* Where batches come from: those of a data set. The batches of a synthetic task are in tasks.h. */
#ifndef RG_SOURCE_H
#define RG_SOURCE_H

#include "engine/engine.h"
#include "rnn_gpu/dataset.h"
#include "train/problem.h"

/* Fp: elements from one row of x to the next. */
size_t rg_input_stride(size_t inputs);

/* Groups for a kernel that fills the window of a chunk of `rows` sequences. */
size_t rg_fill_groups(const struct rg_net *net, size_t rows);

/* Batches of a data set: `batch` sequences an update, each epoch a new order (a pure function of seed and epoch), or in
 * the file's order with shuffle false. The sequences of update u are numbers u*batch … of the endless row of epochs.
 * Those of data with streams (rg_dataset_streams) are never shuffled; an engine of plan.stateful starts them from the
 * states in which the update before ended, and from zeros in the first window of each epoch.
 * Targets are filled as the engine's model has them: of the last step, or of every step.
 *
 * Data that take more than half of the memory are staged: the device has the sequences of one update at a time, copied
 * from the host's data set. No bit depends on it. */
struct rg_data_source {
    struct rg_batch_source source;
    struct rg_device *device;
    const struct rg_dataset *data;
    struct rg_targets targets; /* `data` NULL: as they are in the data set */
    uint64_t memory;
    bool staged;
    struct rg_buffer *x, *y, *lengths; /* the data set on the device, or the sequences of an update */
    void *stage;                       /* [batch] of them, here: inputs as the device has them, */
    double *stage_y;                   /* targets */
    int32_t *stage_lengths;            /* and lengths, or NULL */
    struct rg_buffer *h_0, *c_0;       /* the states it gives to start from, or NULL */
    struct rg_buffer *places;          /* [batch] 0, 1, 2 …: of the streams or the staged sequences; else NULL */
    struct rg_buffer *index;           /* [batch] */
    uint32_t *rows;                    /* [batch], the host's copy of index */
    uint32_t *counts;                  /* [N] rows of targets that count, or NULL if all do */
    double *weights;                   /* [N] sums of the rows' weights, or NULL without class weights */
    size_t numbers;                    /* of a row of targets; 0: as the data set has them */
    uint32_t *order;                   /* [N], the order of one epoch */
    uint64_t order_epoch;
    uint64_t chosen; /* the update whose sequences are in `rows`, if has_chosen */
    bool has_chosen;
    uint64_t seed;
    size_t batch;
    bool shuffle;
};

/* How the batches of a problem are made. */
struct rg_source_options {
    size_t batch;
    uint64_t seed, memory; /* of --memory; 0: rg_device_budget */
    bool shuffle;
};

/* Sequences of a batch that only reads: at most `max`, and so few that staged data leave the memory to the plan. */
size_t rg_data_source_batch(const struct rg_device *device, const struct rg_dataset *data, size_t max, uint64_t memory);

/* From now on take the sequences in the orders of the seed. No effect on streams, which keep the order of the file. */
void rg_data_source_shuffle(struct rg_data_source *source, uint64_t seed);

/* Sequences that the device has at a time, and the bytes that they take. */
size_t rg_data_source_sequences(const struct rg_device *device, const struct rg_dataset *data, size_t batch,
                                uint64_t memory);
uint64_t rg_data_source_bytes(const struct rg_device *device, const struct rg_dataset *data, size_t batch,
                              uint64_t memory);
rg_status rg_data_source_create(struct rg_device *device, const struct rg_dataset *data, size_t batch, uint64_t seed,
                                bool shuffle, struct rg_data_source **out);
/* The same with the problem's targets: rows that do not count have no loss, one-hot rows are classes. */
rg_status rg_data_source_of(struct rg_device *device, const struct rg_problem *problem,
                            const struct rg_source_options *options, struct rg_data_source **out);
void rg_data_source_destroy(struct rg_data_source *source); /* NULL allowed */

#endif
