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
    double updates_used;        /* for the result only: share of the steps that a learned skip used; NAN: not known */
};

void rg_screen_init(struct rg_screen *screen, const struct rg_config *config);

/* What will run: model, task and baseline, batch and optimiser, device, memory. */
void rg_screen_opening(const struct rg_screen *screen, const struct rg_run_facts *facts);

/* The progress line: at most ten a second on a terminal, else a line now and then. `long`: the share of the older half
 * of the lags, where the history has lag profiles. */
void rg_screen_update(struct rg_screen *screen, const struct rg_update *update);
void rg_screen_progress_end(struct rg_screen *screen);

/* What was found of the gradient at the end. */
struct rg_finding {
    const struct rg_lag_profiles *profiles;
    const struct rg_all_causes *causes;
    const struct rg_judgement *judgement; /* of the last layer */
};

/* The result on stdout: losses, norms, speed, the lag profile drawn, its causes, the verdict and a command to try.
 * `finding` and `validation` may be NULL. */
void rg_screen_result(const struct rg_screen *screen, const struct rg_run_facts *facts,
                      const struct rg_training *training, const struct rg_validation *validation,
                      const struct rg_finding *finding);

/* One sentence: what the gradient does, and the numbers it rests on. */
void rg_verdict_sentence(const struct rg_lag_profile *profile, const struct rg_judgement *judgement, char *out,
                         size_t bytes);
bool rg_screen_is_unicode(void);
/* The finding alone, as rg_screen_result ends with it; `config` for the command to try. */
void rg_screen_finding(const struct rg_finding *finding, const struct rg_config *config, bool color, bool unicode);

#endif
