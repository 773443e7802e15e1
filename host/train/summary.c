/* The summary of a training that is compared with others: see summary.h. */
#include "train/summary.h"

#include <math.h>

#include "base/sizes.h"
#include "files/json_lines.h"
#include "train/loss_mean.h"

static const double LEARNED_MSE = 0.06, LEARNED_ENTROPY = 0.5;

void rg_summary_init(struct rg_summary *summary, uint64_t planned) {
    *summary = (struct rg_summary){.loss = NAN,
                                   .median_loss = NAN,
                                   .last_loss = NAN,
                                   .best_loss = NAN,
                                   .decay = NAN,
                                   .factor = NAN,
                                   .log10_reach = NAN,
                                   .long_share = NAN,
                                   .used = NAN,
                                   .val_loss = NAN,
                                   .val_accuracy = NAN,
                                   .val_r2 = NAN,
                                   .val_best_loss = NAN,
                                   .val_best_accuracy = NAN,
                                   .val_best_r2 = NAN,
                                   .test_loss = NAN,
                                   .test_accuracy = NAN,
                                   .test_low = NAN,
                                   .test_high = NAN,
                                   .test_r2 = NAN,
                                   .baseline = NAN,
                                   .score_baseline = NAN,
                                   .planned = planned};
    summary->n_parts = planned < RG_SUMMARY_PARTS ? (size_t)planned : RG_SUMMARY_PARTS;
}

void rg_summary_note_learned(struct rg_summary *s, uint64_t update, const struct rg_loss_mean *mean) {
    const uint64_t min = s->planned < RG_LOSS_MEAN_MIN ? s->planned : RG_LOSS_MEAN_MIN;
    if (!s->learned_update && mean->updates >= min &&
        rg_loss_is_learned(s->loss_kind, rg_loss_mean_value(mean), s->baseline)) {
        s->learned_update = update;
    }
}

void rg_summary_add(struct rg_summary *summary, const struct rg_update *update) {
    if (isfinite(update->loss) && update->update <= summary->planned) {
        /* whole numbers: 29 / 100 * 100 is less than 29 in doubles */
        const size_t part = (size_t)((update->update - 1) * summary->n_parts / summary->planned);
        summary->part_sum[part] += update->loss;
        summary->part_count[part]++;
    }
}

double rg_summary_part(const struct rg_summary *summary, size_t part) {
    return summary->part_count[part] ? summary->part_sum[part] / (double)summary->part_count[part] : NAN;
}

uint64_t rg_summary_part_end(const struct rg_summary *s, size_t part) {
    const uint64_t end = ((part + 1) * s->planned + s->n_parts - 1) / s->n_parts;
    return end < s->updates ? end : s->updates;
}

/* Mean over parts [first, first + n); NAN where none was finite. */
static double mean(const struct rg_summary *s, size_t first, size_t n) {
    double sum = 0.0;
    uint64_t count = 0;
    for (size_t i = first; i < first + n; i++) {
        sum += s->part_sum[i];
        count += s->part_count[i];
    }
    return count ? sum / (double)count : NAN;
}

/* Parts of `made` that the final mean covers: a tenth, or at least as many as the headline loss has. */
static size_t tenth_of(const struct rg_summary *s, size_t made) {
    const double min = ceil(RG_LOSS_MEAN_MIN * (double)s->n_parts / (double)(s->planned ? s->planned : 1));
    const size_t tenth = made / 10;
    const double parts = fmin(fmax((double)tenth, min), (double)made);
    return (size_t)parts;
}

void rg_summary_end(struct rg_summary *summary, const struct rg_training *training) {
    summary->reason = training->reason;
    summary->updates = training->updates;
    summary->last_loss = training->last_loss;
    summary->skipped = training->skipped;
    summary->seconds = training->seconds;
    summary->sequences_per_s = training->sequences_per_s;
    summary->clip_rate = rg_clip_rate(training);
    size_t made = summary->n_parts; /* parts up to the last update that counted */
    while (made > 0 && summary->part_count[made - 1] == 0) {
        made--;
    }
    const size_t tenth = tenth_of(summary, made);
    for (size_t first = 0; tenth > 0 && first + tenth <= made; first++) {
        summary->best_loss = fmin(summary->best_loss, mean(summary, first, tenth)); /* fmin passes NAN over */
    }
    if (training->reason != RG_REASON_DIVERGED) {
        summary->loss = training->loss;
        summary->median_loss = training->median_loss;
        summary->best_loss = fmin(summary->best_loss, summary->loss);
    }
    if (!summary->learned_update && rg_summary_learned(summary)) {
        summary->learned_update = summary->updates;
    }
}

void rg_summary_lags(struct rg_summary *summary, const struct rg_lag_profile *profile,
                     const struct rg_verdict *verdict) {
    summary->measured = profile != NULL;
    if (!profile) {
        return;
    }
    const struct rg_lag_terms *const hh = &profile->matrices[RG_LAG_HH];
    summary->verdict = verdict->word;
    summary->decay = verdict->decay;
    summary->factor = verdict->factor;
    summary->log10_reach = verdict->log10_reach;
    summary->horizon = hh->horizon;
    summary->long_share = 0.0;
    summary->lag_steps = profile->steps;
    summary->n_lags = rg_min(profile->steps, RG_SUMMARY_LAGS);
    for (size_t lag = 0; lag < profile->steps; lag++) {
        const size_t column = lag * summary->n_lags / profile->steps;
        summary->lag_norm[column] = fmax(summary->lag_norm[column], hh->norm[lag]);
        summary->lag_share[column] += hh->share[lag];
        summary->long_share += 2 * lag >= profile->steps ? hh->share[lag] : 0.0;
    }
}

double rg_loss_learned_part(enum rg_loss kind) {
    return kind == RG_LOSS_MSE ? LEARNED_MSE : LEARNED_ENTROPY;
}

bool rg_loss_is_learned(enum rg_loss kind, double loss, double baseline) {
    return loss < rg_loss_learned_part(kind) * baseline;
}

bool rg_summary_learned(const struct rg_summary *s) {
    return rg_loss_is_learned(s->loss_kind, rg_summary_ranked(s), rg_summary_baseline(s));
}

double rg_summary_baseline(const struct rg_summary *s) {
    return s->held_out > 0 ? s->score_baseline : s->baseline;
}

double rg_summary_ranked(const struct rg_summary *s) {
    const double loss = s->held_out > 0 ? s->val_best_loss : s->median_loss;
    return s->reason == RG_REASON_DIVERGED || isnan(loss) ? INFINITY : loss;
}

const char *rg_summary_ranked_by(const struct rg_summary *s) {
    return s->held_out > 0 ? "validation.best_loss" : "median_loss";
}

double rg_summary_best_score(const struct rg_summary *s) {
    return isnan(s->val_best_accuracy) ? s->val_best_r2 : s->val_best_accuracy;
}

static void add_validation(const struct rg_summary *s, json_t **object) {
    json_t *validation =
        rg_json_pack("{s:I, s:o}", "sequences", (json_int_t)s->held_out, "loss", rg_json_real(s->val_loss));
    const bool classes =
        !isnan(s->val_accuracy) || !isnan(s->val_best_accuracy); /* one that diverged has only the best */
    rg_json_set(&validation, classes ? "accuracy" : "r2", rg_json_real(classes ? s->val_accuracy : s->val_r2));
    rg_json_set(&validation, "best_loss", rg_json_real(s->val_best_loss));
    rg_json_set(&validation, classes ? "best_accuracy" : "best_r2", rg_json_real(rg_summary_best_score(s)));
    rg_json_set(&validation, "baseline", rg_json_real(s->score_baseline));
    rg_json_set(&validation, "best_update", json_integer((json_int_t)s->val_best_update));
    rg_json_set(object, "validation", validation);
    rg_json_set(object, "val_loss", rg_json_real(s->val_loss));
}

static void add_test(const struct rg_summary *s, json_t **object) {
    json_t *test = rg_json_pack("{s:I, s:o}", "sequences", (json_int_t)s->tested, "loss", rg_json_real(s->test_loss));
    if (isnan(s->test_accuracy)) {
        rg_json_set(&test, "r2", rg_json_real(s->test_r2));
    } else {
        rg_json_set(&test, "accuracy", rg_json_real(s->test_accuracy));
        rg_json_set(&test, "accuracy_low", rg_json_real(s->test_low));
        rg_json_set(&test, "accuracy_high", rg_json_real(s->test_high));
    }
    rg_json_set(&test, "weights", json_string(s->test_of_best ? "best" : "last"));
    rg_json_set(object, "test", test);
}

json_t *rg_summary_json(const struct rg_summary *summary) {
    const struct rg_summary *const s = summary;
    char hash[24];
    (void)snprintf(hash, sizeof hash, "%016llx", (unsigned long long)s->weights_hash);
    json_t *object = rg_json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "task", s->task, "steps",
        (json_int_t)s->steps, "batch", (json_int_t)s->batch, "parameters", (json_int_t)s->n_weights, "trained",
        (json_int_t)(s->n_weights - s->n_frozen), "frozen", (json_int_t)s->n_frozen, "baseline",
        rg_json_real(s->baseline), "reason", rg_reason_names[s->reason], "updates", (json_int_t)s->updates, "skipped",
        (json_int_t)s->skipped, "loss", rg_json_real(s->loss), "median_loss", rg_json_real(s->median_loss), "last_loss",
        rg_json_real(s->last_loss), "best_loss", rg_json_real(s->best_loss), "clip_rate", rg_json_real(s->clip_rate));
    if (s->device[0]) { /* results of earlier versions do not know it */
        rg_json_set(&object, "device", rg_json_text(s->device));
        rg_json_set(&object, "backend", rg_json_text(s->backend));
        rg_json_set(&object, "math", rg_json_text(rg_math_names[s->config.machine.math]));
    }
    if (s->labels[0]) {
        rg_json_set(&object, "labels", rg_json_text(s->labels));
    }
    if (s->held_out > 0) {
        add_validation(s, &object);
    }
    if (s->tested > 0) {
        add_test(s, &object);
    }
    const bool known = s->measured;
    rg_json_set(&object, "verdict", known ? json_string(rg_verdict_names[s->verdict]) : json_null());
    rg_json_set(&object, "horizon", known ? json_integer((json_int_t)s->horizon) : json_null());
    rg_json_set(&object, "decay", known ? rg_json_real(s->decay) : json_null());
    rg_json_set(&object, "factor", known ? rg_json_real(s->factor) : json_null());
    rg_json_set(&object, "log10_reach", known ? rg_json_real(s->log10_reach) : json_null());
    rg_json_set(&object, "long_share", known ? rg_json_real(s->long_share) : json_null());
    if (!isnan(s->used)) {
        rg_json_set(&object, "updates_used", rg_json_real(s->used));
    }
    rg_json_set(&object, "seconds", rg_json_real(s->seconds));
    rg_json_set(&object, "sequences_per_s", rg_json_real(s->sequences_per_s));
    rg_json_set(&object, "weights_hash", json_string(hash));
    return object;
}
