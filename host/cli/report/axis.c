/* Axes of a plot: ranges, places and round ticks; see plot.h. */
#include <math.h>
#include <stdio.h>

#include "cli/report/plot.h"

struct rg_axis rg_axis_of(const char *label, enum rg_scale scale) {
    struct rg_axis axis = {.scale = scale, .low = NAN, .high = NAN};
    (void)snprintf(axis.label, sizeof axis.label, "%s", label);
    return axis;
}

enum rg_scale rg_scale_of(double low, double high) {
    return low > 0.0 && high > 20.0 * low ? RG_LOG10 : RG_LINEAR;
}

static double place(enum rg_scale scale, double value) {
    return scale == RG_LAGS ? log1p(fmax(value, 0.0)) : value;
}

double rg_axis_place(const struct rg_axis *axis, double value) {
    const double low = place(axis->scale, axis->low), high = place(axis->scale, axis->high);
    return (place(axis->scale, value) - low) / (high - low);
}

/* The smallest of 1, 2, 5 times a power of ten that is at least `min`. */
static double round_step(double min) {
    const double power = pow(10.0, floor(log10(min)));
    const double factor = min / power;
    return power * (factor <= 1.0 + 1e-9 ? 1.0 : factor <= 2.0 + 1e-9 ? 2.0 : factor <= 5.0 + 1e-9 ? 5.0 : 10.0);
}

void rg_axis_settle(struct rg_axis *axis, double min, double max) {
    if (!isfinite(min) || !isfinite(max) || min > max) {
        min = 0.0;
        max = 1.0;
    }
    if (axis->scale == RG_LINEAR && isnan(axis->low) && min > 0.0 && min < 0.5 * max) {
        min = 0.0; /* a scale that begins near zero begins at zero */
    }
    const bool from_data = isnan(axis->low) && isnan(axis->high);
    axis->low = isnan(axis->low) ? min : axis->low;
    axis->high = isnan(axis->high) ? max : axis->high;
    if (!(axis->high - axis->low > 1e-9 * fmax(fabs(axis->low), fabs(axis->high)))) {
        const double half = axis->scale == RG_LINEAR && axis->low != 0.0 ? 0.5 * fabs(axis->low) : 0.5;
        axis->low = axis->scale == RG_LAGS ? fmax(0.0, axis->low - half) : axis->low - half;
        axis->high += half;
    }
    if (from_data && axis->scale != RG_LAGS) {
        const double margin = 0.03 * (axis->high - axis->low);
        axis->low -= axis->low == 0.0 ? 0.0 : margin;
        axis->high += axis->high == 0.0 ? 0.0 : margin;
    }
}

static void add_tick(struct rg_ticks *ticks, double at, const char *text) {
    if (ticks->n < RG_MAX_TICKS) {
        ticks->at[ticks->n] = at;
        (void)snprintf(ticks->text[ticks->n++], RG_TICK_TEXT, "%s", text);
    }
}

void rg_axis_add_tick(struct rg_axis *axis, double at, const char *text) {
    add_tick(&axis->own, at, text);
}

/* Write 10^exponent times 1, 2 or 5 in the usual form. */
static void power_text(int factor, long exponent, char text[RG_TICK_TEXT]) {
    if (exponent < -3 || exponent > 4) {
        (void)snprintf(text, RG_TICK_TEXT, "%de%ld", factor, exponent);
    } else {
        (void)snprintf(text, RG_TICK_TEXT, "%.*f", exponent < 0 ? (int)-exponent : 0,
                       factor * pow(10.0, (double)exponent));
    }
}

enum { MIN_TICKS = 3 }; /* ticks that tell a scale */

static double count_multiples(const struct rg_axis *axis, double step) {
    return floor(axis->high / step + 1e-9) - ceil(axis->low / step - 1e-9) + 1.0;
}

static void linear_ticks(const struct rg_axis *axis, size_t wanted, struct rg_ticks *ticks) {
    const double min = (axis->high - axis->low) / (double)(wanted - 1);
    double step = round_step(axis->whole ? fmax(min, 1.0) : min);
    while (count_multiples(axis, step) < MIN_TICKS && !(axis->whole && step <= 1.0)) {
        step = round_step(0.4 * step); /* the next smaller one */
    }
    const double largest = fmax(fabs(axis->low), fabs(axis->high));
    for (double k = ceil(axis->low / step - 1e-9); k * step <= axis->high + 1e-9 * step && ticks->n < RG_MAX_TICKS;
         k += 1.0) {
        char text[RG_TICK_TEXT];
        const double value = k * step + 0.0; /* + 0.0 avoids "-0" */
        if (largest >= 1e6 || largest < 1e-3) {
            (void)snprintf(text, sizeof text, "%.3g", value);
        } else {
            const int decimals = (int)fmax(0.0, ceil(-log10(step) - 1e-9));
            (void)snprintf(text, sizeof text, "%.*f", decimals, value);
        }
        add_tick(ticks, value, text);
    }
}

static void log_ticks(const struct rg_axis *axis, size_t wanted, struct rg_ticks *ticks) {
    static const int factors[] = {1, 2, 5};
    const double decades = axis->high - axis->low;
    /* the range has hardly a power of ten, so the ticks are round numbers of the quantity itself */
    if (decades < 1.0) {
        struct rg_axis plain = {.scale = RG_LINEAR, .low = pow(10.0, axis->low), .high = pow(10.0, axis->high)};
        linear_ticks(&plain, wanted, ticks);
        for (size_t i = 0; i < ticks->n; i++) {
            ticks->at[i] = log10(ticks->at[i]);
        }
        return;
    }
    const size_t n_factors = 3.0 * decades <= 1.5 * (double)wanted ? 3 : 1;
    double step = fmax(1.0, round_step(decades / (double)(wanted - 1)));
    while (n_factors == 1 && step > 1.0 && count_multiples(axis, step) < MIN_TICKS) {
        step = fmax(1.0, round_step(0.4 * step));
    }
    for (double e = floor(axis->low / step) * step; e <= axis->high + 1e-9 && ticks->n < RG_MAX_TICKS; e += step) {
        for (size_t f = 0; f < n_factors; f++) {
            char text[RG_TICK_TEXT];
            const double at = e + log10(factors[f]);
            if (at >= axis->low - 1e-9 && at <= axis->high + 1e-9) {
                power_text(factors[f], lround(e), text);
                add_tick(ticks, at, text);
            }
        }
    }
}

/* Ticks 0, 1, 2, 5, 10 …; if they would be crowded, only 0, 1, 10, 100 … */
static void lag_ticks(const struct rg_axis *axis, size_t wanted, struct rg_ticks *ticks) {
    static const int factors[] = {1, 2, 5};
    const double decades = log10(1.0 + axis->high) - log10(1.0 + axis->low);
    const size_t stride = 3.0 * decades > 1.5 * (double)wanted ? 3 : 1; /* these texts are short */
    if (axis->low <= 0.0) {
        add_tick(ticks, 0.0, "0");
    }
    for (double power = 1.0; power <= axis->high && ticks->n < RG_MAX_TICKS; power *= 10.0) {
        for (size_t f = 0; f < 3; f += stride) {
            const double at = factors[f] * power;
            if (at >= axis->low && at <= axis->high) {
                char text[RG_TICK_TEXT];
                (void)snprintf(text, sizeof text, "%.0f", at);
                add_tick(ticks, at, text);
            }
        }
    }
}

void rg_axis_ticks(const struct rg_axis *axis, size_t wanted, struct rg_ticks *ticks) {
    ticks->n = 0;
    if (axis->own.n > 0) {
        *ticks = axis->own;
    } else if (axis->scale == RG_LOG10) {
        log_ticks(axis, wanted, ticks);
    } else if (axis->scale == RG_LAGS) {
        lag_ticks(axis, wanted, ticks);
    } else {
        linear_ticks(axis, wanted, ticks);
    }
}
