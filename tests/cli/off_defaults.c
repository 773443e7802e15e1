/* Prints one line for every option of every command: COMMAND, OPTION, VALUE and TEXT, separated by tabs. VALUE differs
 * from the command's default; for a flag it is "-". TEXT is how the program should report that value. A new option of a
 * known kind needs no change here. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/options.h"

/* Whether the option has this value in the configuration. */
static int is_default(const struct rg_option *option, const struct rg_config *usual, const char *value) {
    struct rg_config config = *usual;
    char text[RG_OPTION_TEXT_BYTES], usual_text[RG_OPTION_TEXT_BYTES];
    if (rg_option_set(option, value, &config) != RG_OK) {
        return 1;
    }
    rg_option_value_text(option, &config, text);
    rg_option_value_text(option, usual, usual_text);
    return strcmp(text, usual_text) == 0;
}

/* The first of some values, by kind, that the option takes and that is not its default. */
static const char *choose(const struct rg_option *option, const struct rg_config *usual) {
    static const char *const numbers[] = {"3", "2", "4", "1G", "0.375", "0.25", "step:3:0.375", "here"};
    for (size_t i = 1; option->names && option->names[i]; i++) {
        if (option->kind != RG_KIND_SCHEDULE && !is_default(option, usual, option->names[i])) {
            return option->names[i];
        }
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const int is_real = option->kind == RG_KIND_REAL || option->kind == RG_KIND_RATE ||
                            option->kind == RG_KIND_SIGNED || option->kind == RG_KIND_FRACTION ||
                            option->kind == RG_KIND_DURATION;
        if (option->kind == RG_KIND_TEXT || (is_real && strchr(numbers[i], '.') == NULL) ||
            (option->kind == RG_KIND_BYTES && strchr(numbers[i], 'G') == NULL)) {
            continue;
        }
        if (!is_default(option, usual, numbers[i])) {
            return numbers[i];
        }
    }
    return option->kind == RG_KIND_TEXT ? "here" : option->names ? option->names[0] : NULL;
}

int main(void) {
    for (size_t command = 0; command < rg_n_commands; command++) {
        struct rg_config usual = rg_config_of_command(command);
        usual.data.task = "adding";
        for (size_t i = 0; i < rg_n_options; i++) {
            const struct rg_option *const option = &rg_options[i];
            char text[RG_OPTION_TEXT_BYTES] = "yes";
            struct rg_config config = usual;
            if ((option->commands >> command & 1) == 0) {
                continue;
            }
            const char *const value = option->kind == RG_KIND_FLAG ? "-" : choose(option, &usual);
            if (!value) {
                (void)fprintf(stderr, "--%s: no value is known that is not its default\n", option->name);
                return EXIT_FAILURE;
            }
            if (option->kind != RG_KIND_FLAG) {
                (void)rg_option_set(option, value, &config);
                rg_option_value_text(option, &config, text);
            }
            (void)printf("%s\t%s\t%s\t%s\n", rg_commands[command].name, option->name, value, text);
        }
    }
    return EXIT_SUCCESS;
}
