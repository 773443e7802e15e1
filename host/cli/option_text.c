/* What help says of an option: declared in help.h. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

enum { TEXT_BYTES = RG_HELP_TEXT_BYTES };

/* Append to a text of TEXT_BYTES bytes. */
static void append(char *text, const char *more) {
    const size_t length = strlen(text);
    snprintf(text + length, TEXT_BYTES - length, "%s", more);
}

/* Append the numbers that may follow the name of an initialiser or schedule. */
static void append_numbers(char *text, const struct rg_option *option, size_t i) {
    char numbers[64] = "";
    if (option->kind == RG_KIND_INIT && rg_init_forms[i].number != NULL) {
        snprintf(numbers, sizeof numbers, rg_init_forms[i].value >= 0.0 ? "[:%s]" : ":%s", rg_init_forms[i].number);
    }
    append(text, option->kind == RG_KIND_SCHEDULE ? rg_schedule_forms[i].numbers : numbers);
}

/* Append "; alone: a:1:2, b:3": the meaning of schedules without their numbers. */
static void append_missing(char *text) {
    const char *lead = "; alone: ";
    for (size_t i = 0; rg_schedule_names[i] != NULL; i++) {
        const struct rg_schedule_form *const form = &rg_schedule_forms[i];
        char choice[64];
        if (*form->numbers == '\0') {
            continue;
        }
        if (form->every > 0) {
            snprintf(choice, sizeof choice, "%s%s:%zu:%g", lead, rg_schedule_names[i], form->every, form->gamma);
        } else {
            snprintf(choice, sizeof choice, "%s%s:%g", lead, rg_schedule_names[i], form->gamma);
        }
        append(text, choice);
        lead = ", ";
    }
}

/* Append ". One of: a, b, c": the values that an option accepts. */
static void append_choices(char *text, const struct rg_option *option) {
    for (size_t i = 0; option->names != NULL && option->names[i] != NULL; i++) {
        append(text, i == 0 ? ". One of: " : ", ");
        append(text, option->names[i]);
        append_numbers(text, option, i);
    }
    if (option->kind == RG_KIND_SCHEDULE) {
        append_missing(text);
    }
}

static bool is_one_of(const char *name, const char *const *names) {
    while (*names && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

struct rg_config rg_help_defaults(size_t command) {
    static const char *const without_task[] = {"grad", "export", NULL}; /* they need --task or a file */
    struct rg_config config = rg_config_of_command(command);
    config.data.task = is_one_of(rg_commands[command].name, without_task) ? NULL : "adding";
    return config;
}

/* Does a model's file say it for that command, unless it is a plain PyTorch file? */
static bool is_in_file(const struct rg_option *option, size_t command) {
    static const char *const options[] = {"activation", "skip", "skip-kind", "target", NULL};
    static const char *const commands[] = {"grad", "predict", "eval", "export", NULL};
    return is_one_of(option->name, options) && is_one_of(rg_commands[command].name, commands);
}

/* Has each remedy of the command a value of its own? */
static bool is_of_remedy(const struct rg_option *option, size_t command) {
    return strcmp(rg_commands[command].name, "compare") == 0 && strcmp(option->name, "lr") == 0;
}

void rg_option_help_text(const struct rg_option *option, const struct rg_config *defaults, size_t command, char *text) {
    char value[RG_OPTION_TEXT_BYTES], range[RG_OPTION_TEXT_BYTES];
    text[0] = '\0';
    append(text, rg_option_help(option, command));
    append_choices(text, option);
    append(text, (option->needed >> command & 1) != 0 ? " [needed]" : "");
    rg_option_value_text(option, defaults, value);
    rg_option_range_text(option, range);
    if (value[0] != '\0') {
        append(text, is_in_file(option, command) ? " [the file's, else " : " [");
        append(text, is_of_remedy(option, command) ? "each remedy's own" : value);
        append(text, range[0] != '\0' && option->names == NULL ? "; " : "");
        append(text, option->names == NULL ? range : "");
        append(text, "]");
    }
}
