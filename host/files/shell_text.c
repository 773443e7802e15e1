/* See shell_text.h. */
#include "files/shell_text.h"

#include <stdbool.h>
#include <string.h>

/* Does the shell read the argument as one word without quotes? */
static bool is_plain(const char *text) {
    return *text &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%") == strlen(text);
}

static rg_status add_quoted(struct rg_text *text, const char *argument) {
    RG_TRY(rg_text_add_string(text, "'"));
    for (const char *c = argument; *c; c++) {
        RG_TRY(*c == '\'' ? rg_text_add_string(text, "'\\''") : rg_text_add(text, c, 1));
    }
    return rg_text_add_string(text, "'");
}

rg_status rg_shell_text_add(struct rg_text *text, int n, char *const *arguments) {
    for (int i = 1; i < n; i++) {
        if (strcmp(arguments[i], "\n") == 0) {
            RG_TRY(rg_text_add_string(text, "\n./rnn-gpu"));
            continue;
        }
        RG_TRY(rg_text_add_string(text, " "));
        RG_TRY(is_plain(arguments[i]) ? rg_text_add_string(text, arguments[i]) : add_quoted(text, arguments[i]));
    }
    return RG_OK;
}
