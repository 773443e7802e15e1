/* What the runs of several folds come to: see folds.h. */
#include "train/folds.h"

#include <math.h>

static double loss_of(const struct rg_summary *run) {
    return isnan(run->val_loss) ? INFINITY : run->val_loss;
}

static double score_of(const struct rg_summary *run) {
    return isnan(run->val_accuracy) ? run->val_r2 : run->val_accuracy;
}

static double test_loss_of(const struct rg_summary *run) {
    return isnan(run->test_loss) ? INFINITY : run->test_loss;
}

static double test_score_of(const struct rg_summary *run) {
    return isnan(run->test_accuracy) ? run->test_r2 : run->test_accuracy;
}

static struct rg_fold_measure measure(const struct rg_summary *const *runs, size_t n,
                                      double (*value)(const struct rg_summary *run)) {
    struct rg_fold_measure m = {.mean = NAN, .deviation = NAN, .min = NAN, .max = NAN};
    double sum = 0.0, squares = 0.0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (runs[i]) {
            sum += value(runs[i]);
            m.min = fmin(m.min, value(runs[i])); /* which pass NAN over */
            m.max = fmax(m.max, value(runs[i]));
            count++;
        }
    }
    m.mean = count > 0 ? sum / (double)count : NAN;
    for (size_t i = 0; i < n; i++) {
        const double away = runs[i] ? value(runs[i]) - m.mean : 0.0;
        squares += away * away;
    }
    m.deviation = count > 1 ? sqrt(squares / (double)(count - 1)) : NAN;
    return m;
}

static bool has_classes(const struct rg_summary *run, bool test) {
    return test ? !isnan(run->test_accuracy) : !isnan(run->val_accuracy) || !isnan(run->val_best_accuracy);
}

struct rg_fold_scores rg_fold_scores(const struct rg_summary *const *runs, size_t n, enum rg_held_out which) {
    const bool test = which == RG_HELD_TEST;
    struct rg_fold_scores s = {.loss = measure(runs, n, test ? test_loss_of : loss_of),
                               .score = measure(runs, n, test ? test_score_of : score_of),
                               .best = {.mean = NAN, .deviation = NAN, .min = NAN, .max = NAN},
                               .best_score = {.mean = NAN, .deviation = NAN, .min = NAN, .max = NAN}};
    if (!test) {
        s.best = measure(runs, n, rg_summary_ranked);
        s.best_score = measure(runs, n, rg_summary_best_score);
    }
    for (size_t i = 0; i < n; i++) {
        s.runs += runs[i] != NULL;
        s.classes = s.classes || (runs[i] && has_classes(runs[i], test));
    }
    return s;
}
