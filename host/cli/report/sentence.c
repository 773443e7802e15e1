/* The verdict in one sentence: see screen.h. */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/counted.h"
#include "cli/report/chance.h"
#include "cli/report/explain.h"
#include "cli/report/screen.h"

const char *const rg_verdict_colors[] = {
    [RG_NONE] = "\033[94m",   [RG_VANISHING] = "\033[94m", [RG_EXPLODING] = "\033[31m", [RG_MIXED] = "\033[33m",
    [RG_FADING] = "\033[33m", [RG_SENSITIVE] = "\033[33m", [RG_STABLE] = "\033[32m",
};

struct text {
    char *out;
    size_t bytes, length;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...) {
    if (t->length + 1 < t->bytes) {
        va_list arguments;
        va_start(arguments, format);
        const int n = vsnprintf(t->out + t->length, t->bytes - t->length, format, arguments);
        va_end(arguments);
        t->length += n > 0 ? (size_t)n : 0;
    }
}

/* Add the number of sequences behind a figure, unless it is all of them. */
static void add_sequences(struct text *t, const struct rg_diagnosis *d) {
    const struct rg_verdict *const v = &d->verdict;
    if (v->sequences < d->profile->rows) {
        add(t, " (%zu of %zu sequences reach it)", v->sequences, d->profile->rows);
    }
}

/* Add the lags that are noise: "at no lag can IT be told from noise over these sequences", or "WHAT comes from lags 0
 * to 3, and 64 and more cannot be". */
static void add_noise(struct text *t, const struct rg_diagnosis *d, const char *at, const char *what, const char *it) {
    struct rg_lag_range noise[RG_MAX_RANGES];
    const size_t n = rg_chance_noise(d->profile, noise), lags = d->profile->lags;
    if (n == 1 && noise[0].first == 0 && noise[0].last + 1 == lags) {
        add(t, "%s no lag can %s be told from noise over these sequences", at, it);
        return;
    }
    add(t, "%s comes from lag%s ", what, n == 1 && noise[0].first == noise[0].last ? "" : "s");
    for (size_t i = 0; i < n; i++) {
        const bool one = noise[i].first == noise[i].last, to_end = !one && noise[i].last + 1 == lags;
        add(t, "%s%zu", i == 0 ? "" : i + 1 < n ? ", " : n > 2 || to_end ? ", and " : " and ", noise[i].first);
        if (to_end) {
            add(t, " and more");
        } else if (!one) {
            add(t, " to %zu", noise[i].last);
        }
    }
    add(t, " cannot be told from noise over these sequences");
}

static bool says_far(enum rg_verdict_word word) {
    return word == RG_FADING || word == RG_SENSITIVE || word == RG_STABLE;
}

/* Does a verdict that says that the gradient comes far stand beside noise in its older half? The verdict is about the
 * norm of each sequence's gradient, noise about their sum: they may have any norm and cancel out. So the sentence says
 * both in one, and never that the gradient comes far in sum. */
static bool comes_far_as_noise(const struct rg_diagnosis *d) {
    const size_t from = rg_chance_noise_from(d->profile);
    return says_far(d->verdict.word) && from != SIZE_MAX && 2 * from <= d->profile->lags;
}

/* Add how far back the gradient comes: a few steps are not far. */
static void add_way(struct text *t, const struct rg_diagnosis *d) {
    static const size_t FEW = 3;
    const struct rg_lag_profile *const p = d->profile;
    const size_t last = d->verdict.last;
    if (last > FEW) {
        add(t, "the gradient comes far back in time");
    } else if (p->stride <= 1 && p->lags >= p->probe) {
        add(t, "the gradient comes all the way back in time");
    } else {
        add(t, "the gradient comes %zu step%s back in time", last, last == 1 ? "" : "s");
    }
}

/* What it means, for a reader who does not know the numbers; the numbers that follow are its reason. */
static void add_plain(struct text *t, const struct rg_diagnosis *d) {
    static const char *const plain[] = {
        [RG_VANISHING] = "on its way back in time the gradient all but disappears",
        [RG_EXPLODING] =
            "on its way back in time the gradient grows, and an update without clipping can go much too far",
        [RG_MIXED] = "on its way back in time the gradient is not alike everywhere",
        [RG_FADING] = ", but distant steps count for little",
        [RG_SENSITIVE] = ", but a small change of the weights changes the state a lot",
        [RG_STABLE] = "",
    };
    const struct rg_verdict *const v = &d->verdict;
    const bool far_counts = 2 * v->horizon >= v->lags, as_noise = comes_far_as_noise(d), far = says_far(v->word);
    add(t, "%s", as_noise ? "in each sequence " : "");
    if (d->profile->enters_everywhere && far) {
        add(t, "every step has its own part in the loss, and so a gradient that need not come from far");
    } else {
        if (far) {
            add_way(t, d);
        }
        add(t, "%s%s", plain[v->word],
            v->word == RG_VANISHING && !far_counts           ? ", so distant steps teach the weights next to nothing"
            : v->word == RG_STABLE && v->log10_reach <= -1.0 ? ", though it becomes weaker"
            : v->word == RG_STABLE && v->log10_reach >= 1.0  ? ", and it becomes stronger"
                                                             : "");
    }
    if (as_noise) {
        add(t, "; the sequences pull in different directions: ");
        add_noise(t, d, "at", "what", "their sum");
    }
    add(t, ". ");
}

/* Whose gradient it is, where a net has several. */
static void add_place(struct text *t, const struct rg_diagnosis *d) {
    const struct rg_verdict *const v = &d->verdict;
    char place[48];
    if (d->profiles->layers * d->profiles->directions > 1) {
        add(t, "In %s", rg_explain_place(v->layer, v->direction, place));
        if (v->part > 0.0) {
            add(t, ", which has %.3g %% of the squared gradient", 100.0 * v->part);
        }
        add(t, ", ");
    }
}

/* Say that no step is reached because the skip is too long: longer than the sequences, or than the lags that were
 * measured. */
static void add_long_skip(struct text *t, const struct rg_lag_profile *p) {
    if (p->lags < p->probe && p->stride >= p->lags) {
        add(t, "the first lag that the skip of %zu steps reaches is not among the %zu that were measured", p->stride,
            p->lags);
    } else {
        add(t, "no sequence is longer than the skip of %zu steps, so there is no gradient over time", p->stride);
    }
}

/* No gradient, or no step that it could come from. */
static void add_none(struct text *t, const struct rg_diagnosis *d) {
    const struct rg_verdict *const v = &d->verdict;
    if (v->last == 0 && v->dead < v->sequences && d->profile->stride > 1 && d->profile->lags > 1) {
        add_long_skip(t, d->profile);
    } else if (v->last == 0 && v->dead < v->sequences) {
        add(t, "no sequence has a step before the loss, so there is no gradient over time");
    } else if (d->profile->delta_log10[0] == -INFINITY && v->dead == v->sequences && isnan(v->decay)) {
        add(t, "the gradient is exactly 0 at every lag");
    } else {
        char number[RG_COUNTED_BYTES];
        add(t, "no gradient comes to lag %zu: it is exactly 0 there in %zu of %s", v->last, v->dead,
            rg_counted(v->sequences, "sequence", number));
    }
    add(t, ".");
}

/* States or gradients that are not finite. */
static void add_overflow(struct text *t, const struct rg_diagnosis *d) {
    add(t, "the states or their gradients grow beyond the range of %s, so the gradient by lag is not known%s.",
        d->is_double ? "double" : "float", d->is_double ? "" : "; --precision double has more range");
}

/* Does the gradient go both ways, so that the fitted factor does not tell how much arrives at the furthest lag? */
static bool both_falls_and_grows(const struct rg_diagnosis *d) {
    static const double apart = 1.0, clear = 0.5; /* decades */
    const struct rg_verdict *const v = &d->verdict;
    const double *const y = d->profile->delta_log10;
    const double fitted = v->decay * (double)v->last / log(10.0);
    double low = INFINITY, high = -INFINITY, rise = 0.0, fall = 0.0;
    if ((v->decay > 0.0) != (v->log10_reach > 0.0) && fabs(v->log10_reach) > 0.1 &&
        fabs(v->decay) * (double)v->last > 0.1) {
        return true;
    }
    for (size_t lag = 0; lag <= v->last; lag++) {
        if (isfinite(y[lag])) {
            low = fmin(low, y[lag]);
            high = fmax(high, y[lag]);
            rise = fmax(rise, y[lag] - low);
            fall = fmax(fall, high - y[lag]);
        }
    }
    return fabs(fitted - v->log10_reach) >= apart && rise >= clear && fall >= clear;
}

static void add_reach(struct text *t, const struct rg_diagnosis *d) {
    const struct rg_verdict *const v = &d->verdict;
    char power[32];
    const bool placed = d->profiles->layers * d->profiles->directions > 1;
    const double *const least = d->profile->delta_quantiles[RG_QUANTILE_MIN];
    const bool later = least && least[0] == -INFINITY; /* some sequence has no gradient at lag 0 */
    add(t, "%s gradient %zu step%s back is %s of that at %s", placed ? "the" : "The", v->last, v->last == 1 ? "" : "s",
        rg_explain_power(v->log10_reach, power), later ? "each sequence's first lag with a gradient" : "the loss");
    add_sequences(t, d);
    if (!isnan(v->factor)) {
        add(t, "; fitted over all lags its factor is %.4g a step", v->factor);
    }
    add(t, "; lags below %zu give the gradient of weight_hh within 10 %%.", v->horizon);
}

/* Add why the factor and the reach do not belong together, where they do not. */
static void add_disagreement(struct text *t, const struct rg_diagnosis *d) {
    if (!isnan(d->verdict.factor) && both_falls_and_grows(d)) {
        add(t, " The factor does not say how much arrives, because the gradient both falls and grows on the way.");
    }
}

static void add_mixture(struct text *t, const struct rg_diagnosis *d) {
    const struct rg_verdict *const v = &d->verdict;
    char a[32], b[48];
    if (v->mixture == RG_MIXED_SEQUENCES && v->dead > 0) {
        add(t, " The sequences disagree: in %zu of %zu it is exactly 0 there.", v->dead, v->sequences);
    } else if (v->mixture == RG_MIXED_SEQUENCES) {
        add(t, " The sequences disagree: their 10 %% and 90 %% are %.3g decades apart.", v->spread);
    } else if (v->mixture == RG_MIXED_LAYERS) {
        add(t, " In %s it is %s.", rg_explain_place(v->other_layer, v->other_direction, b),
            rg_explain_power(v->other_log10_reach, a));
    } else if (v->mixture == RG_MIXED_DIRECTIONS && d->cause) {
        add(t, " Other directions of the state would grow %s-fold",
            rg_explain_power(d->cause->log10_largest[d->cause->last], a));
        add(t, " or shrink to %s.", rg_explain_power(d->cause->log10_smallest[d->cause->last], a));
    }
}

/* Add which loss all of it is about, where there are several. */
static void add_loss(struct text *t, const struct rg_diagnosis *d) {
    if (d->profile->one_of_losses) {
        add(t, " All this is about the loss of step %zu alone; a training adds up those of all steps.",
            d->profile->probe);
    }
}

/* Add what truncated BPTT leaves out. */
static void add_cut(struct text *t, const struct rg_diagnosis *d) {
    if (d->cut > 0) {
        add(t, " This is what --tbptt %zu leaves: lags from %zu on are cut.", d->cut, d->cut);
        add(t, " What they would add to the gradient is its bias.");
    }
}

void rg_verdict_sentence(const struct rg_diagnosis *d, char *out, size_t bytes) {
    struct text t = {out, bytes, 0};
    const struct rg_verdict *const v = &d->verdict;
    add(&t, "%s: ", rg_verdict_names[v->word]);
    if (v->overflow) {
        add_overflow(&t, d);
        add_cut(&t, d);
        return;
    }
    if (v->word == RG_NONE) {
        add_none(&t, d);
        add_loss(&t, d);
        add_cut(&t, d);
        return;
    }
    add_plain(&t, d);
    add_place(&t, d);
    add_reach(&t, d);
    add_mixture(&t, d);
    add_disagreement(&t, d);
    if (v->word == RG_SENSITIVE) {
        add(&t, " A small change of weight_hh can change the last state %.3g times as much, relative to both.",
            v->sensitivity);
    }
    add_cut(&t, d);
    struct rg_lag_range noise[RG_MAX_RANGES];
    if (rg_chance_noise(d->profile, noise) > 0 && !comes_far_as_noise(d)) {
        add(&t, " ");
        add_noise(&t, d, "At", "What", "the gradient of weight_hh");
        add(&t, ".");
    }
    add_loss(&t, d);
}
