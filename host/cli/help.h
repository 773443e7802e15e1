/* What the program says of itself: help, the manual page, completion, versions. All of it comes from the table of
 * options (options/options.h), and goes to stdout. */
#ifndef RG_HELP_H
#define RG_HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "options/options.h"

/* What help says of an option of a command: its line of help, choices, default and range. */
enum { RG_HELP_TEXT_BYTES = 600 };
void rg_option_help_text(const struct rg_option *option, const struct rg_config *defaults, size_t command, char *text);

/* Print the manual page, in roff. */
void rg_manual_print(void);

/* Print the script by which a shell completes command lines. RG_USAGE for a shell other than bash, zsh and fish. */
rg_status rg_completion_print(const char *shell);

/* Print name and version; verbose: also how it was built, and the libraries with their licences. */
void rg_version_print(bool verbose);

/* Print the help of the command at that position; of the whole program for rg_n_commands. */
void rg_help_print(size_t command);

/* Print help for a command (NULL: the overview), or the manual page for "man". RG_USAGE for a topic that does not
 * exist.
 */
rg_status rg_options_help(const char *topic);

#endif
