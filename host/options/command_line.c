/* The command line: finds the command, matches options with the table, and fills in defaults that depend on others. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/called.h"
#include "base/ending.h"
#include "base/nearest.h"
#include "base/sizes.h"
#include "options/option_list.h"
#include "options/options.h"

/* A command line while it is read. */
struct arguments {
    char **argv;
    int count;
    int at;         /* the next argument to read */
    size_t command; /* position in rg_commands */
};

static bool takes(size_t command, const struct rg_option *option) {
    return (option->commands >> command & 1) != 0;
}

/* ---- Errors ---- */

rg_status rg_command_refuse(const char *what, const char *name) {
    const char *names[RG_MAX_COMMANDS + 1] = {NULL};
    char hint[RG_HINT_BYTES];
    for (size_t i = 0; i < rg_n_commands && i < RG_MAX_COMMANDS; i++) {
        names[i] = rg_commands[i].name;
    }
    return rg_fail(RG_USAGE, "unknown %s '%.80s'%s", what, name, rg_name_hint(name, names, hint));
}

/* The option with the nearest name. Among names of equally many edits the command's own comes first, then the one with
 * fewer replaced letters, then the shortest. For a single letter it is one that begins with that letter. */
static const struct rg_option *nearest_option(size_t command, const char *name) {
    const struct rg_option *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < rg_n_options; i++) {
        const size_t foreign = takes(command, &rg_options[i]) ? 0 : RG_NAME_EDIT / 2;
        const size_t cost = rg_name_cost(name, rg_options[i].name) + foreign;
        if (nearest == NULL || cost < best || (cost == best && strlen(rg_options[i].name) < strlen(nearest->name))) {
            best = cost;
            nearest = &rg_options[i];
        }
    }
    const bool letter = strlen(name) == 1 && nearest != NULL && nearest->name[0] == name[0];
    return letter || rg_name_is_near(name, best / RG_NAME_EDIT) ? nearest : NULL;
}

static rg_status refuse_unknown(size_t command, const char *argument, size_t length) {
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)rg_min(length, 79), argument + strspn(argument, "-"));
    name[strcspn(name, "=")] = '\0';
    for (char *c = name; *c != '\0'; c++) { /* as Python and files of options write it */
        *c = *c == '_' ? '-' : *c;
    }
    const struct rg_option *const nearest = nearest_option(command, name);
    return rg_fail(RG_USAGE, "unknown option '%.*s'%s%s%s", (int)rg_min(length, 80), argument,
                   nearest != NULL ? "; did you mean --" : "", nearest != NULL ? nearest->name : "",
                   nearest != NULL ? "?" : "");
}

/* What a command has for another one's option. */
static const char *instead(const char *command, const char *option) {
    static const struct {
        const char *command, *option, *use;
    } rows[] = {
        {"compare", "cell", "--remedies tanh,lstm,gru"},
        {"compare", "activation", "--remedies tanh,relu"},
        {"compare", "init", "--remedies irnn,orthogonal"},
        {"sweep", "remedies", "--cell rnn,lstm,gru"},
        {"sweep", "rates", "--lr 1e-3,3e-3"},
        {"sweep", "seeds", "--seed 1-3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(command, rows[i].command) == 0 && strcmp(option, rows[i].option) == 0) {
            return rows[i].use;
        }
    }
    return NULL;
}

static rg_status refuse_elsewhere(size_t command, const struct rg_option *option) {
    char list[120] = "";
    size_t at = 0;
    for (size_t i = 0; i < rg_n_commands; i++) {
        if ((option->commands >> i & 1) != 0) {
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", at > 0 ? ", " : "", rg_commands[i].name);
        }
    }
    const char *const use = instead(rg_commands[command].name, option->name);
    return rg_fail(RG_USAGE, "--%s does not belong to %s; it is an option of %s%s%s", option->name,
                   rg_commands[command].name, list, use ? "; here give " : "", use ? use : "");
}

rg_status rg_option_refuse(size_t command, const char *argument) {
    const struct rg_option *const option = rg_option_named(argument + strspn(argument, "-"));
    return option != NULL ? refuse_elsewhere(command, option) : refuse_unknown(command, argument, strlen(argument));
}

/* ---- Options ---- */

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

/* Is this refused value a list or a range? The command sweep takes those. */
static bool is_list(const struct rg_option *option, const char *value) {
    const bool counts = option->kind == RG_KIND_COUNT || option->kind == RG_KIND_U64;
    const bool range = counts && value[0] != '-' && strchr(value, '-') != NULL && strchr(value, 'e') == NULL;
    return rg_option_is_axis(option) && (strchr(value, ',') != NULL || strstr(value, "..") != NULL || range);
}

/* Add to the message of a refused list what does the same for several values. */
static rg_status refuse_list(size_t command, const struct rg_option *option, const char *value) {
    const char *const name = rg_commands[command].name;
    const bool bench = strcmp(name, "bench") == 0, compare = strcmp(name, "compare") == 0;
    char message[400];
    snprintf(message, sizeof message, "%s", rg_error_message());
    if (strcmp(name, "train") == 0) {
        return rg_fail(RG_USAGE, "%s; lists are taken by sweep: " RG_CALLED " sweep --%s %.60s", message, option->name,
                       value);
    }
    return rg_fail(RG_USAGE, "%s; %s", message,
                   compare && strcmp(option->name, "lr") == 0     ? "lists are taken by --rates"
                   : compare && strcmp(option->name, "seed") == 0 ? "--seeds N takes N seeds from --seed on"
                   : bench ? "bench times one case for each call, or without sizes a grid of them"
                           : "give one value for each call");
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
    rg_config_set_given(config, option->name, true);
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
        return rg_option_list_check(option, value); /* cli/commands/grid.h reads it again */
    }
    const rg_status status = rg_option_set(option, value, config);
    return status == RG_USAGE && is_list(option, value) ? refuse_list(arguments->command, option, value) : status;
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

/* Some defaults depend on other options. Set them, except for options that the user gave, before or after. IRNN follows
 * Le, Jaitly, Hinton 2015, but draws input weights by xavier, because normal:0.001 of the paper needs ten times as many
 * updates (docs/learning.md). PyTorch's RMSprop has no momentum by default. Clipping by value replaces clipping by
 * norm. */
static void fill_in(struct rg_config *config) {
    if (config->model.irnn && !rg_config_gives(config, "activation")) {
        config->model.activation = RG_ACT_RELU;
    }
    if (config->model.irnn && !rg_config_gives(config, "init")) {
        config->model.init = (struct rg_init){RG_INIT_IDENTITY, 1.0};
    }
    if (config->model.irnn && !rg_config_gives(config, "init-input")) {
        config->model.init_input = (struct rg_init){RG_INIT_XAVIER, 0.0};
    }
    if (config->model.skip_kind == RG_SKIP_LEARNED && !rg_config_gives(config, "skip")) {
        config->model.skip = 1;
    }
    if (config->training.optimizer == RG_OPT_RMSPROP && !rg_config_gives(config, "momentum")) {
        config->training.momentum = 0.0;
    }
    if ((config->output.trace || config->output.trace_latex != NULL) && !rg_config_gives(config, "precision")) {
        config->machine.precision = RG_PRECISION_DOUBLE;
    }
    if (config->training.clip_value > 0.0 && !rg_config_gives(config, "clip-norm")) {
        config->training.clip_norm = 0.0;
    }
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

static bool is_value_next(const struct arguments *arguments) {
    return arguments->at < arguments->count && arguments->argv[arguments->at][0] != '-';
}

/* Read the name after the command, if there is one: the file of `inspect` or `verify`, the experiment of `probe`, or
 * the topic of `help` and `completion`. RG_USAGE if a command that needs a name has none. */
static rg_status take_subject(struct arguments *arguments, struct rg_config *config, const char **topic) {
    const char *const command = rg_commands[arguments->command].name;
    if ((strcmp(command, "help") == 0 || strcmp(command, "completion") == 0) && is_value_next(arguments)) {
        *topic = arguments->argv[arguments->at++];
    }
    if (strcmp(command, "probe") == 0 && is_value_next(arguments)) {
        config->probe.name = arguments->argv[arguments->at++];
    }
    if (rg_command_subject(command) == NULL) {
        return RG_OK;
    }
    if (arguments->at >= arguments->count || !is_value(arguments->argv[arguments->at])) {
        return rg_fail(RG_USAGE, "%s needs a name after it: " RG_CALLED " %s %s", command, command,
                       rg_command_subject(command));
    }
    config->subject = arguments->argv[arguments->at++];
    return RG_OK;
}

/* The option that probably names this file; NULL: none does. */
static const char *option_of_file(size_t command, const char *word) {
    static const struct {
        const char *ending, *option;
    } rows[] = {{".onnx", "onnx"}, {".safetensors", "model"}, {".csv", "data"}, {".tsv", "data"},
                {".txt", "data"},  {".npz", "data"},          {".npy", "data"}, {".idx", "data"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rg_ends_in(word, rows[i].ending) && takes(command, rg_option_named(rows[i].option))) {
            return rows[i].option;
        }
    }
    return NULL;
}

/* Name the line with its command first: `rnn-gpu --device cpu compare` is meant as `rnn-gpu compare --device cpu`. */
static rg_status refuse_late_command(const struct arguments *arguments) {
    char before[120] = "";
    for (int i = 1; i < arguments->at; i++) {
        const size_t length = strlen(before);
        snprintf(before + length, sizeof before - length, " %s", arguments->argv[i]);
    }
    return rg_fail(RG_USAGE, "the command comes first: " RG_CALLED " %s%s%s", arguments->argv[arguments->at], before,
                   arguments->at + 1 < arguments->count ? " ..." : "");
}

/* A word that is neither an option nor an option's value. */
static rg_status refuse_word(const struct arguments *arguments, const char *word) {
    const char *const command = rg_commands[arguments->command].name;
    const char *const option = option_of_file(arguments->command, word);
    if (arguments->argv[1][0] == '-' && rg_command_find(word) < rg_n_commands) {
        return refuse_late_command(arguments);
    }
    if (rg_command_subject(command) != NULL) {
        return rg_fail(RG_USAGE, "'%.80s' is a second name; %s takes one", word, command);
    }
    return option != NULL ? rg_fail(RG_USAGE, "'%.80s' is not an option; did you mean --%s %.80s?", word, option, word)
                          : rg_fail(RG_USAGE, "'%.80s' is not an option; options begin with --", word);
}

static rg_status take_options(struct arguments *arguments, struct rg_config *config) {
    for (; arguments->at < arguments->count; arguments->at++) {
        const char *const word = arguments->argv[arguments->at];
        if (word[0] != '-') {
            return refuse_word(arguments, word);
        }
        RG_TRY(parse_option(arguments, config));
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
    RG_TRY(take_subject(&arguments, config, topic));
    RG_TRY(take_options(&arguments, config));
    if (is_sweep(&arguments)) {
        return RG_OK; /* each of its runs is checked */
    }
    if (config->output.resume != NULL) {
        return rg_options_check_resume(config);
    }
    fill_in(config);
    return rg_options_check(arguments.command, config);
}
