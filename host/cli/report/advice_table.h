/* The table of advice: recipes that were measured, and the situations that each of them is for. docs/remedies.md shows
 * it, docs/remedies.sh measures it again. */
#ifndef RG_ADVICE_TABLE_H
#define RG_ADVICE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { RG_RECIPE_LENGTHS = 4, RG_RECIPE_SEEDS = 3 };

/* What a run learns: numbers, or classes. */
enum rg_advice_kind { RG_ADVICE_NUMBERS, RG_ADVICE_CLASSES, RG_N_ADVICE_KINDS };

/* A recipe at one length, and what it reached there with 128 hidden units in one layer, seeds 1 to 3. */
struct rg_recipe_length {
    size_t steps;
    double lr;
    size_t batch, updates; /* what the command asks for */
    unsigned learned;      /* seeds of three whose run reached the target loss */
    size_t reached;        /* the median of their updates */
    double seconds;        /* the median of their times */
};

/* A start with its rate and updates, for every length. */
struct rg_recipe {
    const char *name;
    const char *cell;
    bool chrono;      /* gate biases for memories of up to the steps */
    const char *task; /* that it was measured on, down to `target` */
    double target;
    struct rg_recipe_length at[RG_RECIPE_LENGTHS]; /* the shortest first */
};

/* OWN: that of the run's cell; LONGER: its second, for a run of the first that did not learn. */
enum rg_recipe_choice { RG_RECIPE_IRNN, RG_RECIPE_GRU, RG_RECIPE_OWN, RG_RECIPE_LONGER };

/* Whose advice it is. PLAIN: the rnn cell with any start but that of irnn. */
enum rg_advice_model { RG_ADVICE_PLAIN, RG_ADVICE_IRNN, RG_ADVICE_GRU, RG_ADVICE_LSTM, RG_N_ADVICE_MODELS };

/* What else has to be true. */
enum rg_advice_condition {
    RG_WHEN_ANY,
    RG_WHEN_AT_RECIPE,  /* the run was that recipe already */
    RG_WHEN_DEAD,       /* three quarters of the units and more are saturated or dead */
    RG_WHEN_AT_BASELINE /* the loss is not below 0.9 of the baseline */
};

/* A row of the table: the kind of run that it fits, and the recipe to advise. The first row that fits is used. */
struct rg_advice_row {
    const char *name;
    unsigned models;   /* bits 1 << enum rg_advice_model */
    unsigned verdicts; /* bits 1 << enum rg_verdict, and RG_ADVICE_DIVERGED */
    enum rg_advice_condition when;
    enum rg_recipe_choice choice;
    const char *why;       /* a sentence, true wherever the row fits */
    const char *situation; /* options of a run on `adding` that comes here, for tests and docs/remedies.sh */
};

enum { RG_ADVICE_DIVERGED = 1 << 16 };

extern const struct rg_advice_row rg_advice_rows[];
extern const size_t rg_n_advice_rows;

/* The recipe of a choice for a model and a kind of task. */
const struct rg_recipe *rg_recipe_of(enum rg_recipe_choice choice, enum rg_advice_model model,
                                     enum rg_advice_kind kind);

/* What the recipe is for sequences of `steps`: the shortest length measured that is not below, else the longest. */
const struct rg_recipe_length *rg_recipe_at(const struct rg_recipe *recipe, size_t steps);

#endif
