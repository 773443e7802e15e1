/* Options in a file, --config F.toml, and written as one, --dump-config.
 *
 * A file's options become words of the command line, in front of those that were typed, so that they are parsed,
 * checked and reported as if they were typed. Keys are the long names of the options. Keys before the first table are
 * for the command that runs; those below [train], [sweep] and so on count for that command alone. */
#ifndef RG_CONFIG_FILE_H
#define RG_CONFIG_FILE_H

#include "options/options.h"

/* A command line, with the words of a file in it. */
struct rg_command_line {
    int argc;
    char **argv; /* [argc], NULL-ended: the typed one, or `merged` */
    char **merged;
    char **read; /* [n_read], the words that were read */
    size_t n_read;
    char *sets; /* the word that all --set became, or NULL */
};

/* *line = argv with the options of the file that --config names, which is left out itself; without --config, argv as it
 * is. Several --set become one. An option of the file gives way to the same one on the command line, and to one that
 * says the same thing otherwise
 * (--updates to --epochs). RG_BAD_FILE with file and line, RG_USAGE for a --config that makes no sense. */
rg_status rg_command_line_create(int argc, char **argv, struct rg_command_line *line);
void rg_command_line_release(struct rg_command_line *line);

/* Print the options of the command as such a file: all that have a value, with what depends on others filled in. What
 * data or a model decide unless it is given, such as --batch beside --data, is printed only if it was given. */
rg_status rg_config_dump(const char *command, const struct rg_config *config);

#endif
