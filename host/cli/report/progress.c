/* Progress over many runs: see progress.h. */
#include "cli/report/progress.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/live.h"

static const double LIVE_SECONDS = 0.1;

void rg_progress_init(struct rg_progress *progress, const struct rg_config *config, double total) {
    *progress = (struct rg_progress){.silent = config->output.quiet || config->output.json,
                                     .total = total,
                                     .max_time = config->training.max_time,
                                     .begin = rg_seconds()};
    progress->run_begin = progress->begin;
    progress->live = rg_live_is_on(config);
}

/* Remaining time, "12 s", "3 min", if `done` of the work took until now. */
static const char *time_left(const struct rg_progress *p, double done, char out[32]) {
    const double left = done > 0.0 ? (rg_seconds() - p->begin) * (p->total - done) / done : NAN;
    if (isnan(left)) {
        return "";
    }
    (void)snprintf(out, 32, left < 100.0 ? ", %.0f s left" : ", %.0f min left", left < 100.0 ? left : left / 60.0);
    return out;
}

void rg_progress_update(struct rg_progress *progress, const char *name, double work, const struct rg_update *update,
                        uint64_t updates) {
    const double t = rg_seconds();
    if (!progress->live || t - progress->last < LIVE_SECONDS) {
        return;
    }
    progress->last = t;
    char line[200], left[32];
    const double by_time = progress->max_time > 0.0 ? (t - progress->run_begin) / progress->max_time : 0.0;
    const double part = fmin(fmax((double)update->update / (double)updates, by_time), 1.0);
    const double done = progress->done + work * part;
    (void)snprintf(line, sizeof line, "%s: update %llu/%llu, loss %.4g%s", name, (unsigned long long)update->update,
                   (unsigned long long)updates, update->loss, time_left(progress, done, left));
    rg_live_show(line);
}

void rg_progress_part(struct rg_progress *progress, double work) {
    progress->done += work;
    progress->run_begin = rg_seconds();
}

void rg_progress_run(struct rg_progress *progress, const char *name, double work, const char *result) {
    progress->done += work;
    progress->run_begin = rg_seconds();
    if (progress->silent) {
        return;
    }
    char left[32];
    rg_live_clear();
    (void)fprintf(stderr, "%s: %s%s\n", name, result,
                  progress->done < progress->total ? time_left(progress, progress->done, left) : "");
}

void rg_progress_count(struct rg_progress *progress, size_t done) {
    char line[120], left[32];
    progress->done = (double)done;
    if (progress->live && progress->done < progress->total) {
        (void)snprintf(line, sizeof line, "%zu of %.0f runs%s", done, progress->total,
                       time_left(progress, progress->done, left));
        rg_live_show(line);
    }
}
