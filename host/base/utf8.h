/* Characters of UTF-8 texts. */
#ifndef RG_UTF8_H
#define RG_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Does a character begin with this byte? The other bytes of a character are 10xxxxxx. */
static inline bool rg_utf8_begins(char byte) {
    return ((unsigned char)byte & 0xC0) != 0x80;
}

/* A byte as a terminal or a picture may get it; `before` is the byte before it, or 0. Names from files and command
 * lines may hold control characters, which command a terminal: those are '?', and line ends and tabs are blanks. */
static inline char rg_utf8_plain(char before, const char *at) {
    const unsigned char byte = (unsigned char)*at;
    const bool first = byte == 0xC2 && ((unsigned char)at[1] & 0xE0) == 0x80; /* U+0080 to U+009F */
    const bool second = (byte & 0xE0) == 0x80 && (unsigned char)before == 0xC2;
    const bool blank = byte == '\n' || byte == '\r' || byte == '\t';
    return blank ? ' ' : (byte < 0x20 && byte > 0) || byte == 0x7F || first || second ? '?' : *at;
}

static inline void rg_utf8_put(FILE *out, const char *text, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        (void)putc(rg_utf8_plain(i > 0 ? text[i - 1] : '\0', text + i), out);
    }
}

static inline void rg_utf8_make_plain(char *text) {
    for (char before = '\0'; *text; text++) {
        const char now = *text;
        *text = rg_utf8_plain(before, text);
        before = now;
    }
}

/* Number of characters of a text, which is also its width on a terminal, in columns. */
static inline size_t rg_utf8_count(const char *text) {
    size_t n = 0;
    for (; *text; text++) {
        n += rg_utf8_begins(*text);
    }
    return n;
}

#endif
