/* The command line: finds the command, matches options with the table, and checks what they mean together. */
#define _GNU_SOURCE
#include "options.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is left of the command line. */
struct arguments {
    char **argv;
    int count;
    int at;
    size_t command; /* position in rg_commands */
};

static bool takes(const struct arguments *arguments, const struct rg_option *option) {
    return (option->commands >> arguments->command & 1) != 0;
}

/* ---- Errors ---- */

static rg_status refuse_command(const char *what, const char *name) {
    const char *names[16] = {NULL};
    for (size_t i = 0; i < rg_n_commands && i < 15; i++)
        names[i] = rg_commands[i].name;
    const char *const nearest = rg_name_nearest(name, names);
    return rg_fail(RG_USAGE, "unknown %s '%.80s'%s%s%s", what, name, nearest != NULL ? "; did you mean " : "",
                   nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

/* The nearest option, of this command if another's is not nearer, the shortest of those; for a single letter one that
 * begins with it. */
static const struct rg_option *nearest_option(const struct arguments *arguments, const char *name) {
    const struct rg_option *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < rg_n_options; i++) {
        const size_t distance = 2 * rg_name_distance(name, rg_options[i].name) + !takes(arguments, &rg_options[i]);
        if (nearest == NULL || distance < best ||
            (distance == best && strlen(rg_options[i].name) < strlen(nearest->name))) {
            best = distance;
            nearest = &rg_options[i];
        }
    }
    const bool letter = strlen(name) == 1 && nearest != NULL && nearest->name[0] == name[0];
    return letter || rg_name_is_near(name, best / 2) ? nearest : NULL;
}

static rg_status refuse_option(const struct arguments *arguments, const char *argument, size_t length) {
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)(length < 79 ? length : 79), argument + strspn(argument, "-"));
    name[strcspn(name, "=")] = '\0';
    const struct rg_option *const nearest = nearest_option(arguments, name);
    return rg_fail(RG_USAGE, "unknown option '%.*s'%s%s%s", (int)(length < 80 ? length : 80), argument,
                   nearest != NULL ? "; did you mean --" : "", nearest != NULL ? nearest->name : "",
                   nearest != NULL ? "?" : "");
}

static rg_status refuse_elsewhere(const struct arguments *arguments, const struct rg_option *option) {
    char list[120] = "";
    size_t at = 0;
    for (size_t i = 0; i < rg_n_commands; i++)
        if ((option->commands >> i & 1) != 0)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at > 0 ? ", " : "", rg_commands[i].name);
    return rg_fail(RG_USAGE, "--%s does not belong to %s; it is an option of %s", option->name,
                   rg_commands[arguments->command].name, list);
}

/* ---- Options ---- */

const struct rg_option *rg_option_find(const char *argument, size_t length) {
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if (length == 2 && argument[1] == option->letter && option->letter != 0)
            return option;
        if (argument[1] == '-' && strlen(option->name) == length - 2 &&
            strncmp(option->name, argument + 2, length - 2) == 0)
            return option;
    }
    return NULL;
}

/* Whether an argument can be a value: it does not begin like an option. `-1` and `-.5` can. */
static bool is_value(const char *argument) {
    return argument[0] != '-' || argument[1] == '\0' || strchr(".0123456789", argument[1]) != NULL;
}

/* The value that follows an option, or NULL. */
static const char *next_value(struct arguments *arguments) {
    if (arguments->at + 1 >= arguments->count || !is_value(arguments->argv[arguments->at + 1]))
        return NULL;
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
    if (option == NULL)
        return refuse_option(arguments, argument, length);
    if (!takes(arguments, option))
        return refuse_elsewhere(arguments, option);
    if (option->given != RG_NOT_KEPT)
        *(bool *)((char *)config + option->given) = true;
    if (value == NULL && option->kind == RG_KIND_FLAG) {
        *(bool *)((char *)config + option->offset) = true;
        return RG_OK;
    }
    if (value == NULL)
        value = next_value(arguments);
    if (value == NULL && option->kind == RG_KIND_COLOR)
        value = "always";
    if (value == NULL)
        return rg_fail(RG_USAGE, "--%s needs a value; write --%s %s", option->name, option->name, option->argument);
    if (is_sweep(arguments) && rg_option_is_axis(option))
        return RG_OK; /* host/commands/grid.h reads the list */
    return rg_option_set(option, value, config);
}

/* ---- The whole line ---- */

/* Whether --help or --version stands anywhere; the first one counts, before any error. */
static const char *asked_for(const struct arguments *arguments) {
    for (int i = arguments->at; i < arguments->count; i++) {
        if (strcmp(arguments->argv[i], "--help") == 0 || strcmp(arguments->argv[i], "-h") == 0)
            return "help";
        if (strcmp(arguments->argv[i], "--version") == 0)
            return "version";
    }
    return NULL;
}

/* Whether the line has the option. A value cannot begin with two dashes, so what looks like it is it. */
static bool is_given(const struct arguments *arguments, const char *name) {
    const size_t length = strlen(name);
    for (int i = 1; i < arguments->count; i++) {
        const char *const argument = arguments->argv[i];
        if (strncmp(argument, "--", 2) == 0 && strncmp(argument + 2, name, length) == 0 &&
            (argument[2 + length] == '\0' || argument[2 + length] == '='))
            return true;
    }
    return false;
}

/* Defaults that depend on other options; what is given stands, wherever on the line. IRNN: Le, Jaitly, Hinton 2015.
 * PyTorch's RMSprop has no momentum by itself. Clipping by value is instead of the norm's. */
static void fill_in(const struct arguments *arguments, struct rg_config *config) {
    if (config->irnn && !is_given(arguments, "activation"))
        config->activation = RG_ACT_RELU;
    if (config->irnn && !is_given(arguments, "init"))
        config->init = (struct rg_init){RG_INIT_IDENTITY, 1.0};
    if (config->irnn && !is_given(arguments, "init-input"))
        config->init_input = (struct rg_init){RG_INIT_NORMAL, 0.001};
    if (config->skip_kind == RG_SKIP_LEARNED && !is_given(arguments, "skip"))
        config->skip = 1;
    if (config->optimizer == RG_OPT_RMSPROP && !is_given(arguments, "momentum"))
        config->momentum = 0.0;
    if (config->clip_value > 0.0 && !is_given(arguments, "clip-norm"))
        config->clip_norm = 0.0;
}

static rg_status check_model(const struct arguments *arguments, const struct rg_config *config) {
    const bool of_file = config->cell == RG_N_CELLS; /* the model's file may have a learned skip */
    const bool gated = config->cell == RG_CELL_LSTM || config->cell == RG_CELL_GRU;
    if (gated && is_given(arguments, "activation"))
        return rg_fail(RG_USAGE, "--activation is of the cell rnn; %s has its own, leave --activation out",
                       rg_cell_names[config->cell]);
    if (config->skip_kind == RG_SKIP_LEARNED && config->skip != 1)
        return rg_fail(RG_USAGE, "--skip-kind learned finds out by itself which steps to skip; leave --skip out");
    if (is_given(arguments, "skip-budget") && !of_file && config->skip_kind != RG_SKIP_LEARNED)
        return rg_fail(RG_USAGE, "--skip-budget is of --skip-kind learned; add it, or leave the budget out");
    if (config->skip == 0 && is_given(arguments, "skip-kind"))
        return rg_fail(RG_USAGE, "--skip-kind needs --skip D, the steps that the connection skips");
    const bool has_lstm = config->cell == RG_CELL_LSTM || strcmp(rg_commands[arguments->command].name, "compare") == 0;
    if (!isnan(config->forget_bias) && !has_lstm)
        return rg_fail(RG_USAGE, "--forget-bias is of the cell lstm; add --cell lstm or leave it out");
    if (config->init.kind == RG_INIT_CHRONO && !gated)
        return rg_fail(RG_USAGE, "--init chrono is of the cells lstm and gru; add --cell lstm or --cell gru");
    if (config->init.kind == RG_INIT_CHRONO && !isnan(config->forget_bias))
        return rg_fail(RG_USAGE, "--init chrono and --forget-bias both set the forget gate's bias; leave one out");
    if (config->dropout > 0.0 && config->layers == 1)
        return rg_fail(RG_USAGE, "--dropout is between layers, and there is one; add --layers 2 or more");
    return RG_OK;
}

static rg_status check_training(const struct arguments *arguments, const struct rg_config *config) {
    const enum rg_optimizer rule = config->optimizer;
    if (config->clip_norm > 0.0 && config->clip_value > 0.0)
        return rg_fail(RG_USAGE, "--clip-norm and --clip-value are both given; leave one out, or set it to 0");
    if (is_given(arguments, "momentum") && rule != RG_OPT_MOMENTUM && rule != RG_OPT_NESTEROV && rule != RG_OPT_RMSPROP)
        return rg_fail(RG_USAGE, "--momentum is of the optimizers momentum, nesterov and rmsprop, not of %s",
                       rg_optimizer_names[rule]);
    return RG_OK;
}

static rg_status check_together(const struct arguments *arguments, const struct rg_config *config) {
    RG_TRY(check_model(arguments, config));
    RG_TRY(check_training(arguments, config));
    if (config->embed > 0 && config->data == NULL)
        return rg_fail(RG_USAGE, "--embed is for the words of a file; --data FILE is needed");
    if (config->task != NULL && config->data != NULL)
        return rg_fail(RG_USAGE, "--task %s and --data %.200s are both given; leave one out", config->task,
                       config->data);
    if (config->math == RG_MATH_TF32 && config->precision == RG_PRECISION_DOUBLE)
        return rg_fail(RG_USAGE, "--math tf32 is of --precision float; leave one of --math and --precision out");
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if ((option->needed >> arguments->command & 1) != 0 &&
            *(const char *const *)((const char *)config + option->offset) == NULL)
            return rg_fail(RG_USAGE, "%s needs --%s %s", rg_commands[arguments->command].name, option->name,
                           option->argument);
    }
    return RG_OK;
}

rg_status rg_options_parse(int argc, char **argv, struct rg_config *config, const char **command, const char **topic) {
    struct arguments arguments = {.argv = argv, .count = argc, .at = 1};
    const bool named = argc > 1 && argv[1][0] != '-';
    const char *const device = getenv("RNN_GPU_DEVICE");
    *config = rg_config_default();
    *command = "train";
    *topic = NULL;
    if (named) {
        arguments.command = rg_command_find(argv[arguments.at++]);
        if (arguments.command == rg_n_commands)
            return refuse_command("command", argv[1]);
        *command = rg_commands[arguments.command].name;
    }
    *config = rg_config_of_command(arguments.command);
    config->arguments = argv;
    config->n_arguments = argc;
    if (device != NULL && device[0] != '\0')
        config->device = device;
    const char *const asked = asked_for(&arguments);
    if (asked != NULL) {
        *topic = named && strcmp(asked, "help") == 0 ? *command : NULL;
        *command = asked;
        return RG_OK;
    }
    if (strcmp(*command, "help") == 0 && arguments.at < argc && argv[arguments.at][0] != '-')
        *topic = argv[arguments.at++];
    if (strcmp(*command, "probe") == 0 && arguments.at < argc && argv[arguments.at][0] != '-')
        config->probe = argv[arguments.at++];
    for (; arguments.at < argc; arguments.at++) {
        if (argv[arguments.at][0] != '-')
            return rg_fail(RG_USAGE, "'%.80s' is not an option; options begin with --", argv[arguments.at]);
        RG_TRY(parse_option(&arguments, config));
    }
    if (is_sweep(&arguments))
        return RG_OK; /* each of its runs is checked */
    fill_in(&arguments, config);
    return check_together(&arguments, config);
}

rg_status rg_options_help(const char *topic) {
    const size_t command = topic != NULL ? rg_command_find(topic) : 0;
    if (command == rg_n_commands)
        return refuse_command("help topic", topic);
    rg_help_print(topic != NULL ? command : rg_n_commands);
    return RG_OK;
}
