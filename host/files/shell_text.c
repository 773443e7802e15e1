/* See shell_text.h. */
#include "files/shell_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/called.h"
#include "base/utf8.h"

/* Does the shell read the argument as one word without quotes? */
static bool is_plain(const char *text) {
    return *text &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%") == strlen(text);
}

static bool has_control(const char *argument) {
    char before = '\0';
    for (; *argument; before = *argument++) {
        if (rg_utf8_plain(before, argument) != *argument) {
            return true;
        }
    }
    return false;
}

/* As $'...', in which control characters have numbers and command no terminal. */
static rg_status add_escaped(struct rg_text *text, const char *argument) {
    char number[8];
    RG_TRY(rg_text_add_string(text, "$'"));
    for (const char *c = argument; *c; c++) {
        const unsigned byte = (unsigned char)*c;
        const bool letter = byte >= 0x20 && byte < 0x7F && *c != '\'' && *c != '\\';
        (void)snprintf(number, sizeof number, letter ? "%c" : "\\%03o", byte);
        RG_TRY(rg_text_add_string(text, number));
    }
    return rg_text_add_string(text, "'");
}

static rg_status add_quoted(struct rg_text *text, const char *argument) {
    if (has_control(argument)) {
        return add_escaped(text, argument);
    }
    RG_TRY(rg_text_add_string(text, "'"));
    for (const char *c = argument; *c; c++) {
        RG_TRY(*c == '\'' ? rg_text_add_string(text, "'\\''") : rg_text_add(text, c, 1));
    }
    return rg_text_add_string(text, "'");
}

static rg_status add_word(struct rg_text *text, const char *argument) {
    return is_plain(argument) ? rg_text_add_string(text, argument) : add_quoted(text, argument);
}

const char *rg_shell_word(const char *argument, char word[RG_SHELL_WORD]) {
    struct rg_text text = {.bytes = NULL};
    const bool whole = add_word(&text, argument) == RG_OK && rg_text_add(&text, "", 1) == RG_OK;
    (void)snprintf(word, RG_SHELL_WORD, "%s", whole ? text.bytes : argument);
    rg_text_destroy(&text);
    return word;
}

rg_status rg_shell_text_add(struct rg_text *text, int n, char *const *arguments) {
    for (int i = 1; i < n; i++) {
        if (strcmp(arguments[i], "\n") == 0) {
            RG_TRY(rg_text_add_string(text, "\n" RG_CALLED));
            continue;
        }
        RG_TRY(rg_text_add_string(text, " "));
        RG_TRY(add_word(text, arguments[i]));
    }
    return RG_OK;
}
