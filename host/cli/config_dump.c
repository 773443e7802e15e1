/* Options written as a file: rg_config_dump of config_file.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config_file.h"
#include "cli/settings.h"
#include "options/options_store.h"
#include "rnn_gpu/memory.h"

static bool is(const struct rg_option *option, const char *name) {
    return strcmp(option->name, name) == 0;
}

/* If the option is not given, does something else determine its value: the data, a model's file, or another option?
 * Giving it explicitly, with its default, would then change its meaning. */
static bool is_decided(const struct rg_option *option, const char *command, const struct rg_config *c) {
    if (strcmp(command, "sweep") == 0 || (strcmp(command, "bench") == 0 && option->given_matters)) {
        return true; /* combinations of a sweep, or a grid of sizes */
    }
    if (c->data.model_file && option->group == RG_GROUP_MODEL) {
        return true;
    }
    if (is(option, "batch") || is(option, "steps")) {
        return rg_config_reads_files(c);
    }
    if (is(option, "updates")) {
        return c->training.epochs > 0 || rg_config_reads_files(c);
    }
    return is(option, "lr") && strcmp(command, "compare") == 0;
}

/* Can TOML represent the text as a number? Its whole numbers end at 2^63 - 1. */
static bool is_number(const struct rg_option *option, const char *text) {
    char *end = NULL;
    if (option->kind == RG_KIND_U64 || option->kind == RG_KIND_BYTES) {
        return text[strspn(text, "0123456789")] == '\0' && strlen(text) < strlen("9223372036854775807");
    }
    return text[strspn(text, "+-.0123456789e")] == '\0' && strtod(text, &end) < (double)INFINITY && *end == '\0';
}

/* Print a quoted string with escapes. */
static void print_quoted(const char *text) {
    putchar('"');
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

/* The list that a sweep was given for the option, or NULL. */
static const char *typed_list(const struct rg_option *option, const struct rg_config *c) {
    const char *list = NULL;
    for (int i = 1; i < c->n_arguments; i++) {
        const char *const word = c->arguments[i];
        const size_t length = strcspn(word, "=");
        if (word[0] == '-' && rg_option_find(word, length) == option) {
            list = word[length] == '=' ? word + length + 1 : i + 1 < c->n_arguments ? c->arguments[i + 1] : NULL;
        }
    }
    return list;
}

/* Print the option's line if it has a value. The first option of a group is preceded by the group's title. */
static void print_option(const struct rg_option *option, const char *command, const struct rg_config *c,
                         const char **title) {
    char buffer[RG_OPTION_TEXT_BYTES];
    const bool is_list = strcmp(command, "sweep") == 0 && rg_option_is_axis(option);
    const char *const text = is_list                        ? typed_list(option, c)
                             : option->kind == RG_KIND_TEXT ? *(const char *const *)rg_option_field(option, c)
                                                            : rg_option_exact_text(option, c, buffer);
    if (!text || !*text) {
        return;
    }
    if (*title) {
        printf("\n# %s\n", *title);
    }
    *title = NULL;
    printf("%s = ", option->name);
    if (option->kind == RG_KIND_FLAG) {
        printf("true");
    } else if (!is_list && is_number(option, text)) {
        printf("%s", text);
    } else {
        print_quoted(text);
    }
    putchar('\n');
}

/* Would the command line still be valid with the option's value added? */
static rg_status may_be_typed(const struct rg_option *option, const struct rg_config *c, bool *out) {
    char value[RG_OPTION_TEXT_BYTES], word[RG_OPTION_TEXT_BYTES + 64], **argv = NULL;
    const char *command = NULL, *topic = NULL;
    struct rg_config typed;
    int argc = 0;
    RG_TRY(rg_alloc(&argv, (size_t)c->n_arguments + 1, sizeof *argv, "a command line"));
    for (; argc < c->n_arguments; argc++) {
        argv[argc] = c->arguments[argc];
    }
    if (option->kind != RG_KIND_FLAG && option->kind != RG_KIND_TEXT) {
        (void)snprintf(word, sizeof word, "--%s=%s", option->name, rg_option_exact_text(option, c, value));
        argv[argc++] = word;
    }
    *out = rg_options_parse(argc, argv, &typed, &command, &topic) == RG_OK;
    rg_free(argv);
    return RG_OK;
}

static rg_status is_printed(const struct rg_option *option, const char *command, const struct rg_config *c, bool *out) {
    *out = (option->commands >> rg_command_find(command) & 1) != 0 && !is(option, "dump-config");
    if (!*out || rg_config_gives(c, option->name)) {
        return RG_OK;
    }
    *out = rg_setting_has_part(option, c) && !is_decided(option, command, c);
    return *out ? may_be_typed(option, c, out) : RG_OK;
}

rg_status rg_config_dump(const char *command, const struct rg_config *config) {
    struct rg_config c = *config;
    if (!c.data.task && !c.data.file && (rg_option_named("task")->commands >> rg_command_find(command) & 1)) {
        c.data.task = "adding"; /* the default without a task and a file */
    }
    printf("# rnn-gpu %s --config FILE reads this; rnn-gpu %s\n", command, RG_VERSION);
    for (size_t group = 0; group < RG_N_GROUPS; group++) {
        const char *title = rg_group_titles[group];
        for (size_t i = 0; i < rg_n_options; i++) {
            bool printed = false;
            RG_TRY(rg_options[i].group == group ? is_printed(&rg_options[i], command, &c, &printed) : RG_OK);
            if (printed) {
                print_option(&rg_options[i], command, &c, &title);
            }
        }
    }
    return RG_OK;
}
