/* The learning-rate range test of --lr auto (Smith 2015, "Cyclical Learning Rates for Training Neural Networks"):
 * updates whose rate grows by the same factor each time, and the rate that the losses on the way speak for. */
#ifndef RG_RATE_TEST_H
#define RG_RATE_TEST_H

#include "engine/engine.h"

enum { RG_RATE_TEST_UPDATES = 100 };
#define RG_RATE_TEST_MIN 1e-7
#define RG_RATE_TEST_MAX 10.0

struct rg_rate_test {
    size_t n;                              /* updates made: fewer than RG_RATE_TEST_UPDATES where the loss diverged */
    double rates[RG_RATE_TEST_UPDATES];    /* [n] of each update */
    double losses[RG_RATE_TEST_UPDATES];   /* [n] of its batch, before the update */
    double smoothed[RG_RATE_TEST_UPDATES]; /* [n] the mean of them so far, later ones weighing more */
    size_t lowest;                         /* where the smoothed loss is lowest, */
    size_t steepest;                       /* and before it falls most from four updates before to four after */
    double rate;                           /* that there, rounded to two digits */
};

/* Take in the loss of the next update. false: enough, the loss is not finite or above four times its lowest. */
bool rg_rate_test_add(struct rg_rate_test *test, double loss);

/* Choose the rate: where the smoothed loss falls most steeply. RG_ERROR where no rate lowered the loss by more than 1 %
 * and its noise. */
rg_status rg_rate_test_choose(struct rg_rate_test *test);

/* Make the test on an engine before its first update: weights, optimiser and counters are then again what they were, to
 * the bit. Its updates are those that the training will make, schedule and warm-up aside. rg_rate_test_choose then
 * finds the rate. After a signal the status of rg_stop_check. */
rg_status rg_rate_test_run(struct rg_engine *engine, struct rg_batch_source *source, struct rg_rate_test *test);

#endif
