/* The command that advice gives: see advice_command.h. */
#include "cli/report/advice_command.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/called.h"
#include "base/utf8.h"
#include "options/options.h"

/* How the run was to print, and options that would replace or resume its own files; separated by spaces. */
static const char PRINTING[] = "overwrite resume json quiet color";

bool rg_advice_lists(const char *list, const char *name) {
    const size_t length = strcspn(name, "=");
    for (const char *at = list; *at; at += strspn(at, " ")) {
        const size_t n = strcspn(at, " ");
        if (n == length && strncmp(at, name, n) == 0) {
            return true;
        }
        at += n;
    }
    return false;
}

static void add_borrowed(struct rg_advice_words *words, char *word) {
    words->is_full = words->is_full || words->n == RG_ADVICE_WORDS;
    if (!words->is_full) {
        words->items[words->n++] = word;
    }
}

void rg_advice_words_add(struct rg_advice_words *words, const char *format, ...) {
    char *const word = words->added + words->used;
    const size_t room = sizeof words->added - words->used;
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(word, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room) {
        words->is_full = true;
        return;
    }
    words->used += (size_t)length + 1;
    add_borrowed(words, word);
}

/* ---- Names of files ---- */

/* Does `train` write a file or folder of that option's name? */
static bool is_written(const struct rg_option *option) {
    return option->file == RG_FILE_WRITTEN || option->file == RG_FILE_FOLDER || option->file == RG_FILE_RESULT;
}

/* The length of a path up to the ending of its file name, or, for a folder, to the slashes at its end. */
static size_t stem_length(const char *path, bool is_folder) {
    size_t length = strlen(path);
    if (is_folder) {
        while (length > 1 && path[length - 1] == '/') {
            length--;
        }
        return length;
    }
    const char *const slash = strrchr(path, '/'), *const name = slash ? slash + 1 : path,
                      *const dot = strrchr(name, '.');
    return dot && dot > name ? (size_t)(dot - path) : length;
}

/* Add the name with the next number: `model-2` for `model`, `model-3` for that. `lead` goes before it. */
static void add_next_name(struct rg_advice_words *words, const struct rg_option *option, const char *lead,
                          const char *path) {
    enum { DIGITS = 3, FIRST = 2 };
    const size_t stem = stem_length(path, option->file != RG_FILE_WRITTEN);
    size_t digits = 0;
    while (digits < stem && isdigit((unsigned char)path[stem - digits - 1])) {
        digits++;
    }
    const size_t minus = stem - digits;
    const bool is_numbered = digits > 0 && digits <= DIGITS && minus > 1 && path[minus - 1] == '-';
    const unsigned long next = is_numbered ? strtoul(path + minus, NULL, 10) + 1 : FIRST;
    const int kept = (int)(is_numbered ? minus - 1 : stem);
    rg_advice_words_add(words, "%s%.*s-%lu%s", lead, kept, path, next, path + stem);
}

/* ---- The run's words ---- */

/* Is the next argument the value of this one? `--color` alone is complete. */
static bool has_value(const struct rg_option *option, const char *next) {
    return option && option->kind != RG_KIND_FLAG && !(option->kind == RG_KIND_COLOR && next[0] == '-');
}

/* Add an argument, with its value if that is the next one; both with a new name if they name a file that was written.
 */
static void keep(struct rg_advice_words *words, const struct rg_option *option, char *argument, char *value) {
    char *const equals = strchr(argument, '=');
    if (!option || !is_written(option)) {
        add_borrowed(words, argument);
        if (value) {
            add_borrowed(words, value);
        }
    } else if (value) {
        add_borrowed(words, argument);
        add_next_name(words, option, "", value);
    } else if (equals) {
        char lead[40];
        (void)snprintf(lead, sizeof lead, "%.*s", (int)(equals + 1 - argument), argument);
        add_next_name(words, option, lead, equals + 1);
    }
}

void rg_advice_words_begin(struct rg_advice_words *words, const struct rg_config *c, const char *const *lists) {
    static char program[] = "rnn-gpu";
    *words = (struct rg_advice_words){.n = 0};
    add_borrowed(words, program);
    for (int i = 1; i < c->n_arguments && strcmp(c->arguments[i], "\n") != 0; i++) {
        char *const argument = c->arguments[i];
        const bool is_long = strncmp(argument, "--", 2) == 0;
        bool leave = (is_long && rg_advice_lists(PRINTING, argument + 2)) || strcmp(argument, "-q") == 0;
        for (const char *const *list = lists; is_long && *list; list++) {
            leave = leave || rg_advice_lists(*list, argument + 2);
        }
        const struct rg_option *const option = is_long ? rg_option_find(argument, strcspn(argument, "=")) : NULL;
        const bool takes_next =
            !strchr(argument, '=') && i + 1 < c->n_arguments && has_value(option, c->arguments[i + 1]);
        if (!leave) {
            keep(words, option, argument, takes_next ? c->arguments[i + 1] : NULL);
        }
        i += takes_next;
    }
}

/* ---- For a shell ---- */

/* Append a word to a text, quoted for a shell. Returns false if there is no room, or for control characters. */
static bool append(char *out, size_t bytes, const char *word) {
    size_t at = strlen(out);
    for (const char *c = word; *c; c++) {
        if (rg_utf8_plain(c > word ? c[-1] : '\0', c) != *c) {
            return false;
        }
    }
    const bool plain = *word && !strpbrk(word, " \t\n'\"\\$`*?[]#~&;|<>(){}!");
    at += (size_t)snprintf(out + at, bytes - at, plain ? " %s" : " '", word);
    for (const char *c = word; !plain && *c && at + 6 < bytes; c++) {
        at += (size_t)snprintf(out + at, bytes - at, *c == '\'' ? "'\\''" : "%c", *c);
    }
    if (!plain && at + 2 < bytes) {
        (void)snprintf(out + at, bytes - at, "'");
    }
    return at + 8 < bytes;
}

bool rg_advice_words_write(const struct rg_advice_words *words, char *out, size_t bytes) {
    bool fits = !words->is_full;
    (void)snprintf(out, bytes, "%s", RG_CALLED);
    for (int i = 1; fits && i < words->n; i++) {
        fits = append(out, bytes, words->items[i]);
    }
    return fits;
}
