/* The sequences of a synthetic task as a data set in memory, for commands that work on data: `grad --task` and
 * `export --task`. */
#ifndef RG_TASK_DATA_H
#define RG_TASK_DATA_H

#include "train/tasks.h"

struct rg_task_sequences {
    const struct rg_problem *problem; /* of rg_problem_task */
    uint64_t seed;
    size_t n;     /* how many: the first n of update 0, which a training with --batch n begins with */
    bool doubles; /* as x_double and y_double, else as floats; the numbers are the same */
    int threads;  /* 0: all processors */
};

/* *out = the sequences, made on the processor. Targets of the losses ce and bce are classes, one a sequence or one a
 * step. RG_NO_MEMORY. */
rg_status rg_task_data(const struct rg_task_sequences *sequences, struct rg_dataset **out);

#endif
