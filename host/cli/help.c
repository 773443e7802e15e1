/* Help on stdout, built from the table of options, at most 80 columns wide. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/called.h"

/* N_OVERVIEW: the overview shows the examples of the first commands. */
enum { COLUMNS = 80, LEFT = 22, TEXT_BYTES = RG_HELP_TEXT_BYTES, N_OVERVIEW = 3 };

/* Print words from column LEFT on, in as many lines as necessary. The cursor is at column `at`. */
static void print_wrapped(const char *text, size_t at) {
    if (at >= LEFT) {
        putchar('\n');
        at = 0;
    }
    for (size_t fresh = 1; *text != '\0'; fresh = 0) {
        const size_t length = strcspn(text, " ");
        if (!fresh && at + 1 + length > COLUMNS) {
            putchar('\n');
            at = 0;
            fresh = 1;
        }
        if (fresh) {
            printf("%*s", (int)(LEFT - at), "");
        } else {
            putchar(' ');
        }
        at = (fresh ? LEFT : at + 1) + length;
        printf("%.*s", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_item(const char *name, const char *text) {
    print_wrapped(text, (size_t)printf("  %s", name));
}

static void print_option(const struct rg_option *option, const struct rg_config *defaults, size_t command) {
    char letter[8] = "", name[64], text[TEXT_BYTES];
    if (option->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    snprintf(name, sizeof name, "%s--%s%s%s", letter, option->name, option->argument != NULL ? " " : "",
             option->argument != NULL ? option->argument : "");
    rg_option_help_text(option, defaults, command, text);
    print_item(name, text);
}

static void print_options(size_t command) {
    const struct rg_config defaults = rg_help_defaults(command);
    for (size_t group = 0; group < RG_N_GROUPS; group++) {
        const char *title = rg_group_titles[group];
        for (size_t i = 0; i < rg_n_options; i++) {
            if (rg_options[i].group != group || (rg_options[i].commands >> command & 1) == 0) {
                continue;
            }
            if (title != NULL) {
                printf("\n%s:\n", title);
            }
            title = NULL;
            print_option(&rg_options[i], &defaults, command);
        }
    }
}

static void print_overview(void) {
    puts("rnn-gpu " RG_VERSION ": trains recurrent networks and shows the gradient over time\n\nExamples:");
    for (size_t i = 0; i < N_OVERVIEW; i++) {
        fputs(rg_commands[i].example, stdout);
    }
    puts("\nUsage: rnn-gpu [COMMAND] [OPTION]...\n\nCommands:");
    for (size_t i = 0; i < rg_n_commands; i++) {
        print_item(rg_commands[i].name, rg_commands[i].summary);
    }
    puts("\nOptions of train, with [default; range]; --name=VALUE works too. Other commands:\n" RG_CALLED
         " help COMMAND.");
    print_options(0);
    print_item("-h, --help", "this text; after a command, that command's");
    print_item("--version", "name and version");
    puts("\nFiles:");
    print_item("model.safetensors", "in the folder --out: weights under PyTorch's names");
    print_item(".csv", "header text[,label], or series,<feature>...[,label]; labels numbers or words");
    print_item(".npz",
               "x [N,T,F], or words as whole numbers [N,T]; y, integers are classes; optional lengths [N], h_0, c_0");
    puts("\nEnvironment:");
    print_item("RNN_GPU_DEVICE", "the device where --device is not given");
    puts("\nExit codes:\n"
         "  0 done             1 other error      2 usage            3 no usable device\n"
         "  4 bad file         5 diverged         6 a check failed   7 not enough memory\n"
         "  8 could not save   130, 143 interrupted, and saved\n"
         "  141 the reader of stdout went away, as head does");
}

static void print_command(size_t command) {
    const struct rg_command *const c = &rg_commands[command];
    unsigned any = 0;
    for (size_t i = 0; i < rg_n_options; i++) {
        any |= rg_options[i].commands >> command & 1;
    }
    const char *const subject = rg_command_subject(c->name);
    printf("rnn-gpu %s: %s\n\nExample:\n%s\nUsage: rnn-gpu %s%s%s%s\n", c->name, c->summary, c->example, c->name,
           subject != NULL ? " " : "", subject != NULL ? subject : "",
           strcmp(c->name, "probe") == 0        ? " [NAME] [OPTION]..."
           : any != 0                           ? " [OPTION]..."
           : strcmp(c->name, "help") == 0       ? " [COMMAND]; rnn-gpu help man prints the manual page"
           : strcmp(c->name, "completion") == 0 ? " bash|zsh|fish"
                                                : "");
    print_options(command);
}

void rg_help_print(size_t command) {
    if (command < rg_n_commands) {
        print_command(command);
    } else {
        print_overview();
    }
}

rg_status rg_options_help(const char *topic) {
    if (topic != NULL && strcmp(topic, "man") == 0) {
        rg_manual_print();
        return RG_OK;
    }
    const size_t command = topic != NULL ? rg_command_find(topic) : 0;
    if (command == rg_n_commands) {
        return rg_command_refuse("help topic", topic);
    }
    rg_help_print(topic != NULL ? command : rg_n_commands);
    return RG_OK;
}
