/* The training loop: see trainer.h. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/sizes.h"
#include "base/stop.h"

const char *const rg_reason_names[] = {"done", "target", "time", "interrupted", "diverged", "patience", NULL};

static const double REPORT_SECONDS = 0.1; /* of work that may be queued before the records are read */

size_t rg_update_sequences(const struct rg_config *config) {
    return config->data.batch * config->training.accumulate;
}

struct loop {
    struct rg_engine *engine;
    const struct rg_config *config;
    const struct rg_trainer_hooks *hooks;
    struct rg_trainer_state *state; /* up to the last update reported */
    uint64_t queued, reported;
    uint64_t first;            /* updates that were made before this call, */
    double before;             /* and their seconds */
    double begin, last_report; /* by rg_seconds */
    double since, each;        /* when the first update after that was queued; seconds of an update, by that report */
    double lr[RG_HISTORY];     /* rates of the updates that are queued */
    bool stop;
};

/* Is the mean loss as low as --target-loss asks, and is it one over enough updates? */
static bool target_reached(const struct loop *l) {
    const uint64_t min = rg_min(l->config->training.updates, RG_LOSS_MEAN_MIN);
    return l->config->training.target_loss > 0.0 && l->state->mean.updates >= min &&
           rg_loss_mean_value(&l->state->mean) <= l->config->training.target_loss;
}

/* Count the update, and let the loss decide: about the rate, and whether the training ends here. */
static void take_update(struct loop *l, const struct rg_update *update) {
    struct rg_trainer_state *const state = l->state;
    struct rg_training *const sum = &state->training;
    sum->updates = update->update;
    rg_loss_mean_add(&state->mean, update->loss);
    sum->last_loss = update->loss;
    sum->grad_norm = update->grad_norm;
    sum->clipped += update->clipped;
    sum->skipped += update->skipped;
    sum->applied = update->skipped ? sum->applied : update->update;
    state->skipped_row = update->skipped ? state->skipped_row + 1 : 0;
    if (l->config->training.schedule.kind == RG_SCHEDULE_PLATEAU && !l->hooks->validation) {
        rg_plateau_observe(&state->plateau, &l->config->training.schedule, update->loss, 1);
    }
    if (l->hooks->on_update) {
        l->hooks->on_update(l->hooks->self, update);
    }
    if (target_reached(l)) {
        sum->reason = RG_REASON_TARGET;
        l->stop = true;
    } else if (state->skipped_row >= l->engine->net.options.optimizer.max_skips) {
        /* the device has stopped here too: the records after this one are of updates that did nothing */
        sum->reason = RG_REASON_DIVERGED;
        l->stop = true;
    }
}

/* Wait for what is queued, and report it. */
static rg_status report(struct loop *l) {
    struct rg_record history[RG_HISTORY];
    const double n = (double)(l->queued - l->reported);
    RG_TRY(rg_device_sleep(l->engine->net.device, n * l->each - (rg_seconds() - l->since)));
    RG_TRY(rg_engine_history(l->engine, history));
    const double t = rg_seconds(), elapsed = t - l->last_report;
    l->each = n > 0.0 ? (t - l->since) / n : l->each;
    const double rate = elapsed > 0.0 ? n * (double)rg_update_sequences(l->config) / elapsed : 0.0;
    for (; l->reported < l->queued && !l->stop; l->reported++) {
        const struct rg_record *const r = &history[l->reported % RG_HISTORY];
        const struct rg_update update = {.update = l->reported + 1,
                                         /* neither is negative, but a NaN has a sign, which printf would show */
                                         .loss = fabs(rg_exact_read(r->loss)),
                                         .grad_norm = fabs(rg_exact_read(r->norm)),
                                         .clipped = r->clipped,
                                         .skipped = r->skipped,
                                         .lr = l->lr[l->reported % RG_HISTORY],
                                         .sequences_per_s = rate};
        take_update(l, &update);
    }
    l->last_report = t;
    l->state->training.seconds = l->before + t - l->begin;
    return RG_OK;
}

/* How many updates may be queued before a report: as many as fit into REPORT_SECONDS; one where the loss decides, or
 * several ranks. */
static uint64_t updates_ahead(const struct loop *l) {
    const bool plateau = l->config->training.schedule.kind == RG_SCHEDULE_PLATEAU && !l->hooks->validation;
    const bool several = rg_ranks_several(l->engine->net.options.ranks); /* they stop after the same update */
    if (l->config->training.target_loss > 0.0 || plateau || several || l->reported == l->first) {
        return 1;
    }
    const double each = (rg_seconds() - l->begin) / (double)(l->reported - l->first);
    const double n = REPORT_SECONDS / (each > 1e-6 ? each : 1e-6);
    return n < 1.0 ? 1 : n > RG_HISTORY ? RG_HISTORY : (uint64_t)n;
}

double rg_clip_rate(const struct rg_training *training) {
    return training->updates ? (double)training->clipped / (double)training->updates : 0.0;
}

/* Queue the next update. */
static rg_status queue_update(struct loop *l, struct rg_batch_source *source) {
    const struct rg_config *const c = l->config;
    const uint64_t n = l->queued;
    l->since = n == l->reported ? rg_seconds() : l->since;
    if (l->hooks->before) {
        RG_TRY(l->hooks->before(l->hooks->self, n));
    }
    RG_TRY(rg_engine_gradient(l->engine, source, n));
    RG_TRY(rg_engine_norm(l->engine, n));
    l->lr[n % RG_HISTORY] =
        rg_schedule_lr(&c->training.schedule, c->training.warmup, n, c->training.updates, l->state->plateau.lr);
    RG_TRY(rg_engine_step(l->engine, l->lr[n % RG_HISTORY]));
    l->queued++;
    return RG_OK;
}

static bool is_late(const struct loop *l) {
    return l->config->training.max_time > 0.0 && l->before + rg_seconds() - l->begin >= l->config->training.max_time;
}

/* Whether a signal, or the time, ends the run after this update: on any rank, then on all of them. */
struct ending {
    bool interrupted, late;
};

static rg_status find_ending(const struct loop *l, struct ending *ending) {
    struct rg_ranks *const ranks = l->engine->net.options.ranks;
    int found[] = {(int)rg_stop_check(), is_late(l)};
    if (rg_ranks_several(ranks)) {
        RG_TRY(rg_ranks_max(ranks, found, sizeof found / sizeof *found));
        if (found[0]) {
            rg_stop_with((rg_status)found[0]);
        }
    }
    *ending = (struct ending){found[0] != 0, found[1] != 0};
    return RG_OK;
}

/* Validate after the last update that was reported. */
static rg_status validate(struct loop *l) {
    double loss = NAN;
    bool stop = false;
    const rg_status status = l->hooks->validation->run(l->hooks->validation->self, l->reported, &loss, &stop);
    if (rg_stop_is(status)) {
        l->state->training.reason = RG_REASON_INTERRUPTED;
        l->stop = true;
        return RG_OK;
    }
    RG_TRY(status);
    if (l->config->training.schedule.kind == RG_SCHEDULE_PLATEAU) {
        rg_plateau_observe(&l->state->plateau, &l->config->training.schedule, loss, l->reported - l->state->validated);
    }
    l->state->validated = l->reported;
    if (stop) {
        l->state->training.reason = RG_REASON_PATIENCE;
        l->stop = true;
    }
    return RG_OK;
}

/* Queue an update. Report, validate and stop where they are due. */
static rg_status go_on(struct loop *l, struct rg_batch_source *source) {
    const struct rg_config *const c = l->config;
    const rg_status status = queue_update(l, source);
    if (status != RG_OK && !rg_stop_is(status)) {
        return status;
    }
    struct ending ending;
    RG_TRY(find_ending(l, &ending));
    const bool interrupted = ending.interrupted, late = ending.late,
               rest = l->hooks->rest_every && l->queued % l->hooks->rest_every == 0;
    const struct rg_validation_hooks *const validation = l->hooks->validation;
    const bool due = status == RG_OK && validation && validation->due(validation->self, l->queued);
    if (interrupted || late || rest || due || l->queued == c->training.updates ||
        l->queued - l->reported >= updates_ahead(l)) {
        RG_TRY(report(l));
        RG_TRY(due && !interrupted && !l->stop ? validate(l) : RG_OK);
        RG_TRY(l->hooks->at_rest && !l->stop ? l->hooks->at_rest(l->hooks->self, l->state) : RG_OK);
    }
    if (!l->stop && (interrupted || late)) {
        l->state->training.reason = interrupted ? RG_REASON_INTERRUPTED : RG_REASON_TIME;
        l->stop = true;
    }
    return RG_OK;
}

rg_status rg_trainer_state_create(const struct rg_config *config, struct rg_trainer_state *state) {
    *state =
        (struct rg_trainer_state){.training = {.loss = NAN, .median_loss = NAN, .last_loss = NAN, .grad_norm = NAN},
                                  .plateau = rg_plateau_start(config->training.lr)};
    return rg_loss_mean_create(&state->mean, config->training.updates);
}

void rg_trainer_state_release(struct rg_trainer_state *state) {
    rg_loss_mean_release(&state->mean);
}

/* Why a resumed run has nothing left to do, if that is so. */
static bool is_over(struct loop *l) {
    const struct rg_validation_hooks *const validation = l->hooks->validation;
    const double max = l->config->training.max_time;
    const bool late = l->first > 0 && max > 0.0 && l->before >= max, reached = target_reached(l);
    const bool enough = l->first > 0 && validation && validation->enough(validation->self);
    l->state->training.reason = reached  ? RG_REASON_TARGET
                                : enough ? RG_REASON_PATIENCE
                                : late   ? RG_REASON_TIME
                                         : RG_REASON_DONE;
    return reached || enough || late;
}

/* Begin, or go on. A validation that was due when the run was stopped is done now. */
static rg_status begin(struct loop *l) {
    const struct rg_validation_hooks *const validation = l->hooks->validation;
    l->stop = is_over(l);
    const bool missed =
        l->first > 0 && validation && validation->due(validation->self, l->first) && l->state->validated < l->first;
    return missed && !l->stop ? validate(l) : RG_OK;
}

rg_status rg_train(struct rg_engine *engine, struct rg_batch_source *source, const struct rg_config *config,
                   const struct rg_trainer_hooks *hooks, struct rg_trainer_state *state) {
    struct rg_training *const training = &state->training;
    struct loop l = {.engine = engine, .config = config, .hooks = hooks, .state = state};
    l.first = l.queued = l.reported = training->updates;
    l.before = training->seconds;
    l.begin = l.last_report = rg_seconds();
    rg_status status = begin(&l);
    while (status == RG_OK && !l.stop && l.queued < config->training.updates) {
        status = go_on(&l, source);
    }
    if (status == RG_OK && training->updates > 0 && training->skipped == training->updates &&
        training->reason != RG_REASON_INTERRUPTED) {
        training->reason = RG_REASON_DIVERGED; /* nothing was trained */
    }
    if (training->reason != RG_REASON_DIVERGED) {
        training->loss = rg_loss_mean_value(&state->mean);
        status = status == RG_OK ? rg_loss_mean_median(&state->mean, &training->median_loss) : status;
        training->loss_updates = rg_loss_mean_window(training->updates);
    }
    RG_TRY(status);
    RG_TRY(rg_device_finish(engine->net.device));
    training->seconds = l.before + rg_seconds() - l.begin;
    training->sequences_per_s =
        training->seconds > 0.0 ? (double)(training->updates * rg_update_sequences(config)) / training->seconds : 0.0;
    return RG_OK;
}
