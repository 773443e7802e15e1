/* The training loop: see trainer.h. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "train/schedule.h"

const char *const rg_reason_names[] = {"done", "target", "time", "interrupted", "diverged", NULL};

static const double REPORT_SECONDS = 0.1; /* of work that may be queued before the records are read */

struct loop {
    struct rg_engine *engine;
    const struct rg_config *config;
    const struct rg_trainer_hooks *hooks;
    struct rg_training *training;
    uint64_t queued, reported;
    uint64_t skipped_row; /* skipped updates in a row, up to the last one reported */
    double begin, last_report;
    struct rg_plateau plateau;
    double lr[RG_HISTORY]; /* rates of the updates that are queued */
    bool stop;
};

/* Wait for what is queued, and report it. */
static rg_status report(struct loop *l) {
    struct rg_record history[RG_HISTORY];
    RG_TRY(rg_engine_history(l->engine, history));
    const double t = rg_seconds(), elapsed = t - l->last_report;
    const double rate = elapsed > 0.0 ? (double)((l->queued - l->reported) * l->config->batch) / elapsed : 0.0;
    struct rg_training *const sum = l->training;
    for (; l->reported < l->queued && !l->stop; l->reported++) {
        const struct rg_record *r = &history[l->reported % RG_HISTORY];
        const struct rg_update update = {.update = l->reported + 1,
                                         .loss = fabs((double)r->loss), /* never negative, but a NaN has a sign */
                                         .grad_norm = (double)r->norm,
                                         .clipped = r->clipped,
                                         .skipped = r->skipped,
                                         .lr = l->lr[l->reported % RG_HISTORY],
                                         .sequences_per_s = rate};
        sum->updates = update.update;
        sum->loss = update.loss;
        sum->grad_norm = update.grad_norm;
        sum->clipped += r->clipped;
        sum->skipped += r->skipped;
        l->skipped_row = r->skipped ? l->skipped_row + 1 : 0;
        if (l->config->schedule.kind == RG_SCHEDULE_PLATEAU) {
            rg_plateau_observe(&l->plateau, &l->config->schedule, update.loss);
        }
        if (l->hooks->on_update) {
            l->hooks->on_update(l->hooks->self, &update);
        }
        if (l->config->target_loss > 0.0 && update.loss <= l->config->target_loss) {
            sum->reason = RG_REASON_TARGET;
            l->stop = true;
        } else if (l->skipped_row >= l->engine->options.optimizer.max_skips) {
            /* the device has stopped here too: the records after this one are of updates that did nothing */
            sum->reason = RG_REASON_DIVERGED;
            l->stop = true;
        }
    }
    l->last_report = t;
    return RG_OK;
}

/* How many updates may be queued before a report: as many as fit into REPORT_SECONDS; one where the loss decides. */
static uint64_t updates_ahead(const struct loop *l) {
    if (l->config->target_loss > 0.0 || l->config->schedule.kind == RG_SCHEDULE_PLATEAU || l->reported == 0) {
        return 1;
    }
    const double each = (rg_seconds() - l->begin) / (double)l->reported;
    const double n = REPORT_SECONDS / (each > 1e-6 ? each : 1e-6);
    return n < 1.0 ? 1 : n > RG_HISTORY ? RG_HISTORY : (uint64_t)n;
}

double rg_clip_rate(const struct rg_training *training) {
    return training->updates ? (double)training->clipped / (double)training->updates : 0.0;
}

rg_status rg_train(struct rg_engine *engine, struct rg_source *source, const struct rg_config *config,
                   const struct rg_trainer_hooks *hooks, struct rg_training *training) {
    memset(training, 0, sizeof *training);
    training->loss = training->grad_norm = NAN;
    struct loop l = {.engine = engine, .config = config, .hooks = hooks, .training = training};
    l.plateau = rg_plateau_start(config->lr);
    l.begin = l.last_report = rg_seconds();
    while (!l.stop && l.queued < config->updates) {
        if (hooks->before) {
            RG_TRY(hooks->before(hooks->self, l.queued));
        }
        RG_TRY(rg_engine_gradient(engine, source, l.queued));
        RG_TRY(rg_engine_norm(engine, l.queued));
        l.lr[l.queued % RG_HISTORY] =
            rg_schedule_lr(&config->schedule, config->warmup, l.queued, config->updates, l.plateau.lr);
        RG_TRY(rg_engine_step(engine, l.lr[l.queued % RG_HISTORY]));
        l.queued++;
        const bool interrupted = hooks->stop && *hooks->stop;
        const bool late = config->max_time > 0.0 && rg_seconds() - l.begin >= config->max_time;
        if (interrupted || late || l.queued == config->updates || l.queued - l.reported >= updates_ahead(&l)) {
            RG_TRY(report(&l));
        }
        if (!l.stop && (interrupted || late)) {
            training->reason = interrupted ? RG_REASON_INTERRUPTED : RG_REASON_TIME;
            l.stop = true;
        }
    }
    RG_TRY(rg_device_finish(engine->device));
    training->seconds = rg_seconds() - l.begin;
    training->sequences_per_s =
        training->seconds > 0.0 ? (double)(training->updates * config->batch) / training->seconds : 0.0;
    return RG_OK;
}
