/* Progress over many runs on stderr: on a terminal one line that is rewritten, otherwise a line for every finished run.
 */
#ifndef RG_PROGRESS_H
#define RG_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "rnn_gpu/config.h"
#include "train/trainer.h"

struct rg_progress {
    bool silent;        /* --quiet, or --json, whose lines have the same information */
    bool live;          /* stderr is a terminal */
    double begin, last; /* seconds */
    double run_begin;   /* start of the present run */
    double max_time;    /* of one run; 0: no limit */
    double total;       /* work of all runs, in any unit */
    double done;        /* work of the finished runs */
};

/* `total`: the work of all runs. */
void rg_progress_init(struct rg_progress *progress, const struct rg_config *config, double total);

/* A run of `work` has reached this update of `updates`. `name` identifies the run: "3/21 lstm clip". It prints at most
 * ten times a second on a terminal, and otherwise nothing. */
void rg_progress_update(struct rg_progress *progress, const char *name, double work, const struct rg_update *update,
                        uint64_t updates);

/* A run of `work` has ended. Prints no line for it. */
void rg_progress_part(struct rg_progress *progress, double work);

/* A run of `work` has ended with `result`. */
void rg_progress_run(struct rg_progress *progress, const char *name, double work, const char *result);

/* `done` of the runs, which all have equal work, have ended. Prints only on a terminal. */
void rg_progress_count(struct rg_progress *progress, size_t done);

#endif
