/* Progress over many runs on stderr: one line that is rewritten on a terminal, else a line for every run that ended. */
#ifndef RG_PROGRESS_H
#define RG_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/config.h"
#include "train/trainer.h"

struct rg_progress {
    bool silent;        /* --quiet, or --json, whose lines tell as much */
    bool live;          /* stderr is a terminal */
    double begin, last; /* seconds */
    double run_begin;   /* of the run under way */
    double max_time;    /* of a run; 0: no limit */
    double total;       /* work of all runs, in any unit */
    double done;        /* work of those that ended */
};

/* `total`: the work of all runs. */
void rg_progress_init(struct rg_progress *progress, const struct rg_config *config, double total);

/* A run of `work` is at this update of `updates`; `name` says which run, as "3/21 lstm clip". At most ten times a
 * second on a terminal, else nothing. */
void rg_progress_update(struct rg_progress *progress, const char *name, double work, const struct rg_update *update,
                        uint64_t updates);

/* A run of `work` has ended, without a line for it. */
void rg_progress_part(struct rg_progress *progress, double work);

/* A run of `work` has ended with `result`. */
void rg_progress_run(struct rg_progress *progress, const char *name, double work, const char *result);

/* `done` of the runs, which are all of one work, have ended; a notice on a terminal only. */
void rg_progress_count(struct rg_progress *progress, size_t done);

/* Make room for a line of results. */
void rg_progress_clear(const struct rg_progress *progress);

/* Leave a clean line behind. */
void rg_progress_end(struct rg_progress *progress);

#endif
