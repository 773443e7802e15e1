/* What a person sees of a training run: opening lines and progress on stderr, the result on stdout. */
#ifndef RG_SCREEN_H
#define RG_SCREEN_H

#include <stdio.h>

#include "gradient/verdict.h"
#include "train/score.h"
#include "report/history.h"
#include "train/source.h"
#include "train/trainer.h"

struct rg_screen {
    const struct rg_config *config;
    bool live;          /* stderr is a terminal: one line, rewritten */
    bool color;         /* stdout may be coloured */
    bool unicode;       /* the locale's characters are UTF-8 */
    double begin, last; /* seconds */
    uint64_t clipped, seen;
    const struct rg_history *history; /* of the run, for sparklines; NULL: none */
};

/* The run as a whole, for opening and result. */
struct rg_run_facts {
    const struct rg_config *config;
    const struct rg_model *model;
    const struct rg_problem *problem;
    const struct rg_device *device;
    const struct rg_plan *plan; /* for the opening only */
};

void rg_screen_init(struct rg_screen *screen, const struct rg_config *config);

/* What will run: model, task and baseline, batch and optimiser, device, memory. */
void rg_screen_opening(const struct rg_screen *screen, const struct rg_run_facts *facts);

/* The progress line: at most ten a second on a terminal, else a line now and then. `long`: the share of the older half
 * of the lags, where the history has lag profiles. */
void rg_screen_update(struct rg_screen *screen, const struct rg_update *update);
void rg_screen_progress_end(struct rg_screen *screen);

/* The result on stdout: losses, norms, speed, the lag profile drawn, one sentence of verdict and advice. `profile` and
 * `validation` may be NULL. */
void rg_screen_result(const struct rg_screen *screen, const struct rg_run_facts *facts,
                      const struct rg_training *training, const struct rg_validation *validation,
                      const struct rg_lag_profile *profile);

/* One sentence: what the gradient does, the numbers it rests on, what to try. */
void rg_verdict_sentence(const struct rg_lag_profile *profile, const struct rg_config *config, char *out, size_t bytes);

#endif
