/* Validation during a training: when it is due, what it found, and the weights that were best. */
#ifndef RG_VALIDATION_H
#define RG_VALIDATION_H

#include "train/evaluator.h"

/* What one validation found. Measures that the data do not have are NAN. */
struct rg_validation {
    size_t sequences; /* 0: there was none */
    uint64_t update;  /* the weights are those after this one */
    uint64_t epoch;   /* epochs that were complete by then */
    double loss, accuracy, r2;
    enum rg_level level; /* of a text, which has the next two */
    double word_length;  /* characters for each token of a text */
    double perplexity, bits;
    bool best; /* the lowest loss until then */
};

/* How many epochs are complete after so many updates. */
uint64_t rg_epochs_complete(uint64_t updates, size_t batch, size_t sequences);
/* The updates it takes to see every sequence `epochs` times. The last of them may begin the epoch that follows. */
uint64_t rg_epochs_updates(uint64_t epochs, size_t batch, size_t sequences);

/* The problem that a held-out data set of the same kind as the training's has. RG_BAD_FILE where inputs or labels do
 * not fit the training's. */
rg_status rg_held_out_problem(const struct rg_problem *training, struct rg_dataset *held_out, double ignored,
                              struct rg_problem *problem);

struct rg_validator {
    struct rg_evaluator *evaluator;
    size_t batch, sequences;         /* of the training */
    uint64_t every;                  /* updates from one validation to the next; 0: an epoch */
    uint64_t patience;               /* validations without a lower loss before the training stops; 0: no limit */
    uint64_t best_update;            /* of the lowest loss; 0: none yet */
    double best_loss;                /* NAN: none yet */
    uint64_t waited;                 /* validations since then */
    size_t arena;                    /* elements of: */
    float *best;                     /* the weights after best_update, */
    double *best_exact;              /* or these in double precision */
    struct rg_metrics *best_metrics; /* what they scored; NULL: none yet, or before the run was resumed */
    struct rg_validation last;
};

/* Create a validator for the held-out data of options->problem. Errors as rg_evaluator_create. */
rg_status rg_validator_create(struct rg_device *device, const struct rg_model *model,
                              const struct rg_evaluator_options *options, struct rg_validator **out);
void rg_validator_destroy(struct rg_validator *validator); /* NULL allowed */

/* The number of validations in a training of so many updates, without the one after the last update. */
uint64_t rg_validator_planned(const struct rg_validator *validator, uint64_t updates);

/* Is a validation due after this update? */
bool rg_validator_due(const struct rg_validator *validator, uint64_t update);

/* Validate with the model's weights, which are those after `update`, and keep them where they are best. Result in
 * validator->last. *stop: patience has run out. */
rg_status rg_validator_run(struct rg_validator *validator, const struct rg_model *model, uint64_t update, bool *stop);

/* Score the best weights again where best_metrics are not known; `model` has its own weights afterwards. */
rg_status rg_validator_score_best(struct rg_validator *validator, struct rg_model *model);

/* Exchange the model's weights with the best ones; again to undo it. Nothing happens without best ones. */
void rg_validator_exchange(struct rg_validator *validator, struct rg_model *model);

#endif
