/* What to try after a run: see advice.h. */
#include "cli/report/advice.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/number_text.h"
#include "cli/report/advice_command.h"
#include "cli/settings.h"
#include "files/json_lines.h"
#include "model/cells.h"
#include "options/options.h"
#include "train/setup.h"
#include "train/summary.h"

/* A loss below SOME_PROGRESS of the baseline shows that something is learned. If MAX_DEAD of the units have no slope,
 * that is a cause (with ReLU half have none). */
static const double SOME_PROGRESS = 0.9, MAX_DEAD = 0.75;

/* A validation loss of RISE times the lowest one has risen. A training loss below GAP of it has left it behind. */
static const double RISE = 1.2, GAP = 0.5;

/* The part of a rate that is advised after one that threw the loss up. */
static const double SMALLER_RATE = 0.1;

/* Options that a recipe replaces; separated by spaces. Of the others, which stay, none contradicts it. */
static const char *const REPLACED = "cell activation init init-input forget-bias skip skip-kind skip-budget optimizer "
                                    "momentum rmsprop-alpha beta1 beta2 epsilon weight-decay schedule warmup lr "
                                    "clip-norm clip-value freeze",
                         *const REPLACED_IN_TASKS = "batch accumulate", *const LENGTHS = "updates epochs",
                         *const TIME = "max-time";

/* ---- The situation ---- */

static bool is_file(const struct rg_config *c) {
    return c->data.file != NULL;
}

static enum rg_advice_kind kind_of(const struct rg_outcome *o) {
    return o->loss_kind == RG_LOSS_MSE ? RG_ADVICE_NUMBERS : RG_ADVICE_CLASSES;
}

static enum rg_advice_model model_of(const struct rg_config *c) {
    if (rg_cell_is_gated(c->model.cell)) {
        return rg_cell_has_c(c->model.cell) ? RG_ADVICE_LSTM : RG_ADVICE_GRU;
    }
    return c->model.irnn ? RG_ADVICE_IRNN : RG_ADVICE_PLAIN;
}

/* Of several validations the last must have the lowest loss. A single one says nothing of a fall; the losses of the
 * training do then. */
static bool still_falls(const struct rg_run *run) {
    const struct rg_run_result *const r = &run->result;
    if (r->best_update > 0 && r->best_update != r->validation.update) {
        return false;
    }
    const bool several =
        r->best_update > 0 && run->validator && rg_validator_planned(run->validator, r->training.updates) > 1;
    return r->training.reason != RG_REASON_PATIENCE && (several || rg_loss_mean_falls(&run->state.mean));
}

struct rg_outcome rg_outcome_of_run(const struct rg_run *run) {
    const struct rg_run_result *const r = &run->result;
    const struct rg_training *const t = &r->training;
    const struct rg_diagnosis *const d = &r->diagnosis;
    const struct rg_validator *const v = run->validator;
    const bool validated = r->best_update > 0;
    /* the first weights exploded before any update; the verdict is about these weights */
    const bool untrained =
        t->reason == RG_REASON_DIVERGED && t->applied == 0 && d->profile && d->verdict.word == RG_EXPLODING;
    return (struct rg_outcome){.config = &run->config,
                               .ended = t->reason != RG_REASON_INTERRUPTED,
                               .reached = t->reason == RG_REASON_TARGET,
                               .timed = t->reason == RG_REASON_TIME,
                               .language = run->problem.data && run->problem.data->level != RG_LEVEL_NONE,
                               .falling = t->updates > 0 && still_falls(run),
                               .diverged = t->reason == RG_REASON_DIVERGED && !untrained,
                               .has_verdict = d->profile != NULL,
                               .verdict = d->verdict.word,
                               .last = d->verdict.last,
                               .loss_kind = run->problem.loss,
                               .loss = !t->updates || untrained ? (double)NAN
                                       : validated              ? r->best_loss
                                                                : t->loss,
                               .baseline = validated ? run->problem.score_baseline : run->problem.baseline,
                               .training_loss = t->updates && !untrained ? t->loss : (double)NAN,
                               .rose = rg_loss_mean_rose(&run->state.mean),
                               .validation = {.best_update = r->best_update,
                                              .best = r->best_loss,
                                              .last = r->validation.loss,
                                              .planned = v ? rg_validator_planned(v, run->config.training.updates) : 0,
                                              .since_best = v ? v->waited : 0},
                               .large_inputs = run->data.training && run->data.training->large_inputs,
                               .large_targets = rg_problem_target_size(&run->problem) > RG_LARGE_NUMBER,
                               .updates = untrained ? 0 : t->updates,
                               .applied = t->applied,
                               .steps = run->problem.data_steps,
                               .sequences_per_s = t->updates ? t->sequences_per_s : 0.0,
                               .dead = d->cause ? d->cause->mean_saturated : (double)NAN};
}

/* Where there is validation, `loss` is that of the best weights, and `validation.last` that of the last ones. */
static bool is_learned(const struct rg_outcome *o, double loss) {
    return rg_loss_is_learned(o->loss_kind, loss, o->baseline);
}

/* Has the net learned its training data by heart? Its training loss has left the validation loss behind: the last one,
 * which has risen, or even the lowest. */
static bool overfits(const struct rg_outcome *o) {
    const double best = o->validation.best, last = o->validation.last, training = o->training_loss;
    return o->validation.best_update > 0 && !o->diverged && training < best && training < GAP * last &&
           (last > RISE * best || training < GAP * best) && (o->language || !is_learned(o, last));
}

/* A file's baseline says less than a task's, whose answers are exact. So a file needs no advice below half of the
 * baseline, or below SOME_PROGRESS of it if the gradient arrives; but where a net overfits, it does. */
static bool has_progress(const struct rg_outcome *o, bool arrives) {
    const double part = o->loss / o->baseline; /* NAN if there were no updates */
    return is_file(o->config) && !overfits(o) && part < SOME_PROGRESS && (arrives || part < 0.5);
}

static bool needs_advice(const struct rg_outcome *o) {
    const bool arrives =
        o->verdict == RG_STABLE || o->verdict == RG_SENSITIVE || o->verdict == RG_FADING || o->verdict == RG_MIXED;
    if (!o->ended || o->reached || o->config->data.model_file || o->config->n_arguments < 1 ||
        (!o->diverged && !o->has_verdict)) {
        return false;
    }
    if (o->diverged) {
        return o->applied > 0 || o->large_inputs; /* else nothing helps: the data are out of range */
    }
    if (o->last == 0 || o->baseline == 0.0) {
        return false;
    }
    if (o->updates == 0) {
        return !arrives; /* an untrained net whose gradient arrives only needs training */
    }
    return !is_learned(o, o->loss) && !has_progress(o, arrives);
}

/* ---- The command ---- */

/* The updates of the command. The recipe's number was measured for `at->steps`; longer sequences get more updates, in
 * proportion. A run on a file keeps its own number if that is larger. */
static size_t updates_for(const struct rg_recipe_length *at, const struct rg_config *c, size_t steps) {
    const double longer = steps > at->steps ? (double)steps / (double)at->steps : 1.0;
    const size_t wanted = (size_t)((double)at->updates * longer);
    return is_file(c) && c->training.updates > wanted ? c->training.updates : wanted;
}

static void add_recipe(const struct rg_outcome *o, const struct rg_recipe *recipe, const struct rg_recipe_length *at,
                       struct rg_advice_words *words) {
    const struct rg_config *const c = o->config;
    rg_advice_words_add(words, "--cell");
    rg_advice_words_add(words, "%s", recipe->cell);
    if (recipe->chrono) {
        rg_advice_words_add(words, "--init");
        rg_advice_words_add(words, "chrono:%zu", o->steps < 2 ? (size_t)2 : o->steps);
    }
    if (!is_file(c)) {
        rg_advice_words_add(words, "--batch");
        rg_advice_words_add(words, "%zu", at->batch);
    }
    rg_advice_words_add(words, "--lr");
    rg_advice_words_add(words, "%g", at->lr);
    rg_advice_words_add(words, "--updates");
    rg_advice_words_add(words, "%zu", updates_for(at, c, o->steps));
}

/* Has the option the same value in both runs, or in both none? */
static bool is_same(const struct rg_option *option, const struct rg_config *a, const struct rg_config *b) {
    char of_a[RG_OPTION_TEXT_BYTES], of_b[RG_OPTION_TEXT_BYTES];
    const bool has_part = rg_setting_has_part(option, a);
    return has_part == rg_setting_has_part(option, b) &&
           (!has_part || strcmp(rg_setting_text(option, a, of_a), rg_setting_text(option, b, of_b)) == 0);
}

/* Was the run the one that `asked` describes: did every option that a recipe replaces have that value, and were as many
 * updates made? A run that ended by itself after fewer, such as one that diverged, would end there again. */
static bool is_made(const struct rg_outcome *o, const struct rg_config *asked) {
    const size_t wanted = asked->training.updates;
    bool same = o->updates >= wanted || (o->config->training.updates >= wanted && !o->timed);
    for (size_t i = 0; same && i < rg_n_options; i++) {
        const char *const name = rg_options[i].name;
        const bool is_replaced = rg_advice_lists(REPLACED, name) || rg_advice_lists(REPLACED_IN_TASKS, name);
        same = !is_replaced || is_same(&rg_options[i], o->config, asked);
    }
    return same;
}

/* Build the command of a recipe. Returns false if there is no command that the program would accept. *made: the
 * previous run had these options. */
static bool build(const struct rg_outcome *o, const struct rg_recipe *recipe, struct rg_advice *advice, bool *made) {
    const struct rg_config *const c = o->config;
    const char *const lists[] = {REPLACED, LENGTHS, is_file(c) ? "" : REPLACED_IN_TASKS, o->timed ? TIME : "", NULL};
    struct rg_advice_words words;
    struct rg_config parsed;
    const char *name = NULL, *topic = NULL;
    *made = false;
    rg_advice_words_begin(&words, c, lists);
    advice->recipe = recipe;
    advice->length = rg_recipe_at(recipe, o->steps);
    add_recipe(o, recipe, advice->length, &words);
    if (words.is_full || rg_options_parse(words.n, words.items, &parsed, &name, &topic) != RG_OK) {
        return false;
    }
    if (is_file(c)) { /* the data determine it */
        parsed.data.batch = c->data.batch;
    }
    *made = is_made(o, &parsed);
    return rg_advice_words_write(&words, advice->command, sizeof advice->command);
}

/* Build the command of the same run with twice the updates, epochs or time. Returns false as `build` does. */
static bool build_longer(const struct rg_outcome *o, struct rg_advice *advice) {
    const struct rg_config *const c = o->config;
    const char *const lists[] = {o->timed ? TIME : LENGTHS, NULL};
    struct rg_advice_words words;
    rg_advice_words_begin(&words, c, lists);
    rg_advice_words_add(&words, o->timed ? "--max-time" : c->training.epochs > 0 ? "--epochs" : "--updates");
    if (o->timed) {
        rg_advice_words_add(&words, "%.15g", 2.0 * c->training.max_time);
    } else {
        rg_advice_words_add(&words, "%zu", 2 * (c->training.epochs > 0 ? c->training.epochs : c->training.updates));
    }
    return rg_advice_words_write(&words, advice->command, sizeof advice->command);
}

/* Build the command of the same run with another value of one option, or with a flag, whose `value` is NULL. */
static bool build_with(const struct rg_outcome *o, const char *option, const char *value, struct rg_advice *advice) {
    const char *const lists[] = {option, NULL};
    struct rg_advice_words words;
    rg_advice_words_begin(&words, o->config, lists);
    rg_advice_words_add(&words, "--%s", option);
    if (value) {
        rg_advice_words_add(&words, "%s", value);
    }
    return rg_advice_words_write(&words, advice->command, sizeof advice->command);
}

/* ---- The choice ---- */

static bool fits(const struct rg_outcome *o, const struct rg_advice_row *row, bool made) {
    const unsigned verdict = o->diverged ? RG_ADVICE_DIVERGED : 1U << o->verdict;
    const bool model = (row->models >> model_of(o->config) & 1U) != 0;
    const bool when = row->when == RG_WHEN_ANY || (row->when == RG_WHEN_AT_RECIPE && made) ||
                      (row->when == RG_WHEN_DEAD && o->dead >= MAX_DEAD) ||
                      (row->when == RG_WHEN_OVERFITS && overfits(o)) ||
                      (row->when == RG_WHEN_AT_BASELINE && !(o->loss < SOME_PROGRESS * o->baseline));
    return model && (row->verdicts & verdict) != 0 && when;
}

/* Was the run the recipe of its model, or the model's longer recipe? *builds: both give a command. */
static bool was_recipe(const struct rg_outcome *o, enum rg_advice_model model, bool *builds) {
    struct rg_advice first, second;
    bool made_first = false, made_second = false;
    *builds = build(o, rg_recipe_of(RG_RECIPE_OWN, model, kind_of(o)), &first, &made_first) &&
              build(o, rg_recipe_of(RG_RECIPE_LONGER, model, kind_of(o)), &second, &made_second);
    return made_first || made_second;
}

__attribute__((format(printf, 2, 3))) static void add_limit(struct rg_advice *a, const char *format, ...) {
    const size_t at = strlen(a->limits);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(a->limits + at, sizeof a->limits - at, format, arguments);
    va_end(arguments);
}

/* Longer sequences than the measured ones: say so, and how long the updates take at the speed of this run. */
static void add_stretch(const struct rg_outcome *o, struct rg_advice *a) {
    const struct rg_config *const c = o->config;
    const size_t updates = updates_for(a->length, c, o->steps);
    const size_t batch = is_file(c) ? c->data.batch * c->training.accumulate : a->length->batch;
    const double seconds = (double)updates * (double)batch / o->sequences_per_s;
    char time[RG_NUMBER_BYTES];
    if (o->steps <= a->length->steps) {
        return;
    }
    add_limit(a, " It was not measured over %zu steps, for which its updates are stretched", o->steps);
    if (o->sequences_per_s > 0.0 && isfinite(seconds)) {
        add_limit(a, ": at the speed of this run %zu of them take about %s", updates, rg_duration_text(seconds, time));
    }
    add_limit(a, ".");
}

/* Say where the run differs from those measured: in task, place of the loss, steps, or frozen weights. */
static void add_limits(const struct rg_outcome *o, struct rg_advice *a) {
    const struct rg_config *const c = o->config;
    const char *const task = c->data.task ? c->data.task : "adding"; /* the default */
    if (is_file(c)) {
        add_limit(a, " This recipe was not measured on your data.");
    } else if (strcmp(task, a->recipe->task) != 0) {
        add_limit(a, " This recipe was not measured on %s.", task);
    } else if (c->model.target == RG_TARGET_STEPS) {
        add_limit(a, " This recipe was not measured with --target steps.");
    }
    add_stretch(o, a);
    if (c->training.freeze) {
        add_limit(a, " It trains all weights: --freeze is left out.");
    }
}

/* What the recipe's rate is beside that of the run: -1 smaller, 1 larger; 0 the same, or not comparable, as rates of
 * two optimisers are not. */
static int rate_beside(const struct rg_outcome *o, const struct rg_advice *a) {
    const struct rg_training_options *const t = &o->config->training;
    const bool comparable = a->length && t->optimizer == RG_OPT_ADAM && !isnan(t->lr);
    return !comparable ? 0 : (a->length->lr > t->lr) - (a->length->lr < t->lr);
}

/* What the next recipe changes, in the words that the numbers allow. */
static const char *next_recipe(const struct rg_outcome *o, const struct rg_advice *a) {
    const int rate = rate_beside(o, a);
    const bool more = updates_for(a->length, o->config, o->steps) > o->config->training.updates;
    return rate < 0 && more ? "a smaller rate for longer is steadier"
           : rate < 0       ? "a smaller rate is steadier"
           : rate > 0
               ? (more ? "the next recipe has a larger rate and more updates" : "the next recipe has a larger rate")
           : more ? "the next recipe has more updates"
                  : "there is a second recipe";
}

/* Append the template with its parts in braces filled in. */
static void expand(const struct rg_outcome *o, const char *template, struct rg_advice *a) {
    char goal[32];
    (void)snprintf(goal, sizeof goal, "%.3g", rg_loss_learned_part(o->loss_kind) * o->baseline);
    const struct {
        const char *name, *text;
    } parts[] = {{RG_ADVICE_GOAL, goal},
                 {RG_ADVICE_LOSS, o->validation.best_update > 0 ? "validation loss" : "loss"},
                 {RG_ADVICE_SMALLER, rate_beside(o, a) < 0 ? " at a smaller rate" : ""},
                 {RG_ADVICE_NEXT, a->length ? next_recipe(o, a) : ""}};
    size_t at = strlen(a->why);
    while (*template && at + 1 < sizeof a->why) {
        const char *text = NULL;
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            const size_t length = strlen(parts[i].name);
            if (strncmp(template, parts[i].name, length) == 0) {
                text = parts[i].text;
                template += length;
                break;
            }
        }
        at += (size_t)(text ? snprintf(a->why + at, sizeof a->why - at, "%s", text)
                            : snprintf(a->why + at, sizeof a->why - at, "%c", *template ++));
    }
}

/* The reason of the row. Where the net overfits, the losses that show it go first. */
static void take_reason(const struct rg_outcome *o, struct rg_advice *a) {
    a->why[0] = '\0';
    if (overfits(o)) {
        (void)snprintf(a->why, sizeof a->why,
                       "The net learns its training data by heart: the training loss is %.3g, and the validation loss "
                       "%.3g; its lowest was %.3g, after update %llu. ",
                       o->training_loss, o->validation.last, o->validation.best,
                       (unsigned long long)o->validation.best_update);
    }
    expand(o, a->row->why, a);
}

/* Is the run's loss already below the one that the recipe reached where it was measured? Then the recipe promises
 * nothing. A loss near the baseline does not count: there the data alone make it small. */
static bool is_at_target_of(const struct rg_outcome *o, const struct rg_recipe *recipe) {
    return !o->diverged && o->loss < recipe->target && o->loss < SOME_PROGRESS * o->baseline;
}

/* Advise the same run with --patience, which ends it where the validation loss no longer falls. */
static void advise_patience(const struct rg_outcome *o, struct rg_advice *advice) {
    enum { PART = 10 };
    const uint64_t tenth = o->validation.planned / PART, since = o->validation.since_best;
    const uint64_t patience = tenth >= since ? since - 1 : tenth > 0 ? tenth : 1;
    char value[24];
    (void)snprintf(value, sizeof value, "%llu", (unsigned long long)patience);
    if (overfits(o) && o->config->training.patience == 0 && since > 1 && build_with(o, "patience", value, advice)) {
        advice->row = &rg_advice_same[RG_ADVICE_SAME_PATIENCE];
    }
}

/* The next word of a text mostly depends on the last few, so its gradient vanishes by nature. No recipe of the tasks,
 * which open the way to distant steps, was seen to help a language model. */
static void advise_language(const struct rg_outcome *o, struct rg_advice *advice) {
    const struct rg_config *const c = o->config;
    const bool is_high = !(o->training_loss < SOME_PROGRESS * o->baseline);
    char rate[32];
    (void)snprintf(rate, sizeof rate, "%g", SMALLER_RATE * c->training.lr);
    if (!o->ended || o->reached || c->data.model_file || c->n_arguments < 1) {
        return;
    }
    if (o->diverged || (o->rose && is_high)) {
        const bool has_rate = o->applied > 0 && c->training.lr > 0.0; /* else the first loss was not finite */
        advice->row = has_rate && build_with(o, "lr", rate, advice) ? &rg_advice_same[RG_ADVICE_SAME_RATE] : NULL;
    } else if (o->falling) {
        advice->row = build_longer(o, advice) ? &rg_advice_same[RG_ADVICE_SAME_LONGER] : NULL;
    } else {
        advise_patience(o, advice);
    }
}

/* Choose a row of the table. */
static void advise_recipe(const struct rg_outcome *o, struct rg_advice *advice) {
    const enum rg_advice_model model = model_of(o->config);
    bool builds = false, again = false;
    const bool made = was_recipe(o, model, &builds);
    for (size_t i = 0; builds && i < rg_n_advice_rows; i++) {
        const struct rg_advice_row *const row = &rg_advice_rows[i];
        if (fits(o, row, made)) {
            const bool found = build(o, rg_recipe_of(row->choice, model, kind_of(o)), advice, &again);
            advice->row = found && !again && !is_at_target_of(o, advice->recipe) ? row : NULL;
            break;
        }
    }
    if (advice->row) {
        add_limits(o, advice);
    } else {
        advice->recipe = NULL;
        advice->length = NULL;
    }
}

/* Advise a quarter of the units, unless the net is small. */
static void advise_units(const struct rg_outcome *o, struct rg_advice *advice) {
    enum { LARGE = 64, PART = 4 };
    char value[24];
    (void)snprintf(value, sizeof value, "%zu", o->config->model.hidden / PART);
    if (o->config->model.hidden >= LARGE && build_with(o, "hidden", value, advice)) {
        advice->row = &rg_advice_same[RG_ADVICE_SAME_UNITS];
    }
}

/* For a net that overfits. An rnn gets a row of the table. */
static void advise_overfit(const struct rg_outcome *o, struct rg_advice *advice) {
    const bool is_gated = model_of(o->config) == RG_ADVICE_GRU || model_of(o->config) == RG_ADVICE_LSTM;
    if (is_gated && !is_learned(o, o->loss)) {
        advise_units(o, advice);
    }
    if (!advice->row && (is_gated || is_learned(o, o->loss))) {
        advise_patience(o, advice);
    }
}

/* Inputs far from unit scale saturate the units of every recipe, so they come first. Large targets are out of reach for
 * each of them; the notice at the start of the run says what helps. */
static void advise_task(const struct rg_outcome *o, struct rg_advice *advice) {
    const bool needed = needs_advice(o);
    if (needed && o->large_inputs) {
        advice->row = build_with(o, "normalize", NULL, advice) ? &rg_advice_same[RG_ADVICE_SAME_NORMALIZE] : NULL;
    } else if (!o->large_targets) {
        const bool may = o->ended && !o->reached && !o->config->data.model_file && o->config->n_arguments > 0;
        if (may && overfits(o)) {
            advise_overfit(o, advice);
        }
        if (needed && !advice->row) {
            advise_recipe(o, advice);
        }
    }
}

void rg_advise(const struct rg_outcome *o, struct rg_advice *advice) {
    *advice = (struct rg_advice){.row = NULL};
    if (o->language) {
        advise_language(o, advice);
    } else {
        advise_task(o, advice);
    }
    if (advice->row) {
        take_reason(o, advice);
    } else {
        advice->command[0] = '\0';
    }
}

/* ---- Words ---- */

void rg_advice_text(const struct rg_advice *a, char *out, size_t bytes) {
    out[0] = '\0';
    if (!a->row) {
        return;
    }
    const struct rg_recipe_length *const m = a->length;
    if (!m) {
        (void)snprintf(out, bytes, "%s", a->why);
        return;
    }
    (void)snprintf(out, bytes,
                   "%s Measured on %s over %zu steps, 128 units: %u of %d seeds came below a loss of %g, after %zu "
                   "updates and %.2g s "
                   "on 2 processors.%s",
                   a->why, a->recipe->task, m->steps, m->learned, RG_RECIPE_SEEDS, a->recipe->target, m->reached,
                   m->seconds, a->limits);
}

json_t *rg_advice_json(const struct rg_advice *a) {
    if (!a->row) {
        return json_null();
    }
    const struct rg_recipe_length *const m = a->length;
    json_t *object =
        rg_json_pack("{s:s, s:s, s:o}", "row", a->row->name, "why", a->why, "command", rg_json_text(a->command));
    rg_json_set(&object, "measured",
                m ? rg_json_pack("{s:s, s:I, s:f, s:i, s:i, s:I, s:f}", "task", a->recipe->task, "steps",
                                 (json_int_t)m->steps, "target", a->recipe->target, "learned", (int)m->learned, "of",
                                 RG_RECIPE_SEEDS, "updates", (json_int_t)m->reached, "seconds", m->seconds)
                  : json_null());
    return object;
}
