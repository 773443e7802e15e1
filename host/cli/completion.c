/* Completion for shells, built from the table of options: the scripts that `rnn-gpu completion SHELL` prints. */
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/help.h"

static bool takes(size_t command, const struct rg_option *option) {
    return (option->commands >> command & 1) != 0;
}

/* Is the option's value the name of a file or folder? */
static bool is_file(const struct rg_option *option) {
    return option->file != RG_FILE_NONE;
}

/* "a b c" */
static void print_names(const char *const *names) {
    for (size_t i = 0; names[i] != NULL; i++) {
        printf("%s%s", i > 0 ? " " : "", names[i]);
    }
}

static void print_commands(void) {
    for (size_t i = 0; i < rg_n_commands; i++) {
        printf("%s%s", i > 0 ? " " : "", rg_commands[i].name);
    }
}

/* Print the options of a command as --name, or with `lead` "" as NAME. */
static void print_options(size_t command) {
    printf("--help");
    for (size_t i = 0; i < rg_n_options; i++) {
        if (takes(command, &rg_options[i])) {
            printf(" --%s", rg_options[i].name);
        }
    }
}

/* ---- bash, and zsh by its bashcompinit ---- */

/* Print the possible values of each option: names, or files. Options with other values have none. */
static void print_values(void) {
    for (size_t i = 0; i < rg_n_options; i++) {
        const struct rg_option *const option = &rg_options[i];
        if (option->kind == RG_KIND_FLAG) {
            continue;
        }
        printf("    --%s) ", option->name);
        if (option->names != NULL) {
            printf("found=$(compgen -W \"");
            print_names(option->names);
            printf("\" -- \"$word\") ;;\n");
        } else {
            puts(is_file(option) ? "found=$(compgen -f -- \"$word\") ;;" : "found= ;;");
        }
    }
}

static void print_bash(void) {
    puts("_rnn_gpu() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=train found=\n"
         "    [[ ${COMP_WORDS[1]} == -* ]] || command=${COMP_WORDS[1]}\n"
         "    case $before in");
    print_values();
    puts("    *)\n"
         "        local words= files=\n"
         "        case $command in");
    for (size_t command = 0; command < rg_n_commands; command++) {
        const char *const name = rg_commands[command].name;
        printf("        %s) %swords=\"", name, rg_command_subject(name) != NULL ? "files=yes " : "");
        if (strcmp(name, "help") == 0) {
            print_commands();
        } else if (strcmp(name, "completion") == 0) {
            printf("bash zsh fish");
        } else {
            print_options(command);
        }
        puts("\" ;;");
    }
    printf("        esac\n"
           "        ((COMP_CWORD > 1)) || [[ $word == -* ]] || words=\"");
    print_commands();
    puts("\"\n"
         "        found=$(compgen -W \"$words\" -- \"$word\"; [[ -z $files ]] || compgen -f -- \"$word\") ;;\n"
         "    esac\n"
         "    local IFS=$'\\n'\n"
         "    COMPREPLY=($found)\n"
         "}\n"
         "complete -o filenames -F _rnn_gpu rnn-gpu");
}

/* ---- fish ---- */

/* A text in single quotes. */
static void print_quoted(const char *text) {
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\') {
            putchar('\\');
        }
        putchar(*text);
    }
    putchar('\'');
}

/* Print the condition under which an option is offered: after its command; for train, the default, also after none. */
static void print_condition(size_t command) {
    if (command > 0) {
        printf(" -n '__fish_seen_subcommand_from %s'", rg_commands[command].name);
        return;
    }
    printf(" -n 'not __fish_seen_subcommand_from");
    for (size_t i = 1; i < rg_n_commands; i++) {
        printf(" %s", rg_commands[i].name);
    }
    printf("'");
}

static void print_fish(void) {
    puts("complete -c rnn-gpu -f");
    for (size_t i = 0; i < rg_n_commands; i++) {
        printf("complete -c rnn-gpu -n __fish_use_subcommand -a %s -d ", rg_commands[i].name);
        print_quoted(rg_commands[i].summary);
        putchar('\n');
        if (rg_command_subject(rg_commands[i].name) != NULL) {
            printf("complete -c rnn-gpu -n '__fish_seen_subcommand_from %s' -F\n", rg_commands[i].name);
        }
    }
    for (size_t command = 0; command < rg_n_commands; command++) {
        for (size_t i = 0; i < rg_n_options; i++) {
            const struct rg_option *const option = &rg_options[i];
            if (!takes(command, option)) {
                continue;
            }
            printf("complete -c rnn-gpu");
            print_condition(command);
            printf(" -l %s", option->name);
            if (option->names != NULL) {
                printf(" -x -a '");
                print_names(option->names);
                printf("'");
            } else if (option->kind != RG_KIND_FLAG) {
                printf(is_file(option) ? " -r -F" : " -x");
            }
            printf(" -d ");
            print_quoted(rg_option_help(option, command));
            putchar('\n');
        }
    }
}

rg_status rg_completion_print(const char *shell) {
    static const char *const shells[] = {"bash", "zsh", "fish", NULL};
    char hint[RG_HINT_BYTES];
    if (shell == NULL) {
        return rg_fail(RG_USAGE, "completion needs a shell: bash, zsh or fish");
    }
    if (strcmp(shell, "bash") == 0) {
        print_bash();
    } else if (strcmp(shell, "zsh") == 0) {
        puts("#compdef rnn-gpu\nautoload -U +X bashcompinit && bashcompinit");
        print_bash();
    } else if (strcmp(shell, "fish") == 0) {
        print_fish();
    } else {
        return rg_fail(RG_USAGE, "there is no completion for '%.80s', only for bash, zsh and fish%s", shell,
                       rg_name_hint(shell, shells, hint));
    }
    return RG_OK;
}
