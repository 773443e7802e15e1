/* Learning rates: see schedule.h. */
#include "train/schedule.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

/* From `from` at x = 0 to `to` at x = 1 along half a cosine. */
static double half_cosine(double from, double to, double x) {
    return to + (from - to) / 2.0 * (1.0 + cos(PI * x));
}

/* PyTorch's defaults: pct_start 0.3, div_factor 25, final_div_factor 1e4. Below 4 updates there is no way up. */
static double one_cycle(double u, double n, double lr) {
    const double initial = lr / 25.0, final = initial / 1e4;
    const double last = n - 1.0, top = 0.3 * n - 1.0;
    if (u <= top) {
        return half_cosine(initial, lr, u / top);
    }
    return half_cosine(lr, final, u < last ? (u - top) / (last - top) : 1.0);
}

static double scheduled(const struct rg_schedule_options *options, uint64_t update, uint64_t n_updates, double lr) {
    const double u = (double)update, n = n_updates > 0 ? (double)n_updates : 1.0;
    const double part = u < n ? u / n : 1.0;
    const uint64_t steps = update / (options->every > 0 ? options->every : 1);
    switch (options->kind) {
    case RG_SCHEDULE_STEP:
        return lr * pow(options->gamma, (double)steps);
    case RG_SCHEDULE_EXPONENTIAL:
        return lr * pow(options->gamma, u);
    case RG_SCHEDULE_COSINE:
        return half_cosine(lr, 0.0, part);
    case RG_SCHEDULE_LINEAR:
        return lr * (1.0 - part);
    case RG_SCHEDULE_ONE_CYCLE:
        return one_cycle(u, n, lr);
    case RG_SCHEDULE_CONSTANT:
    case RG_SCHEDULE_PLATEAU:
        break;
    }
    return lr;
}

double rg_schedule_lr(const struct rg_schedule_options *options, size_t warmup, uint64_t update, uint64_t n_updates,
                      double lr) {
    const double rate = scheduled(options, update, n_updates, lr);
    return update < warmup ? rate * ((double)(update + 1) / (double)warmup) : rate;
}

struct rg_plateau rg_plateau_start(double lr) {
    return (struct rg_plateau){.lr = lr, .best = INFINITY};
}

void rg_plateau_observe(struct rg_plateau *plateau, const struct rg_schedule_options *options, double loss,
                        uint64_t updates) {
    static const double THRESHOLD = 1e-4, MIN_CHANGE = 1e-8;
    if (loss < plateau->best * (1.0 - THRESHOLD)) {
        plateau->best = loss;
        plateau->bad = 0;
    } else {
        plateau->bad += updates;
    }
    if (plateau->bad > options->every) {
        const double lower = plateau->lr * options->gamma;
        if (plateau->lr - lower > MIN_CHANGE) {
            plateau->lr = lower;
        }
        plateau->bad = 0;
    }
}
