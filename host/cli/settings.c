/* The options that a command ran with: see settings.h. */
#include "cli/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ending.h"
#include "files/json.h"
#include "files/json_lines.h"
#include "kernels/update/optimizers.h"
#include "model/cells.h"
#include "rnn_gpu/memory.h"

enum { SHOWN = 12 /* values of a setting that are shown before the rest is counted */ };

static bool is(const struct rg_option *option, const char *name) {
    return strcmp(option->name, name) == 0;
}

static bool is_text(const struct rg_config *run) {
    return run->data.file != NULL && rg_ends_in(run->data.file, ".txt");
}

bool rg_setting_has_part(const struct rg_option *option, const struct rg_config *run) {
    const bool learned = run->model.skip > 0 && run->model.skip_kind == RG_SKIP_LEARNED;
    if (is(option, "activation")) {
        return !rg_cell_is_gated(run->model.cell);
    }
    if (is(option, "skip")) {
        return !learned;
    }
    if (is(option, "skip-kind")) {
        return run->model.skip > 0;
    }
    if (is(option, "skip-budget")) {
        return learned;
    }
    if (is(option, "forget-bias")) {
        return rg_cell_has_c(run->model.cell);
    }
    if (is(option, "level") || is(option, "vocab") || is(option, "min-count") || is(option, "lowercase")) {
        return is_text(run);
    }
    if (is(option, "normalize")) {
        return run->data.file != NULL && !is_text(run);
    }
    if (is(option, "permute")) {
        return run->data.pixels.single;
    }
    if (is(option, "pad")) {
        return run->data.file && (rg_ends_in(run->data.file, ".npz") || rg_ends_in(run->data.file, ".npy"));
    }
    if (is(option, "val-frac")) {
        return run->data.file != NULL || run->data.val_frac > 0.0;
    }
    if (is(option, "val-every") || is(option, "patience")) {
        return run->data.val != NULL || run->data.val_frac > 0.0 || run->data.fold > 0;
    }
    if (is(option, "fold") || is(option, "folds")) {
        return run->data.fold > 0;
    }
    if (is(option, "tbptt")) {
        return run->training.tbptt > 0;
    }
    if (is(option, "stride") || is(option, "horizon")) {
        return run->data.window > 0;
    }
    if (is(option, "epochs")) {
        return run->training.epochs > 0;
    }
    return rg_option_is_of_rule(option->name, run->training.optimizer);
}

/* Does the command take the option's value from elsewhere? grad takes the sequences from a file, and the weights from a
 * model. */
static bool is_elsewhere(size_t command, const struct rg_option *option, const struct rg_config *run) {
    if (strcmp(rg_commands[command].name, "grad") != 0) {
        return false;
    }
    const bool of_task = is(option, "batch") || is(option, "seed");
    const bool of_weights = is(option, "init") || is(option, "init-input") || is(option, "forget-bias");
    return (of_task && run->data.file) || (of_weights && run->data.model_file);
}

#define EPSILON(NAME, name, kernel, states, beta1, beta2, epsilon) [RG_OPT_##NAME] = epsilon,
static const double epsilons[RG_N_OPTIMIZERS] = {RG_OPTIMIZERS(EPSILON)};

const char *rg_setting_text(const struct rg_option *option, const struct rg_config *run,
                            char buffer[RG_OPTION_TEXT_BYTES]) {
    buffer[0] = '\0';
    if (option->kind == RG_KIND_FLAG) {
        return *(const bool *)rg_option_field(option, run) ? "yes" : "";
    }
    if (option->kind == RG_KIND_TEXT) {
        const char *const text = *(const char *const *)rg_option_field(option, run);
        return text ? text : "";
    }
    if (is(option, "epsilon") && isnan(run->training.epsilon)) { /* not given: the default of the optimiser */
        (void)snprintf(buffer, RG_OPTION_TEXT_BYTES, "%g", epsilons[run->training.optimizer]);
        return buffer;
    }
    rg_option_value_text(option, run, buffer);
    return buffer;
}

/* As rg_setting_text, but nothing if the option has no effect on the run. */
static const char *value_text(const struct rg_option *option, const struct rg_config *run,
                              char buffer[RG_OPTION_TEXT_BYTES]) {
    return rg_setting_has_part(option, run) ? rg_setting_text(option, run, buffer) : "";
}

/* ---- The values of several runs ---- */

struct values {
    char **items; /* [n], no two are equal */
    size_t n, room;
};

static rg_status add_value(struct values *values, const char *text) {
    for (size_t i = values->n; i-- > 0;) { /* neighbouring runs usually have the same value */
        if (strcmp(values->items[i], text) == 0) {
            return RG_OK;
        }
    }
    RG_TRY(rg_alloc_more(&values->items, values->n, &values->room, sizeof *values->items, "the options of the run"));
    RG_TRY(rg_copy_string(&values->items[values->n], text));
    values->n++;
    return RG_OK;
}

static void release_values(struct values *values) {
    for (size_t i = 0; i < values->n; i++) {
        rg_free(values->items[i]);
    }
    rg_free(values->items);
}

/* "a, b, c", or "a, b, … z (30 values)". */
static rg_status join_values(const struct values *values, char **out) {
    struct rg_text text = {.bytes = NULL};
    rg_status status = RG_OK;
    char count[48];
    for (size_t i = 0; i < values->n; i++) {
        if (values->n > SHOWN && i >= SHOWN - 1 && i + 1 < values->n) {
            continue;
        }
        const bool gap = values->n > SHOWN && i + 1 == values->n;
        RG_TRY_GOTO(rg_text_add_string(&text, i == 0 ? "" : gap ? ", … " : ", "));
        RG_TRY_GOTO(rg_text_add_string(&text, values->items[i]));
    }
    (void)snprintf(count, sizeof count, " (%zu values)", values->n);
    RG_TRY_GOTO(rg_text_add_string(&text, values->n > SHOWN ? count : ""));
    RG_TRY_GOTO(rg_text_add(&text, "", 1));
    RG_TRY_GOTO(rg_copy_string(out, text.bytes));
cleanup:
    rg_text_destroy(&text);
    return status;
}

static rg_status add_setting(struct rg_settings *settings, const struct rg_option *option,
                             const struct rg_config *usual, bool given, const struct rg_config *const *runs,
                             size_t n_runs) {
    struct values values = {.items = NULL};
    struct rg_setting *const setting = &settings->items[settings->n];
    char buffer[RG_OPTION_TEXT_BYTES];
    rg_status status = RG_OK;
    for (size_t i = 0; i < n_runs; i++) {
        const char *const text = value_text(option, runs[i], buffer);
        RG_TRY_GOTO(text[0] ? add_value(&values, text) : RG_OK);
    }
    if (values.n > 0) {
        RG_TRY_GOTO(join_values(&values, &setting->text));
        setting->option = option;
        setting->is_usual = strcmp(setting->text, rg_setting_text(option, usual, buffer)) == 0;
        setting->is_given = given;
        settings->n++;
    }
cleanup:
    release_values(&values);
    return status;
}

/* ---- All settings ---- */

static bool is_of_run(const struct rg_option *option) {
    return option->group != RG_GROUP_MACHINE && option->group != RG_GROUP_SCREEN;
}

rg_status rg_settings_create(const char *command, const struct rg_config *whole, const struct rg_config *const *runs,
                             size_t n_runs, struct rg_settings *settings) {
    const size_t position = rg_command_find(command);
    struct rg_config usual = rg_config_of_command(position);
    rg_status status = RG_OK;
    usual.data.task = "adding";
    usual.model.readout = n_runs > 0 && runs[0]->model.bidirectional ? RG_READOUT_FINAL : RG_READOUT_LAST;
    usual.machine.shards = n_runs > 0 && runs[0]->machine.shards == 1 ? 1 : usual.machine.shards; /* without ranks */
    *settings = (struct rg_settings){.n = 0};
    RG_TRY(rg_alloc(&settings->items, rg_n_options, sizeof *settings->items, "the options of the run"));
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if ((option->commands >> position & 1) == 0 || (n_runs > 0 && is_elsewhere(position, option, runs[0]))) {
            continue;
        }
        const bool given = rg_config_gives(whole, option->name);
        RG_TRY_GOTO(is_of_run(option) ? add_setting(settings, option, &usual, given, runs, n_runs)
                                      : add_setting(settings, option, &usual, given, &whole, 1));
    }
    return RG_OK;
cleanup:
    rg_settings_release(settings);
    return status;
}

void rg_settings_release(struct rg_settings *settings) {
    for (size_t i = 0; i < settings->n; i++) {
        rg_free(settings->items[i].text);
    }
    rg_free(settings->items);
    *settings = (struct rg_settings){.n = 0};
}

struct rg_config rg_settings_of_model(const struct rg_config *config, const struct rg_shape *shape, enum rg_loss loss) {
    struct rg_config c = *config;
    rg_shape_options(shape, &c.model);
    c.model.loss = loss;
    return c;
}

/* ---- JSON ---- */

static json_t *value_json(const struct rg_option *option, const struct rg_config *run, const char *text) {
    const void *const value = rg_option_field(option, run);
    size_t count = 0;
    switch (option->kind) {
    case RG_KIND_FLAG:
        return json_boolean(*(const bool *)value);
    case RG_KIND_COUNT:
        count = *(const size_t *)value;
        return json_integer((json_int_t)count);
    case RG_KIND_U64:
    case RG_KIND_BYTES:
        return rg_json_seed(*(const uint64_t *)value);
    case RG_KIND_INT:
        return json_integer(*(const int *)value);
    case RG_KIND_SIGNED:
    case RG_KIND_RATE:
        return isnan(*(const double *)value) ? rg_json_text(text) : json_real(*(const double *)value);
    case RG_KIND_REAL:
    case RG_KIND_FRACTION:
    case RG_KIND_DURATION:
        return json_real(*(const double *)value);
    case RG_KIND_POSITIVE: /* the text's digits, as in pages */
        return json_real(strtod(text, NULL));
    default:
        return rg_json_text(text);
    }
}

json_t *rg_settings_json(const char *command, const struct rg_config *whole, const struct rg_config *run) {
    const size_t position = rg_command_find(command);
    json_t *object = json_object();
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        const struct rg_config *const from = is_of_run(option) ? run : whole;
        char buffer[RG_OPTION_TEXT_BYTES];
        const char *const text = value_text(option, from, buffer);
        const bool shown = (text[0] || (option->kind == RG_KIND_FLAG && rg_setting_has_part(option, from))) &&
                           !is_elsewhere(position, option, run);
        if ((option->commands >> position & 1) != 0 && option->group != RG_GROUP_SCREEN && shown) {
            rg_json_set(&object, option->name, value_json(option, from, text));
        }
    }
    return object;
}
