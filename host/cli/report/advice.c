/* What to try after a run: see advice.h. */
#include "cli/report/advice.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/called.h"
#include "base/number_text.h"
#include "base/utf8.h"
#include "files/json_lines.h"
#include "model/cells.h"
#include "options/options.h"
#include "train/summary.h"

/* A loss below SOME_PROGRESS of the baseline shows that something is learned. If MAX_DEAD of the units have no slope,
 * that is a cause (with ReLU half have none). */
static const double SOME_PROGRESS = 0.9, MAX_DEAD = 0.75;

/* Options that a recipe replaces, and options for the output of the previous run; separated by spaces. */
static const char *const
    REPLACED = "cell activation init init-input forget-bias skip skip-kind skip-budget optimizer "
               "momentum rmsprop-alpha beta1 beta2 epsilon weight-decay schedule warmup lr "
               "clip-norm clip-value updates epochs patience max-time freeze",
    *const REPLACED_IN_TASKS = "batch accumulate target-loss", *const LENGTHS = "updates epochs",
    *const TIME = "max-time",
    *const OUTPUTS =
        "out overwrite report plot plot-theme figure figure-size log tensorboard resume save-every json quiet color";

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
    const struct rg_training *const t = &run->result.training;
    const struct rg_diagnosis *const d = &run->result.diagnosis;
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
                               .loss = t->updates && !untrained ? t->loss : (double)NAN,
                               .baseline = run->problem.baseline,
                               .updates = untrained ? 0 : t->updates,
                               .applied = t->applied,
                               .steps = run->problem.data_steps,
                               .sequences_per_s = t->updates ? t->sequences_per_s : 0.0,
                               .dead = d->cause ? d->cause->mean_saturated : (double)NAN};
}

/* A file's baseline says less than a task's, whose answers are exact. So a file needs no advice below half of the
 * baseline, or below SOME_PROGRESS of it if the gradient arrives. */
static bool needs_advice(const struct rg_outcome *o) {
    const double part = o->loss / o->baseline; /* NAN if there were no updates */
    const bool arrives =
        o->verdict == RG_STABLE || o->verdict == RG_SENSITIVE || o->verdict == RG_FADING || o->verdict == RG_MIXED;
    if (!o->ended || o->reached || o->config->data.model_file || o->config->n_arguments < 1 ||
        (!o->diverged && !o->has_verdict)) {
        return false;
    }
    if (o->diverged) {
        return o->applied > 0; /* else no recipe helps: the data are out of range */
    }
    if (o->last == 0 || o->baseline == 0.0) {
        return false;
    }
    if (o->updates == 0) {
        return !arrives; /* an untrained net whose gradient arrives only needs training */
    }
    return !rg_loss_is_learned(o->loss_kind, o->loss, o->baseline) &&
           !(is_file(o->config) && part < SOME_PROGRESS && (arrives || part < 0.5));
}

/* ---- The command ---- */

/* Is the argument "--name" or "--name=value" with a name in the list? */
static bool is_in(const char *argument, const char *list) {
    if (strncmp(argument, "--", 2) != 0) {
        return false;
    }
    const size_t length = strcspn(argument + 2, "=");
    for (const char *at = list; *at; at += strspn(at, " ")) {
        const size_t n = strcspn(at, " ");
        if (n == length && strncmp(at, argument + 2, n) == 0) {
            return true;
        }
        at += n;
    }
    return false;
}

/* Is the next argument the value of this one? `--color` alone is complete. */
static bool has_value(const char *argument, const char *next) {
    const struct rg_option *const option = rg_option_find(argument, strlen(argument));
    return option && option->kind != RG_KIND_FLAG && !(option->kind == RG_KIND_COLOR && next[0] == '-');
}

/* A command as words: the words of the previous run that stay, then the recipe's words. */
enum { MAX_WORDS = 200, MAX_ADDED = 12, WORD_BYTES = 40 };
struct command {
    char *words[MAX_WORDS];
    int n;
    char added[MAX_ADDED][WORD_BYTES];
    size_t n_added;
};

static void add_word(struct command *command, char *word) {
    command->n += command->n < MAX_WORDS;
    command->words[command->n - 1] = word;
}

__attribute__((format(printf, 2, 3))) static void add_new(struct command *command, const char *format, ...) {
    char *const word = command->added[command->n_added < MAX_ADDED - 1 ? command->n_added++ : command->n_added];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(word, WORD_BYTES, format, arguments);
    va_end(arguments);
    add_word(command, word);
}

/* Keep the words of the previous run, without the options in the two lists and those of its output. */
static void keep_words(const struct rg_config *c, const char *replaced, const char *also, struct command *command) {
    for (int i = 1; i < c->n_arguments && strcmp(c->arguments[i], "\n") != 0; i++) {
        char *const argument = c->arguments[i];
        const bool leave = is_in(argument, replaced) || is_in(argument, also) || is_in(argument, OUTPUTS) ||
                           strcmp(argument, "-q") == 0;
        if (!leave) {
            add_word(command, argument);
        } else if (!strchr(argument, '=') && i + 1 < c->n_arguments && has_value(argument, c->arguments[i + 1])) {
            i++;
        }
    }
}

/* For sequences longer than the measured ones the updates grow with the steps. */
static size_t updates_for(const struct rg_recipe_length *at, const struct rg_config *c, size_t steps) {
    const double longer = steps > at->steps ? (double)steps / (double)at->steps : 1.0;
    const size_t wanted = (size_t)((double)at->updates * longer);
    return is_file(c) && c->training.updates > wanted ? c->training.updates : wanted;
}

static void add_recipe(const struct rg_outcome *o, const struct rg_recipe *recipe, const struct rg_recipe_length *at,
                       struct command *command) {
    const struct rg_config *const c = o->config;
    add_new(command, "--cell");
    add_new(command, "%s", recipe->cell);
    if (recipe->chrono) {
        add_new(command, "--init");
        add_new(command, "chrono:%zu", o->steps < 2 ? (size_t)2 : o->steps);
    }
    if (!is_file(c)) {
        add_new(command, "--batch");
        add_new(command, "%zu", at->batch);
    }
    add_new(command, "--lr");
    add_new(command, "%g", at->lr);
    add_new(command, "--updates");
    add_new(command, "%zu", updates_for(at, c, o->steps));
}

/* Append a word to a text, quoted for a shell. Returns false if there is no room, or for control characters. */
static bool append(char *out, size_t bytes, const char *word) {
    size_t at = strlen(out);
    for (const char *c = word; *c; c++) {
        if (rg_utf8_plain(c > word ? c[-1] : '\0', c) != *c) {
            return false;
        }
    }
    const bool plain = *word && !strpbrk(word, " \t\n'\"\\$`*?[]#~&;|<>(){}!");
    at += (size_t)snprintf(out + at, bytes - at, plain ? " %s" : " '", word);
    for (const char *c = word; !plain && *c && at + 6 < bytes; c++) {
        at += (size_t)snprintf(out + at, bytes - at, *c == '\'' ? "'\\''" : "%c", *c);
    }
    if (!plain && at + 2 < bytes) {
        (void)snprintf(out + at, bytes - at, "'");
    }
    return at + 8 < bytes;
}

static bool same_start(const struct rg_config *a, const struct rg_config *b) {
    return a->model.cell == b->model.cell && a->model.irnn == b->model.irnn &&
           a->model.activation == b->model.activation && a->model.init.kind == b->model.init.kind &&
           a->model.init.value == b->model.init.value && a->model.init_input.kind == b->model.init_input.kind &&
           a->model.init_input.value == b->model.init_input.value && isnan(a->model.forget_bias) &&
           isnan(b->model.forget_bias) && a->model.skip == b->model.skip && a->model.skip_kind == b->model.skip_kind;
}

/* Did run `a` have the options that `b` asks for, nothing frozen, with at least as many updates? */
static bool is_made(const struct rg_config *a, const struct rg_config *b) {
    return !a->training.freeze && same_start(a, b) && a->training.optimizer == b->training.optimizer &&
           a->training.lr == b->training.lr && a->training.clip_norm == b->training.clip_norm &&
           a->training.clip_value == b->training.clip_value && a->training.weight_decay == b->training.weight_decay &&
           a->training.schedule.kind == b->training.schedule.kind && a->training.warmup == b->training.warmup &&
           a->data.batch == b->data.batch && a->training.accumulate == b->training.accumulate &&
           a->training.updates >= b->training.updates;
}

/* Write the words for a shell. Returns false if they do not fit. */
static bool write_command(const struct command *command, struct rg_advice *advice) {
    bool fits = true;
    (void)snprintf(advice->command, sizeof advice->command, "%s", RG_CALLED);
    for (int i = 1; fits && i < command->n; i++) {
        fits = append(advice->command, sizeof advice->command, command->words[i]);
    }
    return fits;
}

/* Build the command of a recipe. Returns false if there is no command that the program would accept. *made: the
 * previous run had these options. */
static bool build(const struct rg_outcome *o, const struct rg_recipe *recipe, struct rg_advice *advice, bool *made) {
    const struct rg_config *const c = o->config;
    struct command command = {.n = 0};
    struct rg_config parsed;
    char program[] = "rnn-gpu";
    const char *name = NULL, *topic = NULL;
    *made = false;
    if (c->n_arguments + 1 + MAX_ADDED > MAX_WORDS) {
        return false;
    }
    add_word(&command, program);
    keep_words(c, REPLACED, is_file(c) ? "" : REPLACED_IN_TASKS, &command);
    advice->recipe = recipe;
    advice->length = rg_recipe_at(recipe, o->steps);
    add_recipe(o, recipe, advice->length, &command);
    if (rg_options_parse(command.n, command.words, &parsed, &name, &topic) != RG_OK) {
        return false;
    }
    if (is_file(c)) { /* the data determine it */
        parsed.data.batch = c->data.batch;
    }
    *made = is_made(c, &parsed);
    return write_command(&command, advice);
}

/* Build the command of the same run with twice the updates, epochs or time. Returns false as `build` does. */
static bool build_longer(const struct rg_outcome *o, struct rg_advice *advice) {
    const struct rg_config *const c = o->config;
    struct command command = {.n = 0};
    char program[] = "rnn-gpu";
    if (c->n_arguments + 1 + MAX_ADDED > MAX_WORDS) {
        return false;
    }
    add_word(&command, program);
    keep_words(c, o->timed ? TIME : LENGTHS, "", &command);
    add_new(&command, o->timed ? "--max-time" : c->training.epochs > 0 ? "--epochs" : "--updates");
    if (o->timed) {
        add_new(&command, "%.15g", 2.0 * c->training.max_time);
    } else {
        add_new(&command, "%zu", 2 * (c->training.epochs > 0 ? c->training.epochs : c->training.updates));
    }
    return write_command(&command, advice);
}

/* ---- The choice ---- */

static bool fits(const struct rg_outcome *o, const struct rg_advice_row *row, bool made) {
    const unsigned verdict = o->diverged ? RG_ADVICE_DIVERGED : 1U << o->verdict;
    const bool model = (row->models >> model_of(o->config) & 1U) != 0;
    const bool when = row->when == RG_WHEN_ANY || (row->when == RG_WHEN_AT_RECIPE && made) ||
                      (row->when == RG_WHEN_DEAD && o->dead >= MAX_DEAD) ||
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

/* The reason of the row, with the loss that this run had to reach. */
static void take_reason(const struct rg_outcome *o, struct rg_advice *a) {
    const char *const why = a->row->why, *const goal = strstr(why, RG_ADVICE_GOAL);
    if (goal) {
        (void)snprintf(a->why, sizeof a->why, "%.*s%.3g%s", (int)(goal - why), why,
                       rg_loss_learned_part(o->loss_kind) * o->baseline, goal + strlen(RG_ADVICE_GOAL));
    } else {
        (void)snprintf(a->why, sizeof a->why, "%s", why);
    }
}

/* Has the run, well below its baseline, a loss to which the recipe would only bring it? */
static bool has_reached(const struct rg_outcome *o, const struct rg_recipe *recipe) {
    return !o->diverged && o->loss < recipe->target && o->loss < SOME_PROGRESS * o->baseline;
}

/* The next word of a text mostly depends on the last few, so its gradient vanishes by nature. No recipe of the tasks,
 * which open the way to distant steps, was seen to help a language model. */
static void advise_language(const struct rg_outcome *o, struct rg_advice *advice) {
    static const struct rg_advice_row longer = {
        .name = "language-longer",
        .why = "The loss of this language model still fell at the end: train it for longer."};
    const bool ended = o->ended && !o->reached && !o->diverged && !o->config->data.model_file;
    if (ended && o->falling && o->config->n_arguments > 0 && build_longer(o, advice)) {
        advice->row = &longer;
        take_reason(o, advice);
    }
}

/* Choose a row of the table. */
static void advise_task(const struct rg_outcome *o, struct rg_advice *advice) {
    const enum rg_advice_model model = model_of(o->config);
    bool builds = false, again = false;
    const bool made = was_recipe(o, model, &builds);
    for (size_t i = 0; builds && i < rg_n_advice_rows; i++) {
        const struct rg_advice_row *const row = &rg_advice_rows[i];
        if (fits(o, row, made)) {
            const bool found = build(o, rg_recipe_of(row->choice, model, kind_of(o)), advice, &again);
            advice->row = found && !again && !has_reached(o, advice->recipe) ? row : NULL;
            break;
        }
    }
    if (advice->row) {
        take_reason(o, advice);
        add_limits(o, advice);
    }
}

void rg_advise(const struct rg_outcome *o, struct rg_advice *advice) {
    *advice = (struct rg_advice){.row = NULL};
    if (o->language) {
        advise_language(o, advice);
    } else if (needs_advice(o)) {
        advise_task(o, advice);
    }
    if (!advice->row) {
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
