/* Text of an XML or HTML file: see markup.h. */
#include "cli/report/markup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/sizes.h"
#include "rnn_gpu/memory.h"

static void add(struct rg_markup *m, const char *bytes, size_t length) {
    if (m->status == RG_OK) {
        m->status = rg_text_add(&m->text, bytes, length);
    }
}

void rg_markup_note(struct rg_markup *m, rg_status status) {
    m->status = m->status == RG_OK ? status : m->status;
}

const char *rg_markup_string(struct rg_markup *m) {
    add(m, "", 1);
    return m->status == RG_OK ? m->text.bytes : "";
}

void rg_markup_add(struct rg_markup *m, const char *format, ...) {
    char line[512];
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    if (length >= (int)sizeof line) {
        char *longer = NULL;
        m->status = m->status == RG_OK ? rg_alloc(&longer, (size_t)length + 1, 1, "a picture's text") : m->status;
        if (longer) {
            (void)vsnprintf(longer, (size_t)length + 1, format, again);
            add(m, longer, (size_t)length);
        }
        rg_free(longer);
    } else if (length > 0) {
        add(m, line, (size_t)length);
    }
    va_end(again);
    va_end(arguments);
}

static const char *entity_of(char c) {
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return (unsigned char)c < 0x20 && c != '\n' ? "\xEF\xBF\xBD" : NULL;
    }
}

void rg_markup_escaped(struct rg_markup *m, const char *text, size_t limit) {
    size_t length = strlen(text), end = rg_min(length, limit);
    while (end > 0 && end < length && ((unsigned char)text[end] & 0xC0) == 0x80) {
        end--; /* do not cut inside a character */
    }
    for (size_t at = 0; at < end;) {
        const size_t good = rg_utf8_check(text + at, end - at);
        for (const size_t stop = at + good; at < stop; at++) {
            const char *const entity = entity_of(text[at]);
            add(m, entity ? entity : text + at, entity ? strlen(entity) : 1);
        }
        if (at < end) {
            add(m, "\xEF\xBF\xBD", 3);
            at++;
        }
    }
    if (end < length) {
        add(m, " …", strlen(" …"));
    }
}

void rg_markup_cut(struct rg_markup *m, size_t length) {
    if (m->status == RG_OK && length < m->text.length) {
        m->text.length = length;
    }
}

void rg_markup_destroy(struct rg_markup *m) {
    rg_text_destroy(&m->text);
}
