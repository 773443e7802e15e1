/* The rows of a comparison: see remedies.h. */
#include "cli/commands/remedies.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "options/options.h"
#include "rnn_gpu/memory.h"

enum { N_REMEDIES = 8, N_WITH = 3, MAX_RATES = RG_MAX_ROWS / (N_REMEDIES * N_WITH), NAME_BYTES = 32 };
enum { TANH, RELU, IRNN, ORTHOGONAL, SKIP, LEARNED, LSTM, GRU };
enum { WITH_PLAIN, WITH_CLIP, WITH_RATE };

static const char *const remedies[N_REMEDIES + 1] = {"tanh",    "relu", "irnn", "orthogonal", "skip",
                                                     "learned", "lstm", "gru",  NULL};
static const char *const withs[N_WITH + 1] = {"plain", "clip", "rate", NULL};

/* For each remedy: the time of an update relative to tanh, to estimate the remaining time; and the learning rate if
 * none is given. That is the one of 5e-4, 1e-3, 2e-3, 5e-3 and 1e-2 with the lowest median loss on adding over 40 steps
 * (64 units, 32 sequences, 2,000 updates, seeds 1 to 3). */
static const struct {
    double work, lr;
} facts_of[N_REMEDIES] = {
    [TANH] = {1.0, 5e-4}, [RELU] = {1.0, 5e-4},    [IRNN] = {1.0, 5e-3}, [ORTHOGONAL] = {1.0, 5e-4},
    [SKIP] = {1.6, 5e-4}, [LEARNED] = {2.0, 5e-4}, [LSTM] = {4.5, 1e-2}, [GRU] = {4.0, 1e-2},
};

/* ---- The rows ---- */

/* Apply a remedy for sequences of `steps` steps. All other options stay unchanged. */
static void apply_remedy(size_t remedy, size_t steps, struct rg_config *c) {
    const size_t skip = c->model.skip;
    c->model.skip = 0;
    switch (remedy) {
    case RELU:
        c->model.activation = RG_ACT_RELU;
        break;
    case IRNN: /* Le, Jaitly, Hinton 2015; input weights by xavier, as in --cell irnn */
        c->model.irnn = true;
        c->model.activation = RG_ACT_RELU;
        c->model.init = (struct rg_init){RG_INIT_IDENTITY, 1.0};
        c->model.init_input = (struct rg_init){RG_INIT_XAVIER, 0.0};
        break;
    case ORTHOGONAL: /* Saxe, McClelland, Ganguli 2014 */
        c->model.init = (struct rg_init){RG_INIT_ORTHOGONAL, 1.0};
        break;
    case SKIP: /* a skip over a quarter of the steps */
        c->model.skip = skip > 0 ? skip : steps >= 8 ? steps / 4 : 2;
        break;
    case LEARNED: /* Campos et al. 2018 */
        c->model.skip_kind = RG_SKIP_LEARNED;
        c->model.skip = 1;
        break;
    case LSTM: /* Hochreiter, Schmidhuber 1997; bias: Jozefowicz, Zaremba, Sutskever 2015 */
        c->model.cell = RG_CELL_LSTM;
        c->model.forget_bias = isnan(c->model.forget_bias) ? 1.0 : c->model.forget_bias;
        break;
    case GRU:
        c->model.cell = RG_CELL_GRU;
        break;
    default: /* tanh: no change */
        break;
    }
}

/* Apply clipping, a learning rate schedule, or neither. Without --schedule and --warmup the rate rises over the first
 * tenth of the updates and falls to 0 by a half cosine. */
static void apply_with(size_t with, struct rg_config *c) {
    if (with == WITH_CLIP) {
        c->training.clip_norm =
            c->training.clip_norm > 0.0 || c->training.clip_value > 0.0 ? c->training.clip_norm : 1.0;
    } else {
        c->training.clip_norm = c->training.clip_value = 0.0;
    }
    if (with == WITH_RATE) {
        c->training.schedule.kind =
            c->training.schedule.kind == RG_SCHEDULE_CONSTANT ? RG_SCHEDULE_COSINE : c->training.schedule.kind;
        c->training.warmup = c->training.warmup > 0 ? c->training.warmup : c->training.updates / 10;
    } else {
        c->training.schedule = (struct rg_schedule_options){RG_SCHEDULE_CONSTANT, 0, 1.0};
        c->training.warmup = 0;
    }
}

static size_t find(const char *const *names, const char *name, size_t length) {
    size_t i = 0;
    while (names[i] != NULL && (strlen(names[i]) != length || strncmp(names[i], name, length) != 0)) {
        i++;
    }
    return i;
}

static rg_status refuse(const char *what, const char *const *names, const char *name, size_t length) {
    char text[NAME_BYTES], hint[RG_HINT_BYTES];
    (void)snprintf(text, sizeof text, "%.*s", (int)length, name);
    return rg_fail(RG_USAGE, "--remedies: unknown %s '%s'; help compare lists them%s", what, text,
                   rg_name_hint(text, names, hint));
}

static rg_status add_row(struct rg_comparison *comparison, const struct rg_config *config, size_t remedy, size_t with,
                         double lr) {
    for (size_t i = 0; i < comparison->n_rows; i++) {
        const struct rg_comparison_row *const row = &comparison->rows[i];
        if (row->remedy == remedies[remedy] && row->with == withs[with] && row->config.training.lr == lr) {
            return rg_fail(RG_USAGE, "--remedies: %s+%s is listed twice; list it once", row->remedy, row->with);
        }
    }
    struct rg_comparison_row *const row = &comparison->rows[comparison->n_rows++];
    *row = (struct rg_comparison_row){.remedy = remedies[remedy], .with = withs[with], .config = *config};
    row->config.training.lr = lr;
    apply_remedy(remedy, comparison->steps, &row->config);
    apply_with(with, &row->config);
    return rg_alloc(&row->runs, config->compare.seeds, sizeof *row->runs, "runs of the comparison");
}

/* The rates at which every remedy is trained; none: each has its own. */
struct rates {
    size_t n;
    double lr[MAX_RATES];
};

static rg_status choose_rates(const struct rg_config *config, struct rates *rates) {
    const char *at = config->compare.rates;
    rates->n = rg_config_gives(config, "lr") ? 1 : 0;
    rates->lr[0] = config->training.lr;
    if (at && rates->n) {
        return rg_fail(RG_USAGE, "--lr and --rates are both given; leave one out");
    }
    while (at) {
        char *end = NULL;
        const double lr = strtod(at, &end);
        const bool is_number = end != at && (*end == ',' || *end == '\0');
        if (!is_number || !(lr > 0.0 && lr < 1e6) || rates->n == MAX_RATES) {
            return rg_fail(RG_USAGE,
                           "--rates: '%.100s' is not a list of 1 to %d rates above 0; write --rates 1e-3,3e-3",
                           config->compare.rates, MAX_RATES);
        }
        for (size_t i = 0; i < rates->n; i++) {
            if (rates->lr[i] == lr) {
                return rg_fail(RG_USAGE, "--rates: %g is listed twice; list it once", lr);
            }
        }
        rates->lr[rates->n++] = lr;
        at = *end ? end + 1 : NULL;
    }
    return RG_OK;
}

/* Add the rows of one word: `lstm+rate`, or `lstm`, which means clipping. */
static rg_status add_word(struct rg_comparison *comparison, const struct rg_config *config, const struct rates *rates,
                          const char *word, size_t length) {
    const char *const plus = memchr(word, '+', length);
    const size_t name = plus ? (size_t)(plus - word) : length;
    const size_t remedy = find(remedies, word, name);
    if (remedy == N_REMEDIES) {
        return refuse("remedy", remedies, word, name);
    }
    const size_t with = plus ? find(withs, plus + 1, length - name - 1) : WITH_CLIP;
    if (with == N_WITH) {
        return refuse("variant", withs, plus + 1, length - name - 1);
    }
    for (size_t i = 0; i < rates->n; i++) {
        RG_TRY(add_row(comparison, config, remedy, with, rates->lr[i]));
    }
    return rates->n ? RG_OK : add_row(comparison, config, remedy, with, facts_of[remedy].lr);
}

/* Was the option given a value other than the command's default? */
static bool is_changed(const struct rg_config *config, const char *name) {
    const struct rg_config usual = rg_config_of_command(rg_command_find("compare"));
    char given[RG_OPTION_TEXT_BYTES], without[RG_OPTION_TEXT_BYTES];
    const struct rg_option *const option = rg_option_named(name);
    rg_option_value_text(option, config, given);
    rg_option_value_text(option, &usual, without);
    return rg_config_gives(config, name) && strcmp(given, without) != 0;
}

/* Refuse options that none of the rows has a use for. */
static rg_status check_used(const struct rg_comparison *comparison, const struct rg_config *config) {
    static const struct {
        const char *option, *remedy, *with; /* NULL: any */
        const char *rows;
    } uses[] = {
        {"schedule", NULL, "rate", "+rate, such as gru+rate"},
        {"warmup", NULL, "rate", "+rate, such as gru+rate"},
        {"clip-norm", NULL, "clip", "+clip, such as gru+clip"},
        {"clip-value", NULL, "clip", "+clip, such as gru+clip"},
        {"skip", "skip", NULL, "the remedy skip"},
        {"skip-kind", "skip", NULL, "the remedy skip"},
        {"skip-budget", "learned", NULL, "the remedy learned"},
        {"forget-bias", "lstm", NULL, "the remedy lstm"},
    };
    if (config->model.skip_kind == RG_SKIP_LEARNED) {
        return rg_fail(RG_USAGE,
                       "--skip-kind learned is the remedy learned; add it to --remedies, and leave --skip-kind "
                       "out");
    }
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        bool used = !is_changed(config, uses[i].option);
        for (size_t k = 0; k < comparison->n_rows && !used; k++) {
            const struct rg_comparison_row *const row = &comparison->rows[k];
            used = (!uses[i].remedy || strcmp(uses[i].remedy, row->remedy) == 0) &&
                   (!uses[i].with || strcmp(uses[i].with, row->with) == 0);
        }
        if (!used) {
            return rg_fail(RG_USAGE, "--%s is for rows with %s; add one to --remedies, or leave --%s out",
                           uses[i].option, uses[i].rows, uses[i].option);
        }
    }
    return RG_OK;
}

rg_status rg_remedies_choose(struct rg_comparison *comparison, const struct rg_config *config) {
    struct rates rates;
    RG_TRY(choose_rates(config, &rates));
    RG_TRY(rg_alloc(&comparison->rows, RG_MAX_ROWS, sizeof *comparison->rows, "rows of the comparison"));
    for (const char *at = config->compare.remedies;; at++) {
        const size_t length = strcspn(at, ",");
        RG_TRY(add_word(comparison, config, &rates, at, length));
        at += length;
        if (*at == '\0') {
            return check_used(comparison, config);
        }
    }
}

double rg_remedies_work(const struct rg_comparison_row *row) {
    return facts_of[find(remedies, row->remedy, strlen(row->remedy))].work;
}
