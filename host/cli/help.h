/* Texts about the program: help, the manual page, completion, versions. All come from the table of options
 * (options/options.h) and go to stdout. */
#ifndef RG_HELP_H
#define RG_HELP_H

#include <stdbool.h>
#include <stddef.h>

#include "options/options.h"

/* The defaults of a command, as its help shows them. */
struct rg_config rg_help_defaults(size_t command);

/* The help text of a command's option: its line, choices, default and range. */
enum { RG_HELP_TEXT_BYTES = 600 };
void rg_option_help_text(const struct rg_option *option, const struct rg_config *defaults, size_t command, char *text);

/* Print the manual page, in roff. */
void rg_manual_print(void);

/* Print the script with which a shell completes command lines. RG_USAGE for a shell other than bash, zsh and fish. */
rg_status rg_completion_print(const char *shell);

/* Print name and version. verbose: also how the program was built, and the libraries with their licences. */
void rg_version_print(bool verbose);

/* Print the help of command number `command`; for rg_n_commands that of the whole program. */
void rg_help_print(size_t command);

/* Print help for a command (NULL: the overview), or the manual page for "man". RG_USAGE for an unknown topic. */
rg_status rg_options_help(const char *topic);

#endif
