/* Options in a file (--config F.toml), and options written as a file (--dump-config).
 *
 * A file's options become words of the command line, before those that were typed. So they are parsed, checked and
 * reported as if they had been typed. Keys are the long names of options. Keys before the first table apply to the
 * command that runs. Keys below [train], [sweep] and so on apply only to that command. */
#ifndef RG_CONFIG_FILE_H
#define RG_CONFIG_FILE_H

#include "options/options.h"

enum { RG_N_LISTS = 2 }; /* options that a line may repeat */

/* A command line that includes the words of a file. */
struct rg_command_line {
    int argc;
    char **argv; /* [argc], NULL-ended: the original one, or `merged` */
    char **merged;
    char **read; /* [n_read], the words from the file */
    size_t n_read;
    char *lists[RG_N_LISTS]; /* the words that join all --set and all --freeze, or NULL */
};

/* *line = argv with the options of the file that --config names, and without --config; otherwise argv unchanged.
 * Several --set become one, and so do several --freeze. An option on the command line replaces the same option of the
 * file, and one that means the same (--updates and --epochs). RG_BAD_FILE with file and line; RG_USAGE for a --config
 * that makes no sense. */
rg_status rg_command_line_create(int argc, char **argv, struct rg_command_line *line);
void rg_command_line_release(struct rg_command_line *line);

/* Print the options of the command as such a file: all that have a value, including values that follow from other
 * options. A value that data or a model would determine, such as --batch beside --data, is printed only if it was
 * given. */
rg_status rg_config_dump(const char *command, const struct rg_config *config);

#endif
