/* Advice after a run that has not learned: a whole command, the reason, and what the command reached where it was
 * measured. */
#ifndef RG_ADVICE_H
#define RG_ADVICE_H

#include <jansson.h>

#include "cli/report/advice_table.h"
#include "gradient/verdict.h"
#include "rnn_gpu/config.h"
#include "train/run.h"

enum {
    RG_ADVICE_BYTES = 1000, /* a longer command is left out */
    RG_ADVICE_LIMITS = 400,
    RG_ADVICE_WHY = 500,
    RG_ADVICE_TEXT = 700 + RG_ADVICE_LIMITS
};

/* The result of a run, as far as advice depends on it. */
struct rg_outcome {
    const struct rg_config *config; /* as it ran */
    /* false: the run was interrupted, or was not a training; there is no advice then */
    bool ended;
    bool reached;  /* the run reached its --target-loss */
    bool timed;    /* --max-time ended it */
    bool language; /* it learns to predict a plain text */
    bool falling;  /* the validation loss, or without one that of the training, still fell at the end */
    bool diverged; /* the run diverged and has no verdict */
    bool has_verdict;
    enum rg_verdict_word verdict;
    size_t last; /* the furthest lag; 0: no sequence has a step before the loss, so initial weights change nothing */
    enum rg_loss loss_kind;
    /* Where there was a validation, the loss of the best one, else that of the training, with its baseline. NAN: not
     * known; a baseline of 0: all targets are equal, so there is nothing to learn */
    double loss, baseline;
    double training_loss;
    bool rose; /* the training loss was at some time well above its first value */
    struct {
        uint64_t best_update; /* 0: there was none */
        double best, last;    /* losses */
        uint64_t planned;     /* validations of the whole run */
        uint64_t since_best;  /* validations after the best one */
    } validation;
    bool large_inputs, large_targets; /* far from unit scale; inputs that --normalize can scale */
    uint64_t updates, applied;
    size_t steps;           /* of the sequences; those of some tasks are longer than --steps */
    double sequences_per_s; /* of the training; 0: not known */
    double dead;            /* share of the units that are saturated or dead; NAN: not known */
};

/* `row` NULL: there is no advice, because the run has learned, or because no measured recipe is left. */
struct rg_advice {
    const struct rg_advice_row *row;
    const struct rg_recipe *recipe; /* NULL: the same run with one option changed, which was not measured */
    const struct rg_recipe_length
        *length; /* NULL, or the length of the recipe whose measurement is shown beside the command */
    char command[RG_ADVICE_BYTES];
    char why[RG_ADVICE_WHY];       /* the reason: a sentence */
    char limits[RG_ADVICE_LIMITS]; /* sentences: how this run differs from those that were measured; "": it does not */
};

struct rg_outcome rg_outcome_of_run(const struct rg_run *run);

void rg_advise(const struct rg_outcome *outcome, struct rg_advice *advice);

/* The reason, what the recipe reached where it was measured, and `limits`: sentences. "" without advice. */
void rg_advice_text(const struct rg_advice *advice, char *out, size_t bytes);

/* "measured" is null for the same run with one option changed.
 * {"row", "why", "command", "measured": {"task", "steps", "target", "learned", "of", "updates", "seconds"}}, or null.
 * NULL without memory. */
json_t *rg_advice_json(const struct rg_advice *advice);

#endif
