/* The command line: finds the command, matches options with the table, and checks what they mean together. */
#define _GNU_SOURCE
#include "options/options.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "model/cells.h"

/* What is left of the command line. */
struct arguments {
    char **argv;
    int count;
    int at;
    size_t command; /* position in rg_commands */
};

static bool takes(size_t command, const struct rg_option *option) {
    return (option->commands >> command & 1) != 0;
}

/* ---- Errors ---- */

rg_status rg_command_refuse(const char *what, const char *name) {
    const char *names[RG_MAX_COMMANDS + 1] = {NULL};
    for (size_t i = 0; i < rg_n_commands && i < RG_MAX_COMMANDS; i++) {
        names[i] = rg_commands[i].name;
    }
    const char *const nearest = rg_name_nearest(name, names);
    return rg_fail(RG_USAGE, "unknown %s '%.80s'%s%s%s", what, name, nearest != NULL ? "; did you mean " : "",
                   nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

/* The option with the nearest name. Among equally near names the command's own comes first, then the shortest. For a
 * single letter it is one that begins with that letter. */
static const struct rg_option *nearest_option(size_t command, const char *name) {
    const struct rg_option *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < rg_n_options; i++) {
        const size_t distance = 2 * rg_name_distance(name, rg_options[i].name) + !takes(command, &rg_options[i]);
        if (nearest == NULL || distance < best ||
            (distance == best && strlen(rg_options[i].name) < strlen(nearest->name))) {
            best = distance;
            nearest = &rg_options[i];
        }
    }
    const bool letter = strlen(name) == 1 && nearest != NULL && nearest->name[0] == name[0];
    return letter || rg_name_is_near(name, best / 2) ? nearest : NULL;
}

static rg_status refuse_unknown(size_t command, const char *argument, size_t length) {
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)(length < 79 ? length : 79), argument + strspn(argument, "-"));
    name[strcspn(name, "=")] = '\0';
    const struct rg_option *const nearest = nearest_option(command, name);
    return rg_fail(RG_USAGE, "unknown option '%.*s'%s%s%s", (int)(length < 80 ? length : 80), argument,
                   nearest != NULL ? "; did you mean --" : "", nearest != NULL ? nearest->name : "",
                   nearest != NULL ? "?" : "");
}

static rg_status refuse_elsewhere(size_t command, const struct rg_option *option) {
    char list[120] = "";
    size_t at = 0;
    for (size_t i = 0; i < rg_n_commands; i++) {
        if ((option->commands >> i & 1) != 0) {
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at > 0 ? ", " : "", rg_commands[i].name);
        }
    }
    return rg_fail(RG_USAGE, "--%s does not belong to %s; it is an option of %s", option->name,
                   rg_commands[command].name, list);
}

rg_status rg_option_refuse(size_t command, const char *argument) {
    char name[80];
    snprintf(name, sizeof name, "--%.70s", argument + strspn(argument, "-"));
    const struct rg_option *const option = rg_option_find(name, strlen(name));
    return option != NULL ? refuse_elsewhere(command, option) : refuse_unknown(command, argument, strlen(argument));
}

/* ---- Options ---- */

const struct rg_option *rg_option_find(const char *argument, size_t length) {
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if (length == 2 && argument[1] == option->letter && option->letter != 0) {
            return option;
        }
        if (argument[1] == '-' && strlen(option->name) == length - 2 &&
            strncmp(option->name, argument + 2, length - 2) == 0) {
            return option;
        }
    }
    return NULL;
}

/* Whether an argument can be a value: it does not begin like an option. `-1` and `-.5` can. */
static bool is_value(const char *argument) {
    return argument[0] != '-' || argument[1] == '\0' || strchr(".0123456789", argument[1]) != NULL;
}

/* The value that follows an option, or NULL. */
static const char *next_value(struct arguments *arguments) {
    if (arguments->at + 1 >= arguments->count || !is_value(arguments->argv[arguments->at + 1])) {
        return NULL;
    }
    return arguments->argv[++arguments->at];
}

bool rg_option_is_axis(const struct rg_option *option) {
    return (option->commands >> rg_command_find("sweep") & 1) != 0 && option->kind != RG_KIND_FLAG &&
           option->kind != RG_KIND_TEXT && option->group != RG_GROUP_MACHINE && option->group != RG_GROUP_SCREEN;
}

static bool is_sweep(const struct arguments *arguments) {
    return strcmp(rg_commands[arguments->command].name, "sweep") == 0;
}

static rg_status parse_option(struct arguments *arguments, struct rg_config *config) {
    const char *const argument = arguments->argv[arguments->at];
    const size_t length = strcspn(argument, "=");
    const struct rg_option *const option = rg_option_find(argument, length);
    const char *value = argument[length] == '=' ? argument + length + 1 : NULL;
    if (option == NULL) {
        return refuse_unknown(arguments->command, argument, length);
    }
    if (!takes(arguments->command, option)) {
        return refuse_elsewhere(arguments->command, option);
    }
    if (option->given != 0) {
        *(bool *)((char *)config + option->given) = true;
    }
    if (value == NULL && option->kind == RG_KIND_FLAG) {
        *(bool *)((char *)config + option->offset) = true;
        return RG_OK;
    }
    if (value == NULL) {
        value = next_value(arguments);
    }
    if (value == NULL && option->kind == RG_KIND_COLOR) {
        value = "always";
    }
    if (value == NULL) {
        return rg_fail(RG_USAGE, "--%s needs a value; write --%s %s", option->name, option->name, option->argument);
    }
    if (is_sweep(arguments) && rg_option_is_axis(option)) {
        return RG_OK; /* cli/commands/grid.h reads the list */
    }
    return rg_option_set(option, value, config);
}

/* ---- The whole line ---- */

/* Whether --help or --version stands anywhere; the first one counts, before any error. */
const char *rg_options_asked_for(int argc, char *const *argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return "help";
        }
        if (strcmp(argv[i], "--version") == 0) {
            return "version";
        }
    }
    return NULL;
}

bool rg_line_gives(int argc, char *const *argv, const struct rg_option *option) {
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && rg_option_find(argv[i], strcspn(argv[i], "=")) == option) {
            return true;
        }
    }
    return false;
}

/* Whether the line has the option. A value cannot begin with two dashes, so what looks like it is it. */
static bool is_given(const struct arguments *arguments, const char *name) {
    const size_t length = strlen(name);
    for (int i = 1; i < arguments->count; i++) {
        const char *const argument = arguments->argv[i];
        if (strncmp(argument, "--", 2) == 0 && strncmp(argument + 2, name, length) == 0 &&
            (argument[2 + length] == '\0' || argument[2 + length] == '=')) {
            return true;
        }
    }
    return false;
}

/* Set the defaults that depend on other options. An option that was given keeps its value, whatever its position on the
 * line. IRNN follows Le, Jaitly, Hinton 2015, but draws input weights by xavier, because normal:0.001 of the paper
 * needs ten times as many updates (docs/learning.md). PyTorch's RMSprop has no momentum by default. Clipping by value
 * replaces clipping by norm. */
static void fill_in(const struct arguments *arguments, struct rg_config *config) {
    if (config->model.irnn && !is_given(arguments, "activation")) {
        config->model.activation = RG_ACT_RELU;
    }
    if (config->model.irnn && !is_given(arguments, "init")) {
        config->model.init = (struct rg_init){RG_INIT_IDENTITY, 1.0};
    }
    if (config->model.irnn && !is_given(arguments, "init-input")) {
        config->model.init_input = (struct rg_init){RG_INIT_XAVIER, 0.0};
    }
    if (config->model.skip_kind == RG_SKIP_LEARNED && !is_given(arguments, "skip")) {
        config->model.skip = 1;
    }
    if (config->training.optimizer == RG_OPT_RMSPROP && !is_given(arguments, "momentum")) {
        config->training.momentum = 0.0;
    }
    if ((config->output.trace || config->output.trace_latex != NULL) && !is_given(arguments, "precision")) {
        config->machine.precision = RG_PRECISION_DOUBLE;
    }
    if (config->training.clip_value > 0.0 && !is_given(arguments, "clip-norm")) {
        config->training.clip_norm = 0.0;
    }
}

static rg_status check_model(const struct arguments *arguments, const struct rg_config *config) {
    const bool of_file = config->model.cell == RG_N_CELLS; /* the model's file may have a learned skip */
    const bool gated = rg_cell_is_gated(config->model.cell);
    if (gated && is_given(arguments, "activation")) {
        return rg_fail(RG_USAGE,
                       "--activation requires the cell rnn; %s has its own activations, leave --activation out",
                       rg_cell_names[config->model.cell]);
    }
    if (config->model.skip_kind == RG_SKIP_LEARNED && config->model.skip != 1) {
        return rg_fail(RG_USAGE, "--skip-kind learned decides itself which steps to skip; leave --skip out");
    }
    if (is_given(arguments, "skip-budget") && !of_file && config->model.skip_kind != RG_SKIP_LEARNED) {
        return rg_fail(RG_USAGE, "--skip-budget requires --skip-kind learned; add it, or leave the budget out");
    }
    if (config->model.skip == 0 && is_given(arguments, "skip-kind")) {
        return rg_fail(RG_USAGE, "--skip-kind needs --skip D, the steps that the connection skips");
    }
    if (is_given(arguments, "readout") && config->model.target == RG_TARGET_STEPS) {
        return rg_fail(RG_USAGE, "--readout requires --target last; leave one of the two out");
    }
    const bool has_lstm =
        rg_cell_has_c(config->model.cell) || strcmp(rg_commands[arguments->command].name, "compare") == 0;
    if (!isnan(config->model.forget_bias) && !has_lstm) {
        return rg_fail(RG_USAGE, "--forget-bias requires the cell lstm; add --cell lstm or leave it out");
    }
    if (config->model.init.kind == RG_INIT_CHRONO && !gated) {
        return rg_fail(RG_USAGE, "--init chrono requires the cell lstm or gru; add --cell lstm or --cell gru");
    }
    if (config->model.init.kind == RG_INIT_CHRONO && !isnan(config->model.forget_bias)) {
        return rg_fail(RG_USAGE, "--init chrono and --forget-bias both set the forget gate's bias; leave one out");
    }
    if (config->model.dropout > 0.0 && config->model.layers == 1) {
        return rg_fail(RG_USAGE, "--dropout acts between layers, and there is only one; add --layers 2 or more");
    }
    return RG_OK;
}

/* The constants of update rules, and the rules that have them. */
static const struct {
    const char *option, *rules;
    unsigned has; /* bits 1 << rule */
} constants[] = {
    {"momentum", "optimizers momentum, nesterov and rmsprop",
     1U << RG_OPT_MOMENTUM | 1U << RG_OPT_NESTEROV | 1U << RG_OPT_RMSPROP},
    {"rmsprop-alpha", "optimizer rmsprop", 1U << RG_OPT_RMSPROP},
    {"beta1", "optimizers adam and adamw", 1U << RG_OPT_ADAM | 1U << RG_OPT_ADAMW},
    {"beta2", "optimizers adam and adamw", 1U << RG_OPT_ADAM | 1U << RG_OPT_ADAMW},
    {"epsilon", "optimizers adam, adamw, rmsprop and adagrad",
     1U << RG_OPT_ADAM | 1U << RG_OPT_ADAMW | 1U << RG_OPT_RMSPROP | 1U << RG_OPT_ADAGRAD},
};
enum { N_CONSTANTS = sizeof constants / sizeof *constants };

bool rg_option_is_of_rule(const char *option, enum rg_optimizer rule) {
    for (size_t i = 0; i < N_CONSTANTS; i++) {
        if (strcmp(constants[i].option, option) == 0) {
            return (constants[i].has >> rule & 1) != 0;
        }
    }
    return true;
}

/* Refuse a constant of an update rule that the chosen rule does not have. */
static rg_status check_constants(const struct arguments *arguments, enum rg_optimizer rule) {
    for (size_t i = 0; i < N_CONSTANTS; i++) {
        if (is_given(arguments, constants[i].option) && !rg_option_is_of_rule(constants[i].option, rule)) {
            return rg_fail(RG_USAGE, "--%s belongs to the %s, not to %s", constants[i].option, constants[i].rules,
                           rg_optimizer_names[rule]);
        }
    }
    return RG_OK;
}

static rg_status check_training(const struct arguments *arguments, const struct rg_config *config) {
    const enum rg_optimizer rule = config->training.optimizer;
    if (config->training.clip_norm > 0.0 && config->training.clip_value > 0.0) {
        return rg_fail(RG_USAGE, "--clip-norm and --clip-value are both given; leave one out, or set it to 0");
    }
    if (isnan(config->training.lr) && strcmp(rg_commands[arguments->command].name, "train") != 0) {
        return rg_fail(RG_USAGE, "--lr auto finds the rate of one training; give %s a rate, or leave --lr out",
                       rg_commands[arguments->command].name);
    }
    return check_constants(arguments, rule);
}

/* What begins with a saved model has its sizes and weights. */
static rg_status check_start(const struct arguments *arguments, const struct rg_config *config) {
    static const char *const decided[] = {"hidden", "layers",     "bidirectional", "embed",
                                          "init",   "init-input", "forget-bias"};
    const char *const command = rg_commands[arguments->command].name;
    const bool begins = strcmp(command, "train") == 0 || strcmp(command, "grad") == 0;
    for (size_t i = 0; begins && config->data.model_file != NULL && i < sizeof decided / sizeof *decided; i++) {
        if (is_given(arguments, decided[i])) {
            return rg_fail(RG_USAGE, "--%s is determined by the model of --model; leave it out", decided[i]);
        }
    }
    return RG_OK;
}

static rg_status check_fold(const struct arguments *arguments, const struct rg_config *config) {
    const struct rg_data_options *const data = &config->data;
    if (data->fold == 0) {
        return is_given(arguments, "folds")
                   ? rg_fail(RG_USAGE, "--folds %zu deals the sequences for --fold I, which is missing", data->folds)
                   : RG_OK;
    }
    if (data->file == NULL && (data->task == NULL || strcmp(data->task, "fashion-mnist") != 0)) {
        return rg_fail(RG_USAGE, "--fold holds a part of a file out; add --data FILE or --task fashion-mnist");
    }
    if (data->fold > data->folds) {
        return rg_fail(RG_USAGE, "--fold %zu of --folds %zu: there is none; add --folds %zu", data->fold, data->folds,
                       data->fold);
    }
    if (data->val != NULL || data->val_frac > 0.0) {
        return rg_fail(RG_USAGE, "--fold and --%s both give validation data; leave one out",
                       data->val != NULL ? "val" : "val-frac");
    }
    if (config->training.tbptt > 0) {
        return rg_fail(RG_USAGE, "--fold deals sequences, and --tbptt has one; leave one of the two out");
    }
    return RG_OK;
}

/* Options of validation and test data, which files have. */
static rg_status check_held_out(const struct arguments *arguments, const struct rg_config *config) {
    const bool files = config->data.file != NULL;
    const bool has_validation = config->data.val != NULL || config->data.val_frac > 0.0 || config->data.fold > 0;
    if (!files && (config->data.val != NULL || config->data.test != NULL)) {
        return rg_fail(RG_USAGE, "--%s requires --data FILE", config->data.val != NULL ? "val" : "test");
    }
    if (!files && config->data.val_frac > 0.0 &&
        (config->data.task == NULL || strcmp(config->data.task, "fashion-mnist") != 0)) {
        return rg_fail(RG_USAGE, "--val-frac holds out a part of a file; add --data FILE or --task fashion-mnist");
    }
    const char *const files_read[] = {config->data.file, config->data.val, config->data.test};
    size_t from_stdin = 0;
    for (size_t i = 0; i < sizeof files_read / sizeof *files_read; i++) {
        from_stdin += files_read[i] != NULL && strcmp(files_read[i], "-") == 0;
    }
    if (from_stdin > 1) {
        return rg_fail(RG_USAGE, "stdin, `-`, can be used for only one of --data, --val and --test");
    }
    RG_TRY(check_fold(arguments, config));
    if (config->data.val != NULL && config->data.val_frac > 0.0) {
        return rg_fail(RG_USAGE, "--val and --val-frac both give validation data; leave one out");
    }
    if (!has_validation && (config->training.patience > 0 || config->training.val_every > 0)) {
        return rg_fail(RG_USAGE, "--%s needs validation data; add --val FILE, --val-frac X or --fold I",
                       config->training.patience > 0 ? "patience" : "val-every");
    }
    if (config->data.normalize && !files &&
        (config->data.task == NULL || strcmp(config->data.task, "fashion-mnist") != 0)) {
        return rg_fail(RG_USAGE, "--normalize scales the inputs of a file; add --data FILE, or leave it out");
    }
    if (config->training.tbptt > 0 && !files) {
        return rg_fail(RG_USAGE,
                       "--tbptt carries the state along a text or one long series, and the sequences of a task are "
                       "independent; add --data FILE, or leave it out");
    }
    if (config->training.tbptt > 0 && is_given(arguments, "steps")) {
        return rg_fail(RG_USAGE, "--tbptt and --steps both cut the data into windows; leave --steps out");
    }
    if (config->data.class_weights != NULL && !files &&
        (config->data.task == NULL || strcmp(config->data.task, "fashion-mnist") != 0)) {
        return rg_fail(RG_USAGE, "--class-weights weighs the classes of a file; add --data FILE, or leave it out");
    }
    if (config->training.epochs > 0 && is_given(arguments, "updates")) {
        return rg_fail(RG_USAGE, "--epochs and --updates both say how long to train; leave one out");
    }
    return RG_OK;
}

bool rg_fill_number(const char *fill, double *number) {
    static const struct rg_option value = {.name = "fill",
                                           .argument = "WHAT",
                                           .kind = RG_KIND_SIGNED,
                                           .offset = offsetof(struct rg_config, data.ignore_label),
                                           .most = 1000000000};
    struct rg_config scratch = {.data.ignore_label = 0.0};
    if (strcmp(fill, "zero") != 0 && rg_option_set(&value, fill, &scratch) != RG_OK) {
        return false;
    }
    *number = scratch.data.ignore_label;
    return true;
}

static rg_status check_pixels(const struct arguments *arguments, const struct rg_config *config) {
    const bool images =
        config->data.file != NULL || (config->data.task != NULL && strcmp(config->data.task, "fashion-mnist") == 0);
    if (config->data.pixels.single && !images) {
        return rg_fail(RG_USAGE, "--pixels takes images apart; add --task fashion-mnist or --data with an IDX file");
    }
    if (is_given(arguments, "permute") && !config->data.pixels.single) {
        return rg_fail(RG_USAGE, "--permute is the order of single pixels; add --pixels");
    }
    return RG_OK;
}

static rg_status check_fill(const struct rg_config *config) {
    const char *const fill = config->data.fill;
    double number = 0.0;
    if (fill != NULL && config->data.file == NULL) {
        return rg_fail(RG_USAGE, "--fill is for missing values of a file; add --data FILE, or leave it out");
    }
    if (fill != NULL && strcmp(fill, "mean") != 0 && strcmp(fill, "previous") != 0 && !rg_fill_number(fill, &number)) {
        return rg_fail(RG_USAGE,
                       "--fill: '%.80s' is not mean, previous, zero or a number from -1000000000 to 1000000000", fill);
    }
    return RG_OK;
}

/* Options of windows. */
static rg_status check_windows(const struct arguments *arguments, const struct rg_config *config) {
    const bool cuts = config->data.window > 0 || config->data.model_file != NULL;
    if (config->data.window > 0 && config->data.file == NULL) {
        return rg_fail(RG_USAGE, "--window cuts the series of a file; add --data FILE, or leave it out");
    }
    if (config->data.window > 0 && config->training.tbptt > 0) {
        return rg_fail(
            RG_USAGE, "--window makes sequences that start from zero states, --tbptt carries the state; leave one out");
    }
    if (config->data.window > 0 && is_given(arguments, "steps")) {
        return rg_fail(RG_USAGE, "--window and --steps both say how long the sequences are; leave one out");
    }
    if (!cuts && (is_given(arguments, "stride") || is_given(arguments, "horizon"))) {
        return rg_fail(RG_USAGE, "--%s requires --window W, the steps of a window; add it",
                       is_given(arguments, "stride") ? "stride" : "horizon");
    }
    return RG_OK;
}

/* grad and export work on a task or on files; each has options of its own. */
static rg_status check_source(const struct arguments *arguments, const struct rg_config *config) {
    static const char *const of_grad[] = {"batch", "seed", NULL};
    static const char *const of_export[] = {"sequences", "steps", "seed", NULL};
    const char *const command = rg_commands[arguments->command].name;
    const bool grad = strcmp(command, "grad") == 0, exports = strcmp(command, "export") == 0;
    const char *const *const of_task = grad ? of_grad : of_export;
    if ((!grad && !exports) || (exports && config->data.task != NULL && config->data.model_file == NULL) ||
        (grad && config->data.task != NULL)) {
        return RG_OK;
    }
    if (exports && config->data.task != NULL) {
        return rg_fail(RG_USAGE, "--task %s and --model %.200s are both given; export writes one of the two",
                       config->data.task, config->data.model_file);
    }
    if (config->data.model_file == NULL) {
        return rg_fail(RG_USAGE, "%s needs --model FILE, or --task NAME", command);
    }
    if (grad && config->data.file == NULL) {
        return rg_fail(RG_USAGE, "grad needs --data FILE, or --task NAME");
    }
    for (size_t i = 0; of_task[i] != NULL; i++) {
        if (is_given(arguments, of_task[i])) {
            return rg_fail(RG_USAGE, "--%s requires --task NAME; %s, so leave it out", of_task[i],
                           grad ? "the whole file of --data is one batch" : "a model has none");
        }
    }
    return RG_OK;
}

/* grad writes a file, or shows the walk. */
static rg_status check_walk(const struct arguments *arguments, const struct rg_config *config) {
    const struct rg_output_options *const output = &config->output;
    const bool walks = output->trace || output->trace_latex != NULL;
    if (strcmp(rg_commands[arguments->command].name, "grad") != 0) {
        return RG_OK;
    }
    if (output->out == NULL && !walks) {
        return rg_fail(RG_USAGE, "grad needs --out FILE.safetensors, or --trace or --trace-latex F.tex for the walk");
    }
    if (output->sequence > 0 && !walks) {
        return rg_fail(RG_USAGE, "--sequence selects a sequence of the walk; add --trace or --trace-latex F.tex");
    }
    if (output->trace && output->json && output->out == NULL) {
        return rg_fail(RG_USAGE, "--trace with --json puts its numbers into a file; add --out FILE.safetensors");
    }
    return RG_OK;
}

static rg_status check_together(const struct arguments *arguments, const struct rg_config *config) {
    RG_TRY(check_model(arguments, config));
    RG_TRY(check_training(arguments, config));
    RG_TRY(check_held_out(arguments, config));
    RG_TRY(check_start(arguments, config));
    RG_TRY(check_windows(arguments, config));
    RG_TRY(check_pixels(arguments, config));
    RG_TRY(check_fill(config));
    if (config->model.embed > 0 && config->data.file == NULL) {
        return rg_fail(RG_USAGE, "--embed is for the words of a file; add --data FILE");
    }
    if (config->data.task != NULL && config->data.file != NULL) {
        return rg_fail(RG_USAGE, "--task %s and --data %.200s are both given; leave one out", config->data.task,
                       config->data.file);
    }
    RG_TRY(check_source(arguments, config));
    if (config->machine.math == RG_MATH_TF32 && config->machine.precision == RG_PRECISION_DOUBLE) {
        return rg_fail(RG_USAGE, "--math tf32 requires --precision float; leave out --math or --precision");
    }
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if ((option->needed >> arguments->command & 1) != 0 &&
            *(const char *const *)((const char *)config + option->offset) == NULL) {
            return rg_fail(RG_USAGE, "%s needs --%s %s", rg_commands[arguments->command].name, option->name,
                           option->argument);
        }
    }
    return check_walk(arguments, config);
}

rg_status rg_options_check(size_t command, const struct rg_config *config) {
    const struct arguments none = {.command = command};
    return check_together(&none, config);
}

const char *rg_command_subject(const char *command) {
    static const struct {
        const char *command, *subject;
    } subjects[] = {{"inspect", "FILE"}, {"verify", "FILE|DIR"}, {"runs", "DIR"}};
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        if (strcmp(subjects[i].command, command) == 0) {
            return subjects[i].subject;
        }
    }
    return NULL;
}

static rg_status take_subject(struct arguments *arguments, struct rg_config *config) {
    const char *const command = rg_commands[arguments->command].name;
    if (arguments->at >= arguments->count || !is_value(arguments->argv[arguments->at])) {
        return rg_fail(RG_USAGE, "%s needs a name after it: rnn-gpu %s %s", command, command,
                       rg_command_subject(command));
    }
    config->subject = arguments->argv[arguments->at++];
    return RG_OK;
}

/* The options that may stand beside --resume; all others are those of the run. */
static bool may_be_anew(const char *name) {
    static const char *const names[] = {"resume",  "updates", "epochs", "max-time", "device",
                                        "threads", "shards",  "json",   "quiet",    "color"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static rg_status check_resume(const struct arguments *arguments) {
    if (is_given(arguments, "updates") && is_given(arguments, "epochs")) {
        return rg_fail(RG_USAGE, "--epochs and --updates both say how long to train; leave one out");
    }
    for (size_t i = 0; i < rg_n_options; i++) {
        if (!may_be_anew(rg_options[i].name) && is_given(arguments, rg_options[i].name)) {
            return rg_fail(RG_USAGE,
                           "--%s cannot be given with --resume, which uses the options of the run; leave it out "
                           "(--updates, --epochs, --max-time, --device, --threads and --shards may be new)",
                           rg_options[i].name);
        }
    }
    return RG_OK;
}

rg_status rg_options_parse(int argc, char **argv, struct rg_config *config, const char **command, const char **topic) {
    struct arguments arguments = {.argv = argv, .count = argc, .at = 1};
    const bool named = argc > 1 && argv[1][0] != '-';
    *config = rg_config_default();
    *command = "train";
    *topic = NULL;
    if (named) {
        arguments.command = rg_command_find(argv[arguments.at++]);
        if (arguments.command == rg_n_commands) {
            return rg_command_refuse("command", argv[1]);
        }
        *command = rg_commands[arguments.command].name;
    }
    *config = rg_config_of_command(arguments.command);
    config->arguments = argv;
    config->n_arguments = argc;
    const char *const asked = rg_options_asked_for(argc, argv);
    if (asked != NULL) {
        *topic = named && strcmp(asked, "help") == 0 ? *command : NULL;
        *command = asked;
        return RG_OK;
    }
    if ((strcmp(*command, "help") == 0 || strcmp(*command, "completion") == 0) && arguments.at < argc &&
        argv[arguments.at][0] != '-') {
        *topic = argv[arguments.at++];
    }
    if (strcmp(*command, "probe") == 0 && arguments.at < argc && argv[arguments.at][0] != '-') {
        config->probe.name = argv[arguments.at++];
    }
    if (rg_command_subject(*command) != NULL) {
        RG_TRY(take_subject(&arguments, config));
    }
    for (; arguments.at < argc; arguments.at++) {
        if (argv[arguments.at][0] != '-') {
            return rg_fail(RG_USAGE, "'%.80s' is not an option; options begin with --", argv[arguments.at]);
        }
        RG_TRY(parse_option(&arguments, config));
    }
    if (is_sweep(&arguments)) {
        return RG_OK; /* each of its runs is checked */
    }
    if (config->output.resume != NULL) {
        return check_resume(&arguments);
    }
    fill_in(&arguments, config);
    return check_together(&arguments, config);
}
