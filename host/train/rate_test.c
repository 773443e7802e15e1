/* The learning-rate range test: see rate_test.h. */
#include "train/rate_test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/stop.h"
#include "engine/state.h"
#include "rnn_gpu/memory.h"

static const double KEPT = 0.9;       /* share that an earlier mean has in the smoothed loss */
static const double DIVERGED = 4.0;   /* times the lowest smoothed loss */
static const double MUST_FALL = 0.01; /* share of the first loss */
/* Noise of deviation 1 gives the difference of smoothed losses 2 REACH updates apart the deviation
 * sqrt(2 (1 - KEPT) / (1 + KEPT) (1 - KEPT^(2 REACH))) = 0.245. The fall must be three times that. */
static const double ABOVE_NOISE = 0.735;
enum {
    STILL = 20, /* first updates, whose rates change nothing: their losses differ as the batches do */
    REACH = 4   /* updates to both sides, between which the loss falls */
};

/* ---- Losses ---- */

static double rate_of(size_t update) {
    return RG_RATE_TEST_MIN * pow(RG_RATE_TEST_MAX / RG_RATE_TEST_MIN, (double)update / (RG_RATE_TEST_UPDATES - 1));
}

/* The mean of the losses with weights that fall by KEPT from each to the one before it. */
static double smooth(const double *losses, size_t n) {
    double sum = 0.0, weights = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum = KEPT * sum + losses[i];
        weights = KEPT * weights + 1.0;
    }
    return sum / weights;
}

bool rg_rate_test_add(struct rg_rate_test *t, double loss) {
    const size_t i = t->n;
    if (i == RG_RATE_TEST_UPDATES || !isfinite(loss)) {
        return false;
    }
    t->rates[i] = rate_of(i);
    t->losses[i] = loss;
    t->smoothed[i] = smooth(t->losses, i + 1);
    t->lowest = t->smoothed[i] < t->smoothed[t->lowest] ? i : t->lowest;
    t->n++;
    return t->smoothed[i] <= DIVERGED * t->smoothed[t->lowest] && t->n < RG_RATE_TEST_UPDATES;
}

/* The deviation of the first losses, which is noise. */
static double noise(const double *losses) {
    double mean = 0.0, squares = 0.0;
    for (size_t i = 0; i < STILL; i++) {
        mean += losses[i] / STILL;
    }
    for (size_t i = 0; i < STILL; i++) {
        squares += (losses[i] - mean) * (losses[i] - mean);
    }
    return sqrt(squares / (STILL - 1));
}

rg_status rg_rate_test_choose(struct rg_rate_test *t) {
    char digits[32];
    double max = 0.0;
    for (size_t i = STILL; i + REACH < t->n && i <= t->lowest; i++) {
        const double fall = t->smoothed[i - REACH] - t->smoothed[i + REACH];
        t->steepest = fall > max ? i : t->steepest;
        max = fmax(max, fall);
    }
    if (t->n <= STILL || !(max > fmax(ABOVE_NOISE * noise(t->losses), MUST_FALL * t->smoothed[0]))) {
        return rg_fail(RG_ERROR,
                       "--lr auto: no rate from %g to %g lowered the loss by more than its noise; give --lr a number",
                       RG_RATE_TEST_MIN, t->n > 0 ? t->rates[t->n - 1] : RG_RATE_TEST_MAX);
    }
    (void)snprintf(digits, sizeof digits, "%.1e", t->rates[t->steepest]);
    t->rate = strtod(digits, NULL); /* what can be typed */
    return RG_OK;
}

/* ---- Updates ---- */

static rg_status make_update(struct rg_engine *e, struct rg_batch_source *source, uint64_t update, double *loss) {
    struct rg_record history[RG_HISTORY];
    RG_TRY(rg_engine_gradient(e, source, update));
    RG_TRY(rg_engine_norm(e, update));
    RG_TRY(rg_engine_step(e, rate_of(update)));
    RG_TRY(rg_engine_history(e, history));
    const struct rg_record *const record = &history[update % RG_HISTORY];
    *loss = record->skipped ? (double)NAN : rg_exact_read(record->loss);
    /* ranks stop together, after the test */
    return rg_ranks_several(e->net.options.ranks) ? RG_OK : rg_stop_check();
}

static rg_status make_updates(struct rg_engine *e, struct rg_batch_source *source, struct rg_rate_test *t) {
    double loss = 0.0;
    do {
        RG_TRY(make_update(e, source, t->n, &loss));
    } while (rg_rate_test_add(t, loss));
    return RG_OK;
}

rg_status rg_rate_test_run(struct rg_engine *e, struct rg_batch_source *source, struct rg_rate_test *t) {
    struct rg_engine_part parts[RG_ENGINE_PARTS];
    void *copies[RG_ENGINE_PARTS] = {NULL};
    const size_t n = rg_engine_parts(e, parts);
    rg_status status = RG_OK;
    *t = (struct rg_rate_test){.n = 0};
    for (size_t i = 0; i < n; i++) {
        RG_TRY_GOTO(rg_alloc(&copies[i], parts[i].bytes, 1, "a copy of the model for --lr auto"));
        RG_TRY_GOTO(rg_engine_part_read(e, &parts[i], copies[i]));
    }
    RG_TRY_GOTO(make_updates(e, source, t));
    for (size_t i = 0; i < n; i++) {
        RG_TRY_GOTO(rg_engine_part_write(e, &parts[i], copies[i]));
    }
    RG_TRY_GOTO(rg_device_finish(e->net.device)); /* before the copies go */
cleanup:
    for (size_t i = 0; i < n; i++) {
        rg_free(copies[i]);
    }
    return status;
}
