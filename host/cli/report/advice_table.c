/* The table of advice: see advice_table.h. docs/remedies.sh measures every number. */
#include "cli/report/advice_table.h"

#include "gradient/verdict.h"

static const char ADDING[] = "adding", ORDER[] = "temporal-order";

/* Three groups of recipes: for numbers, for classes, and longer ones for the gated cells. Each has one recipe for each
 * of these cells. */
enum { IRNN, GRU, LSTM, N_CELLS, CLASSES = N_CELLS, LONGER = 2 * N_CELLS, N_RECIPES = 3 * N_CELLS };

/* A length: steps, rate, batch, updates of the command; how many of three seeds learned, and the medians of their
 * updates and of their seconds. */
#define AT(n, rate, rows, n_updates, n_learned, median_updates, median_seconds)                      \
    {                                                                                                \
        .steps = (n), .lr = (rate), .batch = (rows), .updates = (n_updates), .learned = (n_learned), \
        .reached = (median_updates), .seconds = (median_seconds)                                     \
    }

/* clang-format off */
static const struct rg_recipe recipes[N_RECIPES] = {
    [IRNN] = {.name = "irnn", .cell = "irnn", .chrono = false, .task = ADDING, .target = 0.01, .at = {
        AT(  20,  2e-3,  32,  1000,  3,   239,  0.7),
        AT(  40,  2e-3,  32,  1000,  3,   349,  2.5),
        AT( 100,  1e-3,  32,  2000,  3,   669,  8.6),
        AT( 200,  5e-4,  32,  3000,  3,  1129,   27),
    }},
    [GRU] = {.name = "gru", .cell = "gru", .chrono = true, .task = ADDING, .target = 0.01, .at = {
        AT(  20,  1e-2,  32,  1000,  3,   192,  1.9),
        AT(  40,  1e-2,  32,  1000,  3,   222,  4.5),
        AT( 100,  1e-2,  32,  1000,  3,   274,   15),
        AT( 200,  1e-2,  32,  1500,  3,   314,   25),
    }},
    [LSTM] = {.name = "lstm", .cell = "lstm", .chrono = true, .task = ADDING, .target = 0.01, .at = {
        AT(  20,  1e-2,  32,  1000,  3,   302,  3.5),
        AT(  40,  1e-2,  32,  1000,  3,   343,  8.6),
        AT( 100,  1e-2,  32,  1000,  3,   452,   30),
        AT( 200,  1e-2,  32,  1500,  3,   575,   52),
    }},
    [CLASSES + IRNN] = {.name = "irnn, classes", .cell = "irnn", .chrono = false, .task = ORDER, .target = 0.1, .at = {
        AT(  20,  1e-3,  32,  2000,  3,    71,  0.3),
        AT(  40,  1e-3,  32,  2000,  3,   109,  0.9),
        AT( 100,  1e-3,  32,  2000,  3,   280,  2.8),
        AT( 200,  1e-3,  32,  2000,  3,   484,   14),
    }},
    [CLASSES + GRU] = {.name = "gru, classes", .cell = "gru", .chrono = true, .task = ORDER, .target = 0.1, .at = {
        AT(  20,  5e-3,  32,  1500,  3,    89,    1),
        AT(  40,  5e-3,  32,  1500,  3,   115,    2),
        AT( 100,  5e-3,  32,  1500,  3,   225,   11),
        AT( 200,  5e-3,  32,  1500,  3,   288,   28),
    }},
    [CLASSES + LSTM] = {.name = "lstm, classes", .cell = "lstm", .chrono = true, .task = ORDER, .target = 0.1, .at = {
        AT(  20,  2e-3,  32,  2000,  3,   146,  1.7),
        AT(  40,  2e-3,  32,  2000,  3,   201,    5),
        AT( 100,  2e-3,  32,  2000,  3,   479,   41),
        AT( 200,  2e-3,  32,  2000,  3,   915,  120),
    }},
    [LONGER + GRU] = {.name = "gru, longer", .cell = "gru", .chrono = true, .task = ADDING, .target = 0.01, .at = {
        AT(  20,  3e-3,  32,  3000,  3,   356,  2.8),
        AT(  40,  3e-3,  32,  3000,  3,   458,  9.4),
        AT( 100,  3e-3,  32,  3000,  3,   669,   36),
        AT( 200,  3e-3,  32,  3000,  3,   829,   85),
    }},
    [LONGER + LSTM] = {.name = "lstm, longer", .cell = "lstm", .chrono = true, .task = ADDING, .target = 0.01, .at = {
        AT(  20,  5e-3,  32,  3000,  3,   445,  4.9),
        AT(  40,  5e-3,  32,  3000,  3,   539,   13),
        AT( 100,  5e-3,  32,  3000,  3,   686,   52),
        AT( 200,  5e-3,  32,  3000,  3,   877,  100),
    }},
};
/* clang-format on */

#define PLAIN (1U << RG_ADVICE_PLAIN)
#define IDENTITY (1U << RG_ADVICE_IRNN)
#define GATED (1U << RG_ADVICE_GRU | 1U << RG_ADVICE_LSTM)
#define V(name) (1U << RG_##name)
#define LOST (V(NONE) | V(VANISHING) | V(FADING) | V(MIXED))
#define ARRIVES (V(STABLE) | V(SENSITIVE))
#define ANY (LOST | V(EXPLODING) | ARRIVES)

/* clang-format off */
const struct rg_advice_row rg_advice_rows[] = {
    {.name = "diverged", .models = PLAIN | IDENTITY | GATED, .verdicts = RG_ADVICE_DIVERGED,
     .when = RG_WHEN_ANY, .choice = RG_RECIPE_OWN,
     .why = "A step threw the weights out of range; this recipe clips every step and has a rate that was seen to "
             "learn.",
     .situation = "--optimizer sgd --lr 1e6 --clip-norm 0"},
    {.name = "overfits-rnn", .models = PLAIN | IDENTITY, .verdicts = ANY,
     .when = RG_WHEN_OVERFITS, .choice = RG_RECIPE_GRU,
     .why = "On each of four small data sets with which an rnn did so, this recipe came to a lower validation loss.",
     .situation = ""},
    {.name = "irnn-did-not-learn", .models = IDENTITY, .verdicts = ANY,
     .when = RG_WHEN_AT_RECIPE, .choice = RG_RECIPE_GRU,
     .why = "This run was the measured recipe of an irnn, and its " RG_ADVICE_LOSS " is not below " RG_ADVICE_GOAL "; gates are the next "
             "remedy.",
     .situation = "--cell irnn --hidden 2"},
    {.name = "dead-units", .models = PLAIN | IDENTITY, .verdicts = ANY,
     .when = RG_WHEN_DEAD, .choice = RG_RECIPE_IRNN,
     .why = "At least three quarters of the units are saturated or dead, and no gradient passes through those; a "
             "fresh start" RG_ADVICE_SMALLER " keeps more of them alive.",
     .situation = "--activation relu --optimizer sgd --lr 10"},
    {.name = "rnn-exploding", .models = PLAIN, .verdicts = V(EXPLODING),
     .when = RG_WHEN_ANY, .choice = RG_RECIPE_IRNN,
     .why = "No rate shrinks the product of the Jacobians; a recurrent matrix that keeps lengths "
             "does.",
     .situation = "--init orthogonal:2 --activation linear"},
    {.name = "rnn-vanishing", .models = PLAIN, .verdicts = LOST,
     .when = RG_WHEN_ANY, .choice = RG_RECIPE_IRNN,
     .why = "The identity matrix with ReLU passes the gradient of an active unit on as it is.",
     .situation = ""},
    {.name = "rnn-at-the-baseline", .models = PLAIN, .verdicts = ARRIVES,
     .when = RG_WHEN_AT_BASELINE, .choice = RG_RECIPE_IRNN,
     .why = "The gradient of a sequence arrives, and yet the " RG_ADVICE_LOSS " is not clearly below the baseline; this start "
             "learns at this rate.",
     .situation = "--activation linear --init orthogonal"},
    {.name = "rnn-half-way", .models = PLAIN, .verdicts = ARRIVES,
     .when = RG_WHEN_ANY, .choice = RG_RECIPE_IRNN,
     .why = "The gradient of a sequence arrives, and the " RG_ADVICE_LOSS " is below the baseline; this start was seen to go "
             "on to the end.",
     .situation = "--activation relu --init identity"},
    {.name = "irnn-exploding", .models = IDENTITY, .verdicts = V(EXPLODING),
     .when = RG_WHEN_ANY, .choice = RG_RECIPE_IRNN,
     .why = "The weights have grown away from the identity; a fresh start" RG_ADVICE_SMALLER ", clipped, keeps them "
             "near it.",
     .situation = "--cell irnn --lr 1"},
    {.name = "irnn", .models = IDENTITY, .verdicts = LOST | ARRIVES,
     .when = RG_WHEN_ANY, .choice = RG_RECIPE_IRNN,
     .why = "An irnn learns with this rate and so many updates.",
     .situation = "--cell irnn"},
    {.name = "gates-exploding", .models = GATED, .verdicts = V(EXPLODING),
     .when = RG_WHEN_ANY, .choice = RG_RECIPE_OWN,
     .why = "No rate shrinks the product of the Jacobians; gate biases drawn for memories of up to "
             "as many steps as there are bound it.",
     .situation = "--cell lstm --forget-bias 20 --init normal:1"},
    {.name = "gates-did-not-learn", .models = GATED, .verdicts = LOST | ARRIVES,
     .when = RG_WHEN_AT_RECIPE, .choice = RG_RECIPE_LONGER,
     .why = "This run was the measured recipe of these gates, and its " RG_ADVICE_LOSS " is not below " RG_ADVICE_GOAL
             "; " RG_ADVICE_NEXT ".",
     .situation = "--cell gru --hidden 1"},
    {.name = "gates-vanishing", .models = GATED, .verdicts = LOST,
     .when = RG_WHEN_ANY, .choice = RG_RECIPE_OWN,
     .why = "Gates pass the gradient on as far as they are open; biases drawn for memories of up to as many steps "
             "as there are open them.",
     .situation = "--cell gru"},
    {.name = "gates-arriving", .models = GATED, .verdicts = ARRIVES,
     .when = RG_WHEN_ANY, .choice = RG_RECIPE_OWN,
     .why = "The gradient of a sequence arrives; these gates learn with this rate and so many updates.",
     .situation = "--cell lstm --forget-bias 3"},
};
/* clang-format on */
const struct rg_advice_row rg_advice_same[RG_N_ADVICE_SAME] = {
    [RG_ADVICE_SAME_LONGER] = {.name = "language-longer",
                               .why = "The loss of this language model still fell at the end: train it for longer."},
    [RG_ADVICE_SAME_RATE] = {.name = "language-rate",
                             .why =
                                 "The loss rose far above its first value and is not clearly below the baseline: the "
                                 "rate is too large, and a tenth of it is the next to try."},
    [RG_ADVICE_SAME_NORMALIZE] = {.name = "large-inputs",
                                  .why = "The inputs are far from unit scale, which saturates the units of any net: "
                                         "scale them first."},
    [RG_ADVICE_SAME_UNITS] = {.name = "overfits-units",
                              .why = "In each of four such trainings a quarter of the units came to a lower validation "
                                     "loss."},
    [RG_ADVICE_SAME_PATIENCE] = {.name = "overfits", .why = "--patience ends the run where that loss no longer falls."},
};
const size_t rg_n_advice_rows = sizeof rg_advice_rows / sizeof *rg_advice_rows;

const struct rg_recipe *rg_recipe_of(enum rg_recipe_choice choice, enum rg_advice_model model,
                                     enum rg_advice_kind kind) {
    const bool longer = choice == RG_RECIPE_LONGER && (model == RG_ADVICE_GRU || model == RG_ADVICE_LSTM);
    const size_t group = longer ? LONGER : kind == RG_ADVICE_CLASSES ? CLASSES : 0;
    const size_t own = model == RG_ADVICE_LSTM ? LSTM : model == RG_ADVICE_GRU ? GRU : IRNN;
    return &recipes[group + (choice == RG_RECIPE_IRNN ? IRNN : choice == RG_RECIPE_GRU ? GRU : own)];
}

const struct rg_recipe_length *rg_recipe_at(const struct rg_recipe *recipe, size_t steps) {
    size_t i = 0;
    while (i + 1 < RG_RECIPE_LENGTHS && recipe->at[i].steps < steps) {
        i++;
    }
    return &recipe->at[i];
}
