/* Where batches come from: what is to be learned, and the batches of a data set that lies on the device. The synthetic
 * tasks are in tasks.h. */
#ifndef RG_SOURCE_H
#define RG_SOURCE_H

#include "rnn_gpu/dataset.h"
#include "engine/engine.h"
#include "train/targets.h"

/* What is to be learned: sizes and the loss that the task or the data ask for. */
struct rg_problem {
    const char *name;      /* of the task, or of the file without its folder; borrowed from options or data set */
    size_t inputs;         /* F */
    size_t steps;          /* T: of a task as --steps gives it, of a data set as data_steps */
    size_t data_steps;     /* steps of a sequence: what a plan needs */
    size_t outputs;        /* O */
    enum rg_target target; /* a loss at the last step, or at every step */
    size_t n_targets;      /* numbers of y per sequence, or per step; with class weights one of them is the weight */
    enum rg_loss loss;
    double baseline;               /* loss of the best answer that has not seen the sequence; NAN if it has none */
    size_t n_sequences;            /* of a data set; 0 for a task without end */
    const struct rg_dataset *data; /* borrowed; NULL for a task */
    struct rg_targets targets;     /* `data` NULL where there are none, or none that fit */
    uint32_t task;                 /* RG_TASK_… of a task */
};

/* A data set for training or scoring. With target STEPS, y holds numbers for every step, [N][T][n_targets] in the order
 * of the file; those past a sequence's length do not count. Errors as rg_targets_decide; baseline NAN if lenient. */
rg_status rg_problem_data(const struct rg_dataset *data, const struct rg_target_options *options,
                          struct rg_problem *problem);

/* Do the states that the data set gives to start from, if any, fit the model? RG_BAD_FILE names both shapes. */
rg_status rg_data_check_states(const struct rg_dataset *data, const struct rg_shape *shape);

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
    uint64_t seed, memory; /* of --memory; 0: what the device has */
    bool shuffle;
};

/* Sequences of a batch that only reads: at most `max`, and so few that staged data leave the memory to the plan. */
size_t rg_data_source_batch(const struct rg_device *device, const struct rg_dataset *data, size_t max, uint64_t memory);

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
