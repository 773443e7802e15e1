/* Arguments of a command as a shell takes them. */
#ifndef RG_SHELL_TEXT_H
#define RG_SHELL_TEXT_H

#include "files/json.h"

/* Add arguments 1 … n - 1 of `arguments`, each after a space and in quotes where it needs them. RG_NO_MEMORY. */
rg_status rg_shell_text_add(struct rg_text *text, int n, char *const *arguments);

#endif
