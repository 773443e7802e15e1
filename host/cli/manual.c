/* The manual page rnn-gpu(1) in roff, built from the table of options: the output of `rnn-gpu help man`. */
#include <stdio.h>
#include <string.h>

#include "cli/help.h"

/* Print a text for roff, and escape what has a meaning there: backslashes, dashes, and dots or quotes that begin a
 * line. */
static void print_text(const char *text) {
    bool fresh = true;
    for (; *text != '\0'; text++) {
        if (fresh && (*text == '.' || *text == '\'')) {
            printf("\\&");
        }
        fresh = *text == '\n';
        if (*text == '\\') {
            printf("\\e");
        } else if (*text == '-') {
            printf("\\-");
        } else {
            putchar(*text);
        }
    }
}

/* Print .TP and a name in bold. */
static void print_name(const char *lead, const char *name, const char *argument) {
    printf(".TP\n\\fB");
    print_text(lead);
    print_text(name);
    printf("\\fR");
    if (argument != NULL) {
        printf(" \\fI");
        print_text(argument);
        printf("\\fR");
    }
    putchar('\n');
}

static void print_commands(void) {
    puts(".SH COMMANDS");
    for (size_t i = 0; i < rg_n_commands; i++) {
        print_name("", rg_commands[i].name, NULL);
        print_text(rg_commands[i].summary);
        putchar('\n');
    }
}

/* Print an option's help for the first of these commands, and the names of all of them. */
static void print_help(const struct rg_option *option, unsigned commands) {
    char text[RG_HELP_TEXT_BYTES];
    size_t first = 0, n = 0;
    while ((commands >> first & 1) == 0) {
        first++;
    }
    const struct rg_config defaults = rg_help_defaults(first);
    rg_option_help_text(option, &defaults, first, text);
    print_text(text);
    printf("\n.br\n(");
    for (size_t i = 0; i < rg_n_commands; i++) {
        if ((commands >> i & 1) != 0) {
            printf("%s%s", n++ > 0 ? ", " : "", rg_commands[i].name);
        }
    }
    puts(")");
}

/* Print an option, and once more its help for the commands for which it means something else. */
static void print_option(const struct rg_option *option) {
    unsigned rest = option->commands;
    for (size_t i = 0; i < rg_n_option_words; i++) {
        rest &= ~rg_option_words_commands(option, &rg_option_words[i]);
    }
    print_name("--", option->name, option->argument);
    print_help(option, rest);
    for (size_t i = 0; i < rg_n_option_words; i++) {
        const unsigned commands = rg_option_words_commands(option, &rg_option_words[i]) & option->commands;
        if (commands != 0) {
            puts(".br");
            print_help(option, commands);
        }
    }
}

static void print_options(void) {
    puts(".SH OPTIONS\nDefaults and ranges stand in brackets, the commands that take an option in parentheses.\n"
         "\\fB\\-\\-name=VALUE\\fR works too.");
    for (size_t group = 0; group < RG_N_GROUPS; group++) {
        printf(".SS %s\n", rg_group_titles[group]);
        for (size_t i = 0; i < rg_n_options; i++) {
            if (rg_options[i].group == group && rg_options[i].commands != 0) {
                print_option(&rg_options[i]);
            }
        }
    }
}

static void print_examples(void) {
    puts(".SH EXAMPLES\n.nf");
    for (size_t i = 0; i < rg_n_commands; i++) {
        for (const char *line = rg_commands[i].example; line != NULL && *line != '\0';) {
            const size_t length = strcspn(line, "\n");
            char copy[200];
            (void)snprintf(copy, sizeof copy, "%.*s", (int)length, line);
            char *const here = strstr(copy, "./rnn-gpu");
            if (here != NULL) {
                memmove(here, here + 2, strlen(here + 2) + 1);
            }
            print_text(copy);
            putchar('\n');
            line += length + (line[length] == '\n');
        }
    }
    puts(".fi");
}

void rg_manual_print(void) {
    puts(".TH RNN\\-GPU 1 \"\" \"rnn\\-gpu " RG_VERSION "\" \"User Commands\"\n"
         ".SH NAME\n"
         "rnn\\-gpu \\- train recurrent networks and show the gradient over time\n"
         ".SH SYNOPSIS\n"
         "\\fBrnn\\-gpu\\fR [\\fICOMMAND\\fR] [\\fIOPTION\\fR]...\n"
         ".SH DESCRIPTION\n"
         "rnn\\-gpu trains recurrent networks in large batches on any OpenCL device, or on a plain CPU, and shows how "
         "much of\n"
         "every weight's gradient comes from each time lag, why it vanishes or explodes, and which remedy mends it.\n"
         "Without a command it trains. Results go to standard output, everything else to standard error.");
    print_commands();
    print_options();
    puts(".SH EXIT STATUS\n"
         "0 done, 1 other error, 2 usage, 3 no usable device, 4 bad file, 5 diverged, 6 a check failed, 7 not enough "
         "memory,\n"
         "8 could not save, 130 and 143 interrupted, and saved, 141 the reader of standard output went away.\n"
         ".SH ENVIRONMENT\n"
         ".TP\n\\fBRNN_GPU_DEVICE\\fR\nthe device where \\-\\-device is not given");
    print_examples();
}
