/* What is to be learned. That of a synthetic task is in tasks.h. */
#ifndef RG_PROBLEM_H
#define RG_PROBLEM_H

#include "rnn_gpu/dataset.h"
#include "rnn_gpu/model.h"
#include "train/targets.h"

/* Sizes, and the loss that the task or the data ask for. */
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
    double score_baseline;         /* the same without class weights, which scores and validations do not have */
    size_t n_sequences;            /* of a data set; 0 for a task without end */
    const struct rg_dataset *data; /* borrowed; NULL for a task */
    struct rg_targets targets;     /* `data` NULL where there are none, or none that fit */
    uint32_t task;                 /* RG_TASK_… of a task */
};

/* A data set for training or scoring. With target STEPS, y holds numbers for every step, [N][T][n_targets] in the order
 * of the file; those past a sequence's length do not count. Errors as rg_targets_decide; baseline NAN if lenient. */
rg_status rg_problem_data(const struct rg_dataset *data, const struct rg_target_options *options,
                          struct rg_problem *problem);

/* The baseline of scores where it is another one than that of the training loss, which has class weights; else NAN. */
double rg_problem_other_baseline(const struct rg_problem *problem);

/* How far the targets of --data are from 0: the largest of their deviation and the size of each output's mean. 0 for
 * classes and tasks. */
double rg_problem_target_size(const struct rg_problem *problem);

/* Do the states that the data set gives to start from, if any, fit the model? RG_BAD_FILE names both shapes. */
rg_status rg_data_check_states(const struct rg_dataset *data, const struct rg_shape *shape);

#endif
