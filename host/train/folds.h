/* What the validations of several runs, such as those of the folds of a cross-validation, come to. */
#ifndef RG_FOLDS_H
#define RG_FOLDS_H

#include "train/summary.h"

/* Mean and deviation (with n - 1) of a number over n runs, and its extremes; NAN: not known. A run that diverged has
 * the loss INFINITY. */
struct rg_fold_measure {
    double mean, deviation, min, max;
};

/* The data that were not trained on: those of the validations, after the last update; or the test data. */
enum rg_held_out { RG_HELD_VALIDATION, RG_HELD_TEST };

struct rg_fold_scores {
    size_t runs;                        /* done */
    struct rg_fold_measure loss, score; /* accuracy of classes, else R^2 */
    struct rg_fold_measure best;        /* the lowest loss of all validations of a run (rg_summary_ranked) */
    struct rg_fold_measure best_score;  /* of the weights of that loss; both NAN of test data */
    bool classes;
};

/* Of runs [n] that have such data; NULL: not done. */
struct rg_fold_scores rg_fold_scores(const struct rg_summary *const *runs, size_t n, enum rg_held_out which);

#endif
