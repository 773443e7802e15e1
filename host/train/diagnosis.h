/* The diagnosis of the gradient at the end of a training, or by `grad`: lag profile, causes and verdict. */
#ifndef RG_DIAGNOSIS_H
#define RG_DIAGNOSIS_H

#include "gradient/verdict.h"
#include "rnn_gpu/config.h"

struct rg_diagnosis {
    struct rg_lag_profiles *profiles;     /* NULL: not measured */
    struct rg_all_causes *causes;         /* NULL: not measured */
    struct rg_verdict verdict;            /* of the whole net; it names a layer and direction */
    const struct rg_lag_profile *profile; /* of that direction, in `profiles`; NULL: interrupted before any lag */
    const struct rg_causes *cause;        /* of that direction, in `causes`; NULL: not measured */
    enum rg_optimizer optimizer;          /* of the training, if `asked_step` */
    bool asked_step;                      /* the lags in the optimiser's step were asked for (a training, not `grad`) */
    bool stepped;                         /* they are known: `linear`, or at least one update was made */
    bool linear;                          /* the step has the same shares as the gradient, with or without updates */
    bool is_double;                       /* the net's numbers are doubles, not floats */
    size_t cut;                           /* steps after which --tbptt cuts the gradient; 0: the sequences are whole */
};

struct rg_diagnosis_options {
    enum rg_diagnose how; /* sample: of some sequences and, of very long ones, of the lags nearest to the loss */
    size_t rows;          /* number of sequences available */
    size_t probe;         /* the step whose loss counts, from 1; 0: the last one */
    bool causes;          /* measure the causes too, not the lag profile alone */
    bool step;            /* also measure the part of each lag in the optimiser's step */
    /* Of the causes only what the verdict rests on, and no statistics. Verdict and lag profile are those of a whole
     * diagnosis, except for the sensitivity where another word comes first. */
    bool brief;
    int threads;
    struct rg_watch watch;
};

/* In a diagnosis with causes, the lag profile is this part of the progress that a watch sees. */
#define RG_PROFILE_PART 0.6

/* Measure the gradient of update `update` with the engine's present weights. The caller releases *diagnosis. */
rg_status rg_diagnosis_measure(struct rg_engine *engine, struct rg_batch_source *source, uint64_t update,
                               const struct rg_diagnosis_options *options, struct rg_diagnosis *diagnosis);
void rg_diagnosis_release(struct rg_diagnosis *diagnosis);

#endif
