/* One training as an object: problem, data, model, device, engine and source, made, trained and measured without a
 * word on any screen. `train` makes one, `compare` and `sweep` many. */
#ifndef RG_RUN_H
#define RG_RUN_H

#include "gradient/sample.h"
#include "gradient/verdict.h"
#include "rnn_gpu/config.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"
#include "train/score.h"
#include "train/tasks.h"
#include "train/trainer.h"

/* The data sets of --data or of a task that reads files; several runs can share them. Both NULL: a task that is made
 * on the device. */
struct rg_run_data {
    struct rg_dataset *training, *held_out;
};

/* RG_BAD_FILE for a file that cannot be trained on, with its place. */
rg_status rg_run_data_read(const struct rg_config *config, struct rg_run_data *data);
void rg_run_data_release(struct rg_run_data *data);

/* What drove the norm where the updates were clipped: the matrix and lag that most often had the largest part. */
struct rg_clip_driver {
    uint64_t updates; /* sampled ones that were clipped */
    uint64_t count;   /* how many of them this matrix drove */
    size_t parameter; /* in the model's table */
    size_t lag;       /* the median over them */
};

/* What a run came to. */
struct rg_run_result {
    struct rg_training training;
    struct rg_lag_profiles *profiles;     /* of one more batch; NULL: the run did not come to its end */
    const struct rg_lag_profile *profile; /* of them, the last layer's, forward */
    struct rg_all_causes *causes;         /* as deep as asked for; NULL: not measured */
    struct rg_judgement judgement;        /* of the profile, as the next */
    size_t horizon;                       /* of weight_hh, in steps */
    struct rg_clip_driver driver;         /* of the updates that were sampled */
    struct rg_validation validation;      /* of held-out data; 0 sequences: there are none, or the run diverged */
    uint64_t weights_hash;                /* FNV-1a over the tensors' bytes: equal for equal weights */
};

struct rg_run {
    struct rg_config config; /* with what the data decide filled in: batch, steps, updates */
    struct rg_problem problem;
    struct rg_run_data data;  /* borrowed */
    struct rg_device *device; /* borrowed, or the same as `opened` */
    struct rg_device *opened; /* by this run */
    struct rg_model *model;   /* its weights are those after rg_run_train */
    struct rg_engine *engine; /* NULL after rg_run_measure if there are held-out data */
    struct rg_task_source task;
    struct rg_data_source *source;  /* of data; NULL for a task */
    struct rg_lag_sampler *sampler; /* with --lag-every, during rg_run_train */
    /* called after each sample; set by who wants them */
    rg_status (*on_lags)(void *self, uint64_t update, const struct rg_lag_sampler *sampler);
    void *lags_self;
    struct rg_run_result result;
};

/* Everything that a training needs before its first update: problem, memory plan, weights, kernels. `data` must outlive
 * the run, and so must `device`, which may be NULL: the run then opens the one that the options ask for. RG_USAGE for
 * options that do not fit the task, RG_NO_MEMORY for a plan that does not fit. */
rg_status rg_run_create(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                        struct rg_run **out);
void rg_run_destroy(struct rg_run *run); /* NULL allowed */

/* The plan that the run would have. */
rg_status rg_run_plan(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                      struct rg_plan *plan);

/* Train as rg_train does, and read the weights back: result.training and result.weights_hash. */
rg_status rg_run_train(struct rg_run *run, const struct rg_trainer_hooks *hooks);

/* How far a run is looked into: the lag profile alone; the last layer's causes too, by which a verdict can be MIXED; or
 * those of every layer and direction. */
enum rg_depth { RG_DEPTH_PROFILE, RG_DEPTH_VERDICT, RG_DEPTH_CAUSES };

/* After rg_run_train: the lag profile with the trained weights on one more batch, unless the run diverged or was
 * interrupted; the loss on held-out data, unless it diverged. */
rg_status rg_run_measure(struct rg_run *run, enum rg_depth depth);

#endif
