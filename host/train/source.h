/* Where batches come from: a synthetic task made on the device, or a data set that lies on it. */
#ifndef RG_SOURCE_H
#define RG_SOURCE_H

#include "rnn_gpu/dataset.h"
#include "train/engine.h"

/* What is to be learned: sizes and the loss that the task or the data ask for. */
struct rg_problem {
    char name[64];        /* for the screen */
    size_t inputs, steps; /* F, T */
    size_t outputs;       /* O */
    size_t n_targets;     /* numbers of y per sequence */
    enum rg_loss loss;
    double baseline;               /* loss of the best constant answer; NAN if it has none */
    size_t n_sequences;            /* of a data set; 0 for a task without end */
    const struct rg_dataset *data; /* borrowed; NULL for a task */
};

/* The adding problem with T steps. */
void rg_problem_adding(size_t steps, struct rg_problem *problem);

/* A data set for training or scoring with `loss` (AUTO: ce for more than two classes, bce for two, mse else). RG_USAGE
 * or RG_BAD_FILE if labels and loss do not fit. */
rg_status rg_problem_data(const struct rg_dataset *data, enum rg_loss loss, struct rg_problem *problem);

/* A batch of a task: sequence b of update u depends on (seed, u, b) alone. */
struct rg_task_source {
    struct rg_source source;
    uint64_t seed;
};
void rg_task_source_init(struct rg_task_source *task, uint64_t seed);

/* Batches of a data set: `batch` sequences an update, each epoch a new order (a pure function of seed and epoch), or in
 * the file's order with shuffle false. The sequences of update u are numbers u*batch … of the endless row of epochs. */
struct rg_data_source {
    struct rg_source source;
    struct rg_device *device;
    const struct rg_dataset *data;
    struct rg_buffer *x, *y, *lengths; /* the data set on the device */
    struct rg_buffer *index;           /* [batch] */
    uint32_t *rows;                    /* [batch], the host's copy of index */
    uint32_t *order;                   /* [N], the order of one epoch */
    uint64_t order_epoch;
    uint64_t seed;
    size_t batch;
    bool shuffle;
};

/* Bytes that a data set takes on the device. */
uint64_t rg_data_source_bytes(const struct rg_dataset *data, size_t batch);
rg_status rg_data_source_create(struct rg_device *device, const struct rg_dataset *data, size_t batch, uint64_t seed,
                                bool shuffle, struct rg_data_source **out);
void rg_data_source_destroy(struct rg_data_source *source); /* NULL allowed */

#endif
