/* Characters of UTF-8 texts. */
#ifndef RG_UTF8_H
#define RG_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Does a character begin with this byte? The other bytes of a character are 10xxxxxx. */
static inline bool rg_utf8_begins(char byte) {
    return ((unsigned char)byte & 0xC0) != 0x80;
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
