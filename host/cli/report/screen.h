/* The screen of a training run: opening lines and progress on stderr, the result on stdout. */
#ifndef RG_SCREEN_H
#define RG_SCREEN_H

#include <stdio.h>

#include "train/diagnosis.h"
#include "cli/report/advice.h"
#include "cli/report/history.h"
#include "cli/settings.h"
#include "train/source.h"
#include "train/run.h"

struct rg_screen {
    const struct rg_config *config;
    bool live;          /* stderr is a terminal, on which one line is rewritten */
    bool color;         /* stdout may be coloured */
    bool unicode;       /* the locale's characters are UTF-8 */
    double begin, last; /* times in seconds */
    double baseline;    /* shown beside the loss; NAN: none */
    double held_out;    /* loss of the last validation; NAN: none so far */
    double before;      /* seconds of training before this process, for a resumed run */
    uint64_t clipped, seen;
    uint64_t validations;             /* so far */
    uint64_t planned;                 /* validations of the whole run */
    const struct rg_history *history; /* for sparklines; NULL: none */
};

/* A run as a whole, for the opening and the result. */
struct rg_run_facts {
    const struct rg_config *config;
    const struct rg_model *model;
    const struct rg_problem *problem;
    const struct rg_device *device;
    const struct rg_plan *plan; /* only for the opening, as settings and data */
    const struct rg_settings *settings;
    const struct rg_rate_test *rate_test; /* NULL: --lr is a number */
    const struct rg_run_data *data;       /* NULL: nothing is held out */
    double updates_used; /* only for the result: share of the steps that a learned skip used; NAN: not known */
};

void rg_screen_init(struct rg_screen *screen, const struct rg_config *config);

/* Print a line about what is learned from a file (rg_targets_describe), unless it is "". */
void rg_screen_labels(const struct rg_config *config, const char *labels);

/* Print what will run: model, task and baseline, batch and optimiser, device, memory. */
void rg_screen_opening(const struct rg_screen *screen, const struct rg_run_facts *facts);

/* Print the end of --dry-run on stdout: the time of one update and of all updates. */
void rg_screen_plan(double update_seconds, size_t updates, bool validates);

/* Print the progress line (live_line.h): on a terminal at most ten times a second, as wide as the terminal is then;
 * otherwise a line now and then. */
void rg_screen_update(struct rg_screen *screen, const struct rg_update *update);
/* Print a line for a validation: for all if there are few, otherwise for about twenty. */
void rg_screen_validation(struct rg_screen *screen, const struct rg_validation *validation);
void rg_screen_progress_end(struct rg_screen *screen);

/* Print the result on stdout: losses, norms, speed, the lag profile, its causes and the verdict. Parts that were not
 * measured are left out. */
void rg_screen_result(const struct rg_screen *screen, const struct rg_run_facts *facts,
                      const struct rg_run_result *result);

/* One sentence: what the gradient does, and the numbers behind it. */
void rg_verdict_sentence(const struct rg_diagnosis *diagnosis, char *out, size_t bytes);
bool rg_screen_is_unicode(void);
/* "lstm, 2 layers, bidirectional, readout final; 2 -> 64 -> 1, 17,217 weights" */
void rg_screen_model_text(const struct rg_model *model, char *out, size_t bytes);
/* Print only the diagnosis, as at the end of rg_screen_result. */
void rg_screen_diagnosis(const struct rg_diagnosis *diagnosis, const struct rg_config *config, bool color,
                         bool unicode);
/* Print the command to try and the reason; nothing if there is no advice. */
void rg_screen_advice(const struct rg_outcome *outcome);

#endif
