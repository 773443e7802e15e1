/* What to try after a run that has not learned: a whole command, why, and what it reached where it was measured. */
#ifndef RG_ADVICE_H
#define RG_ADVICE_H

#include <jansson.h>

#include "cli/report/advice_table.h"
#include "gradient/verdict.h"
#include "rnn_gpu/config.h"
#include "train/run.h"

enum { RG_ADVICE_BYTES = 1000, RG_ADVICE_TEXT = 500 }; /* a longer command is left out */

/* What a run came to, as far as advice depends on it. */
struct rg_outcome {
    const struct rg_config *config; /* as it ran */
    bool ended;                     /* false: interrupted, or no training; there is no advice then */
    bool diverged;                  /* and has no verdict */
    bool judged;
    enum rg_verdict verdict;
    size_t last; /* the furthest lag; 0: no sequence has a step before the loss, and no start changes that */
    enum rg_loss loss_kind;
    double loss, baseline; /* NAN: not known; a baseline of 0: all targets are equal, and there is nothing to learn */
    uint64_t updates;
    double dead; /* share of the units that are saturated or dead; NAN: not known */
};

/* `row` NULL: there is no advice, as the run has learned or nothing that was measured is left. */
struct rg_advice {
    const struct rg_advice_row *row;
    const struct rg_recipe *recipe;
    const struct rg_recipe_length *length; /* of the recipe, whose measurement stands beside the command */
    char command[RG_ADVICE_BYTES];
};

struct rg_outcome rg_outcome_of_run(const struct rg_run *run);

void rg_advise(const struct rg_outcome *outcome, struct rg_advice *advice);

/* Why, and what the recipe reached where it was measured: two sentences. "" without advice. */
void rg_advice_text(const struct rg_advice *advice, char *out, size_t bytes);

/* {"row", "why", "measured": {"task", "steps", "target", "learned", "of", "updates", "seconds"}}, or null.
 * NULL without memory. */
json_t *rg_advice_json(const struct rg_advice *advice);

#endif
