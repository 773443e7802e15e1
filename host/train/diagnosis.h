/* What is found of the gradient at the end of a training, or by `grad`: the lag profile, its causes and the verdict. */
#ifndef RG_DIAGNOSIS_H
#define RG_DIAGNOSIS_H

#include "gradient/verdict.h"
#include "rnn_gpu/config.h"

struct rg_diagnosis {
    struct rg_lag_profiles *profiles;     /* NULL: not measured */
    struct rg_all_causes *causes;         /* NULL: not measured */
    struct rg_verdict verdict;            /* of the whole net, as the next two are of the direction that it names */
    const struct rg_lag_profile *profile; /* of `profiles`; NULL: none has a lag, as the measurement was ended before */
    const struct rg_causes *cause;        /* of `causes` */
    enum rg_optimizer optimizer;          /* if `stepped`, the profiles also split the step of this optimiser */
    bool asked_step;                      /* the diagnosis of a training; it also splits a step */
    bool stepped;                         /* at least one update was made, and the step is known */
    bool linear;                          /* the step has the same shares as the gradient */
    size_t cut;                           /* steps after which --tbptt cuts the gradient; 0: the sequences are whole */
};

struct rg_diagnosis_options {
    enum rg_diagnose how; /* sample: of some sequences and, of very long ones, of the lags nearest to the loss */
    size_t rows, probe;   /* sequences that there are; step of the loss, from 1, or 0 */
    bool causes;          /* or the lag profile alone */
    bool step;            /* also measure the part of each lag in the optimiser's step */
    int threads;
    struct rg_watch watch;
};

/* The part of a diagnosis with causes that the lag profile is, as a watch is told. */
#define RG_PROFILE_PART 0.6

/* Of update `update`, with the engine's present weights. */
rg_status rg_diagnosis_measure(struct rg_engine *engine, struct rg_source *source, uint64_t update,
                               const struct rg_diagnosis_options *options, struct rg_diagnosis *diagnosis);
void rg_diagnosis_release(struct rg_diagnosis *diagnosis);

#endif
