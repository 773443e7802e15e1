/* Arguments of a command in the syntax of a shell. */
#ifndef RG_SHELL_TEXT_H
#define RG_SHELL_TEXT_H

#include "files/json.h"

/* Append arguments 1 … n - 1 of `arguments`, each after a space and quoted if necessary. An argument
 * that is a newline begins a further command on a line of its own. RG_NO_MEMORY. */
rg_status rg_shell_text_add(struct rg_text *text, int n, char *const *arguments);

#endif
