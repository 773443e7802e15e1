/* What a profile amounts to: see verdict.h. */
#include "gradient/verdict.h"

#include <math.h>

/* A change by a factor 1,000 over all steps is a verdict; so are sequences six decades apart. */
static const double DECADES = 3.0, SPREAD_DECADES = 6.0;

const char *const rg_verdict_names[] = {"STABLE", "VANISHING", "EXPLODING", "MIXED", "SENSITIVE", NULL};

/* A line through ln of what has log10 `y`, over the lags from `first` on; those without a finite logarithm left out. */
struct line {
    double slope, error; /* NAN with fewer than two points, and no error with two */
};

static struct line fit(const double *y, size_t first, size_t steps) {
    double n = 0.0, mx = 0.0, my = 0.0, sxx = 0.0, sxy = 0.0, syy = 0.0;
    for (size_t lag = first; lag < steps; lag++) {
        if (isfinite(y[lag])) {
            const double x = (double)lag, v = y[lag] * log(10.0), dx = x - mx, dy = v - my;
            n += 1.0;
            mx += dx / n;
            my += dy / n;
            sxx += dx * (x - mx);
            sxy += dx * (v - my);
            syy += dy * (v - my);
        }
    }
    if (n < 2.0) {
        return (struct line){NAN, NAN};
    }
    const double slope = sxy / sxx, rest = fmax(0.0, syy - slope * sxy);
    return (struct line){slope, n > 2.0 ? sqrt(rest / (n - 2.0) / sxx) : 0.0};
}

/* By how many decades the sequences differ at the largest lag. */
static double spread_of(const struct rg_lag_profile *p, size_t last) {
    const double low = p->delta_quantiles[RG_P10][last], high = p->delta_quantiles[RG_P90][last];
    return isfinite(low) && isfinite(high) ? high - low : 0.0;
}

static double sensitivity_of(const struct rg_lag_profile *p) {
    const double size = p->delta_norm[0] * sqrt((double)p->rows) * p->state_norm;
    return size > 0.0 ? p->matrices[RG_LAG_HH].total / size : 0.0;
}

void rg_lag_judge(const struct rg_lag_profile *p, struct rg_judgement *j) {
    const size_t lags = p->probe, last = (lags - 1) / p->stride * p->stride;
    size_t near = 0; /* the first lag with a gradient: a learned skip may skip the last steps of every sequence */
    while (near < last && p->delta_log10[near] == -INFINITY) {
        near++;
    }
    const struct line all = fit(p->delta_log10, 0, lags);
    const struct line window = fit(p->delta_mean_log10, lags < 8 ? 0 : lags / 4, lags);
    const double limit = DECADES * log(10.0) / (double)lags;
    *j = (struct rg_judgement){.verdict = RG_STABLE,
                               .decay = exp(all.slope),
                               .last = last,
                               .log10_reach = p->delta_log10[last] - p->delta_log10[near],
                               .slope = window.slope,
                               .slope_error = window.error,
                               .spread = spread_of(p, last),
                               .sensitivity = sensitivity_of(p)};
    j->reach = pow(10.0, j->log10_reach);
    j->half_life = all.slope < 0.0 ? -log(2.0) / all.slope : INFINITY;
    const bool falls = window.slope + 2.0 * window.error < -limit || all.slope + 2.0 * all.error < -limit;
    const bool gone = p->delta_log10[last] == -INFINITY && p->delta_log10[near] > -INFINITY;
    if (isnan(p->delta_log10[last]) || isinf(p->delta_norm[last]) || window.slope - 2.0 * window.error > limit) {
        j->verdict = RG_EXPLODING;
    } else if (gone || (j->log10_reach < -DECADES && falls)) {
        j->verdict = RG_VANISHING;
    } else if (j->spread > SPREAD_DECADES) {
        j->verdict = RG_MIXED;
    } else if (j->sensitivity > pow((double)lags, 1.5)) {
        j->verdict = RG_SENSITIVE;
    }
}

void rg_judge_products(const struct rg_causes *c, struct rg_judgement *j) {
    double largest = 0.0, smallest = 0.0;
    for (size_t lag = 0; lag < c->steps; lag++) {
        largest = c->log10_largest[lag] > largest ? c->log10_largest[lag] : largest;
        smallest = c->log10_smallest[lag] < smallest ? c->log10_smallest[lag] : smallest;
    }
    if (j->verdict == RG_STABLE && largest > DECADES && smallest < -DECADES) {
        j->verdict = RG_MIXED;
    }
}
