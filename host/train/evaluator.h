/* Scoring a data set by a model's weights, as often as wanted, beside a training on the same device. */
#ifndef RG_EVALUATOR_H
#define RG_EVALUATOR_H

#include "ranks/ranks.h"
#include "rnn_gpu/model.h"
#include "train/metrics.h"
#include "train/source.h"

struct rg_evaluator {
    struct rg_problem problem; /* its data set is borrowed */
    struct rg_data_source *source;
    struct rg_engine *engine;
    double *outputs; /* [batch][T'][O], of one batch */
    double *others;  /* likewise, of another rank; NULL without ranks */
    struct rg_ranks *ranks;
    size_t batch;
    enum rg_target target;
    size_t model_outputs;
};

struct rg_evaluator_options {
    const struct rg_problem *problem;
    size_t batch;           /* at most so many sequences at a time */
    uint64_t memory;        /* bytes allowed on the device; 0: what it has */
    struct rg_ranks *ranks; /* that share out the batches, all at the same time; borrowed. NULL: this process alone */
};

/* The data set's problem must fit the model. RG_NO_MEMORY for a plan that does not fit. `device` and `model` must
 * outlive the evaluator. */
rg_status rg_evaluator_create(struct rg_device *device, const struct rg_model *model,
                              const struct rg_evaluator_options *options, struct rg_evaluator **out);
void rg_evaluator_destroy(struct rg_evaluator *evaluator); /* NULL allowed */

/* Bytes that it takes on the device. */
uint64_t rg_evaluator_bytes(const struct rg_evaluator *evaluator);

/* Score the whole data set with the weights of `model`, which has the shape of the one it was created for. Waits. */
rg_status rg_evaluator_run(struct rg_evaluator *evaluator, const struct rg_model *model, struct rg_metrics **out);

#endif
