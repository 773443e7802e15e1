/* Arguments of a command in the syntax of a shell. */
#ifndef RG_SHELL_TEXT_H
#define RG_SHELL_TEXT_H

#include "files/json.h"

enum { RG_SHELL_WORD = 600 };

/* Append arguments 1 … n - 1 of `arguments`, each after a space and quoted if necessary. An argument
 * that is a newline begins a further command on a line of its own. RG_NO_MEMORY. */
rg_status rg_shell_text_add(struct rg_text *text, int n, char *const *arguments);

/* The argument as one word of a shell, for a message; cut off where it does not fit. Returns `word`. */
const char *rg_shell_word(const char *argument, char word[RG_SHELL_WORD]);

#endif
