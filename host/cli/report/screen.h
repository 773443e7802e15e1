/* The screen of a training run: opening lines and progress on stderr, the result on stdout. */
#ifndef RG_SCREEN_H
#define RG_SCREEN_H

#include <stdio.h>

#include "cli/report/advice.h"
#include "cli/report/history.h"
#include "cli/report/live_line.h"
#include "cli/report/look.h"
#include "cli/settings.h"
#include "train/diagnosis.h"
#include "train/run.h"
#include "train/source.h"

struct rg_screen {
    const struct rg_config *config;
    bool live; /* stderr is a terminal: one line, rewritten */
    struct rg_look look;
    double begin, last;   /* by the clock, in seconds */
    double baseline;      /* shown beside the loss; NAN: none */
    double held_out;      /* loss of the last validation; NAN: none so far */
    double held_baseline; /* shown beside it; NAN: it is the same */
    double before;        /* seconds of training before this process, for a resumed run */
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

/* Print the device of the trainings of a command, as the opening of one training has it. */
void rg_screen_device(const struct rg_config *config, const struct rg_device_info *info);

/* Print what will run: model, task and baseline, batch and optimiser, device, memory. */
void rg_screen_opening(const struct rg_screen *screen, const struct rg_run_facts *facts);

/* Print the end of --dry-run on stdout: the time of one update and of all updates. */
void rg_screen_plan(const struct rg_screen *screen, double update_seconds, size_t updates, bool validates);

/* Count an update, and say what the training is like at it. */
struct rg_live rg_screen_count(struct rg_screen *screen, const struct rg_update *update);
/* The progress line (live_line.h): at most ten a second on a terminal, as wide as it is then; else a line now and
 * then. */
void rg_screen_update(struct rg_screen *screen, const struct rg_update *update, const struct rg_live *live);
/* A line for a validation: of few all, of many about twenty. */
void rg_screen_validation(struct rg_screen *screen, const struct rg_validation *validation);

/* Print the result on stdout: losses, norms, speed, the lag profile as bars, the verdict and its causes. A part that
 * was not measured is left out. */
void rg_screen_result(const struct rg_screen *screen, const struct rg_run_facts *facts,
                      const struct rg_run_result *result);

/* Of a verdict's name on a terminal. */
extern const char *const rg_verdict_colors[];

/* What the gradient does, in words and then in the numbers that they rest on; begins with the verdict's name. */
void rg_verdict_sentence(const struct rg_diagnosis *diagnosis, char *out, size_t bytes);
/* "lstm, 2 layers, bidirectional, readout final; 2 -> 64 -> 1, 17,217 weights" */
void rg_screen_model_text(const struct rg_model *model, char *out, size_t bytes);
/* The diagnosis alone, as rg_screen_result ends with it. */
void rg_screen_diagnosis(const struct rg_diagnosis *diagnosis, const struct rg_config *config,
                         const struct rg_look *look);
/* The command to try and why; nothing where there is no advice. */
void rg_screen_advice(const struct rg_outcome *outcome, const struct rg_look *look);

#endif
