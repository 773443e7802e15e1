/* One training as an object, which has a problem, data, a model, a device, an engine and a source. These functions make
 * it, train it and measure its gradient, and print nothing. `train` makes one such object, `compare` and `sweep` many.
 */
#ifndef RG_RUN_H
#define RG_RUN_H

#include "gradient/sample.h"
#include "rnn_gpu/config.h"
#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"
#include "train/diagnosis.h"
#include "train/rate_test.h"
#include "train/tasks.h"
#include "train/trainer.h"
#include "train/validation.h"

/* The data sets of --data or of a task that reads files; several runs can share them. `training` NULL: a task that is
 * made on the device. `validation` is scored during the training, `test` once after it; NULL: there are none. */
struct rg_run_data {
    struct rg_dataset *training, *validation, *test;
    struct rg_model *start; /* of --model: what the training starts from; NULL: drawn weights */
};

/* RG_BAD_FILE for a file that cannot be trained on, with its place. */
rg_status rg_run_data_read(const struct rg_config *config, struct rg_run_data *data);
void rg_run_data_release(struct rg_run_data *data);

/* Set batch and updates of the training on `data`, where these decide them. */
void rg_run_data_length(const struct rg_dataset *data, struct rg_config *config);

/* Do the options give the training validation data? */
bool rg_run_validates(const struct rg_config *config);

/* RG_USAGE for data from stdin, which are read once, where trainings of one command read their data again. */
rg_status rg_run_data_check_again(const struct rg_config *config, bool several);

/* Does the seed decide which sequences are held out? Then another seed needs data that are read again. */
bool rg_run_data_is_drawn(const struct rg_config *config);

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
    struct rg_diagnosis diagnosis;   /* of one more batch; empty: the run did not come to its end */
    struct rg_clip_driver driver;    /* of the updates that were sampled */
    struct rg_validation validation; /* the last one; 0 sequences: there was none */
    uint64_t best_update;            /* of the lowest validation loss; 0: there was none */
    double best_loss;
    struct rg_metrics *validated; /* borrowed: what the weights of the lowest validation loss scored; NULL: not known */
    struct rg_metrics *test;      /* of the test data; NULL: there are none, or the run did not come to its end */
    bool test_of_best;            /* with the best weights, else with the last ones */
    uint64_t weights_update;      /* the model's weights are those after this one; 0: those at the start */
    uint64_t weights_hash;        /* FNV-1a over the tensors' bytes: equal for equal weights */
};

struct rg_run {
    struct rg_config config; /* what runs: with what task or data decide filled in */
    struct rg_problem problem;
    struct rg_run_data data;        /* borrowed */
    struct rg_device *device;       /* borrowed, or the same as `opened` */
    struct rg_device *opened;       /* by rg_run_open, destroyed with the run; else NULL */
    struct rg_model *model;         /* its weights are those after rg_run_train */
    struct rg_engine *engine;       /* NULL after rg_run_measure if there are test data */
    struct rg_validator *validator; /* NULL without validation data */
    struct rg_task_source task;
    struct rg_data_source *source;  /* of data; NULL for a task */
    double *class_weights;          /* of problem.targets; NULL without --class-weights */
    struct rg_trainer_state state;  /* between two updates */
    struct rg_rate_test *rate_test; /* that found the rate of --lr auto, else NULL */
    struct rg_lag_sampler *sampler; /* with --lag-every, until rg_run_measure */
    uint64_t sampled;               /* the last update that on_lags was told; a resumed run does not tell it twice */
    uint64_t *driven;               /* [sampler->n_sampled][T] clipped updates that a matrix and lag drove, or NULL */
    /* called after each sample, which is taken before update `update`, counted from 1; set by who wants them */
    rg_status (*on_lags)(void *self, uint64_t update, const struct rg_lag_sampler *sampler);
    void *lags_self;
    /* called with nothing queued and more updates to come, at least after every multiple of rest_every updates, unless
     * that is 0; set by who wants it */
    rg_status (*on_rest)(void *self, struct rg_run *run);
    rg_status (*on_end)(void *self, struct rg_run *run); /* likewise, with no more updates to come */
    void *rest_self;
    uint64_t rest_every;
    /* called after each validation, when the model has the weights that were validated; NULL or set likewise */
    rg_status (*on_validation)(void *self, const struct rg_validation *validation);
    void *validation_self;
    struct rg_run_result result;
};

/* Everything that a training needs before its first update: problem, memory plan, weights, kernels. `data` must outlive
 * the run, and so must `device`; run_open.h opens one for a run. RG_USAGE for options that do not fit the task,
 * RG_NO_MEMORY for a plan that does not fit. */
rg_status rg_run_create(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                        struct rg_run **out);
void rg_run_destroy(struct rg_run *run); /* NULL allowed */

/* What the run's batches come from. */
struct rg_batch_source *rg_run_source(struct rg_run *run);

/* The plan that the run would have. */
rg_status rg_run_plan(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                      struct rg_plan *plan);

/* How a run would begin: the options as they would run, what it would learn, and the model with its start weights. The
 * caller destroys the model and frees class_weights. Names live as long as `config` and `data`. Errors as
 * rg_run_create. */
struct rg_run_start {
    struct rg_config config;
    struct rg_problem problem;
    double *class_weights; /* of problem.targets; NULL without --class-weights */
    struct rg_model *model;
};
rg_status rg_run_begin(const struct rg_config *config, const struct rg_run_data *data, struct rg_device *device,
                       struct rg_run_start *start);

/* Before the first update: find the learning rate of --lr auto, which then is the one in `config`; with a rate nothing
 * is done. Errors of rg_rate_test_run. */
rg_status rg_run_find_rate(struct rg_run *run);

/* Train as rg_train does, and read the weights back: result.training and result.weights_hash. With --lr auto the rate
 * is found first, unless that has been done. With validation data, the weights after the last update are validated too,
 * and the best ones are in `validator`. A run whose weights end as infinities or NaN has diverged; the model then has
 * the last finite ones that are known: they are copied now and then. Where a gradient is not finite the update is
 * skipped, so that most diverged runs end with finite weights. */
rg_status rg_run_train(struct rg_run *run, const struct rg_trainer_hooks *hooks);

/* FNV-1a over the bytes of a model's tensors: result.weights_hash. */
uint64_t rg_run_weights_hash(const struct rg_model *model);

/* What is measured of the gradient: the lag profile; also the verdict, without what explains it; or everything. */
enum rg_run_findings { RG_FIND_LAGS, RG_FIND_VERDICT, RG_FIND_ALL };

/* After rg_run_train, unless the run diverged or was interrupted: the findings, with the trained weights on one more
 * batch; and the score of the test data, with the best weights where there were validations. After a signal it returns
 * what rg_stop_check does, and the result holds what was measured by then. `watch` may be NULL. */
rg_status rg_run_measure(struct rg_run *run, enum rg_run_findings findings, const struct rg_watch *watch);

#endif
