/* The table of advice: measured recipes, and the situations for which each is advised. docs/remedies.md shows the
 * table; docs/remedies.sh measures it again. */
#ifndef RG_ADVICE_TABLE_H
#define RG_ADVICE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { RG_RECIPE_LENGTHS = 4, RG_RECIPE_SEEDS = 3 };

/* What a run learns. */
enum rg_advice_kind { RG_ADVICE_NUMBERS, RG_ADVICE_CLASSES, RG_N_ADVICE_KINDS };

/* A recipe at one length, and what it reached there with 128 hidden units in one layer and seeds 1 to 3. */
struct rg_recipe_length {
    size_t steps;
    double lr;
    size_t batch, updates; /* batch and updates of the command */
    unsigned learned;      /* number of seeds, of three, that reached the target loss */
    size_t reached;        /* median of their updates */
    double seconds;        /* median of their times */
};

/* Initial weights with their rate and updates, for every length. */
struct rg_recipe {
    const char *name;
    const char *cell;
    bool chrono;      /* gate biases for memories of up to the steps */
    const char *task; /* the task on which it was measured, down to the loss `target` */
    double target;
    struct rg_recipe_length at[RG_RECIPE_LENGTHS]; /* the shortest first */
};

/* OWN: the recipe of the run's cell. LONGER: the cell's second recipe, after the first did not learn. */
enum rg_recipe_choice { RG_RECIPE_IRNN, RG_RECIPE_GRU, RG_RECIPE_OWN, RG_RECIPE_LONGER };

/* The model that the advice is for. PLAIN: the rnn cell with any initial weights except those of irnn. */
enum rg_advice_model { RG_ADVICE_PLAIN, RG_ADVICE_IRNN, RG_ADVICE_GRU, RG_ADVICE_LSTM, RG_N_ADVICE_MODELS };

/* An additional condition of a row. */
enum rg_advice_condition {
    RG_WHEN_ANY,
    RG_WHEN_AT_RECIPE,   /* the run already had the options of that recipe */
    RG_WHEN_DEAD,        /* at least three quarters of the units are saturated or dead */
    RG_WHEN_AT_BASELINE, /* the loss is at least 0.9 of the baseline */
    RG_WHEN_OVERFITS     /* the net learns its training data by heart */
};

/* Parts of a reason that the run fills in: the loss below which it would have learned; the name of the loss by which it
 * is judged; " at a smaller rate" where the recipe's is smaller, else nothing; and what the next recipe changes. */
#define RG_ADVICE_GOAL "{goal}"
#define RG_ADVICE_LOSS "{loss}"
#define RG_ADVICE_SMALLER "{smaller}"
#define RG_ADVICE_NEXT "{next}"

/* A row of the table: the runs to which it applies, and the recipe to advise. The first row that applies is used. */
struct rg_advice_row {
    const char *name;
    unsigned models;   /* bits 1 << enum rg_advice_model */
    unsigned verdicts; /* bits 1 << enum rg_verdict_word, and RG_ADVICE_DIVERGED */
    enum rg_advice_condition when;
    enum rg_recipe_choice choice;
    const char *why;       /* a sentence that is true wherever the row applies, with parts of RG_ADVICE_… */
    const char *situation; /* options of a run on `adding` to which the row applies, for tests and docs/remedies.sh */
};

enum { RG_ADVICE_DIVERGED = 1 << 16 };

extern const struct rg_advice_row rg_advice_rows[];
extern const size_t rg_n_advice_rows;

/* The same run with one option changed. These rows have a name and a reason alone. */
enum rg_advice_same {
    RG_ADVICE_SAME_LONGER,    /* a language model whose loss still falls */
    RG_ADVICE_SAME_RATE,      /* a language model whose loss rose: a tenth of the rate */
    RG_ADVICE_SAME_NORMALIZE, /* inputs far from unit scale */
    RG_ADVICE_SAME_UNITS,     /* a large net of gates that overfits: a quarter of the units */
    RG_ADVICE_SAME_PATIENCE,  /* another net that overfits: an end where the validation loss no longer falls */
    RG_N_ADVICE_SAME
};
extern const struct rg_advice_row rg_advice_same[RG_N_ADVICE_SAME];

/* The recipe of a choice, for a model and a kind of task. */
const struct rg_recipe *rg_recipe_of(enum rg_recipe_choice choice, enum rg_advice_model model,
                                     enum rg_advice_kind kind);

/* The recipe's values for sequences of `steps`: those of the shortest measured length that is at least `steps`, else of
 * the longest. */
const struct rg_recipe_length *rg_recipe_at(const struct rg_recipe *recipe, size_t steps);

#endif
