/* The parts of the self-test, and what they share. */
#ifndef RG_SELFTEST_CHECKS_H
#define RG_SELFTEST_CHECKS_H

#include "verify/selftest/exercise.h"
#include "verify/selftest/selftest.h"

/* eps of a device's numbers: 2^-23 of floats, 2^-52 of doubles; and of those that it keeps as floats in any case. */
double rg_device_eps(const struct rg_device *device);
#define RG_FLOAT_EPS 0x1p-23

/* What a run has seen so far. */
struct rg_checks {
    rg_selftest_report *report;
    void *context;
    size_t updates; /* of each training problem; 0: three */
    size_t count, failed;
    char worst[256];    /* of the failed ones */
    double worst_ratio; /* its error over its tolerance */
    double worst_error, worst_tolerance;
};

/* Tell a check's outcome: `quantity` of `subject`. */
void rg_checks_add(struct rg_checks *checks, const char *subject, const char *quantity, double error, double tolerance);

/* *worst = the larger of the two; NaN is larger than any number. Returns whether *worst has changed. */
bool rg_keep_larger(double *worst, double error);

/* One training problem on the device. */
struct rg_update_case {
    struct rg_exercise_sizes sizes;
    struct rg_exercise_net net;
    enum rg_optimizer optimizer; /* sgd, adam, momentum, rmsprop or adagrad */
    double clip_norm;            /* 0: off */
    bool quick;                  /* part of the quick self-test */
};

/* `initial`: sequences start from given states, and the gradient there is compared too. `words`: inputs are so many
 * embedded words. */
rg_status rg_check_updates(struct rg_checks *checks, struct rg_device *device, const struct rg_update_case *one,
                           bool initial, size_t words);
/* The weight gradients step by step, which the lag profile is made of: every matrix of every layer and direction. */
rg_status rg_check_step_terms(struct rg_checks *checks, struct rg_device *device, const struct rg_exercise_form *form);
/* Dropout between two layers: its masks, and the gradient through them. */
rg_status rg_check_dropout(struct rg_checks *checks, struct rg_device *device, enum rg_cell cell);
/* Batches: tasks and data sets of every kind. */
rg_status rg_check_marks(struct rg_checks *checks, struct rg_device *device);
rg_status rg_check_symbols(struct rg_checks *checks, struct rg_device *device);
rg_status rg_check_gather(struct rg_checks *checks, struct rg_device *device);
rg_status rg_check_peak(struct rg_checks *checks, struct rg_device *device);
rg_status rg_check_layout(struct rg_checks *checks, struct rg_device *device);
/* NaN, infinities, zeros and subnormal numbers through the norm; with `activations` through these, with `loss` through
 * head and loss too. */
rg_status rg_check_specials(struct rg_checks *checks, struct rg_device *device, bool activations, bool loss);
/* The reference itself, by finite differences. */
rg_status rg_check_reference(struct rg_checks *checks);

/* Tolerances of outputs and gradients, see selftest.h. */
double rg_tolerance_forward(const struct rg_device *device, const struct rg_exercise_form *form);
double rg_tolerance_backward(const struct rg_device *device, const struct rg_exercise_form *form);

#endif
